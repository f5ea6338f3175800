"""Constants as KFP carries them: protobuf values, in which every number is a double."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from isodag.diagnostics import Diagnostic
from isodag.runtime import values
from isodag.source import Span

PARAMETER_TYPES = {
    "String": "STRING", "Integer": "NUMBER_INTEGER", "Float": "NUMBER_DOUBLE",
    "Boolean": "BOOLEAN", "JsonObject": "STRUCT", "JsonArray": "LIST",
}  # fmt: skip
RUN_FACTS = {  # kfp/dsl/__init__.py; the driver replaces them only where they stand alone
    "id": "{{$.pipeline_job_uuid}}",
    "started_at": "{{$.pipeline_job_create_time_utc}}",
}
_MAX_INTEGER = 2**53  # the last up to which a double holds every whole number
# `{{$`: KFP's placeholders.  The others are variables of Argo, which runs the pipeline:
# https://argo-workflows.readthedocs.io/en/latest/variables/
_PLACEHOLDER = re.compile(
    r"\{\{\s*(\$|=|workflow\.|inputs\.|outputs\.|tasks\.|steps\.|pod\.|item\b|retries\b)"
)


def parameter_type(type_name: str) -> str:
    """KFP's name of a parameter type; an artifact passed as a parameter is its URI."""
    return PARAMETER_TYPES.get(type_name, "STRING")


def artifact_type(type_name: str) -> dict[str, str]:
    """KFP's schema of an artifact type."""
    return {"schemaTitle": f"system.{type_name}", "schemaVersion": "0.0.1"}


def constant(value: Any) -> Any:
    """A value as JSON for `google.protobuf.Value`: whole numbers are written as floats."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): constant(item) for key, item in value.items()}
    return [constant(item) for item in value]


def unfit(value: Any, what: str, span: Span) -> Diagnostic | None:
    """Why a constant would not arrive as it is written (E605, E606), or None when it will.

    what  the place of the value, for the message
    """
    if isinstance(value, str):
        found = _PLACEHOLDER.search(value)
        if found is None:
            return None
        shown = value[found.start() :].partition("}")[0].splitlines()[0][:20]
        return Diagnostic(
            "E606",
            f"{what} holds `{shown}…`, which KFP would replace at run time",
            span,
            "take the braces apart, or read the text from a file",
        )
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        if math.isfinite(value) if isinstance(value, float) else abs(value) <= _MAX_INTEGER:
            return None
        shown = values.render(value)
        return Diagnostic(
            "E605",
            f"{what} is {shown if len(shown) < 30 else shown[:29] + '…'}, "
            "which KFP cannot carry: its numbers are doubles",
            span,
            "pass it as a String, or stay within 9007199254740992",
        )
    parts = [*value, *value.values()] if isinstance(value, Mapping) else value
    return next(filter(None, (unfit(part, what, span) for part in parts)), None)
