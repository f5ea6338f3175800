"""Reads the inputs and outputs of a component spec: nodes in, typed ports out."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from typing import Any

from isodag import spec_limits, spec_words, types
from isodag.component import Container, Input, Output
from isodag.diagnostics import did_you_mean, suggest
from isodag.frontend import nodes, remedies
from isodag.frontend.nodes import Node, Scalar
from isodag.frontend.reader import IDENTIFIER, MAX_PORTS, Fields, Reader
from isodag.frontend.schema import Key
from isodag.runtime import patterns, values
from isodag.source import Span
from isodag.spec_command import RUNTIME

INPUT_KEYS = (
    Key("name", "string", "The input's name.", required=True),
    Key("type", "any", "A parameter type or an artifact type."),
    Key("default", "any", "The value when none is given, as text."),
    Key("optional", "boolean", "Whether it may be left out."),
    Key("description", "string", "What it means, with unit and range."),
    Key("annotations", "mapping", "minimum, maximum, enum, pattern, format."),
)
OUTPUT_KEYS = tuple(key for key in INPUT_KEYS if key.name not in ("default", "optional"))


def inputs(reader: Reader, fields: Fields) -> tuple[Input, ...]:
    """The inputs of a spec, in their order."""
    items = _ports(reader, fields, "inputs")
    return tuple(_input(reader, item, patterns.share(len(items))) for item in items)


def outputs(reader: Reader, fields: Fields) -> tuple[Output, ...]:
    """The outputs of a spec, in their order."""
    return tuple(_output(reader, item) for item in _ports(reader, fields, "outputs"))


def _type(reader: Reader, fields: Fields, name: str, place: Span) -> str:
    """The type; empty where it cannot be told, which is reported."""
    node = fields["type"][1] if "type" in fields else None
    if "type" in fields.unread or (not name and "name" not in fields):
        return ""
    if node is None:
        help = f"add type: one of {', '.join(types.TYPES)}"
        reader.report("E701", f"`{name}` has no type", place, help)
        return ""
    known = types.canonical(node.text) if isinstance(node, Scalar) else None
    if known is None:
        if not isinstance(node, Scalar):
            message = f"a type is a word, not {nodes.kind(node)}"
            reader.report("E701", message, node.span, "write one, as Dataset or Artifact")
            return ""
        shown = node.text
        near = types.near(shown)
        help = f"write `{near}`" if near else did_you_mean(shown, types.TYPES, "type")
        reader.report("E701", f"`{shown}` is not a type", node.span, help)
        return ""
    return known


def _name(reader: Reader, fields: Fields, node: Node) -> tuple[str, Span]:
    name = reader.text(fields, "name")
    place = fields["name"][1].span if "name" in fields else node.span
    if "name" in fields and not name.strip():
        reader.report("E704", "the name is empty", place, "write a name")
    return name, place


def _ports(reader: Reader, fields: Fields, key: str) -> tuple[Node, ...]:
    """The inputs or outputs as written, MAX_PORTS at most."""
    items = reader.items(fields, key)
    if len(items) > MAX_PORTS:
        span = items[MAX_PORTS].span
        reader.report("E104", f"more than {MAX_PORTS} {key}", span, "pass several in one")
    return items[:MAX_PORTS]


def _fields(reader: Reader, node: Node, keys: tuple[Key, ...], what: str) -> Fields:
    """The fields of an input or output; `- text: {type: Dataset}` is told in one message."""
    pairs = node.pairs if isinstance(node, nodes.Mapping) else ()
    only = pairs[0] if len(pairs) == 1 else None
    if only is None or not isinstance(only[1], nodes.Mapping) or only[0].text == "annotations":
        return reader.fields(node, keys, what)
    key = only[0]
    help = f"write `name: {key.text}` and what is under it beside each other"
    reader.report("E107", f"unknown key `{key.text}` in {what}", key.span, help)
    found = Fields()
    found.unread.update(item.name for item in keys)
    return found


def _input(reader: Reader, node: Node, work: int) -> Input:
    fields = _fields(reader, node, INPUT_KEYS, "an input")
    name, place = _name(reader, fields, node)
    type_name = _type(reader, fields, name, place)
    constraints = _constraints(reader, fields, type_name)
    default, has_default = _default(reader, fields, type_name, constraints, work)
    optional = has_default or reader.text(fields, "optional") == "True"
    description = reader.text(fields, "description")
    return Input(name, type_name, place, description, optional, default, constraints)


def _output(reader: Reader, node: Node) -> Output:
    fields = _fields(reader, node, OUTPUT_KEYS, "an output")
    name, place = _name(reader, fields, node)
    type_name = _type(reader, fields, name, place)
    return Output(name, type_name, place, reader.text(fields, "description"))


def _default(
    reader: Reader, fields: Fields, type_name: str, constraints: Mapping[str, Any], work: int
) -> tuple[Any, bool]:
    if "default" not in fields or not type_name:
        return None, "default" in fields
    node = fields["default"][1]
    if isinstance(node, Scalar) and node.value is None:
        help = 'for empty text write ""; an input that must be given has no `default:`'
        reader.report("E702", "the default is nothing", node.span, help)
        return None, False
    if not types.is_parameter(type_name):
        reader.report("E702", "an artifact has no default", node.span, "remove it")
        return None, False
    if not isinstance(node, Scalar):
        message = f"a default is text, not {nodes.kind(node)}"
        reader.report("E702", message, node.span, "write JSON, in quotes")
        return None, False
    try:
        if type_name == "Integer" and not re.fullmatch(r"\s*[-+]?[0-9]+\s*", node.text):
            raise values.BadValue(f"`{node.text}` is not an Integer")  # to kfp neither is 1e3
        value = values.parse(type_name, node.text)
    except values.BadValue as error:
        near = _written(type_name, node.text)
        help = f'write "{near}"' if near else f"write {types.one(type_name)}, quoted"
        reader.report("E702", f"default {error}", node.span, help)
        return None, False
    if reason := values.violation(value, constraints, work):
        near = suggest(node.text, map(str, constraints.get("enum", ())))
        help = f"did you mean `{near}`?" if near else "change the default or its limits"
        reader.report("E702", f"default {reason}", node.span, help)
    return value, True


def _written(type_name: str, text: str) -> str | None:
    """A default as kfp reads it, of one that is written otherwise."""
    if type_name == "Boolean":
        return remedies.truth(text)
    if type_name not in ("Integer", "Float") or (near := remedies.number(text)) is None:
        return None
    return remedies.whole(float(near)) if type_name == "Integer" else near


def _constraints(reader: Reader, fields: Fields, type_name: str) -> dict[str, Any]:
    node = fields["annotations"][1] if "annotations" in fields else None
    found: dict[str, Any] = {}
    for key, value in node.pairs if isinstance(node, nodes.Mapping) else ():
        if key.text not in spec_limits.WORDS or not type_name:
            continue  # annotations are free: other tools keep theirs here
        data = nodes.plain_data(value)
        reason = spec_limits.problem(key.text, data, type_name)
        if reason is not None:
            help = spec_limits.way_out(reason) or _limit(key.text, type_name, value, data)
            span = key.span if "does not suit" in reason else value.span
            reader.report("E703", f"`{key.text}` {reason}", span, help)
        else:
            found[key.text] = data
    spec_words.limits(reader, node)
    if "minimum" in found and "maximum" in found and found["minimum"] > found["maximum"]:
        least = node.get("minimum") if isinstance(node, nodes.Mapping) else None
        if least is not None:
            reader.report("E703", "`minimum` is above `maximum`", least.span, "swap them")
        del found["minimum"], found["maximum"]  # whichever is meant, the default may be right
    return found


def _limit(word: str, type_name: str, node: Node, data: Any) -> str | None:
    """The way out for a limit that is written in the wrong form."""
    if word in ("minimum", "maximum") and isinstance(node, Scalar):
        near = remedies.number(node.text)
        return f"write it without quotes: {near}" if near else None
    if word == "enum" and isinstance(node, Scalar) and node.value is not None:
        return f"write [{node.text}]"
    if word == "enum" and type_name != "String" and isinstance(data, list):
        return f"write values of type {type_name}, without quotes"
    return "quote every value" if word == "enum" and data else None


def unique(
    reader: Reader, inputs: tuple[Input, ...], outputs: tuple[Output, ...],
    container: Container | None,
) -> None:  # fmt: skip
    """kfp folds names: two that differ only by case or punctuation would be one there."""
    own = container is not None and RUNTIME in container.command
    # an argument of a function is either; kfp keeps inputs and outputs apart
    groups: list[list[Input | Output]] = [[*inputs, *outputs]] if own else [[*inputs], [*outputs]]
    for group in groups:
        seen: dict[str, str] = {}
        for port in group:
            if not port.name.strip():
                continue  # told already
            folded = re.sub("[^_0-9a-z]+", "_", port.name.lower()).strip("_")
            if own and not IDENTIFIER.fullmatch(port.name):
                message = f"`{port.name}` is not a name for an argument of a function"
                reader.report("E704", message, port.span, _name_help(port.name))
            elif own and keyword.iskeyword(port.name):
                message = f"`{port.name}` is a word of Python, not a name for an argument"
                reader.report("E704", message, port.span, "choose another name")
            elif port.name in seen.values():
                message = f"`{port.name}` names two inputs or outputs"
                reader.report("E704", message, port.span, "rename one of them")
            elif folded in seen:
                message = f"`{port.name}` and `{seen[folded]}` are one name to kfp"
                reader.report("E704", message, port.span, "rename one of them")
            elif not re.match("[a-z]", folded):
                message = f"`{port.name}` does not start with a letter"
                reader.report("E704", message, port.span, "kfp needs names that do")
            seen.setdefault(folded, port.name)


def _name_help(name: str) -> str:
    help = "a name starts with a letter and holds a-z, 0-9 and _"
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    fixed = re.sub(r"[^a-z0-9_]+", "_", words.lower()).strip("_")
    return f"write `{fixed}`: {help}" if IDENTIFIER.fullmatch(fixed) else help
