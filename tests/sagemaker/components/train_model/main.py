"""A model that is a sum, learned in a training job."""

from pathlib import Path
from typing import Any

from isodag.runtime import run


def read(rows: Path) -> str:
    """The text of a file, or of every file in a folder."""
    files = sorted(rows.iterdir()) if rows.is_dir() else [rows]
    return "".join(file.read_text() for file in files)


def train_model(
    rows: Path,
    base: Path | None,
    extra: Path | None,
    model: Path,
    history: Path,
    *,
    rate: float = 0.1,
    layers: list[Any] = [8, 8],  # noqa: B006
) -> dict[str, float]:
    """Sum the rows, on top of `base`; `history` tells how."""
    start = float((base / "sum.txt").read_text()) if base is not None else 0.0
    total = start + sum(float(line) for line in read(rows).split())
    (model / "sum.txt").write_text(repr(total))
    history.mkdir()
    (history / "log.txt").write_text(f"{start} {rate} {layers} {extra is not None}\n")
    return {"loss": total}


if __name__ == "__main__":
    run(train_model)
