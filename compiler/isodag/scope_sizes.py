"""How large named conditions are once the conditions they name are written out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from isodag.expressions import Expression, Name, children, names
from isodag.frontend.syntax import ConditionDef

MAX_SIZE, MAX_DEPTH = 500, 100  # names in a condition written out, and operators in operators
Size = tuple[int, int]  # names, depth


def sizes(conditions: Mapping[str, ConditionDef]) -> dict[str, Size]:
    """The size of every named condition; those that are defined by themselves are left out."""
    waits = {
        name: {n.path[0] for n in _parts(item.expression) if n.path[0] in conditions}
        for name, item in conditions.items()
    }
    readers: dict[str, list[str]] = {name: [] for name in waits}
    for name, others in waits.items():
        for other in others:
            readers[other].append(name)
    found: dict[str, Size] = {}
    free = [name for name, others in waits.items() if not others]
    while free:
        name = free.pop()
        found[name] = size(conditions[name].expression, found)
        for reader in readers[name]:
            waits[reader].discard(name)
            if not waits[reader]:
                free.append(reader)
    return found


def size(expression: Expression | None, known: Mapping[str, Size]) -> Size:
    """The size of an expression, the named conditions in it written out."""
    if expression is None:
        return 0, 0
    if isinstance(expression, Name) and len(expression.path) == 1:
        return known.get(expression.path[0], (1, 1))
    inner = [size(child, known) for child in children(expression)]
    count = max(1, sum(count for count, _ in inner))
    depth = 1 + max((depth for _, depth in inner), default=0)
    return min(count, MAX_SIZE + 1), min(depth, MAX_DEPTH + 1)


def too_large(size: Size) -> bool:
    """Whether that is more than we work with."""
    return size[0] > MAX_SIZE or size[1] > MAX_DEPTH


def _parts(expression: Expression | None) -> Iterator[Name]:
    """The names in an expression that may be named conditions: single words."""
    for name in names(expression) if expression is not None else ():
        if len(name.path) == 1:
            yield name
