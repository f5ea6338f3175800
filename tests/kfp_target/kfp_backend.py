"""A pipeline.yaml played through as KFP's driver and launcher would, with made-up outputs.

After https://github.com/kubeflow/pipelines/tree/master/backend/src/v2/driver: a task sees its own
DAG's inputs and its siblings' outputs; a sub-DAG whose condition is false is skipped with all that
is in it; a constant is replaced only where it is a placeholder as a whole; what an iterator repeats
gives lists; a task with the strategy ALL_UPSTREAM_TASKS_COMPLETED runs after a failure too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Mapping
from decimal import Decimal
from typing import Any

import yaml
from kfp_cel import holds, select

_PLACEHOLDER = re.compile(r"\{\{\$(.*?)\}\}")
_LAST = "ALL_UPSTREAM_TASKS_COMPLETED"
_MODULE = ("python3", "-m", "isodag.runtime")
RUN_ID, STARTED_AT = "run-0001", "2026-01-02T03:04:05Z"
_FACTS = {
    "{{$.pipeline_job_uuid}}": RUN_ID,
    "{{$.pipeline_job_create_time_utc}}": STARTED_AT,
}

Made = Callable[[str, str], Any]
Given = Mapping[str, Any]


class Failed(Exception):
    """A sub-DAG failed."""


def play(
    text: str, parameters: Mapping[str, Any], made: Made, failing: Container[str] = ()
) -> dict[str, list[str]]:
    """The command line of every container that runs, by task; in repetition 1 of a loop and 0 of
    one within it, by `task[1,0]`.

    parameters  values of the pipeline's parameters, beyond their defaults
    made        what a task's output is, by that name and the output's key; an artifact's URI
    failing     the tasks that fail, by that name
    """
    ran, _ = played(text, parameters, made, failing)
    return ran


def played(
    text: str, parameters: Mapping[str, Any], made: Made, failing: Container[str] = ()
) -> tuple[dict[str, list[str]], dict[str, Any] | None]:
    """What `play` gives, and the outputs of the pipeline; None where it failed."""
    spec = next(yaml.safe_load_all(text))
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    defaults = {
        name: item["defaultValue"] for name, item in declared.items() if "defaultValue" in item
    }
    run = Run(spec, made, failing)
    try:
        return run.ran, run.dag(spec["root"], {**defaults, **parameters}, ())
    except Failed:
        return run.ran, None


class Run:
    """One run of a pipeline."""

    def __init__(self, spec: Any, made: Made, failing: Container[str]) -> None:
        self.spec, self.made, self.failing = spec, made, failing
        self.ran: dict[str, list[str]] = {}

    def dag(self, component: Any, inputs: Given, indices: tuple[int, ...]) -> dict[str, Any]:
        """Run the tasks of a DAG; its outputs.  Raises Failed when one of them fails.

        indices  the repetitions that it is in, outermost first
        """
        outputs: dict[str, Given] = {}
        failed: set[str] = set()
        waiting = dict(component["dag"]["tasks"])
        while waiting:
            free = [
                n
                for n, task in waiting.items()
                if not set(task.get("dependentTasks", [])) & set(waiting)
            ]
            assert free, "a cycle"
            for name in sorted(free, reverse=True):  # nothing may rely on the order of names
                task = waiting.pop(name)
                awaited = set(task.get("dependentTasks", []))
                last = task.get("triggerPolicy", {}).get("strategy") == _LAST
                if awaited & failed and not last:
                    failed.add(name)  # it cannot run any more
                    continue
                try:
                    found = self.task(name, task, inputs, outputs, indices)
                except Failed:
                    failed.add(name)
                else:
                    if found is not None:
                        outputs[name] = found
        if failed:
            raise Failed
        return {
            key: outputs[subtask][subkey]
            for how in component["dag"].get("outputs", {}).values()
            for key, selector in how.items()
            for subtask, subkey in [_selected(selector)]
        }

    def task(
        self, name: str, task: Any, inputs: Given, outputs: Mapping[str, Given],
        indices: tuple[int, ...],
    ) -> Given | None:  # fmt: skip
        """Run a task; its outputs, None when it is skipped."""
        given = {
            key: _resolve(source, inputs, outputs)
            for sources in task.get("inputs", {}).values()
            for key, source in sources.items()
        }
        condition = task.get("triggerPolicy", {}).get("condition")
        if condition is not None and not holds(condition, given):
            return None
        callee = self.spec["components"][task["componentRef"]["name"]]
        if "dag" not in callee:
            executor = self.spec["deploymentSpec"]["executors"][callee["executorLabel"]]
            return self.container(instance(name, indices), executor, given, callee)
        iterator = task.get("parameterIterator")
        if iterator is None:
            return self.dag(callee, given, indices)
        items = iterator["items"]
        listed = json.loads(items["raw"]) if "raw" in items else given[items["inputParameter"]]
        each = [
            self.dag(callee, {**given, iterator["itemInput"]: item}, (*indices, number))
            for number, item in enumerate(listed)
        ]
        declared = callee.get("outputDefinitions", {})
        keys = [key for ports in declared.values() for key in ports]
        return {key: [one[key] for one in each] for key in keys}

    def container(self, name: str, executor: Any, given: Given, callee: Any) -> Given:
        """Run a container or an importer."""
        if "importer" in executor:
            return {"artifact": given[executor["importer"]["artifactUri"]["runtimeParameter"]]}
        container = executor["container"]
        words = [*container["command"], *container.get("args", [])]
        while name in self.ran:
            name += "'"  # kfp's own compiler calls tasks of different sub-DAGs alike
        self.ran[name] = words = [
            _PLACEHOLDER.sub(lambda match: _text(match[1], given, callee), word) for word in words
        ]
        if name in self.failing:
            raise Failed
        if words[:4] == [*_MODULE, "--pick"]:
            return picked(words)
        ports = callee.get("outputDefinitions", {}).values()
        return {key: self.made(name, key) for kind in ports for key in kind}


def instance(name: str, indices: tuple[int, ...]) -> str:
    """The name of a task in the repetitions that it is in."""
    return f"{name}[{','.join(map(str, indices))}]" if indices else name


def picked(words: list[str]) -> dict[str, Any]:
    """What a `pick` container gives: of each list, what the best repetition gave."""
    best, by, text = words[4], words[6], words[8]
    message = json.loads(text)
    given = message["inputs"]
    number = best_of(given["parameterValues"][by], highest=best == "highest")
    lists = {
        **given["parameterValues"],
        **{key: [item["uri"] for item in held["artifacts"]]
           for key, held in given["artifacts"].items()},
    }  # fmt: skip
    keys = [*message["outputs"]["parameters"], *message["outputs"]["artifacts"]]
    return {key: lists[f"{key}_list"][number] if f"{key}_list" in lists else number for key in keys}


def best_of(numbers: list[float], *, highest: bool) -> int:
    """The place of the greatest or the least; the first of equals."""
    return numbers.index(max(numbers) if highest else min(numbers))


def _selected(selector: Any) -> tuple[str, str]:
    match selector:
        case {"valueFromParameter": {"producerSubtask": task, "outputParameterKey": key}}:
            return task, key
        case {"artifactSelectors": [{"producerSubtask": task, "outputArtifactKey": key}]}:
            return task, key
    raise AssertionError(selector)


def _resolve(source: Any, inputs: Given, outputs: Mapping[str, Given]) -> Any:
    if "parameterExpressionSelector" in source:
        rest = {key: held for key, held in source.items() if key != "parameterExpressionSelector"}
        return select(source["parameterExpressionSelector"], _resolve(rest, inputs, outputs))
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


def _text(placeholder: str, given: Given, callee: Any) -> str:
    if placeholder == "":
        return _executor_input(given, callee)
    side, kind, key, suffix = re.fullmatch(
        r"\.(inputs|outputs)\.(parameters|artifacts)\['(.+?)'\](\.\w+)?", placeholder
    ).groups()  # type: ignore[union-attr]
    if side == "outputs":
        return f"/out/{key}"
    value = given[key]
    return path(value) if suffix == ".path" else value if kind == "artifacts" else shown(value)


def _executor_input(given: Given, callee: Any) -> str:
    """ExecutorInput in api/v2alpha1/pipeline_spec.proto, as far as a container looks into it."""
    inputs, outputs = (callee.get(f"{side}Definitions", {}) for side in ("input", "output"))
    lists = {key: given[key] for key in inputs.get("artifacts", {})}
    artifacts = {
        key: {"artifacts": [{"uri": uri} for uri in (held if isinstance(held, list) else [held])]}
        for key, held in lists.items()
    }
    made = {
        key: {"artifacts": [{"uri": f"s3://out/{key}"}]} for key in outputs.get("artifacts", {})
    }
    return json.dumps(
        {
            "inputs": {
                "parameterValues": {key: given[key] for key in inputs.get("parameters", {})},
                "artifacts": artifacts,
            },
            "outputs": {
                "parameters": {
                    key: {"outputFile": f"/out/{key}"} for key in outputs.get("parameters", {})
                },
                "artifacts": made,
                "outputFile": "/out/executor_output.json",
            },
        }
    )


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
