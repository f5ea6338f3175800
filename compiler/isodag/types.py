"""The types of inputs, outputs and expressions, and what may flow into what."""

from __future__ import annotations

import re

from isodag.runtime.values import PARAMETER_TYPES

ARTIFACT_TYPES = (
    "Artifact", "Dataset", "Model", "Metrics", "ClassificationMetrics", "HTML", "Markdown",
)  # fmt: skip
TYPES = PARAMETER_TYPES + ARTIFACT_TYPES

# Spellings that kfp reads alike, case-folded (kfp/dsl/types/type_utils.py, kfp 2.17)
_SYNONYMS = {
    "str": "String", "text": "String", "int": "Integer", "double": "Float", "bool": "Boolean",
    "dict": "JsonObject", "list": "JsonArray", **{name.lower(): name for name in TYPES},
}  # fmt: skip


def canonical(name: str) -> str | None:
    """The type that a spec's `type:` names, by kfp's spellings; None for one we do not know."""
    folded = name.strip().lower()
    folded = re.sub(r"^typing\.", "", folded)
    folded = re.sub(r"^(dict|list)\[.*\]$", r"\1", folded, flags=re.DOTALL)
    return _SYNONYMS.get(folded)


def one(name: str) -> str:
    """The type's name with its article, for messages."""
    return f"{'an' if name[:1] in 'AEIOU' else 'a'} {name}"


def is_parameter(type_name: str) -> bool:
    """Whether values of the type are passed by value; the others are artifacts, passed by place."""
    return type_name in PARAMETER_TYPES


def accepts(wanted: str, given: str) -> bool:
    """Whether `given` may flow where `wanted` is due.

    Integer widens to Float and an artifact kind to Artifact; nothing else converts.
    """
    if wanted == given or (wanted == "Float" and given == "Integer"):
        return True
    return wanted == "Artifact" and given in ARTIFACT_TYPES


def comparable(left: str, right: str, operator: str) -> bool:
    """Whether two operand types may stand beside a comparison operator."""
    numbers = ("Integer", "Float")
    if left in numbers and right in numbers:
        return True
    return left == right and left in ("String", "Boolean") and operator in ("==", "!=")
