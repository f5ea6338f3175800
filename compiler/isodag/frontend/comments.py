"""Comments of a YAML file: text in, the real ones out, where a `#` in a value is none."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from isodag.source import Source

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Comment(NamedTuple):
    """A comment, from its `#` to the end of its line.

    start        where the `#` stands, a character offset
    text         all of it, the `#` included
    first, last  the lines that it speaks of: its own, and those of a value of several lines that
                 begins or ends there; for a comment alone on its line those of the line below
    """

    start: int
    text: str
    first: int
    last: int


class _Value(NamedTuple):
    """A scalar's characters; `inner` is where text begins that holds no comment."""

    inner: int
    start: int
    end: int


def find(source: Source, wanted: re.Pattern[str]) -> Iterator[Comment]:
    """The comments that match `wanted` from their `#` on, in order; none where YAML is broken."""
    matches = [match.start() for match in wanted.finditer(source.text)]
    if not matches:
        return
    try:
        values = _values(source)
    except (yaml.YAMLError, UnicodeEncodeError):
        return
    inner = [value.inner for value in values]
    spread = _spread(source, values)
    below = 0  # the first line that is none below the comments looked through so far
    for at in matches:
        before = bisect_right(inner, at) - 1
        if before >= 0 and at < values[before].end:
            continue
        if at and source.text[at - 1] not in " \t\n":
            continue
        line, column = source.place(at)
        meant = line
        if not source.line(line)[: column - 1].strip():
            meant = max(line + 1, below)
            while source.line(meant).lstrip().startswith("#"):
                meant += 1
            below = meant
        first, last = spread.get(meant, (meant, meant))
        yield Comment(at, source.line(line)[column - 1 :], first, last)


def _values(source: Source) -> list[_Value]:
    """Every scalar with a character in it, in the file's order."""
    text, found = source.text, []
    for event in yaml.parse(text, Loader=_LOADER):
        if not isinstance(event, yaml.ScalarEvent):
            continue
        first, beyond = event.start_mark, event.end_mark
        if first is None or beyond is None:  # PyYAML types them so; a parser gives both
            continue
        start, end = first.index, beyond.index
        inner = start
        if event.style in ("|", ">"):  # what follows on the line of the sign may be a comment
            inner = text.find("\n", start) + 1 or end
        if inner < end:
            found.append(_Value(inner, start, end))
    return found


def _spread(source: Source, values: list[_Value]) -> dict[int, tuple[int, int]]:
    """The lines of values of several lines, by their first and by their last line."""
    found: dict[int, tuple[int, int]] = {}
    for value in values:
        text = source.text[value.start : value.end].rstrip()  # of a block, to its last line
        if "\n" in text:
            end = value.start + len(text)
            lines = (source.place(value.start)[0], source.place(end)[0])
            for line in lines:
                found.setdefault(line, lines)
    return found
