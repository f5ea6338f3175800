"""A run of which nothing has started: records and schedule items out of an IR."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from isodag import ir
from isodag.engine import repetitions, store
from isodag.engine.options import RunOptions
from isodag.engine.parameters import Given
from isodag.engine.record import RunResult, StepRecord
from isodag.engine.schedule import Item, State

NO_ITEM = "its condition holds for no item"
EMPTY = "there is nothing to repeat over: the list is empty"


def result(
    given: Given, options: RunOptions, folder: store.RunFolder, earlier: Mapping[str, Any]
) -> RunResult:
    """The record of a run.

    earlier  of the run that is resumed, as its run.json holds it
    """
    written, pipeline = given.written, given.pipeline
    steps = {node.name: step(node, written) for node in written.tasks}
    steps |= {task.name: step(task, written, last=True) for task in written.last}
    return RunResult(
        run_id=folder.id,
        pipeline=pipeline.name,
        folder=folder.path,
        store=folder.store.folder,
        started_at=earlier.get("started_at") or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        parameters=given.parameters,
        steps=repeated(steps, written, pipeline),
        attempt=int(earlier.get("attempt", 0)) + 1,
        again=options.again.replace("{run}", folder.id),
    )


def step(node: ir.Node, pipeline: ir.Pipeline, *, last: bool = False) -> StepRecord:
    """The record of a step."""
    around = [place.group for place in node.when if isinstance(place, ir.Within)]
    loops = (group.loop for group in pipeline.groups if group.name in around)
    each = tuple(loop.var for loop in loops if loop is not None)
    if not isinstance(node, ir.Task):
        kind = "pick" if isinstance(node, ir.Pick) else None
        return StepRecord(node.name, kind, each=each)
    return StepRecord(
        node.name,
        node.component.name,
        types={output.name: output.type for output in node.component.outputs},
        repetition=node.repetition,
        each=each,
        last=last,
        tags=dict(node.tags),
    )


def items(nodes: Iterable[ir.Node], pipeline: ir.Pipeline) -> list[Item]:
    """Steps as the schedule sees them."""
    gates = {gate.name: gate for gate in pipeline.gates}
    groups = {group.name: group for group in pipeline.groups}
    found = []
    for node in nodes:
        asked = node.resources if isinstance(node, ir.Task) else None
        cpu, memory = (asked.cpu or 0.0, asked.memory or 0) if asked else (0.0, 0)
        found.append(Item(node.name, ir.needs(node, gates, groups), cpu, memory))
    return found


def repeated(
    steps: Mapping[str, StepRecord], before: ir.Pipeline, after: ir.Pipeline, why: str = NO_ITEM
) -> dict[str, StepRecord]:
    """The records of a run whose graph has the repetitions of some steps now, where those were.

    why  what keeps the steps from running of which there is no repetition
    """
    nodes = {node.name: node for node in (*after.tasks, *after.last)}
    fresh = [name for name in nodes if name not in steps]
    around = {node.name: _outermost(node) for node in before.tasks if node.name not in nodes}
    copies = {
        group: {name: None for name in fresh if name.startswith(f"{group}-")}
        for group in dict.fromkeys(around.values())
    }
    found: dict[str, StepRecord] = {}
    for name, record in steps.items():
        if name not in around:
            found[name] = record
            continue
        group = around[name]
        found |= {copy: step(nodes[copy], after) for copy in copies[group] if copy not in found}
        if all(repetitions.rest(copy, group) != name[len(group) :] for copy in copies[group]):
            found[name] = replace(record, state=State.SKIPPED, reason=why)
    return found


def _outermost(node: ir.Node) -> str:
    """The loop that a step is in, or the outermost of several."""
    return next((place.group for place in node.when if isinstance(place, ir.Within)), node.name)
