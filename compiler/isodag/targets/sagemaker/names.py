"""Names on SageMaker: one function for each kind of name, and what is wrong with the names made.

A step's name joins to its parts with `-`, which no identifier of a DAG file holds, so that the
names made here meet only where the file itself uses one name twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from isodag.diagnostics import Diagnostic, Related
from isodag.source import Span

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePipeline.html; the display
# name of an execution is made from the pipeline's and holds 82 characters
# (https://github.com/aws/sagemaker-python-sdk/issues/2933)
PIPELINE_LENGTH = 82
STEP_LENGTH = 64  # service model: StepName.max
PARAMETER_LENGTH = 256  # service model: PipelineParameterName.max
_PIPELINE = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")

# Parameters that the compiler adds: no identifier has a capital letter, so they meet none
ROLE = "ExecutionRole"
ARTIFACT_ROOT = "ArtifactRoot"


@dataclass(frozen=True)
class Named:
    """A thing that got a name: what it is called in messages, and where it was written."""

    name: str
    what: str
    span: Span


def pipeline(name: str) -> str:
    """The pipeline's name: `_` is not allowed there, `-` is."""
    return name.replace("_", "-")


def parameter(name: str) -> str:
    """A parameter's name."""
    return name


def step(task: str, part: str = "") -> str:
    """The name of a task's step, or of one part of a task that is several steps."""
    return _plain("-".join((task, part) if part else (task,)))


def loop(group: str) -> str:
    """The name of a ForEach step; the steps in it are named by their tasks."""
    return step(group, "each")


def condition(gate: str, path: Iterable[tuple[str, bool]] = ()) -> str:
    """The name of a Condition step.

    path  the branches around it, outermost first, where the gate stands in several places
    """
    around = [outer if taken else f"not-{outer}" for outer, taken in path]
    return _plain("-".join((*around, gate)))


def slot(name: str) -> str:
    """The name of an input or output: in requests, in paths, in `Outputs['…']`."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name)


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)


def check_pipeline(written: str, span: Span) -> Iterator[Diagnostic]:
    """E509: a pipeline name that SageMaker does not take."""
    name = pipeline(written)
    if not _PIPELINE.fullmatch(name):
        message = f"SageMaker takes no pipeline name `{name}`"
        yield Diagnostic("E509", message, span, "begin and end the name with a letter or digit")
    elif len(name) > PIPELINE_LENGTH:
        message = f"pipeline name `{name}` has {len(name)} characters"
        yield Diagnostic("E509", message, span, f"SageMaker takes at most {PIPELINE_LENGTH}")


def check(names: Iterable[Named], limit: int) -> Iterator[Diagnostic]:
    """E509: a name that SageMaker does not take, or that two things share; once for each place."""
    seen: dict[str, Named] = {}
    told: set[Span] = set()
    for named in sorted(names, key=lambda named: named.span):
        if named.span in told:
            continue
        if len(named.name) > limit:
            told.add(named.span)
            message = f"the name of {named.what} has {len(named.name)} characters: `{named.name}`"
            yield Diagnostic("E509", message, named.span, f"SageMaker takes at most {limit}")
        first = seen.setdefault(named.name, named)
        if first is not named:
            told.add(named.span)
            message = f"{named.what} and {first.what} would both be named `{named.name}`"
            other = Related(f"{first.what} is here", first.span)
            yield Diagnostic("E509", message, named.span, "rename one of them", (other,))
