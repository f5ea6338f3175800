"""Files to text: what can be read as UTF-8 in, a Source out; nothing here waits or grows."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from isodag.diagnostics import Diagnostic, suggest
from isodag.source import Source, Span

MAX_BYTES = 4 * 1024 * 1024


def load(path: str | Path, data: bytes | None = None) -> tuple[Source, list[Diagnostic]]:
    """The text of a file; with an E101 when it cannot be read as UTF-8 text of a sane size.

    data  its bytes, where they are known already: standard input has no path to read
    """
    shown = str(path)
    start = Span(shown, 1, 1, 1, 1)

    def refused(message: str, way_out: str | None = None) -> tuple[Source, list[Diagnostic]]:
        return Source(shown, ""), [Diagnostic("E101", message, start, way_out)]

    try:
        if data is None:
            data = contents(path)
    except FileNotFoundError:
        near = neighbour(Path(path))
        help = f"did you mean `{near}`?" if near else None
        return refused(f"there is no file `{shown}`", help)
    except IsADirectoryError:
        return refused(f"`{shown}` is a folder", "name a file in it")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return refused(f"`{shown}` cannot be read: {reason.lower()}")
    if len(data) > MAX_BYTES:
        return refused(f"`{shown}` is larger than {MAX_BYTES // 2**20} MiB", "split the definition")
    try:
        return Source(shown, _one_line_end(data.decode("utf-8-sig"))), []
    except UnicodeDecodeError as error:
        source = Source(shown, _one_line_end(data.decode("utf-8-sig", "replace")))
        at = len(_one_line_end(data[: error.start].decode("utf-8-sig", "ignore")))
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        place = source.span(at, at + 1)
        return source, [Diagnostic("E101", message, place, "save the file as UTF-8")]


def contents(path: str | Path) -> bytes:
    """The bytes of a file, MAX_BYTES + 1 at most.  Raises OSError or ValueError.

    Never waits: a pipe or a device, which may have nothing or no end, is refused.
    """
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is a pipe or a device, not a file")
        return file.read(MAX_BYTES + 1)


def _one_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def neighbour(path: Path) -> Path | None:
    """The file or folder beside a missing one whose name is nearly the same."""
    try:
        names = [item.name for item in sorted(path.parent.iterdir())[:1000]]
    except OSError:
        return None
    near = suggest(path.name, names)
    return path.parent / near if near else None
