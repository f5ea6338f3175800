"""A component's binding judged by itself, before any definition uses it."""

from __future__ import annotations

from isodag import ir
from isodag.component import Component
from isodag.diagnostics import Diagnostic
from isodag.source import Span
from isodag.targets.sagemaker.emit import emit

_SETTINGS = {
    "role": "arn:aws:iam::111122223333:role/any",
    "artifact_root": "s3://any-bucket",
    "image_registry": "111122223333.dkr.ecr.us-east-1.amazonaws.com",
    "instance_type": "ml.m5.xlarge",
}


def problems(component: Component) -> list[Diagnostic]:
    """What is wrong with a binding, whatever a definition gives it.

    The component is compiled as the one step of a pipeline, with inputs of which nothing is known;
    what is said of its own files is kept.
    """
    binding = component.binding
    if binding is None:
        return []
    parameters = tuple(
        ir.Parameter(f"p{number}", port.type, port.span)
        for number, port in enumerate(component.inputs)
    )
    arguments = tuple(
        ir.Argument(port.name, ir.ParameterRef(parameter.name, port.type), True, port.span)
        for port, parameter in zip(component.inputs, parameters, strict=True)
    )
    step = binding.steps[0].span
    task = ir.Task(component.name, component, arguments, (), (), step)
    pipeline = ir.Pipeline("any", "", parameters, (), (task,), (), _settings(step), step)
    own = {binding.span.path, component.span.path}
    # no parameter carries a structure, but a value that is written out does
    unknown = {port.span for port in component.inputs if port.type in ("JsonObject", "JsonArray")}
    return [
        item
        for item in emit(pipeline).diagnostics
        if item.span.path in own
        if item.span not in unknown and item.code not in _OF_DEFINITIONS
    ]


# How a definition runs it: nothing about the component
_OF_DEFINITIONS = ("E520", "W501", "W502", "W504", "W507", "W509", "W510", "W513", "W517")


def _settings(span: Span) -> dict[str, ir.Tree]:
    trees = {key: ir.Tree(ir.Constant(value, "String"), span) for key, value in _SETTINGS.items()}
    return {"sagemaker": ir.Tree(trees, span)}
