"""A task made steps: requests generated, the binding's and the DAG file's arguments laid over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from isodag import ir
from isodag.component import BindingStep
from isodag.diagnostics import Diagnostic, did_you_mean
from isodag.targets.images import fixed
from isodag.targets.sagemaker import (
    bindings,
    contract,
    forms,
    hardware,
    keys,
    machine,
    names,
    outputs,
    policies,
    processing,
    references,
    requests,
    secrets,
    training,
)
from isodag.targets.sagemaker.context import Context, binding_steps
from isodag.targets.sagemaker.kinds import GENERATED, KINDS, Kind, find, refusal
from isodag.targets.sagemaker.places import Path, Places
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
    context.diagnostics.extend(secrets.problems(context, task))
    if task.component.binding is not None:
        for output in task.component.binding.outputs:
            outputs.native(context, task.component, output)
    steps = binding_steps(task.component)
    if len(steps) > 1:
        whose = f"no step of {task.component.name}"
        kinds = [step.kind for step in steps]
        block = keys.block(task.targets)
        context.diagnostics.extend(unused_arguments(block, kinds, whose))
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
    generated = tree
    tree = merge(tree, bindings.request(context, task, step, kind.request))
    places = _places(context, task, step)
    if kind.name in GENERATED:
        tree = merge(tree, secrets.request(context, task, places.values))
    for extra in _arguments(context, task, kind):
        tree = merge(tree, _piece(context, extra, (), places))
    if machine.undecided(kind, tree):
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
        told = outputs.told(task.component, step.name)
        tree = {"OutputParameters": told} if told else {}
    tree = merge(tree, bindings.request(context, task, given, kind.beside))
    places = replace(_places(context, task, step), values=dict(given.places), keys=dict(given.keys))
    checker = requests.Checker(
        f"step `{task.step}`", task.span, places,
        givers="`members:` of the component's sagemaker.yaml",
    )  # fmt: skip
    made = checker.beside(tree, kind)
    context.diagnostics.extend(checker.found)
    return made


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
    if (cache := policies.cache_config(task, kind)) is not None:
        body["CacheConfig"] = cache
        _mutable_image(context, task)
    if (retries := policies.retry_policies(task, kind)) is not None:
        body["RetryPolicies"] = retries
    if kind.name == "Processing" and task.component.container is not None:
        if files := processing.property_files(task.component):
            body["PropertyFiles"] = files
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


# --- further arguments -----------------------------------------------------------------------


def merge(under: Any, over: Any) -> Any:
    """`over` laid on `under`: mappings merge, anything else replaces, None removes."""
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    merged = dict(under)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key, {}), value)
    return merged


def _arguments(context: Context, task: ir.Task, kind: Kind) -> list[ir.Tree]:
    """The pipeline's `arguments`, then the step's.

    What is meant for several requests goes to those that have such a member.
    """
    members = shape(kind.request).members
    several = len(binding_steps(task.component)) > 1
    layers = []
    for block in (context.settings, keys.block(task.targets)):
        tree = block.get("arguments")
        if tree is None or not isinstance(tree.value, Mapping):
            continue
        if several or block is context.settings:
            kept = {name: piece for name, piece in tree.value.items() if name in members}
            tree = replace(tree, value=kept)
        layers.append(tree)
    return layers


def unused_arguments(
    block: Mapping[str, ir.Tree], kinds: Iterable[str], whose: str
) -> Iterator[Diagnostic]:
    """E501: a member of `arguments` that none of the steps it is for has.

    kinds  the step kinds that the block is for
    """
    tree = block.get("arguments")
    if tree is None:
        return
    members = {member for kind in kinds for member in shape(find(kind).request).members}
    for name in keys.mapping(tree):
        if name not in members:
            message = f"{whose} has `{name}` in its request"
            span = tree.keys.get(name, tree.span)
            yield Diagnostic("E501", message, span, did_you_mean(name, members, "member"))


def _piece(context: Context, tree: ir.Tree, path: Path, places: Places) -> Any:
    """A piece of `arguments` with its values read; `places` is told where it is written."""
    places.values[path] = tree.span
    if isinstance(tree.value, Mapping):
        places.keys.update({(*path, name): span for name, span in tree.keys.items()})
        return {
            name: _piece(context, item, (*path, name), places) for name, item in tree.value.items()
        }
    if isinstance(tree.value, tuple):
        return [
            _piece(context, item, (*path, index), places) for index, item in enumerate(tree.value)
        ]
    if isinstance(tree.value, ir.Constant) and tree.value.value is None:
        return None
    return outputs.expr(context, tree.value, tree.span)
