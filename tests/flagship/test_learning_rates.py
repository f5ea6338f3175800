"""Three learning rates side by side, the best of them registered: on real reviews, in small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from isodag import driver

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "definitions" / "learning_rates"
SMALL = (
    "-e", "sample", "-p", "max_length=32", "-p", "epochs=1", "-p", "steps_per_epoch=4",
    "-p", "min_accuracy=0.05",
)  # fmt: skip


@pytest.mark.parametrize("name", ["learning_rates", "train_and_evaluate"])
def test_nothing_is_said_of_the_example_on_any_target(name: str) -> None:
    loaded = driver.load(FOLDER / f"{name}.yaml")
    assert loaded.pipeline is not None
    assert [] == [item.message for item in driver.check(loaded)]


@pytest.mark.network
def test_the_best_of_three_rates_is_registered(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "isodag", "run", str(FOLDER / "learning_rates.yaml")]
    environment = {**os.environ, "ISODAG_HOME": "", "MLFLOW_TRACKING_URI": ""}
    done = subprocess.run(
        [*command, "--store", str(tmp_path), *SMALL, "-o", "json"], cwd=REPOSITORY,
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr

    run = json.loads(done.stdout)
    each = [run["steps"][f"attempt-{i}-evaluate"]["outputs"]["macro_f1"] for i in range(3)]
    assert each == run["outputs"]["of_each"]
    best = each.index(max(each))
    assert [2e-5, 5e-5, 1e-4][best] == run["outputs"]["learning_rate"]
    states = {name: run["steps"][name]["state"] for name in ("best", "register", "reject")}
    assert {"best": "done", "register": "done", "reject": "skipped"} == states
    assert "models:/bert-reviews/1" == run["steps"]["register"]["outputs"]["model_package_arn"]
