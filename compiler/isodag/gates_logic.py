"""Which condition implies which, and which is always true: decided by truth table.

A condition is a formula over atoms such as `steps.a.outputs.x < 0.8`.  Atoms about one value hang
together: what is below 0.8 is below 0.9, and what is `fast` is not `slow`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

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
    names,
    show,
)
from isodag.frontend.syntax import ConditionDef, ParameterDef
from isodag.runtime import values
from isodag.scope import Scope, VarValue

MAX_ATOMS = 14  # 16,384 rows, a bit each
_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_NEGATED = {">=": "<", ">": "<=", "!=": "=="}


@dataclass(frozen=True)
class _Atom:
    """`subject op value`; op is < or <= or ==, or empty for a subject that is itself Boolean."""

    subject: str
    op: str = ""
    value: Any = None

    def holds(self, value: Any) -> bool:
        """Whether it holds where the subject has this value."""
        if self.op == "==":
            return bool(value == self.value)
        return bool(value < self.value if self.op == "<" else value <= self.value)


@dataclass(frozen=True)
class _Formula:
    """kind: atom, not, and, or; an empty `and` is true."""

    kind: str
    parts: tuple[_Formula, ...] = ()
    atom: _Atom | None = None


_TRUE = _Formula("and")


def implies(given: Expression | None, wanted: Expression | None, scope: Scope) -> bool:
    """Whether `given` being true makes `wanted` true, whatever the values; None is always true.

    Beyond MAX_ATOMS comparisons only what stands in `given` word for word is implied.
    """
    left, right = _formula(given, scope), _formula(wanted, scope)
    stated = set(left.parts) if left.kind == "and" else {left}
    if left == right or (set(right.parts) if right.kind == "and" else {right}) <= stated:
        return True
    table = _Table.of(left, right)
    return table is not None and not table.rows(left) & table.possible() & ~table.rows(right)


def constant(expression: Expression, scope: Scope) -> bool | None:
    """True or False for a condition that is always so, whatever the values; else None.

    The values of parameters are taken to keep their limits, as everything that starts a run sees
    to; `implies` does not rely on it.
    """
    formula = _formula(expression, scope)
    table = _Table.of(formula)
    if table is None:
        return None
    possible, rows = table.possible(_limits(expression, scope)), table.rows(formula)
    if not rows & possible:
        return False
    return True if rows & possible == possible else None


@dataclass(frozen=True)
class _Table:
    """A truth table: a row for each way to make the atoms true or false; a set of rows is an int
    whose bits say which."""

    columns: dict[_Atom, int] = field(default_factory=dict)
    full: int = 1

    @classmethod
    def of(cls, *formulas: _Formula) -> _Table | None:
        """The table of the atoms in some formulas; None when they are too many."""
        atoms = list(dict.fromkeys(atom for item in formulas for atom in _atoms(item)))
        if len(atoms) > MAX_ATOMS:
            return None
        full = (1 << (1 << len(atoms))) - 1
        # in column i, 2**i rows where the atom is false alternate with 2**i where it is true
        return cls({a: full ^ full // ((1 << (1 << i)) + 1) for i, a in enumerate(atoms)}, full)

    def rows(self, formula: _Formula) -> int:
        """Where a formula is true."""
        if formula.atom is not None:
            return self.columns[formula.atom]
        if formula.kind == "not":
            return self.full ^ self.rows(formula.parts[0])
        found = self.full if formula.kind == "and" else 0
        for part in formula.parts:
            rows = self.rows(part)
            found = found & rows if formula.kind == "and" else found | rows
        return found

    def possible(self, limits: Mapping[str, Mapping[str, Any]] | None = None) -> int:
        """The rows that some values make: those where a subject's atoms fit together.

        limits  minimum, maximum and enum by subject
        """
        groups: dict[tuple[str, bool], list[_Atom]] = defaultdict(list)
        for atom in self.columns:
            if atom.op:
                groups[atom.subject, values.kind(atom.value) == "String"].append(atom)
        found = self.full
        for (subject, _), atoms in groups.items():
            able = 0
            for value in _samples([atom.value for atom in atoms], (limits or {}).get(subject, {})):
                rows = self.full
                for atom in atoms:
                    column = self.columns[atom]
                    rows &= column if atom.holds(value) else self.full ^ column
                able |= rows
            found &= able
        return found


def _samples(bounds: list[Any], limits: Mapping[str, Any]) -> Iterator[Any]:
    """The bounds themselves, and a value below, between and above each two of them, in limits."""
    if "enum" in limits:
        # a comparison with another type is reported elsewhere
        text = isinstance(bounds[0], str)
        yield from (value for value in limits["enum"] if isinstance(value, str) == text)
        return
    if isinstance(bounds[0], str):
        yield from (*bounds, "".join(bounds) + "?")
        return
    least, most = limits.get("minimum", -math.inf), limits.get("maximum", math.inf)
    ordered = sorted({least, most, *(bound for bound in bounds if least <= bound <= most)})
    yield from ordered
    yield from ((low + high) / 2 for low, high in pairwise(ordered))


def _limits(expression: Expression, scope: Scope) -> dict[str, dict[str, Any]]:
    """The limits of the parameters that a condition compares, named conditions written out."""
    found: dict[str, dict[str, Any]] = {}
    waiting = [expression]
    while waiting:
        for name in names(waiting.pop()):
            if str(name) in found:
                continue
            meant = scope.look_up(name)
            found[str(name)] = {}
            if isinstance(meant, ConditionDef) and meant.expression is not None:
                waiting.append(meant.expression)
            elif isinstance(meant, ParameterDef):
                found[str(name)] = {
                    word: datum.value
                    for word, datum in meant.constraints.items()
                    if _sensible(word, datum.value, meant.type.text)
                }
    return found


def _sensible(word: str, limit: Any, type_name: str) -> bool:
    """Whether a limit can be reckoned with; what is wrong with it is reported elsewhere."""
    if word == "enum":
        wanted = {"Integer", "Float"} if type_name in ("Integer", "Float") else {type_name}
        return isinstance(limit, list) and limit != [] and set(map(values.kind, limit)) <= wanted
    # a whole number beyond all floats cannot be reckoned with either
    return word in ("minimum", "maximum") and type(limit) in (int, float) and abs(limit) < 1e300


def _atoms(formula: _Formula) -> Iterator[_Atom]:
    if formula.atom is not None:
        yield formula.atom
    for part in formula.parts:
        yield from _atoms(part)


# --- expressions to formulas -----------------------------------------------------------------


def _formula(expression: Expression | None, scope: Scope) -> _Formula:
    match expression:
        case None:
            return _TRUE
        case And(parts) | Or(parts):
            kind = "and" if isinstance(expression, And) else "or"
            inner = tuple(_formula(part, scope) for part in parts)
            flat = (part.parts if part.kind == kind else (part,) for part in inner)
            return _Formula(kind, tuple(part for group in flat for part in group))
        case Not(operand):
            return _not(_formula(operand, scope))
        case Literal(bool() as value):
            return _TRUE if value else _not(_TRUE)
        case Name():
            found = scope.look_up(expression)
            if isinstance(found, ConditionDef):
                return _formula(found.expression, scope)
            return _atom(str(expression))
        case Compare(op, left, right):
            return _comparison(op, left, right, scope)
        case Contains(item, options, negated):
            listed = _options(options, scope)
            if listed is None:
                return _atom(show(expression))
            anyone = tuple(_comparison("==", item, option, scope) for option in listed)
            return _not(_Formula("or", anyone)) if negated else _Formula("or", anyone)
    return _atom(show(expression))


def _comparison(op: str, left: Expression, right: Expression, scope: Scope) -> _Formula:
    if isinstance(left, Literal) or (not isinstance(right, Literal) and show(left) > show(right)):
        left, right, op = right, left, _MIRROR[op]
    if (known := _known(op, left, right)) is not None:
        return _TRUE if known else _not(_TRUE)
    if isinstance(right, Literal) and isinstance(right.value, bool):
        positive = _formula(left, scope) if right.value else _not(_formula(left, scope))
        return _not(positive) if op == "!=" else positive
    if isinstance(right, Literal) and _orderly(right.value):
        positive = _Formula("atom", (), _Atom(show(left), _NEGATED.get(op, op), right.value))
    else:
        positive = _atom(f"{show(left)} {_NEGATED.get(op, op)} {show(right)}")
    return _not(positive) if op in _NEGATED else positive


def _known(op: str, left: Expression, right: Expression) -> bool | None:
    """The result of a comparison of two literals, or of a value with itself."""
    if isinstance(left, Name) and str(left) == show(right):
        return op in ("==", "<=", ">=")
    if not isinstance(left, Literal) or not isinstance(right, Literal):
        return None
    a, b = left.value, right.value
    if op in ("==", "!="):
        return bool(a == b) == (op == "==")
    if isinstance(a, str) != isinstance(b, str):
        return None
    return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op])


def _orderly(value: Any) -> bool:
    """Whether values can be put in order with this one: text, or a number of a sane size."""
    return isinstance(value, str) or (isinstance(value, int | float) and abs(value) < 1e300)


def _options(expression: Expression, scope: Scope) -> list[Expression] | None:
    if isinstance(expression, ListOf):
        return list(expression.items)
    found = scope.look_up(expression) if isinstance(expression, Name) else None
    if isinstance(found, VarValue) and isinstance(found.value, list):
        return [Literal(item, expression.span) for item in found.value]
    return None


def _atom(text: str) -> _Formula:
    return _Formula("atom", (), _Atom(text))


def _not(formula: _Formula) -> _Formula:
    return formula.parts[0] if formula.kind == "not" else _Formula("not", (formula,))
