"""Takes mappings apart: every key checked against the schema, every value against its kind."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from collections.abc import Mapping as MappingOf

from isodag import expressions_parser
from isodag.diagnostics import MOST, Diagnostic, did_you_mean
from isodag.frontend import foreign, nodes, remedies
from isodag.frontend.nodes import Node, Scalar
from isodag.frontend.schema import Key
from isodag.frontend.syntax import Word
from isodag.source import Span

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
PIPELINE_NAME = re.compile(r"[a-z][a-z0-9_-]*")
MAX_ENTRIES = 10_000  # variables, conditions, outputs
MAX_STEPS = 2_000  # a SageMaker definition of 1 MiB holds about 1,400
MAX_PORTS = 1_000  # parameters of a pipeline, inputs of a component; SageMaker takes 200
RESERVED = ("and", "or", "not", "in", "true", "false")  # words of the expression language


class Fields(dict[str, tuple[Scalar, Node]]):
    """The known keys of a mapping with their values.

    unread  keys that are there but could not be used, or that a misspelt key was meant for: what
            is missing because of them has been reported
    """

    def __init__(self) -> None:
        super().__init__()
        self.unread: set[str] = set()


class Mappings:
    """Collects diagnostics while mappings are taken apart.

    strict  whether `x-*` keys are errors too, as in a component spec, which others read
    homes   the path of the mapping where a key has its place, for help with one that is elsewhere
    """

    def __init__(self, homes: MappingOf[str, str] | None = None) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.strict = False
        self.homes = homes or {}

    def report(self, code: str, message: str, span: Span, help: str | None = None) -> None:
        """Note a problem."""
        self.diagnostics.append(Diagnostic(code, message, span, help))

    def fields(self, node: Node, keys: tuple[Key, ...], what: str) -> Fields:
        """The known keys of a mapping with their values; others are reported, `x-*` are free."""
        found = Fields()
        known = {key.name: key for key in keys}
        if not isinstance(node, nodes.Mapping):
            self.wrong_kind(node, "a mapping", what)
            found.unread.update(known)
            return found
        strange: list[tuple[Scalar, Node]] = []
        for key, value in node.pairs:
            if key.text.startswith("x-") and not self.strict:
                continue
            if key.text not in known:
                strange.append((key, value))
            elif key.text in _HEAD and nodes.kind(value) in ("a number", "a boolean"):
                found.unread.add(key.text)  # E112 tells
            elif self.fits(value, known[key.text].kind, f"`{key.text}`") and (
                not known[key.text].fixed or self.plain(value, key.text)
            ):
                found[key.text] = (key, value)
            else:
                found.unread.add(key.text)
        missing = [name for name in known if known[name].required and node.get(name) is None]
        for key, value in strange:
            if len(self.diagnostics) > MOST:
                break
            self.unknown(key, known, what, found.unread, _stands_for(key, value, known, missing))
        found.unread -= set(found)
        for name in missing:
            if name not in found.unread:
                place = node.pairs[0][0].span if node.pairs else node.span
                doc = known[name].doc.rstrip(".")
                if doc.partition(" ")[0].istitle():  # SageMaker's keeps its capital
                    doc = doc[:1].lower() + doc[1:]
                self.report("E109", f"{what} has no `{name}`", place, f"add `{name}:`  ({doc})")
        return found

    def unknown(
        self, key: Scalar, known: Collection[str], what: str, meant: set[str],
        guess: str | None = None,
    ) -> None:  # fmt: skip
        """Report a key that a mapping does not have; `meant` gets the one it was meant for.

        guess  what it stands for where its name does not tell
        """
        if len(self.diagnostics) > MOST:
            return
        if key.text.startswith("x-"):
            message = f"`{key.text}`: kfp refuses a component spec with a key of one's own"
            way_out = "write it as text under `metadata.annotations:`, or in a comment"
            self.report("E711", message, key.span, way_out)
            return
        if (fixed := foreign.fixed(key.text, known)) is not None:
            message = f"a values file cannot say `{key.text}`: only the definition does"
            self.report("E220", message, key.span, fixed)
            return
        near = foreign.meant(key.text, known)
        help = foreign.help_for(key.text, known, self.homes)
        if help is None and guess is not None:
            near, help = guess, f"did you mean `{guess}`?"
        if key.text == "<<":
            help = "YAML 1.2 has no merge keys: write the values out"
            meant.update(known)
        elif key.text == "spec" and "apiVersion" in known:
            meant.update(known)
        if near is not None:
            meant.add(near)
        help = help or did_you_mean(key.text, known, "key")
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
        found = nodes.kind(node)
        text = node.text if isinstance(node, Scalar) and node.value is not None else None
        help = remedies.kind(what, wanted, found, text)
        if wanted == "a whole number" and found == "a number":
            found = str(text)
        self.report("E108", f"{what} must be {wanted}, not {found}", node.span, help)

    def entries(
        self, node: Node | None, what: str, reserved: tuple[str, ...] = (), most: int = MAX_ENTRIES
    ) -> tuple[tuple[Word, Node], ...]:
        """The pairs of a mapping keyed by the user's own names, each checked as an identifier."""
        if not isinstance(node, nodes.Mapping):
            return ()
        found: list[tuple[Word, Node]] = []
        for key, value in node.pairs:
            if key.text.startswith("x-"):
                continue
            if len(found) == most:
                message = f"more than {most} entries under one key"
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
        worded = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.text)  # trainSeed
        plain = unicodedata.normalize("NFKD", worded)  # ä as a and its dots
        plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
        fixed = re.sub(others, "_", plain.lower()).strip("_-")
        odd = next((sign for sign in plain if sign.isalpha() and not sign.isascii()), None)
        if odd is not None:
            help = f"`{odd}` is {unicodedata.name(odd, 'no Latin letter')}: {help}"
        elif pattern.fullmatch(fixed):
            help = f"write `{fixed}`: {help}"
        self.report("E214", f"`{key.text}` is not a name for {what}", key.span, help)

    def unsure(self, fields: Fields, *keys: str) -> set[str]:
        """Of keys with the user's own names under them, those that hold a name to be mended.

        What another place calls by the right name would seem to be missing.
        """
        found = set()
        for key in keys:
            node = fields[key][1] if key in fields else None
            for name, _ in node.pairs if isinstance(node, nodes.Mapping) else ():
                reserved = key == "conditions" and name.text in RESERVED
                free = name.text.startswith("x-")
                if reserved or not (free or IDENTIFIER.fullmatch(name.text)):
                    found.add(key)
                    break
            if isinstance(node, nodes.Mapping) and node.doubled:
                found.add(key)
        return found


def _stands_for(
    key: Scalar, value: Node, known: MappingOf[str, Key], missing: Collection[str]
) -> str | None:
    """The one required key that is missing, where an unknown one with such a value stands."""
    if len(missing) != 1 or foreign.meant(key.text, known) is not None:
        return None
    (name,) = missing
    fitting = Mappings().fits(value, known[name].kind, "") and key.text != "<<"
    return name if fitting else None


_HEAD = ("apiVersion", "kind")
_KINDS = {
    "mapping": "a mapping", "sequence": "a list", "string": "text", "boolean": "true or false",
    "integer": "a whole number", "number": "a number", "duration": "a duration such as 30s or 2h",
    "size": "a size such as 16Gi",
}  # fmt: skip
