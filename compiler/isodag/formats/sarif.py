"""A check's report as SARIF 2.1.0, which code-scanning services read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html;
§ numbers in this module are its sections.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from isodag import __version__, pages
from isodag.diagnostics import Diagnostic
from isodag.formats import Report
from isodag.ignores import Ignored
from isodag.source import Span

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
ROOT = "%SRCROOT%"


def write(report: Report) -> str:
    """The report as a SARIF log, in ASCII."""
    return json.dumps(as_json(report), indent=2)


def as_json(report: Report) -> dict[str, Any]:
    """The report as data: one run, with the ignored warnings as suppressed results."""
    found: list[tuple[Diagnostic, Ignored | None]] = [(item, None) for item in report.shown]
    found += [(item.diagnostic, item) for item in report.ignored]
    codes = sorted({item.code for item, _ in found})
    index = {code: number for number, code in enumerate(codes)}
    driver = {
        "name": "isodag",
        "semanticVersion": __version__,
        "rules": [_rule(code) for code in codes],
    }
    root = {"description": {"text": "The folder that isodag was run in."}}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {ROOT: root},
                "results": [_result(item, index[item.code], off) for item, off in found],
            }
        ],
    }


def _rule(code: str) -> dict[str, Any]:
    page = pages.page(code)
    level = "warning" if code.startswith("W") else "error"
    return {
        "id": code,
        "shortDescription": {"text": page.title},
        "fullDescription": {"text": page.summary},
        "help": {"text": page.text, "markdown": page.text},
        "defaultConfiguration": {"level": level},
    }


def _result(item: Diagnostic, index: int, off: Ignored | None) -> dict[str, Any]:
    text = item.message if item.help is None else f"{item.message}\nhelp: {item.help}"
    result: dict[str, Any] = {
        "ruleId": item.code,
        "ruleIndex": index,
        "level": item.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": _place(item.span)}],
        # all results have the key or none (§3.27.23)
        "suppressions": [] if off is None else [_suppression(off)],
    }
    if item.related:
        result["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _place(other.span),
                "message": {"text": other.message},
            }
            for number, other in enumerate(item.related)
        ]
    return result


def _suppression(off: Ignored) -> dict[str, str]:
    """§3.35; what the command line ignores stands nowhere in the source."""
    suppression = {"kind": "inSource" if off.in_source else "external", "status": "accepted"}
    return {**suppression, "justification": off.reason} if off.reason else suppression


def _place(span: Span) -> dict[str, Any]:
    """Lines and columns count from 1, and the end column is exclusive: as ours (§3.30)."""
    return {
        "artifactLocation": _artifact(span.path),
        "region": {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        },
    }


def _artifact(path: str) -> dict[str, str]:
    """A file below the working folder relative to it, another by its whole URI (§3.4.3)."""
    plain = os.path.normpath(path)
    if os.path.isabs(plain) or plain.startswith(".."):
        absolute = Path(os.path.abspath(plain))
        if not absolute.is_relative_to(Path.cwd()):
            return {"uri": absolute.as_uri()}
        plain = str(absolute.relative_to(Path.cwd()))
    # a colon in the first part of a relative URI would end a scheme (RFC 3986 §4.2)
    return {"uri": quote(os.fsencode(plain), safe="/"), "uriBaseId": ROOT}
