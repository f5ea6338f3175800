"""Patterns mean what Python's `re` says, and no text keeps one busy."""

from __future__ import annotations

import re
import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from isodag.runtime import patterns, values

# small patterns over few letters, so that they match now and then
ATOMS = st.sampled_from(
    ["a", "b", "-", ".", "[ab]", "[^a]", "[a-c]", r"\d", r"\w", r"\W", r"\s", "1", "é"]
)
REPEATS = st.sampled_from(
    ["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?", "+?", "??", "{1,3}?"]
)
PLAIN = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: f"({'|'.join(each)})"),
        st.tuples(inner, REPEATS).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=8,
)
LOOKS = st.sampled_from(["(?={})", "(?!{})", "{}"])
WHOLE = st.tuples(st.sampled_from(["", "^", r"\A", r"\b"]), LOOKS, PLAIN, PLAIN,
                  st.sampled_from(["", r"\Z", r"\b", r"(?<!a)", "(?<=b)"])).map(
    lambda part: part[0] + part[1].replace("{}", part[2]) + part[3] + part[4]
)  # fmt: skip
TEXTS = st.text("ab-c1 é\n", max_size=12)


@given(pattern=WHOLE, text=TEXTS)
@settings(max_examples=1000, deadline=None)
def test_a_pattern_finds_what_re_finds(pattern: str, text: str) -> None:
    expected = re.search(pattern, text) is not None
    assert expected == patterns.search(pattern, text)


@given(pattern=PLAIN, text=TEXTS)
@settings(max_examples=500, deadline=None)
def test_a_whole_match_is_what_re_says(pattern: str, text: str) -> None:
    assert (re.fullmatch(pattern, text) is not None) == patterns.fullmatch(pattern, text)


@given(pattern=PLAIN, text=st.text("abAB-1", max_size=12), flag=st.sampled_from("isx"))
@settings(max_examples=300, deadline=None)
def test_flags_of_the_whole_pattern_mean_what_re_says(pattern: str, text: str, flag: str) -> None:
    pattern = f"(?{flag}){pattern}"
    assert (re.search(pattern, text) is not None) == patterns.search(pattern, text)


def test_a_dollar_sign_is_the_end_of_the_text_and_nothing_else() -> None:
    assert patterns.search("^a$", "a")
    assert not patterns.search("^a$", "a\n")


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"^[a-z]+(-[a-z0-9]+)*$", "bert-reviews-2", "bert--reviews"),
        (r"^(s3|gs)://.+$", "s3://bucket/x", "s3:/bucket"),
        (r"^\d{4}-\d{2}-\d{2}$", "2026-11-22", "2026-11-2"),
        (r"^ml\.[a-z0-9]+\.[0-9]*xlarge$", "ml.c5.4xlarge", "ml.c5.large"),
        (r"^.+@.+\..+$", "a@b.c", "a@b"),
        (r"^$|^s3://.+$", "", "x"),
        (r"^(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", "my-bucket", "xn--bucket"),
        (r"(?i)^(true|false)$", "TRUE", "yes"),
        (r"^(?=.*[A-Z])(?=.*\d).{8,}$", "passWord1", "password1"),
        (r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$", "a--b", "a-"),
        (r"^.{1,1024}$", "x" * 1024, "x" * 1025),
        (r"^[\w+=,.@-]{1,64}$", "café.9", "a b"),
        (r"^arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$",
         "arn:aws-us-gov:iam::111122223333:role/a/b", "arn:aws:iam::1111:role/a"),
    ],
)  # fmt: skip
def test_ordinary_patterns_are_taken(pattern: str, good: str, bad: str) -> None:
    assert patterns.problem(pattern) is None
    assert (True, False) == (patterns.search(pattern, good), patterns.search(pattern, bad))


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("a(", "is not a regular expression: missing ), unterminated subpattern at position 1"),
        (r"(a)\1", "holds a reference to a group, which may take for ever to match"),
        (r"(?P<x>a)(?P=x)", "holds a reference to a group, which may take for ever to match"),
        (r"(a)?(?(1)b|c)", "holds a reference to a group, which may take for ever to match"),
        ("a*+", "holds a possessive repeat, which may take for ever to match"),
        ("(?>a)", "holds an atomic group, which may take for ever to match"),
        ("(?m)^a", "holds a flag other than i, s and x"),
        ("(?i:a)", "holds flags for a part: set them for the whole pattern"),
        ("a" * 1001, "has more than 1000 characters"),
        ("(" * 30 + ")" * 30, "has groups nested more than 20 deep"),
        ("(" * 500 + ")" * 500, "is not a regular expression: maximum recursion depth exceeded"),
    ],
)
def test_other_patterns_are_refused_with_the_reason(pattern: str, why: str) -> None:
    assert why == (patterns.problem(pattern) or "")[: len(why)]


class Steps:
    """Counts the calls that Python makes, in Python and in C."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        self.count += event in ("call", "c_call")


def searched(pattern: str, text: str) -> int:
    """How many calls it takes to search a text, whatever is found."""
    steps = Steps()
    sys.setprofile(steps)
    try:
        patterns.search(pattern, text)
    except patterns.Refused:
        pass
    finally:
        sys.setprofile(None)
    return steps.count


ADVERSARIES = [
    "^(a+)+$", "(a|a)*b", "(a|aa)+$", "(.*)*x", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$",
    "a*a*a*a*a*b", "((a{1,9999}){1,9999}){1,9999}b", "(?:a?){4000}a{4000}b", "(a*)*(a*)*(a*)*b",
    "^(?=(a+)+b)(?!(a|aa)+$).*$", "((((a*)*)*)*)*b", "(.|\\n|[^b]|a)*?(?<!a)b",
]  # fmt: skip


@pytest.mark.parametrize("pattern", ADVERSARIES)
@pytest.mark.parametrize("text", ["a" * 5000, "a" * 5000 + "!", "ab" * 3000, "x" * 9000])
def test_no_text_keeps_a_pattern_busy(pattern: str, text: str) -> None:
    assert searched(pattern, text) < 20 * patterns.MAX_WORK


@given(pattern=WHOLE, letters=st.sampled_from(["a", "b", "ab", "a-", "1b", "ba1", "é"]),
       last=st.sampled_from(["", "!", "b", "\n"]))  # fmt: skip
@example("(?:(?:(?:a)*)*)*!", "a", "b")
@settings(max_examples=150, deadline=None)
def test_no_small_pattern_takes_more_than_its_share(pattern: str, letters: str, last: str) -> None:
    assert searched(pattern, letters * (4000 // len(letters)) + last) < 20 * patterns.MAX_WORK


def test_what_is_too_much_work_is_a_reason_to_refuse_the_value() -> None:
    constraints = {"pattern": "^a{1,900}$"}
    expected = "`" + "a" * 59 + "…` is too much work to match with ^a{1,900}$"
    assert expected == values.violation("a" * 3000, constraints, patterns.share(5000))
    assert values.violation("a" * 900, constraints) is None


def test_many_matches_share_what_there_is_to_spend() -> None:
    assert patterns.MAX_WORK == patterns.share(0) == patterns.share(1) == patterns.share(25)
    assert [5000, 500] == [patterns.share(100), patterns.share(1000)]
