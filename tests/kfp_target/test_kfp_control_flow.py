"""Loops, calls, picks and last steps as KFP is given them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import kfp_backend
import kfp_graphs
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from kfp_graphs import SPAN
from kfp_steps import PARAMETERS, READ, SAY, TAG, each, emitted, loop, spec, train

from isodag.ir import (
    Branch,
    Collected,
    Compare,
    Constant,
    EachRef,
    Gate,
    Group,
    Node,
    OutputRef,
    Parameter,
    ParameterRef,
    Pick,
    PipelineOutput,
    Secret,
    Within,
)
from isodag.targets import kfp

# --- loops -----------------------------------------------------------------------------------


def test_a_loop_goes_over_items_of_their_own_type() -> None:
    found = spec(
        emitted(
            [
                train("fit", EachRef("fit", "rate", "Float"), Within("fit"), tag=EachRef("fit", "it's", "String")),
                kfp_graphs.task("tell", SAY, {"words": EachRef("fit", "it's", "String")}, when=(Within("fit"), Branch("high", True))),
            ],
            gates=(Gate("high", Compare(">", EachRef("fit", "rate", "Float"), Constant(1, "Integer")), "high", SPAN),),
            groups=(loop("fit", ({"rate": 0.5, "it's": "a"}, {"it's": "b", "rate": 2}), "JsonObject"),),
        )
    )  # fmt: skip
    assert {
        "items": {"raw": """[{"it's": "a", "rate": 0.5}, {"it's": "b", "rate": 2}]"""},
        "itemInput": "pipelinechannel--fit--loop-item",
    } == found["root"]["dag"]["tasks"]["each-fit"]["parameterIterator"]
    body = found["components"]["dag-each-fit"]
    assert {"pipelinechannel--fit--loop-item": {"parameterType": "STRUCT"}, "pipelinechannel--tag": {"parameterType": "STRING"}} != body["inputDefinitions"]["parameters"]  # fmt: skip
    assert {
        "rate": {
            "componentInputParameter": "pipelinechannel--fit--loop-item",
            "parameterExpressionSelector": 'parseJson(string_value)["rate"]',
        },
        "tag": {
            "componentInputParameter": "pipelinechannel--fit--loop-item",
            "parameterExpressionSelector": 'parseJson(string_value)["it\'s"]',
        },
    } == body["dag"]["tasks"]["fit"]["inputs"]["parameters"]
    gate = body["dag"]["tasks"]["if-high"]
    assert (
        "inputs.parameter_values['pipelinechannel--fit--item-rate'] > 1.0"
        == gate["triggerPolicy"]["condition"]
    )
    inner = found["components"]["dag-each-fit--if-high"]["inputDefinitions"]["parameters"]
    assert "NUMBER_DOUBLE" == inner["pipelinechannel--fit--item-rate"]["parameterType"]


def test_an_integer_item_is_compared_as_a_number() -> None:
    found = emitted(
        [kfp_graphs.task("tell", SAY, {"words": TAG}, when=(Within("tell"), Branch("high", True)))],
        gates=(Gate("high", Compare(">", EachRef("tell", "", "Integer"), Constant(9, "Integer")), "high", SPAN),),
        groups=(loop("tell", ParameterRef("rates", "JsonArray"), "Integer"),),
    )  # fmt: skip
    body = spec(found)["components"]["dag-each-tell"]
    item = body["inputDefinitions"]["parameters"]["pipelinechannel--tell--loop-item"]
    assert {"parameterType": "NUMBER_INTEGER"} == item
    text = found.files["pipeline.yaml"].decode()
    ran = kfp_backend.play(text, {"tag": "x", "rates": [9, 10, 100], "data": ""}, lambda *_: None)
    assert ["tell[1]", "tell[2]"] == sorted(ran)  # as text, 100 would be less than 9


def test_an_output_that_is_called_like_a_loop_item_is_none() -> None:
    maker = kfp_graphs.component("maker", {}, {"item": "Float"})
    found = emitted(
        [
            kfp_graphs.task("my_loop", maker, {}),
            train("fit", OutputRef("my_loop", "item", "Float"), Branch("high", True)),
        ],
        gates=(Gate("high", Compare(">", OutputRef("my_loop", "item", "Float"), Constant(1.0, "Float")), "high", SPAN),),
    )  # fmt: skip
    inputs = spec(found)["components"]["dag-if-high"]["inputDefinitions"]["parameters"]
    assert ["pipelinechannel--my-loop-item-value", "pipelinechannel--tag"] == sorted(inputs)


def test_a_secret_enters_the_loop_that_its_step_stands_in() -> None:
    step = kfp_graphs.task(
        "tell", SAY, {"words": EachRef("tell", "", "String")}, when=(Within("tell"),),
        secrets=(Secret("TOKEN", ParameterRef("token", "Secret"), SPAN, SPAN),),
    )  # fmt: skip
    found = emitted(
        [step],
        parameters=(Parameter("token", "Secret", SPAN),),
        groups=(loop("tell", ("a", "b"), "String"),),
    )
    documents = list(yaml.safe_load_all(found.files["pipeline.yaml"]))
    executors = documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    secret = executors["exec-say"]["secretAsEnv"][0]["secretNameParameter"]
    assert {"componentInputParameter": "pipelinechannel--token"} == secret


def test_an_item_that_is_a_uri_is_imported_in_its_loop() -> None:
    found = emitted(
        [kfp_graphs.task("read", READ, {"data": EachRef("read", "", "Dataset")}, when=(Within("read"),))],
        groups=(loop("read", ("s3://b/one", "s3://b/two"), "String"),),
    )  # fmt: skip
    tasks = spec(found)["components"]["dag-each-read"]["dag"]["tasks"]
    assert ["import-read--item--dataset", "read"] == sorted(tasks)
    ran = kfp_backend.play(found.files["pipeline.yaml"].decode(), {}, lambda *_: None)
    assert ["/s3/b/one", "/s3/b/two"] == sorted(words[-1] for words in ran.values())


def test_equal_steps_share_a_component_within_loops_and_without() -> None:
    found = emitted(
        [
            train("one", EachRef("one", "", "Float"), Within("one")),
            train("two", EachRef("two", "", "Float"), Within("two")),
            train("three", Constant(1.0, "Float")),
        ],
        groups=(
            loop("one", (0.5,), "Float"),
            loop("two", ParameterRef("rates", "JsonArray"), "Float"),
        ),
    )
    assert ["comp-train", "dag-each-one", "dag-each-two"] == sorted(spec(found)["components"])


def test_deep_places_have_short_names() -> None:
    names = [f"a_pipeline_with_a_long_name_{number}" for number in range(5)]
    groups = ["-".join(names[: depth + 1]) for depth in range(5)]
    path = tuple(map(Within, groups))
    found = emitted([train(f"{groups[-1]}-fit", Constant(1.0, "Float"), *path)],
                    groups=tuple(Group(name, None, SPAN) for name in groups))  # fmt: skip
    dags = [name for name in spec(found)["components"] if name.startswith("dag-")]
    assert (5, True) == (len(dags), all(len(name) <= 64 for name in dags))


# --- picks -----------------------------------------------------------------------------------


def picking(**more: Any) -> kfp.Emitted:
    takes = (
        ("item", Collected("fit", EachRef("fit", "", "Float"), "JsonArray")),
        ("loss", each("fit", "loss", "Float")),
        ("model", each("fit", "model", "Model")),
    )
    return emitted(
        [
            train("fit", EachRef("fit", "", "Float"), Within("fit")),
            Pick("best", each("fit", "loss", "Float"), False, takes, (), (), SPAN),
            train("more", OutputRef("best", "item", "Float")),
            kfp_graphs.task("use", kfp_graphs.component("use", {"model": "Model", "n": "Integer"}, {}),
                            {"model": OutputRef("best", "model", "Model"), "n": OutputRef("best", "index", "Integer")}),
        ],
        **more,
    )  # fmt: skip


@pytest.mark.parametrize("items", [(0.5, 0.25, 2.0), ParameterRef("rates", "JsonArray")])
def test_a_pick_is_given_the_lists_and_gives_the_best(items: Any) -> None:
    found = picking(groups=(loop("fit", items, "Float"),))
    container = spec(found)["deploymentSpec"]["executors"]["exec-pick"]["container"]
    assert {
        "image": "isodag/base:1.0.0",
        "command": ["python3", "-m", "isodag.runtime", "--pick"],
        "args": ["lowest", "--by", "by", "--executor-input", "{{$}}"],
    } == container
    losses = {"fit[0]": 3.0, "fit[1]": 1.0, "fit[2]": 1.0}

    def made(name: str, output: str) -> Any:
        return losses[name] if output == "loss" and name in losses else f"s3://r/{name}/{output}"

    text = found.files["pipeline.yaml"].decode()
    ran = kfp_backend.play(text, {"tag": "x", "rates": [0.5, 0.25, 2.0], "data": ""}, made)
    assert ["--rate", "0.25"] == ran["more"][4:6]
    assert ["--model", "/s3/r/fit[1]/model", "--n", "1"] == ran["use"][4:]


def test_the_container_of_a_pick_reads_what_the_launcher_gives() -> None:
    text = picking(groups=(loop("fit", (0.5, 0.25), "Float"),)).files["pipeline.yaml"].decode()
    losses = {"fit[0]": 3.0, "fit[1]": 1.0}
    ran = kfp_backend.play(
        text, {"tag": "x", "rates": [], "data": ""},
        lambda name, output: losses[name] if output == "loss" and name in losses else f"s3://r/{name}/{output}",
    )  # fmt: skip
    given = json.loads(ran["best"][-1])["inputs"]
    assert {"by": [3.0, 1.0], "item_list": [0.5, 0.25], "loss_list": [3.0, 1.0]} == given[
        "parameterValues"
    ]
    uris = [item["uri"] for item in given["artifacts"]["model_list"]["artifacts"]]
    assert ["s3://r/fit[0]/model", "s3://r/fit[1]/model"] == uris


# --- last steps ------------------------------------------------------------------------------


def lasting(*last: Node) -> kfp.Emitted:
    return emitted(
        [train("fit", Constant(0.5, "Float")), train("more", OutputRef("fit", "loss", "Float"))],
        last=last,
        outputs=(PipelineOutput("loss", OutputRef("more", "loss", "Float"), SPAN),),
    )


BYE = kfp_graphs.task("bye", SAY, {"words": TAG})
CLEAN = kfp_graphs.task("clean", READ, {"data": ParameterRef("data", "Dataset")})
ALSO = kfp_graphs.task("also", SAY, {"words": Constant("also", "String")})


def test_a_last_step_waits_for_a_sub_dag_of_all_the_others() -> None:
    root = spec(lasting(BYE))["root"]["dag"]
    assert ["bye", "exit-handler-1"] == sorted(root["tasks"])
    assert ["exit-handler-1"] == root["tasks"]["bye"]["dependentTasks"]
    strategy = {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
    assert strategy == root["tasks"]["bye"]["triggerPolicy"]
    assert {
        "valueFromParameter": {
            "producerSubtask": "exit-handler-1",
            "outputParameterKey": "pipelinechannel--more-loss",
        }
    } == root["outputs"]["parameters"]["loss"]


@given(failing=st.sets(st.sampled_from(["fit", "more", "also", "bye", "clean"])))
@settings(deadline=None)
def test_each_last_step_runs_whatever_became_of_the_others(failing: set[str]) -> None:
    text = lasting(BYE, CLEAN, ALSO).files["pipeline.yaml"].decode()
    parameters = {"tag": "x", "rates": [], "data": "s3://b/d"}
    ran, outputs = kfp_backend.played(text, parameters, lambda *_: 1.0, failing)
    steps = {"fit"} if "fit" in failing else {"fit", "more"}
    assert steps | {"also", "bye", "clean"} == set(ran)
    assert (outputs is None) == bool(failing)
    assert ["--data", "/s3/b/d"] == ran["clean"][4:]


def test_a_last_step_has_imports_of_its_own() -> None:
    found = spec(lasting(CLEAN))
    task = found["root"]["dag"]["tasks"]["finally-clean"]
    assert ["exit-handler-1"] == task["dependentTasks"]
    assert ["clean", "import-data"] == sorted(
        found["components"]["dag-finally-clean"]["dag"]["tasks"]
    )


def test_a_secret_enters_the_sub_dag_of_a_last_step() -> None:
    token = Secret("TOKEN", ParameterRef("token", "Secret"), SPAN, SPAN)
    step = replace(CLEAN, secrets=(token,))
    found = emitted(
        [train("fit", Constant(0.5, "Float"), tag=Constant("x", "String"))],
        parameters=(*PARAMETERS[:1], Parameter("token", "Secret", SPAN)),
        last=(step,),
    )
    documents = list(yaml.safe_load_all(found.files["pipeline.yaml"]))
    executors = documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    secret = executors["exec-read"]["secretAsEnv"][0]["secretNameParameter"]
    assert {"componentInputParameter": "pipelinechannel--token"} == secret


def test_the_manifest_leads_to_each_task() -> None:
    found = lasting(BYE, CLEAN)
    assert {
        "bye": ["exit-handler-1", "bye"],
        "clean": ["finally-clean", "clean"],
        "fit": ["exit-handler-1", "exit-handler-2", "fit"],
        "more": ["exit-handler-1", "exit-handler-2", "more"],
    } == found.manifest["tasks"]
