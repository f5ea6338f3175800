"""The live table on a terminal: one row per step, drawn with rich, which is loaded by the first."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, TextIO

from isodag.engine.logs import Latest, clean
from isodag.engine.record import RunResult, StepRecord
from isodag.engine.report import STOPPING, duration, note, titled, trouble
from isodag.engine.schedule import State

_GLYPHS = {
    State.WAITING: ("·", ".", "dim"),
    State.RUNNING: ("▸", ">", "cyan"),
    State.DONE: ("✓", "+", "green"),
    State.SKIPPED: ("↷", "-", "yellow"),
    State.FAILED: ("✗", "x", "bold red"),
    State.NOT_RUN: ("·", ".", "dim"),
    State.INTERRUPTED: ("■", "#", "bold red"),
}
_PAUSE = 0.05  # seconds; drawing takes some milliseconds
_WORDS = {State.NOT_RUN: "not run"}
# which steps are shown when the terminal is too low for all
_RANK = (State.FAILED, State.RUNNING, State.INTERRUPTED, State.DONE, State.SKIPPED)


class Table:
    """Draws in the engine's own thread: at each change, and at each tick for the times.

    The last drawing goes away at the end; the summary takes its place.
    """

    interval: float | None = 0.25

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=stream, highlight=False)  # obeys NO_COLOR
        # no thread of its own, so that nothing else runs when a step's process is forked
        self._live = Live(
            console=self._console, auto_refresh=False, transient=True,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._plain = "utf" not in (getattr(stream, "encoding", None) or "").lower()
        self._message = ""
        self._drawn_at = 0.0
        self._logs = Latest()

    def begin(self, run: RunResult) -> None:
        """Draw all steps waiting."""
        self._live.start()
        self.tick(run)

    def change(self, run: RunResult, step: StepRecord) -> None:
        """Draw again, unless that was done a moment ago: then the next tick will."""
        if time.monotonic() - self._drawn_at > _PAUSE:
            self.tick(run)

    def repeat(self, run: RunResult, step: str, count: int) -> None:
        """Draw the steps that there are now."""
        self.tick(run)

    def tick(self, run: RunResult) -> None:
        """Draw the run as it is now."""
        self._drawn_at = time.monotonic()
        self._live.update(self._drawn(run), refresh=True)

    def stopping(self, run: RunResult) -> None:
        """Say that Ctrl-C was heard, below the table."""
        self._message = STOPPING
        self.tick(run)

    def end(self, run: RunResult) -> None:
        """Take the table away; say what went wrong."""
        self._live.stop()
        for line in trouble(run):
            self._console.print(line, markup=False)

    def _drawn(self, run: RunResult) -> Any:
        from rich.console import Group
        from rich.table import Table as Grid
        from rich.text import Text

        room = max(3, self._console.height - 3)
        rows, hidden = _fitting(list(run.steps.values()), room)
        grid = Grid.grid(padding=(0, 2))
        for number in range(4):
            grid.add_column(no_wrap=True, justify="right" if number == 2 else "left",
                            overflow="ellipsis")  # fmt: skip
        for step in rows:
            glyph, substitute, style = _GLYPHS[step.state]
            name = f"{substitute if self._plain else glyph} {titled(step)}"
            word = "cached" if step.cached else "kept" if step.kept else _WORDS.get(step.state)
            grid.add_row(
                Text(name, style), Text(word or step.state, style), _elapsed(step),
                Text(self._note(step), "dim"),
            )  # fmt: skip
        title = Text.assemble((run.pipeline, "bold"), (f"  run {run.run_id}", "dim"))
        parts: list[Any] = [title, grid]
        if hidden:
            counts = Counter(_WORDS.get(step.state, step.state.value) for step in hidden)
            told = ", ".join(f"{count} {state}" for state, count in counts.items())
            parts.append(Text(f"and {len(hidden)} more: {told}", "dim"))
        if self._message:
            parts.append(Text(self._message, "bold"))
        return Group(*parts)

    def _note(self, step: StepRecord) -> str:
        if step.state is State.RUNNING and step.log is not None and not step.reason:
            return self._logs.line(step.log)
        return clean(step.reason) if step.reason else note(step)


def _elapsed(step: StepRecord) -> str:
    if step.cached or step.kept or step.started is None:
        return ""
    seconds = step.seconds if step.seconds is not None else time.time() - step.started
    return duration(max(0.0, seconds))


def _fitting(steps: list[StepRecord], room: int) -> tuple[list[StepRecord], list[StepRecord]]:
    """The steps to show in the pipeline's order, and those left out."""
    if len(steps) <= room:
        return steps, []
    rank = {state: place for place, state in enumerate(_RANK)}
    latest = sorted(
        range(len(steps)),
        key=lambda i: (rank.get(steps[i].state, len(rank)), -(steps[i].started or 0), i),
    )
    chosen = set(latest[: room - 1])
    return (
        [step for i, step in enumerate(steps) if i in chosen],
        [step for i, step in enumerate(steps) if i not in chosen],
    )
