"""Steps whose cache can never answer: what they are known by changes with every run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from isodag import ir
from isodag.diagnostics import Diagnostic, Related
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.kinds import find
from isodag.targets.sagemaker.places import Path, shown
from isodag.targets.sagemaker.steps import Step

# https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-default-keys.html
CACHE_KEYS: dict[str, tuple[Path, ...]] = {
    "Processing": (("AppSpecification",), ("Environment",), ("ProcessingInputs",)),
    "Training": (
        ("AlgorithmSpecification",), ("CheckpointConfig",), ("DebugHookConfig",),
        ("DebugRuleConfigurations",), ("Environment",), ("HyperParameters",), ("InputDataConfig",),
    ),
    "Transform": (("DataProcessing",), ("Environment",), ("ModelName",), ("TransformInput",)),
    "Tuning": (
        ("HyperParameterTuningJobConfig",), ("TrainingJobDefinitions",),
        ("TrainingJobDefinition", "AlgorithmSpecification"),
        ("TrainingJobDefinition", "HyperParameterRanges"),
        ("TrainingJobDefinition", "InputDataConfig"),
        ("TrainingJobDefinition", "StaticHyperParameters"),
        ("TrainingJobDefinition", "TuningObjective"),
    ),
    "AutoML": (
        ("AutoMLJobConfig", "CompletionCriteria"), ("AutoMLJobConfig", "CandidateGenerationConfig"),
        ("AutoMLJobConfig", "DataSplitConfig"), ("AutoMLJobConfig", "Mode"),
        ("AutoMLJobObjective",), ("InputDataConfig",), ("ProblemType",),
    ),
}  # fmt: skip
# Execution variables that no two runs share
_OF_ONE_RUN = {
    "Execution.PipelineExecutionId", "Execution.PipelineExecutionArn", "Execution.StartDateTime",
    "Execution.CurrentDateTime", "Execution.TrainingJobName", "Execution.ProcessingJobName",
}  # fmt: skip
_OUTPUT = re.compile(r"ProcessingOutputConfig\.Outputs\['([^']*)'\]\.S3Output\.S3Uri")
_MADE_ANEW = ("ModelArtifacts.S3ModelArtifacts", "ModelPackageVersion")


def problems(context: Context, made: Mapping[str, list[Step]]) -> Iterator[Diagnostic]:
    """W511: a cached step can never find an earlier result."""
    owners = {step.name: (task, step) for task, parts in made.items() for step in parts}
    for name, parts in made.items():
        task = context.tasks[name]
        if isinstance(task, ir.Task):
            for step in parts:
                if (found := _problem(task, step, owners, context)) is not None:
                    yield found


def _problem(
    task: ir.Task, step: Step, owners: Mapping[str, tuple[str, Step]], context: Context
) -> Diagnostic | None:
    if "CacheConfig" not in step.body:
        return None
    for path, name in _keys(step):
        root, _, rest = name.partition(".")
        if name in _OF_ONE_RUN:
            if _told(task):
                continue
            message = f"step `{task.step}` is cached, but `{shown(path)}` differs in every run"
            near = step.places.near(path)
            help = "remove the fact about the run, or `cache:`"
            if path[0] == "CheckpointConfig":
                help = "give a place that stays, as s3://BUCKET/PREFIX, or remove `cache:`"
            elif near is None:
                help = f"{task.component.name} is told the URI of an output: give it an outputPath"
            return Diagnostic("W511", message, near or task.span, help)
        if root == "Steps":
            other, _, member = rest.partition(".")
            maker, producer = owners.get(other, ("", None))
            if producer is None or maker == task.name or "CacheConfig" in producer.body:
                continue
            if _anew(producer, member):
                return _reads_anew(task, maker, producer, context)
    return None


def _reads_anew(task: ir.Task, maker: str, producer: Step, context: Context) -> Diagnostic:
    """The warning at the input that brings what an uncached step made."""
    node = context.tasks[maker]
    assert isinstance(node, ir.Task)  # nothing refers to a Fail step
    span = next(
        (argument.span for argument in task.arguments
         if any(isinstance(leaf, ir.OutputRef) and leaf.task == maker
                for leaf in ir.leaves(argument.value))),
        task.span,
    )  # fmt: skip
    message = f"step `{task.step}` is cached, but what `{node.step}` makes is new in every run"
    kind = find(producer.body["Type"])
    if kind.cacheable and not node.component.side_effects:
        help = f"give `{node.step}` a `cache:` too"
    else:
        help = f"`{node.step}` runs every time, and so does this step: its `cache:` is of no use"
    related = (Related(f"`{node.step}` is not cached", node.span),)
    return Diagnostic("W511", message, span, help, related)


def _keys(step: Step) -> Iterator[tuple[Path, str]]:
    """Every reference in what the cache knows a step by, and where it stands."""
    for path in CACHE_KEYS.get(step.body["Type"], ()):
        piece = step.body["Arguments"]
        for member in path:
            piece = piece.get(member, {}) if isinstance(piece, dict) else {}
        yield from _references(piece, path)


def _references(node: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """The names that `Get` asks for; a value in a property file may be the same in two runs."""
    if isinstance(node, dict):
        if isinstance(node.get("Get"), str) and len(node) == 1:
            yield path, node["Get"]
        elif "Std:Join" in node:
            for part in node["Std:Join"]["Values"]:
                yield from _references(part, path)
        elif "Std:JsonGet" not in node:
            for key, value in node.items():
                yield from _references(value, (*path, key))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _references(item, (*path, index))


def _anew(producer: Step, member: str) -> bool:
    """Whether a property of an uncached step differs in every run, for certain."""
    arguments = producer.body["Arguments"]
    if match := _OUTPUT.match(member):
        listed = arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])
        places = [item["S3Output"].get("S3Uri") for item in listed
                  if item.get("OutputName") == match[1] and "S3Output" in item]  # fmt: skip
        return any(name in _OF_ONE_RUN for _, name in _references(places, ()))
    if member in ("TransformOutput.S3OutputPath", "OutputDataConfig.S3OutputPath"):
        holder, _, last = member.partition(".")
        place = arguments.get(holder, {}).get(last)
        return any(name in _OF_ONE_RUN for _, name in _references(place, ()))
    kind = find(producer.body["Type"])
    if kind.named and kind.named not in arguments and member == kind.named:
        return True
    return member in _MADE_ANEW or (member.endswith("Arn") and member not in arguments)


def _told(task: ir.Task) -> bool:
    """Whether the front end said already that the step reads a fact about the run (W204)."""
    return any(
        isinstance(leaf, ir.RunRef) and leaf.field != "pipeline"
        for argument in task.arguments
        for leaf in ir.leaves(argument.value)
    )
