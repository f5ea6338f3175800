"""How a value should have been written: what somebody wrote in, the way out as a line of help."""

from __future__ import annotations

import json
import re
from typing import Any

from isodag import types
from isodag.runtime import values

_NO, _YES = ("no", "off", "n", "0", "false", "f"), ("yes", "on", "y", "1", "true", "t")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_GROUPED = re.compile(r"[-+]?[0-9]{1,3}([_,' ])[0-9]{3}(\1[0-9]{3})*|[-+]?[0-9]+(_[0-9]+)+")
_FOREIGN = re.compile(  # {{ x }}, ${ x }, $(x), $[[ x ]], <x>
    r"\$?\{\{\s*\$?(?P<a>[^{}]*?)\s*\}\}|\$\{\s*(?P<b>[^{}]*?)\s*\}|\$\(\s*(?P<c>[^()]*?)\s*\)|"
    r"\$\[+\s*(?P<d>[^\[\]]*?)\s*\]+|\$(?P<e>[A-Za-z_][\w.]*)"
)


def number(text: str) -> str | None:
    """A number as YAML 1.2 writes it, of one written otherwise: `1_000`, `1,000`, `0,5`, `50%`."""
    text = text.strip()
    if re.fullmatch(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?", text):
        return text
    if _GROUPED.fullmatch(text):
        return re.sub(r"[_,' ]", "", text)
    if match := re.fullmatch(r"([-+]?[0-9]+),([0-9]+)", text):
        return f"{match[1]}.{match[2]}"
    if re.fullmatch(r"[0-9]{1,4}(:[0-5]?[0-9])+", text):  # base 60, as YAML 1.1 reads it
        total = 0
        for part in text.split(":"):
            total = 60 * total + int(part)
        return str(total)
    if match := re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*%", text):
        return f"{float(match[1]) / 100:.12g}"
    return None


def whole(value: float) -> str | None:
    """A whole number without its point or exponent."""
    return str(int(value)) if value == value and abs(value) < 1e15 and value == int(value) else None


def size(text: str) -> str:
    """The help for something that is no size."""
    match = re.fullmatch(r"([0-9]{1,9})(?:\.([0-9]{1,3}))?\s*([kKmMgGtT])(i?)[bB]?(ytes)?", text)
    if match is None or (not match[4] and match[3] in "kmgt" and not text.endswith(("b", "B"))):
        if plain := re.fullmatch(r"[0-9]{1,6}", text):
            return f"write {plain[0]}Gi or {plain[0]}Mi"
        if small := re.fullmatch(r"([0-9]{1,6})([mgt])i?", text):
            return f"write {small[1]}{small[2].upper()}i"
        return "write a number and Mi, Gi or Ti, as 16Gi"
    units = "kMGT"
    at = units.upper().index(match[3].upper())
    whole_part, part = match[1], match[2]
    if not part or not int(part):
        return f"write {whole_part}{'Ki' if at == 0 else units[at] + 'i'}"
    amount = float(f"{whole_part}.{part}") * 1024
    return f"write {amount:.0f}{['', 'Ki', 'Mi', 'Gi'][at]}"


def duration(text: str) -> str:
    """The help for something that is no duration."""
    text = text.strip().lower()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return f"write {text}s, {text}m, {text}h or {text}d"
    iso = re.fullmatch(r"p(?=.)([0-9]+w)?([0-9]+d)?(t([0-9]+h)?([0-9]+m)?([0-9]+s)?)?", text)
    if iso:
        text = "".join(filter(None, (iso[1], iso[2], iso[4], iso[5], iso[6])))
    unit = r"(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)"
    if re.fullmatch(rf"([0-9]{{1,6}}\s*{unit}\s*)+", text):
        parts = re.findall(rf"([0-9]+)\s*{unit}", text)
        total = sum(int(count) * _SECONDS[name[0]] for count, name in parts)
        best = next(name for name in "dhms" if total % _SECONDS[name] == 0)
        if len(parts) == 1 and parts[0][1][0] != "w":
            best = parts[0][1][0]
        return f"write {total // _SECONDS[best]}{best}"
    return "write a number and s, m, h or d, as 30s or 12h"


def kind(what: str, wanted: str, found: str, text: str | None) -> str | None:
    """The way out where a node is of the wrong kind.

    what           of which node, in the words of messages, as "step `train`"
    wanted, found  kinds in the words of messages; `text` is a scalar's, None for nothing
    """
    if wanted == "a mapping" and text is not None and (help := _wrapped(what, found, text)):
        return help
    if wanted == "text" and text is not None:
        return f'quote it: "{text}"'
    if wanted == "a mapping" and text is not None and re.match(r"[\w-]+:\S", text):
        return "put a space after the colon"
    if what in ("`inputs`", "`outputs`") and wanted == "a list" and found == "a mapping":
        return "write each on a line of its own, as `- {name: NAME, type: TYPE}`"
    if wanted == "a mapping" and found == "a list":
        return "write `name: value`, without the `-`"
    if wanted == "a list" and found == "a mapping":
        return "write `- ` before each item, or [ ] around them"
    if what.startswith("step") and found == "nothing":
        return "say what it does: `component: NAME@1`"
    if wanted in ("a mapping", "a list") and found == "nothing":
        return f"remove the key, or write {'{}' if wanted == 'a mapping' else '[]'}"
    if text is None:
        return None
    if wanted == "a list" and text[:1] + text[-1:] == "[]":
        return f"write it without quotes: {text}"
    if wanted == "a list":
        words = text.split() if what in ("`command`", "`args`") else [text]
        return f"write [{', '.join(words)}]"
    if wanted in ("a number", "a whole number"):
        if wanted == "a number" and re.fullmatch(r"[0-9]{1,9}m", text):
            return f"write {int(text[:-1]) / 1000:g}"
        near = number(text)
        if wanted == "a whole number" and near and not near.lstrip("+-").isdigit():
            near = whole(float(near))
            return f"write {near}" if near else None
        return f"write it without quotes: {near}" if near == text else near and f"write {near}"
    if wanted.startswith("a duration"):
        return duration(text)
    if wanted.startswith("a size"):
        return size(text)
    if wanted == "true or false":
        return boolean(text)
    return None


def _wrapped(what: str, found: str, text: str) -> str | None:
    """A mapping around a scalar that was to be its main part: `retry: 3`, `train: train_bert@1`."""
    if what.startswith("parameter"):
        if found == "text" and (near := types.near(text)):
            return f"write {{type: {near}}}"
        type_name = {"a boolean": "Boolean", "a number": "Float"}.get(found, "String")
        if found == "a number" and text.lstrip("+-").isdigit():
            type_name = "Integer"
        return f"write {{type: {type_name}, default: {text}}}"
    if what.startswith("step") and re.fullmatch(r"[\w./@-]+", text):
        return f"write {{component: {text}}}"
    if what in ("an input", "an output"):
        return f"write {{name: {text}, type: TYPE}}"
    if what == "`pick`" and re.fullmatch(r"\w+", text):
        return f"write {{from: {text}, highest: NAME}}"
    if what == "`retry`" and text.isdigit():
        return f"write {{max_attempts: {text}}}"
    if what == "`cache`" and found == "a boolean":
        return "write {}" if text.lower() == "true" else "remove the key"
    if what == "`cache`" and re.fullmatch(r"[0-9]+[smhd]", text):
        return f"write {{max_age: {text}}}"
    return None


def truth(text: str) -> str | None:
    """`true` or `false`, of a text that people take for one of them."""
    folded = text.strip().lower()
    return "true" if folded in _YES else "false" if folded in _NO else None


def boolean(text: str) -> str | None:
    """The way out for something that people take for a Boolean."""
    folded, meant = text.strip().lower(), truth(text)
    if meant is None:
        return None
    if folded in ("true", "false"):
        return f"write it in lower case, without quotes: {meant}"
    if folded.isdigit():
        return f"write {meant}"
    return f"in YAML 1.2 `{text}` is text: write true or false (here: {meant})"


def literal(type_name: str, value: Any, written: str) -> str | None:
    """The way out for a literal of the wrong type.

    written  the scalar as it stands in the file; empty for a list or mapping
    """
    if value is None:
        return "write a value, or leave the line out"
    if type_name == "Boolean":
        return boolean(written)
    if type_name == "String" and not isinstance(value, dict | list):
        return f'quote it: "{written or values.render(value)}"'
    if type_name == "Integer" and isinstance(value, float):
        near = whole(value)
        return f"write {near}" if near else "an Integer is a whole number"
    if type_name in ("Integer", "Float") and isinstance(value, str):
        near = number(value)
        if near is not None and type_name == "Integer" and not near.lstrip("+-").isdigit():
            return None
        return f"write it without quotes: {near}" if near == value else near and f"write {near}"
    if type_name in ("JsonObject", "JsonArray") and isinstance(value, str):
        try:
            values.admit(type_name, json.loads(value))
        except (ValueError, RecursionError):
            return None
        return "write it without quotes: YAML takes JSON as it is"
    return None


def foreign_expression(text: str) -> str | None:
    """What `{{ x }}`, `${x}`, `$(x)` and the like hold, where a text is nothing else."""
    match = _FOREIGN.fullmatch(text.strip()) if len(text) < 200 else None
    return next((part for part in match.groups() if part), None) if match else None
