"""`--help`: pages made from specs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import isodag
from isodag.runtime import discovery, manual

Call = Callable[..., Any]

PAGE = """\
fit 1.2.3: Fit a line

Fit a line to points. A second sentence is not for the list.

usage: python3 -m isodag.runtime fit --points PATH --model PATH --report PATH
         [PARAMETERS]

Input artifacts, each a file or a folder:
  --points PATH           Dataset. Text, one number a line.

Parameters:
  --label STRING          A name for the run. (String; default none)
  --epochs INTEGER        Passes. (Integer; 1 to 100; default 3)
  --learning_rate FLOAT   Step. (Float; at least 0; default 2e-05)
  --shuffle BOOLEAN       Whether to shuffle. (Boolean; default true)
  --method STRING         String; one of adam, sgd; default adam
  --options JSON          More. (JsonObject; default {})
  --layers JSON           JsonArray; default []

Output artifacts, each a path to write:
  --model PATH            Model. One folder: seen.json.
  --report PATH           Artifact. A text.

Output values, each written to a file as text where its flag is given:
  --loss FILE             Float. Of the last pass.
  --rows FILE             Integer. Points read.
  --remark FILE           String.

Example:
  python3 -m isodag.runtime fit --points in/points --label none --model out/model --report out/report

Found in components/fit, by ./components.
"""


def test_help_of_a_component_is_its_spec_as_a_page(fit: Path, start: Call) -> None:
    assert (0, PAGE, "") == start("fit", "--help")


@pytest.mark.parametrize("argv", [["-h"], ["--epochs", "0", "--help"], ["--label", "x", "-h"]])
def test_help_may_stand_anywhere_but_as_a_value(fit: Path, call: Call, argv: list[str]) -> None:
    assert (0, PAGE, "") == call("fit", *argv)


def test_the_example_of_the_page_is_a_right_command(fit: Path, call: Call, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "points").write_text("4")
    example = PAGE.partition("Example:\n")[2].splitlines()[0].split()
    assert (0, "isodag: loss=4.0\nisodag: rows=1\n", "") == call(*example[3:])


@pytest.mark.parametrize("columns", ["0", "40", "57", "80", "1000", "99999999"])
def test_help_fills_the_terminal_and_never_more_than_100_columns(
    fit: Path, call: Call, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    text = call("fit", "--help").out.replace(str(fit), "")
    body = [line for line in text.splitlines() if not line.startswith("  python3")]
    assert max(map(len, body)) <= min(max(int(columns), 40), 100)


def test_help_alone_lists_components_with_a_line_each(
    fit: Path, component: Callable[[str, str, str], Path], call: Call, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    component("broken", "[", "")
    component("bare", "name: Bare", "")
    (tmp_path / "components" / "not_one").mkdir()
    monkeypatch.setenv("COLUMNS", "100")
    ended = call()
    assert ended == call("--help") == call("-h")
    assert (0, "") == (ended.status, ended.err)
    lines = ended.out.splitlines()
    assert [
        "usage: python3 -m isodag.runtime COMPONENT --name value …",
        "       python3 -m isodag.runtime COMPONENT --help",
        "",
        "Components:",
    ] == lines[:4]
    listed = [line for line in lines[4:] if line[2:].startswith(("bare", "broken", "fit "))]
    assert [
        "  bare                    Bare",
        "  broken                  cannot be read: components/broken/component.yaml:1: did not find expected",
        "  fit                     Fit a line to points.",
    ] == listed


def test_versions(fit: Path, call: Call) -> None:
    assert (0, f"isodag {isodag.__version__}\n", "") == call("--version")
    assert (0, "fit 1.2.3\n", "") == call("fit", "--version")


def test_metrics_components_tell_of_kfp_and_optional_models_of_their_forms(
    component: Callable[[str, str, str], Path], call: Call
) -> None:
    component(
        "judge",
        "inputs:\n- {name: model, type: Model, optional: true}\n"
        "- {name: tag, type: String, annotations: {pattern: '^v', format: tag}}\n"
        "outputs:\n- {name: metrics, type: Metrics}",
        "",
    )
    page = """\
judge 0.0.0: judge

usage: python3 -m isodag.runtime judge --tag STRING --metrics PATH [PARAMETERS]

Input artifacts, each a file or a folder:
  --model PATH            Model. A folder, model.tar.gz or
                          hf://org/name[@revision]. May be left out.

Parameters:
  --tag STRING            String; matching ^v; format tag

Output artifacts, each a path to write:
  --metrics PATH          Metrics.

Kubeflow Pipelines:
  --executor-input JSON   KFP's executor input; sets the metadata of the metrics
                          outputs.

Example:
  python3 -m isodag.runtime judge --tag TEXT --metrics out/metrics

Found in components/judge, by ./components.
"""
    assert (0, page, "") == call("judge", "--help")


def test_the_example_quotes_what_a_shell_would_split(
    component: Callable[[str, str, str], Path], call: Call
) -> None:
    spec = (
        'inputs:\n- {name: a, type: JsonObject}\n- {name: b, type: String, default: "it\'s"}\n'
        "- {name: c, type: Float, annotations: {maximum: -1}}\n"
        "- {name: d, type: Boolean, optional: true}\n"
        "- {name: e, type: String, annotations: {enum: [x y, z]}}\n"
        '- {name: f, type: String, default: ""}'
    )
    component("many", spec, "def many(**given): pass")
    page = call("many", "--help").out
    line = "python3 -m isodag.runtime many --a '{}' --c -1 --e 'x y'"
    assert line == page.partition("Example:\n  ")[2].splitlines()[0]
    assert [
        "  --a JSON                JsonObject",
        "  --b STRING              String; default it's",
        "  --c FLOAT               Float; at most -1",
        "  --d BOOLEAN             Boolean; may be left out",
        "  --e STRING              String; one of x y, z",
        "  --f STRING              String; default empty",
    ] == page.partition("Parameters:\n")[2].splitlines()[:6]


def test_no_components_is_said_with_where_was_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISODAG_COMPONENTS", "/a:/b")
    last = " ".join(manual.contents({}, 80).split("\n\n")[1].split())
    assert f"No components in /a, /b, components, {discovery.BUILT_IN}." == last


def test_help_and_usage_errors_load_neither_the_component_nor_heavy_modules(
    component: Callable[[str, str, str], Path], start: Call
) -> None:
    component("slow", "inputs:\n- {name: n, type: Integer}", "raise SystemExit('loaded')")
    heavy = ("tarfile", "tempfile", "shutil", "importlib.util", "traceback", "main")
    for argv, status in ((["slow", "--help"], 0), (["slow", "--n", "x"], 2), (["slow"], 2)):
        ended = start(*argv, PYTHONPROFILEIMPORTTIME="1")
        loaded = {line.rpartition("|")[2].strip() for line in ended.err.splitlines()}
        assert status == ended.status
        assert "isodag.runtime.arguments" in loaded
        assert {"isodag.runtime.execution", *heavy[:3]} & loaded == set()


def test_a_reader_that_leaves_early_is_no_error(fit: Path) -> None:
    import subprocess

    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "isodag.runtime", "fit", "--help"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (0, b"") == (done.returncode, done.stderr)
