"""W301, W403: conditions whose outcome is known before any run."""

from __future__ import annotations

from collections.abc import Iterator

from isodag import gates_logic, unroll
from isodag.checks.conditions import conditions_of, operands, sound
from isodag.diagnostics import Diagnostic, Related, did_you_mean
from isodag.expressions import (
    And,
    Compare,
    Contains,
    Expression,
    ListOf,
    Literal,
    Name,
    Not,
    Or,
    children,
    names,
)
from isodag.frontend.syntax import ConditionDef, ParameterDef
from isodag.scope import Scope, VarValue


def always_the_same(scope: Scope) -> Iterator[Diagnostic]:
    """W301: a condition is true, or false, whatever the values."""
    for condition in conditions_of(scope):
        if isinstance(condition, Literal) or not sound(condition, scope):
            continue  # `when: true` is said on purpose
        if any(impossible(part, scope) for part in _written_out(condition, scope)):
            continue  # W403 tells
        for part in _settled(condition, scope):
            found = gates_logic.constant(part, scope)
            what = "this condition" if part is condition else "this part of the condition"
            message = f"{what} is always {'true' if found else 'false'}"
            help = "remove it" if found else "no step behind it ever runs"
            if not found and part is not condition:
                help = "remove it, or mend it"
            yield Diagnostic("W301", message, part.span, help)
    yield from _the_same_for_all_items(scope)


def _settled(condition: Expression, scope: Scope) -> list[Expression]:
    """The smallest parts of a condition that are always the same, named conditions left out."""
    if isinstance(condition, Name | Literal):
        return []
    logical = isinstance(condition, And | Or | Not)
    inner = [part for child in children(condition) if logical for part in _settled(child, scope)]
    read = [name for name in names(condition) if name.path[0] in scope.conditions]
    if inner or any(gates_logic.constant(name, scope) is not None for name in read):
        return inner  # told there
    return [condition] if gates_logic.constant(condition, scope) is not None else []


def _written_out(condition: Expression, scope: Scope) -> Iterator[Expression]:
    """Every part of a condition, and of the named conditions that it reads."""
    waiting, seen = [condition], set()
    while waiting:
        for part in operands(waiting.pop()):
            yield part
            found = scope.look_up(part) if isinstance(part, Name) else None
            if isinstance(found, ConditionDef) and found.expression and str(part) not in seen:
                seen.add(str(part))
                waiting.append(found.expression)


def impossible_value(scope: Scope) -> Iterator[Diagnostic]:
    """W403: a condition compares a parameter with a value that it never has."""
    for condition in conditions_of(scope):
        for part in operands(condition):
            for literal, parameter in impossible(part, scope):
                allowed = [str(item) for item in parameter.constraints["enum"].value]
                name = parameter.name.text
                message = f"parameter `{name}` is never `{literal.value}`"
                help = did_you_mean(str(literal.value), allowed, "value")
                declared = parameter.constraints["enum"].span
                related = (Related(f"`{name}` has one of these", declared),)
                yield Diagnostic("W403", message, literal.span, help, related)


def impossible(part: Expression, scope: Scope) -> list[tuple[Literal, ParameterDef]]:
    """The texts in a comparison that are none of what its parameter may be, with the parameter."""
    match part:
        case Compare(op, left, right) if op in ("==", "!="):
            pairs = [(left, right), (right, left)]
        case Contains(item, ListOf(options)):
            pairs = [(item, option) for option in options]
        case _:
            return []
    found = []
    for side, other in pairs:
        meant = scope.look_up(side) if isinstance(side, Name) else None
        if not isinstance(meant, ParameterDef) or not isinstance(other, Literal):
            continue
        enum = meant.constraints.get("enum")
        listed = enum.value if enum is not None and isinstance(enum.value, list) else []
        text = meant.type.text == "String" and isinstance(other.value, str)
        if listed and text and other.value not in listed:
            found.append((other, meant))
    return found


def _the_same_for_all_items(scope: Scope) -> Iterator[Diagnostic]:
    """Of conditions that a list in the file decides: another value of a variable changes them."""
    for step in scope.definition.steps:
        when = step.when.expression if step.when is not None else None
        if step.foreach is None or step.foreach.items is None or when is None:
            continue
        read = [scope.look_up(name) for name in names(when)]
        if any(isinstance(found, VarValue) for found in read) or not unroll.reads_each(when):
            continue
        outcomes = {unroll.settled(each) for each in unroll.whens(step, scope)}
        if len(outcomes) == 1 and None not in outcomes:
            found = outcomes.pop()
            message = f"this condition is {'true' if found else 'false'} for every item"
            help = "remove it" if found else "the step never runs"
            yield Diagnostic("W301", message, when.span, help)
