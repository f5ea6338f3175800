"""Two meanings compared: what differs, and which of it is known and why.

`parity.yaml` of a pipeline lists what is known, each with the place, what stands there on either
side, and the reason.  A listed difference that is not there is as wrong as one that is not listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parity_meaning import Path, Tree, leaves

NOTHING = "(nothing)"


@dataclass(frozen=True)
class Known:
    """A difference that is known.

    at     its path, words with `/` between; `*` is any one word
    ours, theirs   what stands there; NOTHING where nothing does
    """

    at: str
    ours: Tree
    theirs: Tree
    why: str

    def covers(self, path: Path) -> bool:
        words = self.at.split("/")
        return len(words) == len(path) and all(
            wanted in ("*", word) for word, wanted in zip(path, words, strict=True)
        )


def unlisted(ours: Tree, theirs: Tree, known: Sequence[Known]) -> list[str]:
    """What differs and is not listed, and what is listed and does not differ; a line each."""
    found = dict(_differing(ours, theirs))
    seen: set[Path] = set()
    told = []
    for item in known:
        places = [
            path for path in sorted(_paths(found))
            if item.covers(path) and (item.ours, item.theirs) == (at(ours, path), at(theirs, path))
        ]  # fmt: skip
        if not places:
            told.append(f"listed, but not there: {item.at}")
        for place in places:
            seen |= {path for path in found if path[: len(place)] == place}
    for path in sorted(found):
        if path not in seen:
            one, other = found[path]
            told.append(f"{'/'.join(path)}: isodag {one!r}, SDK {other!r}")
    return told


def _differing(ours: Tree, theirs: Tree) -> Iterator[tuple[Path, tuple[Any, Any]]]:
    """The leaves that differ."""
    one, other = dict(leaves(ours)), dict(leaves(theirs))
    for path in one.keys() | other.keys():
        pair = one.get(path, NOTHING), other.get(path, NOTHING)
        truths = isinstance(pair[0], bool), isinstance(pair[1], bool)
        if pair[0] != pair[1] or truths[0] is not truths[1]:  # 1 is 1.0, but not true
            yield path, pair


def _paths(found: Mapping[Path, Any]) -> set[Path]:
    """The paths of the leaves, and of all above them."""
    return {path[:end] for path in found for end in range(1, len(path) + 1)}


def at(tree: Tree, path: Path) -> Tree:
    """What stands at a path, else NOTHING."""
    for word in path:
        if not isinstance(tree, Mapping) or word not in tree:
            return NOTHING
        tree = tree[word]
    return tree
