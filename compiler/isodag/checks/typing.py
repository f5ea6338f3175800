"""E401 to E411: values and their types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from isodag import settings, spec, types
from isodag.checks.conditions import conditions_of, operands
from isodag.component import Input
from isodag.diagnostics import Diagnostic, Related, did_you_mean
from isodag.expressions import Compare, Contains, Expression, ListOf, Name, Template
from isodag.frontend.syntax import ConditionDef, Datum, Entry, ParameterDef, StepDef
from isodag.runtime import values
from isodag.scope import Missing, RunField, Scope, StepOutput, VarValue
from isodag.source import Span


def constant_of(value: Datum | Template | None, scope: Scope) -> Datum | None:
    """A value known at compile time: a literal, or a variable standing alone."""
    if isinstance(value, Datum):
        return value
    if value is not None and isinstance(value.whole, Name):
        found = scope.look_up(value.whole)
        if isinstance(found, VarValue):
            return Datum(found.value, value.whole.span)
    return None


def inputs_given(scope: Scope) -> Iterator[tuple[StepDef, Entry, Input]]:
    """Every input of every step with the port it goes to."""
    for step in scope.definition.steps:
        component = scope.component(step)
        for entry in step.inputs if component is not None else ():
            port = component.input(entry.name.text) if component is not None else None
            if port is not None:
                yield step, entry, port


def wrong_literal(scope: Scope) -> Iterator[Diagnostic]:
    """E401: a literal, default or variable is not of the type that is due."""
    for parameter in scope.definition.parameters:
        type_name = types.canonical(parameter.type.text)
        given = constant_of(parameter.default, scope)
        if type_name and given is not None:
            where = f"the default of `{parameter.name.text}`"
            yield from _admitted(where, type_name, given, ())
    for _, entry, port in inputs_given(scope):
        given = constant_of(entry.value, scope)
        if given is not None:
            related = (Related(f"`{port.name}` is declared here", port.span),)
            yield from _admitted(f"input `{port.name}`", port.type, given, related)


def _admitted(
    where: str, type_name: str, given: Datum, related: tuple[Related, ...]
) -> Iterator[Diagnostic]:
    try:
        admit(type_name, given.value)
    except values.BadValue as error:
        help = None
        if type_name == "Boolean" and str(given.value).lower() in ("yes", "no", "on", "off"):
            help = f"in YAML 1.2 `{given.value}` is text: write true or false"
        elif type_name == "String" and not isinstance(given.value, dict | list | None):
            help = f'quote it: "{values.render(given.value)}"'
        elif isinstance(given.value, str) and type_name in ("Integer", "Float", "Boolean"):
            try:
                values.parse(type_name, given.value)
                help = f"write it without quotes: {given.value}"
            except values.BadValue:
                help = None
        found = values.kind(given.value)
        message = f"{where} must be {type_name}, not {found}"
        if found == type_name or (found, type_name) == ("Integer", "Float"):
            message = f"{where}: {error}"
        elif not types.is_parameter(type_name):
            message = f"{where} must be the place of a {type_name}, not {found}"
        yield Diagnostic("E401", message, given.span, help, related)


def admit(type_name: str, value: Any) -> Any:
    """The value as its type holds it; an artifact's is its URI or path.  Raises BadValue."""
    if types.is_parameter(type_name):
        return values.admit(type_name, value)
    if not isinstance(value, str) or not value:
        raise values.BadValue(f"{values.kind(value)} where the place of a {type_name} is due")
    return value


def wrong_wire(scope: Scope) -> Iterator[Diagnostic]:
    """E402: a parameter or output flows into an input of another type."""
    for _, entry, port in inputs_given(scope):
        if not isinstance(entry.value, Template) or constant_of(entry.value, scope) is not None:
            continue
        whole = entry.value.whole
        if whole is None:
            given: str | None = "String"
            span, shown = entry.value.span, "joined text"
        else:
            if not isinstance(whole, Name) or isinstance(scope.look_up(whole), ConditionDef):
                continue
            given, span, shown = scope.type_of(whole), whole.span, f"`{whole}`"
        if given is None or types.accepts(port.type, given):
            continue
        message = f"{shown} is of type {given}, but input `{port.name}` takes {port.type}"
        help = _way_across(port.type, given)
        related = (Related(f"`{port.name}` is declared here", port.span),)
        yield Diagnostic("E402", message, span, help, related)


def _way_across(wanted: str, given: str) -> str | None:
    if types.is_parameter(wanted) and not types.is_parameter(given):
        return "an artifact is passed by place: a component must read the value out of it"
    if types.is_parameter(given) and not types.is_parameter(wanted):
        return f"declare the parameter with type {wanted}; its value is then a URI or path"
    return "only Integer widens to Float, and an artifact kind to Artifact"


