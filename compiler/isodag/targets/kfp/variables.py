"""Environment variables of a step's container: what is known now, and what a run decides.

A backend copies `env` as it stands: it replaces no placeholders there, only in the command and its
arguments (backend/src/v2/driver/driver.go: initPodSpecPatch;
https://github.com/kubeflow/pipelines/issues/10111).  A value that a run decides therefore goes
through `env NAME=VALUE` before the command, which images that start our runtime have.
"""

from __future__ import annotations

from typing import Any

from isodag.component import Container
from isodag.diagnostics import Diagnostic
from isodag.ir import Constant, RunRef, Task, Variable
from isodag.runtime.values import render
from isodag.targets.kfp import constants, names
from isodag.targets.kfp.inputs import Inputs


def known(step: Task, container: Container, pipeline: str) -> list[dict[str, Any]]:
    """The `env` of a container: the component's own variables and the step's, sorted by name.

    pipeline  its name, which is known now too
    """
    texts = dict(container.env)
    for item in step.environment:
        if (text := _known(item, pipeline)) is not None:
            texts[item.name] = text
    return [{"name": name, "value": _escaped(texts[name])} for name in sorted(texts)]


def decided(
    step: Task, container: Container, pipeline: str, inputs: Inputs, problems: list[Diagnostic]
) -> list[str]:
    """The words before a command that set the variables whose values a run decides.

    E611 where the image may lack the program `env`.
    """
    words = []
    taken = {names.port(item.name) for item in step.component.inputs}
    for item in step.environment:
        if (text := _known(item, pipeline)) is not None:
            if (
                problem := constants.unfit(text, f"variable `{item.name}`", item.place)
            ) is not None:
                problems.append(problem)
            continue
        if "isodag.runtime" not in container.command:
            message = f"KFP cannot give `{item.name}` to the image of {step.component.name}: "
            message += "a run decides its value"
            help = (
                "write the value out, or as `${{ vars.… }}`; or make it an input of the component"
            )
            problems.append(Diagnostic("E611", message, item.place, help))
            continue
        port = f"env_{item.name.lower()}"
        while names.port(port) in taken:
            port += "_again"
        taken.add(names.port(port))
        what = f"variable `{item.name}`"
        value = inputs.parameter(port, item.value, "String", what, item.place)
        words.append(f"{item.name}={value}")
    return ["env", *words] if words else []


def _known(item: Variable, pipeline: str) -> str | None:
    """The text of a variable; None where a run decides it."""
    if isinstance(item.value, RunRef) and item.value.field == "pipeline":
        return pipeline
    return render(item.value.value) if isinstance(item.value, Constant) else None


def _escaped(text: str) -> str:
    """The text as Kubernetes reads it: `$(NAME)` would be replaced, and `$$` is one `$`.

    https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
    """
    return text.replace("$", "$$")
