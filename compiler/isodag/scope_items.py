"""What steps are repeated for, and what a `pick` of one gives: their types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from isodag import types
from isodag.expressions import Name
from isodag.frontend.syntax import Datum, Foreach, ParameterDef, PickDef, StepDef
from isodag.runtime import values
from isodag.scope_each import datum
from isodag.scope_referents import StepOutput

if TYPE_CHECKING:
    from isodag.scope import Scope

ITEM_TYPES = ("String", "Integer", "Float", "Boolean")  # of a list that only a run knows


def type_of_items(foreach: Foreach, scope: Scope) -> str | None:
    """The type of the items; None where it is not known, or `type:` says another.

    Of a list that a parameter brings, the default shows whether `type:` can be right.
    """
    said = foreach.type.text if foreach.type is not None else None
    if said is not None and said not in ITEM_TYPES:
        return None
    whole = foreach.source.whole if foreach.source is not None else None
    source = scope.look_up(whole) if isinstance(whole, Name) else None
    if (items := scope.listed(foreach)) is not None:
        found = types.common(values.kind(datum(item).value) for item in items)
    elif isinstance(source, StepOutput) and source.item:
        found = source.item if types.is_parameter(source.item) else None
    elif isinstance(whole, Name) and scope.type_of(whole) == "JsonArray":
        default = source.default if isinstance(source, ParameterDef) else None
        held = default.value if isinstance(default, Datum) else None
        kinds = map(values.kind, held if isinstance(held, list) else ())
        return said if said and all(types.accepts(said, kind) for kind in kinds) else None
    else:
        return None
    if said is None or found is None:
        return found
    return said if types.accepts(said, found) else None


def picked(pick: PickDef, scope: Scope) -> Mapping[str, str] | None:
    """The types of what a `pick` step gives: what a repetition gives, its item where that is one
    value, and which it is.  None where there is nothing to pick from."""
    source = scope.steps.get(pick.source.text)
    component = scope.component(source) if source is not None else None
    if source is None or source.foreach is None or component is None:
        return None
    item = scope.item_type(source.name.text)
    own = {output.name: output.type for output in component.outputs}
    more = {"index": "Integer"}
    if item is not None and item != "JsonObject":
        more[source.foreach.var.text] = item
    return own | {name: kind for name, kind in more.items() if name not in own}


def vague(step: StepDef, scope: Scope) -> bool:
    """Whether a step gives more than is known: a `pick` from a list in which something is wrong."""
    source = scope.steps.get(step.pick.source.text) if step.pick is not None else None
    if source is None or source.foreach is None:
        return False
    return not source.foreach.var.text or scope.item_type(source.name.text) is None
