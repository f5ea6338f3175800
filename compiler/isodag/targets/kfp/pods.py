"""The pod of a step: its blocks, timeout and tags in, a KubernetesExecutorConfig as JSON out.

https://github.com/kubeflow/pipelines/blob/master/kubernetes_platform/proto/kubernetes_executor_config.proto,
applied in backend/src/v2/driver/k8s.go (extendPodSpecPatch).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from isodag.diagnostics import Diagnostic, did_you_mean
from isodag.ir import Task
from isodag.targets.kfp import forms, volumes
from isodag.targets.kfp.blocks import Block, Entry

POLICIES = ("Always", "IfNotPresent", "Never")
# https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#operators
OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
AFFINITY = ("key", "operator", "values", "weight")
CONFIG = ("config_map", "key", "optional")
SECURITY = {"run_as_user": "runAsUser", "run_as_group": "runAsGroup",
            "run_as_non_root": "runAsNonRoot"}  # fmt: skip


def config(
    shared: Block, own: Block, task: Task | None, problems: list[Diagnostic]
) -> dict[str, Any]:
    """What the pipeline's block and the step's own laid over it say; empty for nothing special.

    Mappings merge, lists replace.  What Kubernetes would refuse is appended to `problems`.
    """
    made: dict[str, Any] = {}
    for block in (shared, own):
        block.labels("node_selector")
        block.labels("labels")
        block.labels("annotations", free=True)
    if labels := {**shared.texts("node_selector"), **own.texts("node_selector")}:
        made["nodeSelector"] = {"labels": _sorted(labels)}
    if tolerations := own.tolerations() or shared.tolerations():
        made["tolerations"] = tolerations
    if secrets := shared.items("image_pull_secrets"):
        for index, name in enumerate(secrets):
            shared.judge("image_pull_secrets", forms.secret(name), index)
        made["imagePullSecret"] = [{"secretName": name} for name in secrets]
    if policy := _policy(shared, own):
        made["imagePullPolicy"] = policy
    if metadata := _metadata(shared, own, task):
        made["podMetadata"] = metadata
    made.update(volumes.config(own if own.has("volumes") else shared, problems))
    affinity = own if own.has("node_affinity") else shared
    if terms := _affinity(affinity.entries("node_affinity", "a demand", AFFINITY), affinity):
        made["nodeAffinity"] = terms
    made.update(_environment(shared, own, task, problems))
    if context := {**_security(shared), **_security(own)}:
        made["securityContext"] = _sorted(context)
    if task is not None and task.timeout is not None:
        made["activeDeadlineSeconds"] = task.timeout
    return made


def _sorted(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(mapping.items()))


def _policy(shared: Block, own: Block) -> str:
    for block in (shared, own):
        text = block.text("image_pull_policy")
        if text and text not in POLICIES:
            help = did_you_mean(text, POLICIES, "policy")
            block.wrong("image_pull_policy", f"`{text}` is no policy for pulling images", help)
    return own.text("image_pull_policy") or shared.text("image_pull_policy")


# --- labels and tags ---------------------------------------------------------------------------


def _metadata(shared: Block, own: Block, task: Task | None) -> dict[str, Any]:
    """Labels and annotations: tags, under what the blocks say."""
    labels: dict[str, str] = {}
    notes: dict[str, str] = {}
    for key, value in task.tags if task is not None else ():
        if not fits(key):
            continue  # told by `untold`
        plain = forms.label_value(value) is None
        (labels if plain else notes)[key] = value
    for block in (shared, own):
        labels.update(block.texts("labels"))
        notes.update(block.texts("annotations"))
    found = {"labels": _sorted(labels), "annotations": _sorted(notes)}
    return {name: held for name, held in found.items() if held}


def fits(key: str) -> bool:
    """Whether a tag's key is one of Kubernetes."""
    return forms.label_key(key) is None


def untold(tasks: list[Task]) -> Iterator[Diagnostic]:
    """W605: a tag whose key Kubernetes does not take; once for each."""
    told: set[str] = set()
    for task in sorted(tasks, key=lambda task: task.span):
        for key, _ in task.tags:
            if key not in told and not fits(key):
                told.add(key)
                message = f"tag `{key}` is left out on KFP: Kubernetes takes no such label"
                help = "a key has at most 63 letters, digits, -, _ and ., and may follow DOMAIN/"
                yield Diagnostic("W605", message, task.asked.get(f"tags.{key}", task.span), help)


# --- nodes and rights --------------------------------------------------------------------------


def _affinity(entries: list[Entry], block: Block) -> list[dict[str, Any]]:
    """Node affinity: all demands without a weight in one term, as all must hold; each with one in
    a term of its own, as a preference."""
    required, preferred = [], []
    for entry in entries:
        if (wrong := _demand(entry)) is not None:
            block.wrong("", wrong[1].said, wrong[1].help, entry.place(wrong[0]))
            continue
        demand: dict[str, Any] = {
            "key": entry.text("key"), "operator": entry.text("operator") or "In",
        }  # fmt: skip
        if entry.listed("values"):
            demand["values"] = list(entry.listed("values"))
        if "weight" in entry.said:
            weight = int(entry.text("weight"))
            preferred.append({"matchExpressions": [demand], "weight": weight})
        else:
            required.append(demand)
    return [*([{"matchExpressions": required}] if required else []), *preferred]


