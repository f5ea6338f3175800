"""One key's schema, and a mapping's: `Key` in, JSON Schema out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from isodag import settings
from isodag.frontend.reader import IDENTIFIER
from isodag.frontend.schema import Key

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXPRESSION: Schema = {"type": "string", "pattern": r"\$\{\{"}
NO_EXPRESSION = r"^(?![\s\S]*\$\{\{)"
FREE: Schema = {"description": "Free: isodag does not read `x-` keys."}


def document(schema: Schema) -> bytes:
    """The file that holds a schema: the same schema, the same bytes."""
    return (json.dumps(schema, indent=1, ensure_ascii=False) + "\n").encode()


def root(title: str, description: str, schema: Schema) -> Schema:
    """A whole schema with its dialect and its name."""
    return {"$schema": DIALECT, "title": title, "description": description, **schema}


def value(key: Key) -> Schema:
    """What may stand under a key; an expression too, where the reader takes one."""
    if key.kind in ("any", "mapping", "sequence"):
        return _unread(key)
    plain = _scalar(key)
    if key.fixed:
        if plain == {"type": "string"}:
            return {**plain, "pattern": NO_EXPRESSION}
        return plain
    return plain if plain == {"type": "string"} else or_expression(plain)


def _unread(key: Key) -> Schema:
    if key.kind == "mapping":
        return {"type": "object"}
    if key.kind == "sequence":
        if key.enum:
            item: Schema = {"enum": list(key.enum)}
            return {"type": "array", "items": item if key.fixed else or_expression(item)}
        return {"type": "array"}
    return {}


def _scalar(key: Key) -> Schema:
    if key.enum:
        return {"enum": list(key.enum)}
    schema: Schema = {
        "string": {"type": "string"},
        "boolean": {"type": "boolean"},
        "integer": {"type": "integer"},
        "number": {"type": "number"},
        "duration": {"type": "string", "pattern": f"^{settings.DURATION}$"},
        "size": {"type": "string", "pattern": f"^{settings.SIZE}$"},
    }[key.kind]
    bounds = {"minimum": key.minimum, "maximum": key.maximum}
    return schema | {word: bound for word, bound in bounds.items() if bound is not None}


def or_expression(plain: Schema) -> Schema:
    """A value as it is, or text that holds `${{ }}`."""
    return {"anyOf": [plain, EXPRESSION]}


def mapping(
    keys: Sequence[Key], special: Mapping[str, Schema] | None = None, required: Sequence[str] = ()
) -> Schema:
    """A mapping of known keys; `x-*` are free, others are refused.

    special   schemas of keys of which more is known than their kind
    required  keys that must be there, besides those of which the table says so
    """
    special = special or {}
    needed = [key.name for key in keys if key.required or key.name in required]
    schema: Schema = {
        "type": "object",
        "properties": {
            key.name: {"description": key.doc, **(special.get(key.name) or value(key))}
            for key in keys
        },
        "patternProperties": {"^x-": FREE},
        "additionalProperties": False,
    }
    return {**schema, "required": needed} if needed else schema


def named(entry: Schema, reserved: Sequence[str] = ()) -> Schema:
    """A mapping by the user's own names, each an identifier; `x-*` are free."""
    words = f"(?!({'|'.join(reserved)})$)" if reserved else ""
    return {
        "type": "object",
        "patternProperties": {f"^{words}{IDENTIFIER.pattern}$": entry, "^x-": FREE},
        "additionalProperties": False,
    }


def choices(options: Sequence[tuple[Any, str]]) -> list[Schema]:
    """Values with a description each, as an editor offers them."""
    return [{"const": option, "description": text} for option, text in options]
