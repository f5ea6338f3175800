"""A graph with groups and the same written out give the same, whatever the graph.

What a graph means is worked out here a second time, by walking its groups: nothing is copied or
renamed on the way.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from isodag import ir, picking
from isodag.ir import Branch, Collected, Compare, Constant, EachRef, Listing, OutputRef, Within
from isodag.ir_groups import flat, repeat
from isodag.ir_order import ordered

Env = Mapping[str, int]
PARAMETERS = {"p": 3, "list": [5, 1, 5]}


class Meaning:
    """What each task of a graph gives: a number by name of its output, or None where it is not
    run."""

    def __init__(self, pipeline: ir.Pipeline) -> None:
        self.pipeline = pipeline
        self.groups = {group.name: group for group in pipeline.groups}
        self.gates = {gate.name: gate for gate in pipeline.gates}
        self.nodes = {node.name: node for node in pipeline.tasks}
        self.known: dict[Any, Any] = {}

    def items(self, group: str) -> Any:
        loop = self.groups[group].loop
        assert loop is not None
        return loop.items if isinstance(loop.items, tuple) else self.value(loop.items, {})

    def value(self, value: ir.Value, env: Env) -> Any:
        match value:
            case Constant(plain):
                return plain
            case ir.ParameterRef(name):
                return PARAMETERS[name]
            case EachRef(group):
                return self.items(group)[env[group]]
            case OutputRef(task, output):
                made = self.task(task, env)
                return None if made is None else made[output]
            case Collected(group, item):
                if self.groups[group].loop is None:
                    return self.value(item, env)
                found = [self.value(item, {**env, group: i}) for i in range(len(self.items(group)))]
                return None if None in found else found
            case Listing(items):
                found = [self.value(item, env) for item in items]
                return None if None in found else found
            case ir.Text(parts):
                found = [self.value(part, env) for part in parts]
                return None if None in found else "".join(map(str, found))
        raise AssertionError(value)

    def holds(self, predicate: ir.Predicate, env: Env) -> bool | None:
        match predicate:
            case Compare(">", left, right):
                one, other = self.value(left, env), self.value(right, env)
                return None if one is None or other is None else one > other
            case ir.Not(operand):
                inner = self.holds(operand, env)
                return None if inner is None else not inner
            case ir.And(parts):
                found = [self.holds(part, env) for part in parts]
                return False if False in found else None if None in found else True
        raise AssertionError(predicate)

    def loops(self, name: str) -> list[str]:
        places = [place.group for place in self.nodes[name].when if isinstance(place, Within)]
        return [group for group in places if self.groups[group].loop is not None]

    def task(self, name: str, env: Env) -> dict[str, Any] | None:
        env = {group: env[group] for group in self.loops(name)}
        key = (name, tuple(env.items()))
        if key not in self.known:
            self.known[key] = self._task(self.nodes[name], env)
        return self.known[key]

    def _task(self, node: ir.Node, env: Env) -> dict[str, Any] | None:
        for place in node.when:
            if isinstance(place, Branch):
                if self.holds(self.gates[place.gate].predicate, env) is not place.taken:
                    return None
        if isinstance(node, ir.Pick):
            given = {key: self.value(taken, env) for key, taken in node.takes}
            return self._picked(self.value(node.by, env), given, node.highest)
        assert isinstance(node, ir.Task)
        arguments = {item.name: self.value(item.value, env) for item in node.arguments}
        if None in arguments.values():
            return None
        if node.component.name == "pick":
            lists = {
                key: arguments[picking.listed(key)]
                for key in (output.name for output in node.component.outputs)
                if key != picking.INDEX
            }
            assert node.component.container is not None
            highest = "highest" in node.component.container.args
            return self._picked(arguments[picking.BY], lists, highest)
        return {"o": zlib.crc32(repr(sorted(arguments.items())).encode()) % 7}

    @staticmethod
    def _picked(by: Any, lists: Mapping[str, Any], highest: bool) -> dict[str, Any] | None:
        if by is None or None in lists.values():
            return None
        if not by:
            return dict.fromkeys((*lists, "index"), 0)
        best = by.index(max(by) if highest else min(by))
        return {**{key: found[best] for key, found in lists.items()}, "index": best}

    def envs(self, loops: list[str]) -> Iterator[Env]:
        if not loops:
            yield {}
            return
        for env in self.envs(loops[:-1]):
            for index in range(len(self.items(loops[-1]))):
                yield {**env, loops[-1]: index}

    def results(self) -> dict[str, Any]:
        """What every task that is run gives, by the name that its copy has to have."""
        found = {}
        for name in self.nodes:
            for env in self.envs(self.loops(name)):
                made = self.task(name, env)
                if made is not None:
                    found[self._name(name, env)] = made
        return found

    @staticmethod
    def _name(name: str, env: Env) -> str:
        """Part by part: the index follows the part that completes its group's name."""
        parts = name.split("-")
        said = []
        for end in range(1, len(parts) + 1):
            said.append(parts[end - 1])
            group = "-".join(parts[:end])
            said += [str(env[group])] if group in env else []
        return "-".join(said)

    def outputs(self) -> dict[str, Any]:
        return {item.name: self.value(item.value, {}) for item in self.pipeline.outputs}


