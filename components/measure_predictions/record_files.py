"""The files of a folder of JSON Lines: each with its name, and its lines one at a time."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from isodag.runtime import ComponentError


def files(place: Path, what: str) -> list[tuple[str, Path]]:
    """Every file below a folder by its relative name, in order; or the one file that `place` is.

    what  the input's name, for messages
    Names that begin with `.` or `_` are passed over: they lie beside the data of macOS and Spark.
    Raises ComponentError where there is none.
    """
    if not place.is_dir():
        if not place.is_file():
            raise ComponentError(f"{what}: there is no file or folder `{place}`")
        return [(place.name, place)]
    found = [(path.relative_to(place).as_posix(), path) for path in place.rglob("*")]
    kept = [(n, path) for n, path in found if path.is_file() and not re.search(r"(^|/)[._]", n)]
    if not kept:
        raise ComponentError(f"{what}: there are no files in the folder `{place}`")
    return sorted(kept)


def lines(path: Path, name: str, longest: int) -> Iterator[bytes]:
    """The lines of a file, plain or gzip, without their ends.

    longest  bytes; a longer line is cut there, with one byte more as the sign of it
    Raises ComponentError, which begins with `name`, for a file that cannot be read.
    """
    number = 0
    try:
        with path.open("rb") as plain:
            zipped = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            stream: Any = gzip.GzipFile(fileobj=plain) if zipped else plain
            while line := stream.readline(longest + 1):
                number += 1
                if len(line) > longest and not line.endswith(b"\n"):
                    yield line
                    while line and not line.endswith(b"\n"):
                        line = stream.readline(longest)
                else:
                    yield line.removesuffix(b"\n").removesuffix(b"\r")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ComponentError(f"{name}: broken gzip after line {number}: {error}") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ComponentError(f"{name}: cannot be read: {reason}") from None
