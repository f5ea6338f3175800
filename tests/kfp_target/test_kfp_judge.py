"""The judge itself: it passes what kfp's compiler writes, and finds every kind of fault.

Annotations stay objects here (no `from __future__`): kfp reads them.
"""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kfp_judge
import pytest
import yaml
from kfp import compiler, dsl

from isodag.targets.kfp import yaml_text

GATES = Path(__file__).parent / "golden" / "gates.yaml"


@dsl.container_component
def say(words: str, times: int, said: dsl.Output[dsl.Dataset], count: dsl.OutputPath(int)):
    return dsl.ContainerSpec(
        image="example.com/say:1", command=["say"], args=[words, times, said.path, count]
    )


def test_what_kfp_compiles_is_good(tmp_path: Path) -> None:
    @dsl.pipeline(name="spoken")
    def spoken(words: str, times: int = 2):
        first = say(words=words, times=times)
        with dsl.If(first.outputs["count"] == 3):
            say(words="again", times=first.outputs["count"])

    compiler.Compiler().compile(spoken, str(tmp_path / "spoken.yaml"))
    text = (tmp_path / "spoken.yaml").read_text()
    # kfp writes a component for every use, and numbers its executors alike
    assert [] == kfp_judge.faults(text)


def at(*path: str) -> Callable[[Any], Any]:
    """The place in a specification that a path leads to."""

    def found(spec: Any) -> Any:
        for key in path:
            spec = spec[key]
        return spec

    return found


