"""Steps that run when all others have ended, however they did."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isodag import ir
from isodag.engine import RunResult, State, Status, report, run

Fifo = Callable[[str], Path]


def states(result: RunResult) -> dict[str, str]:
    return {name: str(step.state) for name, step in result.steps.items()}


def pipeline(kit: Any, script: str = ":", last: str = ":", **more: Any) -> ir.Pipeline:
    """`work`, then `after`; and `tidy` after all."""
    made: ir.Pipeline = kit.pipeline(
        kit.step("work", script),
        kit.step("after", after=["work"]),
        last=[kit.step("tidy", f"echo tidied >> {kit.folder}/effects; {last}", **more)],
    )
    return made


def effects(kit: Any) -> int:
    path = kit.folder / "effects"
    return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.mark.parametrize(
    ("script", "after", "status"),
    [(":", "done", Status.DONE), ("exit 1", "not_run", Status.FAILED)],
)
def test_they_run_after_a_success_and_after_a_failure(
    kit: Any, script: str, after: str, status: Status
) -> None:
    result = run(pipeline(kit, script), kit.options())
    assert {"after": after, "tidy": "done"} == {
        name: state for name, state in states(result).items() if name != "work"
    }
    assert (status, 1) == (result.status, effects(kit))


def test_they_run_after_a_fail_step(kit: Any) -> None:
    stop = kit.fail("stop", ir.Constant("no", "String"), [])
    result = run(kit.pipeline(stop, last=[kit.step("tidy")]), kit.options())
    assert ({"stop": "failed", "tidy": "done"}, Status.FAILED) == (states(result), result.status)


def test_they_start_when_the_others_have_ended(kit: Any) -> None:
    log = kit.folder / "order"
    write = f'printf "%s\\n" $0 >> {log}'
    built = kit.pipeline(
        kit.step("b", f"ls / > /dev/null; {write}"), kit.step("c", f"{write}; exit 1"),
        last=[kit.step("a", write)],
    )  # fmt: skip
    run(built, kit.options(jobs=4))
    assert "toy_a" == log.read_text().split()[-1]


def test_one_that_fails_makes_the_run_failed_and_the_others_run_all_the_same(kit: Any) -> None:
    built = kit.pipeline(
        kit.step("work"), last=[kit.step("bad", "exit 1"), kit.step("good"), kit.step("more")]
    )
    result = run(built, kit.options(jobs=1))
    assert {"work": "done", "bad": "failed", "good": "done", "more": "done"} == states(result)
    assert Status.FAILED == result.status


def test_they_read_parameters_and_facts_about_the_run(kit: Any) -> None:
    note = ir.Text(
        (ir.RunRef("pipeline"), ir.Constant(" ", "String"), ir.ParameterRef("p", "String"))
    )
    tidy = kit.step("tidy", "printf '%s' \"$note\" > $text", {"note": note}, {"text": "String"})
    built = kit.pipeline(kit.step("work"), last=[tidy], parameters={"p": ("String", "x")})
    assert {"text": "toy x"} == run(built, kit.options()).steps["tidy"].outputs


def test_they_run_every_time_whatever_the_cache_holds(kit: Any) -> None:
    for _ in range(2):
        result = run(pipeline(kit), kit.options())
    assert (True, False, 2) == (
        result.steps["work"].cached, result.steps["tidy"].cached, effects(kit),
    )  # fmt: skip


def test_a_run_that_is_gone_on_with_runs_them_again_at_its_end(kit: Any) -> None:
    first = run(pipeline(kit, "exit 1"), kit.options())
    again = run(pipeline(kit), kit.options(resume=first.run_id))
    whole = run(pipeline(kit), kit.options(resume=first.run_id))
    assert [Status.FAILED, Status.DONE, Status.DONE] == [
        result.status for result in (first, again, whole)
    ]
    assert ({"work": True, "after": True, "tidy": False}, 3) == (
        {name: step.kept for name, step in whole.steps.items()}, effects(kit),
    )  # fmt: skip


def test_after_one_ctrl_c_they_run(kit: Any, spawn: Any, fifo: Fifo) -> None:
    started, hold = fifo("started"), fifo("hold")
    engine = spawn(pipeline(kit, f"exec 3> {started}; cat {hold}"))
    os.close(os.open(started, os.O_RDONLY))
    engine.send_signal(signal.SIGINT)
    told = json.loads(engine.communicate(timeout=20)[0])
    assert {"work": "interrupted", "after": "not_run", "tidy": "done"} == {
        name: step["state"] for name, step in told["steps"].items()
    }
    assert ("interrupted", 130, 1) == (told["status"], engine.returncode, effects(kit))


def test_after_a_second_ctrl_c_they_do_not(kit: Any, spawn: Any, fifo: Fifo) -> None:
    started, hold = fifo("started"), fifo("hold")
    deaf = f"trap '' TERM; exec 3> {started}; cat {hold}; cat {hold}"
    engine = spawn(pipeline(kit, deaf), grace=600.0)
    os.close(os.open(started, os.O_RDONLY))
    engine.send_signal(signal.SIGINT)
    while "stopping" not in engine.stderr.readline():
        pass
    engine.send_signal(signal.SIGINT)
    told = json.loads(engine.communicate(timeout=20)[0])
    assert {"work": "interrupted", "after": "not_run", "tidy": "not_run"} == {
        name: step["state"] for name, step in told["steps"].items()
    }
    assert ("interrupted", 0) == (told["status"], effects(kit))


def test_ctrl_c_while_they_run_stops_them(kit: Any, spawn: Any, fifo: Fifo) -> None:
    started, hold = fifo("started"), fifo("hold")
    engine = spawn(pipeline(kit, last=f"exec 3> {started}; cat {hold}"))
    os.close(os.open(started, os.O_RDONLY))
    engine.send_signal(signal.SIGINT)
    told = json.loads(engine.communicate(timeout=20)[0])
    assert {"work": "done", "after": "done", "tidy": "interrupted"} == {
        name: step["state"] for name, step in told["steps"].items()
    }
    assert ("interrupted", 130) == (told["status"], engine.returncode)


def test_a_killed_engine_runs_nothing_more_and_the_run_that_goes_on_does(
    kit: Any, spawn: Any, fifo: Fifo
) -> None:
    started, hold = fifo("started"), fifo("hold")
    wait = f"if [ -e {hold} ]; then exec 3> {started}; cat {hold}; fi"
    engine = spawn(pipeline(kit, wait))
    os.close(os.open(started, os.O_RDONLY))
    engine.kill()
    engine.wait()
    hold.unlink()
    assert 0 == effects(kit)
    again = run(pipeline(kit, wait), kit.options(resume="latest"))
    assert ({"work": "done", "after": "done", "tidy": "done"}, 1) == (states(again), effects(kit))


def test_the_report_says_which_they_are(kit: Any) -> None:
    result = run(pipeline(kit), kit.options())
    rows = report.summary(result).split("\n\n")[1].splitlines()
    assert ["work", "after", "tidy (finally)"] == [row[2:].split("  ")[0] for row in rows[1:]]
    told = report.as_json(result)["steps"]
    assert (True, False) == (told["tidy"].get("finally", False), "finally" in told["work"])


def test_steps_that_would_have_been_skipped_are_so_after_a_fail_step_too(kit: Any) -> None:
    """Also where the `fail` step has its turn first, as its name decides."""
    number = ir.OutputRef("make", "n", "Integer")
    low = ir.Compare("<", number, ir.Constant(3, "Integer"))
    other = ir.Compare("<", ir.OutputRef("slow", "n", "Integer"), ir.Constant(3, "Integer"))
    built = kit.pipeline(
        kit.step("make", "echo 1 > $n", {}, {"n": "Integer"}),
        kit.fail("a_reject", ir.Constant("too low", "String"), [ir.Branch("low", True)]),
        kit.step("register", "echo 1 > $n", {}, {"n": "Integer"}, when=[ir.Branch("low", False)]),
        kit.step("tell", ":", {"n": ir.OutputRef("register", "n", "Integer")}),
        kit.step("slow", "echo 1 > $n", {}, {"n": "Integer"}, after=["make"]),
        kit.step("unknown", when=[ir.Branch("other", True)]),
        gates={"low": low, "other": other},
    )  # fmt: skip
    result = run(built, kit.options(jobs=1))
    assert {
        "make": (State.DONE, ""),
        "a_reject": (State.FAILED, "too low"),
        "register": (State.SKIPPED, "n 1 < 3"),
        "tell": (State.SKIPPED, "step `register` was skipped"),
        "slow": (State.NOT_RUN, ""),
        "unknown": (State.NOT_RUN, ""),
    } == {name: (step.state, step.reason) for name, step in result.steps.items()}
