"""What the names of a DAG file mean: names in, referents and types out; nothing is reported.

Rules ask for what is missing; lowering asks for what is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from isodag import scope_sizes, types
from isodag.component import Component
from isodag.expressions import Expression, ListOf, Literal, Name
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
from isodag.scope_each import chooses, each_value
from isodag.scope_items import ITEM_TYPES as ITEM_TYPES
from isodag.scope_items import picked, type_of_items, vague
from isodag.scope_referents import EachItem as EachItem
from isodag.scope_referents import EachValue as EachValue
from isodag.scope_referents import Missing as Missing
from isodag.scope_referents import Referent as Referent
from isodag.scope_referents import RunField as RunField
from isodag.scope_referents import StepOutput as StepOutput
from isodag.scope_referents import Unknown as Unknown
from isodag.scope_referents import VarValue as VarValue
from isodag.scope_uses import Use as Use
from isodag.scope_uses import names_in as names_in
from isodag.scope_uses import templates as templates
from isodag.scope_uses import uses_of

MAX_ITEMS, MAX_COPIES = 100, 10_000  # of one repeated step, and of all together
RUN_FIELDS = ("id", "pipeline", "started_at")
ROOTS = ("parameters", "vars", "steps", "run", "each")


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
        if step.fail is not None and step.component is None and step.pick is None:
            return Missing("fail", 1)
        if len(name.path) < 3 or name.path[2] != "outputs":
            return Missing("outputs", min(2, len(name.path) - 1))
        known = self.outputs(step)
        if known is None:
            return Unknown()
        if len(name.path) < 4:
            return Missing("outputs", 2)
        type_name = known.get(name.path[3])
        if type_name is None:
            return Unknown() if vague(step, self) else Missing("output", 3, tuple(known))
        if len(name.path) > 4:
            return Missing("path", 4)
        if step.foreach is None:
            unsure = "foreach" in step.unread  # whether it is one value or a list
            return Unknown() if unsure else StepOutput(step.name.text, name.path[3], type_name)
        if chooses(step):
            return Missing("repeated", 1)
        listed = types.list_of(type_name)
        return StepOutput(step.name.text, name.path[3], listed, item=type_name)

    def outputs(self, step: StepDef) -> Mapping[str, str] | None:
        """The types of what a step gives, by name; None where that is not known.

        Of a repeated step, what each repetition gives.
        """
        component = self.component(step)
        if step.pick is not None:
            return picked(step.pick, self) if step.component is None else None  # E212 tells
        return {item.name: item.type for item in component.outputs} if component else None

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
            self._eaches[key] = self._item(name, step.foreach)
        return self._eaches[key]

    def _item(self, name: Name, foreach: Foreach) -> Referent:
        """What the loop variable, or a field of it, is in each repetition."""
        type_name = self.item_type(name.step)
        if type_name is None:
            return Unknown()
        if self.listed(foreach) is None:
            return EachItem(name.step, type_name) if len(name.path) == 2 else Missing("path", 2)
        found = each_value(name, self.items(foreach) or ())
        if isinstance(found, EachValue) and len(name.path) == 2:
            return replace(found, type=type_name)  # `type: Float` over whole numbers
        return found

    def item_type(self, step: str) -> str | None:
        """The type of what a step is repeated for; None where that is not known.

        As `type:` says, or of the items, or of what an output gives that another repeated step
        collects; these have to agree.
        """
        if step not in self._item_types:
            self._item_types[step] = None  # should the list hang on itself, which E211 tells
            foreach = self.steps[step].foreach
            assert foreach is not None, "only a repeated step has items"
            self._item_types[step] = type_of_items(foreach, self)
        return self._item_types[step]

    @cached_property
    def _item_types(self) -> dict[str, str | None]:
        return {}

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
                    case StepOutput(type=type_name, item=item):
                        return type_name if not item else None  # E219 tells where a list may be
                    case VarValue(value):
                        return values.kind(value) if value is not None else None
                    case EachValue(type=type_name) | EachItem(type=type_name):
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
        return tuple(uses_of(self.definition))

    @cached_property
    def used_names(self) -> tuple[tuple[Use, Name], ...]:
        """Every name of the definition, with the use it stands in."""
        return tuple((use, name) for use in self.uses for name in names_in(use.expression))

    @cached_property
    def outputs_read(self) -> Mapping[str, set[str]]:
        """By step, the names of those outputs that something reads."""
        read: dict[str, set[str]] = {}
        for _, name in self.used_names:
            found = self.look_up(name) if name.path[0] == "steps" else None
            if isinstance(found, StepOutput):
                read.setdefault(found.step, set()).add(found.output)
        return read
