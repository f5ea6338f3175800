"""Nodes to syntax tree: a DAG file's document in, its Definition out."""

from __future__ import annotations

from collections.abc import Mapping

from isodag.diagnostics import Diagnostic, Related
from isodag.expressions import Template
from isodag.frontend import nodes, repeats, schema
from isodag.frontend.nodes import Node, Scalar
from isodag.frontend.reader import (
    MAX_PORTS,
    MAX_STEPS,
    PIPELINE_NAME,
    RESERVED,
    Reader,
    header,
)
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

_OWN_NAMES = ("vars", "parameters", "conditions", "steps", "finally")


def read(
    node: Node, path: str, targets: Mapping[str, tuple[Key, ...]]
) -> tuple[Definition | None, list[Diagnostic]]:
    """The definition in a document; None when it is no pipeline at all.

    targets  the keys of each target's own block, by target name
    """
    reader = Reader(_homes(targets))
    if not header(reader, node, "Pipeline"):
        return None, reader.diagnostics
    fields = reader.fields(node, schema.PIPELINE, "a pipeline")
    name = reader.word(fields["name"][1]) if "name" in fields else Word("", node.span)
    if "name" in fields and isinstance(fields["name"][1], Scalar):
        reader.identifier(fields["name"][1], PIPELINE_NAME, "a pipeline")

    def part(key: str) -> Node | None:
        return fields[key][1] if key in fields else None

    blocks = TargetBlocks(reader, targets)
    definition = Definition(
        path=path,
        name=name,
        description=reader.text(fields, "description"),
        vars=_vars(reader, part("vars")),
        parameters=tuple(
            _parameter(reader, word, value)
            for word, value in reader.entries(part("parameters"), "a parameter", most=MAX_PORTS)
        ),
        conditions=tuple(
            reader.condition(word, value)
            for word, value in reader.entries(part("conditions"), "a condition", RESERVED)
        ),
        steps=_steps(reader, part("steps"), part("finally"), blocks),
        outputs=tuple(
            OutputDef(word, reader.written(value))
            for word, value in reader.entries(part("outputs"), "an output")
        ),
        defaults=_settings(reader, part("defaults"), schema.SETTINGS, "`defaults`"),
        targets=blocks.read(part("targets"), "pipeline"),
        unread=frozenset(fields.unread | reader.unsure(fields, *_OWN_NAMES)),
        mentions=tuple(reader.mentions),
    )
    if "steps" in fields and not any(not step.last for step in definition.steps):
        help = "add one: `NAME: {component: NAME@1}`"
        reader.report("E109", "a pipeline has no steps", fields["steps"][0].span, help)
    return definition, reader.diagnostics


def _doubled(node: Node | None) -> bool:
    return isinstance(node, nodes.Mapping) and node.doubled


def _homes(targets: Mapping[str, tuple[Key, ...]]) -> dict[str, str]:
    """The target's block in which a key has its place, for keys that one target alone has."""
    found: dict[str, str] = {}
    shared = set()
    for target, keys in targets.items():
        for key in keys:
            if key.name in found:
                shared.add(key.name)
            found[key.name] = f"targets.{target}"
    return {name: place for name, place in found.items() if name not in shared}


def _vars(reader: Reader, node: Node | None) -> tuple[Var, ...]:
    found = []
    for word, value in reader.entries(node, "a variable"):
        if isinstance(value, Scalar) and value.value is None:
            message = f"variable `{word.text}` has no value"
            reader.report("E108", message, value.span, 'for empty text write ""')
            found.append(Var(word, Template((), value.span)))
        else:
            written = reader.written(value)
            items = value.items if isinstance(value, nodes.Sequence) else ()
            listed = tuple(map(reader.tree, items)) if isinstance(written, Datum) else ()
            found.append(Var(word, written, listed))
    return tuple(found)


def _parameter(reader: Reader, name: Word, node: Node) -> ParameterDef:
    fields = reader.fields(node, schema.PARAMETER, f"parameter `{name.text}`")
    constraints = {
        key.name: Datum(nodes.plain_data(fields[key.name][1]), fields[key.name][1].span)
        for key in schema.CONSTRAINTS
        if key.name in fields
    }
    enum = fields["enum"][1] if "enum" in fields else None
    return ParameterDef(
        name=name,
        type=reader.word(fields["type"][1]) if "type" in fields else Word("", name.span),
        description=reader.text(fields, "description"),
        default=reader.written(fields["default"][1]) if "default" in fields else None,
        constraints=constraints,
        keys={name: key.span for name, (key, _) in fields.items()},
        allowed=tuple(i.span for i in enum.items) if isinstance(enum, nodes.Sequence) else (),
    )


def _steps(
    reader: Reader, steps: Node | None, last: Node | None, blocks: TargetBlocks
) -> tuple[StepDef, ...]:
    """The steps under `steps:`, and those under `finally:` whose names are not taken."""
    found = {
        word.text: _step(reader, word, value, blocks)
        for word, value in reader.entries(steps, "a step", most=MAX_STEPS)
    }
    for word, value in reader.entries(last, "a step", most=MAX_STEPS):
        step = _step(reader, word, value, blocks, last=True)
        if word.text in found:
            message = f"there is a step `{word.text}` already, under `steps:`"
            related = (Related("it stands here", found[word.text].name.span),)
            found_twice = Diagnostic("E229", message, word.span, "choose another name", related)
            reader.diagnostics.append(found_twice)
        else:
            found[word.text] = step
    return tuple(found.values())


def _step(
    reader: Reader, name: Word, node: Node, blocks: TargetBlocks, last: bool = False
) -> StepDef:
    fields = reader.fields(node, schema.STEP, f"step `{name.text}`")
    reader.step = name.text

    def part(key: str) -> Node | None:
        return fields[key][1] if key in fields else None

    inputs = part("inputs")
    pairs = inputs.pairs if isinstance(inputs, nodes.Mapping) else ()
    when, after, fail = part("when"), part("after"), part("fail")
    settings = {
        key.name: reader.setting(fields[key.name][1], key.name)
        for key in schema.SETTINGS
        if key.name in fields
    }
    step = StepDef(
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
        unread=frozenset(fields.unread | ({"inputs"} if _doubled(inputs) else set())),
        foreach=repeats.foreach(reader, part("foreach")),
        secrets=_secrets(reader, part("secret_env")),
        pick=repeats.pick(reader, part("pick")),
        last=last,
        description=reader.text(fields, "description"),
    )
    reader.step = ""
    return step


def _secrets(reader: Reader, node: Node | None) -> tuple[Entry, ...]:
    pairs = node.pairs if isinstance(node, nodes.Mapping) else ()
    return tuple(
        Entry(Word(key.text, key.span), reader.written(value))
        for key, value in pairs
        if not key.text.startswith("x-") and reader.fits(value, "string", f"`{key.text}`")
    )


def _settings(
    reader: Reader, node: Node | None, keys: tuple[Key, ...], what: str
) -> dict[str, Tree]:
    if node is None:
        return {}
    fields = reader.fields(node, keys, what)
    return {key: reader.setting(value, key) for key, (_, value) in fields.items()}


class TargetBlocks:
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
