"""Problems of a pipeline as a whole: settings left open, names, sizes, images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from isodag import ir
from isodag.diagnostics import Diagnostic, Related
from isodag.source import Span
from isodag.targets.images import has_host
from isodag.targets.sagemaker import (
    create,
    forms,
    keys,
    layers,
    metrics,
    names,
    parameters,
    references,
)
from isodag.targets.sagemaker.constraints import short
from isodag.targets.sagemaker.context import Context, binding_steps
from isodag.targets.sagemaker.create import known_role
from isodag.targets.sagemaker.machine import DEFAULT
from isodag.targets.sagemaker.references import Expr, Reference

# The default quota of steps in a pipeline, which AWS raises when asked; SelectedSteps.max of
# StartPipelineExecution is the same figure
QUOTA = 50
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
    pipeline, named = context.pipeline, list(named)
    yield from names.check_pipeline(pipeline.name, pipeline.span)
    yield from names.check(named, names.STEP_LENGTH)
    yield from _sizes(context, len(named))
    yield from parameters.check(context)
    yield from _open_settings(context)
    yield from _role(context)
    yield from _root(context)
    yield from _arguments(context)
    yield from _images(context)
    yield from _machines(context)
    yield from _decided(context, decided)
    yield from metrics.spelling(context)
    if len(definition) > LONGEST:
        message = f"the definition has {len(definition)} characters; a request holds {LONGEST}"
        help = "put pipeline.json into S3 and create the pipeline with PipelineDefinitionS3Location"
        yield Diagnostic("W508", message, pipeline.span, help)


def _sizes(context: Context, steps: int) -> Iterator[Diagnostic]:
    """W514, W516: a description that is cut, more steps than an account may have by default."""
    pipeline = context.pipeline
    length = len(create.described(context))
    if length > create.LONGEST_DESCRIPTION:
        message = f"the description has {length} characters, SageMaker keeps"
        message += f" {create.LONGEST_DESCRIPTION}"
        yield Diagnostic("W514", message, pipeline.span, "shorten it, or read it here only")
    if steps > QUOTA:
        message = f"the pipeline has {steps} steps on SageMaker, a new account may have {QUOTA}"
        help = "ask for more under Service Quotas, or split the pipeline; else ignore this"
        yield Diagnostic("W516", message, pipeline.span, help)


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


def _role(context: Context) -> Iterator[Diagnostic]:
    """E518: a role that is not the ARN of an IAM role."""
    for said, span, wrong, related in _judged(context.role, "role", forms.role):
        yield Diagnostic("E518", f"{said}, which {wrong.said}", span, wrong.help, related)


def _root(context: Context) -> Iterator[Diagnostic]:
    """E511: an artifact root that is no place in S3."""
    root = context.root
    for said, span, wrong, related in _judged(root, "artifact_root", forms.root):
        yield Diagnostic("E511", f"{said}, which {wrong.said}", span, wrong.help, related)
    if len(root.parts) > 1 and references.usual(root) is None and root.span is not None:
        start = root.parts[0]
        if isinstance(start, str) and not start.startswith("s3://"):
            message = f"`artifact_root` begins with `{start}`, which is not in S3"
            yield Diagnostic("E511", message, root.span, "begin it with s3://")


def _judged(
    expr: Expr, key: str, judge: Callable[[str], forms.Wrong | None]
) -> Iterator[tuple[str, Span, forms.Wrong, tuple[Related, ...]]]:
    """What is wrong with a setting, as far as its value is known: what it is, and where."""
    if expr.span is None:
        return
    alone = expr.parts[0] if len(expr.parts) == 1 else None
    if isinstance(alone, Reference):
        for sample in alone.samples:
            if (wrong := judge(str(sample.value))) is not None:
                used = (Related(f"`targets.sagemaker.{key}` takes it", expr.span),)
                said = f"{sample.what} is `{short(sample.value)}`"
                yield said, sample.span, wrong, used
                return
    elif (usual := references.usual(expr)) is not None:
        if (wrong := judge(str(usual))) is not None:
            yield f"`{key}` is `{short(usual)}`", expr.span, wrong, ()


def _arguments(context: Context) -> Iterator[Diagnostic]:
    """E501: a member of the pipeline's `arguments` that no step has."""
    tasks = [node for node in context.pipeline.tasks if isinstance(node, ir.Task)]
    kinds = {step.kind for task in tasks for step in binding_steps(task.component)}
    yield from layers.unused(context.settings, kinds, "no step")


def _images(context: Context) -> Iterator[Diagnostic]:
    """E519, W504: an image that is none, or without a registry."""
    registry = context.settings.get("image_registry")
    given = context.images.registry
    wrong = forms.image(f"{given.rstrip('/')}/x:1") if given else None
    if wrong is not None and registry is not None:
        message = f"`image_registry` is `{short(given)}`, which {wrong.said}"
        yield Diagnostic("E519", message, registry.span, wrong.help)
    overrides = keys.mapping(context.settings["images"]) if "images" in context.settings else {}
    for name, tree in overrides.items():
        if not isinstance(keys.plain(tree), str):
            help = "write a reference, as REGISTRY/REPOSITORY:TAG"
            yield Diagnostic("E522", f"the image for `{name}` must be text", tree.span, help)
        elif (wrong := forms.image(context.images.overrides.get(name, ""))) is not None:
            message = f"the image for `{name}` {wrong.said}"
            yield Diagnostic("E519", message, tree.span, wrong.help)
    said = (given, *context.images.overrides.values())
    for resolved, span in context.used.values():
        if any(part and resolved.startswith(part) for part in said):
            continue
        if (wrong := forms.image(resolved)) is not None:
            yield Diagnostic("E519", f"`{short(resolved)}` {wrong.said}", span, wrong.help)
        elif not has_host(resolved):
            message = f"image `{resolved}` names no registry"
            help = "set `targets.sagemaker.image_registry`, or the image under `images`"
            yield Diagnostic("W504", message, span, help)


def _machines(context: Context) -> Iterator[Diagnostic]:
    """W507: nobody chose the machine of a step."""
    if context.default_machine:
        steps_without = list(dict.fromkeys(context.default_machine))
        shown = ", ".join(f"`{name}`" for name in steps_without[:5])
        more = len(steps_without) - 5
        shown += f" and {more} more" if more > 0 else ""
        message = f"no `instance_type` for {shown}: {DEFAULT.value} is taken"
        help = "say what they need under `resources:`, or set `targets.sagemaker.instance_type`"
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
    shared = set(_spans(context.settings)) | set(_defaults(context))
    said: set[tuple[str, Span]] = set()
    for item in found:
        if item.span in shared:
            if (item.code, item.span) in said:
                continue
            said.add((item.code, item.span))
        yield item


def _defaults(context: Context) -> Iterator[Span]:
    """Where settings are written that several steps have."""
    seen: set[Span] = set()
    for node in context.pipeline.tasks:
        if not isinstance(node, ir.Task):
            continue
        places = [*node.asked.values()]
        places += [span for item in node.environment for span in (item.span, item.place)]
        for span in places:
            if span in seen:
                yield span
            seen.add(span)


def _spans(entries: Mapping[str, ir.Tree]) -> Iterator[Span]:
    for tree in entries.values():
        yield tree.span
        yield from tree.keys.values()
        if isinstance(tree.value, Mapping):
            yield from _spans(tree.value)
        elif isinstance(tree.value, tuple):
            yield from _spans({str(index): item for index, item in enumerate(tree.value)})
