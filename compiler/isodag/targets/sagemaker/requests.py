"""A request's tree made JSON, and checked against the service model on the way.

References are wrapped by the type of the place they stand in: text takes a String as it is and
anything else in a Join; a number takes a number, never text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from isodag.diagnostics import Diagnostic, did_you_mean
from isodag.runtime.values import kind as kind_of
from isodag.runtime.values import render
from isodag.source import Span
from isodag.targets.sagemaker.kinds import Kind
from isodag.targets.sagemaker.references import Expr, Reference, as_text, as_value
from isodag.targets.sagemaker.shapes import Shape, shape

Path = tuple[str | int, ...]

_NUMBERS = {"integer": ("Integer",), "float": ("Integer", "Float")}
_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,), "timestamp": (str,), "integer": (int,), "float": (int, float),
    "boolean": (bool,),
}  # fmt: skip
_WANTED = {
    "string": "String", "integer": "Integer", "float": "Float", "boolean": "Boolean",
    "timestamp": "String", "structure": "a mapping", "map": "a mapping", "list": "a list",
}  # fmt: skip


@dataclass
class Checker:
    """Makes one request's JSON and keeps what is wrong with it.

    owner  what the request belongs to, as messages begin
    span   where the owner is written
    spans  where the pieces that the DAG file itself gives are written, by their path
    """

    owner: str
    span: Span
    spans: Mapping[Path, Span] = field(default_factory=dict)
    found: list[Diagnostic] = field(default_factory=list)

    def whole(self, tree: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
        """The request of a step kind."""
        top = shape(kind.request)
        for member in (kind.named, *kind.refused):
            if member and member in tree:
                message = f"{self.owner}: the pipeline service takes no `{member}`"
                help = "SageMaker names it for each run" if member == kind.named else None
                self.report("E501", message, (member,), help=help)
        missing_ok = {kind.named, *kind.optional}
        body = {key: value for key, value in tree.items() if key not in (kind.named, *kind.refused)}
        return self.structure(body, top, (), missing_ok)

    def report(
        self, code: str, message: str, path: Path, near: Span | None = None, help: str | None = None
    ) -> None:
        self.found.append(Diagnostic(code, message, near or self.place(path), help))

    def place(self, path: Path) -> Span:
        """Where the nearest piece around a path is written."""
        while path:
            if path in self.spans:
                return self.spans[path]
            path = path[:-1]
        return self.span

    def name(self, path: Path) -> str:
        """`step `train`: `ResourceConfig.InstanceCount``."""
        shown = ""
        for part in path:
            shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else part
        return f"{self.owner}: `{shown}`"

    # --- walking ---

    def convert(self, node: Any, shape_name: str, path: Path) -> Any:
        """The JSON of a piece that must be of a shape."""
        wanted = shape(shape_name)
        if isinstance(node, Expr):
            return self.leaf(node, wanted, path)
        if not isinstance(node, dict | list):
            return self.known(node, wanted, path, None)
        if isinstance(node, dict) and wanted.type == "structure":
            return self.structure(node, wanted, path)
        if isinstance(node, dict) and wanted.type == "map":
            self.size(len(node), wanted, path, "entries")
            for key in node:
                self.constraints(key, shape(wanted.key), (*path, key), None)
            return {
                key: self.convert(value, wanted.element, (*path, key))
                for key, value in node.items()
            }
        if isinstance(node, list) and wanted.type == "list":
            self.size(len(node), wanted, path, "items")
            return [
                self.convert(item, wanted.element, (*path, index))
                for index, item in enumerate(node)
            ]
        self.mismatch(_kind(node), wanted, path, None)
        return None

    def structure(
        self, node: Mapping[str, Any], wanted: Shape, path: Path, missing_ok: Iterable[str] = ()
    ) -> dict[str, Any]:
        made = {}
        for key, value in node.items():
            if key in wanted.members:
                made[key] = self.convert(value, wanted.members[key], (*path, key))
            else:
                below = (*path, key)
                message = f"{self.name(below)} is no member of {wanted.name}"
                help = did_you_mean(key, wanted.members, "member")
                self.report("E501", message, below, help=help)
        for key in wanted.required:
            if key not in node and key not in missing_ok:
                message = f"{self.name((*path, key))} is missing, {wanted.name} requires it"
                help = "give it under `arguments:`, or in the component's sagemaker.yaml"
                self.report("E502", message, path, help=help)
        return made

    # --- leaves ---

    def leaf(self, expr: Expr, wanted: Shape, path: Path) -> Any:
        if not expr.parts:
            return None  # its problem is reported
        if expr.constant:
            return self.known(expr.value, wanted, path, expr.span)
        reference = expr.parts[0] if len(expr.parts) == 1 else None
        if wanted.type in ("string", "timestamp"):
            if reference is not None and not reference.type:
                self.mismatch("a structure", wanted, path, expr.span)
            self.sample(reference, wanted, path, expr.span)
            return as_text(expr)
        given = reference.type if reference is not None else "String"
        if wanted.type in _NUMBERS:
            fits = given in _NUMBERS[wanted.type]
        elif wanted.type == "boolean":
            fits = given == "Boolean"
        else:
            fits = not given  # a whole structure or list of another step
        if not fits:
            self.mismatch(given or "a structure", wanted, path, expr.span)
        self.sample(reference, wanted, path, expr.span)
        return as_value(expr)

    def known(self, value: Any, wanted: Shape, path: Path, near: Span | None) -> Any:
        """A value known now: numbers become text where text is due, never the other way."""
        if isinstance(value, dict | list):
            if wanted.type in ("structure", "map", "list"):
                return self.convert(value, wanted.name, path)
            if wanted.type == "string":
                value = render(value)
        elif wanted.type == "string" and isinstance(value, int | float):
            value = render(value)
        elif wanted.type == "integer" and isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) in _PYTHON.get(wanted.type, ()):
            self.constraints(value, wanted, path, near)
        else:
            self.mismatch(_kind(value), wanted, path, near)
        return value

    def sample(
        self, reference: Reference | None, wanted: Shape, path: Path, near: Span | None
    ) -> None:
        """Check the default of a parameter that stands alone in a place."""
        if reference is None or reference.sample is None:
            return
        value = reference.sample
        if wanted.type == "string":
            value = render(value)
        if isinstance(value, str | int | float):
            name = str(reference.json["Get"]).partition(".")[2]
            self.constraints(value, wanted, path, near, f"the default of parameter `{name}`")

    def mismatch(self, given: str, wanted: Shape, path: Path, near: Span | None) -> None:
        message = f"{self.name(path)} takes {_WANTED[wanted.type]}, not {given}"
        self.report("E503", message, path, near)

    def size(self, count: int, wanted: Shape, path: Path, noun: str) -> None:
        if wanted.maximum is not None and count > wanted.maximum:
            message = f"{self.name(path)} has {count} {noun}, more than {wanted.maximum}"
            self.report("E504", message, path)
        if wanted.minimum is not None and count < wanted.minimum:
            message = f"{self.name(path)} has {count} {noun}, less than {wanted.minimum}"
            self.report("E504", message, path)

    def constraints(
        self, value: Any, wanted: Shape, path: Path, near: Span | None, whose: str = ""
    ) -> None:
        """Enum, pattern and bounds of a scalar; an unknown instance type only warns."""
        for complain in _COMPLAINTS:
            if (said := complain(value, wanted)) is not None:
                instance = wanted.name.endswith("InstanceType") and complain is _enum
                if instance:
                    said = f"is `{value}`, an instance type that this version does not know"
                where = f"{self.name(path)}, {whose}," if whose else self.name(path)
                self.report("W503" if instance else "E504", f"{where} {said}", path, near)
                return


def _kind(value: Any) -> str:
    """What a plain value is, in a message."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return kind_of(value)


