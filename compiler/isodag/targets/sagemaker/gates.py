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
from isodag.ir import Branch, Node, OutputRef

Path = tuple[Branch, ...]
MAX_NESTING = 40  # conditions around one step: far beyond need, and JSON writers recurse


@dataclass
class Fork:
    """One Condition step to be: a gate in one place, and what stands on each side."""

    gate: str
    path: Path
    sides: dict[bool, Block] = field(default_factory=dict)


@dataclass
class Block:
    """What stands in one place, in order: names of tasks, and forks."""

    items: list[str | Fork] = field(default_factory=list)
    forks: dict[str, Fork] = field(default_factory=dict)

    def fork(self, gate: str, path: Path) -> Fork:
        """The fork of a gate here, made when first asked for."""
        if gate not in self.forks:
            self.forks[gate] = Fork(gate, path, {True: Block(), False: Block()})
            self.items.append(self.forks[gate])
        return self.forks[gate]


def paths(pipeline: ir.Pipeline) -> dict[str, Path]:
    """The branches around each task, outermost first: its own and those of all that it needs."""
    gates = {gate.name: gate for gate in pipeline.gates}
    found: dict[str, Path] = {}
    for node in pipeline.tasks:
        needed: dict[Branch, None] = {}  # in order: those of producers, then the node's own
        for task in _needs(node):
            needed.update(dict.fromkeys(found.get(task, ())))
        for branch in node.when:
            for task in _reads(gates[branch.gate].predicate):
                needed.update(dict.fromkeys(found.get(task, ())))
            needed[branch] = None
        own = tuple(dict.fromkeys(node.when))
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
        branches = around[node.name]
        if any(decided.get(branch.gate, branch.taken) is not branch.taken for branch in branches):
            dropped.add(node.name)
            continue
        block: Block = top
        path: Path = ()
        for branch in branches:
            if branch.gate not in decided:
                block = block.fork(branch.gate, path).sides[branch.taken]
                path = (*path, branch)
        block.items.append(node.name)
    return top, frozenset(dropped)


def forks(block: Block) -> Iterator[Fork]:
    """Every fork in a block, those below others after them."""
    for item in block.items:
        if isinstance(item, Fork):
            yield item
            for side in item.sides.values():
                yield from forks(side)
