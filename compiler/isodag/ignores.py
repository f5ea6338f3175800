"""`# isodag: ignore[W201] why`: diagnostics in; those to show, and those ignored, out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from isodag import pages
from isodag.diagnostics import MOST, Diagnostic, ordered, suggest
from isodag.frontend import comments
from isodag.source import Source, Span

_START = re.compile(r"#[ \t]*isodag:")
_COMMENT = re.compile(r"#[ \t]*isodag:[ \t]*(?P<word>[A-Za-z_-]+)[ \t]*(?P<rest>.*)")
_CODES = re.compile(r"\[(?P<codes>[^\]]*)\](?P<reason>.*)")
_HELP = "write `# isodag: ignore[W201] reason`"
# a file in which YAML itself is broken has no comments to speak of
_UNREADABLE = ("E101", "E102", "E103", "E104", "E105", "E106")


class Ignored(NamedTuple):
    """A warning that is not shown.

    reason    what the comment says; empty where the command line asked for it
    in_source whether a comment in the file asked for it
    """

    diagnostic: Diagnostic
    reason: str
    in_source: bool


class Sifted(NamedTuple):
    """shown: in order of place, with what is to be said of the comments themselves."""

    shown: list[Diagnostic]
    ignored: list[Ignored]


@dataclass(frozen=True)
class _Ignore:
    """One code of a comment, and the lines of its file on which it is ignored."""

    code: str
    span: Span
    first: int
    last: int
    reason: str
    others: frozenset[str]


def sift(
    found: Iterable[Diagnostic],
    sources: Mapping[str, Source],
    judged: Mapping[str, Collection[str]] | None = None,
    codes: Collection[str] = (),
) -> Sifted:
    """Take out what the files' comments, or the command line, say is to be ignored.

    found    all that is known, errors too: those are never ignored
    judged   file by file, the groups of codes (first digits) about which everything has been said,
             so that a comment which ignores none of them is needless
    codes    warnings to ignore wherever they are
    """
    found = ordered(found)
    broken = {item.span.path for item in found if item.code in _UNREADABLE}
    ignores: dict[tuple[str, str], list[_Ignore]] = {}
    said: list[Diagnostic] = []
    for path, source in sources.items():
        if path in broken or path.startswith("--set ") or "isodag:" not in source.text:
            continue
        for item in islice(_read(source), MOST):
            if isinstance(item, Diagnostic):
                said.append(item)
            else:
                ignores.setdefault((path, item.code), []).append(item)
    shown: list[Diagnostic] = []
    ignored: list[Ignored] = []
    used: set[Span] = set()
    for item in [*found, *said]:
        own = ignores.get((item.span.path, item.code), ())
        matching = [one for one in own if one.first <= item.span.line <= one.last]
        used.update(one.span for one in matching)
        if item.severity == "warning" and (matching or item.code in codes):
            reason = matching[0].reason if matching else ""
            ignored.append(Ignored(item, reason, bool(matching)))
        else:
            shown.append(item)
    for item in _needless(ignores, used, judged or {}, shown):
        if item.code in codes:
            ignored.append(Ignored(item, "", False))
        else:
            shown.append(item)
    return Sifted(ordered(shown), ignored)


def groups(targets: Collection[str]) -> str:
    """The groups of codes about which everything is known once these targets were asked."""
    asked = (("5", "sagemaker"), ("6", "kfp"))
    return "123478" + "".join(digit for digit, name in asked if name in targets)


def refusal(code: str) -> tuple[str, str] | None:
    """Why a code cannot be ignored, and the way out; None when it can."""
    if code not in pages.known():
        return pages.unknown(code)
    if code.startswith("E"):
        return f"`{code}` is an error: only warnings can be ignored", f"see isodag explain {code}"
    return None


def _read(source: Source) -> Iterator[_Ignore | Diagnostic]:
    """What the comments of a file ask for.  W101: a comment that cannot be followed."""
    for comment in comments.find(source, _START):
        match = _COMMENT.match(comment.text)
        if match is None:
            continue
        at = comment.start
        word = source.span(at + match.start("word"), at + match.end("word"))
        listed = _CODES.match(match["rest"])
        if match["word"] != "ignore":
            # anything else may be a sentence that happens to begin like this
            if listed is not None or suggest(match["word"], ["ignore"]):
                message = f"a comment cannot say `{match['word']}`"
                yield Diagnostic("W101", message, word, f"did you mean `ignore`?  {_HELP}")
            continue
        if listed is None:
            yield Diagnostic("W101", "this comment does not say what to ignore", word, _HELP)
            continue
        reason = listed["reason"].strip(" \t:-\N{EN DASH}\N{EM DASH}")
        start = at + match.start("rest")
        places = list(_places(source, listed["codes"], start + 1))
        if not reason:
            end = start + listed.start("reason")
            message = "this comment does not say why"
            help = "say after the bracket why the warning does not count here"
            yield Diagnostic("W101", message, source.span(at, end), help)
        if not places:
            yield Diagnostic("W101", "this comment does not say what to ignore", word, _HELP)
        for code, span in places:
            if (wrong := refusal(code)) is not None:
                yield Diagnostic("W101", wrong[0], span, wrong[1])
            else:
                others = frozenset(name for name, _ in places)
                yield _Ignore(code, span, comment.first, comment.last, reason, others)


def _places(source: Source, listed: str, start: int) -> Iterator[tuple[str, Span]]:
    """The codes between the brackets, in capitals, each with its place."""
    for match in re.finditer(r"[^\s,]+", listed):
        span = source.span(start + match.start(), start + match.end())
        yield match[0].upper(), span


def _needless(
    ignores: Mapping[tuple[str, str], list[_Ignore]], used: Collection[Span],
    judged: Mapping[str, Collection[str]], shown: Iterable[Diagnostic],
) -> Iterator[Diagnostic]:  # fmt: skip
    """W102: a comment ignores a warning that is not there."""
    lines: dict[tuple[str, str], list[int]] = {}
    for item in shown:
        lines.setdefault((item.span.path, item.code), []).append(item.span.line)
    for (path, code), asked in ignores.items():
        for one in asked:
            if one.span in used or code[1] not in judged.get(path, ()):
                continue
            # without a reason it has its W101; with W102 in its list it may be needless
            if not one.reason or "W102" in one.others:
                continue
            help = "remove it"
            if near := lines.get((path, code)):
                line = min(near, key=lambda line: abs(line - one.first))
                help = f"{code} is on line {line}: move the comment there, or remove it"
            yield Diagnostic("W102", f"there is no {code} here to ignore", one.span, help)
