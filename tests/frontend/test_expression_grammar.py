"""The expression language: what binds how, where each part stands, and what is refused."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isodag import expressions_parser as parser
from isodag.expressions import (
    And,
    Compare,
    Contains,
    Expression,
    ListOf,
    Literal,
    Name,
    Not,
    Or,
    show,
)  # fmt: skip
from isodag.source import Source, Span

NOWHERE = Span("", 1, 1, 1, 1)


def parsed(text: str) -> Expression:
    expression, problems = parser.condition(text, Source("e", text).span)
    assert [] == problems
    assert expression is not None
    return expression


def bracketed(expression: Expression) -> str:
    """The expression with a bracket around every operator."""
    match expression:
        case Literal() | Name():
            return show(expression)
        case ListOf(items):
            return f"[{', '.join(map(bracketed, items))}]"
        case Or(parts):
            return f"({' or '.join(map(bracketed, parts))})"
        case And(parts):
            return f"({' and '.join(map(bracketed, parts))})"
        case Not(operand):
            return f"(not {bracketed(operand)})"
        case Compare(op, left, right):
            return f"({bracketed(left)} {op} {bracketed(right)})"
        case Contains(item, options, negated):
            word = "not in" if negated else "in"
            return f"({bracketed(item)} {word} {bracketed(options)})"


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("a or b and c", "(a or (b and c))"),
        ("a and b or c", "((a and b) or c)"),
        ("not a and b", "((not a) and b)"),
        ("not a == b", "(not (a == b))"),
        ("not (a or b)", "(not (a or b))"),
        ("a == b and c < d", "((a == b) and (c < d))"),
        ("a in [1, 'x', true] or b", "((a in [1, 'x', true]) or b)"),
        ("a not in ['x'] and not b", "((a not in ['x']) and (not b))"),
        ("(a)", "a"),
        ("(a or b) and c", "((a or b) and c)"),
        ("a or (b or c)", "(a or b or c)"),
        ("(a and b) and (c and d)", "(a and b and c and d)"),
        ("not not a", "a"),
        ("not (not a)", "a"),
        ("not not not a", "(not a)"),
        ("a == 'it''s'", "(a == 'it''s')"),
        ('a == "say ""so"""', "(a == 'say \"so\"')"),
        ("steps.s.outputs['Model URI'] == 1", "(steps.s.outputs['Model URI'] == 1)"),
        ("a == -1", "(a == -1)"),
        ("a == 2e-5", "(a == 2e-05)"),
        ("a == .5", "(a == 0.5)"),
        ("a == 1.0", "(a == 1.0)"),
        ("true", "true"),
        ("  a\n  ==\n  b ", "(a == b)"),
        ("a\u00a0== b", "(a == b)"),  # a no-break space, as word processors write it
        ("${{ a == b }}", "(a == b)"),
        ("steps.not.outputs.in == 1", "(steps.not.outputs.in == 1)"),
        ("a == '}}'", "(a == '}}')"),
        ("${{ a == '}}' }}", "(a == '}}')"),
        ("a in []", "(a in [])"),
        ("(a == b) == c", "((a == b) == c)"),
    ],
)
def test_an_expression_means(text: str, means: str) -> None:
    assert means == bracketed(parsed(text))


# --- the tree and its text -------------------------------------------------------------------

WORDS = st.sampled_from(["a", "b", "good", "x1", "_y"])
PARTS = st.sampled_from(["a", "outputs", "Model URI", "it's", "9", "in"])
NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False)
)
NAMES = st.builds(lambda first, rest: name((first, *rest)), WORDS, st.lists(PARTS, max_size=3))
LITERALS = st.one_of(NUMBERS, st.booleans(), st.text(max_size=8)).map(
    lambda value: Literal(value, NOWHERE)
)


def name(path: tuple[str, ...]) -> Name:
    return Name(path, (NOWHERE,) * len(path), NOWHERE)


def negation(operand: Expression) -> Expression:
    return operand.operand if isinstance(operand, Not) else Not(operand, NOWHERE)


def joined(kind: type[And] | type[Or], parts: list[Expression]) -> Expression:
    flat = [part.operands if isinstance(part, kind) else (part,) for part in parts]
    return kind(tuple(item for group in flat for item in group), NOWHERE)


def trees(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    lists = st.lists(inner, max_size=3).map(lambda items: ListOf(tuple(items), NOWHERE))
    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        st.builds(Compare, st.sampled_from(parser._COMPARISONS), inner, inner, st.just(NOWHERE)),
        st.builds(Contains, inner, lists, st.booleans(), st.just(NOWHERE)),
        inner.map(negation),
        several.map(lambda parts: joined(And, parts)),
        several.map(lambda parts: joined(Or, parts)),
    )


EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    st.one_of(NAMES, LITERALS), trees, max_leaves=12
)


def plain(value: Any) -> Any:
    """A tree without its places."""
    if is_dataclass(value):
        inner = [
            plain(getattr(value, f.name)) for f in fields(value) if not f.name.startswith("sp")
        ]
        return (type(value).__name__, *inner)
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return (type(value).__name__, value)


@given(EXPRESSIONS)
def test_what_is_shown_reads_back_as_the_same(expression: Expression) -> None:
    assert plain(expression) == plain(parsed(show(expression)))


@given(EXPRESSIONS)
def test_there_is_one_way_to_show_what_is_read(expression: Expression) -> None:
    text = show(expression)
    assert text == show(parsed(text))


# --- places ----------------------------------------------------------------------------------


