"""The `${{ }}` language as a small positioned tree, and the tree as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from isodag.runtime.values import render
from isodag.source import Span

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Literal:
    """A number, string or boolean."""

    value: Any
    span: Span


@dataclass(frozen=True)
class ListOf:
    """`[a, b]`, only right of `in`."""

    items: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True)
class Name:
    """`steps.train.outputs.model`; `spans` holds the place of each part.

    step  the step that a name which starts with `each` stands in; empty for all others
    """

    path: tuple[str, ...]
    spans: tuple[Span, ...]
    span: Span
    step: str = ""

    def __str__(self) -> str:
        root, *rest = self.path
        return root + "".join(f".{p}" if _WORD.fullmatch(p) else f"[{_quoted(p)}]" for p in rest)


@dataclass(frozen=True)
class Compare:
    """`left op right`, op one of == != < <= > >=."""

    op: str
    left: Expression
    right: Expression
    span: Span


@dataclass(frozen=True)
class Contains:
    """`item in options`, or `item not in options`."""

    item: Expression
    options: Expression
    negated: bool
    span: Span


@dataclass(frozen=True)
class Not:
    """`not operand`."""

    operand: Expression
    span: Span


@dataclass(frozen=True)
class And:
    """`a and b and …`."""

    operands: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True)
class Or:
    """`a or b or …`."""

    operands: tuple[Expression, ...]
    span: Span


Expression = Literal | ListOf | Name | Compare | Contains | Not | And | Or


@dataclass(frozen=True)
class Template:
    """Text with `${{ }}` in it: the parts alternate text and expressions.

    A single part that is an expression keeps its type; anything else concatenates.  No part at
    all: it could not be read, which has been reported.
    """

    parts: tuple[str | Expression, ...]
    span: Span

    @property
    def whole(self) -> Expression | None:
        """The expression when it is all there is."""
        only = self.parts[0] if len(self.parts) == 1 else None
        return None if isinstance(only, str) else only


def children(expression: Expression) -> tuple[Expression, ...]:
    """The operands of an expression."""
    match expression:
        case Compare(_, left, right) | Contains(left, right):
            return (left, right)
        case Not(operand):
            return (operand,)
        case And(parts) | Or(parts) | ListOf(parts):
            return parts
    return ()


def names(expression: Expression) -> Iterator[Name]:
    """Every name in an expression, left to right."""
    if isinstance(expression, Name):
        yield expression
    for child in children(expression):
        yield from names(child)


def replaced(expression: Expression, change: Callable[[Name], Expression]) -> Expression:
    """The expression with something else for each of its names."""
    match expression:
        case Name():
            return change(expression)
        case Compare(op, left, right, span):
            return Compare(op, replaced(left, change), replaced(right, change), span)
        case Contains(item, options, negated, span):
            return Contains(replaced(item, change), replaced(options, change), negated, span)
        case Not(operand, span):
            return Not(replaced(operand, change), span)
        case And(parts, span) | Or(parts, span) | ListOf(parts, span):
            return type(expression)(tuple(replaced(part, change) for part in parts), span)
    return expression


def show(expression: Expression, parent: int = 0) -> str:
    """The expression as text, in one spelling, with only the brackets it needs."""
    match expression:
        case Literal(str() as value):
            return _quoted(value)
        case Literal(value):
            return render(value)
        case Name():
            return str(expression)
        case ListOf(items):
            return f"[{', '.join(show(item) for item in items)}]"
        case Or(parts):
            text, level = " or ".join(show(part, 1) for part in parts), 1
        case And(parts):
            text, level = " and ".join(show(part, 2) for part in parts), 2
        case Not(operand):
            text, level = f"not {show(operand, 3)}", 3
        case Compare(op, left, right):
            text, level = f"{show(left, 4)} {op} {show(right, 4)}", 4
        case Contains(item, options, negated):
            text, level = f"{show(item, 4)} {'not in' if negated else 'in'} {show(options, 4)}", 4
    return f"({text})" if parent > level or (parent == level == 4) else text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
