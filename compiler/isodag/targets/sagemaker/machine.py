"""What a job runs on: instance type, count and disk, in the place where its request says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isodag.ir import Resources, Task, Tree
from isodag.targets.sagemaker import instances, outputs, references
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.kinds import Kind
from isodag.targets.sagemaker.references import Expr
from isodag.targets.sagemaker.shapes import Shape, shape

DEFAULT = references.constant("ml.m5.xlarge")  # known by identity: nobody chose it
_MEMBERS = (
    ("instance_type", "InstanceType", DEFAULT),
    ("instance_count", "InstanceCount", 1),
    ("volume_size", "VolumeSizeInGB", 30),
)


def request(context: Context, task: Task, kind: Kind) -> dict[str, Any]:
    """The part of a request that says what it runs on; nothing where the kind has none."""
    asked = task.resources or Resources()
    disk = None if asked.disk is None else max(1, -(-asked.disk // 2**30))
    usual = {"instance_count": asked.instances, "volume_size": disk}
    has = _shape(kind).members if kind.machine else {}
    found: dict[str, Any] = {}
    for key, member, default in _MEMBERS:
        if member in has:
            tree = context.setting(task, key)
            found[member] = usual.get(key) or default if tree is None else _expr(context, tree)
    for member in reversed(kind.machine):
        found = {member: found}
    return found


def _shape(kind: Kind) -> Shape:
    """The shape of what says on which machines a kind runs."""
    name = kind.request
    for member in kind.machine:
        name = shape(name).members[member]
    return shape(name)


def settled(context: Context, task: Task, kind: Kind, made: dict[str, Any]) -> dict[str, Any]:
    """A whole request: the machine chosen by `resources` where nobody chose another, and no more
    said of its disk than it takes.

    E523 where no type has so much.
    """
    holder = _held(made, kind)
    if not kind.machine or not isinstance(holder, dict):
        return made  # what it holds is told elsewhere
    asked = task.resources or Resources()
    if holder.get("InstanceType") is DEFAULT and (asked.cpu or asked.memory or asked.gpu):
        holder = holder | {"InstanceType": _chosen(context, task, kind, asked)}
    chosen = holder.get("InstanceType")
    known = isinstance(chosen, Expr) and chosen.constant  # a run may give another than the default
    machine = instances.find(str(chosen.value)) if isinstance(chosen, Expr) and known else None
    if machine is not None and machine.disk:
        holder = _with_local_disk(
            holder, machine.disk, _shape(kind), context.setting(task, "kms_key")
        )
    return _replaced(made, kind.machine, holder)


def _held(made: Any, kind: Kind) -> Any:
    for member in kind.machine:
        made = made.get(member) if isinstance(made, dict) else None
    return made


def _replaced(made: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    inner = value if len(path) == 1 else _replaced(made[path[0]], path[1:], value)
    return {**made, path[0]: inner}


def _chosen(context: Context, task: Task, kind: Kind, asked: Resources) -> Expr:
    """The smallest type that has what is asked for."""
    job = kind.name if kind.name in ("Training", "Transform") else "Processing"
    wanted = (asked.cpu or 0, (asked.memory or 0) / 2**20, asked.gpu or 0)
    found = instances.smallest(job, *wanted, (asked.disk or 0) / 2**30)
    if found is not None:
        return references.constant(found.name)
    largest = instances.least(job, "", *wanted)
    said = [
        f"{asked.cpu:g} cores" if asked.cpu else "",
        f"{(asked.memory or 0) / 2**30:.4g} GiB of memory" if asked.memory else "",
        f"{asked.gpu} GPUs" if asked.gpu else "",
    ]
    listed = " and ".join(filter(None, said))
    message = f"step `{task.step}` asks for {listed}: no machine of the usual families has that"
    help = "ask for less, or spread the work over `instances`"
    if largest is not None:
        help = f"set `targets.sagemaker.instance_type: {largest.name}`, which has it"
    first = next(key for key in ("gpu", "memory", "cpu") if getattr(asked, key))
    context.report("E523", message, task.asked.get(first, task.span), help)
    return references.UNKNOWN


def _with_local_disk(
    holder: dict[str, Any], disk: int, known: Shape, key: Tree | None
) -> dict[str, Any]:
    """The same for a machine whose own disk takes the place of the volume.

    Its size is only said where a request must, and not above the disk's; a key for a volume that
    is not there is refused, and the disk is encrypted by the machine.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
    """
    kept = dict(holder)
    size = kept.get("VolumeSizeInGB")
    if isinstance(size, int):  # generated: what somebody wrote is an expression
        kept["VolumeSizeInGB"] = min(size, disk)
        if "VolumeSizeInGB" not in known.required:
            del kept["VolumeSizeInGB"]
    volume_key = kept.get("VolumeKmsKeyId")
    if key is not None and isinstance(volume_key, Expr) and volume_key.span == key.span:
        del kept["VolumeKmsKeyId"]
    return kept


def undecided(kind: Kind, made: dict[str, Any]) -> bool:
    """Whether a request still runs on the machine that nobody chose."""
    holder = _held(made, kind)  # no mapping: `arguments` of another kind, told elsewhere
    if not kind.machine or not isinstance(holder, dict):
        return False
    return holder.get("InstanceType") is DEFAULT


def _expr(context: Context, tree: Tree) -> Expr:
    value = tree.value
    if isinstance(value, tuple | Mapping):
        return references.constant(None, "", tree.span)  # refused by the reader already
    return outputs.expr(context, value, tree.span)
