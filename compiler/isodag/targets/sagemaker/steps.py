"""A task made steps: requests generated, the binding's and the DAG file's arguments laid over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from isodag import ir, picking
from isodag.component import BindingStep
from isodag.targets.images import fixed
from isodag.targets.sagemaker import (
    agreements,
    bindings,
    captions,
    contract,
    forms,
    hardware,
    keys,
    layers,
    machine,
    metrics,
    mounts,
    names,
    operating,
    outputs,
    policies,
    processing,
    properties,
    property_files,
    references,
    requests,
    secrets,
    support,
    training,
)
from isodag.targets.sagemaker.context import Context, binding_steps
from isodag.targets.sagemaker.kinds import GENERATED, KINDS, Kind, find, refusal
from isodag.targets.sagemaker.layers import merge
from isodag.targets.sagemaker.places import Places
from isodag.targets.sagemaker.shapes import shape
from isodag.types import is_parameter

LONGEST_MESSAGE = 3072  # service model: FailStepMetadata.ErrorMessage


@dataclass(frozen=True)
class Step:
    """A step of the definition, without its `DependsOn`.

    reads   names of the steps that its arguments refer to
    places  where its arguments are written
    """

    name: str
    body: dict[str, Any]
    reads: frozenset[str]
    places: Places = field(default_factory=Places)


def of_failure(context: Context, failure: ir.Failure) -> Step:
    """The Fail step of a failure: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html#step-type-fail"""
    message = outputs.expr(context, failure.message, failure.span)
    least = sum(len(part) for part in message.parts if isinstance(part, str))
    if least > LONGEST_MESSAGE:
        long = f"the message of `{failure.name}` has {least} characters"
        help = f"SageMaker takes at most {LONGEST_MESSAGE}"
        context.report("E510", long, failure.span, help)
    said = references.as_text(message) if message.constant else references.joined(message)
    name = names.step(failure.name)
    body = {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": said}}
    return Step(name, body, frozenset(references.steps_read(body["Arguments"])))


def of_task(context: Context, task: ir.Task) -> list[Step]:
    """The steps of a task, in the order of its binding."""
    _reserved(context, task)
    context.diagnostics.extend(secrets.problems(task))
    context.diagnostics.extend(metrics.problems(task))
    context.diagnostics.extend(support.problems(task))
    if task.component.binding is not None:
        for output in task.component.binding.outputs:
            properties.native(context, task.component, output)
    steps = binding_steps(task.component)
    if len(steps) > 1:
        whose = f"no step of {task.component.name}"
        kinds = [step.kind for step in steps]
        block = keys.block(task.targets)
        context.diagnostics.extend(layers.unused(block, kinds, whose))
    return [made for step in steps if (made := _native(context, task, step)) is not None]


def _native(context: Context, task: ir.Task, step: BindingStep) -> Step | None:
    kind = find(step.kind)
    container = task.component.container
    if (way_out := refusal(step.kind)) is not None:
        message = f"{task.component.name} is a `{step.kind}` step, which no binding can be"
        context.report("E512", message, step.span, way_out)
        return None
    if not kind.known:
        message = f"isodag knows no step kind `{step.kind}`: nothing of it is checked"
        help = f"known are {', '.join(sorted(KINDS))}"
        context.report("W518", message, step.span, help)
    tree = machine.request(context, task, kind)
    if kind.name in GENERATED and container is None and contract.runs(kind) not in step.arguments:
        message = f"{task.component.name} has no container to run as a {kind.name} step"
        or_so = f"or a binding with {contract.runs(kind)}"
        help = f"give it `implementation: {{container: …}}`, {or_so}"
        context.report("E512", message, task.span, help)
        return None
    if kind.name in GENERATED and container is not None:
        generate = processing.request if kind.name == "Processing" else training.request
        tree = merge(tree, generate(context, task, container))
    if kind.name == "Training":
        tree = merge(tree, metrics.request(context, task))
    generated = tree
    tree = merge(tree, bindings.request(context, task, step, kind.request))
    places = _places(context, task, step)
    tree = operating.request(context, task, step, kind, tree, places)
    tree = mounts.request(context, task, kind, tree)
    if kind.name in GENERATED:
        tree = merge(tree, secrets.request(context, task, places.values))
    for extra in layers.arguments(context, task, kind):
        tree = merge(tree, layers.read(context, extra, (), places))
    if kind.name == "Training":
        tree = metrics.completed(generated, tree)
    tree = machine.settled(context, task, kind, tree)
    if machine.undecided(kind, tree) and not picking.is_pick(task.component):  # any can pick
        context.default_machine.append(task.step)
    checker = requests.Checker(f"step `{task.step}`", task.span, places)
    arguments = checker.whole(tree, kind)
    context.diagnostics.extend(checker.found)
    context.diagnostics.extend(secrets.isolated(task, arguments))
    context.diagnostics.extend(contract.left_out(task, kind, generated, tree, places))
    context.diagnostics.extend(contract.together(task, kind, arguments, places))
    context.diagnostics.extend(contract.registry(task, kind, arguments))
    context.diagnostics.extend(hardware.problems(context, task, kind, tree))
    beside = _beside(context, task, step, kind)
    context.diagnostics.extend(metrics.written(task, kind.name, arguments, places))
    context.diagnostics.extend(agreements.problems(context, task, kind, arguments, beside, places))
    return _finished(context, task, step, kind, arguments, places, beside)


def _beside(context: Context, task: ir.Task, step: BindingStep, kind: Kind) -> dict[str, Any]:
    """The members of a step beside its `Arguments`, those that its outputs ask for included.

    E501 where a binding gives some and the kind has none.
    """
    given = step.beside
    if not kind.beside:
        if given is not None:
            message = f"{task.component.name}: a {kind.name} step has only `arguments`"
            context.report("E501", message, given.places.get((), given.span), "remove `members:`")
        return {}
    given = given or replace(step, arguments={}, places={}, keys={})
    tree: dict[str, Any] = {}
    if "OutputParameters" in shape(kind.beside).members and task.component.binding is not None:
        told = properties.told(task.component, step.name)
        tree = {"OutputParameters": told} if told else {}
    tree = merge(tree, bindings.request(context, task, given, kind.beside))
    places = _beside_places(context, task, step)
    checker = requests.Checker(
        f"step `{task.step}`", task.span, places,
        givers="`members:` of the component's sagemaker.yaml",
    )  # fmt: skip
    made = checker.beside(tree, kind)
    context.diagnostics.extend(checker.found)
    return made


def _beside_places(context: Context, task: ir.Task, step: BindingStep) -> Places:
    """Where a binding writes the members beside a step's `Arguments`."""
    given = step.beside or replace(step, places={}, keys={})
    places = _places(context, task, step)
    return replace(places, values=dict(given.places), keys=dict(given.keys))


def _places(context: Context, task: ir.Task, step: BindingStep) -> Places:
    """Where a binding and the component's container write what the request holds."""
    places = Places(settled=context.settled, images=context.resolved)
    owner = f"component `{task.component.name}`"
    container = task.component.container
    if container is not None and step.kind in GENERATED:
        places.values[("Environment",)] = container.span
        places.files[container.span.path] = owner
    places.values.update(step.places)
    places.keys.update(step.keys)
    if task.component.binding is not None:
        places.files[step.span.path] = owner
        places.files[task.component.span.path] = owner
    return places


def _finished(
    context: Context, task: ir.Task, step: BindingStep, kind: Kind, arguments: dict[str, Any],
    places: Places, beside: Mapping[str, Any],
) -> Step:  # fmt: skip
    """The step with its policies and property files."""
    name = names.step(task.name, step.name)
    body: dict[str, Any] = {"Name": name, "Type": kind.name, "Arguments": arguments, **beside}
    body |= captions.request(context, task)
    if (cache := policies.cache_config(task, kind)) is not None:
        body["CacheConfig"] = cache
        _mutable_image(context, task)
    if (retries := policies.retry_policies(task, kind)) is not None:
        body["RetryPolicies"] = retries
    if kind.name == "Processing" and task.component.container is not None:
        if files := processing.property_files(task.component):
            body["PropertyFiles"] = [*body.get("PropertyFiles", ()), *files]
    if kind.name == "Processing":
        beside_places = _beside_places(context, task, step)
        context.diagnostics.extend(
            property_files.problems(task.component, step.name, body, beside_places)
        )
    read = frozenset(references.steps_read([arguments, beside]))
    return Step(name, body, read, places)


def _mutable_image(context: Context, task: ir.Task) -> None:
    """W505: a cached step would not notice that its image changed."""
    container = task.component.container
    if container is None or forms.image(image := context.images.resolve(container.image)):
        return  # E519 tells of an image that is none
    if not fixed(image):
        message = f"step `{task.step}` is cached, but the tag of `{image}` may move"
        help = "SageMaker compares the image's name only: give a full version or a digest"
        context.report("W505", message, task.span, help)


def _reserved(context: Context, task: ir.Task) -> None:
    """E509: two ports of a component get one name, or one that of the output with the scalars."""
    component = task.component
    outs = [item.name for item in component.outputs if not is_parameter(item.type)]
    ins = [item.name for item in component.inputs if not is_parameter(item.type)]
    if processing.scalars(component) and outputs.VALUES in outs:
        message = f"{component.name} has an artifact `{outputs.VALUES}` beside scalar outputs"
        help = "that name carries the scalars on SageMaker: rename the artifact in the component"
        context.report("E509", message, task.span, help)
    for ports, noun in ((ins, "inputs"), (outs, "outputs")):
        slots: dict[str, str] = {}
        for port in ports:
            if (first := slots.setdefault(names.slot(port), port)) != port:
                message = f"{noun} `{first}` and `{port}` of {component.name} would both be named"
                help = "rename one of them in the component"
                context.report("E509", f"{message} `{names.slot(port)}`", task.span, help)
