"""A checked definition to the IR: names resolved, defaults filled in, gates in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from isodag import ir, ir_groups, lower_loops, lower_paths, settings, unroll
from isodag.checks.typing import admit, constant_of, limits
from isodag.component import Component
from isodag.expressions import Template
from isodag.frontend.syntax import Datum, ParameterDef, StepDef, Tree
from isodag.ir import Constant, Gate
from isodag.lower_values import predicate_of, value_of
from isodag.scope import Scope, templates
from isodag.scope_each import datum
from isodag.source import Span


def lower(scope: Scope) -> ir.Pipeline:
    """The IR of a definition that the rules found no error in."""
    definition = scope.definition
    places = lower_paths.places(scope)
    used = {branch.gate for path in places.behind.values() for branch in path}
    used |= set(places.chosen.values())
    named = [
        Gate(
            item.name.text,
            predicate_of(item.expression, scope),
            item.text,
            item.span,
            item.name.span,
        )
        for item in definition.conditions
        if item.name.text in used and item.expression is not None
    ]
    inline = [gate for gate in places.own if gate.name in used]
    steps = [scope.steps[name] for name in places.order]
    pipeline = ir.Pipeline(
        name=definition.name.text,
        description=definition.description,
        parameters=tuple(
            _parameter(scope.parameters[name], scope) for name in sorted(scope.parameters)
        ),
        gates=tuple(sorted([*named, *inline], key=lambda gate: gate.name)),
        tasks=tuple(_node(step, places.path(step), scope) for step in steps),
        outputs=tuple(
            ir.PipelineOutput(item.name.text, value_of(item.value, None, scope), item.name.span)
            for item in sorted(definition.outputs, key=lambda item: item.name.text)
        ),
        targets={name: _tree(tree, scope) for name, tree in sorted(definition.targets.items())},
        span=definition.name.span,
        groups=tuple(
            lower_loops.group(scope.steps[name], scope)
            for name in sorted(places.order)
            if scope.steps[name].foreach is not None
        ),
        last=tuple(
            task
            for name in sorted(scope.steps)
            if scope.steps[name].last
            and isinstance(task := _node(scope.steps[name], (), scope), ir.Task)
        ),
        tags=settings.tags(definition.defaults.get("tags"), scope),
    )
    return _each_with_its_settings(pipeline, scope)


def _each_with_its_settings(pipeline: ir.Pipeline, scope: Scope) -> ir.Pipeline:
    """The pipeline with those repeated steps written out whose settings read the loop variable."""
    for step in scope.definition.steps:
        items = scope.items(step.foreach) if step.foreach is not None else None
        if items is None or not any(map(unroll.reads_each, _settings_of(step))):
            continue
        name = step.name.text
        own = [_settings(unroll.with_settings(step, at, scope), scope) for at in range(len(items))]
        pipeline = ir_groups.repeat(pipeline, name, [datum(item).value for item in items])
        tasks = tuple(
            replace(node, **own[node.repetition.index])
            if isinstance(node, ir.Task) and node.repetition and node.repetition.step == name
            else node
            for node in pipeline.tasks
        )
        pipeline = replace(pipeline, tasks=tasks)
    return pipeline


def _settings_of(step: StepDef) -> Iterator[Template]:
    """Every expression in the settings of a step, its environment left out."""
    for key, tree in (*step.settings.items(), *step.targets.items()):
        if key != "environment":
            yield from templates(tree)


# --- nodes -----------------------------------------------------------------------------------


def _parameter(parameter: ParameterDef, scope: Scope) -> ir.Parameter:
    default = constant_of(parameter.default, scope)
    type_name = parameter.type.text
    return ir.Parameter(
        name=parameter.name.text,
        type=type_name,
        span=parameter.name.span,
        description=parameter.description,
        has_default=default is not None,
        default=admit(type_name, default.value) if default is not None else None,
        constraints=limits(parameter),
        default_span=parameter.default.span if parameter.default is not None else None,
        allowed=parameter.allowed,
    )


def _node(step: StepDef, path: ir.Path, scope: Scope) -> ir.Node:
    name, after = step.name.text, tuple(sorted({word.text for word in step.after}))
    if step.fail is not None:
        message = value_of(step.fail, "String", scope)
        return ir.Failure(name, message, path, after, step.name.span)
    if step.pick is not None:
        return lower_loops.pick(step, step.pick, path, after, scope)
    component = scope.component(step)
    assert component is not None, "the rules let no step without a component pass"
    return ir.Task(
        name=name,
        component=component,
        arguments=_arguments(step, component, scope),
        when=path,
        after=after,
        span=step.name.span,
        secrets=_secrets(step, scope),
        environment=_environment(step, component, scope),
        own={key: step.keys.get(key, tree.span) for key, tree in step.settings.items()},
        description=step.description,
        **_settings(step, scope),
    )


def _settings(step: StepDef, scope: Scope) -> dict[str, Any]:
    """The settings of a step, the pipeline's defaults below them, as a Task's fields."""
    resources, timeout, tags = (
        settings.effective(step, scope, key) for key in ("resources", "timeout", "tags")
    )
    return {
        "resources": settings.resources(resources, scope),
        "cache": settings.cache(settings.effective(step, scope, "cache"), scope),
        "retry": settings.retry(settings.effective(step, scope, "retry"), scope),
        "targets": {key: _tree(tree, scope) for key, tree in sorted(step.targets.items())},
        "timeout": settings.timeout(timeout, scope),
        "tags": settings.tags(tags, scope),
        "asked": {
            **_spans(resources), **_spans(tags, "tags."),
            **({"timeout": timeout.span} if timeout is not None else {}),
        },
    }  # fmt: skip


def _spans(tree: Tree | None, before: str = "") -> dict[str, Span]:
    entries = tree.value if tree is not None else {}
    held = entries.items() if isinstance(entries, Mapping) else ()
    return {before + key: item.span for key, item in held}


def _environment(step: StepDef, component: Component, scope: Scope) -> tuple[ir.Variable, ...]:
    """The variables of a step; of those in `defaults:`, what it or its component has already
    goes."""
    tree = settings.effective(step, scope, "environment")
    written = tree.value if tree is not None else {}
    taken = {entry.name.text for entry in step.secrets}
    taken |= set(component.container.env) if component.container is not None else set()
    own = step.settings["environment"].keys if "environment" in step.settings else {}
    return tuple(
        ir.Variable(
            name, value_of(leaf.value, "String", scope), tree.keys[name], leaf.span, name in own
        )
        for name, leaf in sorted(written.items() if isinstance(written, Mapping) else ())
        if tree is not None and name not in taken and isinstance(leaf.value, Datum | Template)
    )


def _secrets(step: StepDef, scope: Scope) -> tuple[ir.Secret, ...]:
    found = []
    for entry in sorted(step.secrets, key=lambda entry: entry.name.text):
        value = value_of(entry.value, "String", scope)
        assert isinstance(value, Constant | ir.ParameterRef), "the rules let nothing else pass"
        found.append(ir.Secret(entry.name.text, value, entry.name.span, entry.value.span))
    return tuple(found)


def _arguments(step: StepDef, component: Component, scope: Scope) -> tuple[ir.Argument, ...]:
    found = []
    for port in component.inputs:
        entry = step.entry(port.name)
        if entry is not None:
            value = value_of(entry.value, port.type, scope)
            found.append(ir.Argument(port.name, value, True, entry.value.span))
        else:
            default = Constant(port.default, port.type)
            found.append(ir.Argument(port.name, default, False, step.name.span))
    return tuple(found)


def _tree(tree: Tree, scope: Scope) -> ir.Tree:
    if isinstance(tree.value, tuple):
        return ir.Tree(tuple(_tree(item, scope) for item in tree.value), tree.span)
    if isinstance(tree.value, Mapping):
        found = {key: _tree(item, scope) for key, item in tree.value.items()}
        return ir.Tree(found, tree.span, tree.keys)
    return ir.Tree(value_of(tree.value, None, scope), tree.span)
