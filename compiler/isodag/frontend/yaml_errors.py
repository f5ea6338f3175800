"""What the YAML parser stumbled over, in words and at the place that has to change."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import yaml

from isodag.diagnostics import Diagnostic
from isodag.source import Source

QUOTE = "put the text in quotes"
_KEY = re.compile(r"\n[ \t]*(?:- )?[A-Za-z_][\w-]*:[ \n]")
_OPERATOR = re.compile(r"\s*(==|!=|<|>|(in|not|and|or)\b)")


class Fault(NamedTuple):
    """A message about the characters `start` to `end` of the file."""

    message: str
    start: int
    end: int
    help: str | None
    code: str = "E102"


def describe(error: yaml.YAMLError, source: Source, last: Any = None) -> Diagnostic:
    """The E102 (or E106, for a tag) that a parse error comes to.

    last  the event before it, if there was one
    """
    if isinstance(error, yaml.MarkedYAMLError):
        fault = _run_on(error, source, last) or _marked(error, source)
    else:
        fault = _character(error, source)
    span = source.span(fault.start, fault.end)
    return Diagnostic(fault.code, fault.message, span, fault.help)


def _run_on(error: yaml.MarkedYAMLError, source: Source, last: Any) -> Fault | None:
    """A text whose quote was never closed ends at the next quote, lines below, and what stands
    after that is what the parser stumbles over."""
    if not isinstance(last, yaml.ScalarEvent) or last.style not in ("'", '"'):
        return None
    begun, end, mark = last.start_mark, last.end_mark, error.problem_mark
    if begun is None or end is None or mark is None or mark.line != end.line:
        return None
    at = begun.index
    if not _KEY.search(source.text, at, end.index):
        return None
    return Fault("this quote is not closed", at, at + 1, f"end it with {source.text[at]}")


def _character(error: yaml.YAMLError, source: Source) -> Fault:
    number = getattr(error, "character", -1)
    character = chr(number) if isinstance(number, int) and number >= 0 else ""
    at = max(0, source.text.find(character)) if character else 0
    named = f"character U+{ord(character):04X}" if character else "a character here"
    return Fault(f"{named} is not allowed in YAML", at, at + 1, "remove it, or write it escaped")


def _marked(error: yaml.MarkedYAMLError, source: Source) -> Fault:
    """The fault behind libyaml's words (libyaml 0.2.5, scanner.c and parser.c)."""
    said, context = error.problem or "", error.context or ""
    mark = error.problem_mark or error.context_mark
    at = mark.index if mark is not None else 0
    begun = error.context_mark.index if error.context_mark is not None else at
    text = source.text
    sign = text[at : at + 1]
    line, column = source.place(at)
    before = source.line(line)[: column - 1]
    if sign == "\t" or "tab character" in said or (not before.strip() and "\t" in before):
        at = at if sign == "\t" or "\t" not in before else at - len(before) + before.index("\t")
        return Fault("a tab indents this line", at, at + 1, "indent with spaces")
    if "tag" in context or "tag" in said:
        end = _word_end(text, begun)
        help = "quote text that starts with `!`; in a condition write `not`"
        return Fault("tags are not allowed", begun, end, help, "E106")
    for row in (source.place(begun)[0], line):
        if odd := _odd_blank(source, row):
            return odd
    if "expected ',' or" in said or "expected node content" in said:
        return _in_brackets(text, begun, at, said)
    if "end of stream" in said or "document indicator" in said:
        return Fault("this quote is not closed", begun, begun + 1, f"end it with {text[begun]}")
    if "mapping values are not allowed" in said:
        return _stray_colon(source, at, line, before)
    if "expected key" in said or "expected '-'" in said:
        return _stray_text(source, at, before)
    if "expected ':'" in said:
        end = _line_end(text, begun)
        if glued := re.match(r"([A-Za-z_][\w-]*):(\S.*)", text[begun:end]):
            colon, help = begun + len(glued[1]), f"write `{glued[1]}: {glued[2]}`"
            return Fault("a space is missing after this colon", colon, colon + 1, help)
        return Fault("`:` is missing after this", begun, end, "write `key: value`")
    if "escape" in said or "hexdecimal" in said:
        help = "double the backslash, or use single quotes"
        return Fault("an escape that YAML does not know", at, at + 2, help)
    if "cannot start any token" in said:
        return Fault(f"a value cannot start with `{sign}`", at, at + 1, QUOTE)
    if "alphabetic or numeric" in said:
        return Fault(f"a value cannot start with `{text[begun]}`", begun, begun + 1, QUOTE)
    if "comment or line break" in said and context == "while scanning a block scalar":
        message = f"`{text[begun]}` at the start of a value begins a block of text"
        return Fault(message, begun, begun + 1, QUOTE)
    if "sequence entries are not allowed" in said:
        help = "start it on the next line, or use [ ]"
        return Fault("a list cannot start here", at, at + 1, help)
    if "keys are not allowed" in said:
        return Fault(f"a value cannot start with `{sign}`", at, at + 1, QUOTE)
    if "<document start>" in said:
        return Fault("nothing can follow here", at, at + 1, "one file holds one document")
    return Fault(f"not YAML: {said or context}", at, at + 1, None)


