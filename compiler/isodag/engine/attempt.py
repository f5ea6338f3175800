"""One execution of a step: its folders made, its command started, its outputs kept or not."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from isodag import ir
from isodag.component import Component, Container
from isodag.engine import cache, command, results, store
from isodag.engine.artifacts import Artifact
from isodag.engine.decide import Found, MustRun
from isodag.engine.launcher import Job, Launcher, Started
from isodag.engine.logs import reason_of
from isodag.engine.parameters import shown
from isodag.engine.record import StepRecord
from isodag.engine.schedule import State
from isodag.engine.secrets import Secrets
from isodag.types import is_parameter


@dataclass(frozen=True)
class Attempt:
    """A step that runs.

    record   as shown while it runs
    step     its folder in the run folder
    partial  where it writes; becomes its result
    """

    task: ir.Task
    record: StepRecord
    step: Path
    partial: Path
    started: Started


def prepare(
    task: ir.Task, decision: MustRun, folder: store.RunFolder, given: Secrets
) -> tuple[StepRecord, Job]:
    """Make a step's folders; its record and the job to start.

    Raises OSError.
    """
    component, container = task.component, task.component.container
    assert container is not None  # checked before the run began
    step = folder.step(task.name)
    token = secrets.token_hex(3)
    partial, work = step / f"partial.{token}", step / f"work.{token}"
    for path in (partial / "outputs", partial / "values", work / "inputs", work / "folder"):
        path.mkdir(parents=True)
    log = _fresh_log(step)
    places = _places(component, decision.inputs, partial, work / "inputs")
    argv = command.argv(container, places)
    job = Job(
        step=task.name,
        container=container,
        argv=argv,
        env=_environment(component, container, folder) | dict(decision.environment),
        folder=work / "folder",
        log=log,
        reads=tuple(
            Path(value.place)
            for value in decision.inputs.values()
            if isinstance(value, Artifact) and "://" not in value.place
        ),
        writes=partial,
        resources=task.resources,
        secrets=given.steps.get(task.name, {}),
        withheld=given.withheld,
    )
    record = replace(
        decision.record, state=State.RUNNING, started=time.time(), log=log, command=argv
    )
    return record, job


def start(task: ir.Task, record: StepRecord, job: Job, launcher: Launcher) -> Attempt:
    """Start the step.  Raises CannotStart, or OSError."""
    return Attempt(task, record, job.log.parent, job.writes, launcher.start(job))


def finish(
    attempt: Attempt, status: int, folder: store.RunFolder, over: str = ""
) -> StepRecord:  # fmt: skip
    """The final record of a step that ended; its outputs are kept when it did well.

    over  why it failed whatever its status: its time was over
    """
    record = replace(attempt.record, seconds=time.time() - (attempt.record.started or 0))
    assert record.log is not None and record.key is not None
    if over or status != 0:
        return _failed(attempt, record, over or reason_of(status, record.log))
    component = attempt.task.component
    try:
        result = results.collect(component, attempt.partial, record.log)
        shutil.rmtree(attempt.partial / "values")
        if component.side_effects:
            destination = attempt.step / f"result.{attempt.partial.suffix[1:]}"
        else:
            destination = cache.place(folder.store.cache, record.key)
        _copy_log(record.log, attempt.partial / "log.txt")
        result = results.keep(result, destination)
        record = adopt(Found(record, result), component, attempt.step)
    except results.BadOutput as error:
        return _failed(attempt, record, str(error))
    except OSError as error:
        return _failed(attempt, record, f"cannot keep its outputs: {error.strerror}")
    store.clear(attempt.step)
    return record


def interrupt(attempt: Attempt) -> StepRecord:
    """The final record of a step that was stopped; nothing of it is kept but the log."""
    seconds = time.time() - (attempt.record.started or 0)
    store.clear(attempt.step)
    return replace(attempt.record, state=State.INTERRUPTED, seconds=seconds)


def adopt(found: Found, component: Component, step: Path) -> StepRecord:
    """The record of a step whose result stands: done; the run folder links to it.

    step  the step's folder in the run folder
    Raises OSError.
    """
    result, record = found.result, found.record
    store.link(step / "outputs", result.folder / "outputs")
    if record.log is None and (result.folder / "log.txt").exists():
        if record.cached or not (step / "log.txt").exists():
            store.link(step / "log.txt", result.folder / "log.txt")
        record = replace(record, log=step / "log.txt")
    outputs = results.outputs(result, component, step / "outputs")
    return replace(
        record,
        state=State.DONE,
        seconds=0.0 if record.seconds is None else record.seconds,
        result=result.folder,
        outputs=outputs,
        metrics=results.metrics(component, outputs),
    )


def taken_over(found: Found, component: Component, step: Path) -> StepRecord:
    """As `adopt`; of a failed step where the run folder cannot be written to."""
    try:
        return adopt(found, component, step)
    except OSError as error:
        reason = f"cannot write to the run folder: {error.strerror}"
        return replace(found.record, state=State.FAILED, reason=reason)


def _failed(attempt: Attempt, record: StepRecord, reason: str) -> StepRecord:
    if store.is_full(attempt.step):  # the step could not even say so in its log
        reason = f"{reason}; no space is left on the disk of `{shown(attempt.step)}`"
    store.clear(attempt.step)
    return replace(record, state=State.FAILED, reason=reason)


def _places(
    component: Component, inputs: Mapping[str, Any], partial: Path, work: Path
) -> command.Places:
    texts = command.texts(inputs)
    types = {output.name: output.type for output in component.outputs}
    return command.Places(
        values=texts,
        files=command.write_files(component, texts, work),
        outputs={
            name: str(partial / ("values" if is_parameter(types[name]) else "outputs") / file)
            for name, file in command.output_names(component).items()
        },
    )


def _environment(
    component: Component, container: Container, folder: store.RunFolder
) -> dict[str, str]:
    """What a step's process sees beyond the user's own variables.

    ISODAG_HOME is a folder that stays from run to run, for what belongs to none of them (a model
    registry).
    """
    return {
        "PYTHONUNBUFFERED": "1",
        **container.env,
        "ISODAG_COMPONENTS": os.path.dirname(component.folder),
        "ISODAG_RUN_ID": folder.id,
        "ISODAG_HOME": str(folder.store.folder),
    }


def _fresh_log(step: Path) -> Path:
    """The path of a new, empty log; that of an earlier attempt becomes log.1.txt, log.2.txt, …"""
    log, number = step / "log.txt", 1
    if log.is_symlink() or log.exists():
        while (step / f"log.{number}.txt").is_symlink() or (step / f"log.{number}.txt").exists():
            number += 1
        log.rename(step / f"log.{number}.txt")
    log.touch()
    return log


def _copy_log(log: Path, copy: Path) -> None:
    try:
        os.link(log, copy)
    except OSError:  # a file system without hard links
        shutil.copyfile(log, copy)
