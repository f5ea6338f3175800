"""A component is whole in its folder: what two of them need, each has, and it is the same file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

LIBRARY = Path(__file__).parents[2] / "components"


def test_files_of_one_name_are_one_file() -> None:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in LIBRARY.glob("*/*.py"):
        if path.name != "main.py":
            found[path.name].add(path.read_text())
    assert [] == [name for name, texts in found.items() if len(texts) > 1]
