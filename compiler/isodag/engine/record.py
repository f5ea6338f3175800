"""The record of a run: what observers watch, `run.json` keeps and the report is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from isodag.engine.artifacts import Artifact
from isodag.engine.schedule import State
from isodag.ir import Repetition

SCHEMA_VERSION = 1


class Status(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class StepRecord:
    """One step of a run.

    component  its name; None for a `fail` step
    cached     done without running: the result of an earlier run stands
    kept       done without running: done in an earlier attempt of this run
    reason     why it was skipped or failed; one line
    started    seconds since the epoch; None when it never started
    seconds    from start to end; None when it never started or still runs
    key        of the cache, once known
    result     folder of its result
    outputs    typed values and Artifacts, by output name; empty unless done
    types      type of each output
    metrics    numbers of its Metrics artifacts: {output: {name: number}}
    log        what it printed; None when it never started
    command    what was started
    repetition which one of a repeated step it is
    last       whether it runs after all others, however they ended
    tags       of the step, by key
    tries      how often it was started; more than once where `retry` says so
    """

    name: str
    component: str | None
    state: State = State.WAITING
    cached: bool = False
    kept: bool = False
    reason: str = ""
    started: float | None = None
    seconds: float | None = None
    key: str | None = None
    result: Path | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    log: Path | None = None
    command: tuple[str, ...] = ()
    repetition: Repetition | None = None
    each: tuple[str, ...] = ()
    last: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    tries: int = 1

    def scalars(self) -> dict[str, Any]:
        """The outputs that are values."""
        return {name: x for name, x in self.outputs.items() if not isinstance(x, Artifact)}


@dataclass(frozen=True)
class GateRecord:
    """A condition once evaluated; value is None when it needed a skipped step's output."""

    value: bool | None
    reason: str


@dataclass
class RunResult:
    """A run, as far as it got; observers see it while it changes.

    started_at  UTC, as `2026-11-22T16:05:01Z`
    seconds     of the latest attempt; None while it runs
    parameters  typed values, Artifacts
    outputs     of the pipeline: typed values, Artifacts, or None for what was not made
    problem     what went wrong outside the steps (a full disk), one line
    again       the command that goes on with the run
    """

    run_id: str
    pipeline: str
    folder: Path
    store: Path
    started_at: str
    parameters: Mapping[str, Any]
    steps: dict[str, StepRecord]
    conditions: dict[str, GateRecord] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    status: Status = Status.RUNNING
    seconds: float | None = None
    attempt: int = 1
    problem: str = ""
    again: str = ""

    @property
    def exit_code(self) -> int:
        """0 done, 1 failed, 130 interrupted."""
        return {Status.DONE: 0, Status.INTERRUPTED: 130}.get(self.status, 1)


class Observer(Protocol):
    """Shows a run while it goes on.

    interval  seconds between calls of `tick`; None for never
    """

    interval: float | None

    def begin(self, run: RunResult) -> None:
        """Nothing has started yet."""

    def change(self, run: RunResult, step: StepRecord) -> None:
        """A step changed its state."""

    def repeat(self, run: RunResult, step: str, count: int) -> None:
        """A list is known now, a step is repeated so often: the run has other steps."""

    def tick(self, run: RunResult) -> None:
        """Time has passed."""

    def stopping(self, run: RunResult) -> None:
        """The user asked to stop; steps are ending."""

    def end(self, run: RunResult) -> None:
        """The run is over."""


class Silent:
    """An observer that shows nothing."""

    interval: float | None = None

    def begin(self, run: RunResult) -> None:
        """Nothing."""

    def change(self, run: RunResult, step: StepRecord) -> None:
        """Nothing."""

    def repeat(self, run: RunResult, step: str, count: int) -> None:
        """Nothing."""

    def tick(self, run: RunResult) -> None:
        """Nothing."""

    def stopping(self, run: RunResult) -> None:
        """Nothing."""

    def end(self, run: RunResult) -> None:
        """Nothing."""


# --- run.json --------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A value as JSON: an artifact is its absolute path or URI."""
    return value.place if isinstance(value, Artifact) else value


class RunJson:
    """The text of `run.json`, kept step by step so that a change costs one step, not all."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._texts: dict[str, tuple[StepRecord, str]] = {}

    def text(self, run: RunResult) -> str:
        """The record as JSON; `result` and `log` are relative to the store."""
        head = json.dumps(
            {
                "schema_version": SCHEMA_VERSION,
                "run_id": run.run_id,
                "pipeline": run.pipeline,
                "status": run.status,
                "problem": run.problem,
                "started_at": run.started_at,
                "seconds": run.seconds,
                "attempt": run.attempt,
                "parameters": {name: plain(value) for name, value in run.parameters.items()},
                "conditions": {
                    name: {"value": gate.value, "reason": gate.reason}
                    for name, gate in run.conditions.items()
                },
                "outputs": {name: plain(value) for name, value in run.outputs.items()},
            },
            indent=1,
        )
        steps = ",\n".join(self._step(step) for step in run.steps.values())
        return f'{head[:-2]},\n "steps": {{\n{steps}\n }}\n}}\n'

    def _step(self, step: StepRecord) -> str:
        known = self._texts.get(step.name)
        if known is None or known[0] is not step:
            text = f"  {json.dumps(step.name)}: {json.dumps(self._content(step))}"
            known = self._texts[step.name] = (step, text)
        return known[1]

    def _content(self, step: StepRecord) -> dict[str, Any]:
        return {
            "component": step.component,
            "state": step.state,
            "cached": step.cached,
            "kept": step.kept,
            "reason": step.reason,
            "started": step.started,
            "seconds": step.seconds,
            "key": step.key,
            "result": self._inside(step.result),
            "log": self._inside(step.log),
            "outputs": {name: plain(value) for name, value in step.outputs.items()},
            "metrics": step.metrics,
            "command": step.command,
            "tags": dict(step.tags),
            "tries": step.tries,
        }

    def _inside(self, path: Path | None) -> str | None:
        return None if path is None else str(path.relative_to(self._store))
