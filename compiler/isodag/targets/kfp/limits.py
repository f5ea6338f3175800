"""What KFP's nesting of conditions cannot do, found before anything is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from isodag.diagnostics import Diagnostic, Related
from isodag.ir import (
    Constant,
    Failure,
    Gate,
    Node,
    OutputRef,
    Pipeline,
    Predicate,
    Task,
    Value,
    leaves,
    operands,
)
from isodag.source import Span
from isodag.targets.kfp.names import Path


def joins(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """E602: a step reads or waits for one whose branches its own do not begin with.

    Data enters a sub-DAG through the DAG around it only, so a producer has to stand behind the
    outer branches of its consumer's path, or behind none.
    """
    nodes = {node.name: node for node in pipeline.tasks}
    gates = {gate.name: gate for gate in pipeline.gates}
    for node in pipeline.tasks:
        for producer, path, span in _waits(node, gates):
            home = nodes[producer].when
            if path[: len(home)] == home:
                continue
            needed = nodes[producer].step
            yield Diagnostic(
                "E602",
                f"step `{node.step}` stands behind {shown(node.when, gates)} and needs step "
                f"`{needed}`, which stands behind {shown(home, gates)}: KFP nests conditions "
                "and cannot join them",
                span,
                f"put `{needed}` behind {shown(path, gates)} too, or both behind one condition",
                (Related(f"`{needed}` is here", nodes[producer].span),),
            )
            break


def gated_outputs(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """E603: an output of the pipeline comes from a step that may be skipped."""
    nodes = {node.name: node for node in pipeline.tasks}
    gates = {gate.name: gate for gate in pipeline.gates}
    for output in pipeline.outputs:
        for value in leaves(output.value):
            if isinstance(value, OutputRef) and nodes[value.task].when:
                behind = shown(nodes[value.task].when, gates)
                yield Diagnostic(
                    "E603",
                    f"output `{output.name}` comes from step `{value.task}`, which runs only "
                    f"behind {behind}: KFP has no outputs of skipped steps",
                    output.span,
                    f"take the `when:` off `{value.task}`, or the output out of `outputs:`",
                    (Related(f"`{value.task}` is here", nodes[value.task].span),),
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


def shown(path: Path, gates: Mapping[str, Gate]) -> str:
    """A path of branches for people: `good` and not `open`; a step's own condition as written."""
    sides = []
    for side in path:
        own = side.gate.startswith("when_")
        name = " ".join(gates[side.gate].text.split()) if own else side.gate
        sides.append(f"{'' if side.taken else 'not '}`{name}`")
    return " and ".join(sides) or "no condition"


def _waits(node: Node, gates: Mapping[str, Gate]) -> Iterator[tuple[str, Path, Span]]:
    """Each producer that a node waits for, the path that must begin with the producer's, and
    where that is written."""
    for depth, side in enumerate(node.when):
        for value in operands(gates[side.gate].predicate):
            for producer in _producers(value):
                yield producer, node.when[:depth], node.span
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


def _producers(value: Value) -> Iterator[str]:
    for leaf in leaves(value):
        if isinstance(leaf, OutputRef):
            yield leaf.task