TASKS = at("root", "dag", "tasks")
INSIDE = at("components", "dag-if-good", "dag", "tasks")
MUTATIONS: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "a component that is not there": (
        lambda spec: TASKS(spec)["fit"]["componentRef"].update(name="comp-none"),
        [
            "root/fit: no component comp-none",
            "root/if-good: input pipelinechannel--fit-model comes from nowhere",
            "root/score: input model comes from nowhere",
            "root: output model is made of None",
        ],
    ),
    "an executor that is not there": (
        lambda spec: spec["deploymentSpec"]["executors"].pop("exec-announce"),
        ["root/if-good/if-open/publish: no executor exec-announce", "executor exec-announce is missing, or used nowhere"],
    ),
    "an unknown field": (
        lambda spec: TASKS(spec)["fit"].update(extra=1),
        ['PipelineSpec: Failed to parse root field: Failed to parse tasks field: Message type "ml_pipelines.PipelineTaskSpec" has no field named "extra" at "PipelineSpec.root.dag.tasks[fit]".'],
    ),
    "an unknown field of a container": (
        lambda spec: spec["deploymentSpec"]["executors"]["exec-fail"]["container"].update(extra=1),
        ['deployment: Failed to parse executors field: Message type "ml_pipelines.PipelineDeploymentConfig.PipelineContainerSpec" has no field named "extra" at "PipelineDeploymentConfig.executors[exec-fail].container".'],
    ),
    "a task that waits for nothing beside it": (
        lambda spec: TASKS(spec)["fit"].update(dependentTasks=["none", "make"]),
        ["root/fit: depends on none, which is not beside it"],
    ),
    "a task that does not wait for what it reads": (
        lambda spec: TASKS(spec)["fit"].pop("dependentTasks"),
        ["root/fit: reads make without waiting for it"],
    ),
    "a cycle": (
        lambda spec: TASKS(spec)["make"].update(dependentTasks=["score"]),
        ["root: cycle"],
    ),
    "an input that is not given": (
        lambda spec: TASKS(spec)["fit"]["inputs"]["parameters"].pop("shrink"),
        ["root/fit: input shrink is not given, or not declared"],
    ),
    "an input that is not declared": (
        lambda spec: TASKS(spec)["fit"]["inputs"]["parameters"].update(more={"runtimeValue": {"constant": 1.0}}),
        ["root/fit: input more is not given, or not declared"],
    ),
    "a constant of another type": (
        lambda spec: TASKS(spec)["fit"]["inputs"]["parameters"].update(shrink={"runtimeValue": {"constant": "0.5"}}),
        ["root/fit: input shrink is NUMBER_DOUBLE but is given STRING"],
    ),
    "a constant with a placeholder in it": (
        lambda spec: INSIDE(spec)["tell"]["inputs"]["parameters"].update({"text-1": {"runtimeValue": {"constant": "run {{$.pipeline_job_uuid}}"}}}),
        ["root/if-good/tell: input text-1 comes from nowhere"],
    ),
    "a wire between types": (
        lambda spec: TASKS(spec)["make"]["inputs"]["parameters"]["count"].update(componentInputParameter="mode"),
        ["root/make: input count is NUMBER_INTEGER but is given STRING"],
    ),
    "a wire from an output that is not there": (
        lambda spec: TASKS(spec)["fit"]["inputs"]["artifacts"]["numbers"]["taskOutputArtifact"].update(outputArtifactKey="none"),
        ["root/fit: input numbers comes from nowhere"],
    ),
    "a value that does not enter the DAG": (
        lambda spec: INSIDE(spec)["tell"]["inputs"]["parameters"]["text-2"].update(componentInputParameter="none"),
        ["root/if-good/tell: input text-2 comes from nowhere"],
    ),
    "a placeholder of nothing": (
        lambda spec: spec["deploymentSpec"]["executors"]["exec-fail"]["container"].update(args=["{{$.inputs.parameters['none']}}"]),
        ["root/unless-good/reject: no placeholder .inputs.parameters['none']"],
    ),
    "a container without a command": (
        lambda spec: spec["deploymentSpec"]["executors"]["exec-fail"]["container"].pop("command"),
        ["root/unless-good/reject: no image or no command"],
    ),
    "a condition that is no CEL": (
        lambda spec: TASKS(spec)["if-good"]["triggerPolicy"].update(condition="'it's'"),
        ["root/if-good: the condition is no CEL: 'it's'"],
    ),
    "a condition that reads no input": (
        lambda spec: TASKS(spec)["if-good"]["triggerPolicy"].update(condition="inputs.parameter_values['none'] == 1.0"),
        ["root/if-good: the condition reads none, which is no input"],
    ),
    "a task that Argo gives the name of another's driver": (
        lambda spec: TASKS(spec).update({"fit-driver": {**TASKS(spec)["make"], "taskInfo": {"name": "fit-driver"}}}),
        ["root: Argo cannot run a task called fit"],
    ),
    "a backoff that Argo cannot read": (
        lambda spec: TASKS(spec)["fit"].update(retryPolicy={"maxRetryCount": 2, "backoffFactor": 1.5}),
        ["root/fit: Argo takes no such retryPolicy"],
    ),
    "an output made of another type": (
        lambda spec: at("root", "dag", "outputs", "parameters", "accuracy", "valueFromParameter")(spec).update(outputParameterKey="label"),
        ["root: output accuracy is made of STRING"],
    ),
    "a component that is used nowhere": (
        lambda spec: spec["components"].update({"comp-more": spec["components"]["comp-fail"]}),
        ["component comp-more is used nowhere"],
    ),
    "another schema version": (
        lambda spec: spec.update(schemaVersion="2.0.0"),
        ["schemaVersion is not 2.1.0"],
    ),
    "a name that is none": (
        lambda spec: spec["pipelineInfo"].update(name="No Name"),
        ["the pipeline's name is no name to the API server"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_judge_finds(mutation: str) -> None:
    spec = yaml.safe_load(GATES.read_text())
    change, expected = MUTATIONS[mutation]
    changed = copy.deepcopy(spec)
    change(changed)
    assert expected == kfp_judge.faults(yaml_text.dump(changed))


HANDLED = at("components", "dag-exit-handler-2", "dag")
BODY = at("components", "dag-each-fit")
ITERATOR = at("components", "dag-exit-handler-2", "dag", "tasks", "each-fit", "parameterIterator")
LOOPS: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "an item of another type": (
        lambda spec: ITERATOR(spec)["items"].update(raw='[0.5, "x"]'),
        ["root/exit-handler-1/exit-handler-2/each-fit: item 'x' is no NUMBER_DOUBLE"],
    ),
    "an item without a field that is read": (
        lambda spec: HANDLED(spec)["tasks"]["each-tell-each"]["parameterIterator"]["items"].update(raw='[{"keen": 1.0}]'),
        ["root/exit-handler-1/exit-handler-2/each-tell-each/tell-each: input text-1 is STRING but is given number"],
    ),
    "an iterator over no list": (
        lambda spec: HANDLED(spec)["tasks"]["each-fit-again"]["parameterIterator"]["items"].update(inputParameter="pipelinechannel--enough"),
        ["root/exit-handler-1/exit-handler-2/each-fit-again: pipelinechannel--enough is no list to go over"],
    ),
    "an item that no backend knows for one": (
        lambda spec: ITERATOR(spec).update(itemInput="pipelinechannel--fit-item"),
        [
            "root/exit-handler-1/exit-handler-2/each-fit: input pipelinechannel--fit--loop-item is not given, or not declared",
            "root/exit-handler-1/exit-handler-2/each-fit: pipelinechannel--fit-item is no input for an item",
            "root/exit-handler-1/exit-handler-2/each-fit: output pipelinechannel--fit-loss is made of NUMBER_DOUBLE",
            "root/exit-handler-1/exit-handler-2/each-fit: output pipelinechannel--fit-model is made of system.Model",
        ],
    ),
    "a list that is declared as one of its items": (
        lambda spec: BODY(spec)["outputDefinitions"]["artifacts"]["pipelinechannel--fit-model"].pop("isArtifactList"),
        [
            "root/exit-handler-1/exit-handler-2/best: input model_list is list of system.Model but is given system.Model",
            "root/exit-handler-1/exit-handler-2/each-fit: output pipelinechannel--fit-model is made of list of system.Model",
        ],
    ),
    "an output of what may be skipped": (
        lambda spec: HANDLED(spec)["tasks"]["best"].update(triggerPolicy={"condition": "true"}),
        [
            "root/exit-handler-1/exit-handler-2/each-tell-each: input pipelinechannel--best-model comes from nowhere",
            "root/exit-handler-1/exit-handler-2/tell-best: input text-1 comes from nowhere",
            "root/exit-handler-1/exit-handler-2/tell-best: input model comes from nowhere",
            "root/exit-handler-1/exit-handler-2: output pipelinechannel--best-index is made of None",
        ],
    ),
    "an exit task that waits for two": (
        lambda spec: at("components", "dag-exit-handler-1", "dag", "tasks", "finally-clean")(spec).update(dependentTasks=[]),
        ["root/exit-handler-1/finally-clean: an exit task waits for one sub-DAG"],
    ),
    "two exit tasks of one sub-DAG": (
        lambda spec: at("root", "dag", "tasks")(spec).update({"more": {**at("root", "dag", "tasks", "finally-say-bye")(spec), "taskInfo": {"name": "more"}}}),
        ["root/finally-say-bye: another exit task waits for the same", "root/more: another exit task waits for the same"],
    ),
    "a task that waits for an exit task": (
        lambda spec: at("root", "dag", "tasks")(spec).update({"more": {"taskInfo": {"name": "more"}, "componentRef": {"name": "comp-announce-2"}, "dependentTasks": ["finally-say-bye"]}}),
        [
            "root/more: input text-1 is not given, or not declared",
            "root/more: input text-2 is not given, or not declared",
            "root/more: input model is not given, or not declared",
            "root/more: waits for an exit task",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("mutation", LOOPS)
def test_the_judge_finds_in_loops(mutation: str) -> None:
    spec = yaml.safe_load((GATES.parent / "loops.yaml").read_text())
    change, expected = LOOPS[mutation]
    change(spec)
    assert expected == kfp_judge.faults(yaml_text.dump(spec))


def test_the_judge_finds_yaml_that_readers_differ_on() -> None:
    text = GATES.read_text().replace("constant: 0.5", "constant: 5e-1")
    assert ["two YAML readers take it differently"] == kfp_judge.faults(text)
    text = GATES.read_text().replace("constant: published", "constant: y")
    assert ["two YAML readers take it differently"] == kfp_judge.faults(text)
