"""E401 to E403, E406: values and their types."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from isodag import spec_limits, types, unroll
from isodag.checks import forgotten
from isodag.component import Input
from isodag.diagnostics import Diagnostic, Related, did_you_mean, suggest
from isodag.expressions import Name, Template
from isodag.frontend import remedies
from isodag.frontend.syntax import ConditionDef, Datum, Entry, ParameterDef, StepDef
from isodag.runtime import patterns, values
from isodag.scope import EachValue, Scope, StepOutput, VarValue, names_in
from isodag.source import Span

_OCTAL = re.compile(r"[-+]?0[0-7]+")


def constant_of(value: Datum | Template | None, scope: Scope) -> Datum | None:
    """A value known at compile time: a literal, a variable, or text joined from variables."""
    if value is None or isinstance(value, Datum):
        return value
    known: list[Any] = []
    for part in value.parts:
        found = scope.look_up(part) if isinstance(part, Name) else None
        if isinstance(part, str):
            known.append(part)
        elif isinstance(found, VarValue):
            known.append(found.value)
        else:
            return None
    if isinstance(value.whole, Name):
        held = scope.vars.get(value.whole.path[1]) if value.whole.path[0] == "vars" else None
        text = held.text if isinstance(held, Datum) else ""
        return Datum(known[0], value.whole.span, text)
    if not known or any(isinstance(item, dict | list | None) for item in known):
        return None
    return Datum("".join(values.render(item) for item in known), value.span)


def inputs_given(scope: Scope) -> Iterator[tuple[StepDef, Entry, Input]]:
    """Every input of every step with the port it goes to; of a repeated step, that of each copy."""
    for step in scope.definition.steps:
        component = scope.component(step)
        for entry in step.inputs if component is not None else ():
            port = component.input(entry.name.text) if component is not None else None
            if port is not None and port.type != types.SECRET:  # else E411 and E412 tell
                for value in unroll.variants(entry.value, scope):
                    yield step, Entry(entry.name, value), port


def ends(value: Datum | Template, port: Input, scope: Scope) -> tuple[Related, ...]:
    """Both ends of a value's way into an input: where its name is declared, and the input."""
    found = []
    name = value.whole if isinstance(value, Template) else None
    referent = scope.look_up(name) if isinstance(name, Name) else None
    if isinstance(referent, ParameterDef):
        word = referent.name
        found.append(Related(f"parameter `{word.text}` is declared here", word.span))
    elif isinstance(referent, StepOutput):
        component = scope.component(scope.steps[referent.step])
        output = component.output(referent.output) if component is not None else None
        if output is not None:
            found.append(Related(f"output `{output.name}` is declared here", output.span))
    elif isinstance(referent, VarValue) and isinstance(name, Name):
        word = next(var.name for var in scope.definition.vars if var.name.text == name.path[1])
        found.append(Related(f"variable `{word.text}` is declared here", word.span))
    return (*found, Related(f"input `{port.name}` is declared here", port.span))


def wrong_literal(scope: Scope) -> Iterator[Diagnostic]:
    """E401: a literal, default or variable is not of the type that is due."""
    for parameter in scope.definition.parameters:
        type_name = types.declared(parameter.type.text)
        given = constant_of(parameter.default, scope)
        if type_name and given is not None and not forgotten.forgot(given.value, scope):
            where = f"the default of `{parameter.name.text}`"
            yield from _admitted(where, type_name, given, ())
    told: set[Span] = set()
    for step, entry, port in inputs_given(scope):
        if said_otherwise(step, entry, port, scope) is not None:
            continue  # E402 tells
        given = constant_of(entry.value, scope)
        if given is not None and not forgotten.forgot(given.value, scope):  # else E414 tells
            related = ends(entry.value, port, scope)
            place = _where_read(step, entry, given, port, scope)
            if place is not None:
                related = (Related("its first value stands here", given.span), *related)
                given = Datum(given.value, place, "")
            if place not in told:
                yield from _admitted(f"input `{port.name}`", port.type, given, related)
            told |= {place} if place is not None else set()


def said_otherwise(step: StepDef, entry: Entry, port: Input, scope: Scope) -> Name | None:
    """The loop variable that an input gets, where its `type:` is none that the input takes."""
    written = step.entry(entry.name.text)
    name = written.value.whole if written and isinstance(written.value, Template) else None
    if step.foreach is None or step.foreach.type is None or not isinstance(name, Name):
        return None
    each = scope.look_up(name)
    wrong = isinstance(each, EachValue) and not types.accepts(port.type, each.type)
    return name if wrong else None


