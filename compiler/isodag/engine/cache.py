"""Results of earlier runs, by key: `cache/<key>/<moment>/` holds one result, complete or absent.

Nothing in an entry changes once it is there, and a repeated step adds a new one beside it: runs
that refer to an entry keep what they saw, and two runs at once cannot spoil each other's.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from isodag.component import Component
from isodag.engine import results


def lookup(cache: Path, key: str, component: Component, not_before: float) -> results.Result | None:
    """The latest whole result of a key that finished at `not_before` (epoch seconds) or later."""
    try:
        moments = sorted(os.listdir(cache / key), reverse=True)
    except OSError:
        return None
    for moment in moments:
        found = results.read(cache / key / moment, component)
        if found is not None and found.finished >= not_before:
            return found
    return None


def place(cache: Path, key: str) -> Path:
    """Where to keep a new result of a key; names sort by time, and no two are alike."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    return cache / key / f"{moment}-{secrets.token_hex(3)}"
