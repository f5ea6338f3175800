"""E715 to E718, W704, W705: whether a component's command line hands over what the spec declares.

The command line of a component that `isodag.runtime` starts is checked word by word: the runtime
takes `--name VALUE` for every input and output and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from isodag import types
from isodag.component import Binding, Container, Input, Output, Placeholder
from isodag.diagnostics import did_you_mean, suggest
from isodag.expressions import Name, Template
from isodag.frontend import nodes
from isodag.frontend.nodes import Node, Scalar
from isodag.frontend.reader import Fields, Reader

RUNTIME = "isodag.runtime"
_ENV = re.compile(
    r"[A-Za-z_][A-Za-z0-9_]*"
)  # CreateProcessingJob and CreateTrainingJob: Environment
# `{{$`: what KFP's driver replaces; the others are what people know from other formats
_FOREIGN = re.compile(  # of bounded length, so that many of them that never end take no time
    r"\{\{\s{0,9}\$[^}]{0,200}\}+|\$\{\{[^}]{0,200}\}\}|"
    r"\$\((?:inputs|outputs|params|parameters)\.[^)]{0,200}\)|"
    r"\{\{\s{0,9}(?:inputs|outputs)\.[^}]{0,200}\}\}|"
    r"\{(?:inputValue|inputPath|outputPath)\s{0,9}:[^}]{0,200}\}"
)

Port = Input | Output


def words(
    reader: Reader, parts: Fields, inputs: tuple[Input, ...], outputs: tuple[Output, ...]
) -> None:
    """What is wrong with the words of `command`, `args` and `env` as written."""
    listed = [*reader.items(parts, "command"), *reader.items(parts, "args")]
    for node in listed:
        if isinstance(node, Scalar) and (match := _FOREIGN.search(node.text)):
            _placeholder_as_text(reader, node, match[0], inputs, outputs)
    env = parts["env"][1] if "env" in parts else None
    for key, _ in env.pairs if isinstance(env, nodes.Mapping) else ():
        if not _ENV.fullmatch(key.text):
            message = f"`{key.text}` is not a name for an environment variable"
            help = "a name holds letters, digits and _, and starts with no digit"
            reader.report("E716", message, key.span, help)


def _placeholder_as_text(
    reader: Reader, node: Scalar, text: str, inputs: tuple[Input, ...], outputs: tuple[Output, ...]
) -> None:
    """E717: a placeholder is written as text."""
    named = re.findall(r"[A-Za-z_]\w*", text)
    ports: list[Port] = [*inputs, *outputs]
    port = next((port for port in ports if port.name in named), None)
    help = "write a placeholder as a mapping, as {inputValue: NAME}"
    if port is not None:
        help = f"write {{{_kind(port)}: {port.name}}}"
    message = f"`{text}` is text here: only some platforms would replace it, or none"
    reader.report("E717", message, node.span, help)


def _kind(port: Port) -> str:
    if isinstance(port, Output):
        return "outputPath"
    from_value = types.is_parameter(port.type)
    return "inputValue" if from_value else "inputPath"


def flags(reader: Reader, fields: Fields, ports: dict[str, Port], name: str) -> None:
    """E715: a flag that the runtime does not take, or one that goes with another port.

    fields  of the spec; nothing is wrong with them so far
    name    the component's, or "" where its folder does not name it (W705)
    """
    container = _member(fields["implementation"][1], "container")
    listed = [*_items(_member(container, "command")), *_items(_member(container, "args"))]
    texts = [node.text if isinstance(node, Scalar) else "" for node in listed]
    if RUNTIME not in texts:
        return
    at = texts.index(RUNTIME) + 1
    if name and at < len(texts) and texts[at] and texts[at] != name:
        message = f"the command runs component `{texts[at]}`, and this one is `{name}`"
        help = f"write {name}: a component is called as its folder is"
        reader.report("W705", message, listed[at].span, help)
    rest = listed[at + 1 :]
    seen: set[str] = set()
    swapped: set[str] = set()
    while rest:
        flag, *rest = rest
        if not isinstance(flag, Scalar):
            held = _named(flag)
            if held is not None:
                help = f'write "--{held}" before it'
                reader.report("E715", "a value stands here without its flag", flag.span, help)
            continue
        written, equals, _ = flag.text.removeprefix("--").partition("=")
        name = written.replace("-", "_")
        value = None if equals or not rest else rest.pop(0)
        held = _named(value) if value is not None else None
        if name == "executor_input" or (name in ("help", "version") and name not in ports):
            continue
        if name not in ports or not flag.text.startswith("--"):
            near = held if held in ports else suggest(name.lstrip("_"), ports)
            message = f"`{flag.text}` is not a flag of this component"
            help = f"write --{near}" if near else did_you_mean(name, ports, "flag")
            reader.report("E715", message, flag.span, help)
            seen.add(held or "")
        elif name in seen:
            reader.report("E715", f"`--{name}` is given twice", flag.span, "remove one of them")
        elif held is not None and held != name and held in ports and value is not None:
            message = f"`--{name}` is given the value of `{held}`"
            if f"{held} {name}" not in swapped:  # two that changed places are one mistake
                help = f"write {{{_kind(ports[name])}: {name}}}"
                reader.report("E715", message, value.span, help)
            swapped.add(f"{name} {held}")
        seen.add(name)


def _member(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, nodes.Mapping) else None


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, nodes.Sequence) else ()


def _named(node: Node | None) -> str | None:
    """The port that a placeholder names."""
    pairs = node.pairs if isinstance(node, nodes.Mapping) else ()
    value = pairs[0][1] if len(pairs) == 1 else None
    return value.text if isinstance(value, Scalar) else None


def unused(
    reader: Reader, inputs: tuple[Input, ...], outputs: tuple[Output, ...],
    container: Container, binding: Binding | None,
) -> None:  # fmt: skip
    """What is declared and handed over nowhere."""
    line = (*container.command, *container.args)
    held = {(word.kind[:3], word.name) for word in line if isinstance(word, Placeholder)}
    if not any(isinstance(word, Placeholder) and word.kind == "executorInput" for word in line):
        for output in outputs:
            if output.name and ("out", output.name) not in held:
                message = f"no argument says where output `{output.name}` is to be written"
                help = f'add "--{output.name}", {{outputPath: {output.name}}} to `args:`'
                reader.report("E718", message, output.span, help)
        bound = set(_bound(binding))
        for item in inputs:
            if item.name and ("inp", item.name) not in held and item.name not in bound:
                message = f"no argument hands over input `{item.name}`: its value goes nowhere"
                help = f'add "--{item.name}", {{{_kind(item)}: {item.name}}} to `args:`'
                reader.report("W704", message, item.span, help)


def _bound(binding: Binding | None) -> Iterator[str]:
    """The inputs that a SageMaker binding reads."""
    waiting = [step.arguments for step in binding.steps] if binding is not None else []
    stack: list[object] = list(waiting)
    while stack:
        match stack.pop():
            case dict() as mapping:
                stack.extend(mapping.values())
            case list() as items:
                stack.extend(items)
            case Template(parts=parts):
                for part in parts:
                    if isinstance(part, Name) and part.path[0] == "inputs" and len(part.path) > 1:
                        yield part.path[1]
