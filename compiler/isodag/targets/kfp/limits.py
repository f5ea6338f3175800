"""What KFP's nesting of conditions cannot do, found before anything is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from isodag import types
from isodag.diagnostics import Diagnostic, Related
from isodag.ir import (
    Branch,
    Constant,
    EachRef,
    Failure,
    Gate,
    Group,
    Node,
    OutputRef,
    Path,
    Pipeline,
    Predicate,
    Task,
    Value,
    branches,
    leaves,
    operands,
)
from isodag.source import Span
from isodag.targets.kfp import constants, told
from isodag.targets.kfp.inputs import unfetchable
from isodag.targets.kfp.places import common
from isodag.targets.kfp.values import known_items


def joins(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """E602: a step reads or waits for one whose branches its own do not begin with.

    Data leaves a group, but no branch: its sub-DAG may be skipped, and then has no outputs.  So
    what stands between a producer and the innermost sub-DAG that it shares with its consumer
    has to be groups.
    """
    nodes = {node.name: node for node in pipeline.tasks}
    gates = {gate.name: gate for gate in pipeline.gates}
    groups = {group.name: group for group in pipeline.groups}
    for node in pipeline.tasks:
        for producer, path, span in _waits(node, gates, groups):
            home = nodes[producer].when
            depth = common(path, home)
            if not any(isinstance(place, Branch) for place in home[depth:]):
                continue
            needed, place = told.left(nodes[producer], depth, groups)
            yield Diagnostic(
                "E602",
                f"step `{told.step(node)}` stands behind {told.path(node.when, gates)} and needs "
                f"step `{needed}`, which stands behind {told.path(home, gates)}: KFP nests "
                "conditions and cannot join them",
                span,
                f"put `{needed}` behind {told.path(path, gates)} too, or both behind one condition",
                (Related(f"`{needed}` is here", place),),
            )
            break


def gated_outputs(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """E603: an output of the pipeline comes from a step that may be skipped."""
    nodes = {node.name: node for node in pipeline.tasks}
    gates = {gate.name: gate for gate in pipeline.gates}
    groups = {group.name: group for group in pipeline.groups}
    for output in pipeline.outputs:
        for value in leaves(output.value):
            if isinstance(value, OutputRef) and branches(nodes[value.task]):
                behind = told.path(nodes[value.task].when, gates)
                step, place = told.left(nodes[value.task], 0, groups)
                yield Diagnostic(
                    "E603",
                    f"output `{output.name}` comes from step `{step}`, which runs only "
                    f"behind {behind}: KFP has no outputs of skipped steps",
                    output.span,
                    f"take the `when:` off `{step}`, or the output out of `outputs:`",
                    (Related(f"`{step}` is here", place),),
                )
                break


# https://github.com/kubeflow/pipelines/issues/10968 and
# https://github.com/kubeflow/pipelines/issues/13738: what the API server and Kubernetes refuse
_ANNOTATION, _OBJECT = 256 * 1024, 3 * 2**19


def size(pipeline: Pipeline, length: int) -> Iterator[Diagnostic]:
    """W603: a pipeline is larger than some backends take.

    length  of pipeline.yaml, in bytes
    """
    if length <= _ANNOTATION:
        return
    message = f"pipeline.yaml has {length // 1024:,} KiB: some backends take 256 KiB at most"
    if length > _OBJECT:
        message = f"pipeline.yaml has {length // 1024:,} KiB: Kubernetes takes 1,536 KiB at most"
    help = "split the pipeline, or let one step do the work of several"
    yield Diagnostic("W603", message, pipeline.span, help)


def constants_of(predicate: Predicate) -> Iterator[Any]:
    """The plain value of every constant in a predicate."""
    for operand in operands(predicate):
        for value in leaves(operand):
            if isinstance(value, Constant):
                yield value.value


def items(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """E605, E606: an item of a list would not arrive as it is written."""
    for group in pipeline.groups:
        held = known_items(group.loop) if group.loop is not None else None
        if group.loop is not None and held is not None:
            what = f"an item of `{group.loop.var}`"
            if problem := constants.unfit(held, what, group.loop.span):
                yield problem


def uris(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """E607: an item of a list is the URI of an artifact that no KFP backend fetches."""
    loops = {group.name: group.loop for group in pipeline.groups}
    for node in pipeline.tasks:
        for argument in node.arguments if isinstance(node, Task) else ():
            port = node.component.input(argument.name) if isinstance(node, Task) else None
            each = argument.value
            if not isinstance(each, EachRef) or port is None or types.is_parameter(port.type):
                continue
            loop = loops[each.group]
            for item in (known_items(loop) or ()) if loop is not None else ():
                uri = str(item[each.field] if each.field else item)
                assert loop is not None
                problem = unfetchable(uri, f"input `{argument.name}`", loop.span)
                if problem is not None and problem.code == "E607":  # items() tells of the rest
                    yield problem


def _waits(
    node: Node, gates: Mapping[str, Gate], groups: Mapping[str, Group]
) -> Iterator[tuple[str, Path, Span]]:
    """Each producer that a node waits for, the path of what waits, and where that is written."""
    for depth, place in enumerate(node.when):
        if isinstance(place, Branch):
            asked, span = tuple(operands(gates[place.gate].predicate)), node.span
        else:
            loop = groups[place.group].loop
            asked = (loop.items,) if loop is not None and not isinstance(loop.items, tuple) else ()
            span = loop.span if loop is not None else node.span
        for value in asked:
            for producer in _producers(value):
                yield producer, node.when[:depth], span
    for value, span in _given(node):
        for producer in _producers(value):
            yield producer, node.when, span
    for producer in node.after:
        yield producer, node.when, node.span


def _given(node: Node) -> Iterator[tuple[Value, Span]]:
    if isinstance(node, Failure):
        yield node.message, node.span
    elif isinstance(node, Task):
        for argument in node.arguments:
            yield argument.value, argument.span
    else:
        for collected in (node.by, *(taken for _, taken in node.takes)):
            place = collected.item.span if isinstance(collected.item, OutputRef) else None
            yield collected, place or node.span


def _producers(value: Value) -> Iterator[str]:
    for leaf in leaves(value):
        if isinstance(leaf, OutputRef):
            yield leaf.task
