"""What a check found, written for other programs: one module a format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from isodag.diagnostics import Diagnostic
from isodag.ignores import Ignored


@dataclass(frozen=True)
class Report:
    """What a check found.

    shown    the diagnostics, in order of place
    ignored  the warnings that a comment or the command line says not to show
    checked  how many definitions, values files and components were checked, by these words
    """

    shown: list[Diagnostic]
    ignored: list[Ignored] = field(default_factory=list)
    checked: Mapping[str, int] = field(default_factory=dict)
