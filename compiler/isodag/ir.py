"""The typed graph that every target and the engine read: names resolved, types checked.

Nothing in it needs looking up again: vars are constants, defaults are filled in, every input of
every task has its argument, conditions are predicates, gates are in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from isodag.component import Component
from isodag.frontend.syntax import Repetition as Repetition
from isodag.ir_values import And as And
from isodag.ir_values import Collected as Collected
from isodag.ir_values import Compare as Compare
from isodag.ir_values import Constant as Constant
from isodag.ir_values import EachRef as EachRef
from isodag.ir_values import Listing as Listing
from isodag.ir_values import Member as Member
from isodag.ir_values import Not as Not
from isodag.ir_values import Or as Or
from isodag.ir_values import OutputRef as OutputRef
from isodag.ir_values import ParameterRef as ParameterRef
from isodag.ir_values import Predicate as Predicate
from isodag.ir_values import RunRef as RunRef
from isodag.ir_values import Text as Text
from isodag.ir_values import Truth as Truth
from isodag.ir_values import Value as Value
from isodag.ir_values import leaves as leaves
from isodag.ir_values import operands as operands
from isodag.settings import Cache as Cache
from isodag.settings import Resources as Resources
from isodag.settings import Retry as Retry
from isodag.source import Span


@dataclass(frozen=True)
class Gate:
    """A condition that steps stand behind: a named one, or a step's own (`when_<step>`).

    text   the expression as written, for messages
    named  where a named condition has its name
    """

    name: str
    predicate: Predicate
    text: str
    span: Span
    named: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Branch:
    """One side of a gate: the side taken when its predicate is true, or when it is false."""

    gate: str
    taken: bool


@dataclass(frozen=True)
class Within:
    """Being a member of a group."""

    group: str


Path = tuple[Branch | Within, ...]  # what a step stands behind and within, outermost first


@dataclass(frozen=True)
class Loop:
    """What repeats a group: once for each item, in parallel.

    items  plain data where they are known at compile time; else the JsonArray that a run brings
    type   of an item: a parameter type
    """

    var: str
    items: tuple[Any, ...] | Value
    type: str
    span: Span


@dataclass(frozen=True)
class Group:
    """Steps that stand together: a pipeline used as a component, or what `foreach` repeats.

    name  of the step that it is in the file; within another group, after that one's and a `-`.
          Its members are called by it too: `<group>-<step>`, or the same where it is one step.
    """

    name: str
    loop: Loop | None
    span: Span


# --- the graph -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tree:
    """A positioned piece of a `targets:` block, its keys as written.

    value  a Value, a list of Trees, or a mapping of Trees
    keys   where the keys of a mapping are written
    """

    value: Value | tuple[Tree, ...] | Mapping[str, Tree]
    span: Span
    keys: Mapping[str, Span] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Parameter:
    """A pipeline parameter.  `default` is a typed value where `has_default`.

    default_span  where the default is written, which may be a values file; None without one
    allowed       where each value of the constraint `enum` is written; empty where nobody knows
    """

    name: str
    type: str
    span: Span
    description: str = ""
    has_default: bool = False
    default: Any = None
    constraints: Mapping[str, Any] = field(default_factory=dict)
    default_span: Span | None = None
    allowed: tuple[Span, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class Argument:
    """What one input of a task gets.  `written` is false for a default filled in."""

    name: str
    value: Value
    written: bool
    span: Span


@dataclass(frozen=True)
class Secret:
    """One environment variable of a task that holds a secret.

    value  a reference (`isodag.runtime.references`): a Constant, or a parameter of type Secret
    span   of the variable's name
    place  of what is written for it
    """

    variable: str
    value: Constant | ParameterRef
    span: Span
    place: Span


@dataclass(frozen=True)
class Variable:
    """One environment variable of a task.

    value  text, or a value that becomes text where the task runs: never an artifact
    span   of the variable's name
    place  of what is written for it
    own    the step itself gives it; else `defaults:` do
    """

    name: str
    value: Value
    span: Span = field(compare=False)
    place: Span = field(compare=False)
    own: bool = field(default=True, compare=False)


@dataclass(frozen=True)
class Task:
    """A step that runs a component.

    arguments  one for each input of the component, in the spec's order
    when       the branches it stands behind, all of which must be taken, and its groups
    after      tasks that must be done first, beyond those whose outputs it reads
    targets    the step's own block for each target
    repetition  which repetition of a repeated step this is, if it is one
    secrets    variables that hold secrets, sorted
    environment  other variables, sorted by name: no name of `secrets` or of the component's own
    timeout    seconds that it may run at most
    tags       sorted by key
    asked      where each of the resources is written, `timeout`, and each tag as `tags.KEY`
    own        settings that the step itself has, and where: what its target lacks is an error
               there, while `defaults:` just do not apply
    description  what it is for, as text for people
    """

    name: str
    component: Component
    arguments: tuple[Argument, ...]
    when: Path
    after: tuple[str, ...]
    span: Span
    resources: Resources | None = None
    cache: Cache | None = None
    retry: Retry | None = None
    targets: Mapping[str, Tree] = field(default_factory=dict)
    repetition: Repetition | None = None
    secrets: tuple[Secret, ...] = ()
    environment: tuple[Variable, ...] = ()
    timeout: int | None = None
    tags: tuple[tuple[str, str], ...] = ()
    asked: Mapping[str, Span] = field(default_factory=dict, compare=False, repr=False)
    own: Mapping[str, Span] = field(default_factory=dict, compare=False, repr=False)
    description: str = ""

    @property
    def step(self) -> str:
        """The step as written, for messages: a repeated one is several tasks."""
        return self.repetition.step if self.repetition is not None else self.name


@dataclass(frozen=True)
class Failure:
    """A step that ends the run as failed, with a message."""

    name: str
    message: Value
    when: Path
    after: tuple[str, ...]
    span: Span

    @property
    def step(self) -> str:
        """The step as written."""
        return self.name


@dataclass(frozen=True)
class Pick:
    """A step that takes the best repetition of a group; the first of equals.

    by       the scalar that each repetition is judged by: its items are Integers or Floats
    highest  whether the greatest is the best, or the least
    takes    its outputs by name: what each of them is picked from.  One with the name of the
             loop's variable is picked from the items.

    It has an output `index` too, an Integer: which repetition it is, from 0.
    """

    name: str
    by: Collected
    highest: bool
    takes: tuple[tuple[str, Collected], ...]
    when: Path
    after: tuple[str, ...]
    span: Span

    @property
    def step(self) -> str:
        """The step as written."""
        return self.name


Node = Task | Failure | Pick


@dataclass(frozen=True)
class PipelineOutput:
    """A result of the whole pipeline."""

    name: str
    value: Value
    span: Span


@dataclass(frozen=True)
class Pipeline:
    """The whole graph.

    parameters, gates, outputs, groups  sorted by name
    tasks                       in one topological order that depends on names only, not on the
                                order in the file
    targets                     the pipeline's own block for each target
    span                        of the pipeline's name in its file
    last                        tasks that run when all others have ended, however they did, sorted
                                by name; they read no output and stand behind nothing
    tags                        those of `defaults:`, which the pipeline has too; sorted by key
    """

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    gates: tuple[Gate, ...]
    tasks: tuple[Node, ...]
    outputs: tuple[PipelineOutput, ...]
    targets: Mapping[str, Tree]
    span: Span
    groups: tuple[Group, ...] = ()
    last: tuple[Task, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()

    def group(self, name: str) -> Group:
        """The group of that name."""
        return next(group for group in self.groups if group.name == name)

    def gate(self, name: str) -> Gate:
        """The gate of that name."""
        return next(gate for gate in self.gates if gate.name == name)

    def task(self, name: str) -> Node:
        """The task of that name."""
        return next(task for task in self.tasks if task.name == name)


# --- walks -----------------------------------------------------------------------------------


def branches(node: Node) -> tuple[Branch, ...]:
    """The branches that a node stands behind, outermost first."""
    return tuple(place for place in node.when if isinstance(place, Branch))


def values_of(node: Node) -> Iterator[Value]:
    """Every value that a node passes on: its arguments, its message, or what it picks from."""
    if isinstance(node, Failure):
        yield from leaves(node.message)
    elif isinstance(node, Pick):
        for taken in (node.by, *(collected for _, collected in node.takes)):
            yield from leaves(taken)
    else:
        for argument in node.arguments:
            yield from leaves(argument.value)
        for variable in node.environment:
            yield from leaves(variable.value)


def reads(node: Node, pipeline: Pipeline) -> tuple[str, ...]:
    """The tasks that must be done before `node`, sorted: data, gates, lists and `after`."""
    gates = {gate.name: gate for gate in pipeline.gates}
    return needs(node, gates, {group.name: group for group in pipeline.groups})


def needs(node: Node, gates: Mapping[str, Gate], groups: Mapping[str, Group]) -> tuple[str, ...]:
    """What `reads` gives, for who asks about many nodes.

    gates, groups  by name
    """
    found = set(node.after)
    found.update(value.task for value in values_of(node) if isinstance(value, OutputRef))
    for place in node.when:
        if isinstance(place, Branch):
            asked = tuple(operands(gates[place.gate].predicate))
        else:
            loop = groups[place.group].loop
            asked = (loop.items,) if loop and not isinstance(loop.items, tuple) else ()
        for value in asked:
            found.update(leaf.task for leaf in leaves(value) if isinstance(leaf, OutputRef))
    return tuple(sorted(found))
