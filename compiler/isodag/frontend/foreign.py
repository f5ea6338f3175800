"""What other systems call our keys, and where a key belongs that stands in the wrong mapping."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from isodag.diagnostics import suggest
from isodag.frontend import schema

# by our key, what Azure ML, GitHub Actions, Argo, Tekton, kfp and SageMaker's SDK call it
_WORDS = {
    # a pipeline
    "apiVersion": "version schema schema_version",
    "name": "id title display_name pipeline_name",
    "vars": "variables env environment locals constants values",
    "parameters": "params param inputs arguments args",
    "conditions": "gates",
    "steps": "jobs tasks nodes stages dag templates components operators",
    "outputs": "results outs",
    "finally": "on_exit exit_handler always cleanup teardown ensure after_all exit_task onexit",
    "targets": "platforms backends",
    # a step
    "component": "uses image run type ref component_ref template task job module op action script "
    "command component_name pipeline subpipeline workflow call include",
    "inputs": "with arguments args params parameters kwargs",
    "when": "if condition when_expressions only gate run_if",
    "after": "needs depends_on dependencies depends run_after requires upstream follows wait_for",
    "fail": "error raise exit abort message",
    "foreach": "matrix loop for with_items with_param parallel_for each for_each strategy map",
    "pick": "select best best_of argmax argmin choose choice top get_best",
    "resources": "compute limits requests machine",
    "cache": "caching caching_options memoize cache_config",
    "retry": "retries retry_strategy retry_policy retry_policies",
    "environment": "env envs env_vars env_variables environment_variables",
    "timeout": "time_limit timeout_minutes timeout_seconds deadline active_deadline_seconds "
    "max_run max_runtime max_runtime_in_seconds",
    "tags": "labels tag",
    "description": "desc doc help summary comment",
    # a parameter, an input of a component
    "type": "kind data_type datatype",
    "default": "value initial default_value",
    "minimum": "min ge least lower",
    "maximum": "max le most upper",
    "enum": "choices options allowed_values allowed values one_of literals",
    "pattern": "regex regexp match",
    # a pick
    "from": "source of step steps over among",
    "highest": "max maximum argmax greatest maximize",
    "lowest": "min minimum argmin least minimize",
    # settings
    "cpu": "cpus cores vcpu vcpus cpu_limit cpu_request",
    "memory": "mem ram memory_limit memory_request",
    "gpu": "gpus accelerator accelerators accelerator_count",
    "disk": "storage ephemeral_storage volume disk_size",
    "instances": "instance_count count nodes node_count hosts machines workers replicas",
    "max_age": "ttl expire_after max_cache_staleness max_staleness age",
    "max_attempts": "attempts limit max_retries max_retry_count max_attempt count retries max",
    "on": "causes errors exception_types exceptions",
    "interval": "delay backoff_duration wait duration sleep interval_seconds",
    "backoff": "factor backoff_rate backoff_factor multiplier",
    "var": "variable item item_var loop_var as",
    "in": "items values with_items",
    # targets
    "sagemaker": "aws",
    "kfp": "kubeflow kubernetes k8s vertex",
    "artifact_root": "bucket root pipeline_root output_path s3_root default_bucket",
    "pipeline_root": "bucket root artifact_root output_path",
    "role": "role_arn execution_role execution_role_arn sagemaker_role",
    "instance_type": "instance machine machine_type",
    "instance_count": "instances",
    "image_registry": "registry ecr",
    "volume_size": "volume_size_in_gb volume",
    "parallelism": "max_parallel_execution_steps max_parallel",
    "spot": "use_spot_instances",
    "service_account": "service_account_name",
    "gpu_resource": "gpu_type accelerator_type",
    # a component spec
    "implementation": "container image command",
    "metadata": "annotations labels",
    "args": "arguments",
    "command": "entrypoint cmd",
    "env": "environment",
}

_STEP = {
    "name": "the key above it names the step",
    "id": "the key above it names the step",
    "else": "write `when: not CONDITION`",
    "outputs": "a component declares its outputs; read one as `steps.NAME.outputs.NAME`",
}
_PIPELINE = {
    "metadata": "name and description stand at the top level",
    "spec": "steps, parameters and outputs stand at the top level",
    "on": "what starts a pipeline is said outside of it",
    "schedule": "what starts a pipeline is said outside of it",
    "triggers": "what starts a pipeline is said outside of it",
}
_PARAMETER = {
    "optional": "a parameter without `default:` must be given, one with it may be",
    "required": "a parameter without `default:` must be given, one with it may be",
}
_INPUT = {
    "required": "an input without `default:` and `optional: true` must be given",
    "minimum": "put it under `annotations:`",
    "maximum": "put it under `annotations:`",
    "enum": "put it under `annotations:`",
    "pattern": "put it under `annotations:`",
    "format": "put it under `annotations:`",
}  # fmt: skip
_ABOUT = "write it under `metadata.annotations:`, as text"
_FORMAT = "the format has no such key: remove it"
_SPEC = {
    "author": _ABOUT, "authors": _ABOUT, "owner": _ABOUT, "owners": _ABOUT, "license": _ABOUT,
    "stability": _ABOUT, "tags": _ABOUT, "side_effects": _ABOUT, "apiVersion": _FORMAT,
    "kind": _FORMAT, "schemaVersion": _FORMAT,
}  # fmt: skip
# what has no place, by a key that only such a mapping has
_HINTS = {
    "implementation": _SPEC, "component": _STEP, "steps": _PIPELINE, "minimum": _PARAMETER,
    "optional": _INPUT,
    "retry": {"targets": "a target's settings for all steps stand under the pipeline's `targets:`"},
    "sagemaker": {"local": "the local engine needs no settings here; it takes `resources:`"},
    "memory": {
        "limits": "write cpu and memory right under `resources:`",
        "requests": "write cpu and memory right under `resources:`",
    },
}  # fmt: skip


_VAR = "let the definition read `${{ vars.NAME }}` there, and give `vars:` here"
_CONDITION = "let the definition's condition read a parameter, and give its default here"
_SAME = "the same steps run with every values file; write it in the definition"
_FIXED = {
    "component": _SAME, "fail": _SAME, "pick": _SAME, "after": _SAME, "outputs": _SAME,
    "inputs": _VAR,
    "foreach": _VAR, "secret_env": _VAR, "when": _CONDITION, "conditions": _CONDITION,
    "name": "write it in the definition", "description": "write it in the definition",
    "defaults": "write it for each step, under `steps:`",
}  # fmt: skip


def fixed(key: str, known: Collection[str]) -> str | None:
    """The help where a values file has a key of the definition's (E220); None where it has not."""
    step = "resources" in known and "component" not in known and "targets" in known
    file = "kind" in known and "vars" in known and "conditions" not in known
    return _FIXED.get(key) if step or file else None


