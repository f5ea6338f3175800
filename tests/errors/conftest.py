"""A folder in which wrong files are read: the toy components lie in `components/`."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with a library, so that messages show short paths."""
    (tmp_path / "components").symlink_to(TESTS / "toys" / "components")
    monkeypatch.chdir(tmp_path)
    return tmp_path
