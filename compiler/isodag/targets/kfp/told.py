"""How messages call steps and conditions: by the names that they have in their own files.

The steps and conditions of a pipeline used as a component have the step that calls it before
their names in the IR; what is wrong in its file is said once, however often it is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from isodag.ir import Branch, Gate, Group, Node, Path, Within
from isodag.source import Span
from isodag.targets.kfp.places import Place


def own(name: str, around: Iterable[Place]) -> str:
    """A name without that of the group which it stands in.

    around  the places that it stands in, outermost first
    """
    for place in reversed(list(around)):
        if isinstance(place, Within) and name.startswith(f"{place.group}-"):
            return name.removeprefix(f"{place.group}-")
    return name


def step(node: Node) -> str:
    """A step as written in its own file."""
    return own(node.step, node.when)


def left(node: Node, depth: int, groups: Mapping[str, Group]) -> tuple[str, Span]:
    """What somebody outside of the first `depth` places of a step reads it by, and where that is:
    the step, or the outermost group further in."""
    for number, place in enumerate(node.when):
        if number >= depth and isinstance(place, Within):
            return own(place.group, node.when[:number]), groups[place.group].span
    return step(node), node.span


def path(route: Path, gates: Mapping[str, Gate]) -> str:
    """The branches of a path for people: `good` and not `open`; a step's own condition as it is
    written."""
    sides = []
    for depth, side in enumerate(route):
        if isinstance(side, Branch):
            name = own(side.gate, route[:depth])
            if name.startswith("when_"):
                name = " ".join(gates[side.gate].text.split())
            sides.append(f"{'' if side.taken else 'not '}`{name}`")
    return " and ".join(sides) or "no condition"
