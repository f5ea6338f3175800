"""E301 to E309, W301: conditions, and what stands behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isodag import gates, gates_logic, types, unroll
from isodag.checks.wiring import arrows
from isodag.diagnostics import Diagnostic, Related
from isodag.expressions import (
    And,
    Compare,
    Contains,
    Expression,
    Name,
    Not,
    Or,
    children,
    names,
    show,
)
from isodag.frontend.syntax import ConditionDef, StepDef
from isodag.scope import RunField, Scope
from isodag.scope_each import chooses

MAX_PAIRS = 1_000  # of conditions of repeated steps, looked at one by one


def conditions_of(scope: Scope) -> Iterator[Expression]:
    """Every condition of the definition: named ones and steps' own."""
    for condition in scope.definition.conditions:
        if condition.expression is not None:
            yield condition.expression
    for step in scope.definition.steps:
        if step.when is not None and step.when.expression is not None:
            yield step.when.expression


def outside_gate(scope: Scope) -> Iterator[Diagnostic]:
    """E301: a step waits for a gated step without standing behind a condition that implies it."""
    known: dict[tuple[str, ...], bool] = {}
    for step in scope.definition.steps:
        given = step.when.expression if step.when is not None else None
        if "when" in step.unread or (step.when is not None and not sound(given, scope)):
            continue
        givens = unroll.conditions(step, scope)
        missing: dict[str, tuple[str, Name | None]] = {}
        for producer, name in gates.upstream(step, scope):
            gate = scope.steps[producer].when
            if gate is None or not sound(gate.expression, scope):
                continue
            if _decides_late(scope.steps[producer], scope):
                continue  # E309 tells
            wanted = unroll.conditions(scope.steps[producer], scope)
            written = wanted == (gate.expression,)
            text = gate.text if written else " and ".join(_shown(one) for one in wanted if one)
            if text in missing:
                continue
            pair = (*map(_shown, givens), text)
            if pair not in known:
                known[pair] = _all_imply(givens, wanted, scope)
            if not known[pair] and not _reads(gate.expression, step, scope):  # else E211 tells
                missing[text] = (producer, name)
        yield from _ungated(step, missing, scope)


def waits_for_some(scope: Scope) -> Iterator[Diagnostic]:
    """E309: a step waits for repetitions that a run may leave out."""
    for step in scope.definition.steps:
        for word in step.after:
            producer = scope.steps.get(word.text)
            if producer is None or producer is step or not _decides_late(producer, scope):
                continue
            message = f"step `{step.name.text}` waits for `{word.text}`, which runs only for some "
            message += "items of a list that a run brings"
            help = "leave the items that are not wanted out of the list, rather than to a condition"
            related: tuple[Related, ...] = ()
            if producer.when is not None:
                said = "this condition reads the loop variable"
                related = (Related(said, producer.when.span),)
            yield Diagnostic("E309", message, word.span, help, related)


def _decides_late(step: StepDef, scope: Scope) -> bool:
    """Whether only a run decides which repetitions of a step there are."""
    return step.foreach is not None and chooses(step) and scope.listed(step.foreach) is None


def _all_imply(
    givens: Sequence[Expression | None], wanted: Sequence[Expression | None], scope: Scope
) -> bool:
    """Whether each of some conditions implies each of others; very many are not tried."""
    return len(givens) * len(wanted) <= MAX_PAIRS and all(
        gates_logic.implies(given, want, scope) for given in givens for want in wanted
    )


def _shown(expression: Expression | None) -> str:
    return show(expression) if expression is not None else ""


def _reads(expression: Expression | None, step: StepDef, scope: Scope) -> bool:
    """Whether a condition reads an output of a step, or of one that waits for it."""
    waiting = [read for read, _ in gates.steps_read(expression, scope)] if expression else []
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name == step.name.text:
            return True
        if name not in seen and name in scope.steps:
            seen.add(name)
            waiting += [read for read, _ in gates.upstream(scope.steps[name], scope)]
    return False


def _ungated(
    step: StepDef, missing: dict[str, tuple[str, Name | None]], scope: Scope
) -> Iterator[Diagnostic]:
    """One message for each condition that a step should stand behind, with the line to write.

    missing  by text of the condition, a producer behind it and the name that reads it
    """
    texts = [*missing, *([step.when.text] if step.when is not None else [])]
    wanted = " and ".join(f"({text})" if len(texts) > 1 and " or " in text else text
                          for text in texts)  # fmt: skip
    for text, (producer, name) in missing.items():
        gate = scope.steps[producer].when
        word = next((word for word in step.after if word.text == producer), step.name)
        span = name.span if name is not None else word.span
        shown = gate.text if gate is not None else text
        message = f"step `{step.name.text}` waits for `{producer}`, which runs only when `{shown}`"
        said = f"`{producer}` stands behind this condition"
        related = (Related(said, gate.span),) if gate is not None else ()
        verb = "write" if step.when is not None else "add"
        help = f"{verb} in step `{step.name.text}`: `when: {wanted}`"
        if gate is not None and step.when is not None and _never_both(step.when, gate, scope):
            help = f"`{producer}` never runs when `{step.when.text}`: read a step that does, or "
            help += "change one of the conditions"
        yield Diagnostic("E301", message, span, help, related)


