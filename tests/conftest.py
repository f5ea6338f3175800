"""What every test may use: golden files, and the toy library."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TOYS = TESTS / "toys"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept", action="store_true", help="write golden files anew; then read `git diff`"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--accept") and os.environ.get("CI"):
        raise pytest.UsageError("CI never accepts golden files")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, bytes], None]:
    """Compare bytes with a golden file; `--accept` writes it."""

    def compare(path: Path, actual: bytes) -> None:
        if request.config.getoption("--accept"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(actual)
        assert path.is_file(), f"{path} is missing: run pytest --accept, then read git diff"
        assert path.read_bytes().decode() == actual.decode()

    return compare


@pytest.fixture
def toys() -> Path:
    """The folder of toy definitions, with their components beside them."""
    return TOYS
