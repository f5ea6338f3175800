"""What a repeated step comes to for each item: values, settings and conditions.

The loop variable is written out; what is then known of a condition is worked out.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from isodag import types
from isodag.expressions import (
    And,
    Compare,
    Contains,
    Expression,
    ListOf,
    Literal,
    Name,
    Not,
    Or,
    Template,
    show,
)
from isodag.frontend.syntax import (
    ConditionDef,
    Datum,
    StepDef,
    Tree,
    Written,
)
from isodag.runtime import values
from isodag.scope import EachValue, Scope, VarValue, names_in, templates

_HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def variants(value: Written, scope: Scope) -> tuple[Written, ...]:
    """A value as each copy of its step has it; alone where no loop variable changes it."""
    count = _repetitions(value, scope)
    return tuple(_written(value, index, scope) for index in range(count)) if count else (value,)


def trees(tree: Tree, scope: Scope) -> tuple[Tree, ...]:
    """A settings block as each copy of its step has it; alone where no loop variable changes it."""
    count = max((_repetitions(template, scope) for template in templates(tree)), default=0)
    return tuple(_tree(tree, index, scope) for index in range(count)) if count else (tree,)


def conditions(step: StepDef, scope: Scope) -> tuple[Expression | None, ...]:
    """The different conditions of those copies of a step that some run may start."""
    found: dict[str, Expression | None] = {}
    every = whens(step, scope)
    if len(every) == 1 and (every[0] is None or not _changes(step.when, scope)):
        return every
    for when in every:
        if when is not None and settled(when) is not False:
            found.setdefault(show(when), None if settled(when) else when)
    return tuple(found.values())


def whens(step: StepDef, scope: Scope) -> tuple[Expression | None, ...]:
    """The condition of each copy of a step; one for all where no loop variable changes it."""
    expression = step.when.expression if step.when is not None else None
    if expression is None or not _changes(step.when, scope):
        return (expression,)
    count = _repetitions(expression, scope)
    return tuple(_worked_out(expression, index, scope) for index in range(count))


def settled(expression: Expression | None) -> bool | None:
    """The truth of a condition that is a literal; None for any other."""
    if isinstance(expression, Literal) and isinstance(expression.value, bool):
        return expression.value
    return None


def reads_each(value: Expression | Written) -> bool:
    """Whether a value or condition reads the loop variable of its step."""
    return not isinstance(value, Datum) and any(name.step for name in names_in(value))


def _changes(when: ConditionDef | None, scope: Scope) -> bool:
    """Whether a step's own condition differs from copy to copy."""
    expression = when.expression if when is not None else None
    return expression is not None and _repetitions(expression, scope) > 0


def _repetitions(value: Expression | Written, scope: Scope) -> int:
    """How many copies a value has; 0 where it reads no loop variable, or one that means nothing."""
    if isinstance(value, Datum):
        return 0
    found = [scope.look_up(name) for name in names_in(value) if name.step]
    counts = [len(each.values) for each in found if isinstance(each, EachValue)]
    return counts[0] if counts and len(counts) == len(found) else 0


# --- one copy --------------------------------------------------------------------------------


def with_settings(step: StepDef, index: int, scope: Scope) -> StepDef:
    """The step with the settings of its copy for one item; nothing else is that of the copy."""
    return replace(
        step,
        settings={key: _tree(tree, index, scope) for key, tree in step.settings.items()},
        targets={key: _tree(tree, index, scope) for key, tree in step.targets.items()},
    )


def _written(value: Written, index: int, scope: Scope) -> Written:
    """A value as a copy has it; the loop variable alone stands where its item does."""
    if isinstance(value, Datum) or not _repetitions(value, scope):
        return value
    parts: list[str | Expression] = []
    for part in value.parts:
        each = scope.look_up(part) if isinstance(part, Name) else None
        if not isinstance(each, EachValue):
            parts.append(part)
        elif len(value.parts) == 1:
            return each.values[index]
        else:
            parts.append(values.render(each.values[index].value))
        if len(parts) > 1 and isinstance(parts[-2], str) and isinstance(parts[-1], str):
            parts[-2:] = [f"{parts[-2]}{parts[-1]}"]
    return Template(tuple(parts), value.span)


