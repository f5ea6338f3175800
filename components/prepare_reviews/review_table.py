"""Reviews as a stream: a file or folder of TSV, CSV, JSON Lines or Parquet in, a record at a time
out."""

from __future__ import annotations

import csv
import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import parquet_table
from isodag.runtime import ComponentError

MAX_LINE = 16 * 2**20  # bytes; memory stays bounded even for a file without line ends
PEEK = 100  # JSON objects whose keys tell a file's columns: a key may be absent from the first
SUFFIXES = {
    ".tsv": "tsv", ".tab": "tsv", ".csv": "csv",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
}  # fmt: skip


@dataclass(frozen=True)
class Columns:
    """The columns to read, by name.

    id     empty: a review is known by its file and line
    group  empty: reviews of the same text are a group
    """

    text: str
    label: str
    id: str
    group: str

    def named(self) -> list[str]:
        """The columns that a file must have, each once."""
        return [
            name for name in dict.fromkeys((self.text, self.label, self.id, self.group)) if name
        ]


@dataclass(frozen=True)
class Record:
    """One row as found.

    place   `file:line`, the line (from 1) on which it starts; in Parquet the row, from 1
    values  the row by column name; as much as could be read where it is malformed
    fault   why it is malformed, else empty
    """

    place: str
    values: Mapping[str, Any]
    fault: str = ""


@dataclass(frozen=True)
class Review:
    """A row that can be used: four texts, none empty."""

    id: str
    group: str
    label: str
    text: str


@dataclass(frozen=True)
class Unusable:
    """A row that cannot be used.  `reason` is one word to count by, `detail` says more."""

    reason: str
    detail: str


def records(reviews: Path, columns: Columns, may_be_none: bool = False) -> Iterator[Record]:
    """Every row of the file, or of the folder's files in the order of their names.

    A file may be gzip (told by its content).  Its format is told by its name, else by its first
    line.  CSV is quoted as RFC 4180 says; TSV has no quoting, as in Amazon's review files.
    may_be_none  whether a folder without files is a folder without rows
    Raises ComponentError, naming file and line: no file, broken gzip, not UTF-8, missing column.
    """
    for path in _files(reviews, may_be_none):
        name = path.name if path == reviews else path.relative_to(reviews).as_posix()
        if (opened := _opened(path, name)) is None:
            continue
        there, rows = opened
        for wanted in columns.named():
            if wanted not in there:
                known = ", ".join(f"`{column}`" for column in there[:40]) or "none"
                raise ComponentError(f"{name}: no column `{wanted}`; the columns are {known}")
        yield from rows


def _opened(path: Path, name: str) -> tuple[list[str], Iterator[Record]] | None:
    """The columns of a file and its rows; None for an empty one."""
    if parquet_table.is_parquet(path):
        there, rows = parquet_table.rows(path, name)
        return there, (Record(f"{name}:{number}", row) for number, row in enumerate(rows, 1))
    lines: Iterator[str] = _lines(path, name)
    if (first := next(lines, None)) is None:
        return None
    lines = chain([first], lines)
    match _format(name, first):
        case "jsonl":
            return _json_lines(lines, name)
        case "csv":
            return _table(_split_csv(lines), name)
    return _table(_split_tsv(lines), name)


def review(record: Record, columns: Columns) -> Review | Unusable:
    """The review that a record holds, or why it holds none.

    Labels are stripped, and whole numbers written alike: `5`, `5.0` and the number 5 are `5`.
    """
    if record.fault:
        return Unusable("malformed", record.fault)
    found = {}
    for role in ("text", "label", "id", "group"):
        if not (column := getattr(columns, role)):
            continue
        value = record.values.get(column)
        if isinstance(value, dict | list):
            return Unusable("malformed", f"`{column}` is neither text nor number")
        found[role] = _plain(value)
        if not found[role].strip():
            return Unusable(f"no_{role}", f"`{column}` is empty")
        if not _is_utf8(found[role]):
            return Unusable("malformed", f"`{column}` holds half a surrogate pair")
    label = re.sub(r"^([-+]?[0-9]+)\.0*$", r"\1", found["label"].strip())
    text = found["text"]
    return Review(found.get("id", record.place), found.get("group", text), label, text)


