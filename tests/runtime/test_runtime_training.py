"""A SageMaker Training job, simulated: hyperparameters, channels, model, output data, failure."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
Write = Callable[[str, str, str], Path]


@pytest.fixture
def job(opt_ml: Path) -> Path:
    """/opt/ml as a training job finds it, with a channel that a parameter's URI filled."""
    for folder in ("input/config", "input/data/points", "model", "output/data"):
        (opt_ml / folder).mkdir(parents=True)
    (opt_ml / "input" / "data" / "points" / "points.txt").write_text("1 2 3")
    return opt_ml


def hyperparameters(job: Path, **entries: object) -> None:
    """Write the job's hyperparameters."""
    (job / "input" / "config" / "hyperparameters.json").write_text(json.dumps(entries))


def seen(job: Path) -> Any:
    """What the function was given."""
    return json.loads((job / "model" / "seen.json").read_text())


def test_a_training_job_takes_hyperparameters_and_leaves_model_and_data(
    fit: Path, job: Path, start: Call
) -> None:
    hyperparameters(
        job, epochs="7", **{"learning-rate": "0.001"}, shuffle="False", options='{"a": 1}',
        label="-x", sagemaker_region='"us-east-1"', _tuning_objective_metric="loss",
    )  # fmt: skip
    assert (0, "isodag: loss=2.0\nisodag: rows=3\n", "") == start("fit")
    assert {
        "label": "-x", "epochs": 7, "learning_rate": 1e-3, "shuffle": False, "method": "adam",
        "options": {"a": 1}, "layers": [],
    } == seen(job)  # fmt: skip
    assert "fitted" == (job / "output" / "data" / "report").read_text()
    assert ["seen.json"] == [path.name for path in (job / "model").iterdir()]
    assert ["data"] == [path.name for path in (job / "output").iterdir()]


def test_a_job_without_hyperparameters_takes_defaults(fit: Path, job: Path, call: Call) -> None:
    assert 0 == call("fit").status
    assert 3 == seen(job)["epochs"]


def test_a_channel_that_holds_only_data_is_that(fit: Path, job: Path, call: Call) -> None:
    channel = job / "input" / "data" / "points"
    (channel / "points.txt").rename(channel / "data")
    assert (0, "isodag: loss=2.0\nisodag: rows=3\n", "") == call("fit")


def test_a_hyperparameter_may_name_the_place_of_an_artifact(
    fit: Path, job: Path, call: Call
) -> None:
    channel = job / "input" / "data" / "points"
    (channel / "points.txt").unlink()
    (channel / "other").write_text("x")
    (channel / "data").write_text("4 6")
    hyperparameters(job, points="/opt/ml/input/data/points/data")
    assert (0, "isodag: loss=5.0\nisodag: rows=2\n", "") == call("fit")


def test_a_channel_may_be_another_training_steps_output(
    fit: Path, job: Path, call: Call, tmp_path: Path
) -> None:
    channel = job / "input" / "data" / "points"
    (channel / "points.txt").unlink()
    (tmp_path / "column").write_text("8")
    with tarfile.open(channel / "output.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "column", "column")
    hyperparameters(job, points="/opt/ml/input/data/points/output.tar.gz/column")
    assert (0, "isodag: loss=8.0\nisodag: rows=1\n", "") == call("fit")


def test_a_model_channel_is_unpacked(job: Path, component: Write, call: Call) -> None:
    channel = job / "input" / "data" / "start"
    channel.mkdir()
    with tarfile.open(channel / "model.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("weights"))
    component(
        "tune",
        "inputs:\n- {name: start, type: Model}\n- {name: more, type: Dataset, optional: true}\n"
        "outputs:\n- {name: model, type: Model}",
        "def tune(start, more, model):\n"
        "    assert more is None\n"
        "    (model / 'found').write_text(' '.join(path.name for path in start.iterdir()))",
    )
    assert (0, "", "") == call("tune")
    assert "weights" == (job / "model" / "found").read_text()


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"epohcs": "3"}, "`fit` has no hyperparameter `epohcs`: did you mean `epochs`?"),
        ({"zzz": "3"}, "`fit` has no hyperparameter `zzz`: --help lists what it takes"),
        ({"epochs": "0"}, "hyperparameter `epochs`: 0 is below the minimum 1"),
        ({"epochs": '"3"'}, 'hyperparameter `epochs`: `"3"` is not an Integer'),
        ({"epochs": None}, "hyperparameter `epochs`: not text"),
        ({"options": {"a": 1}}, "hyperparameter `options`: not text"),
        ({"points": "/opt/ml/nowhere"},
         "hyperparameter `points`: there is no file or folder `/opt/ml/nowhere`"),
    ],
)  # fmt: skip
def test_wrong_hyperparameters_are_told_as_such_and_as_the_failure_reason(
    fit: Path, job: Path, call: Call, entries: dict[str, object], message: str
) -> None:
    hyperparameters(job, **entries)
    assert (2, "", f"error: {message}\n") == call("fit")
    assert message == (job / "output" / "failure").read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [("[1]", "is not a JSON object"), ("{", "is not JSON"), ("", "is not JSON")],
)
def test_a_broken_file_of_hyperparameters_is_told(
    fit: Path, job: Path, call: Call, text: str, message: str
) -> None:
    path = job / "input" / "config" / "hyperparameters.json"
    path.write_text(text)
    assert (2, "", f"error: {path} {message}\n") == call("fit")


