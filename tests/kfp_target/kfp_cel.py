"""CEL as the driver evaluates it, by cel-python: like Go's, it compares no double with an int."""

from __future__ import annotations

import functools
import sys
from typing import Any

import celpy


@functools.cache
def program(condition: str) -> Any:
    """A condition, compiled.  Raises celpy.CELParseError."""
    limit = sys.getrecursionlimit()
    try:
        environment = celpy.Environment()  # raises the recursion limit for the whole process
        return environment.program(environment.compile(condition))
    finally:
        sys.setrecursionlimit(limit)


def holds(condition: str, inputs: dict[str, Any]) -> bool:
    """What a condition says of a sub-DAG's inputs; numbers are doubles, as in protobuf."""
    doubled = {
        key: float(value) if type(value) in (int, float) else value
        for key, value in inputs.items()
        if isinstance(value, str | bool | int | float)
    }
    context = {"inputs": celpy.json_to_cel({"parameter_values": doubled})}
    result = program(condition).evaluate(context)
    assert isinstance(result, celpy.celtypes.BoolType), result
    return bool(result)
