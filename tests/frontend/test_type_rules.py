"""What may flow into what, what compares with what, and the values of settings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from isodag import settings, types

ARTIFACTS = ("Artifact", "Dataset", "Model", "Metrics", "ClassificationMetrics", "HTML", "Markdown")
VALUES = ("String", "Integer", "Float", "Boolean", "JsonObject", "JsonArray")
Messages = Callable[..., list[str]]


def test_types_are_values_and_artifacts() -> None:
    assert (*VALUES, *ARTIFACTS) == types.TYPES
    assert list(VALUES) == [name for name in types.TYPES if types.is_parameter(name)]


def test_only_integer_widens_to_float_and_an_artifact_kind_to_artifact() -> None:
    widened = {("Float", "Integer"), *(("Artifact", kind) for kind in ARTIFACTS[1:])}
    assert widened == {
        (wanted, given)
        for wanted, given in product(types.TYPES, repeat=2)
        if wanted != given and types.accepts(wanted, given)
    }
    assert all(types.accepts(name, name) for name in types.TYPES)


def test_numbers_compare_in_every_way_text_and_booleans_with_their_kind() -> None:
    numbers = {(a, b, op) for a in ("Integer", "Float") for b in ("Integer", "Float")
               for op in ("==", "!=", "<", "<=", ">", ">=")}  # fmt: skip
    alike = {(name, name, op) for name in ("String", "Boolean") for op in ("==", "!=")}
    assert numbers | alike == {
        (left, right, op)
        for left, right in product((*types.TYPES, "List"), repeat=2)
        for op in ("==", "!=", "<", "<=", ">", ">=")
        if types.comparable(left, right, op)
    }


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("String", "String"), ("str", "String"), ("TEXT", "String"), ("int", "Integer"),
        ("integer", "Integer"), ("double", "Float"), ("bool", "Boolean"), ("dict", "JsonObject"),
        ("typing.Dict[str, int]", "JsonObject"), ("List[str]", "JsonArray"), ("list", "JsonArray"),
        (" Model ", "Model"), ("dataset", "Dataset"), ("html", "HTML"), ("", None),
        ("Number", None), ("GCSPath", None), ("dict[", None),
    ],
)  # fmt: skip
def test_a_spec_s_type_is_read_by_kfp_s_spellings(written: str, name: str | None) -> None:
    assert name == types.canonical(written)


@pytest.mark.parametrize(
    ("name", "said"),
    [("Integer", "an Integer"), ("String", "a String"), ("Artifact", "an Artifact")],
)
def test_a_type_has_its_article(name: str, said: str) -> None:
    assert said == types.one(name)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("12h", 43_200), ("30d", 2_592_000), ("0s", 0),
     ("30", None), ("s", None), ("1.5h", None), ("-1s", None), ("1 h", None), ("1w", None),
     ("1" * 10 + "s", None), ("٣s", None)],
)  # fmt: skip
def test_a_duration_in_seconds(text: str, seconds: int | None) -> None:
    assert seconds == settings.seconds(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("500Mi", 500 * 2**20), ("16Gi", 2**34), ("2G", 2 * 10**9), ("7", 7), ("1Ki", 1024),
     ("16GB", None), ("Gi", None), ("1.5Gi", None), ("-1Gi", None), ("16 Gi", None),
     ("16gi", None)],
)  # fmt: skip
def test_a_size_in_bytes(text: str, size: int | None) -> None:
    assert size == settings.size(text)


STEP = """\
vars: {number: 3, text: x, list: [1], causes: [capacity]}
defaults: {}
steps:
  make:
    component: make_numbers@1
    BLOCK
"""


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("resources: {cpu: 0.5, memory: 1Gi, gpu: 0, disk: 10Gi}", []),
        ("resources: {cpu: '${{ vars.number }}'}", []),
        ("cache: {}", []),
        ("retry: {max_attempts: 20, backoff: 1, interval: 0s, on: [service, internal]}", []),
        ("retry: {max_attempts: 2, on: '${{ vars.causes }}'}",
         ["E108 9:34 `on` must be a list, not text"]),
        ("resources: {cpu: 0}", ["E410 9:22 `cpu` is 0, which no machine has"]),
        ("resources: {cpu: -1}", ["E410 9:22 `cpu` is -1, which no machine has"]),
        ("resources: {cpu: .nan}", ["E410 9:22 `cpu` is nan, which no machine has"]),
        ("resources: {gpu: -1}", ["E410 9:22 `gpu` is -1, which no machine has"]),
        ("resources: {cpu: '${{ vars.text }}'}", ["E410 9:22 `cpu` must be a number"]),
        ("resources: {gpu: '${{ vars.list }}'}", ["E410 9:22 `gpu` must be a whole number"]),
        ("resources: {memory: lots}", ["E410 9:25 `memory` is `lots`, not a size"]),
        ("resources: {memory: '${{ vars.number }}'}", ["E410 9:25 `memory` is `3`, not a size"]),
        ("resources: {cpu: '${{ run.id }}'}",
         ["E408 9:27 this setting is fixed at compile time and cannot read `run.id`"]),
        ("resources: {cpu: yes}", ["E108 9:22 `cpu` must be a number, not text"]),
        ("resources: [cpu]", ["E108 9:16 `resources` must be a mapping, not a list"]),
        ("cache: {max_age: 30 days}", ["E410 9:22 `max_age` is `30 days`, not a duration"]),
        ("retry: {}", ["E410 9:12 `retry` has no `max_attempts`"]),
        ("retry: {max_attempt: 3}", ["E107 9:13 unknown key `max_attempt` in `retry`"]),
        ("retry: {max_attempts: many}", ["E108 9:27 `max_attempts` must be a whole number, not text"]),
        ("retry: {max_attempts: 0}", ["E410 9:27 `max_attempts` is 0, not 1 to 20"]),
        ("retry: {max_attempts: 3, backoff: .inf}", ["E410 9:39 `backoff` is inf, not 1 to 100"]),
        ("retry: {max_attempts: 3, on: []}", ["E410 9:34 `on` names no cause"]),
        ("retry: {max_attempts: 3, on: [[capacity]]}",
         ["E410 9:35 `on` holds `a list`, which is no cause"]),
        ("retry: {max_attempts: 3, on: [null]}",
         ["E410 9:35 `on` holds `nothing`, which is no cause"]),
        ("retry: {max_attempts: 3, on: ['${{ parameters.p }}']}",
         ["E202 9:51 there is no parameter `p`"]),
    ],
)  # fmt: skip
def test_the_values_of_a_step_s_settings(messages: Messages, block: str, said: list[str]) -> None:
    found = messages(STEP.replace("BLOCK", block))
    assert said == [line for line in found if line.startswith("E")]


def test_a_retry_may_leave_its_attempts_to_the_defaults(messages: Messages) -> None:
    body = STEP.replace("BLOCK", "retry: {on: [capacity]}")
    body = body.replace("defaults: {}", "defaults: {retry: {max_attempts: 3}}")
    assert [] == [line for line in messages(body) if line.startswith("E")]
