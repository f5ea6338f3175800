"""The failures that end a component with one line, and how a text becomes one line."""

from __future__ import annotations

from collections.abc import Iterable

MAX_LINE = 1000  # characters; SageMaker shows the first 1,024 bytes of a reason


class ComponentError(Exception):
    """What the user can mend: its message is the one line shown.  Exit status 1."""


class UsageError(ComponentError):
    """The command line is wrong.  Exit status 2."""


def one_line(text: str) -> str:
    """The text on one line of at most MAX_LINE characters, nothing unprintable in it."""
    words = " ".join(text[: 4 * MAX_LINE].split())
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words)
    return line if len(line) <= MAX_LINE else line[: MAX_LINE - 1] + "…"


def quoted(text: str) -> str:
    """A text of the user's inside a message: in backticks, shortened."""
    line = one_line(text)
    return f"`{line if len(line) <= 60 else line[:59] + '…'}`"


def listed(items: Iterable[str]) -> str:
    """`a`, `b` and `c`, in backticks."""
    names = [f"`{item}`" for item in items]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The known word that is nearest to a misspelt one."""
    import difflib  # wanted only on the way to an error

    folded = {item.lower().replace("-", "_"): item for item in known}
    near = difflib.get_close_matches(word[:100].lower().replace("-", "_"), folded, 1, 0.6)
    return folded[near[0]] if near else None
