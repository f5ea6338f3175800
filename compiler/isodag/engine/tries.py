"""Tries of a run's steps: how long each may take, and when a failed one is tried again.

`timeout` counts for each try, as on every target.  Of the causes that `retry` names, `throttling`,
`capacity` and `service` are those of a cloud and never happen here; `internal` is a try that a
signal ended (the machine ran out of memory, somebody killed it) or whose time was over.  A
component that fails by itself is not tried again: it would fail again.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from isodag import ir
from isodag.engine import attempt, store
from isodag.engine.attempt import Attempt
from isodag.engine.decide import MustRun
from isodag.engine.launcher import CannotStart, Launcher
from isodag.engine.record import StepRecord
from isodag.engine.schedule import State
from isodag.engine.secrets import Secrets

CAUSE = "internal"
# How a shell, or our runtime, tells that a signal ended what it ran
_KILLED = {128 + signal.SIGKILL, 128 + signal.SIGTERM}


@dataclass
class _Try:
    """The tries of one step.

    number  of the latest, from 1
    ends    when its time is over, then when it is killed; None for never
    over    its time was over
    again   when the next one begins; None while one runs
    """

    task: ir.Task
    decision: MustRun
    number: int = 0
    ends: float | None = None
    over: bool = False
    again: float | None = None


@dataclass
class Tries:
    """The tries of all steps that have begun.

    grace  seconds between asking a step to stop and killing it
    clock  seconds that only grow
    """

    grace: float
    clock: Callable[[], float] = time.monotonic
    _tries: dict[str, _Try] = field(default_factory=dict)

    def start(
        self, task: ir.Task, decision: MustRun, folder: store.RunFolder, secrets: Secrets,
        launcher: Launcher, tell: Callable[[StepRecord], None],
    ) -> Attempt | StepRecord:  # fmt: skip
        """Start a try; the final record where the step cannot be started.

        tell  gets the record before anything is started: it is on record, whatever comes
        """
        record = decision.record
        try:
            record, job = attempt.prepare(task, decision, folder, secrets)
            record = replace(record, tries=self._begin(task, decision))
            tell(record)
            return attempt.start(task, record, job, launcher)
        except (CannotStart, OSError) as error:
            store.clear(folder.path / "steps" / task.name)
            reason = (
                str(error)
                if isinstance(error, CannotStart)
                else f"cannot be started: {error.strerror}"
            )
            return replace(record, state=State.FAILED, reason=reason)

    def _begin(self, task: ir.Task, decision: MustRun) -> int:
        """A try begins; its number, from 1."""
        one = self._tries.setdefault(task.name, _Try(task, decision))
        one.number += 1
        one.ends = None if task.timeout is None else self.clock() + task.timeout
        one.over, one.again = False, None
        return one.number

    def stop(self, attempts: Mapping[str, Attempt]) -> None:
        """Ask the steps whose time is over to stop; kill those that were asked."""
        now = self.clock()
        for name, running in attempts.items():
            one = self._tries[name]
            if one.ends is not None and now >= one.ends:
                running.started.stop(kill=one.over)
                one.ends = None if one.over else now + self.grace
                one.over = True

    def waits(self) -> list[float]:
        """Seconds until times are over and tries are due."""
        now = self.clock()
        moments = (moment for one in self._tries.values() for moment in (one.ends, one.again))
        return [max(0.0, moment - now) for moment in moments if moment is not None]

    def finish(self, running: Attempt, status: int, folder: store.RunFolder) -> StepRecord:
        """The record of a try that has ended, one of a running step where another follows."""
        one = self._tries[running.task.name]
        one.ends, over = None, ""
        if one.over:
            over = f"timed out after {spelled(one.task.timeout or 0)} (`timeout` of the step)"
        record = attempt.finish(running, status, folder, over)
        retry = one.task.retry
        if record.state is not State.FAILED or retry is None:
            return record
        reason = f"try {one.number} of {retry.max_attempts}: {record.reason}"
        internal = one.over or status < 0 or status in _KILLED
        if internal and CAUSE in retry.on and one.number < retry.max_attempts:
            pause = retry.interval * retry.backoff ** (one.number - 1)
            one.again = self.clock() + pause
            reason += f"; again in {pause:g} s"
            return replace(record, state=State.RUNNING, reason=reason, seconds=None)
        return replace(record, reason=reason) if one.number > 1 else record

    @property
    def waiting(self) -> tuple[str, ...]:
        """The steps between two tries."""
        return tuple(name for name, one in self._tries.items() if one.again is not None)

    def due(self) -> Iterator[tuple[ir.Task, MustRun]]:
        """The steps whose next try is to start."""
        now = self.clock()
        for name in self.waiting:
            one = self._tries[name]
            if one.again is not None and now >= one.again:
                yield one.task, one.decision

    def give_up(self) -> tuple[str, ...]:
        """No step is tried again; those that waited for it."""
        names = self.waiting
        for name in names:
            self._tries[name].again = None
        return names


def spelled(seconds: int) -> str:
    """A duration as a definition writes it: `90s`, `3h`."""
    units = {"d": 86400, "h": 3600, "m": 60}
    return next((f"{seconds // n}{u}" for u, n in units.items() if seconds % n == 0), f"{seconds}s")
