"""How tasks are operated: caching and retries, and the settings that KFP has no word for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from isodag.diagnostics import Diagnostic
from isodag.frontend.schema import RETRY_CAUSES
from isodag.ir import Node, Pipeline, Retry, Task
from isodag.targets.kfp import pods

# Argo counts it from the first try on, the tries' own time included, and kills a try that is over
# it (workflow/controller/operator.go: maxDurationDeadline); kfp's default of an hour would end a
# long training at its second try.  A week, in seconds.
_RETRY_WINDOW = 7 * 24 * 3600


class Operating:
    """The operating settings of a pipeline's steps."""

    def __init__(self, pipeline: Pipeline) -> None:
        nodes = (*pipeline.tasks, *pipeline.last)
        self._tasks = [node for node in nodes if isinstance(node, Task)]

    def settings(self, node: Node) -> dict[str, Any]:
        """`cachingOptions` and `retryPolicy` of a task.

        Without `cache:` nothing is reused, and what changes the world never is.
        """
        cached = (
            isinstance(node, Task) and node.cache is not None and not node.component.side_effects
        )
        settings: dict[str, Any] = {"cachingOptions": {"enableCache": True} if cached else {}}
        retry = _retried(node) if isinstance(node, Task) else None
        if retry is not None:
            settings["retryPolicy"] = {
                "maxRetryCount": retry.max_attempts - 1,
                "backoffDuration": f"{retry.interval}s",
                "backoffFactor": float(_factor(retry)),
                "backoffMaxDuration": f"{_RETRY_WINDOW}s",
            }
        return settings

    def missing(self) -> Iterator[Diagnostic]:
        """W602, once for each setting: KFP has no such operating setting."""
        for message, lacks in _LACKING.items():
            spans = {task.span for task in self._tasks if lacks(task)}
            if spans:
                more = f" and of {len(spans) - 1} more" if len(spans) > 1 else ""
                yield Diagnostic("W602", message, min(spans), f"a setting of this step{more}")
        yield from pods.untold(self._tasks)


def _keeps_age(task: Task) -> bool:
    return task.cache is None or task.cache.max_age is None or task.component.side_effects


def _retried(task: Task) -> Retry | None:
    return task.retry if task.retry is not None and task.retry.max_attempts > 1 else None


def _factor(retry: Retry) -> int:
    """The factor as Argo reads it: intstr.Int32, which fails on a fraction."""
    return math.ceil(retry.backoff)


_LACKING: dict[str, Callable[[Task], bool]] = {
    "`cache.max_age` is not kept on KFP: results are reused at any age": lambda task: (
        not _keeps_age(task)
    ),
    "`retry.on` is not kept on KFP: every failure is tried again": lambda task: (
        (retry := _retried(task)) is not None and set(retry.on) < set(RETRY_CAUSES)
    ),
    "`retry.backoff` is rounded up on KFP: Argo takes whole factors": lambda task: (
        (retry := _retried(task)) is not None and _factor(retry) != retry.backoff
    ),
    "`resources.disk` is not kept on KFP: a pod has its node's disk": lambda task: (
        task.resources is not None and task.resources.disk is not None
    ),
    "`resources.instances` is not kept on KFP: a step runs in one pod": lambda task: (
        task.resources is not None and (task.resources.instances or 1) > 1
    ),
}
