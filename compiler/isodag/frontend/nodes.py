"""YAML text to positioned nodes: YAML 1.2 core schema, duplicate keys and bombs refused.

Nodes are built iteratively from parse events: PyYAML's `compose` recurses, and crashes the
interpreter on deep input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from isodag.diagnostics import Diagnostic, Related
from isodag.runtime.values import core_scalar
from isodag.source import Source, Span

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 100
MAX_NODES = 400_000  # with aliases expanded

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """Text.  `value` is what it means in the core schema: a quoted scalar is always str."""

    text: str
    value: Any
    plain: bool
    source: Source
    start: int
    end: int

    @property
    def span(self) -> Span:
        """Where it stands, quotes included."""
        return self.source.span(self.start, self.end)

    def within(self, start: int, end: int) -> Span:
        """Where the characters `start` to `end` of `text` stand in the file."""
        places = _offsets(self, (start, end))
        return self.source.span(places[0], max(places[1], places[0]))


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    source: Source
    start: int
    end: int
    size: int

    @property
    def span(self) -> Span:
        """From its start to the end of its last item."""
        return self.source.span(self.start, self.end)


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """Pairs in the file's order; keys are unique."""

    pairs: tuple[tuple[Scalar, Node], ...]
    source: Source
    start: int
    end: int
    size: int

    @property
    def span(self) -> Span:
        """From its start to the end of its last value."""
        return self.source.span(self.start, self.end)

    def get(self, key: str) -> Node | None:
        """The value under a key."""
        return next((value for name, value in self.pairs if name.text == key), None)

    def key(self, key: str) -> Scalar | None:
        """The key itself, for its place."""
        return next((name for name, _ in self.pairs if name.text == key), None)


Node = Scalar | Sequence | Mapping


def kind(node: Node) -> str:
    """What a node is, in the words of messages."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    if node.value is None:
        return "nothing"
    return {bool: "a boolean", int: "a number", float: "a number"}.get(type(node.value), "text")


def plain_data(node: Node) -> Any:
    """The node as Python data: dict, list and scalars."""
    if isinstance(node, Mapping):
        return {key.text: plain_data(value) for key, value in node.pairs}
    if isinstance(node, Sequence):
        return [plain_data(item) for item in node.items]
    return node.value


def walk(node: Node) -> Iterator[Scalar]:
    """Every scalar value of a tree, keys left out, in the file's order."""
    stack: list[Node] = [node]
    while stack:
        match stack.pop():
            case Scalar() as scalar:
                yield scalar
            case Sequence(items=items):
                stack.extend(reversed(items))
            case Mapping(pairs=pairs):
                stack.extend(value for _, value in reversed(pairs))


# --- reading ---------------------------------------------------------------------------------


def load(path: str | Path) -> tuple[Source, list[Diagnostic]]:
    """The text of a file; with an E101 when it cannot be read as UTF-8 text of a sane size."""
    shown = str(path)
    start = Span(shown, 1, 1, 1, 1)

    def refused(message: str, way_out: str | None = None) -> tuple[Source, list[Diagnostic]]:
        return Source(shown, ""), [Diagnostic("E101", message, start, way_out)]

    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return refused(f"there is no file `{shown}`", _neighbour(Path(path)))
    except IsADirectoryError:
        return refused(f"`{shown}` is a folder", "name a file in it")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return refused(f"`{shown}` cannot be read: {reason.lower()}")
    if len(data) > MAX_BYTES:
        return refused(f"`{shown}` is larger than {MAX_BYTES // 2**20} MiB", "split the definition")
    try:
        return Source(shown, data.decode("utf-8-sig").replace("\r\n", "\n")), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        place = Span(shown, line, column, line, column + 1)
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return Source(shown, ""), [Diagnostic("E101", message, place, "save the file as UTF-8")]


def parse(source: Source) -> tuple[Node | None, list[Diagnostic]]:
    """The one document of a file as nodes; None when there is none or YAML cannot read it."""
    builder = _Builder(source)
    try:
        for event in yaml.parse(source.text, Loader=_LOADER):
            if not builder.take(event):
                break
    except yaml.reader.ReaderError as error:
        offset = source.text.find(chr(error.character)) if isinstance(error.character, int) else 0
        message = "a character that YAML does not allow"
        builder.problem("E102", message, max(offset, 0), max(offset, 0) + 1, "remove it")
    except yaml.MarkedYAMLError as error:
        builder.syntax(error)
    except yaml.YAMLError:  # libyaml's own reader: it knows no place
        builder.problem("E102", "a character that YAML does not allow", 0, 0, "remove it")
    if not builder.diagnostics and builder.root is None:
        builder.problem("E105", "the file is empty", 0, 0, "a pipeline starts with `apiVersion: isodag/v1`")
    return (None if builder.broken else builder.root), builder.diagnostics


