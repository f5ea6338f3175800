"""Members of a step that go together or not, where the service model says nothing of it.

Sources: the SageMaker SDK's `workflow/automl_step.py`, `workflow/clarify_check_step.py`,
`workflow/lineage_step.py`, `job.py` and `tuner.py` (2.257.7), and
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html and
…/API_CreateTransformJob.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from isodag.diagnostics import Diagnostic, did_you_mean
from isodag.ir import Task
from isodag.source import Span
from isodag.targets.sagemaker import names
from isodag.targets.sagemaker.context import Context, binding_steps
from isodag.targets.sagemaker.kinds import Kind
from isodag.targets.sagemaker.places import Path, Places, giver, shown

_EITHER = {
    "Model": ("PrimaryContainer", "Containers"),
    "Tuning": ("TrainingJobDefinition", "TrainingJobDefinitions"),
}
_EACH = ("DefinitionName", "TuningObjective")  # of several training job definitions
_ENTITIES = {"Action": "Actions", "Artifact": "Artifacts", "Context": "Contexts"}
_ARN = re.compile(r"(Action|Artifact|Context)Arns\['([^']*)'\]")  # of an entity, by its name
_PAYLOADS = 100  # MB that a transform job sends at once
_OF_MODELS = ("MODEL_BIAS", "MODEL_EXPLAINABILITY")


def problems(
    context: Context, task: Task, kind: Kind, arguments: Mapping[str, Any],
    beside: Mapping[str, Any], places: Places,
) -> Iterator[Diagnostic]:  # fmt: skip
    """E520: members of a step that contradict each other, or lack each other.

    E504 where one names a step that the pipeline does not have, E505 where an output names an
    entity that the step does not record.

    places  where the arguments are written
    """
    if kind.name in _EITHER:
        yield from _either(task, _EITHER[kind.name], arguments, places)
    if kind.name == "Tuning":
        yield from _several(task, arguments, places)
        yield from _ranges(task, arguments, places)
    if kind.name == "ClarifyCheck":
        yield from _model(task, beside)
    if kind.name == "Training":
        yield from _groups(task, arguments, places)
    if kind.name == "Transform":
        yield from _payloads(task, arguments, places)
    if kind.name == "Lineage":
        yield from _associated(task, arguments, places)
        yield from _recorded(task, arguments)
    if kind.name == "Cleanup":
        yield from _cleaned(context, task, arguments, places)
    if kind.name == "AutoML":
        config = arguments.get("AutoMLJobConfig")
        mode = config.get("Mode") if isinstance(config, Mapping) else None
        if mode is None or (isinstance(mode, str) and mode != "ENSEMBLING"):
            path = ("AutoMLJobConfig", "Mode")
            said = f"is `{mode}`" if mode is not None else "is not given"
            message = f"step `{task.step}`: `{shown(path)}` {said}"
            help = "write `Mode: ENSEMBLING`, the only one that a pipeline can run"
            yield Diagnostic("E520", message, _near(places, task, path), help)


def _either(
    task: Task, pair: tuple[str, str], arguments: Mapping[str, Any], places: Places
) -> Iterator[Diagnostic]:
    """Both of two members, or neither, where one is due."""
    one, other = pair
    if (one in arguments) is not (other in arguments):
        return
    said = "both" if one in arguments else "neither"
    message = f"step `{task.step}` gives {said} of `{one}` and `{other}`"
    near = _near(places, task, (other,)) if one in arguments else task.span
    yield Diagnostic("E520", message, near, "give one of them")


def _several(task: Task, arguments: Mapping[str, Any], places: Places) -> Iterator[Diagnostic]:
    """Several algorithms: each has its name and what it is judged by; the job has neither."""
    definitions = arguments.get("TrainingJobDefinitions")
    if not isinstance(definitions, list):
        return
    path = ("HyperParameterTuningJobConfig", "HyperParameterTuningJobObjective")
    config = arguments.get(path[0])
    wanted: tuple[str, ...] = _EACH
    if isinstance(config, Mapping) and path[1] in config:
        wanted = _EACH[:1]  # what each is judged by is said here, in the wrong place
        message = f"step `{task.step}`: `{shown(path)}` does not go with `TrainingJobDefinitions`"
        help = "give each definition its `TuningObjective` instead"
        yield Diagnostic("E520", message, _near(places, task, path), help)
    for index, definition in enumerate(definitions):
        place: Path = ("TrainingJobDefinitions", index)
        for member in wanted if isinstance(definition, Mapping) else ():
            if member not in definition:
                message = f"step `{task.step}`: `{shown(place)}` has no `{member}`"
                help = "each of several algorithms has a name and an objective of its own"
                yield Diagnostic("E520", message, _near(places, task, place), help)


def _ranges(task: Task, arguments: Mapping[str, Any], places: Places) -> Iterator[Diagnostic]:
    """Where a hyperparameter is looked for: from a least value to a greatest."""
    config, definitions = (
        arguments.get(name) for name in ("HyperParameterTuningJobConfig", "TrainingJobDefinitions")
    )
    above: list[tuple[Path, Any]] = [
        (("HyperParameterTuningJobConfig", "ParameterRanges"), _member(config, "ParameterRanges"))
    ]
    for index, item in enumerate(definitions if isinstance(definitions, list) else ()):
        place = ("TrainingJobDefinitions", index, "HyperParameterRanges")
        above.append((place, _member(item, "HyperParameterRanges")))
    for path, ranges in above:
        for listed in ("ContinuousParameterRanges", "IntegerParameterRanges"):
            for index, item in enumerate(_items(ranges, listed)):
                least, most = _number(item.get("MinValue")), _number(item.get("MaxValue"))
                if least is not None and most is not None and least > most:
                    where = (*path, listed, index)
                    message = f"step `{task.step}`: `{shown(where)}` goes from {item['MinValue']}"
                    message += f" to {item['MaxValue']}"
                    help = "MinValue is the smaller one"
                    yield Diagnostic("E520", message, _near(places, task, where), help)


def _member(node: Any, name: str) -> Any:
    return node.get(name) if isinstance(node, Mapping) else None


def _number(text: Any) -> float | None:
    try:
        return float(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _groups(task: Task, arguments: Mapping[str, Any], places: Places) -> Iterator[Diagnostic]:
    """Instance groups say which machines, and how many."""
    config = arguments.get("ResourceConfig")
    if not isinstance(config, Mapping) or not config.get("InstanceGroups"):
        return
    both = [name for name in ("InstanceType", "InstanceCount") if config.get(name) is not None]
    if both:
        path = ("ResourceConfig", "InstanceGroups")
        beside = " and ".join(f"`{name}`" for name in both)
        message = f"step `{task.step}`: `{shown(path)}` does not go with {beside}"
        help = "write " + ", ".join(f"{name}: null" for name in both) + " beside it"
        yield Diagnostic("E520", message, _near(places, task, path), help)


def _payloads(task: Task, arguments: Mapping[str, Any], places: Places) -> Iterator[Diagnostic]:
    """What a transform job sends at once: so many requests, each of a size."""
    size, many = (arguments.get(name) for name in ("MaxPayloadInMB", "MaxConcurrentTransforms"))
    if not isinstance(size, int) or not isinstance(many, int) or size > _PAYLOADS:
        return
    if size * many > _PAYLOADS:
        message = f"step `{task.step}`: {many} transforms of {size} MB at once, more than"
        help = "MaxConcurrentTransforms times MaxPayloadInMB is at most that"
        near = _near(places, task, ("MaxPayloadInMB",))
        yield Diagnostic("E520", f"{message} {_PAYLOADS} MB", near, help)


def _associated(task: Task, arguments: Mapping[str, Any], places: Places) -> Iterator[Diagnostic]:
    """An association by name is between entities of the same step."""
    for index, association in enumerate(_items(arguments, "Associations")):
        for end in ("Source", "Destination"):
            entity = association.get(end)
            name, kind = (
                (entity.get("Name"), entity.get("Type"))
                if isinstance(entity, Mapping)
                else ("", "")
            )
            listed = _ENTITIES.get(kind) if isinstance(kind, str) else None
            if listed is None or not isinstance(name, str):
                continue
            known = [item.get(f"{kind}Name") for item in _items(arguments, listed)]
            if name not in known and all(isinstance(item, str) for item in known):
                path = ("Associations", index, end, "Name")
                message = f"step `{task.step}`: `{shown(path)}` is `{name}`, none of its {listed}"
                help = did_you_mean(name, [str(item) for item in known], "name")
                near = giver(task, name) or _near(places, task, path)
                yield Diagnostic("E520", message, near, help)


def _recorded(task: Task, arguments: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """E505: an output is the ARN of an entity that the step records."""
    binding = task.component.binding
    if binding is None or len(binding.steps) > 1:
        return
    for output, written in binding.outputs.items():
        for kind, name in _ARN.findall(written):
            known = [item.get(f"{kind}Name") for item in _items(arguments, _ENTITIES[kind])]
            if name not in known and all(isinstance(item, str) for item in known):
                message = f"output `{output}` of {task.component.name} names `{name}`, which is"
                message += f" none of its {_ENTITIES[kind]}"
                help = did_you_mean(name, [str(item) for item in known], "name")
                near = binding.places.get(output, binding.span)
                yield Diagnostic("E505", message, near, help)


def _cleaned(
    context: Context, task: Task, arguments: Mapping[str, Any], places: Places
) -> Iterator[Diagnostic]:
    """E504: what a Cleanup step deletes, a step of the pipeline wrote."""
    known = [
        names.step(node.name, step.name)
        for node in context.tasks.values()
        if isinstance(node, Task)
        for step in binding_steps(node.component)
    ]
    for index, item in enumerate(_items(arguments.get("Resources"), "S3")):
        name = item.get("StepName")
        if isinstance(name, str) and name not in known:
            path = ("Resources", "S3", index, "StepName")
            message = f"step `{task.step}`: `{shown(path)}` is `{name}`, no step of the pipeline"
            help = did_you_mean(name, known, "step")
            near = giver(task, name) or _near(places, task, path)
            yield Diagnostic("E504", message, near, help)


def _items(arguments: Any, member: str) -> list[Mapping[str, Any]]:
    """The mappings of a list; what else is in it is reported already."""
    items = _member(arguments, member)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _model(task: Task, beside: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """A check of a model names it; one of data does not."""
    check, named = beside.get("CheckType"), beside.get("ModelName") is not None
    if not isinstance(check, str) or named is (check in _OF_MODELS):
        return
    said = "has no `ModelName`" if not named else "has a `ModelName`, though it checks data alone"
    help = "name the model under `members:`" if not named else "remove it from `members:`"
    yield Diagnostic("E520", f"step `{task.step}`: a {check} check {said}", task.span, help)


def _near(places: Places, task: Task, path: Path) -> Span:
    return places.keys.get(path) or places.near(path) or task.span
