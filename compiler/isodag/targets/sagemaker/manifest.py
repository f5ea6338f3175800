"""What a definition cannot hold: outputs, images, parallelism, constraints, sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isodag import ir
from isodag.source import Span
from isodag.targets.sagemaker import keys, names, outputs, references
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.references import parameter_type
from isodag.targets.sagemaker.steps import Step
from isodag.types import is_parameter

# The SDK sends a definition of this size by way of S3: workflow/pipeline.py
S3_BYTES = 100 * 1024


def render(
    context: Context, definition: str, made: Mapping[str, list[Step]], dropped: frozenset[str]
) -> dict[str, Any]:
    """The manifest's part for SageMaker.

    definition  as it is submitted, compact
    made        the steps of each task
    dropped     tasks that can never run and are not in the definition
    """
    size = len(definition.encode())
    return {
        "pipeline": context.name,
        "definition": {"bytes": size, "upload": size >= S3_BYTES},
        "parallelism": keys.plain(context.settings.get("parallelism")),
        "role": references.as_value(context.role),
        "parameters": [_parameter(item) for item in context.pipeline.parameters],
        "outputs": {
            item.name: {"type": item.value.type, "value": _output(context, item, dropped)}
            for item in context.pipeline.outputs
        },
        "steps": {task: [step.name for step in parts] for task, parts in sorted(made.items())},
        "skipped": sorted(dropped),
        "images": {written: resolved for written, (resolved, _) in sorted(context.used.items())},
    }


def _parameter(parameter: ir.Parameter) -> dict[str, Any]:
    """`type` is isodag's, `carried_as` the SageMaker type."""
    kept: dict[str, Any] = {
        "name": names.parameter(parameter.name),
        "type": parameter.type,
        "carried_as": parameter_type(parameter.type),
        "description": parameter.description,
        "constraints": dict(sorted(parameter.constraints.items())),
    }
    return kept | ({"default": parameter.default} if parameter.has_default else {})


def _output(context: Context, output: ir.PipelineOutput, dropped: frozenset[str]) -> Any:
    """The reference that gives the output after a run; null where its step can never run."""
    return _given(context, output.value, output.span, dropped)


def _given(context: Context, value: ir.Value, span: Span, dropped: frozenset[str]) -> Any:
    if isinstance(value, ir.Listing):  # no request holds it: texts need no escaping
        return [_given(context, item, span, dropped) for item in value.items]
    if any(isinstance(leaf, ir.OutputRef) and leaf.task in dropped for leaf in ir.leaves(value)):
        return None
    if isinstance(value, ir.OutputRef) and not is_parameter(value.type):
        place = outputs.place(context, value, span)
        within = {"within": place.child} if place.uri is None else {}
        uri = place.uri or place.mount or references.UNKNOWN
        return {"uri": references.as_value(uri), **within}
    return references.as_value(outputs.expr(context, value, span))
