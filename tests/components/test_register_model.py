"""register_model makes whole versions, one after the other, or none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

import isodag
from isodag.runtime import ComponentError

mlflow = pytest.importorskip("mlflow")
pytest.importorskip("sqlalchemy")
# mlflow 3.17 uses what SQLAlchemy 2.1 will drop
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")
LIBRARY = Path(__file__).parents[2] / "components"
EVALUATION = {
    "version": 0.0,
    "dataset": {"item_count": 4},
    "multiclass_classification_metrics": {
        "confusion_matrix": {"a": {"a": 1}},
        "accuracy": {"value": 0.75, "standard_deviation": "NaN"},
        "weighted_f1": {"value": 0.5, "standard_deviation": 0.1},
    },
    "macro_f1": 0.25,
    "classes": [],
}


@pytest.fixture
def inputs(tmp_path: Path) -> tuple[Path, Path]:
    """A model's folder and a report's."""
    model, report = tmp_path / "in" / "model", tmp_path / "in" / "report"
    (model / "1").mkdir(parents=True)
    (model / "1" / "saved_model.pb").write_bytes(b"weights")
    (model / "labels.json").write_text('["a", "b"]')
    report.mkdir()
    (report / "evaluation.json").write_text(json.dumps(EVALUATION))
    return model, report


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the registry is, as the engine says it."""
    for name in ("MLFLOW_TRACKING_URI", "KUBERNETES_SERVICE_HOST", "ISODAG_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ISODAG_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def register(component: Callable[[str], Any]) -> Callable[..., dict[str, Any]]:
    function: Callable[..., dict[str, Any]] = component("register_model")
    return function


def versions(home: Path, group: str = "reviews") -> dict[int, Any]:
    """The versions of a group as MLflow has them."""
    uri = f"sqlite:///{home}/registry.db"
    found = mlflow.MlflowClient(uri, uri).search_model_versions(f"name='{group}'")
    return {int(version.version): version for version in found}


def metrics(home: Path, run_id: str) -> dict[str, float]:
    uri = f"sqlite:///{home}/registry.db"
    data: dict[str, float] = mlflow.MlflowClient(uri, uri).get_run(run_id).data.metrics
    return data


def digest(saved_model: bytes, labels: bytes) -> str:
    """Of the model's two files, as `sha256sum 1/saved_model.pb labels.json | sha256sum` has it."""
    lines = f"{sha256(saved_model).hexdigest()}  1/saved_model.pb\n"
    lines += f"{sha256(labels).hexdigest()}  labels.json\n"
    return f"sha256:{sha256(lines.encode()).hexdigest()}"


def stored(version: Any) -> Path:
    return Path(unquote(urlsplit(version.source).path))


def test_registering_twice_makes_two_whole_versions(
    register: Callable[..., Any], inputs: tuple[Path, Path], home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("ISODAG_RUN_ID", "run-1")
    first = register(*inputs, group="reviews", serving_image="r.example.com/serve:1")
    monkeypatch.delenv("ISODAG_RUN_ID")
    (inputs[0] / "labels.json").write_text('["a", "c"]')
    second = register(*inputs, group="reviews", approval="Approved")
    assert {"model_package_arn": "models:/reviews/1", "version": 1} == first
    assert {"model_package_arn": "models:/reviews/2", "version": 2} == second
    found = versions(home)
    assert {1: "READY", 2: "READY"} == {number: item.status for number, item in found.items()}
    assert {
        "approval": "PendingManualApproval",
        "serving_image": "r.example.com/serve:1",
        "run_id": "run-1",
        "model_digest": digest(b"weights", b'["a", "b"]'),
    } == found[1].tags
    expected_tags = {"approval": "Approved", "model_digest": digest(b"weights", b'["a", "c"]')}
    assert expected_tags == found[2].tags
    for version in found.values():
        expected = {"accuracy": 0.75, "weighted_f1": 0.5, "macro_f1": 0.25}
        assert expected == metrics(home, version.run_id)


def test_a_version_outlives_the_folders_it_was_made_from(
    register: Callable[..., Any], inputs: tuple[Path, Path], home: Path
) -> None:
    register(*inputs, group="reviews")
    shutil.rmtree(inputs[0].parent)
    folder = stored(versions(home)[1])
    assert folder.is_relative_to(home)
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}
    assert {"1/saved_model.pb": b"weights", "labels.json": b'["a", "b"]'} == files


def test_a_failure_in_the_middle_leaves_no_version_and_no_files(
    register: Callable[..., Any], inputs: tuple[Path, Path], home: Path
) -> None:
    register(*inputs, group="reviews")
    before = sorted(home.rglob("*"))
    (inputs[0] / "zz").symlink_to("nowhere")  # copying fails at the last file
    with pytest.raises(ComponentError) as caught:
        register(*inputs, group="reviews")
    assert str(caught.value).startswith(f"registry sqlite:///{home}/registry.db: ")
    assert [1] == list(versions(home))
    assert [p for p in before if p.is_file()] == [p for p in sorted(home.rglob("*")) if p.is_file()]
    (inputs[0] / "zz").unlink()
    assert 2 == register(*inputs, group="reviews")["version"]


def command(inputs: tuple[Path, Path]) -> list[str]:
    flags = ["--model", str(inputs[0]), "--metrics", str(inputs[1]), "--group", "reviews"]
    return [sys.executable, "-m", "isodag.runtime", "register_model", *flags]


def environment() -> dict[str, str]:
    package = str(Path(isodag.__file__).parents[1])
    return {**os.environ, "ISODAG_COMPONENTS": str(LIBRARY), "PYTHONPATH": package}


def test_registrations_at_the_same_time_do_not_disturb_one_another(
    inputs: tuple[Path, Path], home: Path
) -> None:
    # both come to a registry that is not there yet
    started = [
        subprocess.Popen(
            command(inputs), env=environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]  # fmt: skip
    said = sorted(process.communicate() for process in started)
    assert [
        (f"isodag: version={n}\n", f"models:/reviews/{n} in sqlite:///{home}/registry.db\n")
        for n in (1, 2)
    ] == said  # and nothing of MLflow's own
    assert [1, 2] == sorted(versions(home))


def test_the_registry_may_be_named(
    register: Callable[..., Any], inputs: tuple[Path, Path], home: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    named = f"sqlite:///{tmp_path}/named.db"
    register(*inputs, group="reviews", registry=named)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", named)
    register(*inputs, group="reviews")
    expected = f"models:/reviews/1 in {named}\nmodels:/reviews/2 in {named}\n"
    assert expected == capfd.readouterr().err
    assert {"named.db", "named.lock", "named.models"} == {p.name for p in tmp_path.glob("named*")}
    assert not home.exists()


def test_in_a_pod_the_registry_must_be_named(
    register: Callable[..., Any], inputs: tuple[Path, Path], home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.delenv("ISODAG_HOME")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    with pytest.raises(ComponentError) as caught:
        register(*inputs, group="reviews")
    expected = "set registry or MLFLOW_TRACKING_URI: a pod's disk goes with the pod"
    assert expected == str(caught.value)


def refusal(register: Callable[..., Any], *args: Path, **parameters: str) -> str:
    with pytest.raises(ComponentError) as caught:
        register(*args, group="reviews", **parameters)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "metrics: there is no evaluation.json in `{}`"),
        ("{", "metrics: evaluation.json is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", "metrics: evaluation.json is not a JSON object"),
    ],
    ids=["none", "not JSON", "no object"],
)  # fmt: skip
def test_metrics_that_cannot_be_read_are_refused(
    register: Callable[..., Any], inputs: tuple[Path, Path], home: Path,
    content: str | None, message: str,
) -> None:  # fmt: skip
    (inputs[1] / "evaluation.json").unlink()
    if content is not None:
        (inputs[1] / "evaluation.json").write_text(content)
    assert message.format(inputs[1]) == refusal(register, *inputs)
    assert not home.exists()


def test_a_model_without_files_is_refused(
    register: Callable[..., Any], inputs: tuple[Path, Path], home: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    expected = f"model: `{tmp_path}/empty` is not a folder with files in it"
    assert expected == refusal(register, tmp_path / "empty", inputs[1])


def test_a_registry_that_is_no_registry_is_refused_without_its_password(
    register: Callable[..., Any], inputs: tuple[Path, Path], home: Path, tmp_path: Path
) -> None:
    (tmp_path / "x.db").write_text("not a database at all")
    expected = f"registry sqlite:///{tmp_path}/x.db: {tmp_path}/x.db is not a SQLite file"
    assert expected == refusal(register, *inputs, registry=f"sqlite:///{tmp_path}/x.db")
    said = refusal(register, *inputs, registry="ftp://me:secret@example.com/x")
    assert said.startswith("registry ftp://example.com/x: ")
    assert "secret" not in said
