"""A component for every purpose, written into tmp_path, and two ways to start the runtime."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import isodag
from isodag.runtime import program

FIT_SPEC = """
name: Fit a line
description: Fit a line to points. A second sentence is not for the list.
metadata:
  annotations: {version: "1.2.3"}
inputs:
- {name: points, type: Dataset, description: "Text, one number a line."}
- {name: label, type: String, default: none, description: A name for the run.}
- {name: epochs, type: Integer, default: "3", description: Passes., annotations: {minimum: 1, maximum: 100}}
- {name: learning_rate, type: Float, default: "2e-5", description: Step., annotations: {minimum: 0}}
- {name: shuffle, type: Boolean, default: "true", description: Whether to shuffle.}
- {name: method, type: String, default: adam, annotations: {enum: [adam, sgd]}}
- {name: options, type: JsonObject, default: "{}", description: More.}
- {name: layers, type: JsonArray, default: "[]"}
outputs:
- {name: model, type: Model, description: "One folder: seen.json."}
- {name: report, type: Artifact, description: A text.}
- {name: loss, type: Float, description: Of the last pass.}
- {name: rows, type: Integer, description: Points read.}
- {name: remark, type: String}
implementation:
  container:
    image: isodag/fit:1.2.3
    command: [python3, -m, isodag.runtime, fit]
"""
FIT_CODE = """
import json
from pathlib import Path

from isodag.runtime import ComponentError, run


def fit(
    points: Path, model: Path, report: Path, *, label="none", epochs=3, learning_rate=2e-5,
    shuffle=True, method="adam", options=None, layers=None,
):
    if points.is_dir():
        points = points / "points.txt"
    numbers = [float(word) for word in points.read_text().split()]
    if not numbers:
        raise ComponentError("there are no points to fit")
    seen = {
        "label": label, "epochs": epochs, "learning_rate": learning_rate, "shuffle": shuffle,
        "method": method, "options": options, "layers": layers,
    }
    (model / "seen.json").write_text(json.dumps(seen))
    report.write_text("fitted")
    return {"loss": sum(numbers) / len(numbers), "rows": len(numbers), "remark": "done"}


if __name__ == "__main__":
    run(fit)
"""


class Ended(NamedTuple):
    """What a run of the runtime left on its way out."""

    status: int
    out: str
    err: str


@pytest.fixture
def component(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """Write a component: name, text of component.yaml, text of main.py."""

    def write(name: str, spec: str, code: str) -> Path:
        folder = tmp_path / "components" / name
        folder.mkdir(parents=True)
        (folder / "component.yaml").write_text(spec, encoding="utf-8")
        (folder / "main.py").write_text(code, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def fit(component: Callable[[str, str, str], Path]) -> Path:
    """The folder of a component with every parameter type, a model, a report and three scalars."""
    return component("fit", FIT_SPEC, FIT_CODE)


@pytest.fixture
def points(tmp_path: Path) -> Path:
    """Points to fit; their mean is 2."""
    path = tmp_path / "points.txt"
    path.write_text("1\n2\n3\n")
    return path


@pytest.fixture
def opt_ml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where /opt/ml stands for this test; not there until the test makes it."""
    monkeypatch.setenv("ISODAG_OPT_ML", str(tmp_path / "opt" / "ml"))
    return tmp_path / "opt" / "ml"


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, opt_ml: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test starts in tmp_path, off any platform, and leaves no module behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("PYTHONPATH", str(Path(isodag.__file__).parents[1]))
    monkeypatch.delenv("ISODAG_COMPONENTS", raising=False)
    monkeypatch.delenv("ISODAG_DEBUG", raising=False)
    before = list(sys.path)
    yield
    sys.path[:] = before
    sys.modules.pop("main", None)


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Call the program inside this process."""

    def run(*argv: str) -> Ended:
        capfd.readouterr()
        status = program.main(argv)
        return Ended(status, *capfd.readouterr())

    return run


@pytest.fixture
def start() -> Callable[..., Ended]:
    """Start `python3 -m isodag.runtime` as a process of its own."""

    def run(*argv: str, **environment: str) -> Ended:
        command = [sys.executable, "-m", "isodag.runtime", *argv]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **environment}, check=False
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run
