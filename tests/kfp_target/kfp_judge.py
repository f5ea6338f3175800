"""A judge of pipeline.yaml that knows nothing of the compiler: text in, faults out.

It holds the text against the protobuf schema, and against what neither the schema nor kfp's
loader looks at: names that lead nowhere, cycles, inputs not given or not declared, placeholders
and conditions that no backend can read, wires between different types, iterators and lists that
fit nothing, exit tasks that no backend runs, YAML that two readers take differently.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import celpy
import kfp_cel
import yaml
from google.protobuf.json_format import ParseDict, ParseError
from kfp.kubernetes import kubernetes_executor_config_pb2 as kubernetes
from kfp.pipeline_spec import pipeline_spec_pb2 as pb
from kfp_readers import LOADERS

PLACEHOLDER = re.compile(r"\{\{\$(.*?)\}\}")
_READS = re.compile(r"\.(inputs|outputs)\.(parameters|artifacts)\['([^']+)'\](\.\w+)?")
_FIELD = re.compile(r'parseJson\(string_value\)\[("[^"]+")\]')
_OPERAND = re.compile(r"inputs\.parameter_values\['([^']+)'\]")
# What the driver puts in place of a constant
RUN_FACTS = ("{{$.pipeline_job_uuid}}", "{{$.pipeline_job_create_time_utc}}")
_VOLUMES = {  # field of a pod's configuration: what names the volume, which a backend calls so
    "pvcMount": "constant", "emptyDirMounts": "volumeName", "secretAsVolume": "secretName",
    "configMapAsVolume": "configMapName", "genericEphemeralVolume": "volumeName",
}  # fmt: skip
_LABEL = r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)"


def faults(text: str) -> list[str]:
    """Everything wrong with a pipeline.yaml; empty when it is good."""
    return list(_faults(text))


def _faults(text: str) -> Iterator[str]:
    readings = [list(yaml.load_all(text, loader)) for loader in LOADERS]
    for reading in readings[1:]:
        if repr(reading) != repr(readings[0]):
            yield "two YAML readers take it differently"
            return
    spec, *platforms = readings[0]
    yield from _schema(spec, pb.PipelineSpec(), "PipelineSpec")
    yield from _schema(spec.get("deploymentSpec", {}), pb.PipelineDeploymentConfig(), "deployment")
    for platform in platforms:
        yield from _schema(platform, pb.PlatformSpec(), "PlatformSpec")
    if len(platforms) > 1 or any(set(platform) != {"platforms"} for platform in platforms):
        yield "the second document is no PlatformSpec alone"
    if spec.get("schemaVersion") != "2.1.0":
        yield "schemaVersion is not 2.1.0"
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", spec["pipelineInfo"]["name"]):
        yield "the pipeline's name is no name to the API server"
    yield from Spec(spec, platforms).faults()


def _schema(data: Any, message: Any, what: str) -> Iterator[str]:
    try:
        ParseDict(data, message)
    except ParseError as error:
        yield f"{what}: {str(error).splitlines()[0]}"  # the rest lists every field there is


# --- meaning ---------------------------------------------------------------------------------


class Spec:
    """A pipeline's specification, followed from the root."""

    def __init__(self, spec: Mapping[str, Any], platforms: list[Any]) -> None:
        self.root = spec["root"]
        self.components = spec["components"]
        self.executors = spec["deploymentSpec"]["executors"]
        self.pods: Mapping[str, Any] = {}
        for platform in platforms:
            config = platform["platforms"]["kubernetes"]
            self.pods = config.get("deploymentSpec", {}).get("executors", {})
        self.seen: set[str] = set()
        self.repeated: set[str] = set()  # components of which an iterator makes lists
        self.items: dict[str, list[Any]] = {}  # their items, where these are written out

    def faults(self) -> Iterator[str]:
        """What is wrong from the root down, and what nothing leads to."""
        yield from self.dag("root", "", self.root)
        for name in sorted(set(self.components) - self.seen):
            yield f"component {name} is used nowhere"
        labels = {item.get("executorLabel") for item in self.components.values()} - {None}
        for label in sorted(set(self.executors) ^ labels):
            yield f"executor {label} is missing, or used nowhere"
        for label, config in self.pods.items():
            if label not in self.executors or not config:
                yield f"pod {label} configures nothing that is known"
                continue
            yield from _schema(config, kubernetes.KubernetesExecutorConfig(), f"pod {label}")
            yield from _pod(label, config, self.executors[label].get("container", {}))

    def dag(self, where: str, name: str, component: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with a DAG component and the tasks in it."""
        tasks = component["dag"]["tasks"]
        if not tasks:
            yield f"{where}: no tasks"
        for task in tasks:
            if (
                not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", task)
                or f"{task}-driver" in tasks
            ):
                yield f"{where}: Argo cannot run a task called {task}"
        if _cyclic({name: task.get("dependentTasks", []) for name, task in tasks.items()}):
            yield f"{where}: cycle"
        for key, task in tasks.items():
            yield from self.task(f"{where}/{key}", key, task, component, name)
        yield from self.outputs(where, name, component)
        yield from _last(where, tasks)

    def task(
        self, where: str, name: str, task: Mapping[str, Any], around: Mapping[str, Any],
        task_of: str,
    ) -> Iterator[str]:  # fmt: skip
        """What is wrong with one task."""
        siblings = around["dag"]["tasks"]
        if task["taskInfo"]["name"] != name:
            yield f"{where}: taskInfo has another name"
        component = self.components.get(task["componentRef"]["name"])
        if component is None:
            yield f"{where}: no component {task['componentRef']['name']}"
            return
        yield from self.secrets(where, component, around)
        waits = task.get("dependentTasks", [])
        for other in waits:
            if other not in siblings:
                yield f"{where}: depends on {other}, which is not beside it"
        given: dict[str, str] = {}
        for kind in ("parameters", "artifacts"):
            declared = component.get("inputDefinitions", {}).get(kind, {})
            sources = task.get("inputs", {}).get(kind, {})
            item = task.get("parameterIterator", {}).get("itemInput")
            declared = {key: held for key, held in declared.items() if key != item}
            for key in sorted(set(declared) ^ set(sources)):
                yield f"{where}: input {key} is not given, or not declared"
            for key in sorted(set(declared) & set(sources)):
                if _loop_like(key) and not _loop_like(
                    sources[key].get("componentInputParameter", "")
                ):
                    yield f"{where}: a backend takes {key} for a loop's item"
                found, producer = self.source(sources[key], around, task_of)
                if producer is not None and producer not in waits:
                    yield f"{where}: reads {producer} without waiting for it"
                wanted = _type(declared[key])
                if found is None:
                    yield f"{where}: input {key} comes from nowhere"
                elif not _fits(wanted, found):
                    yield f"{where}: input {key} is {wanted} but is given {found}"
                given[key] = wanted
        if "parameterIterator" in task:
            yield from self.iterator(where, task, component, given)
        condition = task.get("triggerPolicy", {}).get("condition")
        if condition is not None:
            yield from _condition(where, condition, given)
        retry = task.get("retryPolicy")
        if retry is not None and (retry["maxRetryCount"] < 1 or retry["backoffFactor"] % 1):
            yield f"{where}: Argo takes no such retryPolicy"
        yield from self.implementation(where, task["componentRef"]["name"], component)

    def secrets(
        self, where: str, component: Mapping[str, Any], around: Mapping[str, Any]
    ) -> Iterator[str]:
        """What is wrong with the secrets of a task's pod; a parameter is one of the DAG around."""
        inputs = around.get("inputDefinitions", {}).get("parameters", {})
        pod = self.pods.get(component.get("executorLabel", ""), {})
        for item in pod.get("secretAsEnv", []):
            source = item.get("secretNameParameter", {}).get("componentInputParameter")
            if ("secretName" in item) == (source is not None) or not item.get("keyToEnv"):
                yield f"{where}: a secret with no name or two, or of no use"
            elif source is not None and inputs.get(source, {}).get("parameterType") != "STRING":
                yield f"{where}: the secret's name comes from {source}, which is no text here"

    def implementation(self, where: str, name: str, component: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with a component; each is looked into once."""
        if name in self.seen:
            return
        self.seen.add(name)
        if "dag" in component:
            yield from self.dag(where, name, component)
            return
        executor = self.executors.get(component.get("executorLabel"))
        if executor is None:
            yield f"{where}: no executor {component.get('executorLabel')}"
        elif "importer" in executor:
            uri = executor["importer"]["artifactUri"]["runtimeParameter"]
            if uri not in component["inputDefinitions"]["parameters"]:
                yield f"{where}: the importer has no {uri}"
        else:
            yield from _container(where, executor["container"], component)

    def iterator(
        self, where: str, task: Mapping[str, Any], component: Mapping[str, Any],
        given: Mapping[str, str],
    ) -> Iterator[str]:  # fmt: skip
        """What is wrong with what repeats a sub-DAG."""
        iterator, name = task["parameterIterator"], task["componentRef"]["name"]
        item, items = iterator["itemInput"], iterator["items"]
        declared = component.get("inputDefinitions", {}).get("parameters", {})
        if "dag" not in component or "condition" in task.get("triggerPolicy", {}):
            yield f"{where}: no backend repeats such a task"
        if item not in declared or not _loop_like(item):
            yield f"{where}: {item} is no input for an item"
            return
        self.repeated.add(name)
        if "raw" in items:
            self.items[name] = json.loads(items["raw"])
            for held in self.items[name]:
                if not _fits(_type(declared[item]) or "", _kind(_doubled(held))):
                    yield f"{where}: item {held!r} is no {_type(declared[item])}"
        elif given.get(items["inputParameter"]) != "LIST":
            yield f"{where}: {items['inputParameter']} is no list to go over"

    def source(
        self, source: Mapping[str, Any], around: Mapping[str, Any], dag: str
    ) -> tuple[str | None, str | None]:
        """The type of what a task input is given, and the sibling that makes it."""
        inputs = around.get("inputDefinitions", {})
        match source:
            case {"parameterExpressionSelector": selector, "componentInputParameter": key}:
                field = _FIELD.fullmatch(selector)
                held = inputs.get("parameters", {}).get(key)
                if field is None or _type(held) != "STRUCT" or not _loop_like(key):
                    return None, None
                kinds = {
                    _kind(_doubled(item.get(json.loads(field[1]))))
                    for item in self.items.get(dag, [{}])
                }
                return (kinds.pop() if len(kinds) == 1 else "number"), None
            case {"runtimeValue": {"constant": value}}:
                if isinstance(value, str) and "{{" in value and value not in RUN_FACTS:
                    return None, None
                return _kind(value), None
            case {"componentInputParameter": key}:
                return _type(inputs.get("parameters", {}).get(key)), None
            case {"componentInputArtifact": key}:
                return _type(inputs.get("artifacts", {}).get(key)), None
            case {"taskOutputParameter": {"producerTask": task, "outputParameterKey": key}}:
                return self.output("parameters", task, key, around), task
            case {"taskOutputArtifact": {"producerTask": task, "outputArtifactKey": key}}:
                return self.output("artifacts", task, key, around), task
        return None, None

    def output(self, kind: str, task: str, key: str, around: Mapping[str, Any]) -> str | None:
        """The type of a sibling's output; None where there is none, or may be none."""
        sibling = around["dag"]["tasks"].get(task)
        if sibling is None or "condition" in sibling.get("triggerPolicy", {}):
            return None
        component = self.components.get(sibling["componentRef"]["name"], {})
        return _type(component.get("outputDefinitions", {}).get(kind, {}).get(key))

    def outputs(self, where: str, name: str, component: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with the outputs of a DAG."""
        declared = component.get("outputDefinitions", {})
        made = component["dag"].get("outputs", {})
        for kind, output_key in (
            ("parameters", "outputParameterKey"),
            ("artifacts", "outputArtifactKey"),
        ):
            for key in sorted(set(declared.get(kind, {})) ^ set(made.get(kind, {}))):
                yield f"{where}: output {key} is not made, or not declared"
            for key, how in made.get(kind, {}).items():
                selector = (
                    how["valueFromParameter"]
                    if kind == "parameters"
                    else how["artifactSelectors"][0]
                )
                found = self.output(
                    kind, selector["producerSubtask"], selector[output_key], component
                )
                said = _type(declared.get(kind, {}).get(key))
                if name in self.repeated and found is not None:
                    found = _listed(kind, found)
                if found != said:
                    yield f"{where}: output {key} is made of {found}"


def _container(
    where: str, container: Mapping[str, Any], component: Mapping[str, Any]
) -> Iterator[str]:
    if not container.get("image") or not container.get("command"):
        yield f"{where}: no image or no command"
    if any(PLACEHOLDER.search(item["value"]) for item in container.get("env", [])):
        yield f"{where}: no backend replaces anything in a variable"
    first, *words = [*container.get("command", [""]), *container.get("args", [])]
    if PLACEHOLDER.search(first):
        yield f"{where}: the launcher replaces nothing in the first word"
    for word in words:
        if (word.strip().startswith("{") and "IfPresent" in word) or '"Concat"' in word:
            yield f"{where}: no backend reads {word}"
        for found in PLACEHOLDER.findall(word):
            read = _READS.fullmatch(found)
            if found == "":
                continue
            if read is None:
                yield f"{where}: no placeholder {found}"
                continue
            side, kind, key, suffix = read.groups()
            declared = component.get(f"{side[:-1]}Definitions", {}).get(kind, {})
            suffixes = {
                ("inputs", "parameters"): (None,), ("outputs", "parameters"): (".output_file",),
            }.get((side, kind), (".path", ".uri"))  # fmt: skip
            if key not in declared or suffix not in suffixes:
                yield f"{where}: no placeholder {found}"


def _condition(where: str, condition: str, given: Mapping[str, str]) -> Iterator[str]:
    for key in _OPERAND.findall(condition):
        if key not in given:
            yield f"{where}: the condition reads {key}, which is no input"
    try:
        kfp_cel.program(condition)
    except celpy.CELParseError:
        yield f"{where}: the condition is no CEL: {condition}"


# --- pods ------------------------------------------------------------------------------------


def _pod(label: str, config: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
    """What Kubernetes would refuse of a pod, or take otherwise than it looks."""
    mounts = [(item[name], item["mountPath"]) for field, name in _VOLUMES.items()
              for item in config.get(field, [])]  # fmt: skip
    for what, words in (("name", [name for name, _ in mounts]), ("path", [p for _, p in mounts])):
        if len(set(words)) < len(words):
            yield f"pod {label}: two volumes have one {what}"
    for name, path in mounts:
        if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name) or path[:1] != "/":
            yield f"pod {label}: volume {name} at {path}"
    variables = [item["name"] for item in (*container.get("env", []),
                                           *config.get("fieldPathAsEnv", []))]  # fmt: skip
    for field in ("secretAsEnv", "configMapAsEnv"):
        variables += [key["envVar"] for item in config.get(field, []) for key in item["keyToEnv"]]
    if len(set(variables)) < len(variables):
        yield f"pod {label}: a variable is set twice"
    metadata = config.get("podMetadata", {})
    for key, value in metadata.get("labels", {}).items():
        if not re.fullmatch(rf"([a-z0-9.-]+/)?{_LABEL}", key) or not re.fullmatch(
            rf"{_LABEL}?", value
        ):
            yield f"pod {label}: label {key}: {value}"
    if config.get("activeDeadlineSeconds", 1) < 1:
        yield f"pod {label}: no time to run"


def _cyclic(graph: Mapping[str, list[str]]) -> bool:
    left = {name: set(waits) & set(graph) for name, waits in graph.items()}
    while free := [name for name, waits in left.items() if not waits]:
        for name in free:
            del left[name]
        for waits in left.values():
            waits.difference_update(free)
    return bool(left)


def _type(definition: Mapping[str, Any] | None) -> str | None:
    if definition is None:
        return None
    if "parameterType" in definition:
        return str(definition["parameterType"])
    title = definition["artifactType"]["schemaTitle"]
    return f"list of {title}" if definition.get("isArtifactList") else str(title)


def _listed(kind: str, found: str) -> str:
    """What repetitions give that give this each."""
    if kind == "parameters":
        return "LIST"
    return found if found.startswith("list of ") else f"list of {found}"


def _loop_like(key: str) -> bool:
    """backend/src/v2/driver/common/common.go: IsLoopArgument"""
    name = key.removeprefix("pipelinechannel--")
    return name.startswith("loop-item") or name.endswith("loop-item")


def _doubled(value: Any) -> Any:
    return float(value) if type(value) is int else value


def _last(where: str, tasks: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with exit tasks: Argo makes one a hook of each task that it waits for, and
    keeps one hook for each (backend/src/v2/compiler/argocompiler/dag.go)."""
    last = {
        name: task.get("dependentTasks", [])
        for name, task in tasks.items()
        if task.get("triggerPolicy", {}).get("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED"
    }
    for name, waits in last.items():
        if len(waits) != 1 or "parameterIterator" in tasks.get(waits[0], {}):
            yield f"{where}/{name}: an exit task waits for one sub-DAG"
        if sum(waits == other for other in last.values()) > 1:
            yield f"{where}/{name}: another exit task waits for the same"
    for name, task in tasks.items():
        if set(task.get("dependentTasks", [])) & set(last):
            yield f"{where}/{name}: waits for an exit task"


def _fits(wanted: str, found: str) -> bool:
    if wanted == "list of system.Artifact":
        return found.startswith("list of ")
    if found == "number":
        return wanted in ("NUMBER_INTEGER", "NUMBER_DOUBLE")
    return found == wanted or (wanted == "system.Artifact" and found.startswith("system."))


def _kind(value: Any) -> str:
    """The parameter type of a constant; a whole float may be either number."""
    if isinstance(value, float) and value % 1:
        return "NUMBER_DOUBLE"
    kinds = {str: "STRING", bool: "BOOLEAN", dict: "STRUCT", list: "LIST"}
    return kinds.get(type(value), "number")
