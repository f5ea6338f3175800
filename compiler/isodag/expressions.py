"""The `${{ }}` language: text in, a small positioned tree out.

    or < and < not < == != < <= > >= in, not in < literal | list | name | ( )

No arithmetic, no functions, no chained comparison: neither target could run them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from isodag.diagnostics import Diagnostic
from isodag.runtime.values import render
from isodag.source import Span

MAX_DEPTH = 40
MAX_LENGTH = 10_000

Locate = Callable[[int, int], Span]  # where characters start to end (exclusive) stand in the file


@dataclass(frozen=True)
class Literal:
    """A number, string or boolean."""

    value: Any
    span: Span


@dataclass(frozen=True)
class ListOf:
    """`[a, b]`, only right of `in`."""

    items: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True)
class Name:
    """`steps.train.outputs.model`; `spans` holds the place of each part."""

    path: tuple[str, ...]
    spans: tuple[Span, ...]
    span: Span

    def __str__(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Compare:
    """`left op right`, op one of == != < <= > >=."""

    op: str
    left: Expression
    right: Expression
    span: Span


@dataclass(frozen=True)
class Contains:
    """`item in options`, or `item not in options`."""

    item: Expression
    options: Expression
    negated: bool
    span: Span


@dataclass(frozen=True)
class Not:
    """`not operand`."""

    operand: Expression
    span: Span


@dataclass(frozen=True)
class And:
    """`a and b and …`."""

    operands: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True)
class Or:
    """`a or b or …`."""

    operands: tuple[Expression, ...]
    span: Span


Expression = Literal | ListOf | Name | Compare | Contains | Not | And | Or


@dataclass(frozen=True)
class Template:
    """Text with `${{ }}` in it: the parts alternate text and expressions.

    A single part that is an expression keeps its type; anything else concatenates.
    """

    parts: tuple[str | Expression, ...]
    span: Span

    @property
    def whole(self) -> Expression | None:
        """The expression when it is all there is."""
        return self.parts[0] if len(self.parts) == 1 and not isinstance(self.parts[0], str) else None


def children(expression: Expression) -> tuple[Expression, ...]:
    """The operands of an expression."""
    match expression:
        case Compare(_, left, right) | Contains(left, right):
            return (left, right)
        case Not(operand):
            return (operand,)
        case And(parts) | Or(parts) | ListOf(parts):
            return parts
    return ()


def names(expression: Expression) -> Iterator[Name]:
    """Every name in an expression, left to right."""
    if isinstance(expression, Name):
        yield expression
    for child in children(expression):
        yield from names(child)


def show(expression: Expression, parent: int = 0) -> str:
    """The expression as text, in one spelling, with only the brackets it needs."""
    match expression:
        case Literal(str() as value):
            return "'" + value.replace("'", "''") + "'"
        case Literal(value):
            return render(value)
        case Name():
            return str(expression)
        case ListOf(items):
            return f"[{', '.join(show(item) for item in items)}]"
        case Or(parts):
            text, level = " or ".join(show(part, 1) for part in parts), 1
        case And(parts):
            text, level = " and ".join(show(part, 2) for part in parts), 2
        case Not(operand):
            text, level = f"not {show(operand, 3)}", 3
        case Compare(op, left, right):
            text, level = f"{show(left, 4)} {op} {show(right, 4)}", 4
        case Contains(item, options, negated):
            text, level = f"{show(item, 4)} {'not in' if negated else 'in'} {show(options, 4)}", 4
    return f"({text})" if parent > level or (parent == level == 4) else text


# --- reading ---------------------------------------------------------------------------------


class _Refused(Exception):
    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


def is_template(text: str) -> bool:
    """Whether text holds an expression."""
    return "${{" in text


def template(text: str, locate: Locate) -> tuple[Template | None, list[Diagnostic]]:
    """Read text with `${{ }}` in it."""
    parts: list[str | Expression] = []
    at = 0
    try:
        while (start := text.find("${{", at)) >= 0:
            if start > at:
                parts.append(text[at:start])
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


def _partly(text: str, locate: Locate) -> NoReturn:
    at = text.index("${{")
    close = text.find("}}", at)
    span = locate(at, close + 2 if close >= 0 else len(text))
    bare = re.sub(r"\$\{\{\s*|\s*\}\}", "", text).strip()
    help = f"write the bare expression: {bare}"
    raise _Refused(Diagnostic("E304", "only a part of this condition is in ${{ }}", span, help))


def _closing(text: str, start: int, locate: Locate) -> int:
    """Where the `}}` of an expression stands; quotes inside it may hold one too."""
    quote = ""
    for at in range(start, len(text)):
        character = text[at]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif text.startswith("}}", at):
            return at
    span = locate(start - 3, len(text))
    raise _Refused(Diagnostic("E110", "`${{` is not closed", span, "end the expression with }}"))


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
    | (?P<name>[A-Za-z_]\w*)
    | (?P<string>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<sign>==|!=|<=|>=|<|>|\(|\)|\[|\]|,|\.)
    )""",
    re.VERBOSE,
)
_FOREIGN = {
    "&&": "write `and`", "||": "write `or`", "!": "write `not`", "=": "compare with `==`",
    "-": "names hold `_`, not `-`; there is no arithmetic",
    "+": "there is no arithmetic: compute it in a component",
    "*": "there is no arithmetic: compute it in a component",
    "/": "there is no arithmetic: compute it in a component",
    "$": "inside an expression, names stand without `${{ }}`",
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
            self.refuse("E110", f"longer than {MAX_LENGTH} characters", start, end)
        self.tokens = self.scan(start)
        self.at = 0

    def refuse(
        self, code: str, message: str, start: int, end: int, help: str | None = None
    ) -> NoReturn:
        raise _Refused(Diagnostic(code, message, self.locate(start, max(end, start)), help))

    def scan(self, start: int) -> list[_Token]:
        tokens, at = [], start
        while self.text[at : self.end].strip():
            match = _TOKEN.match(self.text, at, self.end)
            if match is None:
                at += len(self.text[at : self.end]) - len(self.text[at : self.end].lstrip())
                sign = next((s for s in _FOREIGN if self.text.startswith(s, at)), self.text[at])
                if sign in "'\"":
                    self.refuse("E110", "this string is not closed", at, self.end)
                shown = sign if sign.isprintable() else "this character"
                message = f"`{shown}` has no meaning in an expression"
                self.refuse("E110", message, at, at + len(sign), _FOREIGN.get(sign))
            kind = match.lastgroup or ""
            tokens.append(_Token(kind, match[kind], match.start(kind), match.end(kind)))
            at = match.end()
        tokens.append(_Token("end", "", self.end, self.end))
        return tokens

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
            help = "write `==`" if token.text == "is" else None
            message = f"`{token.text}` is not expected here"
            self.refuse("E110", message, token.start, token.end, help)
        return expression

    def either(self) -> Expression:
        start = self.token.start
        parts = [self.both()]
        while self.accept("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts), self.span(start))

    def both(self) -> Expression:
        start = self.token.start
        parts = [self.negation()]
        while self.accept("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts), self.span(start))

    def negation(self) -> Expression:
        start = self.token.start
        count = 0
        while self.accept("not"):
            count += 1
        expression = self.comparison()
        for _ in range(count % 2 or min(count, 1) * 2):
            expression = Not(expression, self.span(start))
        return expression

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
            value = float(token.text) if re.search(r"[.eE]", token.text) else int(token.text[:300])
            return Literal(value, self.locate(token.start, token.end))
        if token.kind == "string":
            quote = token.text[0]
            value = token.text[1:-1].replace(quote * 2, quote)
            return Literal(value, self.locate(token.start, token.end))
        if token.kind == "name":
            if token.text in ("true", "false"):
                return Literal(token.text == "true", self.locate(token.start, token.end))
            if token.text not in ("and", "or", "not", "in"):
                return self.name(token)
        if token.text in ("(", "["):
            return self.bracket(token)
        if token.kind == "end":
            self.refuse("E110", "the expression ends too early", self.end - 1, self.end)
        self.refuse("E110", f"`{token.text}` is not expected here", token.start, token.end)

    def bracket(self, opening: _Token) -> Expression:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.refuse("E110", f"nested more than {MAX_DEPTH} deep", opening.start, opening.end)
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
                path.append(token.text[1:-1])
                if not self.accept("]"):
                    self.refuse("E110", "`[` is not closed", token.start - 1, token.end, "add `]`")
            else:
                break
            spans.append(self.locate(token.start, token.end))
        return Name(tuple(path), tuple(spans), self.span(first.start))
