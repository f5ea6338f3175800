"""SageMaker's folders under /opt/ml: what a job gives, and where it looks for what it gets back.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html,
…/byoc-input-and-output.html, …/byoc-metadata.html
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isodag.runtime.errors import UsageError, quoted
from isodag.runtime.spec import Spec
from isodag.runtime.values import render

_DEFAULT = "/opt/ml"
_MAX_REASON = 1024  # bytes of a reason that SageMaker shows; cut inside a character, the job fails


def root() -> Path:
    """/opt/ml, or `$ISODAG_OPT_ML` in its place."""
    return Path(os.path.abspath(os.environ.get("ISODAG_OPT_ML") or _DEFAULT))


def here() -> bool:
    """Whether this is a SageMaker job."""
    return any(
        (root() / name).is_dir() for name in ("config", "input/config", "processing", "output")
    )


def in_place(text: str) -> str:
    """A path under /opt/ml, moved to `$ISODAG_OPT_ML` where that is set."""
    moved = os.environ.get("ISODAG_OPT_ML")
    under = text == _DEFAULT or text.startswith(_DEFAULT + "/")
    return moved + text[len(_DEFAULT) :] if moved and under else text


def report_failure(line: str) -> None:
    """Leave the reason where training (`failure`) and processing (`message`) jobs read it."""
    if not here():
        return
    text = line.encode("utf-8", "replace")[:_MAX_REASON].decode("utf-8", "ignore")
    for name in ("failure", "message"):
        try:
            (root() / "output").mkdir(exist_ok=True)
            (root() / "output" / name).write_text(text, encoding="utf-8")
        except OSError:
            pass  # the reason is on stderr, and a full disk may be the reason


# --- training --------------------------------------------------------------------------------


def is_training() -> bool:
    """Whether this is a training job."""
    return (root() / "input" / "config").is_dir()


def follows() -> bool:
    """Whether this is a host of a training job after the first: of the job's outputs it writes what
    it likes.  All hosts upload to one place, so that a component does well to write from one.
    """
    resources = _read(root() / "input" / "config" / "resourceconfig.json")
    try:
        return bool(sorted(resources["hosts"])[0] != resources["current_host"])
    except (TypeError, KeyError, IndexError):
        return False


def hyperparameters() -> dict[str, str]:
    """The job's own hyperparameters: text by name, SageMaker's entries left out.

    Values are taken as they are.  Only where the SageMaker SDK's script mode wrote the file (it
    then holds `sagemaker_program` or `sagemaker_submit_directory`) is every value a JSON text,
    and a JSON string stands for its content (sagemaker.estimator.Framework, SDK 2.x).
    Raises UsageError for a file that is no flat JSON object.
    """
    entries = _entries()
    script_mode = "sagemaker_program" in entries or "sagemaker_submit_directory" in entries
    found = {}
    for name, value in entries.items():
        if name.startswith(("sagemaker_", "_tuning_")):
            continue
        if isinstance(value, dict | list) or value is None:
            raise UsageError(f"hyperparameter {quoted(name)}: not text")
        text = value if isinstance(value, str) else render(value)
        found[name] = _decoded(text) if script_mode else text
    return found


def _entries() -> dict[str, Any]:
    path = root() / "input" / "config" / "hyperparameters.json"
    try:
        entries = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is not JSON") from None
    if not isinstance(entries, dict):
        raise UsageError(f"{path} is not a JSON object")
    return entries


def _decoded(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, str) else text


def training_places(spec: Spec, given: Mapping[str, str]) -> dict[str, str]:
    """The paths of a training job's artifacts that no hyperparameter names.

    An input is its channel, or the file in it where the job's `sagemaker_uri_<input>` says that its
    S3 URI is that of one object; the one Model output is /opt/ml/model, the others are entries of
    /opt/ml/output/data.  Raises UsageError for a required input without a channel.
    """
    places = {}
    entries = _entries()
    for item in spec.artifacts:
        if item.name in given:
            continue
        channel = root() / "input" / "data" / item.name
        if channel.is_dir():
            uri = str(entries.get(f"sagemaker_uri_{item.name}", ""))
            wanted = uri.rpartition("/")[2] if uri else "data"
            places[item.name] = str(_only(channel, wanted) or channel)
        elif not item.optional:
            raise UsageError(f"`{spec.name}` needs the channel `{item.name}`: no folder {channel}")
    if sum(output.type == "Model" for output in spec.products) > 1:
        raise UsageError(
            f"`{spec.name}` writes two models: a training job has one place for a model"
        )
    for output in spec.products:
        if output.name not in given:
            model = output.type == "Model"
            folder = root() / "model" if model else root() / "output" / "data" / output.name
            places[output.name] = str(folder)
    return places


def _only(folder: Path, name: str) -> Path | None:
    return folder / name if os.listdir(folder) == [name] else None


# --- processing ------------------------------------------------------------------------------


def single_object(folder: Path) -> Path | None:
    """The file that a processing input is, where its S3 URI is that of one object.

    SageMaker puts an object's file into the input's folder; everywhere else such a URI arrives as
    the file.  The job's configuration tells the two apart.
    """
    inputs = _mounted(folder)
    try:
        names = os.listdir(folder)
    except OSError:
        return None
    if len(inputs) == 1 and len(names) == 1:
        if str(inputs[0].get("S3Uri")).rpartition("/")[2] == names[0]:
            return folder / names[0]
    return None


def no_share(folder: Path) -> bool:
    """Whether a processing input is not there because its objects are dealt out to the hosts, and
    this one got none."""
    inputs = [one for place in (folder, *folder.parents) for one in _mounted(place)]
    return any(one.get("S3DataDistributionType") == "ShardedByS3Key" for one in inputs)


def _mounted(folder: Path) -> list[dict[str, Any]]:
    """The S3Input of the job's inputs at a folder."""
    job = _read(root() / "config" / "processingjobconfig.json")
    try:
        inputs = [entry["S3Input"] for entry in job["ProcessingInputs"] if "S3Input" in entry]
        return [one for one in inputs if Path(in_place(one["LocalPath"])) == folder]
    except (KeyError, TypeError):
        return []


def _read(path: Path) -> Any:
    """A file of SageMaker's; None where it is not there or no JSON."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def model_archive(path: Path) -> Path | None:
    """The model.tar.gz that a Model output at this path becomes in a processing job, else None."""
    mounted = root() / "processing" / "output"
    if mounted not in path.parents:
        return None
    return (path.parent if path.name == "data" else path) / "model.tar.gz"


def write_values(scalars: Mapping[str, Any]) -> None:
    """Write values.json, the property file of a processing job, where its output is mounted or
    a flag had the folder made.

    scalars  every scalar output by name
    """
    folder = root() / "processing" / "output" / "values"
    if scalars and folder.is_dir():
        text = json.dumps(dict(scalars), sort_keys=True, allow_nan=False)
        (folder / "values.json").write_text(text + "\n", encoding="utf-8")
