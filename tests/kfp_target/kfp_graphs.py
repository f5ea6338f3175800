"""Pipelines made by hand and at random, and what they mean by themselves."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from isodag import types
from isodag.component import Component, Container, Input, Output, Placeholder
from isodag.ir import (
    And,
    Argument,
    Branch,
    Cache,
    Compare,
    Constant,
    Failure,
    Gate,
    Member,
    Node,
    Not,
    Or,
    OutputRef,
    Parameter,
    ParameterRef,
    Pipeline,
    PipelineOutput,
    Predicate,
    Resources,
    Retry,
    RunRef,
    Task,
    Text,
    Truth,
    Value,
)  # fmt: skip
from isodag.source import Span

SPAN = Span("graph.yaml", 1, 1, 1, 2)
MODULE = ("python3", "-m", "isodag.runtime")


def component(
    name: str, inputs: Mapping[str, str], outputs: Mapping[str, str], **more: Any
) -> Component:
    """A component in the library's own form, with types by input and output name."""
    args: list[str | Placeholder] = []
    for port, type_name in inputs.items():
        kind = "inputValue" if types.is_parameter(type_name) else "inputPath"
        args += [f"--{port}", Placeholder(kind, port)]
    for port in outputs:
        args += [f"--{port}", Placeholder("outputPath", port)]
    held: dict[str, Any] = {
        "title": name, "version": "1.0.0", "description": "",
        "container": Container("isodag/base:1.0.0", (*MODULE, name), tuple(args), {}, SPAN),
        "binding": None, "side_effects": False, "folder": name, "digest": "0" * 64, "span": SPAN,
        **more,
    }  # fmt: skip
    return Component(
        name=name,
        inputs=tuple(Input(port, type_name, SPAN) for port, type_name in inputs.items()),
        outputs=tuple(Output(port, type_name, SPAN) for port, type_name in outputs.items()),
        **held,
    )


def task(name: str, used: Component, given: Mapping[str, Value], **more: Any) -> Task:
    """A step with a value for each input."""
    arguments = tuple(Argument(port.name, given[port.name], True, SPAN) for port in used.inputs)
    return Task(name, used, arguments, **{"when": (), "after": (), "span": SPAN, **more})


def pipeline(nodes: Sequence[Node], **more: Any) -> Pipeline:
    """A pipeline of the nodes, in topological order."""
    held = {"parameters": (), "gates": (), "outputs": (), "targets": {}, **more}
    return Pipeline("graph", "", tasks=tuple(nodes), span=SPAN, **held)


# --- meaning ---------------------------------------------------------------------------------

