"""What is known of a predicate before any run: it, smaller perhaps, or its truth."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from isodag.ir_values import And, Compare, Constant, Member, Not, Or, Predicate, Truth

_HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def folded(predicate: Predicate) -> Predicate | bool:
    """The predicate without the parts that constants decide; its truth where they decide it.

    `and` and `or` are decided by one part, whatever stands in the others.
    """
    match predicate:
        case Compare(op, Constant(left), Constant(right)):
            return bool(_HOLDS[op](left, right))
        case Member(Constant(item), options):
            known = [option.value for option in options if isinstance(option, Constant)]
            return item in known if len(known) == len(options) else predicate
        case Truth(Constant(value)):
            return bool(value)
        case Not(operand):
            inner = folded(operand)
            if isinstance(inner, bool):
                return not inner
            return inner.operand if isinstance(inner, Not) else Not(inner)
        case And(parts):
            return _joined(And, parts)
        case Or(parts):
            return _joined(Or, parts)
    return predicate


def _joined(kind: type[And | Or], parts: Iterable[Predicate]) -> Predicate | bool:
    decisive = kind is Or
    left: list[Predicate] = []
    for part in map(folded, parts):
        if part is decisive:
            return decisive
        if not isinstance(part, bool):
            left += part.operands if isinstance(part, kind) else (part,)
    if len(left) > 1:
        return kind(tuple(left))
    return left[0] if left else not decisive
