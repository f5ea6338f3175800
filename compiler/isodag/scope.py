"""What the names of a DAG file mean: names in, referents and types out; nothing is reported.

Rules ask for what is missing; lowering asks for what is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from isodag import scope_sizes, types
from isodag.component import Component
from isodag.expressions import Expression, ListOf, Literal, Name, Template, names
from isodag.frontend.syntax import (
    ConditionDef,
    Datum,
    Definition,
    Foreach,
    ParameterDef,
    StepDef,
    Tree,
    Written,
)
from isodag.runtime import values
from isodag.scope_each import each_value
from isodag.scope_referents import EachValue as EachValue
from isodag.scope_referents import Missing as Missing
from isodag.scope_referents import Referent as Referent
from isodag.scope_referents import RunField as RunField
from isodag.scope_referents import StepOutput as StepOutput
from isodag.scope_referents import Unknown as Unknown
from isodag.scope_referents import VarValue as VarValue

MAX_ITEMS, MAX_COPIES = 100, 10_000  # of one repeated step, and of all together
RUN_FIELDS = ("id", "pipeline", "started_at")
ROOTS = ("parameters", "vars", "steps", "run", "each")


@dataclass(frozen=True)
class Use:
    """One place of a definition where an expression or template stands.

    step    the step it belongs to, if any
    role    input, condition, when, message, secret, setting, output, var, default, foreach
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
        sizes = self._sizes.items()
        return frozenset(name for name, size in sizes if scope_sizes.too_large(size))

    def too_large(self, expression: Expression) -> bool:
        """Whether a condition is too large to work with once named conditions are written out."""
        return scope_sizes.too_large(scope_sizes.size(expression, self._sizes))

    @cached_property
    def _sizes(self) -> dict[str, scope_sizes.Size]:
        return scope_sizes.sizes(self.conditions)

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
        if root == "each":
            return self._each(name)
        return Missing("root", 0, ROOTS)

    def _member(self, name: Name, members: Mapping[str, Any], what: str) -> Any:
        if name.path[1] not in members:
            unread = name.path[0] in self.definition.unread
            return Unknown() if unread else Missing(what, 1, members)
        return Missing("path", 2) if len(name.path) > 2 else members[name.path[1]]

    def _output(self, name: Name) -> Referent:
        step = self.steps.get(name.path[1])
        if step is None:
            unread = "steps" in self.definition.unread
            return Unknown() if unread else Missing("step", 1, self.steps)
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
        if step.foreach is not None:
            return Missing("repeated", 1)
        return StepOutput(step.name.text, output.name, output.type)

    # --- repeated steps ---

    def items(self, foreach: Foreach) -> tuple[Tree, ...] | None:
        """What a step is repeated for; None where there is no list, or none of a size we take."""
        found = self.listed(foreach) or ()
        return found if len(found) <= MAX_ITEMS and self.copies <= MAX_COPIES and found else None

    @cached_property
    def copies(self) -> int:
        """How many steps the repeated ones stand for."""
        loops = (step.foreach for step in self.definition.steps if step.foreach is not None)
        return sum(len(self.listed(foreach) or ()) for foreach in loops)

    def listed(self, foreach: Foreach) -> tuple[Tree, ...] | None:
        """The list under `in`: as written, or that of a variable; None for none."""
        whole = foreach.source.whole if foreach.source is not None else None
        if foreach.items is not None or not isinstance(whole, Name) or whole.path[0] != "vars":
            return foreach.items
        if not isinstance(found := self.look_up(whole), VarValue):
            return None
        var = next(var for var in self.definition.vars if var.name.text == whole.path[1])
        return var.items if isinstance(found.value, list) else None

    def _each(self, name: Name) -> Referent:
        step = self.steps.get(name.step)
        if step is None or (step.foreach is None and "foreach" not in step.unread):
            return Missing("each", 0)
        if step.foreach is None or not step.foreach.var.text:
            return Unknown()
        if name.path[1] != step.foreach.var.text:
            return Missing("loop", 1, (step.foreach.var.text,))
        key = name.step, *name.path
        if key not in self._eaches:
            self._eaches[key] = each_value(name, self.items(step.foreach) or ())
        return self._eaches[key]

    @cached_property
    def _eaches(self) -> dict[tuple[str, ...], Referent]:
        return {}

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
                        return types.declared(type_name.text)
                    case StepOutput(type=type_name):
                        return type_name
                    case VarValue(value):
                        return values.kind(value) if value is not None else None
                    case EachValue(type=type_name):
                        return type_name
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
            if step.foreach is not None and step.foreach.source is not None:
                yield Use("foreach", step.foreach.source, step)
            if step.when is not None and step.when.expression is not None:
                yield Use("when", step.when.expression, step, step.name.text)
            if isinstance(step.fail, Template):
                yield Use("message", step.fail, step, step.name.text)
            for entry in step.inputs:
                if isinstance(entry.value, Template):
                    yield Use("input", entry.value, step, entry.name.text)
            for entry in step.secrets:
                if isinstance(entry.value, Template):
                    yield Use("secret", entry.value, step, entry.name.text)
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
