"""The PipelineSpec of a pipeline whose tasks are nested, and what the manifest says beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isodag import types
from isodag.ir import (
    Collected,
    Constant,
    EachRef,
    Listing,
    OutputRef,
    Parameter,
    ParameterRef,
    Pipeline,
    RunRef,
    Text,
    Value,
)
from isodag.targets.kfp import constants, names, secrets
from isodag.targets.kfp.containers import some
from isodag.targets.kfp.keys import Settings
from isodag.targets.kfp.nest import Nest
from isodag.targets.kfp.places import Places
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
    results = {
        item.name: item.value
        for item in pipeline.outputs
        if isinstance(item.value, OutputRef | Collected)
    }
    made = nest.root(results)
    root = {
        "inputDefinitions": some({"parameters": given}),
        "outputDefinitions": made.get("outputDefinitions"),
        "dag": made["dag"],
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
    pods = {"executors": shared.pods} if shared.pods else {}
    config = some({"pipelineConfig": settings.run, "deploymentSpec": pods})
    return [spec, {"platforms": {"kubernetes": config}}] if config else [spec]


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


# --- the manifest ----------------------------------------------------------------------------


def manifest(
    pipeline: Pipeline,
    settings: Settings,
    images: Mapping[str, str],
    places: Places,
) -> dict[str, Any]:
    """What `submit`, `status` and `logs` need beside the definition.

    outputs  each as {"step", "output"}, {"parameter"}, {"constant"}, {"run"}, {"text": [parts]} or
             {"each": one}: a list of what the repetitions give
    tasks    by step, the names from the outermost sub-DAG to the task; one in an `each-…` has a
             task in each repetition
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
            step: [*places.names(places.route(step)), names.task(step)]
            for step in sorted(places.nodes)
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
        case Collected(_, item):
            return {"each": _origin(item)}
        case Listing(items):
            return {"list": [_origin(item) for item in items]}
        case EachRef():
            raise AssertionError("an item is known in its repetition alone")
