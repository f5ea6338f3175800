"""prepare_reviews reads every format it says, and refuses what it cannot read with one line."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isodag.runtime import ComponentError

pytest.importorskip("numpy")

TSV = 'review_id\tstar_rating\treview_body\nr1\t5\tsays "good\nr2\t1\tbad, very\n'
CSV = 'review_id,star_rating,review_body\nr1,5,"says ""good"\nr2,1,"bad, very"\n'
JSON_LINES = (
    '{"review_id": "r1", "star_rating": 5, "review_body": "says \\"good"}\n'
    '{"review_id": "r2", "star_rating": 1.0, "review_body": "bad, very"}\n'
)
READ = [("r1", "r1", "5", 'says "good'), ("r2", "r2", "1", "bad, very")]


@pytest.fixture
def read(component: Callable[[str], Any]) -> Callable[..., list[Any]]:
    """All rows of a file or folder: a tuple of id, group, label and text, or why there is none."""
    component("prepare_reviews")
    table = sys.modules["review_table"]

    def rows(reviews: Path, **names: str) -> list[Any]:
        columns = {"text": "review_body", "label": "star_rating", "id": "review_id"}
        columns |= {"group": "review_id", **names}
        wanted = table.Columns(**columns)
        found = [table.review(record, wanted) for record in table.records(reviews, wanted)]
        return [tuple(vars(row).values()) for row in found]

    return rows


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("reviews.tsv", TSV),
        ("reviews.TSV", TSV.replace("\n", "\r\n")),
        ("reviews.csv", CSV),
        ("reviews.jsonl", JSON_LINES),
        ("reviews.json", "\n" + JSON_LINES),
        ("without_suffix_1", TSV),
        ("without_suffix_2", CSV),
        ("without_suffix_3", JSON_LINES),
        ("with_byte_order_mark.csv", "\N{BYTE ORDER MARK}" + CSV),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_table_reads_the_same_in_every_format(
    read: Callable[..., list[Any]], tmp_path: Path, name: str, text: str, zipped: bool
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    assert READ == read(path)


def test_a_folder_reads_its_files_by_name_and_passes_over_hidden_ones(
    read: Callable[..., list[Any]], tmp_path: Path
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.csv").write_text("review_id,star_rating,review_body\nr2,1,second\n")
    (tmp_path / "a.tsv").write_text("review_body\tstar_rating\treview_id\nfirst\t2\tr1\n")
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / ".DS_Store").write_bytes(b"\0\xff")
    (tmp_path / "empty.tsv").write_text("")
    assert [("r1", "r1", "2", "first"), ("r2", "r2", "1", "second")] == read(tmp_path)


def test_quoted_csv_may_hold_line_ends(read: Callable[..., list[Any]], tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text('review_id,star_rating,review_body\nr1,5,"two\nlines"\nr2,1,one\n')
    assert [("r1", "r1", "5", "two\nlines"), ("r2", "r2", "1", "one")] == read(path)


def test_tsv_has_no_quoting(read: Callable[..., list[Any]], tmp_path: Path) -> None:
    path = tmp_path / "r.tsv"
    path.write_text('review_id\tstar_rating\treview_body\nr1\t5\t"open\nr2\t1\tshut"\n')
    assert [("r1", "r1", "5", '"open'), ("r2", "r2", "1", 'shut"')] == read(path)


def test_a_csv_field_may_be_large(read: Callable[..., list[Any]], tmp_path: Path) -> None:
    path, long = tmp_path / "r.csv", "word " * 100_000
    path.write_text(f"review_id,star_rating,review_body\nr1,5,{long}\n")
    assert [("r1", "r1", "5", long)] == read(path)


def test_without_id_rows_are_known_by_place_and_grouped_by_text(
    read: Callable[..., list[Any]], tmp_path: Path
) -> None:
    path = tmp_path / "r.csv"
    path.write_text("star_rating,review_body\n5,same\n\n1,same\n")
    expected = [("r.csv:2", "same", "5", "same"), ("r.csv:4", "same", "1", "same")]
    assert expected == read(path, id="", group="")


def test_a_key_may_be_absent_from_some_json_objects(
    read: Callable[..., list[Any]], tmp_path: Path
) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"review_id": "r1", "review_body": "x"}\n' + JSON_LINES)
    assert [("no_label", "`star_rating` is empty"), *READ] == read(path)


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        ("r.tsv", "r1\t5", ("malformed", "2 fields where the header has 3")),
        ("r.tsv", "r1\t5\t \t", ("malformed", "4 fields where the header has 3")),
        ("r.tsv", "r1\t5\t  ", ("no_text", "`review_body` is empty")),
        ("r.tsv", "r1\t\tx", ("no_label", "`star_rating` is empty")),
        ("r.tsv", "\t5\tx", ("no_id", "`review_id` is empty")),
        ("r.jsonl", "{", ("malformed", "not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)")),
        ("r.jsonl", "[1]", ("malformed", "not a JSON object")),
        ("r.jsonl", '{"review_id": 1, "star_rating": [5], "review_body": "x"}', ("malformed", "`star_rating` is neither text nor number")),
        ("r.jsonl", '{"review_id": 1, "star_rating": null, "review_body": "x"}', ("no_label", "`star_rating` is empty")),
        ("r.jsonl", '{"review_id": 1, "star_rating": 5, "review_body": "\\ud83d"}', ("malformed", "`review_body` holds half a surrogate pair")),
    ],
)  # fmt: skip
def test_an_unusable_row_says_why_and_the_next_is_read(
    read: Callable[..., list[Any]],
    tmp_path: Path,
    name: str,
    line: str,
    expected: tuple[str, str],
) -> None:
    path = tmp_path / name
    head, row = TSV.splitlines()[:2]
    if name.endswith(".jsonl"):
        path.write_text(f"{JSON_LINES.splitlines()[0]}\n{line}\n{JSON_LINES.splitlines()[0]}\n")
        assert [READ[0], expected, READ[0]] == read(path)
    else:
        path.write_text(f"{head}\n{line}\n{row}\n")
        assert [expected, READ[0]] == read(path)


HEAD = b"review_id,star_rating,review_body\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,stars,text\n", "r.csv: no column `review_body`; the columns are `id`, `stars`, `text`"),
        (b"review_body,stars\n", "r.csv: no column `star_rating`; the columns are `review_body`, `stars`"),
        (b"a,b,a\n", "r.csv: the header names column `a` twice"),
        (HEAD + b"r1,5,caf\xe9\n", "r.csv:2: not UTF-8 text: byte 0xe9 at position 9 of the line"),
        ("review_id".encode("utf-16"), "r.csv:1: not UTF-8 text: byte 0xff at position 1 of the line"),
        (HEAD + b"r1,5,\0\n", "r.csv:2: not UTF-8 text: it holds a NUL byte"),
        (gzip.compress(HEAD * 9)[:-9], "r.csv: broken gzip after line 9: Compressed file ended before the end-of-stream marker was reached"),
        (gzip.compress(HEAD)[:-8] + bytes(8), "r.csv: broken gzip after line 1: CRC check failed 0x0 != 0xcbc4718a"),
        (b"x" * (16 * 2**20 + 1), "r.csv:1: a line longer than 16 MiB"),
    ],
    ids=["column 1", "column 2", "twice", "latin-1", "utf-16", "nul", "cut gzip", "crc", "line"],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_named(
    read: Callable[..., list[Any]], tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "r.csv").write_bytes(content)
    with pytest.raises(ComponentError) as caught:
        read(tmp_path)
    assert message == str(caught.value)


def test_json_that_is_not_json_lines_is_refused(
    read: Callable[..., list[Any]], tmp_path: Path
) -> None:
    (tmp_path / "r.json").write_text('[\n{"review_id": 1},\n{"review_id": 2}\n]\n')
    with pytest.raises(ComponentError) as caught:
        read(tmp_path)
    assert "r.json:1: not JSON Lines, one object a line" == str(caught.value)


def test_what_is_not_there_is_named(read: Callable[..., list[Any]], tmp_path: Path) -> None:
    with pytest.raises(ComponentError) as caught:
        read(tmp_path / "no.tsv")
    assert f"reviews: there is no file or folder `{tmp_path}/no.tsv`" == str(caught.value)
    with pytest.raises(ComponentError) as caught:
        read(tmp_path)
    assert f"reviews: there are no files in the folder `{tmp_path}`" == str(caught.value)


def test_rows_come_before_the_file_is_read_to_its_end(
    read: Callable[..., list[Any]], tmp_path: Path
) -> None:
    table = sys.modules["review_table"]
    columns = table.Columns("review_body", "star_rating", "review_id", "review_id")
    path = tmp_path / "r.tsv"
    with path.open("w") as file:
        file.write(TSV.splitlines()[0] + "\n" + "r1\t5\tgood\n" * 100_000 + "broken \0\n")
    rows = table.records(path, columns)
    assert ["r.tsv:2", "r.tsv:3"] == [next(rows).place, next(rows).place]