def _plain(key: str) -> str:
    return re.sub("[-_ ]", "", key.lower())


_OURS: dict[str, list[str]] = {}
for _own, _others in _WORDS.items():
    for _word in _others.split():
        _OURS.setdefault(_plain(_word), []).append(_own)


def alias(key: str, known: Collection[str]) -> str | None:
    """The known key that a foreign one stands for; not a misspelt one."""
    return next((own for own in _OURS.get(_plain(key), ()) if own in known), None)


def meant(key: str, known: Collection[str]) -> str | None:
    """The known key that a foreign or misspelt one most likely stands for."""
    glued = re.match(r"(\w+):\S", key)
    if glued and glued[1] in known:
        return glued[1]
    if next(iter(hints(key, known)), None):
        return None
    return alias(key, known) or suggest(key, known)


def hints(key: str, known: Collection[str], homes: Mapping[str, str] | None = None) -> list[str]:
    """Why a key has no place in a mapping, or where its place is; empty when nothing is known.

    homes  the mapping's path, by keys that have their place there
    """
    if key in known:
        return []
    said = [held[key] for sign, held in _HINTS.items() if sign in known and key in held]
    if "resources" in known and "component" in known:
        for block, keys in schema.SETTING_KEYS.items():
            if any(item.name == key for item in keys):
                said.append(f"move it under `{block}:`")
    home = (homes or {}).get(key)
    if home is not None:
        said.append(f"move it under `{home}:`")
    return said


def help_for(key: str, known: Collection[str], homes: Mapping[str, str]) -> str | None:
    """The way out for an unknown key; None when nothing better than a list of keys is known."""
    glued = re.match(r"(\w+):(\S.*)", key)
    if glued and glued[1] in known:
        return f"put a space after the colon: `{glued[1]}: {glued[2]}`"
    if alias(key, known) is None and (said := hints(key, known, homes)):
        return said[0]
    near = meant(key, known)
    return f"did you mean `{near}`?" if near else None
