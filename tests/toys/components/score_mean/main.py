"""How good is a mean?"""

import json
from pathlib import Path
from typing import Any

from isodag.runtime import run


def score_mean(model: Path, numbers: Path, report: Path, *, within: float = 2.0) -> dict[str, Any]:
    """The share of `numbers` within a distance of the mean in `model`."""
    mean = json.loads((model / "mean.json").read_text())["mean"]
    found = [float(line) for line in numbers.read_text().split()]
    near = sum(abs(number - mean) <= within for number in found)
    accuracy = near / len(found)
    report.mkdir()
    (report / "score.json").write_text(json.dumps({"accuracy": accuracy}))
    label = "good" if accuracy >= 0.5 else "bad"
    return {"accuracy": accuracy, "rows": len(found), "perfect": near == len(found), "label": label}


if __name__ == "__main__":
    run(score_mean)
