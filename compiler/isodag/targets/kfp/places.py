"""Where steps stand on KFP: the DAG of each, as the sub-DAGs from the root down that lead to it.

A branch of a gate and a group of the IR are sub-DAGs, one for each path.  Steps that run at the
end, whatever became of the others, wait for a sub-DAG that holds all the others: KFP's exit
handler.  The compiler to Argo keeps one exit task for each handler, the last that it meets
(backend/src/v2/compiler/argocompiler/dag.go: taskToExitTemplate), so several of them have a handler
each, one around the other.  The same place makes a hook of every task that an exit task depends on,
and lets no loop have one: it may wait for the handler alone, and a step that reads artifacts has a
sub-DAG of its own, with the imports in it.

Known of the open-source backend (https://github.com/kubeflow/pipelines), from reading it:
- Exit tasks are Argo's exit hooks since https://github.com/kubeflow/pipelines/pull/11470; before,
  a run whose exit task succeeded was reported as succeeded, whatever came before it.
- Loops: `parameterIterator` and `itemInput` as kfp's own compiler writes them.  Its newest drivers
  look for a value whose name looks like a loop's item by its repetition, see `names.loop_item`.
Unverified, for want of a cluster: handlers in handlers (kfp's own compiler writes an exit handler
at the root alone, but the strategy at any depth, by `ignore_upstream_failure`); that a failing exit
task makes the run failed; lists that enter the sub-DAG of a condition.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from isodag import types
from isodag.ir import Branch, Gate, Group, Loop, Node, Pipeline, Task, Within
from isodag.targets.kfp import names


@dataclass(frozen=True)
class Handler:
    """Being one of the tasks whose end a last step waits for; 1 is the outermost."""

    number: int


@dataclass(frozen=True)
class Ending:
    """Standing with a last step in a sub-DAG of its own."""

    step: str


Place = Branch | Within | Handler | Ending
Route = tuple[Place, ...]

# Argo's limit on a template's name is 128 (workflow/validate: workflowFieldNameMaxLength); a
# loop's is `<component>-<task>-iterator`, a last step's `exit-hook-<component>-<task>`
_LONGEST = 60


class Places:
    """The places of a pipeline: its gates, groups and steps by name, and what leads to each."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.gates: dict[str, Gate] = {gate.name: gate for gate in pipeline.gates}
        self.groups: dict[str, Group] = {group.name: group for group in pipeline.groups}
        self.nodes: dict[str, Node] = {
            node.name: node for node in (*pipeline.tasks, *pipeline.last)
        }
        last = sorted(pipeline.last, key=lambda node: node.name)
        handlers = len(last) if pipeline.tasks else 0
        # the first by name ends first, right after the steps themselves
        self.main: Route = tuple(Handler(number) for number in range(1, handlers + 1))
        self._routes: dict[str, Route] = {
            node.name: (*self.main[: len(last) - 1 - number], *_ending(node))
            for number, node in enumerate(last)
        }
        self._groups: dict[str, Route] = {}
        for node in pipeline.tasks:
            for depth, place in enumerate(node.when):
                if isinstance(place, Within):
                    self._groups.setdefault(place.group, self.main + node.when[: depth + 1])

    def route(self, step: str) -> Route:
        """The way to the DAG that a step stands in."""
        if step in self._routes:
            return self._routes[step]
        return self.main + self.nodes[step].when

    def last(self, step: str) -> tuple[Route, str, tuple[str, ...]] | None:
        """Of a last step, the way to the DAG where it waits, and there its task or its sub-DAG's,
        and what that waits for; None of another step."""
        if step not in self._routes:
            return None
        route = self._routes[step]
        apart = Ending(step) in route
        route = route[:-1] if apart else route
        handlers = self.main[len(route) : len(route) + 1]
        task = names.ending(step) if apart else names.task(step)
        return route, task, tuple(self.names(handlers))

    def group(self, name: str) -> Route:
        """The way to a group's own DAG."""
        return self._groups[name]

    def loop(self, place: Place) -> Loop | None:
        """What repeats the tasks of a place, if anything does."""
        return self.groups[place.group].loop if isinstance(place, Within) else None

    def name(self, place: Place) -> str:
        """The task of a place's sub-DAG."""
        match place:
            case Branch():
                return names.branch(place)
            case Within(group):
                return names.group(group, repeated=self.loop(place) is not None)
            case Handler(number):
                return names.handler(number)
            case Ending(step):
                return names.ending(step)

    def names(self, route: Route) -> list[str]:
        """The tasks from the root down to the DAG of a route."""
        return [self.name(place) for place in route]

    def dag(self, route: Route) -> str:
        """The component of a route's sub-DAG: one name for each, short enough for Argo."""
        handled = isinstance(route[-1], Handler)
        told = [place for place in route[:-1] if not isinstance(place, Handler) and not handled]
        whole = "--".join(self.names((*told, route[-1])))
        if len(whole) > _LONGEST:
            digest = hashlib.sha256(whole.encode()).hexdigest()[:8]
            whole = f"{self.name(route[-1])[: _LONGEST - 10].rstrip('-')}--{digest}"
        return f"dag-{whole}"


def _ending(step: Task) -> Route:
    """The sub-DAG that a last step has to itself: one for its imports."""
    ports = (step.component.input(argument.name) for argument in step.arguments)
    imports = any(port is not None and not types.is_parameter(port.type) for port in ports)
    return (Ending(step.name),) if imports else ()


def common(one: Route, other: Route) -> int:
    """How many places two routes share, from the root down."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
