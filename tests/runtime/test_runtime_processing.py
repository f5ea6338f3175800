"""A SageMaker Processing job, simulated: mounts, arguments, values.json, model.tar.gz, message."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
Write = Callable[[str, str, str], Path]


@pytest.fixture
def job(opt_ml: Path) -> Path:
    """/opt/ml as a processing job finds it, with an input made by a processing step."""
    for folder in ("config", "processing/input/points", "processing/output"):
        (opt_ml / folder).mkdir(parents=True)
    (opt_ml / "config" / "processingjobconfig.json").write_text("{}")
    (opt_ml / "processing" / "input" / "points" / "data").write_text("1 2 3")
    return opt_ml


ARGUMENTS = (
    "fit", "--points", "/opt/ml/processing/input/points/data", "--label", "-1", "--epochs", "5",
    "--model", "/opt/ml/processing/output/model/data",
    "--report", "/opt/ml/processing/output/report/data",
    "--loss", "/opt/ml/processing/output/values/loss",
    "--rows", "/opt/ml/processing/output/values/rows",
    "--remark", "/opt/ml/processing/output/values/remark",
)  # fmt: skip


def files(folder: Path) -> list[str]:
    """The files below a folder."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_processing_job_leaves_what_its_outputs_upload(fit: Path, job: Path, start: Call) -> None:
    assert (0, "isodag: loss=2.0\nisodag: rows=3\n", "") == start(*ARGUMENTS)
    output = job / "processing" / "output"
    assert [
        "model/model.tar.gz", "report/data", "values/loss", "values/remark", "values/rows",
        "values/values.json",
    ] == files(output)  # fmt: skip
    assert (
        '{"loss": 2.0, "remark": "done", "rows": 3}\n'
        == (output / "values" / "values.json").read_text()
    )
    assert "2.0" == (output / "values" / "loss").read_text()
    with tarfile.open(output / "model" / "model.tar.gz") as archive:
        assert ["seen.json"] == archive.getnames()
        seen = json.load(archive.extractfile("seen.json") or io.BytesIO())
    assert ("-1", 5) == (seen["label"], seen["epochs"])
    assert not (job / "output").exists()


def test_the_same_work_makes_the_same_archive(fit: Path, job: Path, call: Call) -> None:
    path = job / "processing" / "output" / "model" / "model.tar.gz"
    assert 0 == call(*ARGUMENTS).status
    first = path.read_bytes()
    assert 0 == call(*ARGUMENTS).status
    assert first == path.read_bytes()


def test_values_are_written_where_the_folder_is_mounted_without_flags(
    fit: Path, job: Path, call: Call
) -> None:
    (job / "processing" / "output" / "values").mkdir()
    assert 0 == call(*ARGUMENTS[:11]).status
    assert ["values.json"] == files(job / "processing" / "output" / "values")


def test_a_job_without_scalars_has_no_values(job: Path, component: Write, call: Call) -> None:
    (job / "processing" / "output" / "values").mkdir()
    component("idle", "name: Idle", "def idle(): pass")
    assert (0, "", "") == call("idle")
    assert [] == files(job / "processing" / "output" / "values")


@pytest.mark.parametrize("flag", ["/opt/ml/processing/output/made", "…/made/data"])
def test_a_model_is_packed_beside_its_data_or_in_its_mount(
    job: Path, component: Write, call: Call, flag: str
) -> None:
    spec = "outputs:\n- {name: made, type: Model}"
    component("make", spec, "def make(made):\n    (made / 'a').write_text('x')")
    path = flag.replace("…", "/opt/ml/processing/output")
    assert (0, "", "") == call("make", "--made", path)
    assert ["made/model.tar.gz"] == files(job / "processing" / "output")
    assert ["model.tar.gz"] == os.listdir(job / "processing" / "output" / "made")


def test_failures_leave_their_line_as_the_exit_message(fit: Path, job: Path, start: Call) -> None:
    (job / "processing" / "input" / "points" / "data").write_text("")
    line = "there are no points to fit"
    assert (1, "", f"error: {line}\n") == start(*ARGUMENTS)
    assert line == (job / "output" / "message").read_text()
    assert line == (job / "output" / "failure").read_text()
    assert not (job / "processing" / "output" / "values" / "values.json").exists()


def test_usage_errors_leave_their_line_too(fit: Path, job: Path, call: Call) -> None:
    assert 2 == call("fit", "--epochs", "0").status
    assert "`--epochs`: 0 is below the minimum 1" == (job / "output" / "message").read_text()


def test_a_long_reason_is_cut_at_a_kilobyte_between_characters(job: Path, call: Call) -> None:
    ended = call("--fail", "x" + "ü" * 3000)
    assert f"error: x{'ü' * 998}…\n" == ended.err
    assert b"x" + b"\xc3\xbc" * 511 == (job / "output" / "message").read_bytes()


def test_nothing_is_written_off_sagemaker(call: Call, opt_ml: Path) -> None:
    assert 1 == call("--fail", "no").status
    assert not opt_ml.exists()
    opt_ml.mkdir(parents=True)
    assert 1 == call("--fail", "no").status
    assert [] == list(opt_ml.iterdir())


