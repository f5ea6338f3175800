"""Graphs with groups, built by hand in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from isodag import ir
from isodag.component import Component, Container, Input, Output
from isodag.ir import Branch, Collected, Within
from isodag.source import Span

SPAN = Span("dag.yaml", 3, 1, 3, 5)


class Graphs:
    """Makes tasks, loops and pipelines."""

    def task(
        self,
        name: str,
        inputs: Mapping[str, ir.Value] | None = None,
        outputs: Mapping[str, str] | None = None,
        *,
        within: Sequence[str | Branch] = (),
        after: Sequence[str] = (),
        ports: Mapping[str, str] | None = None,
        **more: Any,
    ) -> ir.Task:
        """A task; a name in `within` is a group.

        ports  types of inputs where they are not those of the values
        """
        inputs = inputs or {}
        types = {key: value.type for key, value in inputs.items()} | dict(ports or {})
        component = Component(
            "toy", "toy", "1.0.0", "",
            tuple(Input(key, kind, SPAN) for key, kind in types.items()),
            tuple(Output(key, kind, SPAN) for key, kind in (outputs or {"o": "Float"}).items()),
            Container("toys:1.0.0", ("sh",), (), {}, SPAN), None, False, "", "0", SPAN,
        )  # fmt: skip
        return ir.Task(
            name, component,
            tuple(ir.Argument(key, value, True, SPAN) for key, value in inputs.items()),
            self.path(*within), tuple(after), SPAN, **more,
        )  # fmt: skip

    def path(self, *places: str | Branch) -> ir.Path:
        """Groups and branches, outermost first."""
        return tuple(Within(place) if isinstance(place, str) else place for place in places)

    def pick(
        self, name: str, by: Collected, takes: Mapping[str, Collected], *,
        highest: bool = True, within: Sequence[str | Branch] = (),
    ) -> ir.Pick:  # fmt: skip
        """A pick."""
        return ir.Pick(
            name, by, highest, tuple(takes.items()), self.path(*within), (), SPAN
        )  # fmt: skip

    def loop(self, name: str, items: Any, type_name: str = "Float", var: str = "x") -> ir.Group:
        """A repeated group."""
        return ir.Group(name, ir.Loop(var, items, type_name, SPAN), SPAN)

    def call(self, name: str) -> ir.Group:
        """A group that is no loop."""
        return ir.Group(name, None, SPAN)

    def pipeline(
        self, *tasks: ir.Node, groups: Sequence[ir.Group] = (),
        gates: Mapping[str, ir.Predicate] | None = None,
        outputs: Mapping[str, ir.Value] | None = None,
    ) -> ir.Pipeline:  # fmt: skip
        """A pipeline of tasks in order."""
        return ir.Pipeline(
            "toy", "", (),
            tuple(ir.Gate(name, said, name, SPAN) for name, said in sorted((gates or {}).items())),
            tasks,
            tuple(ir.PipelineOutput(name, x, SPAN) for name, x in sorted((outputs or {}).items())),
            {}, SPAN, tuple(sorted(groups, key=lambda group: group.name)),
        )  # fmt: skip


@pytest.fixture
def graphs() -> Graphs:
    """Makes graphs."""
    return Graphs()


@pytest.fixture(scope="session")
def graphs_of_session() -> Graphs:
    """Makes graphs, for tests that make many."""
    return Graphs()
