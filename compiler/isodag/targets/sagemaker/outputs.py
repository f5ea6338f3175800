"""Where values and artifacts are at run time: an IR value in, a leaf of a request out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from isodag import ir
from isodag.component import Component
from isodag.source import Span
from isodag.targets.sagemaker import (
    forms,
    metrics,
    names,
    properties,
    references,
)
from isodag.targets.sagemaker.context import Context, binding_steps, made_by, speaks_runtime
from isodag.targets.sagemaker.kinds import refusal
from isodag.targets.sagemaker.references import UNKNOWN, Expr, Sample
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


NOWHERE = Place(UNKNOWN, "", UNKNOWN)


def location(context: Context, task: str, output: str = "") -> Expr:
    """`artifact_root/<pipeline>/<execution id>/<step>[/<item>][/<output>]`.

    Repetitions of a loop write side by side, each below its item: equal items meet.
    """
    root = context.root
    if root.constant:
        root = references.constant(str(root.value).rstrip("/"))
    tail: list[str | Expr] = [f"/{task}"]
    if task in context.turns:
        tail += ["/", references.item(context.turns[task].type)]
    if output:
        tail.append(f"/{names.slot(output)}")
    return references.text(root, f"/{context.name}/", references.get(RUN["id"]), *tail)


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
        case ir.EachRef(_, field, type_name):
            return references.item(type_name, field).at(span)
        case ir.Listing(items):
            lists = {number for number, item in enumerate(items) if isinstance(item, ir.Listing)}
            listed = references.listed((expr(context, item, span) for item in items), lists)
            if listed is None:
                message = "a list of texts that only a run knows cannot be passed on SageMaker"
                help = "pass numbers, or write the texts to an artifact"
                context.report("E542", message, span, help)
            return (listed or UNKNOWN).at(span)
        case ir.Collected(group):
            step = f"`{context.pipeline.group(group).name}`"
            message = f"SageMaker has no list of what the repetitions of {step} give"
            help = "repeat over a list that is known now, or `pick` one of them"
            context.report("E542", message, span, help)
            return UNKNOWN


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
        message = f"{context.shown(value)} lies in a Training step's archive"
        help = "only components open output.tar.gz: write it in a Processing step instead"
        context.report("E507", message, span, help)
    return (uri or UNKNOWN).at(span)


def scalar(context: Context, ref: ir.OutputRef, span: Span) -> Expr:
    """The value of a scalar output.

    E506 where the service has no way to pass it.
    """
    span = ref.span or span
    if isinstance(pick := context.tasks[ref.task], ir.Pick):
        value = _picked(context, pick, ref.output, span)
        made = scalar(context, value, span) if value is not None else UNKNOWN
        return _selected(context, pick, made, span)
    component = _component(context, ref.task)
    shown = context.shown(ref)
    if component.binding is not None and ref.output in component.binding.outputs:
        return properties.read(context, component, ref, span)
    maker = made_by(component)
    if maker is None and _unknown_kind(component):
        return UNKNOWN
    if maker is None:
        message = f"{shown} has no place in the answer of a step"
        help = f"name its property under `outputs:` of {component.name}'s sagemaker.yaml"
        context.report("E506", message, span, help)
    elif maker.kind == "Training":
        return metrics.read(context, ref, maker.name, span)
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
    if isinstance(pick := context.tasks[value.task], ir.Pick):
        picked = _picked(context, pick, value.output, span)
        if picked is None:
            return NOWHERE
        found = place(context, picked, span)
        made = [part and _selected(context, pick, part, span) for part in (found.mount, found.uri)]
        return replace(found, mount=made[0], uri=made[1])
    component = _component(context, value.task)
    if component.binding is not None and value.output in component.binding.outputs:
        uri = properties.read(context, component, value, span)
        return Place(uri, "", uri)
    maker = made_by(component)
    if maker is None and _unknown_kind(component):
        return NOWHERE
    if maker is None:
        message = f"{context.shown(value)} has no place in a step's answer"
        help = f"name its property under `outputs:` of {component.name}'s sagemaker.yaml"
        context.report("E506", message, span, help)
        return NOWHERE
    step = names.step(value.task, maker.name)
    if maker.kind == "Training":
        return _training_place(step, value)
    return _processing_place(step, value, component)


def judged_by(context: Context, pick: ir.Pick) -> references.Told | None:
    """The property that a ForEach step compares its repetitions by.

    E543 where the number is none.
    """
    item = pick.by.item
    made = expr(context, item, pick.span)
    found = references.told(made)
    if made.parts and found is None:
        step = f"`{context.pipeline.group(pick.by.group).name}`"
        message = f"a ForEach step compares properties of its steps; what {step} is picked by is no"
        message += " such: a Processing step's value stands in a file"
        help = "repeat over a list that is known now, or pick by a number of a Training step"
        context.report("E543", message, pick.span, help)
    return found


def _picked(context: Context, pick: ir.Pick, output: str, span: Span) -> ir.OutputRef | None:
    """The output of the repetition that a ForEach step selects, where it can select one."""
    if judged_by(context, pick) is None:
        return None
    item = next((taken.item for name, taken in pick.takes if name == output), None)
    if isinstance(item, ir.OutputRef):
        return item
    message = f"a ForEach step does not tell the `{output}` of the repetition that it selects"
    help = "repeat over a list that is known now"
    context.report("E543", message, span, help)
    return None


def _selected(context: Context, pick: ir.Pick, made: Expr, span: Span) -> Expr:
    """A value of a loop's step as the ForEach step tells it of the repetition it selects.

    E543 where it comes from another step than the number that it selects by.
    """
    by = judged_by(context, pick) if made.parts else None
    if by is None:
        return UNKNOWN
    found = references.moved(made, by.step, f"{names.loop(pick.by.group)}.Selected")
    if found is None:
        message = f"a ForEach step gives only what `{by.step}` has of the repetition it selects"
        help = "repeat over a list that is known now, or pick what the judging step itself gives"
        context.report("E543", message, span, help)
        return UNKNOWN
    return found.at(span)


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
