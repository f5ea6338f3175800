"""A training job that tells scalars of every kind."""

from pathlib import Path

from isodag.runtime import run


def average(rows: Path, model: Path) -> dict[str, float | int | bool | str]:
    """The mean of some numbers."""
    files = sorted(rows.iterdir()) if rows.is_dir() else [rows]
    numbers = [float(line) for file in files for line in file.read_text().split()]
    mean = sum(numbers) / len(numbers)
    (model / "mean.txt").write_text(repr(mean))
    print(f"mean=0 loss: {mean}")  # a log holds more than what the runtime prints
    return {
        "mean": mean, "count": len(numbers), "rising": numbers == sorted(numbers), "unit": "m",
    }  # fmt: skip


if __name__ == "__main__":
    run(average)
