"""A predicate as the `Conditions` of a Condition step: conjunctive normal form.

The list is the AND of its items; an item is a comparison, or an `Or` of comparisons.  There is
no `And`, the left side must be a reference, and only text is negated by `Not`:
https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html#step-type-condition
and the SageMaker SDK's workflow/conditions.py.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable
from typing import Any

from isodag import ir
from isodag.targets.sagemaker.references import Expr, as_value

MAX_CLAUSES = 32
_WORK = 2000  # clauses on the way before we stop: distribution may square them

Atom = dict[str, Any]
Clause = tuple[Atom, ...]  # any of them; empty: never
Clauses = tuple[Clause, ...]  # all of them; empty: always
Read = Callable[[ir.Value], Expr]

_TYPES = {
    "==": "Equals",
    "<": "LessThan",
    "<=": "LessThanOrEqualTo",
    ">": "GreaterThan",
    ">=": "GreaterThanOrEqualTo",
}
_NEGATED = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_SWAPPED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_COMPUTED: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class TooMany(Exception):
    """More clauses than a Condition step should hold; `count` of them at least."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


def lower(predicate: ir.Predicate, read: Read) -> bool | list[dict[str, Any]]:
    """The `Conditions` list of a predicate, or its value where nothing in it is open.

    read  gives the leaf of a value
    Raises TooMany above MAX_CLAUSES clauses.
    """
    clauses = _clauses(predicate, False, read)
    if len(clauses) > MAX_CLAUSES:
        raise TooMany(len(clauses))
    if not clauses:
        return True
    if () in clauses:
        return False
    return [
        clause[0] if len(clause) == 1 else {"Type": "Or", "Conditions": list(clause)}
        for clause in clauses
    ]


def _clauses(predicate: ir.Predicate, negated: bool, read: Read) -> Clauses:
    match predicate:
        case ir.Not(operand):
            return _clauses(operand, not negated, read)
        case ir.And(parts) | ir.Or(parts):
            below = [_clauses(part, negated, read) for part in parts]
            every = isinstance(predicate, ir.And) is not negated
            return _all(below) if every else _any(below)
        case ir.Compare(op, left, right):
            return _comparison(_NEGATED[op] if negated else op, read(left), read(right))
        case ir.Truth(value):
            return _comparison("==", read(value), _constant(not negated, "Boolean"))
        case ir.Member(item, options):
            return _membership(read(item), [read(option) for option in options], negated)


def _all(parts: Iterable[Clauses]) -> Clauses:
    return _simplified(clause for clauses in parts for clause in clauses)


def _any(parts: Iterable[Clauses]) -> Clauses:
    """Or distributed over and."""
    result: Clauses = ((),)
    for clauses in parts:
        if len(result) * len(clauses) > _WORK:
            raise TooMany(len(result) * len(clauses))
        result = _simplified((*left, *right) for left in result for right in clauses)
    return result


def _simplified(clauses: Iterable[Clause]) -> Clauses:
    """Each atom and clause once, and no clause that a smaller one implies; the order kept."""
    keyed = []
    for clause in clauses:
        atoms = {json.dumps(atom, sort_keys=True): atom for atom in clause}
        keyed.append((frozenset(atoms), tuple(atoms.values())))
    unique = dict(keyed)
    smallest: list[frozenset[str]] = []
    for key in sorted(unique, key=len):
        if not any(other <= key for other in smallest):
            smallest.append(key)
    kept = set(smallest)
    return tuple(clause for key, clause in unique.items() if key in kept)


# --- atoms -----------------------------------------------------------------------------------


def _constant(value: Any, type_name: str) -> Expr:
    return Expr((value,), type_name)


def _known(truth: bool) -> Clauses:
    return () if truth else ((),)


def _comparison(op: str, left: Expr, right: Expr) -> Clauses:
    if left.constant and right.constant:
        return _known(_COMPUTED[op](left.value, right.value))
    if left.constant:
        op, left, right = _SWAPPED[op], right, left
    if op != "!=":
        return ((_atom(op, left, right),),)
    if left.type in ("Integer", "Float"):
        return ((_atom("<", left, right), _atom(">", left, right)),)
    if left.type == "Boolean" and right.constant:
        return ((_atom("==", left, _constant(not right.value, "Boolean")),),)
    return ((_not(_atom("==", left, right)),),)


def _membership(item: Expr, options: list[Expr], negated: bool) -> Clauses:
    if item.constant or item.type == "Boolean":
        # nothing to query, or nothing that `In` is documented to take: compare one by one
        single = [_comparison("!=" if negated else "==", item, option) for option in options]
        return _all(single) if negated else _any(single)
    if not options:
        return _known(negated)
    found = {"Type": "In", "QueryValue": as_value(item), "Values": [as_value(o) for o in options]}
    return ((_not(found) if negated else found,),)


def _atom(op: str, left: Expr, right: Expr) -> Atom:
    return {"Type": _TYPES[op], "LeftValue": as_value(left), "RightValue": as_value(right)}


def _not(atom: Atom) -> Atom:
    """`Condition`, not `Expression`: https://github.com/aws/sagemaker-python-sdk/issues/2746."""
    return {"Type": "Not", "Condition": atom}
