"""Plain data written as YAML in the most untidy ways, with comments in all places that have one."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from itertools import count
from typing import Any

from yaml.emitter import Emitter

from isodag.runtime.values import core_scalar, render

_EMITTER = Emitter(io.StringIO(), allow_unicode=True)


class Untidy:
    """Writes data; the same seed writes the same text.

    said  the comments written
    """

    def __init__(self, seed: int, comments: bool = True) -> None:
        self.random = random.Random(seed)
        self.often = self.random.choice([0.0, 0.1, 0.4]) if comments else 0.0
        self.loose = self.random.choice([0.0, 0.2, 0.6])
        self.said: list[str] = []
        self._numbers = count()
        self._most = 99  # how far a comment may be indented: after `|`, less than its text

    def document(self, data: dict[str, Any]) -> str:
        """A whole file."""
        start = self.between(0) + (["---"] if self.chance(0.1) else [])
        lines = start + self.mapping(data, 0) + self.between(0)
        return "\n".join(lines) + self.random.choice(["\n", "", "\n\n\n"])

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def comment(self) -> str:
        """A comment that no other is like, or none."""
        if not self.chance(self.often):
            return ""
        text = self.random.choice(["# ", "#", "#  - x: ", "# isodag: ignore[W201] "])
        self.said.append(f"{text}{next(self._numbers)}")
        return self.said[-1]

    def beside(self) -> str:
        """The end of a line."""
        text = self.comment()
        return (
            f"{self.random.choice([' ', '   '])}{text}" if text else self.random.choice(["", " "])
        )

    def between(self, indent: int) -> list[str]:
        """Lines between two entries."""
        lines: list[str] = []
        for _ in range(self.random.choice([0, 0, 1, 3])):
            if (text := self.comment()) and self.chance(0.7):
                margin = self.random.choice([0, indent, indent, indent + 2, max(0, indent - 2)])
                lines.append(" " * min(margin, self._most) + text)
            elif text:
                lines.append(" " * min(indent, self._most) + text + " ")
            elif self.chance(self.loose):
                lines += self.random.choice([[""], ["", ""], [" " * min(indent, self._most)]])
        return lines

    def shuffled(self, data: dict[str, Any]) -> list[tuple[str, Any]]:
        pairs = list(data.items())
        if self.chance(0.5):
            self.random.shuffle(pairs)
        return pairs

    def mapping(self, data: dict[str, Any], indent: int) -> list[str]:
        lines: list[str] = []
        for key, value in self.shuffled(data):
            lines += self.between(indent)
            lines += self.value(" " * indent + self.scalar(key, False, True) + ":", value, indent)
        return lines

    def value(self, head: str, value: Any, indent: int) -> list[str]:
        """A value after its key or `-`, which stands at an indentation."""
        self._most = 99
        dash = head.endswith("-")
        if isinstance(value, dict | list) and (not value or self.chance(0.3)):
            return self.flow(f"{head} ", value, indent)
        step = self.random.choice([1, 2, 4])
        if isinstance(value, dict):
            lines = self.mapping(value, indent + 1 + step)
            first = next(
                n for n, line in enumerate(lines) if line.strip() and "#" != line.strip()[0]
            )
            if dash and not first and self.chance(0.7):
                return [head + lines[0][indent + 1 :], *lines[1:]]
            return [head + self.beside(), *lines]
        if isinstance(value, list):
            inner = indent + (step if dash else self.random.choice([0, step]))
            lines = []
            for item in value:
                lines += self.between(inner) + self.value(" " * inner + "-", item, inner)
            return [head + self.beside(), *lines]
        if isinstance(value, str) and value and self.chance(0.15) and self.blocky(value):
            return self.block_text(head, value, indent)
        text = self.scalar(value, False)
        if self.chance(self.loose / 2):
            between = [" " * (indent + 3) + text for text in [self.comment()] if text]
            return [head + self.beside(), *between, " " * (indent + 3) + text + self.beside()]
        return [f"{head} {text}".rstrip() + self.beside()]

    def blocky(self, value: str) -> bool:
        return value == value.strip() and "\n" not in value and value.isprintable()

    def block_text(self, head: str, value: str, indent: int) -> list[str]:
        margin = indent + self.random.choice([1, 2, 5])
        first = f"{head} {self.random.choice('|>')}-" + self.beside()
        self._most = margin - 1
        return [first, " " * margin + value]

    def flow(self, head: str, value: Any, indent: int) -> list[str]:
        """A flow collection, perhaps over several lines."""
        lines = [head]
        for piece in self.pieces(value):
            if lines[-1].strip() and self.chance(self.loose / 3):
                lines[-1] = lines[-1].rstrip() + self.beside()
                lines += [line for line in self.between(indent + 2) if line.strip()]
                lines.append(" " * (indent + 2))
            lines[-1] += piece
        lines[-1] += self.beside()
        return lines

    def pieces(self, value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield "{"
            for n, (key, inner) in enumerate(self.shuffled(value)):
                yield ", " if n else ""
                yield self.scalar(key, True, True) + ": "
                yield from self.pieces(inner)
            yield "}"
        elif isinstance(value, list):
            yield "["
            for n, inner in enumerate(value):
                yield ", " if n else ""
                yield from self.pieces(inner)
            yield "]"
        else:
            yield self.scalar(value, True)

    def scalar(self, value: Any, flow: bool, key: bool = False) -> str:
        if not isinstance(value, str):
            return "null" if value is None else render(value)
        about = _EMITTER.analyze_scalar(value)
        plain = about.allow_flow_plain if flow else about.allow_block_plain
        forms = []
        if plain and isinstance(core_scalar(value), str):
            forms += ["plain", "plain"]
            if " " in value and not key and not flow and "#" not in value and self.chance(0.2):
                forms = ["folded"]
        if value.isprintable():
            forms.append("single")
        match self.random.choice([*forms, "double"]):
            case "plain":
                return value
            case "folded":
                words = [word for word in value.split(" ") if word]
                whole = " ".join(words) == value and all(map(_starts_well, words))
                return value.replace(" ", "\n" + 40 * " ", 1) if whole else value
            case "single":
                return "'" + value.replace("'", "''") + "'"
            case _:
                return json.dumps(value, ensure_ascii=False)


def _starts_well(word: str) -> bool:
    """Whether a word may begin a line of a plain scalar."""
    return word[0].isalnum() and not word.endswith(":")
