"""Where the pieces of a request are written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from isodag.ir import Constant, Task
from isodag.source import Span

Path = tuple[str | int, ...]  # of a piece in a request: members, keys, numbers of items


@dataclass(frozen=True)
class Places:
    """Where the pieces of a request are written, by their path.

    values, keys  what a DAG file or a binding gives; the rest is generated
    files         by file, what a message calls the owner of what is written there
    settled       values that are checked once, not in every request that holds them
    images        images that are
    """

    values: dict[Path, Span] = field(default_factory=dict)
    keys: dict[Path, Span] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    settled: frozenset[Span] = frozenset()
    images: Collection[str] = ()

    def near(self, path: Path) -> Span | None:
        """Where the nearest piece around a path is written; None for a generated one."""
        while path:
            if path in self.values:
                return self.values[path]
            path = path[:-1]
        return None


def shown(path: Path) -> str:
    """`ResourceConfig.InstanceGroups[0].InstanceCount`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def giver(task: Task, value: object) -> Span | None:
    """Where the DAG file gives a step a value; None where it does not."""
    for item in task.arguments:
        if item.written and isinstance(item.value, Constant) and item.value.value == value:
            return item.span
    return None
