"""Repetitions that stay a loop: ForEach steps, for a list that only a run knows.

A list that is known now is written out as steps of its own, unless its step says
`targets: {sagemaker: {foreach: native}}`.  The form is that of sagemaker-mlops 1.27.0,
workflow/for_each_step.py; nothing of it was seen on the live service.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from isodag import ir
from isodag.diagnostics import Diagnostic, Related
from isodag.targets.sagemaker import keys, names, outputs, references
from isodag.targets.sagemaker.context import Context

MOST = 50  # MaxConcurrency of a ForEach step


def asked(pipeline: ir.Pipeline) -> frozenset[str]:
    """The groups that a step wants as a ForEach step."""
    return frozenset(
        place.group
        for node in pipeline.tasks
        if isinstance(node, ir.Task) and "foreach" in keys.block(node.targets)
        for place in [place for place in node.when if isinstance(place, ir.Within)][-1:]
        if pipeline.group(place.group).loop is not None
    )


def unfit(pipeline: ir.Pipeline) -> Iterator[Diagnostic]:
    """E540, E541: steps that run whatever happens, and what a ForEach step cannot hold.

    E522, E513: `foreach` that is another word than `native`, or of a step that is not repeated.

    pipeline  with only the loops left that are to be ForEach steps
    """
    for task in pipeline.last:
        message = f"SageMaker cannot run step `{task.step}` after a failure"
        help = "`finally` works on kfp and local; here, watch the execution by an EventBridge rule"
        yield Diagnostic("E540", message, task.span, help)
    for node in pipeline.tasks:
        if not isinstance(node, ir.Pick):
            yield from _member(node, pipeline)
        if isinstance(node, ir.Task) and (tree := keys.block(node.targets).get("foreach")):
            yield from _setting(node, tree)
    for group in pipeline.groups:
        items = group.loop.items if group.loop is not None else ()
        if isinstance(items, tuple) and any(isinstance(item, dict) for item in items):
            message = "the items of a ForEach step are single values, these are mappings"
            help = "remove `foreach: native`: each repetition is a step of its own then"
            yield Diagnostic("E541", message, group.span, help)


def _setting(task: ir.Task, tree: ir.Tree) -> Iterator[Diagnostic]:
    if keys.plain(tree) != "native":
        message = f"`foreach` cannot be `{keys.plain(tree)}`"
        yield Diagnostic("E522", message, tree.span, "write foreach: native, or remove it")
    elif not any(isinstance(place, ir.Within) for place in task.when):
        message = f"step `{task.step}` is not repeated, and has a `foreach` for SageMaker"
        yield Diagnostic("E513", message, tree.span, "remove it, or repeat the step by `foreach:`")


def _member(node: ir.Node, pipeline: ir.Pipeline) -> Iterator[Diagnostic]:
    """E541 for a step in a loop."""
    turns = [place.group for place in node.when if isinstance(place, ir.Within)]
    if not turns:
        return
    loop = pipeline.group(turns[0])
    why = None
    if len(turns) > 1:
        why = "another loop"
    elif isinstance(node, ir.Failure):
        why = "a `fail` step"
    elif isinstance(node.when[-1], ir.Branch):
        why = "a condition"
    if why is not None:
        message = f"step `{node.step}` needs {why} within a ForEach step, which holds none"
        help = "repeat over a list that is known now: each repetition is a step of its own then"
        related = (Related("repeated here", loop.loop.span if loop.loop else loop.span),)
        yield Diagnostic("E541", message, node.span, help, related)


def turns(pipeline: ir.Pipeline) -> dict[str, ir.Loop]:
    """The loop around each step that has one, by the step's name on SageMaker."""
    loops = {group.name: group.loop for group in pipeline.groups}
    return {
        names.step(node.name): loop
        for node in pipeline.tasks
        for place in node.when
        if isinstance(place, ir.Within) and (loop := loops[place.group]) is not None
    }


@dataclass(frozen=True)
class Loop:
    """A ForEach step without its body.

    arguments  all but `ForEachBody`
    """

    name: str
    arguments: dict[str, Any]


def heads(context: Context) -> dict[str, Loop]:
    """The ForEach step of each loop, by group.

    E543 where a loop is picked from twice, or by what SageMaker cannot compare.
    """
    picks: dict[str, list[ir.Pick]] = {}
    for node in context.pipeline.tasks:
        if isinstance(node, ir.Pick):
            picks.setdefault(node.by.group, []).append(node)
    most = keys.plain(context.settings.get("parallelism"))
    at_once = min(most, MOST) if isinstance(most, int) else MOST
    found = {}
    for group in context.pipeline.groups:
        if group.loop is None:
            continue
        arguments: dict[str, Any] = {
            "IterableItems": _items(context, group.loop),
            "MaxConcurrency": at_once,
        }
        for other in picks.get(group.name, ())[1:]:
            message = f"a ForEach step picks once, and `{other.name}` is the second to pick from it"
            first = picks[group.name][0]
            related = (Related(f"`{first.name}` picks here", first.span),)
            help = "repeat over a list that is known now, or pick once"
            context.diagnostics.append(Diagnostic("E543", message, other.span, help, related))
        for pick in picks.get(group.name, ())[:1]:
            if (field := _field(context, pick)) is not None:
                way = "MaxBy" if pick.highest else "MinBy"
                arguments["Selector"] = {"Pick": way, "Field": {"Get": field}}
        found[group.name] = Loop(names.loop(group.name), arguments)
    return found


def _items(context: Context, loop: ir.Loop) -> Any:
    if isinstance(loop.items, tuple):
        return list(loop.items)
    return references.as_text(outputs.expr(context, loop.items, loop.span))


def _field(context: Context, pick: ir.Pick) -> str | None:
    found = outputs.judged_by(context, pick)
    return None if found is None else f"IterationOutput.{found.step}.{found.path}"
