"""A run told to people, one line per change and a summary; and to machines, as one JSON object."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from isodag.engine.artifacts import Artifact
from isodag.engine.logs import Latest, clean, tail
from isodag.engine.parameters import shown
from isodag.engine.record import SCHEMA_VERSION, Observer, RunResult, Status, StepRecord, plain
from isodag.engine.schedule import State
from isodag.ir import Repetition
from isodag.runtime.values import render

_LOOK_AT = ("HTML", "Markdown")
_VALUE_CAP = 60


def observer(stream: TextIO) -> Observer:
    """A live table where `stream` is a terminal, one line per change elsewhere."""
    if stream.isatty():
        from isodag.engine.table import Table

        return Table(stream)
    return Lines(stream)


class Lines:
    """One plain line per change; for a step that takes long, now and then how far it is."""

    interval: float | None = 10.0

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.time) -> None:
        self._stream, self._clock = stream, clock
        self._logs = Latest()
        self._told: dict[str, tuple[float, str]] = {}  # when a step last had news, and which

    def begin(self, run: RunResult) -> None:
        """Which run this is."""
        again = f", attempt {run.attempt}" if run.attempt > 1 else ""
        self._say(f"run {run.run_id} of {run.pipeline}{again}: {_counted(len(run.steps), 'step')}")

    def change(self, run: RunResult, step: StepRecord) -> None:
        """`train: done in 12 s: accuracy 0.59`."""
        self._told[step.name] = (self._clock(), "")
        if step.state is not State.NOT_RUN:
            self._say(f"{titled(step)}: {describe(step)}")

    def repeat(self, run: RunResult, step: str, count: int) -> None:
        """`train: repeated 3 times`."""
        self._say(f"{step}: repeated {_counted(count, 'time')}")

    def tick(self, run: RunResult) -> None:
        """`train: 40 s: epoch 1/2, step 60/87`, where a log has grown and nothing was said since
        `interval` seconds."""
        now = self._clock()
        for step in run.steps.values():
            if step.state is not State.RUNNING or step.log is None or step.started is None:
                continue
            said_at, said = self._told.get(step.name, (now, ""))
            line = self._logs.line(step.log) if now - said_at >= (self.interval or 0) else said
            if line and line != said:
                self._told[step.name] = (now, line)
                self._say(f"{titled(step)}: {duration(now - step.started)}: {line}")

    def stopping(self, run: RunResult) -> None:
        """That Ctrl-C was heard."""
        self._say(STOPPING)

    def end(self, run: RunResult) -> None:
        """What went wrong, and how to go on."""
        for line in trouble(run):
            self._say(line)

    def _say(self, line: str) -> None:
        with suppress(OSError):  # nobody reads it any more; the run goes on
            print(line, file=self._stream, flush=True)


STOPPING = "stopping; once more kills the steps at once"


def titled(step: StepRecord) -> str:
    """A step's name; of a repeated one with the item: `train-0 (rate 1e-05)`; `train (each rate)`
    until the list is known."""
    said = [f"{name} {short(value)}" for name, value in _items(step.repetition)]
    said += [f"each {name}" for name in step.each]
    said += ["finally"] if step.last else []
    return f"{step.name} ({', '.join(said)})" if said else step.name


def _items(one: Repetition | None) -> Iterator[tuple[str, Any]]:
    """The loop variables of a repetition, or the fields of its item; those around it first."""
    if one is not None:
        yield from _items(one.outer)
        yield from one.value.items() if isinstance(one.value, dict) else [(one.var, one.value)]


def describe(step: StepRecord) -> str:
    """What there is to say of a step, without its name."""
    match step.state:
        case State.DONE:
            how = "cached" if step.cached else "kept" if step.kept else f"done in {_time(step)}"
            return ": ".join(text for text in (how, note(step)) if text)
        case State.RUNNING:
            again = f"started again, try {step.tries}" if step.tries > 1 else "started"
            return clean(step.reason) or again
        case State.SKIPPED | State.FAILED:
            return f"{step.state}: {clean(step.reason)}"
        case State.NOT_RUN:
            return "not run"
    return str(step.state)


def note(step: StepRecord) -> str:
    """A step's scalar outputs, short: `accuracy 0.5933, rows 1200`; where all that it gives is one
    artifact, its place: `predictions .isodag/runs/…`."""
    said = {name: short(value) for name, value in step.scalars().items()}
    if not said and len(step.outputs) == 1:
        said = {name: _result(value) for name, value in step.outputs.items()}
    return ", ".join(f"{name} {text}" for name, text in said.items())


def short(value: Any) -> str:
    """A value for people: four significant digits, one line, not long."""
    if isinstance(value, float):
        return f"{value:.4g}"
    text = clean(
        " ".join(str(plain(value) if isinstance(value, Artifact) else render(value)).split())
    )
    return text if len(text) <= _VALUE_CAP else text[: _VALUE_CAP - 1] + "…"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 12 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def trouble(run: RunResult) -> Iterator[str]:
    """The lines to end with when a run did not do well: log tails, what to do."""
    for step in run.steps.values():
        if step.state is State.FAILED and step.component is not None:
            yield ""
            yield f"step `{titled(step)}` failed: {clean(step.reason)}"
            if step.log is not None:
                lines = tail(step.log)
                yield from (f"  | {line}" for line in lines)
                yield f"  log: {shown(step.log)}" + ("" if lines else " (empty)")
    if run.problem:
        yield f"{run.problem}; mend that and go on with: {run.again}"
    elif run.status is Status.INTERRUPTED:
        yield f"interrupted; go on with: {run.again}"


def summary(run: RunResult) -> str:
    """The end of a run in text: steps with their scalars, conditions, outputs, what to look at."""
    took = duration(run.seconds or 0.0)
    blocks = [[f"{run.pipeline}: {run.status} in {took}, run {run.run_id}"]]
    blocks.append(["steps", *_table((titled(step), describe(step)) for step in run.steps.values())])
    decided = ((name, gate.reason) for name, gate in sorted(run.conditions.items()))
    verdicts = [
        (name, {True: "yes", False: "no", None: "unknown"}[run.conditions[name].value] + f"  {why}")
        for name, why in decided
    ]
    blocks.append(["conditions", *_table(verdicts)])
    blocks.append(["outputs", *_table((name, _result(x)) for name, x in run.outputs.items())])
    pages = ((f"{step}.{output}", shown(path)) for step, output, path in look_at(run))
    blocks.append(["to look at", *_table([*pages, ("run folder", shown(run.folder))])])
    return "\n\n".join("\n".join(lines) for lines in blocks if len(lines) > 1 or lines is blocks[0])


def look_at(run: RunResult) -> list[tuple[str, str, Path]]:
    """Step, output and path of every page for people."""
    return [
        (step.name, name, Path(value.place))
        for step in run.steps.values()
        for name, value in step.outputs.items()
        if step.types.get(name) in _LOOK_AT and isinstance(value, Artifact)
    ]


def as_json(run: RunResult) -> dict[str, Any]:
    """The run as one JSON object; artifacts are absolute paths, what was not made is null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run.run_id,
        "pipeline": run.pipeline,
        "status": str(run.status),
        "problem": run.problem or None,
        "started_at": run.started_at,
        "seconds": round(run.seconds or 0.0, 3),
        "attempt": run.attempt,
        "parameters": {name: plain(value) for name, value in run.parameters.items()},
        "steps": {name: _step(step) for name, step in run.steps.items()},
        "conditions": {
            name: {"value": gate.value, "reason": gate.reason}
            for name, gate in sorted(run.conditions.items())
        },
        "outputs": {name: plain(value) for name, value in run.outputs.items()},
        "look_at": [
            {"step": step, "output": output, "path": str(path)}
            for step, output, path in look_at(run)
        ],
        "run_folder": str(run.folder),
    }


