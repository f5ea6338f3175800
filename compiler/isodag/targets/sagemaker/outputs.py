"""Where values and artifacts are at run time: an IR value in, a leaf of a request out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from isodag import ir
from isodag.component import Component
from isodag.diagnostics import did_you_mean
from isodag.source import Span
from isodag.targets.sagemaker import names, references
from isodag.targets.sagemaker.context import Context, binding_steps, made_by, speaks_runtime
from isodag.targets.sagemaker.kinds import KINDS
from isodag.targets.sagemaker.references import UNKNOWN, Expr
from isodag.targets.sagemaker.shapes import NoProperty, Property, find_property, segments
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
_S3 = re.compile(r"(s3|https)://[^/]+.*")  # service model: S3Uri.pattern


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
            sample = context.parameters[name].default if name in context.parameters else None
            if not is_parameter(type_name) and not is_remote(str(sample)):
                sample = None  # a problem of the parameter, said there
            return references.parameter(names.parameter(name), type_name, sample).at(span)
        case ir.RunRef(field):
            return references.get(RUN[field]).at(span)
        case ir.Text(parts):
            return references.text(*(expr(context, part, span) for part in parts)).at(span)
        case ir.OutputRef(_, _, type_name):
            if is_parameter(type_name):
                return scalar(context, value, span)
            return artifact(context, value, span)


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
    component = _component(context, ref.task)
    shown = f"`steps.{ref.task}.outputs.{ref.output}`"
    if component.binding is not None and ref.output in component.binding.outputs:
        return _native(context, component, ref, span)
    maker = made_by(component)
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
    component = _component(context, value.task)
    if component.binding is not None and value.output in component.binding.outputs:
        uri = _native(context, component, value, span)
        return Place(uri, "", uri)
    maker = made_by(component)
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
    if not is_remote(str(value.value)):
        report_local(context, str(value.value), span)
        return NOWHERE
    return Place(uri, "", uri)


def is_remote(uri: str) -> bool:
    """Whether SageMaker can read a URI."""
    return bool(_S3.fullmatch(uri))


def report_local(context: Context, uri: str, span: Span) -> None:
    """E511: a place that SageMaker cannot read."""
    message = f"SageMaker cannot read `{uri}`"
    help = "give an s3:// URI; samples and local files are for `isodag run`"
    context.report("E511", message, span, help)


def _component(context: Context, task: str) -> Component:
    node = context.tasks[task]
    assert isinstance(node, ir.Task)  # a Failure has no outputs
    return node.component


def _native(context: Context, component: Component, ref: ir.OutputRef, span: Span) -> Expr:
    """The property that a binding names for an output.

    E505 where the step kind has no such property.
    """
    assert component.binding is not None
    written = component.binding.outputs[ref.output]
    path = segments(written) or ("",)
    steps = {step.name: step for step in binding_steps(component)}
    path = path[1:] if path[0] == "steps" else path
    part, path = (path[0], path[1:]) if "" not in steps else ("", path)
    step = steps.get(part)
    kind = KINDS.get(step.kind) if step is not None else None
    if step is None or kind is None:
        message = f"output `{ref.output}` of {component.name} names no step: `{written}`"
        help = f"begin with one of {', '.join(f'`{name}`' for name in sorted(steps))}"
        context.report("E505", message, component.binding.span, help)
        return UNKNOWN
    name = names.step(ref.task, part)
    found = property_of(context, kind.name, path, component.binding.span)
    if found is None:
        return UNKNOWN
    return references.get(f"Steps.{name}.{found.path}", found.type or "String").at(span)


def property_of(context: Context, kind: str, path: tuple[str, ...], span: Span) -> Property | None:
    """A property of a step kind; None, with E505 reported, where there is none."""
    found = find_property(KINDS[kind], path)
    if isinstance(found, NoProperty):
        message = f"a {kind} step has no property `{'.'.join(path)}`"
        help = did_you_mean(found.segment, found.known, "property")
        context.report("E505", message, span, help)
        return None
    return found
