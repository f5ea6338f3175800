"""E217, E218, E222: steps that are repeated by `foreach:`, and their loop variables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from isodag import types
from isodag.checks import forgotten
from isodag.checks.typing import constant_of
from isodag.diagnostics import Diagnostic, Related, did_you_mean, suggest
from isodag.expressions import Name, Template
from isodag.frontend.syntax import (
    ConditionDef,
    Datum,
    Foreach,
    ParameterDef,
    StepDef,
    Tree,
    Word,
)
from isodag.runtime import values
from isodag.scope import (
    ITEM_TYPES,
    MAX_COPIES,
    MAX_ITEMS,
    Missing,
    Scope,
    StepOutput,
    Unknown,
    Use,
)
from isodag.scope_each import datum, fields
from isodag.source import Span


def unknown_loop_variable(scope: Scope) -> Iterator[Diagnostic]:
    """E217: a name speaks of a loop variable that its step does not have."""
    for use, name in scope.used_names:
        found = scope.look_up(name)
        if not isinstance(found, Missing) or found.what not in ("each", "loop", "field"):
            continue
        if found.what == "each":
            yield _no_loop(use, name)
            continue
        foreach = scope.steps[name.step].foreach
        word = name.path[found.part]
        if found.what == "loop":
            help = did_you_mean(word, found.known, "loop variable")
            message = f"there is no loop variable `{word}`"
        else:
            help = did_you_mean(word, found.known, "field")
            message = f"loop variable `{name.path[1]}` has no field `{word}`"
        related: tuple[Related, ...] = ()
        if foreach is not None:
            said = f"loop variable `{foreach.var.text}` is declared here"
            related = (Related(said, foreach.var.span),)
        yield Diagnostic("E217", message, name.spans[found.part], help, related)


def _no_loop(use: Use, name: Name) -> Diagnostic:
    """A name that starts with `each` where nothing is repeated."""
    if use.step is not None:
        message = f"step `{use.step.name.text}` is not repeated: there is no `{name}`"
        help = f"repeat it: `foreach: {{var: {name.path[1]}, in: [a, b]}}`"
    else:
        message = f"`{name}` stands outside a step: there is no loop variable"
        help = "write it in a step with `foreach:`"
        if use.role == "condition":
            help = "write the condition in the step, under `when:`"
    return Diagnostic("E217", message, name.span, help)


def wrong_list(scope: Scope) -> Iterator[Diagnostic]:
    """E218: what a step is repeated for is not a list, or not one of 1 to 100 alike values."""
    repeated = [step for step in scope.definition.steps if step.foreach is not None]
    total = 0
    for step in repeated:
        assert step.foreach is not None
        items = scope.listed(step.foreach)
        yield from _items(items, step.foreach, scope) if items is not None else _source(step, scope)
        before, total = total, total + len(items or ())
        if before <= MAX_COPIES < total:
            message = f"repeated steps stand for more than {MAX_COPIES} steps from here on"
            yield Diagnostic("E218", message, step.foreach.span, "split the definition")


def _source(step: StepDef, scope: Scope) -> Iterator[Diagnostic]:
    """What stands under `in` and is no list."""
    assert step.foreach is not None
    source = step.foreach.source
    if source is None:
        return
    help = "write the list, or name what holds one: a variable, or a JsonArray"
    if not isinstance(source.whole, Name):
        if any(forgotten.forgot(part, scope) for part in source.parts):
            return  # E414 tells
        if all(isinstance(part, str | Name) for part in source.parts):  # else E405 tells
            yield Diagnostic("E218", "`in` is text, not a list", source.span, help)
        return
    name = source.whole
    found, type_name = scope.look_up(name), scope.type_of(name)
    if isinstance(found, Unknown) and name.path[0] == "each":
        message = f"`in` is read before there is an `{name}`"
    elif type_name is None or isinstance(found, ConditionDef):
        return  # told elsewhere
    elif type_name == "JsonArray" and isinstance(found, ParameterDef | StepOutput):
        return  # only a run knows it; E222 asks for the type of its items
    else:
        message = f"`{name}` is {types.one(type_name)}, not a list"
    yield Diagnostic("E218", message, name.span, help)


def _items(items: Sequence[Tree], foreach: Foreach, scope: Scope) -> Iterator[Diagnostic]:
    """What is wrong with a list."""
    span = foreach.span
    related: tuple[Related, ...] = ()
    whole = foreach.source.whole if foreach.source is not None else None
    listed = scope.vars.get(whole.path[1]) if isinstance(whole, Name) else None
    if isinstance(whole, Name) and isinstance(listed, Datum):
        span, related = listed.span, (Related("it is read here", whole.span),)
    if not items:
        help = f"give 1 to {MAX_ITEMS} values"
        yield Diagnostic("E218", "there is nothing in the list", span, help, related)
        return
    if len(items) > MAX_ITEMS:
        message = f"the list has {len(items)} items"
        help = f"a step is repeated at most {MAX_ITEMS} times"
        yield Diagnostic("E218", message, span, help, related)
        return
    yield from _alike(items, "the items", mappings=True)
    if fields(items) is None:
        return
    usual = Counter(_keys(item) for item in items).most_common(1)[0][0]
    for item in items:
        yield from _same_fields(item, usual)
    for key in usual:
        held = [tree for item in items if (tree := item.get(key)) is not None]
        yield from _alike(held, f"the values of `{key}`", mappings=False)


def _keys(item: Tree) -> tuple[str, ...]:
    return tuple(sorted(item.value)) if isinstance(item.value, Mapping) else ()


def _same_fields(item: Tree, usual: tuple[str, ...]) -> Iterator[Diagnostic]:
    """The first field that an item has beyond the others', or that it lacks."""
    strange = next((key for key in _keys(item) if key not in usual), None)
    lacking = next((key for key in usual if key not in _keys(item)), None)
    if strange is not None:
        near = suggest(strange, usual)
        message = f"only this item has a field `{strange}`"
        help = f"did you mean `{near}`?" if near else "give it to all items, or to none"
        yield Diagnostic("E218", message, item.keys.get(strange, item.span), help)
    elif lacking is not None:
        message = f"this item has no `{lacking}`, which others have"
        yield Diagnostic("E218", message, item.span, f"add `{lacking}:`")


