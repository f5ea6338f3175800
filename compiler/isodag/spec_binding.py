"""Reads `sagemaker.yaml`: a document in, the Binding out; its names are checked.

Names in a binding: `inputs.x`, `outputs.o`, `image`, `role`, and `steps.n.Property` between the
steps of one binding; such a property may lie in a list: `steps.n.Containers[0].Image`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from isodag import expressions, expressions_parser
from isodag.component import Binding, BindingStep, Input, Output
from isodag.diagnostics import MOST, did_you_mean
from isodag.frontend import nodes
from isodag.frontend.nodes import Node
from isodag.frontend.reader import Fields, Reader
from isodag.frontend.schema import Key
from isodag.source import Span

Path = tuple[str | int, ...]

_PROPERTY = re.compile(r"\$\{\{\s*(steps(?:\.\w+|\['[^']+'\]|\[\d+\])+)\s*\}\}")
_INDEX = re.compile(r"\[\d+\]")
_PARTS = re.compile(r"'([^']+)'|(\w+)")

BINDING_KEYS = (
    Key("step", "string", "SageMaker's step type."),
    Key("arguments", "any", "Fields of the step's request."),
    Key("members", "mapping", "Members of the step beside its arguments, such as FunctionArn."),
    Key("steps", "mapping", "Several steps, by name."),
    Key("outputs", "mapping", "Property path by output name."),
)
BINDING_STEP_KEYS = (
    Key("step", "string", "SageMaker's step type.", required=True),
    Key("arguments", "any", "Fields of the step's request."),
    Key("members", "mapping", "Members of the step beside its arguments, such as FunctionArn."),
)


def read(
    node: Node, reader: Reader, inputs: tuple[Input, ...], outputs: tuple[Output, ...]
) -> Binding | None:
    """The binding in a document; None when it is none.  `reader` gets the messages.

    inputs, outputs  the component's own, which the binding may name
    """
    fields = reader.fields(node, BINDING_KEYS, "a SageMaker binding")
    if fields.unread & {"step", "steps"}:
        return None
    if ("step" in fields) == ("steps" in fields):
        place = fields["steps"][0].span if "steps" in fields else node.span
        help = "write `step: Training`, or `steps:` with several by name"
        reader.report("E709", "a binding has either `step` or `steps`", place, help)
        return None
    names = {"inputs": {port.name for port in inputs}, "outputs": {port.name for port in outputs}}
    if "step" in fields:
        steps = [_binding_step(reader, "", fields, node.span, names)]
    else:
        listed = fields["steps"][1]
        pairs = listed.pairs if isinstance(listed, nodes.Mapping) else ()
        names["steps"] = {key.text for key, _ in pairs}
        steps = []
        for key, value in pairs:
            inner = reader.fields(value, BINDING_STEP_KEYS, f"binding step `{key.text}`")
            steps.append(_binding_step(reader, key.text, inner, key.span, names))
    found = reader.texts(fields, "outputs")
    node_outputs = fields["outputs"][1] if "outputs" in fields else None
    pairs = node_outputs.pairs if isinstance(node_outputs, nodes.Mapping) else ()
    for key, _ in pairs:
        if key.text not in names["outputs"]:
            help = did_you_mean(key.text, names["outputs"], "output")
            reader.report("E709", f"there is no output `{key.text}`", key.span, help)
    places = {key.text: value.span for key, value in pairs}
    return Binding(tuple(steps), found, node.span, places)


def _binding_step(
    reader: Reader, name: str, fields: Fields, place: Span, names: Mapping[str, set[str]]
) -> BindingStep:
    kind = reader.text(fields, "step")
    place = fields["step"][1].span if "step" in fields else place
    arguments = fields["arguments"][1] if "arguments" in fields else None
    if isinstance(arguments, nodes.Sequence) or (
        isinstance(arguments, nodes.Scalar) and not expressions_parser.is_template(arguments.text)
    ):
        reader.wrong_kind(arguments, "a mapping", "`arguments`")
        arguments = None
    members = fields["members"][1] if "members" in fields else None
    beside = None
    if members is not None:
        beside = BindingStep(name, kind, _bound(reader, members, names), place, *_places(members))
    data = _bound(reader, arguments, names) if arguments is not None else {}
    places, keys = _places(arguments) if arguments is not None else ({}, {})
    return BindingStep(name, kind, data, place, places, keys, beside)


def _places(arguments: Node) -> tuple[dict[Path, Span], dict[Path, Span]]:
    """Where the values and the keys of arguments are written, by their path."""
    places: dict[Path, Span] = {}
    keys: dict[Path, Span] = {}
    waiting: list[tuple[Path, Node]] = [((), arguments)]
    while waiting:
        path, node = waiting.pop()
        places[path] = node.span
        if isinstance(node, nodes.Mapping):
            keys.update({(*path, key.text): key.span for key, _ in node.pairs})
            waiting += [((*path, key.text), value) for key, value in node.pairs]
        elif isinstance(node, nodes.Sequence):
            waiting += [((*path, index), item) for index, item in enumerate(node.items)]
    return places, keys


def _bound(reader: Reader, node: Node, names: Mapping[str, set[str]]) -> Any:
    if isinstance(node, nodes.Mapping):
        return {key.text: _bound(reader, value, names) for key, value in node.pairs}
    if isinstance(node, nodes.Sequence):
        return [_bound(reader, item, names) for item in node.items]
    if not isinstance(node.value, str) or not expressions_parser.is_template(node.text):
        return node.value
    if len(reader.diagnostics) > MOST:
        return None
    template = _indexed(node) or reader.template(node)
    for part in template.parts if template else ():
        if isinstance(part, str):
            continue
        if not isinstance(part, expressions.Name):
            help = "write one name: inputs.x, outputs.o, image or role"
            reader.report("E709", "a binding's expression is a single name", part.span, help)
        elif not _known(part, names):
            known = [f"{root}.{item}" for root, items in names.items() for item in items]
            said = ".".join(part.path[:2]) if part.path[0] == "steps" else str(part)
            help = did_you_mean(said, [*known, "image", "role"], "name")
            if said in known:  # a step without a property of it
                help = f"name a property of it: `{said}.PROPERTY`"
            reader.report("E709", f"`{said}` means nothing in a binding", part.span, help)
    return template


def _indexed(node: nodes.Scalar) -> expressions.Template | None:
    """One property that lies in a list, which no name in a DAG file does; None for all else."""
    match = _PROPERTY.fullmatch(node.text)
    if match is None or not _INDEX.search(match[1]):
        return None
    path = tuple(quoted or word for quoted, word in _PARTS.findall(match[1]))
    name = expressions.Name(path, (node.span,) * len(path), node.span)
    return expressions.Template((name,), node.span)


def _known(name: expressions.Name, names: Mapping[str, set[str]]) -> bool:
    root = name.path[0]
    if root in ("image", "role"):
        return len(name.path) == 1
    if root in ("inputs", "outputs"):
        return len(name.path) == 2 and name.path[1] in names[root]
    return root == "steps" and len(name.path) > 2 and name.path[1] in names.get("steps", set())
