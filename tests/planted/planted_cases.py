"""The planted mistakes: data files in, wrong copies of the correct pipeline and their places out.

A mistake is one file `mistakes/AREA/NAME.yaml`:

    title: a step reads an output that its producer does not have
    from: steps.prepare.outputs.train }}
    to: steps.prepare.outputs.«trian» }}
    code: E203
    suggests: train

README.md beside this file says what else may stand there.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
CORRECT = HERE / "correct"
PEERS = {
    "kfp": HERE / "peers" / "kfp_pipeline.py",
    "sagemaker": HERE / "peers" / "sagemaker_pipeline.py",
}
"""The correct pipeline as each peer writes it."""

VALUES = "values/prod.yaml"
_KEYS = {
    "title",
    "from",
    "to",
    "at",
    "repeat",
    "times",
    "file",
    "code",
    "suggests",
    "table",
    *PEERS,
}
_MARKED = re.compile("«(.*?)»", re.S)


class BadCase(Exception):
    """A data file that does not say what it has to; the message names it."""


@dataclass(frozen=True)
class Change:
    """One change to a text.

    old    the text replaced; it stands in the correct text once
    new    what replaces it; `«` and `»` stand around what is wrong, unless `at` has them
    at     another piece of the changed text, marked; for a mistake that shows elsewhere
    """

    old: str
    new: str
    at: str = ""

    def apply(self, text: str) -> tuple[str, int, int]:
        """The changed text, and the offsets at which what is wrong begins and ends.

        Raises BadCase when it is not one change with one place.
        """
        if text.count(self.old) != 1:
            raise BadCase(
                f"`from` stands {text.count(self.old)} times in the correct text: {self.old!r}"
            )
        begin = text.index(self.old)
        new = _MARKED.sub(r"\1", self.new)
        changed = text[:begin] + new + text[begin + len(self.old) :]
        if changed == text:
            raise BadCase("the change changes nothing")
        shown = self.at or self.new
        marks = list(_MARKED.finditer(shown))
        if len(marks) != 1 or (self.at and "«" in self.new):
            raise BadCase(f"one pair of « » says what is wrong, not {len(marks)}")
        if self.at:
            plain = _MARKED.sub(r"\1", self.at)
            if changed.count(plain) != 1:
                raise BadCase(f"`at` stands {changed.count(plain)} times in the changed text")
            begin = changed.index(plain)
        start = begin + marks[0].start()
        return changed, start, start + len(marks[0][1])


@dataclass(frozen=True)
class Written:
    """A mistake as a change to a peer's script, and the name that the peer should suggest."""

    change: Change
    suggests: str = ""


@dataclass(frozen=True)
class Case:
    """One mistake.

    area      its folder
    codes     what isodag says: one code, or one for each target
    suggests  what was meant, for a misspelling; empty for another mistake
    table     its number in the comparison of peers that was made by hand, as M04
    peers     the same mistake in each peer's words; a text says why it cannot be written there
    """

    area: str
    name: str
    title: str
    file: str
    change: Change
    codes: tuple[str, ...]
    suggests: str = ""
    table: str = ""
    peers: Mapping[str, Written | str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """`AREA/NAME`."""
        return f"{self.area}/{self.name}"

    def plant(self, folder: Path) -> Planted:
        """Write the correct pipeline with this mistake into a folder that is not there yet."""
        shutil.copytree(CORRECT, folder)
        path = folder / self.file
        text, start, end = self.change.apply(path.read_text(encoding="utf-8"))
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return Planted(path, *_place(text, start), *_place(text, end))


@dataclass(frozen=True)
class Planted:
    """Where a mistake lies: line and column from 1, the end exclusive."""

    path: Path
    line: int
    column: int
    end_line: int
    end_column: int


def _place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def cases() -> list[Case]:
    """All mistakes, by area and name.  Raises BadCase."""
    return [_read(path) for path in sorted((HERE / "mistakes").glob("*/*.yaml"))]


def _read(path: Path) -> Case:
    # BaseLoader: every scalar is the text that stands there
    held = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    try:
        if unknown := sorted(set(held) - _KEYS):
            raise BadCase(f"unknown key {unknown[0]!r}")
        return Case(
            area=path.parent.name,
            name=path.stem,
            title=held["title"],
            file=held.get("file", "pipeline.yaml"),
            change=_change(held),
            codes=tuple(held["code"].split()),
            suggests=held.get("suggests", ""),
            table=held.get("table", ""),
            peers={name: _peer(held[name], held) for name in PEERS if name in held},
        )
    except KeyError as error:
        raise BadCase(f"{path}: key {error} is missing") from error
    except BadCase as error:
        raise BadCase(f"{path}: {error}") from error


def _change(held: Mapping[str, Any]) -> Change:
    new = held["to"]
    if "repeat" in held:
        pieces = (held["repeat"].replace("#", str(n)) for n in range(1, int(held["times"]) + 1))
        new = new.replace("…", "".join(pieces))
    return Change(held["from"], new, held.get("at", ""))


def _peer(held: Any, case: Mapping[str, Any]) -> Written | str:
    if isinstance(held, str):
        return held
    return Written(_change(held), held.get("suggests", case.get("suggests", "")))
