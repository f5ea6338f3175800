"""Compiled files on disk: all of them or none, each written whole."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isodag import __version__
from isodag.driver import Loaded
from isodag.targets import Emitted

MANIFEST = "manifest.json"


def write(folder: str | Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files into a folder, made when missing; gives their paths in order of name.

    Every file is complete under a temporary name before the first is renamed.  Raises OSError.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    staged: list[tuple[str, Path]] = []
    try:
        for name in sorted(files):
            handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
            staged.append((temporary, folder / name))
            with os.fdopen(handle, "wb") as file:
                file.write(files[name])
        for temporary, path in staged:
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
    finally:
        for temporary, _ in staged:
            Path(temporary).unlink(missing_ok=True)
    return [path for _, path in staged]


def manifest(folder: str | Path, loaded: Loaded, target: str, emitted: Emitted) -> bytes:
    """`manifest.json`: what a definition cannot hold, by target.

    The entries of other targets compiled from the same source into the same folder are kept.
    """
    assert loaded.pipeline is not None
    targets: dict[str, Any] = {}
    try:
        old = json.loads((Path(folder) / MANIFEST).read_bytes())
        if old["source_digest"] == loaded.digest:
            targets = dict(old["targets"])
    except (OSError, ValueError, KeyError, TypeError):
        targets = {}  # none there, or none of ours
    targets[target] = {"files": sorted(emitted.files), **emitted.manifest}
    content = {
        "schema_version": 1,
        "isodag": __version__,
        "pipeline": loaded.pipeline.name,
        "source_digest": loaded.digest,
        "targets": {name: targets[name] for name in sorted(targets)},
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
