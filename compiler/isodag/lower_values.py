"""Values and conditions as the IR holds them: what is written in, names resolved."""

from __future__ import annotations

from typing import Any

from isodag import expressions as ex
from isodag import ir, types
from isodag.checks.comparing import options_of
from isodag.checks.typing import admit, constant_of
from isodag.frontend import syntax
from isodag.frontend.syntax import ConditionDef, Datum, ParameterDef
from isodag.ir import Constant, Value
from isodag.ir_values import joined
from isodag.runtime import values
from isodag.scope import EachItem, EachValue, RunField, Scope, StepOutput, VarValue
from isodag.source import Span


def value_of(written: syntax.Written, wanted: str | None, scope: Scope) -> Value:
    """A value as the IR holds it; `wanted` types a constant (None: by itself)."""
    constant = constant_of(written, scope)
    if constant is not None:
        return _constant(constant, wanted)
    assert not isinstance(written, Datum)
    if isinstance(written.whole, ex.Name):
        return _reference(written.whole, scope)
    parts = [
        Constant(part, "String") if isinstance(part, str) else _reference(part, scope)
        for part in written.parts
        if isinstance(part, str | ex.Name)
    ]
    return joined(parts)


def _constant(datum: Datum, wanted: str | None) -> Constant:
    if wanted is None:
        value = datum.value
        return Constant(value, values.kind(value) if value is not None else "String")
    if wanted == "String" and not isinstance(datum.value, str):
        return Constant(values.render(datum.value), "String")  # a message such as `fail: 3`
    return Constant(admit(wanted, datum.value), wanted)


def _reference(name: ex.Name, scope: Scope) -> Value:
    match scope.look_up(name):
        case ParameterDef() as parameter:
            return ir.ParameterRef(parameter.name.text, parameter.type.text)
        case StepOutput(step, output, type_name, item):
            if item:
                return collected(step, output, item, name.span)
            return ir.OutputRef(step, output, type_name, name.span)
        case EachValue(step, type=type_name) | EachItem(step, type_name):
            return ir.EachRef(step, ".".join(name.path[2:]), type_name)
        case VarValue(value):
            return Constant(value, values.kind(value))
        case RunField(field):
            return ir.RunRef(field)
    raise AssertionError(f"the rules let `{name}` pass")


def collected(step: str, output: str, type_name: str, span: Span | None = None) -> ir.Collected:
    """What the repetitions of a step give as one of their outputs, each of the type."""
    listed = types.list_of(type_name)
    return ir.Collected(step, ir.OutputRef(step, output, type_name, span), listed)


def predicate_of(expression: ex.Expression | None, scope: Scope) -> ir.Predicate:
    """A condition, the named ones in it written out."""
    match expression:
        case ex.And(parts):
            return ir.And(tuple(predicate_of(part, scope) for part in parts))
        case ex.Or(parts):
            return ir.Or(tuple(predicate_of(part, scope) for part in parts))
        case ex.Not(operand):
            return ir.Not(predicate_of(operand, scope))
        case ex.Compare(op, left, right):
            return ir.Compare(op, _operand(left, scope), _operand(right, scope))
        case ex.Contains(item, options, negated):
            member = ir.Member(_operand(item, scope), _options(options, scope))
            return ir.Not(member) if negated else member
        case ex.Name():
            found = scope.look_up(expression)
            if isinstance(found, ConditionDef):
                return predicate_of(found.expression, scope)
            return ir.Truth(_reference(expression, scope))
        case ex.Literal(value):
            return ir.Truth(Constant(value, values.kind(value)))
    raise AssertionError("the rules let a condition without a value pass")


def _operand(expression: ex.Expression, scope: Scope) -> Value:
    if isinstance(expression, ex.Literal):
        return Constant(expression.value, values.kind(expression.value))
    assert isinstance(expression, ex.Name)
    return _reference(expression, scope)


def _options(expression: ex.Expression, scope: Scope) -> tuple[Value, ...]:
    if isinstance(expression, ex.ListOf):
        return tuple(_operand(item, scope) for item in expression.items)
    listed: list[Any] = options_of(expression, scope) or []
    return tuple(Constant(item, values.kind(item)) for item in listed)