_OPERATORS = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Meaning:
    """What a pipeline says, read straight off the IR.

    parameters  values by name
    made        what tasks put out, by task and output; an artifact's URI
    """

    def __init__(
        self, pipeline: Pipeline, parameters: Mapping[str, Any],
        made: Mapping[str, Mapping[str, Any]], facts: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.pipeline, self.parameters, self.made = pipeline, parameters, made
        self.facts = {**facts, "pipeline": pipeline.name}

    def value(self, value: Value) -> Any:
        """A value, known now."""
        match value:
            case Constant(held):
                return held
            case ParameterRef(name):
                return self.parameters[name]
            case OutputRef(step, output):
                return self.made[step][output]
            case RunRef(field):
                return self.facts[field]
            case Text(parts):
                return "".join(str(self.value(part)) for part in parts)

    def holds(self, predicate: Predicate) -> bool:
        """Whether a predicate is true."""
        match predicate:
            case And(parts):
                return all(self.holds(part) for part in parts)
            case Or(parts):
                return any(self.holds(part) for part in parts)
            case Not(part):
                return not self.holds(part)
            case Compare(op, left, right):
                return bool(_OPERATORS[op](self.value(left), self.value(right)))
            case Member(item, options):
                return any(self.value(item) == self.value(option) for option in options)
            case Truth(value):
                return self.value(value) is True

    def runs(self, node: Node) -> bool:
        """Whether a step runs: all its branches are taken, the outermost asked first."""
        return all(
            self.holds(self.pipeline.gate(side.gate).predicate) is side.taken for side in node.when
        )

    def received(self) -> dict[str, dict[str, Any]]:
        """What each step that runs is given, by step and input."""
        return {
            node.name: {"message": self.value(node.message)} if isinstance(node, Failure) else
            {argument.name: self.value(argument.value) for argument in node.arguments}
            for node in self.pipeline.tasks if self.runs(node)
        }  # fmt: skip


# --- at random -------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["", "a", "no", "it's", 'say "x"', "back\\slash", "two\nlines", "é\t", "2e-5", "#: {}"]
)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "String": WORDS,
    "Integer": st.integers(-(2**40), 2**40) | st.sampled_from([0, 1, 2, 3]),
    "Float": st.sampled_from([0.0, 0.5, 1.0, 2e-05, -3.25, 1e22]) | st.floats(-1e6, 1e6),
    "Boolean": st.booleans(),
    "JsonObject": st.dictionaries(WORDS, st.integers(-9, 9) | st.booleans() | WORDS, max_size=2),
    "JsonArray": st.lists(st.integers(-9, 9) | WORDS, max_size=2),
}
URIS = st.sampled_from(["s3://bucket/a", "gs://bucket/b.txt", "minio://bucket/c/"])
COMPONENTS = (
    component("make_data", {"count": "Integer", "name": "String"}, {"data": "Dataset", "n": "Integer"}),
    component("train", {"data": "Dataset", "rate": "Float", "tag": "String"}, {"model": "Model", "loss": "Float"}),
    component("score", {"model": "Model", "data": "Artifact", "options": "JsonObject"}, {"good": "Boolean", "label": "String", "n": "Integer"}),
    component("list_all", {"items": "JsonArray", "flag": "Boolean"}, {"found": "JsonArray", "about": "JsonObject"}),
)  # fmt: skip
PARAMETERS = tuple(
    Parameter(name, type_name, SPAN)
    for name, type_name in (
        ("y", "String"), ("count", "Integer"), ("rate", "Float"), ("off", "Boolean"),
        ("options", "JsonObject"), ("items", "JsonArray"), ("data", "Dataset"), ("model", "Model"),
    )
)  # fmt: skip


def values_of(type_name: str) -> st.SearchStrategy[Any]:
    """Values of a parameter type; URIs for an artifact type."""
    return SCALARS.get(type_name, URIS)


def predicates(sources: Sequence[Value]) -> st.SearchStrategy[Predicate]:
    """Predicates over the sources, which are no constants."""

    def of(*names: str) -> st.SearchStrategy[Value]:
        constants = st.one_of(
            *(SCALARS[name].map(lambda v, n=name: Constant(v, n)) for name in names)
        )
        held = [source for source in sources if source.type in names]
        return st.sampled_from(held) | constants if held else constants

    numbers, texts, flags = of("Integer", "Float"), of("String"), of("Boolean")
    equality, order = st.sampled_from(["==", "!="]), st.sampled_from(list(_OPERATORS))
    atoms = (
        st.builds(Compare, order, numbers, numbers)
        | st.builds(Compare, equality, texts, texts)
        | st.builds(Compare, equality, flags, flags)
        | st.builds(Member, numbers, st.lists(numbers, min_size=1, max_size=3).map(tuple))
        | st.builds(Member, texts, st.lists(texts, min_size=1, max_size=3).map(tuple))
        | st.builds(Truth, flags)
    )
    return st.recursive(
        atoms,
        lambda inner: (
            st.builds(Not, inner)
            | st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple))
            | st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple))
        ),
        max_leaves=5,
    )


@st.composite
def graphs(draw: st.DrawFn, most: int = 6) -> Pipeline:
    """Pipelines that KFP can run: what a step reads stands behind outer branches of its own."""
    nodes: list[Node] = []
    gates: list[Gate] = []
    paths: list[tuple[Branch, ...]] = [()]
    for number in range(draw(st.integers(1, most))):
        path = draw(st.sampled_from(paths))
        sources = _within(nodes, path)
        if draw(st.integers(0, 2)) == 0:
            name = f"g_{len(gates)}"
            gates.append(Gate(name, draw(predicates(sources)), f"text of {name}", SPAN))
            paths += [(*path, Branch(name, True)), (*path, Branch(name, False))]
            path = draw(st.sampled_from(paths[-2:]))
        nodes.append(draw(_nodes(f"step_{number}", path, sources, nodes)))
    outputs = [
        PipelineOutput(f"out_{number}", value, SPAN)
        for number, value in enumerate(
            draw(st.lists(st.sampled_from(_within(nodes, ())), max_size=3))
        )
    ]
    return pipeline(nodes, gates=tuple(gates), parameters=PARAMETERS, outputs=tuple(outputs))


