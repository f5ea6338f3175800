"""One slip, one message: each change of a right pipeline is told once, at its place.

`slips/right.yaml` is the pipeline; the other files hold, by name, what is written there and the slip
that takes its place; beside each lies what is said: code, text marked, message, help.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from isodag import driver
from isodag.diagnostics import Diagnostic
from isodag.driver import Loaded

HERE = Path(__file__).parent / "slips"
RIGHT = (HERE / "right.yaml").read_text(encoding="utf-8")
AREAS = {
    path: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted(HERE.glob("*.yaml"))
    if path.name != "right.yaml"
}
EXPECTED = ("W602",)  # the right pipeline has settings that KFP lacks


def told(text: str) -> tuple[list[Diagnostic], Loaded]:
    Path("pipeline.yaml").write_text(text, encoding="utf-8")
    loaded = driver.load("pipeline.yaml")
    found = driver.check(loaded, ("kfp",))
    return [item for item in found if item.code not in EXPECTED], loaded


def marked(item: Diagnostic, loaded: Loaded) -> str:
    """The text under the carets, to the end of the line at most."""
    line = loaded.sources[item.span.path].line(item.span.line)
    end = item.span.end_column if item.span.end_line == item.span.line else len(line) + 1
    return line[item.span.column - 1 : end - 1]


@pytest.mark.usefixtures("workshop")
def test_nothing_is_said_of_what_is_right() -> None:
    assert [] == told(RIGHT)[0]


@pytest.mark.parametrize("area", AREAS, ids=lambda path: path.stem)
@pytest.mark.usefixtures("workshop")
def test_each_slip_is_told_once(area: Path, golden: Callable[[Path, bytes], None]) -> None:
    lines = []
    for name, (old, new) in AREAS[area].items():
        assert old in RIGHT, name
        found, loaded = told(RIGHT.replace(old, new, 1))
        assert [name] == [name] * len(found), found
        for item in found:
            place = f"{item.span.line}:{item.span.column}"
            lines.append(f"{name}\n    {item.code} {place} [{marked(item, loaded)}]")
            lines.append(f"    {item.message}\n    -> {item.help}")
    golden(area.with_suffix(".txt"), ("\n".join(lines) + "\n").encode())


def test_each_slip_in_a_spec_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Callable[[Path, bytes], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = HERE.parent / "slips_of_specs"
    right = (folder / "right.yaml").read_text(encoding="utf-8")
    Path("count_lines").mkdir()
    file = Path("count_lines/component.yaml")
    lines = []
    slips = yaml.safe_load((folder / "specs.yaml").read_text(encoding="utf-8"))
    for name, (old, new) in {"nothing": ("", ""), **slips}.items():
        assert old in right, name
        file.write_text(right.replace(old, new, 1), encoding="utf-8")
        loaded = driver.load_component(file)
        assert [name] * (name != "nothing") == [name] * len(loaded.diagnostics)
        for item in loaded.diagnostics:
            place = f"{item.span.line}:{item.span.column}"
            lines.append(f"{name}\n    {item.code} {place} [{marked(item, loaded)}]")
            lines.append(f"    {item.message}\n    -> {item.help}")
    golden(folder / "specs.txt", ("\n".join(lines) + "\n").encode())
