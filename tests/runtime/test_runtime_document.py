"""Reading YAML at run time: the core schema, and nothing that hurts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isodag.runtime import document


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 2e-5", {"a": 2e-5}),
        ("a: no", {"a": "no"}),
        ("a: 2026-11-22", {"a": "2026-11-22"}),
        ("a: 0o17", {"a": 15}),
        ('a: "3"', {"a": "3"}),
        ("a: ! 3", {"a": "3"}),
        ("a: !!str 3", {"a": "3"}),
        ("a:", {"a": None}),
        ("1: x", {"1": "x"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("- [a, {b: c}]", [["a", {"b": "c"}]]),
        ("", None),
    ],
)
def test_yaml_is_read_by_the_core_schema(text: str, expected: object) -> None:
    assert expected == document.read(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "2: the key `a` a second time"),
        ("a: 1\n---\nb: 2", "2: a second document"),
        ("a: !!python/object:os.system x", "1: the tag `tag:yaml.org,2002:python/object:os.system`"),
        ("? [a]\n: b", "1: a key that is not text"),
        ("a: &x [*x]", "1: the alias `x` where it means nothing"),
        ("a: *nobody", "1: the alias `nobody` where it means nothing"),
        ("a: \0", "1: a character that YAML does not allow"),
        ("a: [", "1: did not find expected node content"),
        ("[" * 200_000, "1: more than 100 levels"),
        ("a: &b [" + "x," * 999 + "]\nc: &d [" + "*b," * 9 + "]\ne: [" + "*d," * 99 + "]",
         "3: more than 100000 values"),
    ],
)  # fmt: skip
def test_what_is_no_plain_document_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(document.BadDocument) as caught:
        document.read(text)
    assert message == str(caught.value)


@settings(deadline=None)
@given(text=st.text(alphabet="ab:-[]{}&*!|>'\"#%? \n\t0.,", max_size=60) | st.text(max_size=40))
def test_any_text_is_data_or_one_line(text: str) -> None:
    try:
        document.read(text)
    except document.BadDocument as error:
        assert "\n" not in str(error)
