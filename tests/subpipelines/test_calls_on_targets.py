"""Pipelines with calls on every target: the same as with the called steps in their places."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from call_models import Pipeline, document, expanded, files, pipelines
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings

from isodag import driver, ir
from isodag.cli import main
from isodag.driver import Loaded

TOYS = Path(__file__).parents[1] / "toys"
Load = Callable[..., Loaded]

SCORED = """parameters:
  count: {type: Integer, default: 5, minimum: 1}
  tell: {type: Boolean, default: true}
  text: {type: String, default: done}
steps:
  make: {component: make_numbers@1, inputs: {count: "${{ parameters.count }}"}}
  fit: {component: fit_mean@1, inputs: {numbers: "${{ steps.make.outputs.numbers }}"}}
  score: {component: score_mean@2, inputs: {model: "${{ steps.fit.outputs.model }}", numbers: "${{ steps.make.outputs.numbers }}"}}
  tell:
    when: parameters.tell
    component: announce@1
    inputs: {model: "${{ steps.fit.outputs.model }}", text: "${{ parameters.text }}: ${{ steps.score.outputs.rows }}"}
  bad: {when: steps.score.outputs.accuracy < 0.1, fail: "only ${{ steps.score.outputs.accuracy }} for ${{ parameters.count }}"}
outputs: {model: "${{ steps.fit.outputs.model }}", accuracy: "${{ steps.score.outputs.accuracy }}", rows: "${{ steps.score.outputs.rows }}"}
"""
DAG = """parameters: {count: {type: Integer, default: 4}}
conditions: {good: steps.one.outputs.accuracy > 0.2}
steps:
  one: {component: ./scored.yaml, inputs: {count: "${{ parameters.count }}", tell: false}}
  two: {when: good, component: ./scored.yaml, inputs: {count: "${{ steps.one.outputs.rows }}", text: two}}
  last: {after: [one], component: make_numbers@1}
  read: {when: good, component: announce@1, inputs: {model: "${{ steps.two.outputs.model }}"}}
outputs: {accuracy: "${{ steps.one.outputs.accuracy }}", total: "${{ steps.last.outputs.total }}"}
targets:
  sagemaker: {role: "arn:aws:iam::111122223333:role/pipelines", artifact_root: "s3://bucket/runs", image_registry: 111122223333.dkr.ecr.us-east-1.amazonaws.com, instance_type: ml.m5.large}
  kfp: {pipeline_root: "s3://bucket/runs", image_registry: registry.example.com/ml}
