"""The smallest model there is."""

import json
from pathlib import Path

from isodag.runtime import ComponentError, run


def fit_mean(numbers: Path, model: Path, *, shrink: float = 0.0) -> dict[str, float]:
    """Learn the mean of `numbers`, pulled towards zero by `shrink`, 0 to 1."""
    found = [float(line) for line in numbers.read_text().split()]
    if not found:
        raise ComponentError("there are no numbers to learn from")
    mean = (1 - shrink) * sum(found) / len(found)
    (model / "mean.json").write_text(json.dumps({"mean": mean}))
    return {"loss": sum((number - mean) ** 2 for number in found) / len(found)}


if __name__ == "__main__":
    run(fit_mean)