def test_a_missing_channel_is_told(fit: Path, job: Path, call: Call) -> None:
    channel = job / "input" / "data" / "points"
    (channel / "points.txt").unlink()
    channel.rmdir()
    assert (2, "", f"error: `fit` needs the channel `points`: no folder {channel}\n") == call("fit")


def test_a_missing_parameter_is_told(job: Path, component: Write, call: Call) -> None:
    component("want", "inputs:\n- {name: n, type: Integer}", "def want(*, n): pass")
    assert (2, "", "error: `want` needs as hyperparameter `n`\n") == call("want")


def test_two_models_have_no_place(job: Path, component: Write, call: Call) -> None:
    component("two", "outputs:\n- {name: a, type: Model}\n- {name: b, type: Model}", "")
    message = "error: `two` writes two models: a training job has one place for a model\n"
    assert (2, "", message) == call("two")


@pytest.mark.parametrize(
    ("entries", "label"),
    [
        ({"label": '"abc"'}, '"abc"'),  # as a pipeline writes it: text is text
        ({"label": "5"}, "5"),
        ({"label": '"abc"', "sagemaker_program": '"train.py"'}, "abc"),  # the SDK's script mode
        ({"label": '"5"', "epochs": "4", "sagemaker_submit_directory": '"s3://x"'}, "5"),
        ({"label": "bare", "sagemaker_program": '"train.py"'}, "bare"),
    ],
)
def test_quotes_are_json_only_where_the_sdks_script_mode_wrote_them(
    fit: Path, job: Path, call: Call, entries: dict[str, object], label: str
) -> None:
    hyperparameters(job, **entries)
    assert 0 == call("fit").status
    assert label == seen(job)["label"]


def test_flags_make_it_an_ordinary_call_even_inside_a_training_job(
    fit: Path, job: Path, points: Path, call: Call, tmp_path: Path
) -> None:
    hyperparameters(job, foreign="1")
    ended = call("fit", "--points", "points.txt", "--model", "m", "--report", "r")
    assert (0, "isodag: loss=2.0\nisodag: rows=3\n", "") == ended
    assert [] == list((job / "model").iterdir())


def test_a_failing_training_leaves_its_reason(fit: Path, job: Path, start: Call) -> None:
    (job / "input" / "data" / "points" / "points.txt").write_text("one")
    line = "ValueError: could not convert string to float: 'one'"
    assert (1, "", f"error: {line}\n") == start("fit")
    assert line == (job / "output" / "failure").read_text()


@pytest.mark.parametrize(
    ("host", "ended"),
    [
        ("algo-1", (1, "", "error: `idle` wrote nothing to output `model`\n")),
        ("algo-2", (0, "", "")),  # nor does it say numbers, which would be the job's metrics
    ],
)
def test_hosts_after_the_first_may_leave_outputs_to_it(
    job: Path, component: Write, start: Call, host: str, ended: tuple[int, str, str]
) -> None:
    resources = {"current_host": host, "hosts": ["algo-2", "algo-1"]}
    (job / "input" / "config" / "resourceconfig.json").write_text(json.dumps(resources))
    outputs = ("model, type: Model", "report, type: Metrics", "rows, type: Integer")
    spec = "outputs:\n" + "".join(f"- {{name: {output}}}\n" for output in outputs)
    component("idle", spec, "def idle(model, report): return {'rows': 0}")
    assert ended == start("idle")
