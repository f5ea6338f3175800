"""What `arguments` may not take from a request: the mounts, channels and outputs that the component
needs, and members that only make sense together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from isodag.diagnostics import Diagnostic
from isodag.ir import Task
from isodag.source import Span
from isodag.targets.sagemaker import forms, references
from isodag.targets.sagemaker.kinds import Kind
from isodag.targets.sagemaker.places import Path, Places, shown
from isodag.targets.sagemaker.references import Expr

# Lists that are generated: where, what names an item, and what the component does with it
_LISTS: dict[str, tuple[tuple[Path, str, str], ...]] = {
    "Processing": (
        (("ProcessingInputs",), "InputName", "reads"),
        (("ProcessingOutputConfig", "Outputs"), "OutputName", "writes"),
    ),
    "Training": ((("InputDataConfig",), "ChannelName", "reads"),),
}
_IMAGES = {
    "Processing": ("AppSpecification", "ImageUri"),
    "Training": ("AlgorithmSpecification", "TrainingImage"),
}
_EITHER = {
    "EMR": ("ClusterId", "ClusterConfig"),
    "EMRServerless": ("ApplicationId", "ApplicationConfig"),
}
_MOUNTS = {"InputName": "S3Input", "OutputName": "S3Output"}


def runs(kind: Kind) -> str:
    """The member of a Processing or Training request that says what the job runs."""
    return _IMAGES[kind.name][0]


def left_out(
    task: Task, kind: Kind, generated: Mapping[str, Any], tree: Mapping[str, Any], places: Places
) -> Iterator[Diagnostic]:
    """E515: arguments leave out, or move, what the component reads or writes.

    generated, tree  the request before and after they were laid over
    """
    for path, member, does in _LISTS.get(kind.name, ()):
        before, after = _at(generated, path), _at(tree, path)
        if before is after or not isinstance(before, list):
            continue
        if not isinstance(after, list):
            after = [] if after is None else None
        names = {
            references.known(item.get(member)): item
            for item in after or ()
            if isinstance(item, dict)
        }
        if after is None or None in names:
            continue  # what it holds is not known, or its problem is reported
        near = places.keys.get(path) or places.near(path) or task.span
        said = f"step `{task.step}`: `{shown(path)}`"
        missing = [item[member] for item in before if item[member] not in names]
        if missing:
            listed = " and ".join(filter(None, [", ".join(map(_quoted, missing[:-1])),
                                                _quoted(missing[-1])]))  # fmt: skip
            message = f"{said} leaves out {listed}, which the component {does}"
            help = "a list replaces the generated one: add what is missing, or remove the list"
            yield Diagnostic("E515", message, near, help)
        for item in before:
            name, mount = item[member], _MOUNTS.get(member)
            if mount is None or name not in names:
                continue
            wanted = item[mount]["LocalPath"]
            given = names[name].get(mount)
            place = references.known(given.get("LocalPath")) if isinstance(given, dict) else None
            if place != wanted:
                message = f"{said} moves `{name}`, which the component {does} at {wanted}"
                help = f"write LocalPath: {wanted}"
                yield Diagnostic("E515", message, _place(given, near), help)


def _quoted(name: str) -> str:
    return f"`{name}`"


def _place(given: Any, near: Span) -> Span:
    path = given.get("LocalPath") if isinstance(given, dict) else None
    return path.span if isinstance(path, Expr) and path.span is not None else near


def _at(tree: Any, path: Path) -> Any:
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def together(
    task: Task, kind: Kind, arguments: Mapping[str, Any], places: Places
) -> Iterator[Diagnostic]:
    """E520: members of a request that contradict each other.

    The SDK's workflow/emr_step.py asks for one of two ways to name a cluster; and
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
    """
    if kind.name in _EITHER:
        yield from _either(task, *_EITHER[kind.name], arguments)
    if kind.name == "Training":
        yield from _spot(task, arguments, places, ())
    if kind.name == "Tuning":
        several = arguments.get("TrainingJobDefinitions")
        jobs: list[tuple[Path, Any]] = [
            (("TrainingJobDefinitions", index), job)
            for index, job in enumerate(several if isinstance(several, list) else ())
        ]
        alone = "TrainingJobDefinition"
        for path, held in [((alone,), arguments.get(alone)), *jobs]:
            if isinstance(held, dict):
                yield from _spot(task, held, places, path)


def _spot(
    task: Task, arguments: Mapping[str, Any], places: Places, at: Path
) -> Iterator[Diagnostic]:
    """The members that say whether, and how long, a training job waits for spot machines."""
    stopping = arguments.get("StoppingCondition")
    stopping = stopping if isinstance(stopping, dict) else {}
    wait, runtime = stopping.get("MaxWaitTimeInSeconds"), stopping.get("MaxRuntimeInSeconds")
    spot = arguments.get("EnableManagedSpotTraining")
    owner = f"step `{task.step}`:"
    waits = (*at, "StoppingCondition", "MaxWaitTimeInSeconds")
    runs = (*at, "StoppingCondition", "MaxRuntimeInSeconds")
    if spot is True and wait is None:
        message = f"{owner} `EnableManagedSpotTraining` needs `{shown(waits)}`"
        span = _written(places, task, (*at, "EnableManagedSpotTraining"))
        yield Diagnostic("E520", message, span, "write `spot: {max_wait: 3h}` instead")
    if wait is not None and spot in (None, False):
        message = f"{owner} `{shown(waits)}` is for spot machines only"
        help = "write `spot: {max_wait: 3h}`, or remove it"
        yield Diagnostic("E520", message, _written(places, task, waits), help)
    if type(wait) is int and type(runtime) is int and wait < runtime:
        message = f"{owner} the job may wait {wait} s in all but run {runtime} s"
        help = "MaxWaitTimeInSeconds, or `max_wait` of `spot`, counts the running time too"
        yield Diagnostic("E520", message, _written(places, task, waits, runs), help)


def _either(task: Task, one: str, other: str, arguments: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Both of two members, or neither, where one is due."""
    if (one in arguments) == (other in arguments):
        said = "both" if one in arguments else "neither"
        message = f"step `{task.step}` gives {said} of `{one}` and `{other}`"
        yield Diagnostic("E520", message, task.span, "give one of them")


def _written(places: Places, task: Task, *paths: Path) -> Span:
    """Where the first of some members is written, else the step."""
    for path in paths:
        if (found := places.values.get(path)) is not None:
            return found
    return task.span


def registry(task: Task, kind: Kind, arguments: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """W513: an image in a registry that SageMaker does not pull from.

    Training reaches others by way of a VPC, when TrainingImageConfig says so.
    https://docs.aws.amazon.com/sagemaker/latest/dg/docker-containers-adapt-your-own-private-registry.html
    """
    holder = arguments.get(_IMAGES.get(kind.name, ("", ""))[0], {})
    image = holder.get(_IMAGES[kind.name][1]) if isinstance(holder, dict) and holder else None
    if not isinstance(image, str) or "TrainingImageConfig" in holder:
        return
    host = forms.host(image)
    if forms.FOREIGN.fullmatch(host):
        message = f"step `{task.step}`: SageMaker pulls no images from `{host}`"
        help = "push the image to ECR, and name it under `images` or by `image_registry`"
        yield Diagnostic("W513", message, task.span, help)
