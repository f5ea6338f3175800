"""Native steps: the `arguments:` of a sagemaker.yaml, its names filled in for one task.

An unset optional input removes its key, then any mapping left without a member that its AWS
shape requires, then empty mappings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from isodag import expressions, ir
from isodag.component import BindingStep
from isodag.targets.sagemaker import names, outputs, properties, references
from isodag.targets.sagemaker.context import Context, binding_steps
from isodag.targets.sagemaker.kinds import refusal
from isodag.targets.sagemaker.references import UNKNOWN, Expr
from isodag.targets.sagemaker.shapes import parse, shape
from isodag.types import is_parameter

_NUMBER = re.compile(r"\['(\d+)'\]")


class _Unset:
    """What an unset optional input leaves."""


UNSET = _Unset()


def request(context: Context, task: ir.Task, step: BindingStep, shape_name: str) -> dict[str, Any]:
    """The arguments of one native step, or its members beside them, pruned.

    E503 where one input is all of them and no mapping is known of it.
    """
    filled = _Binding(context, task, step).fill(step.arguments, ())
    if isinstance(filled, Expr) and filled.constant and isinstance(filled.value, dict):
        filled = {
            key: references.constant(value, "", filled.span) for key, value in filled.value.items()
        }
    elif isinstance(filled, Expr) and filled.parts:
        message = f"the arguments of step `{task.step}` are a mapping, not a value of the run"
        help = "write the mapping out, and what a run decides under `targets.sagemaker.arguments`"
        context.report("E503", message, filled.span or task.span, help)
    made = prune(filled, shape_name, top=True)
    return made if isinstance(made, dict) else {}


def prune(node: Any, shape_name: str, top: bool = False) -> Any:
    """The same without what is unset; UNSET where nothing of it may stay.

    top  the request itself: it stays, and a missing member is reported when it is checked
    """
    if isinstance(node, dict):
        known = shape(shape_name) if shape_name else None
        kept = {}
        for key, value in node.items():
            below = prune(value, _member(shape_name, key))
            if not isinstance(below, _Unset):
                kept[key] = below
        lost = node.keys() - kept.keys()
        if lost and not top and (not kept or lost & set(known.required if known else ())):
            return UNSET
        return kept
    if isinstance(node, list):
        items = [prune(item, _member(shape_name, "")) for item in node]
        kept_items = [item for item in items if not isinstance(item, _Unset)]
        return UNSET if node and not kept_items else kept_items
    return node


def _member(shape_name: str, key: str) -> str:
    """The shape of a member or element; empty where the model knows none."""
    if not shape_name:
        return ""
    known = shape(shape_name)
    return known.members.get(key, "") if known.type == "structure" else known.element


class _Binding:
    """Fills the names of a binding for one task."""

    def __init__(self, context: Context, task: ir.Task, step: BindingStep) -> None:
        self.context, self.task, self.places = context, task, step.places
        self.arguments = {argument.name: argument for argument in task.arguments}

    def fill(self, node: Any, path: tuple[str | int, ...]) -> Any:
        if isinstance(node, Mapping):
            return {key: self.fill(value, (*path, key)) for key, value in node.items()}
        if isinstance(node, list | tuple):
            return [self.fill(item, (*path, index)) for index, item in enumerate(node)]
        if isinstance(node, expressions.Template):
            return self.template(node)
        # its place goes with it: pruning may move the items of a list
        return None if node is None else references.constant(node, "", self.places.get(path))

    def template(self, template: expressions.Template) -> Expr | _Unset:
        """The value of text with names in it: unset when one of them is."""
        parts: list[str | Expr] = []
        for part in template.parts:
            value = self.name(part) if isinstance(part, expressions.Name) else part
            if isinstance(value, _Unset):
                return UNSET
            assert isinstance(value, str | Expr), "the reader of bindings takes names only"
            parts.append(value)
        if len(parts) == 1 and isinstance(parts[0], Expr):
            return parts[0]
        return references.text(*parts).at(self.task.span)

    def name(self, name: expressions.Name) -> Expr | _Unset:
        match name.path:
            case ("inputs", wanted):
                return self.input(wanted)
            case ("outputs", wanted) if self.task.component.output(wanted) is not None:
                return outputs.location(self.context, names.step(self.task.name), wanted)
            case ("image",):
                return self.image()
            case ("role",):
                return self.context.role
            case ("steps", part, *_):
                return self.property(part, name)
        raise AssertionError(f"the reader of bindings let `{name}` pass")

    def image(self) -> Expr:
        """The component's image.

        E512 where it has none.
        """
        component = self.task.component
        if component.container is not None:
            image = self.context.image(component.container.image, self.task.span)
            return references.constant(image)
        message = f"the binding of {component.name} names its image, but it has no container"
        help = "give it `implementation: {container: …}`, or write the image into the binding"
        self.context.report("E512", message, self.task.span, help)
        return UNKNOWN

    def input(self, wanted: str) -> Expr | _Unset:
        declared = self.task.component.input(wanted)
        assert declared is not None, "the reader of bindings knows the inputs"
        argument = self.arguments.get(wanted)
        if argument is None:
            return UNSET
        value = argument.value
        if isinstance(value, ir.Constant):
            if value.value is None or (declared.optional and value.value in ("", [], {})):
                return UNSET
            if declared.constraints.get("format") == "image":
                image = self.context.image(str(value.value), argument.span)
                return references.constant(image, "String", argument.span)
        if is_parameter(declared.type):
            return outputs.expr(self.context, value, argument.span)
        return self.artifact(argument, declared.type)

    def artifact(self, argument: ir.Argument, type_name: str) -> Expr:
        """The URI of an artifact.

        E507 where it is a Model that no runtime of ours packed.
        """
        if isinstance(argument.value, ir.OutputRef) and type_name == "Model":
            place = outputs.place(self.context, argument.value, argument.span)
            if place.foreign:
                message = f"`{argument.name}` is a folder that a foreign image wrote"
                help = "SageMaker takes a model as model.tar.gz: make it by a component of isodag"
                self.context.report("E507", message, argument.span, help)
                return UNKNOWN
        return outputs.artifact(self.context, argument.value, argument.span)

    def property(self, part: str, written: expressions.Name) -> Expr:
        """`steps.n.Property`, between the steps of one binding."""
        steps = {step.name: step for step in binding_steps(self.task.component)}
        step = steps[part]
        if refusal(step.kind):
            return UNKNOWN  # reported where the step is made
        text = str(written)
        path = (parse(text) or ())[2:]
        shown = _NUMBER.sub(r"[\1]", text)  # as it is written: numbers of items have no quotes
        found = properties.property_of(self.context, step.kind, shown, path, written.span)
        if found is None:
            return UNKNOWN
        name = names.step(self.task.name, part)
        return references.get(f"Steps.{name}.{found.path}", found.type)
