"""Settings of steps on this machine: variables, the time they may take, another try, tags."""

from __future__ import annotations

import json
import os
import select
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from isodag import ir
from isodag.engine import State, run
from isodag.source import Span

SPAN = Span("dag.yaml", 3, 1, 3, 5)
Fifo = Callable[[str], Path]


def variables(**values: ir.Value) -> tuple[ir.Variable, ...]:
    return tuple(ir.Variable(name, value, SPAN, SPAN) for name, value in sorted(values.items()))


def retry(attempts: int, *causes: str, interval: int = 0) -> ir.Retry:
    return ir.Retry(attempts, causes or ("internal",), interval, 2.0)


def record(kit: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((kit.folder / "store/runs/latest/run.json").read_text())
    return found


# --- variables -----------------------------------------------------------------------------------


def test_a_step_finds_its_variables(kit: Any) -> None:
    first = kit.step("first", "printf 3 > $n", {}, {"n": "Integer"})
    tell = kit.step(
        "tell", 'printf %s "$RATE $TEXT $ISODAG_RUN_ID" > $told', {}, {"told": "String"}
    )
    rate = ir.ParameterRef("rate", "Float")
    text = ir.Text((ir.Constant("n=", "String"), ir.OutputRef("first", "n", "Integer")))
    tell = replace(tell, environment=variables(RATE=rate, TEXT=text))
    pipeline = kit.pipeline(first, tell, parameters={"rate": ("Float", 0.5)})
    result = run(pipeline, kit.options())
    assert f"0.5 n=3 {result.run_id}" == result.steps["tell"].outputs["told"]


def test_a_variable_that_changes_is_not_answered_from_the_cache(kit: Any) -> None:
    def cached(value: str | None) -> bool:
        tell = kit.step("tell", "printf x > $told", {}, {"told": "String"})
        if value is not None:
            given = variables(MODE=ir.Constant(value, "String"))
            tell = replace(tell, environment=given)
        return bool(run(kit.pipeline(tell), kit.options()).steps["tell"].cached)

    assert [False, False, True, False, True] == [cached(v) for v in (None, "a", "a", "b", None)]


def test_a_step_with_a_variable_of_a_skipped_step_is_skipped(kit: Any) -> None:
    off = ir.Branch("on", False)
    first = kit.step("first", "printf 3 > $n", {}, {"n": "Integer"}, when=[off])
    tell = kit.step("tell")
    tell = replace(tell, environment=variables(N=ir.OutputRef("first", "n", "Integer")))
    gates = {"on": ir.Truth(ir.Constant(True, "Boolean"))}
    result = run(kit.pipeline(first, tell, gates=gates), kit.options())
    assert (State.SKIPPED, "step `first` was skipped") == (
        result.steps["tell"].state, result.steps["tell"].reason,
    )  # fmt: skip


# --- timeout -------------------------------------------------------------------------------------


def held(kit: Any, started: Path, hold: Path, trap: str = "") -> ir.Task:
    """A step that goes on until somebody writes to `hold`, and so does what it started."""
    child = f"sh -c '{trap}exec 3> {started}; cat {hold}; cat {hold}'"
    step: ir.Task = kit.step("hang", f"{trap}{child} & wait; wait")
    return step


@pytest.mark.parametrize("trap", ["", "trap : TERM; "], ids=["", "deaf"])
def test_a_step_whose_time_is_over_ends_with_all_that_it_started(
    kit: Any, fifo: Fifo, trap: str
) -> None:
    started, hold = fifo("started"), fifo("hold")
    reader = os.open(started, os.O_RDONLY | os.O_NONBLOCK)
    hang = replace(held(kit, started, hold, trap), timeout=1)
    result = run(kit.pipeline(hang, kit.step("last", after=["hang"])), kit.options(grace=0.1))
    assert (State.FAILED, "timed out after 1s (`timeout` of the step)", 1) == (
        result.steps["hang"].state, result.steps["hang"].reason, result.exit_code,
    )  # fmt: skip
    assert State.NOT_RUN is result.steps["last"].state
    ended = select.poll()
    ended.register(reader, select.POLLHUP)
    assert [(reader, select.POLLHUP)] == ended.poll(20_000)
    os.close(reader)


def test_a_step_that_is_done_in_time_is_done(kit: Any) -> None:
    step = replace(kit.step("a", "printf x > $t", {}, {"t": "String"}), timeout=3600)
    assert State.DONE is run(kit.pipeline(step), kit.options()).steps["a"].state


# --- another try ---------------------------------------------------------------------------------


def killed(kit: Any, times: int, how: str = "kill -KILL $$") -> ir.Task:
    """A step that is killed so many times and then done."""
    mark = kit.folder / "tries"
    script = f'echo try >> {mark}; [ "$(wc -l < {mark})" -gt {times} ] || {how}; printf ok > $x'
    step: ir.Task = kit.step("a", script, {}, {"x": "String"})
    return step


@pytest.mark.parametrize("how", ["kill -KILL $$", "kill -TERM $$", "exit 137", "exit 143"])
def test_a_step_that_a_signal_ends_is_tried_again(kit: Any, how: str) -> None:
    step = replace(killed(kit, 2, how), retry=retry(3))
    found = run(kit.pipeline(step), kit.options()).steps["a"]
    assert (State.DONE, 3, "", "ok") == (found.state, found.tries, found.reason, found.outputs["x"])
    folder = kit.folder / "store/runs/latest/steps/a"
    assert ["log.1.txt", "log.2.txt", "log.txt", "outputs"] == sorted(os.listdir(folder))
    assert 3 == record(kit)["steps"]["a"]["tries"]


def test_the_last_try_tells_why_it_failed(kit: Any) -> None:
    step = replace(killed(kit, 9), retry=retry(2))
    found = run(kit.pipeline(step), kit.options()).steps["a"]
    reason = "try 2 of 2: ended by SIGKILL; the machine may have run out of memory"
    assert (State.FAILED, reason) == (found.state, found.reason)


@pytest.mark.parametrize(
    ("how", "policy"),
    [
        ("kill -KILL $$", retry(3, "throttling", "capacity", "service")),
        ("exit 1", retry(3)),
        ("exit 130", retry(3)),
        ("kill -KILL $$", retry(1)),
        ("kill -KILL $$", None),
    ],
    ids=["causes of clouds", "its own failure", "its own status", "one try", "no retry"],
)
def test_nothing_else_is_tried_again(kit: Any, how: str, policy: ir.Retry | None) -> None:
    step = replace(killed(kit, 1, how), retry=policy)
    found = run(kit.pipeline(step), kit.options()).steps["a"]
    assert (State.FAILED, 1) == (found.state, found.tries)
    assert "try" not in found.reason


def test_a_step_whose_time_was_over_is_tried_again(kit: Any, fifo: Fifo) -> None:
    hold = fifo("hold")
    step = replace(killed(kit, 1, f"cat {hold}"), timeout=1, retry=retry(2))
    found = run(kit.pipeline(step), kit.options()).steps["a"]
    assert (State.DONE, 2, "") == (found.state, found.tries, found.reason)


def test_what_runs_beside_goes_on_meanwhile_and_the_run_tells_of_tries(
    kit: Any, spawn: Any
) -> None:
    step = replace(killed(kit, 1), retry=retry(2))
    engine = spawn(kit.pipeline(step, kit.step("b")), jobs=1)
    _, errors = engine.communicate(timeout=20)
    said = [line for line in errors.splitlines() if line.startswith("a:")]
    reason = "try 1 of 2: ended by SIGKILL; the machine may have run out of memory; again in 0 s"
    assert ["a: started", f"a: {reason}", "a: started again, try 2"] == said[:3]
    assert 0 == engine.returncode


def test_the_pause_changes_by_the_same_factor_each_time(kit: Any, spawn: Any) -> None:
    step = replace(killed(kit, 2), retry=ir.Retry(3, ("internal",), 1, 0.1))
    engine = spawn(kit.pipeline(step))
    _, errors = engine.communicate(timeout=20)
    pauses = [line.rpartition("again in ")[2] for line in errors.splitlines() if "again in" in line]
    assert ["1 s", "0.1 s"] == pauses


def test_a_run_can_be_stopped_between_two_tries(kit: Any, spawn: Any) -> None:
    step = replace(killed(kit, 1), retry=retry(2, interval=3600))
    engine = spawn(kit.pipeline(step))
    for line in engine.stderr:
        if line.endswith("again in 3600 s\n"):
            break
    engine.send_signal(signal.SIGINT)
    out, _ = engine.communicate(timeout=20)
    assert ("interrupted", "interrupted") == (
        json.loads(out)["status"], json.loads(out)["steps"]["a"]["state"],
    )  # fmt: skip


# --- tags ----------------------------------------------------------------------------------------


def test_tags_are_on_record(kit: Any) -> None:
    step = replace(kit.step("a"), tags=(("cost-center", "4711"), ("team", "text")))
    run(kit.pipeline(step, kit.step("b")), kit.options())
    steps = record(kit)["steps"]
    assert {"cost-center": "4711", "team": "text"} == steps["a"]["tags"]
    assert {} == steps["b"]["tags"]
