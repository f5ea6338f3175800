"""Numbers that a training job prints: SageMaker takes the last of each as the job's metric."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
PRINTED = "isodag: loss=2.0\nisodag: rows=3\n"


@pytest.fixture
def job(opt_ml: Path) -> Path:
    """/opt/ml of a training job."""
    for folder in ("input/config", "input/data/points", "model", "output/data"):
        (opt_ml / folder).mkdir(parents=True)
    (opt_ml / "input" / "data" / "points" / "points.txt").write_text("1 2 3")
    return opt_ml


def hosts(job: Path, current: str, *names: str) -> None:
    """Say which hosts the job has, and which is this one."""
    config = {"current_host": current, "hosts": list(names)}
    (job / "input" / "config" / "resourceconfig.json").write_text(json.dumps(config))


def test_of_several_hosts_only_the_first_prints_numbers(fit: Path, job: Path, call: Call) -> None:
    hosts(job, "algo-1", "algo-2", "algo-1")
    assert (0, PRINTED, "") == call("fit")


def test_the_others_print_none(fit: Path, job: Path, call: Call) -> None:
    hosts(job, "algo-2", "algo-2", "algo-1")
    assert (0, "", "") == call("fit")


def test_one_host_prints_them(fit: Path, job: Path, call: Call) -> None:
    hosts(job, "algo-1", "algo-1")
    assert (0, PRINTED, "") == call("fit")


@pytest.mark.parametrize("rows", ["1e-7 3e-7", "1e30 3e30", "-1 -2", "5"])
def test_a_number_is_one_word_that_an_expression_finds(
    fit: Path, job: Path, call: Call, rows: str
) -> None:
    (job / "input" / "data" / "points" / "points.txt").write_text(rows)
    numbers = [float(word) for word in rows.split()]
    printed = call("fit").out
    (found,) = re.findall(r"isodag: loss=([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\n", printed)
    assert sum(numbers) / len(numbers) == float(found)
