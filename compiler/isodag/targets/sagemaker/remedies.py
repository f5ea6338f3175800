"""Values of the wrong type: what a shape wants, what was given, and how it is made right."""

from __future__ import annotations

from typing import Any

from isodag.runtime.values import kind as kind_of
from isodag.runtime.values import render
from isodag.targets.sagemaker.references import Expr
from isodag.targets.sagemaker.shapes import Shape

PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,), "timestamp": (str,), "integer": (int,), "float": (int, float),
    "boolean": (bool,),
}  # fmt: skip
WANTED = {
    "string": "String", "integer": "Integer", "float": "Float", "boolean": "Boolean",
    "timestamp": "String", "structure": "a mapping", "map": "a mapping", "list": "a list",
}  # fmt: skip


def word(value: Any) -> str:
    """What a plain value is, in a message."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return kind_of(value)


def way_out(given: Any, wanted: Shape) -> str | None:
    """How a value of the wrong type is made right, where that is plain to see."""
    if isinstance(given, Expr):
        source = str(given.parts[0].json.get("Get", "")) if len(given.parts) == 1 else ""
        root, _, name = source.partition(".")
        if root == "Parameters" and wanted.type in ("string", "integer", "float", "boolean"):
            return f"declare `{name}` with the type {WANTED[wanted.type]}"
        if root == "Parameters":
            way = f"write {WANTED[wanted.type]}, or read a variable: ${{{{ vars.{name} }}}}"
            return f"a run gives it as text: {way}"
        return None
    if isinstance(given, str) and wanted.type in PYTHON:
        try:
            number = float(given)
        except ValueError:
            number = None
        if wanted.type == "float" and number is not None:
            return f"write {given} without quotes"
        if wanted.type == "integer" and given.strip().lstrip("-").isdecimal():
            return f"write {given} without quotes"
        if wanted.type == "boolean":
            words = {"true": "true", "yes": "true", "on": "true", "1": "true", "false": "false",
                     "no": "false", "off": "false", "0": "false"}  # fmt: skip
            return f"write {words.get(given.lower(), 'true or false')}"
    if wanted.type == "list" and not isinstance(given, dict | list):
        return f"write [{render(given)}]"
    return None
