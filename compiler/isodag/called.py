"""A pipeline as a component: a checked file's graph in, what its callers see of it out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from isodag import ir
from isodag.component import Component, Input, Output
from isodag.source import Source, Span


@dataclass(frozen=True)
class Hidden:
    """Why callers cannot read an output.

    gate  the condition that the step giving it stands behind, as written; empty where the output
          is not what a step gives
    step  which gives it
    span  of the condition, or of the output's name
    """

    gate: str
    step: str
    span: Span


@dataclass(frozen=True, kw_only=True)
class Called(Component):
    """A pipeline as a component: parameters are its inputs, and it has the pipeline's outputs.

    pipeline  its graph, with the graphs of those that it calls in it
    hidden    outputs that callers cannot read
    weight    how many tasks it stands for, repeated ones counted as often as they are repeated
    """

    pipeline: ir.Pipeline
    hidden: Mapping[str, Hidden]
    weight: int


def called(pipeline: ir.Pipeline, source: Source) -> Called:
    """The component that a checked pipeline is.

    source  its file
    """
    path = Path(source.path)
    tasks = [node for node in pipeline.tasks if isinstance(node, ir.Task)]
    return Called(
        name=path.name,
        title=pipeline.name,
        version="",
        description=pipeline.description,
        inputs=tuple(_input(parameter) for parameter in pipeline.parameters),
        outputs=tuple(Output(item.name, item.value.type, item.span) for item in pipeline.outputs),
        container=None,
        binding=None,
        side_effects=any(task.component.side_effects for task in tasks),
        folder=os.path.abspath(path.parent),
        digest=hashlib.sha256(source.text.encode("utf-8", "replace")).hexdigest(),
        span=pipeline.span,
        pipeline=pipeline,
        hidden=dict(_hidden(pipeline)),
        weight=_weight(pipeline),
    )


def _input(parameter: ir.Parameter) -> Input:
    return Input(
        name=parameter.name,
        type=parameter.type,
        span=parameter.span,
        description=parameter.description,
        optional=parameter.has_default,
        default=parameter.default,
        constraints=parameter.constraints,
    )


def _hidden(pipeline: ir.Pipeline) -> Iterator[tuple[str, Hidden]]:
    """The outputs that are not what a step gives in every run."""
    for item in pipeline.outputs:
        value = item.value
        while isinstance(value, ir.Collected):
            value = value.item
        if not isinstance(value, ir.OutputRef):
            yield item.name, Hidden("", "", item.span)
            continue
        step = pipeline.task(value.task)
        for branch in ir.branches(step)[:1]:
            gate = pipeline.gate(branch.gate)
            shown = gate.text if branch.taken else f"not ({gate.text})"
            yield item.name, Hidden(shown, step.name, gate.span)


def _weight(pipeline: ir.Pipeline) -> int:
    """How many tasks there are once the lists that are known are written out."""
    loops = {group.name: group.loop for group in pipeline.groups if group.loop is not None}
    total = 0
    for node in pipeline.tasks:
        times = 1
        for place in node.when if loops else ():
            loop = loops.get(place.group) if isinstance(place, ir.Within) else None
            times *= len(loop.items) if loop is not None and isinstance(loop.items, tuple) else 1
        total += times
    return total


# --- where the parameters of a pipeline are read ---------------------------------------------


def in_conditions(pipeline: ir.Pipeline) -> dict[str, Span]:
    """The parameters that conditions read, with the condition."""
    found: dict[str, Span] = {}
    for gate in pipeline.gates:
        for value in ir.operands(gate.predicate):
            for name in _parameters(value):
                found.setdefault(name, gate.span)
    return found


def in_settings(pipeline: ir.Pipeline) -> dict[str, Span]:
    """The parameters that target settings of steps read, such as an instance type, with where."""
    found: dict[str, Span] = {}
    for node in pipeline.tasks:
        waiting = list(node.targets.values()) if isinstance(node, ir.Task) else []
        while waiting:
            tree = waiting.pop()
            if isinstance(tree.value, tuple):
                waiting += tree.value
            elif isinstance(tree.value, Mapping):
                waiting += tree.value.values()
            else:
                for name in _parameters(tree.value):
                    found.setdefault(name, tree.span)
    return found


def in_loops(pipeline: ir.Pipeline) -> dict[str, tuple[str, Span]]:
    """The parameters that steps are repeated over: the type of an item, and where."""
    found: dict[str, tuple[str, Span]] = {}
    for group in pipeline.groups:
        loop = group.loop
        if loop is not None and isinstance(loop.items, ir.ParameterRef):
            found.setdefault(loop.items.name, (loop.type, loop.span))
    return found


def _parameters(value: ir.Value) -> Iterator[str]:
    return (leaf.name for leaf in ir.leaves(value) if isinstance(leaf, ir.ParameterRef))
