"""The main job on real reviews with a real pretrained BERT, in small: a few training steps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SMALL = (
    "-e", "sample", "-p", "max_length=32", "-p", "epochs=1", "-p", "steps_per_epoch=8",
    "-p", "validation_steps=2",
)  # fmt: skip


def isodag(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`isodag run` of the flagship in a folder."""
    command = [sys.executable, "-m", "isodag", "run", "definitions/bert_reviews.yaml"]
    environment = {**os.environ, "ISODAG_HOME": "", "MLFLOW_TRACKING_URI": ""}
    return subprocess.run(
        [*command, "--store", str(folder), *SMALL, *words], cwd=REPOSITORY, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.network
def test_the_flagship_trains_registers_scores_answers_from_the_cache_and_rejects(
    tmp_path: Path,
) -> None:
    first = isodag(tmp_path, "-p", "min_accuracy=0.1", "-o", "json")
    assert 0 == first.returncode, first.stderr
    run = json.loads(first.stdout)
    assert {
        "evaluate": "done", "measure": "done", "prepare": "done", "register": "done",
        "reject": "skipped", "score": "done", "train": "done",
    } == {name: step["state"] for name, step in sorted(run["steps"].items())}  # fmt: skip
    outputs = run["steps"]["register"]["outputs"]
    assert {"model_package_arn": "models:/bert-reviews/1", "version": 1} == outputs
    accuracy = run["outputs"]["accuracy"]
    assert 0.1 <= accuracy <= 1
    page = Path(run["outputs"]["report"]).read_text()
    assert f"{accuracy:.1%}".replace("%", "").strip() in page

    # the sample has the ratings of 185 rows in another column; a few steps beat no training
    found = run["steps"]["measure"]["outputs"]
    assert {"rows": 185, "failed": 0} == {name: found[name] for name in ("rows", "failed")}
    assert 0.1 <= found["accuracy"] <= 1
    predictions = Path(run["steps"]["score"]["outputs"]["predictions"]) / "unlabelled.jsonl.out"
    rows = [json.loads(line) for line in predictions.read_text().splitlines()]
    right = sum(row["prediction"]["label"] == row["later_star_rating"] for row in rows)
    assert found["accuracy"] == right / len(rows)

    again = json.loads(isodag(tmp_path, "-p", "min_accuracy=0.1", "-o", "json").stdout)
    assert ["evaluate", "measure", "prepare", "score", "train"] == sorted(
        name for name, step in again["steps"].items() if step["cached"]
    )
    assert 2 == again["steps"]["register"]["outputs"]["version"], "an effect is never cached"

    strict = isodag(tmp_path, "-p", "min_accuracy=0.99")
    assert 1 == strict.returncode
    short = f"{accuracy:.4g}"
    assert f"  register  skipped: accuracy {short} < min_accuracy 0.99\n" in strict.stdout
    assert f"  reject    failed: accuracy {accuracy} is below 0.99\n" in strict.stdout
