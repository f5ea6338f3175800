"""What is wrong with a file, where, and the way out; and how that is shown."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import nsmallest
from itertools import groupby
from typing import Any, NamedTuple

from isodag.source import Source, Span

SCHEMA_VERSION = 1
MOST = 500  # errors that are worth collecting: more come from one mistake, or from malice
MAX_TEXT = 1000  # characters of a message


class Related(NamedTuple):
    """The other end of a bad link."""

    message: str
    span: Span


@dataclass(frozen=True)
class Diagnostic:
    """One problem.  `code` is E or W and three digits; its page is `codes/<code>.md`.

    conceal  a text that must not be shown: it stands at `span`, and may stand in other messages
    promoted  a warning that counts as an error (`--werror`)
    """

    code: str
    message: str
    span: Span
    help: str | None = None
    related: tuple[Related, ...] = ()
    conceal: str = field(default="", repr=False, compare=False)
    promoted: bool = False

    def __post_init__(self) -> None:
        """Keep the texts to one line that is safe to print: they quote what files hold."""
        object.__setattr__(self, "message", _one_line(self.message))
        if self.help is not None:
            object.__setattr__(self, "help", _one_line(self.help))

    @property
    def severity(self) -> str:
        """`error` or `warning`, told by the code's first letter; a promoted warning is an error."""
        return "warning" if self.code.startswith("W") and not self.promoted else "error"


