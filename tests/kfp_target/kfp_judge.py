"""A judge of pipeline.yaml that knows nothing of the compiler: text in, faults out.

It holds the text against the protobuf schema, and against what neither the schema nor kfp's
loader looks at: names that lead nowhere, cycles, inputs not given or not declared, placeholders
and conditions that no backend can read, wires between different types, YAML that two readers
take differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import celpy
import kfp_cel
import yaml
from google.protobuf.json_format import ParseDict, ParseError
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

PLACEHOLDER = re.compile(r"\{\{\$(.*?)\}\}")
_READS = re.compile(r"\.(inputs|outputs)\.(parameters|artifacts)\['([^']+)'\](\.\w+)?")
_OPERAND = re.compile(r"inputs\.parameter_values\['([^']+)'\]")
# What the driver puts in place of a constant
RUN_FACTS = ("{{$.pipeline_job_uuid}}", "{{$.pipeline_job_create_time_utc}}")
_POD_KEYS = {"nodeSelector", "tolerations", "imagePullSecret", "secretAsEnv"}


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


# --- YAML readers ----------------------------------------------------------------------------


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema."""


class Go(yaml.SafeLoader):
    """Go's YAML 1.1 (sigs.k8s.io/yaml): `y`, `n` and `on` are booleans, `2e-5` and `0o7` numbers."""


def _resolvers(loader: Any, booleans: str, floats: str, integers: str, more: str) -> None:
    loader.yaml_implicit_resolvers = {}
    for tag, pattern in (
        ("bool", booleans), ("float", floats), ("int", integers), ("null", "~|null|Null|NULL|"),
        ("odd", more),
    ):  # fmt: skip
        loader.add_implicit_resolver(
            f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), None
        )
    loader.add_constructor("tag:yaml.org,2002:bool", lambda self, node: node.value[0] in "tTyYoO")
    loader.add_constructor("tag:yaml.org,2002:float", lambda self, node: float(node.value))
    loader.add_constructor("tag:yaml.org,2002:int", lambda self, node: int(node.value))
    loader.add_constructor("tag:yaml.org,2002:odd", lambda self, node: ("odd", node.value))


_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
_resolvers(Core, "true|True|TRUE|false|False|FALSE", _FLOAT, r"[-+]?[0-9]+",
           r"0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")  # fmt: skip
_resolvers(Go, "[yYnN]|(?i:yes|no|on|off|true|false)", _FLOAT, r"[-+]?[0-9]+",
           r"[-+]?0[xob][0-9a-fA-F_]+|[-+]?[0-9][0-9_]+_[0-9]*|[-+]?[0-9]+(?::[0-5]?[0-9])+"
           r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|[-+]?\.(?i:inf)|\.(?i:nan)|=|<<")  # fmt: skip
LOADERS = (yaml.SafeLoader, Core, Go)


# --- meaning ---------------------------------------------------------------------------------


class Spec:
    """A pipeline's specification, followed from the root."""

    def __init__(self, spec: Mapping[str, Any], platforms: list[Any]) -> None:
        self.root = spec["root"]
        self.components = spec["components"]
        self.executors = spec["deploymentSpec"]["executors"]
        self.pods: Mapping[str, Any] = {}
        for platform in platforms:
            self.pods = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
        self.seen: set[str] = set()

    def faults(self) -> Iterator[str]:
        """What is wrong from the root down, and what nothing leads to."""
        yield from self.dag("root", self.root)
        for name in sorted(set(self.components) - self.seen):
            yield f"component {name} is used nowhere"
        labels = {item.get("executorLabel") for item in self.components.values()} - {None}
        for label in sorted(set(self.executors) ^ labels):
            yield f"executor {label} is missing, or used nowhere"
        for label, config in self.pods.items():
            if label not in self.executors or not config or set(config) - _POD_KEYS:
                yield f"pod {label} configures nothing that is known"

    def dag(self, where: str, component: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with a DAG component and the tasks in it."""
        tasks = component["dag"]["tasks"]
        if not tasks:
            yield f"{where}: no tasks"
        for name in tasks:
            if (
                not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
                or f"{name}-driver" in tasks
            ):
                yield f"{where}: Argo cannot run a task called {name}"
        if _cyclic({name: task.get("dependentTasks", []) for name, task in tasks.items()}):
            yield f"{where}: cycle"
        for name, task in tasks.items():
            yield from self.task(f"{where}/{name}", name, task, component)
        yield from self.outputs(where, component)

    def task(
        self, where: str, name: str, task: Mapping[str, Any], around: Mapping[str, Any]
    ) -> Iterator[str]:
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
            for key in sorted(set(declared) ^ set(sources)):
                yield f"{where}: input {key} is not given, or not declared"
            for key in sorted(set(declared) & set(sources)):
                found, producer = self.source(sources[key], around)
                if producer is not None and producer not in waits:
                    yield f"{where}: reads {producer} without waiting for it"
                wanted = _type(declared[key])
                if found is None:
                    yield f"{where}: input {key} comes from nowhere"
                elif not _fits(wanted, found):
                    yield f"{where}: input {key} is {wanted} but is given {found}"
                given[key] = wanted
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
            yield from self.dag(where, component)
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

    def source(
        self, source: Mapping[str, Any], around: Mapping[str, Any]
    ) -> tuple[str | None, str | None]:
        """The type of what a task input is given, and the sibling that makes it."""
        inputs = around.get("inputDefinitions", {})
        match source:
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
        """The type of a sibling's output; None where there is none."""
        sibling = around["dag"]["tasks"].get(task)
        if sibling is None:
            return None
        component = self.components.get(sibling["componentRef"]["name"], {})
        return _type(component.get("outputDefinitions", {}).get(kind, {}).get(key))

    def outputs(self, where: str, component: Mapping[str, Any]) -> Iterator[str]:
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
                if found != _type(declared.get(kind, {}).get(key)):
                    yield f"{where}: output {key} is made of {found}"


def _container(
    where: str, container: Mapping[str, Any], component: Mapping[str, Any]
) -> Iterator[str]:
    if not container.get("image") or not container.get("command"):
        yield f"{where}: no image or no command"
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
    return definition.get("parameterType") or definition["artifactType"]["schemaTitle"]


def _fits(wanted: str, found: str) -> bool:
    if found == "number":
        return wanted in ("NUMBER_INTEGER", "NUMBER_DOUBLE")
    return found == wanted or (wanted == "system.Artifact" and found.startswith("system."))


def _kind(value: Any) -> str:
    """The parameter type of a constant; a whole float may be either number."""
    if isinstance(value, float) and value % 1:
        return "NUMBER_DOUBLE"
    kinds = {str: "STRING", bool: "BOOLEAN", dict: "STRUCT", list: "LIST"}
    return kinds.get(type(value), "number")
