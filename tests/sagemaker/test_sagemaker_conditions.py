"""A predicate and the `Conditions` list made of it say the same of every value."""

from __future__ import annotations

import operator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sagemaker_judge import ATOMS

from isodag import ir
from isodag.targets.sagemaker import conditions, references

OPERATORS = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
NAMES = {
    "Integer": ("i", "j"), "Float": ("f", "g"), "String": ("s", "t"), "Boolean": ("b", "c"),
}  # fmt: skip
VALUES: dict[str, list[Any]] = {
    "Integer": [-1, 0, 1, 2], "Float": [-0.5, 0.0, 1.0, 1.5], "String": ["", "x", "y"],
    "Boolean": [True, False],
}  # fmt: skip


def operand(type_name: str) -> st.SearchStrategy[ir.Value]:
    constants = st.sampled_from(VALUES[type_name]).map(lambda v: ir.Constant(v, type_name))
    names = st.sampled_from(NAMES[type_name]).map(lambda n: ir.ParameterRef(n, type_name))
    return constants | names


def number() -> st.SearchStrategy[ir.Value]:
    return operand("Integer") | operand("Float")


def atoms() -> st.SearchStrategy[ir.Predicate]:
    equal = st.sampled_from(["==", "!="])
    return st.one_of(
        st.builds(ir.Compare, st.sampled_from(list(OPERATORS)), number(), number()),
        st.builds(ir.Compare, equal, operand("String"), operand("String")),
        st.builds(ir.Compare, equal, operand("Boolean"), operand("Boolean")),
        st.builds(ir.Truth, operand("Boolean")),
        *(
            st.builds(ir.Member, item, st.lists(item, max_size=3).map(tuple))
            for item in (number(), operand("String"), operand("Boolean"))
        ),
    )


