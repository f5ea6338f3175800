"""Reads `component.yaml` (Kubeflow v1) and `sagemaker.yaml`: folder in, Component out.

The keys are those that kfp's own loader takes (kfp/dsl/v1_structures.py, kfp 2.17); what kfp
accepts but cannot compile is a diagnostic here.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isodag import expressions, types
from isodag.component import Binding, BindingStep, Component, Container, Input, Output, Placeholder
from isodag.diagnostics import Diagnostic, did_you_mean, failed
from isodag.frontend import nodes
from isodag.frontend.nodes import Node, Scalar
from isodag.frontend.reader import Fields, Reader
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
CONTAINER_KEYS = (
    Key("image", "string", "The image's reference.", required=True),
    Key("command", "sequence", "What replaces the image's entrypoint."),
    Key("args", "sequence", "Arguments: text and placeholders."),
    Key("env", "mapping", "Environment: text by name."),
    Key("fileOutputs", "mapping", "Kubeflow v1's fixed output paths."),
)
PLACEHOLDERS = ("inputValue", "inputPath", "inputUri", "outputPath", "outputUri", "executorInput")
CONSTRAINTS = {"minimum": "a number", "maximum": "a number", "enum": "a list",
               "pattern": "text", "format": "text"}  # fmt: skip
_IGNORED = ("__pycache__", ".DS_Store")


def read_folder(
    folder: str | Path, sources: dict[str, Source]
) -> tuple[Component | None, list[Diagnostic]]:
    """The component in a folder; None when its spec holds an error.

    sources  gets the text of the files read, for the messages
    """
    path = Path(folder)
    component, problems = read_file(path / "component.yaml", path.name, sources)
    return component, problems


def read_file(
    path: Path, name: str, sources: dict[str, Source]
) -> tuple[Component | None, list[Diagnostic]]:
    """The component in a spec file, by the name given; `sagemaker.yaml` lies beside it."""
    reader = Reader()
    node = _document(path, sources, reader)
    if node is None:
        return None, reader.diagnostics
    fields = reader.fields(node, SPEC_KEYS, "a component spec")
    annotations, labels = _metadata(reader, fields)
    inputs = tuple(
        _input(reader, item) for item in _items(fields, "inputs")
    )  # fmt: skip
    outputs = tuple(_output(reader, item) for item in _items(fields, "outputs"))
    _unique(reader, [*inputs, *outputs])
    container = _container(reader, fields, inputs, outputs)
    binding = _binding(path.parent / "sagemaker.yaml", sources, reader, inputs, outputs)
    if container is None and binding is None and not failed(reader.diagnostics):
        help = "add implementation.container, or a sagemaker.yaml beside it"
        reader.report("E706", "the component says nowhere how it runs", node.span, help)
    place = fields["name"][1].span if "name" in fields else Span(str(path), 1, 1, 1, 1)
    version = annotations.get("version", "0.0.0")
    if not re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", version):
        help = 'write three numbers, as version: "1.0.0"'
        reader.report("E708", f"version `{version}` is not MAJOR.MINOR.PATCH", place, help)
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
        digest=digest(path.parent),
        span=place,
        annotations=annotations,
        labels=labels,
    )
    return component, reader.diagnostics


def digest(folder: Path) -> str:
    """sha256 over the names and bytes of a component's files, in order of name, hexadecimal."""
    total = hashlib.sha256()
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _passed_over(name))
        for name in sorted(name for name in files if not _passed_over(name)):
            file = Path(root, name)
            relative = file.relative_to(folder).as_posix()
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            total.update(f"{relative}\0{content}\n".encode())
    return total.hexdigest()


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


def _items(fields: Fields, key: str) -> tuple[Node, ...]:
    node = fields[key][1] if key in fields else None
    return node.items if isinstance(node, nodes.Sequence) else ()


def _metadata(reader: Reader, fields: Fields) -> tuple[dict[str, str], dict[str, str]]:
    if "metadata" not in fields:
        return {}, {}
    inner = reader.fields(fields["metadata"][1], METADATA_KEYS, "`metadata`")
    return _texts(reader, inner, "annotations"), _texts(reader, inner, "labels")


def _texts(reader: Reader, fields: Fields, key: str) -> dict[str, str]:
    found = {}
    node = fields[key][1] if key in fields else None
    for name, value in node.pairs if isinstance(node, nodes.Mapping) else ():
        if reader.fits(value, "string", f"`{name.text}`") and isinstance(value, Scalar):
            found[name.text] = value.text
    return found


def _type(reader: Reader, fields: Fields, name: str, place: Span) -> str:
    node = fields["type"][1] if "type" in fields else None
    if node is None:
        help = f"add type: one of {', '.join(types.TYPES)}"
        reader.report("E701", f"`{name}` has no type", place, help)
        return "String"
    known = types.canonical(node.text) if isinstance(node, Scalar) else None
    if known is None:
        shown = node.text if isinstance(node, Scalar) else nodes.kind(node)
        help = did_you_mean(shown, types.TYPES, "type")
        reader.report("E701", f"`{shown}` is not a type", node.span, help)
        return "String"
    return known


