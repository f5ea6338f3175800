"""The keys of our formats in the order of their tables; the user's own names keep theirs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from isodag import editors, spec_binding
from isodag.editors.words import Schema, mapping
from isodag.frontend.schema import Key
from isodag.layout.tree import Collection, Leaf, Node


def form(tree: Collection, targets: dict[str, tuple[Key, ...]]) -> Schema | None:
    """The schema of the format that a document is in; None for one that is none of ours.

    targets  the keys of each target's own block, by target name
    """
    held = {entry.key.value: entry.value for entry in tree.entries if entry.key is not None}
    kind = held.get("kind")
    if "apiVersion" in held or kind is not None:
        name = kind.value if isinstance(kind, Leaf) else ""
        if name == "Pipeline":
            return editors.pipeline([], targets)
        return editors.values(targets) if name == "Values" else None
    if "implementation" in held or ("name" in held and {"inputs", "outputs"} & set(held)):
        return editors.component()
    return _binding() if {"step", "steps"} & set(held) else None


def _binding() -> Schema:
    step = mapping(spec_binding.BINDING_STEP_KEYS)
    steps = {"type": "object", "additionalProperties": step}
    return mapping(spec_binding.BINDING_KEYS, {"steps": steps})


def ordered(tree: Collection, schema: Schema) -> Collection:
    """The document with its keys in order; as it is, where an alias would lose its anchor."""
    header, rest = _header(tree.entries[0].above)
    first, *others = tree.entries
    bare = tree.with_entries([replace(first, above=rest), *others])
    made = _sorted(bare, schema)
    if _bindings(made) != _bindings(bare):
        return tree
    assert isinstance(made, Collection)
    first, *others = made.entries
    rest = first.above
    if rest[:1] == ("",) and header[-1:] in ((), ("",)):
        rest = rest[1:]
    return made.with_entries([replace(first, above=(*header, *rest)), *others])


def _header(above: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The comments that open a file, which belong to no key, and those of its first key."""
    if "" not in above:
        return above, ()
    cut = len(above) - above[::-1].index("")
    return above[:cut], above[cut:]


def _sorted(node: Node, schema: Any) -> Node:
    if isinstance(node, Leaf) or not isinstance(schema, dict):
        return node
    if not node.mapping:
        inner = schema.get("items")
        return node.with_entries([replace(e, value=_sorted(e.value, inner)) for e in node.entries])
    entries = [
        replace(entry, value=_sorted(entry.value, _below(schema, entry.key.value)))
        for entry in node.entries
        if entry.key is not None
    ]
    if schema.get("additionalProperties") is not False or "properties" not in schema:
        return node.with_entries(entries)
    ranks = {name: rank for rank, name in enumerate(schema["properties"])}
    rank, keyed = len(ranks), []
    for entry in reversed(entries):  # a key that is free goes with the known one that it precedes
        assert entry.key is not None
        rank = ranks.get(entry.key.value, rank)
        keyed.append((rank, entry))
    keyed.reverse()
    return node.with_entries([entry for _, entry in sorted(keyed, key=lambda pair: pair[0])])


def _below(schema: Schema, key: str) -> Any:
    """The schema of what stands under a key."""
    properties = schema.get("properties", {})
    if key in properties:
        return properties[key]
    for pattern, found in schema.get("patternProperties", {}).items():
        if re.search(pattern, key):
            return found
    return schema.get("additionalProperties")


def _bindings(node: Node) -> dict[int, int | None]:
    """Which anchored node each alias names, both by where they stand in the file."""
    anchors: dict[str, int] = {}
    found: dict[int, int | None] = {}
    stack: list[Node] = [node]
    while stack:
        current = stack.pop()
        name = re.search(r"&(\S+)", current.props)
        if name is not None:
            anchors[name[1]] = current.start
        if isinstance(current, Collection):
            stack += [entry.value for entry in reversed(current.entries)]
        elif current.style == "*":
            found[current.start] = anchors.get(current.value)
    return found
