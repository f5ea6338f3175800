"""Reads the `${{ }}` language: text in, a positioned tree out.

    or < and < not < == != < <= > >= in, not in < literal | list | name | ( )

No arithmetic, no functions, no chained comparison: neither target could run them.  Nested `and`,
`or` and double `not` come out flat, so that one meaning has one tree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from isodag.diagnostics import Diagnostic
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
    Template,
)
from isodag.source import Span

MAX_DEPTH = 20  # brackets in brackets
MAX_LENGTH = 10_000
MAX_PARTS = 2_000  # expressions in one text, and what stands between them

Locate = Callable[[int, int], Span]  # where characters start to end (exclusive) stand in the file


class _Refused(Exception):
    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


def is_template(text: str) -> bool:
    """Whether text holds an expression."""
    return "${{" in text


def words(text: str) -> int:
    """About how much there is to read in a text with expressions: names, numbers, operators."""
    return len(_WORD.findall(text))


def template(text: str, locate: Locate) -> tuple[Template | None, list[Diagnostic]]:
    """Read text with `${{ }}` in it."""
    parts: list[str | Expression] = []
    at = 0
    try:
        while (start := text.find("${{", at)) >= 0:
            if start > at:
                parts.append(text[at:start])
            if len(parts) > MAX_PARTS:
                message = f"more than {MAX_PARTS // 2} expressions in one text"
                problem = Diagnostic("E110", message, locate(start, start + 3), "split the text")
                raise _Refused(problem)
            end = _closing(text, start + 3, locate)
            parts.append(_Parser(text, start + 3, end, locate).whole())
            at = end + 2
    except _Refused as refused:
        return None, [refused.diagnostic]
    if at < len(text):
        parts.append(text[at:])
    return Template(tuple(parts), locate(0, len(text))), []


def condition(text: str, locate: Locate) -> tuple[Expression | None, list[Diagnostic]]:
    """Read a bare expression, as `when:` and `conditions:` take; a `${{ }}` around all is fine."""
    start, end = 0, len(text)
    stripped = text.strip()
    try:
        if len(text) > MAX_LENGTH:
            _too_long(text, locate)
        if stripped.startswith("${{"):
            offset = text.index("${{")
            end = _closing(text, offset + 3, locate)
            if text[end + 2 :].strip():
                _partly(text, locate)
            start = offset + 3
        elif "${{" in text:
            _partly(text, locate)
        return _Parser(text, start, end, locate).whole(), []
    except _Refused as refused:
        return None, [refused.diagnostic]


def _too_long(text: str, locate: Locate) -> NoReturn:
    message = f"an expression of more than {MAX_LENGTH} characters"
    help = "split it into named conditions"
    raise _Refused(Diagnostic("E110", message, locate(0, len(text)), help))


def _partly(text: str, locate: Locate) -> NoReturn:
    at = text.index("${{")
    close = text.find("}}", at)
    span = locate(at, close + 2 if close >= 0 else len(text))
    bare = " ".join(re.sub(r"\$\{\{|\}\}", "", text).split())
    help = f"write the bare expression: {bare}"
    raise _Refused(Diagnostic("E304", "only a part of this condition is in ${{ }}", span, help))


def _closing(text: str, start: int, locate: Locate) -> int:
    """Where the `}}` of an expression stands; quotes inside it may hold one too."""
    at = start
    while (match := _STOP.search(text, at)) is not None:
        if match[0] == "}}":
            return match.start()
        at = text.find(match[0], match.end()) + 1
        if at == 0:
            span = locate(match.start(), min(_line_end(text, match.start()), len(text)))
            message = "this string is not closed"
            raise _Refused(Diagnostic("E110", message, span, f"end it with {match[0]}"))
    span = locate(start - 3, _line_end(text, start))
    raise _Refused(Diagnostic("E110", "`${{` is not closed", span, "end the expression with }}"))


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)


_STOP = re.compile(r"""}}|'|\"""")
_SPACE = re.compile(r"\s*")
_TOKEN = re.compile(
    r"""(?:
      (?P<number>-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
    | (?P<name>[A-Za-z_]\w*)
    | (?P<string>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<sign>==(?!=)|!=(?!=)|<=|>=|<(?!>)|>|\(|\)|\[|\]|,|\.)
    )""",
    re.VERBOSE | re.ASCII,
)
_WORD = re.compile(r"\w+|[=<>]|\$\{\{")
_NUMERIC = re.compile(r"-?\.?[0-9][\w.]*")
_FOREIGN = {
    "&&": "write `and`", "||": "write `or`", "===": "compare with `==`",
    "!==": "compare with `!=`", "<>": "compare with `!=`", "!": "write `not`",
    "=>": "compare with `>=`", "=<": "compare with `<=`",
    "=": "compare with `==`",
    "-": "names hold `_`, not `-`; there is no arithmetic",
    "+": "there is no arithmetic: compute it in a component",
    "*": "there is no arithmetic: compute it in a component",
    "/": "there is no arithmetic: compute it in a component",
    "$": "inside an expression, names stand without `${{ }}`",
}  # fmt: skip
_AFTER_VALUE = {
    "is": "write `==`", "(": "there are no functions: compute it in a component",
    "AND": "write `and`", "OR": "write `or`", "IN": "write `in`",
    "[": "nothing can be taken out of a value",
}  # fmt: skip
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True)
class _Token:
    kind: str  # number, name, string, sign, end
    text: str
    start: int
    end: int


