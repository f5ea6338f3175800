"""A values file by itself: its document in, what is wrong whatever it is laid over out."""

from __future__ import annotations

from collections.abc import Mapping

from isodag.diagnostics import Diagnostic
from isodag.frontend import nodes, schema
from isodag.frontend.definition import TargetBlocks
from isodag.frontend.nodes import Node
from isodag.frontend.reader import Fields, Reader, header
from isodag.frontend.schema import Key


def check(node: Node, targets: Mapping[str, tuple[Key, ...]]) -> list[Diagnostic]:
    """Its keys, their kinds and its expressions; names need the definition it is laid over.

    targets  the keys of each target's own block, by target name
    """
    reader = Reader()
    if not header(reader, node, "Values"):
        return reader.diagnostics
    fields = reader.fields(node, schema.VALUES, "a values file")
    blocks = TargetBlocks(reader, targets)
    for part in ("vars", "parameters"):
        for _, value in _entries(fields, part):
            reader.written(value)
    for name, value in (*_entries(fields, "steps"), *_entries(fields, "finally")):
        inner = reader.fields(value, schema.STEP_VALUES, f"a values file's step `{name}`")
        for key, (_, block) in inner.items():
            if key != "targets":
                reader.setting(block, key)
        if "targets" in inner:
            blocks.read(inner["targets"][1], "step")
    if "targets" in fields:
        blocks.read(fields["targets"][1], "pipeline")
    return reader.diagnostics


def _entries(fields: Fields, part: str) -> list[tuple[str, Node]]:
    node = fields[part][1] if part in fields else None
    pairs = node.pairs if isinstance(node, nodes.Mapping) else ()
    return [(key.text, value) for key, value in pairs if not key.text.startswith("x-")]
