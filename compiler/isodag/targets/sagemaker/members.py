"""Where the requests take settings: by setting and step kind, paths in; a request with one more
member out.

A path is the members from the request on, with dots between.  After a member, `?` says that it is
only used where the request has it already, and `[]` stands for every item of the list there.
A test compares all of them with the service model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from isodag.targets.sagemaker import references
from isodag.targets.sagemaker.references import Expr

Join = Callable[[Any, Any], Any]

_JOBS = ("Processing", "QualityCheck", "ClarifyCheck")  # all run processing jobs
_DEFINITIONS = ("TrainingJobDefinition?", "TrainingJobDefinitions[]")


def _tuned(*paths: str) -> tuple[str, ...]:
    """Members of the training jobs that a tuning job starts."""
    return tuple(f"{start}.{path}" for start in _DEFINITIONS for path in paths)


def _processed(*paths: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(_JOBS, paths)


def _plainly(kinds: str, *paths: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(kinds.split(), paths)


MEMBERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # the whole step: a tuning job's own time, not that of each training
    "timeout": {
        **_processed("StoppingCondition.MaxRuntimeInSeconds"),
        "Training": ("StoppingCondition.MaxRuntimeInSeconds",),
        "Tuning": ("HyperParameterTuningJobConfig?.ResourceLimits?.MaxRuntimeInSeconds",),
        "AutoML": ("AutoMLJobConfig.CompletionCriteria.MaxAutoMLJobRuntimeInSeconds",),
        "EMRServerless": ("JobConfig?.executionTimeoutMinutes",),
    },
    "environment": {
        **_processed("Environment"),
        "Training": ("Environment",),
        "Transform": ("Environment",),
        "Tuning": _tuned("Environment"),
    },
    # a model package in a group has the tags of its group, and may not bring its own:
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
    "tags": {
        **_processed("Tags"),
        **_plainly("Training Transform Tuning AutoML Model EndpointConfig Endpoint", "Tags"),
        **_plainly("InferenceComponent Job", "Tags"),
        "EMR": ("ClusterConfig?.Tags",),
        "EMRServerless": ("JobConfig?.tags",),
    },
    "kms_key": {
        **_processed(
            "ProcessingResources.ClusterConfig.VolumeKmsKeyId", "ProcessingOutputConfig?.KmsKeyId"
        ),
        "Training": ("ResourceConfig.VolumeKmsKeyId", "OutputDataConfig?.KmsKeyId"),
        "Transform": ("TransformResources.VolumeKmsKeyId", "TransformOutput?.KmsKeyId"),
        "Tuning": _tuned(
            "HyperParameterTuningResourceConfig?.VolumeKmsKeyId", "ResourceConfig?.VolumeKmsKeyId",
            "OutputDataConfig?.KmsKeyId",
        ),
        "AutoML": ("AutoMLJobConfig.SecurityConfig.VolumeKmsKeyId", "OutputDataConfig?.KmsKeyId"),
        "EndpointConfig": ("KmsKeyId",),
    },
    "network.vpc": {
        **_processed("NetworkConfig.VpcConfig"),
        "Training": ("VpcConfig",),
        "Tuning": _tuned("VpcConfig"),
        "AutoML": ("AutoMLJobConfig.SecurityConfig.VpcConfig",),
        "Model": ("VpcConfig",),
    },
    "network.isolation": {
        **_processed("NetworkConfig.EnableNetworkIsolation"),
        "Training": ("EnableNetworkIsolation",),
        "Tuning": _tuned("EnableNetworkIsolation"),
        "Model": ("EnableNetworkIsolation",),
    },
    "network.encrypt": {
        **_processed("NetworkConfig.EnableInterContainerTrafficEncryption"),
        "Training": ("EnableInterContainerTrafficEncryption",),
        "Tuning": _tuned("EnableInterContainerTrafficEncryption"),
        "AutoML": ("AutoMLJobConfig.SecurityConfig.EnableInterContainerTrafficEncryption",),
    },
    "spot": {
        "Training": ("EnableManagedSpotTraining",),
        "Tuning": _tuned("EnableManagedSpotTraining"),
    },
    "spot.max_wait": {
        "Training": ("StoppingCondition.MaxWaitTimeInSeconds",),
        "Tuning": _tuned("StoppingCondition.MaxWaitTimeInSeconds"),
    },
    "spot.checkpoints": {
        "Training": ("CheckpointConfig.S3Uri",),
        "Tuning": _tuned("CheckpointConfig.S3Uri"),
    },
    "inputs": {
        "Processing": ("ProcessingInputs?",),
        "Training": ("InputDataConfig?",),
        "Tuning": _tuned("InputDataConfig?"),
    },
}  # fmt: skip


def kinds(setting: str) -> list[str]:
    """The step kinds that have a setting, sorted."""
    return sorted(MEMBERS[setting])


def laid(
    request: dict[str, Any], kind: str, setting: str, value: Any, join: Join | None = None
) -> dict[str, Any]:
    """The request of a step kind with a setting in every place that it has for it.

    join  makes one value of what stands there (None for nothing) and the setting's
    """
    for path in MEMBERS[setting].get(kind, ()):
        request = _laid(request, path.split("."), value, join or _over)
    return request


def _over(_: Any, value: Any) -> Any:
    return value


def opened(node: Any) -> Any:
    """A piece that one input of a component gave as JSON, taken apart; any other as it is."""
    if isinstance(node, Expr) and node.constant:
        if isinstance(node.value, dict):
            items = node.value.items()
            return {key: references.constant(item, "", node.span) for key, item in items}
        if isinstance(node.value, list):
            return [opened(references.constant(item, "", node.span)) for item in node.value]
    return node


def _laid(node: Any, path: list[str], value: Any, join: Join) -> Any:
    node = opened(node)
    if not isinstance(node, dict):
        return node  # what it holds is not known, or its problem is told
    name, rest = path[0].rstrip("?[]"), path[1:]
    if path[0].endswith("[]"):
        items = opened(node.get(name))
        if not isinstance(items, list):
            return node
        return {**node, name: [_laid(item, rest, value, join) for item in items]}
    if path[0].endswith("?") and name not in node:
        return node
    if not rest:
        return {**node, name: join(opened(node.get(name)), value)}
    return {**node, name: _laid(node.get(name, {}), rest, value, join)}


def plain(kind: str, setting: str) -> list[tuple[str, ...]]:
    """The paths of a setting that lead through no list, as members."""
    paths = MEMBERS[setting].get(kind, ())
    return [tuple(path.replace("?", "").split(".")) for path in paths if "[]" not in path]
