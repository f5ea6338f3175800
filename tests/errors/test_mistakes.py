"""Wrong files and all that is said of them, each message whole.

Every file in `mistakes/` is a definition, every folder in `specs/` a component; what is expected
lies beside it.  Read the goldens as the person would who made the mistake.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from isodag import diagnostics, driver, spec
from isodag.source import Source

HERE = Path(__file__).parent
MISTAKES = sorted((HERE / "mistakes").glob("*.yaml"))
SPECS = sorted(path.parent for path in (HERE / "specs").glob("*/component.yaml"))
Golden = Callable[[Path, bytes], None]


@pytest.mark.parametrize("file", MISTAKES, ids=lambda file: file.stem)
def test_a_wrong_definition_gets_these_messages(file: Path, workshop: Path, golden: Golden) -> None:
    shutil.copy(file, workshop)
    loaded = driver.load(file.name)
    said = diagnostics.render(loaded.diagnostics, loaded.sources)
    golden(file.with_suffix(".txt"), said.encode())


@pytest.mark.parametrize("folder", SPECS, ids=lambda folder: folder.name)
def test_a_wrong_component_gets_these_messages(
    folder: Path, workshop: Path, golden: Golden
) -> None:
    shutil.copytree(folder, workshop / folder.name)
    sources: dict[str, Source] = {}
    component, found = spec.read_folder(folder.name, sources)
    assert component is None
    golden(folder / "messages.txt", diagnostics.render(found, sources).encode())
