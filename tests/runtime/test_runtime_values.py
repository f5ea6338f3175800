"""The laws of parameter values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isodag.runtime import values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
BY_TYPE = {
    "String": st.text(),
    "Integer": st.integers(),
    "Float": st.floats(allow_nan=False, allow_infinity=False),
    "Boolean": st.booleans(),
    "JsonObject": st.dictionaries(st.text(), JSON, max_size=4),
    "JsonArray": st.lists(JSON, max_size=4),
}


@pytest.mark.parametrize("type_name", values.PARAMETER_TYPES)
@settings(deadline=None)
@given(data=st.data())
def test_what_is_rendered_parses_to_the_same_value(type_name: str, data: st.DataObject) -> None:
    value = data.draw(BY_TYPE[type_name])
    parsed = values.parse(type_name, values.render(value))
    assert (type(value), value) == (type(parsed), parsed)


@pytest.mark.parametrize("type_name", values.PARAMETER_TYPES)
@settings(deadline=None)
@given(text=st.text())
def test_any_text_parses_or_is_a_bad_value(type_name: str, text: str) -> None:
    try:
        value = values.parse(type_name, text)
    except values.BadValue as error:
        assert "\n" not in str(error)
    else:
        assert values.admit(type_name, value) == value


@settings(deadline=None)
@given(text=st.text())
def test_a_plain_scalar_is_text_number_boolean_or_nothing(text: str) -> None:
    assert isinstance(values.core_scalar(text), str | int | float | bool | None)


@pytest.mark.parametrize(
    ("type_name", "text", "expected"),
    [
        ("Integer", "-3", -3),
        ("Integer", "3.0", 3),  # as SageMaker's console and KFP's protobuf write it
        ("Float", "2e-5", 2e-5),
        ("Float", "1", 1.0),
        ("Boolean", "True", True),  # as SageMaker writes a Boolean parameter
        ("String", " a b ", " a b "),
        ("String", "true", "true"),
        ("JsonArray", "[1, 2.5]", [1, 2.5]),
    ],
)
def test_text_means_what_the_type_says(type_name: str, text: str, expected: object) -> None:
    parsed = values.parse(type_name, text)
    assert (type(expected), expected) == (type(parsed), parsed)


@pytest.mark.parametrize(
    ("type_name", "text", "message"),
    [
        ("Integer", "3.5", "`3.5` is not an Integer"),
        ("Float", "nan", "`nan` is not a finite Float"),
        ("Float", "1e999", "`1e999` is not a finite Float"),
        ("Boolean", "yes", "`yes` is not a Boolean: write true or false"),
        ("JsonObject", "[]", "`[]` is not a JsonObject in JSON"),
        ("JsonObject", '{"a": NaN}', '`{"a": NaN}` is not a JsonObject in JSON'),
        ("JsonArray", "[Infinity]", "`[Infinity]` is not a JsonArray in JSON"),
        ("JsonArray", "[" * 100_000, f"`{'[' * 59}…` is not a JsonArray in JSON"),
    ],
)
def test_a_wrong_text_is_told_with_its_type(type_name: str, text: str, message: str) -> None:
    with pytest.raises(values.BadValue) as caught:
        values.parse(type_name, text)
    assert message == str(caught.value)


def test_json_is_rendered_compact_and_in_order() -> None:
    assert '{"a":[1,true],"b":"é"}' == values.render({"b": "é", "a": [1, True]})
    assert {"b": "é", "a": [1, True]} == json.loads('{"a":[1,true],"b":"é"}')


@pytest.mark.parametrize(
    ("type_name", "value", "constraints", "message"),
    [
        ("Integer", 1, {"minimum": 1, "maximum": 1, "enum": [1, 2]}, None),
        ("Integer", 0, {"minimum": 1}, "0 is below the minimum 1"),
        ("Float", 1.5, {"maximum": 1}, "1.5 is above the maximum 1"),
        ("String", "b", {"enum": ["a", "c d"]}, "`b` is none of `a`, `c d`"),
        ("String", "v1", {"pattern": "^v[0-9]+$", "format": "tag"}, None),
        ("String", "1", {"pattern": "^v"}, "`1` does not match ^v"),
    ],
)
def test_a_broken_constraint_is_told(
    type_name: str, value: object, constraints: dict[str, object], message: str | None
) -> None:
    assert value == values.admit(type_name, value)
    assert message == values.violation(value, constraints)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~", None), ("null", None), ("yes", "yes"), ("True", True), ("0x1F", 31), ("0o17", 15),
        ("017", 17), ("1_000", "1_000"), ("-.5", -0.5), ("1.", 1.0), ("-.inf", float("-inf")),
        (".inf", float("inf")), ("1:30", "1:30"), ("9" * 5000, float("inf")),
    ],
)  # fmt: skip
def test_plain_scalars_follow_the_core_schema(text: str, expected: object) -> None:
    read = values.core_scalar(text)
    assert (type(expected), expected) == (type(read), read)
