"""DAGs within DAGs: tasks and their sources in, the root and the sub-DAG components out.

Tasks of one place share one sub-DAG.  A task refers to its siblings only: a value from further out
enters each sub-DAG on the way through an input definition of its own, and a value from further in
leaves each through an output definition.  A repeated sub-DAG gives lists, whose items are in the
order of the repetitions: the component says LIST and `isArtifactList`, its selectors say nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from isodag.ir import (
    Branch,
    Collected,
    Constant,
    EachRef,
    Loop,
    Node,
    OutputRef,
    ParameterRef,
    Pipeline,
    RunRef,
    Task,
    Value,
    Within,
    operands,
)
from isodag.targets.kfp import cel, constants, names, values
from isodag.targets.kfp.containers import Work, some
from isodag.targets.kfp.dags import Dag, DagOutput, DagTask
from isodag.targets.kfp.inputs import Feed, Import
from isodag.targets.kfp.places import Ending, Places, Route, common
from isodag.targets.kfp.values import Source

LAST = {"triggerPolicy": {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}}


class Nest:
    """All DAGs of a pipeline."""

    def __init__(self, pipeline: Pipeline, places: Places) -> None:
        self._places = places
        self._facts = {**constants.RUN_FACTS, "pipeline": pipeline.name}
        self._dags: dict[Route, Dag] = {(): Dag()}

    # --- building ---

    def add_import(self, item: Import, component: str, work: Work, step: str) -> None:
        """Put an import where the values of a step that asks for it enter, unless it is there."""
        dag = self._dag(route := self._home(item, self._places.route(step)))
        if item.name not in dag.tasks:
            task = dag.tasks[item.name] = DagTask(component)
            self._feed(route, task, work.feeds)

    def add(self, node: Node, component: str, work: Work, settings: Mapping[str, Any]) -> None:
        """Put a step in its place.

        settings  cachingOptions and retryPolicy
        """
        route, name = self._places.route(node.name), names.task(node.name)
        task = self._dag(route).tasks[name] = DagTask(component, settings)
        self._feed(route, task, work.feeds)
        for item in node.secrets if isinstance(node, Task) else ():
            if isinstance(item.value, ParameterRef):
                self._reference(route, task, item.value)  # it enters the DAG, not the task
        for producer in node.after:
            self._wait(route, name, producer)
        if (last := self._places.last(node.name)) is not None and last[2]:
            around, ending, handlers = last
            waiting = self._dags[around].tasks[ending]
            waiting.settings = {**waiting.settings, **LAST}
            waiting.after.update(handlers)

    def _dag(self, route: Route) -> Dag:
        """The DAG of a route, made with those around it when it is new."""
        if route in self._dags:
            return self._dags[route]
        around, place = self._dag(route[:-1]), route[-1]
        dag = self._dags[route] = Dag()
        task = around.tasks[self._places.name(place)] = DagTask(self._places.dag(route))
        if isinstance(place, Branch):
            predicate = self._places.gates[place.gate].predicate
            channels: dict[Value, str] = {
                leaf: self._enter(route, leaf)
                for operand in operands(predicate)
                for leaf in values.parts(operand)
                if not isinstance(leaf, Constant)
            }
            condition = cel.condition(predicate, place.taken, channels.__getitem__)
            task.settings = {"triggerPolicy": {"condition": condition}}
        elif isinstance(place, Within) and (loop := self._places.loop(place)) is not None:
            item = names.loop_item(place.group)
            dag.inputs[item] = loop.type
            items = self._items(route, loop)
            task.settings = {"parameterIterator": {"items": items, "itemInput": item}}
        return dag

    def _items(self, route: Route, loop: Loop) -> dict[str, str]:
        """A loop's ItemsSpec: JSON, or the input of its own sub-DAG that holds the list."""
        written = values.known_items(loop)
        if written is None and not isinstance(loop.items, tuple):
            return {"inputParameter": self._enter(route, values.source(loop.items))}
        return {"raw": json.dumps(written, ensure_ascii=False, sort_keys=True)}

    def _feed(self, route: Route, task: DagTask, feeds: tuple[Feed, ...]) -> None:
        for feed in feeds:
            held = task.artifacts if feed.artifact else task.parameters
            held[feed.key] = self._reference(route, task, feed.source)

    def _wait(self, route: Route, name: str, producer: str) -> None:
        """Make a task wait: it, or the sub-DAG that holds it, for another or what holds that."""
        home = self._places.route(producer)
        depth = common(route, home)
        waiting = self._places.name(route[depth]) if depth < len(route) else name
        awaited = self._places.name(home[depth]) if depth < len(home) else names.task(producer)
        self._dags[route[:depth]].tasks[waiting].after.add(awaited)

    # --- values ---

    def _reference(self, route: Route, task: DagTask, source: Source | Import) -> dict[str, Any]:
        """How a task of the DAG of `route` names a source."""
        if isinstance(source, Constant):
            return {"runtimeValue": {"constant": constants.constant(source.value)}}
        if isinstance(source, RunRef):
            return {"runtimeValue": {"constant": self._facts[source.field]}}
        home = self._home(source, route)
        depth = common(route, home)
        artifact = values.is_artifact(source.type) and not isinstance(source, ParameterRef)
        if depth < len(route):
            kind = "componentInputArtifact" if artifact else "componentInputParameter"
            return {kind: self._enter(route, source)}
        if isinstance(source, ParameterRef):
            return {"componentInputParameter": source.name}
        if isinstance(source, EachRef):
            named = {"componentInputParameter": names.loop_item(source.group)}
            return {**named, **some({"parameterExpressionSelector": _selector(source.field)})}
        producer, key = self._leave(home, depth, source)
        task.after.add(producer)
        if artifact:
            return {"taskOutputArtifact": {"producerTask": producer, "outputArtifactKey": key}}
        return {"taskOutputParameter": {"producerTask": producer, "outputParameterKey": key}}

    def _enter(self, route: Route, source: Source | Import) -> str:
        """The input through which a source enters the DAG of `route`."""
        channel = _channel(source)
        dag = self._dags[route]
        if channel not in dag.inputs:
            # a parameter that is an artifact's URI stays a text
            is_uri = isinstance(source, ParameterRef) and values.is_artifact(source.type)
            dag.inputs[channel] = "String" if is_uri else source.type
            task = self._dags[route[:-1]].tasks[self._places.name(route[-1])]
            held = task.artifacts if values.is_artifact(dag.inputs[channel]) else task.parameters
            held[channel] = self._reference(route[:-1], task, source)
        return channel

    def _leave(
        self, home: Route, depth: int, source: OutputRef | Collected | Import
    ) -> tuple[str, str]:
        """The sibling and its output that a source is, in the DAG `depth` places down its route."""
        made = values.made(source) if not isinstance(source, Import) else source
        if depth == len(home):
            return _output(made)
        inner = home[: depth + 1]
        dag = self._dag(inner)
        key = _channel(made)
        if key not in dag.outputs:
            repeated = any(self._places.loop(place) is not None for place in home[depth:])
            kind = values.listed(made.type) if repeated else made.type
            dag.outputs[key] = DagOutput(kind, *self._leave(home, depth + 1, source))
        return self._places.name(home[depth]), key

    def _home(self, source: Source | Import, reader: Route) -> Route:
        """The way to the DAG that a source is made in."""
        match source:
            case OutputRef() | Collected():
                return self._places.route(values.made(source).task)
            case EachRef(group):
                return self._places.group(group)
            case Import(uri=EachRef(group)):
                return self._places.group(group)
            case Import():
                own = next((n for n, place in enumerate(reader) if isinstance(place, Ending)), None)
                return self._places.main if own is None else reader[: own + 1]
            case _:
                return ()

    # --- results ---

    def root(self, results: Mapping[str, OutputRef | Collected]) -> dict[str, Any]:
        """The root, but for its inputs.

        results  the pipeline's outputs by name
        """
        root = self._dags[()]
        for name, source in results.items():
            home = self._home(source, ())
            root.outputs[name] = DagOutput(source.type, *self._leave(home, 0, source))
        return root.spec()

    def components(self) -> dict[str, Any]:
        """The sub-DAG components, by name."""
        return {self._places.dag(route): dag.spec() for route, dag in self._dags.items() if route}


def _selector(field: str) -> str:
    """The CEL that takes a field out of an item that is a mapping, as kfp's own compiler does."""
    return f"parseJson(string_value)[{json.dumps(field)}]" if field else ""


def _output(source: OutputRef | Import) -> tuple[str, str]:
    """The task and the output that a source is."""
    if isinstance(source, Import):
        return source.name, "artifact"
    return names.task(source.task), names.port(source.output)


def _channel(source: Source | Import) -> str:
    match source:
        case ParameterRef(name):
            return names.channel(name)
        case RunRef(field):
            return names.channel("run-", field)
        case EachRef(group, field):
            return names.item(group, field)
        case Collected():
            return names.channel(*_output(values.made(source)))
        case OutputRef() | Import():
            return names.channel(*_output(source))
        case Constant():
            raise AssertionError("a constant enters nothing")