def _input(reader: Reader, node: Node) -> Input:
    fields = reader.fields(node, INPUT_KEYS, "an input")
    name = reader.text(fields, "name")
    place = fields["name"][1].span if "name" in fields else node.span
    type_name = _type(reader, fields, name, place)
    constraints = _constraints(reader, fields, type_name)
    default, has_default = _default(reader, fields, type_name, constraints)
    optional = has_default or reader.text(fields, "optional") == "True"
    description = reader.text(fields, "description")
    return Input(name, type_name, place, description, optional, default, constraints)


def _output(reader: Reader, node: Node) -> Output:
    fields = reader.fields(node, OUTPUT_KEYS, "an output")
    name = reader.text(fields, "name")
    place = fields["name"][1].span if "name" in fields else node.span
    type_name = _type(reader, fields, name, place)
    return Output(name, type_name, place, reader.text(fields, "description"))


def _default(
    reader: Reader, fields: Fields, type_name: str, constraints: Mapping[str, Any]
) -> tuple[Any, bool]:
    if "default" not in fields:
        return None, False
    node = fields["default"][1]
    if not isinstance(node, Scalar) or not types.is_parameter(type_name):
        reader.report("E702", f"a default must be text, for type {type_name}", node.span,
                      "quote it; an artifact has no default")  # fmt: skip
        return None, False
    try:
        value = values.parse(type_name, node.text)
    except values.BadValue as error:
        reader.report("E702", f"default {error}", node.span, f"write a {type_name}, quoted")
        return None, False
    if reason := values.violation(value, constraints):
        reader.report("E702", f"default {reason}", node.span, "change the default or its limits")
    return value, True


def _constraints(reader: Reader, fields: Fields, type_name: str) -> dict[str, Any]:
    node = fields["annotations"][1] if "annotations" in fields else None
    found: dict[str, Any] = {}
    for key, value in node.pairs if isinstance(node, nodes.Mapping) else ():
        if key.text not in CONSTRAINTS:
            continue  # annotations are free: other tools keep theirs here
        data = nodes.plain_data(value)
        reason = constraint_problem(key.text, data, type_name)
        if reason is not None:
            reader.report("E703", f"`{key.text}` {reason}", value.span)
        else:
            found[key.text] = data
    if "minimum" in found and "maximum" in found and found["minimum"] > found["maximum"]:
        place = node.span if node is not None else Span("", 1, 1, 1, 1)
        reader.report("E703", "`minimum` is above `maximum`", place, "swap them")
    return found


def constraint_problem(name: str, data: Any, type_name: str) -> str | None:
    """Why a declared constraint makes no sense for a type, or None when it does."""
    number = type(data) in (int, float)
    if name in ("minimum", "maximum"):
        if not number:
            return "must be a number"
        return None if type_name in ("Integer", "Float") else f"does not suit {type_name}"
    if name == "enum":
        if not isinstance(data, list) or not data:
            return "must be a list of values"
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
        try:
            re.compile(data)
        except (re.error, RecursionError, OverflowError) as error:
            return f"is not a regular expression: {error}"
    return None


def _unique(reader: Reader, ports: list[Input | Output]) -> None:
    """kfp folds names: two that differ only by case or punctuation would be one there."""
    for group in (Input, Output):
        seen: dict[str, str] = {}
        for port in ports:
            if not isinstance(port, group):
                continue
            folded = re.sub("[^_0-9a-z]+", "_", port.name.lower()).strip("_")
            if folded in seen:
                message = f"`{port.name}` and `{seen[folded]}` are one name to kfp"
                reader.report("E704", message, port.span, "rename one of them")
            elif not re.match("[a-z]", folded):
                message = f"`{port.name}` does not start with a letter"
                reader.report("E704", message, port.span, "kfp needs names that do")
            seen.setdefault(folded, port.name)


def _container(
    reader: Reader, fields: Fields, inputs: tuple[Input, ...], outputs: tuple[Output, ...]
) -> Container | None:
    if "implementation" not in fields:
        return None
    key = Key("container", "mapping", "How the component starts.", required=True)
    inner = reader.fields(fields["implementation"][1], (key,), "`implementation`")
    if "container" not in inner:
        return None
    place, node = inner["container"]
    parts = reader.fields(node, CONTAINER_KEYS, "`container`")
    if "fileOutputs" in parts:
        message = "`fileOutputs` is ignored by kfp v2 and not supported here yet"
        reader.report("E707", message, parts["fileOutputs"][0].span, "use outputPath in args")
    command = tuple(_argument(reader, item, inputs, outputs) for item in _items(parts, "command"))
    args = tuple(_argument(reader, item, inputs, outputs) for item in _items(parts, "args"))
    if not command and "image" in parts:
        help = "KFP starts no image by its entrypoint: say the command"
        reader.report("E707", "`container` has no `command`", place.span, help)
    return Container(
        reader.text(parts, "image"), command, args, _texts(reader, parts, "env"), node.span
    )


