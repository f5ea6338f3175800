"""Step settings in a request: time limit, environment, tags, key, network; and spot machines.

They lie over what a binding says, and under `arguments`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from isodag import types
from isodag.component import BindingStep
from isodag.ir import Task, Tree
from isodag.targets.sagemaker import keys, members, names, outputs, references
from isodag.targets.sagemaker.blocks import Block
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.kinds import Kind
from isodag.targets.sagemaker.places import Places
from isodag.targets.sagemaker.references import Expr
from isodag.targets.sagemaker.shapes import Shape, shape
from isodag.targets.sagemaker.training import LONGEST

NETWORK = ("vpc", "isolation", "encrypt")
SPOT = ("max_wait", "checkpoints")
_VPC = {"security_groups": "SecurityGroupIds", "subnets": "Subnets"}
_RUNTIME = ("StoppingCondition", "MaxRuntimeInSeconds")


def request(
    context: Context, task: Task, step: BindingStep, kind: Kind, tree: dict[str, Any],
    places: Places,
) -> dict[str, Any]:  # fmt: skip
    """A request with the settings laid over; `places` is told where they are written."""
    tree = _timeout(context, task, kind, tree, places)
    tree = _environment(context, task, kind, tree, places)
    tree = _tags(task, kind, tree)
    tree = _key(context, task, kind, tree, places)
    tree = _network(context, task, kind, tree, places)
    return _spot(context, task, step, kind, tree, places)


def merged(context: Context, task: Task, name: str) -> Tree | None:
    """A setting that is a mapping: the step's laid over the pipeline's, key by key."""
    own, shared = keys.block(task.targets).get(name), context.settings.get(name)
    if own is None or shared is None:
        return own or shared
    if not (isinstance(own.value, Mapping) and isinstance(shared.value, Mapping)):
        return own
    return replace(own, value={**shared.value, **own.value}, keys={**shared.keys, **own.keys})


def _tell(places: Places, kind: Kind, setting: str, value: Expr) -> None:
    for path in members.plain(kind.name, setting):
        if value.span is not None:
            places.values[path] = value.span


def _timeout(
    context: Context, task: Task, kind: Kind, tree: dict[str, Any], places: Places
) -> dict[str, Any]:
    """E525 where SageMaker does not let such a job run so long, or so short."""
    if task.timeout is None:
        return tree
    span = task.asked.get("timeout", task.span)
    for path in members.plain(kind.name, "timeout"):
        known = _shape(kind, path)
        minute = 60 if path[-1].endswith("Minutes") else 1
        least, most = (known.minimum or 0) * minute, (known.maximum or 10**9) * minute
        if not least <= task.timeout <= most:
            message = f"`timeout` is {shown(task.timeout)}: {types.one(kind.name)} step runs "
            message += f"{shown(least)} to {shown(most)}"
            help = "write a shorter time" if task.timeout > most else "write a longer time"
            context.report("E525", message, span, help)
            return tree
    limit = -(-task.timeout // 60) if kind.name == "EMRServerless" else task.timeout
    value = references.constant(limit, "Integer", span)
    _tell(places, kind, "timeout", value)
    return members.laid(tree, kind.name, "timeout", value)


def shown(seconds: int) -> str:
    """A duration as it would be written: `3h`, `28d`."""
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    return next(f"{seconds // size}{unit}" for unit, size in units if seconds % size == 0)


def _shape(kind: Kind, path: tuple[str, ...]) -> Shape:
    name = kind.request
    for member in path:
        name = shape(name).members[member]
    return shape(name)


def _environment(
    context: Context, task: Task, kind: Kind, tree: dict[str, Any], places: Places
) -> dict[str, Any]:
    """The variables of the step; those that a binding gives are how its component works.

    E416 where the step itself gives one of those another value; one from `defaults:` is left out.
    """
    if not task.environment:
        return tree
    given = {}
    for item in task.environment:
        given[item.name] = outputs.expr(context, item.value, item.place)
        places.keys["Environment", item.name] = item.span
    places.values[("Environment",)] = task.environment[0].span

    def join(there: Any, added: dict[str, Any]) -> Any:
        if not isinstance(there, dict):
            return there or added
        for item in task.environment:
            if item.own and item.name in there:
                message = f"`{item.name}` is set by the sagemaker.yaml of {task.component.name}"
                help = "remove it, or write it under `targets.sagemaker.arguments`"
                context.report("E416", message, item.span, help)
        return dict(sorted((added | there).items()))

    return members.laid(tree, kind.name, "environment", given, join)


def _tags(task: Task, kind: Kind, tree: dict[str, Any]) -> dict[str, Any]:
    if not task.tags:
        return tree
    given = {
        key: references.constant(value, "String", task.asked.get(f"tags.{key}"))
        for key, value in task.tags
    }

    def join(there: Any, added: dict[str, Expr]) -> Any:
        """A binding's own tags first, as they are."""
        if there is not None and not isinstance(there, list):
            return there
        taken = {references.known(tag.get("Key")) for tag in there or () if isinstance(tag, dict)}
        listed = [tag(key, value) for key, value in added.items() if key not in taken]
        return [*(there or ()), *listed]

    if kind.name == "EMRServerless":
        return members.laid(tree, kind.name, "tags", given)
    return members.laid(tree, kind.name, "tags", given, join)