def _tree(tree: Tree, index: int, scope: Scope) -> Tree:
    if isinstance(tree.value, Mapping):
        held = {key: _tree(item, index, scope) for key, item in tree.value.items()}
        return Tree(held, tree.span, tree.keys)
    if isinstance(tree.value, tuple):
        return Tree(tuple(_tree(item, index, scope) for item in tree.value), tree.span)
    written = _written(tree.value, index, scope)
    return tree if written is tree.value else Tree(written, written.span)


# --- conditions ------------------------------------------------------------------------------


def _worked_out(expression: Expression, index: int, scope: Scope) -> Expression:
    """A condition as a copy has it; a part that reads nothing of the run is true or false."""
    if not reads_each(expression):
        return expression
    match expression:
        case Name():
            each = scope.look_up(expression)
            known = each.values[index].value if isinstance(each, EachValue) else None
            whole = known is None or isinstance(known, dict)  # E302 or E404 tells of a mapping
            return expression if whole else Literal(known, expression.span)
        case Compare(op, left, right, span):
            left, right = _worked_out(left, index, scope), _worked_out(right, index, scope)
            truth = _compared(op, _known(left, scope), _known(right, scope))
            return Compare(op, left, right, span) if truth is None else Literal(truth, span)
        case Contains(item, options, negated, span):
            item, options = _worked_out(item, index, scope), _worked_out(options, index, scope)
            held = options.items if isinstance(options, ListOf) else (options,)
            found = _contained(_known(item, scope), [_known(option, scope) for option in held])
            if found is None:
                return Contains(item, options, negated, span)
            return Literal(found is not negated, span)
        case ListOf(items, span):
            return ListOf(tuple(_worked_out(item, index, scope) for item in items), span)
        case Not(operand, span):
            return _negated(_worked_out(operand, index, scope), Not(operand, span))
        case And(parts) | Or(parts):
            return _joined(expression, [_worked_out(part, index, scope) for part in parts])
    return expression


def _negated(operand: Expression, whole: Not) -> Expression:
    if isinstance(operand, Not):
        return operand.operand
    truth = settled(operand)
    return Not(operand, whole.span) if truth is None else Literal(not truth, whole.span)


def _joined(whole: And | Or, parts: list[Expression]) -> Expression:
    """`and`, `or` of parts: what decides it alone, or what is left without those that do not."""
    kind, decisive = type(whole), isinstance(whole, Or)
    left: list[Expression] = []
    for part in parts:
        if settled(part) is decisive:
            return Literal(decisive, whole.span)
        if settled(part) is None:
            left += part.operands if isinstance(part, kind) else (part,)
    if len(left) > 1:
        return kind(tuple(left), whole.span)
    return left[0] if left else Literal(not decisive, whole.span)


def _known(expression: Expression, scope: Scope) -> Any:
    """A literal's or a variable's value; None for what only a run knows."""
    if isinstance(expression, Literal):
        return expression.value
    found = scope.look_up(expression) if isinstance(expression, Name) else None
    return found.value if isinstance(found, VarValue) else None


def _compared(op: str, left: Any, right: Any) -> bool | None:
    """The truth of a comparison; None where it is not known, or makes no sense."""
    if left is None or right is None:
        return None
    if not types.comparable(values.kind(left), values.kind(right), op):
        return None
    return _HOLDS[op](left, right)


def _contained(item: Any, options: list[Any]) -> bool | None:
    if len(options) == 1 and isinstance(options[0], list):
        options = options[0]  # a variable that holds a list
    found = [_compared("==", item, option) for option in options]
    return None if None in found else any(found)
