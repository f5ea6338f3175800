"""`foreach:` and `pick:` as the IR holds them."""

from __future__ import annotations

from isodag import ir
from isodag.frontend.syntax import PickDef, StepDef
from isodag.lower_values import collected, value_of
from isodag.scope import Scope, StepOutput
from isodag.scope_each import datum


def group(step: StepDef, scope: Scope) -> ir.Group:
    """What a repeated step is a member of."""
    foreach, name = step.foreach, step.name.text
    assert foreach is not None, "only a repeated step makes a group"
    listed = scope.items(foreach)
    if listed is not None:
        items: tuple[object, ...] | ir.Value = tuple(datum(item).value for item in listed)
    else:
        assert foreach.source is not None, "the rules let no step without a list pass"
        items = value_of(foreach.source, "JsonArray", scope)
    type_name = scope.item_type(name) or "JsonObject"
    loop = ir.Loop(foreach.var.text, items, type_name, foreach.span)
    return ir.Group(name, loop, step.name.span)


def pick(
    step: StepDef, written: PickDef, path: ir.Path, after: tuple[str, ...], scope: Scope
) -> ir.Pick:
    """The step that takes the best repetition; of its outputs those that somebody reads."""
    assert written.by is not None, "the rules let no `pick` pass that does not say by what"
    source, by = written.source.text, scope.look_up(written.by)
    assert isinstance(by, StepOutput), "the rules let no `pick` pass by something else"
    foreach = scope.steps[source].foreach
    component = scope.component(scope.steps[source])
    takes = []
    for name in sorted(scope.outputs_read.get(step.name.text, ())):
        output = component.output(name) if component is not None else None
        if output is not None:
            takes.append((name, collected(source, name, output.type)))
        elif foreach is not None and name == foreach.var.text:
            each = ir.EachRef(source, "", scope.item_type(source) or "String")
            takes.append((name, ir.Collected(source, each, "JsonArray")))
    return ir.Pick(
        name=step.name.text,
        by=collected(source, by.output, by.item),
        highest=written.highest,
        takes=tuple(takes),
        when=path,
        after=after,
        span=step.name.span,
    )
