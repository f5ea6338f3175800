"""Takes nodes apart: values, expressions and settings blocks, each at its place."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingOf
from dataclasses import replace

from isodag import expressions_parser
from isodag.diagnostics import suggest
from isodag.expressions import Name, Template, replaced
from isodag.frontend import mentions, nodes, schema
from isodag.frontend.mappings import IDENTIFIER as IDENTIFIER
from isodag.frontend.mappings import MAX_ENTRIES as MAX_ENTRIES
from isodag.frontend.mappings import MAX_PORTS as MAX_PORTS
from isodag.frontend.mappings import MAX_STEPS as MAX_STEPS
from isodag.frontend.mappings import PIPELINE_NAME as PIPELINE_NAME
from isodag.frontend.mappings import RESERVED as RESERVED
from isodag.frontend.mappings import Fields as Fields
from isodag.frontend.mappings import Mappings
from isodag.frontend.nodes import Node, Scalar
from isodag.frontend.schema import Key
from isodag.frontend.syntax import ConditionDef, Datum, Mention, Tree, Word, Written

MAX_WORDS = 60_000  # in the expressions of one file


class Reader(Mappings):
    """Collects diagnostics while nodes are taken apart.

    step      the step that is being read; names that start with `each` belong to it
    mentions  what looks like a name of the pipeline, in the texts read so far
    """

    def __init__(self, homes: MappingOf[str, str] | None = None) -> None:
        super().__init__(homes)
        self.words = 0
        self.step = ""
        self.mentions: list[Mention] = []

    def text(self, fields: Fields, key: str) -> str:
        """The plain text under a key, or nothing."""
        node = fields[key][1] if key in fields else None
        return str(node.value) if isinstance(node, Scalar) and node.value is not None else ""

    def items(self, fields: Fields, key: str) -> tuple[Node, ...]:
        """The items of the list under a key, or none."""
        node = fields[key][1] if key in fields else None
        return node.items if isinstance(node, nodes.Sequence) else ()

    def texts(self, fields: Fields, key: str) -> dict[str, str]:
        """The mapping of text under a key, or an empty one."""
        node = fields[key][1] if key in fields else None
        pairs = node.pairs if isinstance(node, nodes.Mapping) else ()
        return {
            name.text: value.text
            for name, value in pairs
            if self.fits(value, "string", f"`{name.text}`") and isinstance(value, Scalar)
        }

    def word(self, node: Node) -> Word:
        """A scalar's text with its place."""
        return Word(node.text if isinstance(node, Scalar) else "", node.span)

    def written(self, node: Node) -> Written:
        """A value: a template where a scalar holds an expression, else plain data."""
        if isinstance(node, Scalar):
            if isinstance(node.value, str) and expressions_parser.is_template(node.value):
                template = self.template(node)
                self.mentions += mentions.of(node)
                if template is not None and self.step and "each" in node.text:
                    template = self._bound(template)
                return template or Template((), node.span)
            if isinstance(node.value, str):
                self.mentions += mentions.of(node)
            return Datum(node.value, node.span, node.text)
        for scalar in nodes.walk(node):
            if isinstance(scalar.value, str) and expressions_parser.is_template(scalar.value):
                message = "an expression cannot stand inside a list or mapping"
                help = "make the whole value one expression, or pass the parts as inputs"
                self.report("E111", message, scalar.span, help)
                return Template((), node.span)
        return Datum(nodes.plain_data(node), node.span)

    def template(self, node: Scalar) -> Template | None:
        """The text of a scalar with its expressions; None when they cannot be read."""
        if not self.affords(node):
            return None
        template, problems = expressions_parser.template(node.text, node.locate())
        self.diagnostics += problems
        return template

    def affords(self, node: Scalar) -> bool:
        """Whether the file may hold this expression too; too much is reported once."""
        if self.words <= MAX_WORDS:
            self.words += expressions_parser.words(node.text)
            if self.words > MAX_WORDS:
                message = f"more than {MAX_WORDS} words in expressions"
                self.report("E104", message, node.span, "split the definition")
        return self.words <= MAX_WORDS

    def _bound(self, template: Template) -> Template:
        """The template, its names that start with `each` bound to the step that is read."""
        parts = (p if isinstance(p, str) else replaced(p, self._named) for p in template.parts)
        return Template(tuple(parts), template.span)

    def _named(self, name: Name) -> Name:
        each = name.path[0] == "each" and len(name.path) > 1
        return replace(name, step=self.step) if each else name

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

    def block(self, node: Node, keys: tuple[Key, ...], what: str) -> Tree:
        """A settings block of known keys; those that are wrong are reported and have no value."""
        fields = self.fields(node, keys, what)
        value = {name: self.tree(value) for name, (_, value) in fields.items()}
        places = {name: key.span for name, (key, _) in fields.items()}
        return Tree(value, node.span, {**dict.fromkeys(fields.unread, node.span), **places})

    def setting(self, node: Node, key: str) -> Tree:
        """What stands under one of a step's settings."""
        if key in schema.SETTING_KEYS:
            return self.block(node, schema.SETTING_KEYS[key], f"`{key}`")
        if key in schema.TEXTS:
            return self.named_texts(node, free=key == "environment")
        return self.tree(node)

    def named_texts(self, node: Node, free: bool) -> Tree:
        """Text by the user's own names; numbers and booleans are the text that stands there.

        free  whether `x-*` keys are, as no name of the kind starts so
        """
        value, places = {}, {}
        for key, held in node.pairs if isinstance(node, nodes.Mapping) else ():
            if free and key.text.startswith("x-"):
                continue
            if not isinstance(held, Scalar):
                self.wrong_kind(held, "text", f"`{key.text}`")
                continue
            if held.value is None:
                message = f"`{key.text}` must be text, not nothing"
                self.report("E108", message, held.span, 'for empty text write ""')
                continue
            written = self.written(held)
            if isinstance(written, Datum):
                text = held.value if isinstance(held.value, str) else held.text
                written = Datum(text, held.span, held.text)
            value[key.text], places[key.text] = Tree(written, held.span), key.span
        return Tree(value, node.span, places)

    def condition(self, name: Word, node: Node) -> ConditionDef:
        """A bare expression; a Boolean scalar (`when: true`) is one too."""
        if not isinstance(node, Scalar) or node.value is None:
            self.wrong_kind(node, "an expression", "a condition")
            return ConditionDef(name, None, "", node.span)
        if not self.affords(node):
            return ConditionDef(name, None, "", node.span)
        expression, problems = expressions_parser.condition(node.text, node.locate())
        self.diagnostics += problems
        if self.step and expression is not None and "each" in node.text:
            expression = replaced(expression, self._named)
        text = re.sub(r"^\$\{\{\s*(.*?)\s*\}\}$", r"\1", " ".join(node.text.split()))
        return ConditionDef(name, expression, text, node.span)


def header(reader: Reader, node: Node, kind: str) -> bool:
    """Check `apiVersion` and `kind`; false when the document is something else entirely."""
    if not isinstance(node, nodes.Mapping):
        reader.wrong_kind(node, "a mapping", "the file")
        return False
    good = True
    for key, value in (("apiVersion", schema.API_VERSION), ("kind", kind)):
        found = node.get(key)
        if isinstance(found, Scalar) and found.value is not None and found.text != value:
            message = f"`{key}` is `{found.text}`, not `{value}`"
            reader.report("E112", message, found.span, f"write `{key}: {value}`")
            # a misspelt kind is still the kind; what follows is worth reading
            good = good and (key == "apiVersion" or suggest(found.text, [kind]) is not None)
    return good