def _step(step: StepRecord) -> dict[str, Any]:
    return {
        "component": step.component,
        "state": str(step.state),
        "seconds": None if step.seconds is None else round(step.seconds, 3),
        "cached": step.cached,
        "kept": step.kept,
        "reason": step.reason or None,
        "outputs": {name: plain(value) for name, value in step.outputs.items()},
        "metrics": {name: dict(numbers) for name, numbers in step.metrics.items()},
        "log": None if step.log is None else str(step.log),
        **({"foreach": _repetition(step.repetition)} if step.repetition is not None else {}),
        **({"finally": True} if step.last else {}),
        **({"tries": step.tries} if step.tries > 1 else {}),
    }


def _repetition(one: Repetition) -> dict[str, Any]:
    """The repetition, and under `outer` that of the pipeline around it where there is one."""
    told = asdict(one)
    return told if one.outer is not None else {k: v for k, v in told.items() if k != "outer"}


def _result(value: Any) -> str:
    if isinstance(value, Artifact):
        return value.place if "://" in value.place else shown(Path(value.place))
    return "null" if value is None else clean(render(value))


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    pairs = list(rows)
    width = max((len(name) for name, _ in pairs), default=0)
    return [f"  {name:<{width}}  {text}".rstrip() for name, text in pairs]


def _time(step: StepRecord) -> str:
    return duration(step.seconds or 0.0)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
