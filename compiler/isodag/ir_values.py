"""Values and predicates of the IR: what a task is given, and what a gate asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from isodag.runtime.values import render
from isodag.source import Span

# --- values ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Constant:
    """A value known at compile time.  An artifact's constant is its URI or path (str)."""

    value: Any
    type: str


@dataclass(frozen=True)
class ParameterRef:
    """The value of a pipeline parameter; an artifact parameter's is its URI."""

    name: str
    type: str


@dataclass(frozen=True)
class OutputRef:
    """An output of a task: a scalar where the type is a parameter type, else an artifact."""

    task: str
    output: str
    type: str
    span: Span | None = field(default=None, compare=False, repr=False)  # where it is written


@dataclass(frozen=True)
class RunRef:
    """A fact about the run, a String: `id`, `pipeline` or `started_at`."""

    field: str
    type: str = "String"


@dataclass(frozen=True)
class EachRef:
    """The item that a repetition of `group` works on, or a field of it; only within the group.

    field  of an item that is a mapping; empty for the item itself
    """

    group: str
    field: str
    type: str


@dataclass(frozen=True)
class Collected:
    """What the repetitions of `group` give, in the order of its items; only outside the group.

    item  what each gives: an OutputRef or EachRef within the group; or a Collected, where another
          group lies between
    type  JsonArray where the item's is a parameter type, else `list of T`, which only Pick takes
    """

    group: str
    item: OutputRef | EachRef | Collected
    type: str


@dataclass(frozen=True)
class Listing:
    """Values side by side: what a Collected is once its repetitions are written out."""

    items: tuple[Value, ...]
    type: str


@dataclass(frozen=True)
class Text:
    """Values joined into one String; the parts alternate text constants and other values."""

    parts: tuple[Value, ...]
    type: str = "String"


Value = Constant | ParameterRef | OutputRef | RunRef | EachRef | Collected | Listing | Text

# --- predicates ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compare:
    """`left op right`; op is one of == != < <= > >=.  Operands are comparable by type."""

    op: str
    left: Value
    right: Value


@dataclass(frozen=True)
class Member:
    """`item in options`; all of comparable types."""

    item: Value
    options: tuple[Value, ...]


@dataclass(frozen=True)
class Truth:
    """A Boolean value standing alone."""

    value: Value


@dataclass(frozen=True)
class Not:
    """Negation."""

    operand: Predicate


@dataclass(frozen=True)
class And:
    """All of two or more."""

    operands: tuple[Predicate, ...]


@dataclass(frozen=True)
class Or:
    """Any of two or more."""

    operands: tuple[Predicate, ...]


Predicate = Compare | Member | Truth | Not | And | Or


# --- walks -----------------------------------------------------------------------------------


def leaves(value: Value) -> Iterator[Value]:
    """The value itself, or the parts of a Text or Listing, or what a Collected collects."""
    if isinstance(value, Collected):
        yield from leaves(value.item)
    elif isinstance(value, Listing):
        for item in value.items:
            yield from leaves(item)
    elif isinstance(value, Text):
        for part in value.parts:
            yield from leaves(part)
    else:
        yield value


def operands(predicate: Predicate) -> Iterator[Value]:
    """Every value that a predicate reads, left to right."""
    match predicate:
        case Compare(_, left, right):
            yield left
            yield right
        case Member(item, options):
            yield item
            yield from options
        case Truth(value):
            yield value
        case Not(operand):
            yield from operands(operand)
        case And(parts) | Or(parts):
            for part in parts:
                yield from operands(part)


# --- text ------------------------------------------------------------------------------------


def joined(parts: Iterable[Value]) -> Value:
    """Values joined into text: neighbouring constants as one; constants alone are a constant."""
    found: list[Value] = []
    waiting = list(parts)[::-1]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Text):
            waiting += part.parts[::-1]
            continue
        if isinstance(part, Constant):
            text = render(part.value)
            if found and isinstance(before := found[-1], Constant):
                found.pop()
                text = before.value + text
            part = Constant(text, "String")
        found.append(part)
    if len(found) == 1 and isinstance(found[0], Constant):
        return found[0]
    return Text(tuple(found))