def _where_read(
    step: StepDef, entry: Entry, given: Datum, port: Input, scope: Scope
) -> Span | None:
    """Where a loop variable is read whose values all are of a type that the input does not take.

    None for any other value, and for numbers in quotes, which are wrong where they stand.
    """
    if step.foreach is None:
        return None
    written = next(item.value for item in step.inputs if item.name == entry.name)
    name = written.whole if isinstance(written, Template) else None
    if not isinstance(name, Name) or not isinstance(scope.look_up(name), EachValue):
        return None
    found = scope.type_of(name)
    if found is None or types.accepts(port.type, found):
        return None
    return None if remedies.literal(port.type, given.value, given.text) else name.span


def _admitted(
    where: str, type_name: str, given: Datum, related: tuple[Related, ...]
) -> Iterator[Diagnostic]:
    try:
        admit(type_name, given.value)
    except values.BadValue as error:
        help = remedies.literal(type_name, given.value, given.text)
        found = values.kind(given.value)
        message = f"{where} must be of type {type_name}, not {found}"
        if given.value is None:
            message = f"{where} has no value"
        elif found == type_name or (found, type_name) == ("Integer", "Float"):
            message = f"{where}: {error}"
        elif not types.is_parameter(type_name):
            message = f"{where} must be the place of {types.one(type_name)}, not {found}"
            help = "write a URI or a path, as text"
        yield Diagnostic("E401", message, given.span, help, related)
        return
    eight = _OCTAL.fullmatch(given.text) if type(given.value) is int else None
    if eight is not None and int(eight[0], 8) != given.value:
        read = f"{int(eight[0], 8)} in YAML 1.1 and {given.value} in 1.2"
        message = f"{where}: `{given.text}` is {read}"
        yield Diagnostic("E401", message, given.span, f"write {given.value}", related)


def admit(type_name: str, value: Any) -> Any:
    """The value as its type holds it; an artifact's is its URI or path.  Raises BadValue."""
    if types.is_parameter(type_name):
        admitted = values.admit(type_name, value)
        if isinstance(value, dict | list) and not _finite(value):
            raise values.BadValue("JSON has no infinity, and nothing that is not a number")
        return admitted
    if not isinstance(value, str) or not value:
        raise values.BadValue(
            f"{values.kind(value)} where the place of {types.one(type_name)} is due"
        )
    return value


def _finite(data: Any) -> bool:
    if isinstance(data, dict | list):
        return all(map(_finite, data.values() if isinstance(data, dict) else data))
    return not isinstance(data, float) or math.isfinite(data)


def wrong_wire(scope: Scope) -> Iterator[Diagnostic]:
    """E402: a parameter or output flows into an input of another type."""
    for step, entry, port in inputs_given(scope):
        if (name := said_otherwise(step, entry, port, scope)) is not None:
            given = scope.type_of(name)
            message = f"`{name}` is of type {given}, but input `{port.name}` takes {port.type}"
            help = "only Integer widens to Float, and an artifact kind to Artifact"
            yield Diagnostic("E402", message, name.span, help, ends(entry.value, port, scope))
            continue
        if not isinstance(entry.value, Template) or constant_of(entry.value, scope) is not None:
            continue
        whole = entry.value.whole
        if not entry.value.parts or _reads_itself(step, whole, scope):
            continue
        if whole is None:
            if any(scope.type_of(p) in types.ARTIFACT_TYPES for p in names_in(entry.value)):
                continue  # E407 tells
            given = "String"
            span, shown = entry.value.span, "joined text"
        else:
            if not isinstance(whole, Name) or isinstance(scope.look_up(whole), ConditionDef):
                continue
            given, span, shown = scope.type_of(whole), whole.span, f"`{whole}`"
        if given is None or types.accepts(port.type, given):
            continue
        message = f"{shown} is of type {given}, but input `{port.name}` takes {port.type}"
        help = _way_across(port.type, given, entry.value, scope)
        related = ends(entry.value, port, scope)
        yield Diagnostic("E402", message, span, help, related)


def _reads_itself(step: StepDef, whole: object, scope: Scope) -> bool:
    """Whether a step reads its own output, which E211 tells."""
    found = scope.look_up(whole) if isinstance(whole, Name) else None
    return isinstance(found, StepOutput) and found.step == step.name.text


def _way_across(wanted: str, given: str, value: Template, scope: Scope) -> str:
    if types.is_parameter(wanted) and not types.is_parameter(given):
        return "an artifact is passed by place: a component must read the value out of it"
    if types.is_parameter(given) and not types.is_parameter(wanted):
        if isinstance(value.whole, Name) and isinstance(scope.look_up(value.whole), StepOutput):
            return "read an output that is an artifact"
        return f"declare a parameter of type {wanted}: its value is a URI or path"
    return "only Integer widens to Float, and an artifact kind to Artifact"


