"""What is wrong with a file, where, and the way out; and how that is shown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from isodag.source import Source, Span

SCHEMA_VERSION = 1


class Related(NamedTuple):
    """The other end of a bad link."""

    message: str
    span: Span


@dataclass(frozen=True)
class Diagnostic:
    """One problem.  `code` is E or W and three digits; its page is `codes/<code>.md`."""

    code: str
    message: str
    span: Span
    help: str | None = None
    related: tuple[Related, ...] = ()

    @property
    def severity(self) -> str:
        """`error` or `warning`, told by the code's first letter."""
        return "warning" if self.code.startswith("W") else "error"


def failed(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether one of them is an error."""
    return any(item.severity == "error" for item in diagnostics)


def ordered(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorted by place, nothing twice."""
    unique = dict.fromkeys(diagnostics)
    return sorted(unique, key=lambda item: (item.span, item.code, item.message))


def suggest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is most likely a misspelling of, if one is near enough."""
    candidates = sorted(set(known))
    folded = {candidate.lower().replace("-", "_"): candidate for candidate in candidates}
    wanted = name.lower().replace("-", "_")
    if wanted in folded:
        return folded[wanted]
    close = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str], noun: str) -> str:
    """The help line for an unknown name: the nearest known one, else the list of all."""
    names = sorted(set(known))
    if (near := suggest(name, names)) is not None:
        return f"did you mean `{near}`?"
    if not names:
        return f"there is no {noun} here"
    shown = ", ".join(f"`{item}`" for item in names[:12])
    return f"known {noun}s: {shown}" + (", …" if len(names) > 12 else "")


# --- for people ------------------------------------------------------------------------------

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
        where = f"{span.path}:{span.line}:{span.column}"
        lines.append(f"{' ' * margin}{paint('mark', '-->')} {where}")
        source = sources.get(span.path)
        text = source.line(span.line) if source else ""
        if text:
            bar = paint("mark", "|")
            indent, carets = _carets(text, span)
            lines.append(f"{' ' * margin} {bar}")
            lines.append(f"{paint('mark', str(span.line))} {bar} {_printable(text)}")
            lines.append(f"{' ' * margin} {bar} {indent}{paint(item.severity, carets)}")
        for other in item.related:
            place = f"{other.span.path}:{other.span.line}:{other.span.column}"
            lines.append(f"{' ' * margin} {paint('mark', '=')} note: {other.message} ({place})")
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


def _carets(text: str, span: Span) -> tuple[str, str]:
    """White space up to the span (tabs kept, so that carets stand right) and the carets under it."""
    start = min(span.column - 1, len(text))
    end = span.end_column - 1 if span.end_line == span.line else len(text)
    indent = "".join("\t" if character == "\t" else " " for character in text[:start])
    return indent, "^" * max(1, min(end, len(text)) - start)


def _printable(text: str) -> str:
    """Control characters of a hostile file must not reach the terminal."""
    return "".join(c if c == "\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


# --- for machines ----------------------------------------------------------------------------


def as_json(diagnostics: Iterable[Diagnostic]) -> dict[str, Any]:
    """`{"schema_version": 1, "diagnostics": [...]}`, sorted by place."""
    return {
        "schema_version": SCHEMA_VERSION,
        "diagnostics": [
            {
                "code": item.code,
                "severity": item.severity,
                **_place(item.span),
                "message": item.message,
                "help": item.help,
                "related": [
                    {"message": other.message, **_place(other.span)} for other in item.related
                ],
            }
            for item in ordered(diagnostics)
        ],
    }


def _place(span: Span) -> dict[str, Any]:
    names = ("file", "line", "column", "end_line", "end_column")
    return dict(zip(names, span, strict=True))