def tag(key: str, value: Expr) -> dict[str, Expr]:
    """One tag of a request."""
    return {"Key": references.constant(key, "String", value.span), "Value": value}


def _key(
    context: Context, task: Task, kind: Kind, tree: dict[str, Any], places: Places
) -> dict[str, Any]:
    setting = context.setting(task, "kms_key")
    if setting is None or isinstance(setting.value, tuple | Mapping):
        return tree
    value = outputs.expr(context, setting.value, setting.span)
    _tell(places, kind, "kms_key", value)
    return members.laid(tree, kind.name, "kms_key", value)


def _network(
    context: Context, task: Task, kind: Kind, tree: dict[str, Any], places: Places
) -> dict[str, Any]:
    setting = merged(context, task, "network")
    if setting is None or not any(kind.name in members.kinds(f"network.{key}") for key in NETWORK):
        return tree
    block = Block(context, "network", setting, NETWORK)
    if (vpc := block.entries.get("vpc")) is not None:
        inner = Block(context, "vpc", vpc, _VPC)
        made = {member: inner.listed(key) for key, member in _VPC.items()}
        for key in _VPC:
            if key not in inner.entries and not inner.unsure:
                inner.wrong(f"`vpc` has no `{key}`", f"add {key}: [ID]", vpc.span)
        if None not in made.values():
            for path in members.plain(kind.name, "network.vpc"):
                places.values[path] = vpc.span
            tree = members.laid(tree, kind.name, "network.vpc", made)
    for key in ("isolation", "encrypt"):
        if (value := block.value(key)) is not None:
            _tell(places, kind, f"network.{key}", value)
            tree = members.laid(tree, kind.name, f"network.{key}", value)
    return tree


def _spot(
    context: Context, task: Task, step: BindingStep, kind: Kind, tree: dict[str, Any],
    places: Places,
) -> dict[str, Any]:  # fmt: skip
    """Spot machines: the job's own time must fit into the time that it may wait.

    https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
    """
    setting = context.setting(task, "spot")
    if setting is None or kind.name not in members.kinds("spot"):
        return tree
    block = Block(context, "spot", setting, SPOT, code="E513")
    wait = block.seconds("max_wait", "3h")
    if wait is None:
        if "max_wait" not in block.entries and not block.unsure:
            help = "add max_wait: 3h, waiting and running together"
            block.wrong("`spot` has no `max_wait`", help, setting.span)
        return tree
    if kind.name == "Training" and _at(tree, _RUNTIME) == LONGEST:  # nobody said another time
        stopping = tree[_RUNTIME[0]] | {_RUNTIME[1]: min(LONGEST, wait)}
        tree = tree | {_RUNTIME[0]: stopping}
    longest = references.constant(wait, "Integer", block.entries["max_wait"].span)
    _tell(places, kind, "spot.max_wait", longest)
    on = references.constant(True, "Boolean", setting.span)
    tree = members.laid(tree, kind.name, "spot", on)
    tree = members.laid(tree, kind.name, "spot.max_wait", longest)
    return _checkpoints(context, task, step, kind, tree, block, places)


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for member in path:
        tree = tree.get(member) if isinstance(tree, dict) else None
    return tree


def _checkpoints(
    context: Context, task: Task, step: BindingStep, kind: Kind, tree: dict[str, Any],
    block: Block, places: Places,
) -> dict[str, Any]:  # fmt: skip
    """Where what /opt/ml/checkpoints holds is kept; `auto` is a place of this run alone."""
    entry = block.entries.get("checkpoints")
    if entry is None:
        return tree
    if keys.plain(entry) == "auto":
        place = outputs.location(context, names.step(task.name, step.name), "checkpoints")
        place = place.at(entry.span)
    else:
        given = block.value("checkpoints")
        if given is None:
            return tree
        place = given
        if place.constant and not str(place.value).startswith("s3://"):
            message = f"`checkpoints` cannot be `{place.value}`"
            block.wrong(message, "write auto, or s3://BUCKET/PREFIX", entry.span)
            return tree
    _tell(places, kind, "spot.checkpoints", place)
    return members.laid(tree, kind.name, "spot.checkpoints", place)
