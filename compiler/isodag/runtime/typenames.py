"""The names of types as component specs write them: the container and the compiler read alike."""

from __future__ import annotations

import re

from isodag.runtime.values import PARAMETER_TYPES

ARTIFACT_TYPES = (
    "Artifact", "Dataset", "Model", "Metrics", "ClassificationMetrics", "HTML", "Markdown",
)  # fmt: skip
TYPES = PARAMETER_TYPES + ARTIFACT_TYPES

# Spellings that kfp reads alike, case-folded (kfp/dsl/types/type_utils.py, kfp 2.17)
SPELLINGS = {
    "str": "String", "text": "String", "int": "Integer", "double": "Float", "bool": "Boolean",
    "dict": "JsonObject", "list": "JsonArray", **{name.lower(): name for name in TYPES},
}  # fmt: skip


def canonical(name: str) -> str | None:
    """The type that a spec's `type:` names, by kfp's spellings; None for one we do not know."""
    folded = re.sub(r"^typing\.", "", name.strip().lower())
    folded = re.sub(r"^(dict|list)\[.*\]$", r"\1", folded, flags=re.DOTALL)
    return SPELLINGS.get(folded)
