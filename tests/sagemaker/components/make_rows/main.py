"""Rows to play with: as many as asked for, and a value of every type."""

import json
from pathlib import Path
from typing import Any

from isodag.runtime import run


def make_rows(
    rows: Path,
    rows_index: Path,
    report: Path,
    *,
    count: int = 10,
    ratio: float = 0.5,
    shuffle: bool = True,
    label: str = "plain",
    options: dict[str, Any] = {},  # noqa: B006
    columns: list[Any] = [],  # noqa: B006
) -> dict[str, Any]:
    """Write the numbers 0 to `count`, one a line, and what was asked for into `report`."""
    rows.write_text("".join(f"{index}\n" for index in range(count)))
    rows_index.write_text("index\n")
    report.mkdir()
    asked = {"ratio": ratio, "shuffle": shuffle, "label": label, "options": options}
    (report / "asked.json").write_text(json.dumps({**asked, "columns": columns}))
    mean = (count - 1) / 2
    values = {"total": count, "mean": mean, "clean": True, "kind": label, "details": {"a": [1]}}
    return values


if __name__ == "__main__":
    run(make_rows)
