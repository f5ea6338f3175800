"""E301 to E307: conditions, and what stands behind them."""

from __future__ import annotations

from collections.abc import Iterator

from isodag import gates, types
from isodag.diagnostics import Diagnostic, Related
from isodag.expressions import And, Compare, Contains, Expression, Name, Not, Or, children, names
from isodag.frontend.syntax import ConditionDef
from isodag.scope import Missing, RunField, Scope, Unknown


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
    if any(isinstance(scope.look_up(name), (Missing, Unknown)) for _, name in scope.used_names):
        return  # what is missing decides what implies what
    for step in scope.definition.steps:
        given = step.when.expression if step.when is not None else None
        reported: set[str] = set()
        for producer, name in gates.upstream(step, scope):
            gate = scope.steps[producer].when
            if gate is None or gate.expression is None or producer in reported:
                continue
            if gates.implies(given, gate.expression, scope):
                continue
            reported.add(producer)
            word = next((word for word in step.after if word.text == producer), None)
            span = name.span if name is not None else (word.span if word else step.name.span)
            wanted = gate.text
            if step.when is not None:
                both = [f"({t})" if " or " in t else t for t in (gate.text, step.when.text)]
                wanted = " and ".join(both)
            message = (
                f"step `{step.name.text}` waits for `{producer}`, which runs only when {gate.text}"
            )
            related = (Related(f"`{producer}` stands behind this condition", gate.span),)
            help = f"add to `{step.name.text}`: `when: {wanted}`"
            yield Diagnostic("E301", message, span, help, related)


def not_boolean(scope: Scope) -> Iterator[Diagnostic]:
    """E302: something that is neither true nor false stands where a condition is due."""
    for condition in conditions_of(scope):
        for part in _logical(condition):
            found = scope.type_of(part)
            if found not in (None, "Boolean") and types.is_parameter(found or ""):
                help = None
                if isinstance(part, Name):
                    help = f"compare it, as `{part} == …`"
                yield Diagnostic("E302", f"a condition cannot be a {found}", part.span, help)


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
    for start in scope.definition.conditions:
        seen = {start.name.text}
        stack = [start]
        while stack:
            current = stack.pop()
            if current.expression is None:
                continue
            for name in names(current.expression):
                found = scope.look_up(name)
                if not isinstance(found, ConditionDef):
                    continue
                if found.name.text == start.name.text:
                    message = f"condition `{start.name.text}` is defined by itself"
                    help = "a condition reads parameters, outputs and other conditions"
                    yield Diagnostic("E306", message, name.span, help)
                    stack.clear()
                    break
                if found.name.text not in seen:
                    seen.add(found.name.text)
                    stack.append(found)


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
