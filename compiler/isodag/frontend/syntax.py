"""The syntax tree of a DAG file: what is written, positioned, with nothing resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isodag.expressions import Expression, Name, Template
from isodag.source import Span


@dataclass(frozen=True)
class Word:
    """A name as written."""

    text: str
    span: Span


@dataclass(frozen=True)
class Datum:
    """A value with no expression in it: a scalar, or a JSON list or mapping (plain Python data).

    text  of a scalar as written, without quotes
    """

    value: Any
    span: Span
    text: str = field(default="", compare=False)


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
    """`vars: {name: value}`.

    items  of a list, each at its place
    """

    name: Word
    value: Written
    items: tuple[Tree, ...] = ()


@dataclass(frozen=True)
class ParameterDef:
    """`parameters: {name: {type, default, …}}`."""

    name: Word
    type: Word
    description: str
    default: Written | None
    constraints: Mapping[str, Datum]
    keys: Mapping[str, Span] = field(default_factory=dict, compare=False)
    allowed: tuple[Span, ...] = field(default=(), compare=False)  # of each item of `enum`


@dataclass(frozen=True)
class ConditionDef:
    """`conditions: {name: expression}`; `text` is the expression as written."""

    name: Word
    expression: Expression | None
    text: str
    span: Span


@dataclass(frozen=True)
class Entry:
    """One input of a step, or one variable of its `secret_env`."""

    name: Word
    value: Written


@dataclass(frozen=True)
class Foreach:
    """`foreach: {var: name, in: [a, b], type: Integer}`.

    items   of the list, each at its place; None where there is no list
    source  what stands there instead, such as `${{ vars.rates }}`; None where it was no good,
            which has been reported
    span    of what stands under `in`
    type    of an item, as written
    """

    var: Word
    items: tuple[Tree, ...] | None
    source: Template | None
    span: Span
    type: Word | None = None


@dataclass(frozen=True)
class PickDef:
    """`pick: {from: train, highest: accuracy}`, or `lowest:`.

    source   the repeated step that it takes from; empty where that could not be read
    by       the output that decides, as the name `steps.SOURCE.outputs.OUTPUT`; None where not
             exactly one of `highest` and `lowest` names one
    highest  whether the greatest is the best, or the least
    keys     where each of its keys stands
    unread   keys that could not be used, which has been reported
    """

    source: Word
    by: Name | None
    highest: bool
    span: Span
    keys: Mapping[str, Span] = field(default_factory=dict, compare=False)
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Repetition:
    """Which repetition of a step one of its copies is: `index` counts from 0.

    value  of the loop variable `var`: plain data
    outer  of the pipeline around it, where that is repeated too
    """

    step: str
    index: int
    var: str
    value: Any
    outer: Repetition | None = None


@dataclass(frozen=True)
class StepDef:
    """`steps: {name: {component | fail | pick, when, after, inputs, settings}}`.

    secrets   `secret_env: {NAME: …}`
    settings  resources, environment, timeout, … as written on the step; targets by target name
    unread    keys that could not be used, which has been reported: rules that need them skip it
    foreach   what repeats the step, as written
    last      whether it stands under `finally:`, not `steps:`
    description  what it is for; nothing reads it but people
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
    foreach: Foreach | None = None
    secrets: tuple[Entry, ...] = ()
    pick: PickDef | None = None
    last: bool = False
    description: str = ""

    def entry(self, name: str) -> Entry | None:
        """The input of that name."""
        return next((entry for entry in self.inputs if entry.name.text == name), None)


@dataclass(frozen=True)
class OutputDef:
    """`outputs: {name: ${{ … }}}`."""

    name: Word
    value: Written


@dataclass(frozen=True)
class Mention:
    """What looks like a name of the pipeline and stands in plain text; `whole`: as all of it."""

    name: str
    span: Span
    whole: bool


@dataclass(frozen=True)
class Definition:
    """One DAG file, a values file laid over it.

    steps     those under `steps:`, then those under `finally:`
    mentions  in texts of the definition, names that no expression holds
    written   names in the file's own text, as `vars.x`, where a values file is laid over it: what
              it replaced has read them
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
    mentions: tuple[Mention, ...] = ()
    written: frozenset[str] = frozenset()
