"""Reads `implementation.container` of a component spec: how the component starts."""

from __future__ import annotations

from isodag import spec_command, spec_words, types
from isodag.component import Container, Input, Output, Placeholder
from isodag.diagnostics import did_you_mean
from isodag.frontend import nodes
from isodag.frontend.nodes import Node, Scalar
from isodag.frontend.reader import Fields, Reader
from isodag.frontend.schema import Key

CONTAINER_KEYS = (
    Key("image", "string", "The image's reference.", required=True),
    Key("command", "sequence", "What replaces the image's entrypoint."),
    Key("args", "sequence", "Arguments: text and placeholders."),
    Key("env", "mapping", "Environment: text by name."),
    Key("fileOutputs", "mapping", "Kubeflow v1's fixed output paths."),
)
PLACEHOLDERS = ("inputValue", "inputPath", "inputUri", "outputPath", "outputUri", "executorInput")


def read(
    reader: Reader, fields: Fields, inputs: tuple[Input, ...], outputs: tuple[Output, ...]
) -> Container | None:
    """The container of a spec; None when it says none.  `reader` gets the messages."""
    if "implementation" not in fields:
        return None
    node = fields["implementation"][1]
    graph = node.key("graph") if isinstance(node, nodes.Mapping) else None
    if graph is not None:
        help = "write the steps as a pipeline of their own"
        reader.report("E707", "a graph component is not supported", graph.span, help)
        return None
    key = Key("container", "mapping", "How the component starts.", required=True)
    inner = reader.fields(fields["implementation"][1], (key,), "`implementation`")
    if "container" not in inner:
        return None
    place, node = inner["container"]
    parts = reader.fields(node, CONTAINER_KEYS, "`container`")
    if "fileOutputs" in parts:
        message = "`fileOutputs` is ignored by kfp v2 and not supported here"
        reader.report("E707", message, parts["fileOutputs"][0].span, "use outputPath in args")
    if fields.unread & {"inputs", "outputs"}:
        return None  # placeholders would seem to name nothing
    spec_words.image(reader, parts)
    spec_command.words(reader, parts, inputs, outputs)
    command = tuple(
        _argument(reader, item, inputs, outputs) for item in reader.items(parts, "command")
    )
    args = tuple(_argument(reader, item, inputs, outputs) for item in reader.items(parts, "args"))
    if not command and "image" in parts and "command" not in parts.unread:
        help = "KFP starts no image by its entrypoint: say the command"
        reader.report("E707", "`container` has no `command`", place.span, help)
    return Container(
        reader.text(parts, "image"), command, args, reader.texts(parts, "env"), node.span
    )


def _argument(
    reader: Reader, node: Node, inputs: tuple[Input, ...], outputs: tuple[Output, ...]
) -> str | Placeholder:
    if isinstance(node, Scalar):
        reader.fits(node, "string", "an argument")
        return node.text
    if not isinstance(node, nodes.Mapping) or len(node.pairs) != 1:
        help = "write text, or one placeholder such as {inputValue: NAME}"
        reader.report("E705", "an argument is text or one placeholder", node.span, help)
        return ""
    (key, value), *_ = node.pairs
    if key.text in ("if", "concat"):
        help = "give the input a default and pass it always"
        if key.text == "concat":
            help = "pass the parts as arguments of their own"
        reader.report("E707", f"`{key.text}` is not supported", key.span, help)
        return ""
    if key.text not in PLACEHOLDERS:
        help = did_you_mean(key.text, PLACEHOLDERS, "placeholder")
        reader.report("E705", f"unknown placeholder `{key.text}`", key.span, help)
        return ""
    if key.text == "executorInput":
        if not isinstance(value, Scalar) or value.value is not None:
            message = "`executorInput` takes nothing"
            reader.report("E705", message, value.span, "write {executorInput: null}")
        return Placeholder("executorInput")
    name = value.text if isinstance(value, Scalar) else ""
    ports: dict[str, Input | Output] = {
        port.name: port for port in (inputs if key.text.startswith("input") else outputs)
    }
    side = "input" if key.text.startswith("input") else "output"
    if name not in ports:
        help = did_you_mean(name, ports, side)
        if any(port.name == name for port in (outputs if side == "input" else inputs)):
            help = "write outputPath" if side == "input" else "write inputPath or inputValue"
        message = f"there is no {side} `{name}`"
        if not isinstance(value, Scalar):
            message = f"`{key.text}` names one {side}, not {nodes.kind(value)}"
        reader.report("E705", message, value.span, help)
        return ""
    if not ports[name].type:
        return ""  # its type is not known, which has been reported
    parameter = types.is_parameter(ports[name].type)
    if (key.text == "inputValue") != parameter and key.text != "outputPath":
        wanted = "inputValue" if parameter else "inputPath"
        if side == "output":
            wanted = "outputPath"
        message = f"`{key.text}` does not suit `{name}`, of type {ports[name].type}"
        reader.report("E705", message, key.span, f"write {wanted}")
    return Placeholder(key.text, name)
