"""Where each step stands: the tree of Condition steps that the gates make.

`g` and `not g` share one Condition step.  A step that depends on a step behind a gate stands
behind that gate too, even where its own condition only implies it: SageMaker starts a step when
all that it needs has run, so outside the branch it would hang on a step that may never run
(https://github.com/aws/sagemaker-python-sdk/issues/3565).  A step that needs steps behind two
independent gates can stand in one of the branches only; the other gate is repeated inside, and
the edge crosses branches that are taken together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from isodag import ir
from isodag.ir import Branch, Node, OutputRef, Path, Within, branches

MAX_NESTING = 40  # conditions around one step: far beyond need, and JSON writers recurse


@dataclass
class Fork:
    """One Condition step to be: a gate in one place, and what stands on each side."""

    gate: str
    path: Path
    sides: dict[bool, Block] = field(default_factory=dict)


@dataclass
class Turn:
    """One ForEach step to be: a group, and what stands in it."""

    group: str
    body: Block


@dataclass
class Block:
    """What stands in one place, in order: names of tasks, forks and loops."""

    items: list[str | Fork | Turn] = field(default_factory=list)
    forks: dict[str, Fork] = field(default_factory=dict)
    turns: dict[str, Turn] = field(default_factory=dict)

    def fork(self, gate: str, path: Path) -> Fork:
        """The fork of a gate here, made when first asked for."""
        if gate not in self.forks:
            self.forks[gate] = Fork(gate, path, {True: Block(), False: Block()})
            self.items.append(self.forks[gate])
        return self.forks[gate]

    def turn(self, group: str) -> Turn:
        """The loop over a group here, made when first asked for."""
        if group not in self.turns:
            self.turns[group] = Turn(group, Block())
            self.items.append(self.turns[group])
        return self.turns[group]


def paths(pipeline: ir.Pipeline) -> dict[str, Path]:
    """The branches around each task, outermost first: its own and those of all that it needs.

    The members of a loop stand in it, behind the branches of all of them.
    """
    sides = _branches(pipeline)
    found: dict[str, Path] = dict(sides)
    loops: dict[str, dict[Branch, None]] = {}
    for node in pipeline.tasks:
        for group in _turns(node):
            loops.setdefault(group, {}).update(dict.fromkeys(sides[node.name]))
    for node in pipeline.tasks:
        for group in _turns(node):
            found[node.name] = (*loops[group], Within(group))
    return found


def _turns(node: Node) -> Iterator[str]:
    if not isinstance(node, ir.Pick):
        yield from (place.group for place in node.when if isinstance(place, Within))


def _branches(pipeline: ir.Pipeline) -> dict[str, tuple[Branch, ...]]:
    gates = {gate.name: gate for gate in pipeline.gates}
    found: dict[str, tuple[Branch, ...]] = {}
    for node in pipeline.tasks:
        needed: dict[Branch, None] = {}  # in order: those of producers, then the node's own
        for task in _needs(node):
            needed.update(dict.fromkeys(found.get(task, ())))
        for branch in branches(node):
            for task in _reads(gates[branch.gate].predicate):
                needed.update(dict.fromkeys(found.get(task, ())))
            needed[branch] = None
        own = tuple(dict.fromkeys(branches(node)))
        found[node.name] = own if len(needed) == len(own) else tuple(needed)
    return found


def _needs(node: Node) -> Iterator[str]:
    yield from node.after
    for value in ir.values_of(node):
        if isinstance(value, OutputRef):
            yield value.task


def _reads(predicate: ir.Predicate) -> Iterator[str]:
    for value in ir.operands(predicate):
        for leaf in ir.leaves(value):
            if isinstance(leaf, OutputRef):
                yield leaf.task


def arrange(
    pipeline: ir.Pipeline, around: Mapping[str, Path], decided: Mapping[str, bool]
) -> tuple[Block, frozenset[str]]:
    """The tree of steps, and the tasks left out of it.

    decided  gates whose truth is known now: they make no fork; tasks on their other side are
             left out
    """
    top = Block()
    dropped = set()
    for node in pipeline.tasks:
        if isinstance(node, ir.Pick):
            continue  # a loop's own, not a step
        places = around[node.name]
        sides = [place for place in places if isinstance(place, Branch)]
        if any(decided.get(side.gate, side.taken) is not side.taken for side in sides):
            dropped.add(node.name)
            continue
        block: Block = top
        path: Path = ()
        for place in places:
            if isinstance(place, Within):
                block = block.turn(place.group).body
            elif place.gate not in decided:
                block = block.fork(place.gate, path).sides[place.taken]
                path = (*path, place)
        block.items.append(node.name)
    return top, frozenset(dropped)


def forks(block: Block) -> Iterator[Fork]:
    """Every fork in a block, those below others after them."""
    for item in block.items:
        if isinstance(item, Fork):
            yield item
            for side in item.sides.values():
                yield from forks(side)


def loops(block: Block) -> Iterator[Turn]:
    """Every loop in a block, wherever it stands."""
    for item in block.items:
        if isinstance(item, Turn):
            yield item
        elif isinstance(item, Fork):
            for side in item.sides.values():
                yield from loops(side)