"""
FILES = {"dag.yaml": DAG, "scored.yaml": SCORED}


def told(loaded: Loaded) -> list[str]:
    return [f"{item.code} {item.span.path} {item.message}" for item in driver.check(loaded)]


def test_a_definition_with_calls_is_right_for_all_targets(load: Load) -> None:
    assert [] == told(load(FILES))


def test_the_engine_runs_the_steps_of_both_calls(load: Load) -> None:
    load(FILES)
    done = CliRunner().invoke(main, ["run", "dag.yaml", "-o", "json"])
    assert 0 == done.exit_code, done.output
    run = json.loads(done.stdout)
    assert {
        "one-make": "done", "one-fit": "done", "one-score": "done", "one-bad": "skipped",
        "two-make": "done", "two-fit": "done", "two-score": "done", "two-bad": "skipped",
        "two-tell": "done", "last": "done", "read": "done",
    } == {name: step["state"] for name, step in run["steps"].items()}  # fmt: skip
    assert {"accuracy": 1.0, "total": 45.0} == run["outputs"]
    note = Path(run["steps"]["two-tell"]["outputs"]["note"]).read_text()
    assert "two: 4" in note


def test_what_a_call_decides_is_decided(load: Load) -> None:
    pipeline = load(FILES).pipeline
    assert pipeline is not None
    assert ["good", "one-when_bad", "two-when_bad"] == [gate.name for gate in pipeline.gates]
    assert "one-tell" not in {node.name for node in pipeline.tasks}
    assert (ir.Branch("good", True), ir.Within("two")) == pipeline.task("two-tell").when


def test_a_step_after_a_call_waits_for_all_its_steps(load: Load) -> None:
    pipeline = load(FILES | {"dag.yaml": DAG.replace("tell: false", "tell: true")}).pipeline
    assert pipeline is not None
    assert ("one-tell",) == pipeline.task("last").after  # which waits for the others


def test_the_first_steps_of_a_call_wait_for_what_it_comes_after(load: Load) -> None:
    dag = DAG.replace("  last: {after: [one],", "  last: {").replace(
        "  one: {", "  one: {after: [last], "
    )
    pipeline = load({"dag.yaml": dag, "scored.yaml": SCORED}).pipeline
    assert pipeline is not None
    assert {"one-make": ("last",), "one-fit": (), "one-score": (), "one-bad": ()} == {
        node.name: node.after for node in pipeline.tasks if node.name.startswith("one-")
    }


@pytest.mark.parametrize("target", list(driver.TARGETS))
def test_the_order_of_steps_in_the_files_does_not_matter(load: Load, target: str) -> None:
    def turned(text: str) -> str:
        before, steps = text.split("steps:\n")
        steps, after = steps.split("outputs:", 1)
        lines = steps.replace("\n    ", "\0").splitlines()
        return (
            before
            + "steps:\n"
            + "\n".join(lines[::-1]).replace("\0", "\n    ")
            + "\noutputs:"
            + after
        )

    first = driver.compile(load(FILES), target).files
    other = driver.compile(load({name: turned(text) for name, text in FILES.items()}), target).files
    assert first
    assert {n: t for n, t in first.items() if n != "manifest.json"} == {
        n: t for n, t in other.items() if n != "manifest.json"
    }


@pytest.mark.parametrize(
    "dag",
    [
        DAG,
        DAG.replace(
            "  last:", "  more: {foreach: {var: n, in: [1, 2]}, component: ./scored.yaml}\n  last:"
        ),
    ],
)
def test_calls_of_one_file_do_not_say_the_same_thing_twice(load: Load, dag: str) -> None:
    cached = SCORED.replace("  fit: {", "  fit: {cache: {}, ")
    assert [
        "W511 scored.yaml step `fit` is cached, but what `make` makes is new in every run"
    ] == told(load({"dag.yaml": dag, "scored.yaml": cached}))


def test_a_wrong_value_of_a_call_is_told_where_the_call_gives_it(load: Load) -> None:
    scored = SCORED.replace("  text:", "  machine: {type: String, default: ml.m5.large}\n  text:")
    scored = scored.replace(
        "  fit: {", '  fit: {targets: {sagemaker: {instance_type: "${{ parameters.machine }}"}}, '
    )
    dag = DAG.replace("tell: false", "tell: false, machine: ml.m5.lerge")
    found = driver.check(load({"dag.yaml": dag, "scored.yaml": scored}))
    assert {("dag.yaml", 7)} == {(item.span.path, item.span.line) for item in found}


@pytest.fixture(scope="module")
def workshop_of_module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calls")
    (folder / "components").symlink_to(TOYS / "components")
    return folder


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(pipeline=pipelines())
def test_a_target_that_takes_the_steps_takes_the_calls(
    workshop_of_module: Path, pipeline: Pipeline
) -> None:
    for name, text in files(pipeline).items():
        (workshop_of_module / name).write_text(text, encoding="utf-8")
    by_hand = workshop_of_module / "by_hand.yaml"
    by_hand.write_text(document(expanded(pipeline)), encoding="utf-8")
    for target in driver.TARGETS:
        written, called = (
            {
                item.code
                for item in driver.compile(
                    driver.load(workshop_of_module / name), target
                ).diagnostics
                if item.severity == "error"
            }
            for name in ("by_hand.yaml", "dag.yaml")
        )
        assert (target, written) == (target, called)


def test_a_list_that_each_repetition_of_a_call_gives_is_passed_on(load: Load) -> None:
    totals = (
        "parameters: {step: {type: Float}}\n"
        "steps:\n"
        "  make:\n"
        "    component: make_numbers@1\n"
        "    foreach: {var: count, in: [2, 3]}\n"
        "    inputs: {count: '${{ each.count }}', step: '${{ parameters.step }}'}\n"
        "outputs: {totals: '${{ steps.make.outputs.total }}'}\n"
    )
    take = """!name: Take lists
metadata: {annotations: {version: "1.0.0"}}
inputs: [{name: lists, type: JsonArray}]
outputs: [{name: count, type: Integer}]
implementation:
  container:
    image: isodag/base:1.0.0
    command: [python3, -m, isodag.runtime, take]
    args: [--lists, {inputValue: lists}, --count, {outputPath: count}]
"""
    dag = (
        "steps:\n"
        "  many:\n"
        "    component: ./totals.yaml\n"
        "    foreach: {var: step, in: [0.5, 1.5]}\n"
        "    inputs: {step: '${{ each.step }}'}\n"
        "  take: {component: ./take.yaml, inputs: {lists: '${{ steps.many.outputs.totals }}'}}\n"
        "outputs: {count: '${{ steps.take.outputs.count }}'}\n"
    )
    dag += DAG[DAG.index("targets:") :]
    loaded = load({"dag.yaml": dag, "totals.yaml": totals, "take.yaml": take})
    assert [] == told(loaded)
    steps = json.loads(driver.compile(loaded, "sagemaker").files["pipeline.json"])["Steps"]
    made = next(step["Arguments"] for step in steps if step["Name"] == "take")
    words = made["AppSpecification"]["ContainerArguments"]
    parts = words[words.index("--lists") + 1]["Std:Join"]["Values"]
    shown = [p if isinstance(p, str) else p["Std:JsonGet"]["PropertyFile"]["Get"] for p in parts]
    assert "[[many-0-make-0, many-0-make-1], [many-1-make-0, many-1-make-1]]" == "".join(
        re.sub(r"Steps\.(.*)\.PropertyFiles.*", r"\1", part) for part in shown
    )
