"""Nodes to syntax tree: every key checked against the schema, every expression read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from isodag import expressions
from isodag.diagnostics import Diagnostic, did_you_mean
from isodag.frontend import nodes, schema
from isodag.frontend.nodes import Node, Scalar
from isodag.frontend.schema import Key
from isodag.frontend.syntax import (
    ConditionDef, Datum, Definition, Entry, OutputDef, ParameterDef, StepDef, Tree, Var, Word,
    Written,
)  # fmt: skip
from isodag.source import Span

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
PIPELINE_NAME = re.compile(r"[a-z][a-z0-9_-]*")

Fields = Mapping[str, tuple[Scalar, Node]]


class Reader:
    """Collects diagnostics while nodes are taken apart."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def report(
        self, code: str, message: str, span: Span, help: str | None = None
    ) -> None:
        """Note a problem."""
        self.diagnostics.append(Diagnostic(code, message, span, help))

    # --- mappings ---

    def fields(self, node: Node, keys: tuple[Key, ...], what: str) -> Fields:
        """The known keys of a mapping with their values; others are reported, `x-*` are free."""
        if not isinstance(node, nodes.Mapping):
            self.wrong_kind(node, "a mapping", what)
            return {}
        known = {key.name: key for key in keys}
        found = {}
        for key, value in node.pairs:
            if key.text.startswith("x-"):
                continue
            if key.text not in known:
                help = did_you_mean(key.text, known, "key")
                self.report("E107", f"unknown key `{key.text}` in {what}", key.span, help)
            elif self.fits(value, known[key.text].kind, f"`{key.text}`"):
                found[key.text] = (key, value)
        for name, wanted in known.items():
            if wanted.required and node.get(name) is None:
                place = node.pairs[0][0].span if node.pairs else node.span
                self.report("E109", f"{what} has no `{name}`", place, wanted.doc)
        return found

    def fits(self, node: Node, kind: str, what: str) -> bool:
        """Whether a node is of a key's kind; reported when not."""
        if kind == "any":
            return True
        if kind == "mapping":
            right: bool = isinstance(node, nodes.Mapping)
        elif kind == "sequence":
            right = isinstance(node, nodes.Sequence)
        elif not isinstance(node, Scalar) or node.value is None:
            right = False
        else:
            value = node.value
            right = (isinstance(value, str) and expressions.is_template(value)) or {
                "string": isinstance(value, str),
                "duration": isinstance(value, str),
                "size": isinstance(value, str),
                "boolean": isinstance(value, bool),
                "integer": type(value) is int,
                "number": type(value) in (int, float),
            }[kind]
        if not right:
            self.wrong_kind(node, _KINDS[kind], what)
        return right

    def wrong_kind(self, node: Node, wanted: str, what: str) -> None:
        """Report a node of the wrong kind."""
        help = None
        if wanted == "text" and isinstance(node, Scalar) and node.value is not None:
            help = f'quote it: "{node.text}"'
        self.report("E108", f"{what} must be {wanted}, not {nodes.kind(node)}", node.span, help)

    def entries(self, node: Node | None, what: str) -> tuple[tuple[Word, Node], ...]:
        """The pairs of a mapping keyed by the user's own names, each checked as an identifier."""
        if node is None or not isinstance(node, nodes.Mapping):
            return ()
        found = []
        for key, value in node.pairs:
            if key.text.startswith("x-"):
                continue
            self.identifier(key, IDENTIFIER, what)
            found.append((Word(key.text, key.span), value))
        return tuple(found)

    def identifier(self, key: Scalar, pattern: re.Pattern[str], what: str) -> None:
        """Report a name that the language does not allow."""
        if not pattern.fullmatch(key.text):
            allowed = "a-z, 0-9 and _" + (" and -" if pattern is PIPELINE_NAME else "")
            help = f"a name starts with a letter and holds {allowed}"
            self.report("E214", f"`{key.text}` is not a name for {what}", key.span, help)

    # --- values ---

    def text(self, fields: Fields, key: str) -> str:
        """The plain text under a key, or nothing."""
        node = fields[key][1] if key in fields else None
        return str(node.value) if isinstance(node, Scalar) and node.value is not None else ""

    def word(self, node: Node) -> Word:
        """A scalar's text with its place."""
        return Word(node.text if isinstance(node, Scalar) else "", node.span)

    def written(self, node: Node) -> Written:
        """A value: a template where a scalar holds an expression, else plain data."""
        if isinstance(node, Scalar):
            if isinstance(node.value, str) and expressions.is_template(node.value):
                template, problems = expressions.template(node.text, node.within)
                self.diagnostics += problems
                return template or Datum(None, node.span)
            return Datum(node.value, node.span)
        for scalar in nodes.walk(node):
            if isinstance(scalar.value, str) and expressions.is_template(scalar.value):
                message = "an expression cannot stand inside a list or mapping"
                help = "make the whole value one expression, or pass the parts as inputs"
                self.report("E111", message, scalar.span, help)
                return Datum(None, node.span)
        return Datum(nodes.plain_data(node), node.span)

    def tree(self, node: Node) -> Tree:
        """A settings block."""
        match node:
            case Scalar():
                return Tree(self.written(node), node.span)
            case nodes.Sequence(items=items):
                return Tree(tuple(self.tree(item) for item in items), node.span)
            case nodes.Mapping(pairs=pairs):
                kept = [(key, value) for key, value in pairs if not key.text.startswith("x-")]
                value = {key.text: self.tree(value) for key, value in kept}
                return Tree(value, node.span, {key.text: key.span for key, _ in kept})

    def condition(self, name: Word, node: Node) -> ConditionDef:
        """A bare expression; a Boolean scalar (`when: true`) is one too."""
        if not isinstance(node, Scalar) or node.value is None:
            self.wrong_kind(node, "an expression", "a condition")
            return ConditionDef(name, None, "", node.span)
        expression, problems = expressions.condition(node.text, node.within)
        self.diagnostics += problems
        text = re.sub(r"^\$\{\{\s*(.*?)\s*\}\}$", r"\1", " ".join(node.text.split()))
        return ConditionDef(name, expression, text, node.span)


