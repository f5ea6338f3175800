"""The PipelineSpec of a pipeline whose tasks are nested, and what the manifest says beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isodag import types
from isodag.ir import Constant, OutputRef, Parameter, ParameterRef, Pipeline, RunRef, Text, Value
from isodag.targets.kfp import constants, names, secrets
from isodag.targets.kfp.containers import definition, some
from isodag.targets.kfp.keys import Settings
from isodag.targets.kfp.nest import Nest
from isodag.targets.kfp.sharing import Shared


def documents(
    pipeline: Pipeline, settings: Settings, nest: Nest, shared: Shared
) -> list[dict[str, Any]]:
    """The PipelineSpec, and a PlatformSpec where a pod wants something special.

    https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto
    """
    info = {"name": names.pipeline(pipeline.name), "description": pipeline.description}
    given = {
        item.name: _parameter(item)
        for item in sorted(pipeline.parameters, key=lambda item: item.name)
    }
    wires = [
        (item.name, item.value)
        for item in sorted(pipeline.outputs, key=lambda item: item.name)
        if isinstance(item.value, OutputRef)
    ]
    outputs = definition(
        (name, value.type, not types.is_parameter(value.type)) for name, value in wires
    )
    root = {
        "inputDefinitions": some({"parameters": given}),
        "outputDefinitions": outputs,
        "dag": {**some({"outputs": _dag_outputs(wires)}), **nest.root()},
    }
    spec = {
        "pipelineInfo": some(info),
        "schemaVersion": "2.1.0",
        "sdkVersion": "isodag",
        **some({"defaultPipelineRoot": settings.pipeline_root}),
        "root": some(root),
        "components": dict(sorted({**nest.components(), **shared.components}.items())),
        "deploymentSpec": {"executors": shared.executors},
    }
    if not shared.pods:
        return [spec]
    config = {"deploymentSpec": {"executors": shared.pods}}
    return [spec, {"platforms": {"kubernetes": config}}]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    """A ParameterSpec, without `literals` (an enum): older backends refuse a field they lack."""
    spec: dict[str, Any] = {"parameterType": constants.parameter_type(parameter.type)}
    if parameter.has_default:
        secret = parameter.type == types.SECRET
        default = secrets.name(parameter.default) if secret else parameter.default
        spec["defaultValue"] = constants.constant(default)
        spec["isOptional"] = True
    if parameter.description:
        spec["description"] = parameter.description
    return spec


def _dag_outputs(wires: list[tuple[str, OutputRef]]) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    artifacts: dict[str, Any] = {}
    for name, value in wires:
        producer, key = names.task(value.task), names.port(value.output)
        if types.is_parameter(value.type):
            selector = {"producerSubtask": producer, "outputParameterKey": key}
            parameters[name] = {"valueFromParameter": selector}
        else:
            selector = {"producerSubtask": producer, "outputArtifactKey": key}
            artifacts[name] = {"artifactSelectors": [selector]}
    return some({"parameters": parameters, "artifacts": artifacts})


# --- the manifest ----------------------------------------------------------------------------


def manifest(pipeline: Pipeline, settings: Settings, images: Mapping[str, str]) -> dict[str, Any]:
    """What `submit`, `status` and `logs` need beside the definition.

    outputs  each as {"step", "output"}, {"parameter"}, {"constant"}, {"run"} or {"text": [parts]}
    tasks    by step, the names from the outermost sub-DAG to the task
    secrets  parameters whose value is the name of a Kubernetes secret, without `secret:`
    """
    held = [item.name for item in pipeline.parameters if item.type == types.SECRET]
    return {
        "images": dict(images),
        "outputs": {
            item.name: {"type": item.value.type, **_origin(item.value)}
            for item in sorted(pipeline.outputs, key=lambda item: item.name)
        },
        "tasks": {
            node.name: [*map(names.branch, node.when), names.task(node.name)]
            for node in sorted(pipeline.tasks, key=lambda node: node.name)
        },
        **some({"secrets": sorted(held)}),
        **some({"pipeline_root": settings.pipeline_root, "submission": dict(settings.submission)}),
    }


def _origin(value: Value) -> dict[str, Any]:
    match value:
        case OutputRef(step, output):
            return {"step": step, "output": output}
        case ParameterRef(name):
            return {"parameter": name}
        case Constant(held):
            return {"constant": held}
        case RunRef(field):
            return {"run": field}
        case Text(parts):
            return {"text": [_origin(part) for part in parts]}
