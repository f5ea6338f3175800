"""ISODAG_REQUIRE_ENGINE=1: a test that needs a container engine cannot be skipped unnoticed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

TESTS = """
import pytest

@pytest.mark.engine
@pytest.mark.skip(reason="no Docker here")
def test_by_mark(): pass

@pytest.mark.engine
def test_by_call(): pytest.skip("no Docker there")

@pytest.fixture
def docker(): pytest.skip("no Docker anywhere")

@pytest.mark.engine
def test_by_fixture(docker): pass

@pytest.mark.skip(reason="another thing")
def test_other(): pass

@pytest.mark.engine
def test_runs(): pass
"""


@pytest.mark.parametrize(
    ("required", "summary"),
    [("1", "1 failed, 1 passed, 1 skipped, 2 errors"), ("", "1 passed, 4 skipped")],
)
def test_a_skip_for_want_of_an_engine_fails_only_where_one_is_required(
    tmp_path: Path, required: str, summary: str
) -> None:
    shutil.copy(REPOSITORY / "tests" / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    engine: starts a container\n")
    (tmp_path / "test_things.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    env = {**os.environ, "ISODAG_REQUIRE_ENGINE": required}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert summary == done.stdout.splitlines()[-1].partition(" in ")[0], done.stdout
