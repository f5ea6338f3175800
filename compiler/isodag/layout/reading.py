"""Text in, its tree out: every comment is given to the entry that it stands with."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import yaml

from isodag.layout.comments import HEADER, LOADER, Tokens
from isodag.layout.tree import Collection, Comment, Entry, Leaf, Node, Refused

_PROPERTY = re.compile(r"[&!][^\s,\[\]{}]*")
_GAP = re.compile(r"(?:\s|#.*)*")


def read(text: str) -> Collection:
    """The tree of a text that is one YAML mapping.  Raises Refused."""
    return _Reading(text).document()


class _Reading:
    """Goes through parse events; `comments` are those that nobody has yet."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = Tokens(text)
        self.comments = self.tokens.comments[::-1]  # the next one last
        self.dashes = self.tokens.dashes[::-1]
        self.events: list[Any] = [
            event
            for event in yaml.parse(text, Loader=LOADER)
            if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent)
        ][::-1]
        self.done = 0  # where the last leaf or bracket ends

    def document(self) -> Collection:
        node, beside, notes = self.value(-1)
        assert isinstance(node, Collection)
        rest = lines(self.take(len(self.text) + 1))
        first = [*notes, *([beside] if beside else [])]
        entries = list(node.entries)
        if first and entries:
            entries[0] = replace(entries[0], above=(*first, *entries[0].above))
        tail = (*(() if entries else first), *node.tail, *rest)
        return Collection(True, False, tuple(entries), tail, node.props, node.start)

    # --- nodes ---

    def value(self, column: int) -> tuple[Node, str, tuple[str, ...]]:
        """The next node, the comment on its line, and those that have no place in it.

        column  of the block collection that it is in
        """
        event: Any = self.events[-1]
        notes = self.take(event.start_mark.index)
        props, start = self.props(event)
        if isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            notes += self.take(start)
            return self.settled(self.leaf(column, props, start), notes)
        if event.flow_style:
            node, inner = self.flow(props, start)
            return self.settled(node, notes + inner)
        self.events.pop()
        node = self.block(event, column, props, notes)
        beside = next((note.text for note in notes if not note.own), "")
        more = [note for note in notes if not note.own][1:]
        own = [note for note in notes if note.own]
        if own or more:
            first = node.entries[0]
            first = replace(first, above=(*lines([*more, *own]), *first.above))
            node = node.with_entries([first, *node.entries[1:]])
        return node, beside, ()

    def settled(self, node: Node, notes: list[Comment]) -> tuple[Node, str, tuple[str, ...]]:
        """A node on one line with its comment; other comments before it go above."""
        after = self.beside()
        texts = [note.text for note in notes]
        if after:
            return node, after, tuple(texts)
        if texts and not notes[-1].own:
            return node, texts[-1], tuple(texts[:-1])
        return node, "", tuple(texts)

    def props(self, event: Any) -> tuple[str, int]:
        """Anchor and tag of a node, and where its content begins."""
        at, found = event.start_mark.index, []
        if isinstance(event, yaml.AliasEvent):
            return "", at
        while (event.anchor or event.tag) and (match := _PROPERTY.match(self.text, at)):
            found.append(match[0])
            gap = _GAP.match(self.text, match.end())
            at = gap.end() if gap is not None else match.end()
        return " ".join(found), at

    def leaf(self, column: int, props: str, start: int) -> Leaf:
        event: Any = self.events.pop()
        end = event.end_mark.index
        first = event.start_mark.index
        broken = "\n" in self.text[self.done : start]
        if isinstance(event, yaml.AliasEvent):
            self.done = end
            return Leaf(self.text[start:end], "*", str(event.anchor), start=first, broken=broken)
        style = event.style or ""
        if not style and not event.value:
            self.done = max(self.done, first + len(props))
            return Leaf("", "", "", props, start=first)
        self.done = end
        raw = self.text[start:end]
        content: tuple[str, ...] = ()
        if style in ("|", ">"):
            raw, content = self.content(start, end, column)
        return Leaf(raw, style, event.value, props, content, first, broken)

    def content(self, start: int, end: int, column: int) -> tuple[str, tuple[str, ...]]:
        """The header of a `|` or `>` text, and its lines without their indentation."""
        header = HEADER.match(self.text, start)
        assert header is not None
        raw = self.text[header.end() + 1 : end].split("\n")
        digit = re.search("[0-9]", header[1])
        if digit is not None:
            indent = max(column, 0) + int(digit[0])
        else:
            indent = next((len(s) - len(s.lstrip(" ")) for s in raw if s.strip(" ")), 1_000_000)
        content = [line[indent:] for line in raw]
        kept = len(content)
        while content and not content[-1]:
            content.pop()
        if "+" in header[1] and kept - len(content) > 1:
            raise Refused("`+` keeps the empty lines after this text: write it in quotes", start)
        chomp = "-" if "-" in header[1] else ""
        # what begins with a blank needs its indentation said
        deep = "\n".join(content).lstrip("\n").startswith((" ", "\t"))
        return self.text[start] + ("2" if deep else "") + chomp, tuple(content)

    def block(self, event: Any, outer: int, props: str, notes: list[Comment]) -> Collection:
        """A block collection; `notes` gets the comments between its key and its first entry."""
        mapping = isinstance(event, yaml.MappingStartEvent)
        entries: list[Entry] = []
        column = -1
        while not isinstance(self.events[-1], yaml.CollectionEndEvent):
            start = self.events[-1].start_mark.index if mapping else self.dash()
            above = self.take(start)
            if not entries:
                column = self.tokens.column(start)
                notes += above
                above = []
            led = lines(above, self.tokens.blank_before(start))
            if entries and led[:1] != ("",) and "" in led:
                cut = led.index("")
                entries[-1] = replace(entries[-1], below=led[:cut])
                led = led[cut:]
            entries.append(self.entry(mapping, column, led))
        self.events.pop()
        own = self.own_tail(column, column == outer)
        start = event.start_mark.index
        return Collection(mapping, False, tuple(entries), lines(own), props, start)

    def entry(self, mapping: bool, column: int, led: tuple[str, ...]) -> Entry:
        key = self.key() if mapping else None
        node, beside, notes = self.value(column)
        return Entry(key, node, (*led, *notes), beside)

    def flow(self, props: str, start: int) -> tuple[Collection, list[Comment]]:
        """A flow collection, and its comments that have no place in it: by its first bracket, or
        in an empty one."""
        event: Any = self.events.pop()
        mapping = isinstance(event, yaml.MappingStartEvent)
        self.done = start + 1
        outside = self.take(start + 1)
        entries: list[Entry] = []
        while not isinstance(self.events[-1], yaml.CollectionEndEvent):
            above = self.aside(self.take(self.events[-1].start_mark.index), entries, outside)
            entries.append(self.entry(mapping, 0, lines(above)))
        end: Any = self.events.pop()
        tail = self.aside(self.take(end.end_mark.index), entries, outside)
        self.done = max(self.done, end.end_mark.index)
        if not entries:
            outside, tail = outside + tail, []
        first = event.start_mark.index
        return Collection(mapping, True, tuple(entries), lines(tail), props, first), outside

    def aside(
        self, notes: list[Comment], entries: list[Entry], outside: list[Comment]
    ) -> list[Comment]:
        """Give comments at the end of a line to what stands before them on it; the rest."""
        rest: list[Comment] = []
        for note in notes:
            if note.own or rest:
                rest.append(note)
            elif not entries:
                outside.append(note)
            elif not entries[-1].beside:
                entries[-1] = replace(entries[-1], beside=note.text)
            else:
                rest.append(note)
        return rest

    def key(self) -> Leaf:
        event: Any = self.events.pop()
        start, end = event.start_mark.index, event.end_mark.index
        if not isinstance(event, yaml.ScalarEvent) or event.anchor or event.tag:
            raise Refused("a key is an alias, or has an anchor or a tag", start)
        raw = self.text[start:end] if event.style or event.value else ""
        if "\n" in raw or not raw:
            raise Refused("a key is empty, or longer than a line", start)
        self.done = end
        return Leaf(raw, event.style or "", event.value, start=start)

    def dash(self) -> int:
        """Where the `-` of the next item stands."""
        start: int = self.events[-1].start_mark.index
        found = start
        while self.dashes and self.dashes[-1] < start:
            found = self.dashes.pop()
        self.done = found + 1
        return found

    # --- comments ---

    def take(self, stop: int) -> list[Comment]:
        """The comments before an index that nobody has yet."""
        found = []
        while self.comments and self.comments[-1].start < stop:
            found.append(self.comments.pop())
        return found

    def beside(self) -> str:
        """The comment that follows on the line where the last leaf or bracket ends."""
        if self.comments and not self.comments[-1].own:
            between = self.text[self.done : self.comments[-1].start]
            if not between.strip(" \t,") and "\n" not in between:
                return self.comments.pop().text
        return ""

    def own_tail(self, column: int, level: bool) -> list[Comment]:
        """Comments after the last entry that are indented as the entries are.

        level  the collection is a list that stands as far left as its key: only what stands
               further right can be told from comments on the next key
        """
        found: list[Comment] = []
        least = column + 1 if level else column
        while self.comments:
            note = self.comments[-1]
            near = not self.text[self.done : note.after].strip() or bool(found)
            if not note.own or note.column < least or not near:
                break
            if found and note.after != found[0].after:
                break
            found.append(self.comments.pop())
        return found


def lines(notes: list[Comment], blank: bool = False) -> tuple[str, ...]:
    """Comments as lines, an empty one where one stood; `blank`: also before what follows."""
    found: list[str] = []
    for note in notes:
        found += ["", note.text] if note.blank else [note.text]
    return (*found, "") if blank else tuple(found)
