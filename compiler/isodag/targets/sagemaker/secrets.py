"""Secrets of a step: its request carries references, and the runtime follows them in the container.

A job's environment is shown by every Describe call, so it never holds a secret itself; the
container asks AWS Secrets Manager, as the job's role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from isodag import ir
from isodag.diagnostics import Diagnostic, Related
from isodag.runtime import references as secret_references
from isodag.source import Span
from isodag.targets.sagemaker import outputs
from isodag.targets.sagemaker.context import Context, made_by, speaks_runtime
from isodag.targets.sagemaker.places import Path

_STORED = ("secret", "arn")
_WAY_OUT = "on SageMaker a secret is secret:NAME, or its ARN in AWS Secrets Manager"


def request(context: Context, task: ir.Task, places: dict[Path, Span]) -> dict[str, Any]:
    """The part of a request that carries a task's references; `places` is told where they are."""
    if not task.secrets:
        return {}
    environment = {}
    for item in task.secrets:
        name = secret_references.CARRIER + item.variable
        environment[name] = outputs.expr(context, item.value, item.span)
        places["Environment", name] = item.span
    return {"Environment": environment}


def problems(task: ir.Task) -> Iterator[Diagnostic]:
    """E514: a step cannot get its secrets, or a reference names none that SageMaker reads."""
    if not task.secrets:
        return
    first = task.secrets[0].span
    component = task.component
    message = f"step `{task.step}` cannot read secrets on SageMaker: "
    if made_by(component) is None:
        message += f"`{component.name}` runs no container there"
        yield Diagnostic("E514", message, first, "read the secret in a step before this one")
    elif not speaks_runtime(component):
        help = "start the component by `python3 -m isodag.runtime`, which fetches them"
        related = (Related(f"`{component.name}` is declared here", component.span),)
        yield Diagnostic("E514", message + "its image is a foreign one", first, help, related)
    for item in task.secrets:
        if isinstance(item.value, ir.Constant):
            yield from unreadable(str(item.value.value), f"`{item.variable}`", item.place)


def unreadable(text: str, what: str, span: Span) -> Iterator[Diagnostic]:
    """E514: a reference leads to no place that a SageMaker job can reach."""
    found = secret_references.read(text)
    if found.scheme not in _STORED:
        where = "an environment variable" if found.scheme == "env" else "a file"
        message = f"{what} is `{found}`, {where} of the engine's machine"
        yield Diagnostic("E514", message, span, _WAY_OUT)


def isolated(task: ir.Task, arguments: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """E514: a job without a network cannot ask for its secrets."""
    network = arguments.get("NetworkConfig")
    holder = network if isinstance(network, Mapping) else arguments
    if task.secrets and holder.get("EnableNetworkIsolation") is True:
        message = f"step `{task.step}` cannot read secrets on SageMaker: its job has no network"
        help = "write `network: {isolation: false}` for it, or leave the step without secrets"
        yield Diagnostic("E514", message, task.secrets[0].span, help)
