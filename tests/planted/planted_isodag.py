"""What `isodag check` says of a planted mistake, held against what it should say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planted_cases import VALUES, Case, Planted

COMPONENTS = "components"


def arguments(case: Case) -> tuple[str, ...]:
    """The arguments of `check`, in the folder with the mistake."""
    values = ("-e", Path(VALUES).stem) if case.file == VALUES else ()
    return ("pipeline.yaml", *values, "--components", COMPONENTS)


@dataclass(frozen=True)
class Verdict:
    """What isodag did with one mistake.

    found      it says the code that is expected, and no other error
    line       at the line where the mistake lies
    suggested  the help holds what was meant
    """

    case: str
    found: bool
    line: bool
    suggested: bool


def judged(case: Case, planted: Planted, said: Iterable[Mapping[str, Any]]) -> Verdict:
    """The verdict on the diagnostics of `check -o json`, paths relative to the folder."""
    said = list(said)
    warns = case.codes[0].startswith("W")
    about = [item for item in said if warns or item["severity"] == "error"]
    folder = planted.path.parents[len(Path(case.file).parts) - 1]
    here = [
        item
        for item in about
        if (folder / item["file"]).resolve() == planted.path.resolve()
        and item["line"] == planted.line
    ]
    return Verdict(
        case.id,
        found=sorted(case.codes) == sorted(item["code"] for item in about),
        line=bool(about) and here == about,
        suggested=bool(case.suggests)
        and any(case.suggests in (item["help"] or "") for item in here),
    )
