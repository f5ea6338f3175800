"""`--help`: a component's spec as a page of text."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from isodag.runtime.discovery import Found, places
from isodag.runtime.errors import ComponentError, one_line
from isodag.runtime.spec import METADATA_TYPES, Input, Output, Spec, read
from isodag.runtime.values import render

_LABEL = 24  # columns of the left side of an entry


def width() -> int:
    """Columns to fill: $COLUMNS or the terminal's, 40 to 100; 80 where nothing is known."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and len(columns) < 6:
        found = int(columns)
    else:
        try:
            found = os.get_terminal_size(1).columns
        except (OSError, ValueError):
            found = 80
    return min(max(found, 40), 100)


def page(spec: Spec, program: str, found_by: str, columns: int) -> str:
    """The whole manual of a component.

    program   the command as the user wrote it, with the component's name
    found_by  by which rule its folder was found; empty when main.py itself is run
    """
    blocks = [_filled(f"{spec.name} {spec.version}: {one_line(spec.title)}", columns)]
    blocks += [_filled(part, columns) for part in spec.description.split("\n\n") if part.strip()]
    blocks.append(_usage(spec, program, columns))
    artifacts = [(f"--{item.name} PATH", _artifact(item)) for item in spec.artifacts]
    blocks += _group("Input artifacts, each a file or a folder:", artifacts, columns)
    parameters = [(f"--{item.name} {_noun(item)}", _parameter(item)) for item in spec.parameters]
    blocks += _group("Parameters:", parameters, columns)
    products = [(f"--{item.name} PATH", _sentence(item)) for item in spec.products]
    blocks += _group("Output artifacts, each a path to write:", products, columns)
    scalars = [(f"--{item.name} FILE", _sentence(item)) for item in spec.scalars]
    title = "Output values, each written to a file as text where its flag is given:"
    blocks += _group(title, scalars, columns)
    if any(item.type in METADATA_TYPES for item in spec.products):
        text = "KFP's executor input; sets the metadata of the metrics outputs."
        blocks += _group("Kubeflow Pipelines:", [("--executor-input JSON", text)], columns)
    blocks.append("Example:\n  " + _example(spec, program))
    by = f", by {found_by}" if found_by else ""
    blocks.append(_filled(f"Found in {spec.folder}{by}.", columns))
    return "\n\n".join(blocks) + "\n"


def contents(components: Mapping[str, Found], columns: int) -> str:
    """What `python3 -m isodag.runtime` shows alone: every component with its first line."""
    head = "usage: python3 -m isodag.runtime COMPONENT --name value …\n"
    head += "       python3 -m isodag.runtime COMPONENT --help\n"
    if not components:
        looked = ", ".join(str(place.folder) for place in places())
        return head + "\n" + _filled(f"No components in {looked}.", columns) + "\n"
    return head + "\n" + "\n".join(_group("Components:", [*_lines(components)], columns)) + "\n"


def _lines(components: Mapping[str, Found]) -> Iterable[tuple[str, str]]:
    for name, found in components.items():
        try:
            yield name, _first_sentence(read(found.folder))
        except ComponentError as error:
            yield name, f"cannot be read: {error}"


def _first_sentence(spec: Spec) -> str:
    text = one_line(spec.description) or one_line(spec.title)
    return re.split(r"(?<=[.!?]) ", text, maxsplit=1)[0]


# --- blocks ----------------------------------------------------------------------------------


def _usage(spec: Spec, program: str, columns: int) -> str:
    words = [f"--{item.name}\0PATH" for item in spec.artifacts if not item.optional]
    words += [f"--{item.name}\0{_noun(item)}" for item in spec.parameters if not item.optional]
    words += [f"--{item.name}\0PATH" for item in spec.products]
    if any(item.optional for item in spec.inputs):
        words.append("[PARAMETERS]")
    lines = textwrap.wrap(
        " ".join([program.replace(" ", "\0"), *words]), columns, initial_indent="usage: ",
        subsequent_indent=" " * 9, break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return "\n".join(lines).replace("\0", " ")


def _group(title: str, entries: Sequence[tuple[str, str]], columns: int) -> list[str]:
    lines = [_filled(title, columns)]
    for label, text in entries:
        body = textwrap.wrap(one_line(text), columns - _LABEL - 2, break_on_hyphens=False) or [""]
        if len(label) >= _LABEL:
            lines.append(f"  {label}")
        else:
            lines.append(f"  {label:<{_LABEL}}{body.pop(0)}".rstrip())
        lines += [" " * (_LABEL + 2) + line for line in body]
    return ["\n".join(lines)] if entries else []


def _filled(text: str, columns: int) -> str:
    line = " ".join(text.split())
    return textwrap.fill(line, columns, break_on_hyphens=False, break_long_words=False)


def _example(spec: Spec, program: str) -> str:
    words = [f"--{item.name} in/{item.name}" for item in spec.artifacts if not item.optional]
    shown = [item for item in spec.parameters if not item.optional]
    shown += [item for item in spec.parameters if item.optional][: 0 if shown else 1]
    words += [f"--{item.name} {_quoted(_sample(item))}" for item in shown]
    words += [f"--{item.name} out/{item.name}" for item in spec.products]
    return " ".join([program, *words])


# --- words -----------------------------------------------------------------------------------


def _noun(item: Input) -> str:
    return "JSON" if item.type.startswith("Json") else item.type.upper()


def _sentence(port: Input | Output) -> str:
    text = one_line(port.description)
    return f"{port.type}. {text}" if text else f"{port.type}."


def _artifact(item: Input) -> str:
    text = _sentence(item)
    if item.type == "Model":
        text += " A folder, model.tar.gz or hf://org/name[@revision]."
    return text + (" May be left out." if item.optional else "")


def _parameter(item: Input) -> str:
    facts = [*_limits(item)]
    if item.has_default:
        shown = render(item.default)
        facts.append(f"default {shown}" if shown else "default empty")
    elif item.optional:
        facts.append("may be left out")
    text = one_line(item.description)
    note = "; ".join([item.type, *facts])
    return f"{text} ({note})" if text else note


def _limits(item: Input) -> Iterable[str]:
    low, high = item.constraints.get("minimum"), item.constraints.get("maximum")
    if low is not None and high is not None:
        yield f"{render(low)} to {render(high)}"
    elif low is not None:
        yield f"at least {render(low)}"
    elif high is not None:
        yield f"at most {render(high)}"
    if "enum" in item.constraints:
        yield "one of " + ", ".join(render(value) for value in item.constraints["enum"])
    if "pattern" in item.constraints:
        yield f"matching {item.constraints['pattern']}"
    if "format" in item.constraints:
        yield f"format {item.constraints['format']}"


def _sample(item: Input) -> str:
    if item.has_default:
        return render(item.default)
    if "enum" in item.constraints:
        return render(item.constraints["enum"][0])
    plain = {"String": "TEXT", "Integer": 1, "Float": 0.5, "Boolean": True,
             "JsonObject": {}, "JsonArray": []}[item.type]  # fmt: skip
    return render(item.constraints.get("minimum", item.constraints.get("maximum", plain)))


def _quoted(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_./:@%+=,-]+", text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"
