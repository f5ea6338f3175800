"""Limits on values, in JSON Schema's words: which of them make sense for which type."""

from __future__ import annotations

import math
from typing import Any

from isodag import types
from isodag.runtime import patterns, values

WORDS = ("minimum", "maximum", "enum", "pattern", "format")


def way_out(reason: str) -> str | None:
    """The way out for a limit of the wrong sort."""
    if "does not suit" in reason:
        return "minimum and maximum are for numbers, pattern is for String, enum for any value"
    if "for ever" in reason:
        return "write out what it may be, or use `enum`"
    return None


def problem(name: str, data: Any, type_name: str) -> str | None:
    """Why a declared constraint makes no sense for a type, or None when it does."""
    number = type(data) in (int, float)
    if name in ("minimum", "maximum"):
        if not number or not abs(data) < math.inf:
            return "must be a number"
        return None if type_name in ("Integer", "Float") else f"does not suit {type_name}"
    if name == "enum":
        if not isinstance(data, list):
            return "must be a list of values"
        if not data:
            return "holds no value: none would be allowed"
        if not types.is_parameter(type_name):
            return f"does not suit {type_name}"
        for item in data:
            try:
                values.admit(type_name, item)
            except values.BadValue:
                return f"holds `{values.render(item)}`, which is not of type {type_name}"
        return None
    if not isinstance(data, str):
        return "must be text"
    if name == "pattern":
        if type_name != "String":
            return f"does not suit {type_name}"
        return patterns.problem(data)
    return None