def broken_constraint(scope: Scope) -> Iterator[Diagnostic]:
    """E403: a value lies outside its minimum, maximum, enum or pattern."""
    for parameter in scope.definition.parameters:
        given = constant_of(parameter.default, scope)
        type_name = types.canonical(parameter.type.text) or ""
        if given is not None:
            where = f"the default of `{parameter.name.text}`"
            yield from _kept(where, type_name, given, limits(parameter), ())
    for _, entry, port in inputs_given(scope):
        given = constant_of(entry.value, scope)
        if given is not None:
            related = (Related(f"`{port.name}` is declared here", port.span),)
            where = f"input `{port.name}`"
            yield from _kept(where, port.type, given, port.constraints, related)


def limits(parameter: ParameterDef) -> dict[str, Any]:
    """The constraints of a parameter that make sense for its type."""
    type_name = types.canonical(parameter.type.text) or ""
    return {
        name: datum.value
        for name, datum in parameter.constraints.items()
        if spec.constraint_problem(name, datum.value, type_name) is None
    }


def _kept(
    where: str, type_name: str, given: Datum, constraints: Mapping[str, Any],
    related: tuple[Related, ...],
) -> Iterator[Diagnostic]:  # fmt: skip
    try:
        value = admit(type_name, given.value)
    except values.BadValue:
        return
    if reason := values.violation(value, constraints):
        near = None
        if "enum" in constraints and isinstance(value, str):
            near = did_you_mean(value, [str(item) for item in constraints["enum"]], "value")
        yield Diagnostic("E403", f"{where}: {reason}", given.span, near, related)


def different_types(scope: Scope) -> Iterator[Diagnostic]:
    """E404: a comparison of things that cannot be compared."""
    for condition in conditions_of(scope):
        for part in operands(condition):
            if isinstance(part, Compare):
                left, right = scope.type_of(part.left), scope.type_of(part.right)
                yield from _compared(left, right, part.op, part.span)
            elif isinstance(part, Contains):
                yield from _contained(part, scope)


def _compared(left: str | None, right: str | None, op: str, span: Span) -> Iterator[Diagnostic]:
    artifacts = types.ARTIFACT_TYPES
    if left is None or right is None or left in artifacts or right in artifacts:
        return
    if types.comparable(left, right, op):
        return
    if left == right and left in ("String", "Boolean"):
        message, help = f"`{op}` does not order {left}s", "use == or !=; only numbers are ordered"
    elif left == right:
        message, help = f"{left}s cannot be compared", "compare a String, number or Boolean"
    else:
        message = f"a {left} is never comparable with a {right}"
        help = "a number in quotes is text" if "String" in (left, right) else None
    yield Diagnostic("E404", message, span, help)


def _contained(part: Contains, scope: Scope) -> Iterator[Diagnostic]:
    item = scope.type_of(part.item)
    if isinstance(part.options, ListOf):
        if not part.options.items:
            yield Diagnostic("E404", "nothing is in an empty list", part.options.span, None)
        for option in part.options.items:
            yield from _compared(item, scope.type_of(option), "==", option.span)
        return
    options = options_of(part.options, scope)
    if options is None:
        if scope.type_of(part.options) is not None:
            message = "right of `in` stands a list"
            help = "write it in brackets, as in ['a', 'b']"
            yield Diagnostic("E404", message, part.options.span, help)
        return
    for value in options:
        yield from _compared(item, values.kind(value), "==", part.options.span)


def options_of(expression: Expression, scope: Scope) -> list[Any] | None:
    """The values of a variable that holds a list."""
    found = scope.look_up(expression) if isinstance(expression, Name) else None
    if isinstance(found, VarValue) and isinstance(found.value, list):
        return found.value
    return None


def not_a_value(scope: Scope) -> Iterator[Diagnostic]:
    """E405: a comparison or condition stands where a value is due; no target computes one."""
    for use in scope.uses:
        if not isinstance(use.expression, Template):
            continue
        for part in use.expression.parts:
            if isinstance(part, str):
                continue
            condition = isinstance(part, Name) and isinstance(scope.look_up(part), ConditionDef)
            if not isinstance(part, Name) or condition:
                message = "a value is one name here; operators and conditions belong in `when:`"
                help = "let a component compute it and give it as an output"
                yield Diagnostic("E405", message, part.span, help)


