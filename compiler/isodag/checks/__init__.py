"""The rules: one small function per code, over a definition whose names are in a scope.

Each yields diagnostics and never raises; its docstring is its title; its page is
`codes/<code>.md`.  A rule keeps silent about what another has already reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from isodag.checks import (
    comparing,
    compile_time,
    conditions,
    forgotten,
    naming,
    outcomes,
    repeating,
    secrets,
    typing,
    unused,
    wiring,
)
from isodag.diagnostics import MOST, Diagnostic
from isodag.scope import Scope

Rule = Callable[[Scope], Iterator[Diagnostic]]

RULES: tuple[Rule, ...] = (
    naming.unknown_step,
    naming.unknown_parameter,
    naming.unknown_output,
    naming.unknown_variable,
    naming.unknown_condition,
    naming.malformed_name,
    repeating.unknown_loop_variable,
    repeating.wrong_list,
    repeating.output_of_repeated,
    wiring.missing_input,
    wiring.unknown_input,
    wiring.cycle,
    wiring.component_or_fail,
    wiring.output_of_fail,
    wiring.setting_on_fail,
    conditions.outside_gate,
    conditions.not_boolean,
    conditions.artifact_in_condition,
    conditions.condition_cycle,
    conditions.run_fact_in_condition,
    conditions.too_large,
    typing.wrong_literal,
    typing.wrong_wire,
    typing.broken_constraint,
    comparing.different_types,
    comparing.not_a_value,
    typing.unknown_type,
    typing.artifact_in_text,
    forgotten.name_as_text,
    forgotten.name_in_text,
    secrets.secret_elsewhere,
    secrets.bad_secret,
    compile_time.not_compile_time,
    compile_time.bad_constraint,
    compile_time.bad_setting,
    typing.number_in_text,
    outcomes.always_the_same,
    outcomes.impossible_value,
    unused.unused_parameter,
    unused.unused_variable,
    unused.unused_condition,
    unused.unread_step,
    unused.run_fact_in_cached_step,
)

MOOT = ("W201", "W202", "W203", "W205", "W301")
"""Warnings that say nothing while there are errors: what is broken only looks unused."""


UNREAD = ("W201", "W202")
"""Warnings about what the DAG file by itself does not read, whatever is laid over it."""


def run(scope: Scope) -> list[Diagnostic]:
    """What the rules have to say about a definition, the first MOST + 1 of each."""
    return [found for rule in RULES for found in islice(rule(scope), MOST + 1)]
