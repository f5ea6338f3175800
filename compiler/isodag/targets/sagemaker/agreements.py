"""Members of a step that go together or not, where the service model says nothing of it.

Sources: the SageMaker SDK's `workflow/automl_step.py`, `workflow/clarify_check_step.py` and
`tuner.py` (2.257.7), and https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from isodag.diagnostics import Diagnostic
from isodag.ir import Task
from isodag.source import Span
from isodag.targets.sagemaker.kinds import Kind
from isodag.targets.sagemaker.places import Path, Places, shown

_EITHER = {
    "Model": ("PrimaryContainer", "Containers"),
    "Tuning": ("TrainingJobDefinition", "TrainingJobDefinitions"),
}
_EACH = ("DefinitionName", "TuningObjective")  # of several training job definitions
_OF_MODELS = ("MODEL_BIAS", "MODEL_EXPLAINABILITY")


def problems(
    task: Task, kind: Kind, arguments: Mapping[str, Any], beside: Mapping[str, Any], places: Places
) -> Iterator[Diagnostic]:
    """E520: members of a step that contradict each other, or lack each other.

    places  where the arguments are written
    """
    if kind.name in _EITHER:
        yield from _either(task, _EITHER[kind.name], arguments, places)
    if kind.name == "Tuning":
        yield from _several(task, arguments, places)
    if kind.name == "ClarifyCheck":
        yield from _model(task, beside)
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
