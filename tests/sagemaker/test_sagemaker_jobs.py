"""Spot machines, networks, keys and inputs of jobs; and all settings together, judged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sagemaker_building import (
    FIT,
    MAKE,
    alone,
    component,
    native,
    parameter,
    request,
    span,
    task,
    tree,
)
from sagemaker_judge import complaints

from isodag import ir
from isodag.settings import Resources

GI = 2**30


@pytest.mark.parametrize(
    ("timeout", "wait", "expected"),
    [
        (None, "3h", (10800, 10800)),
        (None, "3d", (86400, 259200)),
        (3600, "3h", (3600, 10800)),
    ],
)
def test_a_spot_job_runs_no_longer_than_it_may_wait(
    timeout: int | None, wait: str, expected: tuple[int, int]
) -> None:
    own = {"sagemaker": tree({"spot": {"max_wait": wait}})}
    made = request(task("a", FIT, {}, timeout=timeout, targets=own))["StoppingCondition"]
    assert expected == (made["MaxRuntimeInSeconds"], made["MaxWaitTimeInSeconds"])


def test_checkpoints_may_lie_at_a_place_of_the_run() -> None:
    own = {"sagemaker": tree({"spot": {"max_wait": "3h", "checkpoints": "auto"}})}
    made = request(task("a", FIT, {}, targets=own))
    run = {"Get": "Execution.PipelineExecutionId"}
    place = {"Std:Join": {"On": "", "Values": ["s3://bucket/runs/built/", run, "/a/checkpoints"]}}
    assert {"S3Uri": place} == made["CheckpointConfig"]


def test_a_step_changes_a_part_of_the_pipelines_network() -> None:
    vpc = {"security_groups": ["sg-1"], "subnets": ["subnet-1"]}
    own = {"sagemaker": tree({"network": {"isolation": True, "encrypt": False}})}
    made = request(task("a", MAKE, {}, targets=own), network={"vpc": vpc, "encrypt": True})
    assert {
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": False,
    } == made["NetworkConfig"]


def test_a_pipelines_settings_go_only_to_the_steps_that_take_them() -> None:
    container = {"Image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/x:1"}
    role = "arn:aws:iam::111122223333:role/pipelines"
    model = {"ExecutionRoleArn": role, "PrimaryContainer": container}
    vpc = {"security_groups": ["sg-1"], "subnets": ["subnet-1"]}
    shared: dict[str, Any] = {
        "network": {"vpc": vpc, "encrypt": True}, "kms_key": "k", "spot": {"max_wait": "3h"},
    }  # fmt: skip
    expected = {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}}
    assert {**model, **expected} == request(native("Model", model), **shared)


def test_inputs_are_brought_as_the_step_says() -> None:
    own = tree({"inputs": {"data": {"distribution": "sharded", "mode": "fast_file"}}})
    channel = request(task("a", FIT, {}, targets={"sagemaker": own}))["InputDataConfig"][0]
    assert "FastFile" == channel["InputMode"]
    assert "ShardedByS3Key" == channel["DataSource"]["S3DataSource"]["S3DataDistributionType"]
    reads = component("reads", {"data": "Dataset"}, {})
    own = tree({"inputs": {"data": {"data": "manifest", "distribution": "replicated"}}})
    mounted = request(task("a", reads, {}, targets={"sagemaker": own}))["ProcessingInputs"][0]
    assert "ManifestFile" == mounted["S3Input"]["S3DataType"]
    assert "FullyReplicated" == mounted["S3Input"]["S3DataDistributionType"]


# --- all together ---

WORDS = st.text("abcXYZ0189 _.:/=+-@", max_size=20)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,15}", fullmatch=True)
MAYBE_FLAG = st.one_of(st.none(), st.booleans(), st.just(ir.ParameterRef("flag", "Boolean")))


def only(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if value is not None}


NETWORKS = st.builds(
    lambda vpc, isolation, encrypt: only({"vpc": vpc, "isolation": isolation, "encrypt": encrypt}),
    st.sampled_from([None, {"security_groups": ["sg-1"], "subnets": ["subnet-1", "subnet-2"]}]),
    MAYBE_FLAG, MAYBE_FLAG,
)  # fmt: skip
BLOCKS = st.builds(
    lambda network, spot, key, volume: only(
        {"network": network, "spot": spot, "kms_key": key, "volume_size": volume}
    ),
    st.one_of(st.none(), NETWORKS),
    st.sampled_from([None, {"max_wait": "20d"}, {"max_wait": "20d", "checkpoints": "auto"}]),
    st.sampled_from([None, "alias/k", ir.ParameterRef("key", "String")]),
    st.one_of(st.none(), st.integers(1, 16_000)),
)
RESOURCES = st.builds(
    Resources, cpu=st.sampled_from([None, 0.5, 4, 60]), gpu=st.sampled_from([None, 0, 1, 4]),
    memory=st.sampled_from([None, GI, 16 * GI, 300 * GI]), disk=st.sampled_from([None, 1, 400 * GI]),
    instances=st.sampled_from([None, 1, 7]),
)  # fmt: skip


@settings(deadline=None)
@given(
    RESOURCES, st.one_of(st.none(), st.integers(1, 777_600)),
    st.dictionaries(NAMES, WORDS, max_size=5), st.dictionaries(WORDS.filter(bool), WORDS, max_size=5),
    BLOCKS, BLOCKS, st.booleans(),
)  # fmt: skip
def test_whatever_is_set_the_judge_has_no_complaint(
    resources: Resources, timeout: int | None, environment: dict[str, str], tags: dict[str, str],
    own: dict[str, Any], shared: dict[str, Any], trains: bool,
) -> None:  # fmt: skip
    if not trains:
        own.pop("spot", None)
    variables = tuple(
        ir.Variable(name, ir.Constant(value, "String"), span(), span())
        for name, value in sorted(environment.items())
    )
    node = task(
        "a", FIT if trains else MAKE, {}, resources=resources, timeout=timeout,
        environment=variables, tags=tuple(sorted(tags.items())), targets={"sagemaker": tree(own)},
    )  # fmt: skip
    declared = (parameter("flag", "Boolean"), parameter("key", "String"))
    made = alone(node, *declared, **shared)
    assert [] == complaints(made)
    stopping = made["Steps"][0]["Arguments"].get("StoppingCondition", {})
    assert timeout is None or timeout == stopping["MaxRuntimeInSeconds"]
