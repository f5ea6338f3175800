"""prepare_reviews reads Parquet as it reads the same rows from text."""

from __future__ import annotations

import datetime
import decimal
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isodag.runtime import ComponentError

pytest.importorskip("numpy")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
LIBRARY = Path(__file__).parents[2] / "components"


def write(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


@pytest.fixture
def read(component: Callable[[str], Any]) -> Callable[..., list[Any]]:
    """All rows of a file or folder: place, and id, label and text or why there is none."""
    component("prepare_reviews")
    table = sys.modules["review_table"]
    wanted = table.Columns("review_body", "star_rating", "review_id", "review_id")

    def rows(reviews: Path) -> list[Any]:
        found = []
        for record in table.records(reviews, wanted):
            row = table.review(record, wanted)
            usable = isinstance(row, table.Review)
            said = (row.id, row.label, row.text) if usable else (row.reason, row.detail)
            found.append((record.place, *said))
        return found

    return rows


@pytest.mark.parametrize("name", ["r.parquet", "R.PARQUET", "part-0"])
@pytest.mark.parametrize("stars", [[5, 1], [5.0, 1.0], ["5", " 1"]], ids=["int", "float", "text"])
def test_a_table_reads_the_same_in_parquet(
    read: Callable[..., list[Any]], tmp_path: Path, name: str, stars: list[Any]
) -> None:
    columns = {"review_body": ["good\nbox", "bad"], "star_rating": stars, "review_id": [7, 8]}
    path = write(tmp_path / name, columns)
    assert [(f"{name}:1", "7", "5", "good\nbox"), (f"{name}:2", "8", "1", "bad")] == read(path)


def test_what_is_missing_has_no_label(read: Callable[..., list[Any]], tmp_path: Path) -> None:
    stars = pa.array([None, float("nan"), 5.0], from_pandas=False)
    path = write(
        tmp_path / "r.parquet",
        {"review_body": ["good"] * 3, "star_rating": stars, "review_id": ["a", "b", "c"]},
    )
    empty = ("no_label", "`star_rating` is empty")
    assert [
        ("r.parquet:1", *empty), ("r.parquet:2", *empty), ("r.parquet:3", "c", "5", "good"),
    ] == read(path)  # fmt: skip


def test_bytes_are_text_where_they_are_utf_8(
    read: Callable[..., list[Any]], tmp_path: Path
) -> None:
    texts = pa.array(["gut €".encode(), b"\xff"], pa.binary())
    path = write(
        tmp_path / "r.parquet",
        {"review_body": texts, "star_rating": [5, 1], "review_id": ["a", "b"]},
    )
    assert [
        ("r.parquet:1", "a", "5", "gut €"),
        ("r.parquet:2", "malformed", "`review_body` is neither text nor number"),
    ] == read(path)


def test_a_folder_may_hold_parquet_beside_text(
    read: Callable[..., list[Any]], tmp_path: Path
) -> None:
    write(tmp_path / "b.parquet", {"review_body": ["x"], "star_rating": [5], "review_id": [1]})
    (tmp_path / "a.csv").write_text("review_id,star_rating,review_body\n2,1,y\n")
    assert [("a.csv:2", "2", "1", "y"), ("b.parquet:1", "1", "5", "x")] == read(tmp_path)


def test_rows_come_before_the_file_is_read_to_its_end(
    component: Callable[[str], Any], tmp_path: Path
) -> None:
    component("prepare_reviews")
    rows = 20_000
    path = write(
        tmp_path / "r.parquet",
        {"review_body": [f"text {n}" for n in range(rows)], "star_rating": [5] * rows},
        row_group_size=1000, compression="none", use_dictionary=False,
    )  # fmt: skip
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20_000] = b"\xff" * 20_000
    path.write_bytes(content)
    columns, found = sys.modules["parquet_table"].rows(path, "r.parquet")
    assert ["review_body", "star_rating"] == columns
    assert {"review_body": "text 0", "star_rating": 5} == next(found)
    with pytest.raises(ComponentError) as caught:
        list(found)
    assert str(caught.value).startswith("r.parquet: not a Parquet file that can be read: ")


