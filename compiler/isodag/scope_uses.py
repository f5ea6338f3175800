"""Where the expressions of a DAG file stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from isodag.expressions import Expression, Name, Template, names
from isodag.frontend.syntax import Definition, StepDef, Tree


@dataclass(frozen=True)
class Use:
    """One place of a definition where an expression or template stands.

    step    the step it belongs to, if any
    role    input, condition, when, message, secret, environment, setting, output, var, default,
            foreach, pick
    """

    role: str
    expression: Expression | Template
    step: StepDef | None = None
    owner: str = ""  # the name of the input, condition, output, …


def uses_of(definition: Definition) -> Iterator[Use]:
    """Every expression of a definition, with where it stands."""
    for var in definition.vars:
        if isinstance(var.value, Template):
            yield Use("var", var.value, owner=var.name.text)
    for parameter in definition.parameters:
        if isinstance(parameter.default, Template):
            yield Use("default", parameter.default, owner=parameter.name.text)
    for condition in definition.conditions:
        if condition.expression is not None:
            yield Use("condition", condition.expression, owner=condition.name.text)
    yield from _settings(definition.defaults)
    for tree in definition.targets.values():
        for template in templates(tree):
            yield Use("setting", template)
    for step in definition.steps:
        if step.foreach is not None and step.foreach.source is not None:
            yield Use("foreach", step.foreach.source, step)
        if step.pick is not None and step.pick.by is not None:
            yield Use("pick", step.pick.by, step)
        if step.when is not None and step.when.expression is not None:
            yield Use("when", step.when.expression, step, step.name.text)
        if isinstance(step.fail, Template):
            yield Use("message", step.fail, step, step.name.text)
        for entry in step.inputs:
            if isinstance(entry.value, Template):
                yield Use("input", entry.value, step, entry.name.text)
        for entry in step.secrets:
            if isinstance(entry.value, Template):
                yield Use("secret", entry.value, step, entry.name.text)
        yield from _settings(step.settings, step)
        for tree in step.targets.values():
            for template in templates(tree):
                yield Use("setting", template, step)
    for output in definition.outputs:
        if isinstance(output.value, Template):
            yield Use("output", output.value, owner=output.name.text)


def _settings(settings: Mapping[str, Tree], step: StepDef | None = None) -> Iterator[Use]:
    """Every expression in a step's settings, or in `defaults:`."""
    for key, tree in settings.items():
        if key == "environment" and isinstance(tree.value, Mapping):
            for name, leaf in tree.value.items():
                if isinstance(leaf.value, Template):
                    yield Use("environment", leaf.value, step, name)
            continue
        for template in templates(tree):
            yield Use("setting", template, step)


def names_in(expression: Expression | Template) -> Iterator[Name]:
    """Every name in an expression or template."""
    if isinstance(expression, Template):
        for part in expression.parts:
            if not isinstance(part, str):
                yield from names(part)
    else:
        yield from names(expression)


def templates(tree: Tree) -> Iterator[Template]:
    """Every template in a settings block."""
    stack = [tree]
    while stack:
        value = stack.pop().value
        if isinstance(value, Template):
            yield value
        elif isinstance(value, tuple):
            stack.extend(value)
        elif isinstance(value, Mapping):
            stack.extend(value.values())
