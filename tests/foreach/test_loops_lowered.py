"""What `foreach:`, `pick:` and `finally:` are in the graph that targets read."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isodag import ir
from isodag.driver import Loaded, load
from isodag.ir import Branch, Collected, EachRef, OutputRef, ParameterRef, Within

Load = Callable[..., Loaded]

STEPS = """\
  make: {component: make_numbers}
  fit:
    component: fit_mean
    when: good
    foreach: {var: shrink, in: [0, 0.5]}
    inputs: {numbers: "${{ steps.make.outputs.numbers }}", shrink: "${{ each.shrink }}"}
  best: {when: good, pick: {from: fit, lowest: loss}}
  tell:
    component: announce
    when: good
    inputs: {model: "${{ steps.best.outputs.model }}", text: "at ${{ steps.best.outputs.shrink }}"}
  again:
    component: make_numbers
    when: good
    foreach: {var: loss, in: "${{ steps.fit.outputs.loss }}"}
    inputs: {step: "${{ each.loss }}"}
  more:
    component: make_numbers
    foreach: {var: count, in: "${{ parameters.counts }}", type: Integer}
    when: good and each.count > 3 and parameters.least > 1
    inputs: {count: "${{ each.count }}"}
"""
BODY = f"""\
parameters: {{counts: {{type: JsonArray, default: [3, 5]}}, least: {{type: Float, default: 1.0}}}}
conditions: {{good: steps.make.outputs.total > parameters.least}}
steps:
{STEPS}finally:
  wipe: {{component: make_numbers, inputs: {{count: 1}}}}
  tidy: {{component: make_numbers, environment: {{OF: "${{{{ run.id }}}}"}}}}
"""


@pytest.fixture
def pipeline(load: Load) -> ir.Pipeline:
    loaded = load(BODY)
    assert loaded.pipeline is not None, loaded.diagnostics
    return loaded.pipeline


def argument(pipeline: ir.Pipeline, task: str, name: str) -> ir.Value:
    node = pipeline.task(task)
    assert isinstance(node, ir.Task)
    return next(item.value for item in node.arguments if item.name == name)


def test_nothing_is_written_out(pipeline: ir.Pipeline) -> None:
    assert ["make", "fit", "again", "best", "more", "tell"] == [n.name for n in pipeline.tasks]


def test_a_repeated_step_is_a_group_with_its_list(pipeline: ir.Pipeline) -> None:
    losses = Collected("fit", OutputRef("fit", "loss", "Float"), "JsonArray")
    assert [
        ("again", "loss", losses, "Float"),
        ("fit", "shrink", (0, 0.5), "Float"),
        ("more", "count", ParameterRef("counts", "JsonArray"), "Integer"),
    ] == [
        (group.name, group.loop.var, group.loop.items, group.loop.type)
        for group in pipeline.groups
        if group.loop is not None
    ]
    assert EachRef("fit", "", "Float") == argument(pipeline, "fit", "shrink")
    assert EachRef("more", "", "Integer") == argument(pipeline, "more", "count")


def test_only_what_reads_the_item_is_asked_for_each(pipeline: ir.Pipeline) -> None:
    good = Branch("good", True)
    assert {
        "make": (), "fit": (good, Within("fit")), "best": (good,), "tell": (good,),
        "again": (good, Within("again")),
        "more": (good, Branch("when_more", True), Within("more"), Branch("when_more_2", True)),
    } == {node.name: node.when for node in pipeline.tasks}  # fmt: skip
    assert {
        "good": "steps.make.outputs.total > parameters.least",
        "when_more": "parameters.least > 1",
        "when_more_2": "each.count > 3",
    } == {gate.name: gate.text for gate in pipeline.gates}


def test_a_pick_carries_what_is_read_of_it(pipeline: ir.Pipeline) -> None:
    best = pipeline.task("best")
    assert isinstance(best, ir.Pick)
    assert Collected("fit", OutputRef("fit", "loss", "Float"), "JsonArray") == best.by
    assert not best.highest
    assert (
        ("model", Collected("fit", OutputRef("fit", "model", "Model"), "list of Model")),
        ("shrink", Collected("fit", EachRef("fit", "", "Float"), "JsonArray")),
    ) == best.takes


def test_what_runs_last_stands_apart(pipeline: ir.Pipeline) -> None:
    assert ["tidy", "wipe"] == [task.name for task in pipeline.last]


def test_an_output_called_like_the_item_or_the_number_is_the_output(load: Load) -> None:
    body = """\
steps:
  fit:
    component: ./odd
    foreach: {var: loss, in: ['a', 'b']}
  best: {pick: {from: fit, lowest: loss}}
outputs: {loss: "${{ steps.best.outputs.loss }}", index: "${{ steps.best.outputs.index }}"}
"""
    Path("odd").mkdir()
    Path("odd/component.yaml").write_text(
        "name: Odd\noutputs: [{name: loss, type: Float}, {name: index, type: String}]\n"
        "implementation: {container: {image: odd:1, command: [odd, {outputPath: loss}, "
        "{outputPath: index}]}}\n",
        encoding="utf-8",
    )
    loaded = load(body)
    assert loaded.pipeline is not None, loaded.diagnostics
    outputs = {item.name: item.value for item in loaded.pipeline.outputs}
    assert {
        "loss": OutputRef("best", "loss", "Float"),
        "index": OutputRef("best", "index", "String"),
    } == outputs
    best = loaded.pipeline.task("best")
    assert isinstance(best, ir.Pick)
    assert ["index", "loss"] == [name for name, _ in best.takes]


def test_a_values_file_changes_the_settings_of_what_runs_last(workshop: Path, load: Load) -> None:
    head = "apiVersion: isodag/v1\nkind: Values\n"
    (workshop / "more.yaml").write_text(head + "finally: {tidy: {resources: {cpu: 8}}}\n")
    loaded = load(BODY, ["more.yaml"])
    assert loaded.pipeline is not None, loaded.diagnostics
    assert [ir.Resources(cpu=8.0), None] == [task.resources for task in loaded.pipeline.last]

    (workshop / "more.yaml").write_text(head + "steps: {tidy: {resources: {cpu: 8}}}\n")
    assert [("the pipeline has no step `tidy`", "`tidy` stands under `finally:`")] == [
        (item.message, item.help)
        for item in load(BODY, ["more.yaml"]).diagnostics
        if item.severity == "error"
    ]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_order_of_the_steps_in_the_file_does_not_matter(
    workshop_of_session: Path, seed: int
) -> None:
    blocks: list[str] = []
    for line in STEPS.splitlines(keepends=True):
        if line.startswith("   "):
            blocks[-1] += line
        else:
            blocks.append(line)
    assert 6 == len(blocks)
    random.Random(seed).shuffle(blocks)

    def lowered(body: str) -> ir.Pipeline:
        path = workshop_of_session / "order.yaml"
        path.write_text(f"apiVersion: isodag/v1\nkind: Pipeline\nname: numbers\n{body}")
        loaded = load(path)
        assert loaded.pipeline is not None, loaded.diagnostics
        return loaded.pipeline

    def bare(pipeline: ir.Pipeline) -> list[object]:
        nodes = [
            (node.name, node.when, node.after, [*ir.values_of(node)]) for node in pipeline.tasks
        ]
        gates = [(gate.name, gate.predicate) for gate in pipeline.gates]
        groups = [(group.name, replace(group.loop, span=None)) for group in pipeline.groups
                  if group.loop is not None]  # type: ignore[arg-type]  # fmt: skip
        return [nodes, gates, groups]

    assert bare(lowered(BODY)) == bare(lowered(BODY.replace(STEPS, "".join(blocks))))
