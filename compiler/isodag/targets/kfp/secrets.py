"""Secrets of a step: Kubernetes secrets that its pod gets as environment variables.

The name of a Kubernetes secret may come from a pipeline parameter; the entry that is read is the
one with the variable's name.
https://github.com/kubeflow/pipelines/blob/master/kubernetes_platform/proto/kubernetes_executor_config.proto
(SecretAsEnv); the backend resolves the name in backend/src/v2/driver/k8s.go (extendPodSpecPatch),
among the inputs of the DAG that the task stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from isodag.diagnostics import Diagnostic
from isodag.ir import Constant, Pipeline, Task
from isodag.runtime import references
from isodag.source import Span
from isodag.targets.kfp import names
from isodag.types import SECRET

_LONGEST = 253
# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def environment(task: Task, *, nested: bool) -> list[dict[str, Any]]:
    """The `secretAsEnv` of a step's executor.

    nested  whether the step stands in a sub-DAG
    A constant name stands in the older field, which every backend reads.
    """
    made: list[dict[str, Any]] = []
    for item in task.secrets:
        keys = [{"secretKey": item.variable, "envVar": item.variable}]
        if isinstance(item.value, Constant):
            made.append({"secretName": name(str(item.value.value)), "keyToEnv": keys})
            continue
        within = names.channel(item.value.name) if nested else item.value.name
        source = {"componentInputParameter": within}
        made.append({"secretNameParameter": source, "keyToEnv": keys})
    return made


def name(text: str) -> str:
    """The name of the Kubernetes secret that a reference leads to."""
    return references.read(text).place


def problems(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """E609: a reference leads to no Kubernetes secret."""
    for parameter in pipeline.parameters:
        if parameter.type == SECRET and parameter.has_default:
            what = f"the default of `{parameter.name}`"
            yield from _unfit(parameter.default, what, parameter.default_span or parameter.span)
    for task in (*pipeline.tasks, *pipeline.last):
        for item in task.secrets if isinstance(task, Task) else ():
            if isinstance(item.value, Constant):
                yield from _unfit(str(item.value.value), f"`{item.variable}`", item.place)


def _unfit(text: str, what: str, span: Span) -> Iterator[Diagnostic]:
    found = references.read(text)
    help = "on KFP a secret is secret:NAME, a Kubernetes secret in the namespace of the run"
    if found.scheme in ("env", "file"):
        where = "an environment variable" if found.scheme == "env" else "a file"
        yield Diagnostic(
            "E609", f"{what} is `{found}`, {where} of the engine's machine", span, help
        )
    elif found.scheme == "arn":
        yield Diagnostic("E609", f"{what} is a secret of AWS, which KFP cannot read", span, help)
    elif not _NAME.fullmatch(found.place) or len(found.place) > _LONGEST:
        message = f"`{found.place}` is no name of a Kubernetes secret"
        help = f"at most {_LONGEST} of a-z, 0-9, - and ., a letter or digit first and last"
        yield Diagnostic("E609", f"{what}: {message}", span, help)
