"""The folder `.isodag`: runs and cache on disk, written so that `kill -9` never leaves a lie.

runs/<id>/run.json               the run as it stands, rewritten whole at each change
runs/<id>/steps/<step>/log.txt   what the step printed (earlier attempts: log.1.txt, …)
runs/<id>/steps/<step>/outputs   link to the step's result
runs/<id>/outputs/<name>         links to the pipeline's results
runs/latest                      link to the latest run
cache/<key>/<moment>/            results that later runs may use
active/<id>                      locked while the run is alive
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from isodag.diagnostics import did_you_mean
from isodag.engine.options import RunError


@dataclass(frozen=True)
class Store:
    """The folders of one store; `open_store` makes them."""

    folder: Path

    @property
    def runs(self) -> Path:
        """Run folders, by run id."""
        return self.folder / "runs"

    @property
    def cache(self) -> Path:
        """Results, by key."""
        return self.folder / "cache"

    @property
    def active(self) -> Path:
        """One locked file for each run that is alive."""
        return self.folder / "active"


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run, locked by this process."""

    store: Store
    id: str
    lock: IO[str]

    @property
    def path(self) -> Path:
        """Absolute."""
        return self.store.runs / self.id

    def step(self, name: str) -> Path:
        """The folder of a step, made when it is not there."""
        path = self.path / "steps" / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def release(self, *, recorded: bool = True) -> None:
        """The run is over; what was not `recorded` is put right when the store is next opened."""
        if recorded:
            (self.store.active / self.id).unlink(missing_ok=True)
        self.lock.close()


def open_store(folder: Path) -> Store:
    """The store in a folder, made when it is not there; leftovers of killed runs are cleared.

    Raises RunError when the folder cannot be used.
    """
    store = Store(Path(os.path.abspath(folder)))
    try:
        for path in (store.runs, store.cache, store.active):
            path.mkdir(parents=True, exist_ok=True)
        ignore = store.folder / ".gitignore"
        if not ignore.exists():
            write(ignore, "*\n")
        for path in store.active.iterdir():
            _sweep(store, path.name)
    except OSError as error:
        raise RunError(f"cannot use `{folder}`: {error.strerror}", exit_code=1) from error
    return store


def new_run(store: Store, now: datetime) -> RunFolder:
    """A new run: its id is the UTC time of its start and four random characters."""
    run_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    lock = _lock(store, run_id)
    assert lock is not None  # the id is new
    (store.runs / run_id / "steps").mkdir(parents=True)
    return RunFolder(store, run_id, lock)


def old_run(store: Store, run_id: str) -> tuple[RunFolder, dict[str, Any]]:
    """The folder and the record of an earlier run, to go on with it.  Raises RunError."""
    if run_id == "latest" and (store.runs / "latest").exists():
        run_id = os.readlink(store.runs / "latest")
    known = sorted(path.name for path in store.runs.iterdir() if path.is_dir())
    if run_id not in known or run_id == "latest":
        hint = did_you_mean(run_id, (name for name in known if name != "latest"), "run")
        raise RunError(f"there is no run `{run_id}` in `{store.folder}`: {hint}")
    lock = _lock(store, run_id)
    if lock is None:
        raise RunError(f"run `{run_id}` is still going; wait for it or stop it")
    folder = RunFolder(store, run_id, lock)
    try:
        record = json.loads((folder.path / "run.json").read_text("utf-8"))
        if not isinstance(record["steps"], dict) or not isinstance(record["parameters"], dict):
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError):
        folder.release()
        raise RunError(f"run `{run_id}` left no record; start a new one") from None
    return folder, record


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all.  Raises OSError."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        partial.write_text(text, "utf-8")
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def link(path: Path, target: Path) -> None:
    """Make `path` a relative link to `target`, replacing what link was there, in one rename."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    os.symlink(os.path.relpath(target, path.parent), partial)
    os.replace(partial, path)


def clear(step: Path) -> None:
    """Remove what a step that did not end well left half-written."""
    for pattern in ("partial.*", "work.*"):
        for path in step.glob(pattern):
            shutil.rmtree(path, ignore_errors=True)


def is_full(folder: Path) -> bool:
    """Whether the disk that holds a folder has less than 64 KiB left for this user."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize < 64 << 10


def _lock(store: Store, run_id: str, mode: str = "a") -> IO[str] | None:
    """The open, locked file of a run; None while another process holds it."""
    path = store.active / run_id
    while True:
        file = path.open(mode)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        try:
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass
        file.close()  # swept between open and lock: take a fresh one


def _sweep(store: Store, run_id: str) -> None:
    """Clear up after a run whose process died without a word."""
    try:
        lock = _lock(store, run_id, "r+")
    except FileNotFoundError:
        return  # it ended meanwhile
    if lock is None:
        return
    folder = RunFolder(store, run_id, lock)
    try:
        record = json.loads((folder.path / "run.json").read_text("utf-8"))
        if record["status"] == "running":
            record["status"] = "interrupted"
            for step in record["steps"].values():
                step["state"] = _AFTER_DEATH.get(step["state"], step["state"])
            write(folder.path / "run.json", json.dumps(record, indent=1) + "\n")
    except (ValueError, KeyError, TypeError, AttributeError, FileNotFoundError):
        pass  # it died before it wrote one
    for path in (folder.path / "steps").glob("*"):
        clear(path)
    folder.release()


_AFTER_DEATH: Mapping[str, str] = {"running": "interrupted", "waiting": "not_run"}
