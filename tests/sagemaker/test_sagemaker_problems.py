"""What SageMaker cannot do is said at the place that asks for it.

One DAG file a problem in problems/, and beside it all that is said of it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sagemaker_building import HERE, component, gate, parameter, pipeline, task

from isodag import driver, ir
from isodag.diagnostics import render
from isodag.targets.sagemaker import emit

PROBLEMS = HERE / "problems"
FILES = sorted(path.name for path in PROBLEMS.glob("*.yaml"))
LIBRARIES = ("components", "../components", "../../toys/components")
NONE = component("none", {}, {})


@pytest.mark.parametrize("name", FILES)
def test_a_problem_is_said_in_full(
    name: str, golden: Callable[[Path, bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROBLEMS)
    loaded = driver.load(name, components=LIBRARIES)
    assert loaded.pipeline is not None, loaded.diagnostics
    emitted = driver.compile(loaded, "sagemaker")
    said = render(emitted.diagnostics, loaded.sources)
    golden((PROBLEMS / name).with_suffix(".txt"), said.encode())
    assert name.split("-")[0] in {item.code for item in emitted.diagnostics}
    if name.startswith("E"):
        assert {} == emitted.files


def test_every_code_has_a_file() -> None:
    found = {name.split("-")[0] for name in FILES}
    assert found >= {f"E5{n:02}" for n in range(1, 26) if n not in (10, 14)}
    assert found >= {f"W5{n:02}" for n in (1, 2, 3, 5, 6, 9, 10, 11, 12, 13, 18, 25)}
    assert "E530" in found


def test_a_name_may_be_just_so_long() -> None:
    def said(step: str) -> list[str]:
        return [item.message for item in emit(pipeline([task(step, NONE, {})])).diagnostics]

    assert [] == said("x" * 64)
    long = "x" * 65
    assert [f"the name of step `{long}` has 65 characters: `{long}`"] == said(long)


def test_200_parameters_and_no_more() -> None:
    def said(count: int) -> list[str]:
        parameters = tuple(parameter(f"p{n}", "String") for n in range(count))
        built = pipeline([task("a", NONE, {})], parameters=parameters)
        return [item.message for item in emit(built).diagnostics]

    assert [] == said(200)
    assert ["201 parameters, SageMaker takes at most 200 in a run"] == said(201)


WIDE = component("wide", {f"h{n:02}": "String" for n in range(100)}, {}, "Training")


def padded(length: int) -> ir.Pipeline:
    """A pipeline with so many characters in the hyperparameters of five steps."""
    tasks: list[ir.Node] = []
    for name in "abcde":
        values: dict[str, ir.Value] = {}
        for port in WIDE.inputs:
            size = min(2500, length)
            length -= size
            values[port.name] = ir.Constant("x" * size, "String")
        tasks.append(task(name, WIDE, values))
    return pipeline(tasks)


def test_a_definition_too_long_for_a_request_is_written_without_one() -> None:
    def made(length: int) -> tuple[list[str], list[str]]:
        emitted = emit(padded(length))
        return sorted(emitted.files), [item.message for item in emitted.diagnostics]

    frame = emit(padded(0)).manifest["definition"]["bytes"]
    too_long = "the definition has 1048577 characters; a request holds 1048576"
    assert (["create-pipeline.json", "pipeline.json"], []) == made(1_048_576 - frame)
    assert (["pipeline.json"], [too_long]) == made(1_048_577 - frame)


def test_a_step_stands_behind_40_conditions_at_most() -> None:
    def said(depth: int) -> list[str]:
        predicate = ir.Truth(ir.ParameterRef("b", "Boolean"))
        gates = tuple(gate(f"g{n:03}", predicate) for n in range(depth))
        path = tuple(ir.Branch(item.name, True) for item in gates)
        built = pipeline([task("a", NONE, {}, path)], gates, (parameter("b", "Boolean"),))
        return [item.message for item in emit(built).diagnostics]

    assert [] == said(40)
    assert ["step `a` stands behind 2000 conditions"] == said(2000)


def test_the_way_over_s3_begins_at_100_kib() -> None:
    def upload(length: int) -> tuple[int, bool]:
        about = emit(padded(length)).manifest["definition"]
        return about["bytes"], about["upload"]

    frame, _ = upload(0)
    assert (102_399, False) == upload(102_399 - frame)
    assert (102_400, True) == upload(102_400 - frame)


def test_a_problem_of_a_shared_setting_is_said_once() -> None:
    built = pipeline([task(name, NONE, {}) for name in "abc"], role="pipelines")
    assert ["E518"] == [item.code for item in emit(built).diagnostics]
