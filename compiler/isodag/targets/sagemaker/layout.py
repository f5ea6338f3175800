"""The tree of steps as JSON: Condition steps with their branches, and the edges between steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from isodag import ir
from isodag.targets.sagemaker import gates, names
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.gates import Fork
from isodag.targets.sagemaker.steps import Step

Forks = dict[int, str]  # names of forks by identity


def fork_names(top: gates.Block) -> Forks:
    """A name for each Condition step: its gate's, with the branches around it where one gate
    stands in several places."""
    every = list(gates.forks(top))
    places: dict[str, int] = {}
    for fork in every:
        places[fork.gate] = places.get(fork.gate, 0) + 1
    return {
        id(fork): names.condition(fork.gate, _around(fork) if places[fork.gate] > 1 else ())
        for fork in every
    }


def _around(fork: Fork) -> list[tuple[str, bool]]:
    return [(branch.gate, branch.taken) for branch in fork.path]


def named(
    context: Context, made: Mapping[str, list[Step]], top: gates.Block, forks: Forks
) -> Iterator[names.Named]:
    """Every step with the name it got."""
    for task, parts in made.items():
        for step in parts:
            node = context.tasks[task]
            yield names.Named(step.name, f"step `{node.step}`", node.span)
    spans = {gate.name: gate.named or gate.span for gate in context.pipeline.gates}
    for fork in gates.forks(top):
        yield names.Named(forks[id(fork)], f"condition `{fork.gate}`", spans[fork.gate])


def write(
    block: gates.Block,
    forks: Forks,
    conditions: Mapping[str, list[dict[str, Any]]],
    bodies: Mapping[str, list[dict[str, Any]]],
) -> list[dict[str, Any]]:
    """The steps that stand in one place.

    conditions  `Conditions` by gate
    bodies      finished steps by task
    """
    written: list[dict[str, Any]] = []
    for item in block.items:
        if isinstance(item, Fork):
            arguments = {
                "Conditions": conditions[item.gate],
                "IfSteps": write(item.sides[True], forks, conditions, bodies),
                "ElseSteps": write(item.sides[False], forks, conditions, bodies),
            }
            written.append({"Name": forks[id(item)], "Type": "Condition", "Arguments": arguments})
        else:
            written.extend(bodies[item])
    return written


def finished(
    context: Context, made: Mapping[str, list[Step]], dropped: frozenset[str]
) -> dict[str, list[dict[str, Any]]]:
    """The steps of each task with `DependsOn`, for the edges that no reference implies.

    https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps.html
    """
    last = {task: _last(parts) for task, parts in made.items()}
    bodies = {}
    for task, parts in made.items():
        own = {step.name for step in parts}
        read = {other for step in parts for other in step.reads}
        missing: set[str] = set()
        for other, by_name in _edges(context.tasks[task]):
            if other not in dropped and (by_name or not read & {s.name for s in made[other]}):
                missing.update(last[other])
        wanted = sorted(missing - read)
        bodies[task] = [
            _depending(step.body, wanted) if not step.reads & own else step.body for step in parts
        ]
    return bodies


def _last(parts: list[Step]) -> list[str]:
    """The steps of a task that no other of its steps waits for."""
    read = {other for step in parts for other in step.reads}
    return [step.name for step in parts if step.name not in read]


def _edges(node: ir.Node) -> Iterator[tuple[str, bool]]:
    """The tasks that a node needs, and whether by `after`; else by an input, which its request
    may not hold."""
    for task in node.after:
        yield task, True
    for value in ir.values_of(node):
        if isinstance(value, ir.OutputRef):
            yield value.task, False


def _depending(body: Mapping[str, Any], depends_on: list[str]) -> dict[str, Any]:
    """The step with `DependsOn` in the place where the SDK writes it."""
    entries = list(body.items())
    at = [key for key, _ in entries].index("Arguments") + 1
    added = [("DependsOn", depends_on)] if depends_on else []
    return dict([*entries[:at], *added, *entries[at:]])
