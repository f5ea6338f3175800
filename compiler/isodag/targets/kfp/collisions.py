"""What needs a name on KFP that it cannot have: empty, kept by KFP, or taken."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence

from isodag.diagnostics import Diagnostic, Related
from isodag.ir import Branch, Pipeline, Within
from isodag.source import Span
from isodag.targets.kfp import names
from isodag.targets.kfp.places import Ending, Place, Places

_LONGEST = 128  # of a pipeline's name (kfp/dsl/utils.py: validate_pipeline_name)

_Claim = tuple[str, str, Span]  # what it is, its name, where it is written


def collisions(
    graph: Pipeline, places: Places, importers: Sequence[_Claim]
) -> Iterator[Diagnostic]:
    """E601 for every step, condition, group and import whose name is empty or taken, and for a
    pipeline without a name.

    importers  what each stands for, its task's name and its place

    Names are held apart across sub-DAGs too, since values that cross them are called by them.
    Argo runs a task `t` as two, `t-driver` and `t`, and a loop `t` in more:
    https://github.com/kubeflow/pipelines/blob/master/backend/src/v2/compiler/argocompiler/dag.go
    """
    by_place = operator.itemgetter(2, 1, 0)
    claims = sorted(_sub_dags(graph, places), key=by_place)
    claims += sorted(importers, key=by_place)
    nodes = (*graph.tasks, *graph.last)
    claims += sorted(
        ((f"step `{node.name}`", names.task(node.name), node.span) for node in nodes), key=by_place
    )
    taken: dict[str, tuple[str, Span]] = {}
    told: set[Span] = set()
    for what, name, span in claims:
        if not name or name.startswith(names.LOOP):
            if span in told:
                continue  # its pipeline is called several times
            told.add(span)
            reason = f"the name `{name}`, which KFP keeps for loops" if name else "an empty name"
            yield Diagnostic("E601", f"{what} has {reason}", span, "rename it")
            continue
        more = ("-iteration",) if what.startswith("the repetition") else ()
        for claim in (name, *(f"{name}{suffix}" for suffix in ("-driver", *more))):
            other, place = taken.setdefault(claim, (what, span))
            if other != what and span not in told:
                told.add(span)
                message = f"{what} and {other} both need the name `{claim}` on KFP"
                related = (Related(f"{other} is here", place),)
                yield Diagnostic("E601", message, span, "rename one of them", related)
                break
    if not 0 < len(names.pipeline(graph.name)) <= _LONGEST:
        message = f"`{graph.name}` gives KFP no name of 1 to {_LONGEST} letters, digits and dashes"
        yield Diagnostic("E601", message, graph.span, "rename the pipeline")


def _sub_dags(graph: Pipeline, places: Places) -> set[_Claim]:
    """The claims of all sub-DAGs."""
    found = {_claim(place, places) for node in graph.tasks for place in node.when}
    last = {node.name: node.span for node in graph.last}
    what = "the sub-DAG of all steps but `finally`"
    found |= {(what, places.name(place), min(last.values())) for place in places.main}
    found |= {
        (f"the sub-DAG of step `{place.step}`", places.name(place), last[place.step])
        for step in last
        for place in places.route(step)
        if isinstance(place, Ending)
    }
    return found


def _claim(place: Place, places: Places) -> _Claim:
    name = places.name(place)
    if isinstance(place, Within):
        repeated = places.loop(place) is not None
        what = f"{'the repetition of ' if repeated else ''}step `{place.group}`"
        return what, name, places.groups[place.group].span
    assert isinstance(place, Branch)
    return f"condition `{place.gate}`", name, places.gates[place.gate].span
