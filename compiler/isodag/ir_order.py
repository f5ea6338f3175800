"""The one order of a graph's tasks, which depends on names only."""

from __future__ import annotations

import heapq
import re

from isodag import ir

_INDEX = re.compile(r"-(\d+)(?=-|$)")


def ordered(pipeline: ir.Pipeline) -> list[ir.Node]:
    """Producers first; among the free ones the least name comes first, copies by their items."""
    gates = {gate.name: gate for gate in pipeline.gates}
    groups = {group.name: group for group in pipeline.groups}
    nodes = {node.name: node for node in pipeline.tasks}
    left: dict[str, int] = {}
    readers: dict[str, list[str]] = {name: [] for name in nodes}
    for node in nodes.values():
        needs = ir.needs(node, gates, groups)
        left[node.name] = len(needs)
        for name in needs:
            readers[name].append(node.name)
    free = [_place(name) for name, count in left.items() if not count]
    heapq.heapify(free)
    order = []
    while free:
        *_, name = heapq.heappop(free)
        order.append(nodes[name])
        for reader in readers[name]:
            left[reader] -= 1
            if not left[reader]:
                heapq.heappush(free, _place(reader))
    return order


def _place(name: str) -> tuple[tuple[str | int, ...], str]:
    parts = _INDEX.split(name)
    return tuple(int(part) if i % 2 else part for i, part in enumerate(parts)), name