def _argument(
    reader: Reader, node: Node, inputs: tuple[Input, ...], outputs: tuple[Output, ...]
) -> str | Placeholder:
    if isinstance(node, Scalar):
        reader.fits(node, "string", "an argument")
        return node.text
    if not isinstance(node, nodes.Mapping) or len(node.pairs) != 1:
        reader.report("E705", "an argument is text or one placeholder", node.span)
        return ""
    (key, value), *_ = node.pairs
    if key.text in ("if", "concat"):
        message = f"`{key.text}` is not supported yet"
        reader.report("E707", message, key.span, "give the input a default and pass it always")
        return ""
    if key.text not in PLACEHOLDERS:
        help = did_you_mean(key.text, PLACEHOLDERS, "placeholder")
        reader.report("E705", f"unknown placeholder `{key.text}`", key.span, help)
        return ""
    if key.text == "executorInput":
        return Placeholder("executorInput")
    name = value.text if isinstance(value, Scalar) else ""
    ports: dict[str, Input | Output] = {
        port.name: port for port in (inputs if key.text.startswith("input") else outputs)
    }
    side = "input" if key.text.startswith("input") else "output"
    if name not in ports:
        help = did_you_mean(name, ports, side)
        reader.report("E705", f"there is no {side} `{name}`", value.span, help)
        return ""
    parameter = types.is_parameter(ports[name].type)
    if (key.text == "inputValue") != parameter and key.text != "outputPath":
        wanted = "inputValue" if parameter else "inputPath"
        if side == "output":
            wanted = "outputPath"
        message = f"`{key.text}` does not suit `{name}`, of type {ports[name].type}"
        reader.report("E705", message, key.span, f"write {wanted}")
    return Placeholder(key.text, name)


# --- sagemaker.yaml --------------------------------------------------------------------------

BINDING_KEYS = (
    Key("step", "string", "SageMaker's step type."),
    Key("arguments", "mapping", "Fields of the step's request."),
    Key("steps", "mapping", "Several steps, by name."),
    Key("outputs", "mapping", "Property path by output name."),
)
BINDING_STEP_KEYS = BINDING_KEYS[:2]


def _binding(
    path: Path, sources: dict[str, Source], reader: Reader,
    inputs: tuple[Input, ...], outputs: tuple[Output, ...],
) -> Binding | None:  # fmt: skip
    if not path.exists():
        return None
    node = _document(path, sources, reader)
    if node is None:
        return None
    fields = reader.fields(node, BINDING_KEYS, "a SageMaker binding")
    if ("step" in fields) == ("steps" in fields):
        reader.report("E709", "a binding has either `step` or `steps`", node.span)
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
    found = _texts(reader, fields, "outputs")
    node_outputs = fields["outputs"][1] if "outputs" in fields else None
    for key, _ in node_outputs.pairs if isinstance(node_outputs, nodes.Mapping) else ():
        if key.text not in names["outputs"]:
            help = did_you_mean(key.text, names["outputs"], "output")
            reader.report("E709", f"there is no output `{key.text}`", key.span, help)
    return Binding(tuple(steps), found, node.span)


def _binding_step(
    reader: Reader, name: str, fields: Fields, place: Span, names: Mapping[str, set[str]]
) -> BindingStep:
    arguments = fields["arguments"][1] if "arguments" in fields else None
    data = _bound(reader, arguments, names) if arguments is not None else {}
    return BindingStep(name, reader.text(fields, "step"), data, place)


def _bound(reader: Reader, node: Node, names: Mapping[str, set[str]]) -> Any:
    if isinstance(node, nodes.Mapping):
        return {key.text: _bound(reader, value, names) for key, value in node.pairs}
    if isinstance(node, nodes.Sequence):
        return [_bound(reader, item, names) for item in node.items]
    if not isinstance(node.value, str) or not expressions.is_template(node.text):
        return node.value
    template, problems = expressions.template(node.text, node.within)
    reader.diagnostics += problems
    for part in template.parts if template else ():
        if isinstance(part, str):
            continue
        if not isinstance(part, expressions.Name):
            reader.report("E709", "a binding's expression is a single name", part.span)
        elif not _known(part, names):
            known = [f"{root}.{item}" for root, items in names.items() for item in items]
            help = did_you_mean(str(part), [*known, "image", "role"], "name")
            reader.report("E709", f"`{part}` means nothing in a binding", part.span, help)
    return template


def _known(name: expressions.Name, names: Mapping[str, set[str]]) -> bool:
    root = name.path[0]
    if root in ("image", "role"):
        return len(name.path) == 1
    if root in ("inputs", "outputs"):
        return len(name.path) == 2 and name.path[1] in names[root]
    return root == "steps" and len(name.path) > 2 and name.path[1] in names.get("steps", set())
