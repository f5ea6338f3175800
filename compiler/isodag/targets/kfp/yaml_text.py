"""Plain data to YAML text that every reader takes alike, YAML 1.1 and 1.2, PyYAML and Go.

The API server reads with Go's YAML 1.1 rules, where `y` and `on` are booleans and `2e-5` is a
number, and kfp with PyYAML's, where they are not
(https://github.com/kubeflow/pipelines/issues/10033): whatever two readers might take differently
is quoted, and floats have a dot.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

# Begins with a letter, so it is no number, date or indicator; `:` and `#` only where they are text
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?::[A-Za-z0-9_./-]+)*")
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])
_LONG_KEY = 200  # a key of over 1,024 characters must be announced by `?`
# What YAML does not count as printable (https://yaml.org/spec/1.2.2/#51-character-set), and the
# line breaks and byte order mark that readers fold or drop
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def dump(*documents: Mapping[str, Any]) -> str:
    """The text of one or more documents of str, bool, int, float, None, lists and mappings.

    Keys stay in their order.
    """
    texts = []
    for document in documents:
        lines: list[str] = []
        _mapping(document, "", lines)
        texts.append("".join(lines))
    return "---\n".join(texts)


def scalar(value: Any) -> str:
    """One value on one line."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float):
        return _float(value)
    return json.dumps(value)  # true, false, null and whole numbers


@functools.lru_cache(4096)
def text(value: str) -> str:
    """A string, bare where no reader could take it for something else."""
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _float(value: float) -> str:
    written = repr(value)
    head, exponent, tail = written.partition("e")
    return f"{head}.0e{tail}" if exponent and "." not in head else written


def _mapping(value: Mapping[str, Any], indent: str, lines: list[str]) -> None:
    for key, item in value.items():
        written = text(key)
        if len(written) >= _LONG_KEY:
            written = f"? {written}\n{indent}"
        if isinstance(item, Mapping) and item:
            lines.append(f"{indent}{written}:\n")
            _mapping(item, indent + "  ", lines)
        elif isinstance(item, list | tuple) and item:
            lines.append(f"{indent}{written}:\n")
            for element in item:
                _element(element, indent, lines)
        else:
            lines.append(f"{indent}{written}: {_flow(item)}\n")


def _element(element: Any, indent: str, lines: list[str]) -> None:
    if isinstance(element, Mapping) and element:
        start = len(lines)
        _mapping(element, indent + "  ", lines)
        lines[start] = f"{indent}- {lines[start][len(indent) + 2 :]}"
    else:
        lines.append(f"{indent}- {_flow(element)}\n")


def _flow_key(key: str) -> str:
    written = text(key)
    return written if len(written) < _LONG_KEY else f"? {written} "


def _flow(item: Any) -> str:
    if isinstance(item, Mapping):
        return (
            "{" + ", ".join(f"{_flow_key(key)}: {_flow(each)}" for key, each in item.items()) + "}"
        )
    if isinstance(item, list | tuple):
        return "[" + ", ".join(_flow(each) for each in item) + "]"
    return scalar(item)
