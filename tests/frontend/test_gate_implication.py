"""Which condition implies which, and what E301 and W301 make of it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isodag import gates_logic
from isodag.expressions import And, Compare, Contains, Expression, Literal, Name, Not, Or
from isodag.expressions_parser import condition
from isodag.frontend.syntax import ConditionDef, Datum, Definition, ParameterDef, Var, Word
from isodag.scope import Scope
from isodag.source import Source, Span

NOWHERE = Span("", 1, 1, 1, 1)
VALUES: dict[str, tuple[Any, ...]] = {
    "n": (-1, 0, 0.5, 1, 1.5, 2, 3),
    "m": (0, 1, 2),
    "s": ("a", "b", "c"),
    "p": (False, True),
    "q": (False, True),
}
TYPES = {"n": "Float", "m": "Integer", "s": "String", "p": "Boolean", "q": "Boolean"}
OPERATORS = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
CONDITIONS = {
    "high": "parameters.n >= 2",
    "fast": "parameters.s == 'a' and parameters.p",
    "either": "high or not fast",
}


def read(text: str) -> Expression:
    expression, problems = condition(text, Source("e", text).span)
    assert [] == problems and expression is not None
    return expression


def word(text: str) -> Word:
    return Word(text, NOWHERE)


SCOPE = Scope(
    Definition(
        path="f.yaml", name=word("f"), description="",
        vars=(Var(word("some"), Datum(["a", "b"], NOWHERE)),),
        parameters=tuple(
            ParameterDef(word(name), word(TYPES[name]), "", None, {}) for name in VALUES
        ),
        conditions=tuple(
            ConditionDef(word(name), read(text), text, NOWHERE)
            for name, text in CONDITIONS.items()
        ),
        steps=(), outputs=(), defaults={}, targets={},
    )
)  # fmt: skip


def holds(expression: Expression, values: dict[str, Any]) -> Any:
    """What an expression is worth, given values of the parameters."""
    match expression:
        case Literal(value):
            return value
        case Name(("parameters", name)):
            return values[name]
        case Name((name,)):
            return holds(read(CONDITIONS[name]), values)
        case And(parts):
            return all(holds(part, values) for part in parts)
        case Or(parts):
            return any(holds(part, values) for part in parts)
        case Not(operand):
            return not holds(operand, values)
        case Contains(item, options, negated):
            listed = ["a", "b"] if isinstance(options, Name) else [
                holds(option, values) for option in options.items
            ]  # type: ignore[union-attr]  # fmt: skip
            return (holds(item, values) in listed) is not negated
        case Compare(op, left, right):
            return OPERATORS[op](holds(left, values), holds(right, values))
    raise AssertionError(expression)


def rows() -> list[dict[str, Any]]:
    return [dict(zip(VALUES, row, strict=True)) for row in product(*VALUES.values())]


ATOMS = st.one_of(
    st.builds(
        lambda name, op, value: f"parameters.{name} {op} {value}",
        st.sampled_from(["n", "m"]), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
        st.sampled_from(["0", "1", "2", "0.5"]),
    ),
    st.builds(lambda a, op, b: f"{a} {op} parameters.{b}", st.sampled_from(["1", "2"]),
              st.sampled_from(["<", ">=", "=="]), st.sampled_from(["n", "m"])),
    st.builds(lambda op, value: f"parameters.s {op} '{value}'", st.sampled_from(["==", "!="]),
              st.sampled_from("abd")),
    st.sampled_from([
        "parameters.p", "parameters.q", "parameters.p == true", "parameters.q != true",
        "parameters.s in ['a', 'c']", "parameters.s not in ['a']", "parameters.s in vars.some",
        "parameters.n < parameters.m", "parameters.m > parameters.n", "true", "high", "fast",
        "either",
    ]),
)  # fmt: skip
TEXTS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.builds(lambda a, b: f"({a}) and ({b})", inner, inner),
        st.builds(lambda a, b: f"({a}) or ({b})", inner, inner),
    ),
    max_leaves=4,
)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_what_is_implied_is_true_whenever_the_other_is(given_text: str, wanted_text: str) -> None:
    left, right = read(given_text), read(wanted_text)
    broken = [row for row in rows() if holds(left, row) and not holds(right, row)]
    assert not (broken and gates_logic.implies(left, right, SCOPE))


@given(TEXTS, TEXTS)
def test_a_condition_implies_its_parts_and_is_implied_by_them(one: str, other: str) -> None:
    both, either = read(f"({one}) and ({other})"), read(f"({one}) or ({other})")
    assert gates_logic.implies(both, read(one), SCOPE)
    assert gates_logic.implies(read(other), either, SCOPE)
    assert gates_logic.implies(both, either, SCOPE)
    assert gates_logic.implies(read(f"not ({one})"), read(f"not (({one}) and ({other}))"), SCOPE)


@given(TEXTS)
def test_what_is_always_the_same_is(text: str) -> None:
    expression = read(text)
    found = gates_logic.constant(expression, SCOPE)
    assert found is None or {found} == {bool(holds(expression, row)) for row in rows()}


@pytest.mark.parametrize(
    ("given_text", "wanted"),
    [
        ("parameters.p", "parameters.p"),
        ("parameters.p and parameters.q", "parameters.q"),
        ("parameters.p", "parameters.p or parameters.q"),
        ("not (parameters.p or parameters.q)", "not parameters.p"),
        ("not (not parameters.p)", "parameters.p"),
        ("parameters.p == true", "parameters.p"),
        ("not parameters.p", "parameters.p != true"),
        ("parameters.n > 2", "2 < parameters.n"),
        ("parameters.n > 2", "parameters.n >= 2"),
        ("parameters.n > 2", "parameters.n > 1.5"),
        ("parameters.n == 2", "parameters.n > 1.5"),
        ("parameters.n == 2", "parameters.n != 3"),
        ("not parameters.n >= 2", "parameters.n < 2"),
        ("parameters.n >= 2 and parameters.n <= 2", "parameters.n == 2"),
        ("parameters.s == 'a'", "parameters.s != 'b'"),
        ("parameters.s == 'a'", "parameters.s in ['a', 'b']"),
        ("parameters.s in ['a']", "parameters.s == 'a'"),
        ("parameters.s in vars.some", "parameters.s in ['a', 'b', 'c']"),
        ("parameters.s not in ['a', 'b']", "parameters.s != 'b'"),
        ("high", "parameters.n >= 2"),
        ("parameters.n > 5", "high"),
        ("high", "either"),
        ("either and fast", "high"),
        ("parameters.n < parameters.m", "parameters.m > parameters.n"),
        ("true", "parameters.p or not parameters.p"),
    ],
)
def test_it_sees_that_one_implies_the_other(given_text: str, wanted: str) -> None:
    assert gates_logic.implies(read(given_text), read(wanted), SCOPE)


@pytest.mark.parametrize(
    ("given_text", "wanted"),
    [
        ("parameters.p", "parameters.q"),
        ("parameters.p or parameters.q", "parameters.p"),
        ("not (parameters.p and parameters.q)", "not parameters.p"),
        ("parameters.n > 1", "parameters.n > 2"),
        ("parameters.n >= 2", "parameters.n > 2"),
        ("parameters.n > 2", "parameters.m > 2"),
        ("parameters.s != 'a'", "parameters.s == 'b'"),
        ("either", "high"),
        ("not high", "high"),
    ],
)
def test_it_sees_that_one_does_not_imply_the_other(given_text: str, wanted: str) -> None:
    assert not gates_logic.implies(read(given_text), read(wanted), SCOPE)


def test_beyond_its_measure_only_what_is_said_word_for_word_is_implied() -> None:
    many = " and ".join(f"parameters.n != {number}" for number in range(20))
    parts = read(many)
    assert gates_logic.implies(parts, read("parameters.n != 7"), SCOPE)
    assert gates_logic.implies(parts, parts, SCOPE)
    assert not gates_logic.implies(parts, read("parameters.n <= 7 or parameters.n > 7"), SCOPE)


# --- in a definition -------------------------------------------------------------------------

STEPS = """\
parameters:
  publish: {type: Boolean, default: true}
  mode: {type: String, default: fast}
