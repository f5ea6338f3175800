"""What a step prints, with `***` in place of its secrets: bytes in, bytes out, as they come."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterable
from typing import BinaryIO
from urllib.parse import quote

MASK = b"***"
_LINE = 8  # characters from which on a line of a secret is looked for by itself


class Mask:
    """Replaces secrets in a stream, also those that arrive in pieces.

    Looked for are a secret's text, its lines where it has several, and the text as JSON and URLs
    spell it.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        spelt = {form for text in secrets for form in _spellings(text)}
        self._forms = sorted((form.encode("utf-8", "surrogateescape") for form in spelt), key=len)
        longest_first = b"|".join(re.escape(form) for form in reversed(self._forms))
        self._pattern = re.compile(longest_first)
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """What can be shown now; an end that may be the beginning of a secret waits."""
        self._rest += data
        keep = self._unsure(self._rest)
        done, at = [], 0
        for match in self._pattern.finditer(self._rest):
            if match.end() > len(self._rest) - keep:
                keep = max(keep, len(self._rest) - match.start())
                break
            done += [self._rest[at : match.start()], MASK]
            at = match.end()
        cut = max(at, len(self._rest) - keep)
        done.append(self._rest[at:cut])
        self._rest = self._rest[cut:]
        return b"".join(done)

    def end(self) -> bytes:
        """What is left when the stream has ended."""
        rest, self._rest = self._rest, b""
        return self._pattern.sub(MASK, rest)

    def _unsure(self, data: bytes) -> int:
        """How many bytes at the end may begin a secret that is longer."""
        most = 0
        for form in self._forms:
            at = data.find(form[:1], max(0, len(data) - len(form) + 1))
            while at >= 0 and not form.startswith(data[at:]):
                at = data.find(form[:1], at + 1)
            most = max(most, len(data) - at if at >= 0 else 0)
        return most


def _spellings(text: str) -> set[str]:
    inside = json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]
    lines = [line.strip() for line in text.splitlines()]
    parts = {line for line in lines if len(line) >= _LINE} if len(lines) > 1 else set()
    return {text, *inside, quote(text, safe=""), *parts} - {""}


class Masked:
    """A pipe that a process writes to; a thread brings what comes into a file, masked.

    writer  the end for the process; `close_writer` once it has it
    """

    def __init__(self, file: BinaryIO, secrets: Iterable[str]) -> None:
        """Take over the file, which is closed at the end."""
        self._reader, self.writer = os.pipe()
        self._file, self._mask = file, Mask(secrets)
        self._thread = threading.Thread(target=self._copy, name="masking", daemon=True)
        self._thread.start()

    def close_writer(self) -> None:
        """Only the process holds the pipe from now on."""
        os.close(self.writer)

    def finish(self, seconds: float) -> None:
        """Wait until all is written, or so long: what has left the process's group may hold on."""
        self._thread.join(seconds)

    def _copy(self) -> None:
        with self._file, os.fdopen(self._reader, "rb", buffering=0) as reader:
            while data := reader.read(1 << 16):
                self._write(self._mask.feed(data))
            self._write(self._mask.end())

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
            self._file.flush()
        except OSError:
            pass  # a full disk: the step must not stop at a pipe that nobody reads
