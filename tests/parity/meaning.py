"""What a SageMaker pipeline definition means: JSON in, a tree that two writers of one pipeline share.

Left out of the meaning, and nothing else: the order of steps, parameters, members and of lists whose
items have names; the places in S3 that outputs are written to (`<place>`); null, `{}` and `[]`; how
text is cut into the parts of a `Std:Join`; blanks in text that is JSON; whether an edge is said in `DependsOn` or follows from a
reference.  Names are compared after our names have been put in the place of theirs.

Nothing of isodag or of the SDK is imported.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Tree = Any  # nested dicts; leaves are text, numbers, booleans, and lists of text
Path = tuple[str, ...]

# what tells the items of a list apart, where they have names
_KEYS = ("InputName", "PropertyFileName", "OutputName", "ChannelName", "DefinitionName", "Name",
         "Key", "VariantName")  # fmt: skip
# members that say where a step writes: the last two words of their paths
PLACES = {
    ("S3Output", "S3Uri"), ("OutputDataConfig", "S3OutputPath"), ("TransformOutput", "S3OutputPath"),
}  # fmt: skip
_BRANCHES = ("IfSteps", "ElseSteps")


@dataclass(frozen=True)
class Names:
    """Theirs for ours: names of steps and of parameters; by step of ours, of Processing inputs."""

    steps: Mapping[str, str]
    parameters: Mapping[str, str]
    inputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Unnamed(Exception):
    """A step or parameter of ours that no name of theirs is given for."""


SAME = Names({}, {})


def of(definition: Mapping[str, Any], names: Names = SAME) -> Tree:
    """The meaning of a definition, under `names` where some are given.  Raises Unnamed."""
    placed = list(_walk(definition["Steps"]))
    types = {item["Name"]: item["Type"] for item in definition["Parameters"]}
    reader = _Reader(names, types, _places(placed))
    parameters = {}
    for item in definition["Parameters"]:
        rest = {key: value for key, value in item.items() if key != "Name"}
        parameters[reader.name(item["Name"], names.parameters)] = reader.tree(rest, ())
    return {
        "Version": definition["Version"],
        "PipelineExperimentConfig": reader.tree(definition["PipelineExperimentConfig"], ()),
        "Parameters": parameters,
        "Steps": {
            reader.name(step["Name"], names.steps): reader.step(step, around)
            for step, around in placed
        },
    }


def _walk(
    steps: list[dict[str, Any]], around: tuple[str, ...] = ()
) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """Every step with the branches around it, as `Condition step: IfSteps`."""
    for step in steps:
        yield step, around
        if step["Type"] == "Condition":
            for side in _BRANCHES:
                inside = (*around, step["Name"], side)
                yield from _walk(step["Arguments"].get(side, []), inside)


def _places(placed: list[tuple[dict[str, Any], tuple[str, ...]]]) -> dict[str, str]:
    """The property of each place that a step writes to, by the place as text.

    What two steps write to is nobody's.
    """
    found: dict[str, str] = {}
    shared = set()
    for step, _ in placed:
        own: dict[str, str] = {}  # of what a step writes to twice, the first
        for path, place in _written(step["Arguments"], ()):
            own.setdefault(_plain(place), f"Steps.{step['Name']}.{path}")
        shared |= own.keys() & found.keys()
        found |= own
    return {text: path for text, path in found.items() if text not in shared}


def _written(node: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """Where a request writes: the path as a property has it, and the place."""
    if path[-2:] in PLACES:
        yield _property(path), node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if key not in _BRANCHES:
                yield from _written(value, (*path, key))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _written(item, (*path, f"[{index}]"))


def _property(path: Path) -> str:
    return ".".join(path).replace(".[", "[")


def _plain(node: Any) -> str:
    """Text as one piece, references as `${…}`; not under other names."""
    if isinstance(node, Mapping) and "Get" in node:
        return f"${{{node['Get']}}}"
    if isinstance(node, Mapping) and "Std:Join" in node:
        join = node["Std:Join"]
        return str(join["On"]).join(_plain(part) for part in join["Values"])
    return str(node)


class _Reader:
    def __init__(self, names: Names, types: Mapping[str, str], places: Mapping[str, str]) -> None:
        self.names, self.types, self.places = names, types, places

    def name(self, name: str, given: Mapping[str, str]) -> str:
        if not given:
            return name
        if name not in given:
            raise Unnamed(name)
        return given[name]

    def step(self, step: Mapping[str, Any], around: tuple[str, ...]) -> Tree:
        """A step: what it is, what it waits for, and the branches that it stands in."""
        step = _renamed(step, self.names.inputs.get(step["Name"], {}))
        body = {key: value for key, value in step.items() if key not in ("Name", "DependsOn")}
        if step["Type"] == "Condition":
            body["Arguments"] = {"Conditions": step["Arguments"]["Conditions"]}
        made = self.tree(body, ())
        own = {key: value for key, value in step["Arguments"].items() if key not in _BRANCHES}
        beside = [value for key, value in step.items() if key != "Arguments"]
        waits = {*step.get("DependsOn", ()), *_read([own, *beside])}
        made["waits for"] = sorted(self.name(name, self.names.steps) for name in waits)
        made["stands in"] = [
            word if word in _BRANCHES else self.name(word, self.names.steps) for word in around
        ]
        return made

    def tree(self, node: Any, path: Path) -> Tree:
        """A piece of a definition; what says nothing is left out."""
        if path[-2:] in PLACES:
            return "<place>"
        if isinstance(node, Mapping):
            if "Get" in node or "Std:Join" in node or "Std:JsonGet" in node:
                return self.value(node)
            kept = {key: self.tree(value, (*path, key)) for key, value in node.items()}
            return {key: value for key, value in kept.items() if value not in (None, {}, [])}
        if isinstance(node, list):
            return self.items(node, path)
        if isinstance(node, str) and node.startswith("{"):
            return _json(node)
        return node

    def items(self, node: list[Any], path: Path) -> Tree:
        """A list by the names of its items, else by their numbers."""
        if path[-1:] == ("RetryPolicies",):
            return {
                cause: self.tree({k: v for k, v in item.items() if k != "ExceptionType"}, ())
                for item in node
                for cause in item["ExceptionType"]
            }
        if path[-1:] == ("Conditions",):  # all of them, or any: either way in any order
            node = sorted(node, key=lambda item: json.dumps(self.tree(item, ()), sort_keys=True))
        made = {}
        for index, item in enumerate(node):
            keys = [key for key in _KEYS if isinstance(item, Mapping) and key in item]
            named = keys and isinstance(item[keys[0]], str)
            label = str(item[keys[0]]) if named else f"[{index}]"
            while label in made:
                label += "'"
            made[label] = self.tree(item, (*path, f"[{index}]"))
        return made

    def value(self, node: Mapping[str, Any]) -> Tree:
        """A reference, or text with some in it."""
        if "Get" in node:
            return {"Get": self.reference(node["Get"])}
        if "Std:JsonGet" in node:
            inner = node["Std:JsonGet"]
            source = inner.get("PropertyFile") or inner.get("S3Uri")
            return {"JsonGet": self.tree(source, ()), "Path": inner["Path"]}
        parts = self.parts(node)
        alone = parts[0] if len(parts) == 1 else None
        if isinstance(alone, Mapping) and self.is_text(alone):
            return alone
        text = "".join(part if isinstance(part, str) else _shown(part) for part in parts)
        return {"text": self.placed(text)}

    def parts(self, node: Any) -> list[Any]:
        """The pieces of a text, joined text within it opened up."""
        if not (isinstance(node, Mapping) and "Std:Join" in node):
            return [self.tree(node, ()) if isinstance(node, Mapping) else str(node)]
        join, found = node["Std:Join"], []
        for index, value in enumerate(join["Values"]):
            if index and join["On"]:
                found.append(str(join["On"]))
            found += self.parts(value)
        return [part for part in found if part != ""]

    def is_text(self, value: Mapping[str, Any]) -> bool:
        """Whether a reference is text by itself, so that a Join around it changes nothing."""
        name = str(value.get("Get", ""))
        if name.startswith("Parameters."):
            types = {self.name(k, self.names.parameters): t for k, t in self.types.items()}
            return types.get(name.removeprefix("Parameters.")) == "String"
        return name.startswith("Execution.")

    def reference(self, path: str) -> str:
        """`Steps.…`, `Parameters.…` or `Execution.…`, under the names that are compared."""
        root, _, rest = path.partition(".")
        if root == "Parameters":
            return f"Parameters.{self.name(rest, self.names.parameters)}"
        if root == "Steps":
            step, _, member = rest.partition(".")
            return f"Steps.{self.name(step, self.names.steps)}.{member}"
        return path

    def placed(self, text: str) -> str:
        """The text, a place that it begins with called by the step that writes there."""
        for place, path in self.places.items():
            own = f"${{{self.reference(path)}}}"
            if "${" not in place and (text == place or text.startswith(f"{place}/")):
                return own + text.removeprefix(place)
        return text


def _renamed(step: Mapping[str, Any], inputs: Mapping[str, str]) -> Mapping[str, Any]:
    """The step with other names for its Processing inputs, which nothing refers to."""
    if not inputs:
        return step
    renamed = [
        {**item, "InputName": inputs.get(item["InputName"], item["InputName"])}
        for item in step["Arguments"]["ProcessingInputs"]
    ]
    return {**step, "Arguments": {**step["Arguments"], "ProcessingInputs": renamed}}


def _json(text: str) -> Tree:
    """Text that is JSON by what it says; any other as it is."""
    try:
        return {"JSON": json.loads(text)}
    except ValueError:
        return text


def _shown(value: Mapping[str, Any]) -> str:
    if "Get" in value:
        return f"${{{value['Get']}}}"
    return f"${{{value}}}"


def _read(node: Any) -> Iterator[str]:
    """The names of the steps that a piece refers to."""
    if isinstance(node, Mapping):
        name = node.get("Get")
        if isinstance(name, str) and name.startswith("Steps."):
            yield name.split(".")[1]
        for value in node.values():
            yield from _read(value)
    elif isinstance(node, list):
        for item in node:
            yield from _read(item)


def leaves(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every leaf with its path."""
    if isinstance(tree, Mapping) and tree:
        for key, value in tree.items():
            yield from leaves(value, (*path, str(key)))
    else:
        yield path, tree
