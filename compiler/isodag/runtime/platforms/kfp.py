"""Kubeflow Pipelines' executor input and output: how a container sets its artifacts' metadata.

Source: ExecutorInput and ExecutorOutput in api/v2alpha1/pipeline_spec.proto of kubeflow/pipelines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isodag.runtime.errors import UsageError


def outputs_of(text: str) -> Mapping[str, Any]:
    """The `outputs` of an executor input, with an `outputFile`.  Raises UsageError."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError("`--executor-input` is not JSON") from None
    outputs = message.get("outputs") if isinstance(message, dict) else None
    if not isinstance(outputs, dict) or not isinstance(outputs.get("outputFile"), str):
        raise UsageError("`--executor-input` is not KFP's: it has no outputs.outputFile")
    return outputs


def executor_output(outputs: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    """KFP's executor output as JSON: every output artifact, with its metadata if it has any.

    metadata  KFP metadata by output name
    All artifacts are listed since kfp's local runner passes on none that is not.
    """
    artifacts = {}
    listed = outputs.get("artifacts")
    for name, entry in listed.items() if isinstance(listed, dict) else ():
        found = entry.get("artifacts") if isinstance(entry, dict) else None
        if isinstance(found, list) and found and isinstance(found[0], dict):
            merged = {**(found[0].get("metadata") or {}), **metadata.get(name, {})}
            artifacts[name] = {"artifacts": [{**found[0], "metadata": merged}]}
    return json.dumps({"artifacts": artifacts}, sort_keys=True)


def read_metadata(path: Path, type_name: str) -> dict[str, Any] | None:
    """The metadata that a Metrics or ClassificationMetrics file holds; None when it holds none."""
    try:
        data = json.loads(path.read_bytes(), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    if type_name == "Metrics" and any(type(value) not in (int, float) for value in data.values()):
        return None
    return data


def _refuse(constant: str) -> float:
    raise ValueError(constant)