class _Parser:
    """Recursive descent over text[start:end]; depth and length are capped."""

    def __init__(self, text: str, start: int, end: int, locate: Locate) -> None:
        self.text, self.end, self.locate = text, end, locate
        self.depth = 0
        if end - start > MAX_LENGTH:
            _too_long(text[start:end], lambda first, last: locate(start + first, start + last))
        self.tokens = self.scan(start)
        self.at = 0

    def refuse(
        self, code: str, message: str, start: int, end: int, help: str | None = None
    ) -> NoReturn:
        raise _Refused(Diagnostic(code, message, self.locate(start, max(end, start)), help))

    def scan(self, start: int) -> list[_Token]:
        tokens, at = [], start
        while (at := self.skip(at)) < self.end:
            match = _TOKEN.match(self.text, at, self.end)
            if match is None:
                self.stray(at)
            kind = match.lastgroup or ""
            tokens.append(_Token(kind, match[kind], match.start(kind), match.end(kind)))
            at = match.end()
        tokens.append(_Token("end", "", self.end, self.end))
        return tokens

    def skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at, self.end)
        return match.end() if match else at

    def stray(self, at: int) -> NoReturn:
        """Refuse what is no token."""
        sign = next((s for s in _FOREIGN if self.text.startswith(s, at)), self.text[at])
        if sign in "'\"":
            self.refuse("E110", "this string is not closed", at, self.end, f"end it with {sign}")
        glued = sign == "-" and re.match(r"\w", self.text[at - 1 : at])  # `steps.train-0`
        if not glued and (number := _NUMERIC.match(self.text, at, self.end)) is not None:
            self.refuse("E110", f"`{number[0]}` is not a number", at, number.end())
        shown = f"`{sign}`" if sign.isprintable() else f"character U+{ord(sign):04X}"
        message = f"{shown} has no meaning in an expression"
        self.refuse("E110", message, at, at + len(sign), _FOREIGN.get(sign))

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.token
        self.at += token.kind != "end"
        return token

    def accept(self, *texts: str) -> _Token | None:
        if self.token.kind in ("sign", "name") and self.token.text in texts:
            return self.take()
        return None

    def span(self, start: int) -> Span:
        return self.locate(start, self.tokens[self.at - 1].end if self.at else start)

    def whole(self) -> Expression:
        if self.token.kind == "end":
            self.refuse("E110", "an expression is missing here", self.tokens[0].start, self.end)
        expression = self.either()
        token = self.token
        if token.kind != "end":
            help = _AFTER_VALUE.get(token.text)
            if token.text == "is" and self.tokens[self.at + 1].text == "not":
                help = "write `!=`"
            if token.kind == "number":
                help = "there is no arithmetic: compute it in a component"
            message = f"`{token.text}` is not expected here"
            self.refuse("E110", message, token.start, token.end, help)
        return expression

    def either(self) -> Expression:
        start = self.token.start
        parts = [self.both()]
        while self.accept("or"):
            parts.append(self.both())
        if len(parts) == 1:
            return parts[0]
        flat = [part.operands if isinstance(part, Or) else (part,) for part in parts]
        return Or(tuple(item for group in flat for item in group), self.span(start))

    def both(self) -> Expression:
        start = self.token.start
        parts = [self.negation()]
        while self.accept("and"):
            parts.append(self.negation())
        if len(parts) == 1:
            return parts[0]
        flat = [part.operands if isinstance(part, And) else (part,) for part in parts]
        return And(tuple(item for group in flat for item in group), self.span(start))

    def negation(self) -> Expression:
        start = self.token.start
        negated = False
        while self.accept("not"):
            negated = not negated
        expression = self.comparison()
        if negated and isinstance(expression, Not):
            return expression.operand
        return Not(expression, self.span(start)) if negated else expression

    def comparison(self) -> Expression:
        start = self.token.start
        left = self.operand()
        expression: Expression
        if token := self.accept(*_COMPARISONS):
            expression = Compare(token.text, left, self.operand(), self.span(start))
        elif self.accept("in"):
            expression = Contains(left, self.operand(), False, self.span(start))
        elif self.token.text == "not" and self.tokens[self.at + 1].text == "in":
            self.at += 2
            expression = Contains(left, self.operand(), True, self.span(start))
        else:
            return left
        if token := self.accept(*_COMPARISONS, "in"):
            help = "write two comparisons joined by `and`"
            self.refuse("E305", "comparisons cannot be chained", token.start, token.end, help)
        return expression

    def operand(self) -> Expression:
        token = self.take()
        if token.kind == "number":
            return Literal(self.number(token), self.locate(token.start, token.end))
        if token.kind == "string":
            quote = token.text[0]
            text = token.text[1:-1].replace(quote * 2, quote)
            return Literal(text, self.locate(token.start, token.end))
        if token.kind == "name":
            if token.text in ("true", "false"):
                return Literal(token.text == "true", self.locate(token.start, token.end))
            if token.text not in ("and", "or", "not", "in"):
                return self.name(token)
        if token.text in ("(", "["):
            return self.bracket(token)
        if token.kind == "end":
            last = self.tokens[-2]
            self.refuse("E110", f"a value is missing after `{last.text}`", last.start, last.end)
        self.refuse("E110", f"`{token.text}` is not expected here", token.start, token.end)

    def number(self, token: _Token) -> int | float:
        whole = re.fullmatch(r"-?\d+", token.text)
        value = float(token.text) if len(token.text) <= 300 else math.inf
        if not math.isfinite(value):
            self.refuse("E110", "a number beyond all targets' range", token.start, token.end)
        return int(token.text) if whole else value

    def bracket(self, opening: _Token) -> Expression:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            message = f"brackets nested more than {MAX_DEPTH} deep"
            self.refuse("E110", message, opening.start, opening.end, "name a part as a condition")
        if opening.text == "(":
            expression = self.either()
        else:
            items = []
            while self.token.text != "]" and self.token.kind != "end":
                items.append(self.either())
                if not self.accept(","):
                    break
            expression = ListOf(tuple(items), self.locate(opening.start, self.token.end))
        closing = ")" if opening.text == "(" else "]"
        if not self.accept(closing):
            message = f"`{opening.text}` is not closed"
            help = f"add `{closing}`"
            self.refuse("E110", message, opening.start, opening.end, help)
        self.depth -= 1
        return expression

    def name(self, first: _Token) -> Name:
        path, spans = [first.text], [self.locate(first.start, first.end)]
        while True:
            if self.accept("."):
                token = self.take()
                if token.kind != "name":
                    message = "a name is missing after `.`"
                    self.refuse("E110", message, token.start - 1, max(token.end, token.start))
                path.append(token.text)
            elif self.token.text == "[" and self.tokens[self.at + 1].kind == "string":
                self.take()
                token = self.take()
                quote = token.text[0]
                path.append(token.text[1:-1].replace(quote * 2, quote))
                if not self.accept("]"):
                    self.refuse("E110", "`[` is not closed", token.start - 1, token.end, "add `]`")
            else:
                break
            spans.append(self.locate(token.start, token.end))
        return Name(tuple(path), tuple(spans), self.span(first.start))
