"""Where the comments of a YAML text stand: between its tokens, and on the line of a `|`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from isodag.layout.tree import Comment, Refused

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
HEADER = re.compile(r"[|>]([+-]?[1-9]?|[1-9][+-]?)[ \t]*(#.*)?$", re.MULTILINE)
# what else than "\n" ends a line for YAML 1.1's readers, PyYAML among them
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
_NO_TOKENS = (yaml.StreamStartToken, yaml.StreamEndToken)


class Tokens:
    """A text's comments and the marks that its nodes do not tell.

    dashes  where the `-` of list items stand
    """

    def __init__(self, text: str) -> None:
        """Read a text that is known to be YAML.  Raises Refused."""
        if found := _LINE_ENDS.search(text):
            raise Refused("a line ends in a character that is not a line feed", found.start())
        if text.startswith("%") or "\n%" in text:
            self._no_directive(text)
        self.text = text
        self.comments: list[Comment] = []
        self.dashes: list[int] = []
        end = 0
        for token in yaml.scan(text, Loader=LOADER):
            end = self._take(token, end)
        self.comments += self._between(end, len(text))

    def blank_before(self, at: int) -> bool:
        """Whether what stands at an index begins its line, and the line before is empty."""
        begin = self.text.rfind("\n", 0, at) + 1
        if begin == 0 or self.text[begin:at].strip():
            return False
        before = self.text.rfind("\n", 0, begin - 1) + 1
        return not self.text[before:begin].strip()

    def column(self, at: int) -> int:
        """The column of an index, from 0."""
        return at - self.text.rfind("\n", 0, at) - 1

    def _take(self, token: Any, end: int) -> int:
        start: int = token.start_mark.index
        stop: int = token.end_mark.index
        if isinstance(token, _NO_TOKENS):
            return end
        if start > end:
            self.comments += self._between(end, start)
        if isinstance(token, yaml.DirectiveToken):
            raise Refused("a directive: isodag reads YAML 1.2 without it", start)
        if isinstance(token, yaml.KeyToken) and self.text.startswith("?", start) and stop > start:
            raise Refused("a key after `?`: write `key: value`", start)
        if isinstance(token, yaml.BlockEntryToken) and stop > start:
            self.dashes.append(start)
        if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
            header = HEADER.match(self.text, start)
            if header is not None and header[2]:
                at = header.start(2)
                text = header[2].rstrip()
                self.comments.append(Comment(text, at, self.column(at), False, False, start))
        return max(end, stop)

    def _between(self, start: int, stop: int) -> Iterator[Comment]:
        at = start
        while (at := self.text.find("#", at, stop)) >= 0:
            end = self.text.find("\n", at, stop)
            end = stop if end < 0 else end
            begin = self.text.rfind("\n", 0, at) + 1
            own = not self.text[begin:at].strip()
            text = self.text[at:end].rstrip()
            yield Comment(text, at, at - begin, own, own and self.blank_before(at), start)
            at = end

    def _no_directive(self, text: str) -> None:
        first = re.match(r"(?:[ \t]*(?:#.*)?\n)*%", text)
        if first is not None:
            raise Refused("a directive: isodag reads YAML 1.2 without it", first.end() - 1)
