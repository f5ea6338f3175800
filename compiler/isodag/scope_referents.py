"""What a name of a DAG file may mean."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from isodag.frontend.syntax import ConditionDef, Datum, ParameterDef


@dataclass(frozen=True)
class Missing:
    """A name that means nothing.  `what`: root, parameter, variable, step, output, outputs,
    fail, repeated (an output of a repeated step), condition, run, each (no loop variable here),
    loop (another loop variable), field or path; `part` is the index of the wrong part of the
    name."""

    what: str
    part: int
    known: Collection[str] = ()


@dataclass(frozen=True)
class Unknown:
    """A name whose meaning hangs on something already reported."""


@dataclass(frozen=True)
class StepOutput:
    """`steps.s.outputs.o`."""

    step: str
    output: str
    type: str


@dataclass(frozen=True)
class VarValue:
    """`vars.v`: a constant."""

    value: Any


@dataclass(frozen=True)
class RunField:
    """`run.id` and its kin."""

    name: str


@dataclass(frozen=True)
class EachValue:
    """`each.v`: a constant for each repetition of a step, in order; `type` holds them all."""

    step: str
    values: tuple[Datum, ...]
    type: str


Referent = (
    Missing | Unknown | StepOutput | VarValue | RunField | EachValue | ParameterDef | ConditionDef
)
