"""The definition and the runtime agree: compiled pipelines run, step by step, as SageMaker would
start them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from sagemaker_building import HERE, LIBRARIES, compile_file, definition
from sagemaker_service import Failed, Service

TOYS = HERE.parent / "toys"
PIPELINE = """\
apiVersion: isodag/v1
kind: Pipeline
name: whole
parameters:
  rows: {type: Dataset}
  ratio: {type: Float, default: 0.25}
  shuffle: {type: Boolean, default: true}
  options: {type: JsonObject, default: {a: [1, x]}}
steps:
  make: {component: make_rows, inputs: {count: 4, ratio: "${{ parameters.ratio }}", shuffle: "${{ parameters.shuffle }}", options: "${{ parameters.options }}", columns: [b], label: "ran ${{ run.id }}"}}
  fit: {component: train_model, inputs: {rows: "${{ steps.make.outputs.rows }}", rate: "${{ steps.make.outputs.mean }}"}}
  judge: {component: measure, inputs: {model: "${{ steps.fit.outputs.model }}", rows: "${{ parameters.rows }}", history: "${{ steps.fit.outputs.history }}", note: "${{ steps.make.outputs.kind }}", limit: "${{ steps.make.outputs.total }}"}}
  fit_more: {component: train_model, inputs: {rows: "${{ parameters.rows }}", base: "${{ steps.judge.outputs.improved }}", extra: "${{ steps.fit.outputs.history }}"}}
  judge_more: {component: measure, inputs: {model: "${{ steps.fit_more.outputs.model }}", rows: "${{ steps.make.outputs.rows }}", history: "${{ steps.fit_more.outputs.history }}"}}
targets:
  sagemaker: {role: "arn:aws:iam::111122223333:role/r", artifact_root: "s3://bucket/runs", image_registry: 111122223333.dkr.ecr.us-east-1.amazonaws.com, instance_type: ml.m5.xlarge}
"""


def service(folder: Path, path: Path, **values: str) -> Service:
    rows = folder / "s3" / "bucket" / "given" / "rows"
    rows.mkdir(parents=True)
    (rows / "part-0.txt").write_text("1\n")
    (rows / "part-1.txt").write_text("2\n")
    return Service(folder, os.pathsep.join(LIBRARIES), definition(compile_file(path)), values)


def test_artifacts_and_values_reach_every_kind_of_reader(tmp_path: Path) -> None:
    path = tmp_path / "whole.yaml"
    path.write_text(PIPELINE)
    values = {"rows": "s3://bucket/given/rows", "shuffle": "False"}
    execution = service(tmp_path, path, **values)
    assert ["make", "fit", "judge", "fit_more", "judge_more"] == execution.run()

    outputs = tmp_path / "s3/bucket/runs/whole/abc123"
    asked = json.loads((outputs / "make/report/data/asked.json").read_text())
    assert {
        "ratio": 0.25,
        "shuffle": False,
        "label": "ran abc123",
        "options": {"a": [1, "x"]},
        "columns": ["b"],
    } == asked
    found = json.loads((outputs / "judge/report/data/evaluation.json").read_text())
    assert {"note": "ran abc123", "limit": 4, "history": "0.0 1.5 [8, 8] False\n"} == found
    found = json.loads((outputs / "judge_more/report/data/evaluation.json").read_text())
    assert "7.0 0.1 [8, 8] True\n" == found["history"]  # 0+1+2+3, one more by `improved`
    assert 3 / 6 == execution.properties["judge", "accuracy"]
    assert 6 / 10 == execution.properties["judge_more", "accuracy"]


@pytest.mark.parametrize(
    ("values", "ran"),
    [
        ({}, ["make", "fit", "score", "publish", "tell"]),
        ({"mode": "off"}, ["make", "fit", "score", "tell"]),
        ({"publish": "False"}, ["make", "fit", "score", "tell"]),
    ],
)
def test_the_gates_open_as_they_should(
    values: dict[str, str], ran: list[str], tmp_path: Path
) -> None:
    assert sorted(ran) == sorted(service(tmp_path, TOYS / "gates.yaml", **DEFAULTS, **values).run())


DEFAULTS = {
    "ExecutionRole": "arn:aws:iam::111122223333:role/r",
    "ArtifactRoot": "s3://bucket/runs",
}


def test_a_fail_step_says_why(tmp_path: Path) -> None:
    values = {**DEFAULTS, "count": "100", "mode": "off"}
    execution = service(tmp_path, TOYS / "gates.yaml", **values)
    with pytest.raises(Failed) as raised:
        execution.run()
    assert "accuracy 0.04 is below 0.5" == str(raised.value)


def test_a_component_that_fails_says_why(tmp_path: Path) -> None:
    execution = service(tmp_path, TOYS / "gates.yaml", **DEFAULTS, count="1001")
    with pytest.raises(Failed) as raised:
        execution.run()
    assert "`--count`: 1001 is above the maximum 1000" == str(raised.value).strip()


def test_an_object_in_a_training_channel_is_the_file_that_it_is_everywhere_else(
    tmp_path: Path,
) -> None:
    numbers = tmp_path / "s3" / "bucket" / "given" / "numbers.txt"
    numbers.parent.mkdir(parents=True)
    numbers.write_text("1\n3\n")
    libraries = os.pathsep.join([*LIBRARIES, str(TOYS / "components")])
    compiled = definition(compile_file(TOYS / "chain.yaml"))
    values = {"numbers": "s3://bucket/given/numbers.txt"}
    assert ["fit", "score", "tell"] == Service(tmp_path, libraries, compiled, values).run()
