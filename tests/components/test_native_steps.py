"""Components that are SageMaker's own steps: what they compile to, and where they do not run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from isodag import driver
from isodag.engine import RunOptions
from isodag.engine.options import RunError
from isodag.engine.parameters import check_startable
from isodag.runtime.spec import read

LIBRARY = Path(__file__).parents[2] / "components"
REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
ROLE = "arn:aws:iam::111122223333:role/pipelines"
HEAD = """\
apiVersion: isodag/v1
kind: Pipeline
name: native
parameters:
  model: {type: Model, description: A classifier.}
  rows: {type: Dataset, description: Records.}
steps:
"""
TAIL = f"""\
targets:
  sagemaker: {{role: "{ROLE}", artifact_root: "s3://bucket/runs", image_registry: {REGISTRY}}}
"""
SCORE = """\
  score:
    component: batch_transform@1
    inputs: {model: "${{ parameters.model }}", records: "${{ parameters.rows }}", text_column: body}
    targets: {sagemaker: {arguments: {TransformResources: {InstanceType: ml.c5.xlarge}}}}
  measure:
    component: measure_predictions@1
    inputs: {predictions: "${{ steps.score.outputs.predictions }}"}
    targets: {sagemaker: {instance_type: ml.t3.medium}}
"""
CREATE = """\
  create:
    component: create_model@1
    inputs: {model: "${{ parameters.model }}"}
outputs: {name: "${{ steps.create.outputs.model_name }}"}
"""


def load(folder: Path, steps: str) -> driver.Loaded:
    path = folder / "native.yaml"
    path.write_text(HEAD + steps + TAIL)
    loaded = driver.load(path, components=[str(LIBRARY)])
    assert loaded.pipeline is not None, loaded.diagnostics
    return loaded


def steps_of(folder: Path, steps: str) -> dict[str, Any]:
    """The steps of the definition, by name."""
    made = driver.compile(load(folder, steps), "sagemaker")
    assert [] == [item.message for item in made.diagnostics]
    found = json.loads(made.files["pipeline.json"])["Steps"]
    return {step["Name"]: step for step in found}


def test_scoring_is_a_model_and_a_transform_job(tmp_path: Path) -> None:
    found = steps_of(tmp_path, SCORE)
    assert ["score-model", "score-transform", "measure"] == list(found)
    assert {
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {
            "Image": f"{REGISTRY}/isodag/bert:1.0.0",
            "ModelDataUrl": {"Get": "Parameters.model"},
            "Environment": {"ISODAG_TEXT_COLUMN": "body", "ISODAG_BATCH_SIZE": "64"},
        },
    } == found["score-model"]["Arguments"]
    place = [
        "s3://bucket/runs/native/",
        {"Get": "Execution.PipelineExecutionId"},
        "/score/predictions",
    ]
    source = {"S3DataType": "S3Prefix", "S3Uri": {"Get": "Parameters.rows"}}
    assert {
        "ModelName": {"Get": "Steps.score-model.ModelName"},
        "BatchStrategy": "MultiRecord",
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": 3600},
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": "application/jsonlines",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": {"Std:Join": {"On": "", "Values": place}},
            "Accept": "application/jsonlines",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
    } == found["score-transform"]["Arguments"]
    mounted = found["measure"]["Arguments"]["ProcessingInputs"][0]["S3Input"]["S3Uri"]
    assert {"Get": "Steps.score-transform.TransformOutput.S3OutputPath"} == mounted


def test_scoring_uses_the_components_image_unless_told_otherwise(tmp_path: Path) -> None:
    spec = read(LIBRARY / "batch_transform")
    default = next(item.default for item in spec.inputs if item.name == "serving_image")
    assert spec.image == default
    told = SCORE.replace("text_column: body", "serving_image: other/server:2")
    model = steps_of(tmp_path, told)["score-model"]["Arguments"]
    assert f"{REGISTRY}/other/server:2" == model["PrimaryContainer"]["Image"]


def test_a_model_is_created_under_a_name_that_sagemaker_chooses(tmp_path: Path) -> None:
    loaded = load(tmp_path, CREATE)
    assert {
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {
            "Image": f"{REGISTRY}/isodag/bert:1.0.0",
            "ModelDataUrl": {"Get": "Parameters.model"},
            "Environment": {"ISODAG_TEXT_COLUMN": "review_body"},
        },
    } == steps_of(tmp_path, CREATE)["create"]["Arguments"]
    name = driver.compile(loaded, "sagemaker").manifest["outputs"]["name"]["value"]
    assert {"Get": "Steps.create.ModelName"} == name


def test_creating_a_model_is_refused_elsewhere_at_the_step(tmp_path: Path) -> None:
    loaded = load(tmp_path, CREATE)
    errors = [item for item in driver.compile(loaded, "kfp").diagnostics if item.code == "E604"]
    line = (HEAD + CREATE).splitlines().index("  create:") + 1
    assert [("`create_model` has no container: it runs only on SageMaker", line)] == [
        (item.message, item.span.line) for item in errors
    ]
    assert loaded.pipeline is not None
    with pytest.raises(RunError) as caught:
        check_startable(loaded.pipeline, RunOptions(store=tmp_path, folder=tmp_path))
    assert (
        f"step `create` ({tmp_path}/native.yaml:{line}) cannot run here: component `create_model`"
        " has no container, it runs only on SageMaker"
    ) == str(caught.value)