def _files(reviews: Path, may_be_none: bool) -> list[Path]:
    if not reviews.is_dir():
        if not reviews.exists():
            raise ComponentError(f"reviews: there is no file or folder `{reviews}`")
        return [reviews]
    found = {
        path.relative_to(reviews).as_posix(): path
        for path in reviews.rglob("*")
        # hidden files and `_SUCCESS` lie beside the data of macOS and of Spark
        if path.is_file() and not re.search(r"(^|/)[._]", path.relative_to(reviews).as_posix())
    }
    if not found and not may_be_none:
        raise ComponentError(f"reviews: there are no files in the folder `{reviews}`")
    return [found[name] for name in sorted(found)]


def _lines(path: Path, name: str) -> Iterator[str]:
    """The file's lines, decoded, with their ends."""
    number = 0
    with path.open("rb") as plain:
        zipped = plain.read(2) == b"\x1f\x8b"
        plain.seek(0)
        stream: Any = gzip.GzipFile(fileobj=plain) if zipped else plain
        try:
            while raw := stream.readline(MAX_LINE + 1):
                number += 1
                if len(raw) > MAX_LINE:
                    raise ComponentError(f"{name}:{number}: a line longer than 16 MiB")
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                if "\0" in line:
                    raise ComponentError(f"{name}:{number}: not UTF-8 text: it holds a NUL byte")
                yield line
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            where = f"byte 0x{byte:02x} at position {error.start + 1} of the line"
            raise ComponentError(f"{name}:{number}: not UTF-8 text: {where}") from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ComponentError(f"{name}: broken gzip after line {number}: {error}") from None


def _format(name: str, first: str) -> str:
    """`tsv`, `csv` or `jsonl`."""
    suffixes = [suffix.lower() for suffix in Path(name).suffixes if suffix.lower() != ".gz"]
    if suffixes and suffixes[-1] in SUFFIXES:
        return SUFFIXES[suffixes[-1]]
    if first.lstrip().startswith("{"):
        return "jsonl"
    return "tsv" if "\t" in first else "csv"


# a table's row: the line on which it starts, its fields, why it cannot be read
_Fields = tuple[int, list[str], str]


def _table(rows: Iterator[_Fields], name: str) -> tuple[list[str], Iterator[Record]]:
    """The columns of a table, and its rows below the header."""
    _, header, fault = next(rows, (1, [], ""))
    if fault:
        raise ComponentError(f"{name}: the header cannot be read: {fault}")
    if len(set(header)) < len(header):
        twice = next(column for column in header if header.count(column) > 1)
        raise ComponentError(f"{name}: the header names column `{twice}` twice")
    return header, (_row(name, header, *row) for row in rows)


def _row(name: str, header: list[str], line: int, fields: list[str], fault: str) -> Record:
    if not fault and len(fields) != len(header):
        fault = f"{len(fields)} fields where the header has {len(header)}"
    return Record(f"{name}:{line}", dict(zip(header, fields, strict=False)), fault)


def _split_tsv(lines: Iterable[str]) -> Iterator[_Fields]:
    for number, line in enumerate(lines, 1):
        if text := line.rstrip("\r\n"):
            yield number, text.split("\t"), ""


def _split_csv(lines: Iterable[str]) -> Iterator[_Fields]:
    csv.field_size_limit(MAX_LINE)
    reader, start = csv.reader(lines), 1
    while True:
        try:
            fields, fault = next(reader), ""
        except StopIteration:
            return
        except csv.Error as error:
            fields, fault = [], str(error)
        if fields or fault:
            yield start, fields, fault
        start = reader.line_num + 1


def _json_lines(lines: Iterable[str], name: str) -> tuple[list[str], Iterator[Record]]:
    """The keys of a file of JSON objects, and its rows."""
    rows = _split_json(lines, name)
    ahead = list(islice(rows, PEEK))
    if ahead and ahead[0].fault:
        raise ComponentError(f"{ahead[0].place}: not JSON Lines, one object a line")
    there = list(dict.fromkeys(chain.from_iterable(row.values for row in ahead)))
    return there, chain(ahead, rows)


def _split_json(lines: Iterable[str], name: str) -> Iterator[Record]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place, fault = f"{name}:{number}", ""
        try:
            value = json.loads(line.rstrip(), parse_constant=_nothing)
        except (ValueError, RecursionError) as error:
            value, fault = None, f"not JSON: {error}"
        if isinstance(value, dict):
            yield Record(place, value)
        else:
            yield Record(place, {}, fault or "not a JSON object")


def _nothing(constant: str) -> None:
    """What stands for NaN and Infinity, which are no JSON: null."""


def _plain(value: object) -> str:
    """Text of a table's field or of a plain JSON value; null is empty."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
