"""What a name of a DAG file may mean."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from isodag.frontend.syntax import ConditionDef, Datum, ParameterDef


@dataclass(frozen=True)
class Missing:
    """A name that means nothing.  `what`: root, parameter, variable, step, output, outputs,
    fail, repeated (an output of a step some of whose repetitions may not run), condition, run,
    each (no loop variable here), loop (another loop variable), field or path; `part` is the index
    of the wrong part of the name."""

    what: str
    part: int
    known: Collection[str] = ()


@dataclass(frozen=True)
class Unknown:
    """A name whose meaning hangs on something already reported."""


@dataclass(frozen=True)
class StepOutput:
    """`steps.s.outputs.o`.

    item  of a repeated step, the type of what each repetition gives; `type` is that of the list:
          JsonArray, or `list of T` where the items are artifacts
    """

    step: str
    output: str
    type: str
    item: str = ""


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


@dataclass(frozen=True)
class EachItem:
    """`each.v` where only a run knows the list."""

    step: str
    type: str


Referent = (
    Missing | Unknown | StepOutput | VarValue | RunField | EachValue | EachItem | ParameterDef
    | ConditionDef
)  # fmt: skip