def _in_brackets(text: str, begun: int, at: int, said: str) -> Fault:
    """Inside { } or [ ]: an expression without quotes, no closing bracket, or no comma."""
    opened = text[begun : begun + 1]
    dollar = text.rfind("${", begun, at + 1)
    if dollar >= 0 and text[dollar : dollar + 3] == "${{" and "\n" not in text[dollar:at]:
        help = 'inside { } or [ ], quote every expression: "${{ … }}"'
        end = text.find("}}", dollar)
        end = end + 2 if 0 <= end <= _line_end(text, dollar) else dollar + 3
        return Fault("an expression is not quoted here", dollar, end, help)
    if opened in ("{", "[") and "expected ',' or" in said:
        closing = "}" if opened == "{" else "]"
        if not _closed(text, begun):
            return Fault(f"`{opened}` is not closed", begun, begun + 1, f"add `{closing}`")
        word = re.search(r"[\w.]+$", text[max(begun, at - 100) : at])
        if word and text[at : at + 1] in ("[", "{"):
            first, message = at - len(word[0]), f"`{text[at]}` cannot stand in bare text here"
            return Fault(message, first, at + 1, QUOTE)
        return Fault(f"`,` or `{closing}` is missing before this", at, at + 1, None)
    return Fault("a value is missing here", at, at + 1, QUOTE)


def _closed(text: str, begun: int) -> bool:
    """Whether the bracket at `begun` has its partner; brackets in quotes are not told apart."""
    waiting: list[str] = []
    for match in re.finditer(r"[\[\]{}]", text[begun : begun + 100_000]):
        if match[0] in "[{":
            waiting.append("]" if match[0] == "[" else "}")
        elif waiting and waiting.pop() != match[0]:
            return False
        if not waiting:
            return True
    return False


def _stray_colon(source: Source, at: int, line: int, before: str) -> Fault:
    """A `key:` where the line before it still goes on, or a second colon in one line."""
    if ": " in before or before.rstrip().endswith(":"):
        return Fault("a second colon in one value", at, at + 1, "quote text that holds a colon")
    number = line - 1
    while number > 1 and not source.line(number).split("#")[0].strip():
        number -= 1
    above = source.line(number).split(" #")[0].rstrip()
    if glued := re.fullmatch(r"\s*(?:- )?([A-Za-z_][\w-]*):(\S.*)", above):
        first = source.offset(number) + glued.start(1)
        help = f"put a space after the colon: `{glued[1]}: {glued[2]}`"
        message = "a space is missing after this colon"
        colon = first + len(glued[1])
        return Fault(message, colon, colon + 1, help)
    if above.strip() and ":" not in above:
        first = source.offset(number) + len(above) - len(above.lstrip())
        end = source.offset(number) + len(above)
        return Fault("`:` is missing in this line", first, end, "write `key: value`")
    start = at - len(before)
    first = start + len(before) - len(before.lstrip())
    help = "indent it like the key above: that one has a value already"
    return Fault("this line is indented too far", first, at, help)


def _stray_text(source: Source, at: int, before: str) -> Fault:
    """Text after a value that is over, or a line at an indentation that no line above has."""
    end = _line_end(source.text, at)
    rest = source.text[at:end]
    if not before.strip():
        message = "this line's indentation is that of no line above"
        if rest.startswith("- "):
            message = "a list item stands where a key is due"
        help = "indent it like the lines it belongs to"
        return Fault(message, at, at + max(1, len(rest.split(":")[0].rstrip())), help)
    if _OPERATOR.match(rest):
        help = "an expression cannot start with a quoted text: put the name first"
        return Fault("text follows the closing quote", at, end, help)
    quote = next((q for q in reversed(before) if q in "'\""), "")
    help = f"inside {quote}, write {quote * 2 if quote == chr(39) else chr(92) + quote}"
    closes_quote = bool(quote) and before.rstrip()[-1:] == quote
    return Fault("text follows a value that is complete", at, end, help if closes_quote else None)


def _odd_blank(source: Source, line: int) -> Fault | None:
    """A blank that only looks like a space, as text from a web page or a word processor has."""
    text = source.line(line)
    match = re.search("[\u00a0\u2000-\u200b\u202f\u3000]", text)
    if match is None:
        return None
    at = source.offset(line) + match.start()
    message = f"character U+{ord(match[0]):04X} looks like a space and is none"
    return Fault(message, at, at + 1, "write a space")


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)


def _word_end(text: str, at: int) -> int:
    match = re.compile(r"\S+").match(text, at)
    return match.end() if match else at + 1
