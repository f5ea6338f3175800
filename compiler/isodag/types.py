"""The types of inputs, outputs and expressions, and what may flow into what."""

from __future__ import annotations

from isodag.runtime.typenames import ARTIFACT_TYPES as ARTIFACT_TYPES
from isodag.runtime.typenames import TYPES as TYPES
from isodag.runtime.typenames import canonical as canonical
from isodag.runtime.values import PARAMETER_TYPES


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
