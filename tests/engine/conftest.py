"""Toy steps, a few words of shell each, and engines in processes of their own."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from isodag import ir
from isodag.component import Component, Container, Input, Output, Placeholder
from isodag.engine import RunOptions
from isodag.runtime.values import PARAMETER_TYPES
from isodag.source import Span

SPAN = Span("dag.yaml", 3, 1, 3, 5)

# what an engine of its own does: a pickled (pipeline, options) on stdin, JSON on stdout
ENGINE = """
import json, pickle, sys
from isodag.engine import report, run
pipeline, options = pickle.load(sys.stdin.buffer)
result = run(pipeline, options, report.observer(sys.stderr))
print(json.dumps(report.as_json(result)))
sys.exit(result.exit_code)
"""


def component(
    name: str, script: str, inputs: Mapping[str, str], outputs: Mapping[str, str], **more: Any
) -> Component:
    """A component whose inputs and outputs, types by name, are variables of a shell script."""
    command: list[str | Placeholder] = ["sh", "-euc"]
    names = [*inputs, *outputs]
    command += ["".join(f"{n}=${{{i}}};" for i, n in enumerate(names, 1)) + script, name]
    args = [
        Placeholder("inputValue" if kind in PARAMETER_TYPES else "inputPath", key)
        for key, kind in inputs.items()
    ] + [Placeholder("outputPath", key) for key in outputs]
    spec = repr((command, args, inputs, outputs))
    return Component(
        name=name,
        title=name,
        version="1.0.0",
        description="",
        inputs=tuple(Input(key, kind, SPAN) for key, kind in inputs.items()),
        outputs=tuple(Output(key, kind, SPAN) for key, kind in outputs.items()),
        container=Container("toys:1.0.0", tuple(command), tuple(args), {}, SPAN),
        binding=None,
        side_effects=more.pop("side_effects", False),
        folder=f"/components/{name}",
        digest=hashlib.sha256(spec.encode()).hexdigest(),
        span=SPAN,
        **more,
    )


@dataclass(frozen=True)
class Toys:
    """Makes steps and pipelines in a few words."""

    folder: Path

    def step(
        self,
        name: str,
        script: str = ":",
        inputs: Mapping[str, ir.Value] | None = None,
        outputs: Mapping[str, str] | None = None,
        *,
        when: Sequence[ir.Branch | ir.Within] = (),
        after: Sequence[str] = (),
        side_effects: bool = False,
        resources: ir.Resources | None = None,
        cache: ir.Cache | None = None,
    ) -> ir.Task:
        """A step that runs a script with its inputs and outputs as variables."""
        inputs, outputs = inputs or {}, outputs or {}
        types = {key: value.type for key, value in inputs.items()}
        return ir.Task(
            name=name,
            component=component(f"toy_{name}", script, types, outputs, side_effects=side_effects),
            arguments=tuple(ir.Argument(key, value, True, SPAN) for key, value in inputs.items()),
            when=tuple(when),
            after=tuple(after),
            span=SPAN,
            resources=resources,
            cache=cache,
        )

    def fail(self, name: str, message: ir.Value, when: Sequence[ir.Branch]) -> ir.Failure:
        """A `fail` step."""
        return ir.Failure(name, message, tuple(when), (), SPAN)

    def pipeline(
        self,
        *tasks: ir.Node,
        parameters: Mapping[str, tuple[Any, ...]] | None = None,
        gates: Mapping[str, ir.Predicate] | None = None,
        outputs: Mapping[str, ir.Value] | None = None,
        groups: Sequence[ir.Group] = (),
        last: Sequence[ir.Task] = (),
    ) -> ir.Pipeline:
        """A pipeline; parameters are (type,), (type, default) or (type, default, constraints)."""
        span = Span(str(self.folder / "dag.yaml"), 1, 1, 1, 2)
        return ir.Pipeline(
            name="toy",
            description="",
            parameters=tuple(
                ir.Parameter(
                    name, given[0], span, "", len(given) > 1, *given[1:2],
                    **({"constraints": given[2]} if len(given) > 2 else {}),
                )
                for name, given in sorted((parameters or {}).items())
            ),
            gates=tuple(
                ir.Gate(name, predicate, name, span)
                for name, predicate in sorted((gates or {}).items())
            ),
            tasks=tasks,
            outputs=tuple(
                ir.PipelineOutput(name, value, span)
                for name, value in sorted((outputs or {}).items())
            ),
            targets={},
            span=span,
            groups=tuple(groups),
            last=tuple(last),
        )  # fmt: skip

    def loop(self, name: str, items: Any, type_name: str = "Integer", var: str = "x") -> ir.Group:
        """A repeated group: plain items, or the value that a run brings them as."""
        return ir.Group(name, ir.Loop(var, items, type_name, SPAN), SPAN)

    def pick(
        self, name: str, by: ir.Collected, takes: Mapping[str, ir.Collected], *,
        highest: bool = True, when: Sequence[ir.Branch | ir.Within] = (),
    ) -> ir.Pick:  # fmt: skip
        """A pick."""
        return ir.Pick(name, by, highest, tuple(takes.items()), tuple(when), (), SPAN)

    def options(self, **more: Any) -> RunOptions:
        """Options with a store in the test's own folder."""
        return RunOptions(**{"store": self.folder / "store", "folder": self.folder, **more})


@pytest.fixture
def kit(tmp_path: Path) -> Toys:
    """Steps and pipelines in a folder of the test's own."""
    return Toys(tmp_path)


Spawn = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def spawn(kit: Toys) -> Iterator[Spawn]:
    """Start an engine in a process of its own: `spawn(pipeline, jobs=2)`."""
    started: list[subprocess.Popen[str]] = []

    def start(
        pipeline: ir.Pipeline, *, before: Sequence[str] = (), **options: Any
    ) -> subprocess.Popen[str]:
        given = kit.folder / f"given-{len(started)}"
        given.write_bytes(pickle.dumps((pipeline, kit.options(**options))))
        with given.open("rb") as stdin:
            process = subprocess.Popen(
                [*before, sys.executable, "-c", ENGINE], stdin=stdin, cwd=kit.folder, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ),
            )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def fifo(tmp_path: Path) -> Callable[[str], Path]:
    """A named pipe: opening one end waits for the other, so steps and tests meet without sleep."""

    def make(name: str) -> Path:
        path = tmp_path / name
        os.mkfifo(path)
        return path

    return make
