"""The CreatePipeline request, for `aws sagemaker create-pipeline --cli-input-json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from isodag.ir import Task
from isodag.targets.sagemaker import outputs, references, requests
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.kinds import CREATE_PIPELINE
from isodag.targets.sagemaker.operating import tag
from isodag.targets.sagemaker.places import Places
from isodag.targets.sagemaker.references import Expr
from isodag.targets.sagemaker.shapes import shape

LONGEST_DESCRIPTION = 3072  # service model: PipelineDescription.max


def request(context: Context, definition: str) -> dict[str, Any]:
    """The request, checked; without RoleArn where only a start of the pipeline will know it.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePipeline.html
    """
    made: dict[str, Any] = {}
    if description := described(context):
        made["PipelineDescription"] = description[:LONGEST_DESCRIPTION]
    if (role := known_role(context)) is not None:
        made["RoleArn"] = references.constant(role, "String", context.role.span)
    parallelism = context.settings.get("parallelism")
    if parallelism is not None and not isinstance(parallelism.value, tuple | Mapping):
        most = outputs.expr(context, parallelism.value, parallelism.span)
        made["ParallelismConfiguration"] = {"MaxParallelExecutionSteps": most}
    places = Places(settled=context.settled)
    if context.pipeline.tags:
        made["Tags"] = [tag(key, value) for key, value in _tags(context)]
    checker = requests.Checker("the pipeline", context.pipeline.span, places)
    # names and sizes have messages of their own
    missing_ok = ("PipelineName", "RoleArn")
    checked = checker.structure(made, shape(CREATE_PIPELINE), (), missing_ok)
    context.diagnostics.extend(checker.found)
    return {"PipelineName": context.name, "PipelineDefinition": definition} | checked


def _tags(context: Context) -> Iterator[tuple[str, Expr]]:
    """The tags of `defaults:`, each where it is written, as far as a step has it from there."""
    tasks = [node for node in context.pipeline.tasks if isinstance(node, Task)]
    for key, value in context.pipeline.tags:
        spans = (task.asked[f"tags.{key}"] for task in tasks if (key, value) in task.tags)
        yield key, references.constant(value, "String", next(spans, None))


def described(context: Context) -> str:
    """The pipeline's description on one line, which is all that the service takes."""
    return " ".join(context.pipeline.description.split())


def known_role(context: Context) -> str | None:
    """The role, or the default of the parameter that gives it; None where neither is known."""
    role = references.usual(context.role)
    return str(role) if role else None
