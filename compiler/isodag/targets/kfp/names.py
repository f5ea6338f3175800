"""Names as KFP spells them: one function for each kind, and what collides.

Steps, parameters and gates are identifiers (`[a-z][a-z0-9_]*`); a KFP name built from one never
holds `--`, so that names with `--` are ours alone.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterable, Iterator, Sequence

from isodag.diagnostics import Diagnostic, Related
from isodag.ir import Branch, Pipeline
from isodag.source import Span

Path = tuple[Branch, ...]

_LOOP = "loop-item"  # backend/src/v2/driver/common/common.go: IsLoopArgument
_LONGEST = 128  # of a pipeline's name (kfp/dsl/utils.py: validate_pipeline_name)


@functools.lru_cache(4096)
def kebab(text: str) -> str:
    """Lower case, runs of anything else than letters and digits as one dash (kfp/dsl/utils.py)."""
    return re.sub("[^0-9a-z]+", "-", text.lower()).strip("-")


def task(step: str) -> str:
    """The task of a step."""
    return kebab(step)


def importer(parameter: str) -> str:
    """The task that makes an artifact of a parameter's URI."""
    return f"import-{kebab(parameter)}"


def branch(side: Branch) -> str:
    """The task of the sub-DAG behind one side of a gate."""
    return f"{'if' if side.taken else 'unless'}-{kebab(side.gate)}"


def dag(path: Path) -> str:
    """The component of the sub-DAG behind a path of branches."""
    return "dag-" + "--".join(branch(side) for side in path)


@functools.lru_cache(4096)
def port(name: str) -> str:
    """An input or output of a component (kfp/dsl/utils.py: sanitize_input_name)."""
    return re.sub("[^_0-9a-z]+", "_", name.lower()).strip("_")


def channel(source: str, output: str = "") -> str:
    """The input through which a value enters a sub-DAG, as kfp's own compiler names it."""
    return f"pipelinechannel--{source}" + (f"-{output}" if output else "")


def pipeline(name: str) -> str:
    """The pipeline's name: `[a-z0-9]([-a-z0-9]*[a-z0-9])?`."""
    return kebab(name)


def collisions(
    graph: Pipeline, importers: Sequence[tuple[str, str, Span]], paths: Iterable[Path]
) -> Iterator[Diagnostic]:
    """E601 for every step, condition and import whose name is empty or taken, and for a pipeline
    without a name.

    importers  what each stands for, its task's name and its place
    paths      every sub-DAG's path

    Argo runs a task `t` as two, `t-driver` and `t`:
    https://github.com/kubeflow/pipelines/blob/master/backend/src/v2/compiler/argocompiler/dag.go
    """
    gates = {gate.name: gate.span for gate in graph.gates}
    sides = {path[-1] for path in paths if path}
    by_place = operator.itemgetter(2, 1, 0)
    claims = sorted(
        ((f"condition `{side.gate}`", branch(side), gates[side.gate]) for side in sides),
        key=by_place,
    )
    claims += sorted(importers, key=by_place)
    steps = ((f"step `{node.name}`", task(node.name), node.span) for node in graph.tasks)
    claims += sorted(steps, key=by_place)
    taken: dict[str, tuple[str, Span]] = {}
    told: set[Span] = set()
    for what, name, span in claims:
        if not name or name.startswith(_LOOP):
            if span in told:
                continue  # another copy of a repeated step
            told.add(span)
            reason = f"the name `{name}`, which KFP keeps for loops" if name else "an empty name"
            yield Diagnostic("E601", f"{what} has {reason}", span, "rename it")
            continue
        for claim in (name, f"{name}-driver"):
            other, place = taken.setdefault(claim, (what, span))
            if other != what:
                message = f"{what} and {other} both need the name `{claim}` on KFP"
                related = (Related(f"{other} is here", place),)
                yield Diagnostic("E601", message, span, "rename one of them", related)
                break
    if not 0 < len(pipeline(graph.name)) <= _LONGEST:
        message = f"`{graph.name}` gives KFP no name of 1 to {_LONGEST} letters, digits and dashes"
        yield Diagnostic("E601", message, graph.span, "rename the pipeline")