conditions:
  open: parameters.publish
  fast: open and parameters.mode == 'fast'
steps:
  make:
    when: MAKE
    component: make_numbers@1
  fit:
    FIT
    component: fit_mean@1
    inputs: {numbers: "${{ steps.make.outputs.numbers }}"}
"""
Messages = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("make", "fit"),
    [
        ("open", "when: open"),
        ("open", "when: fast"),
        ("open", "when: parameters.publish"),
        ("parameters.publish", "when: open and parameters.mode == 'slow'"),
        ("open or fast", "when: fast"),
        ("not open", "when: not parameters.publish"),
        ("not (open and parameters.mode == 'x')", "when: not open"),
        ("parameters.mode != 'slow'", "when: fast"),
        ("parameters.mode in ['fast', 'slow']", "when: fast"),
        ("true", "x-note: none"),
    ],
)
def test_a_step_may_read_what_stands_behind_a_condition_that_its_own_implies(
    messages: Messages, make: str, fit: str
) -> None:
    said = messages(STEPS.replace("MAKE", make).replace("FIT", fit))
    assert [] == [line for line in said if line.startswith("E")]


@pytest.mark.parametrize(
    ("make", "fit", "wanted"),
    [
        ("open", "x-note: none", "open"),
        ("fast", "when: open", "fast and open"),
        ("open and fast", "when: open", "open and fast and open"),
        ("open or fast", "x-note: none", "open or fast"),
        ("open or fast", "when: parameters.mode == 'a'",
         "(open or fast) and parameters.mode == 'a'"),
        ("open", "when: open or parameters.mode == 'a'",
         "open and (open or parameters.mode == 'a')"),
    ],
)  # fmt: skip
def test_else_the_message_gives_the_line_to_write(
    load: Callable[..., Any], make: str, fit: str, wanted: str
) -> None:
    body = STEPS.replace("MAKE", make).replace("FIT", fit)
    (found,) = load(body).diagnostics
    assert "E301" == found.code
    assert f"step `fit` waits for `make`, which runs only when `{make}`" == found.message
    assert found.help is not None and found.help.endswith(f"`when: {wanted}`")
    followed = load(body.replace(fit, f"when: {wanted}")).diagnostics
    assert [] == [item for item in followed if item.severity == "error"]


def test_where_the_conditions_exclude_each_other_no_line_would_help(
    load: Callable[..., Any],
) -> None:
    (found,) = load(STEPS.replace("MAKE", "open").replace("FIT", "when: not open")).diagnostics
    assert "E301" == found.code
    assert (
        "`make` never runs when `not open`: read a step that does, or change one of the conditions"
    ) == found.help


def test_a_gate_behind_a_gate_has_to_imply_it_too(messages: Messages) -> None:
    body = """\
