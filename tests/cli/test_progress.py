"""The bar of a long check: on a terminal only, and only when it takes long."""

from __future__ import annotations

import io
from itertools import count

import pytest

from isodag.cli.progress import following


class Stream(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("seconds", "terminal", "drawn"),
    [(0.001, True, False), (1.5, True, True), (1.5, False, False)],
)
def test_a_bar_is_drawn_on_a_terminal_when_it_takes_long(
    monkeypatch: pytest.MonkeyPatch, seconds: float, terminal: bool, drawn: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    stream, ticks = Stream(terminal), count()
    items = [*range(10)]
    done = list(following(items, "checking", stream=stream, clock=lambda: next(ticks) * seconds))
    assert items == done
    assert drawn == ("checking" in stream.getvalue())
