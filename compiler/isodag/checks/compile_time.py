"""E408 to E410: what has to be known, and to make sense, when a definition is compiled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from isodag import settings, spec_limits, types, unroll
from isodag.checks.secrets import is_secret
from isodag.checks.typing import limits
from isodag.diagnostics import Diagnostic
from isodag.expressions import Name, Template
from isodag.frontend.syntax import ParameterDef
from isodag.scope import (
    EachItem,
    EachValue,
    Missing,
    RunField,
    Scope,
    StepOutput,
    VarValue,
    templates,
)
from isodag.source import Span


def not_compile_time(scope: Scope) -> Iterator[Diagnostic]:
    """E408: a setting, variable or default reads what is known only when the pipeline runs."""
    allowed = set(_run_time_templates(scope))
    for use, name in scope.used_names:
        if use.role not in ("setting", "var", "default") or use.expression.span in allowed:
            continue
        found = scope.look_up(name)
        if is_secret(found):
            continue  # E411 tells
        if use.role == "var" and not isinstance(found, Missing):
            message = f"a variable is written out: it cannot read `{name}`"
            yield Diagnostic("E408", message, name.span, "write the value")
        elif isinstance(found, StepOutput | RunField | ParameterDef | EachItem):
            what = "a default" if use.role == "default" else "this setting"
            message = f"{what} is fixed at compile time and cannot read `{name}`"
            help = "use a variable: `${{ vars.NAME }}`"
            if isinstance(found, EachItem):
                help = "write the list that the step is repeated for, or hold it in a variable"
            yield Diagnostic("E408", message, name.span, help)


def _run_time_templates(scope: Scope) -> Iterator[Span]:
    """Where pipeline parameters may stand in settings: under the keys that a target says."""
    blocks = [*scope.definition.targets.items()]
    for step in scope.definition.steps:
        blocks += step.targets.items()
    for target, tree in blocks:
        for key, leaf in tree.value.items() if isinstance(tree.value, Mapping) else ():
            if key in scope.run_time.get(target, ()):
                for template in templates(leaf):
                    if _reads_parameters_only(template, scope):
                        yield template.span


def _reads_parameters_only(template: Template, scope: Scope) -> bool:
    parts = [part for part in template.parts if isinstance(part, Name)]
    known = ParameterDef | VarValue | EachValue | Missing
    return all(isinstance(scope.look_up(part), known) for part in parts)


def bad_constraint(scope: Scope) -> Iterator[Diagnostic]:
    """E409: a parameter's limits make no sense for its type."""
    for parameter in scope.definition.parameters:
        type_name = types.declared(parameter.type.text)
        if is_secret(parameter):
            type_name = types.SECRET
        if type_name is None:
            continue
        for name, datum in parameter.constraints.items():
            reason = spec_limits.problem(name, datum.value, type_name)
            if reason is not None:
                unfit = "does not suit" in reason
                span = parameter.keys.get(name, datum.span) if unfit else datum.span
                if name == "enum" and not unfit and isinstance(datum.value, list):
                    wrong = (
                        place
                        for item, place in zip(datum.value, parameter.allowed, strict=False)
                        if spec_limits.problem(name, [item], type_name) is not None
                    )
                    span = next(wrong, span)
                help = spec_limits.way_out(reason)
                yield Diagnostic("E409", f"`{name}` {reason}", span, help)
        if set(limits(parameter)) >= {"minimum", "maximum"}:
            least, most = parameter.constraints["minimum"], parameter.constraints["maximum"]
            if least.value > most.value:
                message = "`minimum` is above `maximum`"
                yield Diagnostic("E409", message, least.span, "swap them")


def bad_setting(scope: Scope) -> Iterator[Diagnostic]:
    """E410: a duration, size, count or cause in a step's settings is not one."""
    blocks = [*scope.definition.defaults.items()]
    for step in scope.definition.steps:
        blocks += step.settings.items()
    for key, tree in blocks:
        for variant in unroll.trees(tree, scope):
            yield from settings.problems(key, variant, scope)
    told = set()
    for step in scope.definition.steps:
        retry = settings.effective(step, scope, "retry")
        if retry is not None and "max_attempts" not in retry.keys and retry.span not in told:
            told.add(retry.span)  # several steps may have it by `defaults:`
            help = "say how many tries in all, 1 to 20"
            yield Diagnostic("E410", "`retry` has no `max_attempts`", retry.span, help)
