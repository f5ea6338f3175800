"""model.tar.gz: a folder in, the same bytes for the same files out; and back, trusting nothing."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from isodag.runtime.errors import ComponentError, quoted

MAX_BYTES = 64 * 2**30  # of all files unpacked
MAX_MEMBERS = 100_000
_CHUNK = 2**18  # the largest read: a header whose own data claims more is not a header
_MAX_PADDING = 2**26  # zeros after the end; tar pads to 10 KiB
_LIMIT = "ISODAG_UNPACK_LIMIT"


class ArchiveError(ComponentError):
    """An archive that cannot be unpacked, or not safely."""


@dataclass(frozen=True)
class Limits:
    """How much an archive may unpack to."""

    bytes: int = MAX_BYTES
    members: int = MAX_MEMBERS


def limits() -> Limits:
    """The limits of this process: `$ISODAG_UNPACK_LIMIT` (bytes) or 64 GiB."""
    written = os.environ.get(_LIMIT, "")
    if written and not (written.isascii() and written.isdigit() and len(written) < 20):
        raise ArchiveError(f"${_LIMIT} is {quoted(written)}: write a number of bytes")
    return Limits(int(written)) if written else Limits()


# --- unpacking -------------------------------------------------------------------------------


def unpack(archive: Path, into: Path, within: str = "", allowed: Limits | None = None) -> None:
    """Unpack a tar, gzipped or not, into a folder.

    within  only the member of that name, a file or a folder with all it holds
    Raises ArchiveError: damaged, larger than allowed, or a member that would leave the folder
    (absolute or upward names, links to elsewhere, devices).
    """
    if not hasattr(tarfile, "data_filter"):
        raise ArchiveError(
            "unpacking needs Python 3.11.4 or later, which has tarfile's data filter"
        )
    visit = _Visit(archive.name, into, PurePosixPath(within).parts, allowed or limits())
    try:
        with _opened(archive) as raw:
            stream = _Stream(raw, archive.name)
            # no context manager: TarFile would close nothing of ours
            reader = tarfile.TarFile(fileobj=cast(IO[bytes], stream), copybufsize=_CHUNK)
            while (member := reader.next()) is not None:
                if visit.admits(member):
                    reader.extract(member, into, filter="data")
            stream.finish()
    except ComponentError:
        raise
    except tarfile.FilterError:
        raise ArchiveError(f"`{archive.name}`: a member would leave the folder") from None
    except (FileExistsError, IsADirectoryError, NotADirectoryError, gzip.BadGzipFile):
        raise _damaged(archive.name) from None
    except OSError as error:
        if error.errno not in (None, errno.ENAMETOOLONG, errno.EINVAL):
            raise  # this machine's trouble, not the archive's
        raise _damaged(archive.name) from None
    except (tarfile.TarError, EOFError, zlib.error, ValueError, RecursionError, OverflowError):
        raise _damaged(archive.name) from None
    if within and not visit.taken:
        raise ArchiveError(f"`{archive.name}` holds no `{within}`: {_content(visit.tops)}")


def _opened(archive: Path) -> IO[bytes]:
    with open(archive, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(archive) if packed else open(archive, "rb"))


def _damaged(name: str) -> ArchiveError:
    return ArchiveError(f"`{name}` is damaged, or not a tar archive")


def _content(tops: dict[str, None]) -> str:
    names = [quoted(name) for name in tops]
    more = ", …" if len(names) > 8 else ""
    return f"it holds {', '.join(names[:8])}{more}" if names else "it is empty"


@dataclass
class _Visit:
    """What was met so far in one archive, and whether the next member may be unpacked."""

    name: str
    into: Path
    within: tuple[str, ...]
    allowed: Limits
    members: int = 0
    bytes: int = 0
    taken: bool = False
    tops: dict[str, None] = field(default_factory=dict)  # first parts of names, in order
    files: set[tuple[str, ...]] = field(default_factory=set)
    links: set[tuple[str, ...]] = field(default_factory=set)

    def admits(self, member: tarfile.TarInfo) -> bool:
        """Whether to unpack the member; False for one that is not asked for."""
        self.members += 1
        if self.members > self.allowed.members:
            raise self._refused(f"holds more than {self.allowed.members} members")
        if member.size < 0:
            raise _damaged(self.name)
        parts = self._parts(member)
        if parts:
            self.tops.setdefault(parts[0])
        if parts[: len(self.within)] != self.within:
            return False
        self.taken = True
        if any(parts[:depth] in self.links for depth in range(1, len(parts) + 1)):
            raise self._refused(f"has {quoted(member.name)} go through a link")
        if member.issym():
            self._check_link(member, parts)
            self.links.add(parts)
        elif member.islnk():
            if PurePosixPath(member.linkname).parts not in self.files:
                raise self._refused(f"holds {quoted(member.name)}, a link to elsewhere")
        elif member.isreg():
            self._count(member)
            self.files.add(parts)
        elif not member.isdir():
            raise self._refused(f"holds {quoted(member.name)}, a device or a pipe")
        return bool(parts)

    def _parts(self, member: tarfile.TarInfo) -> tuple[str, ...]:
        parts = PurePosixPath(member.name).parts
        if member.name.startswith("/") or ".." in parts or "\0" in member.name:
            raise self._refused(f"holds {quoted(member.name)}, which would leave the folder")
        return parts

    def _check_link(self, member: tarfile.TarInfo, parts: tuple[str, ...]) -> None:
        """Upwards first and not above the top, then only downwards: never out, even via links.

        The folders above the link are real (nothing goes through a link), so leading `..` count
        true; from there every part is real or a link that keeps this rule itself.
        """
        target = PurePosixPath(member.linkname).parts
        ups = next((i for i, part in enumerate(target) if part != ".."), len(target))
        top = len(self.within)
        outside = member.linkname.startswith("/") or ups > len(parts) - 1 - top
        if outside or ".." in target[ups:] or parts in self.files or not target:
            raise self._refused(f"holds {quoted(member.name)}, a link to elsewhere")

    def _count(self, member: tarfile.TarInfo) -> None:
        self.bytes += member.size
        if self.bytes > self.allowed.bytes:
            raise self._refused(
                f"unpacks to more than {self.allowed.bytes} bytes: set ${_LIMIT} to allow more"
            )
        if member.size > _CHUNK and member.size > (free := shutil.disk_usage(self.into).free):
            raise self._refused(f"needs {member.size} bytes at {self.into}, {free} are free")

    def _refused(self, why: str) -> ArchiveError:
        return ArchiveError(f"`{self.name}` {why}")


class _Stream:
    """The bytes of a tar as tarfile reads them: forwards only, and no large read.

    tarfile reads a header's own data whole, so a header may claim gigabytes of memory; and a
    backward seek would unpack a gzip again from its start.
    """

    def __init__(self, raw: IO[bytes], name: str) -> None:
        self._raw = raw
        self._name = name
        self._position = 0
        self._last = b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes."""
        if not 0 <= size <= _CHUNK:
            raise _damaged(self._name)
        self._last = self._raw.read(size)
        self._position += len(self._last)
        return self._last

    def tell(self) -> int:
        """How many bytes of the tar were read."""
        return self._position

    def seek(self, position: int) -> None:
        """Skip forwards."""
        if position < self._position:
            raise _damaged(self._name)
        while position > self._position and self.read(min(_CHUNK, position - self._position)):
            pass

    def finish(self) -> None:
        """Check that the tar ended where its reader stopped, and the gzip's checksum.

        tarfile takes a header that it cannot read for the end of the archive.
        """
        end = self._position + _MAX_PADDING
        while not self._last.strip(b"\0") and self._position < end:
            if not self.read(_CHUNK):
                return
        raise _damaged(self._name)


