"""The schemas of DAG files and values files: the library's components and the targets' keys in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from isodag import spec_limits, types
from isodag.component import Component
from isodag.editors import inputs
from isodag.editors.words import Schema, mapping, named, or_expression, root
from isodag.frontend import schema
from isodag.frontend.reader import IDENTIFIER, PIPELINE_NAME, RESERVED
from isodag.frontend.schema import Key
from isodag.scope import ITEM_TYPES

Targets = Mapping[str, tuple[Key, ...]]

CONDITION: Schema = {"type": ["string", "boolean"]}
TEXT: Schema = {"type": ["string", "number", "boolean"]}  # numbers and booleans as they are written
PLAIN: Schema = {"type": ["string", "number", "boolean", "array", "object"]}  # anything but nothing


def pipeline(components: Sequence[Component], targets: Targets) -> Schema:
    """The schema of a DAG file.

    components  what `component:` is told to complete; of one name, the first is the one meant
    targets     the keys of each target's own block, by target name
    """
    body = mapping(
        schema.PIPELINE,
        {
            "apiVersion": {"const": schema.API_VERSION},
            "kind": {"const": "Pipeline"},
            "name": {"type": "string", "pattern": f"^{PIPELINE_NAME.pattern}$"},
            "vars": named(PLAIN),
            "parameters": named(_parameter()),
            "conditions": named(CONDITION, RESERVED),
            "defaults": mapping(schema.SETTINGS, _settings()),
            "steps": {**named(_step(targets)), "minProperties": 1},
            "finally": named(_step(targets, last=True)),
            "outputs": named({}),
            "targets": _targets(targets, "pipeline"),
        },
    )
    shared = {
        "component": inputs.reference(components),
        "inputs": {"allOf": inputs.by_component(components)},
    }
    body = {**body, "$defs": shared}
    return root("isodag pipeline", "A DAG file: `kind: Pipeline`.", body)


def values(targets: Targets) -> Schema:
    """The schema of a values file."""
    step = mapping(schema.STEP_VALUES, _settings() | {"targets": _targets(targets, "step")})
    body = mapping(
        schema.VALUES,
        {
            "apiVersion": {"const": schema.API_VERSION},
            "kind": {"const": "Values"},
            "vars": named(PLAIN),
            "parameters": named({}),
            "steps": named(step),
            "finally": named(step),
            "targets": _targets(targets, "pipeline"),
        },
    )
    return root("isodag values", "A values file: `kind: Values`, laid over a DAG file.", body)


def _parameter() -> Schema:
    """A parameter; its default and its limits by its type."""
    table = mapping(
        schema.PARAMETER,
        {
            "type": {"enum": list(types.DECLARABLE)},
            "enum": {"type": "array", "minItems": 1},
        },
    )
    return {**table, "allOf": [_typed(name) for name in types.DECLARABLE]}


def _typed(type_name: str) -> Schema:
    """What a parameter of a type may say besides."""
    then: Schema = {"default": inputs.given(type_name)}
    probes = {"minimum": 0, "maximum": 0, "pattern": ".", "enum": [None]}
    for word, probe in probes.items() if type_name in types.TYPES else ():
        reason = spec_limits.problem(word, probe, type_name) or ""
        if "does not suit" in reason:
            then[word] = False
    if "enum" not in then:
        then["enum"] = {"type": "array", "items": inputs.plain(type_name)}
    return {
        "if": {"properties": {"type": {"const": type_name}}, "required": ["type"]},
        "then": {"properties": then},
    }


def _step(targets: Targets, last: bool = False) -> Schema:
    """A step; `last`: one under `finally:`, which has a component and waits for nothing."""
    keys = [key for key in schema.STEP if not (last and key.name in schema.NOT_LAST)]
    table = mapping(
        keys,
        {
            **_settings(),
            "component": {"$ref": "#/$defs/component"},
            "when": CONDITION,
            "after": {
                "type": "array",
                "items": {"type": "string", "pattern": f"^{IDENTIFIER.pattern}$"},
            },
            "foreach": mapping(
                schema.FOREACH,
                {
                    "var": {"type": "string", "pattern": f"^{IDENTIFIER.pattern}$"},
                    "in": or_expression({"type": "array"}),
                    "type": {"enum": list(ITEM_TYPES)},
                },
            ),
            "pick": {
                **mapping(schema.PICK),
                "oneOf": [{"required": ["highest"]}, {"required": ["lowest"]}],
            },
            "secret_env": {"type": "object", "additionalProperties": {"type": "string"}},
            "targets": _targets(targets, "step"),
        },
    )
    kinds = ("component",) if last else ("component", "fail", "pick")
    either = [{"required": [kind]} for kind in kinds]
    return {**table, "oneOf": either, "allOf": [{"$ref": "#/$defs/inputs"}]}


def _settings() -> dict[str, Schema]:
    texts = {name: {"type": "object", "additionalProperties": TEXT} for name in schema.TEXTS}
    return {**{name: mapping(keys) for name, keys in schema.SETTING_KEYS.items()}, **texts}


_IDS = or_expression({"type": "array", "items": {"type": "string"}})
_FLAG = or_expression({"type": "boolean"})
# What a target's table leaves open, by target and key
_INNER: dict[tuple[str, str], Schema] = {
    ("sagemaker", "spot"): {
        "type": "object",
        "properties": {
            "max_wait": {"description": "A duration, waiting included, as 3h."},
            "checkpoints": {
                "description": "Where /opt/ml/checkpoints is kept: auto, or s3://BUCKET/PREFIX."
            },
        },
        "required": ["max_wait"],
        "additionalProperties": False,
    },
    ("sagemaker", "network"): {
        "type": "object",
        "properties": {
            "vpc": {
                "description": "The network that jobs run in.",
                "type": "object",
                "properties": {
                    "security_groups": {"description": "Ids of security groups.", **_IDS},
                    "subnets": {"description": "Ids of subnets.", **_IDS},
                },
                "required": ["security_groups", "subnets"],
                "additionalProperties": False,
            },
            "isolation": {"description": "Whether jobs may reach nothing outside.", **_FLAG},
            "encrypt": {
                "description": "Whether what hosts say to each other is encrypted.",
                **_FLAG,
            },
        },
        "additionalProperties": False,
    },
    ("sagemaker", "inputs"): {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {
                "distribution": {
                    "description": "Whether each machine gets all of it, or a share of its files.",
                    **or_expression({"enum": ["replicated", "sharded"]}),
                },
                "mode": {
                    "description": "Whether it is copied first, or opened as it arrives.",
                    **or_expression({"enum": ["file", "fast_file", "pipe"]}),
                },
                "data": {
                    "description": "Whether its URI begins many keys, or is a list of them.",
                    **or_expression({"enum": ["prefix", "manifest"]}),
                },
            },
            "additionalProperties": False,
        },
    },
    ("sagemaker", "experiment"): {
        "anyOf": [
            {"const": "none"},
            {
                "type": "object",
                "properties": {
                    "name": {"description": "The experiment.", "type": "string"},
                    "trial": {
                        "description": "The trial; one for each run if not said.",
                        "type": "string",
                    },
                },
                "additionalProperties": False,
            },
        ]
    },
}


def _targets(targets: Targets, scope: str) -> Schema:
    """`targets:` in its scope: pipeline or step."""
    blocks = {}
    for name, keys in targets.items():
        own = [key for key in keys if key.scope in (scope, "both")]
        special = {key.name: _INNER[name, key.name] for key in own if (name, key.name) in _INNER}
        blocks[name] = mapping(own, special)
    table = [Key(name, "mapping", f"What only {name} needs to know.") for name in targets]
    return mapping(table, blocks)
