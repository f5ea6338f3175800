"""How a scalar is spelt: in quotes only where they are needed, or where a reader could misread."""

from __future__ import annotations

import io
import re
from typing import Any

import yaml
from yaml.emitter import Emitter

from isodag.layout.tree import Leaf
from isodag.runtime.values import core_scalar

_RESOLVER: Any = yaml.resolver.Resolver()
_EMITTER = Emitter(io.StringIO(), allow_unicode=True)
# a number, a date, a version: what one takes for text another may not
_NUMERIC = re.compile(r"[-+.]?[0-9]")
_WORDS_OF_1_1 = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")  # yaml.org/type/bool
_TEXT = "tag:yaml.org,2002:str"


def spelt(leaf: Leaf, flow: bool) -> str:
    """A leaf of one line as it is written inside a flow collection, or outside of any."""
    text = leaf.raw
    if leaf.style in ("'", '"') and not leaf.props:
        if _plain(leaf.value, flow):
            text = leaf.value
        elif leaf.value.isprintable():
            text = f'"{leaf.value}"'
            if re.search(r'["\\]', leaf.value):
                text = "'" + leaf.value.replace("'", "''") + "'"
    return f"{leaf.props} {text}".strip()


def _plain(value: str, flow: bool) -> bool:
    """Whether text needs no quotes, whoever reads it."""
    if not any(map(str.isalnum, value)) or not value.isprintable() or "---" in value:
        return False
    if _NUMERIC.match(value) or value.lower() in _WORDS_OF_1_1:
        return False
    if not isinstance(core_scalar(value), str):
        return False
    if _RESOLVER.resolve(yaml.ScalarNode, value, (True, False)) != _TEXT:
        return False
    about = _EMITTER.analyze_scalar(value)
    return bool(about.allow_flow_plain if flow else about.allow_block_plain)
