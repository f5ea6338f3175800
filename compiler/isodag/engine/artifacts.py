"""Artifacts on this machine: where they are, and sha256 digests of what they hold."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_RACY_NS = 2_000_000_000
_MEMO_CAP = 50_000


@dataclass(frozen=True)
class Artifact:
    """A file, a folder or a URI that components read themselves (`hf://`).

    place   absolute path, or the URI
    digest  of the content, where a step of ours made it; None: to be computed from the content
    """

    place: str
    digest: str | None = None


class Unreadable(Exception):
    """An artifact that cannot be digested; the message says which part and why."""


@dataclass(frozen=True)
class Stamp:
    """One file of an artifact: path inside ("" for an artifact that is a file), size, mtime."""

    inside: str
    size: int
    mtime_ns: int


def files(path: Path) -> Iterator[tuple[str, str, os.stat_result]]:
    """Every file of an artifact in one fixed order: path inside, path, status; links are followed.

    An empty folder inside is given too, with a `/` at its end.  Raises Unreadable for a link that
    leads nowhere or around in a circle, and for what is neither file nor folder.
    """
    pending = [("", os.fspath(path), frozenset[tuple[int, int]]())]
    while pending:
        inside, full, above = pending.pop()
        try:
            status = os.stat(full)
            if stat.S_ISREG(status.st_mode):
                yield inside, full, status
                continue
            if not stat.S_ISDIR(status.st_mode):
                raise Unreadable(f"`{full}` is neither a file nor a folder")
            identity = (status.st_dev, status.st_ino)
            if identity in above:
                raise Unreadable(f"`{full}` is a link to a folder that it lies in")
            names = sorted(os.listdir(full), reverse=True)
        except OSError as error:
            raise Unreadable(f"`{full}`: {error.strerror}") from error
        if not names and inside:
            yield inside + "/", full, status
        prefix = inside + "/" if inside else ""
        below = above | {identity}
        pending.extend((prefix + name, os.path.join(full, name), below) for name in names)


class Memo:
    """Digests of files from outside the store, remembered by path, size, times and inode.

    A file that changed within two seconds before it was read is not remembered: a second change
    might leave the same times (git's racy entries).  The memo is a convenience: a memo that cannot
    be read or written costs time, nothing else.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, list[object]] = {}
        self._changed = False
        if path is not None:
            try:
                known = json.loads(path.read_text("utf-8"))
                self._known = known if isinstance(known, dict) else {}
            except (OSError, ValueError, RecursionError):
                pass

    def digest(self, path: str, status: os.stat_result) -> str:
        """sha256 of a file's bytes, hexadecimal."""
        mark: list[object] = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        known = self._known.get(path)
        if isinstance(known, list) and known[:-1] == mark:
            return str(known[-1])
        found = file_digest(path)
        if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _RACY_NS:
            self._known[path] = [*mark, found]
            self._changed = True
        return found

    def save(self) -> None:
        """Write the memo, whole or not at all; the latest entries when there are very many."""
        if self._path is None or not self._changed:
            return
        latest = dict(list(self._known.items())[-_MEMO_CAP:])
        partial = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            partial.write_text(json.dumps(latest), "utf-8")
            partial.replace(self._path)
        except OSError:
            partial.unlink(missing_ok=True)


def file_digest(path: str) -> str:
    """sha256 of a file's bytes, hexadecimal.  Raises Unreadable."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Unreadable(f"`{path}`: {error.strerror}") from error


def digest(path: Path, memo: Memo | None = None) -> tuple[str, tuple[Stamp, ...]]:
    """The digest of a file's or folder's content, and the stamps of its files.

    A folder's covers paths inside and bytes; neither covers the artifact's own name, times or
    modes.  Raises Unreadable.
    """
    whole = hashlib.sha256()
    stamps = []
    for inside, full, status in files(path):
        stamps.append(Stamp(inside, status.st_size, status.st_mtime_ns))
        if inside.endswith("/"):
            content = "-"
        else:
            content = memo.digest(full, status) if memo else file_digest(full)
        name = inside.encode("utf-8", "surrogateescape")
        whole.update(b"%d %s %s\n" % (len(name), name, content.encode()))
    return whole.hexdigest(), tuple(stamps)


def unchanged(path: Path, known_digest: str, stamps: tuple[Stamp, ...]) -> bool:
    """Whether an artifact still is what it was: same files, sizes and times, or else same digest.

    A stamp of an empty folder ends in `/`, and only its name counts.
    """
    try:
        found = {inside: status for inside, _, status in files(path)}
        if found.keys() != {stamp.inside for stamp in stamps}:
            return False
        real = [stamp for stamp in stamps if not stamp.inside.endswith("/")]
        if any(found[stamp.inside].st_size != stamp.size for stamp in real):
            return False
        if all(found[stamp.inside].st_mtime_ns == stamp.mtime_ns for stamp in real):
            return True
        return digest(path)[0] == known_digest  # copied without its times, perhaps
    except Unreadable:
        return False
