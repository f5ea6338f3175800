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
from isodag.settings import Cache as Cache
from isodag.settings import Resources as Resources
from isodag.settings import Retry as Retry
from isodag.source import Span

# --- values ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Constant:
    """A value known at compile time.  An artifact's constant is its URI or path (str)."""

    value: Any
    type: str


@dataclass(frozen=True)
class ParameterRef:
    """The value of a pipeline parameter; an artifact parameter's is its URI."""

    name: str
    type: str


@dataclass(frozen=True)
class OutputRef:
    """An output of a task: a scalar where the type is a parameter type, else an artifact."""

    task: str
    output: str
    type: str
    span: Span | None = field(default=None, compare=False, repr=False)  # where it is written


@dataclass(frozen=True)
class RunRef:
    """A fact about the run, a String: `id`, `pipeline` or `started_at`."""

    field: str
    type: str = "String"


@dataclass(frozen=True)
class Text:
    """Values joined into one String; the parts alternate text constants and other values."""

    parts: tuple[Value, ...]
    type: str = "String"


Value = Constant | ParameterRef | OutputRef | RunRef | Text

# --- predicates ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compare:
    """`left op right`; op is one of == != < <= > >=.  Operands are comparable by type."""

    op: str
    left: Value
    right: Value


@dataclass(frozen=True)
class Member:
    """`item in options`; all of comparable types."""

    item: Value
    options: tuple[Value, ...]


@dataclass(frozen=True)
class Truth:
    """A Boolean value standing alone."""

    value: Value


@dataclass(frozen=True)
class Not:
    """Negation."""

    operand: Predicate


@dataclass(frozen=True)
class And:
    """All of two or more."""

    operands: tuple[Predicate, ...]


@dataclass(frozen=True)
class Or:
    """Any of two or more."""

    operands: tuple[Predicate, ...]


Predicate = Compare | Member | Truth | Not | And | Or


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
class Task:
    """A step that runs a component.

    arguments  one for each input of the component, in the spec's order
    when       the branches it stands behind, outermost first; all must be taken
    after      tasks that must be done first, beyond those whose outputs it reads
    targets    the step's own block for each target
    repetition  which repetition of a repeated step this is, if it is one
    secrets    variables that hold secrets, sorted
    asked      where each of the resources is written
    """

    name: str
    component: Component
    arguments: tuple[Argument, ...]
    when: tuple[Branch, ...]
    after: tuple[str, ...]
    span: Span
    resources: Resources | None = None
    cache: Cache | None = None
    retry: Retry | None = None
    targets: Mapping[str, Tree] = field(default_factory=dict)
    repetition: Repetition | None = None
    secrets: tuple[Secret, ...] = ()
    asked: Mapping[str, Span] = field(default_factory=dict, compare=False, repr=False)

    @property
    def step(self) -> str:
        """The step as written, for messages: a repeated one is several tasks."""
        return self.repetition.step if self.repetition is not None else self.name


@dataclass(frozen=True)
class Failure:
    """A step that ends the run as failed, with a message."""

    name: str
    message: Value
    when: tuple[Branch, ...]
    after: tuple[str, ...]
    span: Span

    @property
    def step(self) -> str:
        """The step as written."""
        return self.name


Node = Task | Failure


@dataclass(frozen=True)
class PipelineOutput:
    """A result of the whole pipeline."""

    name: str
    value: Value
    span: Span


@dataclass(frozen=True)
class Pipeline:
    """The whole graph.

    parameters, gates, outputs  sorted by name
    tasks                       in one topological order that depends on names only, not on the
                                order in the file
    targets                     the pipeline's own block for each target
    span                        of the pipeline's name in its file
    """

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    gates: tuple[Gate, ...]
    tasks: tuple[Node, ...]
    outputs: tuple[PipelineOutput, ...]
    targets: Mapping[str, Tree]
    span: Span

    def gate(self, name: str) -> Gate:
        """The gate of that name."""
        return next(gate for gate in self.gates if gate.name == name)

    def task(self, name: str) -> Node:
        """The task of that name."""
        return next(task for task in self.tasks if task.name == name)


# --- walks -----------------------------------------------------------------------------------


def leaves(value: Value) -> Iterator[Value]:
    """The value itself, or the parts of a Text."""
    if isinstance(value, Text):
        for part in value.parts:
            yield from leaves(part)
    else:
        yield value


def operands(predicate: Predicate) -> Iterator[Value]:
    """Every value that a predicate reads, left to right."""
    match predicate:
        case Compare(_, left, right):
            yield left
            yield right
        case Member(item, options):
            yield item
            yield from options
        case Truth(value):
            yield value
        case Not(operand):
            yield from operands(operand)
        case And(parts) | Or(parts):
            for part in parts:
                yield from operands(part)


def values_of(node: Node) -> Iterator[Value]:
    """Every value that a node passes on: its arguments, or its message."""
    if isinstance(node, Failure):
        yield from leaves(node.message)
    else:
        for argument in node.arguments:
            yield from leaves(argument.value)


def reads(node: Node, pipeline: Pipeline) -> tuple[str, ...]:
    """The tasks that must be done before `node`, sorted: data, gates and `after`."""
    gates = {gate.name: gate for gate in pipeline.gates}
    found = set(node.after)
    found.update(value.task for value in values_of(node) if isinstance(value, OutputRef))
    for branch in node.when:
        for value in operands(gates[branch.gate].predicate):
            found.update(leaf.task for leaf in leaves(value) if isinstance(leaf, OutputRef))
    return tuple(sorted(found))
