"""A step as KFP runs it: its feeds, and the component and container that read them.

Arguments are plain strings with placeholders in them: the open-source backends know no Concat and
fail on IfPresent (https://github.com/kubeflow/pipelines/issues/9486,
https://github.com/kubeflow/pipelines/issues/11009), so what is given is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from isodag import types
from isodag.component import Component, Output, Placeholder
from isodag.diagnostics import Diagnostic
from isodag.ir import Failure, Pipeline, Resources, Task
from isodag.targets.images import Images
from isodag.targets.kfp import constants, names, values, variables
from isodag.targets.kfp.inputs import Feed, Import, Inputs, resolved
from isodag.targets.kfp.keys import Pod

FAIL_IMAGE = "isodag/base:1.0.0"
FAIL_COMMAND = ("python3", "-m", "isodag.runtime")


@dataclass(frozen=True)
class Work:
    """What a step or an import needs of KFP.

    base      the name that its component would like
    contents  what makes two uses one component: inputs and outputs as definitions, executor, pod
    """

    base: str
    feeds: tuple[Feed, ...]
    contents: Mapping[str, Any]


def task(
    step: Task, pipeline: Pipeline, images: Images, pod: Pod, problems: list[Diagnostic]
) -> Work | None:
    """The work of a step that runs a component; None where KFP cannot run it (E604)."""
    component, container = step.component, step.component.container
    if container is None:
        message = f"`{component.name}` has no container: it runs only on SageMaker"
        help = "on KFP use another component, or add implementation.container to this one"
        problems.append(Diagnostic("E604", message, step.span, help))
        return None
    inputs = Inputs(pipeline.name, problems)
    spliced: dict[str, str | None] = {}
    for argument in step.arguments:
        port = component.input(argument.name)
        if port is not None:
            spliced[port.name] = inputs.argument(resolved(argument, port, images), port)
    for text in (*container.command, *container.args, *container.env.values()):
        what = f"the command of `{component.name}`"
        if isinstance(text, str) and (problem := constants.unfit(text, what, step.span)):
            problems.append(problem)
    before = variables.decided(step, container, pipeline.name, inputs, problems)
    executor: dict[str, Any] = {
        "image": images.resolve(container.image),
        "command": [*before, *_words(container.command, component, spliced)],
        "args": _words(container.args, component, spliced),
        "env": variables.known(step, container, pipeline.name),
        "resources": _resources(step.resources, pod.gpu_resource),
    }
    made = contents(inputs.feeds, component.outputs, {"container": some(executor)}, pod)
    return Work(component.name, tuple(inputs.feeds), made)


def failure(
    step: Failure, pipeline: Pipeline, images: Images, pod: Pod, problems: list[Diagnostic]
) -> Work:
    """The work of a `fail` step: a container that prints the message and exits 1."""
    inputs = Inputs(pipeline.name, problems)
    message = inputs.parameter("message", step.message, "String", "the message", step.span)
    executor = {
        "image": images.resolve(FAIL_IMAGE),
        "command": list(FAIL_COMMAND),
        "args": ["--fail", message],
    }
    made = contents(inputs.feeds, (), {"container": executor}, pod)
    return Work("fail", tuple(inputs.feeds), made)


def importer(item: Import) -> Work:
    """The work of an import: `uri` in, `artifact` out."""
    schema = constants.artifact_type(item.type)
    contents = {
        "inputs": {"parameters": {"uri": {"parameterType": "STRING"}}},
        "outputs": {"artifacts": {"artifact": {"artifactType": schema}}},
        "executor": {
            "importer": {"artifactUri": {"runtimeParameter": "uri"}, "typeSchema": schema}
        },
        "pod": {},
    }
    return Work("importer", (Feed("uri", "String", item.uri),), contents)


def definition(ports: Iterable[tuple[str, str, bool]]) -> dict[str, Any]:
    """An input or output definition from (key, type, whether an artifact)."""
    parameters: dict[str, Any] = {}
    artifacts: dict[str, dict[str, Any]] = {}
    for key, type_name, artifact in ports:
        if artifact:
            held, is_list = values.item_type(type_name)
            artifacts[key] = {"artifactType": constants.artifact_type(held)}
            artifacts[key].update({"isArtifactList": True} if is_list else {})
        else:
            parameters[key] = {"parameterType": constants.parameter_type(type_name)}
    return some({"parameters": parameters, "artifacts": artifacts})


def some(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The parts that hold anything."""
    return {name: part for name, part in parts.items() if part}


def contents(
    feeds: Iterable[Feed], outputs: Iterable[Output], executor: Mapping[str, Any], pod: Pod
) -> dict[str, Any]:
    """A work's contents."""
    return {
        "inputs": definition((feed.key, feed.type, feed.artifact) for feed in feeds),
        "outputs": definition(
            (names.port(port.name), port.type, not types.is_parameter(port.type))
            for port in outputs
        ),
        "executor": executor,
        "pod": dict(pod.config),
    }


# --- command lines ---------------------------------------------------------------------------


def _words(
    written: tuple[str | Placeholder, ...], component: Component, spliced: Mapping[str, str | None]
) -> list[str]:
    """A command line with its placeholders as KFP's.

    An input without a value goes, with the flag before it.
    """
    words: list[str] = []
    for word in written:
        text = word if isinstance(word, str) else _placeholder(word, component, spliced)
        if text is not None:
            words.append(text)
        elif words and words[-1].startswith("-"):
            words.pop()
    return words


def _placeholder(
    word: Placeholder, component: Component, spliced: Mapping[str, str | None]
) -> str | None:
    key = names.port(word.name)
    if word.kind == "executorInput":
        return "{{$}}"
    if word.kind == "outputUri":
        return f"{{{{$.outputs.artifacts['{key}'].uri}}}}"
    if word.kind == "outputPath":
        output = component.output(word.name)
        if output is not None and types.is_parameter(output.type):
            return f"{{{{$.outputs.parameters['{key}'].output_file}}}}"
        return f"{{{{$.outputs.artifacts['{key}'].path}}}}"
    text = spliced.get(word.name)
    if word.kind == "inputUri" and text is not None:
        return text.replace(f"['{key}'].path", f"['{key}'].uri")
    return text


# --- machines --------------------------------------------------------------------------------


def _resources(resources: Resources | None, gpu_resource: str) -> dict[str, Any]:
    """`resources` as limits, which Kubernetes takes for requests too.

    Both the fields of today and those that backends before 2.4 and Vertex read
    (`PipelineContainerSpec.ResourceSpec`); `memoryLimit` is in units of 10^9 bytes.
    """
    found: dict[str, Any] = {}
    if resources is None:
        return found
    if resources.cpu is not None:
        found["cpuLimit"] = float(resources.cpu)
        found["resourceCpuLimit"] = f"{resources.cpu:.3f}".rstrip("0").rstrip(".")
    if resources.memory is not None:
        found["memoryLimit"] = resources.memory / 10**9
        found["resourceMemoryLimit"] = _quantity(resources.memory)
    if resources.gpu:
        count = str(resources.gpu)
        found["accelerator"] = {
            "count": count, "type": gpu_resource,
            "resourceCount": count, "resourceType": gpu_resource,
        }  # fmt: skip
    return found


def _quantity(size: int) -> str:
    """Bytes as a Kubernetes quantity: 17179869184 as 16Gi."""
    for unit, bytes_ in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if size and size % bytes_ == 0:
            return f"{size // bytes_}{unit}"
    return str(size)
