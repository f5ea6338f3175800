"""Lays a file out in one way: text in, text out, with the same meaning and every comment.

Own code, and no round-trip library: ruamel.yaml 0.19 loses comments inside `{ }` and `[ ]`, moves
others when keys change places, and folds long lines.  It judges what is written here, in the tests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isodag.diagnostics import Diagnostic
from isodag.frontend import nodes
from isodag.frontend.nodes import Node
from isodag.frontend.schema import Key
from isodag.layout.comments import Tokens
from isodag.layout.order import form, ordered
from isodag.layout.reading import read
from isodag.layout.tree import Refused
from isodag.layout.writing import write
from isodag.source import Source, Span


@dataclass(frozen=True)
class Laid:
    """A file's text in the one layout.

    text         None when it cannot be laid out
    diagnostics  what is wrong with its YAML
    refusal      why the layout would lose something, and where
    """

    text: str | None
    diagnostics: tuple[Diagnostic, ...] = ()
    refusal: tuple[str, Span] | None = None


def lay_out(source: Source, targets: Mapping[str, tuple[Key, ...]]) -> Laid:
    """A definition, values file, component spec or binding in the one layout.

    targets  the keys of each target's own block, by target name
    """
    node, problems = nodes.parse(source)
    if node is None or problems:
        return Laid(None, tuple(problems))
    try:
        if not isinstance(node, nodes.Mapping) or not node.pairs:
            raise Refused("this is no definition, values file or component", 0)
        tree = read(source.text)
        schema = form(tree, dict(targets))
        if schema is None:
            raise Refused("this is no definition, values file or component", 0)
        text = write(ordered(tree, schema))
        if not _same(source, node, text):
            raise Refused("the layout would change what is written here: a bug of isodag", 0)
    except Refused as refused:
        at = refused.at
        return Laid(None, refusal=(str(refused), source.span(at, at + 1)))
    return Laid(text)


def _same(source: Source, node: Node, text: str) -> bool:
    """Whether a text says what the source says, with the same comments."""
    made, problems = nodes.parse(Source(source.path, text))
    if made is None or problems or not equal(nodes.plain_data(node), nodes.plain_data(made)):
        return False
    return said(source.text) == said(text)


def said(text: str) -> list[str]:
    """The comments of a YAML text, sorted."""
    return sorted(comment.text for comment in Tokens(text).comments)


def equal(one: Any, other: Any) -> bool:
    """Whether plain data is the same, type by type; the order of keys does not count."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other)
