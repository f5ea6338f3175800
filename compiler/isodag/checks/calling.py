"""E231 to E236: pipelines used as components."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from isodag import ir, types
from isodag.called import Called, Hidden, in_conditions, in_loops, in_settings
from isodag.checks.typing import admit, constant_of
from isodag.diagnostics import Diagnostic, Related
from isodag.expressions import Name, Template
from isodag.frontend import schema
from isodag.frontend.syntax import Datum, Entry, StepDef
from isodag.inline import decided
from isodag.runtime.values import BadValue
from isodag.scope import MAX_COPIES, MAX_ITEMS, RunField, Scope, StepOutput, names_in
from isodag.source import Span


def calls(scope: Scope) -> Iterator[tuple[StepDef, Called]]:
    """The steps that call a pipeline."""
    for step in scope.definition.steps:
        component = scope.component(step)
        if step.component is not None and isinstance(component, Called):
            yield step, component


def too_many_steps(scope: Scope) -> Iterator[Diagnostic]:
    """E231: calls of pipelines nest too deep, or stand for too many steps."""
    total = 0
    for step, component in calls(scope):
        items = scope.items(step.foreach) if step.foreach is not None else None
        before, total = total, total + component.weight * len(items or (None,))
        if step.component is not None and before <= MAX_COPIES < total:
            message = f"calls stand for more than {MAX_COPIES} steps from here on"
            yield Diagnostic("E231", message, step.component.span, "split the definition")


def hidden_output(scope: Scope) -> Iterator[Diagnostic]:
    """E232: an output of a called pipeline is not what a step gives in every run."""
    for _, name in scope.used_names:
        step = scope.steps.get(name.path[1]) if name.path[0] == "steps" and name.path[1:] else None
        if step is not None and step.pick is not None:
            step = scope.steps.get(step.pick.source.text)
        component = scope.component(step) if step is not None else None
        if step is None or not isinstance(component, Called) or len(name.path) != 4:
            continue
        found = component.hidden.get(name.path[3])
        if found is None:
            continue
        known = decided(component, _constants(step, component, scope))
        behind = ir.branches(component.pipeline.task(found.step)) if found.step else ()
        if not behind or any(known.get(side.gate) is not side.taken for side in behind):
            yield _hidden(name, found, component)


def _constants(step: StepDef, component: Called, scope: Scope) -> dict[str, ir.Argument]:
    """The parameters of a called pipeline that are known, by what a call gives or by default."""
    found = {}
    for parameter in component.pipeline.parameters:
        entry = step.entry(parameter.name)
        given = constant_of(entry.value, scope) if entry is not None else None
        known = given is not None if entry is not None else parameter.has_default
        value = given.value if given is not None else parameter.default
        if known and types.is_parameter(parameter.type):
            try:
                constant = ir.Constant(admit(parameter.type, value), parameter.type)
            except BadValue:
                continue  # E401 tells
            found[parameter.name] = ir.Argument(parameter.name, constant, True, parameter.span)
    return found


def _hidden(name: Name, found: Hidden, component: Called) -> Diagnostic:
    output, file = name.path[3], f"`{component.name}`"
    if not found.gate:
        message = f"output `{output}` of {file} is not what a step in it gives"
        help = "read what it is made of instead"
        return Diagnostic(
            "E232", message, name.spans[3], help, (Related("it is made here", found.span),)
        )
    message = f"output `{output}` of {file} is there only when `{found.gate}`"
    help = f"write what needs it into {file}, or let a step that always runs give it"
    related = (Related(f"`{found.step}`, which gives it, stands behind this", found.span),)
    return Diagnostic("E232", message, name.spans[3], help, related)


def after_gated(scope: Scope) -> Iterator[Diagnostic]:
    """E233: a step waits for a pipeline some of whose steps may not run."""
    for step in scope.definition.steps:
        for word in step.after:
            waited = scope.steps.get(word.text)
            component = scope.component(waited) if waited is not None else None
            if waited is None or not isinstance(component, Called):
                continue
            gate = _gate(component, decided(component, _constants(waited, component, scope)))
            if gate is not None:
                message = f"`{word.text}` has steps that run only when `{gate.text}`"
                help = f"read an output of `{word.text}`: `after` waits for all its steps"
                related = (Related("they stand behind this condition", gate.span),)
                yield Diagnostic("E233", message, word.span, help, related)


def _gate(component: Called, known: Mapping[str, bool]) -> ir.Gate | None:
    """A condition that decides in a run whether a step of a pipeline runs.

    Steps that end the run are left aside: they are nothing to wait for.
    """
    for node in component.pipeline.tasks:
        behind = ir.branches(node) if not isinstance(node, ir.Failure) else ()
        if any(known.get(side.gate, side.taken) is not side.taken for side in behind):
            continue  # never runs
        for side in behind:
            if side.gate not in known:
                return component.pipeline.gate(side.gate)
    return None


def setting_on_call(scope: Scope) -> Iterator[Diagnostic]:
    """E234: a step that calls a pipeline has settings, which belong to the steps in it."""
    for step, component in calls(scope):
        for key in ("secret_env", *(item.name for item in schema.SETTINGS), "targets"):
            if key in step.keys:
                message = f"a step that calls a pipeline takes no `{key}`"
                help = f"write it in `{component.name}`, on the steps or under `defaults:`"
                if key == "targets":
                    help = f"write it on the steps in `{component.name}`"
                elif key == "secret_env":
                    help = (f"give `{component.name}` a parameter of type Secret, and write "
                            "`secret_env` on the step that reads it")  # fmt: skip
                yield Diagnostic("E234", message, step.keys[key], help)


def unfit_argument(scope: Scope) -> Iterator[Diagnostic]:
    """E235: a parameter of a called pipeline gets what cannot stand where it is read."""
    for step, component in calls(scope):
        graph = component.pipeline
        asked, set_, loops = in_conditions(graph), in_settings(graph), in_loops(graph)
        for entry in step.inputs:
            name, value = entry.name.text, entry.value
            if name in asked and (found := _no_operand(value, scope)):
                yield _unfit(f"a condition of `{component.name}`", entry, *found, asked[name])
            elif name in set_ and (found := _no_setting(value, scope)):
                yield _unfit(f"a setting in `{component.name}`", entry, *found, set_[name])
            elif name in loops and (given := constant_of(value, scope)) is not None:
                type_name, place = loops[name]
                yield from _no_list(given, type_name, component, place)


def _unfit(where: str, entry: Entry, what: str, span: Span, place: Span) -> Diagnostic:
    message = f"{where} reads `{entry.name.text}`: it cannot be {what}"
    help = "give it a parameter, a variable or the value itself"
    return Diagnostic("E235", message, span, help, (Related("it is read here", place),))


def _no_operand(value: Datum | Template, scope: Scope) -> tuple[str, Span] | None:
    """What a condition does not take in a value, and where."""
    if isinstance(value, Datum) or constant_of(value, scope) is not None:
        return None
    for name in names_in(value):
        if isinstance(scope.look_up(name), RunField):
            return "a fact about the run", name.span
    return ("joined text", value.span) if value.parts and value.whole is None else None


def _no_setting(value: Datum | Template, scope: Scope) -> tuple[str, Span] | None:
    """What is known only when the pipeline runs, and where."""
    for name in names_in(value) if isinstance(value, Template) else ():
        found = scope.look_up(name)
        if isinstance(found, RunField):
            return "a fact about the run", name.span
        if isinstance(found, StepOutput):
            return "an output of a step", name.span
    return None


def _no_list(given: Datum, type_name: str, component: Called, place: Span) -> Iterator[Diagnostic]:
    """What keeps a list from being repeated over; that it is one is told elsewhere."""
    if not isinstance(given.value, list):
        return
    related = (Related("it is repeated over here", place),)
    if not 1 <= len(given.value) <= MAX_ITEMS:
        message = f"`{component.name}` repeats a step for each of {len(given.value)} values"
        yield Diagnostic("E235", message, given.span, f"give 1 to {MAX_ITEMS}", related)
        return
    for item in given.value:
        try:
            admit(type_name, item)
        except BadValue as error:
            message = f"`{component.name}` repeats a step for items of type {type_name}: {error}"
            yield Diagnostic("E235", message, given.span, None, related)
            return


def called_and_finally(scope: Scope) -> Iterator[Diagnostic]:
    """E236: `finally` steps and called pipelines are brought together."""
    for step, component in calls(scope):
        assert step.component is not None
        if step.last:
            message = f"a `finally` step runs one component, and `{component.name}` is a pipeline"
            yield Diagnostic("E236", message, step.component.span, "write its steps here")
        elif component.pipeline.last:
            first = component.pipeline.last[0]
            message = f"`{component.name}` has `finally` steps, which only a whole run has"
            help = "move them to the `finally:` of the file that is run"
            related = (Related(f"`{first.name}` stands under `finally:`", first.span),)
            yield Diagnostic("E236", message, step.component.span, help, related)
