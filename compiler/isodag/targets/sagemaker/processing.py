"""The CreateProcessingJob request of a component: mounts, the command line, outputs.

The container contract: input `x` is at /opt/ml/processing/input/x, output `y` is written to
/opt/ml/processing/output/y/data, scalars go to /opt/ml/processing/output/values/.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from isodag.component import Component, Container, Placeholder
from isodag.ir import Argument, Constant, OutputRef, Task
from isodag.targets.sagemaker import names, outputs, references
from isodag.targets.sagemaker.context import Context, speaks_runtime
from isodag.targets.sagemaker.outputs import ARCHIVE, VALUES, VALUES_FILE, Place
from isodag.targets.sagemaker.references import Expr
from isodag.types import is_parameter

INPUT = "/opt/ml/processing/input"
OUTPUT = "/opt/ml/processing/output"


def request(context: Context, task: Task, container: Container) -> dict[str, Any]:
    """The request, without what the job runs on."""
    places = {
        argument.name: outputs.place(context, argument.value, argument.span)
        for argument in _artifacts(task)
    }
    if not speaks_runtime(task.component):
        _packed(context, task, places)
    line = CommandLine(context, task, places)
    uris_only = _used(container, "inputUri") - _used(container, "inputPath")
    specification: dict[str, Any] = {"ImageUri": context.image(container.image, task.span)}
    if entrypoint := list(line.words(container.command)):
        specification["ContainerEntrypoint"] = entrypoint
    if arguments := list(line.words(container.args)):
        specification["ContainerArguments"] = arguments
    made: dict[str, Any] = {"AppSpecification": specification, "RoleArn": context.role}
    if container.env:
        made["Environment"] = dict(sorted(container.env.items()))
    mounts = [
        _mount(names.slot(name), place.mount)
        for name, place in places.items()
        if place.mount is not None and name not in uris_only
    ]
    if mounts:
        made["ProcessingInputs"] = mounts
    if written := list(_outputs(context, task)):
        made["ProcessingOutputConfig"] = {"Outputs": written}
    return made


def property_files(component: Component) -> list[dict[str, str]]:
    """The property file that carries a component's scalars, where its image writes one."""
    if not scalars(component) or not speaks_runtime(component):
        return []
    return [{"PropertyFileName": VALUES, "OutputName": VALUES, "FilePath": VALUES_FILE}]


def scalars(component: Component) -> list[str]:
    """The names of a component's outputs that are values."""
    return [output.name for output in component.outputs if is_parameter(output.type)]


def _artifacts(task: Task) -> Iterator[Argument]:
    for argument in task.arguments:
        declared = task.component.input(argument.name)
        if declared is not None and not is_parameter(declared.type) and not absent(argument):
            yield argument


def absent(argument: Argument) -> bool:
    """Whether an optional input got nothing."""
    return isinstance(argument.value, Constant) and argument.value.value is None


def _packed(context: Context, task: Task, places: Mapping[str, Place]) -> None:
    """E507: a foreign image would find an archive where it expects an artifact."""
    for argument in _artifacts(task):
        value, place = argument.value, places[argument.name]
        if not isinstance(value, OutputRef):
            continue
        model = value.type == "Model" and not place.foreign
        if model or place.child.startswith(ARCHIVE):
            archive = "model.tar.gz" if model else ARCHIVE
            message = f"`{argument.name}` arrives as {archive}, which a foreign image cannot open"
            help = f"start {task.component.name} by `python3 -m isodag.runtime`, which unpacks it"
            context.report("E507", message, argument.span, help)


def _used(container: Container, kind: str) -> set[str]:
    words = (*container.command, *container.args)
    return {word.name for word in words if isinstance(word, Placeholder) and word.kind == kind}


def _mount(name: str, uri: Expr) -> dict[str, Any]:
    return {
        "InputName": name,
        "AppManaged": False,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{INPUT}/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
        },
    }


def _outputs(context: Context, task: Task) -> Iterator[dict[str, Any]]:
    declared = [item.name for item in task.component.outputs if not is_parameter(item.type)]
    for output in declared + ([VALUES] if scalars(task.component) else []):
        name = names.slot(output)
        yield {
            "OutputName": name,
            "AppManaged": False,
            "S3Output": {
                "S3Uri": outputs.location(context, names.step(task.name), output),
                "LocalPath": f"{OUTPUT}/{name}",
                "S3UploadMode": "EndOfJob",
            },
        }


class CommandLine:
    """Fills the placeholders of a command for one task."""

    def __init__(self, context: Context, task: Task, places: dict[str, Place]) -> None:
        self.context, self.task, self.places = context, task, places
        self.arguments = {argument.name: argument for argument in task.arguments}

    def words(self, line: Iterable[str | Placeholder]) -> Iterator[str | Expr]:
        """The words; a placeholder without a value goes, and the flag before it."""
        flag: str | None = None  # a word that waits for what follows it
        for word in line:
            if isinstance(word, str):
                if flag is not None:
                    yield flag
                flag = word
                continue
            filled = self.fill(word)
            if flag is not None and (filled is not None or not flag.startswith("-")):
                yield flag
            flag = None
            if filled is not None:
                yield filled
        if flag is not None:
            yield flag

    def fill(self, word: Placeholder) -> str | Expr | None:
        """What stands for a placeholder; None where nothing does."""
        if word.kind == "executorInput":
            return None  # KFP's own; other targets drop it
        if word.kind in ("outputPath", "outputUri"):
            return self.output(word)
        argument = self.arguments.get(word.name)
        if argument is None or absent(argument):
            return None
        if word.kind == "inputValue" or word.name not in self.places:
            return outputs.expr(self.context, argument.value, argument.span)
        place = self.places[word.name]
        if word.kind == "inputUri":
            return outputs.artifact(self.context, argument.value, argument.span)
        if place.mount is None:
            return place.child
        mounted = f"{INPUT}/{names.slot(word.name)}"
        return f"{mounted}/{place.child}" if place.child else mounted

    def output(self, word: Placeholder) -> str | Expr:
        """Where an output is written."""
        slot = names.slot(word.name)
        if word.name in scalars(self.task.component):
            return f"{OUTPUT}/{VALUES}/{slot}"
        if word.kind == "outputUri":
            place = outputs.location(self.context, names.step(self.task.name), word.name)
            return references.text(place, "/data")
        return f"{OUTPUT}/{slot}/data"
