"""E407, W401: what is joined into text."""

from __future__ import annotations

from collections.abc import Iterator

from isodag.diagnostics import Diagnostic
from isodag.expressions import Name, Template
from isodag.scope import EachValue, Scope, StepOutput, Use, VarValue


def artifact_in_text(scope: Scope) -> Iterator[Diagnostic]:
    """E407: an artifact, list or mapping is joined into text."""
    for use, part in joined(scope):
        found = scope.type_of(part)
        if found in (None, "String", "Integer", "Float", "Boolean"):
            continue
        message = f"`{part}` is of type {found} and cannot be joined into text"
        help = "pass it as an input of its own"
        if use.role == "message":
            help = "a message holds numbers and text"
        yield Diagnostic("E407", message, part.span, help)


def joined(scope: Scope) -> Iterator[tuple[Use, Name]]:
    """Every name that stands inside text, or alone in a message or an environment variable."""
    for use in scope.uses:
        template = use.expression
        if use.role == "foreach":
            continue  # E218 tells
        text = use.role in ("message", "environment")
        if isinstance(template, Template) and (template.whole is None or text):
            shared = use.role == "environment" and use.step is None
            for part in template.parts:
                if isinstance(part, Name):
                    if shared and isinstance(scope.look_up(part), StepOutput):
                        continue  # E413 tells
                    yield use, part


def number_in_text(scope: Scope) -> Iterator[Diagnostic]:
    """W401: a Float or Boolean is joined into a step's text; its spelling differs by target."""
    for use, part in joined(scope):
        found = scope.type_of(part)
        constant = isinstance(scope.look_up(part), VarValue | EachValue)
        texts = ("input", "environment")
        if use.role in texts and found in ("Float", "Boolean") and not constant:
            message = f"the text of `{part}` ({found}) is spelt differently by each target"
            help = "pass it as an input of its own type"
            yield Diagnostic("W401", message, part.span, help)
