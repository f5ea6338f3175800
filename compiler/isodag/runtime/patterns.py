"""Regular expressions that no text can keep busy: a pattern and a text in, found or not out.

Python's `re` tries one way through a pattern after the other, and `^(a+)+$` has 2^n ways through n
letters.  Here a pattern is run on all places of the text at once: a set of places is one large
integer (bit i is the place before character i), each sign of the pattern moves it by one shift.
The work is counted, and bounded by MAX_WORK.

The syntax is Python's, without what is not regular (references to groups) and what makes sense only
for one way (possessive repeats, atomic groups).  `$` is the end of the text and nothing else, as
JSON Schema has it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

# The parser alone: `re.compile` would compile as well.  The module has this name since 3.11, and
# the same words in 3.11 to 3.13; tests/runtime/test_runtime_patterns.py compares with `re` itself.
from re import _constants as words  # type: ignore[attr-defined]  # isort: skip
from re import _parser  # type: ignore[attr-defined]  # isort: skip

MAX_LENGTH = 1000  # characters of a pattern
MAX_DEPTH = 20  # groups in groups
MAX_WORK = 20_000  # about a microsecond each
_ALL_WORK = 500_000
_CHUNK = 4096  # places that count as one unit of work


class Refused(ValueError):
    """A pattern that is none, or is not for us; or a text that is too much work."""


def problem(pattern: str) -> str | None:
    """Why a pattern cannot be used, or None when it can."""
    try:
        _tree(pattern)
    except Refused as error:
        return str(error)
    return None


def search(pattern: str, text: str, work: int = MAX_WORK) -> bool:
    """Whether a pattern matches somewhere in a text, as JSON Schema's `pattern` does.

    Raises Refused: see `problem`; or there is more than `work` to do.
    """
    tree = _tree(pattern)
    run = _Run(text, tree.state.flags, work)
    return run.sequence(tree, run.everywhere, True) != 0


def fullmatch(pattern: str, text: str, work: int = MAX_WORK) -> bool:
    """Whether a pattern matches a text from its start to its end.  Raises Refused, as `search`."""
    tree = _tree(pattern)
    return _Run(text, tree.state.flags, work).sequence(tree, 1, True) >> len(text) == 1


def share(count: int) -> int:
    """What each of `count` matches may take, so that all of them together stay bounded."""
    return min(MAX_WORK, _ALL_WORK // max(1, count))


# --- reading a pattern -----------------------------------------------------------------------

_FLAGS = words.SRE_FLAG_IGNORECASE | words.SRE_FLAG_DOTALL | words.SRE_FLAG_VERBOSE
_REFUSED = {
    words.GROUPREF: "a reference to a group",
    words.GROUPREF_EXISTS: "a reference to a group",
    words.POSSESSIVE_REPEAT: "a possessive repeat",
    words.ATOMIC_GROUP: "an atomic group",
}


@lru_cache(maxsize=10_000)
def _tree(pattern: str) -> Any:
    """The parsed pattern.  Raises Refused."""
    if len(pattern) > MAX_LENGTH:
        raise Refused(f"has more than {MAX_LENGTH} characters")
    try:
        with warnings.catch_warnings(action="ignore"):  # `[[` may mean something else one day
            tree = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise Refused(f"is not a regular expression: {error}") from None
    if tree.state.flags & ~(_FLAGS | words.SRE_FLAG_UNICODE):
        raise Refused("holds a flag other than i, s and x")
    _admit(tree, MAX_DEPTH)
    return tree


def _admit(tree: Iterable[tuple[Any, Any]], depth: int) -> None:
    """Look through a parsed pattern.  Raises Refused."""
    if depth < 0:
        raise Refused(f"has groups nested more than {MAX_DEPTH} deep")
    for sign, argument in tree:
        if sign in _REFUSED:
            raise Refused(f"holds {_REFUSED[sign]}, which may take for ever to match")
        if sign is words.SUBPATTERN and (argument[1] or argument[2]):
            raise Refused("holds flags for a part: set them for the whole pattern")
        for inner in _inside(sign, argument):
            _admit(inner, depth - 1)


def _inside(sign: Any, argument: Any) -> list[Any]:
    """The patterns inside a sign."""
    if sign is words.BRANCH:
        return list(argument[1])
    if sign in (words.MAX_REPEAT, words.MIN_REPEAT):
        return [argument[2]]
    if sign is words.SUBPATTERN:
        return [argument[3]]
    return [argument[1]] if sign in (words.ASSERT, words.ASSERT_NOT) else []


# --- running it ------------------------------------------------------------------------------


class _Run:
    """One pattern over one text.  Sets of places go in and come out.

    everywhere  all places: before each character, and the end
    """

    def __init__(self, text: str, flags: int, work: int) -> None:
        self.text, self.flags, self.left = text, flags, work
        self.everywhere = (1 << len(text) + 1) - 1
        self._sets: dict[Any, int] = {}

    def spend(self, work: int) -> None:
        self.left -= work
        if self.left < 0:
            raise Refused("is too much work to match")

    def sequence(self, tree: Any, places: int, onward: bool) -> int:
        """Where a pattern ends that starts at one of the places; the reverse when not `onward`."""
        for sign, argument in tree if onward else reversed(tree):
            if not places:
                break
            self.spend(1 + len(self.text) // _CHUNK)
            places = self.one(sign, argument, places, onward)
        return places

    def one(self, sign: Any, argument: Any, places: int, onward: bool) -> int:
        """The same for one sign."""
        if sign is words.BRANCH:
            found = 0
            for branch in argument[1]:
                found |= self.sequence(branch, places, onward)
            return found
        if sign is words.SUBPATTERN:
            return self.sequence(argument[3], places, onward)
        if sign in (words.MAX_REPEAT, words.MIN_REPEAT):
            least, most, body = argument
            return self.repeat(least, most, body, places, onward)
        if sign in (words.ASSERT, words.ASSERT_NOT):
            # to look ahead is to come back from everywhere: what is reached is where it matches
            found = self.sequence(argument[1], self.everywhere, argument[0] < 0)
            return places & (found if sign is words.ASSERT else ~found)
        if sign is words.AT:
            return places & self.at(argument)
        characters = self.characters(sign, argument)
        return (places & characters) << 1 if onward else places >> 1 & characters

    def repeat(self, least: int, most: int, body: Any, places: int, onward: bool) -> int:
        """From `least` to `most` of a pattern."""
        for _ in range(least):
            following = self.sequence(body, places, onward)
            if following == places:
                break
            places = following
        while len(body) == 1 and body[0][0] is words.SUBPATTERN:
            body = body[0][1][3]
        if most == words.MAXREPEAT and len(body) == 1 and body[0][0] in _CHARACTERS:
            return self.run_through(self.characters(*body[0]), places, onward)
        found = new = places
        for _ in range(most - least):
            new = self.sequence(body, new, onward) & ~found
            if not new:
                break
            found |= new
        return found

    def run_through(self, characters: int, places: int, onward: bool) -> int:
        """Any number of these characters: in twos, fours, eights, … at once."""
        width = 1
        while characters:
            self.spend(1 + len(self.text) // _CHUNK)
            places |= (places & characters) << width if onward else places >> width & characters
            characters &= characters >> width
            width *= 2
        return places

    def at(self, where: Any) -> int:
        """The places of an anchor."""
        if where in (words.AT_BEGINNING, words.AT_BEGINNING_STRING):
            return 1
        if where in (words.AT_END, words.AT_END_STRING):
            return 1 << len(self.text)
        inside = self.characters(words.CATEGORY, words.CATEGORY_WORD)
        borders = inside ^ inside << 1
        return borders if where is words.AT_BOUNDARY else self.everywhere & ~borders

    def characters(self, sign: Any, argument: Any) -> int:
        """The places before the characters that a sign stands for."""
        key = (sign, tuple(argument) if isinstance(argument, list) else argument)
        if key not in self._sets:
            bits = _Bits(lambda one: _holds(sign, argument, one, self.flags))
            shown = self.text[::-1].translate(bits)
            self.spend(len(bits) + len(self.text) // _CHUNK)
            self._sets[key] = int(shown, 2) if shown else 0
        return self._sets[key]


class _Bits(dict[int, str]):
    """`0` or `1` by character, found out when it is asked for (str.translate)."""

    def __init__(self, holds: Callable[[str], bool]) -> None:
        self.holds = holds

    def __missing__(self, character: int) -> str:
        self[character] = "1" if self.holds(chr(character)) else "0"
        return self[character]


_CHARACTERS = (words.LITERAL, words.NOT_LITERAL, words.ANY, words.IN, words.CATEGORY)


def _holds(sign: Any, argument: Any, one: str, flags: int) -> bool:
    """Whether a sign stands for a character."""
    if sign is words.ANY:
        return one != "\n" or bool(flags & words.SRE_FLAG_DOTALL)
    if sign is words.CATEGORY:
        return _in_category(argument, one)
    spellings = {one, one.lower(), one.upper()} if flags & words.SRE_FLAG_IGNORECASE else {one}
    numbers = [ord(item) for item in spellings if len(item) == 1]
    if sign is words.LITERAL:
        return argument in numbers
    if sign is words.NOT_LITERAL:
        return argument not in numbers
    if sign is not words.IN:  # FAILURE: `(?!)`
        return False
    negated = argument[0][0] is words.NEGATE
    for inner, value in argument[negated:]:
        if inner is words.RANGE:
            found = any(value[0] <= number <= value[1] for number in numbers)
        else:
            found = _holds(inner, value, one, flags)
        if found:
            return not negated
    return negated


def _in_category(category: Any, one: str) -> bool:
    if category in (words.CATEGORY_DIGIT, words.CATEGORY_NOT_DIGIT):
        return one.isdecimal() == (category is words.CATEGORY_DIGIT)
    if category in (words.CATEGORY_SPACE, words.CATEGORY_NOT_SPACE):
        return one.isspace() == (category is words.CATEGORY_SPACE)
    return (one.isalnum() or one == "_") == (category is words.CATEGORY_WORD)
