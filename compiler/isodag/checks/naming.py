"""E201 to E206: names that mean nothing."""

from __future__ import annotations

from collections.abc import Iterator

from isodag.diagnostics import Diagnostic, Related, did_you_mean, suggest
from isodag.expressions import Name
from isodag.scope import ROOTS, Missing, Scope

_FORMS = {
    "parameters": "parameters.NAME", "vars": "vars.NAME", "steps": "steps.NAME.outputs.NAME",
    "run": "run.id", "each": "each.NAME",
}  # fmt: skip
_COMMON = {
    "params": "parameters", "parameter": "parameters", "inputs": "parameters", "var": "vars",
    "step": "steps", "variables": "vars", "env": "vars", "tasks": "steps", "jobs": "steps",
    "item": "each", "foreach": "each", "loop": "each", "matrix": "each",
}  # fmt: skip


def _missing(scope: Scope, *what: str) -> Iterator[tuple[Name, Missing]]:
    for _, name in scope.used_names:
        found = scope.look_up(name)
        if isinstance(found, Missing) and found.what in what:
            yield name, found


def unknown_step(scope: Scope) -> Iterator[Diagnostic]:
    """E201: a name or `after:` speaks of a step that the pipeline does not have."""
    for name, found in _missing(scope, "step"):
        bare = name.path[1].removeprefix("steps.").partition(".")[0]
        help = did_you_mean(bare, found.known, "step")
        yield Diagnostic("E201", f"there is no step `{name.path[1]}`", name.spans[1], help)
    for step in scope.definition.steps if "steps" not in scope.definition.unread else ():
        alone = step.pick is not None and step.pick.by is None and step.pick.source.text
        for word in (*step.after, *((step.pick.source,) if step.pick and alone else ())):
            if word.text not in scope.steps:
                bare = word.text.removeprefix("steps.").partition(".")[0]
                help = did_you_mean(bare, scope.steps, "step")
                yield Diagnostic("E201", f"there is no step `{word.text}`", word.span, help)


def unknown_parameter(scope: Scope) -> Iterator[Diagnostic]:
    """E202: a name speaks of a parameter that the pipeline does not declare."""
    for name, found in _missing(scope, "parameter"):
        near = suggest(name.path[1], found.known)
        help = f"declare it under `parameters:`, as {name.path[1]}: {{type: String}}"
        if name.path[1] in scope.vars:
            help = f"did you mean `vars.{name.path[1]}`?"
        elif near:
            help = f"did you mean `{near}`?"
        message = f"there is no parameter `{name.path[1]}`"
        yield Diagnostic("E202", message, name.spans[1], help)


def unknown_output(scope: Scope) -> Iterator[Diagnostic]:
    """E203: a step reads an output that its producer does not have."""
    for name, found in _missing(scope, "output"):
        step = scope.steps[name.path[1]]
        component = scope.component(step)
        bare = name.path[3].rpartition(".")[2]
        help = did_you_mean(bare, found.known, "output")
        related: tuple[Related, ...] = ()
        near = suggest(bare, found.known)
        output = component.output(near) if component and near else None
        if component and output:
            said = f"{component.name} {component.version}".rstrip() + f" declares `{output.name}`"
            related = (Related(said, output.span),)
        message = f"step `{name.path[1]}` has no output `{name.path[3]}`"
        yield Diagnostic("E203", message, name.spans[3], help, related)


def unknown_variable(scope: Scope) -> Iterator[Diagnostic]:
    """E204: a name speaks of a variable that `vars:` does not hold."""
    for name, found in _missing(scope, "variable"):
        help = did_you_mean(name.path[1], found.known, "variable")
        if name.path[1] in scope.parameters:
            help = f"did you mean `parameters.{name.path[1]}`?"
        yield Diagnostic("E204", f"there is no variable `{name.path[1]}`", name.spans[1], help)


def unknown_condition(scope: Scope) -> Iterator[Diagnostic]:
    """E205: a bare word that is no named condition."""
    for use, name in scope.used_names:
        found = scope.look_up(name)
        if not isinstance(found, Missing) or found.what != "condition":
            continue
        word = name.path[0]
        noun = "condition" if use.role in ("condition", "when") else "name"
        known = scope.conditions if noun == "condition" else ()
        if near := suggest(word, known):
            help = f"did you mean `{near}`?"
        elif word in scope.steps:
            help = f"name an output of the step: `steps.{word}.outputs.NAME`"
        elif word in ROOTS:
            help = f"say what of them: `{_FORMS[word]}`"
        elif (
            use.step is not None
            and use.step.foreach is not None
            and (near := suggest(word, [use.step.foreach.var.text]))
        ):
            help = f"did you mean `each.{near}`?"
        elif near := suggest(word, [*scope.parameters, *scope.vars]):
            help = f"did you mean `{'parameters' if near in scope.parameters else 'vars'}.{near}`?"
        elif word.lower() in ("true", "false"):
            help = f"write `{word.lower()}`"
        elif noun == "condition":
            help = f"declare it under `conditions:`, or quote text: '{word}'"
        else:
            help = "an expression reads `parameters.…`, `vars.…`, `steps.….outputs.…` or `run.…`"
        yield Diagnostic("E205", f"there is no {noun} `{word}`", name.span, help)


def malformed_name(scope: Scope) -> Iterator[Diagnostic]:
    """E206: a dotted name of a form that the language does not have."""
    for name, found in _missing(scope, "root", "outputs", "path", "run"):
        root = name.path[0]
        span = name.spans[min(found.part, len(name.spans) - 1)]
        if found.what == "root":
            meant = _COMMON.get(root) or suggest(root, found.known)
            help = f"did you mean `{meant}`?" if meant else did_you_mean(root, found.known, "start")
            inner = name.path[-1]
            if inner in scope.parameters and {"parameters", "inputs"} & set(name.path[1:-1]):
                help = f"did you mean `parameters.{inner}`?"  # Azure ML, Argo
            if root in scope.steps:
                rest = ".".join(part for part in name.path[1:] if part != "outputs")
                help = f"did you mean `steps.{root}.outputs.{rest}`?"
            yield Diagnostic("E206", f"names do not start with `{root}`", span, help)
        elif found.what == "outputs":
            output = name.path[-1] if len(name.path) > 2 else "NAME"
            output = "NAME" if output == "outputs" else output
            help = f"write `steps.{name.path[1]}.outputs.{output}`"
            yield Diagnostic("E206", f"`{name}` names no output", span, help)
        elif found.what == "run":
            help = did_you_mean(name.path[1], found.known, "fact")
            yield Diagnostic("E206", f"a run has no `{name.path[1]}`", span, help)
        else:
            help = f"end the name before `{name.path[found.part]}`"
            message = f"nothing can be taken out of `{'.'.join(name.path[: found.part])}`"
            yield Diagnostic("E206", message, span, help)
