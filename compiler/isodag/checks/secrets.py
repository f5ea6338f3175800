"""E411, E412: secrets, which a definition refers to and never holds."""

from __future__ import annotations

from collections.abc import Iterator

from isodag import types
from isodag.checks import forgotten, labels
from isodag.checks.typing import constant_of
from isodag.diagnostics import Diagnostic, Related, suggest
from isodag.expressions import Name, Template
from isodag.frontend.syntax import Datum, Entry, ParameterDef
from isodag.runtime import references
from isodag.runtime.values import kind
from isodag.scope import Missing, Scope, Unknown, Use, VarValue, names_in


def secret_elsewhere(scope: Scope) -> Iterator[Diagnostic]:
    """E411: a Secret is read where it would be seen"""
    for use, name in scope.used_names:
        found = scope.look_up(name)
        if not is_secret(found) or not isinstance(found, ParameterDef):
            continue
        whole = isinstance(use.expression, Template) and use.expression.whole is name
        due = use.role == "secret" or _passed_on(use, scope)
        if due and whole:
            continue
        message = f"`{name}` is a Secret: only a step's `secret_env` may read it"
        if due:
            message = f"`{name}` is a Secret, which cannot be joined into text"
        declared = Related(f"parameter `{found.name.text}` is declared here", found.name.span)
        help = _whole(name) if due else _way_in(name)
        yield Diagnostic("E411", message, name.span, help, (declared,))


def _passed_on(use: Use, scope: Scope) -> bool:
    """Whether a value goes to a parameter of a called pipeline that is a Secret too."""
    component = scope.component(use.step) if use.step is not None else None
    port = component.input(use.owner) if component is not None and use.role == "input" else None
    return port is not None and port.type == types.SECRET


def is_secret(found: object) -> bool:
    """Whether what a name means is a parameter of type Secret."""
    return isinstance(found, ParameterDef) and found.type.text == types.SECRET


def _whole(name: Name) -> str:
    return f"give all of it: `${{{{ {name} }}}}`"


def _way_in(name: Name) -> str:
    variable = name.path[1].upper()
    line = f'`secret_env: {{{variable}: "${{{{ {name} }}}}"}}`'
    return f"write {line} in the step; its component then reads the variable `{variable}`"


def bad_secret(scope: Scope) -> Iterator[Diagnostic]:
    """E412: what a Secret or a variable of `secret_env` holds is no reference to a secret"""
    for parameter in scope.definition.parameters:
        given = constant_of(parameter.default, scope) if is_secret(parameter) else None
        if given is not None:
            what = f"the default of `{parameter.name.text}`"
            yield from _reference(what, given, parameter.default, scope)
    for step in scope.definition.steps:
        for entry in step.secrets:
            yield from _name(entry)
        called = scope.component(step)
        passed = [
            entry for entry in step.inputs
            if called and (port := called.input(entry.name.text)) and port.type == types.SECRET
        ]  # fmt: skip
        for entry in (*step.secrets, *passed):
            what = f"`{entry.name.text}`"
            if (given := constant_of(entry.value, scope)) is not None:
                yield from _reference(what, given, entry.value, scope)
            elif isinstance(entry.value, Template):
                yield from _no_secret(what, entry.value, scope)


def _name(entry: Entry) -> Iterator[Diagnostic]:
    """What is wrong with the name of a variable."""
    if (wrong := labels.unfit(entry.name.text)) is not None:
        yield Diagnostic("E412", wrong[0], entry.name.span, wrong[1])


def _reference(
    what: str, given: Datum, written: Datum | Template | None, scope: Scope
) -> Iterator[Diagnostic]:
    """What is wrong with a text that should be a reference; the text itself is not told."""
    whole = written.whole if isinstance(written, Template) else None
    related = _declared(written, scope)
    if isinstance(whole, Name) and isinstance(value := scope.vars[whole.path[1]], Datum):
        given, related = value, (Related(f"{what} reads it here", whole.span),)
    text = given.value
    if forgotten.forgot(text, scope):
        return  # E414 tells
    if not isinstance(text, str):
        found = "nothing" if text is None else types.one(kind(text))
        message = f"{what} must be a reference to a secret, not {found}"
        yield Diagnostic("E412", message, given.span, f"write {references.FORMS}", related)
        return
    try:
        references.read(text)
    except references.BadReference as error:
        scheme, colon, place = text.partition(":")
        near = suggest(scheme, references.SCHEMES) if colon else None
        help = f"write {references.FORMS}"
        if near and near != scheme:
            help = f"did you mean `{near}:`?"
        told = colon and not place and scheme in references.SCHEMES
        conceal = "" if told else text
        yield Diagnostic("E412", f"{what} {error}", given.span, help, related, conceal)


def _declared(written: Datum | Template | None, scope: Scope) -> tuple[Related, ...]:
    """Where the variables that a text is made of stand."""
    names = names_in(written) if isinstance(written, Template) else ()
    used = {name.path[1] for name in names if isinstance(scope.look_up(name), VarValue)}
    return tuple(
        Related(f"variable `{var.name.text}` is declared here", var.name.span)
        for var in scope.definition.vars
        if var.name.text in used
    )


def _no_secret(what: str, value: Template, scope: Scope) -> Iterator[Diagnostic]:
    """What is wrong with an expression in `secret_env` that E411 and naming let pass."""
    for name in names_in(value):
        found = scope.look_up(name)
        if is_secret(found):
            if value.whole is None:
                return
        elif not isinstance(found, VarValue | Missing | Unknown):
            message = f"{what} takes a parameter of type Secret, which `{name}` is not"
            related: tuple[Related, ...] = ()
            help = "declare a parameter with `type: Secret`, whose value is a reference"
            if isinstance(found, ParameterDef):
                if found.type.text not in types.TYPES:
                    return  # E406 tells
                declared = f"parameter `{found.name.text}` is declared here"
                related = (Related(declared, found.type.span),)
                help = "give the parameter `type: Secret`; its value is then a reference"
            yield Diagnostic("E412", message, name.span, help, related)
            return
