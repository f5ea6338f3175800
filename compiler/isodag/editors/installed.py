"""The components that a library has, all of them: folders in, Components out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from isodag import spec
from isodag.component import Component


def components(folders: Iterable[Path]) -> list[Component]:
    """Every component that can be read, in the order in which a reference finds them.

    folders  library folders, first folder first; one that is there twice is read once
    """
    found: list[Component] = []
    seen: set[Path] = set()
    for folder in folders:
        for path in sorted(folder.glob("*/component.yaml")):
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
            component, _ = spec.read_folder(path.parent, {})
            if component is not None:
                found.append(component)
    return found
