"""Kubeflow Pipelines' executor input and output: how a container sets its artifacts' metadata.

Source: ExecutorInput and ExecutorOutput in api/v2alpha1/pipeline_spec.proto of kubeflow/pipelines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isodag.runtime.errors import UsageError
from isodag.runtime.typenames import canonical


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


# --- what comes in ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Inputs:
    """The `inputs` of an executor input.

    parameters  JSON values by name
    artifacts   the entries of each artifact or list of artifacts, by name
    """

    parameters: Mapping[str, Any]
    artifacts: Mapping[str, Sequence[Mapping[str, Any]]]


def inputs_of(text: str) -> Inputs:
    """The inputs of an executor input, which `outputs_of` has read already."""
    given = json.loads(text).get("inputs")
    given = given if isinstance(given, dict) else {}
    parameters, artifacts = given.get("parameterValues"), given.get("artifacts")
    return Inputs(
        parameters if isinstance(parameters, dict) else {},
        {name: _entries(entry) for name, entry in artifacts.items()}
        if isinstance(artifacts, dict)
        else {},
    )


def files_of(outputs: Mapping[str, Any]) -> dict[str, str]:
    """The file that each output parameter's text goes to."""
    listed = outputs.get("parameters")
    return {
        name: entry["outputFile"]
        for name, entry in (listed.items() if isinstance(listed, dict) else ())
        if isinstance(entry, dict) and isinstance(entry.get("outputFile"), str)
    }


def places_of(outputs: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The entry of each output artifact."""
    listed = outputs.get("artifacts")
    found = {
        name: _entries(entry)
        for name, entry in (listed.items() if isinstance(listed, dict) else ())
    }
    return {name: entries[0] for name, entries in found.items() if entries}


def _entries(listed: Any) -> list[Mapping[str, Any]]:
    found = listed.get("artifacts") if isinstance(listed, dict) else None
    return [item for item in found or () if isinstance(item, dict)]


_MOUNTS = {"gs://": "/gcs/", "minio://": "/minio/", "s3://": "/s3/"}


def local_path(entry: Mapping[str, Any]) -> str:
    """Where KFP's launcher put an artifact, or fetches it from.

    backend/src/v2/component/launcher_v2.go: LocalPathForURI; kfp.dsl.Artifact.path says the same.
    """
    uri = str(entry.get("uri") or "")
    custom = entry.get("customPath") or entry.get("custom_path")
    path = custom if isinstance(custom, str) else uri
    for scheme, mount in () if custom else _MOUNTS.items():
        if uri.startswith(scheme):
            path = mount + uri[len(scheme) :]
    if not custom and uri.startswith("oci://"):
        path = "/oci/" + uri[len("oci://") :].replace("/", "_")
        path += "/models" if type_of(entry) == "Model" else ""
    if metadata_of(entry, own=True).get("_kfp_workspace") is True:
        path = "/kfp-workspace/.artifacts/" + path.lstrip("/")
    return path


def type_of(entry: Mapping[str, Any]) -> str:
    """The type of an artifact, `Artifact` for one that is none of ours."""
    title = entry.get("type", {}).get("schemaTitle") if isinstance(entry.get("type"), dict) else ""
    return canonical(str(title).removeprefix("system.")) or "Artifact"


def metadata_of(entry: Mapping[str, Any], *, own: bool = False) -> Mapping[str, Any]:
    """An artifact's metadata; what KFP keeps there for itself only with `own`."""
    found = entry.get("metadata")
    if not isinstance(found, dict):
        return {}
    return {
        name: value
        for name, value in found.items()
        if own or not name.startswith(("_kfp", "store_session_info", "display_name"))
    }
