"""CEL as the driver evaluates it, by cel-python: like Go's, it compares no double with an int."""

from __future__ import annotations

import functools
import json
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


def select(selector: str, value: Any) -> Any:
    """What a parameterExpressionSelector takes out of a value; `parseJson` reads its JSON.

    https://github.com/kubeflow/pipelines/blob/master/backend/src/v2/expression/expression.go
    """
    limit = sys.getrecursionlimit()
    try:
        environment = celpy.Environment()
        parse = {"parseJson": lambda text: celpy.json_to_cel(json.loads(str(text)))}
        program = environment.program(environment.compile(selector), functions=parse)
        text = value if isinstance(value, str) else json.dumps(value)
        found = program.evaluate({"string_value": celpy.celtypes.StringType(text)})
    finally:
        sys.setrecursionlimit(limit)
    return json.loads(json.dumps(found, cls=celpy.CELJSONEncoder))


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
