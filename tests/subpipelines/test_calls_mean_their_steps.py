"""A pipeline with calls means the same as one with the called steps in their places."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from call_models import Pipeline, document, expanded, files, pipelines
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isodag import driver, ir, ir_groups
from isodag.driver import Loaded
from isodag.ir_folding import folded

TOYS = Path(__file__).parents[1] / "toys"


def meaning(loaded: Loaded) -> dict[str, object]:
    """What a graph does, without the names of its gates: each step with what it gets, when it
    runs, and what it comes after, directly or not; and the results."""
    assert loaded.pipeline is not None, loaded.diagnostics
    pipeline = ir_groups.flat(loaded.pipeline)
    assert () == pipeline.groups
    steps: dict[str, object] = {}
    behind: dict[str, set[str]] = {}
    for node in pipeline.tasks:
        needs = ir.reads(node, pipeline)
        behind[node.name] = set(needs).union(*(behind.get(name, set()) for name in needs))
        gates = {}
        for branch in ir.branches(node):
            truth = folded(pipeline.gate(branch.gate).predicate)
            if isinstance(truth, bool):
                gates[truth is branch.taken] = True
            else:
                gates[plain((truth, branch.taken))] = True
        if gates.pop(False, False):
            continue  # never runs
        gates.pop(True, None)
        does = (
            plain(node.message)
            if isinstance(node, ir.Failure)
            else (node.component.name, [(a.name, plain(a.value)) for a in node.arguments])
            if isinstance(node, ir.Task)
            else None
        )
        steps[plain(node.name)] = (does, set(gates), {plain(name) for name in behind[node.name]})
    results = {item.name: plain(item.value) for item in pipeline.outputs}
    return {"steps": steps, "outputs": results}


def plain(value: object) -> str:
    """A value as text; `s1-s0`, which is called, as `s1_s0`, which is written out."""
    return (value if isinstance(value, str) else repr(value)).replace("-", "_")


@pytest.fixture(scope="module")
def workshop_of_module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calls")
    (folder / "components").symlink_to(TOYS / "components")
    return folder


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(pipeline=pipelines())
def test_a_call_means_the_steps_of_its_pipeline(
    workshop_of_module: Path, pipeline: Pipeline
) -> None:
    for name, text in files(pipeline).items():
        (workshop_of_module / name).write_text(text, encoding="utf-8")
    by_hand = workshop_of_module / "by_hand.yaml"
    by_hand.write_text(document(expanded(pipeline)), encoding="utf-8")
    called = driver.load(workshop_of_module / "dag.yaml")
    assert meaning(driver.load(by_hand)) == meaning(called)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    pipeline=pipelines("inner", depth=1),
    counts=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    gate=st.booleans(),
)
def test_a_repeated_call_means_a_call_for_each_item(
    workshop_of_module: Path, pipeline: Pipeline, counts: list[int], gate: bool
) -> None:
    for name, text in files(pipeline).items():
        (workshop_of_module / name).write_text(text, encoding="utf-8")
    call = {"component": "./inner.yaml"} | ({"when": "much"} if gate else {})
    step = call | {
        "foreach": {"var": "n", "in": counts},
        "inputs": {"count": "${{ each.n }}"},
    }
    each = {
        f"tune_{index}": call | {"inputs": {"count": count}} for index, count in enumerate(counts)
    }
    head = {"apiVersion": "isodag/v1", "kind": "Pipeline", "name": "numbers"}
    if gate:
        head |= {
            "parameters": {"limit": {"type": "Float", "default": 0.5}},
            "conditions": {"much": "parameters.limit > 0.25"},
        }
    (workshop_of_module / "dag.yaml").write_text(json.dumps(head | {"steps": {"tune": step}}))
    (workshop_of_module / "by_hand.yaml").write_text(json.dumps(head | {"steps": each}))
    assert meaning(driver.load(workshop_of_module / "by_hand.yaml")) == meaning(
        driver.load(workshop_of_module / "dag.yaml")
    )
