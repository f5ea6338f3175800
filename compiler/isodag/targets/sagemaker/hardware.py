"""Whether a step gets from its machine what it asks for: `resources`, instance type and image
compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from isodag.diagnostics import Diagnostic, Related
from isodag.ir import Resources, Task
from isodag.source import Span
from isodag.targets.sagemaker import instances, references
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.instances import Instance
from isodag.targets.sagemaker.kinds import Kind
from isodag.targets.sagemaker.references import Expr

_IMAGES = {
    "Processing": ("AppSpecification", "ImageUri"),
    "Training": ("AlgorithmSpecification", "TrainingImage"),
}
_CUDA = re.compile(r"gpu|cu\d{2,3}|cuda\d*|rocm\d*")


@dataclass(frozen=True)
class _Job:
    """A step with its machine.

    span     the place of its warnings: its own setting, else its name
    related  the setting of the pipeline that chose the machine, if that did
    chosen   the setting that chose it, whosever it is
    volume   VolumeSizeInGB, where it is known
    image    "" where it is not known
    """

    task: Task
    kind: str
    machine: Instance
    span: Span
    related: tuple[Related, ...]
    chosen: tuple[Related, ...]
    volume: int | None
    image: str


def problems(
    context: Context, task: Task, kind: Kind, request: Mapping[str, Any]
) -> Iterator[Diagnostic]:
    """W509, W510, W517, W519, as far as the machine is known."""
    if (job := _job(context, task, kind, request)) is None:
        return
    lacking = _lacking(job)
    if lacking:
        asked, has = (_listed([item[part] for item in lacking]) for part in (1, 2))
        message = f"step `{task.step}` asks for {asked}, `{job.machine.name}` has {has}"
        span = task.asked.get(lacking[0][0], job.span)
        yield Diagnostic("W510", message, span, _way_out(job, lacking), job.chosen)
    gpus = task.resources.gpu if task.resources is not None else None
    yield from _image(job, gpus or 0, no_gpu="gpu" in {item[0] for item in lacking})
    disk = job.machine.disk
    piece = _at(request, kind.machine)
    if disk and "VolumeKmsKeyId" in piece:
        # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
        message = f"step `{task.step}` has a key for its volume, but `{job.machine.name}` has a "
        message += "disk of its own, which takes none"
        key = piece["VolumeKmsKeyId"]
        near = key.span if isinstance(key, Expr) else None
        help = "SageMaker refuses such a job: leave the key out, or take a machine without a disk"
        yield Diagnostic("W519", message, near or job.span, help, job.chosen)
    if kind.name == "Processing" and job.volume is not None and 30 < job.volume > disk > 0:
        message = f"the volume has {job.volume} GB, the local disk of `{job.machine.name}` {disk}"
        help = "the local disk takes the place of the volume: ask for no more than it has"
        volume = piece.get("VolumeSizeInGB") if isinstance(piece, dict) else None
        near = volume.span if isinstance(volume, Expr) else None
        yield Diagnostic("W517", message, near or job.span, help)


def _job(context: Context, task: Task, kind: Kind, request: Mapping[str, Any]) -> _Job | None:
    piece = _at(request, kind.machine)
    chosen = piece.get("InstanceType") if kind.machine and isinstance(piece, dict) else None
    machine = instances.find(str(references.known(chosen)))
    if machine is None:
        return None
    span = task.span
    related: tuple[Related, ...] = ()
    place: tuple[Related, ...] = ()
    if isinstance(chosen, Expr) and chosen.span is not None:
        place = (Related("the instance type is chosen here", chosen.span),)
        shared = context.settings.get("instance_type")
        if shared is not None and shared.span == chosen.span:
            related = place
        else:
            span = chosen.span
    volume = references.known(piece.get("VolumeSizeInGB"))
    image = references.known(_at(request, _IMAGES[kind.name])) if kind.name in _IMAGES else None
    return _Job(
        task, kind.name, machine, span, related, place,
        volume if isinstance(volume, int) else None, image if isinstance(image, str) else "",
    )  # fmt: skip


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _at(request: Any, path: tuple[str, ...]) -> Any:
    for member in path:
        request = request.get(member, {}) if isinstance(request, dict) else {}
    return request


def _lacking(job: _Job) -> list[tuple[str, str, str]]:
    """What the machine does not have: which resource, how much is asked, and what there is."""
    asked, machine = job.task.resources or Resources(), job.machine
    found = []
    if asked.cpu is not None and asked.cpu > machine.cpus:
        found.append(("cpu", f"{asked.cpu:g} cores", f"{machine.cpus}"))
    if asked.memory is not None and asked.memory > machine.memory * 2**20:
        has = f"{machine.memory / 1024:g} GiB"
        found.append(("memory", f"{asked.memory / 2**30:.4g} GiB of memory", has))
    if asked.gpu is not None and asked.gpu > machine.gpus:
        other = machine.accelerator if machine.accelerators > machine.gpus else ""
        has = str(machine.gpus) if machine.gpus else f"{other}, no GPU" if other else "no GPU"
        found.append(("gpu", f"{asked.gpu} GPU{'s' if asked.gpu > 1 else ''}", has))
    disk = machine.disk or job.volume
    if asked.disk is not None and disk is not None and asked.disk > disk * 2**30:
        found.append(("disk", f"{asked.disk / 2**30:.4g} GiB of disk", f"{disk} GB"))
    return found


def _way_out(job: _Job, lacking: list[tuple[str, str, str]]) -> str:
    """The machine that would do."""
    asked = job.task.resources or Resources()
    if {item[0] for item in lacking} == {"disk"}:
        return f"set `volume_size: {-(-(asked.disk or 0) // 2**30)}`, or ask for less"
    found = instances.least(
        job.kind, job.machine.name, asked.cpu or 0, (asked.memory or 0) / 2**20, asked.gpu or 0
    )
    return f"take `{found.name}`, or ask for less" if found else "ask for less"


def _image(job: _Job, gpus: int, no_gpu: bool) -> Iterator[Diagnostic]:
    """W509: an image built for CPUs on a machine with GPUs, or the reverse.

    Told by the words of the image's name and tag, as AWS's own images have them:
    https://github.com/aws/deep-learning-containers/blob/master/available_images.md
    """
    name = job.image.partition("@")[0].partition("/")[2] or job.image
    words = set(re.split(r"[^a-z0-9]+", name.lower()))
    for_gpu = any(_CUDA.fullmatch(word) for word in words)
    for_cpu = "cpu" in words
    if for_gpu == for_cpu:
        return
    step, machine = f"step `{job.task.step}`", job.machine
    if for_cpu and (gpus or machine.gpus):
        what = f"asks for {gpus} GPU{'s' if gpus > 1 else ''}"
        what = what if gpus else f"runs on `{machine.name}`, which has GPUs"
        message = f"{step} {what}, but its image `{job.image}` is for CPUs"
        help = "take the image that is built for GPUs, or a machine without"
        yield Diagnostic("W509", message, job.span, help, job.related)
    elif for_gpu and not machine.gpus and not no_gpu:
        message = f"{step} has the image `{job.image}` for GPUs, but `{machine.name}` has none"
        help = "take a machine with GPUs, or the image that is built for CPUs"
        yield Diagnostic("W509", message, job.span, help, job.related)