# --- inputs ------------------------------------------------------------------------------------

LOOK_SPEC = "inputs:\n- {name: thing, type: %s}\noutputs:\n- {name: what, type: String}"
LOOK_CODE = """
def look(thing):
    if thing.is_file():
        return {"what": f"file {thing.name}"}
    return {"what": "folder " + " ".join(sorted(path.name for path in thing.iterdir()))}
"""


@pytest.fixture
def look(component: Write, call: Call, tmp_path: Path) -> Callable[[str, str], str]:
    """What a component finds at a path under /opt/ml/processing/input."""

    def see(type_name: str, path: str) -> str:
        component("look", LOOK_SPEC % type_name, LOOK_CODE)
        place = f"/opt/ml/processing/input/{path}"
        ended = call("look", "--thing", place, "--what", str(tmp_path / "what"))
        assert (0, "") == (ended.status, ended.err)
        return (tmp_path / "what").read_text()

    return see


def uploaded(job: Path, uri: str) -> None:
    """The job's configuration, as SageMaker writes it: the input `thing` comes from this URI."""
    place = "/opt/ml/processing/input/thing"
    inputs = [{"InputName": "thing", "S3Input": {"LocalPath": place, "S3Uri": uri}}]
    path = job / "config" / "processingjobconfig.json"
    path.write_text(json.dumps({"ProcessingInputs": inputs}))


@pytest.mark.parametrize(
    ("uri", "seen"),
    [
        ("s3://bucket/rows.csv", "file rows.csv"),
        ("s3://bucket/folder", "folder rows.csv"),
        ("s3://bucket/rows.csv/", "folder rows.csv"),
    ],
)
def test_the_uri_of_one_object_arrives_as_a_file_as_it_does_elsewhere(
    job: Path, look: Call, uri: str, seen: str
) -> None:
    (job / "processing" / "input" / "thing").mkdir()
    (job / "processing" / "input" / "thing" / "rows.csv").write_text("x")
    uploaded(job, uri)
    assert seen == look("Dataset", "thing")


@pytest.mark.parametrize(
    "configuration", ["", "[]", "{}", '{"ProcessingInputs": [{}]}', "[" * 9999]
)
def test_an_odd_configuration_changes_nothing(job: Path, look: Call, configuration: str) -> None:
    (job / "processing" / "input" / "thing").mkdir()
    (job / "processing" / "input" / "thing" / "rows.csv").write_text("x")
    (job / "config" / "processingjobconfig.json").write_text(configuration)
    assert "folder rows.csv" == look("Dataset", "thing")


@pytest.mark.parametrize(
    ("type_name", "seen"),
    [
        ("Model", "folder weights"),
        ("Artifact", "folder weights"),  # a Model given to an Artifact input
        ("Dataset", "folder model.tar.gz"),
    ],
)
def test_a_model_is_unpacked_from_its_mount(
    job: Path, look: Call, type_name: str, seen: str
) -> None:
    folder = job / "processing" / "input" / "thing"
    folder.mkdir()
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("weights"))
    assert seen == look(type_name, "thing")


def test_a_training_steps_artifact_is_a_member_of_its_output(job: Path, look: Call) -> None:
    folder = job / "processing" / "input" / "thing"
    folder.mkdir()
    with tarfile.open(folder / "output.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("report/page.html"))
        archive.addfile(tarfile.TarInfo("other"))
    assert "folder page.html" == look("HTML", "thing/output.tar.gz/report")


def test_what_stands_where_a_folder_should_is_told(fit: Path, job: Path, call: Call) -> None:
    (job / "output").write_text("a file")  # then the reason can only go to stderr
    (job / "processing" / "output" / "values").write_text("a file")
    ended = call(*ARGUMENTS)
    assert (2, "") == (ended.status, ended.out)
    assert ended.err.startswith("error: `--loss`: cannot write to `")
    assert ended.err.endswith(": file exists\n")


@pytest.mark.parametrize(
    ("distribution", "status"), [("ShardedByS3Key", 0), ("FullyReplicated", 2)]
)
def test_a_host_that_is_given_no_object_finds_an_empty_folder(
    job: Path, component: Write, call: Call, distribution: str, status: int
) -> None:
    place = "/opt/ml/processing/input/rows"
    entry = {"S3Uri": "s3://b/rows", "LocalPath": place, "S3DataDistributionType": distribution}
    (job / "config" / "processingjobconfig.json").write_text(
        json.dumps({"ProcessingInputs": [{"AppManaged": False}, {"S3Input": entry}]})
    )
    code = "def count(rows): return {'files': len(list(rows.iterdir()))}"
    spec = "inputs:\n- {name: rows, type: Dataset}\noutputs:\n- {name: files, type: Integer}"
    component("count", spec, code)
    assert status == call("count", "--rows", place).status
    assert (status == 0) == (job / "processing" / "input" / "rows").is_dir()
