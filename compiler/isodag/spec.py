"""Reads `component.yaml` (Kubeflow v1) and `sagemaker.yaml`: folder in, Component out.

The keys are those that kfp's own loader takes (kfp/dsl/v1_structures.py, kfp 2.17); what kfp
accepts but cannot compile is a diagnostic here.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from isodag import spec_binding, spec_container, spec_limits, types
from isodag.component import Binding, Component, Container, Input, Output
from isodag.diagnostics import Diagnostic, did_you_mean, failed
from isodag.frontend import nodes
from isodag.frontend.nodes import Node, Scalar
from isodag.frontend.reader import IDENTIFIER, Fields, Reader
from isodag.frontend.schema import Key
from isodag.runtime import values
from isodag.source import Source, Span

SPEC_KEYS = (
    Key("name", "string", "What people call the component."),
    Key("description", "string", "What it does."),
    Key("metadata", "mapping", "annotations and labels."),
    Key("inputs", "sequence", "Inputs, in the order of the function's arguments."),
    Key("outputs", "sequence", "Outputs."),
    Key("implementation", "mapping", "`container:` and how it starts."),
    Key("version", "string", "The format's version, as kfp reads it."),
)
METADATA_KEYS = (
    Key("annotations", "mapping", "Text by name: version, stability, license, owners."),
    Key("labels", "mapping", "Text by name."),
)
INPUT_KEYS = (
    Key("name", "string", "The input's name.", required=True),
    Key("type", "any", "A parameter type or an artifact type."),
    Key("description", "string", "What it means, with unit and range."),
    Key("default", "any", "The value when none is given, as text."),
    Key("optional", "boolean", "Whether it may be left out."),
    Key("annotations", "mapping", "minimum, maximum, enum, pattern, format."),
)
OUTPUT_KEYS = tuple(key for key in INPUT_KEYS if key.name not in ("default", "optional"))
RUNTIME = "isodag.runtime"
SPEC_NAMES = ("component.yaml", "component.yml")
_IGNORED = ("__pycache__", ".DS_Store")


def read_folder(
    folder: str | Path, sources: dict[str, Source]
) -> tuple[Component | None, list[Diagnostic]]:
    """The component in a folder; None when its spec holds an error.

    sources  gets the text of the files read, for the messages
    """
    path = Path(folder)
    return read_file(path / "component.yaml", path.resolve().name, sources)


def read_file(
    path: Path, name: str, sources: dict[str, Source]
) -> tuple[Component | None, list[Diagnostic]]:
    """The component in a spec file, by the name given; `sagemaker.yaml` lies beside it."""
    reader = Reader()
    node = _document(path, sources, reader)
    if node is None or not _is_spec(reader, node):
        return None, reader.diagnostics
    fields = reader.fields(node, SPEC_KEYS, "a component spec")
    metadata = Fields()
    if "metadata" in fields:
        metadata = reader.fields(fields["metadata"][1], METADATA_KEYS, "`metadata`")
    annotations, labels = reader.texts(metadata, "annotations"), reader.texts(metadata, "labels")
    inputs = tuple(_input(reader, item) for item in reader.items(fields, "inputs"))
    outputs = tuple(_output(reader, item) for item in reader.items(fields, "outputs"))
    container = spec_container.read(reader, fields, inputs, outputs)
    _unique(reader, inputs, outputs, container)
    binding = _binding(path.parent / "sagemaker.yaml", sources, reader, inputs, outputs)
    if container is None and binding is None and not failed(reader.diagnostics):
        help = "add implementation.container, or a sagemaker.yaml beside it"
        place = node.pairs[0][0].span if isinstance(node, nodes.Mapping) else node.span
        reader.report("E706", "the component says nowhere how it runs", place, help)
    place = fields["name"][1].span if "name" in fields else Span(str(path), 1, 1, 1, 1)
    version = annotations.get("version", "0.0.0")
    if not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?", version):
        written = metadata["annotations"][1]
        found = written.get("version") if isinstance(written, nodes.Mapping) else None
        help = 'write three numbers, as version: "1.0.0"'
        reader.report("E708", f"version `{version}` is not MAJOR.MINOR.PATCH",
                      found.span if found is not None else place, help)  # fmt: skip
    if failed(reader.diagnostics):
        return None, reader.diagnostics
    component = Component(
        name=name,
        title=reader.text(fields, "name") or name,
        version=version,
        description=reader.text(fields, "description"),
        inputs=inputs,
        outputs=outputs,
        container=container,
        binding=binding,
        side_effects=annotations.get("side_effects", "").lower() == "true",
        folder=os.path.abspath(path.parent),
        digest=digest(path),
        span=place,
        annotations=annotations,
        labels=labels,
    )
    return component, reader.diagnostics


def digest(path: Path) -> str:
    """sha256 over the names and bytes of a component's files, in order of name, hexadecimal.

    path  its spec; a component.yaml stands for its whole folder, any other file for itself
    """
    total = hashlib.sha256()
    for file in _files(path.parent) if path.name in SPEC_NAMES else [path]:
        relative = file.relative_to(path.parent).as_posix()
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        total.update(f"{relative}\0{content}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _passed_over(name))
        for name in sorted(name for name in files if not _passed_over(name)):
            file = Path(root, name)
            if os.path.isfile(file) and os.access(file, os.R_OK):  # no pipe, no dangling link
                yield file


def _passed_over(name: str) -> bool:
    return name in _IGNORED or name.startswith(".") or name.endswith((".pyc", "~"))


def _document(path: Path, sources: dict[str, Source], reader: Reader) -> Node | None:
    source, problems = nodes.load(path)
    sources[source.path] = source
    node = None
    if not problems:
        node, problems = nodes.parse(source)
    reader.diagnostics += problems
    return node


def _is_spec(reader: Reader, node: Node) -> bool:
    """Whether a document is a component spec; a DAG file named as a component is not."""
    kind = node.get("kind") if isinstance(node, nodes.Mapping) else None
    if isinstance(kind, Scalar) and isinstance(node, nodes.Mapping) and node.get("apiVersion"):
        message = f"this is a {kind.text}, not a component"
        reader.report("E112", message, kind.span, "name a folder with a component.yaml in it")
        return False
    return True


def _binding(
    path: Path, sources: dict[str, Source], reader: Reader,
    inputs: tuple[Input, ...], outputs: tuple[Output, ...],
) -> Binding | None:  # fmt: skip
    node = _document(path, sources, reader) if os.path.lexists(path) else None
    return spec_binding.read(node, reader, inputs, outputs) if node is not None else None


def _type(reader: Reader, fields: Fields, name: str, place: Span) -> str:
    """The type; empty where it cannot be told, which is reported."""
    node = fields["type"][1] if "type" in fields else None
    if "type" in fields.unread:
        return ""
    if node is None:
        help = f"add type: one of {', '.join(types.TYPES)}"
        reader.report("E701", f"`{name}` has no type", place, help)
        return ""
    known = types.canonical(node.text) if isinstance(node, Scalar) else None
    if known is None:
        shown = node.text if isinstance(node, Scalar) else nodes.kind(node)
        help = did_you_mean(shown, types.TYPES, "type")
        reader.report("E701", f"`{shown}` is not a type", node.span, help)
        return ""
    return known


def _name(reader: Reader, fields: Fields, node: Node) -> tuple[str, Span]:
    name = reader.text(fields, "name")
    place = fields["name"][1].span if "name" in fields else node.span
    if "name" in fields and not name.strip():
        reader.report("E704", "the name is empty", place, "write a name")
    return name, place


def _input(reader: Reader, node: Node) -> Input:
    fields = reader.fields(node, INPUT_KEYS, "an input")
    name, place = _name(reader, fields, node)
    type_name = _type(reader, fields, name, place)
    constraints = _constraints(reader, fields, type_name)
    default, has_default = _default(reader, fields, type_name, constraints)
    optional = has_default or reader.text(fields, "optional") == "True"
    description = reader.text(fields, "description")
    return Input(name, type_name, place, description, optional, default, constraints)


def _output(reader: Reader, node: Node) -> Output:
    fields = reader.fields(node, OUTPUT_KEYS, "an output")
    name, place = _name(reader, fields, node)
    type_name = _type(reader, fields, name, place)
    return Output(name, type_name, place, reader.text(fields, "description"))


def _default(
    reader: Reader, fields: Fields, type_name: str, constraints: Mapping[str, Any]
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
        value = values.parse(type_name, node.text)
    except values.BadValue as error:
        reader.report(
            "E702", f"default {error}", node.span, f"write {types.one(type_name)}, quoted"
        )
        return None, False
    if reason := values.violation(value, constraints):
        reader.report("E702", f"default {reason}", node.span, "change the default or its limits")
    return value, True


def _constraints(reader: Reader, fields: Fields, type_name: str) -> dict[str, Any]:
    node = fields["annotations"][1] if "annotations" in fields else None
    found: dict[str, Any] = {}
    for key, value in node.pairs if isinstance(node, nodes.Mapping) else ():
        if key.text not in spec_limits.WORDS or not type_name:
            continue  # annotations are free: other tools keep theirs here
        data = nodes.plain_data(value)
        reason = spec_limits.problem(key.text, data, type_name)
        if reason is not None:
            reader.report("E703", f"`{key.text}` {reason}", value.span, spec_limits.way_out(reason))
        else:
            found[key.text] = data
    if "minimum" in found and "maximum" in found and found["minimum"] > found["maximum"]:
        least = node.get("minimum") if isinstance(node, nodes.Mapping) else None
        if least is not None:
            reader.report("E703", "`minimum` is above `maximum`", least.span, "swap them")
    return found


def _unique(
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
                help = "a name starts with a letter and holds a-z, 0-9 and _"
                reader.report("E704", message, port.span, help)
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
