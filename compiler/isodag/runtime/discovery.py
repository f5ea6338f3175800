"""Where components lie: a name in, the component's folder out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from isodag.runtime.errors import UsageError, did_you_mean, quoted

BUILT_IN = Path(__file__).parent.parent / "components"


@dataclass(frozen=True)
class Found:
    """A component's folder, and the words that say by which rule it was found."""

    folder: Path
    by: str


def places() -> list[Found]:
    """The folders that hold components, first looked in first."""
    listed = os.environ.get("ISODAG_COMPONENTS", "").split(os.pathsep)
    found = [Found(Path(folder), "$ISODAG_COMPONENTS") for folder in listed if folder]
    return [*found, Found(Path("components"), "./components"), Found(BUILT_IN, "the package")]


def find(name: str) -> Found:
    """The first folder of that name with a component.yaml in it.  Raises UsageError."""
    searched = places()
    if os.sep not in name and name not in ("", ".", "..") and "\0" not in name:
        for place in searched:
            if _is_component(place.folder / name):
                return Found(place.folder / name, place.by)
    near = did_you_mean(name, available())
    looked = ", ".join(str(place.folder) for place in searched)
    way_out = f"did you mean `{near}`?" if near else f"looked in {looked}"
    raise UsageError(f"no component {quoted(name)}: {way_out}")


def available() -> dict[str, Found]:
    """Every component by name, sorted; the first folder that holds a name has it."""
    found: dict[str, Found] = {}
    for place in places():
        try:
            names = os.listdir(place.folder)
        except OSError:
            continue
        for name in names:
            if _is_component(place.folder / name):
                found.setdefault(name, Found(place.folder / name, place.by))
    return dict(sorted(found.items()))


def _is_component(folder: Path) -> bool:
    return os.path.isfile(folder / "component.yaml")
