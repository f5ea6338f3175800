"""Leaves of a request: constants, references to run-time values, and text made of both."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from isodag.runtime.values import render
from isodag.source import Span
from isodag.types import is_parameter

UNTYPED = "*"  # the type of a value that only the maker of its step knows


@dataclass(frozen=True)
class Sample:
    """A value that a reference may well have.

    what  what it is, as a message begins: `the default of parameter `n``
    span  where it is written
    """

    value: Any
    what: str
    span: Span


@dataclass(frozen=True)
class Reference:
    """A value that the service fills in at run time.

    json     `{"Get": …}` or `{"Std:JsonGet": …}`
    type     a parameter type; empty for a structure or list, UNTYPED where it is not known
    samples  values that it may well have, for checks: a parameter's default comes first
    default  whether the first of them is what it has unless a run says otherwise
    """

    json: dict[str, Any]
    type: str
    samples: tuple[Sample, ...] = ()
    default: bool = False


@dataclass(frozen=True)
class Expr:
    """One value of a request: a single part as it is, several parts joined into text.

    parts  plain values and `Reference`s
    type   a parameter type, or empty
    span   where it was written, when that is nearer than the step
    """

    parts: tuple[Any, ...]
    type: str
    span: Span | None = None

    @property
    def constant(self) -> bool:
        """Whether its value is known now."""
        return len(self.parts) == 1 and not isinstance(self.parts[0], Reference)

    @property
    def value(self) -> Any:
        """The value of a constant."""
        return self.parts[0]

    def at(self, span: Span) -> Expr:
        """The same, written at `span`."""
        return replace(self, span=span)


UNKNOWN = Expr((), "")  # stands for a value whose problem is reported: nothing more is said of it


def constant(value: Any, type_name: str = "String", span: Span | None = None) -> Expr:
    """A value known now."""
    return Expr((value,), type_name, span)


def get(path: str, type_name: str = "String") -> Expr:
    """`{"Get": path}`."""
    return Expr((Reference({"Get": path}, type_name),), type_name)


def json_get(step: str, file: str, path: str, type_name: str) -> Expr:
    """A value in a property file of a Processing step.

    https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-propertyfile.html
    """
    file_reference = {"Get": f"Steps.{step}.PropertyFiles.{file}"}
    body = {"Std:JsonGet": {"PropertyFile": file_reference, "Path": path}}
    return Expr((Reference(body, type_name),), type_name)


def parameter(
    name: str, type_name: str, samples: tuple[Sample, ...] = (), default: bool = False
) -> Expr:
    """The value of a pipeline parameter; JSON and artifacts travel as String."""
    carried = parameter_type(type_name)
    return Expr((Reference({"Get": f"Parameters.{name}"}, carried, samples, default),), carried)


def usual(expr: Expr) -> Any:
    """The value that an expression has when a run says nothing else; None where it is not known."""
    if not expr.parts:
        return None
    parts = []
    for part in expr.parts:
        if isinstance(part, Reference):
            if not part.default:
                return None
            part = part.samples[0].value
        parts.append(part)
    return parts[0] if len(parts) == 1 else "".join(render(part) for part in parts)


def known(node: Any) -> Any:
    """The usual value of a piece of a request, which may be plain already."""
    return usual(node) if isinstance(node, Expr) else node


def parameter_type(type_name: str) -> str:
    """The type of the SageMaker parameter that carries a value of a type."""
    scalar = is_parameter(type_name) and type_name not in ("JsonObject", "JsonArray")
    return type_name if scalar else "String"


def text(*parts: str | Expr) -> Expr:
    """Parts joined into one String; constants next to each other become one."""
    if any(isinstance(part, Expr) and not part.parts for part in parts):
        return UNKNOWN
    joined: list[Any] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Expr) else (part,):
            if not isinstance(piece, Reference):
                piece = render(piece)
                if joined and isinstance(joined[-1], str):
                    joined[-1] += piece
                    continue
            joined.append(piece)
    kept = tuple(piece for piece in joined if piece != "") or ("",)
    return Expr(kept, "String")


def item(type_name: str, field: str = "") -> Expr:
    """The item that a repetition of a ForEach step works on, or a field of it."""
    tail = f".{field}" if field else ""
    return get(f"ForEach.CurrentItem{tail}", parameter_type(type_name))


def listed(items: Iterable[Expr], lists: Container[int] = ()) -> Expr | None:
    """Values as the JSON text of a list.

    None where one of them is text that only a run knows: nobody could escape what is in it.

    lists  the numbers of those that are the JSON text of a list themselves
    """
    parts: list[str | Expr] = []
    for number, one in enumerate(items):
        if number in lists:
            parts += [", ", one]
        elif one.constant:
            parts += [", ", json.dumps(one.value, ensure_ascii=False)]
        elif all(
            isinstance(part, Reference) and part.type in ("Integer", "Float", "Boolean")
            for part in one.parts
        ) and len(one.parts) <= 1:  # fmt: skip
            parts += [", ", one]
        else:
            return None
    return text("[", *parts[1:], "]")


@dataclass(frozen=True)
class Told:
    """A property of a step: `Steps.<step>.<path>`."""

    step: str
    path: str


def told(expr: Expr) -> Told | None:
    """The property that a value is; None for any other value."""
    if len(expr.parts) != 1 or not isinstance(expr.parts[0], Reference):
        return None
    path = expr.parts[0].json.get("Get", "")
    root, _, rest = path.partition(".")
    step, _, rest = rest.partition(".")
    return Told(step, rest) if root == "Steps" and rest else None


def moved(expr: Expr, step: str, to: str) -> Expr | None:
    """A value with the properties of one step told by another path; None where it reads anything
    else of a run."""
    parts: list[Any] = []
    for part in expr.parts:
        if isinstance(part, Reference):
            found = told(replace(expr, parts=(part,)))
            if found is None or found.step != step:
                return None
            part = replace(part, json={"Get": f"Steps.{to}.{found.path}"})
        parts.append(part)
    return replace(expr, parts=tuple(parts))


def as_text(expr: Expr) -> Any:
    """The JSON of a value where text is due.

    The service refuses an Integer, Float or Boolean reference in a string's place; wrapped in a
    Join it is text: https://github.com/aws/sagemaker-python-sdk/issues/2631.
    """
    if expr.constant:
        return render(expr.value)
    if len(expr.parts) == 1 and expr.parts[0].type in ("String", UNTYPED):
        return expr.parts[0].json
    return joined(expr)


def joined(expr: Expr) -> dict[str, Any]:
    """The JSON of a value as a Join, even of one part."""
    values = [part.json if isinstance(part, Reference) else render(part) for part in expr.parts]
    return {"Std:Join": {"On": "", "Values": values}}


def as_value(expr: Expr) -> Any:
    """The JSON of a value where its own type is due."""
    if expr.constant:
        return expr.value
    return expr.parts[0].json if len(expr.parts) == 1 else joined(expr)


def steps_read(node: Any) -> Iterator[str]:
    """The names of the steps that a piece of JSON refers to."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Get" and isinstance(value, str) and value.startswith("Steps."):
                yield value.split(".", 2)[1]
            else:
                yield from steps_read(value)
    elif isinstance(node, list):
        for item in node:
            yield from steps_read(item)
