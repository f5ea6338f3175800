"""What a loop variable means: the items of a list in, one typed value for each out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from isodag import types
from isodag.expressions import Name, names
from isodag.frontend.syntax import Datum, StepDef, Tree
from isodag.runtime import values
from isodag.scope_referents import EachValue, Missing, Unknown


def each_value(name: Name, items: Sequence[Tree]) -> EachValue | Missing | Unknown:
    """What `each.v`, or `each.v.field`, means; unknown where the items are no good.

    items  what the step is repeated for
    """
    if len(name.path) > 2:
        known = fields(items)
        if known is None:
            return Missing("path", 2) if items else Unknown()
        if name.path[2] not in known:
            return Missing("field", 2, known)
        if any(item.get(name.path[2]) is None for item in items):
            return Unknown()
        if len(name.path) > 3:
            return Missing("path", 3)
        items = [tree for item in items if (tree := item.get(name.path[2])) is not None]
    data = tuple(datum(item) for item in items)
    type_name = types.common(values.kind(one.value) for one in data)
    nested = ("JsonArray",) if len(name.path) == 2 else ("JsonArray", "JsonObject")
    if type_name is None or type_name in nested or any(one.value is None for one in data):
        return Unknown()
    return EachValue(name.step, data, type_name)


def fields(items: Sequence[Tree]) -> list[str] | None:
    """The keys that any item has, in order; None where an item is no mapping."""
    held = [item.value for item in items if isinstance(item.value, Mapping)]
    if not held or len(held) < len(items):
        return None
    return list(dict.fromkeys(key for keys in held for key in keys))


def datum(tree: Tree) -> Datum:
    """A settings block, or an item of a list, as plain data; an expression in it is nothing."""
    value = tree.value
    if isinstance(value, Mapping):
        return Datum({key: datum(item).value for key, item in value.items()}, tree.span)
    if isinstance(value, tuple):
        return Datum([datum(item).value for item in value], tree.span)
    return Datum(value.value if isinstance(value, Datum) else None, tree.span)


def chooses(step: StepDef) -> bool:
    """Whether a repeated step runs for some items only: its `when:` reads the loop variable."""
    when = step.when.expression if step.when is not None else None
    return step.foreach is not None and when is not None and any(n.step for n in names(when))
