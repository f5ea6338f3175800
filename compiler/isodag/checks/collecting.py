"""E219, E223 to E225: lists that repeated steps give, and `pick` steps."""

from __future__ import annotations

import re
from collections.abc import Iterator

from isodag import types
from isodag.diagnostics import Diagnostic, Related
from isodag.expressions import Name, Template
from isodag.frontend import schema
from isodag.frontend.syntax import StepDef
from isodag.scope import Missing, Scope, StepOutput, Use, names_in

NUMBERS = ("Integer", "Float")


def output_of_repeated(scope: Scope) -> Iterator[Diagnostic]:
    """E219: a name reads an output of a repeated step, which has one for each repetition."""
    for use in scope.uses:
        for name in names_in(use.expression):
            found = scope.look_up(name)
            if not isinstance(found, StepOutput | Missing):
                continue
            if isinstance(found, Missing):
                wrong = found.what == "repeated"
            else:
                wrong = bool(found.item) and not _takes_lists(use, name, found, scope)
            if not wrong or _told_elsewhere(use, name, scope):
                continue
            producer = scope.steps[name.path[1]]
            if isinstance(found, Missing):
                yield _no_list(name, producer)
            else:
                yield _a_list(name, producer, found, scope)


def _takes_lists(use: Use, name: Name, found: StepOutput, scope: Scope) -> bool:
    """Whether a list may stand where this name does."""
    whole = use.expression.whole if isinstance(use.expression, Template) else None
    if use.role == "pick":
        return True
    if use.role in ("setting", "var", "default", "secret"):
        return True  # E408 and E412 tell
    if whole is None or whole is not name:
        return use.role == "foreach"  # E218 tells of text
    if use.role == "input" and use.step is not None:
        component = scope.component(use.step)
        port = component.input(use.owner) if component is not None else None
        if port is not None and port.type != "JsonArray":
            return False
    return use.role in ("input", "output", "foreach") and types.is_parameter(found.item)


def _told_elsewhere(use: Use, name: Name, scope: Scope) -> bool:
    """Whether the name is wrong for another reason: E211, E227 and E228 tell."""
    producer = scope.steps[name.path[1]]
    if use.role == "environment" and use.step is None:
        return True  # E413 tells
    return producer.last or (use.step is not None and (use.step.last or use.step is producer))


def _no_list(name: Name, producer: StepDef) -> Diagnostic:
    step = producer.name.text
    message = f"step `{step}` runs for some items only: there is no list of its outputs"
    help = "leave the items that are not wanted out of the list, rather than to a condition"
    related: tuple[Related, ...] = ()
    if producer.when is not None:
        related = (Related("this condition reads the loop variable", producer.when.span),)
    return Diagnostic("E219", message, name.span, help, related)


def _a_list(name: Name, producer: StepDef, found: StepOutput, scope: Scope) -> Diagnostic:
    step = producer.name.text
    message = f"`{name}` is a list: step `{step}` is repeated and gives {types.one(found.item)} "
    message += "each time"
    numbers = _numbers(producer, scope)
    by = found.output if found.output in numbers else next(iter(numbers), None)
    help = "a list goes to an input of type JsonArray"
    if by is not None:
        best = f"{{from: {step}, {_better(by)}: {by}}}"
        help = f"take the best in a step `pick: {best}`, and read that"
    elif not types.is_parameter(found.item):
        help = "write a step for each item instead, and read those"
    related: tuple[Related, ...] = ()
    if producer.foreach is not None:
        related = (Related("repeated here", producer.foreach.span),)
    return Diagnostic("E219", message, name.span, help, related)


def _numbers(step: StepDef, scope: Scope) -> list[str]:
    """The outputs of a step that are numbers."""
    component = scope.component(step)
    outputs = component.outputs if component is not None else ()
    return [output.name for output in outputs if output.type in NUMBERS]


def _better(number: str) -> str:
    """Whether the best has the most or the least of a number, as far as its name tells."""
    return "lowest" if re.search("loss|err|mse|mae|cost|perplex", number) else "highest"


# --- pick ------------------------------------------------------------------------------------


def nothing_to_pick_from(scope: Scope) -> Iterator[Diagnostic]:
    """E223: a `pick` takes from a step that is not repeated."""
    for step in scope.definition.steps:
        word = step.pick.source if step.pick is not None else None
        source = scope.steps.get(word.text) if word is not None else None
        if word is None or source is None or source.foreach is not None or source.last:
            continue
        if "foreach" in source.unread or (source.fail is not None and source.component is None):
            continue  # E213 tells of a `fail` step
        message = f"step `{word.text}` is not repeated: there is nothing to pick from"
        help = f"read it as it is, `${{{{ steps.{word.text}.outputs.NAME }}}}`, or repeat it"
        related = (Related(f"step `{word.text}` stands here", source.name.span),)
        yield Diagnostic("E223", message, word.span, help, related)


def picked_by_no_number(scope: Scope) -> Iterator[Diagnostic]:
    """E224: a `pick` does not say by which number the best is found."""
    for step in scope.definition.steps:
        pick = step.pick
        if pick is None or pick.unread & {"highest", "lowest"}:
            continue
        source = scope.steps.get(pick.source.text)
        numbers = _numbers(source, scope) if source is not None else []
        said = [key for key in ("highest", "lowest") if key in pick.keys]
        if len(said) == 2:
            first, last = sorted(pick.keys[key] for key in said)
            message = "`pick` says both `highest` and `lowest`"
            related = (Related("the other stands here", first),)
            yield Diagnostic("E224", message, last, "keep one of them", related)
        elif not said:
            message = "`pick` says neither `highest` nor `lowest`"
            number = numbers[0] if numbers else "OUTPUT"
            help = f"add `{_better(number)}: {number}`"
            yield Diagnostic("E224", message, step.keys.get("pick", pick.span), help)
        elif pick.by is not None and source is not None:
            found = (scope.outputs(source) or {}).get(pick.by.path[3])
            if found is not None and found not in NUMBERS:
                name = pick.by.path[3]
                message = f"`{name}` is {types.one(found)}: the best is found by a number"
                shown = ", ".join(f"`{name}`" for name in numbers)
                help = f"step `{pick.source.text}` gives no number to judge by"
                if numbers:
                    help = f"name a number that `{pick.source.text}` gives: {shown}"
                yield Diagnostic("E224", message, pick.by.span, help)


def setting_on_pick(scope: Scope) -> Iterator[Diagnostic]:
    """E225: a `pick` step has inputs or settings, which nothing would read."""
    for step in scope.definition.steps:
        if step.pick is None or step.component is not None or step.fail is not None:
            continue
        settings = (item.name for item in schema.SETTINGS)
        for key in ("foreach", "inputs", "secret_env", *settings, "targets"):
            if key in step.keys:
                message = f"a `pick` step takes no `{key}`"
                yield Diagnostic("E225", message, step.keys[key], "remove it")
