"""Names of the pipeline in plain text: a scalar's text in, what looks like a name out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from isodag.frontend import remedies
from isodag.frontend.nodes import Scalar
from isodag.frontend.syntax import Mention

_NAME = re.compile(r"\b(?:(?:parameters|vars)\.[a-z]\w*|steps\.[a-z]\w*\.outputs\.\w+)", re.ASCII)
_EXPRESSION = re.compile(r"\$\{\{.*?(?:\}\}|\Z)", re.DOTALL)
_LONGEST = 10_000


def whole(text: str) -> str | None:
    """The name that is all of a text, bare or as another language would write an expression."""
    if len(text) > 300 or "${{" in text:
        return None
    inner = (remedies.foreign_expression(text) or text).strip()
    return inner if _NAME.fullmatch(inner) else None


def everywhere(text: str) -> frozenset[str]:
    """Every name in a whole file's text, `vars.x` and its like."""
    return frozenset(match[0] for match in _NAME.finditer(text))


def of(scalar: Scalar) -> Iterator[Mention]:
    """The names in a scalar's text that stand outside of every expression."""
    text = scalar.text
    if "." not in text or len(text) > _LONGEST:
        return
    if name := whole(text):
        yield Mention(name, scalar.span, True)
        return
    masked = _EXPRESSION.sub(lambda match: " " * len(match[0]), text) if "${{" in text else text
    locate = scalar.locate()
    for match in _NAME.finditer(masked):
        yield Mention(match[0], locate(match.start(), match.end()), False)
