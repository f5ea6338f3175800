"""Values as one repetition has them: names of copies in, items where the loop variable stood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from isodag import ir
from isodag.ir_values import (
    And,
    Collected,
    Compare,
    Constant,
    EachRef,
    Listing,
    Member,
    Not,
    Or,
    OutputRef,
    Predicate,
    Text,
    Truth,
    Value,
    joined,
    operands,
)
from isodag.runtime.values import BadValue, admit, render

Env = Mapping[str, int]  # which repetition of each loop around
NOWHERE: Env = {}


@dataclass(frozen=True)
class Copies:
    """What is written out of a graph.

    known  the groups that are written out: the items of each, None for one that just dissolves
    tasks  the loops of them around each task, outermost first
    groups  and around each group that stays or goes
    """

    known: Mapping[str, tuple[Any, ...] | None]
    tasks: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, tuple[str, ...]]

    def envs(self, loops: Iterable[str], env: Env = NOWHERE) -> list[Env]:
        """Each combination of repetitions of some loops, in order; those in `env` are given."""
        loops = tuple(loops)
        ranges = [
            [env[loop]] if loop in env else range(len(self.known[loop] or ())) for loop in loops
        ]
        return [dict(zip(loops, indices, strict=True)) for indices in product(*ranges)]

    def name(self, name: str, loops: Iterable[str], env: Env) -> str:
        """The name of a copy: the index behind the name of each loop that the old one holds."""
        for loop in sorted(loops, key=len, reverse=True):
            name = f"{loop}-{env[loop]}{name[len(loop) :]}"
        return name

    def task(self, name: str, env: Env) -> str:
        """The name of a task's copy."""
        return self.name(name, self.tasks.get(name, ()), env)

    def group(self, name: str, env: Env) -> str:
        """The name of a copy of a group that stays."""
        return self.name(name, self.groups.get(name, ()), env)

    # --- values ------------------------------------------------------------------------------

    def value(self, value: Value, env: Env) -> Value:
        """A value as the repetition `env` has it; from outside, a list for what is repeated."""
        match value:
            case EachRef(group, field, type_name):
                if group in self.known:
                    return Constant(_admitted(type_name, self._each(value, env)), type_name)
                return EachRef(self.group(group, env), field, type_name)
            case OutputRef(task, output, type_name, span):
                return OutputRef(self.task(task, env), output, type_name, span)
            case Collected():
                return self._collected(value, env)
            case Listing(items, type_name):
                return _listing([self.value(item, env) for item in items], type_name)
            case Text(parts):
                return joined(self._part(part, env) for part in parts)
        return value

    def _each(self, ref: EachRef, env: Env) -> Any:
        item = (self.known[ref.group] or ())[env[ref.group]]
        return item[ref.field] if ref.field else item

    def _collected(self, value: Collected, env: Env) -> Value:
        if value.group not in self.known:
            item = self.value(value.item, env)
            assert isinstance(item, OutputRef | EachRef | Collected)
            return Collected(self.group(value.group, env), item, value.type)
        items = self.known[value.group]
        if items is None:
            return self.value(value.item, env)
        found = [self.value(value.item, {**env, value.group: i}) for i in range(len(items))]
        return _listing(found, value.type)

    def _part(self, part: Value, env: Env) -> Value:
        """A part of a text; an item is spelt as it is written."""
        if isinstance(part, EachRef) and part.group in self.known:
            return Constant(render(self._each(part, env)), "String")
        return self.value(part, env)

    def tree(self, tree: ir.Tree, env: Env) -> ir.Tree:
        """A piece of a `targets:` block."""
        if isinstance(tree.value, tuple):
            return ir.Tree(tuple(self.tree(item, env) for item in tree.value), tree.span)
        if isinstance(tree.value, Mapping):
            held = {key: self.tree(item, env) for key, item in tree.value.items()}
            return ir.Tree(held, tree.span, tree.keys)
        return ir.Tree(self.value(tree.value, env), tree.span)

    def predicate(self, predicate: Predicate, env: Env) -> Predicate:
        """A gate's predicate."""
        match predicate:
            case Compare(op, left, right):
                return Compare(op, self.value(left, env), self.value(right, env))
            case Member(item, options):
                held = tuple(self.value(option, env) for option in options)
                return Member(self.value(item, env), held)
            case Truth(value):
                return Truth(self.value(value, env))
            case Not(operand):
                return Not(self.predicate(operand, env))
            case And(parts):
                return And(tuple(self.predicate(part, env) for part in parts))
            case Or(parts):
                return Or(tuple(self.predicate(part, env) for part in parts))

    # --- what differs from copy to copy ------------------------------------------------------

    def loops_of(self, predicate: Predicate) -> frozenset[str]:
        """The loops whose repetitions have a predicate of their own each."""
        return frozenset(loop for value in operands(predicate) for loop in self._loops(value))

    def _loops(self, value: Value) -> frozenset[str]:
        match value:
            case EachRef(group):
                own = {group} if self.known.get(group) is not None else set()
                return frozenset(own or self.groups.get(group, ()))
            case OutputRef(task):
                return frozenset(self.tasks.get(task, ()))
            case Collected(group, item):
                return (self._loops(item) - {group}) | frozenset(self.groups.get(group, ()))
            case Listing(items) | Text(items):
                return frozenset(loop for item in items for loop in self._loops(item))
        return frozenset()


def _admitted(type_name: str, value: Any) -> Any:
    """An item as its type holds it; one that its type does not admit as it is."""
    try:
        return admit(type_name, value)
    except BadValue:
        return value


def _listing(items: list[Value], type_name: str) -> Value:
    """Values side by side; constants are one constant."""
    plain = [item.value for item in items if isinstance(item, Constant)]
    if type_name == "JsonArray" and len(plain) == len(items):
        return Constant(plain, type_name)
    return Listing(tuple(items), type_name)
