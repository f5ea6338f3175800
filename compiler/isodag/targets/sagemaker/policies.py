"""Cache and retry settings in SageMaker's words."""

from __future__ import annotations

from typing import Any

from isodag.ir import Task
from isodag.targets.sagemaker.kinds import Kind

# https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html
_CAUSES = {
    "throttling": "Step.THROTTLING",
    "service": "Step.SERVICE_FAULT",
    "capacity": "SageMaker.CAPACITY_ERROR",
    "internal": "SageMaker.JOB_INTERNAL_ERROR",
}
_MAX_RETRIES = 20


def cache_config(task: Task, kind: Kind) -> dict[str, Any] | None:
    """`CacheConfig`, for a step that may reuse an earlier result.

    https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-caching.html
    """
    if task.cache is None or task.component.side_effects or not kind.cacheable:
        return None
    config: dict[str, Any] = {"Enabled": True}
    if task.cache.max_age is not None:
        config["ExpireAfter"] = duration(task.cache.max_age)
    return config


def duration(seconds: int) -> str:
    """A duration in ISO 8601, exactly: `P30D`, `PT90S`, `P1DT12H`."""
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    date = f"{days}D" if days else ""
    time = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if n)
    return f"P{date}T{time}" if time else f"P{date or 'T0S'}"


def causes(kind: Kind) -> list[str]:
    """The causes, in our words, on which a kind may be tried again."""
    return [ours for ours, theirs in _CAUSES.items() if _takes(kind, theirs)]


def _takes(kind: Kind, cause: str) -> bool:
    return kind.retryable and (cause.startswith("Step.") or cause in kind.causes)


def retry_policies(task: Task, kind: Kind) -> list[dict[str, Any]] | None:
    """`RetryPolicies`, for a step that may be tried again; causes that the kind lacks fall out.

    `MaxAttempts` counts the tries after the first, `max_attempts` counts the first too.
    """
    retry = task.retry
    if retry is None or not kind.retryable or retry.max_attempts < 2:
        return None
    known = [_CAUSES[cause] for cause in sorted(retry.on) if cause in _CAUSES]
    causes = [cause for cause in known if _takes(kind, cause)]
    if not causes:
        return None
    return [
        {
            "ExceptionType": causes,
            "IntervalSeconds": max(1, retry.interval),
            "BackoffRate": float(retry.backoff),
            "MaxAttempts": min(retry.max_attempts - 1, _MAX_RETRIES),
        }
    ]
