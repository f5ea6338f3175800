"""What a pipeline means by itself: read straight off the IR, nothing of any target in it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from kfp_graphs import LISTS, OPERATORS, POOLS, values_of

from isodag.ir import (
    And,
    Branch,
    Collected,
    Compare,
    Constant,
    EachRef,
    Failure,
    Listing,
    Member,
    Node,
    Not,
    Or,
    OutputRef,
    ParameterRef,
    Path,
    Pick,
    Pipeline,
    Predicate,
    RunRef,
    Task,
    Text,
    Truth,
    Value,
    Within,
)

NOWHERE: Mapping[str, int] = {}


class Made:
    """What tasks put out, made up: the same task and output always give the same.

    fits  whether a list of numbers or of names is due, by an output's name
    """

    def __init__(self, seed: int, types_of: Mapping[str, str]) -> None:
        self._seed, self._types = seed, types_of

    def __call__(self, instance: str, output: str) -> Any:
        step, _, _ = instance.replace("_", "-").partition("[")
        kind = self._types[f"{step}.{output}"]
        pick = random.Random(f"{self._seed} {instance.replace('_', '-')} {output}")
        if output in LISTS:
            return [pick.choice(POOLS[LISTS[output]]) for _ in range(pick.randint(1, 3))]
        if kind in POOLS:
            return pick.choice(POOLS[kind])
        return f"s3://runs/{instance.replace('_', '-')}/{output}"


class Meaning:
    """What a pipeline says, read straight off the IR.

    parameters  values by name
    made        what a task puts out, by `task` or `task[repetition,…]`, and output
    """

    def __init__(
        self, pipeline: Pipeline, parameters: Mapping[str, Any],
        made: Callable[[str, str], Any], facts: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.pipeline, self.parameters, self.made = pipeline, parameters, made
        self.facts = {**facts, "pipeline": pipeline.name}

    def value(self, value: Value, at: Mapping[str, int] = NOWHERE) -> Any:
        """A value, known now.

        at  which repetition of each group it is read in
        """
        match value:
            case Constant(held):
                return held
            case ParameterRef(name):
                return self.parameters[name]
            case OutputRef(step, output):
                node = self.pipeline.task(step)
                if isinstance(node, Pick):
                    return self.picked(node, output, at)
                indices = [at[group] for group in self.loops(node)]
                return self.made(instance(step, indices), output)
            case RunRef(field):
                return self.facts[field]
            case Text(parts):
                return "".join(str(self.value(part, at)) for part in parts)
            case EachRef(group, field):
                item = self.items(group, at)[at[group]]
                return item[field] if field else item
            case Collected(group, item):
                count = len(self.items(group, at))
                return [self.value(item, {**at, group: number}) for number in range(count)]
            case Listing(items):
                return [self.value(item, at) for item in items]

    def picked(self, node: Pick, output: str, at: Mapping[str, int]) -> Any:
        """What the best repetition gave."""
        numbers = self.value(node.by, at)
        best = numbers.index(max(numbers) if node.highest else min(numbers))
        takes = dict(node.takes)
        return self.value(takes[output], at)[best] if output in takes else best

    def items(self, group: str, at: Mapping[str, int]) -> Sequence[Any]:
        """What a group is repeated over."""
        loop = self.pipeline.group(group).loop
        assert loop is not None
        return loop.items if isinstance(loop.items, tuple) else self.value(loop.items, at)

    def loops(self, node: Node) -> list[str]:
        """The groups that repeat a step, outermost first."""
        return [
            place.group
            for place in node.when
            if isinstance(place, Within) and self.pipeline.group(place.group).loop is not None
        ]

    def holds(self, predicate: Predicate, at: Mapping[str, int] = NOWHERE) -> bool:
        """Whether a predicate is true."""
        match predicate:
            case And(parts):
                return all(self.holds(part, at) for part in parts)
            case Or(parts):
                return any(self.holds(part, at) for part in parts)
            case Not(part):
                return not self.holds(part, at)
            case Compare(op, left, right):
                return bool(OPERATORS[op](self.value(left, at), self.value(right, at)))
            case Member(item, options):
                return any(self.value(item, at) == self.value(option, at) for option in options)
            case Truth(value):
                return self.value(value, at) is True

    def runs(self, path: Path, at: Mapping[str, int] = NOWHERE) -> Iterator[dict[str, int]]:
        """The repetitions in which a step with this path runs: all branches taken, outermost
        asked first."""
        if not path:
            yield dict(at)
            return
        place, rest = path[0], path[1:]
        if isinstance(place, Branch):
            if self.holds(self.pipeline.gate(place.gate).predicate, at) is place.taken:
                yield from self.runs(rest, at)
        elif self.pipeline.group(place.group).loop is None:
            yield from self.runs(rest, at)
        else:
            for number in range(len(self.items(place.group, at))):
                yield from self.runs(rest, {**at, place.group: number})

    def received(self) -> dict[str, dict[str, Any]]:
        """What each step that runs is given, by `step` or `step[repetition,…]`, and input."""
        return {
            instance(node.name, list(at.values())): self.given(node, at)
            for node in (*self.pipeline.tasks, *self.pipeline.last)
            for at in self.runs(node.when)
        }

    def given(self, node: Node, at: Mapping[str, int]) -> dict[str, Any]:
        """What a step is given in one of its repetitions."""
        if isinstance(node, Failure):
            return {"message": self.value(node.message, at)}
        if isinstance(node, Pick):
            takes = {f"{name}_list": self.value(taken, at) for name, taken in node.takes}
            return {"by": self.value(node.by, at), **takes}
        return {item.name: self.value(item.value, at) for item in node.arguments}


def instance(step: str, indices: Sequence[int]) -> str:
    """A step in the repetitions that it is in."""
    return f"{step}[{','.join(map(str, indices))}]" if indices else step


@st.composite
def runs(draw: st.DrawFn, graph: Pipeline) -> tuple[dict[str, Any], Made]:
    """Values for the parameters, and for the outputs of every step."""
    parameters = {
        item.name: draw(st.lists(st.sampled_from(POOLS[LISTS[item.name]]), min_size=1, max_size=3))
        if item.name in LISTS
        else draw(values_of(item.type))
        for item in graph.parameters
    }
    types_of = {
        f"{node.name.replace('_', '-')}.{port.name}": port.type
        for node in (*graph.tasks, *graph.last)
        if isinstance(node, Task)
        for port in node.component.outputs
    }
    return parameters, Made(draw(st.integers(0, 2**32)), types_of)