PREDICATES = st.recursive(
    atoms(),
    lambda inner: st.one_of(
        st.builds(ir.Not, inner),
        st.builds(ir.And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(ir.Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
ENVIRONMENTS = st.fixed_dictionaries(
    {name: st.sampled_from(VALUES[kind]) for kind, names in NAMES.items() for name in names}
)


def read(value: ir.Value) -> references.Expr:
    if isinstance(value, ir.Constant):
        return references.constant(value.value, value.type)
    assert isinstance(value, ir.ParameterRef)
    return references.parameter(value.name, value.type)


def meaning(predicate: ir.Predicate, env: dict[str, Any]) -> bool:
    """What the language says of a predicate."""

    def value(of: ir.Value) -> Any:
        return of.value if isinstance(of, ir.Constant) else env[of.name]  # type: ignore[union-attr]

    match predicate:
        case ir.Compare(op, left, right):
            return OPERATORS[op](value(left), value(right))
        case ir.Member(item, options):
            return value(item) in [value(option) for option in options]
        case ir.Truth(of):
            return value(of) is True
        case ir.Not(inner):
            return not meaning(inner, env)
        case ir.And(parts):
            return all(meaning(part, env) for part in parts)
        case ir.Or(parts):
            return any(meaning(part, env) for part in parts)


def outcome(conditions: list[dict[str, Any]], env: dict[str, Any]) -> bool:
    """What the service makes of a `Conditions` list: all of them must hold."""
    return all(holds(condition, env) for condition in conditions)


def holds(condition: dict[str, Any], env: dict[str, Any]) -> bool:
    def value(of: Any) -> Any:
        return env[of["Get"].removeprefix("Parameters.")] if isinstance(of, dict) else of

    kind = condition["Type"]
    if kind == "Or":
        return any(holds(part, env) for part in condition["Conditions"])
    if kind == "Not":
        return not holds(condition["Condition"], env)
    if kind == "In":
        return value(condition["QueryValue"]) in [value(item) for item in condition["Values"]]
    left, right = value(condition["LeftValue"]), value(condition["RightValue"])
    return OPERATORS[SIGNS[kind]](left, right)


SIGNS = {
    "Equals": "==", "GreaterThan": ">", "GreaterThanOrEqualTo": ">=", "LessThan": "<",
    "LessThanOrEqualTo": "<=",
}  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(PREDICATES, st.lists(ENVIRONMENTS, min_size=4, max_size=4))
def test_conditions_mean_what_the_predicate_means(
    predicate: ir.Predicate, environments: list[dict[str, Any]]
) -> None:
    try:
        lowered = conditions.lower(predicate, read)
    except conditions.TooMany:
        return
    for env in environments:
        found = lowered if isinstance(lowered, bool) else outcome(lowered, env)
        assert meaning(predicate, env) == found


@settings(max_examples=200, deadline=None)
@given(PREDICATES)
def test_conditions_are_comparisons_or_an_or_of_them_with_a_reference_on_the_left(
    predicate: ir.Predicate,
) -> None:
    try:
        lowered = conditions.lower(predicate, read)
    except conditions.TooMany:
        return
    clauses = [] if isinstance(lowered, bool) else lowered
    assert isinstance(lowered, bool) or 1 <= len(clauses) <= conditions.MAX_CLAUSES
    for clause in clauses:
        parts = clause["Conditions"] if clause["Type"] == "Or" else [clause]
        for part in parts:
            inner = part["Condition"] if part["Type"] == "Not" else part
            left = inner["QueryValue"] if inner["Type"] == "In" else inner["LeftValue"]
            assert inner["Type"] in {*ATOMS, "In"}
            assert isinstance(left, dict)


@settings(max_examples=200, deadline=None)
@given(atoms(), atoms(), atoms())
def test_repeating_or_reordering_what_is_said_changes_no_clause(
    a: ir.Predicate, b: ir.Predicate, c: ir.Predicate
) -> None:
    once = conditions.lower(ir.And((a, ir.Or((b, c)))), read)
    twice = conditions.lower(ir.And((a, ir.Or((b, c)), a, ir.Or((b, c, b)))), read)
    assert once == twice


def parameter(name: str, type_name: str) -> ir.ParameterRef:
    return ir.ParameterRef(name, type_name)


TEXT, COUNT, FLAG, OTHER = (
    parameter("s", "String"), parameter("i", "Integer"), parameter("b", "Boolean"),
    parameter("c", "Boolean"),
)  # fmt: skip
GET = {name: {"Get": f"Parameters.{name}"} for name in "sibc"}


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (
            ir.Compare("<", ir.Constant(3, "Integer"), COUNT),
            [{"Type": "GreaterThan", "LeftValue": GET["i"], "RightValue": 3}],
        ),
        (
            ir.Not(ir.Compare("<", COUNT, ir.Constant(3, "Integer"))),
            [{"Type": "GreaterThanOrEqualTo", "LeftValue": GET["i"], "RightValue": 3}],
        ),
        (
            ir.Compare("!=", COUNT, ir.Constant(3, "Integer")),
            [
                {
                    "Type": "Or",
                    "Conditions": [
                        {"Type": "LessThan", "LeftValue": GET["i"], "RightValue": 3},
                        {"Type": "GreaterThan", "LeftValue": GET["i"], "RightValue": 3},
                    ],
                }
            ],
        ),
        (
            ir.Compare("!=", FLAG, ir.Constant(True, "Boolean")),
            [{"Type": "Equals", "LeftValue": GET["b"], "RightValue": False}],
        ),
        (
            ir.Compare("!=", FLAG, OTHER),
            [
                {
                    "Type": "Not",
                    "Condition": {"Type": "Equals", "LeftValue": GET["b"], "RightValue": GET["c"]},
                }
            ],
        ),
        (
            ir.Compare("!=", ir.Constant("x", "String"), TEXT),
            [
                {
                    "Type": "Not",
                    "Condition": {"Type": "Equals", "LeftValue": GET["s"], "RightValue": "x"},
                }
            ],
        ),
        (ir.Truth(FLAG), [{"Type": "Equals", "LeftValue": GET["b"], "RightValue": True}]),
        (ir.Not(ir.Truth(FLAG)), [{"Type": "Equals", "LeftValue": GET["b"], "RightValue": False}]),
        (
            ir.Not(ir.Member(TEXT, (ir.Constant("x", "String"), TEXT))),
            [
                {
                    "Type": "Not",
                    "Condition": {"Type": "In", "QueryValue": GET["s"], "Values": ["x", GET["s"]]},
                }
            ],
        ),
        (
            ir.Member(ir.Constant("x", "String"), (ir.Constant("y", "String"), TEXT)),
            [{"Type": "Equals", "LeftValue": GET["s"], "RightValue": "x"}],
        ),
        (ir.Compare("==", ir.Constant(1, "Integer"), ir.Constant(1.0, "Float")), True),
        (ir.And((ir.Truth(FLAG), ir.Truth(ir.Constant(False, "Boolean")))), False),
        (ir.Or((ir.Truth(FLAG), ir.Truth(ir.Constant(True, "Boolean")))), True),
        (ir.Member(TEXT, ()), False),
    ],
)
def test_the_written_form(predicate: ir.Predicate, expected: Any) -> None:
    assert expected == conditions.lower(predicate, read)


def test_the_33rd_clause_is_one_too_many() -> None:
    def clauses(count: int) -> ir.Predicate:
        return ir.And(
            tuple(ir.Compare("<", COUNT, ir.Constant(n, "Integer")) for n in range(count))
        )

    lowered = conditions.lower(clauses(32), read)
    assert isinstance(lowered, list) and 32 == len(lowered)
    with pytest.raises(conditions.TooMany) as raised:
        conditions.lower(clauses(33), read)
    assert 33 == raised.value.count


def test_a_predicate_that_explodes_is_given_up_early() -> None:
    pairs = [
        ir.And(tuple(ir.Compare("==", TEXT, ir.Constant(f"{n}{side}", "String")) for side in "ab"))
        for n in range(40)
    ]
    with pytest.raises(conditions.TooMany):
        conditions.lower(ir.Or(tuple(pairs)), read)
