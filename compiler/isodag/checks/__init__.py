"""The rules: one small function per code, over a definition whose names are in a scope.

Each yields diagnostics and never raises; its docstring is its title; its page is
`codes/<code>.md`.  A rule keeps silent about what another has already reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from isodag.checks import (
    calling,
    collecting,
    comparing,
    compile_time,
    conditions,
    finishing,
    forgotten,
    joining,
    labels,
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
    repeating.wrong_item_type,
    collecting.output_of_repeated,
    collecting.nothing_to_pick_from,
    collecting.picked_by_no_number,
    collecting.setting_on_pick,
    finishing.setting_on_last,
    finishing.last_reads_output,
    finishing.waits_for_last,
    wiring.missing_input,
    wiring.unknown_input,
    wiring.cycle,
    wiring.component_or_fail,
    wiring.output_of_fail,
    wiring.setting_on_fail,
    calling.too_many_steps,
    calling.hidden_output,
    calling.after_gated,
    calling.setting_on_call,
    calling.unfit_argument,
    calling.called_and_finally,
    conditions.outside_gate,
    conditions.waits_for_some,
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
    joining.artifact_in_text,
    forgotten.name_as_text,
    forgotten.name_in_text,
    secrets.secret_elsewhere,
    secrets.bad_secret,
    labels.bad_variable,
    labels.twice,
    labels.bad_tag,
    unused.cached_side_effects,
    compile_time.not_compile_time,
    compile_time.bad_constraint,
    compile_time.bad_setting,
    joining.number_in_text,
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
