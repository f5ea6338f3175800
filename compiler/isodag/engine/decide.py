"""What becomes of a step once its needs are settled: skipped, failed, cached, or it must run."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from isodag import ir
from isodag.engine import cache, repetitions, results
from isodag.engine.artifacts import Memo, Unreadable
from isodag.engine.evaluate import NoValue, Scope, evaluate, holds, null_source
from isodag.engine.keys import cache_key
from isodag.engine.parameters import Given
from isodag.engine.reasons import why
from isodag.engine.record import GateRecord, StepRecord
from isodag.engine.results import Result
from isodag.engine.schedule import State
from isodag.runtime.values import render


@dataclass(frozen=True)
class Situation:
    """What decisions are made from; scope and conditions grow while the run goes on.

    conditions  gates evaluated so far, by name
    earlier     the step records of the run that is resumed, as its run.json holds them
    store       folder that `result` in those is relative to
    again       steps that run even when there is a result (`--from`)
    """

    pipeline: ir.Pipeline
    given: Given
    scope: Scope
    store: Path
    memo: Memo
    use_cache: bool = True
    again: frozenset[str] = frozenset()
    earlier: Mapping[str, Any] = field(default_factory=dict)
    conditions: dict[str, GateRecord] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """The step need not run: `record` says cached or kept, `result` holds its outputs."""

    record: StepRecord
    result: Result


@dataclass(frozen=True)
class MustRun:
    """The step must run with these inputs: typed value, Artifact or None by name.

    environment  text by variable
    """

    record: StepRecord
    inputs: Mapping[str, Any]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Repeat:
    """The list of a loop around the step is known: its repetitions are to be written out.

    items  typed values; none repeats nothing, and leaves empty lists to who reads them
    """

    group: str
    items: tuple[Any, ...]


Decision = StepRecord | Found | MustRun | Repeat  # a bare record is final: skipped or failed


def decide(node: ir.Node, record: StepRecord, at: Situation) -> Decision:
    """Decide a step; reads files, changes nothing but `at.conditions`."""
    if (reason := closed_gate(node, at)) is not None:
        return replace(record, state=State.SKIPPED, reason=reason)
    if (group := _loop(node)) is not None:
        return _repeated(record, at.pipeline.group(group), at)
    for value in ir.values_of(node):
        if (step := null_source(value, at.scope)) is not None:
            return replace(record, state=State.SKIPPED, reason=f"step `{step}` was skipped")
    if isinstance(node, ir.Failure):
        message = str(evaluate(node.message, at.scope))
        return replace(record, state=State.FAILED, reason=" ".join(message.split()))
    assert isinstance(node, ir.Task)  # a pick whose loop was written out is one
    inputs = {
        argument.name: at.given.constants.get((node.name, argument.name))
        or evaluate(argument.value, at.scope)
        for argument in node.arguments
    }
    environment = {item.name: _text(evaluate(item.value, at.scope)) for item in node.environment}
    try:
        key = cache_key(node.component, inputs, at.memo, environment)
    except Unreadable as error:
        return replace(record, state=State.FAILED, reason=str(error))
    record = replace(record, key=key)
    if node.name in at.again:
        return MustRun(record, inputs, environment)
    if (result := _kept(node, key, at)) is not None:
        return Found(replace(record, kept=True), result)
    if at.use_cache and not node.component.side_effects:
        age = node.cache.max_age if node.cache else None
        not_before = 0.0 if age is None else time.time() - age
        result = cache.lookup(at.store / "cache", key, node.component, not_before)
        if result is not None:
            return Found(replace(record, cached=True), result)
    return MustRun(record, inputs, environment)


def _text(value: Any) -> str:
    """What a variable holds; nothing for a null."""
    return "" if value is None else render(value)


def closed_gate(node: ir.Node, at: Situation) -> str | None:
    """Why a step does not run: the first of its gates, outermost first, that is against it.

    Of gates within a loop each repetition has its own.
    """
    for place in node.when:
        if isinstance(place, ir.Within):
            return None
        gate = at.conditions.get(place.gate)
        if gate is None:
            gate = at.conditions[place.gate] = _evaluated(at.pipeline.gate(place.gate), at.scope)
        if gate.value is not place.taken:
            return gate.reason
    return None


def passed_over(node: ir.Node, at: Situation, steps: Mapping[str, StepRecord]) -> str | None:
    """Why a step that the run did not come to would not have run anyway; None for not known."""
    for branch in itertools.takewhile(lambda place: isinstance(place, ir.Branch), node.when):
        assert isinstance(branch, ir.Branch)
        asked = ir.operands(at.pipeline.gate(branch.gate).predicate)
        for leaf in (leaf for value in asked for leaf in ir.leaves(value)):
            if isinstance(leaf, ir.OutputRef) and steps[leaf.task].state not in _KNOWN:
                return None
        alone = replace(node, when=(branch,))
        if (reason := closed_gate(alone, at)) is not None:
            return reason
    for leaf in ir.values_of(node):
        if isinstance(leaf, ir.OutputRef) and steps[leaf.task].state is State.SKIPPED:
            return f"step `{leaf.task}` was skipped"
    return None


_KNOWN = (State.DONE, State.SKIPPED)


def _loop(node: ir.Node) -> str | None:
    """The outermost loop around a step that is not written out yet."""
    return next((place.group for place in node.when if isinstance(place, ir.Within)), None)


def _repeated(record: StepRecord, group: ir.Group, at: Situation) -> StepRecord | Repeat:
    assert group.loop is not None and not isinstance(group.loop.items, tuple)
    if (step := null_source(group.loop.items, at.scope)) is not None:
        return replace(record, state=State.SKIPPED, reason=f"step `{step}` was skipped")
    try:
        items = repetitions.admitted(group, evaluate(group.loop.items, at.scope))
    except repetitions.BadList as problem:
        return replace(record, state=State.FAILED, reason=f"cannot be repeated: {problem}")
    return Repeat(group.name, items)


def _evaluated(gate: ir.Gate, scope: Scope) -> GateRecord:
    try:
        return GateRecord(holds(gate.predicate, scope), why(gate.predicate, scope))
    except NoValue as missing:
        return GateRecord(None, f"step `{missing.step}` was skipped")


def _kept(task: ir.Task, key: str, at: Situation) -> Result | None:
    """What an earlier attempt of this run made of the step with the same key."""
    earlier = at.earlier.get(task.name)
    if not isinstance(earlier, Mapping) or earlier.get("key") != key:
        return None
    if earlier.get("state") != State.DONE or not isinstance(earlier.get("result"), str):
        return None
    return results.read(at.store / earlier["result"], task.component)


def downstream(pipeline: ir.Pipeline, step: str) -> frozenset[str]:
    """A step, all its repetitions where it is repeated, and what needs them, directly or not."""
    gates = {gate.name: gate for gate in pipeline.gates}
    groups = {group.name: group for group in pipeline.groups}
    found = {node.name for node in pipeline.tasks if repetitions.means(step, node)}
    for node in pipeline.tasks:  # in topological order
        if found.intersection(ir.needs(node, gates, groups)):
            found.add(node.name)
    return frozenset(found)
