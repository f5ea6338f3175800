"""The CreateTrainingJob request of a component: hyperparameters, channels, outputs.

The container contract: parameters are hyperparameters, so that Tuning can vary them; input `x`
is the channel `x`; the one Model goes to /opt/ml/model, other artifacts to
/opt/ml/output/data/<name>.
"""

from __future__ import annotations

from typing import Any

from isodag.component import Container
from isodag.ir import Task
from isodag.targets.sagemaker import names, outputs, references
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.processing import absent
from isodag.types import is_parameter

CHANNELS = "/opt/ml/input/data"
URI = "sagemaker_uri_"  # begins the hyperparameter that says where an input came from
LONGEST = 86400  # seconds a job may run, as the SageMaker SDK has it


def request(context: Context, task: Task, container: Container) -> dict[str, Any]:
    """The request, without what the job runs on.

    E507 where the component has two Models: a Training step has one place for a model.
    """
    _one_model(context, task)
    algorithm: dict[str, Any] = {
        "TrainingImage": context.image(container.image, task.span),
        "TrainingInputMode": "File",
    }
    if command := [word for word in container.command if isinstance(word, str)]:
        algorithm["ContainerEntrypoint"] = command
    made: dict[str, Any] = {"AlgorithmSpecification": algorithm, "RoleArn": context.role}
    parameters, channels = _inputs(context, task)
    if parameters:
        made["HyperParameters"] = parameters
    if channels:
        made["InputDataConfig"] = channels
    place = outputs.location(context, names.step(task.name))
    made["OutputDataConfig"] = {"S3OutputPath": place}
    made["StoppingCondition"] = {"MaxRuntimeInSeconds": LONGEST}
    if container.env:
        made["Environment"] = dict(sorted(container.env.items()))
    return made


def _one_model(context: Context, task: Task) -> None:
    models = [output.name for output in task.component.outputs if output.type == "Model"]
    if len(models) > 1:
        listed = ", ".join(f"`{name}`" for name in models)
        message = f"{task.component.name} is a Training step with the models {listed}"
        help = "a Training step saves one model: give the others type Artifact, or drop the binding"
        context.report("E507", message, task.span, help)


def _inputs(context: Context, task: Task) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Hyperparameters and channels."""
    parameters: dict[str, Any] = {}
    channels: list[dict[str, Any]] = []
    for argument in task.arguments:
        declared = task.component.input(argument.name)
        if declared is None or absent(argument):
            continue
        name = argument.name
        if is_parameter(declared.type):
            parameters[name] = outputs.expr(context, argument.value, argument.span)
            continue
        place = outputs.place(context, argument.value, argument.span)
        if place.mount is None:
            parameters[name] = place.child
            continue
        channels.append(_channel(names.slot(name), place.mount))
        if place.child:
            parameters[name] = f"{CHANNELS}/{names.slot(name)}/{place.child}"
        elif declared.type != "Model":
            # a job is not told whether its channel was one object or a prefix; the runtime can
            # tell by the URI, and leaves `sagemaker_…` alone otherwise
            parameters[f"{URI}{names.slot(name)}"] = place.mount
    return parameters, channels


def _channel(name: str, uri: references.Expr) -> dict[str, Any]:
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": uri,
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}
