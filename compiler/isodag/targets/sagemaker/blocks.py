"""Settings that are mappings, such as `spot` and `network`: trees in, typed pieces out."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from isodag.diagnostics import did_you_mean
from isodag.ir import Constant, Tree
from isodag.source import Span
from isodag.targets.sagemaker import keys, outputs, references
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.references import Expr


class Block:
    """One such setting, by its name in messages.

    code  what is wrong with it is told as
    """

    def __init__(
        self, context: Context, name: str, tree: Tree, known: Collection[str], code: str = "E522"
    ) -> None:
        self.context, self.name, self.tree, self.code = context, name, tree, code
        entries = keys.mapping(tree)
        # whether a key may be missing because it is misspelt, or all are
        self.unsure = not isinstance(tree.value, Mapping) or not entries.keys() <= set(known)
        for key in entries:
            if key not in known:
                message = f"`{name}` has no `{key}`"
                self.wrong(message, did_you_mean(key, known, "key"), self._place(key))
        if not isinstance(tree.value, Mapping):
            example = ", ".join(f"{key}: …" for key in known)
            help = f"write {name.rpartition('.')[2]}: {{{example}}}"
            self.wrong(f"`{name}` must be a mapping", help, tree.span)
        # null takes away what the pipeline says
        self.entries = {key: entry for key, entry in entries.items()
                        if key in known and not _nothing(entry)}  # fmt: skip

    def _place(self, key: str) -> Span:
        return self.tree.keys.get(key, self.tree.span)

    def wrong(self, message: str, help: str | None, span: Span) -> None:
        """Report a piece of it."""
        self.context.report(self.code, message, span, help)

    def seconds(self, key: str, example: str) -> int | None:
        """A duration in seconds; None where there is none."""
        entry = self.entries.get(key)
        found = keys.seconds(entry)
        if entry is not None and found is None:
            known = " known now" if not isinstance(entry.value, Constant) else ""
            message = f"`{key}` must be a duration{known}"
            self.wrong(message, f"write {key}: {example}", entry.span)
        return found

    def word(self, key: str, words: Mapping[str, str]) -> str | None:
        """What one of some words stands for; None where there is none."""
        entry = self.entries.get(key)
        if entry is None:
            return None
        given = keys.plain(entry)
        if not isinstance(given, str) or given not in words:
            help = did_you_mean(str(given), words, "word") if isinstance(given, str) else None
            help = help or f"it is one of {', '.join(words)}"
            known = isinstance(given, str | int | float)
            said = f"cannot be `{given}`" if known else "must be a word known now"
            self.wrong(f"`{key}` {said}", help, entry.span)
            return None
        return words[given]

    def value(self, key: str) -> Expr | None:
        """A single value; None where there is none."""
        entry = self.entries.get(key)
        if entry is None:
            return None
        if isinstance(entry.value, tuple | Mapping):
            found = "a list" if isinstance(entry.value, tuple) else "a mapping"
            self.wrong(f"`{key}` must be one value, not {found}", None, entry.span)
            return None
        return outputs.expr(self.context, entry.value, entry.span)

    def listed(self, key: str) -> list[Expr] | None:
        """The values of a list; None where there is none."""
        entry = self.entries.get(key)
        if entry is None:
            return None
        if isinstance(entry.value, Constant) and isinstance(entry.value.value, list):
            return [references.constant(item, "", entry.span) for item in entry.value.value]
        if not isinstance(entry.value, tuple):
            given = keys.plain(entry)
            help = f"write {key}: [{given}]" if given is not None else f"write {key}: [a, b]"
            self.wrong(f"`{key}` must be a list", help, entry.span)
            return None
        return [
            outputs.expr(self.context, item.value, item.span)
            for item in entry.value
            if not isinstance(item.value, tuple | Mapping)
        ]


def _nothing(tree: Tree) -> bool:
    return isinstance(tree.value, Constant) and tree.value.value is None
