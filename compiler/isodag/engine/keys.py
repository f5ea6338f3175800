"""The cache key of a step: equal keys, equal results."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePath
from typing import Any

from isodag import runtime
from isodag.component import Component, Container, Placeholder
from isodag.engine.artifacts import Artifact, Memo, digest
from isodag.runtime.values import render

_FORMAT = 1  # of keys and results; a change makes every earlier result a miss


def cache_key(
    component: Component,
    inputs: Mapping[str, Any],
    memo: Memo,
    environment: Mapping[str, str] | None = None,
) -> str:
    """sha256, hexadecimal, over all that a step's result may depend on.

    inputs       typed value, Artifact or None by input name
    environment  variables of the step's own
    That is the component's sources and command line, the texts of parameters, names and contents
    of artifacts (a name's ending may tell the format), the runtime and Python's version.  Neither
    the step's name nor any path is in it.  Raises Unreadable for an artifact.
    """
    container = component.container
    payload = {
        "format": _FORMAT,
        "component": component.digest,
        "name": component.name,
        "command": _command(container) if container else None,
        "env": dict(container.env) if container else None,
        "inputs": {name: _input(value, memo) for name, value in inputs.items()},
        "runtime": runtime_digest(),
        **({"environment": dict(environment)} if environment else {}),
        "python": f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}",
    }
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


@cache
def runtime_digest() -> str:
    """sha256 over the sources of `isodag.runtime`, hexadecimal."""
    total = hashlib.sha256()
    for folder in runtime.__path__:
        for path in sorted(Path(folder).glob("**/*.py")):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return total.hexdigest()


def _command(container: Container) -> list[str | dict[str, str]]:
    return [
        {item.kind: item.name} if isinstance(item, Placeholder) else item
        for item in (*container.command, *container.args)
    ]


def _input(value: Any, memo: Memo) -> Any:
    if not isinstance(value, Artifact):
        return None if value is None else {"text": render(value)}
    if "://" in value.place:
        return {"uri": value.place}
    path = Path(value.place)
    content = value.digest or digest(path, memo)[0]
    return {"name": PurePath(path).name, "digest": content}
