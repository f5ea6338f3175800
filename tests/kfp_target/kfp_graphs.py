"""Pipelines made by hand and at random."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from isodag import ir, types
from isodag.component import Component, Container, Input, Output, Placeholder
from isodag.ir import (
    And,
    Argument,
    Branch,
    Cache,
    Collected,
    Compare,
    Constant,
    EachRef,
    Failure,
    Gate,
    Group,
    Loop,
    Member,
    Node,
    Not,
    Or,
    OutputRef,
    Parameter,
    ParameterRef,
    Path,
    Pick,
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
    Within,
    leaves,
    operands,
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


# --- at random -------------------------------------------------------------------------------

OPERATORS = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
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
    component("count", {"items": "JsonArray"}, {"numbers": "JsonArray", "names": "JsonArray", "most": "Integer"}),
)  # fmt: skip
# lists that a loop may go over: what their items are, by the name of an output or parameter
LISTS = {"numbers": "Float", "names": "String"}
POOLS: dict[str, list[Any]] = {
    "String": ["", "a", "no", "it's", "back\\slash", "two\nlines"],
    "Integer": [-5, 0, 1, 2, 3, 2**40],
    "Float": [0.0, 0.5, 1.0, 2e-05, -3.25, 1e22],
    "Boolean": [True, False],
    "JsonObject": [{}, {"a": 1, "it's": [True, "x"]}],
    "JsonArray": [[], [1, "a"], [2.5]],
}
PARAMETERS = tuple(
    Parameter(name, type_name, SPAN)
    for name, type_name in (
        ("y", "String"), ("count", "Integer"), ("rate", "Float"), ("off", "Boolean"),
        ("options", "JsonObject"), ("items", "JsonArray"), ("data", "Dataset"), ("model", "Model"),
        ("numbers", "JsonArray"), ("names", "JsonArray"),
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
    equality, order = st.sampled_from(["==", "!="]), st.sampled_from(list(OPERATORS))
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


@dataclass
class Growing:
    """A pipeline as far as it is drawn.

    closed  groups that a step outside reads: nothing joins them any more, or they would wait for
            what waits for them
    """

    nodes: list[Node] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    paths: list[Path] = field(default_factory=lambda: [()])
    closed: set[str] = field(default_factory=set)

    def open(self) -> list[Path]:
        """The paths that a step may still have."""
        return [
            path
            for path in self.paths
            if not any(isinstance(place, Within) and place.group in self.closed for place in path)
        ]

    def loop(self, group: str) -> Loop | None:
        return next(held.loop for held in self.groups if held.name == group)

    def rest(self, node: Node, path: Path) -> Path:
        """What stands between a step and the innermost place that it shares with a path."""
        count = 0
        while count < min(len(node.when), len(path)) and node.when[count] == path[count]:
            count += 1
        return node.when[count:]

    def readable(self, node: Node, path: Path) -> bool:
        return not any(isinstance(place, Branch) for place in self.rest(node, path))

    def within(self, path: Path) -> list[Value]:
        """Everything that a step with a path may read."""
        found: list[Value] = [ParameterRef(item.name, item.type) for item in PARAMETERS]
        found += [RunRef("id"), RunRef("started_at"), RunRef("pipeline")]
        for place in path:
            loop = self.loop(place.group) if isinstance(place, Within) else None
            if loop is not None and isinstance(place, Within):
                found.append(EachRef(place.group, "", loop.type))
                if loop.type == "JsonObject":
                    found += [
                        EachRef(place.group, "a", "Integer"),
                        EachRef(place.group, "b", "String"),
                    ]
        for node in self.nodes:
            if isinstance(node, Failure) or not self.readable(node, path):
                continue
            found += [
                self.leaving(OutputRef(node.name, *port), self.rest(node, path))
                for port in outputs_of(node)
            ]
        return found

    def leaving(self, value: OutputRef | Collected, rest: Path) -> OutputRef | Collected:
        """An output as it is outside of the groups in `rest`."""
        for place in reversed(rest):
            if isinstance(place, Within) and self.loop(place.group) is not None:
                scalar = types.is_parameter(value.type)
                kind = "JsonArray" if scalar else f"list of {value.type}"
                value = Collected(place.group, value, kind)
        return value

    def read(self, values: Sequence[Value], path: Path) -> None:
        """Note that a step with a path reads values."""
        for value in values:
            for leaf in leaves(value):
                if isinstance(leaf, OutputRef):
                    self.wait(leaf.task, path)

    def wait(self, producer: str, path: Path) -> None:
        node = next(node for node in self.nodes if node.name == producer)
        rest = self.rest(node, path)
        self.closed |= {place.group for place in rest if isinstance(place, Within)}


def outputs_of(node: Node) -> list[tuple[str, str]]:
    """Name and type of each output of a step."""
    if isinstance(node, Pick):
        takes = [(name, taken.item.type) for name, taken in node.takes]
        return takes if "index" in dict(takes) else [*takes, ("index", "Integer")]
    return (
        [(port.name, port.type) for port in node.component.outputs]
        if isinstance(node, Task)
        else []
    )


@st.composite
def graphs(draw: st.DrawFn, most: int = 7) -> Pipeline:
    """Pipelines that KFP can run: what stands between a step and what it reads are groups."""
    grown = Growing()
    for number in range(draw(st.integers(1, most))):
        path = draw(st.sampled_from(grown.open()))
        kind = draw(st.integers(0, 5))
        if kind == 0:
            path = _gate(draw, grown, path)
        elif kind in (1, 2):
            path = _group(draw, grown, path, f"group_{number}")
        node = draw(st.none()) if kind > 3 else None
        if kind == 3:
            node = _pick(draw, grown, path, f"step_{number}")
        grown.nodes.append(node or _node(draw, f"step_{number}", path, grown))
    visible = [
        value for value in grown.within(())
        if isinstance(value, OutputRef) or (isinstance(value, Collected) and value.type == "JsonArray")
    ]  # fmt: skip
    chosen = draw(st.lists(st.sampled_from(visible), max_size=3)) if visible else []
    outputs = [PipelineOutput(f"out_{number}", value, SPAN) for number, value in enumerate(chosen)]
    given = [ParameterRef(item.name, item.type) for item in PARAMETERS]
    last = tuple(
        _task(draw, f"last_{number}", (), (), [*given, RunRef("id")])
        for number in range(draw(st.sampled_from([0, 0, 0, 1, 2, 3])))
    )
    return pipeline(
        grown.nodes, gates=tuple(grown.gates), parameters=PARAMETERS, outputs=tuple(outputs),
        groups=tuple(grown.groups), last=last,
    )  # fmt: skip


def _gate(draw: st.DrawFn, grown: Growing, path: Path) -> Path:
    """A new gate within a path; one of its sides."""
    name = f"g_{len(grown.gates)}"
    scalars = [
        value for value in grown.within(path)
        if not isinstance(value, Collected) and value.type in ("String", "Integer", "Float", "Boolean")
    ]  # fmt: skip
    gate = Gate(name, draw(predicates(scalars)), f"text of {name}", SPAN)
    grown.gates.append(gate)
    grown.read(list(operands(gate.predicate)), path)
    grown.paths += [(*path, Branch(name, True)), (*path, Branch(name, False))]
    return draw(st.sampled_from(grown.paths[-2:]))


def _group(draw: st.DrawFn, grown: Growing, path: Path, name: str) -> Path:
    """A new group within a path: a call, or a loop over known items or over a list."""
    kind = draw(
        st.sampled_from(["String", "Integer", "Float", "Boolean", "JsonObject", "call", "list"])
    )
    loop = None
    if kind == "list":
        lists = [value for value in grown.within(path) if list_type(value) is not None]
        items = draw(st.sampled_from(lists))
        loop = Loop("item", items, list_type(items) or "", SPAN)
        grown.read([items], path)
    elif kind == "JsonObject":
        each = st.fixed_dictionaries({"a": st.integers(0, 3), "b": WORDS})
        loop = Loop("item", tuple(draw(st.lists(each, min_size=1, max_size=2))), kind, SPAN)
    elif kind != "call":
        loop = Loop(
            "item", tuple(draw(st.lists(SCALARS[kind], min_size=1, max_size=3))), kind, SPAN
        )
    grown.groups.append(Group(name, loop, SPAN))
    grown.paths.append((*path, Within(name)))
    return grown.paths[-1]


def list_type(value: Value) -> str | None:
    """What the items of a list are, where a loop may go over it."""
    if isinstance(value, Collected) and value.item.type in (
        "Integer",
        "Float",
        "String",
        "Boolean",
    ):
        return value.item.type
    if isinstance(value, ParameterRef):
        return LISTS.get(value.name)
    return LISTS.get(value.output) if isinstance(value, OutputRef) else None


def _pick(draw: st.DrawFn, grown: Growing, path: Path, name: str) -> Pick | None:
    """A step that takes the best repetition of some group, if there is one to take."""
    lists = [
        value for value in grown.within(path)
        if isinstance(value, Collected) and isinstance(value.item, OutputRef)
    ]  # fmt: skip
    scores = [value for value in lists if value.item.type in ("Integer", "Float")]
    if not scores:
        return None
    by = draw(st.sampled_from(scores))
    task = by.item.task if isinstance(by.item, OutputRef) else ""
    takes = [
        (value.item.output, value) for value in lists
        if isinstance(value.item, OutputRef) and value.item.task == task
    ]  # fmt: skip
    chosen = draw(st.lists(st.sampled_from(takes), max_size=3, unique_by=lambda take: take[0]))
    loop = grown.loop(by.group)
    assert loop is not None
    # the items of a list that is read here too are those that the loop goes over
    if loop.type != "JsonObject" and draw(st.booleans()) and _known(loop, grown.within(path)):
        chosen.append(("item", Collected(by.group, EachRef(by.group, "", loop.type), "JsonArray")))
        if not isinstance(loop.items, tuple):
            grown.read([loop.items], path)
    grown.read([by, *(taken for _, taken in chosen)], path)
    return Pick(name, by, draw(st.booleans()), tuple(sorted(chosen)), path, (), SPAN)


def _known(loop: Loop, readable: Sequence[Value]) -> bool:
    return isinstance(loop.items, tuple) or loop.items in readable


def _node(draw: st.DrawFn, name: str, path: Path, grown: Growing) -> Node:
    sources = grown.within(path)
    before = [node.name for node in grown.nodes if grown.readable(node, path)]
    after = tuple(draw(st.lists(st.sampled_from(before), max_size=1))) if before else ()
    node: Node
    if draw(st.integers(0, 5)) == 0:
        node = Failure(name, draw(_given("String", sources)), path, after, SPAN)
    else:
        node = _task(draw, name, path, after, sources)
    for producer in after:
        grown.wait(producer, path)
    grown.read(list(ir.values_of(node)), path)
    return node


def _task(
    draw: st.DrawFn, name: str, path: Path, after: tuple[str, ...], sources: Sequence[Value]
) -> Task:
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


def renamed(graph: Pipeline, names: Mapping[str, str]) -> Pipeline:
    """The same graph with other names for its steps."""

    def value(old: Value) -> Value:
        if isinstance(old, OutputRef):
            return replace(old, task=names[old.task])
        if isinstance(old, Collected):
            return replace(old, item=value(old.item))
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
        if isinstance(old, Pick):
            takes = tuple((name, value(taken)) for name, taken in old.takes)
            name = names[old.name]
            return replace(old, name=name, after=after, by=value(old.by), takes=takes)
        arguments = tuple(replace(item, value=value(item.value)) for item in old.arguments)
        return replace(old, name=names[old.name], after=after, arguments=arguments)

    return replace(
        graph,
        gates=tuple(replace(gate, predicate=predicate(gate.predicate)) for gate in graph.gates),
        groups=tuple(
            replace(group, loop=replace(group.loop, items=value(group.loop.items)))
            if group.loop is not None and not isinstance(group.loop.items, tuple)
            else group
            for group in graph.groups
        ),
        tasks=tuple(map(node, graph.tasks)),
        outputs=tuple(replace(item, value=value(item.value)) for item in graph.outputs),
    )
