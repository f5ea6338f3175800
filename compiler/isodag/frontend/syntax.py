"""The syntax tree of a DAG file: what is written, positioned, with nothing resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isodag.expressions import Expression, Template
from isodag.source import Span


@dataclass(frozen=True)
class Word:
    """A name as written."""

    text: str
    span: Span


@dataclass(frozen=True)
class Datum:
    """A value with no expression in it: a scalar, or a JSON list or mapping (plain Python data)."""

    value: Any
    span: Span


Written = Datum | Template


@dataclass(frozen=True)
class Tree:
    """A positioned piece of a settings block; a mapping's keys keep their own places in `keys`."""

    value: Written | tuple[Tree, ...] | Mapping[str, Tree]
    span: Span
    keys: Mapping[str, Span] = field(default_factory=dict)

    def get(self, key: str) -> Tree | None:
        """The piece under a key, where this is a mapping that has it."""
        return self.value.get(key) if isinstance(self.value, Mapping) else None


@dataclass(frozen=True)
class Var:
    """`vars: {name: value}`."""

    name: Word
    value: Written


@dataclass(frozen=True)
class ParameterDef:
    """`parameters: {name: {type, default, …}}`."""

    name: Word
    type: Word
    description: str
    default: Written | None
    constraints: Mapping[str, Datum]


@dataclass(frozen=True)
class ConditionDef:
    """`conditions: {name: expression}`; `text` is the expression as written."""

    name: Word
    expression: Expression | None
    text: str
    span: Span


@dataclass(frozen=True)
class Entry:
    """One input of a step."""

    name: Word
    value: Written


@dataclass(frozen=True)
class StepDef:
    """`steps: {name: {component | fail, when, after, inputs, settings}}`.

    settings  resources, cache, retry, as written on the step; targets by target name
    unread    keys that could not be used, which has been reported: rules that need them skip it
    """

    name: Word
    component: Word | None
    fail: Written | None
    inputs: tuple[Entry, ...]
    when: ConditionDef | None
    after: tuple[Word, ...]
    settings: Mapping[str, Tree]
    targets: Mapping[str, Tree]
    keys: Mapping[str, Span]
    unread: frozenset[str] = frozenset()

    def entry(self, name: str) -> Entry | None:
        """The input of that name."""
        return next((entry for entry in self.inputs if entry.name.text == name), None)


@dataclass(frozen=True)
class OutputDef:
    """`outputs: {name: ${{ … }}}`."""

    name: Word
    value: Written


@dataclass(frozen=True)
class Definition:
    """One DAG file, a values file laid over it.

    unread  keys of the file that could not be used, which has been reported
    """

    path: str
    name: Word
    description: str
    vars: tuple[Var, ...]
    parameters: tuple[ParameterDef, ...]
    conditions: tuple[ConditionDef, ...]
    steps: tuple[StepDef, ...]
    outputs: tuple[OutputDef, ...]
    defaults: Mapping[str, Tree]
    targets: Mapping[str, Tree]
    unread: frozenset[str] = frozenset()