def test_a_row_group_is_not_held_whole(component: Callable[[str], Any], tmp_path: Path) -> None:
    component("prepare_reviews")
    texts = [random.Random(n).randbytes(500).hex() for n in range(40_000)]
    path = write(tmp_path / "r.parquet", {"review_body": texts}, row_group_size=40_000)
    assert path.stat().st_size > 20_000_000
    before = pa.total_allocated_bytes()
    held = 0
    for _ in sys.modules["parquet_table"].rows(path, "r.parquet")[1]:
        held = max(held, pa.total_allocated_bytes() - before)
    assert held < 8_000_000


def test_unlabelled_rows_keep_every_column_in_json(prepare: Any, tmp_path: Path) -> None:
    n = 40
    day, moment = datetime.date(2026, 11, 22), datetime.datetime(2026, 11, 22, 7, 30)
    columns = {
        "review_id": [f"r{i}" for i in range(n + 1)],
        "star_rating": [*([5, 1] * (n // 2)), None],
        "review_body": ["it works good"] * (n + 1),
        "day": [day] * (n + 1), "moment": [moment] * (n + 1),
        "price": [decimal.Decimal("9.90")] * (n + 1), "raw": [b"\xff"] * (n + 1),
        "parts": [[{"name": "box", "share": float("nan")}]] * (n + 1), "new": [True] * (n + 1),
    }  # fmt: skip
    prepared = prepare(write(tmp_path / "r.parquet", columns))
    assert [
        {
            "review_id": "r40", "star_rating": None, "review_body": "it works good",
            "day": "2026-11-22", "moment": "2026-11-22T07:30:00", "price": "9.90",
            "raw": {"base64": "/w=="}, "parts": [{"name": "box", "share": None}], "new": True,
        }
    ] == prepared.unlabelled()  # fmt: skip
    assert n == prepared.metrics()["rows_read"] - 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1 and no more", "r.parquet: not a Parquet file that can be read: "),
        (b"", "r.parquet: not a Parquet file that can be read: "),
    ],
)
def test_a_damaged_file_is_named(
    read: Callable[..., list[Any]], tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "r.parquet").write_bytes(content)
    with pytest.raises(ComponentError) as caught:
        read(tmp_path)
    assert message == str(caught.value)[: len(message)]
    assert "\n" not in str(caught.value)


def test_columns_that_are_not_there_or_twice_are_named(
    read: Callable[..., list[Any]], tmp_path: Path
) -> None:
    path = write(tmp_path / "r.parquet", {"review_body": ["x"], "stars": [5]})
    with pytest.raises(ComponentError) as caught:
        read(path)
    expected = "r.parquet: no column `star_rating`; the columns are `review_body`, `stars`"
    assert expected == str(caught.value)
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    with pytest.raises(ComponentError) as caught:
        read(path)
    assert "r.parquet: column `a` is there twice" == str(caught.value)


def test_without_pyarrow_only_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.parquet").write_bytes(b"PAR1")
    program = (
        "import sys; from pathlib import Path; sys.modules['pyarrow'] = None\n"
        "from isodag.runtime import ComponentError\n"
        "import review_table\n"
        "columns = review_table.Columns('review_body', 'star_rating', '', '')\n"
        "try:\n"
        "    list(review_table.records(Path(sys.argv[1]), columns))\n"
        "except ComponentError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True,
        cwd=LIBRARY / "prepare_reviews", env={"PYTHONPATH": ":".join([p for p in sys.path if p] + ["."])},
    )  # fmt: skip
    expected = "r.parquet: Parquet needs the package pyarrow: pip install 'isodag[bert]'\n"
    assert expected == done.stdout


def test_text_is_read_without_pyarrow(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "import review_table\n"
        "columns = review_table.Columns('review_body', 'star_rating', '', '')\n"
        "print(len(list(review_table.records(Path(sys.argv[1]), columns))), 'pyarrow' in sys.modules)\n"
    )
    (tmp_path / "r.jsonl").write_text(json.dumps({"review_body": "x", "star_rating": 5}) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True,
        cwd=LIBRARY / "prepare_reviews", env={"PYTHONPATH": ":".join([p for p in sys.path if p] + ["."])},
    )  # fmt: skip
    assert "1 False\n" == done.stdout
