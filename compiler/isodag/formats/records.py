"""A check's report as JSON, for programs.

schema_version  1; it changes when a key here changes its meaning or goes away
diagnostics     in order of place; each has code, severity (error, warning), file, line, column,
                end_line, end_column (all from 1; the end is exclusive; in characters), message,
                help (null where there is none), related (a list of message and place)
ignored         warnings that are not shown; as above, with reason (what the comment says, empty
                for --ignore) and by (comment, command)
summary         numbers: errors, warnings, ignored, and what was checked: definitions,
                values_files, components
"""

from __future__ import annotations

import json
from typing import Any

from isodag import diagnostics
from isodag.formats import Report


def write(report: Report) -> str:
    """The report as a JSON object, in ASCII: whatever the terminal's encoding, it can show it."""
    return json.dumps(as_json(report), indent=2)


def as_json(report: Report) -> dict[str, Any]:
    """The report as data."""
    counts = {
        f"{severity}s": sum(item.severity == severity for item in report.shown)
        for severity in ("error", "warning")
    }
    ignored = [
        {
            **diagnostics.record(item.diagnostic),
            "reason": item.reason,
            "by": "comment" if item.in_source else "command",
        }
        for item in report.ignored
    ]
    return {
        **diagnostics.as_json(report.shown),
        "ignored": ignored,
        "summary": {**counts, "ignored": len(ignored), **report.checked},
    }