def _never_both(one: ConditionDef, other: ConditionDef, scope: Scope) -> bool:
    """Whether two conditions exclude each other."""
    if other.expression is None:
        return False
    return gates_logic.implies(one.expression, Not(other.expression, other.span), scope)


def sound(expression: Expression | None, scope: Scope) -> bool:
    """Whether a condition can be reasoned about; what is wrong with it is reported elsewhere."""
    return (
        expression is not None
        and not scope.too_large(expression)
        and gates.settled(expression, scope)
    )


def not_boolean(scope: Scope) -> Iterator[Diagnostic]:
    """E302: something that is neither true nor false stands where a condition is due."""
    for condition in conditions_of(scope):
        for part in _logical(condition):
            found = scope.type_of(part)
            if found in (None, "Boolean", *types.ARTIFACT_TYPES):
                continue
            message = f"{types.one(found)} is neither true nor false"
            help = f"compare it, as in `{part} == …`" if isinstance(part, Name) else None
            if isinstance(part, Name) and found in ("JsonObject", "JsonArray", "List"):
                help = "let a component give a Boolean output"
            yield Diagnostic("E302", message, part.span, help)


def _logical(expression: Expression) -> Iterator[Expression]:
    """The operands of and, or and not, down to comparisons and single values."""
    match expression:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _logical(part)
        case Not(operand):
            yield from _logical(operand)
        case Compare() | Contains():
            return
        case _:
            yield expression


def artifact_in_condition(scope: Scope) -> Iterator[Diagnostic]:
    """E303: a condition reads an artifact, whose content no target can look into."""
    for condition in conditions_of(scope):
        for name in names(condition):
            found = scope.type_of(name)
            if found is not None and found in types.ARTIFACT_TYPES:
                message = f"`{name}` is an artifact ({found}); a condition reads values"
                help = "let the component also give the number as a Float or Integer output"
                yield Diagnostic("E303", message, name.span, help)


def condition_cycle(scope: Scope) -> Iterator[Diagnostic]:
    """E306: named conditions are defined by each other."""
    done: set[str] = set()
    for start in scope.conditions:
        path: list[str] = []
        word = start
        while word in scope.circular and word not in done:
            done.add(word)
            path.append(word)
            expression = scope.conditions[word].expression
            read = [n.path[0] for n in names(expression) if len(n.path) == 1] if expression else []
            word = next((name for name in read if name in scope.circular), "")
        if word in path:
            circle = [*path[path.index(word) :], word]
            yield _defined_by_itself(circle, scope)


def _defined_by_itself(circle: list[str], scope: Scope) -> Diagnostic:
    first = scope.conditions[circle[0]]
    name = (
        next(n for n in names(first.expression) if n.path == (circle[1],))
        if first.expression
        else None
    )
    span = name.span if name is not None else first.span
    message = f"condition `{circle[0]}` is defined by itself"
    if len(circle) > 2:
        message = "conditions are defined by each other: " + arrows(circle)
    return Diagnostic("E306", message, span, "a condition reads parameters, variables and outputs")


def too_large(scope: Scope) -> Iterator[Diagnostic]:
    """E308: a condition is too large once the conditions it names are written out."""
    help = "no target evaluates so much: let a component decide and give a Boolean output"
    for condition in scope.definition.conditions:
        inner = condition.expression
        if condition.name.text not in scope.boundless or inner is None:
            continue
        if not any(name.path[0] in scope.boundless for name in names(inner)):
            message = f"condition `{condition.name.text}` is too large once written out"
            yield Diagnostic("E308", message, condition.name.span, help)
    for step in scope.definition.steps:
        inner = step.when.expression if step.when is not None else None
        if inner is None or not scope.too_large(inner):
            continue
        if not any(name.path[0] in scope.boundless for name in names(inner)):
            message = f"the condition of step `{step.name.text}` is too large once written out"
            yield Diagnostic("E308", message, inner.span, help)


def run_fact_in_condition(scope: Scope) -> Iterator[Diagnostic]:
    """E307: a condition reads a fact about the run, which is text for messages and names only."""
    for condition in conditions_of(scope):
        for name in names(condition):
            if isinstance(scope.look_up(name), RunField):
                message = f"`{name}` cannot stand in a condition"
                help = "what a run is called must not decide what it does: use a parameter"
                yield Diagnostic("E307", message, name.span, help)


def operands(expression: Expression) -> Iterator[Expression]:
    """An expression and everything in it."""
    yield expression
    for child in children(expression):
        yield from operands(child)