def _within(nodes: Sequence[Node], path: tuple[Branch, ...]) -> list[Value]:
    """Everything that a step behind a path may read."""
    found: list[Value] = [ParameterRef(item.name, item.type) for item in PARAMETERS]
    found += [RunRef("id"), RunRef("started_at"), RunRef("pipeline")]
    for node in nodes:
        if isinstance(node, Task) and path[: len(node.when)] == node.when:
            found += [OutputRef(node.name, port.name, port.type) for port in node.component.outputs]
    return found


@st.composite
def _nodes(
    draw: st.DrawFn, name: str, path: tuple[Branch, ...], sources: Sequence[Value],
    nodes: Sequence[Node],
) -> Node:  # fmt: skip
    before = [node.name for node in nodes if path[: len(node.when)] == node.when]
    after = tuple(draw(st.lists(st.sampled_from(before), max_size=1))) if before else ()
    if draw(st.integers(0, 5)) == 0:
        return Failure(name, draw(_given("String", sources)), path, after, SPAN)
    used = draw(st.sampled_from(COMPONENTS))
    given = {port.name: draw(_given(port.type, sources)) for port in used.inputs}
    return task(
        name, used, given, when=path, after=after,
        cache=draw(st.sampled_from([None, Cache(), Cache(60)])),
        retry=draw(st.sampled_from([None, Retry(3, ("capacity",), 30, 1.5)])),
        resources=draw(st.sampled_from([None, Resources(2.5, 2**30, 1)])),
    )  # fmt: skip


def _given(wanted: str, sources: Sequence[Value]) -> st.SearchStrategy[Value]:
    constants: st.SearchStrategy[Value] = values_of(wanted).map(lambda v: Constant(v, wanted))
    held = [source for source in sources if types.accepts(wanted, source.type)]
    choices = [constants, *([st.sampled_from(held)] if held else [])]
    if wanted == "String":
        parts = [source for source in sources if source.type in ("String", "Integer")]
        part = st.sampled_from(parts) | WORDS.filter(bool).map(lambda v: Constant(v, "String"))
        choices.append(st.lists(part, min_size=2, max_size=4).map(lambda p: Text(tuple(p))))
    return st.one_of(choices)


@st.composite
def runs(draw: st.DrawFn, graph: Pipeline) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Values for the parameters, and for the outputs of every step."""
    parameters = {item.name: draw(values_of(item.type)) for item in graph.parameters}
    made = {
        node.name: {
            port.name: draw(SCALARS[port.type]) if port.type in SCALARS else f"s3://runs/{node.name}/{port.name}"
            for port in node.component.outputs
        }
        for node in graph.tasks
        if isinstance(node, Task)
    }  # fmt: skip
    return parameters, made


def renamed(graph: Pipeline, names: Mapping[str, str]) -> Pipeline:
    """The same graph with other names for its steps."""

    def value(old: Value) -> Value:
        if isinstance(old, OutputRef):
            return replace(old, task=names[old.task])
        return Text(tuple(map(value, old.parts))) if isinstance(old, Text) else old

    def predicate(old: Predicate) -> Predicate:
        match old:
            case And(parts):
                return And(tuple(map(predicate, parts)))
            case Or(parts):
                return Or(tuple(map(predicate, parts)))
            case Not(part):
                return Not(predicate(part))
            case Compare(op, left, right):
                return Compare(op, value(left), value(right))
            case Member(item, options):
                return Member(value(item), tuple(map(value, options)))
            case Truth(held):
                return Truth(value(held))

    def node(old: Node) -> Node:
        after = tuple(names[other] for other in old.after)
        if isinstance(old, Failure):
            return replace(old, name=names[old.name], after=after, message=value(old.message))
        arguments = tuple(replace(item, value=value(item.value)) for item in old.arguments)
        return replace(old, name=names[old.name], after=after, arguments=arguments)

    return replace(
        graph,
        gates=tuple(replace(gate, predicate=predicate(gate.predicate)) for gate in graph.gates),
        tasks=tuple(map(node, graph.tasks)),
        outputs=tuple(replace(item, value=value(item.value)) for item in graph.outputs),
    )
