"""Names, images, durations and retries in SageMaker's words; what an unset input removes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sagemaker_building import component, definition, pipeline, task

from isodag import ir
from isodag.targets.images import Images, fixed, has_host, repository
from isodag.targets.sagemaker import bindings, emit, layers, names
from isodag.targets.sagemaker.bindings import UNSET
from isodag.targets.sagemaker.policies import duration

MAKE = component("make", {"n": "Integer"}, {"data": "Dataset", "n": "Integer"})
FIT = component("fit", {"data": "Dataset"}, {"model": "Model"}, "Training")


@given(st.integers(min_value=0, max_value=10**9))
def test_an_age_in_iso_8601_is_the_same_age(seconds: int) -> None:
    pattern = r"P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?"
    match = re.fullmatch(pattern, duration(seconds))
    assert match is not None
    days, hours, minutes, rest = (int(group or 0) for group in match.groups())
    assert seconds == days * 86400 + hours * 3600 + minutes * 60 + rest


@pytest.mark.parametrize(
    ("reference", "host", "base", "is_fixed"),
    [
        ("isodag/bert:1.0.0", False, "isodag/bert", True),
        ("isodag/bert", False, "isodag/bert", False),
        ("python:3.11", False, "python", False),
        ("localhost/x:latest", True, "localhost/x", False),
        ("host:5000/x:v1.2.3-gpu", True, "host:5000/x", True),
        ("host.example/x@sha256:ab", True, "host.example/x", True),
    ],
)
def test_an_image_reference(reference: str, host: bool, base: str, is_fixed: bool) -> None:
    assert (host, base, is_fixed) == (
        has_host(reference),
        repository(reference),
        fixed(reference),
    )


def test_an_override_wins_over_the_registry_and_the_whole_reference_over_the_name() -> None:
    images = Images("host.example/ml/", {"a/b": "x.example/b:2.0.0", "a/b:3": "y.example/b:3.0.0"})
    resolved = {name: images.resolve(name) for name in ("a/b:1", "a/b:3", "c:1", "z.example/c:1")}
    assert {
        "a/b:1": "x.example/b:2.0.0",
        "a/b:3": "y.example/b:3.0.0",
        "c:1": "host.example/ml/c:1",
        "z.example/c:1": "z.example/c:1",
    } == resolved


def test_names() -> None:
    assert "bert-reviews" == names.pipeline("bert_reviews")
    assert "score-model" == names.step("score", "model")
    assert "outer-train" == names.step("outer.train")
    assert "good" == names.condition("good")
    assert "a-not-b-good" == names.condition("good", [("a", True), ("b", False)])
    assert "Model_URI" == names.slot("Model URI")


# --- policies --------------------------------------------------------------------------------


def body(of: Any, name: str = "a", **settings: Any) -> dict[str, Any]:
    emitted = emit(pipeline([task(name, of, {}, **settings)]))
    assert () == emitted.diagnostics
    found: dict[str, Any] = definition(emitted)["Steps"][0]
    return found


def test_a_step_is_cached_only_when_it_asks() -> None:
    assert "CacheConfig" not in body(MAKE)
    assert {"Enabled": True} == body(MAKE, cache=ir.Cache())["CacheConfig"]
    assert {"Enabled": True, "ExpireAfter": "P30D"} == body(MAKE, cache=ir.Cache(2592000))[
        "CacheConfig"
    ]


def test_one_try_in_all_means_no_retry() -> None:
    def retry(attempts: int) -> ir.Retry:
        return ir.Retry(attempts, ("throttling", "capacity", "service", "internal"), 30, 2.0)

    assert "RetryPolicies" not in body(FIT, retry=retry(1))
    assert [
        {
            "ExceptionType": [
                "SageMaker.CAPACITY_ERROR",
                "SageMaker.JOB_INTERNAL_ERROR",
                "Step.SERVICE_FAULT",
                "Step.THROTTLING",
            ],
            "IntervalSeconds": 30,
            "BackoffRate": 2.0,
            "MaxAttempts": 1,
        }
    ] == body(FIT, retry=retry(2))["RetryPolicies"]


# --- pruning ---------------------------------------------------------------------------------

REQUEST = "CreateModelPackageInput"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ({"Domain": UNSET, "Task": "x"}, {"Task": "x"}),
        # Statistics requires S3Uri; ModelQuality and ModelMetrics are then empty
        (
            {
                "ModelMetrics": {
                    "ModelQuality": {"Statistics": {"ContentType": "x", "S3Uri": UNSET}}
                }
            },
            {},
        ),
        # Image is not required: the model's place stays
        (
            {
                "InferenceSpecification": {
                    "Containers": [{"Image": UNSET, "ModelDataUrl": "s3://bkt"}]
                }
            },
            {"InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://bkt"}]}},
        ),
        (
            {
                "InferenceSpecification": {
                    "Containers": [{"Image": UNSET}],
                    "SupportedContentTypes": ["x"],
                }
            },
            {},
        ),
        # what was written empty was meant
        ({"Tags": [], "ModelMetrics": {}}, {"Tags": [], "ModelMetrics": {}}),
    ],
)
def test_an_unset_input_takes_along_what_cannot_stand_without_it(
    written: dict[str, Any], kept: dict[str, Any]
) -> None:
    assert kept == bindings.prune(written, REQUEST, top=True)


JSON = st.recursive(
    st.sampled_from(["x", 1, UNSET]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["ModelMetrics", "Bias", "S3Uri", "y"]), inner)
    ),
)


@given(st.dictionaries(st.sampled_from(["ModelMetrics", "Tags", "z"]), JSON))
def test_nothing_unset_is_left_and_pruning_again_changes_nothing(tree: dict[str, Any]) -> None:
    once = bindings.prune(tree, REQUEST, top=True)
    assert "_Unset" not in repr(once)
    assert once == bindings.prune(once, REQUEST, top=True)


# --- merging ---------------------------------------------------------------------------------


def test_mappings_merge_lists_replace_and_null_removes() -> None:
    under = {"a": {"x": 1, "y": [1, 2], "z": 3}, "b": 1}
    over = {"a": {"y": [3], "z": None, "w": {"v": 1}}, "c": None, "d": {"e": None}}
    expected = {"a": {"x": 1, "y": [3], "w": {"v": 1}}, "b": 1, "d": {}}
    assert expected == layers.merge(under, over)


def test_a_mount_does_not_bring_an_output_along_that_begins_alike() -> None:
    two = component("two", {}, {"train": "Dataset", "train_labels": "Dataset"})
    read = component("read", {"data": "Dataset"}, {})

    def uri(output: str) -> Any:
        wired = {"data": ir.OutputRef("a", output, "Dataset")}
        made = definition(emit(pipeline([task("a", two, {}), task("b", read, wired)])))
        return made["Steps"][1]["Arguments"]["ProcessingInputs"][0]["S3Input"]["S3Uri"]

    place = "Steps.a.ProcessingOutputConfig.Outputs['{}'].S3Output.S3Uri"
    assert {"Std:Join": {"On": "", "Values": [{"Get": place.format("train")}, "/"]}} == uri("train")
    assert {"Get": place.format("train_labels")} == uri("train_labels")
