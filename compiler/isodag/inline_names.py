"""The names in a called pipeline: a piece of its graph in, as the caller's graph has it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from isodag import ir
from isodag.ir import Argument, Constant, Value
from isodag.ir_values import joined
from isodag.runtime import values
from isodag.types import is_parameter


@dataclass
class Renaming:
    """What becomes of the names in a graph.

    before   what its tasks, gates and groups are now called after
    given    what its parameters are; those that are not in it stay
    results  what stands for the outputs of calls in it, by step and output
    ends     what to wait for instead of a step that is a call
    settled  gates whose outcome is known
    """

    before: str = ""
    given: Mapping[str, Argument] = field(default_factory=dict)
    results: dict[tuple[str, str], Value] = field(default_factory=dict)
    ends: dict[str, tuple[str, ...]] = field(default_factory=dict)
    settled: dict[str, bool] = field(default_factory=dict)

    def value(self, value: Value) -> Value:
        match value:
            case ir.ParameterRef(name):
                return self.given[name].value if name in self.given else value
            case ir.OutputRef(task, output):
                if (task, output) not in self.results:
                    return replace(value, task=self.before + task)
                found = self.results[task, output]
                return replace(found, span=value.span) if isinstance(found, ir.OutputRef) else found
            case ir.EachRef(group):
                return replace(value, group=self.before + group)
            case ir.Collected(group, item):
                inner = self.value(item)
                assert isinstance(inner, ir.OutputRef | ir.EachRef | ir.Collected)
                return replace(value, group=self.before + group, item=inner)
            case ir.Listing(items):
                return replace(value, items=tuple(map(self.value, items)))
            case ir.Text(parts):
                return joined(map(self.value, parts))
        return value

    def constant(self, value: Value, type_name: str) -> tuple[Constant, Argument] | None:
        """The constant that a parameter is, as a value of a type, and what gives it."""
        argument = self.given.get(value.name) if isinstance(value, ir.ParameterRef) else None
        if argument is None or not isinstance(argument.value, Constant):
            return None
        plain = argument.value.value
        if type_name == "String" and not isinstance(plain, str):
            plain = values.render(plain)
        elif is_parameter(type_name):
            plain = values.admit(type_name, plain)
        return Constant(plain, type_name), argument

    def predicate(self, predicate: ir.Predicate) -> ir.Predicate:
        match predicate:
            case ir.Compare(op, left, right):
                return ir.Compare(op, self.value(left), self.value(right))
            case ir.Member(item, options):
                return ir.Member(self.value(item), tuple(map(self.value, options)))
            case ir.Truth(value):
                return ir.Truth(self.value(value))
            case ir.Not(operand):
                return ir.Not(self.predicate(operand))
        return replace(predicate, operands=tuple(map(self.predicate, predicate.operands)))

    def knows(self, gate: ir.Gate) -> bool:
        """Whether a condition reads a parameter that is known."""
        return any(self.constant(value, value.type) for value in ir.operands(gate.predicate))

    def never(self, node: ir.Node) -> bool:
        """Whether a node stands on the side of a gate that is never taken."""
        return any(
            self.settled.get(branch.gate, branch.taken) is not branch.taken
            for branch in ir.branches(node)
        )

    def gate(self, gate: ir.Gate) -> ir.Gate:
        return replace(gate, name=self.before + gate.name, predicate=self.predicate(gate.predicate))

    def group(self, group: ir.Group) -> ir.Group:
        loop = group.loop
        if loop is not None and not isinstance(loop.items, tuple):
            items = self.value(loop.items)
            known = tuple(items.value) if isinstance(items, Constant) else items
            loop = replace(loop, items=known)
        return replace(group, name=self.before + group.name, loop=loop)

    def path(self, path: ir.Path) -> ir.Path:
        return tuple(
            ir.Within(self.before + place.group)
            if isinstance(place, ir.Within)
            else ir.Branch(self.before + place.gate, place.taken)
            for place in path
            if isinstance(place, ir.Within) or place.gate not in self.settled
        )

    def node(self, node: ir.Node) -> ir.Node:
        after = (self.ends.get(name, (self.before + name,)) for name in node.after)
        node = replace(
            node,
            name=self.before + node.name,
            when=self.path(node.when),
            after=tuple(sorted({name for names in after for name in names})),
        )
        if isinstance(node, ir.Failure):
            known = self.constant(node.message, "String")
            return replace(node, message=known[0] if known else self.value(node.message))
        if isinstance(node, ir.Pick):
            takes = tuple((name, self.value(taken)) for name, taken in node.takes)
            return replace(node, by=self.value(node.by), takes=takes)  # type: ignore[arg-type]
        return self._task(node)

    def _task(self, task: ir.Task) -> ir.Task:
        copy = task.repetition
        return replace(
            task,
            arguments=tuple(self._argument(argument, task) for argument in task.arguments),
            targets={name: self.tree(tree) for name, tree in task.targets.items()},
            secrets=tuple(map(self._secret, task.secrets)),
            environment=tuple(map(self._variable, task.environment)),
            repetition=replace(copy, step=self.before + copy.step) if copy else None,
        )

    def _argument(self, argument: Argument, task: ir.Task) -> Argument:
        port = task.component.input(argument.name)
        assert port is not None
        if known := self.constant(argument.value, port.type):
            return replace(argument, value=known[0], span=known[1].span)
        return replace(argument, value=self.value(argument.value))

    def _secret(self, secret: ir.Secret) -> ir.Secret:
        if known := self.constant(secret.value, "String"):
            return replace(secret, value=known[0], place=known[1].span)
        value = self.value(secret.value)
        assert isinstance(value, Constant | ir.ParameterRef)
        return replace(secret, value=value)

    def _variable(self, variable: ir.Variable) -> ir.Variable:
        if known := self.constant(variable.value, "String"):
            return replace(variable, value=known[0], place=known[1].span)
        return replace(variable, value=self.value(variable.value))

    def tree(self, tree: ir.Tree) -> ir.Tree:
        if isinstance(tree.value, tuple):
            return replace(tree, value=tuple(map(self.tree, tree.value)))
        if isinstance(tree.value, Mapping):
            return replace(tree, value={key: self.tree(item) for key, item in tree.value.items()})
        if known := self.constant(tree.value, tree.value.type):
            return replace(tree, value=known[0], span=known[1].span)
        return replace(tree, value=self.value(tree.value))