class _Builder:
    """Takes parse events; holds the open collections in a list, so depth costs no recursion."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []
        self.root: Node | None = None
        self.broken = False
        self._anchors: dict[str, Node] = {}
        self._open: list[tuple[Any, list[Node]]] = []  # the start event, children so far
        self._documents = 0
        self._nodes = 0

    def problem(self, code: str, message: str, start: int, end: int, help: str | None) -> None:
        self.broken = True
        span = self.source.span(start, end)
        self.diagnostics.append(Diagnostic(code, message, span, help))

    def syntax(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        offset = mark.index if mark else 0
        said = (error.problem or error.context or "not YAML").replace("token", "sign")
        line = self.source.line(mark.line + 1) if mark else ""
        way_out = None
        if "\t" in line[: len(line) - len(line.lstrip())]:
            said, way_out = "a tab indents this line", "indent with spaces"
        elif "${{" in line and any(sign in line.partition("${{")[0] for sign in "{["):
            offset = self.source.text.index("${{", offset - (mark.column if mark else 0))
            said = "an expression is not quoted here"
            way_out = 'inside { } or [ ], quote every expression: "${{ … }}"'
        elif ": " in line.partition(": ")[2]:
            way_out = "quote text that holds a colon and a space"
        self.problem("E102", said, offset, offset + 1, way_out)

    def take(self, event: yaml.Event) -> bool:
        """Take one event; False stops the reading."""
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                at = event.start_mark.index
                self.problem("E105", "a second document begins here", at, at + 3, "keep one")
                return False
        elif isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            return self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            return self._end(event)
        return True

    def _scalar(self, event: Any) -> bool:
        start, end = event.start_mark.index, event.end_mark.index
        plain = not event.style  # None from PyYAML, '' from libyaml
        value = core_scalar(event.value) if plain else event.value
        if event.tag is not None and event.tag != "!":
            if not event.tag.startswith(_TAG):
                return self._custom_tag(event)
            if event.tag == _TAG + "str":
                value, plain = event.value, False
        if not event.style and not event.value:
            end = start
        return self._add(Scalar(event.value, value, plain, self.source, start, end), event.anchor)

    def _alias(self, event: Any) -> bool:
        node = self._anchors.get(event.anchor)
        if node is None:
            start, end = event.start_mark.index, event.end_mark.index
            message = f"alias `{event.anchor}` names nothing that stands before it"
            self.problem("E102", message, start, end, None)
            return False
        return self._add(node, None)

    def _begin(self, event: Any) -> bool:
        start = event.start_mark.index
        if event.tag is not None and event.tag not in ("!", _TAG + "map", _TAG + "seq"):
            return self._custom_tag(event)
        if len(self._open) >= MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} levels deep"
            self.problem("E104", message, start, start + 1, None)
            return False
        self._open.append((event, []))
        return True

    def _end(self, event: Any) -> bool:
        begun, children = self._open.pop()
        start = begun.start_mark.index
        end = max([event.end_mark.index if begun.flow_style else start]
                  + [child.end for child in children if child.start >= start])  # fmt: skip
        size = 1 + sum(getattr(child, "size", 1) for child in children)
        node: Node
        if isinstance(begun, yaml.SequenceStartEvent):
            node = Sequence(tuple(children), self.source, start, end, size)
        else:
            node = Mapping(self._pairs(children), self.source, start, end, size)
        return self._add(node, begun.anchor)

    def _add(self, node: Node, anchor: str | None) -> bool:
        self._nodes += getattr(node, "size", 1)
        if self._nodes > MAX_NODES * 2 or getattr(node, "size", 1) > MAX_NODES:
            message = f"more than {MAX_NODES} values once aliases are expanded"
            self.problem("E104", message, node.start, node.start + 1, None)
            return False
        if anchor:
            self._anchors[anchor] = node
        if self._open:
            self._open[-1][1].append(node)
        else:
            self.root = node
        return True

    def _pairs(self, children: list[Node]) -> tuple[tuple[Scalar, Node], ...]:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.diagnostics.append(Diagnostic("E108", "a key must be text", key.span))
            elif key.text in pairs:
                first = Related("first here", pairs[key.text][0].span)
                message = f"key `{key.text}` stands twice"
                self.diagnostics.append(
                    Diagnostic("E103", message, key.span, "keep one of them", (first,))
                )
            else:
                pairs[key.text] = (key, value)
        return tuple(pairs.values())

    def _custom_tag(self, event: Any) -> bool:
        at = event.start_mark.index
        message = f"tag `{event.tag}` is not allowed"
        self.problem("E106", message, at, at + 1, "write plain YAML, without tags")
        return False


def _neighbour(path: Path) -> str | None:
    """The way out for a missing file: a file of nearly that name beside it."""
    from isodag.diagnostics import suggest

    try:
        names = [item.name for item in sorted(path.parent.iterdir())[:1000]]
    except OSError:
        return None
    near = suggest(path.name, names)
    return f"did you mean `{path.parent / near}`?" if near else None


# --- places inside a scalar ------------------------------------------------------------------


def _offsets(scalar: Scalar, wanted: tuple[int, ...]) -> list[int]:
    """File offsets of indexes into a scalar's text, through quotes, escapes and folded lines."""
    raw = scalar.source.text[scalar.start : scalar.end]
    text = scalar.text
    if (shift := raw.find(text)) >= 0:
        return [scalar.start + shift + index for index in wanted]
    places, at = [], 0
    if raw[:1] in "|>":
        at = raw.find("\n") + 1
    elif raw[:1] in "'\"":
        at = 1
    double = raw[:1] == '"'
    for character in text:
        while at < len(raw) and raw[at] != character:
            if double and raw[at] == "\\":
                break
            if character in " \n" and not raw[at].isspace():
                break
            at += 1
        places.append(at)
        if double and raw[at : at + 1] == "\\":
            at += {"x": 4, "u": 6, "U": 10}.get(raw[at + 1 : at + 2], 2)
        else:
            at += 1
    places.append(at)
    return [scalar.start + min(places[min(index, len(text))], len(raw)) for index in wanted]