def places(expression: Expression, text: str) -> list[str]:
    """What stands in the text at the place of each node, outermost first."""
    found = [text[expression.span.column - 1 : expression.span.end_column - 1]]
    for part in vars(expression).values():
        for item in part if isinstance(part, tuple) else (part,):
            if isinstance(item, Span) and isinstance(expression, Name) and part is not item:
                found.append(text[item.column - 1 : item.end_column - 1])
            elif is_dataclass(item):
                found += places(item, text)  # type: ignore[arg-type]
    return found


def test_every_part_knows_where_it_stands() -> None:
    text = "not (steps.s.outputs['x y'] >= 0.5 and a in ['p', 2]) or b"
    assert [
        text,
        "not (steps.s.outputs['x y'] >= 0.5 and a in ['p', 2])",
        "steps.s.outputs['x y'] >= 0.5 and a in ['p', 2]",
        "steps.s.outputs['x y'] >= 0.5",
        "steps.s.outputs['x y']", "steps", "s", "outputs", "'x y'",
        "0.5",
        "a in ['p', 2]",
        "a", "a",
        "['p', 2]", "'p'", "2",
        "b", "b",
    ] == places(parsed(text), text)  # fmt: skip


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "marked"),
    [
        ("", "an expression is missing here", ""),
        ("   ", "an expression is missing here", ""),
        ("a ==", "a value is missing after `==`", "=="),
        ("a and", "a value is missing after `and`", "and"),
        ("not", "a value is missing after `not`", "not"),
        ("a = b", "`=` has no meaning in an expression", "="),
        ("a && b", "`&&` has no meaning in an expression", "&&"),
        ("a || b", "`||` has no meaning in an expression", "||"),
        ("!a", "`!` has no meaning in an expression", "!"),
        ("a + b", "`+` has no meaning in an expression", "+"),
        ("a * b", "`*` has no meaning in an expression", "*"),
        ("a - b", "`-` has no meaning in an expression", "-"),
        ("a -1", "`-1` is not expected here", "-1"),
        ("a-b", "`-` has no meaning in an expression", "-"),
        ("steps.a-0.outputs.b", "`-` has no meaning in an expression", "-"),
        ("a ? b : c", "`?` has no meaning in an expression", "?"),
        ("a; b", "`;` has no meaning in an expression", ";"),
        ("a == 1_000", "`1_000` is not a number", "1_000"),
        ("a == 0x1F", "`0x1F` is not a number", "0x1F"),
        ("a == 1.2.3", "`1.2.3` is not a number", "1.2.3"),
        ("a == 1e999", "a number beyond all targets' range", "1e999"),
        ("a == " + "9" * 400, "a number beyond all targets' range", "9" * 400),
        ("a == ٣", "`٣` has no meaning in an expression", "٣"),
        ("a\u200b== b", "character U+200B has no meaning in an expression", "\u200b"),
        ("a == 'b", "this string is not closed", "'b"),
        ('a == "b', "this string is not closed", '"b'),
        ("(a", "`(` is not closed", "("),
        ("a in [1, 2", "`[` is not closed", "["),
        ("a)", "`)` is not expected here", ")"),
        ("a b", "`b` is not expected here", "b"),
        ("f(a)", "`(` is not expected here", "("),
        ("a is b", "`is` is not expected here", "is"),
        ("a.b.", "a name is missing after `.`", "."),
        ("a..b", "a name is missing after `.`", ".."),
        ("a[0]", "`[` is not expected here", "["),
        ("== a", "`==` is not expected here", "=="),
        ("and a", "`and` is not expected here", "and"),
        ("a AND b", "`AND` is not expected here", "AND"),
        ("1 < a < 2", "comparisons cannot be chained", "<"),
        ("a == b == c", "comparisons cannot be chained", "=="),
        ("a in [1] in [2]", "comparisons cannot be chained", "in"),
        ("${{ a }} == b", "only a part of this condition is in ${{ }}", "${{ a }}"),
        ("a == ${{ b }}", "only a part of this condition is in ${{ }}", "${{ b }}"),
        ("${{ a", "`${{` is not closed", "${{ a"),
        ("${{ a == 'b }}", "this string is not closed", "'b }}"),
        ("${{ a }} ", None, None),
        ("(" * 21 + "a" + ")" * 21, "brackets nested more than 20 deep", "("),
        ("a" + " or a" * 2_000, "an expression of more than 10000 characters", None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_expression_is_told_at_its_place(
    text: str, message: str | None, marked: str | None
) -> None:
    _, problems = parser.condition(text, Source("e", text).span)
    assert [message] * (message is not None) == [item.message for item in problems]
    for item in problems if marked is not None else ():
        span = item.span
        assert marked == text[span.column - 1 : span.end_column - 1]


def test_text_alternates_with_expressions() -> None:
    text = "a ${{ x.y }}-${{ 'b }}' }} c"
    template, problems = parser.template(text, Source("e", text).span)
    assert [] == problems and template is not None
    shown = [part if isinstance(part, str) else show(part) for part in template.parts]
    assert ["a ", "x.y", "-", "'b }}'", " c"] == shown
    assert template.whole is None


def test_an_expression_that_is_all_there_is_keeps_its_type() -> None:
    template, _ = parser.template("${{ x.y }}", Source("e", "${{ x.y }}").span)
    assert template is not None and isinstance(template.whole, Name)
    template, _ = parser.template("${{ x.y }} ", Source("e", "${{ x.y }} ").span)
    assert template is not None and template.whole is None


@given(st.text(st.sampled_from("ab.1 '\"()[],<>=!&|-+$}{notrdi_\n\u00e9"), max_size=30))
def test_whatever_the_text_reading_ends_with_a_tree_or_one_message(text: str) -> None:
    for read in (parser.condition, parser.template):
        result, problems = read(text, Source("e", text).span)
        assert (result is None) == (len(problems) == 1)
        assert len(problems) < 2
