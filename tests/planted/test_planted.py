"""Every planted mistake is found, with its code, at its place, with what was meant."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import planted_cases
import planted_isodag
import pytest
from click.testing import CliRunner
from planted_cases import CORRECT, HERE, PEERS, VALUES, Case, Written

from isodag.cli import main

CASES = planted_cases.cases()
TABLE = {f"M{number:02}" for number in (*range(1, 18), *range(21, 27))}
"""The mistakes of the first comparison of peers, which was made by hand and had gaps in its numbers."""


def said(folder: Path, *options: str) -> list[dict[str, Any]]:
    """What `isodag check -o json` says of the pipeline in a folder, for both targets."""
    definition, components = folder / "pipeline.yaml", folder / planted_isodag.COMPONENTS
    command = ["check", str(definition), "--components", str(components), *options, "-o", "json"]
    done = CliRunner().invoke(main, command, catch_exceptions=False)
    shown: list[dict[str, Any]] = json.loads(done.stdout)["diagnostics"]
    return shown


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_planted_mistake_is_found_once_at_its_place_with_what_was_meant(
    case: Case, tmp_path: Path
) -> None:
    planted = case.plant(tmp_path / "wrong")
    found = said(tmp_path / "wrong", *(["-e", "prod"] if case.file == VALUES else []))
    if case.codes[0].startswith("E"):
        found = [item for item in found if item["severity"] == "error"]
    places = {
        (item["code"], Path(str(item["file"])).resolve(), item["line"], item["column"])
        for item in found
    }
    here = (planted.path.resolve(), planted.line, planted.column)
    assert {(code, *here) for code in case.codes} == places, found
    assert len(case.codes) == len(found), found
    assert all(case.suggests in str(item["help"] or "") for item in found), found


@pytest.mark.parametrize("values", [(), ("-e", "prod")], ids=["as written", "with prod"])
def test_nothing_is_said_of_the_correct_pipeline(values: tuple[str, ...]) -> None:
    assert [] == said(CORRECT, *values)


@pytest.mark.parametrize("case", [case for case in CASES if case.peers], ids=lambda case: case.id)
def test_a_mistake_in_a_peers_words_is_one_marked_change_to_its_correct_script(case: Case) -> None:
    for tool, written in case.peers.items():
        if isinstance(written, Written):
            correct = PEERS[tool].read_text(encoding="utf-8")
            changed, start, end = written.change.apply(correct)
            assert correct != changed and 0 <= start <= end <= len(changed)


def test_all_of_the_table_made_by_hand_is_planted() -> None:
    assert TABLE == {case.table for case in CASES} - {""}


def test_no_mistake_is_planted_twice() -> None:
    seen: dict[tuple[str, str], str] = {}
    for case in CASES:
        text = (CORRECT / case.file).read_text(encoding="utf-8")
        changed = case.change.apply(text)[0]
        assert case.id == seen.setdefault((case.file, changed), case.id)


def test_a_mistake_that_is_not_told_is_missed_and_another_line_is_not_its_line(
    tmp_path: Path,
) -> None:
    case = next(case for case in CASES if case.id == "names/output")
    planted = case.plant(tmp_path / "wrong")
    nothing = planted_isodag.judged(case, planted, [])
    assert planted_isodag.Verdict(case.id, found=False, line=False, suggested=False) == nothing
    (told,) = said(tmp_path / "wrong")
    elsewhere = planted_isodag.judged(case, planted, [told | {"line": told["line"] + 1}])
    assert planted_isodag.Verdict(case.id, found=True, line=False, suggested=False) == elsewhere


def test_the_readme_shows_the_first_lines_of_a_mistake() -> None:
    shown = (HERE / "README.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    case = (HERE / "mistakes" / "names" / "output.yaml").read_text(encoding="utf-8")
    assert shown == "".join(case.splitlines(keepends=True)[:5])


def test_the_command_says_the_same(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.id == "names/output")
    planted = case.plant(tmp_path / "wrong")
    command = [sys.executable, "-m", "isodag", "check", *planted_isodag.arguments(case)]
    done = subprocess.run(
        [*command, "-o", "json"], cwd=tmp_path / "wrong", capture_output=True, text=True
    )
    assert 1 == done.returncode, done.stderr
    verdict = planted_isodag.judged(case, planted, json.loads(done.stdout)["diagnostics"])
    assert planted_isodag.Verdict(case.id, found=True, line=True, suggested=True) == verdict
