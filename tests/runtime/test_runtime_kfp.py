"""Kubeflow Pipelines, simulated: paths from the launcher, executor input and output."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
Write = Callable[[str, str, str], Path]

JUDGE_SPEC = """
inputs:
- {name: points, type: Dataset}
- {name: threshold, type: Float, default: "0.5"}
outputs:
- {name: metrics, type: Metrics}
- {name: confusion, type: ClassificationMetrics}
- {name: page, type: HTML}
- {name: accuracy, type: Float}
"""
JUDGE_CODE = """
import json

def judge(points, metrics, confusion, page, *, threshold=0.5):
    metrics.write_text(json.dumps({"accuracy": 0.75, "rows": 4}))
    table = {"annotationSpecs": [{"displayName": "1"}], "rows": [{"row": [4]}]}
    confusion.write_text(json.dumps({"confusionMatrix": table}))
    page.write_text("<p>")
    return {"accuracy": 0.75}
"""


def executor_input(pod: Path) -> dict[str, Any]:
    """What KFP's launcher passes as `{{$}}`."""

    def artifact(name: str, title: str, **metadata: object) -> dict[str, Any]:
        entry = {
            "name": f"projects/1/{name}",
            "type": {"schemaTitle": title, "schemaVersion": "0.0.1"},
            "uri": f"minio://mlpipeline/run/judge/{name}",
            "metadata": metadata,
        }
        return {"artifacts": [entry]}

    return {
        "inputs": {"parameterValues": {"threshold": 0.5}},
        "outputs": {
            "parameters": {"accuracy": {"outputFile": str(pod / "outputs" / "accuracy")}},
            "artifacts": {
                "metrics": artifact("metrics", "system.Metrics", display_name="metrics"),
                "confusion": artifact("confusion", "system.ClassificationMetrics"),
                "page": artifact("page", "system.HTML"),
            },
            "outputFile": str(pod / "kfp" / "executor_output.json"),
        },
    }


def arguments(pod: Path, **more: str) -> list[str]:
    """The command line of the container, its placeholders resolved as KFP does."""
    places = {
        "points": pod / "minio" / "points", "metrics": pod / "minio" / "metrics",
        "confusion": pod / "minio" / "confusion", "page": pod / "minio" / "page",
        "accuracy": pod / "outputs" / "accuracy",
    }  # fmt: skip
    words = [word for name, path in places.items() for word in (f"--{name}", str(path))]
    return ["judge", *words, "--threshold", "0.5", *(w for pair in more.items() for w in pair)]


@pytest.fixture
def pod(component: Write, tmp_path: Path) -> Path:
    """A pod's file system with its input downloaded."""
    component("judge", JUDGE_SPEC, JUDGE_CODE)
    pod = tmp_path / "pod"
    (pod / "minio").mkdir(parents=True)
    (pod / "minio" / "points").write_text("1")
    return pod


def test_a_kfp_task_writes_its_outputs_and_its_artifacts_metadata(pod: Path, start: Call) -> None:
    given = executor_input(pod)
    ended = start(*arguments(pod), "--executor-input", json.dumps(given))
    assert (0, "isodag: accuracy=0.75\n", "") == ended
    assert "0.75" == (pod / "outputs" / "accuracy").read_text()
    assert ["confusion", "metrics", "page", "points"] == sorted(
        path.name for path in (pod / "minio").iterdir()
    )
    expected = {
        name: {"artifacts": [dict(entry["artifacts"][0])]}
        for name, entry in given["outputs"]["artifacts"].items()
    }
    expected["metrics"]["artifacts"][0]["metadata"] = {
        "display_name": "metrics", "accuracy": 0.75, "rows": 4,
    }  # fmt: skip
    expected["confusion"]["artifacts"][0]["metadata"] = {
        "confusionMatrix": {"annotationSpecs": [{"displayName": "1"}], "rows": [{"row": [4]}]}
    }
    written = json.loads((pod / "kfp" / "executor_output.json").read_text())
    assert {"artifacts": expected} == written


def test_kfp_itself_reads_what_was_written(pod: Path, call: Call) -> None:
    pytest.importorskip("kfp")
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    given = json.dumps(executor_input(pod))
    json_format.Parse(given, pipeline_spec_pb2.ExecutorInput())
    assert 0 == call(*arguments(pod), f"--executor_input={given}").status
    text = (pod / "kfp" / "executor_output.json").read_text()
    message = json_format.Parse(text, pipeline_spec_pb2.ExecutorOutput())
    assert 0.75 == message.artifacts["metrics"].artifacts[0].metadata["accuracy"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{$}}", "`--executor-input` is not JSON"),
        ("[]", "`--executor-input` is not KFP's: it has no outputs.outputFile"),
        ('{"outputs": {}}', "`--executor-input` is not KFP's: it has no outputs.outputFile"),
        ('{"outputs": {"outputFile": "/proc/no/x"}}',
         "`--executor-input`: cannot write to `/proc/no/x`: no such file or directory"),
    ],
)  # fmt: skip
def test_a_wrong_executor_input_is_told_before_any_work(
    pod: Path, call: Call, text: str, message: str
) -> None:
    assert (2, "", f"error: {message}\n") == call(*arguments(pod), "--executor-input", text)
    assert ["points"] == [path.name for path in (pod / "minio").iterdir()]


@pytest.mark.parametrize("artifacts", [None, [], {"metrics": None}, {"metrics": {"artifacts": []}}])
def test_an_executor_input_without_artifacts_sets_none(
    pod: Path, call: Call, artifacts: object
) -> None:
    given = executor_input(pod)
    given["outputs"]["artifacts"] = artifacts
    assert 0 == call(*arguments(pod), "--executor-input", json.dumps(given)).status
    assert '{"artifacts": {}}' == (pod / "kfp" / "executor_output.json").read_text()


def test_a_fail_task_is_one_line_and_status_1(start: Call) -> None:
    line = "accuracy 0.5 is below 0.8"
    assert (1, "", f"error: {line}\n") == start("--fail", line)
