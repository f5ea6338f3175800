"""A working folder with the toy library, and short ways to have a definition read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from isodag import driver
from isodag.driver import Loaded

TOYS = Path(__file__).parents[1] / "toys"
HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: numbers\n"


@pytest.fixture
def workshop(tmp_path: Path, toys: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with the toy library in `components/`."""
    (tmp_path / "components").symlink_to(toys / "components")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def workshop_of_session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy library, for tests that write many definitions one after the other."""
    folder = tmp_path_factory.mktemp("workshop")
    (folder / "components").symlink_to(TOYS / "components")
    return folder


@pytest.fixture
def load(workshop: Path) -> Callable[..., Loaded]:
    """Reads and checks a definition given without its head; other arguments as driver.load's."""

    def read(body: str, *arguments: object) -> Loaded:
        (workshop / "dag.yaml").write_text(HEAD + body, encoding="utf-8")
        return driver.load("dag.yaml", *arguments)  # type: ignore[arg-type]

    return read


@pytest.fixture
def messages(load: Callable[..., Loaded]) -> Callable[..., list[str]]:
    """Code, place, message and help of everything said about a definition, in order."""

    def tell(body: str, *arguments: object) -> list[str]:
        return [
            f"{item.code} {item.span.line}:{item.span.column} {item.message}"
            + (f" ({item.help})" if item.help else "")
            for item in load(body, *arguments).diagnostics
        ]

    return tell
