"""A checked definition to the IR: names resolved, defaults filled in, gates in order."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from typing import Any

from isodag import expressions as ex
from isodag import gates, gates_logic, ir, settings
from isodag.checks.comparing import options_of
from isodag.checks.typing import admit, constant_of, limits
from isodag.component import Component
from isodag.frontend import syntax
from isodag.frontend.syntax import ConditionDef, Datum, ParameterDef, StepDef, Tree
from isodag.ir import Branch, Constant, Gate, Value
from isodag.runtime import values
from isodag.scope import RunField, Scope, StepOutput, VarValue


def lower(scope: Scope) -> ir.Pipeline:
    """The IR of a definition that the rules found no error in."""
    definition = scope.definition
    order = _order(scope)
    stands, own_gates = _paths(scope, order)
    used = {branch.gate for path in stands.values() for branch in path}
    named = [
        Gate(item.name.text, _predicate(item.expression, scope), item.text, item.span)
        for item in definition.conditions
        if item.name.text in used and item.expression is not None
    ]
    inline = [gate for gate in own_gates if gate.name in used]
    tasks = tuple(_node(scope.steps[name], stands[name], scope) for name in order)
    return ir.Pipeline(
        name=definition.name.text,
        description=definition.description,
        parameters=tuple(
            _parameter(scope.parameters[name], scope) for name in sorted(scope.parameters)
        ),
        gates=tuple(sorted([*named, *inline], key=lambda gate: gate.name)),
        tasks=tasks,
        outputs=tuple(
            ir.PipelineOutput(item.name.text, _value(item.value, None, scope), item.name.span)
            for item in sorted(definition.outputs, key=lambda item: item.name.text)
        ),
        targets={name: _tree(tree, scope) for name, tree in sorted(definition.targets.items())},
        span=definition.name.span,
    )


# --- order and gates -------------------------------------------------------------------------


def _order(scope: Scope) -> list[str]:
    """Step names, producers first; among the free ones the least name comes first."""
    waits = {
        name: {producer for producer, _ in gates.upstream(step, scope)}
        for name, step in scope.steps.items()
    }
    readers: dict[str, list[str]] = {name: [] for name in waits}
    for name, producers in waits.items():
        for producer in producers:
            readers[producer].append(name)
    left = {name: len(producers) for name, producers in waits.items()}
    free = [name for name, count in left.items() if count == 0]
    heapq.heapify(free)
    order = []
    while free:
        name = heapq.heappop(free)
        order.append(name)
        for reader in readers[name]:
            left[reader] -= 1
            if left[reader] == 0:
                heapq.heappush(free, reader)
    return order


def _paths(scope: Scope, order: list[str]) -> tuple[dict[str, tuple[Branch, ...]], list[Gate]]:
    """The branches each step stands behind, outermost first, and the gates made for single steps.

    A step's path starts with the longest path among the steps it waits for (its own condition
    implies theirs), so that steps that belong together share their gates.
    """
    stands: dict[str, tuple[Branch, ...]] = {}
    own_gates: dict[str, tuple[Gate, StepDef]] = {}  # by name of the gate
    gate_reads: dict[str, set[str]] = {
        item.name.text: {step for step, _ in gates.steps_read(item.expression, scope)}
        for item in scope.definition.conditions
        if item.expression is not None
    }
    for name in order:
        step = scope.steps[name]
        upstream = {stands[producer] for producer, _ in gates.upstream(step, scope)}
        base = max(upstream, key=lambda path: (len(path), path_key(path)), default=())
        wanted = {branch for path in upstream for branch in path}
        if step.when is not None and step.when.expression is not None:
            sides, rest = gates.conjuncts(step.when.expression, scope)
            wanted |= {Branch(side.condition, side.taken) for side in sides}
            if rest and not _implied(rest, upstream, own_gates, scope):
                gate = _own_gate(step, rest, own_gates, scope)
                own_gates[gate.name] = (gate, step)
                wanted.add(Branch(gate.name, True))
                gate_reads[gate.name] = {
                    read for part in rest for read, _ in gates.steps_read(part, scope)
                }
        stands[name] = _ordered(base, wanted, gate_reads, stands)
    return stands, [gate for gate, _ in own_gates.values()]


def path_key(path: tuple[Branch, ...]) -> tuple[tuple[str, bool], ...]:
    """A sort key for paths."""
    return tuple((branch.gate, branch.taken) for branch in path)


def _ordered(
    base: tuple[Branch, ...], wanted: set[Branch], reads: Mapping[str, set[str]],
    stands: Mapping[str, tuple[Branch, ...]],
) -> tuple[Branch, ...]:  # fmt: skip
    """`base`, then the rest by name, a gate always after those its own condition stands behind."""
    path = list(base)
    rest = sorted(wanted - set(base), key=lambda branch: (branch.gate, branch.taken))
    while rest:
        pending = set(rest)
        ready = (
            branch for branch in rest
            if not any(set(stands[step]) & (pending - {branch}) for step in reads[branch.gate])
        )  # fmt: skip
        chosen = next(ready, rest[0])
        path.append(chosen)
        rest.remove(chosen)
    return tuple(path)


def _own_gate(
    step: StepDef, rest: list[ex.Expression], own_gates: Collection[str], scope: Scope
) -> Gate:
    assert step.when is not None
    condition = rest[0] if len(rest) == 1 else ex.And(tuple(rest), step.when.span)
    name = f"when_{step.name.text}"
    while name in scope.conditions or name in own_gates:
        name += "_"  # a named condition or another step's gate is called so
    return Gate(name, _predicate(condition, scope), ex.show(condition), step.when.span)


def _implied(
    rest: list[ex.Expression], upstream: set[tuple[Branch, ...]],
    own_gates: Mapping[str, tuple[Gate, StepDef]], scope: Scope,
) -> bool:  # fmt: skip
    """Whether the paths of the producers already make a step's own condition true."""
    given: list[ex.Expression] = []
    for branch in {branch for path in upstream for branch in path}:
        if branch.gate in own_gates:
            _, step = own_gates[branch.gate]
            expression = step.when.expression if step.when else None
        else:
            expression = scope.conditions[branch.gate].expression
        if expression is not None:
            given.append(expression if branch.taken else ex.Not(expression, rest[0].span))
    if not given:
        return False
    condition = ex.And(tuple(rest), rest[0].span)
    return gates_logic.implies(ex.And(tuple(given), rest[0].span), condition, scope)