def failed(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether one of them is an error."""
    return any(item.severity == "error" for item in diagnostics)


def ordered(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorted by place, nothing twice; of more than MOST errors of a file the first, and an E114."""
    unique: dict[tuple[Span, str, str], Diagnostic] = {}
    for item in diagnostics:
        unique.setdefault((item.span, item.code, item.message), item)
    found = [unique[key] for key in sorted(unique)]
    if len(found) <= MOST:
        return found
    kept = []
    for _, group in groupby(found, key=lambda item: item.span.path):
        items = list(group)
        errors = [item for item in items if item.code.startswith("E") and item.code != "E114"]
        if len(errors) > MOST:
            message = f"there are more than {MOST} errors"
            last = Diagnostic("E114", message, errors[MOST].span, "mend these first")
            items = [*errors[:MOST], last]
        kept += items
    return kept


# comparing with all is slow where there are many: a hostile file must not take for ever
_LONGEST, _MANY = 100, 200


def suggest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is most likely a misspelling of, if one is near enough."""
    folded, shortened = _folded(tuple(known))
    wanted = _fold(name)
    if wanted in folded or len(wanted) > _LONGEST:
        return folded.get(wanted)
    candidates: Collection[str] = folded
    if shortened:
        candidates = {item for short in _shorter(wanted) for item in shortened.get(short, ())}
    near = difflib.get_close_matches(wanted, sorted(candidates), n=1, cutoff=0.6)
    # `di` for `id`: too short to be near by the share of equal letters
    near = near or [item for item in candidates if sorted(item) == sorted(wanted)]
    return folded[near[0]] if near else None


def _fold(name: str) -> str:
    return name.lower().replace("-", "_")


@lru_cache(maxsize=16)
def _folded(known: tuple[str, ...]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Names by folded name; where there are many, folded names by what one slip makes of them."""
    folded = {_fold(item): item for item in sorted(set(known), reverse=True)}
    shortened: dict[str, list[str]] = {}
    for item in folded if len(folded) > _MANY else ():
        for short in _shorter(item[:_LONGEST]):
            shortened.setdefault(short, []).append(item)
    return folded, shortened


def _shorter(name: str) -> set[str]:
    """A name without any one of its letters: two names a slip apart have one of these in common."""
    return {name, *(name[:at] + name[at + 1 :] for at in range(len(name)))}


def did_you_mean(name: str, known: Iterable[str], noun: str) -> str:
    """The help line for an unknown name: the nearest known one, else the list of all."""
    if (near := suggest(name, known)) is not None:
        return f"did you mean `{near}`?"
    names = nsmallest(14, set(known))
    if not names:
        return f"there is no {noun} here"
    shown = [f"`{item}`" for item in names]
    several = f"{noun[:-1]}ies" if noun[-1] == "y" and noun[-2] not in "aeiou" else f"{noun}s"
    return f"known {several}: " + ", ".join(shown if len(names) < 14 else [*shown[:12], "…"])


# --- for people ------------------------------------------------------------------------------

_WIDEST = 180  # characters of a line that are shown
_STYLES = {"error": "\033[1;31m", "warning": "\033[1;33m", "mark": "\033[1;34m", "bold": "\033[1m"}


def render(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source], *, color: bool = False
) -> str:
    """The messages with their lines and carets, as a terminal shows them.

    sources  every file that a span may lie in, by path; a file that could not be read has none
    """

    def paint(style: str, text: str) -> str:
        return f"{_STYLES[style]}{text}\033[0m" if color else text

    blocks = []
    for item in ordered(diagnostics):
        span = item.span
        head = paint(item.severity, f"{item.severity}[{item.code}]") + ": "
        lines = [head + paint("bold", item.message)]
        margin = len(str(span.line))
        where = f"{_printable(span.path)}:{span.line}:{span.column}"
        lines.append(f"{' ' * margin}{paint('mark', '-->')} {where}")
        source = sources.get(span.path)
        text = source.line(span.line) if source else ""
        if text:
            bar = paint("mark", "|")
            shown, indent, carets = _snippet(text, span)
            lines.append(f"{' ' * margin} {bar}")
            lines.append(f"{paint('mark', str(span.line))} {bar} {shown}")
            lines.append(f"{' ' * margin} {bar} {indent}{paint(item.severity, carets)}")
        for other in item.related:
            place = f"{_printable(other.span.path)}:{other.span.line}:{other.span.column}"
            note = _one_line(other.message)
            lines.append(f"{' ' * margin} {paint('mark', '=')} note: {note} ({place})")
        if item.help:
            lines.append(f"{' ' * margin} {paint('mark', '=')} help: {item.help}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + ("\n" if blocks else "")


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`, or `no problems`."""
    found = ordered(diagnostics)
    counts = [
        (sum(item.severity == severity for item in found), severity)
        for severity in ("error", "warning")
    ]
    said = [f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts if count]
    return ", ".join(said) or "no problems"


def _snippet(text: str, span: Span) -> tuple[str, str, str]:
    """The line, clipped around the span; white space up to the span; the carets under it."""
    start = min(span.column - 1, len(text))
    end = span.end_column - 1 if span.end_line == span.line else len(text)
    end = max(start, min(end, len(text)))
    left, cut = 0, len(text)
    if len(text) > _WIDEST:
        left = max(0, start - _WIDEST // 3)
        cut = min(len(text), left + _WIDEST)
    before, marked = text[left:start], text[start : min(end, cut)]
    shown = ("…" if left else "") + _printable(text[left:cut]) + ("…" if cut < len(text) else "")
    # a tab stays a tab, so that what follows it lines up
    indent = " " * bool(left) + "".join("\t" if c == "\t" else " " * _width(c) for c in before)
    return shown, indent, "^" * max(1, sum(map(_width, marked)))


def _width(character: str) -> int:
    """Columns that a terminal gives a character (Unicode Standard Annex 11)."""
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0  # an accent, a variation selector: drawn over what stands before it
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _printable(text: str) -> str:
    """Control characters of a hostile file must not reach the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c == "\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _one_line(text: str) -> str:
    text = " ".join(text.splitlines()) if not text.isprintable() else text
    text = text.replace("\t", " ")
    return _printable(text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…")


# --- for machines ----------------------------------------------------------------------------


def as_json(diagnostics: Iterable[Diagnostic]) -> dict[str, Any]:
    """`{"schema_version": 1, "diagnostics": [...]}`, sorted by place."""
    return {
        "schema_version": SCHEMA_VERSION,
        "diagnostics": [record(item) for item in ordered(diagnostics)],
    }


def record(item: Diagnostic) -> dict[str, Any]:
    """One diagnostic as data."""
    return {
        "code": item.code,
        "severity": item.severity,
        **_place(item.span),
        "message": item.message,
        "help": item.help,
        "related": [{"message": other.message, **_place(other.span)} for other in item.related],
    }


def _place(span: Span) -> dict[str, Any]:
    names = ("file", "line", "column", "end_line", "end_column")
    return dict(zip(names, span, strict=True))
