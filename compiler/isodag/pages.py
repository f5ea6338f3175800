"""The pages of the diagnostic codes: a code in, its title and text out of `codes/<code>.md`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from isodag.diagnostics import suggest

FOLDER = Path(__file__).parent / "codes"
GROUPS = {
    "1": "files and their syntax",
    "2": "names and wiring",
    "3": "conditions and gates",
    "4": "types and values",
    "5": "SageMaker",
    "6": "Kubeflow Pipelines",
    "7": "component specs",
}
"""What the codes are about, by their first digit."""


@dataclass(frozen=True)
class Page:
    """One code's page.

    title    what the code says, one line of Markdown
    summary  its first paragraph, in one line
    text     the whole page, Markdown
    """

    code: str
    title: str
    summary: str
    text: str


@lru_cache(maxsize=1)
def known() -> tuple[str, ...]:
    """Every code, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.md")))


def page(code: str) -> Page:
    """The page of a known code; KeyError when there is no such code."""
    if code not in known():
        raise KeyError(code)
    text = (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    head, _, rest = text.partition("\n")
    summary = " ".join(rest.strip().split("\n\n")[0].split())
    return Page(code, head.removeprefix("# ").partition(": ")[2], summary, text)


def unknown(code: str) -> tuple[str, str]:
    """What to say of a code that does not exist: message, and the way out."""
    near = suggest(code.upper().replace("O", "0"), known())
    way_out = f"did you mean `{near}`?" if near else "`isodag explain` lists them"
    return f"there is no code `{code}`", way_out
