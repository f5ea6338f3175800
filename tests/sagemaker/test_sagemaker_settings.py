"""Step settings in requests: what each becomes, which of two wins, and who takes none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from sagemaker_building import (
    FIT,
    MAKE,
    alone,
    component,
    definition,
    native,
    parameter,
    pipeline,
    request,
    span,
    task,
    tree,
)

from isodag import ir
from isodag.component import Binding, BindingStep
from isodag.expressions import Name, Template
from isodag.settings import Resources, Retry
from isodag.targets.sagemaker import emit, kinds, members

GI = 2**30


# --- where requests take settings --------------------------------------------------------------

SERVICES = {
    name: ServiceModel(Loader().load_service_model(name, "service-2"), name)
    for name in ("sagemaker", "emr", "emr-serverless")
}
OTHERS = {
    ("EMR", "ClusterConfig"): ("emr", "RunJobFlowInput"),
    ("EMRServerless", "JobConfig"): ("emr-serverless", "StartJobRunRequest"),
}
PATHS = [
    (setting, kind, path)
    for setting, by_kind in members.MEMBERS.items()
    for kind, paths in by_kind.items()
    for path in paths
]


@pytest.mark.parametrize(("setting", "kind", "path"), PATHS)
def test_a_request_has_the_member_that_a_setting_goes_to(
    setting: str, kind: str, path: str
) -> None:
    words = path.replace("?", "").split(".")
    if (kind, words[0]) in OTHERS:
        service, name = OTHERS[kind, words.pop(0)]
        shape: Shape = SERVICES[service].shape_for(name)
    else:
        shape = SERVICES["sagemaker"].shape_for(kinds.KINDS[kind].request)
    for word in words:
        shape = shape.members[word.removesuffix("[]")]  # type: ignore[attr-defined]
        if word.endswith("[]"):
            shape = shape.member  # type: ignore[attr-defined]


# --- time, variables, tags ---------------------------------------------------------------------


def test_a_setting_lies_over_the_binding_and_under_the_arguments() -> None:
    given = {"StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxPendingTimeInSeconds": 7200}}
    step = BindingStep("", "Training", given, span())
    fit = replace(FIT, binding=Binding((step,), {}, span()))
    made = request(task("a", fit, {}, timeout=120))
    expected = {"MaxRuntimeInSeconds": 120, "MaxPendingTimeInSeconds": 7200}
    assert expected == made["StoppingCondition"]
    last = tree({"arguments": {"StoppingCondition": {"MaxRuntimeInSeconds": 180}}})
    made = request(task("a", fit, {}, timeout=120, targets={"sagemaker": last}))
    assert 180 == made["StoppingCondition"]["MaxRuntimeInSeconds"]


def test_a_tuning_job_has_the_time_of_the_step_and_its_trainings_keep_theirs() -> None:
    arguments = {
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian", "ResourceLimits": {"MaxParallelTrainingJobs": 2},
        },
        "TrainingJobDefinitions": [
            {"DefinitionName": name, "AlgorithmSpecification": {"TrainingInputMode": "File"},
             "TuningObjective": {"Type": "Maximize", "MetricName": "accuracy"},
             "RoleArn": "arn:aws:iam::111122223333:role/pipelines",
             "OutputDataConfig": {"S3OutputPath": "s3://bucket/o"},
             "StoppingCondition": {"MaxRuntimeInSeconds": 600}}
            for name in ("one", "two")
        ],
    }  # fmt: skip
    node = replace(
        native("Tuning", arguments), timeout=7200,
        environment=(ir.Variable("A", ir.Constant("b", "String"), span(), span()),),
        targets={"sagemaker": tree({"spot": {"max_wait": "1h"}, "kms_key": "alias/k"})},
    )  # fmt: skip
    made = request(node)
    limits = made["HyperParameterTuningJobConfig"]["ResourceLimits"]
    assert {"MaxParallelTrainingJobs": 2, "MaxRuntimeInSeconds": 7200} == limits
    for item in made["TrainingJobDefinitions"]:
        stopping = {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 3600}
        assert stopping == item["StoppingCondition"]
        assert {"A": "b"} == item["Environment"]
        assert item["EnableManagedSpotTraining"] is True
        assert "alias/k" == item["OutputDataConfig"]["KmsKeyId"]


@pytest.mark.parametrize("several", [True, False])
def test_a_tuning_job_waits_no_shorter_than_its_trainings_run(several: bool) -> None:
    job = {"DefinitionName": "one", "StoppingCondition": {"MaxRuntimeInSeconds": 7200}}
    many = {"TrainingJobDefinitions": [job, job]}
    arguments = many if several else {"TrainingJobDefinition": job}
    own = {"sagemaker": tree({"spot": {"max_wait": "1h"}})}
    found = emit(pipeline([replace(native("Tuning", arguments), targets=own)])).diagnostics
    said = {item.message for item in found if "may wait" in item.message}
    assert {"step `native`: the job may wait 3600 s in all but run 7200 s"} == said


@pytest.mark.parametrize(("seconds", "minutes"), [(60, 1), (61, 2), (7200, 120)])
def test_emr_serverless_counts_time_in_minutes_begun(seconds: int, minutes: int) -> None:
    role = "arn:aws:iam::111122223333:role/pipelines"
    job = {
        "executionRoleArn": role,
        "jobDriver": {"sparkSubmit": {"entryPoint": "s3://bucket/x.py"}},
    }
    arguments = {"ExecutionRoleArn": role, "ApplicationId": "abc", "JobConfig": job}
    node = native("EMRServerless", arguments)
    made = request(replace(node, timeout=seconds, tags=(("team", "text"),)))["JobConfig"]
    assert (minutes, {"team": "text"}) == (made["executionTimeoutMinutes"], made["tags"])


def test_tags_are_laid_into_what_an_input_gives_as_json() -> None:
    cluster = {"Instances": {"InstanceCount": 1}, "Tags": [{"Key": "team", "Value": "own"}]}
    config = ir.Constant(cluster, "JsonObject")
    whole = component("spark", {"cluster": "JsonObject"}, {})
    arguments = {
        "ClusterConfig": Template((Name(("inputs", "cluster"), (span(), span()), span()),), span()),
        "StepConfig": {"HadoopJarStep": {"Jar": "command-runner.jar"}},
    }
    binding = Binding((BindingStep("", "EMR", arguments, span()),), {}, span())
    spark = replace(whole, container=None, binding=binding)
    made = request(task("a", spark, {"cluster": config}, tags=(("cost", "1"), ("team", "text"))))
    expected = [{"Key": "team", "Value": "own"}, {"Key": "cost", "Value": "1"}]
    assert expected == made["ClusterConfig"]["Tags"]


def test_what_a_binding_sets_is_not_changed_by_defaults_and_tags() -> None:
    arguments = {
        "AppSpecification": {"ImageUri": "111122223333.dkr.ecr.us-east-1.amazonaws.com/x:1"},
        "RoleArn": "arn:aws:iam::111122223333:role/pipelines",
        "Environment": {"output_path": "/opt"},
        "Tags": [{"Key": "team", "Value": "library"}],
    }
    step = BindingStep("", "Processing", arguments, span())
    bare = replace(MAKE, container=None, outputs=(), binding=Binding((step,), {}, span()))
    variables = tuple(
        ir.Variable(name, ir.Constant("x", "String"), span(), span(), own=False)
        for name in ("LEVEL", "output_path")
    )
    node = task("a", bare, {}, environment=variables, tags=(("cost", "1"), ("team", "text")))
    made = request(node)
    assert {"LEVEL": "x", "output_path": "/opt"} == made["Environment"]
    expected = [{"Key": "team", "Value": "library"}, {"Key": "cost", "Value": "1"}]
    assert expected == made["Tags"]


def test_numbers_are_text_in_the_environment() -> None:
    variable = ir.Variable("N", ir.ParameterRef("n", "Integer"), span(), span())
    made = request(task("a", MAKE, {}, environment=(variable,)), parameter("n", "Integer"))
    joined = {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.n"}]}}
    assert {"N": joined} == made["Environment"]


def test_a_variable_makes_a_step_wait_for_the_one_it_reads() -> None:
    first = task("first", component("first", {}, {"count": "Integer"}), {})
    variable = ir.Variable("N", ir.OutputRef("first", "count", "Integer"), span(), span())
    second = task("second", MAKE, {}, environment=(variable,))
    found = definition(emit(pipeline([first, second])))["Steps"][1]
    file = {"Get": "Steps.first.PropertyFiles.values"}
    value = {"Std:JsonGet": {"PropertyFile": file, "Path": "count"}}
    assert {"N": {"Std:Join": {"On": "", "Values": [value]}}} == found["Arguments"]["Environment"]
    assert "DependsOn" not in found


def test_the_tags_of_defaults_are_the_pipelines_too() -> None:
    whole = replace(pipeline([task("a", MAKE, {})]), tags=(("team", "text"),))
    made = json.loads(emit(whole).files["create-pipeline.json"])
    assert [{"Key": "team", "Value": "text"}] == made["Tags"]


def test_a_model_package_in_a_group_has_the_tags_of_its_group() -> None:
    node = native("RegisterModel", {"ModelPackageGroupName": "g"})
    assert {"ModelPackageGroupName": "g"} == request(replace(node, tags=(("a", "b"),)))


# --- the pipeline ------------------------------------------------------------------------------

RUN = {"Get": "Execution.PipelineExecutionId"}
NAME = {"Get": "Execution.PipelineName"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, None),
        ({"experiment": "none"}, None),
        ({"experiment": {"name": "e"}}, {"ExperimentName": "e", "TrialName": RUN}),
        ({"experiment": {"trial": "t"}}, {"ExperimentName": NAME, "TrialName": "t"}),
    ],
)
def test_runs_are_filed_under_an_experiment_when_one_is_named(
    said: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    assert expected == alone(task("a", MAKE, {}), **said)["PipelineExperimentConfig"]


def test_a_step_is_shown_by_its_name_and_description() -> None:
    own = {"sagemaker": tree({"display_name": "Make it"})}
    node = task("a", MAKE, {}, description="what\n it makes", targets=own)
    (step,) = alone(node)["Steps"]
    assert ("Make it", "what it makes") == (step["DisplayName"], step["Description"])


# --- what a kind does not take -----------------------------------------------------------------


def test_what_no_step_of_a_component_takes_is_told_once_and_what_one_takes_is_not() -> None:
    steps = tuple(
        BindingStep(name, kind, arguments, span())
        for name, kind, arguments in (
            ("model", "Model", {"PrimaryContainer": {"ModelDataUrl": "s3://bucket/m"}}),
            ("transform", "Transform", {"ModelName": "m", "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/i"}}},
                "TransformOutput": {"S3OutputPath": "s3://bucket/o"}}),
        )
    )  # fmt: skip
    both = replace(component("both", {}, {}), container=None, binding=Binding(steps, {}, span()))
    places = {"timeout": span(), "environment": span()}
    variable = ir.Variable("A", ir.Constant("b", "String"), span(), span())
    own = {"sagemaker": tree({"instance_type": "ml.m5.large", "volume_size": 30})}
    node = task("a", both, {}, timeout=60, environment=(variable,), own=places, targets=own)
    found = emit(pipeline([node])).diagnostics
    said = [item.message for item in found if item.severity == "error"]
    assert [
        "none of its steps (Model, Transform) has `timeout`",
        "none of its steps (Model, Transform) has `volume_size`",
    ] == said


@pytest.mark.parametrize("kind", sorted(kinds.KINDS))
def test_defaults_never_stop_a_pipeline(kind: str) -> None:
    node = native(kind, {})
    wanted = {item.code for item in emit(pipeline([node])).diagnostics}
    variable = ir.Variable("A", ir.Constant("b", "String"), span(), span())
    laden = replace(
        node, resources=Resources(4, 16 * GI, None, 40 * GI, 2), timeout=3600,
        retry=Retry(3, ("capacity",), 30, 2.0), environment=(variable,), tags=(("team", "text"),),
    )  # fmt: skip
    vpc = {"security_groups": ["sg-1"], "subnets": ["subnet-1"]}
    found = emit(pipeline(
        [laden], kms_key="alias/k", spot={"max_wait": "3h"},
        network={"vpc": vpc, "isolation": True, "encrypt": True},
    )).diagnostics  # fmt: skip
    assert set() == {item.code for item in found} - wanted
