"""What the names of a DAG file mean: names in, referents and types out; nothing is reported.

Rules ask for what is missing; lowering asks for what is there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from isodag import types
from isodag.component import Component
from isodag.expressions import Expression, ListOf, Literal, Name, Template, children, names
from isodag.frontend.syntax import (
    ConditionDef,
    Datum,
    Definition,
    ParameterDef,
    StepDef,
    Tree,
    Written,
)
from isodag.runtime import values

MAX_SIZE, MAX_DEPTH = 500, 100  # names in a condition written out, and operators in operators
RUN_FIELDS = ("id", "pipeline", "started_at")
ROOTS = ("parameters", "vars", "steps", "run")


@dataclass(frozen=True)
class Missing:
    """A name that means nothing.  `what`: root, parameter, variable, step, output, outputs,
    fail, condition, run or path; `part` is the index of the wrong part of the name."""

    what: str
    part: int
    known: Collection[str] = ()


@dataclass(frozen=True)
class Unknown:
    """A name whose meaning hangs on something already reported."""


@dataclass(frozen=True)
class StepOutput:
    """`steps.s.outputs.o`."""

    step: str
    output: str
    type: str


@dataclass(frozen=True)
class VarValue:
    """`vars.v`: a constant."""

    value: Any


@dataclass(frozen=True)
class RunField:
    """`run.id` and its kin."""

    name: str


Referent = Missing | Unknown | StepOutput | VarValue | RunField | ParameterDef | ConditionDef


@dataclass(frozen=True)
class Use:
    """One place of a definition where an expression or template stands.

    step    the step it belongs to, if any
    role    input, condition, when, message, setting, output, var, default
    """

    role: str
    expression: Expression | Template
    step: StepDef | None = None
    owner: str = ""  # the name of the input, condition, output, …


@dataclass(frozen=True)
class Scope:
    """A definition with the components its steps name (None where one could not be had).

    run_time  by target, the keys of its block whose values a pipeline parameter may give
    """

    definition: Definition
    components: Mapping[str, Component | None] = field(default_factory=dict)
    run_time: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def steps(self) -> dict[str, StepDef]:
        """Steps by name."""
        return {step.name.text: step for step in self.definition.steps}

    @cached_property
    def parameters(self) -> dict[str, ParameterDef]:
        """Parameters by name."""
        return {item.name.text: item for item in self.definition.parameters}

    @cached_property
    def conditions(self) -> dict[str, ConditionDef]:
        """Named conditions by name."""
        return {item.name.text: item for item in self.definition.conditions}

    @cached_property
    def circular(self) -> frozenset[str]:
        """Named conditions that are defined by themselves, or by one that is."""
        return frozenset(set(self.conditions) - set(self._sizes))

    @cached_property
    def boundless(self) -> frozenset[str]:
        """Named conditions that written out are too large to work with."""
        return frozenset(name for name, size in self._sizes.items() if _too_large(size))

    def too_large(self, expression: Expression) -> bool:
        """Whether a condition is too large to work with once named conditions are written out."""
        return _too_large(_size(expression, self._sizes))

    @cached_property
    def _sizes(self) -> dict[str, tuple[int, int]]:
        """Names and depth of every named condition written out; circular ones are left out."""
        waits = {
            name: {n.path[0] for n in _parts(item.expression) if n.path[0] in self.conditions}
            for name, item in self.conditions.items()
        }
        readers: dict[str, list[str]] = {name: [] for name in waits}
        for name, others in waits.items():
            for other in others:
                readers[other].append(name)
        sizes: dict[str, tuple[int, int]] = {}
        free = [name for name, others in waits.items() if not others]
        while free:
            name = free.pop()
            sizes[name] = _size(self.conditions[name].expression, sizes)
            for reader in readers[name]:
                waits[reader].discard(name)
                if not waits[reader]:
                    free.append(reader)
        return sizes

    @cached_property
    def vars(self) -> dict[str, Written]:
        """What is written for each variable; an expression there is an error."""
        return {item.name.text: item.value for item in self.definition.vars}

    def component(self, step: StepDef) -> Component | None:
        """The component of a step, where it has a good one."""
        return self.components.get(step.name.text)

    # --- names ---

    def look_up(self, name: Name) -> Referent:
        """What a name means."""
        root, *rest = name.path
        if not rest:
            if root in self.circular or root in self.boundless:
                return Unknown()
            if root in self.conditions:
                return self.conditions[root]
            if "conditions" in self.definition.unread:
                return Unknown()
            return Missing("condition", 0, self.conditions)
        if root in ("parameters", "vars", "steps") and root in self.definition.unread:
            return Unknown()
        if root == "parameters":
            found: Referent = self._member(name, self.parameters, "parameter")
            return found
        if root == "vars":
            value = self._member(name, self.vars, "variable")
            if isinstance(value, Missing):
                return value
            return VarValue(value.value) if isinstance(value, Datum) else Unknown()
        if root == "run":
            found = self._member(name, {item: RunField(item) for item in RUN_FIELDS}, "run")
            return found
        if root == "steps":
            return self._output(name)
        return Missing("root", 0, ROOTS)

    def _member(self, name: Name, members: Mapping[str, Any], what: str) -> Any:
        if name.path[1] not in members:
            return Missing(what, 1, members)
        return Missing("path", 2) if len(name.path) > 2 else members[name.path[1]]

    def _output(self, name: Name) -> Referent:
        step = self.steps.get(name.path[1])
        if step is None:
            return Missing("step", 1, self.steps)
        if step.fail is not None and step.component is None:
            return Missing("fail", 1)
        if len(name.path) < 3 or name.path[2] != "outputs":
            return Missing("outputs", min(2, len(name.path) - 1))
        component = self.component(step)
        if component is None:
            return Unknown()
        if len(name.path) < 4:
            return Missing("outputs", 2)
        output = component.output(name.path[3])
        if output is None:
            return Missing("output", 3, tuple(item.name for item in component.outputs))
        if len(name.path) > 4:
            return Missing("path", 4)
        return StepOutput(step.name.text, output.name, output.type)

    # --- types ---

    def type_of(self, expression: Expression) -> str | None:
        """The type of an expression; None when it hangs on something reported elsewhere.

        `List` for a list in brackets; a condition and every operator is Boolean.
        """
        match expression:
            case Literal(value):
                return values.kind(value)
            case ListOf():
                return "List"
            case Name():
                match self.look_up(expression):
                    case ParameterDef(type=type_name):
                        return types.canonical(type_name.text)
                    case StepOutput(type=type_name):
                        return type_name
                    case VarValue(value):
                        return values.kind(value) if value is not None else None
                    case RunField():
                        return "String"
                    case ConditionDef():
                        return "Boolean"
                return None
        return "Boolean"

    # --- uses ---

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Every expression of the definition, with where it stands."""
        return tuple(self._uses())

    def _uses(self) -> Iterator[Use]:
        definition = self.definition
        for var in definition.vars:
            if isinstance(var.value, Template):
                yield Use("var", var.value, owner=var.name.text)
        for parameter in definition.parameters:
            if isinstance(parameter.default, Template):
                yield Use("default", parameter.default, owner=parameter.name.text)
        for condition in definition.conditions:
            if condition.expression is not None:
                yield Use("condition", condition.expression, owner=condition.name.text)
        for tree in (*definition.defaults.values(), *definition.targets.values()):
            for template in templates(tree):
                yield Use("setting", template)
        for step in definition.steps:
            if step.when is not None and step.when.expression is not None:
                yield Use("when", step.when.expression, step, step.name.text)
            if isinstance(step.fail, Template):
                yield Use("message", step.fail, step, step.name.text)
            for entry in step.inputs:
                if isinstance(entry.value, Template):
                    yield Use("input", entry.value, step, entry.name.text)
            for tree in (*step.settings.values(), *step.targets.values()):
                for template in templates(tree):
                    yield Use("setting", template, step)
        for output in definition.outputs:
            if isinstance(output.value, Template):
                yield Use("output", output.value, owner=output.name.text)

    @cached_property
    def used_names(self) -> tuple[tuple[Use, Name], ...]:
        """Every name of the definition, with the use it stands in."""
        return tuple((use, name) for use in self.uses for name in names_in(use.expression))


