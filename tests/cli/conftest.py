"""A project of a user's own: the toy components, and whatever files a test writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from isodag.cli import main

TOYS = Path(__file__).parents[1] / "toys"
Write = Callable[..., Path]
Isodag = Callable[..., Result]


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with a library, so that messages show short paths."""
    (tmp_path / "components").symlink_to(TOYS / "components")
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def command(workshop: Path) -> Isodag:
    """Runs a command in the working folder, in this process."""

    def run(*words: str, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(main, list(words), input=stdin)

    return run
