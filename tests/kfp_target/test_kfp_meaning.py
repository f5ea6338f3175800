"""What a pipeline means on KFP is what it means."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import kfp_backend
import kfp_cel
import kfp_graphs
import kfp_judge
import kfp_meaning
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from isodag import types
from isodag.ir import Collected, Failure, OutputRef, ParameterRef, Pick, Pipeline, RunRef, reads
from isodag.runtime import values
from isodag.targets import kfp
from isodag.targets.kfp import cel

FACTS = {"id": kfp_backend.RUN_ID, "started_at": kfp_backend.STARTED_AT}
PARAMETERS = [ParameterRef(item.name, item.type) for item in kfp_graphs.PARAMETERS]
SLOW = settings(deadline=None, max_examples=50)


def compiled(graph: Pipeline) -> str:
    emitted = kfp.emit(graph)
    assert [] == [item for item in emitted.diagnostics if item.severity == "error"]
    return emitted.files["pipeline.yaml"].decode()


@SLOW
@given(data=st.data())
def test_a_condition_in_cel_is_true_when_its_predicate_is(data: st.DataObject) -> None:
    predicate = data.draw(kfp_graphs.predicates([*PARAMETERS, RunRef("id")]))
    graph = kfp_graphs.pipeline([], parameters=kfp_graphs.PARAMETERS)
    parameters, _ = data.draw(kfp_meaning.runs(graph))
    taken = data.draw(st.booleans())

    condition = cel.condition(predicate, taken, lambda value: getattr(value, "name", "run"))

    expected = (
        kfp_meaning.Meaning(graph, parameters, lambda *_: None, FACTS).holds(predicate) is taken
    )
    inputs = {**parameters, "run": kfp_backend.RUN_ID}
    assert expected == kfp_cel.holds(condition, inputs), condition


@SLOW
@given(data=st.data())
def test_the_same_steps_run_and_are_given_the_same(data: st.DataObject) -> None:
    graph = data.draw(kfp_graphs.graphs())
    parameters, made = data.draw(kfp_meaning.runs(graph))

    ran, outputs = kfp_backend.played(compiled(graph), parameters, made)

    meaning = kfp_meaning.Meaning(graph, parameters, made, FACTS)
    expected = {on_kfp(name): given for name, given in meaning.received().items()}
    assert expected == {name: arguments(graph, name, words) for name, words in ran.items()}
    assert outputs == {
        item.name: meaning.value(item.value)
        for item in graph.outputs
        if isinstance(item.value, OutputRef | Collected)
    }


@SLOW
@given(data=st.data())
def test_a_step_runs_after_all_that_it_names_and_reads(data: st.DataObject) -> None:
    graph = data.draw(kfp_graphs.graphs())
    parameters, made = data.draw(kfp_meaning.runs(graph))
    meaning = kfp_meaning.Meaning(graph, parameters, made, FACTS)

    ran = list(kfp_backend.play(compiled(graph), parameters, made))

    for node in graph.tasks:
        for at in meaning.runs(node.when):
            place = ran.index(on_kfp(kfp_meaning.instance(node.name, list(at.values()))))
            for other in reads(node, graph):
                earlier = [
                    on_kfp(kfp_meaning.instance(other, list(there.values())))
                    for there in meaning.runs(graph.task(other).when)
                    if all(at[group] == there[group] for group in at.keys() & there.keys())
                ]
                assert [] == [name for name in earlier if ran.index(name) > place]


@SLOW
@given(data=st.data())
def test_last_steps_run_once_each_whatever_fails(data: st.DataObject) -> None:
    graph = data.draw(kfp_graphs.graphs().filter(lambda graph: graph.last))
    parameters, made = data.draw(kfp_meaning.runs(graph))
    ran = kfp_backend.play(compiled(graph), parameters, made)
    failing = data.draw(st.sets(st.sampled_from(sorted(ran)), min_size=1, max_size=2))

    some, outputs = kfp_backend.played(compiled(graph), parameters, made, failing)

    meaning = kfp_meaning.Meaning(graph, parameters, made, FACTS).received()
    last = [node.name for node in graph.last]
    assert {name: meaning[name] for name in last} == {
        name: arguments(graph, on_kfp(name), some[on_kfp(name)]) for name in last
    }
    assert outputs is None
    assert some == {name: ran[name] for name in some}


def on_kfp(instance: str) -> str:
    return instance.replace("_", "-")


def arguments(graph: Pipeline, name: str, words: list[str]) -> dict[str, Any]:
    """What a step's container makes of its command line: values by input, URIs for artifacts."""
    step = name.partition("[")[0]
    node = next(n for n in (*graph.tasks, *graph.last) if on_kfp(n.name) == step)
    if isinstance(node, Failure):
        assert [*kfp_graphs.MODULE, "--fail"] == words[:-1]
        return {"message": words[-1]}
    if isinstance(node, Pick):
        given = json.loads(words[-1])["inputs"]
        uris = {
            key: [item["uri"] for item in held["artifacts"]]
            for key, held in given["artifacts"].items()
        }
        return {**given["parameterValues"], **uris}
    flags = dict(zip(words[4::2], words[5::2], strict=True))
    return {
        port.name: values.parse(port.type, flags[f"--{port.name}"])
        if types.is_parameter(port.type)
        else re.sub("^/([a-z0-9]+)/", r"\1://", flags[f"--{port.name}"])
        for port in node.component.inputs
    }


@SLOW
@given(graph=kfp_graphs.graphs())
def test_the_judge_finds_no_fault(graph: Pipeline) -> None:
    assert [] == kfp_judge.faults(compiled(graph))


@SLOW
@given(graph=kfp_graphs.graphs(), seed=st.integers())
def test_the_order_of_steps_gates_and_parameters_does_not_matter(
    graph: Pipeline, seed: int
) -> None:
    def shuffled(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(random.Random(seed).sample(items, len(items)))

    other = Pipeline(
        graph.name, graph.description, shuffled(graph.parameters), shuffled(graph.gates),
        shuffled(graph.tasks), shuffled(graph.outputs), graph.targets, graph.span,
        shuffled(graph.groups), shuffled(graph.last),
    )  # fmt: skip

    assert compiled(graph) == compiled(other)


@SLOW
@given(graph=kfp_graphs.graphs(), seed=st.integers())
def test_renaming_steps_renames_them_and_nothing_else(graph: Pipeline, seed: int) -> None:
    steps = [node.name for node in graph.tasks]
    letters = random.Random(seed).sample("abcdefghij", len(steps))
    names = {step: f"renamed_{letter}" for step, letter in zip(steps, letters, strict=True)}

    text = compiled(graph)
    for old, new in names.items():
        text = text.replace(old.replace("_", "-"), new.replace("_", "-"))

    actual = compiled(kfp_graphs.renamed(graph, names))
    assert by_name(yaml.safe_load(text)) == by_name(yaml.safe_load(actual))


def by_name(data: Any) -> Any:
    """The data with lists of names in order: tasks are waited for in no order."""
    if isinstance(data, dict):
        return {
            key: sorted(value) if key == "dependentTasks" else by_name(value)
            for key, value in data.items()
        }
    return [by_name(item) for item in data] if isinstance(data, list) else data


def test_compiling_twice_gives_the_same_bytes() -> None:
    graph = kfp_graphs.pipeline(
        [kfp_graphs.task("one", kfp_graphs.COMPONENTS[3],
                         {"items": kfp_graphs.Constant([1], "JsonArray"),
                          "flag": kfp_graphs.Constant(True, "Boolean")})]
    )  # fmt: skip
    assert kfp.emit(graph).files == kfp.emit(graph).files
