"""Text with places in it: a file's characters in, spans (file, line, column) out."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of one file.  Lines and columns count from 1; `end_column` is exclusive."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Source:
    """One file as read: the path shown to people, and its text."""

    path: str
    text: str
    _starts: list[int] = field(default_factory=list, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._starts.append(0)
        find, at = self.text.find, 0
        while (at := find("\n", at) + 1) > 0:
            self._starts.append(at)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of a character offset (clamped into the text)."""
        offset = max(0, min(offset, len(self.text)))
        row = bisect_right(self._starts, offset) - 1
        return row + 1, offset - self._starts[row] + 1

    def offset(self, line: int) -> int:
        """The character offset at which a line of the file, from 1, begins."""
        return self._starts[line - 1]

    def span(self, start: int, end: int) -> Span:
        """The span of the characters `start` to `end`, `end` exclusive."""
        line, column = self.place(start)
        end_line, end_column = self.place(max(start, end))
        return Span(self.path, line, column, end_line, end_column)

    def line(self, number: int) -> str:
        """The text of a line, from 1, without its end; empty beyond the file."""
        if not 1 <= number <= len(self._starts):
            return ""
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")
