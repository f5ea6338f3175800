"""Places that are written twice: by the next run, or by another step of the same one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from isodag import ir
from isodag.diagnostics import Diagnostic, Related
from isodag.source import Span
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.places import Path
from isodag.targets.sagemaker.steps import Step


class _Written(NamedTuple):
    """One place that a step writes to: the JSON of its URI, and what is written there."""

    task: ir.Task
    what: str
    uri: Any
    span: Span


def problems(context: Context, made: Mapping[str, list[Step]]) -> Iterator[Diagnostic]:
    """E516, W512.

    A Training step writes below the name of its job, which is new in every run; so do the jobs of
    Tuning and AutoML.
    """
    first: dict[str, list[_Written]] = {}
    for name, parts in made.items():
        task = context.tasks[name]
        if not isinstance(task, ir.Task):
            continue
        for place in (place for step in parts for place in _places(task, step)):
            others = first.setdefault(json.dumps(place.uri, sort_keys=True).rstrip('/"'), [])
            clash = next((other for other in others if not _exclusive(other.task, task)), None)
            if clash is not None and clash[:2] == place[:2]:
                continue  # one output twice: said where its name is
            if clash is not None:
                message = f"{place.what} goes where {clash.what} goes"
                help = "give each a place of its own"
                related = (Related(f"{clash.what} is written here", clash.span),)
                yield Diagnostic("E516", message, place.span, help, related)
            elif isinstance(place.uri, str):
                message = f"{place.what} goes to `{place.uri}` in every run, over the last one's"
                help = "leave it out, and it goes to a place of its own; or make it a parameter"
                binding = task.component.binding
                if binding is not None and place.span.path == binding.span.path:
                    help = "write ${{ outputs.NAME }}, which is a new place in every run"
                yield Diagnostic("W512", message, place.span, help)
            others.append(place)


def _places(task: ir.Task, step: Step) -> Iterator[_Written]:
    """Where a step writes."""
    arguments = step.body["Arguments"]
    owner = f"of step `{task.step}`"
    written = step.places.values
    path: Path
    if step.body["Type"] == "Processing":
        # what is of another kind than the service takes is told elsewhere
        config = arguments.get("ProcessingOutputConfig")
        listed = config.get("Outputs") if isinstance(config, dict) else None
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            place = item.get("S3Output") if isinstance(item, dict) else None
            if isinstance(place, dict) and place.get("S3Uri"):
                path = ("ProcessingOutputConfig", "Outputs", index, "S3Output", "S3Uri")
                what = f"output `{item.get('OutputName')}` {owner}"
                yield _Written(task, what, place["S3Uri"], written.get(path, task.span))
    elif step.body["Type"] == "Transform":
        place = arguments.get("TransformOutput")
        if isinstance(place, dict) and place.get("S3OutputPath"):
            path = ("TransformOutput", "S3OutputPath")
            what = f"what step `{task.step}` transforms"
            yield _Written(task, what, place["S3OutputPath"], written.get(path, task.span))


def _exclusive(one: ir.Task, other: ir.Task) -> bool:
    """Whether two tasks stand on different sides of a gate, so that one of them runs at most."""
    taken = {(side.gate, side.taken) for side in ir.branches(one)}
    return any((side.gate, not side.taken) in taken for side in ir.branches(other))