parameters: {publish: {type: Boolean, default: true}}
conditions: {good: steps.score.outputs.accuracy > 0.5}
steps:
  make: {component: make_numbers@1}
  fit:
    component: fit_mean@1
    inputs: {numbers: "${{ steps.make.outputs.numbers }}"}
  score:
    when: parameters.publish
    component: score_mean@2
    inputs: {model: "${{ steps.fit.outputs.model }}", numbers: "${{ steps.make.outputs.numbers }}"}
  tell:
    when: good
    component: announce@1
    inputs: {model: "${{ steps.fit.outputs.model }}"}
  after_all:
    component: make_numbers@1
    after: [score]
"""
    assert [
        "E301 5:20 step `tell` waits for `score`, which runs only when `parameters.publish`",
        "E301 21:13 step `after_all` waits for `score`, which runs only when `parameters.publish`",
    ] == messages(body)
    mended = body.replace("when: good", "when: good and parameters.publish")
    mended = mended.replace("after: [score]", "when: parameters.publish\n    after: [score]")
    assert [] == [line for line in messages(mended) if line.startswith("E")]


def test_one_message_for_several_reads_behind_one_condition(messages: Messages) -> None:
    body = """\
parameters: {publish: {type: Boolean, default: true}}
steps:
  fit: {when: parameters.publish, component: fit_mean@1, inputs: {numbers: "s3://b/n"}}
  make: {when: parameters.publish, component: make_numbers@1}
  score:
    component: score_mean@2
    inputs: {numbers: "${{ steps.make.outputs.numbers }}", model: "${{ steps.fit.outputs.model }}"}
"""
    assert [
        "E301 10:28 step `score` waits for `make`, which runs only when `parameters.publish`"
    ] == messages(body)


def test_a_wrong_condition_elsewhere_hides_no_missing_gate(messages: Messages) -> None:
    body = """\
parameters: {publish: {type: Boolean, default: true}}
conditions: {odd: parameters.pubish}
steps:
  make: {when: parameters.publish, component: make_numbers@1}
  fit: {component: fit_mean@1, inputs: {numbers: "${{ steps.make.outputs.numbers }}"}}
  again: {when: odd, component: fit_mean@1, inputs: {numbers: "${{ steps.make.outputs.numbers }}"}}
"""
    assert [
        "E202 5:30 there is no parameter `pubish`",
        "E301 8:55 step `fit` waits for `make`, which runs only when `parameters.publish`",
    ] == messages(body)


def test_blanks_inside_quotes_tell_conditions_apart(messages: Messages) -> None:
    body = """\
parameters: {mode: {type: String, default: a}}
steps:
  make: {when: "parameters.mode == 'a b'", component: make_numbers@1}
  stop: {when: "parameters.mode == 'a b'", fail: x, after: [make]}
  more: {when: "parameters.mode == 'a  b'", fail: x, after: [make]}
"""
    assert [
        "E301 8:62 step `more` waits for `make`, which runs only when `parameters.mode == 'a b'`"
    ] == messages(body)


def test_a_condition_that_never_changes_is_told_once(messages: Messages) -> None:
    body = """\
parameters: {n: {type: Integer, default: 1}}
conditions:
  never: parameters.n > 3 and parameters.n < 2
  also: never or parameters.n > 5
steps:
  make: {when: also, component: make_numbers@1}
  stop: {when: never, fail: x}
  go: {when: true, component: make_numbers@1}
"""
    assert ["W301 6:10 this condition is always false"] == messages(body)
