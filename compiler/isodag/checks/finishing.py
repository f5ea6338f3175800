"""E226 to E228: steps under `finally:`, which run when all others have ended."""

from __future__ import annotations

from collections.abc import Iterator

from isodag.diagnostics import Diagnostic, Related
from isodag.frontend import schema
from isodag.scope import Missing, Scope, StepOutput

_WHY = {
    "when": "it runs however the others ended: let its component decide",
    "after": "steps under `finally:` run when all others have ended, in no order",
    "foreach": "write a step for each item",
    "fail": "the run has ended: it fails when a step fails, or one under `finally:` does",
    "pick": "pick under `steps:`",
}


def setting_on_last(scope: Scope) -> Iterator[Diagnostic]:
    """E226: a step under `finally` waits, repeats, picks or ends the run."""
    for step in scope.definition.steps:
        for key in schema.NOT_LAST if step.last else ():
            if key in step.keys:
                message = f"a step under `finally` takes no `{key}`"
                yield Diagnostic("E226", message, step.keys[key], _WHY[key])


def last_reads_output(scope: Scope) -> Iterator[Diagnostic]:
    """E227: a step under `finally` reads an output of a step, which may not have run."""
    for use, name in scope.used_names:
        if use.step is None or not use.step.last or use.role in ("when", "pick", "foreach"):
            continue  # E226 tells of these keys
        found = scope.look_up(name)
        wrong = isinstance(found, StepOutput)
        wrong = wrong or (isinstance(found, Missing) and found.what == "repeated")
        if wrong:
            step = use.step.name.text
            message = f"step `{step}` runs even when `{name.path[1]}` did not: it cannot read "
            message += f"`{name}`"
            help = "let it read parameters, variables or facts of the run, as `${{ run.id }}`"
            yield Diagnostic("E227", message, name.span, help)


def waits_for_last(scope: Scope) -> Iterator[Diagnostic]:
    """E228: something waits for a step under `finally`, which runs when all others have ended."""
    last = {step.name.text: step for step in scope.definition.steps if step.last}
    if not last:
        return
    help = "move the step under `steps:`, or do not wait for it"
    for use, name in scope.used_names:
        producer = last.get(name.path[1]) if name.path[0] == "steps" and name.path[1:] else None
        if producer is not None and not (use.step is not None and use.step.last):
            message = f"step `{name.path[1]}` runs when all others have ended: nothing can read it"
            related = (Related("it stands here", producer.name.span),)
            yield Diagnostic("E228", message, name.spans[1], help, related)
    for step in scope.definition.steps:
        for word in step.after if not step.last else ():
            if word.text in last:
                message = f"step `{word.text}` runs when all others have ended: nothing comes after"
                related = (Related("it stands here", last[word.text].name.span),)
                yield Diagnostic("E228", message, word.span, help, related)
