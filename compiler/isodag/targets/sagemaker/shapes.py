"""The service model's shapes, as `tools/sagemaker_shapes.py` wrote them: what a request may hold
and what a `Steps.…` path may name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from isodag.targets.sagemaker.kinds import Kind

# What a value of the shape is as a pipeline value; timestamps arrive as text
_VALUE_TYPES = {
    "string": "String", "integer": "Integer", "float": "Float", "boolean": "Boolean",
    "timestamp": "String",
}  # fmt: skip
_SEGMENT = re.compile(r"""\.?([A-Za-z_]\w*)|\[\s*'([^']*)'\s*\]|\[\s*"([^"]*)"\s*\]|\[(\d+)\]""")


@dataclass(frozen=True)
class Shape:
    """One shape.

    type      structure, list, map, string, integer, float, boolean or timestamp
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
    raw = _table()["shapes"][name]
    return Shape(
        name, raw["t"], raw.get("m", {}), tuple(raw.get("r", ())),
        raw.get("e") or raw.get("v", ""), raw.get("k", ""), tuple(raw.get("enum", ())),
        raw.get("pattern"), raw.get("min"), raw.get("max"),
    )  # fmt: skip


# --- property paths --------------------------------------------------------------------------


@dataclass(frozen=True)
class Property:
    """A property of a step: its path as a `Get` continues it, and the type of its value.

    type  a parameter type; empty for a structure, list or map
    """

    path: str
    type: str


@dataclass(frozen=True)
class NoProperty:
    """A path that the step kind does not have: the segment at fault, and what there is instead."""

    segment: str
    known: tuple[str, ...]


def segments(path: str) -> tuple[str, ...] | None:
    """The parts of `A.B['c'].D[0]`, or None where it is not such a path."""
    parts, at = [], 0
    while at < len(path):
        match = _SEGMENT.match(path, at)
        if match is None:
            return None
        parts.append(next(group for group in match.groups() if group is not None))
        at = match.end()
    return tuple(parts) or None


def find_property(kind: Kind, path: Sequence[str]) -> Property | NoProperty:
    """The property of a step that a path names: members of the Describe answer of its kind.

    Lists take a number or the name of an element, maps a key:
    https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps.html
    """
    roots = [shape(name) for name in kind.describe]
    known = tuple(sorted({member for root in roots for member in root.members}))
    current = next((root for root in roots if path and path[0] in root.members), None)
    if current is None:
        return NoProperty(path[0] if path else "", known)
    written = ""
    for segment in path:
        if current.type == "structure":
            if segment not in current.members:
                return NoProperty(segment, tuple(sorted(current.members)))
            written += f".{segment}" if written else segment
            current = shape(current.members[segment])
        elif current.type in ("list", "map") and "'" not in segment:
            number = current.type == "list" and segment.isdecimal()
            written += f"[{segment}]" if number else f"['{segment}']"
            current = shape(current.element)
        else:
            return NoProperty(segment, ())
    return Property(written, _VALUE_TYPES.get(current.type, ""))
