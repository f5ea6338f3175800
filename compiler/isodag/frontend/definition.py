"""Nodes to syntax tree: a DAG file's document in, its Definition out."""

from __future__ import annotations

from collections.abc import Mapping

from isodag.diagnostics import Diagnostic
from isodag.expressions import Template
from isodag.frontend import nodes, schema
from isodag.frontend.nodes import Node, Scalar
from isodag.frontend.reader import PIPELINE_NAME, RESERVED, Reader, header
from isodag.frontend.schema import Key
from isodag.frontend.syntax import (
    Datum,
    Definition,
    Entry,
    OutputDef,
    ParameterDef,
    StepDef,
    Tree,
    Var,
    Word,
)


def read(
    node: Node, path: str, targets: Mapping[str, tuple[Key, ...]]
) -> tuple[Definition | None, list[Diagnostic]]:
    """The definition in a document; None when it is no pipeline at all.

    targets  the keys of each target's own block, by target name
    """
    reader = Reader()
    if not header(reader, node, "Pipeline"):
        return None, reader.diagnostics
    fields = reader.fields(node, schema.PIPELINE, "a pipeline")
    name = reader.word(fields["name"][1]) if "name" in fields else Word("", node.span)
    if "name" in fields and isinstance(fields["name"][1], Scalar):
        reader.identifier(fields["name"][1], PIPELINE_NAME, "a pipeline")

    def part(key: str) -> Node | None:
        return fields[key][1] if key in fields else None

    blocks = _TargetBlocks(reader, targets)
    definition = Definition(
        path=path,
        name=name,
        description=reader.text(fields, "description"),
        vars=_vars(reader, part("vars")),
        parameters=tuple(
            _parameter(reader, word, value)
            for word, value in reader.entries(part("parameters"), "a parameter")
        ),
        conditions=tuple(
            reader.condition(word, value)
            for word, value in reader.entries(part("conditions"), "a condition", RESERVED)
        ),
        steps=tuple(
            _step(reader, word, value, blocks)
            for word, value in reader.entries(part("steps"), "a step")
        ),
        outputs=tuple(
            OutputDef(word, reader.written(value))
            for word, value in reader.entries(part("outputs"), "an output")
        ),
        defaults=_settings(reader, part("defaults"), schema.SETTINGS, "`defaults`"),
        targets=blocks.read(part("targets"), "pipeline"),
        unread=frozenset(fields.unread),
    )
    if "steps" in fields and not definition.steps:
        help = "add one: `NAME: {component: NAME@1}`"
        reader.report("E109", "a pipeline has no steps", fields["steps"][0].span, help)
    return definition, reader.diagnostics


def _vars(reader: Reader, node: Node | None) -> tuple[Var, ...]:
    found = []
    for word, value in reader.entries(node, "a variable"):
        if isinstance(value, Scalar) and value.value is None:
            message = f"variable `{word.text}` has no value"
            reader.report("E108", message, value.span, 'for empty text write ""')
            found.append(Var(word, Template((), value.span)))
        else:
            found.append(Var(word, reader.written(value)))
    return tuple(found)


def _parameter(reader: Reader, name: Word, node: Node) -> ParameterDef:
    fields = reader.fields(node, schema.PARAMETER, f"parameter `{name.text}`")
    constraints = {
        key.name: Datum(nodes.plain_data(fields[key.name][1]), fields[key.name][1].span)
        for key in schema.CONSTRAINTS
        if key.name in fields
    }
    return ParameterDef(
        name=name,
        type=reader.word(fields["type"][1]) if "type" in fields else Word("", name.span),
        description=reader.text(fields, "description"),
        default=reader.written(fields["default"][1]) if "default" in fields else None,
        constraints=constraints,
    )


def _step(reader: Reader, name: Word, node: Node, blocks: _TargetBlocks) -> StepDef:
    fields = reader.fields(node, schema.STEP, f"step `{name.text}`")

    def part(key: str) -> Node | None:
        return fields[key][1] if key in fields else None

    inputs = part("inputs")
    pairs = inputs.pairs if isinstance(inputs, nodes.Mapping) else ()
    when, after, fail = part("when"), part("after"), part("fail")
    settings = {
        key.name: reader.block(fields[key.name][1], schema.SETTING_KEYS[key.name], f"`{key.name}`")
        for key in schema.SETTINGS
        if key.name in fields
    }
    return StepDef(
        name=name,
        component=reader.word(fields["component"][1]) if "component" in fields else None,
        fail=reader.written(fail) if fail is not None else None,
        inputs=tuple(
            Entry(Word(key.text, key.span), reader.written(value))
            for key, value in pairs
            if not key.text.startswith("x-")
        ),
        when=reader.condition(name, when) if when is not None else None,
        after=tuple(
            reader.word(item) for item in after.items if reader.fits(item, "string", "a step")
        )
        if isinstance(after, nodes.Sequence)
        else (),
        settings=settings,
        targets=blocks.read(part("targets"), "step"),
        keys={key: scalar.span for key, (scalar, _) in fields.items()},
        unread=frozenset(fields.unread),
    )


def _settings(
    reader: Reader, node: Node | None, keys: tuple[Key, ...], what: str
) -> dict[str, Tree]:
    if node is None:
        return {}
    fields = reader.fields(node, keys, what)
    return {
        key: reader.block(value, schema.SETTING_KEYS[key], f"`{key}`")
        for key, (_, value) in fields.items()
    }


class _TargetBlocks:
    """Reads `targets:` against the keys that each target declares."""

    def __init__(self, reader: Reader, targets: Mapping[str, tuple[Key, ...]]) -> None:
        self.reader, self.targets = reader, targets

    def read(self, node: Node | None, scope: str) -> dict[str, Tree]:
        if not isinstance(node, nodes.Mapping):
            return {}
        known = tuple(Key(name, "mapping", "") for name in self.targets)
        fields = self.reader.fields(node, known, "`targets`")
        blocks = {}
        for target, (_, block) in fields.items():
            keys = tuple(key for key in self.targets[target] if key.scope in (scope, "both"))
            self._misplaced(block, target, scope)
            names = {key.name for key in self.targets[target]} - {key.name for key in keys}
            blocks[target] = self.reader.block(_without(block, names), keys, f"`targets.{target}`")
        return blocks

    def _misplaced(self, block: Node, target: str, scope: str) -> None:
        other = {key.name for key in self.targets[target] if key.scope not in (scope, "both")}
        for key, _ in block.pairs if isinstance(block, nodes.Mapping) else ():
            if key.text in other:
                place = "a step's" if scope == "pipeline" else "the pipeline's"
                message = f"`{key.text}` belongs in {place} `targets.{target}`"
                self.reader.report("E107", message, key.span, f"move it to {place} own block")


def _without(node: Node, names: set[str]) -> Node:
    if not isinstance(node, nodes.Mapping):
        return node
    pairs = tuple((key, value) for key, value in node.pairs if key.text not in names)
    return nodes.Mapping(pairs, node.source, node.start, node.end, node.size)
