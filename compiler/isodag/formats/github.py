"""A check's report as GitHub workflow commands, which annotate the lines of a pull request.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from isodag.diagnostics import Diagnostic
from isodag.formats import Report


def write(report: Report) -> str:
    """One line a diagnostic: `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=E203::…`."""
    return "\n".join(_command(item) for item in report.shown)


def _command(item: Diagnostic) -> str:
    span = item.span
    properties: dict[str, str | int] = {}
    if not span.path.startswith("--set"):
        properties = {"file": span.path, "line": span.line}
        if span.end_line == span.line:
            # columns only within one line:
            # https://docs.github.com/en/rest/checks/runs#create-a-check-run (annotations)
            properties["col"] = span.column
            properties["endLine"] = span.end_line
            properties["endColumn"] = span.end_column
        else:
            properties["endLine"] = span.end_line
    properties["title"] = item.code
    lines = [item.message]
    for other in item.related:
        place = f"{other.span.path}:{other.span.line}:{other.span.column}"
        lines.append(f"note: {other.message} ({place})")
    if item.help:
        lines.append(f"help: {item.help}")
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{item.severity} {listed}::{_data(chr(10).join(lines))}"


def _data(text: str) -> str:
    """Escaped as actions/toolkit's command.ts does (escapeData)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escaped as actions/toolkit's command.ts does (escapeProperty)."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
