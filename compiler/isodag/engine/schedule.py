"""Which step may start now: a state machine with no I/O, told what happened, asked what is next."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from isodag.engine.options import Machine


class State(StrEnum):
    """Where a step is.  The last five are final; a step ends in exactly one of them."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    NOT_RUN = "not_run"  # after a failure or an interruption nothing new starts
    INTERRUPTED = "interrupted"


_OUT_OF_THE_WAY = (State.DONE, State.SKIPPED)  # what needs such a step may be decided


@dataclass(frozen=True)
class Item:
    """A step as the schedule sees it.

    needs   steps that must be done or skipped before
    cpu     cores it asks for; 0 when it says nothing, then only the number of jobs limits it
    memory  bytes it asks for
    """

    name: str
    needs: tuple[str, ...] = ()
    cpu: float = 0.0
    memory: int = 0


class Schedule:
    """The progress of one run.

    A step is first *undecided*; once its needs are settled the engine decides: it settles it at
    once (skipped, cached, a `fail` step) or enqueues it; a queued step starts when it fits.
    """

    def __init__(
        self, items: Sequence[Item], machine: Machine, *, each_alone: bool = False
    ) -> None:
        """A schedule of which nothing has started.

        each_alone  a failed step halts nothing
        """
        self.machine = machine
        self.states: dict[str, State] = {}
        self._each_alone = each_alone
        self._queue: list[tuple[int, str]] = []
        self._running: dict[str, Item] = {}
        self.halted = False
        self.rewrite(items)

    def rewrite(self, items: Sequence[Item]) -> None:
        """Go on with other steps: one that is known keeps its state, one that is gone has none.

        A step that runs or is queued must stay.
        """
        queued = {name for _, name in self._queue}
        self.states = {item.name: self.states.get(item.name, State.WAITING) for item in items}
        self._items = {item.name: item for item in items}
        self._place = {item.name: place for place, item in enumerate(items)}
        self._left: dict[str, int] = {}
        self._users: dict[str, list[str]] = {item.name: [] for item in items}
        for item in items:
            needs = {need for need in item.needs if self.states[need] not in _OUT_OF_THE_WAY}
            self._left[item.name] = len(needs)
            for need in needs:
                self._users[need].append(item.name)
        self._queue = sorted((self._place[name], name) for name in queued)
        self._undecided = [
            (place, name)
            for name, place in self._place.items()
            if not self._left[name] and self.states[name] is State.WAITING and name not in queued
        ]

    def undecided(self) -> str | None:
        """The first step, in the pipeline's order, that has what it needs and awaits a decision.

        The same step is given until it is settled or enqueued.  None after a failure.
        """
        return self._undecided[0][1] if self._undecided and not self.halted else None

    def enqueue(self, name: str) -> None:
        """Decided: the step must run."""
        heapq.heappush(self._queue, self._take(name))

    def startable(self) -> str | None:
        """The first queued step that fits beside those that run, or None.

        A step that asks for more than the machine has fits when nothing else runs.
        """
        if self.halted or len(self._running) >= self.machine.jobs:
            return None
        cpu = self.machine.cpu - sum(item.cpu for item in self._running.values())
        memory = self.machine.memory - sum(item.memory for item in self._running.values())
        for _, name in sorted(self._queue):
            item = self._items[name]
            if not self._running or (item.cpu <= cpu and item.memory <= memory):
                return name
        return None

    def start(self, name: str) -> None:
        """A queued step was started."""
        self._queue.remove((self._place[name], name))
        heapq.heapify(self._queue)
        self._running[name] = self._items[name]
        self.states[name] = State.RUNNING

    def settle(self, name: str, state: State) -> None:
        """A step, running or undecided, came to its end; a failed or interrupted one halts all."""
        if self._running.pop(name, None) is None:
            self._take(name)
        self.states[name] = state
        if state not in _OUT_OF_THE_WAY:
            self.halted = self.halted or not self._each_alone
            return
        for user in self._users[name]:
            self._left[user] -= 1
            if not self._left[user]:
                heapq.heappush(self._undecided, (self._place[user], user))

    def halt(self) -> None:
        """From now on nothing new starts."""
        self.halted = True

    def running(self) -> Iterable[str]:
        """The steps that run, in the order of their start."""
        return tuple(self._running)

    def close(self) -> tuple[str, ...]:
        """Settle as not run whatever never started; those steps, in the pipeline's order."""
        rest = tuple(name for name, state in self.states.items() if state is State.WAITING)
        for name in rest:
            self.states[name] = State.NOT_RUN
        return rest

    def _take(self, name: str) -> tuple[int, str]:
        entry = (self._place[name], name)
        self._undecided.remove(entry)
        heapq.heapify(self._undecided)
        return entry