# --- graphs ----------------------------------------------------------------------------------


class Maker:
    """Draws one graph: tasks, gates, picks; loops and pipelines within pipelines."""

    def __init__(self, draw: st.DrawFn, graphs: Any) -> None:
        self.draw, self.graphs = draw, graphs
        self.tasks: list[ir.Node] = []
        self.groups: dict[str, ir.Group] = {}
        self.gates: dict[str, ir.Predicate] = {}

    def some(self, options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def chance(self, percent: int) -> bool:
        return self.draw(st.integers(1, 100)) <= percent

    def pipeline(self) -> ir.Pipeline:
        self.members("", (), 0)
        outputs = {f"out{n}": self.read((), lists=True) for n in range(3)}
        made: ir.Pipeline = self.graphs.pipeline(
            *self.tasks, groups=[*self.groups.values()], gates=self.gates, outputs=outputs
        )
        return made

    def members(self, prefix: str, within: tuple[str | Branch, ...], depth: int) -> None:
        for number in range(self.draw(st.integers(1, 4 if not depth else 3))):
            name = f"{prefix}{'abcd'[number]}"
            place = (*within, *self.gate(f"{prefix}g{number}", within))
            if self.chance(45) and depth < 3:
                self.group(name, place, depth)
            else:
                self.step(name, place)

    def group(self, name: str, place: tuple[str | Branch, ...], depth: int) -> None:
        kind = self.some(["call", "loop", "loop", "known", "late"])
        inner = (*place, name)
        items: Any = tuple(self.draw(st.lists(st.integers(0, 6), min_size=1, max_size=3)))
        if kind == "call":
            self.groups[name] = self.graphs.call(name)
        elif kind == "known":
            self.groups[name] = self.graphs.loop(name, Constant([*items], "JsonArray"), "Integer")
        elif kind == "late":
            self.groups[name] = self.graphs.loop(
                name, ir.ParameterRef("list", "JsonArray"), "Integer"
            )
        else:
            self.groups[name] = self.graphs.loop(name, items, "Integer")
        inner += self.gate(f"{name}-h", inner)
        if kind != "call" and self.chance(50):
            self.step(name, inner)
            if self.chance(60):
                made = OutputRef(name, "o", "Integer")
                by = Collected(name, made, "JsonArray")
                takes = {"x": Collected(name, EachRef(name, "", "Integer"), "JsonArray"), "o": by}
                self.tasks.append(self.graphs.pick(
                    f"{name}_best", by, takes, highest=self.chance(50), within=place
                ))  # fmt: skip
        else:
            self.members(f"{name}-", inner, depth + 1)

    def step(self, name: str, place: tuple[str | Branch, ...]) -> None:
        inputs = {
            f"i{n}": self.read(place, lists=True) for n in range(self.draw(st.integers(0, 2)))
        }
        if inputs and self.chance(30):
            inputs["text"] = ir.Text((Constant("t", "String"), *inputs.values()))
        self.tasks.append(self.graphs.task(name, inputs, {"o": "Integer"}, within=place))

    def gate(self, name: str, within: tuple[str | Branch, ...]) -> tuple[Branch, ...]:
        if not self.chance(25):
            return ()
        predicate: ir.Predicate = Compare(
            ">", self.read(within), Constant(self.draw(st.integers(0, 4)), "Integer")
        )
        if self.chance(30):
            predicate = ir.Not(predicate)
        if self.chance(30):
            predicate = ir.And((predicate, Compare(">", self.read(within), Constant(1, "Integer"))))
        self.gates[name] = predicate
        return (Branch(name, self.chance(50)),)

    def read(self, place: tuple[str | Branch, ...], *, lists: bool = False) -> ir.Value:
        """A value that may be read at a place."""
        around = [item for item in place if isinstance(item, str)]
        loops = [group for group in around if self.groups[group].loop is not None]
        kinds = [
            "constant",
            "parameter",
            *["task"] * 4 * bool(self.tasks),
            *["each"] * 2 * bool(loops),
        ]
        kind = self.some(kinds)
        if kind == "each":
            return EachRef(self.some(loops), "", "Integer")
        if kind == "task":
            node = self.some(self.tasks)
            output = "index" if isinstance(node, ir.Pick) else "o"
            value: Any = OutputRef(node.name, output, "Integer")
            groups = [item.group for item in node.when if isinstance(item, Within)]
            shared = sum(1 for one, other in zip(groups, around, strict=False) if one == other)
            for group in reversed(groups[shared:]):
                if self.groups[group].loop is not None:
                    value = Collected(group, value, "JsonArray")
            if lists or isinstance(value, OutputRef):
                return value  # type: ignore[no-any-return]
        if kind == "parameter":
            return ir.ParameterRef("p", "Integer")
        return Constant(self.draw(st.integers(0, 6)), "Integer")


@st.composite
def pipelines(draw: st.DrawFn, graphs: Any) -> ir.Pipeline:
    return Maker(draw, graphs).pipeline()


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_written_out_it_means_the_same(graphs_of_session: Any, data: st.DataObject) -> None:
    pipeline = data.draw(pipelines(graphs_of_session))
    written = flat(pipeline)

    while written.groups:  # what is left are loops over parameters, and what is within them
        outermost = min((group.name for group in written.groups), key=len)
        written = flat(repeat(written, outermost, PARAMETERS["list"]))

    assert (Meaning(pipeline).results(), Meaning(pipeline).outputs()) == (
        Meaning(written).results(), Meaning(written).outputs(),
    )  # fmt: skip
    names = [node.name for node in written.tasks]
    assert len(names) == len(set(names))
    assert {gate.name for gate in written.gates} == {
        place.gate for node in written.tasks for place in node.when if isinstance(place, Branch)
    }
    seen: set[str] = set()
    for node in written.tasks:
        assert seen.issuperset(ir.reads(node, written))
        seen.add(node.name)


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_it_does_not_matter_in_which_order_the_tasks_stand(
    graphs_of_session: Any, data: st.DataObject
) -> None:
    pipeline = data.draw(pipelines(graphs_of_session))
    other = replace(pipeline, tasks=tuple(_another_order(pipeline, data)))
    assert ordered(pipeline) == ordered(other)


def _another_order(pipeline: ir.Pipeline, data: st.DataObject) -> Iterator[ir.Node]:
    """Producers first, as every graph has them, but otherwise another order."""
    left = list(pipeline.tasks)
    done: set[str] = set()
    while left:
        free = [node for node in left if done.issuperset(ir.reads(node, pipeline))]
        chosen = data.draw(st.sampled_from(free))
        left.remove(chosen)
        done.add(chosen.name)
        yield chosen
