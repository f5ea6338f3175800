"""Groups written out: a graph with repeated steps in, one with a task for each repetition out.

A copy of a member of group `train` is called `train-0` or `train-0-<rest>`, a copy of a gate
`<gate>-0`; copies share a gate that no item changes.  What is known of a condition once the item
is, is worked out; a task whose condition is false whatever a run brings is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from isodag import ir, ir_picks
from isodag.ir_copies import NOWHERE, Copies, Env
from isodag.ir_folding import folded
from isodag.ir_order import ordered
from isodag.runtime.values import BadValue, admit
from isodag.types import is_parameter


def repeat(pipeline: ir.Pipeline, group: str, items: Sequence[Any]) -> ir.Pipeline:
    """The graph with one group's repetitions written out.

    items  plain data; none leaves nothing of the group, and empty lists to who reads it
    """
    return repeat_all(pipeline, {group: items})


def repeat_all(pipeline: ir.Pipeline, lists: Mapping[str, Sequence[Any]]) -> ir.Pipeline:
    """The graph with the repetitions of several groups written out.

    lists  the items of each, by its name
    """
    known = {group: tuple(items) for group, items in lists.items()}
    return _written_out(pipeline, known) if known else pipeline


def flat(
    pipeline: ir.Pipeline, keep: Collection[str] = (), *, over_nothing: bool = True
) -> ir.Pipeline:
    """The graph without the groups whose repetitions are known.

    Loops over known items are written out, groups that are no loops dissolve into their members.
    A loop over a list that only a run knows stays, with the loops within it.

    keep          loops that stay all the same, whether their items are known or not
    over_nothing  whether a loop over an empty list goes too; else it stays for who wants to tell
    """
    while known := dict(_known(pipeline, keep, over_nothing)):
        pipeline = _written_out(pipeline, known)
    return pipeline


def _known(
    pipeline: ir.Pipeline, keep: Collection[str], over_nothing: bool
) -> Iterator[tuple[str, tuple[Any, ...] | None]]:
    """Groups that can be written out, with their items; None for one that is no loop."""
    lists = {group.name: _items(group) for group in pipeline.groups}
    stay = {
        group.name for group in pipeline.groups
        if group.name in keep or (
            group.loop and not (lists[group.name] or (over_nothing and lists[group.name] == ()))
        )
    }  # fmt: skip
    for node in pipeline.tasks if stay else ():
        around = False
        for place in node.when:
            if isinstance(place, ir.Within):
                around = around or place.group in stay
                if around and pipeline.group(place.group).loop is not None:
                    stay.add(place.group)
    for group in pipeline.groups:
        if group.name not in stay:
            yield group.name, lists[group.name]


def _items(group: ir.Group) -> tuple[Any, ...] | None:
    """The items of a loop, where they are known."""
    items = group.loop.items if group.loop is not None else None
    if isinstance(items, ir.Constant):
        return tuple(items.value)
    return items if isinstance(items, tuple) else None


def _written_out(pipeline: ir.Pipeline, known: Mapping[str, tuple[Any, ...] | None]) -> ir.Pipeline:
    writer = _Writer(pipeline, _copies(pipeline, known))
    nodes = [copy for node in pipeline.tasks for copy in writer.copies_of(node)]
    used = {place for node in nodes for place in node.when}
    behind = {place.gate for place in used if isinstance(place, ir.Branch)}
    gates = [gate for gate in writer.gates.values() if isinstance(gate, ir.Gate)]
    groups = [group for name, group in writer.groups.items() if ir.Within(name) in used]
    outputs = (replace(o, value=writer.outside(o.value)) for o in pipeline.outputs)
    made = replace(
        pipeline,
        gates=tuple(sorted((g for g in gates if g.name in behind), key=lambda gate: gate.name)),
        tasks=tuple(nodes),
        outputs=tuple(outputs),
        groups=tuple(sorted(groups, key=lambda group: group.name)),
    )
    return replace(made, tasks=tuple(ordered(made))) if _repeats(known) else made


def _repeats(known: Mapping[str, tuple[Any, ...] | None]) -> bool:
    return any(items is not None for items in known.values())


def _copies(pipeline: ir.Pipeline, known: Mapping[str, tuple[Any, ...] | None]) -> Copies:
    """Which loops to write out stand around each task and group."""
    tasks: dict[str, tuple[str, ...]] = {}
    groups: dict[str, tuple[str, ...]] = {}
    for node in pipeline.tasks:
        loops: tuple[str, ...] = ()
        for place in node.when:
            if isinstance(place, ir.Within):
                groups[place.group] = loops
                loops += (place.group,) * (known.get(place.group) is not None)
        tasks[node.name] = loops
    return Copies(known, tasks, groups)


@dataclass
class _Writer:
    """Makes the copies of one graph, producers first.

    gates   those in use, by name; True or False for one whose predicate came out so
    groups  those that stay, by name
    lost    names of tasks that no run can start
    """

    pipeline: ir.Pipeline
    copies: Copies
    gates: dict[str, ir.Gate | bool] = field(default_factory=dict)
    groups: dict[str, ir.Group] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._gates = {gate.name: gate for gate in self.pipeline.gates}
        self._groups = {group.name: group for group in self.pipeline.groups}

    def copies_of(self, node: ir.Node) -> Iterator[ir.Node]:
        """The copies of a task that some run may start, in the order of the items."""
        for env in self.copies.envs(self.copies.tasks[node.name]):
            name = self.copies.task(node.name, env)
            when = self._path(node.when, env)
            copy = self._copy(node, name, when or (), env)
            if when is None or self._reads_lost(ir.values_of(copy)):
                self.lost.add(name)
            else:
                yield copy

    def outside(self, value: ir.Value) -> ir.Value:
        """A value of the whole pipeline; null where no run makes it."""
        found = self.copies.value(value, NOWHERE)
        return ir.Constant(None, found.type) if self._reads_lost(ir.leaves(found)) else found

    # --- places ------------------------------------------------------------------------------

    def _path(self, when: ir.Path, env: Env) -> ir.Path | None:
        """A copy's path; None where a side is never taken."""
        path: list[ir.Branch | ir.Within] = []
        inside = False  # whether what stands here is a copy
        for place in when:
            if isinstance(place, ir.Within):
                inside = inside or place.group in self.copies.known
                if place.group not in self.copies.known:
                    group = self._group(place.group, env)
                    if self._reads_lost(_list_of(group)):
                        return None
                    path.append(ir.Within(group.name))
                continue
            gate = self._gate(place.gate, env, inside)
            if isinstance(gate, ir.Gate):
                if self._reads_lost(_leaves_of(gate.predicate)):
                    return None
                path.append(ir.Branch(gate.name, place.taken))
            elif gate is not place.taken:
                return None
        return tuple(path)

    def _gate(self, name: str, env: Env, inside: bool) -> ir.Gate | bool:
        gate = self._gates[name]
        loops = self.copies.loops_of(gate.predicate)
        own = name + "".join(f"-{env[loop]}" for loop in sorted(loops, key=len))
        if own not in self.gates:
            predicate = self.copies.predicate(gate.predicate, env)
            truth = folded(predicate) if inside else predicate
            self.gates[own] = (
                truth if isinstance(truth, bool) else replace(gate, name=own, predicate=truth)
            )
        return self.gates[own]

    def _group(self, name: str, env: Env) -> ir.Group:
        own = self.copies.group(name, env)
        if own not in self.groups:
            group = self._groups[name]
            loop = group.loop
            if loop is not None and not isinstance(loop.items, tuple):
                loop = replace(loop, items=self.copies.value(loop.items, env))
            self.groups[own] = replace(group, name=own, loop=loop)
        return self.groups[own]

    def _reads_lost(self, leaves: Iterable[ir.Value]) -> bool:
        return bool(self.lost) and any(
            isinstance(leaf, ir.OutputRef) and leaf.task in self.lost for leaf in leaves
        )

    # --- nodes -------------------------------------------------------------------------------

    def _copy(self, node: ir.Node, name: str, when: ir.Path, env: Env) -> ir.Node:
        after = tuple(sorted({copy for task in node.after for copy in self._waited(task, env)}))
        if isinstance(node, ir.Failure):
            message = self.copies.value(node.message, env)
            return replace(node, name=name, message=message, when=when, after=after)
        if isinstance(node, ir.Pick):
            return self._pick(node, name, when, after, env)
        return replace(
            node,
            name=name,
            arguments=tuple(self._argument(node, argument, env) for argument in node.arguments),
            when=when,
            after=after,
            targets={key: self.copies.tree(tree, env) for key, tree in node.targets.items()},
            repetition=self._repetition(node, env),
            environment=tuple(
                replace(item, value=self.copies.value(item.value, env)) for item in node.environment
            ),
        )

    def _waited(self, task: str, env: Env) -> Iterator[str]:
        """The copies of a task that one comes after: of a loop that both are in, its own."""
        loops = self.copies.tasks.get(task, ())
        for every in self.copies.envs(loops, env):
            name = self.copies.task(task, every)
            if name not in self.lost:
                yield name

    def _argument(self, task: ir.Task, argument: ir.Argument, env: Env) -> ir.Argument:
        value = self.copies.value(argument.value, env)
        port = task.component.input(argument.name)
        if isinstance(value, ir.Constant) and value != argument.value and port is not None:
            value = _widened(value, port.type)
        return replace(argument, value=value)

    def _repetition(self, task: ir.Task, env: Env) -> ir.Repetition | None:
        found = task.repetition
        for name in self.copies.tasks[task.name]:
            loop, items = self._groups[name].loop, self.copies.known[name]
            assert loop is not None and items is not None
            index = env[name]
            found = ir.Repetition(task.step, index, loop.var, items[index], found)
        return found

    def _pick(
        self, node: ir.Pick, name: str, when: ir.Path, after: tuple[str, ...], env: Env
    ) -> ir.Node:
        """A pick; an ordinary task where what it picks from is written out."""
        by = self.copies.value(node.by, env)
        takes = {key: self.copies.value(taken, env) for key, taken in node.takes}
        if isinstance(by, ir.Collected):
            held = tuple((key, x) for key, x in takes.items() if isinstance(x, ir.Collected))
            return replace(node, name=name, by=by, takes=held, when=when, after=after)
        count = len(self.copies.known[node.by.group] or ())
        return replace(ir_picks.task(node, by, takes, count), name=name, when=when, after=after)


def _widened(value: ir.Constant, type_name: str) -> ir.Constant:
    """An item as the input that gets it holds it."""
    if not is_parameter(type_name):
        return value
    try:
        return ir.Constant(admit(type_name, value.value), type_name)
    except BadValue:
        return value


def _list_of(group: ir.Group) -> Iterator[ir.Value]:
    if group.loop is not None and not isinstance(group.loop.items, tuple):
        yield from ir.leaves(group.loop.items)


def _leaves_of(predicate: ir.Predicate) -> Iterator[ir.Value]:
    for value in ir.operands(predicate):
        yield from ir.leaves(value)
