"""Outputs of native steps: the properties that a binding names for them, found and checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from isodag import ir, types
from isodag.component import Component
from isodag.diagnostics import did_you_mean
from isodag.source import Span
from isodag.targets.sagemaker import names, property_files, references
from isodag.targets.sagemaker.context import Context, binding_steps
from isodag.targets.sagemaker.kinds import find, refusal
from isodag.targets.sagemaker.references import UNKNOWN, UNTYPED, Expr
from isodag.targets.sagemaker.shapes import NoProperty, Property, Segment, find_property, parse
from isodag.types import is_parameter

_PATHS = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")  # in the text of a binding's output


class Told(NamedTuple):
    """A property that an output is made of: of which step of the binding, and which."""

    step: str
    found: Property


def read(context: Context, component: Component, ref: ir.OutputRef, span: Span) -> Expr:
    """What another step reads: the property that a binding names for an output."""
    parts = native(context, component, ref.output)
    if parts is None:
        return UNKNOWN
    declared = component.output(ref.output)
    carried = references.parameter_type(declared.type if declared is not None else "String")
    made: list[str | Expr] = []
    for part in parts:
        if isinstance(part, str):
            made.append(part)
            continue
        name = names.step(ref.task, part.step)
        kind = carried if part.found.type == UNTYPED else part.found.type or "String"
        if (inside := property_files.read(part.found.path)) is not None:
            made.append(references.json_get(name, *inside, kind))
        else:
            made.append(references.get(f"Steps.{name}.{part.found.path}", kind))
    alone = made[0]
    joined = alone if len(made) == 1 and isinstance(alone, Expr) else references.text(*made)
    return joined.at(span)


def native(context: Context, component: Component, output: str) -> list[str | Told] | None:
    """What an output is: one property of a step of the binding, or text with some in it.

    E505 where there is no such property, E521 where it is of another type than the output; None
    then, and where the step is of a kind that cannot be, which is reported where it is made.
    """
    assert component.binding is not None
    written = component.binding.outputs[output]
    pieces = _PATHS.split(written)
    if len(pieces) == 1:
        found = _told(context, component, output, written)
        return None if found is None else [found]
    declared = component.output(output)
    if declared is not None and is_parameter(declared.type) and declared.type != "String":
        span = component.binding.places.get(output, component.binding.span)
        message = f"output `{output}` of {component.name} is {types.one(declared.type)}, "
        help = "declare the output as String, or write one path alone"
        context.report("E521", f"{message}`{written}` is text", span, help)
        return None
    made: list[str | Told] = []
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            made += [piece] if piece else []
            continue
        if (found := _told(context, component, output, piece, within=True)) is None:
            return None
        made.append(found)
    return made


def told(component: Component, step: str) -> list[dict[str, str]]:
    """`OutputParameters` of one step of a binding: the outputs that name one of its values.

    Service model: OutputParameter; types by the SDK's workflow/lambda_step.py.
    """
    assert component.binding is not None
    wanted = (step,) if step else ()
    made = []
    for output, written in component.binding.outputs.items():
        path = tuple(segment.value for segment in parse(written) or ())
        declared = component.output(output)
        if path[:-1] == (*wanted, "OutputParameters") and declared is not None:
            kind = references.parameter_type(declared.type)
            made.append({"OutputName": str(path[-1]), "OutputType": kind})
    return made


def _told(
    context: Context, component: Component, output: str, written: str, within: bool = False
) -> Told | None:
    """The property that a path names.

    within  whether the path stands in text, where any single value will do
    """
    assert component.binding is not None
    span = component.binding.places.get(output, component.binding.span)
    path = parse(written) or ()
    steps = {step.name: step for step in binding_steps(component)}
    path = path[1:] if path and path[0].value == "steps" else path
    part = ""
    if "" not in steps and path:
        part, path = str(path[0].value), path[1:]
    step = steps.get(part)
    if step is None:
        message = f"output `{output}` of {component.name} names no step: `{written}`"
        help = did_you_mean(part, [name for name in steps if name], "step")
        context.report("E505", message, span, help)
        return None
    if refusal(step.kind):
        return None
    found = property_of(context, step.kind, written, path, span)
    if found is None:
        return None
    declared = component.output(output)
    if within and found.type:
        return Told(part, found)
    if declared is not None and not _fits(found.type, declared.type):
        given = types.one(found.type) if found.type else "no single value"
        message = f"output `{output}` of {component.name} is {types.one(declared.type)}, "
        help = f"declare the output as {found.type}" if found.type else "go on to a member of it"
        context.report("E521", f"{message}`{written}` is {given}", span, help)
        return None
    return Told(part, found)


def _fits(given: str, declared: str) -> bool:
    """Whether an output of a type can be a property of a type; an artifact is a URI."""
    if given == UNTYPED:
        return True
    if not is_parameter(declared):
        return given == "String"
    return given == references.parameter_type(declared) or (given, declared) == ("Integer", "Float")


def property_of(
    context: Context, kind: str, written: str, path: Sequence[Segment], span: Span
) -> Property | None:
    """A property of a step kind; None, with E505 reported, where there is none.

    written, path  the text that holds the path, at `span`, and the segments of it that count
    """
    found = find_property(find(kind), [segment.value for segment in path])
    if isinstance(found, NoProperty):
        shown = written[path[0].start :] if path else written
        message = f"{types.one(kind)} step has no property `{shown}`"
        help = found.help or did_you_mean(found.segment, found.known, "property")
        context.report("E505", message, _within(span, written, path, found.index), help)
        return None
    return found


def _within(span: Span, written: str, path: Sequence[Segment], index: int) -> Span:
    """The place of one segment, where the text stands on one line as it is, quoted or not."""
    quotes = span.end_column - span.column - len(written)
    if index >= len(path) or span.line != span.end_line or quotes not in (0, 2):
        return span
    start = span.column + quotes // 2
    segment = path[index]
    return span._replace(column=start + segment.start, end_column=start + segment.end)
