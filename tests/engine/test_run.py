"""Whole runs of toy steps: order, gates, failures, outputs, parallel work."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isodag import ir
from isodag.component import Placeholder
from isodag.engine import RunResult, State, Status, StepRecord, run
from isodag.engine.record import Silent

ACCURACY = ir.OutputRef("evaluate", "accuracy", "Float")
MINIMUM = ir.ParameterRef("min_accuracy", "Float")
GOOD = ir.Compare(">=", ACCURACY, MINIMUM)


def text(value: str) -> ir.Constant:
    return ir.Constant(value, "String")


def told(result: RunResult) -> dict[str, tuple[State, str]]:
    """State and reason of every step."""
    return {step.name: (step.state, step.reason) for step in result.steps.values()}


def states(result: RunResult) -> dict[str, State]:
    return {step.name: step.state for step in result.steps.values()}


def gated(kit: Any, accuracy: str) -> ir.Pipeline:
    """evaluate, then register behind `good` and reject behind `not good`."""
    message = ir.Text((text("accuracy "), ACCURACY, text(" is below "), MINIMUM))
    return kit.pipeline(
        kit.step("evaluate", f"printf {accuracy} > $accuracy", outputs={"accuracy": "Float"}),
        kit.step("register", "printf 3 > $version", {"accuracy": ACCURACY},
                  {"version": "Integer"}, when=[ir.Branch("good", True)]),
        kit.fail("reject", message, [ir.Branch("good", False)]),
        parameters={"min_accuracy": ("Float", 0.5)},
        gates={"good": GOOD},
        outputs={"accuracy": ACCURACY, "version": ir.OutputRef("register", "version", "Integer")},
    )  # fmt: skip


def test_values_and_artifacts_reach_the_steps_that_read_them(kit: Any) -> None:
    (kit.folder / "rows.csv").write_text("a\nb\n")
    pipeline = kit.pipeline(
        kit.step("count", "wc -l < $rows > $lines; tr a-z A-Z < $rows > $upper",
                  {"rows": ir.ParameterRef("rows", "Dataset")},
                  {"lines": "Integer", "upper": "Dataset"}),
        kit.step("tell", 'echo $lines $note $(cat $upper) > $page',
                  {"lines": ir.OutputRef("count", "lines", "Integer"),
                   "upper": ir.OutputRef("count", "upper", "Dataset"),
                   "note": ir.Text((text("of "), ir.RunRef("pipeline")))},
                  {"page": "Markdown"}),
        parameters={"rows": ("Dataset",)},
        outputs={"lines": ir.OutputRef("count", "lines", "Integer"),
                 "page": ir.OutputRef("tell", "page", "Markdown")},
    )  # fmt: skip

    result = run(pipeline, kit.options(parameters={"rows": "rows.csv"}))

    page = result.folder / "steps" / "tell" / "outputs" / "page.md"
    assert (Status.DONE, 0) == (result.status, result.exit_code)
    assert {"lines": 2, "page": str(page)} == {
        "lines": result.outputs["lines"], "page": result.outputs["page"].place,
    }  # fmt: skip
    assert "2 of toy A B\n" == page.read_text()
    assert page.samefile(result.folder / "outputs" / "page.md")
    assert result.folder.samefile(kit.folder / "store" / "runs" / "latest")


def test_steps_start_only_after_what_they_need(kit: Any) -> None:
    log = kit.folder / "order"
    write = f'printf "%s\\n" $0 >> {log}'
    pipeline = kit.pipeline(
        kit.step("a", write),
        kit.step("b", write, after=["a"]),
        kit.step("c", write, after=["b"]),
    )

    run(pipeline, kit.options(jobs=8))

    assert ["toy_a", "toy_b", "toy_c"] == log.read_text().split()


def test_steps_that_need_nothing_of_each_other_run_at_once(
    kit: Any, fifo: Callable[[str], Path]
) -> None:
    one, two = fifo("one"), fifo("two")  # each waits for the other
    pipeline = kit.pipeline(
        kit.step("left", f"echo > {one}; cat < {two}"),
        kit.step("right", f"cat < {one}; echo > {two}"),
    )

    assert 0 == run(pipeline, kit.options(jobs=2)).exit_code


@pytest.mark.parametrize(
    ("jobs", "resources"),
    [(1, None), (4, ir.Resources(cpu=10_000)), (4, ir.Resources(memory=1 << 60))],
)
def test_steps_run_one_by_one_where_jobs_or_the_machine_allow_no_more(
    kit: Any, jobs: int, resources: ir.Resources | None
) -> None:
    log = kit.folder / "order"
    script = f"echo start >> {log}; ls / > /dev/null; echo end >> {log}"
    steps = [kit.step(name, script, resources=resources) for name in "abc"]

    run(kit.pipeline(*steps), kit.options(jobs=jobs))

    assert ["start", "end"] * 3 == log.read_text().split()


def test_a_gate_that_holds_lets_one_side_run(kit: Any) -> None:
    result = run(gated(kit, "0.59"), kit.options())

    assert {
        "evaluate": (State.DONE, ""),
        "register": (State.DONE, ""),
        "reject": (State.SKIPPED, "accuracy 0.59 >= min_accuracy 0.5"),
    } == told(result)
    assert ({"accuracy": 0.59, "version": 3}, 0) == (result.outputs, result.exit_code)


def test_a_gate_that_does_not_hold_skips_and_fails_with_the_numbers(kit: Any) -> None:
    result = run(gated(kit, "0.41"), kit.options())

    assert {
        "evaluate": (State.DONE, ""),
        "register": (State.SKIPPED, "accuracy 0.41 < min_accuracy 0.5"),
        "reject": (State.FAILED, "accuracy 0.41 is below 0.5"),
    } == told(result)
    assert ({"accuracy": 0.41, "version": None}, 1) == (result.outputs, result.exit_code)


def test_gates_are_asked_outermost_first_and_no_further(kit: Any) -> None:
    late = ir.Compare(
        "==", ir.OutputRef("register", "version", "Integer"), ir.Constant(3, "Integer")
    )
    pipeline = gated(kit, "0.41")
    inner = kit.step("notify", when=[ir.Branch("good", True), ir.Branch("third", True)])
    pipeline = kit.pipeline(
        *pipeline.tasks[:2], inner, parameters={"min_accuracy": ("Float", 0.5)},
        gates={"good": GOOD, "third": late},
    )  # fmt: skip

    result = run(pipeline, kit.options())

    assert (State.SKIPPED, "accuracy 0.41 < min_accuracy 0.5") == told(result)["notify"]
    assert ["good"] == list(result.conditions)


def test_after_a_failure_running_steps_finish_and_nothing_new_starts(
    kit: Any, fifo: Callable[[str], Path]
) -> None:
    started, failed = fifo("started"), fifo("failed")
    pipeline = kit.pipeline(
        kit.step("breaks", f"cat < {started}; echo 'error: no rows' >&2; exit 3"),
        # ends only after the other one was seen to have failed
        kit.step("slow", f"echo > {started}; cat {failed}; printf 1 > $done", {},
                  {"done": "Integer"}),
        kit.step("next", after=["slow"]),
    )  # fmt: skip

    class LetsGo(Silent):
        def change(self, run: RunResult, step: StepRecord) -> None:
            if step.state is State.FAILED:
                failed.write_text("")

    result = run(pipeline, kit.options(jobs=2), LetsGo())

    assert {
        "breaks": (State.FAILED, "no rows"),
        "slow": (State.DONE, ""),
        "next": (State.NOT_RUN, ""),
    } == told(result)
    assert (Status.FAILED, 1) == (result.status, result.exit_code)


@pytest.mark.parametrize(
    ("expected", "script", "outputs"),
    [
        ("wrote nothing to output `rows`", ":", {"rows": "Dataset"}),
        ("wrote nothing to output `rows`", "mkdir $rows", {"rows": "Dataset"}),
        ("wrote nothing to outputs `rows`, `n`", ":", {"rows": "Dataset", "n": "Integer"}),
        ("output `n`: `many` is not an Integer", "printf many > $n", {"n": "Integer"}),
        ("output `n`: the text is not UTF-8", "printf '\\377' > $n", {"n": "String"}),
        ("exit status 7", "exit 7", {}),
        ("ended by SIGTERM", "kill -TERM $$", {}),
        ("ended by SIGKILL; the machine may have run out of memory", "kill -KILL $$", {}),
        ("no column `stars`", "echo 'error: old'; echo 'error: no column `stars`'; exit 1", {}),
    ],
)
def test_a_step_fails_with_one_reason(
    kit: Any, expected: str, script: str, outputs: dict[str, str]
) -> None:
    result = run(kit.pipeline(kit.step("bad", script, {}, outputs)), kit.options())

    assert ({"bad": (State.FAILED, expected)}, 1) == (told(result), result.exit_code)
    assert ["log.txt"] == os.listdir(result.folder / "steps" / "bad")
    assert [] == os.listdir(kit.folder / "store" / "cache")


def test_a_program_that_is_not_here_is_named(kit: Any) -> None:
    step = kit.step("foreign")
    object.__setattr__(step.component.container, "command", ("/no/such/program",))

    result = run(kit.pipeline(step), kit.options())

    expected = (
        "cannot start: there is no program `/no/such/program` on this machine"
        " (it may be in the component's image, toys:1.0.0)"
    )
    assert {"foreign": (State.FAILED, expected)} == told(result)


def test_a_scalar_without_a_path_on_the_command_line_is_read_from_what_was_printed(
    kit: Any,
) -> None:
    step = kit.step("train", "echo isodag: loss=3; echo isodag: loss=0.5", {}, {"loss": "Float"})
    object.__setattr__(step.component.container, "args", ())
    object.__setattr__(step.component.container, "command", ("sh", "-c", step.component.container
                                                             .command[2].split(";", 1)[1]))  # fmt: skip

    result = run(kit.pipeline(step), kit.options())

    assert {"loss": 0.5} == result.steps["train"].outputs


def test_every_placeholder_is_filled_and_the_executors_pair_is_dropped(kit: Any) -> None:
    inputs = {
        "note": text("a b"), "rows": ir.Constant(str(kit.folder / "rows"), "Dataset"),
        "unset": ir.Constant(None, "String"),
    }  # fmt: skip
    (kit.folder / "rows").touch()
    step = kit.step("echo", ":", inputs, {"page": "HTML", "n": "Integer"})
    P = Placeholder
    object.__setattr__(step.component.container, "command", (
        "sh", "-euc",
        'cat $4 > $8; shift 4; printf 1 > "$6"; for a; do printf "[%s]" "$a" >> $4; done', "sh",
    ))  # fmt: skip
    object.__setattr__(step.component.container, "args", (
        "--note", P("inputValue", "note"), "--note-file", P("inputPath", "note"),
        "--rows", P("inputUri", "rows"), "--page", P("outputPath", "page"),
        "--n", P("outputUri", "n"), "--executor-input", P("executorInput"),
        "--unset", P("inputValue", "unset"), "--rows", P("inputPath", "rows"),
    ))  # fmt: skip

    result = run(kit.pipeline(step), kit.options())

    assert {"echo": (State.DONE, "")} == told(result)
    written = Path(result.steps["echo"].outputs["page"].place).read_text()
    partial = result.folder / "steps" / "echo" / f"partial.{written.split('partial.')[1][:6]}"
    expected = [
        "--rows", f"{kit.folder}/rows", "--page", f"{partial}/outputs/page.html",
        "--n", f"{partial}/values/n", "--rows", f"{kit.folder}/rows",
    ]  # fmt: skip
    assert "a b" + "".join(f"[{item}]" for item in expected) == written


def test_a_step_sees_the_users_environment_and_where_it_runs(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_VARIABLE", "mine")
    script = (
        'printf "%s\\n" $TOY_VARIABLE $ISODAG_RUN_ID $ISODAG_COMPONENTS $ISODAG_HOME'
        " $PYTHONUNBUFFERED > $seen; ls -A | wc -l >> $seen"
    )
    step = kit.step("look", script, {}, {"seen": "Dataset"})

    result = run(kit.pipeline(step), kit.options())

    seen = Path(result.steps["look"].outputs["seen"].place).read_text().split()
    store = str(kit.folder / "store")
    assert ["mine", result.run_id, "/components", store, "1", "0"] == seen


def test_python_is_this_python_and_finds_the_runtime(kit: Any) -> None:
    step = kit.step("py", ":", {}, {"seen": "String"})
    code = "import sys, isodag.runtime as r; open(sys.argv[1], 'w').write(sys.executable)"
    object.__setattr__(step.component.container, "command", ("python3", "-c", code))

    result = run(kit.pipeline(step), kit.options())

    assert {"seen": sys.executable} == result.steps["py"].outputs


def test_what_a_step_leaves_running_ends_with_it(kit: Any, fifo: Callable[[str], Path]) -> None:
    alive = fifo("alive")
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    pipeline = kit.pipeline(kit.step("daemon", f"exec 3> {alive}; tail -f /dev/null & :"))

    result = run(pipeline, kit.options())

    hung_up = select.poll()
    hung_up.register(reader, select.POLLHUP)  # once nobody holds the other end
    assert (0, [(reader, select.POLLHUP)]) == (result.exit_code, hung_up.poll(20_000))
    os.close(reader)


def test_run_json_tells_all_that_happened(kit: Any) -> None:
    pipeline = gated(kit, "0.59")
    metrics = kit.step("measure", "printf '{\"f1\": 0.5, \"bad\": NaN}' > $all", {},
                        {"all": "Metrics"})  # fmt: skip
    result = run(
        kit.pipeline(
            *pipeline.tasks, metrics, parameters={"min_accuracy": ("Float", 0.5)},
            gates={"good": GOOD}, outputs={"accuracy": ACCURACY},
        ),
        kit.options(),
    )  # fmt: skip

    record = json.loads((result.folder / "run.json").read_text())

    steps = record.pop("steps")
    assert {
        "schema_version": 1, "run_id": result.run_id, "pipeline": "toy", "status": "done",
        "problem": "", "started_at": result.started_at, "seconds": result.seconds, "attempt": 1,
        "parameters": {"min_accuracy": 0.5}, "outputs": {"accuracy": 0.59},
        "conditions": {"good": {"value": True, "reason": "accuracy 0.59 >= min_accuracy 0.5"}},
    } == record  # fmt: skip
    assert {"all": {"f1": 0.5}} == steps["measure"]["metrics"]
    assert ("skipped", "accuracy 0.59 >= min_accuracy 0.5") == (
        steps["reject"]["state"], steps["reject"]["reason"],
    )  # fmt: skip
    assert f"runs/{result.run_id}/steps/evaluate/log.txt" == steps["evaluate"]["log"]
