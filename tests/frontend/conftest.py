"""A working folder with the toy library, and short ways to have a definition read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from isodag import driver
from isodag.driver import Loaded

HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: numbers\n"
Load = Callable[..., Loaded]


@pytest.fixture
def workshop(tmp_path: Path, toys: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with the toy library in `components/`."""
    (tmp_path / "components").symlink_to(toys / "components")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def load(workshop: Path) -> Load:
    """Reads and checks a definition given without its head; other arguments as driver.load's."""

    def read(body: str, *arguments: object, head: str = HEAD) -> Loaded:
        (workshop / "dag.yaml").write_text(head + body, encoding="utf-8")
        return driver.load("dag.yaml", *arguments)  # type: ignore[arg-type]

    return read


@pytest.fixture
def messages(load: Load) -> Callable[..., list[str]]:
    """Code, place and message of everything said about a definition, in order."""

    def tell(body: str, *arguments: object) -> list[str]:
        return [
            f"{item.code} {item.span.line}:{item.span.column} {item.message}"
            for item in load(body, *arguments).diagnostics
        ]

    return tell