def _alike(items: Sequence[Tree], what: str, *, mappings: bool) -> Iterator[Diagnostic]:
    """Items that are no values, and the first that is of another type than those before it."""
    first: tuple[str, Span] | None = None
    for item in items:
        if isinstance(item.value, Template):
            continue  # reported already
        data = datum(item).value
        if data is None or isinstance(data, list) or (isinstance(data, dict) and not mappings):
            shown = "nothing" if data is None else "a list"
            shown = "a mapping" if isinstance(data, dict) else shown
            message = f"{shown} stands where a value is due"
            help = "an item is text, a number, true or false, or a mapping of such values"
            yield Diagnostic("E218", message, item.span, help)
            continue
        type_name = values.kind(data)
        if first is None or types.common([first[0], type_name]) == "Float":
            first = (type_name, item.span)
        elif first[0] != type_name:
            message = f"{types.one(type_name)} among {first[0]}s: {what} are of one type"
            related = (Related(f"{first[0]} here", first[1]),)
            quoted = "a number in quotes is text" if "String" in (first[0], type_name) else None
            yield Diagnostic("E218", message, item.span, quoted, related)
            return


def wrong_item_type(scope: Scope) -> Iterator[Diagnostic]:
    """E222: the `type` of a `foreach` is missing, or is not what the items are."""
    for step in scope.definition.steps:
        foreach = step.foreach
        if foreach is None or (foreach.type is not None and not foreach.type.text):
            continue
        word = foreach.type
        if word is not None and word.text not in ITEM_TYPES:
            near = types.near(word.text)
            near = near if near in ITEM_TYPES else suggest(word.text, ITEM_TYPES)
            help = f"write `{near}`" if near else did_you_mean(word.text, ITEM_TYPES, "type")
            yield Diagnostic("E222", f"`{word.text}` is no type of items", word.span, help)
        elif (items := scope.listed(foreach)) is not None:
            yield from _of_type(items, word) if word is not None else ()
        elif foreach.source is not None and isinstance(foreach.source.whole, Name):
            if foreach.source.whole.path[:2] != ("steps", step.name.text):  # E211 tells
                yield from _said(foreach.source.whole, word, scope)


def _of_type(items: Sequence[Tree], word: Word) -> Iterator[Diagnostic]:
    """The first item of a list that is not of the type said."""
    for item in items:
        data = datum(item).value
        if data is None or isinstance(data, list):
            return  # E218 tells
        found = values.kind(data)
        if not types.accepts(word.text, found):
            message = f"{types.one(found)} among items of type {word.text}"
            help = f"write `type: {found}`, or mend the item"
            if found == "JsonObject":
                help = "remove `type:`, which items that are mappings do not have"
            related = (Related("the type is said here", word.span),)
            yield Diagnostic("E222", message, item.span, help, related)
            return


def _said(name: Name, word: Word | None, scope: Scope) -> Iterator[Diagnostic]:
    """What is wrong with the type said of a list that only a run knows."""
    found = scope.look_up(name)
    if isinstance(found, StepOutput) and found.item:
        if word is not None and types.is_parameter(found.item):
            if not types.accepts(word.text, found.item):
                message = f"`{name}` holds {found.item}s, not {word.text}s"
                right = f"write `type: {found.item}`, or leave it out"
                help = right if found.item in ITEM_TYPES else "leave `type:` out"
                yield Diagnostic("E222", message, word.span, help)
        return
    if not isinstance(found, ParameterDef | StepOutput) or scope.type_of(name) != "JsonArray":
        return  # told elsewhere
    default = constant_of(found.default, scope) if isinstance(found, ParameterDef) else None
    held = default.value if default is not None and isinstance(default.value, list) else []
    if word is None:
        guess = types.common(map(values.kind, held))
        message = f"what the items of `{name}` are is known only when the pipeline runs"
        help = "say it beside `in`: `type: String`, Integer, Float or Boolean"
        if guess in ITEM_TYPES:
            help = f"say it beside `in`: `type: {guess}`"
        yield Diagnostic("E222", message, name.span, help)
        return
    for at, item in enumerate(held):
        if default is not None and not types.accepts(word.text, values.kind(item)):
            kind = "nothing" if item is None else types.one(values.kind(item))
            message = f"item {at} of the default of `{name}` is {kind}, not {types.one(word.text)}"
            related = (Related("the type is said here", word.span),)
            yield Diagnostic("E222", message, default.span, "mend one of them", related)
            return
