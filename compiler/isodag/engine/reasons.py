"""Why a condition came out as it did: `accuracy 0.41 < min_accuracy 0.5`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from isodag import ir
from isodag.engine.evaluate import Scope, holds, known
from isodag.runtime.values import render

_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_TRUE_OF: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_TEXT_CAP = 60


def why(predicate: ir.Predicate, scope: Scope) -> str:
    """The smallest true statement that makes a predicate what it is, with its values.

    For a false `and` that is its first false part, for a true `or` its first true part; of a true
    `and` or a false `or` every part counts.  Values are named by the last part of their name, or
    `step.output` where that would be ambiguous.  Raises NoValue as `holds` does.
    """
    return _why(predicate, scope, holds(predicate, scope))


def _why(predicate: ir.Predicate, scope: Scope, truth: bool) -> str:
    match predicate:
        case ir.Compare(op, left, right):
            return _comparison(op if truth else _OPPOSITE[op], left, right, scope)
        case ir.Member(item, options):
            shown = ", ".join(_shown(option, scope) for option in options)
            return f"{_shown(item, scope)} {'in' if truth else 'not in'} [{shown}]"
        case ir.Truth(value):
            return f"{_name(value) or 'value'} is {'true' if truth else 'false'}"
        case ir.Not(operand):
            return _why(operand, scope, not truth)
        case ir.And(parts) | ir.Or(parts):
            if truth is isinstance(predicate, ir.And):
                return " and ".join(_why(part, scope, truth) for part in parts)
            decisive = next(part for part in parts if holds(part, scope) is truth)
            return _why(decisive, scope, truth)


def _comparison(op: str, left: ir.Value, right: ir.Value, scope: Scope) -> str:
    names = _name(left), _name(right)
    if names[0] == names[1]:
        names = _full_name(left), _full_name(right)
    one, other = known(left, scope), known(right, scope)
    texts = _literal(one), _literal(other)
    if isinstance(one, float) or isinstance(other, float):
        texts = _rounded(op, one, other)
    sides = [f"{name} {text}" if name else text for name, text in zip(names, texts, strict=True)]
    return f"{sides[0]} {op} {sides[1]}"


def _rounded(op: str, left: float, right: float) -> tuple[str, str]:
    """Both numbers with four significant digits, or as many more as keep the statement true."""
    for digits in range(4, 17):
        texts = tuple(
            f"{number:.{digits}g}" if isinstance(number, float) else str(number)
            for number in (left, right)
        )
        if _TRUE_OF[op](float(texts[0]), float(texts[1])):
            return texts[0], texts[1]
    return render(left), render(right)


def _shown(value: ir.Value, scope: Scope) -> str:
    name, text = _name(value), _literal(known(value, scope))
    return f"{name} {text}" if name else text


def _name(value: ir.Value) -> str:
    match value:
        case ir.ParameterRef(name, _):
            return name
        case ir.OutputRef(_, output, _):
            return output
        case ir.RunRef(field, _):
            return f"run.{field}"
    return ""


def _full_name(value: ir.Value) -> str:
    return f"{value.task}.{value.output}" if isinstance(value, ir.OutputRef) else _name(value)


def _literal(value: Any) -> str:
    """A value as an expression writes it; long text is cut."""
    text = render(value)
    text = text if len(text) <= _TEXT_CAP else text[: _TEXT_CAP - 1] + "…"
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return f"'{text}'" if isinstance(value, str) else text