def _parts(expression: Expression | None) -> Iterator[Name]:
    """The names in an expression that may be named conditions: single words."""
    for name in names(expression) if expression is not None else ():
        if len(name.path) == 1:
            yield name


def _size(expression: Expression | None, known: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """How many names an expression has and how deep it is, named conditions written out."""
    if expression is None:
        return 0, 0
    if isinstance(expression, Name) and len(expression.path) == 1:
        return known.get(expression.path[0], (1, 1))
    inner = [_size(child, known) for child in children(expression)]
    size = max(1, sum(size for size, _ in inner))
    depth = 1 + max((depth for _, depth in inner), default=0)
    return min(size, MAX_SIZE + 1), min(depth, MAX_DEPTH + 1)


def _too_large(size: tuple[int, int]) -> bool:
    return size[0] > MAX_SIZE or size[1] > MAX_DEPTH


def names_in(expression: Expression | Template) -> Iterator[Name]:
    """Every name in an expression or template."""
    if isinstance(expression, Template):
        for part in expression.parts:
            if not isinstance(part, str):
                yield from names(part)
    else:
        yield from names(expression)


def templates(tree: Tree) -> Iterator[Template]:
    """Every template in a settings block."""
    stack = [tree]
    while stack:
        value = stack.pop().value
        if isinstance(value, Template):
            yield value
        elif isinstance(value, tuple):
            stack.extend(value)
        elif isinstance(value, Mapping):
            stack.extend(value.values())
