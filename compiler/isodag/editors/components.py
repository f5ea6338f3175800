"""The schema of `component.yaml`: Kubeflow's component spec, as kfp and isodag read it."""

from __future__ import annotations

from isodag import spec, spec_container, types
from isodag.editors.words import Schema, mapping, root
from isodag.frontend.schema import Key
from isodag.runtime import typenames

_TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
_LIMITS: Schema = {  # annotations are free besides
    "type": "object",
    "properties": {
        "minimum": {"type": "number", "description": "The least value, inclusive."},
        "maximum": {"type": "number", "description": "The greatest value, inclusive."},
        "enum": {"type": "array", "minItems": 1, "description": "The only values allowed."},
        "pattern": {"type": "string", "description": "A regular expression for the text."},
        "format": {"type": "string", "description": "What the text is, as `image`."},
    },
}


def component() -> Schema:
    """The schema of a component spec."""
    port = {"type": _type(), "default": _SCALAR, "annotations": _LIMITS}
    annotations: Schema = {
        **_TEXTS,
        "properties": {
            "version": {
                "type": "string",
                "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$",
                "description": "MAJOR.MINOR.PATCH, quoted.",
            },
            "side_effects": {
                "type": "string",
                "description": '"true": it changes the world, so that it is never cached.',
            },
        },
    }
    inner = mapping(
        [key for key in spec_container.CONTAINER_KEYS if key.name != "fileOutputs"],  # E707
        {"command": _arguments(), "args": _arguments(), "env": _TEXTS},
        required=("command",),
    )
    start = Key("container", "mapping", "How the component starts.", required=True)
    body = mapping(
        spec.SPEC_KEYS,
        {
            "metadata": mapping(spec.METADATA_KEYS, {"annotations": annotations, "labels": _TEXTS}),
            "inputs": _list(mapping(spec.INPUT_KEYS, port, required=("type",))),
            "outputs": _list(mapping(spec.OUTPUT_KEYS, port, required=("type",))),
            "implementation": mapping((start,), {"container": inner}),
        },
    )
    return root("isodag component", "A component spec: component.yaml.", body)


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _type() -> Schema:
    """The names of types, offered in one spelling; kfp's other spellings are taken too."""
    words = "|".join(_any_case(word) for word in typenames.SPELLINGS)
    generic = "|".join(_any_case(word) for word in ("dict", "list"))
    spelling = rf"^\s*({_any_case('typing.')})?({words}|({generic})\[[\s\S]*\])\s*$"
    return {"anyOf": [{"enum": list(types.TYPES)}, {"type": "string", "pattern": spelling}]}


def _any_case(word: str) -> str:
    return "".join(
        f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else rf"\{letter}"
        for letter in word
    )


def _arguments() -> Schema:
    """Text, or one placeholder."""
    options: list[Schema] = [{"type": "string"}]
    for word in spec_container.PLACEHOLDERS:
        options.append(
            {
                "type": "object",
                "properties": {word: {} if word == "executorInput" else {"type": "string"}},
                "required": [word],
                "additionalProperties": False,
            }
        )
    return {"type": "array", "items": {"anyOf": options}}
