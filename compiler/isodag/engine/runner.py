"""A run: an IR and options in, every step decided, started, waited for and recorded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from isodag import ir, ir_groups
from isodag.engine import attempt, blank, repetitions, store
from isodag.engine.artifacts import Memo
from isodag.engine.decide import (
    Found,
    MustRun,
    Repeat,
    Situation,
    decide,
    downstream,
    passed_over,
)
from isodag.engine.evaluate import Scope, evaluate
from isodag.engine.launcher import Launcher, ProcessLauncher
from isodag.engine.ledger import Ledger
from isodag.engine.options import RunError, RunOptions, this_machine
from isodag.engine.parameters import Given, check_startable, extended, resolve
from isodag.engine.record import Observer, RunResult, Silent, Status, StepRecord
from isodag.engine.schedule import Schedule, State
from isodag.engine.signals import Interrupted, Signals
from isodag.engine.tries import Tries


def run(
    pipeline: ir.Pipeline,
    options: RunOptions | None = None,
    observer: Observer | None = None,
    launcher: Launcher | None = None,
) -> RunResult:
    """Run a pipeline on this machine; call it in the main thread, it handles signals meanwhile.

    What became of the steps is told by the result (`status`, `exit_code`); it is never raised.
    Raises RunError when the run cannot begin; nothing was started then.
    """
    options = options or RunOptions()
    pipeline = ir_groups.flat(pipeline, over_nothing=False)
    check_startable(pipeline, options)
    home = store.open_store(options.store)
    folder: store.RunFolder | None = None
    earlier: dict[str, Any] = {}
    if options.resume is not None:
        folder, earlier = store.old_run(home, options.resume)
    try:
        if earlier and earlier.get("pipeline") != pipeline.name:
            other = earlier.get("pipeline")
            raise RunError(f"run `{options.resume}` is one of `{other}`, not of `{pipeline.name}`")
        given = resolve(pipeline, options, earlier.get("parameters"))
        folder = folder or store.new_run(home, datetime.now(UTC))
    except BaseException:
        if folder is not None:
            folder.release()
        raise
    launcher = launcher or ProcessLauncher()
    engine = _Run(given, options, folder, earlier, observer or Silent(), launcher)
    try:
        with Signals() as signals:
            return engine.go(signals)
    except BaseException:
        with suppress(Exception):
            engine.ledger.observer.end(engine.result)  # leaves the terminal in order
        raise
    finally:
        launcher.close()
        over = engine.result.status is not Status.RUNNING
        folder.release(recorded=engine.ledger.recorded and over)


class _Run:
    """The state of one run while it goes on."""

    def __init__(
        self,
        given: Given,
        options: RunOptions,
        folder: store.RunFolder,
        earlier: Mapping[str, Any],
        observer: Observer,
        launcher: Launcher,
    ) -> None:
        self.pipeline, self.options, self.folder = given.pipeline, options, folder
        self.launcher = launcher
        self.nodes = _by_name(self.pipeline)
        self.schedule = Schedule(
            blank.items(self.pipeline.tasks, self.pipeline), this_machine(options.jobs)
        )
        self.result = blank.result(given, options, folder, earlier)
        self.ledger = Ledger(self.result, folder, observer, lambda: self.schedule.halt())
        self.outputs: dict[str, Mapping[str, Any]] = {}
        facts = {
            "id": folder.id, "pipeline": self.pipeline.name, "started_at": self.result.started_at,
        }  # fmt: skip
        self.at = Situation(
            pipeline=self.pipeline,
            given=given,
            scope=Scope(given.parameters, self.outputs, facts),
            store=folder.store.folder,
            memo=Memo(folder.store.folder / "memo.json"),
            use_cache=options.use_cache,
            again=self._again(),
            earlier=earlier.get("steps", {}),
            conditions=self.result.conditions,
        )
        self.decided: dict[str, MustRun] = {}
        self.attempts: dict[str, attempt.Attempt] = {}
        self.tries = Tries(options.grace)
        self.deadline: float | None = None  # when steps that were asked to stop are killed
        self.killed = False

    def go(self, signals: Signals) -> RunResult:
        """Run to the end, whichever it is."""
        begun = time.monotonic()
        self.ledger.begin()
        self._to_the_end(signals)
        stops = self._last(signals)
        self.at.memo.save()
        made = {item.name: evaluate(item.value, self.at.scope) for item in self.pipeline.outputs}
        stopped = stops + signals.stops > 0
        self.ledger.conclude(made, time.monotonic() - begun, stopped=stopped)
        self.ledger.observer.end(self.result)
        return self.result

    def _to_the_end(self, signals: Signals) -> None:
        """Run what is scheduled until nothing of it is left to run."""
        self._advance(signals)
        while self.attempts or self.tries.waiting:
            self._wait(signals)
            for name in list(self.attempts):
                self._reap(name)
            self._advance(signals)
        for name in self.schedule.close():
            record = self.result.steps[name]
            why = passed_over(self.nodes[name], self.at, self.result.steps)
            state = State.NOT_RUN if why is None else State.SKIPPED
            self.ledger.set(replace(record, state=state, reason=why or ""))

    def _last(self, signals: Signals) -> int:
        """Run what comes after all others, unless the user has asked twice to stop; how often the
        user had asked by then."""
        stops = signals.anew()
        self.schedule = Schedule(
            blank.items(self.pipeline.last, self.pipeline), self.schedule.machine, each_alone=True
        )
        self.deadline, self.killed = None, False
        if stops > 1:
            self.schedule.halt()
        self._to_the_end(signals)
        return stops

    # --- deciding and starting -----------------------------------------------------------------

    def _advance(self, signals: Signals) -> None:
        """Decide and start whatever can be; obey a stop signal."""
        if not signals.stops:
            self._start_queued()
            for task, again in self.tries.due():
                self._start(task, again)
        while not signals.stops and (name := self.schedule.undecided()) is not None:
            try:
                with signals.interruptible():
                    decision = decide(self.nodes[name], self.result.steps[name], self.at)
            except Interrupted:
                break
            self._apply(name, decision)
            self._start_queued()
        if signals.stops:
            self._stop(kill=signals.stops > 1)

    def _apply(self, name: str, decision: StepRecord | Found | MustRun | Repeat) -> None:
        if isinstance(decision, MustRun):
            self.decided[name] = decision
            self.schedule.enqueue(name)
            return
        if isinstance(decision, Repeat):
            self._repeat(name, decision)
            return
        if isinstance(decision, Found):
            node = self.nodes[name]
            assert isinstance(node, ir.Task)
            decision = attempt.taken_over(decision, node.component, self.folder.step(name))
        self._settle(decision)

    def _repeat(self, name: str, decision: Repeat) -> None:
        """Go on with the repetitions of a step in place of it, each a step of its own."""
        group, items = decision.group, decision.items
        pipeline = repetitions.written_out(self.pipeline, {group: items})
        asked = self.options.from_step
        try:
            if asked is not None and not repetitions.meant(pipeline, asked):
                times = f"`{group}` is repeated {len(items)} times"
                raise RunError(f"there is no step `{asked}` to start from: {times}")
            given = extended(self.at.given, pipeline, self.options)
        except RunError as error:
            record = self.result.steps[name]
            self._settle(replace(record, state=State.FAILED, reason="; ".join(error.problems)))
            return
        why = blank.NO_ITEM if items else blank.EMPTY
        steps = blank.repeated(self.result.steps, self.pipeline, pipeline, why)
        self.pipeline, self.nodes = pipeline, _by_name(pipeline)
        self.at = replace(self.at, pipeline=pipeline, given=given, again=self._again())
        self.schedule.rewrite(blank.items(pipeline.tasks, pipeline))
        self.ledger.repeat(steps, group, len(items))

    def _again(self) -> frozenset[str]:
        """The steps that run whatever the cache holds: what is asked for, and what comes last."""
        asked = self.options.from_step
        found = downstream(self.pipeline, asked) if asked else frozenset()
        return found | {task.name for task in self.pipeline.last}

    def _start_queued(self) -> None:
        while (name := self.schedule.startable()) is not None:
            node, decision = self.nodes[name], self.decided.pop(name)
            assert isinstance(node, ir.Task)
            self.schedule.start(name)
            self._start(node, decision)

    def _start(self, node: ir.Task, decision: MustRun) -> None:
        """Start a try of a step; one that cannot be started has failed."""
        secrets, tell = self.at.given.secrets, self.ledger.set
        started = self.tries.start(node, decision, self.folder, secrets, self.launcher, tell)
        if isinstance(started, StepRecord):
            self._settle(started)
        else:
            self.attempts[node.name] = started

    # --- waiting ---------------------------------------------------------------------------------

    def _wait(self, signals: Signals) -> None:
        """Sleep until something happens; kill what does not stop in time."""
        observer = self.ledger.observer
        waits = [observer.interval] if observer.interval is not None else []
        if self.deadline is not None and not self.killed:
            waits.append(max(0.0, self.deadline - time.monotonic()))
        if self.deadline is None:
            waits += self.tries.waits()
        signals.wait(min(waits, default=None))
        if observer.interval is not None:
            observer.tick(self.result)
        if self.deadline is None:
            self.tries.stop(self.attempts)
        elif time.monotonic() >= self.deadline:
            self._stop(kill=True)

    def _stop(self, *, kill: bool) -> None:
        self.schedule.halt()
        if self.deadline is None:
            self.deadline = time.monotonic() + self.options.grace
            self.ledger.observer.stopping(self.result)
            for name in self.tries.give_up():
                record = self.result.steps[name]
                self._settle(replace(record, state=State.INTERRUPTED, reason=""))
        elif self.killed or not kill:
            return
        self.killed = kill
        for running in self.attempts.values():
            running.started.stop(kill=kill)

    def _reap(self, name: str) -> None:
        running = self.attempts[name]
        status = running.started.status()
        if status is None:
            return
        del self.attempts[name]
        if self.deadline is not None:
            self._settle(attempt.interrupt(running))
            return
        record = self.tries.finish(running, status, self.folder)
        again = record.state is State.RUNNING  # another try follows
        (self.ledger.set if again else self._settle)(record)

    def _settle(self, record: StepRecord) -> None:
        self.schedule.settle(record.name, record.state)
        if record.state is State.DONE:
            self.outputs[record.name] = record.outputs
        self.ledger.set(record)


def _by_name(pipeline: ir.Pipeline) -> dict[str, ir.Node]:
    return {node.name: node for node in (*pipeline.tasks, *pipeline.last)}