# --- nodes -----------------------------------------------------------------------------------


def _parameter(parameter: ParameterDef, scope: Scope) -> ir.Parameter:
    default = constant_of(parameter.default, scope)
    type_name = parameter.type.text
    return ir.Parameter(
        name=parameter.name.text,
        type=type_name,
        span=parameter.name.span,
        description=parameter.description,
        has_default=default is not None,
        default=admit(type_name, default.value) if default is not None else None,
        constraints=limits(parameter),
        default_span=parameter.default.span if parameter.default is not None else None,
    )


def _node(step: StepDef, path: tuple[Branch, ...], scope: Scope) -> ir.Node:
    name, after = step.name.text, tuple(sorted({word.text for word in step.after}))
    if step.fail is not None:
        message = _value(step.fail, "String", scope)
        return ir.Failure(name, message, path, after, step.name.span)
    component = scope.component(step)
    assert component is not None, "the rules let no step without a component pass"
    return ir.Task(
        name=name,
        component=component,
        arguments=_arguments(step, component, scope),
        when=path,
        after=after,
        span=step.name.span,
        resources=settings.resources(settings.effective(step, scope, "resources"), scope),
        cache=settings.cache(settings.effective(step, scope, "cache"), scope),
        retry=settings.retry(settings.effective(step, scope, "retry"), scope),
        targets={key: _tree(tree, scope) for key, tree in sorted(step.targets.items())},
    )


def _arguments(step: StepDef, component: Component, scope: Scope) -> tuple[ir.Argument, ...]:
    found = []
    for port in component.inputs:
        entry = step.entry(port.name)
        if entry is not None:
            value = _value(entry.value, port.type, scope)
            found.append(ir.Argument(port.name, value, True, entry.value.span))
        else:
            default = Constant(port.default, port.type)
            found.append(ir.Argument(port.name, default, False, step.name.span))
    return tuple(found)


