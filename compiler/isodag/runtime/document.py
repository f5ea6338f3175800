"""YAML text to plain data: what the runtime needs to read a `component.yaml`.

Plain scalars follow the YAML 1.2 core schema.  The data is built iteratively from parse events:
PyYAML's loaders recurse, and libyaml's composer crashes the interpreter on deep input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from isodag.runtime.errors import one_line, quoted
from isodag.runtime.values import core_scalar

MAX_DEPTH = 100
MAX_NODES = 100_000  # with aliases expanded

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"


class BadDocument(ValueError):
    """Text that is not one plain YAML document; the message starts with the line's number."""


def read(text: str) -> Any:
    """The one document of a text as dict (keys are text), list, str, int, float, bool and None.

    Raises BadDocument: not YAML, several documents, duplicate keys, tags, too deep, too large.
    """
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = min(mark.line, text.count("\n")) + 1 if mark else 1  # libyaml's end is a line more
        said = one_line(error.problem or error.context or "not YAML")
        raise BadDocument(f"{line}: {said}") from None
    except yaml.YAMLError:
        raise BadDocument("1: a character that YAML does not allow") from None
    return builder.root


@dataclass
class _Open:
    """A collection that is still being read."""

    data: list[Any] | dict[str, Any]
    anchor: str | None
    size: int = 1
    key: str | None = None


class _Builder:
    """Takes parse events; open collections wait in a list, so depth costs no recursion."""

    def __init__(self) -> None:
        self.root: Any = None
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._documents = 0
        self._nodes = 0

    def take(self, event: yaml.Event) -> None:
        """Add what one event says.  Raises BadDocument."""
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _bad(event, "a second document")
        elif isinstance(event, yaml.CollectionStartEvent):
            kind = "map" if isinstance(event, yaml.MappingStartEvent) else "seq"
            if event.tag not in (None, "!", _TAG + kind):
                raise _bad(event, f"the tag {quoted(event.tag or '')}")
            if self._awaits_key():
                raise _bad(event, "a key that is not text")
            if len(self._open) >= MAX_DEPTH:
                raise _bad(event, f"more than {MAX_DEPTH} levels")
            self._open.append(_Open({} if kind == "map" else [], event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self._open.pop()
            self._place(event, done.data, done.size, done.anchor)
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            name = event.anchor or ""
            if name not in self._anchors or self._awaits_key():
                raise _bad(event, f"the alias {quoted(name)} where it means nothing")
            self._place(event, *self._anchors[name], None)

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].data, dict) and (
            self._open[-1].key is None
        )  # fmt: skip

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if event.tag not in (None, "!", _TAG + "str"):
            raise _bad(event, f"the tag {quoted(event.tag)}")
        if self._awaits_key():
            if event.value in self._open[-1].data:
                raise _bad(event, f"the key {quoted(event.value)} a second time")
            self._open[-1].key = event.value
            return
        plain = event.implicit[0] and event.tag is None
        self._place(event, core_scalar(event.value) if plain else event.value, 1, event.anchor)

    def _place(self, event: yaml.Event, value: Any, size: int, anchor: str | None) -> None:
        self._nodes += size if isinstance(event, yaml.AliasEvent) else 1
        if self._nodes > MAX_NODES:
            raise _bad(event, f"more than {MAX_NODES} values")
        if anchor is not None:
            self._anchors[anchor] = (value, size)
        if not self._open:
            self.root = value
            return
        parent = self._open[-1]
        parent.size += size
        if isinstance(parent.data, list):
            parent.data.append(value)
        elif parent.key is not None:
            parent.data[parent.key] = value
            parent.key = None


def _bad(event: yaml.Event, found: str) -> BadDocument:
    line = event.start_mark.line + 1 if event.start_mark else 1
    return BadDocument(f"{line}: {found}")
