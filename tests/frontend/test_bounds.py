"""How much a file may hold, and how much of a mistake is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from isodag import driver
from isodag.library import Shelf

Messages = Callable[..., list[str]]
STEPS = "steps: {make: {component: make_numbers@1}}\n"


def rows(row: str, count: int) -> str:
    """A row for each number."""
    return "".join(row.format(number) for number in range(count))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("steps:\n" + rows("  s{}: {{fail: x}}\n", 2001),
         "E104 2005:3 more than 2000 entries under one key"),
        (STEPS + "parameters:\n" + rows("  p{}: {{type: String}}\n", 1001),
         "E104 1006:3 more than 1000 entries under one key"),
        (STEPS + "vars:\n" + rows("  v{}: 1\n", 10_001),
         "E104 10006:3 more than 10000 entries under one key"),
        (STEPS + "conditions:\n" + rows("  c{}: a" + " or a" * 500 + "\n", 60),
         "E104 65:8 more than 60000 words in expressions"),
    ],
    ids=["steps", "parameters", "variables", "words in expressions"],
)  # fmt: skip
def test_what_is_too_large_is_told_once_and_not_looked_into(
    messages: Messages, body: str, said: str
) -> None:
    assert [said] == messages(body)


def test_as_many_steps_as_are_allowed_are_read(messages: Messages) -> None:
    body = "steps:\n" + rows("  s{}: {{component: make_numbers@1}}\n", 2000)
    assert [] == [said for said in messages(body) if said.startswith("E")]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"^(a)\1$", ["holds a reference to a group, which may take for ever to match"]),
        ("^a++$", ["holds a possessive repeat, which may take for ever to match"]),
        ("(", ["is not a regular expression: missing ), unterminated subpattern at position 0"]),
        ("^(a+)+$", []),
        (r"^(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", []),
    ],
)
def test_a_pattern_that_cannot_be_matched_in_bounded_time_is_refused(
    messages: Messages, pattern: str, said: list[str]
) -> None:
    body = "parameters:\n  shape: {type: String, default: aa, pattern: '" + pattern + "'}\n"
    body += 'steps: {a: {fail: "${{ parameters.shape }}"}}\n'
    found = [item for item in messages(body) if item.startswith("E409")]
    assert [f"E409 5:47 `pattern` {reason}" for reason in said] == found


def test_a_hungry_pattern_is_matched_all_the_same(messages: Messages) -> None:
    body = "parameters:\n  shape: {type: String, default: " + "a" * 40 + "b, pattern: '^(a+)+$'}\n"
    body += 'steps: {a: {fail: "${{ parameters.shape }}"}}\n'
    expected = "E403 5:34 the default of `shape`: `" + "a" * 40 + "b` does not match ^(a+)+$"
    assert [expected] == [item for item in messages(body) if item.startswith("E403")]


def test_files_that_share_a_shelf_read_a_component_once(workshop: Path) -> None:
    folder = workshop / "own"
    folder.mkdir()
    spec = folder / "component.yaml"
    spec.write_text("name: own\nimplementation: {container: {image: i:1, command: [c]}}\n")
    head = "apiVersion: isodag/v1\nkind: Pipeline\nname: x\nsteps: {a: {component: ./own}}\n"
    for name in ("one.yaml", "two.yaml"):
        (workshop / name).write_text(head)
    shelf = Shelf()
    first = driver.load("one.yaml", shelf=shelf)
    spec.write_text("name: own\n")
    shared, anew = driver.load("two.yaml", shelf=shelf), driver.load("two.yaml")
    assert [] == [item.code for item in (*first.diagnostics, *shared.diagnostics)]
    assert ["E706"] == [item.code for item in anew.diagnostics]
    assert first.sources[str(Path("own/component.yaml"))] == shared.sources["own/component.yaml"]
