"""What a step gives to a component: references, and each component's inputs as a schema."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from isodag import types
from isodag.component import Component, Input
from isodag.editors.words import EXPRESSION, FREE, Schema, choices, or_expression

_PLAIN: dict[str, Schema] = {
    "String": {"type": "string"},
    "Integer": {"type": "integer"},
    "Float": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "JsonObject": {"type": "object"},
    "JsonArray": {"type": "array"},
    types.SECRET: {"type": "string"},
}
_PLACE: Schema = {"type": "string", "minLength": 1}  # an artifact's URI or path
# isodag.library: a path, or a name with a version of one to three numbers
_REFERENCE = r"^(\.{0,2}/|[A-Za-z0-9][A-Za-z0-9_./-]*(@[0-9]+(\.[0-9]+){0,2})?$)"
# Python's regular expressions that an editor's engine (ECMAScript's, Unicode mode) reads otherwise,
# or not at all
_OWN_WORDS = re.compile(
    r"\(\?(?![:=!<])|\(\?<(?![=!])|[*+?}]\+|\\[^dDwWsSbBnrtfv.^$*+?()\[\]{}|/\\]"
)


def plain(type_name: str) -> Schema:
    """A literal of a type; anything for a type that is not known here."""
    if type_name in types.ARTIFACT_TYPES:
        return _PLACE
    return _PLAIN.get(type_name, {})


def given(type_name: str) -> Schema:
    """A literal of a type, or an expression."""
    literal = plain(type_name)
    return literal if literal.get("type") == "string" else or_expression(literal)


def reference(components: Sequence[Component]) -> Schema:
    """What `component:` may name: the library's are offered, paths and other names are allowed."""
    known: dict[str, Component] = {}
    for item in components:
        for text in _references(item)[:2]:
            known.setdefault(text, item)
    offered = choices([(text, item.description) for text, item in known.items()])
    return {"anyOf": [*offered, {"type": "string", "pattern": _REFERENCE}]}


def _references(component: Component) -> list[str]:
    """`name@1`, `name`, `name@1.2`, `name@1.2.3`."""
    parts = component.version.split("-")[0].split(".")
    versions = [".".join(parts[: n + 1]) for n in range(len(parts))]
    major, *exact = [f"{component.name}@{version}" for version in versions]
    return [major, component.name, *exact]


def by_component(components: Sequence[Component]) -> list[Schema]:
    """For each component, what the inputs of a step that names it are."""
    taken: set[str] = set()
    rules: list[Schema] = []
    for component in components:
        texts = [text for text in _references(component) if text not in taken]
        taken.update(texts)
        if not texts:
            continue
        then: Schema = {"properties": {"inputs": _inputs(component)}}
        if any(not port.optional for port in component.inputs):
            then["required"] = ["inputs"]
        # a pattern, where an `enum` would be shown as all that is allowed
        words = "|".join(re.sub(r"([.+*?()\[\]{}|^$\\])", r"\\\1", text) for text in texts)
        meant = {"component": {"pattern": f"^({words})$"}}
        named = {"properties": meant, "required": ["component"]}
        rules.append({"if": named, "then": then})
    return rules


def _inputs(component: Component) -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": {port.name: _port(port) for port in component.inputs},
        "patternProperties": {"^x-": FREE},
        "additionalProperties": False,
    }
    needed = [port.name for port in component.inputs if not port.optional]
    return {**schema, "required": needed} if needed else schema


def _port(port: Input) -> Schema:
    literal = dict(plain(port.type))
    limits = port.constraints
    for word in ("minimum", "maximum"):
        if word in limits and port.type in ("Integer", "Float"):
            literal[word] = limits[word]
    pattern = limits.get("pattern")
    if port.type == "String" and isinstance(pattern, str) and not _OWN_WORDS.search(pattern):
        literal["pattern"] = pattern
    if limits.get("enum"):
        literal = {"enum": list(limits["enum"])}
    said = f"{port.type}. {port.description}" if port.description else f"{port.type}."
    schema: dict[str, Any] = {"description": said}
    if port.optional and port.default is not None:
        schema["default"] = port.default
    if literal in ({"type": "string"}, _PLACE):
        return {**schema, **literal}
    return {**schema, "anyOf": [literal, EXPRESSION]}
