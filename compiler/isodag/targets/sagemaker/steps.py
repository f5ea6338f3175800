"""A task made steps: requests generated, the binding's and the DAG file's arguments laid over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from isodag import ir
from isodag.component import BindingStep
from isodag.diagnostics import Diagnostic, did_you_mean
from isodag.source import Span
from isodag.targets.images import fixed
from isodag.targets.sagemaker import (
    bindings,
    keys,
    machine,
    names,
    outputs,
    policies,
    processing,
    references,
    requests,
    training,
)
from isodag.targets.sagemaker.context import Context, binding_steps
from isodag.targets.sagemaker.kinds import KINDS, Kind
from isodag.targets.sagemaker.shapes import shape
from isodag.types import is_parameter


@dataclass(frozen=True)
class Step:
    """A step of the definition, without its `DependsOn`.

    reads  names of the steps that its arguments refer to
    """

    name: str
    body: dict[str, Any]
    reads: frozenset[str]


def of_failure(context: Context, failure: ir.Failure) -> Step:
    """The Fail step of a failure: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html#step-type-fail"""
    message = outputs.expr(context, failure.message, failure.span)
    said = references.as_text(message) if message.constant else references.joined(message)
    name = names.step(failure.name)
    body = {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": said}}
    return Step(name, body, frozenset(references.steps_read(body["Arguments"])))


def of_task(context: Context, task: ir.Task) -> list[Step]:
    """The steps of a task, in the order of its binding."""
    _reserved(context, task)
    steps = binding_steps(task.component)
    if len(steps) > 1:
        whose = f"no step of {task.component.name}"
        kinds = [step.kind for step in steps]
        block = keys.block(task.targets)
        context.diagnostics.extend(unused_arguments(block, kinds, whose))
    return [made for step in steps if (made := _native(context, task, step)) is not None]


def _native(context: Context, task: ir.Task, step: BindingStep) -> Step | None:
    kind = KINDS.get(step.kind)
    container = task.component.container
    if kind is None:
        message = f"{task.component.name} is a `{step.kind}` step, which isodag does not know"
        context.report("E512", message, step.span, did_you_mean(step.kind, KINDS, "step kind"))
        return None
    tree = machine.request(context, task, kind)
    if kind.name in ("Processing", "Training"):
        if container is None:
            message = f"{task.component.name} has no container to run as a {kind.name} step"
            context.report("E512", message, task.span, "give it `implementation: {container: …}`")
            return None
        generate = processing.request if kind.name == "Processing" else training.request
        tree = merge(tree, generate(context, task, container))
    tree = merge(tree, bindings.request(context, task, step))
    spans: dict[requests.Path, Span] = {}
    for extra in _arguments(context, task, kind):
        tree = merge(tree, _plain(context, extra, (), spans))
    if machine.undecided(kind, tree):
        context.default_machine.append(task.name)
    checker = requests.Checker(f"step `{task.name}`", task.span, spans)
    arguments = checker.whole(tree, kind)
    context.diagnostics.extend(checker.found)
    return _finished(context, task, step, kind, arguments)


def _finished(
    context: Context, task: ir.Task, step: BindingStep, kind: Kind, arguments: dict[str, Any]
) -> Step:
    """The step with its policies and property files."""
    name = names.step(task.name, step.name)
    body: dict[str, Any] = {"Name": name, "Type": kind.name, "Arguments": arguments}
    if (cache := policies.cache_config(task, kind)) is not None:
        body["CacheConfig"] = cache
        _mutable_image(context, task)
    if (retries := policies.retry_policies(task, kind)) is not None:
        body["RetryPolicies"] = retries
    if kind.name == "Processing" and (files := processing.property_files(task.component)):
        body["PropertyFiles"] = files
    return Step(name, body, frozenset(references.steps_read(arguments)))


def _mutable_image(context: Context, task: ir.Task) -> None:
    """W505: a cached step would not notice that its image changed."""
    container = task.component.container
    if container is not None and not fixed(image := context.images.resolve(container.image)):
        message = f"step `{task.name}` is cached, but the tag of `{image}` may move"
        help = "SageMaker compares the image's name only: give a full version or a digest"
        context.report("W505", message, task.span, help)


def _reserved(context: Context, task: ir.Task) -> None:
    """E509: an artifact has the name of the output that carries the scalars."""
    component = task.component
    artifacts = {item.name for item in component.outputs if not is_parameter(item.type)}
    if processing.scalars(component) and outputs.VALUES in artifacts:
        message = f"{component.name} has an artifact `{outputs.VALUES}` beside scalar outputs"
        help = "that name carries the scalars on SageMaker: rename the artifact in the component"
        context.report("E509", message, task.span, help)


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


def _arguments(context: Context, task: ir.Task, kind: Kind) -> list[Mapping[str, ir.Tree]]:
    """The pipeline's `arguments`, then the step's.

    What is meant for several requests goes to those that have such a member.
    """
    members = shape(kind.request).members
    layers = [_entries(context.settings), _entries(keys.block(task.targets))]
    several = len(binding_steps(task.component)) > 1
    return [
        {name: tree for name, tree in layer.items() if name in members}
        if several or layer is layers[0]
        else layer
        for layer in layers
    ]


def unused_arguments(
    block: Mapping[str, ir.Tree], kinds: Iterable[str], whose: str
) -> Iterator[Diagnostic]:
    """E501: a member of `arguments` that none of the steps it is for has.

    kinds  the step kinds that the block is for
    """
    members = {
        member for kind in kinds if kind in KINDS for member in shape(KINDS[kind].request).members
    }
    for name, tree in _entries(block).items():
        if name not in members:
            message = f"{whose} has `{name}` in its request"
            yield Diagnostic("E501", message, tree.span, did_you_mean(name, members, "member"))


def _entries(block: Mapping[str, ir.Tree]) -> Mapping[str, ir.Tree]:
    tree = block.get("arguments")
    return keys.mapping(tree) if tree is not None else {}


def _plain(
    context: Context,
    entries: Mapping[str, ir.Tree],
    path: requests.Path,
    spans: dict[requests.Path, Span],
) -> dict[str, Any]:
    return {name: _piece(context, tree, (*path, name), spans) for name, tree in entries.items()}


def _piece(
    context: Context, tree: ir.Tree, path: requests.Path, spans: dict[requests.Path, Span]
) -> Any:
    spans[path] = tree.span
    if isinstance(tree.value, Mapping):
        return _plain(context, tree.value, path, spans)
    if isinstance(tree.value, tuple):
        return [
            _piece(context, item, (*path, index), spans) for index, item in enumerate(tree.value)
        ]
    if isinstance(tree.value, ir.Constant) and tree.value.value is None:
        return None
    return outputs.expr(context, tree.value, tree.span)
