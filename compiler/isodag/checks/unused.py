"""W201 to W205, E417: what is declared and never read, and what defeats a cache."""

from __future__ import annotations

from collections.abc import Iterator

from isodag import gates, ir, settings
from isodag.called import Called
from isodag.component import Component
from isodag.diagnostics import Diagnostic, Related
from isodag.frontend.syntax import ConditionDef, Datum, StepDef
from isodag.scope import RunField, Scope


def _read(scope: Scope, root: str) -> set[str]:
    used = {
        name.path[1] for _, name in scope.used_names if name.path[0] == root and len(name.path) > 1
    }
    return used | {name.split(".")[1] for name in scope.definition.written if name.startswith(root)}


def unused_parameter(scope: Scope) -> Iterator[Diagnostic]:
    """W201: nothing reads a parameter."""
    read = _read(scope, "parameters")
    for parameter in scope.definition.parameters:
        if parameter.name.text not in read:
            message = f"nothing reads parameter `{parameter.name.text}`"
            help = f"remove it, or use ${{{{ parameters.{parameter.name.text} }}}}"
            yield Diagnostic("W201", message, parameter.name.span, help)


def unused_variable(scope: Scope) -> Iterator[Diagnostic]:
    """W202: nothing reads a variable."""
    read = _read(scope, "vars")
    for var in scope.definition.vars:
        if var.name.text not in read:
            message = f"nothing reads variable `{var.name.text}`"
            yield Diagnostic("W202", message, var.name.span, "remove it")


def unused_condition(scope: Scope) -> Iterator[Diagnostic]:
    """W203: no step stands behind a condition."""
    read = {
        name.path[0]
        for _, name in scope.used_names
        if isinstance(scope.look_up(name), ConditionDef)
    }
    for condition in scope.definition.conditions:
        if condition.name.text not in read:
            message = f"no step stands behind condition `{condition.name.text}`"
            help = f"remove it, or add `when: {condition.name.text}` to a step"
            yield Diagnostic("W203", message, condition.name.span, help)


def unread_step(scope: Scope) -> Iterator[Diagnostic]:
    """W205: nothing reads an output of a step."""
    read = _read(scope, "steps")
    read |= {word.text for step in scope.definition.steps for word in step.after}
    for step in scope.definition.steps:
        if step.pick is not None and step.name.text not in read and step.when is None:
            yield _unread(step, next(iter(scope.outputs(step) or ()), "NAME"))
        component = scope.component(step)
        if component is None or step.name.text in read or not _works_for_others(component):
            continue
        if step.foreach is not None or step.when is not None or step.last:
            continue  # not all that it makes can be read (E219, E228, and E603 of the pipeline)
        waits = any(True for _ in gates.upstream(step, scope))
        if not scope.definition.outputs and (waits or len(scope.steps) == 1):
            continue  # the artifacts of the last steps are the result
        hidden = component.hidden if isinstance(component, Called) else ()
        yield _unread(step, next(o.name for o in component.outputs if o.name not in hidden))


def _unread(step: StepDef, output: str) -> Diagnostic:
    name = step.name.text
    message = f"nothing reads an output of step `{name}`"
    help = f"remove it, or read one, as ${{{{ steps.{name}.outputs.{output} }}}}"
    return Diagnostic("W205", message, step.name.span, help)


def _works_for_others(component: Component) -> bool:
    """Whether a component has outputs, and neither changes the world nor makes pages for people."""
    if isinstance(component, Called):
        nodes = component.pipeline.tasks
        steps = [node.component for node in nodes if isinstance(node, ir.Task)]
        read = {output.name for output in component.outputs} - set(component.hidden)
        return bool(read) and len(steps) == len(nodes) and all(map(_works_for_others, steps))
    kinds = {output.type for output in component.outputs}
    native = {step.kind for step in component.binding.steps} if component.binding else set()
    acts = component.side_effects or not native <= {"Processing", "Training", "Tuning", "AutoML"}
    return bool(kinds) and not acts and not kinds & set(_FOR_PEOPLE)


_FOR_PEOPLE = ("HTML", "Markdown", "Metrics", "ClassificationMetrics")


def run_fact_in_cached_step(scope: Scope) -> Iterator[Diagnostic]:
    """W204: a cached step reads a fact about the run, so it never finds an earlier result."""
    for use, name in scope.used_names:
        if use.step is None or use.role not in ("input", "environment"):
            continue
        found = scope.look_up(name)
        if not isinstance(found, RunField) or found.name == "pipeline":
            continue  # the pipeline's name is the same in every run
        component = scope.component(use.step)
        if component is not None and (component.side_effects or isinstance(component, Called)):
            continue  # never cached, whatever `defaults:` say; a pipeline's steps have their own
        tree = settings.effective(use.step, scope, "cache")
        if tree is not None and not isinstance(tree.value, Datum):
            step = use.step.name.text
            message = f"`{name}` changes with every run, so step `{step}` is never cached"
            yield Diagnostic("W204", message, name.span, "remove `cache:` or the fact")


def cached_side_effects(scope: Scope) -> Iterator[Diagnostic]:
    """E417: a step says `cache:`, but its component changes the world and is never cached."""
    for step in scope.definition.steps:
        component = scope.component(step)
        if component is not None and component.side_effects and "cache" in step.settings:
            message = f"step `{step.name.text}` is never cached: {component.name} changes the world"
            help = "remove `cache:`; under `defaults:` it is for the other steps"
            related = (Related(f"{component.name} says so by `side_effects`", component.span),)
            yield Diagnostic("E417", message, step.keys["cache"], help, related)
