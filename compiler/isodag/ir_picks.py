"""A pick as an ordinary task, once what it picks from is written out."""

from __future__ import annotations

from collections.abc import Mapping

from isodag import ir, picking


def task(node: ir.Pick, by: ir.Value, takes: Mapping[str, ir.Value], count: int) -> ir.Task:
    """The task that does what a pick says.

    by     the list that decides
    takes  by name of each output: a Listing or a constant list, one value for each repetition
    count  of the repetitions
    """
    types = [(name, taken.item.type) for name, taken in node.takes]
    component = picking.component(types, count=count, highest=node.highest, span=node.span)
    given: dict[str, ir.Value] = {picking.BY: by}
    for name, value in takes.items():
        if component.input(picking.listed(name)) is not None:
            given[picking.listed(name)] = value
        elif isinstance(value, ir.Listing):
            given |= {picking.item(name, i): item for i, item in enumerate(value.items)}
    return ir.Task(
        name=node.name,
        component=component,
        arguments=tuple(
            ir.Argument(port.name, given[port.name], True, node.span) for port in component.inputs
        ),
        when=node.when,
        after=node.after,
        span=node.span,
    )
