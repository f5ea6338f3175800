"""The secrets of a run: references in, the texts that steps get in their environments out.

They are looked up before anything starts, kept in memory alone and handed to the steps that name
them; neither the record of a run nor a cache key ever holds one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from isodag import ir
from isodag.runtime import references
from isodag.runtime.references import BadReference, Reference

_LARGEST = 64 << 10  # bytes: some systems take no variable larger than 128 KiB
_HERE = "on this machine write env:NAME or file:PATH"


class NoSecret(Exception):
    """Why a reference gives no secret here, in a part of a sentence; never the text given."""


@dataclass(frozen=True)
class Secrets:
    """What the steps of a run get.

    steps     text by variable, by step
    withheld  variables of this process that hold a secret: no step inherits them
    """

    steps: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    withheld: frozenset[str] = frozenset()


def reference(text: str, base: Path) -> Reference:
    """A reference that this machine can follow; its path absolute.  Raises NoSecret.

    base  the folder that a relative path starts from
    """
    try:
        found = references.read(text)
    except BadReference as error:
        raise NoSecret(f"{error}; {_HERE}") from None
    if found.scheme not in ("env", "file"):
        raise NoSecret(f"`{found}` is in a store that only its target reads; {_HERE}")
    if found.scheme == "file":
        return Reference("file", os.path.abspath(base / Path(found.place).expanduser()))
    return found


def secret(found: Reference) -> str:
    """The text that a reference leads to; of a file without the line end.  Raises NoSecret."""
    if found.scheme == "env":
        if found.place not in os.environ:
            raise NoSecret(f"there is no environment variable `{found.place}`")
        text = os.environ[found.place]
    else:
        text = _content(Path(found.place))
    if not text:
        raise NoSecret(f"`{found}` is empty")
    return text


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        text = data.decode("utf-8")
    except OSError as error:
        raise NoSecret(f"`{path}` cannot be read: {(error.strerror or '').lower()}") from None
    except UnicodeDecodeError:
        raise NoSecret(f"`{path}` is not UTF-8 text") from None
    if len(data) > _LARGEST or "\0" in text:
        raise NoSecret(f"`{path}` does not fit into an environment variable")
    return text.removesuffix("\n").removesuffix("\r")


def gather(
    tasks: Iterable[ir.Task], parameters: Mapping[str, object], base: Path | None = None
) -> tuple[Secrets, list[str]]:
    """The secrets of some tasks, and a line for each that is not here.

    parameters  text of the reference by parameter name, as `reference` gives it
    base        where relative paths in the DAG file start; None: its folder
    """
    steps: dict[str, dict[str, str]] = {}
    problems: dict[str, None] = {}
    withheld: set[str] = set()
    for task in tasks:
        for item in task.secrets:
            what = f"`{item.variable}` of step `{task.step}`"
            try:
                if isinstance(item.value, ir.ParameterRef):
                    if item.value.name not in parameters:
                        continue  # told already
                    what = f"parameter `{item.value.name}`"
                    found = references.read(str(parameters[item.value.name]))
                else:
                    folder = base or Path(item.place.path).parent
                    found = reference(str(item.value.value), folder)
                steps.setdefault(task.name, {})[item.variable] = secret(found)
            except NoSecret as problem:
                problems[f"{what}: {problem}"] = None
                continue
            if found.scheme == "env":
                withheld.add(found.place)
    return Secrets(steps, frozenset(withheld)), list(problems)
