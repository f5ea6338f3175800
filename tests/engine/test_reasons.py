"""Predicates: what they are, and the one true statement that says why."""

from __future__ import annotations

import operator
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isodag import ir
from isodag.engine.evaluate import NoValue, Scope, evaluate, holds
from isodag.engine.reasons import why

ACCURACY = ir.OutputRef("evaluate", "accuracy", "Float")
ROWS = ir.OutputRef("evaluate", "rows", "Integer")
OTHER = ir.OutputRef("baseline", "accuracy", "Float")
GONE = ir.OutputRef("gone", "accuracy", "Float")
MINIMUM = ir.ParameterRef("min_accuracy", "Float")
MODE = ir.ParameterRef("mode", "String")
PUBLISH = ir.ParameterRef("publish", "Boolean")

SCOPE = Scope(
    parameters={"min_accuracy": 0.5, "mode": "fast", "publish": False},
    outputs={"evaluate": {"accuracy": 0.41, "rows": 12}, "baseline": {"accuracy": 0.3}},
    run={"id": "r1", "pipeline": "toy", "started_at": "2026-01-01T00:00:00Z"},
)

GOOD = ir.Compare(">=", ACCURACY, MINIMUM)
ENOUGH = ir.Compare(">", ROWS, ir.Constant(2, "Integer"))
FAST = ir.Compare("==", MODE, ir.Constant("fast", "String"))


@pytest.mark.parametrize(
    ("expected", "predicate"),
    [
        ("accuracy 0.41 < min_accuracy 0.5", GOOD),
        ("accuracy 0.41 < min_accuracy 0.5", ir.Not(GOOD)),
        ("rows 12 > 2", ENOUGH),
        ("mode 'fast' == 'fast'", FAST),
        ("mode 'fast' == 'fast'", ir.Not(FAST)),
        ("publish is false", ir.Truth(PUBLISH)),
        ("accuracy 0.41 < min_accuracy 0.5", ir.And((ENOUGH, GOOD, ir.Truth(PUBLISH)))),
        ("accuracy 0.41 < min_accuracy 0.5 and publish is false",
         ir.Or((GOOD, ir.Truth(PUBLISH)))),
        ("rows 12 > 2", ir.Or((GOOD, ENOUGH, FAST))),
        ("rows 12 > 2 and mode 'fast' == 'fast'", ir.And((ENOUGH, FAST))),
        ("evaluate.accuracy 0.41 > baseline.accuracy 0.3", ir.Compare(">", ACCURACY, OTHER)),
        ("mode 'fast' not in ['slow', 'off']",
         ir.Member(MODE, (ir.Constant("slow", "String"), ir.Constant("off", "String")))),
        ("rows 12 in [12]", ir.Member(ROWS, (ir.Constant(12, "Integer"),))),
        ("run.pipeline 'toy' == 'toy'",
         ir.Compare("==", ir.RunRef("pipeline"), ir.Constant("toy", "String"))),
    ],
)  # fmt: skip
def test_the_reason_is_the_smallest_part_that_decides(
    expected: str, predicate: ir.Predicate
) -> None:
    assert expected == why(predicate, SCOPE)


@given(
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    st.floats(-1e6, 1e6),
    st.one_of(st.floats(-1e6, 1e6), st.integers(-1000, 1000)),
    st.booleans(),
)
def test_rounding_never_makes_a_reason_untrue(
    op: str, left: float, right: float, near: bool
) -> None:
    other = left + 1e-9 if near else right
    scope = Scope({"a": left, "b": other}, {}, {})
    kind = "Float" if isinstance(other, float) else "Integer"
    compare = ir.Compare(op, ir.ParameterRef("a", "Float"), ir.ParameterRef("b", kind))

    match = re.fullmatch(r"a (\S+) (\S+) b (\S+)", why(compare, scope))

    assert match is not None
    true_of = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
               "==": operator.eq, "!=": operator.ne}  # fmt: skip
    assert true_of[match[2]](float(match[1]), float(match[3]))
    assert holds(compare, scope) is (match[2] == op)


def test_numbers_that_differ_late_are_shown_far_enough() -> None:
    scope = Scope({"min_accuracy": 0.5}, {"evaluate": {"accuracy": 0.49999999}}, {})

    assert "accuracy 0.49999999 < min_accuracy 0.5" == why(GOOD, scope)


def test_and_and_or_read_no_further_than_they_must() -> None:
    lost = ir.Compare(">=", GONE, MINIMUM)

    assert (False, True) == (
        holds(ir.And((GOOD, lost)), SCOPE),
        holds(ir.Or((ENOUGH, lost)), SCOPE),
    )


def test_an_output_of_a_skipped_step_cannot_be_compared() -> None:
    with pytest.raises(NoValue, match="gone"):
        holds(ir.Compare(">=", GONE, MINIMUM), SCOPE)


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("accuracy 0.41 of toy, true", ir.Text((
            ir.Constant("accuracy ", "String"), ACCURACY, ir.Constant(" of ", "String"),
            ir.RunRef("pipeline"), ir.Constant(", ", "String"), ir.Constant(True, "Boolean"),
        ))),
        (None, ir.Text((ir.Constant("lost ", "String"), GONE))),
        (None, GONE),
        (12, ROWS),
        ("fast", MODE),
    ],
)  # fmt: skip
def test_values_are_typed_and_text_joins_them_null_if_one_is(
    expected: object, value: ir.Value
) -> None:
    assert expected == evaluate(value, SCOPE)
