"""A model's files, metrics and tags in; a new version in an MLflow model registry out."""

from __future__ import annotations

import fcntl
import logging
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException

SQLITE = "sqlite:///"
WAIT = 60  # seconds that SQLite waits for another program's write to end


def add_version(
    registry: str, group: str, model: Path, metrics: Mapping[str, float], tags: Mapping[str, str]
) -> int:
    """The number, from 1, of the new version of `group`, which holds the folder `model`.

    registry  tracking URI of MLflow; beside a SQLite file `x.db` the models go to `x.models/`
    Files and metrics are stored first and the version is made last, in one write with its tags:
    where one can be seen, it is whole.  Raises MlflowException and OSError.
    """
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    with _alone(registry) as uri:
        client = MlflowClient(uri, uri)
        run = client.create_run(_experiment(client, registry, group), run_name=group)
        run_id, place = run.info.run_id, f"{run.info.artifact_uri}/model"
        try:
            client.log_artifacts(run_id, str(model), "model")
            moment = run.info.start_time
            client.log_batch(run_id, [Metric(name, x, moment, 0) for name, x in metrics.items()])
            with suppress(MlflowException):  # it is there already, or the next call says why not
                client.create_registered_model(group)
            version = client.create_model_version(group, place, run_id, tags=dict(tags))
        except BaseException:
            if place.startswith("file:"):
                shutil.rmtree(unquote(urlsplit(place).path), ignore_errors=True)
            with suppress(MlflowException):
                client.set_terminated(run_id, "FAILED")
            raise
        client.set_terminated(run_id, "FINISHED")
    return int(version.version)


def _experiment(client: MlflowClient, registry: str, group: str) -> str:
    """The id of the group's experiment, which is made where there is none."""
    # without a server, MLflow would put the files into the working folder
    folder = _sqlite_file(registry).with_suffix(".models") if registry.startswith(SQLITE) else None
    with suppress(MlflowException):  # it is there already, or the next line fails
        return str(client.create_experiment(group, folder.as_uri() if folder else None))
    found = client.get_experiment_by_name(group)
    if found is None:
        raise MlflowException(f"the experiment `{group}` cannot be made")
    return str(found.experiment_id)


@contextmanager
def _alone(registry: str) -> Iterator[str]:
    """The URI to use, while no other registration writes the same SQLite file.

    Two that come first would both make its tables, and one would fail.
    """
    if not registry.startswith(SQLITE):
        yield registry
        return
    file = _sqlite_file(registry)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go when the file is closed, or its process dies
        if file.exists() and _head(file) not in (b"", b"SQLite format 3\0"):
            raise OSError(f"{file} is not a SQLite file")  # MLflow would try for two minutes
        yield f"{SQLITE}{file}?timeout={WAIT}"


def _sqlite_file(registry: str) -> Path:
    return Path(registry.removeprefix(SQLITE).partition("?")[0]).absolute()


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(16)