def broken_constraint(scope: Scope) -> Iterator[Diagnostic]:
    """E403: a value lies outside its minimum, maximum, enum or pattern."""
    kept = [item for item in (*_defaults(scope), *_literals(scope), *_passed_on(scope))
            if item[3] and not forgotten.forgot(item[2].value, scope)]  # E414 tells  # fmt: skip
    work = patterns.share(sum("pattern" in item[3] for item in kept))
    told: set[tuple[str, Span]] = set()
    for where, type_name, given, constraints, related in kept:
        for found in _kept(where, type_name, given, constraints, related, work):
            if (found.message, found.span) not in told:  # one value may be read in many places
                told.add((found.message, found.span))
                yield found


_Limited = tuple[str, str, Datum, Mapping[str, Any], tuple[Related, ...]]


def _defaults(scope: Scope) -> Iterator[_Limited]:
    """Every parameter's default with the parameter's limits: where, type, value, limits."""
    for parameter in scope.definition.parameters:
        given = constant_of(parameter.default, scope)
        if given is not None:
            where = f"the default of `{parameter.name.text}`"
            type_name = types.declared(parameter.type.text) or ""
            found = limits(parameter)
            if found.get("minimum", -math.inf) > found.get("maximum", math.inf):
                continue  # E409 tells
            yield where, type_name, given, found, ()


def _literals(scope: Scope) -> Iterator[_Limited]:
    """Every constant that an input is given, with the input's limits, and where those stand."""
    for _, entry, port in inputs_given(scope):
        given = constant_of(entry.value, scope)
        if given is not None:
            related = ends(entry.value, port, scope)
            name = entry.value.whole if isinstance(entry.value, Template) else None
            read = isinstance(name, Name) and isinstance(scope.look_up(name), VarValue)
            held = scope.vars[name.path[1]] if isinstance(name, Name) and read else None
            if isinstance(held, Datum):
                # the value is what is wrong, wherever it is read
                related = (Related("it is read here", given.span), *related[-1:])
                given = held
            yield f"input `{port.name}`", port.type, given, port.constraints, related


def _passed_on(scope: Scope) -> Iterator[_Limited]:
    """Every default that a parameter within its own limits hands to an input, with the input's."""
    for _, entry, port in inputs_given(scope):
        name = entry.value.whole if isinstance(entry.value, Template) else None
        parameter = scope.look_up(name) if isinstance(name, Name) else None
        if name is None or not isinstance(parameter, ParameterDef) or not port.constraints:
            continue
        given, own = constant_of(parameter.default, scope), limits(parameter)
        own.pop("pattern", None)  # costly, and both ends seldom have one
        if given is None or parameter.type.text != port.type:
            continue
        if values.violation(given.value, own) is None:  # else told of the default itself
            where = f"the default of `{parameter.name.text}`"
            related = (Related("it is read here", name.span), *ends(given, port, scope))
            yield where, port.type, given, port.constraints, related


def limits(parameter: ParameterDef) -> dict[str, Any]:
    """The constraints of a parameter that make sense for its type."""
    type_name = types.declared(parameter.type.text) or ""
    return {
        name: datum.value
        for name, datum in parameter.constraints.items()
        if spec_limits.problem(name, datum.value, type_name) is None
    }


def _kept(
    where: str, type_name: str, given: Datum, constraints: Mapping[str, Any],
    related: tuple[Related, ...], work: int,
) -> Iterator[Diagnostic]:  # fmt: skip
    try:
        value = admit(type_name, given.value)
    except values.BadValue:
        return
    if type(given.value) is int:
        value = given.value  # as written: a Float shows 2 as 2.0
    if reason := values.violation(value, constraints, work):
        near = None
        if "enum" in constraints and isinstance(value, str):
            near = suggest(value, [str(item) for item in constraints["enum"]])
        help = f"did you mean `{near}`?" if near else None
        if isinstance(value, str) and remedies.foreign_expression(value):
            help = "an expression is written ${{ … }}"
        yield Diagnostic("E403", f"{where}: {reason}", given.span, help, related)


def unknown_type(scope: Scope) -> Iterator[Diagnostic]:
    """E406: a parameter is of a type that does not exist."""
    for parameter in scope.definition.parameters:
        word = parameter.type
        missing = word.span == parameter.name.span  # E109 tells
        if word.text not in types.DECLARABLE and not missing:
            near = types.SECRET if word.text.lower() == "secret" else types.near(word.text)
            help = f"write `{near}`" if near else did_you_mean(word.text, types.DECLARABLE, "type")
            yield Diagnostic("E406", f"`{word.text}` is not a type", word.span, help)
