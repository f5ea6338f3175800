"""What stands behind what: the steps that a step waits for, and the two halves of a `when:`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from isodag.expressions import And, Expression, Name, Not, Template, names
from isodag.frontend.syntax import ConditionDef, StepDef
from isodag.scope import Missing, Scope, StepOutput, Unknown, names_in, templates


@dataclass(frozen=True)
class Side:
    """One side of a named condition: `good` or `not good`."""

    condition: str
    taken: bool


def conjuncts(expression: Expression, scope: Scope) -> tuple[list[Side], list[Expression]]:
    """A `when:` split at its top-level `and`: sides of named conditions, and what remains."""
    sides: list[Side] = []
    rest: list[Expression] = []
    for part in expression.operands if isinstance(expression, And) else (expression,):
        taken, inner = True, part
        while isinstance(inner, Not):
            taken, inner = not taken, inner.operand
        if isinstance(inner, Name) and isinstance(scope.look_up(inner), ConditionDef):
            sides.append(Side(inner.path[0], taken))
        else:
            rest.append(part)
    return list(dict.fromkeys(sides)), rest


def steps_read(expression: Expression, scope: Scope) -> Iterator[tuple[str, Name]]:
    """Every step whose output a condition reads, named conditions followed, with the name."""
    seen: set[str] = set()
    stack = [expression]
    while stack:
        for name in names(stack.pop()):
            found = scope.look_up(name)
            if isinstance(found, StepOutput):
                yield found.step, name
            elif isinstance(found, ConditionDef) and found.name.text not in seen:
                seen.add(found.name.text)
                if found.expression is not None:
                    stack.append(found.expression)


def upstream(step: StepDef, scope: Scope) -> Iterator[tuple[str, Name | None]]:
    """Every step that a step waits for, with the name that says so (None: `after`)."""
    variables = step.settings.get("environment")
    for value in (
        step.foreach.source if step.foreach is not None else None,
        step.pick.by if step.pick is not None else None,
        *(entry.value for entry in step.inputs), step.fail,
        *(templates(variables) if variables is not None else ()),
    ):  # fmt: skip
        for name in names_in(value) if isinstance(value, Template | Name) else ():
            found = scope.look_up(name)
            if isinstance(found, StepOutput):
                yield found.step, name
    if step.when is not None and step.when.expression is not None:
        yield from steps_read(step.when.expression, scope)
    for word in step.after:
        if word.text in scope.steps:
            yield word.text, None


def settled(expression: Expression | None, scope: Scope) -> bool:
    """Whether everything that a condition reads, named conditions followed, has a meaning."""
    seen: set[str] = set()
    stack = [expression]
    while stack:
        current = stack.pop()
        if current is None:
            return False
        for name in names(current):
            found = scope.look_up(name)
            if isinstance(found, Missing | Unknown):
                return False
            if isinstance(found, ConditionDef) and found.name.text not in seen:
                seen.add(found.name.text)
                stack.append(found.expression)
    return True
