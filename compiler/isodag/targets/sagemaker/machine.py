"""What a job runs on: instance type, count and disk, in the place where its request says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isodag.ir import Task, Tree
from isodag.targets.sagemaker import keys, outputs, references
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.kinds import Kind
from isodag.targets.sagemaker.references import Expr
from isodag.targets.sagemaker.shapes import shape

DEFAULT = references.constant("ml.m5.xlarge")  # known by identity: nobody chose it
_MEMBERS = (
    ("instance_type", "InstanceType", DEFAULT),
    ("instance_count", "InstanceCount", 1),
    ("volume_size", "VolumeSizeInGB", 30),
)


def request(context: Context, task: Task, kind: Kind) -> dict[str, Any]:
    """The part of a request that says what it runs on; nothing where the kind has none.

    E513 where the step itself sets what its kind does not have.
    """
    own = keys.block(task.targets)
    name = kind.request
    for member in kind.machine:
        name = shape(name).members[member]
    has = shape(name).members if kind.machine else {}
    found: dict[str, Any] = {}
    for key, member, default in _MEMBERS:
        if member in has:
            tree = context.setting(task, key)
            found[member] = default if tree is None else _expr(context, tree)
        elif key in own:
            _unsupported(context, key, kind, own[key])
    if "spot" in own and kind.name != "Training":
        _unsupported(context, "spot", kind, own["spot"])
    for member in reversed(kind.machine):
        found = {member: found}
    return found


def undecided(kind: Kind, made: dict[str, Any]) -> bool:
    """Whether a request still runs on the machine that nobody chose."""
    inner: Any = made
    for member in (*kind.machine, "InstanceType"):
        if not isinstance(inner, dict):  # `arguments` of another kind, which is told elsewhere
            return False
        inner = inner.get(member)
    return bool(kind.machine) and inner is DEFAULT


def _expr(context: Context, tree: Tree) -> Expr:
    value = tree.value
    if isinstance(value, tuple | Mapping):
        return references.constant(None, "", tree.span)  # refused by the reader already
    return outputs.expr(context, value, tree.span)


def _unsupported(context: Context, key: str, kind: Kind, tree: Tree) -> None:
    message = f"a {kind.name} step has no `{key}`"
    context.report("E513", message, tree.span, "remove the line")
