"""E217 to E219: steps that are repeated by `foreach:`, and their loop variables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from isodag import types
from isodag.checks import forgotten
from isodag.diagnostics import Diagnostic, Related, did_you_mean, suggest
from isodag.expressions import Name, Template
from isodag.frontend.syntax import ConditionDef, Datum, Foreach, ParameterDef, StepDef, Tree
from isodag.runtime import values
from isodag.scope import (
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
    """E218: what a step is repeated for is not a list of 1 to 100 alike values, known now."""
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
    help = "write the list, or name a variable that holds one: `${{ vars.NAME }}`"
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
    elif isinstance(found, Missing) and found.what == "repeated":
        message = f"`{name}` is known only when the pipeline runs: it cannot be repeated over yet"
    elif type_name is None or isinstance(found, ConditionDef):
        return  # told elsewhere
    elif type_name == "JsonArray" and isinstance(found, ParameterDef | StepOutput):
        message = f"`{name}` is known only when the pipeline runs: it cannot be repeated over yet"
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


def output_of_repeated(scope: Scope) -> Iterator[Diagnostic]:
    """E219: a name reads an output of a repeated step, which has one for each repetition."""
    for use, name in scope.used_names:
        found = scope.look_up(name)
        if not isinstance(found, Missing) or found.what != "repeated" or use.role == "foreach":
            continue
        foreach = scope.steps[name.path[1]].foreach
        message = f"step `{name.path[1]}` is repeated: its outputs cannot be read yet"
        help = "write a step for each item instead, and read those"
        related = (Related("repeated here", foreach.span),) if foreach is not None else ()
        yield Diagnostic("E219", message, name.span, help, related)
