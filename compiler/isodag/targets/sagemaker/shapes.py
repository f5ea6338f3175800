"""The service model's shapes, as `tools/sagemaker_shapes.py` wrote them: what a request may hold
and what a `Steps.…` path may name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from isodag.targets.sagemaker.further import FURTHER
from isodag.targets.sagemaker.kinds import Kind
from isodag.targets.sagemaker.references import UNTYPED

# What a value of the shape is as a pipeline value; timestamps arrive as text
_VALUE_TYPES = {
    "string": "String", "integer": "Integer", "float": "Float", "boolean": "Boolean",
    "timestamp": "String", "anything": UNTYPED, "value": UNTYPED,
}  # fmt: skip
_SEGMENT = re.compile(r"""\.?([A-Za-z_]\w*)|\[\s*'([^']*)'\s*\]|\[\s*"([^"]*)"\s*\]|\[(\d+)\]""")
_NUMBER = 4  # the group that is the number of an item


@dataclass(frozen=True)
class Shape:
    """One shape.

    type      structure, list, map, string, integer, float, boolean or timestamp; of `further.py`
              also anything (any JSON) and value (one value of a type that is not known)
    members   of a structure: shape names by member
    element   of a list or a map: the shape name of its items
    key       of a map
    pattern   for `re.fullmatch`
    minimum, maximum   of a number, or of the length of a string, list or map
    """

    name: str
    type: str
    members: Mapping[str, str]
    required: tuple[str, ...]
    element: str
    key: str
    enum: tuple[str, ...]
    pattern: str | None
    minimum: int | None
    maximum: int | None


@cache
def _table() -> dict[str, Any]:
    path = Path(__file__).with_name("shapes.json")
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


def version() -> str:
    """The botocore version that the shapes were read from."""
    return str(_table()["botocore"])


@cache
def shape(name: str) -> Shape:
    """The shape of that name."""
    raw = FURTHER.get(name) or _table()["shapes"][name]
    if "like" in raw:
        raw = _like(raw)
    return Shape(
        name, raw["t"], raw.get("m", {}), tuple(raw.get("r", ())),
        raw.get("e") or raw.get("v", ""), raw.get("k", ""), tuple(raw.get("enum", ())),
        raw.get("pattern"), raw.get("min"), raw.get("max"),
    )  # fmt: skip


def _like(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A shape of an API with some members changed, left out, or not required."""
    whole = _table()["shapes"][raw["like"]]
    gone = set(raw.get("without", ()))
    members = {name: part for name, part in whole["m"].items() if name not in gone}
    free = gone | set(raw.get("optional", ()))
    required = [name for name in whole.get("r", ()) if name not in free]
    return {**whole, "m": members | raw.get("m", {}), "r": required}


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the service model, for `fullmatch`."""
    return re.compile(pattern)


# --- property paths --------------------------------------------------------------------------


@dataclass(frozen=True)
class Property:
    """A property of a step: its path as a `Get` continues it, and the type of its value.

    type  a parameter type; empty for a structure, list or map; UNTYPED where nobody knows
    """

    path: str
    type: str


@dataclass(frozen=True)
class NoProperty:
    """A path that the step kind does not have: the segment at fault, and what there is instead.

    index  which segment of the path that is
    help   the way out, where no other name is it
    """

    segment: str
    known: tuple[str, ...]
    index: int = field(default=0, compare=False)
    help: str | None = field(default=None, compare=False)


class Segment(NamedTuple):
    """A part of a property path: a member or a key, or the number of an item; and where it is."""

    value: str | int
    start: int
    end: int


def parse(path: str) -> tuple[Segment, ...] | None:
    """The parts of `A.B['c'].D[0]` with their places, or None where it is not such a path."""
    parts, at = [], 0
    while at < len(path):
        match = _SEGMENT.match(path, at)
        if match is None or match.lastindex is None:
            return None
        group = match.lastindex
        value = int(match[group]) if group == _NUMBER else match[group]
        parts.append(Segment(value, match.start(group), match.end(group)))
        at = match.end()
    return tuple(parts) or None


def segments(path: str) -> tuple[str | int, ...] | None:
    """The parts of `A.B['c'].D[0]`, or None where it is not such a path."""
    parts = parse(path)
    return None if parts is None else tuple(part.value for part in parts)


def find_property(kind: Kind, path: Sequence[str | int]) -> Property | NoProperty:
    """The property of a step that a path names: members of the Describe answer of its kind.

    Lists take a number or the name of an item, maps a key:
    https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps.html
    """
    roots = [shape(name) for name in kind.describe]
    known = tuple(sorted({member for root in roots for member in root.members}))
    free = [root for root in roots if root.type == "anything"]
    current = next((root for root in roots if path and path[0] in root.members), None)
    current = current or (free[0] if free else None)
    if current is None:
        return NoProperty(str(path[0]) if path else "", known)
    written = ""
    for index, part in enumerate(path):
        segment = str(part)
        if current.type == "anything":
            plain = isinstance(part, str) and part.isidentifier()
            dotted = f".{part}" if written else segment
            written += dotted if plain else f"[{part}]" if isinstance(part, int) else f"['{part}']"
            continue
        if current.type == "structure":
            if segment not in current.members:
                return NoProperty(segment, tuple(sorted(current.members)), index)
            written += f".{segment}" if written else segment
            current = shape(current.members[segment])
            continue
        number = current.type == "list" and (isinstance(part, int) or segment.isdecimal())
        if current.type == "list" and not number and not _named(shape(current.element)):
            help = f"`{written}` is a list of items without names: write {written}[0]"
            return NoProperty(segment, (), index, help)
        if current.type == "map" and isinstance(part, int):
            return NoProperty(segment, (), index, f"`{written}` has keys: write ['{segment}']")
        if current.type not in ("list", "map") or "'" in segment:
            return NoProperty(segment, (), index, f"`{written}` is a single value: end there")
        written += f"[{segment}]" if number else f"['{segment}']"
        current = shape(current.element)
    return Property(written, _VALUE_TYPES.get(current.type, ""))


def _named(element: Shape) -> bool:
    """Whether the items of a list have names to ask for them by."""
    return any(member.endswith("Name") or member == "Key" for member in element.members)
