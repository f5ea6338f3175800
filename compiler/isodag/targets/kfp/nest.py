"""DAGs within DAGs: tasks and their sources in, the root and the sub-DAG components out.

Tasks behind the same branches share one sub-DAG.  A task refers to its siblings only; a value from
further out enters each sub-DAG on the way through an input definition of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isodag import types
from isodag.ir import (
    Constant,
    Node,
    OutputRef,
    ParameterRef,
    Pipeline,
    RunRef,
    Task,
    Value,
    leaves,
    operands,
)
from isodag.targets.kfp import cel, constants, names
from isodag.targets.kfp.containers import Work, definition, some
from isodag.targets.kfp.inputs import Feed, Import
from isodag.targets.kfp.names import Path

Source = Constant | ParameterRef | OutputRef | RunRef | Import


@dataclass
class _Task:
    """A task under construction."""

    component: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    after: set[str] = field(default_factory=set)
    parameters: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Any] = field(default_factory=dict)

    def spec(self, name: str) -> dict[str, Any]:
        """The PipelineTaskSpec."""
        inputs = some(
            {
                "parameters": dict(sorted(self.parameters.items())),
                "artifacts": dict(sorted(self.artifacts.items())),
            }
        )
        return {
            "taskInfo": {"name": name},
            "componentRef": {"name": self.component},
            **some({"dependentTasks": sorted(self.after), "inputs": inputs}),
            **self.settings,
        }


@dataclass
class _Dag:
    """A DAG under construction; `inputs` holds type and whether an artifact by channel."""

    tasks: dict[str, _Task] = field(default_factory=dict)
    inputs: dict[str, tuple[str, bool]] = field(default_factory=dict)

    def spec(self) -> dict[str, Any]:
        """The DagSpec's tasks, by name."""
        return {"tasks": {name: task.spec(name) for name, task in sorted(self.tasks.items())}}


class Nest:
    """All DAGs of a pipeline."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._gates = {gate.name: gate for gate in pipeline.gates}
        self._nodes = {node.name: node for node in pipeline.tasks}
        self._facts = {**constants.RUN_FACTS, "pipeline": pipeline.name}
        self._dags: dict[Path, _Dag] = {(): _Dag()}

    # --- building ---

    def add_import(self, item: Import, component: str, work: Work) -> None:
        """Put an import at the root."""
        task = self._dags[()].tasks[item.name] = _Task(component)
        self._feed((), task, work.feeds)

    def add(self, node: Node, component: str, work: Work, settings: Mapping[str, Any]) -> None:
        """Put a step behind its branches.

        settings  cachingOptions and retryPolicy
        """
        task = _Task(component, settings)
        self._dag(node.when).tasks[names.task(node.name)] = task
        self._feed(node.when, task, work.feeds)
        for item in node.secrets if isinstance(node, Task) else ():
            if isinstance(item.value, ParameterRef):
                self._reference(node.when, task, item.value)  # it enters the DAG, not the task
        for producer in node.after:
            self._wait(node.when, task, producer)

    def _dag(self, path: Path) -> _Dag:
        """The DAG behind a path, made with those around it when it is new."""
        if path in self._dags:
            return self._dags[path]
        around, side = self._dag(path[:-1]), path[-1]
        dag = self._dags[path] = _Dag()
        predicate = self._gates[side.gate].predicate
        around.tasks[names.branch(side)] = task = _Task(names.dag(path))
        channels: dict[Value, str] = {
            value: self._enter(path, value)
            for operand in operands(predicate)
            for value in leaves(operand)
            if not isinstance(value, Constant)
        }
        condition = cel.condition(predicate, side.taken, channels.__getitem__)
        task.settings = {"triggerPolicy": {"condition": condition}}
        return dag

    def _feed(self, path: Path, task: _Task, feeds: tuple[Feed, ...]) -> None:
        for feed in feeds:
            held = task.artifacts if feed.artifact else task.parameters
            held[feed.key] = self._reference(path, task, feed.source)

    def _wait(self, path: Path, task: _Task, producer: str) -> None:
        """Make the task, or the sub-DAG that holds it beside the producer, wait."""
        home = self._nodes[producer].when
        if len(home) < len(path):
            task = self._dags[home].tasks[names.branch(path[len(home)])]
        task.after.add(names.task(producer))

    def _reference(self, path: Path, task: _Task, source: Source) -> dict[str, Any]:
        """How a task of the DAG behind `path` names a source."""
        if isinstance(source, Constant):
            return {"runtimeValue": {"constant": constants.constant(source.value)}}
        if isinstance(source, RunRef):
            return {"runtimeValue": {"constant": self._facts[source.field]}}
        if path != self._home(source):
            kind = "componentInputArtifact" if _is_artifact(source) else "componentInputParameter"
            return {kind: self._enter(path, source)}
        if isinstance(source, ParameterRef):
            return {"componentInputParameter": source.name}
        producer, output = _output(source)
        task.after.add(producer)
        if _is_artifact(source):
            held = {"producerTask": producer, "outputArtifactKey": output}
            return {"taskOutputArtifact": held}
        held = {"producerTask": producer, "outputParameterKey": output}
        return {"taskOutputParameter": held}

    def _enter(self, path: Path, source: Value | Import) -> str:
        """The input through which a source enters the DAG behind `path`."""
        assert isinstance(source, ParameterRef | OutputRef | RunRef | Import)
        channel = _channel(source)
        dag = self._dags[path]
        if channel not in dag.inputs:
            artifact = _is_artifact(source)
            dag.inputs[channel] = (source.type, artifact)
            task = self._dags[path[:-1]].tasks[names.branch(path[-1])]
            held = task.artifacts if artifact else task.parameters
            held[channel] = self._reference(path[:-1], task, source)
        return channel

    def _home(self, source: ParameterRef | OutputRef | Import) -> Path:
        return self._nodes[source.task].when if isinstance(source, OutputRef) else ()

    # --- results ---

    def root(self) -> dict[str, Any]:
        """The root's DagSpec."""
        return self._dags[()].spec()

    def components(self) -> dict[str, Any]:
        """The sub-DAG components, by name."""
        found = {}
        for path, dag in self._dags.items():
            if path:
                ports = ((name, *about) for name, about in sorted(dag.inputs.items()))
                found[names.dag(path)] = {
                    "dag": dag.spec(),
                    **some({"inputDefinitions": definition(ports)}),
                }
        return found


def _is_artifact(source: ParameterRef | OutputRef | RunRef | Import) -> bool:
    if isinstance(source, OutputRef):
        return not types.is_parameter(source.type)
    return isinstance(source, Import)


def _output(source: OutputRef | Import) -> tuple[str, str]:
    """The task and the output that a source is."""
    if isinstance(source, Import):
        return source.name, "artifact"
    return names.task(source.task), names.port(source.output)


def _channel(source: ParameterRef | OutputRef | RunRef | Import) -> str:
    if isinstance(source, ParameterRef):
        return names.channel(source.name)
    if isinstance(source, RunRef):
        return names.channel("run-", source.field)
    return names.channel(*_output(source))
