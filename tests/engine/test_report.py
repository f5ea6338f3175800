"""A run told to people and to machines: whole texts."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from isodag.engine import RunResult, State, Status, StepRecord, run
from isodag.engine.artifacts import Artifact
from isodag.engine.logs import clean, progress, tail
from isodag.engine.record import GateRecord
from isodag.engine.report import Lines, as_json, describe, duration, observer, summary, trouble

FOLDER = Path("/store/runs/r1")


@pytest.fixture
def result() -> RunResult:
    """A run with a step in every final state."""
    report = Artifact("/store/runs/r1/steps/evaluate/outputs/page.html", "d1")
    steps = [
        StepRecord("prepare", "prepare_rows", State.DONE, cached=True, seconds=0.0,
                   outputs={"rows": 1200}, types={"rows": "Integer"}),
        StepRecord("train", "train_bert", State.DONE, started=0.0, seconds=192.4),
        StepRecord("evaluate", "evaluate", State.DONE, started=0.0, seconds=3.14,
                   outputs={"accuracy": 0.412345678, "page": report, "note": "a\nb\x1b[31m"},
                   types={"accuracy": "Float", "page": "HTML", "note": "String"},
                   log=FOLDER / "steps/evaluate/log.txt"),
        StepRecord("register", "register", State.SKIPPED,
                   reason="accuracy 0.4123 < min_accuracy 0.5"),
        StepRecord("reject", None, State.FAILED, reason="accuracy 0.412345678 is below 0.5"),
        StepRecord("last", "last", State.NOT_RUN),
    ]  # fmt: skip
    return RunResult(
        run_id="r1", pipeline="toy", folder=FOLDER, store=Path("/store"),
        started_at="2026-01-01T00:00:00Z", parameters={"min_accuracy": 0.5},
        steps={step.name: step for step in steps},
        conditions={"good": GateRecord(False, "accuracy 0.4123 < min_accuracy 0.5")},
        outputs={"accuracy": 0.412345678, "page": report, "version": None},
        status=Status.FAILED, seconds=201.0, again="isodag run dag.yaml --resume r1",
    )  # fmt: skip


def test_the_summary_tells_steps_conditions_outputs_and_where_to_look(result: RunResult) -> None:
    assert """\
toy: failed in 3 min 21 s, run r1

steps
  prepare   cached: rows 1200
  train     done in 3 min 12 s
  evaluate  done in 3.1 s: accuracy 0.4123, note a b
  register  skipped: accuracy 0.4123 < min_accuracy 0.5
  reject    failed: accuracy 0.412345678 is below 0.5
  last      not run

conditions
  good  no  accuracy 0.4123 < min_accuracy 0.5

outputs
  accuracy  0.412345678
  page      /store/runs/r1/steps/evaluate/outputs/page.html
  version   null

to look at
  evaluate.page  /store/runs/r1/steps/evaluate/outputs/page.html
  run folder     /store/runs/r1""" == summary(result)


def test_a_step_that_only_makes_one_artifact_says_where_it_is() -> None:
    made = Artifact("/store/runs/r1/steps/score/outputs/predictions", "d1")
    step = StepRecord("score", "score", State.DONE, started=0.0, seconds=2.0,
                      outputs={"predictions": made}, types={"predictions": "Dataset"})  # fmt: skip
    assert f"done in 2.0 s: predictions {made.place}" == describe(step)
    two = replace(step, outputs={"a": made, "b": made})
    assert "done in 2.0 s" == describe(two)


def test_the_json_is_one_object_of_a_fixed_shape(result: RunResult) -> None:
    found = json.loads(json.dumps(as_json(result), allow_nan=False))

    steps = found.pop("steps")
    page = "/store/runs/r1/steps/evaluate/outputs/page.html"
    reason = "accuracy 0.4123 < min_accuracy 0.5"
    assert {
        "schema_version": 1, "run_id": "r1", "pipeline": "toy", "status": "failed",
        "problem": None, "started_at": "2026-01-01T00:00:00Z", "seconds": 201.0, "attempt": 1,
        "parameters": {"min_accuracy": 0.5},
        "conditions": {"good": {"value": False, "reason": reason}},
        "outputs": {"accuracy": 0.412345678, "page": page, "version": None},
        "look_at": [{"step": "evaluate", "output": "page", "path": page}],
        "run_folder": "/store/runs/r1",
    } == found  # fmt: skip
    assert {
        "component": "evaluate", "state": "done", "seconds": 3.14, "cached": False, "kept": False,
        "reason": None, "metrics": {}, "log": "/store/runs/r1/steps/evaluate/log.txt",
        "outputs": {"accuracy": 0.412345678, "page": page, "note": "a\nb\x1b[31m"},
    } == steps["evaluate"]  # fmt: skip
    assert {
        "component": "register", "state": "skipped", "seconds": None, "cached": False,
        "kept": False, "reason": reason, "metrics": {}, "log": None, "outputs": {},
    } == steps["register"]  # fmt: skip


def test_where_there_is_no_terminal_each_change_is_one_line(kit: Any) -> None:
    stream = io.StringIO()
    pipeline = kit.pipeline(
        kit.step("make", "printf 2 > $n", {}, {"n": "Integer"}),
        kit.step("use", "echo working; echo 'error: no rows' >&2; exit 1", after=["make"]),
        kit.step("last", after=["use"]),
    )

    result = run(pipeline, kit.options(), Lines(stream))

    log = result.folder / "steps" / "use" / "log.txt"
    expected = f"""\