def _demand(entry: Entry) -> tuple[str, forms.Wrong] | None:
    """What is wrong with a demand on a node, and under which key."""
    operator, values = entry.text("operator") or "In", entry.listed("values")
    if (wrong := forms.label_key(entry.text("key"))) is not None:
        missing = forms.Wrong("a demand has no `key`", "name a label of nodes")
        return "key", wrong if "key" in entry.said else missing
    if operator not in OPERATORS:
        help = did_you_mean(operator, OPERATORS, "operator")
        return "operator", forms.Wrong(f"`{operator}` is not an operator", help)
    if operator in ("Exists", "DoesNotExist") and values:
        help = "remove them, or write operator: In"
        return "values", forms.Wrong(f"`{operator}` takes no values", help)
    if operator in ("In", "NotIn") and not values:
        return "operator", forms.Wrong(f"`{operator}` needs values", "write values: [a, b]")
    if operator in ("Gt", "Lt") and not (len(values) == 1 and values[0].lstrip("-").isdecimal()):
        return "values", forms.Wrong(f"`{operator}` needs one whole number", "write values: [4]")
    for value in values:
        if (wrong := forms.label_value(value)) is not None:
            return "values", wrong
    weight = entry.text("weight")
    if "weight" in entry.said and not (weight.isdecimal() and 1 <= int(weight) <= 100):
        return "weight", forms.Wrong(f"the weight is {weight}, not 1 to 100", "write weight: 50")
    return None


def _security(block: Block) -> dict[str, Any]:
    """Who the container runs as."""
    entry = block.entry("security_context", tuple(SECURITY))
    made: dict[str, Any] = {}
    for key in entry.said if entry is not None else ():
        assert entry is not None
        text = entry.text(key)
        if key == "run_as_non_root":
            good, made[SECURITY[key]] = text in ("true", "false"), text == "true"
            help = "write true or false"
        else:
            good = text.isdecimal() and int(text) < 2**31
            made[SECURITY[key]] = int(text) if good else 0
            help = "write a number, as 1000"
        if not good:
            block.wrong("", f"`{key}` is {text or 'empty'}", help, entry.place(key))
    return made


# --- variables ---------------------------------------------------------------------------------


def _environment(
    shared: Block, own: Block, task: Task | None, problems: list[Diagnostic]
) -> dict[str, Any]:
    """Variables from config maps and from the pod's own fields.

    E613 for one that is set in another way too: the later would win in silence.
    """
    made: dict[str, Any] = {}
    taken = _variables(task) if task is not None else {}
    maps: dict[str, Entry] = {}
    fields: dict[str, str] = {}
    for block in (shared, own):
        spans = block.spans("field_env")
        entries = block.named("config_env", "a variable", CONFIG)
        _check(entries, block)
        for name, path in block.texts("field_env").items():
            if (wrong := forms.variable(name) or forms.field(path)) is not None:
                block.wrong("field_env", wrong.said, wrong.help, spans.get(name))
        maps.update(entries)
        fields.update(block.texts("field_env"))
        places = {**{name: entry.span for name, entry in entries.items()}, **spans}
        for name, span in places.items():
            how = taken.get(name) or ("`config_env`" if name in spans and name in maps else "")
            if how:
                message = f"variable `{name}` is set by {how} too"
                problems.append(Diagnostic("E613", message, span, "remove one of them"))
    if maps:
        made["configMapAsEnv"] = [
            {
                "configMapName": entry.text("config_map"),
                "keyToEnv": [{"configMapKey": entry.text("key") or name, "envVar": name}],
                **({"optional": True} if entry.text("optional") == "true" else {}),
            }
            for name, entry in sorted(maps.items())
        ]
    if fields:
        made["fieldPathAsEnv"] = [
            {"name": name, "fieldPath": path} for name, path in sorted(fields.items())
        ]
    return made


def _check(entries: Mapping[str, Entry], block: Block) -> None:
    """Report variables of `config_env` that Kubernetes does not take."""
    for name, entry in entries.items():
        if (wrong := forms.variable(name)) is not None:
            block.wrong("", wrong.said, wrong.help, entry.span)
        elif (wrong := forms.config_map(entry.text("config_map"))) is not None:
            block.wrong("", wrong.said, wrong.help, entry.place("config_map"))


def _variables(task: Task) -> dict[str, str]:
    """Variables that a step's container has, and how it gets each."""
    container = task.component.container
    own = container.env if container is not None else {}
    return {
        **dict.fromkeys(own, f"{task.component.name} itself"),
        **{item.name: "`environment`" for item in task.environment},
        **{item.variable: "`secret_env`" for item in task.secrets},
    }
