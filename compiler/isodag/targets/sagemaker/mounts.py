"""How inputs reach the machines of a step: the `inputs` of its `targets.sagemaker` block.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-access-training-data.html for the modes of a
Training channel; service model: ProcessingS3Input for Processing, which cannot do all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isodag.diagnostics import did_you_mean
from isodag.ir import Task, Tree
from isodag.targets.sagemaker import keys, members, names, references
from isodag.targets.sagemaker.blocks import Block
from isodag.targets.sagemaker.context import Context, speaks_runtime
from isodag.targets.sagemaker.kinds import Kind

DISTRIBUTIONS = {"replicated": "FullyReplicated", "sharded": "ShardedByS3Key"}
MODES = {"file": "File", "pipe": "Pipe", "fast_file": "FastFile"}
DATA = {"prefix": "S3Prefix", "manifest": "ManifestFile"}
OPTIONS = ("distribution", "mode", "data")
_PROCESSING = {name: MODES[name] for name in ("file", "pipe")}


def request(context: Context, task: Task, kind: Kind, tree: dict[str, Any]) -> dict[str, Any]:
    """A request whose inputs are brought as the step wants them.

    E522, E524 where they cannot be.
    """
    setting = keys.block(task.targets).get("inputs")
    if setting is None or kind.name not in members.kinds("inputs"):
        return tree
    given = keys.mapping(setting)
    if not given:
        return tree

    def join(listed: Any, wanted: Mapping[str, Tree]) -> Any:
        if not isinstance(listed, list):
            return listed
        return [_brought(context, task, kind, item, wanted) for item in listed]

    mounted = _mounted(tree, kind)
    for name in given:
        if names.slot(name) not in mounted:
            _not_mounted(context, task, kind, setting, name, mounted)
    return members.laid(tree, kind.name, "inputs", given, join)


def _mounted(tree: Mapping[str, Any], kind: Kind) -> list[str]:
    """The names of the inputs that a request brings to its machines."""
    found: list[str] = []

    def join(listed: Any, _: Any) -> Any:
        found.extend(_name(kind, item) for item in listed or () if isinstance(item, dict))
        return listed

    members.laid(dict(tree), kind.name, "inputs", None, join)
    return list(dict.fromkeys(filter(None, found)))


def _name(kind: Kind, item: Mapping[str, Any]) -> str:
    name = item.get("InputName" if kind.name == "Processing" else "ChannelName")
    return str(references.known(name) or "")


def _not_mounted(
    context: Context, task: Task, kind: Kind, setting: Tree, name: str, mounted: list[str]
) -> None:
    span = setting.keys.get(name, setting.span)
    if task.component.input(name) is None:
        message = f"{task.component.name} has no input `{name}`"
        context.report("E524", message, span, did_you_mean(name, mounted, "input"))
        return
    message = f"`{name}` is not brought to the machines of step `{task.step}`: it is a value"
    declared = task.component.input(name)
    if declared is not None and declared.type in ("Model", "Dataset", "Artifact"):
        message = f"`{name}` is not brought to the machines of step `{task.step}` from S3"
    help = f"those that are: {', '.join(f'`{item}`' for item in mounted)}" if mounted else None
    context.report("E524", message, span, help or "remove the line")


def _brought(
    context: Context, task: Task, kind: Kind, item: Any, wanted: Mapping[str, Tree]
) -> Any:
    """An input as the step wants it; as it is where the step says nothing of it."""
    if not isinstance(item, dict):
        return item
    name = next((key for key in wanted if names.slot(key) == _name(kind, item)), None)
    if name is None:
        return item
    block = Block(context, f"inputs.{name}", wanted[name], OPTIONS)
    processing = kind.name == "Processing"
    mode = block.word("mode", MODES)
    if mode is not None:
        mode = _possible(context, task, block, mode, processing)
    source = {
        "S3DataDistributionType": block.word("distribution", DISTRIBUTIONS),
        "S3DataType": block.word("data", DATA),
        **({"S3InputMode": mode} if processing else {}),
    }
    source = {member: value for member, value in source.items() if value is not None}
    if processing:
        return _within(item, ("S3Input",), source)
    item = _within(item, ("DataSource", "S3DataSource"), source)
    return {**item, "InputMode": mode} if mode is not None else item


def _possible(
    context: Context, task: Task, block: Block, mode: str, processing: bool
) -> str | None:
    """The mode; None with E524 told, where the job or the component cannot read it."""
    span = block.entries["mode"].span
    if processing and mode not in _PROCESSING.values():
        message = "a Processing step reads no input as `fast_file`"
        context.report("E524", message, span, f"it is one of {', '.join(_PROCESSING)}")
        return None
    if mode == "Pipe" and speaks_runtime(task.component):
        message = f"{task.component.name} reads files, and `pipe` brings none"
        help = "take file" if processing else "take fast_file, which opens files as they arrive"
        context.report("E524", message, span, help)
        return None
    return mode


def _within(node: dict[str, Any], path: tuple[str, ...], added: dict[str, Any]) -> dict[str, Any]:
    if not path:
        return node | added
    inner = node.get(path[0])
    if not isinstance(inner, dict):
        return node
    return {**node, path[0]: _within(inner, path[1:], added)}
