"""A pipeline.yaml played through as KFP's driver and launcher would, with made-up outputs.

After https://github.com/kubeflow/pipelines/tree/master/backend/src/v2/driver: a task sees its own
DAG's inputs and its siblings' outputs; a sub-DAG whose condition is false is skipped with all that
is in it; a constant is replaced only where it is a placeholder as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml
from kfp_cel import holds

_PLACEHOLDER = re.compile(r"\{\{\$(.*?)\}\}")
RUN_ID, STARTED_AT = "run-0001", "2026-01-02T03:04:05Z"
_FACTS = {
    "{{$.pipeline_job_uuid}}": RUN_ID,
    "{{$.pipeline_job_create_time_utc}}": STARTED_AT,
}

Made = Mapping[str, Mapping[str, Any]]


def play(text: str, parameters: Mapping[str, Any], made: Made) -> dict[str, list[str]]:
    """The command line of every container that runs, by task.

    parameters  values of the pipeline's parameters, beyond their defaults
    made        what each task's outputs are, by task and output; an artifact's URI
    """
    spec = next(yaml.safe_load_all(text))
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    defaults = {
        name: item["defaultValue"] for name, item in declared.items() if "defaultValue" in item
    }
    ran: dict[str, list[str]] = {}
    _dag(spec, spec["root"], {**defaults, **parameters}, made, ran)
    return ran


def _dag(
    spec: Any, component: Any, inputs: Mapping[str, Any], made: Made, ran: dict[str, list[str]]
) -> None:
    tasks = component["dag"]["tasks"]
    outputs: dict[str, Mapping[str, Any]] = {}
    waiting = dict(tasks)
    while waiting:
        free = [
            n
            for n, task in waiting.items()
            if not set(task.get("dependentTasks", [])) & set(waiting)
        ]
        assert free, "a cycle"
        for name in free:
            task = waiting.pop(name)
            given = {
                key: _resolve(source, inputs, outputs)
                for sources in task.get("inputs", {}).values()
                for key, source in sources.items()
            }
            condition = task.get("triggerPolicy", {}).get("condition")
            if condition is None or holds(condition, given):
                callee = spec["components"][task["componentRef"]["name"]]
                if "dag" in callee:
                    _dag(spec, callee, given, made, ran)
                else:
                    executor = spec["deploymentSpec"]["executors"][callee["executorLabel"]]
                    outputs[name] = _execute(name, executor, given, made, ran)


def _resolve(source: Any, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Any:
    match source:
        case {"runtimeValue": {"constant": value}}:
            return _FACTS.get(value, value) if isinstance(value, str) else value
        case {"componentInputParameter": key} | {"componentInputArtifact": key}:
            return inputs[key]
        case {"taskOutputParameter": {"producerTask": task, "outputParameterKey": key}}:
            return outputs[task][key]
        case {"taskOutputArtifact": {"producerTask": task, "outputArtifactKey": key}}:
            return outputs[task][key]
    raise AssertionError(source)


def _execute(
    name: str, executor: Any, given: Mapping[str, Any], made: Made, ran: dict[str, list[str]]
) -> Mapping[str, Any]:
    if "importer" in executor:
        return {"artifact": given[executor["importer"]["artifactUri"]["runtimeParameter"]]}
    container = executor["container"]
    words = [*container["command"], *container.get("args", [])]
    ran[name] = [_PLACEHOLDER.sub(lambda match: _text(match[1], given), word) for word in words]
    return made.get(name, {})


def _text(placeholder: str, given: Mapping[str, Any]) -> str:
    if placeholder == "":
        return "<executor input>"
    side, kind, key, suffix = re.fullmatch(
        r"\.(inputs|outputs)\.(parameters|artifacts)\['(.+?)'\](\.\w+)?", placeholder
    ).groups()  # type: ignore[union-attr]
    if side == "outputs":
        return f"/out/{key}"
    value = given[key]
    return path(value) if suffix == ".path" else value if kind == "artifacts" else shown(value)


def path(uri: str) -> str:
    """Where the launcher puts an artifact."""
    return "/" + uri.replace("://", "/")


def shown(value: Any) -> str:
    """A parameter's text, as the launcher writes it (strconv.FormatFloat 'f', -1)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{Decimal(repr(float(value))):f}".removesuffix(".0")
    return value if isinstance(value, str) else json.dumps(value)
