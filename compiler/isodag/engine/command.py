"""A component's command line with its placeholders filled in: one argv out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isodag.component import Component, Container, Placeholder
from isodag.engine.artifacts import Artifact
from isodag.runtime.values import render
from isodag.types import is_parameter

_SUFFIXES = {
    "HTML": ".html",
    "Markdown": ".md",
    "Metrics": ".json",
    "ClassificationMetrics": ".json",
}


@dataclass(frozen=True)
class Places:
    """Where a step reads and writes.

    values   text of every input that has a value: a parameter's text, an artifact's path or URI
    files    path of a file holding the text, for inputs that the command wants as a path
    outputs  path to write each output to: an artifact, or the text of a scalar
    """

    values: Mapping[str, str]
    files: Mapping[str, str]
    outputs: Mapping[str, str]


def output_names(component: Component) -> dict[str, str]:
    """The file or folder name of each output: its own name, made safe, with a suffix for viewers.

    Outputs of foreign components may be called anything (`Model URI`, `../x`).
    """
    names: dict[str, str] = {}
    for output in component.outputs:
        stem = re.sub(r"[^A-Za-z0-9_.-]", "_", output.name).lstrip(".") or "_"
        name = stem[:100] + _SUFFIXES.get(output.type, "")
        while name.lower() in (other.lower() for other in names.values()):
            name = "_" + name
        names[output.name] = name
    return names


def texts(inputs: Mapping[str, Any]) -> dict[str, str]:
    """The text of each input that has a value."""
    return {
        name: value.place if isinstance(value, Artifact) else render(value)
        for name, value in inputs.items()
        if value is not None
    }


def wanted_as_files(component: Component) -> tuple[str, ...]:
    """Parameters that the command wants as a path: their text is written to a file."""
    container = component.container
    items = (*container.command, *container.args) if container else ()
    found = dict.fromkeys(
        item.name for item in items if isinstance(item, Placeholder) and item.kind == "inputPath"
    )
    inputs = {item.name: item.type for item in component.inputs}
    return tuple(name for name in found if is_parameter(inputs.get(name, "Artifact")))


def named_outputs(component: Component) -> frozenset[str]:
    """The outputs whose path the command line holds."""
    container = component.container
    items = (*container.command, *container.args) if container else ()
    kinds = ("outputPath", "outputUri")
    return frozenset(
        item.name for item in items if isinstance(item, Placeholder) and item.kind in kinds
    )


def argv(container: Container, places: Places) -> tuple[str, ...]:
    """The command to start.

    `executorInput` (KFP's) and inputs without a value are left out, and the flag before them too.
    """
    return (*_filled(container.command, places), *_filled(container.args, places))


def _filled(items: Iterable[str | Placeholder], places: Places) -> list[str]:
    found: list[str] = []
    flag = False
    for item in items:
        text = item if isinstance(item, str) else _text(item, places)
        if text is not None:
            found.append(text)
        elif flag:
            found.pop()
        flag = isinstance(item, str) and item.startswith("-") and "=" not in item
    return found


def _text(placeholder: Placeholder, places: Places) -> str | None:
    name = placeholder.name
    match placeholder.kind:
        case "inputValue" | "inputUri":
            return places.values.get(name)
        case "inputPath":
            return places.files.get(name, places.values.get(name))
        case "outputPath" | "outputUri":
            return places.outputs[name]
    return None


def write_files(component: Component, values: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Write the parameters that are wanted as files; their paths by input name."""
    paths = {}
    for number, name in enumerate(wanted_as_files(component)):
        if name in values:
            path = folder / f"input-{number}"
            path.write_text(values[name], "utf-8")
            paths[name] = str(path)
    return paths
