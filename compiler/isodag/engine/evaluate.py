"""Values and predicates of the IR, given what is known so far: typed values out, or null."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from isodag import ir
from isodag.runtime.values import render

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """What values are made of.

    parameters  typed value or Artifact, by parameter name
    outputs     outputs of the steps that are done, by step and output name: typed value or Artifact
    run         id, pipeline, started_at
    """

    parameters: Mapping[str, Any]
    outputs: Mapping[str, Mapping[str, Any]]
    run: Mapping[str, str]


class NoValue(Exception):
    """A predicate needs an output of a step that was skipped; `step` is its name."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


def evaluate(value: ir.Value, scope: Scope) -> Any:
    """A typed value or an Artifact; None for an output of a step that is not done.

    Text and lists with a null in them are null, and what a loop gives that was not written out.
    """
    match value:
        case ir.Constant(plain, _):
            return plain
        case ir.ParameterRef(name, _):
            return scope.parameters[name]
        case ir.RunRef(field, _):
            return scope.run[field]
        case ir.OutputRef(task, output, _):
            return scope.outputs.get(task, {}).get(output)
        case ir.Text(parts, _):
            values = [evaluate(part, scope) for part in parts]
            if any(item is None for item in values):
                return None
            return "".join(render(item) for item in values)
        case ir.Listing(items, _):
            found = [evaluate(item, scope) for item in items]
            return None if any(item is None for item in found) else found
        case ir.Collected() | ir.EachRef():
            return None


def holds(predicate: ir.Predicate, scope: Scope) -> bool:
    """Whether a predicate is true; `and` and `or` read no further than they must.

    Raises NoValue when it needs an output of a skipped step.
    """
    match predicate:
        case ir.Compare(op, left, right):
            return _COMPARE[op](known(left, scope), known(right, scope))
        case ir.Member(item, options):
            sought = known(item, scope)
            return any(sought == known(option, scope) for option in options)
        case ir.Truth(value):
            return bool(known(value, scope))
        case ir.Not(operand):
            return not holds(operand, scope)
        case ir.And(parts):
            return all(holds(part, scope) for part in parts)
        case ir.Or(parts):
            return any(holds(part, scope) for part in parts)


def known(value: ir.Value, scope: Scope) -> Any:
    """A value that must not be null.  Raises NoValue."""
    found = evaluate(value, scope)
    if found is None:
        for leaf in ir.leaves(value):
            if isinstance(leaf, ir.OutputRef) and evaluate(leaf, scope) is None:
                raise NoValue(leaf.task)
    return found


def null_source(value: ir.Value, scope: Scope) -> str | None:
    """The skipped step that makes a value null, if one does."""
    try:
        known(value, scope)
    except NoValue as missing:
        return missing.step
    return None
