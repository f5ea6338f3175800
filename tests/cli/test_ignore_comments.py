"""`# isodag: ignore[W201] reason`: where it counts, and what is said of one that does not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from isodag import driver, ignores
from isodag.frontend import comments, nodes
from isodag.source import Source

Isodag = Callable[..., Result]

HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: numbers\n"
STEPS = "steps:\n  make: {component: make_numbers@1}\n"
OUTPUTS = 'outputs: {numbers: "${{ steps.make.outputs.numbers }}"}\n'
BEGIN = HEAD + STEPS + OUTPUTS  # six lines, without a warning
WHY = "# isodag: ignore[W202] kept for the next release"


@pytest.fixture
def told(workshop: Path, command: Isodag) -> Callable[..., list[str]]:
    """`code line` of what check says of these lines after BEGIN, and `(code line: reason)`."""

    def tell(text: str, *words: str) -> list[str]:
        (workshop / "a.yaml").write_text(BEGIN + text, encoding="utf-8")
        done = command("check", "a.yaml", "-t", "local", "-o", "json", *words)
        report = json.loads(done.stdout)
        assert "" == done.stderr
        shown = [f"{item['code']} {item['line']}" for item in report["diagnostics"]]
        hidden = [f"({i['code']} {i['line']}: {i['reason']})" for i in report["ignored"]]
        return shown + hidden

    return tell


HIDDEN = "(W202 {}: kept for the next release)"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"vars:\n  a: 1 {WHY}\n", 8),
        (f"vars:\n  {WHY}\n  a: 1\n", 9),
        (f"vars:\n{WHY}\n  a: 1\n", 9),
        (f"vars:\n  {WHY}\n  # another comment\n\t\n  a: 1\n".replace("\t\n", ""), 10),
        (f"vars: {{a: 1}} {WHY}\n", 7),
        (f"vars: {{ # first\n  a: 1, {WHY}\n }}\n", 8),
        (f"vars:\n  a: | {WHY}\n    text\n    more\n", 8),
        (f'vars:\n  a: "text\n    more" {WHY}\n', 8),
        (f"vars:\n  a: text\n    more {WHY}\n", 8),
        (f"vars:\n  a: 1 {WHY.replace('W202', 'w202 , W201')}\n", 8),
        (f"vars:\n  a: 1 {WHY.replace('# ', '#').replace(': ', ':')}\n", 8),
        (f"vars:\n  a: 1 {WHY.replace('] ', ']: ')}\n", 8),
        (f"vars:\r\n  a: 1 {WHY}\r\n", 8),
    ],
)
def test_a_comment_keeps_the_warning_of_its_line_quiet(
    told: Callable[..., list[str]], text: str, line: int
) -> None:
    assert HIDDEN.format(line) in told(text)
    assert f"W202 {line}" not in told(text)


@pytest.mark.parametrize(
    "text",
    [
        f'vars:\n  a: "{WHY}"\n',
        f"vars:\n  a: '{WHY}'\n",
        f"vars:\n  a: |\n    {WHY}\n    more\n",
        f"vars:\n  a: >-\n    {WHY}\n",
        f'vars:\n  a: "x\n    {WHY}\n    y"\n',
        f"vars:\n  a: x{WHY}\n",
        f"vars:\n  a: 1\n  x-note: {WHY}\n",
        f"{WHY}\n\nvars: {{a: 1}}\n",
        f"vars:\n  a: 1\n  {WHY}\n",
        f"{WHY}\nvars:\n  a: 1\n",
    ],
)
def test_what_is_no_comment_on_that_line_ignores_nothing(
    told: Callable[..., list[str]], text: str
) -> None:
    assert [] == [line for line in told(text) if line.startswith("(")]


def test_an_error_is_shown_whatever_a_comment_says(told: Callable[..., list[str]]) -> None:
    text = "parameters: {p: {type: Txt}} # isodag: ignore[E406, W201] whatever\n"
    assert [line.split()[0] for line in told(text)] == ["E406", "W101"]


@pytest.mark.parametrize(
    ("comment", "message", "marked"),
    [
        ("isodag: ignore[W202]", "this comment does not say why", "# isodag: ignore[W202]"),
        ("isodag: ignore[W202] - ", "this comment does not say why", "# isodag: ignore[W202]"),
        ("isodag: ignore W202 why", "this comment does not say what to ignore", "ignore"),
        ("isodag: ignore[] why", "this comment does not say what to ignore", "ignore"),
        ("isodag: ignore[W999] why", "there is no code `W999`", "W999"),
        ("isodag: ignore[E203] why", "`E203` is an error: only warnings can be ignored", "E203"),
        ("isodag: Ignore[W202] why", "a comment cannot say `Ignore`", "Ignore"),
        ("isodag: ingore W202", "a comment cannot say `ingore`", "ingore"),
        ("isodag: disable[W202] why", "a comment cannot say `disable`", "disable"),
    ],
)
def test_a_comment_that_cannot_be_followed_is_told_at_its_place(
    workshop: Path, comment: str, message: str, marked: str
) -> None:
    text = f"{BEGIN}vars: {{a: 1}} # {comment}\n"
    (workshop / "a.yaml").write_text(text)
    loaded = driver.load("a.yaml")
    shown = ignores.sift(loaded.diagnostics, loaded.sources).shown
    [found] = [item for item in shown if item.code == "W101"]
    line = text.splitlines()[found.span.line - 1]
    assert (message, marked) == (
        found.message,
        line[found.span.column - 1 : found.span.end_column - 1],
    )


@pytest.mark.parametrize(
    "comment",
    ["isodag: the flagship", "isodag:", "isodag is fine", "see isodag: ignore the rest", "noqa"],
)
def test_other_comments_are_nobodys_business(told: Callable[..., list[str]], comment: str) -> None:
    assert ["W202 7"] == told(f"vars: {{a: 1}} # {comment}\n")


def test_a_comment_without_a_reason_still_ignores(told: Callable[..., list[str]]) -> None:
    assert ["W101 7", "(W202 7: )"] == told("vars: {a: 1} # isodag: ignore[W202]\n")


# --- needless ones -----------------------------------------------------------------------------

NEEDLESS = "# isodag: ignore[W202] mended"


def test_a_comment_that_ignores_nothing_is_told(told: Callable[..., list[str]]) -> None:
    assert ["W102 7"] == told(NEEDLESS + "\n")


def test_a_comment_on_the_wrong_line_is_told_the_right_one(workshop: Path, command: Isodag) -> None:
    (workshop / "a.yaml").write_text(f"{BEGIN}vars: {NEEDLESS}\n  a: 1\n")
    done = command("check", "a.yaml", "-t", "local")
    assert (
        "warning[W102]: there is no W202 here to ignore\n --> a.yaml:7:24\n  |\n"
        "7 | vars: # isodag: ignore[W202] mended\n  |                        ^^^^\n"
        "  = help: W202 is on line 8: move the comment there, or remove it\n"
    ) in done.stderr


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ("# isodag: ignore[W502] only on SageMaker", []),
        ("# isodag: ignore[W602] only on KFP", []),
        (NEEDLESS, ["--set", "targets.kfp.pipeline_root=s3://b/x"]),
        ("# isodag: ignore[W202, W102] with some values only", []),
        (NEEDLESS, ["--ignore", "W102"]),
    ],
)
def test_a_comment_is_not_called_needless_where_that_is_not_known(
    told: Callable[..., list[str]], comment: str, words: list[str]
) -> None:
    assert "W102 7" not in told(comment + "\n", *words)


def test_no_comment_is_called_needless_while_there_are_errors(
    told: Callable[..., list[str]],
) -> None:
    assert ["E107 8"] == told(f"{NEEDLESS}\nvar: {{}}\n")


def test_compile_run_and_graph_do_not_show_what_is_ignored(workshop: Path, command: Isodag) -> None:
    (workshop / "a.yaml").write_text(f"{BEGIN}{WHY}\nvars: {{a: 1}}\n{NEEDLESS}\n")
    for words in (["compile", "-t", "kfp"], ["graph"], ["run"]):
        done = command(words[0], "a.yaml", *words[1:])
        assert 0 == done.exit_code
        assert [] == re.findall("W202|W102", done.output)


def test_a_warning_that_compile_shows_counts_as_before(workshop: Path, command: Isodag) -> None:
    (workshop / "a.yaml").write_text(f"{BEGIN}vars: {{a: 1}}\n")
    assert "warning[W202]" in command("compile", "a.yaml", "-t", "kfp").stderr


# --- comments ----------------------------------------------------------------------------------

TEXT = st.text(alphabet="ab #:'\"|[]{}\\,&*!%\t", max_size=12)


@given(before=TEXT, after=TEXT, indent=st.integers(1, 4), style=st.sampled_from("'\"|>"))
def test_text_in_a_value_is_never_a_comment(
    before: str, after: str, indent: int, style: str
) -> None:
    inside = f"{before} # isodag: ignore[W201] x {after}"
    if style in "|>":
        value = f"{style}{indent}\n{' ' * indent}{inside}\n"
    elif style == '"':
        value = json.dumps(inside, ensure_ascii=False) + "\n"
    else:
        value = "'" + inside.replace("'", "''") + "'\n"
    source = Source("a.yaml", f"key: {value}other: 1\n")
    assert [] == list(comments.find(source, re.compile("# isodag:")))


@given(st.text(alphabet="a #:'\"|>-[]{},\n\t&*!", max_size=60))
def test_a_comment_found_is_one_that_can_be_taken_out(text: str) -> None:
    marked = text.replace("a", "# isodag:", 1)
    source = Source("a.yaml", marked)
    for comment in comments.find(source, re.compile("# isodag:")):
        end = comment.start + len(comment.text)
        without = Source("a.yaml", marked[: comment.start] + marked[end:])
        # without any comment either there is a document, or nothing that could be one
        left = re.sub(r"(^|(?<=[ \t\n]))#.*", "", without.text)
        assert nodes.parse(without)[0] is not None or not left.strip(" \n\t-")


@given(st.binary(max_size=200))
def test_whatever_the_file_reading_its_comments_ends(data: bytes) -> None:
    source = Source("a.yaml", "# isodag: ignore[W201]\n" + data.decode("utf-8", "replace"))
    ignores.sift([], {"a.yaml": source}, {"a.yaml": "2"})
