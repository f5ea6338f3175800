"""What every test may use: golden files, and the toy library."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With ISODAG_REQUIRE_ENGINE=1 a skipped test marked `engine` has failed: CI has an engine."""
    report = yield
    required = os.environ.get("ISODAG_REQUIRE_ENGINE") == "1"
    if required and report.skipped and item.get_closest_marker("engine"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but ISODAG_REQUIRE_ENGINE=1: {report.longrepr}"
    return report


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
