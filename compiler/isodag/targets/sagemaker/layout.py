"""The tree of steps as JSON: Condition steps with their branches, and the edges between steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from isodag import ir
from isodag.targets.sagemaker import gates, names, references
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.gates import Fork, Turn
from isodag.targets.sagemaker.loops import Loop
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
    return [(side.gate, side.taken) for side in fork.path if isinstance(side, ir.Branch)]


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
    for turn in gates.loops(top):
        group = context.pipeline.group(turn.group)
        what = f"the loop over step `{group.name}`"
        yield names.Named(names.loop(group.name), what, group.span)


def write(
    block: gates.Block,
    forks: Forks,
    conditions: Mapping[str, list[dict[str, Any]]],
    made: Finished,
) -> list[dict[str, Any]]:
    """The steps that stand in one place.

    conditions  `Conditions` by gate
    """
    written: list[dict[str, Any]] = []
    for item in block.items:
        if isinstance(item, Fork):
            arguments = {
                "Conditions": conditions[item.gate],
                "IfSteps": write(item.sides[True], forks, conditions, made),
                "ElseSteps": write(item.sides[False], forks, conditions, made),
            }
            written.append({"Name": forks[id(item)], "Type": "Condition", "Arguments": arguments})
        elif isinstance(item, Turn):
            loop = dict(made.loops[item.group])
            body = write(item.body, forks, conditions, made)
            written.append(loop | {"Arguments": {**loop["Arguments"], "ForEachBody": body}})
        else:
            written.extend(made.tasks[item])
    return written


@dataclass(frozen=True)
class Finished:
    """Steps as they are written.

    tasks  those of each task
    loops  the ForEach step of each group, without its body
    """

    tasks: Mapping[str, list[dict[str, Any]]]
    loops: Mapping[str, dict[str, Any]]


def finished(
    context: Context, made: Mapping[str, list[Step]], dropped: frozenset[str],
    loops: Mapping[str, Loop],
) -> Finished:  # fmt: skip
    """The steps of each task with `DependsOn`, for the edges that no reference implies.

    What the steps of a loop wait for outside of it, the loop waits for, by name.

    https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps.html
    """
    turn = {name: place.group for name, place in _turns(context)}
    picks = {n.name: n.by.group for n in context.pipeline.tasks if isinstance(n, ir.Pick)}
    steps = {task: {step.name for step in parts} for task, parts in made.items()}
    steps |= {pick: {loops[group].name} for pick, group in picks.items()}
    last = {task: _last(parts) for task, parts in made.items()}
    last |= {pick: [loops[group].name] for pick, group in picks.items()}
    inside: dict[str, set[str]] = {group: set() for group in loops}
    for task, group in turn.items():
        inside[group] |= steps[task]
    waits: dict[str, set[str]] = {group: set() for group in loops}
    bodies = {}
    for task, parts in made.items():
        around = turn.get(task)
        read = {other for step in parts for other in step.reads}
        missing: set[str] = set()
        for other, by_name in _edges(context.tasks[task]):
            beside = turn.get(other)
            if other in dropped:
                continue
            if beside is not None and beside != around:
                missing.add(loops[beside].name)
            elif by_name or not read & steps[other]:
                missing.update(last[other])
        wanted = missing - read
        if around is not None:
            waits[around] |= (wanted | read) - inside[around]
            wanted &= inside[around]
        bodies[task] = [
            _depending(step.body, sorted(wanted)) if not step.reads & steps[task] else step.body
            for step in parts
        ]
    for pick, group in picks.items():
        for other, by_name in _edges(context.tasks[pick]):
            if by_name and other not in dropped:
                waits[group] |= set(last[other])
    for group, loop in loops.items():
        waits[group] |= set(references.steps_read(loop.arguments))
    return Finished(bodies, {
        group: _depending(
            {"Name": loop.name, "Type": "ForEach", "Arguments": loop.arguments},
            sorted(waits[group] - {loop.name}),
        )
        for group, loop in loops.items()
    })  # fmt: skip


def _turns(context: Context) -> Iterator[tuple[str, ir.Within]]:
    """The tasks that stand in a loop, each with the loop."""
    for node in context.pipeline.tasks:
        for place in node.when if not isinstance(node, ir.Pick) else ():
            if isinstance(place, ir.Within):
                yield node.name, place


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
