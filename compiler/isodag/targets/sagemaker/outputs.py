"""Where values and artifacts are at run time: an IR value in, a leaf of a request out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from isodag import ir, types
from isodag.component import Component
from isodag.diagnostics import did_you_mean
from isodag.source import Span
from isodag.targets.sagemaker import forms, names, references
from isodag.targets.sagemaker.context import Context, binding_steps, made_by, speaks_runtime
from isodag.targets.sagemaker.kinds import find, refusal
from isodag.targets.sagemaker.references import UNKNOWN, UNTYPED, Expr, Sample
from isodag.targets.sagemaker.shapes import NoProperty, Property, Segment, find_property, parse
from isodag.types import is_parameter

# Execution variables: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-parameters.html
RUN = {
    "id": "Execution.PipelineExecutionId",
    "pipeline": "Execution.PipelineName",
    "started_at": "Execution.StartDateTime",
}
VALUES = "values"  # the Processing output, and the property file in it, that holds scalars
VALUES_FILE = "values.json"
ARCHIVE = "output.tar.gz"  # what a Training step makes of /opt/ml/output/data


@dataclass(frozen=True)
class Place:
    """An artifact as jobs and native steps reach it.

    mount    S3 URI that a job mounts; None for one that is fetched by name (hf://)
    child    what a component is pointed at below the mount, `data` or `output.tar.gz/report`;
             empty for the mount itself
    uri      S3 URI of the artifact itself, for requests; None where it lies in an archive
    foreign  a Model that was not packed as model.tar.gz
    """

    mount: Expr | None
    child: str
    uri: Expr | None
    foreign: bool = False


_PATHS = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")  # in the text of a binding's output
NOWHERE = Place(UNKNOWN, "", UNKNOWN)


def location(context: Context, task: str, output: str = "") -> Expr:
    """`artifact_root/<pipeline>/<execution id>/<step>[/<output>]`."""
    root = context.root
    if root.constant:
        root = references.constant(str(root.value).rstrip("/"))
    tail = f"/{task}/{names.slot(output)}" if output else f"/{task}"
    return references.text(root, f"/{context.name}/", references.get(RUN["id"]), tail)


def expr(context: Context, value: ir.Value, span: Span) -> Expr:
    """A value as a leaf of a request; an artifact as its S3 URI."""
    match value:
        case ir.Constant(constant, type_name):
            return references.constant(constant, type_name, span)
        case ir.ParameterRef(name, type_name):
            samples, default = _samples(context.parameters.get(name))
            made = references.parameter(names.parameter(name), type_name, samples, default)
            return made.at(span)
        case ir.RunRef(field):
            return references.get(RUN[field]).at(span)
        case ir.Text(parts):
            return references.text(*(expr(context, part, span) for part in parts)).at(span)
        case ir.OutputRef(_, _, type_name):
            if is_parameter(type_name):
                return scalar(context, value, span)
            return artifact(context, value, span)


def _samples(parameter: ir.Parameter | None) -> tuple[tuple[Sample, ...], bool]:
    """Values that a parameter may well have, and whether the first is its default."""
    if parameter is None:
        return (), False
    found = []
    if parameter.has_default and parameter.default is not None:
        where = parameter.default_span or parameter.span
        # what SageMaker cannot read is a problem of the parameter, said there
        if is_parameter(parameter.type) or forms.place(str(parameter.default)) is None:
            found.append(Sample(parameter.default, f"the default of `{parameter.name}`", where))
    default = bool(found)
    what = f"a value that `{parameter.name}` allows"
    for number, allowed in enumerate(parameter.constraints.get("enum") or ()):
        if not found or allowed != found[0].value:
            place = parameter.allowed[number] if parameter.allowed else parameter.span
            found.append(Sample(allowed, what, place))
    return tuple(found), default


def artifact(context: Context, value: ir.Value, span: Span) -> Expr:
    """The S3 URI of an artifact.

    E507 where it lies inside an archive.
    """
    uri = place(context, value, span).uri
    if uri is None:
        assert isinstance(value, ir.OutputRef)
        message = f"`steps.{value.task}.outputs.{value.output}` lies in a Training step's archive"
        help = "only components open output.tar.gz: write it in a Processing step instead"
        context.report("E507", message, span, help)
    return (uri or UNKNOWN).at(span)


def scalar(context: Context, ref: ir.OutputRef, span: Span) -> Expr:
    """The value of a scalar output.

    E506 where the service has no way to pass it.
    """
    span = ref.span or span
    component = _component(context, ref.task)
    shown = f"`steps.{ref.task}.outputs.{ref.output}`"
    if component.binding is not None and ref.output in component.binding.outputs:
        return _native(context, component, ref, span)
    maker = made_by(component)
    if maker is None and _unknown_kind(component):
        return UNKNOWN
    if maker is None:
        message = f"{shown} has no place in the answer of a step"
        help = f"name its property under `outputs:` of {component.name}'s sagemaker.yaml"
        context.report("E506", message, span, help)
    elif maker.kind == "Training":
        message = f"{shown} is a value of a Training step, which SageMaker cannot pass on"
        help = "compute it in a component that runs as a Processing step, such as an evaluation"
        context.report("E506", message, span, help)
    elif not speaks_runtime(component):
        message = f"{shown} is written by a foreign image, which writes no {VALUES_FILE}"
        help = "pass an artifact, or wrap the component: command [python3, -m, isodag.runtime, …]"
        context.report("E506", message, span, help)
    elif ref.type in ("JsonObject", "JsonArray"):
        message = f"{shown} is a {ref.type}; SageMaker passes only single values between steps"
        context.report("E506", message, span, "write it as an artifact and pass that")
    else:
        step = names.step(ref.task, maker.name)
        return references.json_get(step, VALUES, ref.output, ref.type).at(span)
    return UNKNOWN


def place(context: Context, value: ir.Value, span: Span) -> Place:
    """Where an artifact is."""
    if not isinstance(value, ir.OutputRef):
        if isinstance(value, ir.Constant):
            return _constant_place(context, value, span)
        uri = expr(context, value, span)
        return Place(uri, "", uri)
    span = value.span or span
    component = _component(context, value.task)
    if component.binding is not None and value.output in component.binding.outputs:
        uri = _native(context, component, value, span)
        return Place(uri, "", uri)
    maker = made_by(component)
    if maker is None and _unknown_kind(component):
        return NOWHERE
    if maker is None:
        message = f"`steps.{value.task}.outputs.{value.output}` has no place in a step's answer"
        help = f"name its property under `outputs:` of {component.name}'s sagemaker.yaml"
        context.report("E506", message, span, help)
        return NOWHERE
    step = names.step(value.task, maker.name)
    if maker.kind == "Training":
        return _training_place(step, value)
    return _processing_place(step, value, component)


def _processing_place(step: str, value: ir.OutputRef, component: Component) -> Place:
    slot = names.slot(value.output)
    uri = references.get(f"Steps.{step}.ProcessingOutputConfig.Outputs['{slot}'].S3Output.S3Uri")
    # S3Prefix takes every key that begins so: `train` would bring `train_labels` along
    longer = any(names.slot(o.name) != slot and names.slot(o.name).startswith(slot)
                 for o in component.outputs)  # fmt: skip
    mount = references.text(uri, "/") if longer else uri
    if value.type == "Model" and speaks_runtime(component):
        return Place(mount, "", references.text(uri, "/model.tar.gz"))
    return Place(mount, "data", references.text(uri, "/data"), foreign=value.type == "Model")


def _training_place(step: str, value: ir.OutputRef) -> Place:
    if value.type == "Model":
        model = references.get(f"Steps.{step}.ModelArtifacts.S3ModelArtifacts")
        return Place(model, "", model)
    archive = references.text(
        references.get(f"Steps.{step}.OutputDataConfig.S3OutputPath"), "/",
        references.get(f"Steps.{step}.TrainingJobName"), f"/output/{ARCHIVE}",
    )  # fmt: skip
    return Place(archive, f"{ARCHIVE}/{names.slot(value.output)}", None)


def _constant_place(context: Context, value: ir.Constant, span: Span) -> Place:
    uri = references.constant(value.value, "String", span)
    if value.type == "Model" and str(value.value).startswith("hf://"):
        return Place(None, str(value.value), uri)
    if (wrong := forms.place(str(value.value))) is not None:
        context.report("E511", *unreadable(str(value.value), wrong, span))
        return NOWHERE
    return Place(uri, "", uri)


def unreadable(uri: str, wrong: forms.Wrong, span: Span) -> tuple[str, Span, str]:
    """The message, place and help of an E511: a place that SageMaker cannot read."""
    return f"SageMaker cannot read `{uri}`: it {wrong.said}", span, wrong.help


def _unknown_kind(component: Component) -> bool:
    """Whether a component is of a kind that cannot be, which is reported where it is made."""
    return any(refusal(step.kind) for step in binding_steps(component))


def _component(context: Context, task: str) -> Component:
    node = context.tasks[task]
    assert isinstance(node, ir.Task)  # a Failure has no outputs
    return node.component


def _native(context: Context, component: Component, ref: ir.OutputRef, span: Span) -> Expr:
    """The property that a binding names for an output."""
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
        made.append(references.get(f"Steps.{name}.{part.found.path}", kind))
    alone = made[0]
    joined = alone if len(made) == 1 and isinstance(alone, Expr) else references.text(*made)
    return joined.at(span)


class Told(NamedTuple):
    """A property that an output is made of: of which step of the binding, and which."""

    step: str
    found: Property


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
