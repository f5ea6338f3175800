"""The text components one after the other, each as its container starts it, say what they should."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import isodag

LIBRARY = Path(__file__).parents[2] / "components"
OUTPUTS = ("train", "validation", "test", "unlabelled", "rejected", "metrics")
Start = Callable[..., tuple[int, str, str]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start a component in tmp_path; exit status, stdout and stderr."""
    package = str(Path(isodag.__file__).parents[1])
    environment = {**os.environ, "ISODAG_COMPONENTS": str(LIBRARY), "PYTHONPATH": package}
    for name in [name for name in environment if name.startswith(("TF_", "TRANSFORMERS_"))]:
        del environment[name]

    def run(component: str, **flags: object) -> tuple[int, str, str]:
        argv = [text for name, value in flags.items() for text in (f"--{name}", str(value))]
        command = [sys.executable, "-m", "isodag.runtime", component, *argv]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_the_flow_runs_and_prints_nothing_but_its_own_lines(
    start: Start, checkpoint: Path, tmp_path: Path
) -> None:
    pytest.importorskip("keras_hub")
    rows = [f"r{n},{5 - 4 * (n % 2)},{'bad' if n % 2 else 'good'}" for n in range(60)]
    (tmp_path / "r.csv").write_text(
        "\n".join(["review_id,star_rating,review_body", *rows, "r60,,good"]) + "\n"
    )
    outputs = {name: name for name in OUTPUTS}
    counts = {"train": 45, "validation": 7, "test": 8, "unlabelled": 1}
    assert (
        0,
        "".join(f"isodag: {name}_rows={count}\n" for name, count in counts.items()),
        "rows_read 61, train_rows 45, validation_rows 7, test_rows 8, balanced_away_rows 0,"
        " truncated_rows 0, unlabelled_rows 1, rejected_rows 0\n",
    ) == start("prepare_reviews", reviews="r.csv", checkpoint=checkpoint, max_length=8, **outputs)

    status, out, err = start(
        "train_bert", train="train", validation="validation", checkpoint=checkpoint,
        model="model", metrics="curves", epochs=1, learning_rate=0.01, batch_size=4,
    )  # fmt: skip
    assert 0 == status, err
    assert re.fullmatch(r"isodag: validation_accuracy=[01]\.[0-9]+\nisodag: best_epoch=1\n", out)
    number = r"[0-9]+\.[0-9]{3}"
    step = rf"epoch 1/1  step [0-9]+/12  loss {number}  accuracy {number}  [0-9.]+ steps/s  [0-9]+:[0-9]{{2}} left\n"
    end = rf"epoch 1/1 done after [0-9]+ s  loss {number}  accuracy {number}  validation loss {number}  accuracy {number}\n"
    assert re.fullmatch(f"({step})*{end}", err), err

    status, out, err = start(
        "evaluate_classifier", model="model", test="test",
        report="report", confusion="confusion", page="page.html",
    )  # fmt: skip
    assert 0 == status, err
    found = json.loads((tmp_path / "report" / "evaluation.json").read_text())
    accuracy = found["multiclass_classification_metrics"]["accuracy"]["value"]
    scalars = {"accuracy": accuracy, "macro_f1": found["macro_f1"], "rows": 8}
    assert "".join(f"isodag: {name}={value}\n" for name, value in scalars.items()) == out
    assert f"{accuracy:.3f} of 8 rows right\n" == err

    assert (0, "", "1 records scored, 0 bad\n") == start(
        "batch_transform", model="model", records="unlabelled", predictions="predictions"
    )
    line = json.loads((tmp_path / "predictions" / "unlabelled.jsonl.out").read_text())
    assert {"review_id": "r60", "star_rating": "", "review_body": "good"} == {
        name: value for name, value in line.items() if name != "prediction"
    }
    # the answer came later, and was what the model said
    line["stars"] = line["prediction"]["label"]
    (tmp_path / "predictions" / "unlabelled.jsonl.out").write_text(json.dumps(line))
    assert (
        0,
        "isodag: accuracy=1.0\nisodag: rows=1\nisodag: failed=0\n",
        "1.000 of 1 rows right; 0 failed, 0 without `stars`\n",
    ) == start(
        "measure_predictions", predictions="predictions", page="found.html", label_column="stars"
    )


def test_a_wrong_column_is_said_in_one_line_and_leaves_nothing(
    start: Start, checkpoint: Path, tmp_path: Path
) -> None:
    pytest.importorskip("numpy")
    (tmp_path / "r.csv").write_text("id,stars\n1,5\n")
    outputs = {name: f"out/{name}" for name in OUTPUTS}
    expected = "error: r.csv: no column `review_body`; the columns are `id`, `stars`\n"
    found = start(
        "prepare_reviews", reviews="r.csv", checkpoint=checkpoint, max_length=8, **outputs
    )
    assert (1, "", expected) == found
    assert [] == [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
