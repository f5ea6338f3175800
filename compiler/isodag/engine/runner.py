"""A run: an IR and options in, every step decided, started, waited for and recorded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from isodag import ir
from isodag.engine import attempt, store
from isodag.engine.artifacts import Artifact, Memo
from isodag.engine.decide import Found, MustRun, Situation, decide, downstream
from isodag.engine.evaluate import Scope, evaluate
from isodag.engine.launcher import CannotStart, Launcher, ProcessLauncher
from isodag.engine.options import RunError, RunOptions, this_machine
from isodag.engine.parameters import Given, check_startable, resolve, shown
from isodag.engine.record import Observer, RunJson, RunResult, Silent, Status, StepRecord
from isodag.engine.schedule import Item, Schedule, State
from isodag.engine.signals import Interrupted, Signals


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
    engine = _Run(pipeline, options, given, folder, earlier, observer or Silent(), launcher)
    try:
        with Signals() as signals:
            return engine.go(signals)
    except BaseException:
        with suppress(Exception):
            engine.observer.end(engine.result)  # leaves the terminal in order
        raise
    finally:
        launcher.close()
        over = engine.result.status is not Status.RUNNING
        folder.release(recorded=engine.recorded and over)


class _Run:
    """The state of one run while it goes on."""

    def __init__(
        self,
        pipeline: ir.Pipeline,
        options: RunOptions,
        given: Given,
        folder: store.RunFolder,
        earlier: Mapping[str, Any],
        observer: Observer,
        launcher: Launcher,
    ) -> None:
        self.pipeline, self.options, self.folder = pipeline, options, folder
        self.observer, self.launcher = observer, launcher
        self.nodes = {node.name: node for node in pipeline.tasks}
        self.schedule = Schedule(_items(pipeline), this_machine(options.jobs))
        self.result = _blank(pipeline, options, given, folder, earlier)
        self.outputs: dict[str, Mapping[str, Any]] = {}
        facts = {
            "id": folder.id, "pipeline": pipeline.name, "started_at": self.result.started_at,
        }  # fmt: skip
        self.at = Situation(
            pipeline=pipeline,
            given=given,
            scope=Scope(given.parameters, self.outputs, facts),
            store=folder.store.folder,
            memo=Memo(folder.store.folder / "memo.json"),
            use_cache=options.use_cache,
            again=downstream(pipeline, options.from_step) if options.from_step else frozenset(),
            earlier=earlier.get("steps", {}),
            conditions=self.result.conditions,
        )
        self.decided: dict[str, MustRun] = {}
        self.attempts: dict[str, attempt.Attempt] = {}
        self.json = RunJson(folder.store.folder)
        self.recorded = True
        self.deadline: float | None = None  # when steps that were asked to stop are killed
        self.killed = False

    def go(self, signals: Signals) -> RunResult:
        """Run to the end, whichever it is."""
        begun = time.monotonic()
        self._save()
        self._link(self.folder.store.runs / "latest", self.folder.path)
        self.observer.begin(self.result)
        self._advance(signals)
        while self.attempts:
            self._wait(signals)
            for name in list(self.attempts):
                self._reap(name)
            self._advance(signals)
        for name in self.schedule.close():
            self._set(replace(self.result.steps[name], state=State.NOT_RUN))
        self._conclude(signals, time.monotonic() - begun)
        self.observer.end(self.result)
        return self.result

    # --- deciding and starting -----------------------------------------------------------------

    def _advance(self, signals: Signals) -> None:
        """Decide and start whatever can be; obey a stop signal."""
        if not signals.stops:
            self._start_queued()
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

    def _apply(self, name: str, decision: StepRecord | Found | MustRun) -> None:
        if isinstance(decision, MustRun):
            self.decided[name] = decision
            self.schedule.enqueue(name)
            return
        if isinstance(decision, Found):
            node = self.nodes[name]
            assert isinstance(node, ir.Task)
            try:
                record = attempt.adopt(decision, node.component, self.folder.step(name))
            except OSError as error:
                reason = f"cannot write to the run folder: {error.strerror}"
                record = replace(decision.record, state=State.FAILED, reason=reason)
            self._settle(record)
            return
        self._settle(decision)

    def _start_queued(self) -> None:
        while (name := self.schedule.startable()) is not None:
            node, decision = self.nodes[name], self.decided.pop(name)
            assert isinstance(node, ir.Task)
            self.schedule.start(name)
            record = decision.record
            try:
                record, job = attempt.prepare(node, decision, self.folder, self.at.given.secrets)
                self._set(record)  # first: what was started is on record, whatever comes
                self.attempts[name] = attempt.start(node, record, job, self.launcher)
            except (CannotStart, OSError) as error:
                store.clear(self.folder.path / "steps" / name)
                reason = str(error) if isinstance(error, CannotStart) else (
                    f"cannot be started: {error.strerror}"
                )  # fmt: skip
                self._settle(replace(record, state=State.FAILED, reason=reason))
                return

    # --- waiting ---------------------------------------------------------------------------------

    def _wait(self, signals: Signals) -> None:
        """Sleep until something happens; kill what does not stop in time."""
        waits = [self.observer.interval] if self.observer.interval is not None else []
        if self.deadline is not None and not self.killed:
            waits.append(max(0.0, self.deadline - time.monotonic()))
        signals.wait(min(waits, default=None))
        if self.observer.interval is not None:
            self.observer.tick(self.result)
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self._stop(kill=True)

    def _stop(self, *, kill: bool) -> None:
        self.schedule.halt()
        if self.deadline is None:
            self.deadline = time.monotonic() + self.options.grace
            self.observer.stopping(self.result)
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
        else:
            self._settle(attempt.finish(running, status, self.folder))

    # --- recording -------------------------------------------------------------------------------

    def _settle(self, record: StepRecord) -> None:
        self.schedule.settle(record.name, record.state)
        if record.state is State.DONE:
            self.outputs[record.name] = record.outputs
        self._set(record)

    def _set(self, record: StepRecord) -> None:
        self.result.steps[record.name] = record
        self._save()
        self.observer.change(self.result, record)

    def _save(self) -> None:
        """Write run.json; when that cannot be done nothing new starts."""
        try:
            store.write(self.folder.path / "run.json", self.json.text(self.result))
            self.recorded = True
        except OSError as error:
            self.recorded = False
            self._trouble(error)

    def _link(self, path: Path, target: Path) -> None:
        try:
            path.parent.mkdir(exist_ok=True)
            store.link(path, target)
        except OSError as error:
            self._trouble(error)

    def _trouble(self, error: OSError) -> None:
        self.result.problem = (
            f"cannot write to `{shown(self.folder.store.folder)}`: {error.strerror}"
        )
        self.schedule.halt()

    def _conclude(self, signals: Signals, seconds: float) -> None:
        """Outputs, status, links; the last word in run.json."""
        result = self.result
        for output in self.pipeline.outputs:
            value = evaluate(output.value, self.at.scope)
            result.outputs[output.name] = value
            if isinstance(value, Artifact) and "://" not in value.place:
                name = output.name + Path(value.place).suffix
                self._link(self.folder.path / "outputs" / name, Path(value.place))
        states = {step.state for step in result.steps.values()}
        if signals.stops and states & {State.INTERRUPTED, State.NOT_RUN}:
            result.status = Status.INTERRUPTED
        elif State.FAILED in states or result.problem:
            result.status = Status.FAILED
        else:
            result.status = Status.DONE
        result.seconds = seconds
        self.at.memo.save()
        self._save()


def _items(pipeline: ir.Pipeline) -> list[Item]:
    items = []
    for node in pipeline.tasks:
        asked = node.resources if isinstance(node, ir.Task) else None
        cpu, memory = (asked.cpu or 0.0, asked.memory or 0) if asked else (0.0, 0)
        items.append(Item(node.name, ir.reads(node, pipeline), cpu, memory))
    return items


def _blank(
    pipeline: ir.Pipeline,
    options: RunOptions,
    given: Given,
    folder: store.RunFolder,
    earlier: Mapping[str, Any],
) -> RunResult:
    """The record of a run of which no step has started."""
    steps = {}
    for node in pipeline.tasks:
        component = node.component if isinstance(node, ir.Task) else None
        types = {output.name: output.type for output in component.outputs} if component else {}
        steps[node.name] = StepRecord(
            node.name,
            component.name if component else None,
            types=types,
            repetition=node.repetition if isinstance(node, ir.Task) else None,
        )
    return RunResult(
        run_id=folder.id,
        pipeline=pipeline.name,
        folder=folder.path,
        store=folder.store.folder,
        started_at=earlier.get("started_at") or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        parameters=given.parameters,
        steps=steps,
        attempt=int(earlier.get("attempt", 0)) + 1,
        again=options.again.replace("{run}", folder.id),
    )
