"""The types of inputs, outputs and expressions, and what may flow into what."""

from __future__ import annotations

import re
from collections.abc import Iterable

from isodag.diagnostics import suggest
from isodag.runtime.typenames import ARTIFACT_TYPES as ARTIFACT_TYPES
from isodag.runtime.typenames import TYPES as TYPES
from isodag.runtime.typenames import canonical as canonical
from isodag.runtime.values import PARAMETER_TYPES

SECRET = "Secret"  # of pipeline parameters alone: the value is a reference, see runtime.references
DECLARABLE = (*TYPES, SECRET)


# what other formats call our types, lower case
_FOREIGN = {
    "number": "Float", "float32": "Float", "float64": "Float", "real": "Float", "decimal": "Float",
    "number_double": "Float", "number_integer": "Integer", "long": "Integer", "integers": "Integer",
    "object": "JsonObject", "map": "JsonObject", "struct": "JsonObject", "json": "JsonObject",
    "array": "JsonArray", "tuple": "JsonArray", "seq": "JsonArray", "date": "String",
    "datetime": "String", "char": "String", "path": "Artifact", "file": "Artifact",
    "folder": "Artifact", "directory": "Artifact", "uri": "Artifact", "uri_file": "Artifact",
    "uri_folder": "Artifact", "gcspath": "Artifact", "s3uri": "Artifact", "table": "Dataset",
    "csv": "Dataset", "dataframe": "Dataset", "mltable": "Dataset", "data": "Dataset",
    "mlflow_model": "Model", "custom_model": "Model", "flag": "Boolean",
}  # fmt: skip


def declared(name: str) -> str | None:
    """A pipeline parameter's type; None for one that is not written as ours, which is reported."""
    return name if name in TYPES else None


def near(name: str) -> str | None:
    """The type that another format's, or a misspelt, name most likely stands for."""
    bare = re.sub(r"^(system|kfp|dsl|typing)\.", "", name.strip())
    if inner := re.fullmatch(r"(?:Optional|Input|Output)\[(.*)\]", bare):
        bare = inner[1]
    bare = bare.partition("@")[0]
    folded = re.sub(r"(?<=[a-z])(8|16|32|64)$", "", bare.lower())
    known = canonical(bare) or canonical(folded) or _FOREIGN.get(bare.lower())
    return known or _FOREIGN.get(folded) or suggest(bare, TYPES)


def one(name: str) -> str:
    """The type's name with its article, for messages."""
    return f"{'an' if name[:1] in 'AEIOU' else 'a'} {name}"


def is_parameter(type_name: str) -> bool:
    """Whether values of the type are passed by value; the others are artifacts, passed by place."""
    return type_name in PARAMETER_TYPES


def list_of(type_name: str) -> str:
    """The type of what the repetitions of a step give together, each one value of a type."""
    return "JsonArray" if is_parameter(type_name) else f"list of {type_name}"


def common(names: Iterable[str]) -> str | None:
    """The one type that holds values of all these types, if there is one."""
    found = set(names)
    if found == {"Integer", "Float"}:
        return "Float"
    return found.pop() if len(found) == 1 else None


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
