"""`--pick`: the best of several repetitions, as a process, a processing job and a KFP pod see it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isodag.runtime import archive, picking
from isodag.runtime.platforms import kfp

Call = Callable[..., Any]


def folder(path: Path, text: str) -> Path:
    (path / "inner").mkdir(parents=True)
    (path / "inner" / "weights").write_text(text)
    return path


# --- which one -------------------------------------------------------------------------------


@given(st.lists(st.floats(allow_infinity=True, allow_nan=True), min_size=1), st.booleans())
def test_the_winner_is_the_first_that_no_other_beats(by: list[float], highest: bool) -> None:
    known = [number for number in by if not math.isnan(number)]
    if not known:
        with pytest.raises(picking.ComponentError):
            picking.winner(by, highest=highest)
        return
    best = max(known) if highest else min(known)
    assert by.index(best) == picking.winner(by, highest=highest)


@pytest.mark.parametrize(
    ("order", "by", "status", "said"),
    [
        ("highest", "[]", 1, "there is nothing to pick from: the step was repeated for no item"),
        ("lowest", "[NaN, null]", 1, "none of the 2 repetitions can be picked: all gave NaN"),
        ("highest", '["x"]', 2, "`--by` holds `x`, which is no number"),
        ("highest", "[true]", 2, "`--by` holds `true`, which is no number"),
        ("highest", "1", 2, "`--by`: `1` is not a list in JSON"),
    ],
)
def test_where_there_is_no_winner_one_line_says_so(
    call: Call, tmp_path: Path, order: str, by: str, status: int, said: str
) -> None:
    ended = call("--pick", order, "--by", by, "--index", str(tmp_path / "index"))
    assert (status, f"error: {said}\n") == (ended.status, ended.err)
    assert not (tmp_path / "index").exists()


USAGE = "write --pick highest|lowest --by LIST, then --scalar, --artifact and --index"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], f"`--pick` is followed by highest or lowest: {USAGE}"),
        (["best"], f"`--pick` is followed by highest or lowest: {USAGE}"),
        (["highest"], f"`--pick` needs --by: {USAGE}"),
        (["highest", "--by"], "`--by` has 0 words behind it, 1 are due"),
        (["highest", "--by", "[1]", "more"], f"`--pick` does not know `more`: {USAGE}"),
        (["highest", "--by", "[1]", "--scalar", "a", "Float", "[1]"],
         "`--scalar` has 3 words behind it, 4 are due"),
        (["highest", "--by", "[1]", "--scalar", "a", "Flaot", "[1]", "f"],
         "`--scalar a`: `Flaot` is no type of values"),
        (["highest", "--by", "[1]", "--scalar", "a", "Integer", "[1.5]", "f"],
         "`--scalar a`: Float where Integer is due"),
        (["highest", "--by", "[1]", "--artifact", "m", "Float", "out", "in"],
         "`--artifact m`: `Float` is no type of artifacts"),
        (["highest", "--by", "[1, 2]", "--scalar", "a", "Integer", "[1]", "f"],
         "`a` has 1 items, and `--by` has 2: there must be one for each repetition"),
        (["highest", "--by", "[1]", "--artifact", "m", "Model", "out", "missing"],
         "`m` of repetition 0: there is no file or folder `missing`"),
        (["highest", "--by", "by", "--executor-input", "{"], "`--executor-input` is not JSON"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_told_in_one_line(call: Call, argv: list[str], said: str) -> None:
    ended = call("--pick", *argv)
    assert (2, f"error: {said}\n") == (ended.status, ended.err)


# --- a process of this machine ---------------------------------------------------------------


def test_scalars_and_artifacts_of_the_best_one(start: Call, tmp_path: Path) -> None:
    models = [folder(tmp_path / f"model-{n}", f"weights {n}") for n in range(3)]
    tables = [tmp_path / f"table-{n}.csv" for n in range(3)]
    for number, table in enumerate(tables):
        table.write_text(f"table {number}")
    out = tmp_path / "out"
    ended = start(
        "--pick", "lowest", "--by", "[0.5,0.25,0.25]",
        "--scalar", "rate", "Float", "[1,2,3]", str(out / "rate"),
        "--scalar", "name", "String", '["a","b \\" c","d"]', str(out / "name"),
        "--scalar", "big", "Boolean", "[True, False, true]", str(out / "big"),
        "--scalar", "shape", "JsonArray", "[[1],[2,{}],[3]]", str(out / "shape"),
        "--artifact", "model", "Model", str(out / "model"), *map(str, models),
        "--artifact", "table", "Dataset", str(out / "table.csv"), *map(str, tables),
        "--index", str(out / "index"),
    )  # fmt: skip
    assert (0, "") == (ended.status, ended.err)
    assert "picked repetition 1 of 3: `0.25`\nisodag: rate=2.0\nisodag: index=1\n" == ended.out
    assert {"rate": "2.0", "name": 'b " c', "big": "false", "shape": "[2,{}]", "index": "1",
            "table.csv": "table 1"} == {
        path.name: path.read_text() for path in out.iterdir() if path.is_file()
    }  # fmt: skip
    assert "weights 1" == (out / "model" / "inner" / "weights").read_text()
    assert os.path.samefile(out / "model/inner/weights", models[1] / "inner/weights")
    assert {"rate", "name", "big", "shape", "index", "table.csv", "model"} == {
        path.name for path in out.iterdir()
    }


def test_a_model_that_is_an_archive_stays_one(call: Call, tmp_path: Path) -> None:
    packed = tmp_path / "model.tar.gz"
    archive.pack(folder(tmp_path / "model", "w"), packed)
    ended = call("--pick", "highest", "--by", "[1]",
                 "--artifact", "model", "Model", str(tmp_path / "out"), str(packed))  # fmt: skip
    assert (0, packed.read_bytes()) == (ended.status, (tmp_path / "out").read_bytes())


# --- a processing job ------------------------------------------------------------------------


def test_in_a_processing_job_models_stay_archives_and_values_become_properties(
    call: Call, opt_ml: Path
) -> None:
    given, made = opt_ml / "processing/input", opt_ml / "processing/output"
    for number in range(2):
        model = given / f"model-{number}"
        model.mkdir(parents=True)
        archive.pack(folder(opt_ml.parent / f"m{number}", f"w{number}"), model / "model.tar.gz")
        report = given / f"report-{number}"
        (report / "data").mkdir(parents=True)
        (report / "data" / "page.html").write_text(f"page {number}")
        log = given / f"log-{number}"
        log.mkdir()
        inside = opt_ml.parent / f"log{number}"
        (inside / "log").mkdir(parents=True)
        (inside / "log" / "lines").write_text(f"log {number}")
        archive.pack(inside, log / "output.tar.gz")
    for name in ("model", "report", "log", "values"):
        (made / name).mkdir(parents=True)

    ended = call(
        "--pick", "highest", "--by", "[0.5,0.75]",
        "--scalar", "accuracy", "Float", "[0.5,0.75]", "/opt/ml/processing/output/values/accuracy",
        "--artifact", "model", "Model", "/opt/ml/processing/output/model/data",
        *(f"/opt/ml/processing/input/model-{number}" for number in range(2)),
        "--artifact", "report", "Artifact", "/opt/ml/processing/output/report/data",
        *(f"/opt/ml/processing/input/report-{number}/data" for number in range(2)),
        "--artifact", "log", "Artifact", "/opt/ml/processing/output/log/data",
        *(f"/opt/ml/processing/input/log-{number}/output.tar.gz/log" for number in range(2)),
        "--index", "/opt/ml/processing/output/values/index",
    )  # fmt: skip

    assert (0, "") == (ended.status, ended.err)
    assert {"accuracy": 0.75, "index": 1} == json.loads((made / "values/values.json").read_text())
    assert "page 1" == (made / "report/data/page.html").read_text()
    assert "log 1" == (made / "log/data/lines").read_text()
    assert ["model.tar.gz"] == os.listdir(made / "model")
    source = given / "model-1" / "model.tar.gz"
    assert source.read_bytes() == (made / "model" / "model.tar.gz").read_bytes()


def test_a_model_that_is_a_folder_is_packed_in_a_processing_job(call: Call, opt_ml: Path) -> None:
    folder(opt_ml / "processing/input/model-0", "w0")
    (opt_ml / "processing/output/model").mkdir(parents=True)
    ended = call("--pick", "highest", "--by", "[1]", "--artifact", "model", "Model",
                 "/opt/ml/processing/output/model/data", "/opt/ml/processing/input/model-0")  # fmt: skip
    made, back = opt_ml / "processing/output/model", opt_ml.parent / "back"
    assert (0, ["model.tar.gz"]) == (ended.status, os.listdir(made))
    back.mkdir()
    archive.unpack(made / "model.tar.gz", back)
    assert "w0" == (back / "inner" / "weights").read_text()


# --- a pod of KFP ----------------------------------------------------------------------------


def executor_input(pod: Path) -> dict[str, Any]:
    """What KFP's launcher passes as `{{$}}`; paths are custom so that they lie in the test's own
    folder."""

    def entry(title: str, path: Path, **metadata: object) -> dict[str, Any]:
        return {"name": path.name, "type": {"schemaTitle": title, "schemaVersion": "0.0.1"},
                "uri": f"s3://bucket/{path.name}", "customPath": str(path),
                "metadata": metadata}  # fmt: skip

    scores = [entry("system.Metrics", pod / f"in-{n}.json", accuracy=n, store_session_info="x")
              for n in range(3)]  # fmt: skip
    return {
        "inputs": {
            "parameterValues": {"by": [0.1, None, 0.3], "rows_list": [4.0, 5.0, 6.0],
                                "name": ["a", "b", "c"]},
            "artifacts": {"scores_list": {"artifacts": scores}},
        },
        "outputs": {
            "parameters": {
                name: {"outputFile": str(pod / name)} for name in ("rows", "name", "index")
            },
            "artifacts": {"scores": {"artifacts": [
                entry("system.Metrics", pod / "out.json", display_name="scores")]}},
            "outputFile": str(pod / "kfp" / "executor_output.json"),
        },
    }  # fmt: skip


def test_on_kfp_lists_come_in_the_executor_input(call: Call, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"in-{number}.json").write_text(json.dumps({"accuracy": number}))
    text = json.dumps(executor_input(tmp_path))
    ended = call("--pick", "highest", "--by", "by", "--executor-input", text)

    assert (0, "") == (ended.status, ended.err)
    assert {"rows": "6", "name": "c", "index": "2", "out.json": '{"accuracy": 2}'} == {
        name: (tmp_path / name).read_text() for name in ("rows", "name", "index", "out.json")
    }
    told = json.loads((tmp_path / "kfp" / "executor_output.json").read_text())
    assert {"accuracy": 2, "display_name": "scores"} == (
        told["artifacts"]["scores"]["artifacts"][0]["metadata"]
    )


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (("parameterValues", "by"), "`--by`: the executor input has no list `by` among its inputs"),
        (("parameterValues", "name"), "the executor input has no list for output `name`"),
        (("artifacts", "scores_list"), "the executor input has no artifacts for output `scores`"),
    ],
)
def test_an_executor_input_without_a_list_is_told(
    call: Call, tmp_path: Path, missing: tuple[str, str], said: str
) -> None:
    given = executor_input(tmp_path)
    del given["inputs"][missing[0]][missing[1]]
    ended = call("--pick", "highest", "--by", "by", "--executor-input", json.dumps(given))
    assert (2, f"error: {said}\n") == (ended.status, ended.err)


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ({"uri": "s3://b/k/model"}, "/s3/b/k/model"),
        ({"uri": "gs://b/k"}, "/gcs/b/k"),
        ({"uri": "minio://b/k"}, "/minio/b/k"),
        ({"uri": "oci://r/i:1", "type": {"schemaTitle": "system.Model"}}, "/oci/r_i:1/models"),
        ({"uri": "oci://r/i:1", "type": {"schemaTitle": "system.Dataset"}}, "/oci/r_i:1"),
        ({"uri": "/somewhere/local"}, "/somewhere/local"),
        ({"uri": "s3://b/k", "customPath": "/mine"}, "/mine"),
        ({"uri": "s3://b/k", "metadata": {"_kfp_workspace": True}},
         "/kfp-workspace/.artifacts/s3/b/k"),
    ],
)  # fmt: skip
def test_the_local_path_of_an_artifact_is_the_one_that_kfp_uses(
    entry: dict[str, Any], path: str
) -> None:
    assert path == kfp.local_path(entry)


@pytest.mark.parametrize("uri", ["s3://b/k", "gs://b/k", "minio://b/k", "oci://r/i", "/a/b"])
@pytest.mark.parametrize("kind", ["Model", "Dataset"])
def test_kfp_itself_says_the_same(uri: str, kind: str) -> None:
    dsl = pytest.importorskip("kfp.dsl")
    entry = {"uri": uri, "type": {"schemaTitle": f"system.{kind}"}}
    assert getattr(dsl, kind)(uri=uri).path == kfp.local_path(entry)
