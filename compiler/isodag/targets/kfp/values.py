"""The values of the IR as KFP carries them: what a text is joined of, what a list is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from isodag import types
from isodag.ir import (
    Collected,
    Constant,
    EachRef,
    Group,
    Listing,
    Loop,
    OutputRef,
    ParameterRef,
    RunRef,
    Text,
    Value,
)

Source = Constant | ParameterRef | OutputRef | RunRef | EachRef | Collected  # what has one wire

_LIST = "list of "  # of artifacts, before their type


def source(value: Value) -> Source:
    """A value that comes over one wire.  A list of known values is a constant."""
    assert not isinstance(value, Text), "a text has a wire for each of its parts"
    if not isinstance(value, Listing):
        return value
    known = [item.value for item in value.items if isinstance(item, Constant)]
    assert len(known) == len(value.items), "no repetition is written out on KFP"
    return Constant(known, value.type)


def parts(value: Value) -> Iterator[Source]:
    """What a value is joined of; most are one thing."""
    for part in value.parts if isinstance(value, Text) else (value,):
        yield source(part)


def made(value: OutputRef | Collected) -> OutputRef:
    """The output that a value is, or that each repetition gives to it."""
    while not isinstance(value, OutputRef):
        assert not isinstance(value.item, EachRef), "items are read where they are written"
        value = value.item
    return value


def is_artifact(type_name: str) -> bool:
    """Whether values of the type, or the items of such a list, are artifacts."""
    return not types.is_parameter(type_name) and type_name != types.SECRET


def listed(type_name: str) -> str:
    """The type of a list of such values."""
    return f"{_LIST}{type_name}" if is_artifact(type_name) else "JsonArray"


def item_type(type_name: str) -> tuple[str, bool]:
    """The type of an artifact or of the artifacts in a list, and whether it is a list."""
    return type_name.removeprefix(_LIST), type_name.startswith(_LIST)


def known_items(loop: Loop) -> list[Any] | None:
    """A loop's items where they are known at compile time."""
    if isinstance(loop.items, tuple):
        return list(loop.items)
    held = loop.items
    return list(held.value) if isinstance(held, Constant) else None


def picked(collected: Collected, groups: dict[str, Group]) -> Value:
    """A list as a task can be given it: one of a loop's items is what the loop goes over."""
    if not isinstance(collected.item, EachRef):
        return collected
    loop = groups[collected.item.group].loop
    assert loop is not None and collected.item.group == collected.group and not collected.item.field
    items = known_items(loop)
    if items is not None:
        return Constant(items, "JsonArray")
    assert not isinstance(loop.items, tuple)
    return loop.items
