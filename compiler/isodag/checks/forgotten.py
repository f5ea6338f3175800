"""E414, W402: names of the pipeline that stand as text, because `${{ }}` is missing around them."""

from __future__ import annotations

from collections.abc import Iterator

from isodag.diagnostics import Diagnostic
from isodag.expressions import Name
from isodag.frontend import mentions
from isodag.scope import Missing, Scope
from isodag.source import Span

_NOWHERE = Span("", 1, 1, 1, 1)


def name_as_text(scope: Scope) -> Iterator[Diagnostic]:
    """E414: a value is the name of another, without `${{ }}` around it."""
    for mention in scope.definition.mentions:
        if mention.whole and _means(mention.name, scope):
            message = f"this is text: `{mention.name}` is read only inside ${{{{ }}}}"
            yield Diagnostic("E414", message, mention.span, f"write ${{{{ {mention.name} }}}}")


def name_in_text(scope: Scope) -> Iterator[Diagnostic]:
    """W402: a text holds a name of the pipeline without `${{ }}` around it."""
    for mention in scope.definition.mentions:
        if not mention.whole and _means(mention.name, scope):
            message = f"`{mention.name}` stays as it is: it is read only inside ${{{{ }}}}"
            help = f"write ${{{{ {mention.name} }}}} for its value"
            yield Diagnostic("W402", message, mention.span, help)


def forgot(value: object, scope: Scope) -> bool:
    """Whether a value is a text that E414 is about."""
    name = mentions.whole(value) if isinstance(value, str) else None
    return name is not None and _means(name, scope)


def _means(text: str, scope: Scope) -> bool:
    """Whether a name stands for something in this pipeline."""
    path = tuple(text.split("."))
    if path[0] == "steps":
        return path[1] in scope.steps
    return not isinstance(scope.look_up(Name(path, (_NOWHERE,) * len(path), _NOWHERE)), Missing)
