"""The keys of a `targets.kfp` block, and the blocks of a pipeline read as typed settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isodag import spec_words
from isodag.diagnostics import Diagnostic, did_you_mean
from isodag.frontend.schema import Key
from isodag.ir import Constant, Pipeline, Task, Tree
from isodag.runtime import values
from isodag.source import Span
from isodag.targets.images import Images
from isodag.targets.kfp import forms

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
    Key("node_selector", "mapping", "Labels that the pod's node must have."),
    Key("tolerations", "sequence", "Taints that the pod accepts: key, operator, value, effect, "
        "seconds."),
    Key("gpu_resource", "string", "Kubernetes resource that `gpu` counts; nvidia.com/gpu when "
        "not said."),
)  # fmt: skip

NAME = "kfp"
SUBMISSION = ("service_account", "namespace", "experiment")  # kfp.Client's words, for the manifest
# https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#scheduling
TOLERATION = {"key": "key", "operator": "operator", "value": "value", "effect": "effect",
              "seconds": "tolerationSeconds"}  # fmt: skip
_NAMES = {"namespace": forms.namespace, "service_account": forms.service_account}


@dataclass(frozen=True)
class Settings:
    """What the pipeline's own block says.

    submission  settings that the definition cannot hold, for the manifest
    """

    pipeline_root: str = ""
    images: Images = field(default_factory=Images)
    submission: Mapping[str, str] = field(default_factory=dict)


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
    block = _Block(pipeline.targets, problems)
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
    )


def pod(pipeline: Pipeline, task: Task | None, problems: list[Diagnostic]) -> Pod:
    """The pod of a task, or of a `fail` step (None), its block laid over the pipeline's."""
    shared = _Block(pipeline.targets, problems)
    own = _Block(task.targets if task is not None else {}, problems)
    config: dict[str, Any] = {}
    for block in (shared, own):
        block.labels("node_selector")
    if labels := {**shared.texts("node_selector"), **own.texts("node_selector")}:
        config["nodeSelector"] = {"labels": dict(sorted(labels.items()))}
    if tolerations := own.tolerations() or shared.tolerations():
        config["tolerations"] = tolerations
    if secrets := shared.items("image_pull_secrets"):
        for index, name in enumerate(secrets):
            shared.judge("image_pull_secrets", forms.secret(name), index)
        config["imagePullSecret"] = [{"secretName": name} for name in secrets]
    gpu = own.text("gpu_resource") or shared.text("gpu_resource")
    for block in (shared, own):
        if text := block.text("gpu_resource"):
            block.judge("gpu_resource", forms.resource(text))
    return Pod(config, gpu or Pod.gpu_resource)


class _Block:
    """One `targets.kfp` block."""

    def __init__(self, targets: Mapping[str, Tree], problems: list[Diagnostic]) -> None:
        tree = targets.get(NAME)
        held = tree.value if tree is not None else None
        self._trees: Mapping[str, Tree] = held if isinstance(held, Mapping) else {}
        self._problems = problems

    def wrong(self, key: str, message: str, help: str, span: Span | None = None) -> None:
        place = span or self._trees[key].span
        self._problems.append(Diagnostic("E608", message, place, help))

    def judge(self, key: str, wrong: forms.Wrong | None, index: int | None = None) -> None:
        """Report what is wrong with a text under a key, or with an item of the list there."""
        if wrong is not None:
            held = self._trees[key].value
            item = held[index] if index is not None and isinstance(held, tuple) else None
            self.wrong(key, wrong.said, wrong.help, item.span if item else None)

    def images(self) -> None:
        """Report what stands under `images` and is no reference of an image."""
        held = self._trees["images"].value if "images" in self._trees else {}
        for tree in held.values() if isinstance(held, Mapping) else ():
            text = tree.value.value if isinstance(tree.value, Constant) else None
            if isinstance(text, str) and (help := spec_words.not_an_image(text)):
                self.wrong("images", f"`{text}` is not an image", help, tree.span)

    def labels(self, key: str) -> None:
        """Report labels that Kubernetes does not take."""
        tree = self._trees.get(key)
        for name, value in self.texts(key).items() if tree is not None else ():
            if tree is None or not isinstance(tree.value, Mapping):
                continue
            if wrong := forms.label_key(name):
                self.wrong(key, wrong.said, wrong.help, tree.keys.get(name))
            elif wrong := forms.label_value(value):
                self.wrong(key, wrong.said, wrong.help, tree.value[name].span)

    def text(self, key: str) -> str:
        return self._plain(key, self._trees[key]) if key in self._trees else ""

    def texts(self, key: str) -> dict[str, str]:
        held = self._trees[key].value if key in self._trees else {}
        if not isinstance(held, Mapping):
            self.wrong(key, f"`{key}` must be a mapping of names to text", f"write {key}: {{a: b}}")
            return {}
        return {name: self._plain(f"{key}.{name}", tree) for name, tree in held.items()}

    def items(self, key: str) -> list[str]:
        held = self._trees[key].value if key in self._trees else ()
        if not isinstance(held, tuple):
            self.wrong(key, f"`{key}` must be a list of text", f"write {key}: [a, b]")
            return []
        return [self._plain(key, tree) for tree in held]

    def tolerations(self) -> list[dict[str, str]]:
        held = self._trees["tolerations"].value if "tolerations" in self._trees else ()
        found = []
        for tree in held if isinstance(held, tuple) else ():
            entries = tree.value if isinstance(tree.value, Mapping) else {}
            unknown = [name for name in entries if name not in TOLERATION]
            for name in unknown:
                near = next((ours for ours, theirs in TOLERATION.items() if theirs == name), name)
                help = did_you_mean(near, TOLERATION, "key")
                what = f"a toleration has no `{name}`"
                self.wrong("", what, help, tree.keys.get(name, tree.span))
            if not isinstance(tree.value, Mapping):
                self.wrong(
                    "", "a toleration is a mapping", "write {key: …, operator: Exists}", tree.span
                )
            elif not entries:
                self.wrong(
                    "", "a toleration is empty", f"it has {', '.join(TOLERATION)}", tree.span
                )
            said = {
                name: self._plain(f"tolerations.{name}", entry)
                for name, entry in sorted(entries.items())
                if name in TOLERATION
            }
            if said and not unknown and (bad := forms.toleration(said)) is not None:
                key, wrong = bad
                span = entries[key].span if key else tree.span
                self.wrong("", wrong.said, wrong.help, span)
            found.append({TOLERATION[name]: text for name, text in said.items()})
        return found

    def _plain(self, what: str, tree: Tree) -> str:
        """A constant as text: Kubernetes wants text where YAML may have read a number."""
        if isinstance(tree.value, Constant) and tree.value.value is not None:
            return values.render(tree.value.value)
        self.wrong("", f"`{what}` must be text known at compile time", "write it out", tree.span)
        return ""
