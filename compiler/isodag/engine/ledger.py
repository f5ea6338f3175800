"""What a run writes down: run.json at each change, the links of the run folder, the outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from isodag.engine import store
from isodag.engine.artifacts import Artifact
from isodag.engine.parameters import shown
from isodag.engine.record import Observer, RunJson, RunResult, Status, StepRecord
from isodag.engine.schedule import State


class Ledger:
    """Keeps the record of one run on disk, and tells its observer.

    halt      called when the record cannot be written: nothing new may start
    recorded  whether run.json is as the run is
    """

    def __init__(
        self, result: RunResult, folder: store.RunFolder, observer: Observer,
        halt: Callable[[], None],
    ) -> None:  # fmt: skip
        self.result, self.folder, self.observer = result, folder, observer
        self.recorded = True
        self._halt = halt
        self._json = RunJson(folder.store.folder)

    def begin(self) -> None:
        """The first word."""
        self.save()
        self._link(self.folder.store.runs / "latest", self.folder.path)
        self.observer.begin(self.result)

    def set(self, record: StepRecord) -> None:
        """A step has changed."""
        self.result.steps[record.name] = record
        self.save()
        self.observer.change(self.result, record)

    def repeat(self, steps: dict[str, StepRecord], group: str, count: int) -> None:
        """The run has other steps, since one is repeated."""
        self.result.steps = steps
        self.save()
        self.observer.repeat(self.result, group, count)

    def save(self) -> None:
        """Write run.json; when that cannot be done nothing new starts."""
        try:
            store.write(self.folder.path / "run.json", self._json.text(self.result))
            self.recorded = True
        except OSError as error:
            self.recorded = False
            self._trouble(error)

    def conclude(
        self, outputs: Mapping[str, Any], seconds: float, *, stopped: bool
    ) -> None:  # fmt: skip
        """The last word: outputs, links to them, how it ended.

        stopped  whether the user asked to stop
        """
        result = self.result
        for name, value in outputs.items():
            result.outputs[name] = value
            if isinstance(value, Artifact) and "://" not in value.place:
                path = self.folder.path / "outputs" / (name + Path(value.place).suffix)
                self._link(path, Path(value.place))
        states = {step.state for step in result.steps.values()}
        if stopped and states & {State.INTERRUPTED, State.NOT_RUN}:
            result.status = Status.INTERRUPTED
        elif State.FAILED in states or result.problem:
            result.status = Status.FAILED
        else:
            result.status = Status.DONE
        result.seconds = seconds
        self.save()

    def _link(self, path: Path, target: Path) -> None:
        try:
            path.parent.mkdir(exist_ok=True)
            store.link(path, target)
        except OSError as error:
            self._trouble(error)

    def _trouble(self, error: OSError) -> None:
        place = shown(self.folder.store.folder)
        self.result.problem = f"cannot write to `{place}`: {error.strerror}"
        self._halt()
