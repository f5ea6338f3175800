"""DAG files run by the engine, with the runtime inside the steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from isodag import driver, ir
from isodag.engine import RunError, RunOptions, State, run


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


SWEEP = """\
apiVersion: isodag/v1
kind: Pipeline
name: sweep
parameters:
  counts: {type: JsonArray, default: [2, 5, 3]}
  most: {type: Float, default: 100.0}
conditions:
  small: steps.best.outputs.loss <= parameters.most
steps:
  many:
    component: ./inner.yaml
    foreach: {var: count, in: "${{ parameters.counts }}", type: Integer}
    inputs: {count: "${{ each.count }}"}
  best:
    pick: {from: many, highest: loss}
  score:
    when: small
    component: score_mean
    inputs: {model: "${{ steps.best.outputs.model }}", numbers: "${{ steps.best.outputs.numbers }}"}
  reject:
    when: not small
    fail: the loss with ${{ steps.best.outputs.count }} numbers is ${{ steps.best.outputs.loss }}
finally:
  tidy: {component: make_numbers, inputs: {count: 1}}
outputs:
  count: ${{ steps.best.outputs.count }}
  losses: ${{ steps.many.outputs.loss }}
  rows: ${{ steps.score.outputs.rows }}
"""
INNER = """\
apiVersion: isodag/v1
kind: Pipeline
name: inner
parameters:
  count: {type: Integer, minimum: 1}
steps:
  make: {component: make_numbers, inputs: {count: "${{ parameters.count }}"}}
  fit: {component: fit_mean, inputs: {numbers: "${{ steps.make.outputs.numbers }}"}}
outputs:
  loss: ${{ steps.fit.outputs.loss }}
  model: ${{ steps.fit.outputs.model }}
  numbers: ${{ steps.make.outputs.numbers }}
"""


@pytest.fixture
def sweep(toys: Path, tmp_path: Path) -> ir.Pipeline:
    """A pipeline repeated over a parameter, its best repetition picked and used behind a gate."""
    (tmp_path / "components").symlink_to(toys / "components")
    (tmp_path / "inner.yaml").write_text(INNER)
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    return load(tmp_path / "sweep.yaml")


def test_the_best_of_several_pipelines_goes_on(sweep: ir.Pipeline, options: Any) -> None:
    result = run(sweep, options())

    assert {"count": 5, "losses": [0.25, 2.0, 2 / 3], "rows": 5} == result.outputs
    assert {
        "many-0-make": "done", "many-0-fit": "done", "many-1-make": "done", "many-1-fit": "done",
        "many-2-make": "done", "many-2-fit": "done", "best": "done", "score": "done",
        "reject": "skipped", "tidy": "done",
    } == {name: str(step.state) for name, step in result.steps.items()}  # fmt: skip


def test_a_fail_step_behind_a_pick_says_what_was_picked(sweep: ir.Pipeline, options: Any) -> None:
    result = run(sweep, options(counts="[2, 3]", most="0.5"))

    reason = f"the loss with 3 numbers is {2 / 3}"
    assert (State.FAILED, reason) == (result.steps["reject"].state, result.steps["reject"].reason)
    assert ({"count": 3, "losses": [0.25, 2 / 3], "rows": None}, 1) == (
        result.outputs, result.exit_code,
    )  # fmt: skip
    assert (State.SKIPPED, State.DONE) == (result.steps["score"].state, result.steps["tidy"].state)


def test_an_item_that_a_pipeline_s_parameter_does_not_admit_is_refused(
    sweep: ir.Pipeline, options: Any
) -> None:
    with pytest.raises(RunError) as refused:
        run(sweep, options(counts="[2, 0]"))
    assert "0 is below the minimum 1 (input `count` of step `many-1-make`)" == str(refused.value)
