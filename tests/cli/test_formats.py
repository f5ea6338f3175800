"""The formats for programs: GitHub's workflow commands, SARIF and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from isodag import pages
from isodag.diagnostics import Diagnostic, Related
from isodag.formats import Report, github, records, sarif
from isodag.ignores import Ignored
from isodag.source import Span

Isodag = Callable[..., Result]
HERE = Path(__file__).parent
SCHEMA = json.loads((HERE / "sarif-2.1.0.json").read_text(encoding="utf-8"))
SARIF = Draft202012Validator(SCHEMA, format_checker=FormatChecker())

DAG = """\
apiVersion: isodag/v1
kind: Pipeline
name: numbers
vars:
  a: 1
  b: 2 # isodag: ignore[W202] read from the next release on
steps:
  make: {component: make_numbers@1}
  fit: {component: fit_mean@1, inputs: {numbers: "${{ steps.make.outputs.nmbers }}"}}
"""


def problems(log: dict[str, Any]) -> list[str]:
    """What a SARIF log breaks of the schema."""
    return [f"{error.json_path}: {error.message}" for error in SARIF.iter_errors(log)]


def test_the_schema_can_refuse() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert ["$.runs[0].results[0]: 'message' is a required property"] == problems(
        {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{}]}]}
    )


# --- GitHub ------------------------------------------------------------------------------------


def test_github_gets_a_command_for_each_message_and_the_rest_on_stderr(
    workshop: Path, command: Isodag
) -> None:
    (workshop / "a,b.yaml").write_text(DAG)
    done = command("check", "a,b.yaml", "-t", "local", "-o", "github")
    assert 1 == done.exit_code
    assert (
        "::error file=a%2Cb.yaml,line=9,col=74,endLine=9,endColumn=80,title=E203::"
        "step `make` has no output `nmbers`%0A"
        "note: make_numbers 1.2.0 declares `numbers` (components/make_numbers/component.yaml:11:10)"
        "%0Ahelp: did you mean `numbers`?\n"
    ) == done.stdout
    assert "a,b.yaml: 1 error\n" == done.stderr


def test_github_is_not_told_columns_over_several_lines_nor_a_file_for_an_option() -> None:
    report = Report(
        [
            Diagnostic("W201", "50% of a: b, c", Span("a.yaml", 3, 5, 6, 2)),
            Diagnostic("E107", "m", Span("--set vars.x", 1, 1, 1, 2)),
        ]
    )
    assert (
        "::warning file=a.yaml,line=3,endLine=6,title=W201::50%25 of a: b, c\n::error title=E107::m"
    ) == github.write(report)


# --- SARIF -------------------------------------------------------------------------------------


@pytest.fixture
def log(workshop: Path, command: Isodag) -> dict[str, Any]:
    """What check says of DAG with its output spelt right, and of a second file, as SARIF."""
    (workshop / "one two.yaml").write_text(
        DAG.replace("nmbers", "numbers") + 'outputs: {m: "${{ steps.fit.outputs.model }}"}\n'
    )
    (workshop / "bad.yaml").write_text(DAG)
    done = command("check", "one two.yaml", "bad.yaml", "-t", "local", "-o", "sarif")
    assert (1, "") == (done.exit_code, done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_sarif_log_follows_the_schema(log: dict[str, Any]) -> None:
    assert [] == problems(log)


def test_a_sarif_result_says_what_where_and_the_way_out(log: dict[str, Any]) -> None:
    [run] = log["runs"]
    [error] = [result for result in run["results"] if result["ruleId"] == "E203"]
    rule = run["tool"]["driver"]["rules"][error["ruleIndex"]]
    assert ("E203", pages.page("E203").title) == (rule["id"], rule["shortDescription"]["text"])
    assert {
        "ruleId": "E203",
        "ruleIndex": error["ruleIndex"],
        "level": "error",
        "message": {
            "text": "step `make` has no output `nmbers`\nhelp: did you mean `numbers`?"
        },
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "bad.yaml", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 9, "startColumn": 74, "endLine": 9, "endColumn": 80},
                }
            }
        ],
        "suppressions": [],
        "relatedLocations": [
            {
                "id": 0,
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": "components/make_numbers/component.yaml",
                        "uriBaseId": "%SRCROOT%",
                    },
                    "region": {
                        "startLine": 11, "startColumn": 10, "endLine": 11, "endColumn": 17,
                    },
                },
                "message": {"text": "make_numbers 1.2.0 declares `numbers`"},
            }
        ],
    } == error  # fmt: skip


def test_an_ignored_warning_is_a_suppressed_sarif_result(log: dict[str, Any]) -> None:
    [run] = log["runs"]
    told = {
        (result["locations"][0]["physicalLocation"]["region"]["startLine"]): result["suppressions"]
        for result in run["results"]
        if result["ruleId"] == "W202"
    }
    reason = "read from the next release on"
    assert {
        5: [], 6: [{"kind": "inSource", "status": "accepted", "justification": reason}],
    } == told  # fmt: skip


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("a b/c%20d#e?.yaml", {"uri": "a%20b/c%2520d%23e%3F.yaml", "uriBaseId": "%SRCROOT%"}),
        ("./a/../b.yaml", {"uri": "b.yaml", "uriBaseId": "%SRCROOT%"}),
        ("b:c.yaml", {"uri": "b%3Ac.yaml", "uriBaseId": "%SRCROOT%"}),
        ("prüfung.yaml", {"uri": "pr%C3%BCfung.yaml", "uriBaseId": "%SRCROOT%"}),
        ("\udcff.yaml", {"uri": "%FF.yaml", "uriBaseId": "%SRCROOT%"}),
        ("<stdin>", {"uri": "%3Cstdin%3E", "uriBaseId": "%SRCROOT%"}),
        ("/else where/a.yaml", {"uri": "file:///else%20where/a.yaml"}),
        ("{}/in/a.yaml", {"uri": "in/a.yaml", "uriBaseId": "%SRCROOT%"}),
    ],
)
def test_a_sarif_location_is_a_uri(workshop: Path, path: str, location: dict[str, str]) -> None:
    place = Span(path.format(workshop), 1, 1, 1, 1)
    log = sarif.as_json(Report([Diagnostic("W201", "m", place)]))
    [result] = log["runs"][0]["results"]
    assert location == result["locations"][0]["physicalLocation"]["artifactLocation"]


NUMBERS = st.integers(1, 10**6)
SPANS = st.builds(Span, st.text(min_size=1), NUMBERS, NUMBERS, NUMBERS, NUMBERS)
FOUND = st.builds(
    Diagnostic, st.sampled_from(pages.known()), st.text(), SPANS, st.none() | st.text(),
    st.lists(st.builds(Related, st.text(), SPANS), max_size=2).map(tuple),
)  # fmt: skip
REPORTS = st.builds(
    Report, st.lists(FOUND, max_size=4),
    st.lists(st.builds(Ignored, FOUND, st.text(), st.booleans()), max_size=2),
)  # fmt: skip


@given(REPORTS)
def test_whatever_was_found_the_sarif_log_follows_the_schema(report: Report) -> None:
    text = sarif.write(report)
    assert text.isascii()
    assert [] == problems(json.loads(text))


@given(REPORTS)
def test_whatever_was_found_github_gets_one_line_for_each(report: Report) -> None:
    lines = github.write(report).split("\n") if report.shown else []
    assert [f"::{item.severity} " for item in report.shown] == [
        line[: line.index(" ") + 1] for line in lines
    ]


@given(REPORTS)
def test_whatever_was_found_the_json_counts_it(report: Report) -> None:
    told = json.loads(records.write(report))
    counts = told["summary"]
    assert len(told["diagnostics"]) <= counts["errors"] + counts["warnings"] == len(report.shown)
    assert len(report.ignored) == len(told["ignored"]) == counts["ignored"]


def test_json_tells_what_is_ignored_and_by_whom(workshop: Path, command: Isodag) -> None:
    (workshop / "a.yaml").write_text(DAG.replace("nmbers", "numbers"))
    done = command("check", "a.yaml", "-t", "local", "-o", "json", "--ignore", "W202")
    told = [
        (item["code"], item["line"], item["reason"], item["by"])
        for item in json.loads(done.stdout)["ignored"]
    ]
    assert [
        ("W202", 5, "", "command"), ("W202", 6, "read from the next release on", "comment"),
    ] == told  # fmt: skip


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_a_project_without_problems_gives_a_report_too(command: Isodag, form: str) -> None:
    done = command("check", "components", "-o", form)
    assert (0, "") == (done.exit_code, done.stderr)
    told = json.loads(done.stdout)
    assert [] == (told["diagnostics"] if form == "json" else told["runs"][0]["results"])
