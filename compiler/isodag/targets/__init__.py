"""Targets: each turns the IR into the definition of one platform.

A target is a module with `KEYS` (the keys of its `targets:` block) and
`emit(pipeline) -> Emitted`.  Platform facts live in a target and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isodag.diagnostics import Diagnostic


@dataclass(frozen=True)
class Emitted:
    """What a target makes of a pipeline.

    files        bytes by file name; empty when a diagnostic is an error
    manifest     what the definition cannot hold: images, outputs, settings given at submission
    diagnostics  what the platform cannot do, at the task's place
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
