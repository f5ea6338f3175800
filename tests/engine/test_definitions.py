"""DAG files run by the engine, with the runtime inside the steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from isodag import driver, ir
from isodag.engine import RunOptions, State, run


def load(path: Path) -> ir.Pipeline:
    loaded = driver.load(path)
    assert loaded.pipeline is not None, loaded.diagnostics
    return loaded.pipeline


@pytest.fixture
def options(tmp_path: Path) -> Any:
    def make(**parameters: str) -> RunOptions:
        return RunOptions(store=tmp_path / "store", folder=tmp_path, parameters=parameters)

    return make


def test_the_side_of_a_gate_that_holds_runs(toys: Path, options: Any) -> None:
    result = run(load(toys / "gates.yaml"), options())

    good = "accuracy 1 >= min_accuracy 0.5 and rows 5 > 2"
    assert {
        "make": (State.DONE, ""), "fit": (State.DONE, ""), "score": (State.DONE, ""),
        "publish": (State.DONE, ""), "tell": (State.DONE, ""),
        "again": (State.SKIPPED, good), "reject": (State.SKIPPED, good),
    } == {step.name: (step.state, step.reason) for step in result.steps.values()}  # fmt: skip
    assert (1.0, 0) == (result.outputs["accuracy"], result.exit_code)
    note = Path(result.steps["tell"].outputs["note"].place).read_text()
    assert f"# run {result.run_id} scored good on 5 numbers" == note.splitlines()[0]


def test_the_other_side_rejects_with_the_numbers(toys: Path, options: Any) -> None:
    result = run(load(toys / "gates.yaml"), options(count="6", min_accuracy="0.9"))

    told = {step.name: (step.state, step.reason) for step in result.steps.values()}
    bad = "accuracy 0.6667 < min_accuracy 0.9"
    assert (State.SKIPPED, bad) == told["publish"]
    assert (State.FAILED, "accuracy 0.6666666666666666 is below 0.9") == told["reject"]
    assert State.DONE is not told["tell"][0]
    assert 1 == result.exit_code


def test_what_a_component_complains_of_is_the_reason(
    toys: Path, options: Any, tmp_path: Path
) -> None:
    (tmp_path / "numbers.txt").touch()

    result = run(load(toys / "chain.yaml"), options(numbers="numbers.txt"))

    assert {
        "fit": (State.FAILED, "there are no numbers to learn from"),
        "score": (State.NOT_RUN, ""),
        "tell": (State.NOT_RUN, ""),
    } == {step.name: (step.state, step.reason) for step in result.steps.values()}


def test_a_second_run_of_a_file_starts_only_what_has_side_effects(
    toys: Path, options: Any, tmp_path: Path
) -> None:
    (tmp_path / "numbers.txt").write_text("1\n2\n3\n")
    pipeline = load(toys / "chain.yaml")
    run(pipeline, options(numbers="numbers.txt"))

    again = run(pipeline, options(numbers="numbers.txt"))

    assert {"fit": True, "score": True, "tell": False} == {
        step.name: step.cached for step in again.steps.values()
    }
    assert 0 == again.exit_code