run {result.run_id} of toy: 3 steps
make: started
make: done in T: n 2
use: started
use: failed: no rows

step `use` failed: no rows
  | working
  | error: no rows
  log: {log}
"""
    assert expected == re.sub(r"\d+\.\d s", "T", stream.getvalue())


def test_of_a_long_log_the_last_twenty_lines_are_shown(kit: Any) -> None:
    step = kit.step("talks", "i=0; while [ $i -lt 50 ]; do echo line $i; i=$((i+1)); done; exit 1")

    result = run(kit.pipeline(step), kit.options())

    shown = [line for line in trouble(result) if line.startswith("  | ")]
    assert [f"  | line {number}" for number in range(30, 50)] == shown


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("12 of 50", "1 of 50\r12 of 50"),
        ("12 of 50", "1 of 50\r12 of 50\r"),
        ("red", "\x1b[31mred\x1b[0m\x1b[2K"),
        ("title", "\x1b]0;evil\x07title"),
        ("bold", "b\bbo\bold\bd"),
        ("1 2", "1\t2"),
        ("", "\x00\x07\x1b"),
    ],
)
def test_what_would_move_the_cursor_is_taken_out(expected: str, text: str) -> None:
    assert expected == clean(text)


def test_a_log_may_hold_any_bytes_and_be_of_any_length(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"x" * 1_000_000 + b"\n\xff\xfe step 3\nisodag: loss=1\n\n \n")

    assert ("\ufffd\ufffd step 3", 3) == (progress(log), len(tail(log)))
    assert ("", []) == (progress(tmp_path / "none"), tail(tmp_path / "none"))


@pytest.mark.parametrize(
    ("expected", "seconds"),
    [("0.0 s", 0.01), ("9.9 s", 9.94), ("12 s", 12.3), ("3 min 12 s", 192.4), ("2 h 5 min", 7500)],
)
def test_durations_are_as_exact_as_they_are_short(expected: str, seconds: float) -> None:
    assert expected == duration(seconds)


# --- the table on a terminal -----------------------------------------------------------------


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for name, value in {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", text)


def test_a_terminal_gets_a_table_of_all_steps(terminal: Terminal, result: RunResult) -> None:
    table = observer(terminal)
    table.begin(result)

    assert """\
toy  run r1
✓ prepare   cached               rows 1200
✓ train     done     3 min 12 s
✓ evaluate  done          3.1 s  accuracy 0.4123, note a b
↷ register  skipped              accuracy 0.4123 < min_accuracy 0.5
✗ reject    failed               accuracy 0.412345678 is below 0.5
· last      not run""" == "\n".join(
        line.rstrip() for line in plain(terminal.getvalue()).splitlines()
    )


def test_a_running_step_shows_its_latest_line(
    terminal: Terminal, result: RunResult, tmp_path: Path
) -> None:
    log = tmp_path / "log.txt"
    log.write_text("epoch 1 of 3\nepoch 2 of 3\n")
    running = StepRecord("train", "train_bert", State.RUNNING, started=0.0, log=log)
    result.steps = {"train": running}

    observer(terminal).begin(result)

    assert "epoch 2 of 3" == plain(terminal.getvalue()).splitlines()[1].split("  ")[-1].strip()


def test_colour_is_left_out_where_the_user_wants_none(
    terminal: Terminal, result: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    observer(terminal).begin(result)
    coloured = terminal.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    bare = Terminal()
    observer(bare).begin(result)

    colours = re.compile(r"\x1b\[[0-9;]*3[0-7]m")
    assert (True, False) == (bool(colours.search(coloured)), bool(colours.search(bare.getvalue())))


def test_on_a_low_terminal_what_matters_is_shown_and_the_rest_is_counted(
    terminal: Terminal, result: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINES", "8")
    waiting = StepRecord("w", "w")
    names = [f"w{number}" for number in range(40)]
    result.steps = {name: replace(waiting, name=name) for name in names} | result.steps

    observer(terminal).begin(result)

    lines = plain(terminal.getvalue()).splitlines()
    assert "and 42 more: 40 waiting, 1 skipped, 1 not run" == lines[-1].strip()
    assert ["✓", "✓", "✓", "✗"] == [line[0] for line in lines[1:-1]]


def test_where_no_terminal_is_drawn_rich_is_not_loaded() -> None:
    program = (
        "import sys; from isodag.engine import report, run; report.observer(sys.stderr);"
        "print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert ("False\n", "") == (done.stdout, done.stderr)


def test_lines_tell_now_and_then_how_far_a_long_step_is(result: RunResult, tmp_path: Path) -> None:
    log, stream, now = tmp_path / "log.txt", io.StringIO(), [100.0]
    step = replace(result.steps["train"], state=State.RUNNING, started=100.0, log=log)
    running = replace(result, steps={"train": step})
    lines = Lines(stream, clock=lambda: now[0])
    lines.change(running, step)
    for seconds, text in ((105, "epoch 1/2"), (112, "epoch 1/2"), (130, "epoch 1/2"),
                          (131, "epoch 2/2"), (132, "epoch 2/2, step 9")):  # fmt: skip
        with log.open("a") as file:
            file.write(text + "\n")
        now[0] = seconds
        lines.tick(running)
    assert "train: started\ntrain: 12 s: epoch 1/2\ntrain: 31 s: epoch 2/2\n" == stream.getvalue()