def unknown_type(scope: Scope) -> Iterator[Diagnostic]:
    """E406: a parameter is of a type that does not exist."""
    for parameter in scope.definition.parameters:
        word = parameter.type
        if word.text and word.text not in types.TYPES:
            near = types.canonical(word.text)
            help = f"write `{near}`" if near else did_you_mean(word.text, types.TYPES, "type")
            yield Diagnostic("E406", f"`{word.text}` is not a type", word.span, help)


def artifact_in_text(scope: Scope) -> Iterator[Diagnostic]:
    """E407: an artifact, list or mapping is joined into text."""
    for use, part in joined(scope):
        found = scope.type_of(part)
        if found in (None, "String", "Integer", "Float", "Boolean"):
            continue
        message = f"`{part}` is of type {found} and cannot be joined into text"
        help = "pass it as an input of its own"
        if use.role == "message":
            help = "a message holds numbers and text"
        yield Diagnostic("E407", message, part.span, help)


def joined(scope: Scope) -> Iterator[tuple[Any, Name]]:
    """Every name that stands inside text, or alone in a message."""
    for use in scope.uses:
        template = use.expression
        if isinstance(template, Template) and (template.whole is None or use.role == "message"):
            for part in template.parts:
                if isinstance(part, Name):
                    yield use, part


def not_compile_time(scope: Scope) -> Iterator[Diagnostic]:
    """E408: a setting, variable or default reads what is known only when the pipeline runs."""
    allowed = {
        span for block in _run_time_settings(scope) for span in block
    }  # spans of templates that a target admits
    for use, name in scope.used_names:
        if use.role not in ("setting", "var", "default") or use.expression.span in allowed:
            continue
        found = scope.look_up(name)
        if use.role == "var" or isinstance(found, StepOutput | RunField | ParameterDef):
            what = {"var": "a variable", "default": "a default"}.get(use.role, "this setting")
            message = f"{what} is fixed at compile time and cannot read `{name}`"
            help = "use a variable: `${{ vars.NAME }}`" if use.role != "var" else "write the value"
            yield Diagnostic("E408", message, name.span, help)


def _run_time_settings(scope: Scope) -> Iterator[list[Span]]:
    blocks = [*scope.definition.targets.items()]
    for step in scope.definition.steps:
        blocks += step.targets.items()
    for target, tree in blocks:
        for key, leaf in tree.value.items() if isinstance(tree.value, Mapping) else ():
            if key in scope.run_time.get(target, ()):
                found = [leaf]
                spans = []
                while found:
                    value = found.pop().value
                    if isinstance(value, Template):
                        if _reads_parameters_only(value, scope):
                            spans.append(value.span)
                    elif isinstance(value, tuple):
                        found.extend(value)
                    elif isinstance(value, Mapping):
                        found.extend(value.values())
                yield spans


def _reads_parameters_only(template: Template, scope: Scope) -> bool:
    parts = [part for part in template.parts if isinstance(part, Name)]
    return all(isinstance(scope.look_up(part), ParameterDef | VarValue | Missing) for part in parts)


def bad_constraint(scope: Scope) -> Iterator[Diagnostic]:
    """E409: a parameter's limits make no sense for its type."""
    for parameter in scope.definition.parameters:
        type_name = types.canonical(parameter.type.text)
        if type_name is None:
            continue
        for name, datum in parameter.constraints.items():
            reason = spec.constraint_problem(name, datum.value, type_name)
            if reason is not None:
                yield Diagnostic("E409", f"`{name}` {reason}", datum.span)
        found = limits(parameter)
        if "minimum" in found and "maximum" in found and found["minimum"] > found["maximum"]:
            span = parameter.constraints["minimum"].span
            yield Diagnostic("E409", "`minimum` is above `maximum`", span, "swap them")


def bad_setting(scope: Scope) -> Iterator[Diagnostic]:
    """E410: a duration, size, count or cause in `resources`, `cache` or `retry` is not one."""
    blocks = [*scope.definition.defaults.items()]
    for step in scope.definition.steps:
        blocks += step.settings.items()
    for key, tree in blocks:
        yield from settings.problems(key, tree, scope)


def number_in_text(scope: Scope) -> Iterator[Diagnostic]:
    """W401: a Float or Boolean is joined into an input's text; its spelling differs by target."""
    for use, part in joined(scope):
        found = scope.type_of(part)
        constant = isinstance(scope.look_up(part), VarValue)
        if use.role == "input" and found in ("Float", "Boolean") and not constant:
            message = f"the text of `{part}` ({found}) is spelt differently by each target"
            help = "pass it as an input of its own type"
            yield Diagnostic("W401", message, part.span, help)
