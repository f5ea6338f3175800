"""What stands behind what: conditions as propositional formulas, and which implies which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from isodag.expressions import (
    And, Compare, Contains, Expression, ListOf, Literal, Name, Not, Or, Template, names,
)  # fmt: skip
from isodag.frontend.syntax import ConditionDef, StepDef
from isodag.runtime import values
from isodag.scope import Scope, StepOutput, names_in

MAX_ATOMS = 12  # implication is decided by truth table: 4,096 rows at most
_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_NEGATED = {">=": "<", ">": "<=", "!=": "=="}


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
    for value in (*(entry.value for entry in step.inputs), step.fail):
        for name in names_in(value) if isinstance(value, Template) else ():
            found = scope.look_up(name)
            if isinstance(found, StepOutput):
                yield found.step, name
    if step.when is not None and step.when.expression is not None:
        yield from steps_read(step.when.expression, scope)
    for word in step.after:
        if word.text in scope.steps:
            yield word.text, None


def implies(given: Expression | None, wanted: Expression | None, scope: Scope) -> bool:
    """Whether `given` being true makes `wanted` true, whatever the values; None is always true.

    Beyond MAX_ATOMS comparisons only an equal condition is taken to imply another.
    """
    if wanted is None:
        return True
    atoms: dict[str, int] = {}
    left = _formula(given, scope, atoms) if given is not None else ("true",)
    right = _formula(wanted, scope, atoms)
    if len(atoms) > MAX_ATOMS:
        return left == right
    rows = product((False, True), repeat=len(atoms))
    return all(_holds(right, row) for row in rows if _holds(left, row))


# A formula is ("atom", index) | ("not", f) | ("and", f…) | ("or", f…) | ("true",)
_Formula = tuple  # type: ignore[type-arg]


def _formula(
    expression: Expression, scope: Scope, atoms: dict[str, int], depth: int = 0
) -> _Formula:
    match expression:
        case And(parts):
            return ("and", *(_formula(part, scope, atoms, depth) for part in parts))
        case Or(parts):
            return ("or", *(_formula(part, scope, atoms, depth) for part in parts))
        case Not(operand):
            return ("not", _formula(operand, scope, atoms, depth))
        case Name() if depth < 50:
            found = scope.look_up(expression)
            if isinstance(found, ConditionDef) and found.expression is not None:
                return _formula(found.expression, scope, atoms, depth + 1)
        case Compare(op, left, right):
            first, second = _key(left), _key(right)
            if first > second:
                first, second, op = second, first, _MIRROR[op]
            positive = ("atom", _atom(f"{first} {_NEGATED.get(op, op)} {second}", atoms))
            return ("not", positive) if op in _NEGATED else positive
        case Contains(negated=negated):
            positive = ("atom", _atom(_key(expression), atoms))
            return ("not", positive) if negated else positive
    return ("atom", _atom(_key(expression), atoms))


def _atom(key: str, atoms: dict[str, int]) -> int:
    return atoms.setdefault(key, len(atoms))


def _key(expression: Expression) -> str:
    match expression:
        case Literal(value):
            return f"{type(value).__name__}:{values.render(value)}"
        case Name():
            return str(expression)
        case ListOf(items):
            return f"[{', '.join(_key(item) for item in items)}]"
        case Contains(item, options):
            return f"{_key(item)} in {_key(options)}"
    return repr(expression)


def _holds(formula: _Formula, row: tuple[bool, ...]) -> bool:
    kind, *parts = formula
    if kind == "atom":
        return row[parts[0]]
    if kind == "not":
        return not _holds(parts[0], row)
    if kind == "and":
        return all(_holds(part, row) for part in parts)
    if kind == "or":
        return any(_holds(part, row) for part in parts)
    return True
