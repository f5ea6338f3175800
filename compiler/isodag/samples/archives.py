"""Single members of pinned archives: an archive and a member's exact name in, its bytes out.

Nothing else of an archive is unpacked, and no path is ever made from a name inside it, so `../`,
absolute names, links and devices have nothing to act on.
"""

from __future__ import annotations

import stat
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

_CHUNK = 1 << 20  # bytes


class BadArchive(Exception):
    """The archive does not hold what it should; the message says what, on one line."""


def copy_from_zip(archive: Path, member: str, size: int, destination: Path) -> None:
    """Write the file `member` of a zip (a wheel is one) to `destination`.

    size  bytes that it must have; reading stops there, whatever the archive claims
    Raises BadArchive, and OSError where `destination` cannot be written.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            info = opened.getinfo(member)
            mode = info.external_attr >> 16  # 0 where the archive was not made on Unix
            if info.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
                raise BadArchive(f"`{member}` in {archive.name} is not a plain file")
            with opened.open(info) as source:
                _copy(source, destination, size, member)
    except KeyError:
        raise BadArchive(f"{archive.name} has no `{member}`") from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise BadArchive(f"{archive.name} is not a readable zip: {error}") from None


def read_from_tar(archive: IO[bytes], member: str, size: int) -> bytes:
    """The bytes of the file `member` of a tar, plain or gzip.

    size  bytes that it must have
    Raises BadArchive.
    """
    try:
        with tarfile.open(fileobj=archive) as opened:
            for info in opened:
                if info.name != member:
                    continue
                if not info.isreg():
                    raise BadArchive(f"`{member}` is not a plain file")
                if info.size != size:
                    raise BadArchive(f"`{member}` has {info.size} bytes instead of {size}")
                source = opened.extractfile(info)
                content = source.read() if source else b""
                if len(content) != size:
                    raise BadArchive(f"`{member}` ends after {len(content)} of {size} bytes")
                return content
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise BadArchive(f"it is not a readable tar: {error}") from None
    raise BadArchive(f"it has no `{member}`")


def _copy(source: IO[bytes], destination: Path, size: int, member: str) -> None:
    """Write exactly `size` bytes of `source`; raises BadArchive when it has fewer or more."""
    written = 0
    with destination.open("xb") as out:
        while chunk := source.read(min(_CHUNK, size + 1 - written)):
            written += len(chunk)
            if written > size:
                raise BadArchive(f"`{member}` has more than {size} bytes")
            out.write(chunk)
    if written != size:
        raise BadArchive(f"`{member}` ends after {written} of {size} bytes")
