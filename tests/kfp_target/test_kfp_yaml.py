"""YAML text that every reader takes alike."""

from __future__ import annotations

import math
from typing import Any

import kfp_judge
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from isodag.targets.kfp import yaml_text

LOADERS = pytest.mark.parametrize("loader", kfp_judge.LOADERS, ids=lambda loader: loader.__name__)
# JSON may hold lone surrogates, which no UTF-8 file can
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.from_regex(
    r"[-+~=<]?[0-9yYnNoOxbeE._:, #-]{1,12}", fullmatch=True
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@LOADERS
@given(data=st.dictionaries(TEXTS, DATA, min_size=1, max_size=4))
@example(data={"a": [[{"b": []}], {}, {"c": {"d": [{"e": 1, "f": 2}]}}]})
@example(data={"k" * 2000: {"l" * 2000: 1}, "m": [[{"n" * 2000: 2}]]})
def test_what_is_written_is_read_back(loader: Any, data: dict[str, Any]) -> None:
    finite = without_infinities(data)
    assert finite == yaml.load(yaml_text.dump(finite), loader)


def without_infinities(data: Any) -> Any:
    """The data with 0 for what JSON and protobuf do not carry."""
    if isinstance(data, dict):
        return {key: without_infinities(item) for key, item in data.items()}
    if isinstance(data, list):
        return [without_infinities(item) for item in data]
    return 0.0 if isinstance(data, float) and math.isinf(data) else data


@LOADERS
@pytest.mark.parametrize(
    "text",
    ["y", "N", "yes", "On", "off", "null", "~", "true", "2e-5", "0x10", "0o17", "1_000", "12:30",
     "2026-11-22", ".inf", "=", "<<", "a: b", "a #b", "- a", "{a}", "a:", "\x85", "\ufeffa", "\u2028",
     "\x00", "\U0001f600", " a", "a ", "", "'", '"', "line\nbreak", "---", "%x", "@x", "`x"],
)  # fmt: skip
def test_text_that_looks_like_something_else_stays_text(loader: Any, text: str) -> None:
    assert {text: text} == yaml.load(yaml_text.dump({text: text}), loader)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3.0, "3.0"), (2e-05, "2.0e-05"), (1e22, "1.0e+22"), (1.5e300, "1.5e+300"), (-0.5, "-0.5"),
     (3, "3"), (True, "true"), (None, "null"), ("s3://bucket/a-b", "s3://bucket/a-b"),
     ("python3", "python3"), ("--flag", '"--flag"'), ("no", '"no"')],
)  # fmt: skip
def test_a_value_is_written_so(value: Any, expected: str) -> None:
    assert expected == yaml_text.scalar(value)


def test_documents_are_told_apart() -> None:
    assert "a: 1\n---\nb: 2\n" == yaml_text.dump({"a": 1}, {"b": 2})
