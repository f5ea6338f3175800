"""A working folder with the toy library, and short ways to have several definitions read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from isodag import driver
from isodag.driver import Loaded

sys.path.insert(0, str(Path(__file__).parent))

HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: numbers\n"


@pytest.fixture
def workshop(tmp_path: Path, toys: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with the toy library in `components/`."""
    (tmp_path / "components").symlink_to(toys / "components")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def load(workshop: Path) -> Callable[..., Loaded]:
    """Writes files, each given without its head, and loads the first of them.

    A text that starts with `apiVersion` has its head already, and so has one that starts with `!`.
    Other arguments as driver.load's.
    """

    def read(files: dict[str, str], *arguments: object) -> Loaded:
        for name, text in files.items():
            path = workshop / name
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = text.startswith(("apiVersion", "!"))
            path.write_text(text.removeprefix("!") if whole else HEAD + text, encoding="utf-8")
        return driver.load(next(iter(files)), *arguments)  # type: ignore[arg-type]

    return read


@pytest.fixture
def messages(load: Callable[..., Loaded]) -> Callable[..., list[str]]:
    """Code, place, message and help of everything said about files, in order of place."""

    def tell(files: dict[str, str], *arguments: object) -> list[str]:
        return [
            f"{item.code} {item.span.path}:{item.span.line}:{item.span.column} {item.message}"
            + (f" ({item.help})" if item.help else "")
            for item in load(files, *arguments).diagnostics
        ]

    return tell
