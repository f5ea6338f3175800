"""How far a long command is, drawn on a terminal's stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO, TypeVar

T = TypeVar("T")
PATIENCE = 2.0  # seconds without a word


def following(
    items: Sequence[T], what: str, *,
    stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic,
) -> Iterator[T]:  # fmt: skip
    """The items one by one; a bar is drawn once they have taken PATIENCE, and wiped at the end.

    what    the verb before the bar
    stream  where it is drawn; stderr unless said, and nothing where that is no terminal
    clock   seconds that only grow
    """
    start, at = clock(), 0
    while at < len(items) and clock() - start <= PATIENCE:
        yield items[at]
        at += 1
    if at == len(items):
        return
    stream = stream or sys.stderr
    if not stream.isatty():
        yield from items[at:]
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=stream), transient=True) as bar:
        task = bar.add_task(what, total=len(items), completed=at)
        for item in items[at:]:
            yield item
            bar.advance(task)
