"""Logs of steps: their last lines made fit for a terminal, and why a step failed."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

_TAIL = 64 << 10  # bytes looked at
_GLANCE = 4 << 10
_ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-_])")
_OVERSTRIKE = re.compile(r"[^\x08]\x08")
_LINE_CAP = 500
PRINTED = "isodag: "  # the runtime prints scalars as `isodag: NAME=VALUE`


def tail(log: Path, count: int = 20) -> list[str]:
    """The last lines, at most `count`; empty lines at the end are dropped."""
    return _lines(log, _TAIL)[-count:]


def progress(log: Path) -> str:
    """The last line that says something; "" for none yet.

    Scalars that the runtime prints are left out: they are shown once the step is done.
    """
    lines = (line.strip() for line in reversed(_lines(log, _GLANCE)))
    return next((line for line in lines if line and not line.startswith(PRINTED)), "")


class Latest:
    """The last line of each growing log, read again only when the log has grown."""

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[int, str]] = {}

    def line(self, log: Path) -> str:
        """The line, "" for none."""
        try:
            size = os.stat(log).st_size
        except OSError:
            return ""
        known = self._seen.get(log)
        if known is None or known[0] != size:
            known = self._seen[log] = (size, progress(log))
        return known[1]


def reason_of(status: int, log: Path) -> str:
    """Why a step with this exit status (below 0: a signal) failed, in one line.

    That is the component's own `error: …` line, the last one, where it wrote one.
    """
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        memory = "; the machine may have run out of memory" if name == "SIGKILL" else ""
        return f"ended by {name}{memory}"
    for line in reversed(_lines(log, _TAIL)):
        if line.startswith("error: "):
            return line.removeprefix("error: ").strip() or f"exit status {status}"
    return f"exit status {status}"


def clean(text: str) -> str:
    """Text without what would move a terminal's cursor; of a redrawn line the last drawing."""
    text = _ESCAPE.sub("", text)
    while (shorter := _OVERSTRIKE.sub("", text)) != text:
        text = shorter
    drawings = [part for part in text.split("\r") if part.strip()]
    text = drawings[-1] if drawings else ""
    text = "".join(c if c.isprintable() else " " if c == "\t" else "" for c in text)
    return text if len(text) <= _LINE_CAP else text[: _LINE_CAP - 1] + "…"


def _lines(log: Path, size: int) -> list[str]:
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - size))
            content = file.read()
    except OSError:
        return []
    lines = [clean(line) for line in content.decode("utf-8", "replace").split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    return lines
