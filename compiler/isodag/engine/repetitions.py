"""Loops over lists that only a run knows: the list checked, the repetitions written out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from isodag import ir, ir_groups
from isodag.engine.evaluate import Scope, evaluate
from isodag.runtime.values import BadValue, admit, kind, render

MAX_ITEMS = 100  # as for a list in a DAG file
_TEXT_CAP = 40
_INDEX = re.compile(r"-\d+(?=-|$)")


class BadList(Exception):
    """A list that nothing can be repeated over; one line."""


def admitted(group: ir.Group, found: Any) -> tuple[Any, ...]:
    """The items of a list as the loop's type holds them.

    Raises BadList: more than MAX_ITEMS, or an item of another type.
    """
    assert group.loop is not None
    if not isinstance(found, list):
        raise BadList(f"{kind(found)} where a list is due")
    if len(found) > MAX_ITEMS:
        raise BadList(
            f"the list has {len(found)} items: a step is repeated at most {MAX_ITEMS} times"
        )
    return tuple(_item(group, index, value) for index, value in enumerate(found))


def _item(group: ir.Group, index: int, value: Any) -> Any:
    assert group.loop is not None
    try:
        return admit(group.loop.type, value)
    except BadValue as error:
        text = render(value)
        text = text if len(text) <= _TEXT_CAP else text[: _TEXT_CAP - 1] + "…"
        raise BadList(f"the item of `{group.name}-{index}` is `{text}`: {error}") from None


def written_out(pipeline: ir.Pipeline, lists: Mapping[str, tuple[Any, ...]]) -> ir.Pipeline:
    """The graph with the repetitions of groups as tasks, and of all within them that is known.

    lists  the items of each group
    """
    return ir_groups.flat(ir_groups.repeat_all(pipeline, lists), over_nothing=False)


def known_at_once(
    pipeline: ir.Pipeline, parameters: Mapping[str, Any]
) -> tuple[ir.Pipeline, list[str]]:
    """The graph with the loops over parameters written out; a line for each that cannot be.

    parameters  typed value by name; of one that is missing nothing is said
    """
    scope, problems = Scope(parameters, {}, {}), list[str]()
    lists: dict[str, tuple[Any, ...]] = {}
    for group in pipeline.groups:
        names = _parameters_of(group)
        if not names or any(name not in parameters for name in names):
            continue
        assert group.loop is not None and not isinstance(group.loop.items, tuple)
        try:
            items = admitted(group, evaluate(group.loop.items, scope))
        except BadList as problem:
            problems.append(
                f"parameter `{names[0]}`: {problem} (step `{group.name}` is repeated over it)"
            )
            continue
        if items:  # else it is told when the step's turn comes
            lists[group.name] = items
    return written_out(pipeline, lists), problems


def _parameters_of(group: ir.Group) -> list[str]:
    """The parameters that a loop's list is made of; empty where it needs anything else."""
    if group.loop is None or isinstance(group.loop.items, tuple):
        return []
    leaves = list(ir.leaves(group.loop.items))
    names = [leaf.name for leaf in leaves if isinstance(leaf, ir.ParameterRef)]
    return names if len(names) == len(leaves) else []


# --- names -----------------------------------------------------------------------------------


def rest(name: str, group: str) -> str:
    """What a repetition of some group is called beyond the group's name, the indices left out."""
    return _INDEX.sub("", name[len(group) :])


def means(asked: str, node: ir.Node) -> bool:
    """Whether a name that a user gives means a task: it, its step, or what both are part of.

    Of a step `train` in a pipeline `sweep` that is repeated those are `sweep-0-train`,
    `sweep-train`, `sweep-0` and `sweep`.
    """
    return any(f"{name}-".startswith(f"{asked}-") for name in (node.name, node.step))


def may_mean(asked: str, node: ir.Node) -> bool:
    """Whether it may mean a repetition of a task whose list is not known yet."""
    within = any(isinstance(place, ir.Within) for place in node.when)
    return within and means(_INDEX.sub("", asked), node)


def meant(pipeline: ir.Pipeline, asked: str) -> bool:
    """Whether a name means some task of a graph, or may yet."""
    nodes = (*pipeline.tasks, *pipeline.last)
    return any(means(asked, node) or may_mean(asked, node) for node in nodes)
