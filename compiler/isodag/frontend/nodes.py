"""YAML text to positioned nodes: YAML 1.2 core schema, duplicate keys and bombs refused.

Nodes are built iteratively from parse events: PyYAML's `compose` recurses, and crashes the
interpreter on deep input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from isodag.diagnostics import MOST, Diagnostic, Related
from isodag.frontend import places, yaml_errors
from isodag.runtime.values import core_scalar
from isodag.source import Source, Span

MAX_DEPTH = 100
MAX_NODES = 100_000  # with aliases expanded

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

    def locate(self) -> Callable[[int, int], Span]:
        """What tells where the characters `start` to `end` of `text` stand in the file."""
        known: list[int] | range | None = None

        def span(start: int, end: int) -> Span:
            nonlocal known
            if known is None:
                known = places.offsets(self.source.text[self.start : self.end], self.text)
            last = len(known) - 1
            first, end = min(start, last), min(end, last)
            # up to the end of the last character, not to where the next one begins
            beyond = known[end - 1] + 1 if end > first else known[first]
            return self.source.span(self.start + known[first], self.start + beyond)

        return span


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
    """Pairs in the file's order; keys are unique.

    doubled  whether a pair was left out because its key stood there already, which is reported
    """

    pairs: tuple[tuple[Scalar, Node], ...]
    source: Source
    start: int
    end: int
    size: int
    doubled: bool = False

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


def size(node: Node) -> int:
    """How many nodes it is, aliases expanded."""
    return 1 if isinstance(node, Scalar) else node.size


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


def parse(source: Source) -> tuple[Node | None, list[Diagnostic]]:
    """The one document of a file as nodes; None when there is none or YAML cannot read it."""
    builder = _Builder(source)
    loader = event = None
    try:
        loader = _LOADER(source.text)
        for event in iter(loader.get_event, None):  # `yaml.parse` takes twice as long
            if not builder.take(event):
                break
    except yaml.YAMLError as error:
        builder.broken = True
        builder.diagnostics.append(yaml_errors.describe(error, source, event))
    except UnicodeEncodeError as error:  # half of a surrogate pair, as a shell argument may hold
        message = "half a character stands here"
        builder.problem("E102", message, error.start, error.end, "write UTF-8")
    finally:
        if loader is not None:
            loader.dispose()
    if not builder.diagnostics and builder.root is None:
        help = "a pipeline starts with `apiVersion: isodag/v1`"
        builder.problem("E105", "there is nothing in the file", 0, 0, help)
    return (None if builder.broken else builder.root), builder.diagnostics


class _Builder:
    """Takes parse events; holds the open collections in a list, so depth costs no recursion."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []
        self.root: Node | None = None
        self.broken = False
        self._anchors: dict[str, tuple[Node, int]] = {}  # with the levels below
        self._open: list[_Open] = []
        self._documents = 0
        self._nodes = 0

    def problem(self, code: str, message: str, start: int, end: int, help: str | None) -> None:
        self.broken = True
        span = self.source.span(start, end)
        self.diagnostics.append(Diagnostic(code, message, span, help))

    def take(self, event: Any) -> bool:
        """Take one event; False stops the reading."""
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.CollectionStartEvent):
            return self._begin(event)
        if isinstance(event, yaml.CollectionEndEvent):
            return self._end(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                mark: Any = event.start_mark
                at = mark.index
                self.problem("E105", "a second document begins here", at, at + 3, "keep one")
                return False
        return True

    def _scalar(self, event: Any) -> bool:
        start, end = event.start_mark.index, event.end_mark.index
        plain = not event.style and event.tag is None  # style: None from PyYAML, '' from libyaml
        if event.tag not in (None, "!", _TAG + "str"):
            return self._refused_tag(event)
        value = core_scalar(event.value) if plain else event.value
        if not event.style and not event.value:
            end = start
        scalar = Scalar(event.value, value, plain, self.source, start, end)
        return self._add(scalar, event.anchor, 1, 0)

    def _alias(self, event: Any) -> bool:
        node, levels = self._anchors.get(event.anchor, (None, 0))
        if node is None:
            start, end = event.start_mark.index, event.end_mark.index
            message = f"alias `{event.anchor}` names nothing that stands before it"
            self.problem("E102", message, start, end, "quote text that starts with `*`")
            return False
        return self._add(node, None, size(node), levels)

    def _begin(self, event: Any) -> bool:
        kind = "map" if isinstance(event, yaml.MappingStartEvent) else "seq"
        if event.tag not in (None, "!", _TAG + kind):
            return self._refused_tag(event)
        if len(self._open) >= MAX_DEPTH:
            return self._too_deep(event.start_mark.index)
        self._open.append(_Open(event, []))
        return True

    def _end(self, event: Any) -> bool:
        done = self._open.pop()
        start = done.event.start_mark.index
        end = event.end_mark.index if done.event.flow_style else start
        for child in done.children:
            if end < child.end and child.start >= start:  # an alias names what stands before
                end = child.end
        total = 1 + sum(map(size, done.children))
        node: Node
        if isinstance(done.event, yaml.SequenceStartEvent):
            node = Sequence(tuple(done.children), self.source, start, end, total)
        else:
            pairs = self._pairs(done.children)
            doubled = 2 * len(pairs) < len(done.children)
            node = Mapping(pairs, self.source, start, end, total, doubled)
        return self._add(node, done.event.anchor, 1, done.levels)

    def _add(self, node: Node, anchor: str | None, count: int, levels: int) -> bool:
        """Hang a node into the open collection; `count` values and `levels` come with it."""
        self._nodes += count
        if self._nodes > MAX_NODES:
            message = f"more than {MAX_NODES} values once aliases are expanded"
            self.problem("E104", message, node.start, node.start + 1, "split the definition")
            return False
        if anchor:
            self._anchors[anchor] = (node, levels)
        if not self._open:
            self.root = node
            return True
        parent = self._open[-1]
        parent.children.append(node)
        parent.levels = max(parent.levels, levels + 1)
        # the levels below an alias count too: what reads the nodes goes down with them
        return len(self._open) + levels <= MAX_DEPTH or self._too_deep(node.start)

    def _pairs(self, children: list[Node]) -> tuple[tuple[Scalar, Node], ...]:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if isinstance(key, Scalar) and key.text not in pairs:
                pairs[key.text] = (key, value)
            elif len(self.diagnostics) > MOST:
                continue
            elif not isinstance(key, Scalar):
                help = "write `key: value`"
                if isinstance(key, Mapping) and self.source.text.startswith("{{", key.start - 1):
                    help = 'an expression is written "${{ … }}", in quotes'
                self.problem("E108", "a key must be text", key.start, key.end, help)
            else:
                first = Related("first here", pairs[key.text][0].span)
                message = f"key `{key.text}` stands twice"
                self.diagnostics.append(
                    Diagnostic("E103", message, key.span, "keep one of them", (first,))
                )
        return tuple(pairs.values())

    def _too_deep(self, at: int) -> bool:
        message = f"nested more than {MAX_DEPTH} levels deep"
        self.problem("E104", message, at, at + 1, "a definition needs no more than ten")
        return False

    def _refused_tag(self, event: Any) -> bool:
        at = event.start_mark.index
        shown = event.tag.replace(_TAG, "!!")
        help = "quote text that starts with `!`; in a condition write `not`"
        written = self.source.text.startswith(shown, at)
        end = at + len(shown) if written else at + 1
        self.problem("E106", f"tag `{shown}` is not allowed", at, end, help)
        return False


@dataclass(slots=True)
class _Open:
    """A collection that is being read, with how many levels its children have at most."""

    event: Any
    children: list[Node]
    levels: int = 0
