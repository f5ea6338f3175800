"""Problems of a pipeline as a whole: settings left open, names, sizes, images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from isodag import ir
from isodag.diagnostics import Diagnostic
from isodag.source import Span
from isodag.targets.images import has_host
from isodag.targets.sagemaker import names, parameters, steps
from isodag.targets.sagemaker.context import Context, binding_steps
from isodag.targets.sagemaker.create import known_role
from isodag.targets.sagemaker.machine import DEFAULT

LONGEST = 1_048_576  # characters; service model: PipelineDefinition.max


def problems(
    context: Context,
    decided: Mapping[str, bool],
    named: Iterable[names.Named],
    definition: str,
) -> Iterator[Diagnostic]:
    """Everything that is not one step's.

    decided     gates whose truth is known now
    named       every step with its name
    definition  as it is submitted
    """
    pipeline = context.pipeline
    yield from names.check_pipeline(pipeline.name, pipeline.span)
    yield from names.check(named, names.STEP_LENGTH)
    yield from parameters.check(context)
    yield from _open_settings(context)
    yield from _roots(context)
    yield from _arguments(context)
    yield from _images(context)
    yield from _machines(context)
    yield from _decided(context, decided)
    if len(definition) > LONGEST:
        message = f"the definition has {len(definition)} characters; a request holds {LONGEST}"
        help = "put pipeline.json into S3 and create the pipeline with PipelineDefinitionS3Location"
        yield Diagnostic("W508", message, pipeline.span, help)


def _open_settings(context: Context) -> Iterator[Diagnostic]:
    """W501, W502: a setting that only a start of the pipeline will know."""
    for name, key in parameters.OPEN.items():
        if key not in context.settings:
            message = f"`targets.sagemaker.{key}` is not set: each start must give `{name}`"
            help = "set it, in the file or by a values file"
            yield Diagnostic("W501", message, context.pipeline.span, help)
    role = context.settings.get("role")
    if role is not None and known_role(context) is None:
        message = "no value of `role` is known yet: create-pipeline.json holds no RoleArn"
        help = "give the parameter a default, or create the pipeline with --role-arn"
        yield Diagnostic("W502", message, role.span, help)


def _roots(context: Context) -> Iterator[Diagnostic]:
    """E511: an artifact root that is no place in S3."""
    root = context.root
    if root.constant and not str(root.value).startswith("s3://"):
        message = f"`artifact_root` is `{root.value}`, which is not in S3"
        yield Diagnostic("E511", message, root.span or context.pipeline.span, "give an s3:// URI")


def _arguments(context: Context) -> Iterator[Diagnostic]:
    """E501: a member of the pipeline's `arguments` that no step has."""
    tasks = [node for node in context.pipeline.tasks if isinstance(node, ir.Task)]
    kinds = {step.kind for task in tasks for step in binding_steps(task.component)}
    yield from steps.unused_arguments(context.settings, kinds, "no step")


def _images(context: Context) -> Iterator[Diagnostic]:
    """W504: an image without a registry."""
    for resolved, span in context.used.values():
        if not has_host(resolved):
            message = f"image `{resolved}` names no registry"
            help = "set `targets.sagemaker.image_registry`, or the image under `images`"
            yield Diagnostic("W504", message, span, help)


def _machines(context: Context) -> Iterator[Diagnostic]:
    """W507: nobody chose the machine of a step."""
    if context.default_machine:
        shown = ", ".join(f"`{name}`" for name in context.default_machine[:5])
        more = len(context.default_machine) - 5
        shown += f" and {more} more" if more > 0 else ""
        message = f"no `instance_type` for {shown}: {DEFAULT.value} is taken"
        help = "set `targets.sagemaker.instance_type` on the pipeline or on the step"
        yield Diagnostic("W507", message, context.pipeline.span, help)


def _decided(context: Context, decided: Mapping[str, bool]) -> Iterator[Diagnostic]:
    """W506: a condition that no run can change."""
    for gate in context.pipeline.gates:
        if gate.name in decided:
            always = "always" if decided[gate.name] else "never"
            message = f"condition `{gate.name}` is {always} true: no run can change it"
            help = "SageMaker compares run-time values only: what can never run is left out"
            yield Diagnostic("W506", message, gate.span, help)


def once(context: Context, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The same, but a problem of a setting that all steps share said for the first step only."""
    shared = set(_spans(context.settings))
    said: set[tuple[str, Span]] = set()
    for item in found:
        if item.span in shared:
            if (item.code, item.span) in said:
                continue
            said.add((item.code, item.span))
        yield item


def _spans(entries: Mapping[str, ir.Tree]) -> Iterator[Span]:
    for tree in entries.values():
        yield tree.span
        if isinstance(tree.value, Mapping):
            yield from _spans(tree.value)
        elif isinstance(tree.value, tuple):
            yield from _spans({str(index): item for index, item in enumerate(tree.value)})
