"""The line shown with a message, and the carets under what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from isodag import diagnostics
from isodag.diagnostics import Diagnostic
from isodag.source import Source, Span

Isodag = Callable[..., Result]


def shown(text: str, marked: str) -> tuple[str, str]:
    """The line and the carets that a message about the first `marked` in `text` has."""
    at = text.index(marked)
    source = Source("a.yaml", text)
    found = Diagnostic("E107", "m", source.span(at, at + len(marked)))
    lines = diagnostics.render([found], {"a.yaml": source}).splitlines()
    return lines[3].partition("| ")[2], lines[4].partition("| ")[2]


@pytest.mark.parametrize(
    ("text", "marked", "line", "carets"),
    [
        ("key: wrong", "wrong", "key: wrong", "     ^^^^^"),
        ("\tkey:\twrong", "wrong", "\tkey:\twrong", "\t    \t^^^^^"),
        ("日本: 誤り", "誤り", "日本: 誤り", "      ^^^^"),
        ("e\u0301te\u0301: x", "x", "e\u0301te\u0301: x", "     ^"),
        ("\u2764\ufe0f: x", "x", "\u2764\ufe0f: x", "   ^"),
        ("🎉🎉: x", "x", "🎉🎉: x", "      ^"),
        ("a\x1b[31m: x", "x", "a\N{REPLACEMENT CHARACTER}[31m: x", "        ^"),
        ("a: [b,\n c]", "b,\n c", "a: [b,", "    ^^"),
        ("a: b", "", "a: b", "^"),
    ],
)
def test_the_carets_stand_under_what_is_wrong(
    text: str, marked: str, line: str, carets: str
) -> None:
    assert (line, carets) == shown(text, marked)


@pytest.mark.parametrize("before", [0, 50, 500, 5000])
@pytest.mark.parametrize("after", [0, 500, 5000])
def test_a_long_line_is_clipped_around_what_is_wrong(before: int, after: int) -> None:
    line, carets = shown("x" * before + "wrong" + "y" * after, "wrong")
    assert len(line) <= 182
    assert "wrong" == line[carets.index("^") : carets.index("^") + 5]
    assert "^^^^^" == carets.strip()


@pytest.mark.parametrize(
    "data",
    [
        b"apiVersion: isodag/v1\r\nkind: Pipeline\r\nname: x\r\nstep: {}\r\n",
        b"apiVersion: isodag/v1\rkind: Pipeline\rname: x\rstep: {}\r",
        b"\xef\xbb\xbfapiVersion: isodag/v1\nkind: Pipeline\nname: x\nstep: {}\n",
    ],
    ids=["CRLF", "CR", "BOM"],
)
def test_places_do_not_depend_on_how_lines_end_nor_on_a_mark_at_the_start(
    workshop: Path, command: Isodag, data: bytes
) -> None:
    (workshop / "a.yaml").write_bytes(data)
    assert (
        "error[E107]: unknown key `step` in a pipeline\n --> a.yaml:4:1\n  |\n4 | step: {}\n"
        "  | ^^^^\n  = help: did you mean `steps`?\n"
    ) in command("check", "a.yaml").stderr


def test_columns_count_characters_from_after_the_mark(workshop: Path, command: Isodag) -> None:
    (workshop / "a.yaml").write_bytes(b"\xef\xbb\xbfapiVersoin: isodag/v1\n")
    assert " --> a.yaml:1:1\n" in command("check", "a.yaml").stderr


def test_a_message_about_a_line_that_is_not_there_has_no_snippet() -> None:
    found = Diagnostic("E101", "m", Span("a.yaml", 9, 1, 9, 1), "h")
    said = diagnostics.render([found], {"a.yaml": Source("a.yaml", "x")})
    assert "error[E101]: m\n --> a.yaml:9:1\n  = help: h\n" == said


def test_a_message_is_coloured_as_a_whole() -> None:
    source = Source("a.yaml", "a: b\n")
    found = Diagnostic("W201", "m", source.span(3, 4), "h")
    said = diagnostics.render([found], {"a.yaml": source}, color=True)
    assert (
        "\033[1;33mwarning[W201]\033[0m: \033[1mm\033[0m\n \033[1;34m-->\033[0m a.yaml:1:4\n"
        "  \033[1;34m|\033[0m\n\033[1;34m1\033[0m \033[1;34m|\033[0m a: b\n"
        "  \033[1;34m|\033[0m    \033[1;33m^\033[0m\n  \033[1;34m=\033[0m help: h\n"
    ) == said
