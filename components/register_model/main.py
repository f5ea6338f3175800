"""A model and its evaluation in; a new version in a model registry out."""

from __future__ import annotations

import json
import math
import os
import re
import sys
from hashlib import file_digest, sha256
from pathlib import Path

from isodag.runtime import ComponentError, run


def register_model(
    model: Path,
    metrics: Path,
    *,
    group: str,
    approval: str = "PendingManualApproval",
    serving_image: str = "",
    registry: str = "",
) -> dict[str, str | int]:
    """Register a model as the next version of its group, with metrics, approval and origin.

    model    folder; its files are copied into the registry
    metrics  folder with `evaluation.json`, as evaluate_classifier writes it

    This is MLflow's registry; on SageMaker the step is a native one (sagemaker.yaml).  The version
    is tagged with approval, serving_image, model_digest and run_id.
    """
    numbers = _numbers(metrics / "evaluation.json")
    if not model.is_dir() or not any(model.iterdir()):
        raise ComponentError(f"model: `{model}` is not a folder with files in it")
    where = registry or _default_registry()
    tags = {
        "approval": approval,
        "serving_image": serving_image,
        "model_digest": _digest(model),
        "run_id": os.environ.get("ISODAG_RUN_ID", ""),
    }
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")  # MLflow's 7 take minutes
    from mlflow.exceptions import MlflowException

    import model_registry

    shown = re.sub(r"//[^/@]*@", "//", where)  # without the password it may hold
    try:
        version = model_registry.add_version(
            where, group, model, numbers, {name: text for name, text in tags.items() if text}
        )
    except (MlflowException, OSError) as error:
        reason = str(error).strip().partition("\n")[0].replace(where, shown)
        raise ComponentError(f"registry {shown}: {reason}") from error
    arn = f"models:/{group}/{version}"
    print(f"{arn} in {shown}", file=sys.stderr)
    return {"model_package_arn": arn, "version": version}


def _default_registry() -> str:
    """MLFLOW_TRACKING_URI, else a SQLite file where the engine of isodag keeps its runs."""
    if uri := os.environ.get("MLFLOW_TRACKING_URI"):
        return uri
    if home := os.environ.get("ISODAG_HOME"):
        return f"sqlite:///{Path(home).absolute()}/registry.db"
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        raise ComponentError("set registry or MLFLOW_TRACKING_URI: a pod's disk goes with the pod")
    return f"sqlite:///{Path('.isodag').absolute()}/registry.db"


def _numbers(evaluation: Path) -> dict[str, float]:
    """Metrics by name: the `{"value": x}` of the report's sections, and its plain numbers."""
    try:
        content = json.loads(evaluation.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        where = evaluation.parent
        raise ComponentError(f"metrics: there is no evaluation.json in `{where}`") from None
    except ValueError as error:
        raise ComponentError(f"metrics: evaluation.json is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise ComponentError("metrics: evaluation.json is not a JSON object")
    found = {name: value for name, value in content.items() if name != "version"}
    for section in content.values():
        for name, entry in section.items() if isinstance(section, dict) else ():
            if isinstance(entry, dict):
                found[name] = entry.get("value")
    return {
        name: float(value)
        for name, value in found.items()
        if type(value) in (int, float) and math.isfinite(value)
    }


def _digest(folder: Path) -> str:
    """sha256 of what sha256sum prints for the folder's files, by relative name, in their order."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    whole = sha256()
    for name in sorted(name for name, path in files.items() if path.is_file()):
        with files[name].open("rb") as file:
            whole.update(f"{file_digest(file, 'sha256').hexdigest()}  {name}\n".encode())
    return f"sha256:{whole.hexdigest()}"


if __name__ == "__main__":
    run(register_model)