# --- packing ---------------------------------------------------------------------------------


def pack(folder: Path, archive: Path) -> None:
    """Write a folder as .tar.gz: names in order, no times, no owners, so equal files give equal
    bytes.  Complete or not there at all.  Raises ComponentError for what is not file or folder.
    """
    part = archive.with_name(f".{archive.name}.{os.getpid()}.part")
    try:
        with (
            open(part, "wb") as file,
            gzip.GzipFile("", "wb", 6, file, mtime=0) as packed,
            tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for path, name in _walk(folder):
                _add(tar, path, name)
        os.replace(part, archive)
    finally:
        part.unlink(missing_ok=True)


def _walk(folder: Path) -> Iterator[tuple[Path, str]]:
    """Everything below a folder with its name relative to it, each folder before its content."""
    for root, folders, files in os.walk(folder, onerror=_raise):
        folders.sort()
        relative = Path(root).relative_to(folder)
        for name in sorted([*folders, *files]):
            yield Path(root, name), (relative / name).as_posix()


def _raise(error: OSError) -> None:
    raise error


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    info = tarfile.TarInfo(name)
    if path.is_symlink() or not (path.is_dir() or path.is_file()):
        raise ComponentError(
            f"{quoted(name)} is neither a file nor a folder: a model holds both only"
        )
    status: Any = path.stat()
    if path.is_dir():
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(info)
        return
    info.size, info.mode = status.st_size, 0o755 if status.st_mode & 0o100 else 0o644
    with open(path, "rb") as content:
        tar.addfile(info, content)
