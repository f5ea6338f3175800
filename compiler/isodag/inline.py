"""A graph with calls of pipelines in, the same graph with their steps in their places out.

The steps, conditions and groups of the pipeline that a step `tune` calls are called `tune-<name>`.
Its parameters are what the call gives, its outputs what the steps in it give.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from isodag import ir
from isodag.called import Called
from isodag.diagnostics import Diagnostic, Related
from isodag.inline_names import Renaming
from isodag.ir import Argument, Value
from isodag.ir_folding import folded

_INDEX = re.compile(r"-\d+(?=-|$)")  # which repetition, in the name of a copy


def inlined(pipeline: ir.Pipeline) -> ir.Pipeline:
    """The graph without calls: every task has a component that can run."""
    if not any(isinstance(node, ir.Task) and _is_call(node) for node in pipeline.tasks):
        return pipeline
    caller = Renaming()
    nodes: list[ir.Node] = []
    gates: dict[str, ir.Gate] = {}
    groups = {group.name: group for group in pipeline.groups}
    for node in pipeline.tasks:
        changed = caller.node(node)
        if not isinstance(changed, ir.Task) or not _is_call(changed):
            nodes.append(changed)
            continue
        groups.setdefault(node.name, ir.Group(node.name, None, node.span))
        body = _body(changed)
        caller.results |= body.results
        caller.ends[node.name] = body.ends
        nodes += body.nodes
        gates |= body.gates
        groups |= body.groups
    gates |= {gate.name: caller.gate(gate) for gate in pipeline.gates}
    groups = {name: caller.group(group) for name, group in groups.items()}
    return replace(
        pipeline,
        gates=tuple(gates[name] for name in sorted(gates)),
        groups=tuple(groups[name] for name in sorted(_used(nodes))),
        tasks=tuple(nodes),
        outputs=tuple(replace(item, value=caller.value(item.value)) for item in pipeline.outputs),
    )


def _is_call(node: ir.Task) -> bool:
    return isinstance(node.component, Called)


def _used(nodes: Iterable[ir.Node]) -> set[str]:
    return {place.group for node in nodes for place in node.when if isinstance(place, ir.Within)}


def decided(component: Called, given: Mapping[str, Argument]) -> dict[str, bool]:
    """The conditions of a called pipeline whose outcome a call decides, by name.

    given  what its parameters are
    """
    inner = Renaming(given=given)
    found = {
        gate.name: folded(inner.predicate(gate.predicate))
        for gate in component.pipeline.gates
        if inner.knows(gate)
    }
    return {name: truth for name, truth in found.items() if isinstance(truth, bool)}


def as_written(found: Iterable[Diagnostic], pipeline: ir.Pipeline) -> tuple[Diagnostic, ...]:
    """Messages at places in a called file, with the names that its steps and conditions have there.

    So two calls of it do not say the same thing twice.
    """
    groups = {group.name for group in pipeline.groups}
    if not groups:
        return tuple(found)
    names = {node.step for node in pipeline.tasks} | {gate.name for gate in pipeline.gates}
    own = {name: _own_name(name, groups) for name in names | groups}
    short = {name: other for name, other in own.items() if other != name}
    here = pipeline.span.path

    def plain(text: str) -> str:
        return re.sub("`([^`]+)`", written, text)

    def written(word: re.Match[str]) -> str:
        return f"`{short.get(_INDEX.sub('', word[1]), word[1])}`"

    return tuple(
        replace(
            item,
            message=plain(item.message),
            help=plain(item.help) if item.help else item.help,
            related=tuple(Related(plain(other.message), other.span) for other in item.related),
        )
        if item.span.path != here
        else item
        for item in found
    )


def _own_name(name: str, groups: Collection[str]) -> str:
    """What is called `tune-train` in the caller's graph, in the file that `tune` calls."""
    at = len(name)
    while (at := name.rfind("-", 0, at)) > 0:
        if name[:at] in groups:
            return name[at + 1 :]
    return name


# --- one call --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Body:
    """What stands for a call: its nodes in order, and by name its gates and groups.

    results  what stands for each of its outputs
    ends     the nodes that are done last
    """

    nodes: list[ir.Node]
    gates: dict[str, ir.Gate]
    groups: dict[str, ir.Group]
    results: dict[tuple[str, str], Value]
    ends: tuple[str, ...]


def _body(call: ir.Task) -> _Body:
    assert isinstance(call.component, Called)
    pipeline = call.component.pipeline
    inner = Renaming(f"{call.name}-", _given(call, call.component))
    # what the call decides is decided: a pipeline with a switch is called with it on or off
    inner.settled |= decided(call.component, inner.given)
    gates: dict[str, ir.Gate] = {}
    for gate in pipeline.gates:
        made = inner.gate(gate)
        predicate = folded(made.predicate) if inner.knows(gate) else made.predicate
        if not isinstance(predicate, bool):
            gates[made.name] = replace(made, predicate=predicate)
    within = ir.Within(call.name)
    path = call.when if within in call.when else (*call.when, within)
    groups = {inner.before + group.name: inner.group(group) for group in pipeline.groups}
    own = {inner.before + node.name for node in pipeline.tasks}
    nodes: list[ir.Node] = []
    read: set[str] = set()
    for written in pipeline.tasks:
        if inner.never(written):
            continue
        node = inner.node(written)
        needs = own.intersection(ir.needs(node, gates, groups))
        after = {*node.after, *(call.after if not needs else ())}
        nodes.append(replace(node, when=(*path, *node.when), after=tuple(sorted(after))))
        if not isinstance(node, ir.Failure):  # which nothing waits for
            read |= needs
    ends = [
        node.name for node in nodes
        if node.name not in read and not isinstance(node, ir.Failure)
    ]  # fmt: skip
    results = {(call.name, item.name): inner.value(item.value) for item in pipeline.outputs}
    return _Body(nodes, gates, groups, results, tuple(ends) or call.after)


def _given(call: ir.Task, component: Called) -> dict[str, Argument]:
    """What the parameters of a called pipeline are, by name."""
    declared = {item.name: item for item in component.pipeline.parameters}
    return {
        item.name: item if item.written else replace(
            item, span=declared[item.name].default_span or declared[item.name].span
        )
        for item in call.arguments
    }  # fmt: skip
