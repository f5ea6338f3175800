"""A component as its container needs it: a folder in, the inputs and outputs of its spec out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isodag.runtime import document, patterns, values
from isodag.runtime.errors import ComponentError, quoted
from isodag.runtime.typenames import TYPES, canonical

METADATA_TYPES = ("Metrics", "ClassificationMetrics")  # artifacts that are KFP metadata, in JSON
MAX_BYTES = 2**20

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Input:
    """An input.  `default` is a typed value where `has_default`."""

    name: str
    type: str
    description: str = ""
    optional: bool = False
    has_default: bool = False
    default: Any = None
    constraints: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Output:
    """An output: an artifact by its place, a parameter (a scalar) by its value."""

    name: str
    type: str
    description: str = ""


@dataclass(frozen=True)
class Spec:
    """What `component.yaml` says.

    name    the folder's name, which is the function's name too; `title` is the spec's own name
    folder  where component.yaml and main.py lie
    image   the container image, empty where the spec names none
    """

    name: str
    title: str
    version: str
    description: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    image: str
    folder: Path

    @property
    def names(self) -> list[str]:
        """Of every input and output; no two are alike."""
        return [item.name for item in self.inputs] + [item.name for item in self.outputs]

    @property
    def places(self) -> list[str]:
        """Of every artifact, in the order of the function's arguments."""
        return [item.name for item in self.artifacts] + [item.name for item in self.products]

    @property
    def parameters(self) -> tuple[Input, ...]:
        """The inputs passed by value."""
        return tuple(item for item in self.inputs if is_parameter(item.type))

    @property
    def artifacts(self) -> tuple[Input, ...]:
        """The inputs passed by place."""
        return tuple(item for item in self.inputs if not is_parameter(item.type))

    @property
    def scalars(self) -> tuple[Output, ...]:
        """The outputs that the function returns."""
        return tuple(item for item in self.outputs if is_parameter(item.type))

    @property
    def products(self) -> tuple[Output, ...]:
        """The outputs that the function writes: artifacts."""
        return tuple(item for item in self.outputs if not is_parameter(item.type))


def is_parameter(type_name: str) -> bool:
    """Whether values of the type are passed by value."""
    return type_name in values.PARAMETER_TYPES


def read(folder: Path) -> Spec:
    """The spec in a component's folder.  Raises ComponentError, one line that names the file."""
    path = folder / "component.yaml"
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ComponentError(f"{path}: larger than {MAX_BYTES} bytes")
        tree = document.read(data.decode("utf-8-sig"))
        return _spec(folder, _mapping(tree, "the document"))
    except OSError as error:
        raise ComponentError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    except UnicodeDecodeError as error:
        raise ComponentError(f"{path}: byte {error.start} is not UTF-8") from None
    except document.BadDocument as error:
        raise ComponentError(f"{path}:{error}") from None
    except _Unfit as error:
        raise ComponentError(f"{path}: {error}") from None


class _Unfit(ValueError):
    """YAML that is not a component spec."""


def _spec(folder: Path, tree: Mapping[str, Any]) -> Spec:
    metadata = _mapping(tree.get("metadata"), "`metadata`")
    annotations = _mapping(metadata.get("annotations"), "`metadata.annotations`")
    implementation = _mapping(tree.get("implementation"), "`implementation`")
    container = _mapping(implementation.get("container"), "`implementation.container`")
    inputs = tuple(_input(item) for item in _items(tree, "inputs"))
    outputs = tuple(_output(item) for item in _items(tree, "outputs"))
    name = folder.resolve().name
    spec = Spec(
        name=name,
        title=_text(tree, "name") or name,
        version=_text(annotations, "version") or "0.0.0",
        description=_text(tree, "description"),
        inputs=inputs,
        outputs=outputs,
        image=_text(container, "image"),
        folder=folder,
    )
    if twice := [name for name, times in Counter(spec.names).items() if times > 1]:
        raise _Unfit(f"`{twice[0]}` names two of its inputs and outputs")
    return spec


def _input(item: Mapping[str, Any]) -> Input:
    name, type_name = _name(item), _type(item)
    constraints = _constraints(item, name, type_name)
    optional = item.get("optional") is True or "default" in item
    if "default" not in item:
        return Input(
            name, type_name, _text(item, "description"), optional, False, None, constraints
        )
    given = item["default"]
    try:
        if not is_parameter(type_name):
            raise values.BadValue("an artifact has none")
        written = isinstance(given, str)
        default = values.parse(type_name, given) if written else values.admit(type_name, given)
        if reason := values.violation(default, constraints):
            raise values.BadValue(reason)
    except values.BadValue as error:
        raise _Unfit(f"default of input `{name}`: {error}") from None
    return Input(name, type_name, _text(item, "description"), True, True, default, constraints)


def _output(item: Mapping[str, Any]) -> Output:
    return Output(_name(item), _type(item), _text(item, "description"))


def _name(item: Mapping[str, Any]) -> str:
    name = _text(item, "name")
    if not _NAME.fullmatch(name):
        raise _Unfit(f"the name {quoted(name)}: write lower-case letters, digits and _")
    return name


def _type(item: Mapping[str, Any]) -> str:
    written = item.get("type")
    known = canonical(written) if isinstance(written, str) else None
    if known is None:
        shown = quoted(written) if isinstance(written, str) else "nothing"
        types = ", ".join(TYPES)
        raise _Unfit(f"`{item['name']}` has as type {shown}, not one of {types}")
    return known


def _constraints(item: Mapping[str, Any], name: str, type_name: str) -> dict[str, Any]:
    found = {}
    for word, limit in _mapping(item.get("annotations"), f"`annotations` of `{name}`").items():
        if word not in ("minimum", "maximum", "enum", "pattern", "format"):
            continue  # annotations are free: other tools keep theirs here
        if not _sensible(word, limit, type_name):
            raise _Unfit(f"`{word}` of input `{name}` does not suit type {type_name}")
        found[word] = limit
    return found


def _sensible(word: str, limit: Any, type_name: str) -> bool:
    if word in ("minimum", "maximum"):
        return type(limit) in (int, float) and type_name in ("Integer", "Float")
    if word == "enum":
        return isinstance(limit, list) and limit != [] and all(_is(type_name, x) for x in limit)
    if word == "pattern" and isinstance(limit, str):
        return type_name == "String" and patterns.problem(limit) is None
    return isinstance(limit, str)


def _is(type_name: str, value: Any) -> bool:
    try:
        values.admit(type_name, value)
    except values.BadValue:
        return False
    return True


def _mapping(data: Any, what: str) -> Mapping[str, Any]:
    if data is None and what != "the document":
        return {}
    if not isinstance(data, dict):
        raise _Unfit(f"{what} is not a mapping")
    return data


def _items(tree: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    listed = tree.get(key)
    if listed is None:
        return []
    if not isinstance(listed, list):
        raise _Unfit(f"`{key}` is not a list")
    return [_mapping(item if item is not None else "", f"an item of `{key}`") for item in listed]


def _text(tree: Mapping[str, Any], key: str) -> str:
    value = tree.get(key)
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise _Unfit(f"`{key}` is not text")
    return value if isinstance(value, str) else values.render(value)
