"""Takes nodes apart: every key checked against the schema, every expression read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from isodag import expressions_parser
from isodag.diagnostics import MOST, Diagnostic, did_you_mean, suggest
from isodag.expressions import Template
from isodag.frontend import nodes, schema
from isodag.frontend.nodes import Node, Scalar
from isodag.frontend.schema import Key
from isodag.frontend.syntax import ConditionDef, Datum, Tree, Word, Written
from isodag.source import Span

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
PIPELINE_NAME = re.compile(r"[a-z][a-z0-9_-]*")
MAX_ENTRIES = 10_000  # steps, parameters, …
RESERVED = ("and", "or", "not", "in", "true", "false")  # words of the expression language


class Fields(dict[str, tuple[Scalar, Node]]):
    """The known keys of a mapping with their values.

    unread  keys that are there but could not be used, or that a misspelt key was meant for: what
            is missing because of them has been reported
    """

    def __init__(self) -> None:
        super().__init__()
        self.unread: set[str] = set()


class Reader:
    """Collects diagnostics while nodes are taken apart."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def report(self, code: str, message: str, span: Span, help: str | None = None) -> None:
        """Note a problem."""
        self.diagnostics.append(Diagnostic(code, message, span, help))

    # --- mappings ---

    def fields(self, node: Node, keys: tuple[Key, ...], what: str) -> Fields:
        """The known keys of a mapping with their values; others are reported, `x-*` are free."""
        found = Fields()
        known = {key.name: key for key in keys}
        if not isinstance(node, nodes.Mapping):
            self.wrong_kind(node, "a mapping", what)
            found.unread.update(known)
            return found
        for key, value in node.pairs:
            if key.text.startswith("x-"):
                continue
            if key.text not in known:
                self.unknown(key, known, what, found.unread)
            elif self.fits(value, known[key.text].kind, f"`{key.text}`") and (
                not known[key.text].fixed or self.plain(value, key.text)
            ):
                found[key.text] = (key, value)
            else:
                found.unread.add(key.text)
        found.unread -= set(found)
        for name, wanted in known.items():
            if wanted.required and name not in found and name not in found.unread:
                place = node.pairs[0][0].span if node.pairs else node.span
                doc = wanted.doc.rstrip(".")
                if doc.partition(" ")[0].istitle():  # SageMaker's keeps its capital
                    doc = doc[:1].lower() + doc[1:]
                self.report("E109", f"{what} has no `{name}`", place, f"add `{name}:`  ({doc})")
        return found

    def unknown(self, key: Scalar, known: Iterable[str], what: str, meant: set[str]) -> None:
        """Report a key that a mapping does not have; `meant` gets the one it was meant for."""
        if len(self.diagnostics) > MOST:
            return
        help = did_you_mean(key.text, known, "key")
        if key.text == "<<":
            help = "YAML 1.2 has no merge keys: write the values out"
            meant.update(known)
        if (near := suggest(key.text, known)) is not None:
            meant.add(near)
        self.report("E107", f"unknown key `{key.text}` in {what}", key.span, help)

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
            right = (isinstance(value, str) and expressions_parser.is_template(value)) or {
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

    def plain(self, node: Node, key: str) -> bool:
        """Whether a value holds no expression; reported when it does."""
        for scalar in nodes.walk(node):
            if isinstance(scalar.value, str) and expressions_parser.is_template(scalar.value):
                help = "write the value itself; a values file can replace variables and defaults"
                self.report("E111", f"`{key}` cannot hold an expression", scalar.span, help)
                return False
        return True

    def wrong_kind(self, node: Node, wanted: str, what: str) -> None:
        """Report a node of the wrong kind."""
        if len(self.diagnostics) > MOST:
            return
        found, help = nodes.kind(node), None
        text = node.text if isinstance(node, Scalar) and node.value is not None else None
        if wanted == "text" and text is not None:
            help = f'quote it: "{text}"'
        elif wanted == "a whole number" and found == "a number":
            found = str(text)
        elif wanted == "a mapping" and text is not None and re.match(r"[\w-]+:\S", text):
            help = "put a space after the colon"
        elif wanted == "a mapping" and found == "a list":
            help = "write `name: value`, without the `-`"
        elif wanted in ("a mapping", "a list") and found == "nothing":
            help = f"remove the key, or write {'{}' if wanted == 'a mapping' else '[]'}"
        elif wanted == "a list" and text is not None:
            help = f"write [{text}]"
        self.report("E108", f"{what} must be {wanted}, not {found}", node.span, help)

    def entries(
        self, node: Node | None, what: str, reserved: tuple[str, ...] = ()
    ) -> tuple[tuple[Word, Node], ...]:
        """The pairs of a mapping keyed by the user's own names, each checked as an identifier."""
        if not isinstance(node, nodes.Mapping):
            return ()
        found: list[tuple[Word, Node]] = []
        for key, value in node.pairs:
            if key.text.startswith("x-"):
                continue
            if len(found) == MAX_ENTRIES:
                message = f"more than {MAX_ENTRIES} entries under one key"
                self.report("E104", message, key.span, "split the definition")
                break
            if key.text in reserved:
                message = f"`{key.text}` is a word of the language, not a name for {what}"
                self.report("E214", message, key.span, "choose another name")
            self.identifier(key, IDENTIFIER, what)
            found.append((Word(key.text, key.span), value))
        return tuple(found)

    def identifier(self, key: Scalar, pattern: re.Pattern[str], what: str) -> None:
        """Report a name that the language does not allow."""
        if pattern.fullmatch(key.text) or len(self.diagnostics) > MOST:
            return
        allowed = "a-z, 0-9, _ and -" if pattern is PIPELINE_NAME else "a-z, 0-9 and _"
        help = f"a name starts with a letter and holds {allowed}"
        others = r"[^a-z0-9_-]+" if pattern is PIPELINE_NAME else r"[^a-z0-9_]+"
        fixed = re.sub(others, "_", key.text.lower()).strip("_-")
        if pattern.fullmatch(fixed):
            help = f"write `{fixed}`: {help}"
        self.report("E214", f"`{key.text}` is not a name for {what}", key.span, help)

    # --- values ---

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
                template, problems = expressions_parser.template(node.text, node.locate())
                self.diagnostics += problems
                return template or Template((), node.span)
            return Datum(node.value, node.span)
        for scalar in nodes.walk(node):
            if isinstance(scalar.value, str) and expressions_parser.is_template(scalar.value):
                message = "an expression cannot stand inside a list or mapping"
                help = "make the whole value one expression, or pass the parts as inputs"
                self.report("E111", message, scalar.span, help)
                return Template((), node.span)
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

    def block(self, node: Node, keys: tuple[Key, ...], what: str) -> Tree:
        """A settings block of known keys; those that are wrong are reported and have no value."""
        fields = self.fields(node, keys, what)
        value = {name: self.tree(value) for name, (_, value) in fields.items()}
        places = {name: key.span for name, (key, _) in fields.items()}
        return Tree(value, node.span, {**dict.fromkeys(fields.unread, node.span), **places})

    def condition(self, name: Word, node: Node) -> ConditionDef:
        """A bare expression; a Boolean scalar (`when: true`) is one too."""
        if not isinstance(node, Scalar) or node.value is None:
            self.wrong_kind(node, "an expression", "a condition")
            return ConditionDef(name, None, "", node.span)
        expression, problems = expressions_parser.condition(node.text, node.locate())
        self.diagnostics += problems
        text = re.sub(r"^\$\{\{\s*(.*?)\s*\}\}$", r"\1", " ".join(node.text.split()))
        return ConditionDef(name, expression, text, node.span)


_KINDS = {
    "mapping": "a mapping", "sequence": "a list", "string": "text", "boolean": "true or false",
    "integer": "a whole number", "number": "a number", "duration": "a duration such as 30s or 2h",
    "size": "a size such as 16Gi",
}  # fmt: skip


def header(reader: Reader, node: Node, kind: str) -> bool:
    """Check `apiVersion` and `kind`; false when the document is something else entirely."""
    if not isinstance(node, nodes.Mapping):
        reader.wrong_kind(node, "a mapping", "the file")
        return False
    good = True
    for key, value in (("apiVersion", schema.API_VERSION), ("kind", kind)):
        found = node.get(key)
        if isinstance(found, Scalar) and isinstance(found.value, str) and found.text != value:
            message = f"`{key}` is `{found.text}`, not `{value}`"
            reader.report("E112", message, found.span, f"write `{key}: {value}`")
            # a misspelt kind is still the kind; what follows is worth reading
            good = good and (key == "apiVersion" or suggest(found.text, [kind]) is not None)
    return good
