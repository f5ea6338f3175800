"""`isodag explain`: every page, as it is where it is piped, laid out on a terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable

import pytest
from click.testing import Result

from isodag import pages

Isodag = Callable[..., Result]


@pytest.mark.parametrize("code", pages.known())
def test_a_piped_page_is_the_file_itself(command: Isodag, code: str) -> None:
    page = (pages.FOLDER / f"{code}.md").read_text(encoding="utf-8")
    assert (0, page) == ((done := command("explain", code)).exit_code, done.stdout)


def test_all_codes_are_listed_by_what_they_are_about(command: Isodag) -> None:
    lines = command("explain").stdout.splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    assert sorted(pages.known()) == sorted(listed)
    assert "Files and their syntax" == lines[0]
    assert "  E203  a step reads an output that its producer does not have" in lines
    heads = [line for line in lines if line and not line.startswith(" ")]
    assert [about.capitalize()[0] for about in pages.GROUPS.values()] == [h[0] for h in heads]


@pytest.mark.parametrize(
    ("code", "way_out"),
    [("E2O3", "did you mean `E203`?"), ("zz", "`isodag explain` lists them")],
)
def test_an_unknown_code_makes_the_command_wrong(command: Isodag, code: str, way_out: str) -> None:
    done = command("explain", "E203", code)
    assert (2, "") == (done.exit_code, done.stdout)
    assert f"Error: there is no code `{code}`; {way_out}\n" in done.stderr


def test_programs_get_codes_titles_and_pages(command: Isodag) -> None:
    told = json.loads(command("explain", "e203", "-o", "json").stdout)
    [page] = told["codes"]
    assert (1, "E203", pages.page("E203").text) == (
        told["schema_version"],
        page["code"],
        page["page"],
    )


def test_every_page_has_a_title_and_a_summary_in_one_line() -> None:
    odd = [
        page.code
        for page in map(pages.page, pages.known())
        if not page.title or not page.summary or "\n" in page.summary or "#" == page.summary[0]
    ]
    assert [] == odd


@pytest.mark.parametrize(("environment", "escapes"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_page_on_a_terminal_is_laid_out(environment: dict[str, str], escapes: bool) -> None:
    ours, theirs = pty.openpty()
    given = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    given |= {"TERM": "xterm-256color", "COLUMNS": "80", **environment}
    command = [sys.executable, "-m", "isodag", "explain", "E203"]
    process = subprocess.Popen(command, stdout=theirs, env=given)
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other side is closed
            break
        if not part:
            break
        said += part
    os.close(ours)
    assert 0 == process.wait()
    assert escapes == (b"\033[" in said)
    assert escapes == (b"```" not in said)
