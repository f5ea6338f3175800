"""Parameter values: text in, one typed value out, and back; constraints.

The compiler and the container both parse with this module, so a value means the same when a DAG
file is checked and when a component is called.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from isodag.runtime import patterns

PARAMETER_TYPES = ("String", "Integer", "Float", "Boolean", "JsonObject", "JsonArray")

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAX_DIGITS = 4000  # CPython refuses to convert longer integers (sys.int_info)


class BadValue(ValueError):
    """A value that its type or its constraints do not admit; the message says why."""


def core_scalar(text: str) -> Any:
    """What a plain YAML scalar means in the YAML 1.2 core schema.

    https://yaml.org/spec/1.2.2/#103-core-schema; so `2e-5` is a number, `no` and dates are text.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if len(text) <= _MAX_DIGITS:
        if _INTEGER.fullmatch(text):
            return int(text)
        if re.fullmatch(r"0o[0-7]+", text):
            return int(text[2:], 8)
        if re.fullmatch(r"0x[0-9a-fA-F]+", text):
            return int(text[2:], 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    if re.fullmatch(r"[-+]?\.(inf|Inf|INF)", text):
        return -math.inf if text.startswith("-") else math.inf
    if text in (".nan", ".NaN", ".NAN"):
        return math.nan
    return text


def parse(type_name: str, text: str) -> Any:
    """The value of a parameter that arrives as text (argv, hyperparameters, a spec's default).

    type_name  one of PARAMETER_TYPES
    Returns str, int, float, bool, dict or list.  Raises BadValue.
    """
    if type_name == "String":
        return text
    stripped = text.strip()
    if type_name == "Integer":
        if _INTEGER.fullmatch(stripped) and len(stripped) <= _MAX_DIGITS:
            return int(stripped)
        # SageMaker's console and KFP's protobuf numbers may write 3 as 3.0
        if _FLOAT.fullmatch(stripped) and float(stripped).is_integer():
            return int(float(stripped))
        raise BadValue(f"`{_short(text)}` is not an Integer")
    if type_name == "Float":
        if _FLOAT.fullmatch(stripped) and math.isfinite(float(stripped)):
            return float(stripped)
        raise BadValue(f"`{_short(text)}` is not a finite Float")
    if type_name == "Boolean":
        # SageMaker writes a Boolean parameter as True or true, by where it is used
        if stripped.lower() in ("true", "false"):
            return stripped.lower() == "true"
        raise BadValue(f"`{_short(text)}` is not a Boolean: write true or false")
    if type_name in ("JsonObject", "JsonArray"):
        wanted = dict if type_name == "JsonObject" else list
        try:
            value = json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, wanted):
            return value
        raise BadValue(f"`{_short(text)}` is not a {type_name} in JSON")
    raise BadValue(f"`{type_name}` is not a parameter type")


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def admit(type_name: str, value: Any) -> Any:
    """The same value, as its type holds it (an int becomes a float for Float).

    value  as YAML or JSON gave it: no text is parsed, so the string "3" is not an Integer
    Raises BadValue when the value is of another type.
    """
    if type_name == "Float" and type(value) in (int, float):
        try:
            if math.isfinite(number := float(value)):
                return number
        except OverflowError:
            pass
        raise BadValue(f"{_short(str(value))} is not a finite Float")
    wanted = {
        "String": str, "Integer": int, "Boolean": bool, "JsonObject": dict, "JsonArray": list,
    }.get(type_name)  # fmt: skip
    if wanted is None or type(value) is not wanted:
        raise BadValue(f"{kind(value)} where {type_name} is due")
    return value


def kind(value: Any) -> str:
    """The parameter type that a plain value is of by itself; `null` for None."""
    names = {
        str: "String", int: "Integer", float: "Float", bool: "Boolean",
        dict: "JsonObject", list: "JsonArray", type(None): "null",
    }  # fmt: skip
    return names[type(value)]


def render(value: Any) -> str:
    """The text of a value: what `parse` reads back, the same on every target.

    Numbers in Python's shortest form that reads back the same; true and false in lower case;
    JSON compact, with sorted keys.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int):
        return str(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def violation(
    value: Any, constraints: Mapping[str, Any], work: int = patterns.MAX_WORK
) -> str | None:
    """Why a value breaks an input's constraints (JSON Schema's words), or None when it keeps them.

    constraints  any of minimum, maximum (numbers, inclusive), enum (a list), pattern (a regular
                 expression, searched as JSON Schema does), format (not checked here)
    work         what matching the pattern may take at most, as `patterns` counts it
    """
    if "enum" in constraints and value not in constraints["enum"]:
        allowed = ", ".join(f"`{render(item)}`" for item in constraints["enum"])
        return f"`{_short(render(value))}` is none of {allowed}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if "minimum" in constraints and value < constraints["minimum"]:
            return f"{render(value)} is below the minimum {render(constraints['minimum'])}"
        if "maximum" in constraints and value > constraints["maximum"]:
            return f"{render(value)} is above the maximum {render(constraints['maximum'])}"
    if isinstance(value, str) and "pattern" in constraints:
        try:
            if not patterns.search(constraints["pattern"], value, work):
                return f"`{_short(value)}` does not match {constraints['pattern']}"
        except patterns.Refused as error:
            return f"`{_short(value)}` {error} with {constraints['pattern']}"
    return None


def _short(text: str) -> str:
    line = text if len(text) <= 60 else text[:59] + "…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
