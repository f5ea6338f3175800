"""What a step made: collected from the files it wrote, kept whole as one folder, read back.

A result is a folder: `result.json` (values, digests, stamps), `outputs/` (artifacts) and, for a
cached one, `log.txt`.  It is put together under a temporary name and renamed, so it is complete or
absent.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from isodag.component import Component
from isodag.engine.artifacts import Artifact, Stamp, Unreadable, digest, unchanged
from isodag.engine.command import named_outputs, output_names
from isodag.engine.logs import PRINTED
from isodag.runtime.values import BadValue, admit, parse
from isodag.types import is_parameter

_TEXT_CAP = 1 << 20  # bytes of a scalar's text


class BadOutput(Exception):
    """An output that is missing or not of its type; one line."""


@dataclass(frozen=True)
class Result:
    """The outputs of one execution of a step.

    folder    holds `outputs/`
    values    scalar outputs
    digests   of artifacts, by output name
    stamps    of the artifacts' files, by output name
    finished  seconds since the epoch
    """

    folder: Path
    values: Mapping[str, Any]
    digests: Mapping[str, str]
    stamps: Mapping[str, tuple[Stamp, ...]]
    finished: float


def collect(component: Component, partial: Path, log: Path) -> Result:
    """The result that a finished step left in `partial`.

    partial  holds `outputs/` and `values/`, each with one entry per output
    log      read for scalars whose path the command line does not hold
    Raises BadOutput naming every output that was not written.
    """
    names = output_names(component)
    missing, values = [], dict[str, Any]()
    digests, stamps = dict[str, str](), dict[str, tuple[Stamp, ...]]()
    for output in component.outputs:
        try:
            if is_parameter(output.type):
                text = _scalar_text(component, output.name, partial / "values", log)
                values[output.name] = parse(output.type, text)
            else:
                path = partial / "outputs" / names[output.name]
                if not path.exists() or (path.is_dir() and not any(path.iterdir())):
                    raise FileNotFoundError
                digests[output.name], stamps[output.name] = digest(path)
        except FileNotFoundError:
            missing.append(f"`{output.name}`")
        except (BadValue, Unreadable) as error:
            raise BadOutput(f"output `{output.name}`: {error}") from error
    if missing:
        raise BadOutput(f"wrote nothing to output{'s'[: len(missing) > 1]} {', '.join(missing)}")
    return Result(partial, values, digests, stamps, time.time())


def _scalar_text(component: Component, name: str, folder: Path, log: Path) -> str:
    path = folder / output_names(component)[name]
    if not path.exists() and name not in named_outputs(component):
        return _printed(name, log)
    with path.open("rb") as file:
        content = file.read(_TEXT_CAP + 1)
    if len(content) > _TEXT_CAP:
        raise BadValue(f"the text is longer than {_TEXT_CAP >> 20} MiB")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise BadValue("the text is not UTF-8") from None


def _printed(name: str, log: Path) -> str:
    """The last value that the step printed for a scalar.  Raises FileNotFoundError for none."""
    found, start = None, f"{PRINTED}{name}="
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith(start):
                found = line[len(start) :].rstrip("\r\n")
    if found is None:
        raise FileNotFoundError
    return found


def keep(result: Result, destination: Path) -> Result:
    """Move a collected result to its place, in one rename.  Raises OSError; then none is kept."""
    content = {
        "finished": result.finished,
        "values": dict(result.values),
        "digests": dict(result.digests),
        "stamps": {
            name: [[stamp.inside, stamp.size, stamp.mtime_ns] for stamp in stamps]
            for name, stamps in result.stamps.items()
        },
    }
    (result.folder / "outputs").mkdir(exist_ok=True)
    (result.folder / "result.json").write_text(json.dumps(content), "utf-8")
    destination.parent.mkdir(parents=True, exist_ok=True)
    os.rename(result.folder, destination)
    return replace(result, folder=destination)


def read(folder: Path, component: Component) -> Result | None:
    """The result kept in a folder, or None when it is not whole or not what it was."""
    try:
        content = json.loads((folder / "result.json").read_text("utf-8"))
        result = Result(
            folder,
            {
                output.name: admit(output.type, content["values"][output.name])
                for output in component.outputs
                if is_parameter(output.type)
            },
            {name: str(text) for name, text in content["digests"].items()},
            {
                name: tuple(Stamp(*item) for item in items)
                for name, items in content["stamps"].items()
            },
            float(content["finished"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    names = output_names(component)
    for output in component.outputs:
        if not is_parameter(output.type):
            path = folder / "outputs" / names[output.name]
            known = result.digests.get(output.name)
            if known is None or not unchanged(path, known, result.stamps.get(output.name, ())):
                return None
    return result


def outputs(result: Result, component: Component, folder: Path) -> dict[str, Any]:
    """A result's outputs: typed values, and artifacts as they are reached through `folder`."""
    names = output_names(component)
    return {
        output.name: result.values[output.name]
        if is_parameter(output.type)
        else Artifact(str(folder / names[output.name]), result.digests[output.name])
        for output in component.outputs
    }


def metrics(component: Component, found: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The numbers of a step's Metrics artifacts, by output name: {name: number} each.

    A Metrics artifact is one JSON file, a flat object; what is not a finite number is left out.
    """
    read_numbers = {}
    for output in component.outputs:
        artifact = found.get(output.name)
        if output.type != "Metrics" or not isinstance(artifact, Artifact):
            continue
        try:
            path = Path(artifact.place)
            content = (
                json.loads(path.read_text("utf-8")) if path.stat().st_size <= _TEXT_CAP else {}
            )
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(content, dict):
            read_numbers[output.name] = {
                name: float(number)
                for name, number in content.items()
                if type(number) in (int, float) and abs(number) < float("inf")
            }
    return read_numbers