def _tree(tree: Tree, scope: Scope) -> ir.Tree:
    if isinstance(tree.value, tuple):
        return ir.Tree(tuple(_tree(item, scope) for item in tree.value), tree.span)
    if isinstance(tree.value, Mapping):
        return ir.Tree({key: _tree(item, scope) for key, item in tree.value.items()}, tree.span)
    return ir.Tree(_value(tree.value, None, scope), tree.span)


# --- values ----------------------------------------------------------------------------------


def _value(written: syntax.Written, wanted: str | None, scope: Scope) -> Value:
    """A value as the IR holds it; `wanted` types a constant (None: by itself)."""
    constant = constant_of(written, scope)
    if constant is not None:
        return _constant(constant, wanted)
    assert not isinstance(written, Datum)
    if isinstance(written.whole, ex.Name):
        return _reference(written.whole, scope)
    parts = [
        Constant(part, "String") if isinstance(part, str) else _reference(part, scope)
        for part in written.parts
        if isinstance(part, str | ex.Name)
    ]
    return _joined(parts)


def _constant(datum: Datum, wanted: str | None) -> Constant:
    if wanted is None:
        value = datum.value
        return Constant(value, values.kind(value) if value is not None else "String")
    if wanted == "String" and not isinstance(datum.value, str):
        return Constant(values.render(datum.value), "String")  # a message such as `fail: 3`
    return Constant(admit(wanted, datum.value), wanted)


def _joined(parts: list[Value]) -> Value:
    """Neighbouring constants of a text as one; a text of constants alone is a constant."""
    merged: list[Value] = []
    for part in parts:
        if isinstance(part, Constant):
            text = values.render(part.value)
            if merged and isinstance(merged[-1], Constant):
                text = merged.pop().value + text  # type: ignore[union-attr]
            part = Constant(text, "String")
        merged.append(part)
    if len(merged) == 1 and isinstance(merged[0], Constant):
        return merged[0]
    return ir.Text(tuple(merged))


def _reference(name: ex.Name, scope: Scope) -> Value:
    match scope.look_up(name):
        case ParameterDef() as parameter:
            return ir.ParameterRef(parameter.name.text, parameter.type.text)
        case StepOutput(step, output, type_name):
            return ir.OutputRef(step, output, type_name)
        case VarValue(value):
            return Constant(value, values.kind(value))
        case RunField(field):
            return ir.RunRef(field)
    raise AssertionError(f"the rules let `{name}` pass")


# --- predicates ------------------------------------------------------------------------------


def _predicate(expression: ex.Expression | None, scope: Scope) -> ir.Predicate:
    match expression:
        case ex.And(parts):
            return ir.And(tuple(_predicate(part, scope) for part in parts))
        case ex.Or(parts):
            return ir.Or(tuple(_predicate(part, scope) for part in parts))
        case ex.Not(operand):
            return ir.Not(_predicate(operand, scope))
        case ex.Compare(op, left, right):
            return ir.Compare(op, _operand(left, scope), _operand(right, scope))
        case ex.Contains(item, options, negated):
            member = ir.Member(_operand(item, scope), _options(options, scope))
            return ir.Not(member) if negated else member
        case ex.Name():
            found = scope.look_up(expression)
            if isinstance(found, ConditionDef):
                return _predicate(found.expression, scope)
            return ir.Truth(_reference(expression, scope))
        case ex.Literal(value):
            return ir.Truth(Constant(value, values.kind(value)))
    raise AssertionError("the rules let a condition without a value pass")


def _operand(expression: ex.Expression, scope: Scope) -> Value:
    if isinstance(expression, ex.Literal):
        return Constant(expression.value, values.kind(expression.value))
    assert isinstance(expression, ex.Name)
    return _reference(expression, scope)


def _options(expression: ex.Expression, scope: Scope) -> tuple[Value, ...]:
    if isinstance(expression, ex.ListOf):
        return tuple(_operand(item, scope) for item in expression.items)
    listed: list[Any] = options_of(expression, scope) or []
    return tuple(Constant(item, values.kind(item)) for item in listed)
