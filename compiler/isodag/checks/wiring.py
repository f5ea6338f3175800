"""E209 to E216: which step gets what from which."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from isodag import gates
from isodag.component import Component
from isodag.diagnostics import Diagnostic, Related, did_you_mean, suggest
from isodag.frontend import schema
from isodag.frontend.syntax import StepDef
from isodag.scope import Missing, Scope
from isodag.source import Span

_SHOWN = 5  # places of a circle that are told beside the first


def missing_input(scope: Scope) -> Iterator[Diagnostic]:
    """E209: a step does not give an input that its component needs."""
    for step in scope.definition.steps:
        component = scope.component(step)
        if component is None or step.component is None or "inputs" in step.unread:
            continue
        if step.fail is not None:
            continue  # E212 tells
        given = {entry.name.text for entry in step.inputs}
        given |= set(_meant(step, component).values())  # as E210 tells
        for port in component.inputs:
            if not port.optional and port.name not in given:
                message = f"step `{step.name.text}` does not give `{port.name}` ({port.type})"
                help = f"add `{port.name}:` under `inputs:`"
                related = (Related(f"{component.name} needs it", port.span),)
                yield Diagnostic("E209", message, step.component.span, help, related)


def _meant(step: StepDef, component: Component) -> dict[str, str]:
    """By name of an unknown input, the one it stands for: a near name, or the only one missing."""
    known = [port.name for port in component.inputs]
    given = {entry.name.text for entry in step.inputs}
    near = {name: suggest(name, known) for name in given - set(known)}
    found = {name: port for name, port in near.items() if port is not None}
    missing = [port.name for port in component.inputs
               if not port.optional and port.name not in {*given, *found.values()}]  # fmt: skip
    strange = [name for name in near if name not in found]
    if len(missing) == len(strange) == 1:
        found[strange[0]] = missing[0]
    return found


def unknown_input(scope: Scope) -> Iterator[Diagnostic]:
    """E210: a step gives an input that its component does not have."""
    for step in scope.definition.steps:
        component = scope.component(step)
        if component is None:
            continue
        known = [port.name for port in component.inputs]
        meant = _meant(step, component)
        for entry in step.inputs:
            if entry.name.text not in known:
                message = f"component `{component.name}` has no input `{entry.name.text}`"
                near = meant.get(entry.name.text)
                help = did_you_mean(entry.name.text, known, "input")
                help = f"did you mean `{near}`?" if near else help
                if any(output.name == entry.name.text for output in component.outputs):
                    help = f"`{entry.name.text}` is an output of the component: it is not given"
                yield Diagnostic("E210", message, entry.name.span, help)


def cycle(scope: Scope) -> Iterator[Diagnostic]:
    """E211: steps wait for each other in a circle, or for themselves."""
    edges = {
        name: sorted({producer for producer, _ in gates.upstream(step, scope) if not step.last})
        for name, step in sorted(scope.steps.items())
    }
    done: set[str] = set()
    told: set[Span] = set()  # one slip closes many circles
    for root in edges:
        if root in done:
            continue
        stack = [(root, iter(edges[root]))]
        path = {root: None}  # the steps in `stack`, in order
        while stack:
            name, following = stack[-1]
            producer = next(following, None)
            if producer is None:
                stack.pop()
                path.pop(name)
                done.add(name)
            elif producer in path:
                circle = [*path]
                found = _circle([*circle[circle.index(producer) :], producer], scope)
                if found.span not in told:
                    told.add(found.span)
                    yield found
            elif producer not in done:
                stack.append((producer, iter(edges[producer])))
                path[producer] = None


def _circle(path: list[str], scope: Scope) -> Diagnostic:
    """The circle, shown where a step waits for one below it: most files go downwards."""
    pairs = list(pairwise(path))
    places = [_waits(waiting, producer, scope) for waiting, producer in pairs]
    order = {name: scope.steps[name].name.span for name in path}
    against = [order[waiting] < order[producer] for waiting, producer in pairs]
    at = against.index(True) if True in against else 0
    round_trip = path[at:-1] + path[: at + 1]
    if len(path) == 2:
        message = f"step `{path[0]}` waits for itself"
    else:
        message = "steps wait for each other: " + arrows(round_trip)
    related = tuple(
        Related(f"`{waiting}` waits for `{producer}` here", place)
        for (waiting, producer), place in zip(pairs, places, strict=True)
        if place != places[at]
    )
    help = "a step can only read steps that come before it"
    return Diagnostic("E211", message, places[at], help, related[:_SHOWN])


def _waits(waiting: str, producer: str, scope: Scope) -> Span:
    """Where a step says that it waits for another."""
    step = scope.steps[waiting]
    name = next(name for found, name in gates.upstream(step, scope) if found == producer)
    word = next((word for word in step.after if word.text == producer), None)
    return name.span if name is not None else (word.span if word else step.name.span)


def arrows(path: list[str]) -> str:
    """`a` -> `b` -> `a`; a very long way is cut in its middle."""
    shown = [f"`{item}`" for item in path]
    return " -> ".join(shown if len(shown) <= 40 else [*shown[:20], "…", *shown[-19:]])


def component_or_fail(scope: Scope) -> Iterator[Diagnostic]:
    """E212: a step has none, or more than one, of `component`, `fail` and `pick`."""
    for step in scope.definition.steps:
        if step.unread & {"component", "fail", "pick"}:
            continue
        said = [key for key in ("component", "fail", "pick") if key in step.keys]
        if not said:
            message = f"step `{step.name.text}` says neither `component` nor `fail` nor `pick`"
            yield Diagnostic("E212", message, step.name.span, "add `component: NAME@1`")
        elif len(said) > 1 and not (step.last and {"fail", "pick"} & set(said)):  # E226 tells
            said.sort(key=lambda key: step.keys[key])
            message = f"step `{step.name.text}` says both `{said[0]}` and `{said[1]}`"
            first, last = step.keys[said[0]], step.keys[said[1]]
            related = (Related("the other stands here", first),)
            yield Diagnostic("E212", message, last, "make them two steps", related)


def output_of_fail(scope: Scope) -> Iterator[Diagnostic]:
    """E213: a name reads an output of a `fail` step, which has none."""
    for _, name in scope.used_names:
        found = scope.look_up(name)
        if isinstance(found, Missing) and found.what == "fail":
            message = f"step `{name.path[1]}` ends the run: it has no outputs"
            yield Diagnostic("E213", message, name.spans[1], "read the step that it reports on")


def setting_on_fail(scope: Scope) -> Iterator[Diagnostic]:
    """E216: a `fail` step has inputs or settings, which nothing would read."""
    for step in scope.definition.steps:
        if step.fail is None or step.component is not None or step.pick is not None or step.last:
            continue
        settings = (item.name for item in schema.SETTINGS)
        for key in ("foreach", "inputs", "secret_env", *settings, "targets"):
            if key in step.keys:
                message = f"a `fail` step takes no `{key}`"
                yield Diagnostic("E216", message, step.keys[key], "remove it")
