"""What a step has of its own and its kind cannot take: an error where it is written.

The same settings under `defaults:`, or on the pipeline, go to the steps that take them.
"""

from __future__ import annotations

from collections.abc import Iterator

from isodag import types
from isodag.diagnostics import Diagnostic
from isodag.ir import Task
from isodag.source import Span
from isodag.targets.sagemaker import keys, members, operating, policies
from isodag.targets.sagemaker.context import binding_steps
from isodag.targets.sagemaker.kinds import KINDS, Kind, find, refusal
from isodag.targets.sagemaker.shapes import shape

_MACHINE = {
    "instance_type": "InstanceType", "instance_count": "InstanceCount",
    "volume_size": "VolumeSizeInGB",
}  # fmt: skip
_PIPELINE = "on the pipeline"


def problems(task: Task) -> Iterator[Diagnostic]:
    """E513, for each setting that no step of a component takes."""
    steps = binding_steps(task.component)
    if any(refusal(step.kind) for step in steps):
        return  # told where the step is made
    kinds = [find(step.kind) for step in steps]
    for key, span in task.own.items():
        if not any(_has(kind, key, task) for kind in kinds):
            yield _refused(key, span, kinds, "under `defaults:`")
    yield from _never_again(task, kinds)
    block = keys.block(task.targets)
    for key, tree in block.items():
        if key in (*_MACHINE, "spot", "kms_key", "inputs"):
            if not any(_takes(kind, key) for kind in kinds):
                yield _refused(key, tree.span, kinds, "" if key == "inputs" else _PIPELINE)
    network = block.get("network")
    for key, tree in keys.mapping(network).items() if network is not None else ():
        name = f"network.{key}"
        if key in operating.NETWORK and not any(_takes(kind, name) for kind in kinds):
            yield _refused(name, tree.span, kinds, _PIPELINE)


def _has(kind: Kind, key: str, task: Task) -> bool:
    """Whether a kind takes one of the language's own settings.

    The resources of a step that SageMaker itself carries out are for the targets where its
    container runs.
    """
    if key == "cache":
        return kind.cacheable
    if key == "retry":
        return kind.retryable
    if key == "resources":
        return bool(kind.machine) or task.component.container is not None
    return _takes(kind, key)


def _takes(kind: Kind, key: str) -> bool:
    """Whether a kind takes a setting of a `targets.sagemaker` block, or one that lies likewise."""
    if key not in _MACHINE:
        return kind.name in members.MEMBERS[key]
    if not kind.machine:
        return False
    name = kind.request
    for member in kind.machine:
        name = shape(name).members[member]
    return _MACHINE[key] in shape(name).members


def _takers(key: str) -> list[str]:
    """The step kinds that take a setting, sorted."""
    if key == "resources":
        return sorted(name for name, kind in KINDS.items() if kind.machine)
    if key in ("cache", "retry"):
        return sorted(name for name, kind in KINDS.items()
                      if (kind.cacheable if key == "cache" else kind.retryable))  # fmt: skip
    return sorted(name for name, kind in KINDS.items() if _takes(kind, key))


def _refused(key: str, span: Span, kinds: list[Kind], shared: str) -> Diagnostic:
    """`shared`: where the setting would do no harm; empty for nowhere."""
    names = list(dict.fromkeys(kind.name for kind in kinds))
    if len(names) == 1:
        message = f"{types.one(names[0])} step has no `{key}`"
    else:
        message = f"none of its steps ({', '.join(names)}) has `{key}`"
    takers = ", ".join(_takers(key))
    help = f"remove it: it is for {takers}"
    if shared:
        help = f"remove it; {shared} it goes to the steps that take it: {takers}"
    return Diagnostic("E513", message, span, help)


def _never_again(task: Task, kinds: list[Kind]) -> Iterator[Diagnostic]:
    """A step's own `retry` that names only causes on which its kind is not tried again."""
    retry, span = task.retry, task.own.get("retry")
    if span is None or retry is None or retry.max_attempts < 2:
        return
    trying = [kind for kind in kinds if kind.retryable]
    if trying and not any(policies.retry_policies(task, kind) for kind in trying):
        kind = trying[0]
        asked = " and ".join(f"`{cause}`" for cause in sorted(retry.on))
        message = f"{types.one(kind.name)} step is not tried again on {asked}"
        help = f"it is on {', '.join(policies.causes(kind))}"
        yield Diagnostic("E513", message, span, help)