_KINDS = {
    "mapping": "a mapping", "sequence": "a list", "string": "text", "boolean": "true or false",
    "integer": "a whole number", "number": "a number", "duration": "a duration such as 30s or 2h",
    "size": "a size such as 16Gi",
}  # fmt: skip


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
            for word, value in reader.entries(part("conditions"), "a condition")
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
    )
    if "steps" in fields and not definition.steps:
        reader.report("E109", "a pipeline has no steps", fields["steps"][0].span)
    return definition, reader.diagnostics


def header(reader: Reader, node: Node, kind: str) -> bool:
    """Check `apiVersion` and `kind`; false when the document is something else entirely."""
    if not isinstance(node, nodes.Mapping):
        reader.wrong_kind(node, "a mapping", "the file")
        return False
    wanted = {"apiVersion": schema.API_VERSION, "kind": kind}
    good = True
    for key, value in wanted.items():
        found = node.get(key)
        if isinstance(found, Scalar) and found.text != value:
            message = f"`{key}` is `{found.text}`, not `{value}`"
            reader.report("E112", message, found.span, f"write `{key}: {value}`")
            good = False
    return good


def _vars(reader: Reader, node: Node | None) -> tuple[Var, ...]:
    return tuple(
        Var(word, reader.written(value)) for word, value in reader.entries(node, "a variable")
    )


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
    before = len(reader.diagnostics)
    fields = reader.fields(node, schema.STEP, f"step `{name.text}`")

    def part(key: str) -> Node | None:
        return fields[key][1] if key in fields else None

    inputs = part("inputs")
    pairs = inputs.pairs if isinstance(inputs, nodes.Mapping) else ()
    when, after, fail = part("when"), part("after"), part("fail")
    settings = {
        key.name: _settings_block(reader, fields[key.name][1], key.name)
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
    )
    return replace(step, broken=len(reader.diagnostics) > before)


def _settings(
    reader: Reader, node: Node | None, keys: tuple[Key, ...], what: str
) -> dict[str, Tree]:
    if node is None:
        return {}
    fields = reader.fields(node, keys, what)
    return {key: _settings_block(reader, value, key) for key, (_, value) in fields.items()}


def _settings_block(reader: Reader, node: Node, key: str) -> Tree:
    reader.fields(node, schema.SETTING_KEYS[key], f"`{key}`")
    return reader.tree(node)


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
            shown = _without(block, names)
            self.reader.fields(shown, keys, f"`targets.{target}`")
            blocks[target] = self.reader.tree(block)
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


