"""One `targets.kfp` block, read: texts, lists and mappings out, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from isodag import settings, spec_words
from isodag.diagnostics import Diagnostic, did_you_mean
from isodag.ir import Constant, Tree
from isodag.runtime import values
from isodag.source import Span
from isodag.targets.kfp import forms

NAME = "kfp"
# https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#scheduling
TOLERATION = {"key": "key", "operator": "operator", "value": "value", "effect": "effect",
              "seconds": "tolerationSeconds"}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One mapping of a block.

    said    text, or a list of text, by key
    span    of the mapping, or of its name
    places  of what stands under each key
    """

    said: Mapping[str, str | tuple[str, ...]]
    span: Span
    places: Mapping[str, Span]

    def text(self, key: str) -> str:
        """The text under a key; empty where there is none."""
        value = self.said.get(key, "")
        return value if isinstance(value, str) else ", ".join(value)

    def listed(self, key: str) -> tuple[str, ...]:
        """The texts under a key: a single one is a list of one."""
        value = self.said.get(key, ())
        return (value,) if isinstance(value, str) else value

    def place(self, key: str) -> Span:
        """Where that stands."""
        return self.places.get(key, self.span)


class Block:
    """One `targets.kfp` block."""

    def __init__(self, targets: Mapping[str, Tree], problems: list[Diagnostic]) -> None:
        tree = targets.get(NAME)
        held = tree.value if tree is not None else None
        self._trees: Mapping[str, Tree] = held if isinstance(held, Mapping) else {}
        self._problems = problems

    def wrong(self, key: str, message: str, help: str, span: Span | None = None) -> None:
        place = span or self._trees[key].span
        self._problems.append(Diagnostic("E608", message, place, help))

    def judge(self, key: str, wrong: forms.Wrong | None, index: int | None = None) -> None:
        """Report what is wrong with a text under a key, or with an item of the list there."""
        if wrong is not None:
            held = self._trees[key].value
            item = held[index] if index is not None and isinstance(held, tuple) else None
            self.wrong(key, wrong.said, wrong.help, item.span if item else None)

    def images(self) -> None:
        """Report what stands under `images` and is no reference of an image."""
        held = self._trees["images"].value if "images" in self._trees else {}
        for tree in held.values() if isinstance(held, Mapping) else ():
            text = tree.value.value if isinstance(tree.value, Constant) else None
            if isinstance(text, str) and (help := spec_words.not_an_image(text)):
                self.wrong("images", f"`{text}` is not an image", help, tree.span)

    def has(self, key: str) -> bool:
        """Whether the block says anything under a key."""
        return key in self._trees

    def labels(self, key: str, *, free: bool = False) -> None:
        """Report labels that Kubernetes does not take; the value of an annotation is `free`."""
        tree = self._trees.get(key)
        for name, value in self.texts(key).items() if tree is not None else ():
            if tree is None or not isinstance(tree.value, Mapping):
                continue
            if wrong := forms.label_key(name):
                self.wrong(key, wrong.said, wrong.help, tree.keys.get(name))
            elif not free and (wrong := forms.label_value(value)):
                self.wrong(key, wrong.said, wrong.help, tree.value[name].span)

    def text(self, key: str) -> str:
        return self._plain(key, self._trees[key]) if key in self._trees else ""

    def seconds(self, key: str) -> int | None:
        """The duration under a key in seconds, 1 to 2^31-1; what is none is reported."""
        if not (text := self.text(key)):
            return None
        found = settings.seconds(text)
        if found is None or not 0 < found < 2**31:
            self.wrong(key, f"`{key}` is `{text}`, not a duration", "write 12h, 90m or 30d")
        return found

    def texts(self, key: str) -> dict[str, str]:
        held = self._trees[key].value if key in self._trees else {}
        if not isinstance(held, Mapping):
            self.wrong(key, f"`{key}` must be a mapping of names to text", f"write {key}: {{a: b}}")
            return {}
        return {name: self._plain(f"{key}.{name}", tree) for name, tree in held.items()}

    def items(self, key: str) -> list[str]:
        held = self._trees[key].value if key in self._trees else ()
        if not isinstance(held, tuple):
            self.wrong(key, f"`{key}` must be a list of text", f"write {key}: [a, b]")
            return []
        return [self._plain(key, tree) for tree in held]

    def tolerations(self) -> list[dict[str, str]]:
        held = self._trees["tolerations"].value if "tolerations" in self._trees else ()
        found = []
        for tree in held if isinstance(held, tuple) else ():
            entries = tree.value if isinstance(tree.value, Mapping) else {}
            unknown = [name for name in entries if name not in TOLERATION]
            for name in unknown:
                near = next((ours for ours, theirs in TOLERATION.items() if theirs == name), name)
                help = did_you_mean(near, TOLERATION, "key")
                what = f"a toleration has no `{name}`"
                self.wrong("", what, help, tree.keys.get(name, tree.span))
            if not isinstance(tree.value, Mapping):
                self.wrong(
                    "", "a toleration is a mapping", "write {key: …, operator: Exists}", tree.span
                )
            elif not entries:
                self.wrong(
                    "", "a toleration is empty", f"it has {', '.join(TOLERATION)}", tree.span
                )
            said = {
                name: self._plain(f"tolerations.{name}", entry)
                for name, entry in sorted(entries.items())
                if name in TOLERATION
            }
            if said and not unknown and (bad := forms.toleration(said)) is not None:
                key, wrong = bad
                span = entries[key].span if key else tree.span
                self.wrong("", wrong.said, wrong.help, span)
            found.append({TOLERATION[name]: text for name, text in said.items()})
        return found

    def entries(self, key: str, what: str, known: Sequence[str]) -> list[Entry]:
        """A list of mappings; what has another form is reported and left out.

        what   one of them, with its article, for messages
        known  its keys
        """
        held = self._trees[key].value if key in self._trees else ()
        if not isinstance(held, tuple):
            self.wrong(key, f"`{key}` must be a list", f"write {key}: [{{{known[0]}: …}}]")
            return []
        found = []
        for tree in held:
            if not isinstance(tree.value, Mapping):
                help = f"write {{{known[0]}: …}}: it has {', '.join(known)}"
                self.wrong("", f"{what} is a mapping", help, tree.span)
                continue
            found.append(self._entry(key, what, known, tree, tree.value))
        return [entry for entry in found if entry is not None]

    def entry(self, key: str, known: Sequence[str]) -> Entry | None:
        """The mapping under a key; None where there is none."""
        tree = self._trees.get(key)
        if tree is None:
            return None
        if not isinstance(tree.value, Mapping):
            help = f"write {key}: {{{known[0]}: …}}"
            self.wrong(key, f"`{key}` must be a mapping", help)
            return None
        return self._entry(key, f"`{key}`", known, tree, tree.value)

    def named(self, key: str, what: str, known: Sequence[str]) -> dict[str, Entry]:
        """A mapping of names to mappings."""
        held = self._trees[key].value if key in self._trees else {}
        if not isinstance(held, Mapping):
            self.wrong(key, f"`{key}` must be a mapping", f"write {key}: {{NAME: …}}")
            return {}
        found = {}
        for name, tree in held.items():
            if not isinstance(tree.value, Mapping):
                help = f"write {name}: {{{known[0]}: …}}"
                self.wrong("", f"{what} is a mapping", help, tree.span)
            elif (entry := self._entry(f"{key}.{name}", what, known, tree, tree.value)) is not None:
                found[name] = replace(entry, span=self._trees[key].keys.get(name, tree.span))
        return found

    def _entry(
        self, key: str, what: str, known: Sequence[str], tree: Tree, held: Mapping[str, Tree]
    ) -> Entry | None:
        """One mapping of texts and lists of texts; None where something in it is not known."""
        said: dict[str, str | tuple[str, ...]] = {}
        fit = True
        for name, item in held.items():
            if name not in known:
                help = did_you_mean(name, known, "key")
                self.wrong("", f"{what} has no `{name}`", help, tree.keys.get(name, tree.span))
                fit = False
            elif isinstance(item.value, tuple):
                said[name] = tuple(self._plain(f"{key}.{name}", part) for part in item.value)
            else:
                said[name] = self._plain(f"{key}.{name}", item)
        places = {name: item.span for name, item in held.items()}
        return Entry(said, tree.span, places) if fit else None

    def spans(self, key: str) -> Mapping[str, Span]:
        """Where the names of the mapping under a key are written."""
        return self._trees[key].keys if key in self._trees else {}

    def _plain(self, what: str, tree: Tree) -> str:
        """A constant as text: Kubernetes wants text where YAML may have read a number."""
        if isinstance(tree.value, Constant) and tree.value.value is not None:
            return values.render(tree.value.value)
        self.wrong("", f"`{what}` must be text known at compile time", "write it out", tree.span)
        return ""
