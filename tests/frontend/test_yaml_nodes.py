"""YAML text to nodes: the 1.2 core schema, places, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isodag.frontend import files, nodes
from isodag.frontend.nodes import Mapping, Scalar, Sequence
from isodag.source import Source


def tree(text: str) -> nodes.Node:
    node, problems = nodes.parse(Source("f.yaml", text))
    assert [] == problems
    assert node is not None
    return node


def said(text: str) -> list[str]:
    _, problems = nodes.parse(Source("f.yaml", text))
    return [f"{p.code} {p.span.line}:{p.span.column} {p.message}" for p in problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        # numbers: https://yaml.org/spec/1.2.2/#1032-tag-resolution
        ("7", 7), ("-7", -7), ("+7", 7), ("007", 7), ("0o17", 15), ("0x1F", 31),
        ("2e-5", 2e-5), ("1.", 1.0), (".5", 0.5), ("-1.5E+3", -1500.0),
        (".inf", math.inf), ("-.INF", -math.inf),
        # what YAML 1.1 took for something else
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"),
        ("1_000", "1_000"), ("0b11", "0b11"), ("0o9", "0o9"), ("190:20:30", "190:20:30"),
        ("2024-01-31", "2024-01-31"), ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00Z"),
        ("=", "="), ("<<", "<<"), ("0x", "0x"), ("1e", "1e"), ("+", "+"), (".", "."),
        ("1.5.2", "1.5.2"), ("1,5", "1,5"), ("infinity", "infinity"), ("nan", "nan"),
        # booleans and nothing
        ("true", True), ("True", True), ("FALSE", False), ("tRUE", "tRUE"),
        ("null", None), ("~", None), ("Null", None), ("nULL", "nULL"), ("", None),
        # quoted is text
        ('"7"', "7"), ("'true'", "true"), ('""', ""), ("! 7", "7"), ("!!str 7", "7"),
        ("9" * 5000, math.inf),  # beyond what Python converts, as YAML allows
    ],
)  # fmt: skip
def test_a_plain_scalar_means_what_yaml_1_2_says(written: str, value: object) -> None:
    node = tree(f"- {written}\n")
    assert isinstance(node, Sequence)
    (item,) = node.items
    assert isinstance(item, Scalar)
    assert (type(value), value) == (type(item.value), item.value)


def test_not_a_number_is_not_a_number() -> None:
    node = tree("[.nan]")
    assert math.isnan(nodes.plain_data(node)[0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "E103 2:1 key `a` stands twice"),
        ("{a: {b: 1, b: 2}}", "E103 1:12 key `b` stands twice"),
        ('a: 1\n"a": 2', "E103 2:1 key `a` stands twice"),
        ("? [a]\n: b", "E108 1:3 a key must be text"),
        ("a: {{ b }}", "E108 1:5 a key must be text"),
        ("a: !!int '3'", "E106 1:4 tag `!!int` is not allowed"),
        ("a: !!binary aGk=", "E106 1:4 tag `!!binary` is not allowed"),
        ("a: !!python/name:os.system x", "E106 1:4 tag `!!python/name:os.system` is not allowed"),
        ("a: !mine {b: 1}", "E106 1:4 tag `!mine` is not allowed"),
        ("a: *b", "E102 1:4 alias `b` names nothing that stands before it"),
        ("a: &b [*b]", "E102 1:8 alias `b` names nothing that stands before it"),
        ("", "E105 1:1 there is nothing in the file"),
        ("# only a comment", "E105 1:1 there is nothing in the file"),
        ("---\n...\n---\na: 1", "E105 3:1 a second document begins here"),
        ("a: b\0c", "E102 1:5 character U+0000 is not allowed in YAML"),
        ("a: \x07", "E102 1:4 character U+0007 is not allowed in YAML"),
        ("a: \udcff", "E102 1:4 half a character stands here"),
        ("a: '\n", "E102 1:4 this quote is not closed"),
        ("a: [1", "E102 1:4 `[` is not closed"),
        ("a: {b: 1\nc: 2", "E102 1:4 `{` is not closed"),
        ("a: [1, [2]\nb: 3\n", "E102 1:4 `[` is not closed"),
        ("a: {b: 1 c: 2}", "E102 1:11 `,` or `}` is missing before this"),
        ("a: [b, , c]", "E102 1:8 a value is missing here"),
        ("a: ]", "E102 1:4 a value is missing here"),
        ("a: ${{ b }}\nc: {d: ${{ e }}}", "E102 2:8 an expression is not quoted here"),
        ("a: [\n  x,\n  ${{ e }}\n]", "E102 3:3 an expression is not quoted here"),
        ("a:\n\tb: 1", "E102 2:1 a tab indents this line"),
        ("a:\n  b: 1\n \tc: 2", "E102 3:2 a tab indents this line"),
        ("a: b: c", "E102 1:5 a second colon in one value"),
        ("a\n  b: 1", "E102 1:1 `:` is missing in this line"),
        ("a:\n  b 1\n  c: 2", "E102 2:3 `:` is missing in this line"),
        ("a: 1\nb", "E102 2:1 `:` is missing after this"),
        ("a: 1\n  b: 2", "E102 2:3 this line is indented too far"),
        ("a:\n    b: 1\n  c: 2", "E102 3:3 this line's indentation is that of no line above"),
        ("a: 1\n- b", "E102 2:1 a list item stands where a key is due"),
        ("a: 'b' == c", "E102 1:8 text follows the closing quote"),
        ("a: 'it's'", "E102 1:8 text follows a value that is complete"),
        ("a: [b] c", "E102 1:8 text follows a value that is complete"),
        ("a: @b", "E102 1:4 a value cannot start with `@`"),
        ("a: `b`", "E102 1:4 a value cannot start with ```"),
        ("a: %b", "E102 1:4 a value cannot start with `%`"),
        ("a: * b", "E102 1:4 a value cannot start with `*`"),
        ("a: && b", "E102 1:4 a value cannot start with `&`"),
        ("a: ? b", "E102 1:4 a value cannot start with `?`"),
        ("a: >= 3", "E102 1:4 `>` at the start of a value begins a block of text"),
        ("a: || b", "E102 1:4 `|` at the start of a value begins a block of text"),
        ("a: - b", "E102 1:4 a list cannot start here"),
        (r'a: "\d"', "E102 1:5 an escape that YAML does not know"),
        (r'a: "\xzz"', "E102 1:7 an escape that YAML does not know"),
        (r'a: "\ud800"', "E102 1:7 an escape that YAML does not know"),
        ("a: 1\n... b", "E102 2:5 nothing can follow here"),
        ("%YAML 1.2\na: 1", "E102 2:1 nothing can follow here"),
        ("%YAML 3.0\n---\na: 1", "E102 1:1 not YAML: found incompatible YAML document"),
        ("a: !x!y b", "E106 1:4 tags are not allowed"),
    ],
    ids=str,
)
def test_what_is_no_yaml_for_us_is_told_at_its_place(text: str, message: str) -> None:
    assert [message] == said(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "{" * 200_000,
        "- " * 100_000,
        "? " * 100_000,
        "".join(" " * depth + "a:\n" for depth in range(500)),
        "".join(" " * depth + "-\n" for depth in range(500)),
        # as deep by aliases: what reads the nodes would go down as far
        "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}]\n" for n in range(1000)),
    ],
    ids=["brackets", "braces", "dashes", "questions", "mappings", "lists", "aliases"],
)
def test_what_is_too_deep_is_refused_and_crashes_nothing(text: str) -> None:
    _, problems = nodes.parse(Source("f.yaml", text))
    assert ["nested more than 100 levels deep"] == [item.message for item in problems]
    assert ["E104"] == [item.code for item in problems]


def test_aliases_of_aliases_do_not_explode() -> None:
    text = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for name, before in zip("bcdefghijk", "abcdefghij", strict=True):
        text += f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    assert ["E104 5:4 more than 100000 values once aliases are expanded"] == said(text)


def test_depth_counts_levels_not_values() -> None:
    width = ", ".join(["[[[[[[[[x]]]]]]]]"] * 10_000)
    assert 1 + 10_000 * 9 == nodes.size(tree(f"[{width}]"))


def test_an_alias_stands_for_the_very_node() -> None:
    assert {"a": {"b": [1]}, "c": {"b": [1]}} == nodes.plain_data(tree("a: &x {b: [1]}\nc: *x"))


def test_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    read = []
    for data in (b"a: 1\nb: [x,\n  y]\n", b"\xef\xbb\xbfa: 1\r\nb: [x,\r\n  y]\r\n",
                 b"a: 1\rb: [x,\r  y]\r"):  # fmt: skip
        file.write_bytes(data)
        source, problems = files.load(file)
        assert [] == problems
        node, _ = nodes.parse(source)
        assert isinstance(node, Mapping)
        read.append((nodes.plain_data(node), node.pairs[1][1].span))
    assert [read[0]] * 3 == read


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        (b"a: 1\nb: \xe9\n", (2, 4), "byte 0xe9 is not UTF-8"),
        ("ä: ö\n".encode() + b"\xc3", (2, 1), "byte 0xc3 is not UTF-8"),
        ("a: 1".encode("utf-16"), (1, 1), "byte 0xff is not UTF-8"),
    ],
)
def test_a_byte_that_is_not_utf_8_is_shown(
    tmp_path: Path, data: bytes, place: tuple[int, int], message: str
) -> None:
    (tmp_path / "f.yaml").write_bytes(data)
    source, (problem,) = files.load(tmp_path / "f.yaml")
    assert ("E101", message) == (problem.code, problem.message)
    assert place == (problem.span.line, problem.span.column)
    assert source.line(problem.span.line) != ""


def test_what_is_no_readable_file_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text("a: 1")
    (tmp_path / "large.yaml").write_bytes(b"#" * (files.MAX_BYTES + 1))
    told = {}
    for name in ("pipelin.yaml", ".", "large.yaml", "a\0b", "x" * 300, "pipeline.yaml/x"):
        _, (problem,) = files.load(f"{tmp_path}/{name}")
        told[name[:20]] = (problem.code, problem.message.replace(f"{tmp_path}/", ""), problem.help)
    assert {
        "pipelin.yaml": (
            "E101", "there is no file `pipelin.yaml`", f"did you mean `{tmp_path}/pipeline.yaml`?"
        ),
        ".": ("E101", "`.` is a folder", "name a file in it"),
        "large.yaml": ("E101", "`large.yaml` is larger than 4 MiB", "split the definition"),
        "a\0b": ("E101", "`a\ufffdb` cannot be read: embedded null byte", None),
        "x" * 20: ("E101", f"`{'x' * 300}` cannot be read: file name too long", None),
        "pipeline.yaml/x": ("E101", "`pipeline.yaml/x` cannot be read: not a directory", None),
    } == told  # fmt: skip


# --- places ----------------------------------------------------------------------------------


def marked(yaml: str, word: str) -> str:
    """What stands in the file where `word` stands in the one scalar of `yaml`."""
    source = Source("f.yaml", yaml)
    node, problems = nodes.parse(source)
    assert [] == problems and isinstance(node, Mapping)
    scalar = node.pairs[0][1]
    assert isinstance(scalar, Scalar)
    start = scalar.text.index(word)
    span = scalar.locate()(start, start + len(word))
    lines = yaml.split("\n")
    if span.line == span.end_line:
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]
    return "\n".join([lines[span.line - 1][span.column - 1 :], *lines[span.line : span.end_line - 1],
                      lines[span.end_line - 1][: span.end_column - 1]])  # fmt: skip


@pytest.mark.parametrize(
    "yaml",
    [
        "a: find.me and more",
        "a: before find.me",
        "a: 'it''s ''here'' find.me'",
        'a: "tab\\t \\u00e9 \\"quoted\\" \\U0001F600 find.me"',
        'a: "a line\n  folded\n\n  twice find.me more"',
        'a: "a line \\\n   continued find.me more"',
        "a: plain text\n  over lines\n\n  with find.me in it",
        "a: 'single quotes\n  over lines ''and'' find.me in it'",
        "a: |\n  literal\n    deeper\n\n  find.me\n",
        "a: >\n  folded text\n  over lines\n\n  and find.me here\n",
        "a: >-\n  find.me\n",
        "a: |2-\n  2 find.me\n",
        "a: | # find.me not here\n  but find.me here\n",
        "a: >\n  folded\n    kept find.me as is\n  and on\n",
        "'a': ! find.me",
        "a: &anchor 'find.me'",
    ],
)
def test_a_word_is_found_where_it_stands_whatever_the_style(yaml: str) -> None:
    assert "find.me" == marked(yaml, "find.me")


@given(st.text(st.sampled_from("ab c'\"\\\n\té{}:#-|>"), min_size=1, max_size=40), st.data())
def test_every_character_of_a_quoted_text_is_found_in_the_file(
    text: str, data: st.DataObject
) -> None:
    escapes = {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
    written = "".join(escapes.get(character, character) for character in text)
    scalar = tree(f'a: "{written}"').pairs[0][1]  # type: ignore[union-attr]
    assert isinstance(scalar, Scalar) and text == scalar.text
    index = data.draw(st.integers(0, len(text) - 1))
    at = scalar.locate()(index, index + 1).column - 1
    found = f'a: "{written}"'[at]
    assert found == text[index] or (found == "\\" and text[index] in escapes)
