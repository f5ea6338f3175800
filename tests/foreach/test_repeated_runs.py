"""Repeated steps run by the engine: all of them, each with its own item, told apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from isodag import ir
from isodag.driver import Loaded
from isodag.engine import RunOptions, State, report, run
from isodag.engine.options import RunError

Load = Callable[..., Loaded]

SWEEP = """\
vars: {shrinks: [0, 0.5, 1]}
parameters: {least: {type: Float, default: 1.0}}
steps:
  make: {component: make_numbers, inputs: {count: 4}}
  fit:
    component: fit_mean
    foreach: {var: shrink, in: "${{ vars.shrinks }}"}
    when: each.shrink < 1 and (each.shrink == 0 or steps.make.outputs.total > parameters.least)
    inputs: {numbers: "${{ steps.make.outputs.numbers }}", shrink: "${{ each.shrink }}"}
  shapes:
    component: make_numbers
    foreach: {var: one, in: [{count: 2, shape: line}, {count: 3, shape: square}]}
    inputs: {count: "${{ each.one.count }}", shape: "${{ each.one.shape }}"}
    after: [fit_done]
  fit_done: {component: make_numbers, inputs: {count: 1}}
"""


@pytest.fixture
def sweep(load: Load) -> ir.Pipeline:
    loaded = load(SWEEP)
    assert loaded.pipeline is not None, loaded.diagnostics
    return loaded.pipeline


def options(**more: Any) -> RunOptions:
    return RunOptions(store=Path(".isodag"), **more)


def ends(result: Any) -> dict[str, str]:
    """How each step ended: its state, or that it was cached."""
    return {
        name: "cached" if step.cached else str(step.state) for name, step in result.steps.items()
    }


def test_each_repetition_runs_with_its_own_item(sweep: ir.Pipeline) -> None:
    result = run(sweep, options())

    assert {
        "make": {"total": 6.0},
        "fit-0": {"loss": 1.25}, "fit-1": {"loss": 1.8125},
        "fit_done": {"total": 0.0},
        "shapes-0": {"total": 1.0}, "shapes-1": {"total": 5.0},
    } == {name: step.scalars() for name, step in result.steps.items()}  # fmt: skip
    assert 0 == result.exit_code


def test_a_run_time_condition_skips_single_repetitions(sweep: ir.Pipeline) -> None:
    result = run(sweep, options(parameters={"least": "100"}))

    assert {"fit-0": State.DONE, "fit-1": State.SKIPPED} == {
        name: step.state for name, step in result.steps.items() if name.startswith("fit-")
    }
    assert "total 6 <= least 100" == result.steps["fit-1"].reason


def test_repetitions_are_cached_each_by_itself(load: Load, sweep: ir.Pipeline) -> None:
    run(sweep, options())
    more = load(SWEEP.replace("[0, 0.5, 1]", "[0.25, 0, 0.5]")).pipeline
    assert more is not None

    assert {"fit-0": "done", "fit-1": "cached", "fit-2": "cached"} == {
        name: end for name, end in ends(run(more, options())).items() if name.startswith("fit-")
    }


@pytest.mark.parametrize(
    ("step", "again"),
    [
        ("fit", {"fit-0", "fit-1"}),
        ("fit-1", {"fit-1"}),
        ("fit_done", {"fit_done", "shapes-0", "shapes-1"}),
    ],
)
def test_from_a_repeated_step_means_all_its_repetitions(
    sweep: ir.Pipeline, step: str, again: set[str]
) -> None:
    run(sweep, options())
    result = run(sweep, options(from_step=step))
    assert again == {name for name, end in ends(result).items() if end == "done"}


def test_from_a_step_that_is_not_there_suggests_the_repeated_one(sweep: ir.Pipeline) -> None:
    with pytest.raises(RunError) as refused:
        run(sweep, options(from_step="shape"))
    assert "there is no step `shape`: did you mean `shapes`?" == str(refused.value)


def test_the_report_says_which_item_a_repetition_had(sweep: ir.Pipeline) -> None:
    stream = StringIO()
    result = run(sweep, options(), report.Lines(stream))

    lines = report.summary(result).splitlines()
    names = [line.split("  ")[1].strip() for line in lines[lines.index("steps") + 1 :][:6]]
    assert [
        "fit_done", "make", "fit-0 (shrink 0)", "fit-1 (shrink 0.5)",
        "shapes-0 (count 2, shape line)", "shapes-1 (count 3, shape square)",
    ] == names  # fmt: skip
    assert "fit-1 (shrink 0.5): started" in stream.getvalue().splitlines()
    told = json.loads(json.dumps(report.as_json(result)))["steps"]
    assert {
        "step": "shapes",
        "index": 1,
        "var": "one",
        "value": {"count": 3, "shape": "square"},
    } == (told["shapes-1"]["foreach"])
    assert "foreach" not in told["make"]
