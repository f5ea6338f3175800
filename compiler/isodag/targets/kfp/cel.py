"""Predicates as CEL, as a sub-DAG's `triggerPolicy.condition` holds them.

The driver evaluates a condition over `inputs.parameter_values`, protobuf values of which every
number is a double, so numbers are compared as doubles whatever their type; a comparison of a
double with a CEL int is an error there
(https://github.com/kubeflow/pipelines/blob/master/backend/src/v2/expression/expression_test.go).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from isodag.ir import (
    And,
    Compare,
    Constant,
    Member,
    Not,
    Or,
    Predicate,
    Text,
    Truth,
    Value,
)
from isodag.runtime import values

_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_NUMBERS = ("Integer", "Float")


def condition(predicate: Predicate, taken: bool, key: Callable[[Value], str]) -> str:
    """The CEL expression that is true when the predicate's value is `taken`.

    key  the name of the sub-DAG's input that holds a value which is no constant
    """
    return _expression(predicate if taken else Not(predicate), key)


def _expression(predicate: Predicate, key: Callable[[Value], str]) -> str:
    match predicate:
        case And(operands):
            return " && ".join(_operand(item, key) for item in operands)
        case Or(operands):
            return " || ".join(_operand(item, key) for item in operands)
        case Not(operand):
            return f"!({_expression(operand, key)})"
        case Compare(op, left, right):
            return f"{_value(left, key)} {op} {_value(right, key)}"
        case Member(item, options):
            held = _value(item, key)
            tests = [f"{held} == {_value(option, key)}" for option in options]
            return " || ".join(tests) or "false"
        case Truth(value):
            return f"{_value(value, key)} == true"


def _operand(predicate: Predicate, key: Callable[[Value], str]) -> str:
    """An operand of && or ||: in parentheses unless it is a single comparison or negation."""
    written = _expression(predicate, key)
    single = isinstance(predicate, Compare | Truth | Not)
    return written if single else f"({written})"


def _value(value: Value, key: Callable[[Value], str]) -> str:
    if isinstance(value, Constant):
        return _literal(value)
    if isinstance(value, Text):
        return "(" + " + ".join(_text(part, key) for part in value.parts) + ")"
    return f"inputs.parameter_values['{key(value)}']"


def _literal(constant: Constant) -> str:
    if constant.type in _NUMBERS:
        return repr(float(constant.value))
    if constant.type == "Boolean":
        return "true" if constant.value else "false"
    return string(values.render(constant.value))


def _text(part: Value, key: Callable[[Value], str]) -> str:
    """A part of a text as a CEL string."""
    if isinstance(part, Constant):
        return string(values.render(part.value))
    written = _value(part, key)
    if part.type == "Integer":
        return f"string(int({written}))"
    if part.type == "Boolean":
        return f"({written} == true ? 'true' : 'false')"
    return f"string({written})"


def string(text: str) -> str:
    """A CEL string literal (https://github.com/google/cel-spec/blob/master/doc/langdef.md)."""
    return "'" + re.sub(r"[\\'\x00-\x1f\x7f]", _escape, text) + "'"


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04x}"
