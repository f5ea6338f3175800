"""A checked definition to the IR: names resolved, defaults filled in, gates in order."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping

from isodag import expressions as ex
from isodag import gates, gates_logic, ir, settings, unroll
from isodag.checks.typing import admit, constant_of, limits
from isodag.component import Component
from isodag.frontend.syntax import ParameterDef, StepDef, Tree
from isodag.ir import Branch, Constant, Gate
from isodag.lower_values import predicate_of, value_of
from isodag.scope import Scope


def lower(scope: Scope) -> ir.Pipeline:
    """The IR of a definition that the rules found no error in; repeated steps are written out."""
    scope = unroll.unrolled(scope)
    definition = scope.definition
    order = _order(scope)
    stands, own_gates = _paths(scope, order)
    used = {branch.gate for path in stands.values() for branch in path}
    named = [
        Gate(
            item.name.text,
            predicate_of(item.expression, scope),
            item.text,
            item.span,
            item.name.span,
        )
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
            ir.PipelineOutput(item.name.text, value_of(item.value, None, scope), item.name.span)
            for item in sorted(definition.outputs, key=lambda item: item.name.text)
        ),
        targets={name: _tree(tree, scope) for name, tree in sorted(definition.targets.items())},
        span=definition.name.span,
    )


# --- order and gates -------------------------------------------------------------------------


def _order(scope: Scope) -> list[str]:
    """Step names, producers first; among the free ones the least name comes first.

    The copies of a repeated step come in the order of its list.
    """
    waits = {
        name: {producer for producer, _ in gates.upstream(step, scope)}
        for name, step in scope.steps.items()
    }
    readers: dict[str, list[str]] = {name: [] for name in waits}
    for name, producers in waits.items():
        for producer in producers:
            readers[producer].append(name)
    left = {name: len(producers) for name, producers in waits.items()}
    free = [_place(scope.steps[name]) for name, count in left.items() if count == 0]
    heapq.heapify(free)
    order = []
    while free:
        *_, name = heapq.heappop(free)
        order.append(name)
        for reader in readers[name]:
            left[reader] -= 1
            if left[reader] == 0:
                heapq.heappush(free, _place(scope.steps[reader]))
    return order


def _place(step: StepDef) -> tuple[str, int, str]:
    copy = step.repetition
    return (copy.step, copy.index, step.name.text) if copy else (step.name.text, 0, step.name.text)


def _paths(scope: Scope, order: list[str]) -> tuple[dict[str, tuple[Branch, ...]], list[Gate]]:
    """The branches each step stands behind, outermost first, and the gates made for single steps.

    A step's path starts with the longest path among the steps it waits for (its own condition
    implies theirs), so that steps that belong together share their gates.
    """
    stands: dict[str, tuple[Branch, ...]] = {}
    own_gates: dict[str, tuple[Gate, StepDef]] = {}  # by name of the gate
    made: dict[int, Gate] = {}  # by identity of the `when:`
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
                same = id(step.when)  # copies of one step share what no item changes
                gate = made.get(same) or _own_gate(step, rest, own_gates, scope)
                made[same] = gate
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
    name = f"when_{step.when.name.text}"
    while name in scope.conditions or name in own_gates:
        name += "_"  # a named condition or another step's gate is called so
    predicate = predicate_of(condition, scope)
    return Gate(name, predicate, ex.show(condition), step.when.span, step.name.span)


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
        allowed=parameter.allowed,
    )


def _node(step: StepDef, path: tuple[Branch, ...], scope: Scope) -> ir.Node:
    name, after = step.name.text, tuple(sorted({word.text for word in step.after}))
    if step.fail is not None:
        message = value_of(step.fail, "String", scope)
        return ir.Failure(name, message, path, after, step.name.span)
    component = scope.component(step)
    assert component is not None, "the rules let no step without a component pass"
    resources = settings.effective(step, scope, "resources")
    asked = resources.value if resources is not None else {}
    return ir.Task(
        name=name,
        component=component,
        arguments=_arguments(step, component, scope),
        when=path,
        after=after,
        span=step.name.span,
        resources=settings.resources(resources, scope),
        cache=settings.cache(settings.effective(step, scope, "cache"), scope),
        retry=settings.retry(settings.effective(step, scope, "retry"), scope),
        targets={key: _tree(tree, scope) for key, tree in sorted(step.targets.items())},
        repetition=step.repetition,
        secrets=_secrets(step, scope),
        asked={key: tree.span for key, tree in asked.items()} if isinstance(asked, Mapping) else {},
    )


def _secrets(step: StepDef, scope: Scope) -> tuple[ir.Secret, ...]:
    found = []
    for entry in sorted(step.secrets, key=lambda entry: entry.name.text):
        value = value_of(entry.value, "String", scope)
        assert isinstance(value, Constant | ir.ParameterRef), "the rules let nothing else pass"
        found.append(ir.Secret(entry.name.text, value, entry.name.span, entry.value.span))
    return tuple(found)


def _arguments(step: StepDef, component: Component, scope: Scope) -> tuple[ir.Argument, ...]:
    found = []
    for port in component.inputs:
        entry = step.entry(port.name)
        if entry is not None:
            value = value_of(entry.value, port.type, scope)
            found.append(ir.Argument(port.name, value, True, entry.value.span))
        else:
            default = Constant(port.default, port.type)
            found.append(ir.Argument(port.name, default, False, step.name.span))
    return tuple(found)


def _tree(tree: Tree, scope: Scope) -> ir.Tree:
    if isinstance(tree.value, tuple):
        return ir.Tree(tuple(_tree(item, scope) for item in tree.value), tree.span)
    if isinstance(tree.value, Mapping):
        found = {key: _tree(item, scope) for key, item in tree.value.items()}
        return ir.Tree(found, tree.span, tree.keys)
    return ir.Tree(value_of(tree.value, None, scope), tree.span)
