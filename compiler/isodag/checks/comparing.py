"""E404 and E405: what can be compared, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from isodag import types
from isodag.checks.conditions import conditions_of, operands
from isodag.diagnostics import Diagnostic
from isodag.expressions import Compare, Contains, Expression, ListOf, Literal, Name, Template
from isodag.frontend.syntax import ConditionDef
from isodag.runtime import values
from isodag.scope import Scope, VarValue
from isodag.source import Span


def different_types(scope: Scope) -> Iterator[Diagnostic]:
    """E404: a comparison of things that cannot be compared."""
    for condition in conditions_of(scope):
        for part in operands(condition):
            if isinstance(part, Compare):
                wrong = [*_no_value(part.left, scope), *_no_value(part.right, scope)]
                yield from wrong
                if not wrong:
                    left, right = scope.type_of(part.left), scope.type_of(part.right)
                    quoted = any(map(_number_in_quotes, (part.left, part.right)))
                    yield from _compared(left, right, part.op, part.span, quoted)
            elif isinstance(part, Contains):
                yield from _contained(part, scope)


def _no_value(side: Expression, scope: Scope) -> Iterator[Diagnostic]:
    """What is wrong with one side of a comparison that is neither a name of a value nor a value."""
    if isinstance(side, Name) and isinstance(scope.look_up(side), ConditionDef):
        help = f"write `{side}`, or `not {side}`, by itself"
        yield Diagnostic("E404", f"`{side}` is a condition, not a value", side.span, help)
    elif isinstance(side, ListOf):
        help = "a list stands right of `in`"
        yield Diagnostic("E404", "a list cannot be compared", side.span, help)
    elif not isinstance(side, Name | Literal):
        help = "join conditions with `and`, `or` and `not`"
        yield Diagnostic("E404", "a condition cannot be compared", side.span, help)


def _number_in_quotes(side: Expression) -> bool:
    text = side.value if isinstance(side, Literal) else None
    return isinstance(text, str) and isinstance(values.core_scalar(text), int | float)


def _compared(
    left: str | None, right: str | None, op: str, span: Span, quoted: bool = False
) -> Iterator[Diagnostic]:
    artifacts = types.ARTIFACT_TYPES
    if left is None or right is None or left in artifacts or right in artifacts:
        return
    if types.comparable(left, right, op):
        return
    if left == right and left in ("String", "Boolean"):
        message, help = f"`{op}` does not order {left}s", "use == or !=; only numbers are ordered"
    elif left == right:
        message, help = f"{left}s cannot be compared", "compare a String, number or Boolean"
    else:
        message, help = f"{types.one(left)} is never comparable with {types.one(right)}", None
        if {left, right} == {"Boolean", "String"}:
            help = "write true or false without quotes"
        elif quoted and {left, right} & {"Integer", "Float"}:
            help = "a number in quotes is text"
    yield Diagnostic("E404", message, span, help)


def _contained(part: Contains, scope: Scope) -> Iterator[Diagnostic]:
    yield from _no_value(part.item, scope)
    item = scope.type_of(part.item) if isinstance(part.item, Name | Literal) else None
    if isinstance(part.options, ListOf):
        for option in part.options.items:
            wrong = [*_no_value(option, scope)]
            quoted = _number_in_quotes(option)
            yield from wrong or _compared(item, scope.type_of(option), "==", option.span, quoted)
    options = options_of(part.options, scope)
    if options is None:
        if scope.type_of(part.options) is not None:
            help = "write it in brackets, as in ['a', 'b']"
            message = "right of `in` stands a list, or a variable that holds one"
            yield Diagnostic("E404", message, part.options.span, help)
    elif not options:
        help = "name the values"
        yield Diagnostic("E404", "nothing is in an empty list", part.options.span, help)
    elif not isinstance(part.options, ListOf):
        for value in options:
            yield from _compared(item, values.kind(value), "==", part.options.span)


def options_of(expression: Expression, scope: Scope) -> list[Any] | None:
    """What stands right of `in`: a list's items, or the values of a variable that holds a list."""
    if isinstance(expression, ListOf):
        return list(expression.items)
    found = scope.look_up(expression) if isinstance(expression, Name) else None
    if isinstance(found, VarValue) and isinstance(found.value, list):
        return found.value
    return None


def not_a_value(scope: Scope) -> Iterator[Diagnostic]:
    """E405: a comparison or condition stands where a value is due; no target computes one."""
    for use in scope.uses:
        if not isinstance(use.expression, Template):
            continue
        for part in use.expression.parts:
            if isinstance(part, str):
                continue
            condition = isinstance(part, Name) and isinstance(scope.look_up(part), ConditionDef)
            if isinstance(part, Literal | ListOf):
                message = "a value that is known needs no expression"
                yield Diagnostic("E405", message, part.span, "write the value itself")
            elif not isinstance(part, Name) or condition:
                message = "a condition cannot be a value: no target computes one"
                help = "use it in `when:`, or let a component compute it and give it as an output"
                yield Diagnostic("E405", message, part.span, help)
