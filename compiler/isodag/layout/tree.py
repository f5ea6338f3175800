"""A YAML file as it is written: entries in their order, with the comments that belong to them.

No meaning is lost on the way: scalars keep their text, anchors and tags theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Leaf:
    """A scalar or an alias.

    raw     its text as written, without anchor and tag; an alias with its `*`
    style   `'`, `"`, `|`, `>`, `*` for an alias, "" for a plain scalar
    value   what the text says; an alias's name
    props   anchor and tag, as `&name !!str`
    lines   the content of a `|` or `>` text, without indentation
    start   where it stands in the file, for telling one from another
    broken  whether it begins below the line of its key
    """

    raw: str
    style: str
    value: str
    props: str = ""
    lines: tuple[str, ...] = ()
    start: int = 0
    broken: bool = False


@dataclass(frozen=True)
class Entry:
    """A key with its value, or an item of a list (no key).

    above   comments before it, each a line; "" is an empty line
    beside  the comment on its line
    below   comments that follow it closely, before an empty line
    """

    key: Leaf | None
    value: Node
    above: tuple[str, ...] = ()
    beside: str = ""
    below: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collection:
    """A mapping or a list.

    flow  whether it is written as `{ }` or `[ ]`
    tail  comments after its last entry
    """

    mapping: bool
    flow: bool
    entries: tuple[Entry, ...]
    tail: tuple[str, ...] = ()
    props: str = ""
    start: int = 0

    def said(self) -> bool:
        """Whether a comment or an empty line stands within it."""
        return bool(self.tail) or any(
            entry.above or entry.beside or entry.below
            or (isinstance(entry.value, Collection) and entry.value.said())
            for entry in self.entries
        )  # fmt: skip

    def with_entries(self, entries: list[Entry]) -> Collection:
        """The same with other entries."""
        return replace(self, entries=tuple(entries))


Node = Leaf | Collection


@dataclass(frozen=True)
class Comment:
    """A comment.

    text   from its `#` to the end of the line, without blanks at the end
    own    whether it has a line for itself
    blank  whether an empty line stands before it
    after  where the token before it ends
    """

    text: str
    start: int
    column: int
    own: bool
    blank: bool
    after: int


class Refused(Exception):
    """A file that cannot be laid out without a loss: why, and where (an index into its text)."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at
