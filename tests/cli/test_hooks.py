"""The hooks for pre-commit, as https://pre-commit.com/#creating-new-hooks defines them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
HOOKS = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"))
KEYS = {"id", "name", "description", "entry", "language", "files", "pass_filenames"}


def hook(name: str) -> dict[str, Any]:
    [found] = [item for item in HOOKS if item["id"] == name]
    return dict(found)


def run(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What pre-commit does in a repository in which every file has changed."""
    own = hook(name)
    program, *words = shlex.split(own["entry"])
    assert "isodag" == program
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    changed = [file for file in files if re.search(own["files"], file)]
    assert changed
    if own.get("pass_filenames", True):
        words += changed
    command = [sys.executable, "-m", "isodag", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Our own definitions and components, as a user's repository."""
    for name in ("definitions", "components"):
        shutil.copytree(REPOSITORY / name, tmp_path / name)
    return tmp_path


def test_the_hooks_are_what_pre_commit_expects() -> None:
    assert ["isodag-check", "isodag-fmt"] == [item["id"] for item in HOOKS]
    assert [] == [item for item in HOOKS if not set(item) <= KEYS or item["language"] != "python"]


@pytest.mark.parametrize(
    ("path", "hooks"),
    [
        ("definitions/bert_reviews.yaml", ["isodag-check", "isodag-fmt"]),
        ("ml/definitions/values/prod.yml", ["isodag-check", "isodag-fmt"]),
        ("components/train_bert/component.yaml", ["isodag-check", "isodag-fmt"]),
        ("components/train_bert/sagemaker.yaml", ["isodag-check", "isodag-fmt"]),
        ("components/train_bert/labels.yaml", ["isodag-check"]),
        ("components/train_bert/main.py", []),
        ("docker-compose.yaml", []),
        ("redefinitions/x.yaml", []),
    ],
)
def test_a_hook_runs_when_a_file_of_a_project_changes(path: str, hooks: list[str]) -> None:
    assert hooks == [item["id"] for item in HOOKS if re.search(item["files"], path)]


def test_the_check_passes_a_right_project_and_refuses_a_broken_one(repository: Path) -> None:
    assert 0 == run("isodag-check", repository).returncode
    spec = repository / "components" / "train_bert" / "component.yaml"
    spec.write_text(spec.read_text("utf-8") + "inptus: []\n", "utf-8")
    done = run("isodag-check", repository)
    assert 1 == done.returncode
    assert "error[E107]: unknown key `inptus` in a component spec\n" in done.stderr


def test_the_layout_changes_what_is_laid_out_otherwise(repository: Path) -> None:
    run("isodag-fmt", repository)
    path = repository / "definitions" / "prepare_only.yaml"
    before = path.read_bytes()
    path.write_bytes(before.replace(b"kind: Pipeline\n", b"kind:    Pipeline\n"))
    assert 0 == run("isodag-fmt", repository).returncode
    assert before == path.read_bytes()