def _enum(value: Any, wanted: Shape) -> str | None:
    if not wanted.enum or value in wanted.enum:
        return None
    shown = ", ".join(f"`{item}`" for item in wanted.enum[:8])
    return f"is `{_short(value)}`, none of {shown}" + (", …" if len(wanted.enum) > 8 else "")


def _maximum(value: Any, wanted: Shape) -> str | None:
    if wanted.maximum is None or _measure(value) <= wanted.maximum:
        return None
    return f"{_said(value)}, more than {wanted.maximum}"


def _pattern(value: Any, wanted: Shape) -> str | None:
    if wanted.pattern is None or not isinstance(value, str):
        return None
    if _compiled(wanted.pattern).fullmatch(value):
        return None
    return f"is `{_short(value)}`, which does not match {wanted.pattern}"


def _minimum(value: Any, wanted: Shape) -> str | None:
    if wanted.minimum is None or _measure(value) >= wanted.minimum:
        return None
    return f"{_said(value)}, less than {wanted.minimum}"


def _measure(value: Any) -> float:
    return len(value) if isinstance(value, str) else value


def _said(value: Any) -> str:
    return f"has {len(value)} characters" if isinstance(value, str) else f"is {value}"


# the first that finds something speaks
_COMPLAINTS: tuple[Callable[[Any, Shape], str | None], ...] = (_enum, _maximum, _pattern, _minimum)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"
