"""What steps stand behind and within: a scope in; an order, paths and gates out."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from isodag import expressions as ex
from isodag import gates, gates_logic
from isodag.frontend.syntax import StepDef
from isodag.ir import Branch, Gate, Path, Within
from isodag.lower_values import predicate_of
from isodag.scope import Scope


@dataclass(frozen=True)
class Places:
    """Where steps stand.

    order   their names, producers first; of a repeated step too
    behind  by step, the branches that all of it stands behind, outermost first
    chosen  by repeated step, the gate within that decides for each repetition, if there is one
    own     the gates made for single steps
    """

    order: tuple[str, ...]
    behind: Mapping[str, tuple[Branch, ...]]
    chosen: Mapping[str, str]
    own: tuple[Gate, ...]

    def path(self, step: StepDef) -> Path:
        """The whole path of a step's task."""
        name = step.name.text
        path: Path = self.behind[name]
        if step.foreach is not None:
            path = (*path, Within(name))
        return (*path, Branch(self.chosen[name], True)) if name in self.chosen else path


def places(scope: Scope) -> Places:
    """Where the steps of a definition stand, those under `finally:` left out."""
    order = _order(scope)
    behind, chosen, own = _paths(scope, order)
    return Places(tuple(order), behind, chosen, tuple(own))


def _order(scope: Scope) -> list[str]:
    """Step names, producers first; among the free ones the least name comes first."""
    waits = {
        name: {producer for producer, _ in gates.upstream(step, scope)}
        for name, step in scope.steps.items()
        if not step.last
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


def _paths(
    scope: Scope, order: list[str]
) -> tuple[dict[str, tuple[Branch, ...]], dict[str, str], list[Gate]]:
    """The branches each step stands behind, outermost first; by repeated step, the gate that
    decides for each repetition; and the gates made for single steps.

    A step's path starts with the longest path among the steps it waits for (its own condition
    implies theirs), so that steps that belong together share their gates.
    """
    stands: dict[str, tuple[Branch, ...]] = {}
    chosen: dict[str, str] = {}
    own_gates: dict[str, tuple[Gate, ex.Expression]] = {}  # by name of the gate
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
            every, each = _for_each(step.when.expression)
            sides, rest = gates.conjuncts(every, scope) if every is not None else ([], [])
            wanted |= {Branch(side.condition, side.taken) for side in sides}
            if rest and not _implied(rest, upstream, own_gates, scope):
                gate = _own_gate(step, rest, own_gates, scope)
                own_gates[gate.name] = (gate, _all(rest))
                wanted.add(Branch(gate.name, True))
                gate_reads[gate.name] = {
                    read for part in rest for read, _ in gates.steps_read(part, scope)
                }
            if each:
                gate = _own_gate(step, each, own_gates, scope)
                own_gates[gate.name], chosen[name] = (gate, _all(each)), gate.name
        stands[name] = _ordered(base, wanted, gate_reads, stands)
    return stands, chosen, [gate for gate, _ in own_gates.values()]


def _for_each(expression: ex.Expression) -> tuple[ex.Expression | None, list[ex.Expression]]:
    """A condition split at its top-level `and`: what is so for all repetitions of its step, and
    the parts that read the loop variable."""
    parts = expression.operands if isinstance(expression, ex.And) else (expression,)
    each = [part for part in parts if any(name.step for name in ex.names(part))]
    if not each:
        return expression, []
    rest = [part for part in parts if part not in each]
    return (_all(rest) if rest else None), each


def _all(parts: list[ex.Expression]) -> ex.Expression:
    return parts[0] if len(parts) == 1 else ex.And(tuple(parts), parts[0].span)


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
    condition = _all(rest)
    first = name = f"when_{step.when.name.text}"
    number = 1
    while name in scope.conditions or name in own_gates:  # a named condition, or another gate
        number += 1
        name = f"{first}_{number}"
    predicate = predicate_of(condition, scope)
    return Gate(name, predicate, ex.show(condition), step.when.span, step.name.span)


def _implied(
    rest: list[ex.Expression], upstream: set[tuple[Branch, ...]],
    own_gates: Mapping[str, tuple[Gate, ex.Expression]], scope: Scope,
) -> bool:  # fmt: skip
    """Whether the paths of the producers already make a step's own condition true."""
    given: list[ex.Expression] = []
    for branch in {branch for path in upstream for branch in path}:
        if branch.gate in own_gates:
            expression: ex.Expression | None = own_gates[branch.gate][1]
        else:
            expression = scope.conditions[branch.gate].expression
        if expression is not None:
            given.append(expression if branch.taken else ex.Not(expression, rest[0].span))
    if not given:
        return False
    condition = ex.And(tuple(rest), rest[0].span)
    return gates_logic.implies(ex.And(tuple(given), rest[0].span), condition, scope)
