"""The keys of a `targets.kfp` block, and the blocks of a pipeline read as typed settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isodag.diagnostics import Diagnostic
from isodag.frontend.schema import Key
from isodag.ir import Pipeline, Task
from isodag.targets.images import Images
from isodag.targets.kfp import forms, pods
from isodag.targets.kfp.blocks import NAME as NAME
from isodag.targets.kfp.blocks import Block

KEYS = (
    Key("pipeline_root", "string", "Where outputs go: s3://, gs:// or minio:// and a path.",
        scope="pipeline"),
    Key("image_registry", "string", "Registry put before images that name none.",
        scope="pipeline"),
    Key("images", "mapping", "Other images, by the name or whole reference that a component gives.",
        scope="pipeline"),
    Key("image_pull_secrets", "sequence", "Kubernetes secrets for private registries.",
        scope="pipeline"),
    Key("service_account", "string", "Kubernetes service account of the run's pods.",
        scope="pipeline"),
    Key("namespace", "string", "Kubernetes namespace that runs are submitted to.",
        scope="pipeline"),
    Key("experiment", "string", "KFP experiment that runs are filed under.", scope="pipeline"),
    Key("run_timeout", "duration", "How long a run may take at most, as 12h.", scope="pipeline"),
    Key("ttl", "duration", "How long the objects of a run that has ended stay in Kubernetes, as "
        "7d.", scope="pipeline"),
    Key("node_selector", "mapping", "Labels that the pod's node must have."),
    Key("tolerations", "sequence", "Taints that the pod accepts: key, operator, value, effect, "
        "seconds."),
    Key("node_affinity", "sequence", "Demands on the pod's node: key, operator, values; with "
        "weight a preference."),
    Key("volumes", "sequence", "Volumes of the pod: pvc, empty_dir, secret, config_map or "
        "ephemeral, and path."),
    Key("config_env", "mapping", "Environment variables from config maps: {config_map, key}."),
    Key("field_env", "mapping", "Environment variables from fields of the pod, as spec.nodeName."),
    Key("labels", "mapping", "Labels of the pod."),
    Key("annotations", "mapping", "Annotations of the pod."),
    Key("image_pull_policy", "string", "When the image is fetched: Always, IfNotPresent or Never.",
        enum=("Always", "IfNotPresent", "Never")),
    Key("security_context", "mapping", "Who the container runs as: run_as_user, run_as_group, "
        "run_as_non_root."),
    Key("gpu_resource", "string", "Kubernetes resource that `gpu` counts; nvidia.com/gpu when "
        "not said."),
)  # fmt: skip

SUBMISSION = ("service_account", "namespace", "experiment")  # kfp.Client's words, for the manifest
_TIMES = {"run_timeout": "activeDeadlineSeconds", "ttl": "resourceTtlOnCompletion"}
_NAMES = {"namespace": forms.namespace, "service_account": forms.service_account}


@dataclass(frozen=True)
class Settings:
    """What the pipeline's own block says.

    submission  settings that the definition cannot hold, for the manifest
    run         of the whole run: a PipelineConfig as JSON
                https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto
    """

    pipeline_root: str = ""
    images: Images = field(default_factory=Images)
    submission: Mapping[str, str] = field(default_factory=dict)
    run: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Pod:
    """What the blocks say of one step's pod.

    config  a KubernetesExecutorConfig as JSON; empty for nothing special
            https://github.com/kubeflow/pipelines/blob/master/kubernetes_platform/proto/kubernetes_executor_config.proto
    """

    config: Mapping[str, Any] = field(default_factory=dict)
    gpu_resource: str = "nvidia.com/gpu"


def settings(pipeline: Pipeline, problems: list[Diagnostic]) -> Settings:
    """The pipeline's block; what is wrong with it is appended to `problems` (E608)."""
    block = Block(pipeline.targets, problems)
    root = block.text("pipeline_root")
    if root:
        block.judge("pipeline_root", forms.place(root))
    if registry := block.text("image_registry"):
        block.judge("image_registry", forms.registry(registry))
    for key, check in _NAMES.items():
        if text := block.text(key):
            block.judge(key, check(text))
    images = block.texts("images")
    block.images()
    submission = {name: block.text(name) for name in SUBMISSION}
    return Settings(
        pipeline_root=root,
        images=Images(block.text("image_registry"), images),
        submission={name: value for name, value in submission.items() if value},
        run={
            member: time
            for key, member in _TIMES.items()
            if (time := block.seconds(key)) is not None
        },
    )


def pod(pipeline: Pipeline, task: Task | None, problems: list[Diagnostic]) -> Pod:
    """The pod of a task, or of a `fail` step (None), its block laid over the pipeline's."""
    shared = Block(pipeline.targets, problems)
    own = Block(task.targets if task is not None else {}, problems)
    config = pods.config(shared, own, task, problems)
    gpu = own.text("gpu_resource") or shared.text("gpu_resource")
    for block in (shared, own):
        if text := block.text("gpu_resource"):
            block.judge("gpu_resource", forms.resource(text))
    return Pod(config, gpu or Pod.gpu_resource)
