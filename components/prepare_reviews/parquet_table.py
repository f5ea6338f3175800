"""A Parquet file in, its rows one at a time out, in values that JSON knows."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from isodag.runtime import ComponentError

MAGIC = b"PAR1"  # how a Parquet file begins: https://parquet.apache.org/docs/file-format/
BATCH = 1000  # rows decoded at once
BUFFER = 2**20  # bytes of a column read at once; without it a row group's, which may be gigabytes


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, by its name or its first bytes."""
    if path.suffix.lower() == ".parquet":
        return True
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def rows(path: Path, name: str) -> tuple[list[str], Iterator[dict[str, Any]]]:
    """The columns of a file, and its rows.

    Numbers that are none (NaN, infinity) are null; dates and times are ISO 8601; bytes are
    text where they are UTF-8, else {"base64": …}; what JSON has no word for is its plain text.
    Raises ComponentError, which begins with `name`, where it cannot be read or pyarrow is missing.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        way_out = "pip install 'isodag[bert]'"
        raise ComponentError(f"{name}: Parquet needs the package pyarrow: {way_out}") from None
    try:
        file = ParquetFile(path, buffer_size=BUFFER, pre_buffer=False)
        columns = list(file.schema_arrow.names)
    except (ArrowException, OSError) as error:
        raise _unreadable(name, error) from None
    if len(set(columns)) < len(columns):
        twice = next(column for column in columns if columns.count(column) > 1)
        raise ComponentError(f"{name}: column `{twice}` is there twice")

    def read() -> Iterator[dict[str, Any]]:
        try:
            for batch in file.iter_batches(BATCH):
                for row in batch.to_pylist():
                    yield {column: _plain(value) for column, value in row.items()}
        except (ArrowException, OSError, ValueError) as error:
            raise _unreadable(name, error) from None
        finally:
            file.close()

    return columns, read()


def _unreadable(name: str, error: Exception) -> ComponentError:
    reason = str(error).strip().partition("\n")[0]
    return ComponentError(f"{name}: not a Parquet file that can be read: {reason}")


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                return {"base64": base64.b64encode(value).decode()}
        case date() | datetime() | time():
            return value.isoformat()
    return str(value)  # Decimal, timedelta
