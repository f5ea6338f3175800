"""Numbers on a classifier: true and predicted classes in, the measures of SageMaker's report out.

The layout is SageMaker Model Monitor's for multiclass problems:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]  # (rows,), indices into the labels
MIN_ROWS_FOR_DEVIATION = 200  # of Model Monitor, which below that writes "NaN"
RESAMPLES, RESAMPLED_SHARE = 5, 0.8


@dataclass(frozen=True)
class ClassScore:
    """How one class fares.  0 stands for a ratio with nothing below the line.

    rows       that truly are of the class
    predicted  rows said to be of it
    precision  share right of those said to be of it; recall: share found of those that are
    """

    label: str
    rows: int
    predicted: int
    precision: float
    recall: float
    f1: float


def confusion_matrix(truth: Indices, predicted: Indices, classes: int) -> Indices:
    """Counts, (true class, predicted class)."""
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (truth, predicted), 1)
    return matrix


def class_scores(matrix: Indices, labels: Sequence[str]) -> list[ClassScore]:
    """The scores of each class, in the order of the labels."""
    rows, predicted, right = matrix.sum(axis=1), matrix.sum(axis=0), matrix.diagonal()
    precision, recall = _ratio(right, predicted), _ratio(right, rows)
    f1 = _f(1, precision, recall)
    return [
        ClassScore(
            label, *(column[i].item() for column in (rows, predicted, precision, recall, f1))
        )
        for i, label in enumerate(labels)
    ]


def report(truth: Indices, predicted: Indices, labels: Sequence[str]) -> dict[str, Any]:
    """The content of evaluation.json.

    `multiclass_classification_metrics` is Model Monitor's: the matrix by true, then predicted
    label; measures weighted by the classes' true rows, each with the same measure of the best
    constant classifier; standard deviations over 5 samples of 80 % of the rows, "NaN" below 200
    rows.  `classes` and `macro_f1`, the plain mean of the classes' F1, are ours.
    """
    constant = np.full_like(truth, np.bincount(truth, minlength=len(labels)).argmax())
    matrix = confusion_matrix(truth, predicted, len(labels))
    scores = class_scores(matrix, labels)
    samples = _samples(len(truth))
    return {
        "version": 0.0,
        "dataset": {"item_count": len(truth)},
        "multiclass_classification_metrics": {
            "confusion_matrix": {
                label: dict(zip(labels, row, strict=True))
                for label, row in zip(labels, matrix.tolist(), strict=True)
            },
            **_measured(truth, predicted, len(labels), samples, ""),
            **_measured(truth, constant, len(labels), samples, "_best_constant_classifier"),
        },
        "macro_f1": float(np.mean([score.f1 for score in scores])),
        "classes": [vars(score) for score in scores],
    }


def _measured(
    truth: Indices, predicted: Indices, classes: int, samples: list[Indices], suffix: str
) -> dict[str, dict[str, float | str]]:
    whole = _measures(truth, predicted, classes)
    resampled = [_measures(truth[rows], predicted[rows], classes) for rows in samples]
    return {
        name + suffix: {
            "value": value,
            "standard_deviation": float(np.std([measures[name] for measures in resampled]))
            if resampled
            else "NaN",
        }
        for name, value in whole.items()
    }


def _measures(truth: Indices, predicted: Indices, classes: int) -> dict[str, float]:
    matrix = confusion_matrix(truth, predicted, classes)
    rows, right = matrix.sum(axis=1), matrix.diagonal()
    precision, recall = _ratio(right, matrix.sum(axis=0)), _ratio(right, rows)
    by_class = {
        "weighted_recall": recall,
        "weighted_precision": precision,
        "weighted_f0_5": _f(0.5, precision, recall),
        "weighted_f1": _f(1, precision, recall),
        "weighted_f2": _f(2, precision, recall),
    }
    weighted = {name: float(np.average(x, weights=rows)) for name, x in by_class.items()}
    return {"accuracy": float(right.sum() / rows.sum()), **weighted}


def _samples(rows: int) -> list[Indices]:
    if rows < MIN_ROWS_FOR_DEVIATION:
        return []
    random = np.random.default_rng(0)
    size = round(RESAMPLED_SHARE * rows)
    return [random.choice(rows, size, replace=False) for _ in range(RESAMPLES)]


def _f(beta: float, precision: npt.NDArray[Any], recall: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The F measure that weighs recall beta times as much as precision (van Rijsbergen 1979)."""
    return _ratio((1 + beta**2) * precision * recall, beta**2 * precision + recall)


def _ratio(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> npt.NDArray[Any]:
    ratio: npt.NDArray[Any] = np.divide(above, below, out=np.zeros(len(below)), where=below > 0)
    return ratio
