"""A classifier and a test split in; how good it is, in numbers and on a page, out."""

from __future__ import annotations

import heapq
import json
import sys
from pathlib import Path

import numpy as np

import classification_metrics
import evaluation_page
from dataset_folder import Split, read_split
from isodag.runtime import ComponentError, quiet, run
from page_parts import Judged


def evaluate_classifier(
    model: Path,
    test: Path,
    report: Path,
    confusion: Path,
    page: Path,
    *,
    batch_size: int = 64,
    mistakes: int = 20,
) -> dict[str, float]:
    """Measure a classifier that train_bert made on rows that it has not seen.

    model      folder that train_bert wrote
    test       folder that prepare_reviews wrote, with the labels the model was trained on
    report     folder; `evaluation.json` is in SageMaker's model-quality layout
               (classification_metrics.report says what it holds)
    confusion  JSON, KFP's metadata of a ClassificationMetrics artifact
    page       HTML
    """
    split = read_split(test, "test")
    labels = _check(model, split)
    with quiet():
        from saved_classifier import predictions

    truth, predicted, worst = [], [], list[Judged]()
    for batch in predictions(model / "1", split, batch_size):
        guesses = batch.probabilities.argmax(axis=1)
        truth.append(batch.truth)
        predicted.append(guesses)
        wrong = [
            Judged(
                float(batch.probabilities[row, guesses[row]]),
                batch.ids[row],
                batch.texts[row],
                labels[batch.truth[row]],
                labels[guesses[row]],
            )
            for row in np.flatnonzero(guesses != batch.truth)
        ]
        worst = heapq.nlargest(mistakes, [*worst, *wrong], key=lambda item: item.confidence)
    found = classification_metrics.report(np.concatenate(truth), np.concatenate(predicted), labels)

    report.mkdir(parents=True, exist_ok=True)
    (report / "evaluation.json").write_text(_json(found), encoding="utf-8")
    measures = found["multiclass_classification_metrics"]
    rows = [{"row": list(row.values())} for row in measures["confusion_matrix"].values()]
    specs = [{"displayName": label} for label in labels]
    confusion.write_text(
        _json({"confusionMatrix": {"annotationSpecs": specs, "rows": rows}}), encoding="utf-8"
    )
    page.write_text(evaluation_page.page(found, worst), encoding="utf-8")
    accuracy, count = measures["accuracy"]["value"], found["dataset"]["item_count"]
    print(f"{accuracy:.3f} of {count} rows right", file=sys.stderr)
    return {"accuracy": accuracy, "macro_f1": found["macro_f1"], "rows": count}


def _check(model: Path, split: Split) -> list[str]:
    """The model's labels.  Raises ComponentError where model and split do not go together."""
    for name in ("1/saved_model.pb", "labels.json", "settings.json"):
        if not (model / name).is_file():
            raise ComponentError(f"model: there is no {name} in `{model}`")
    try:
        labels = json.loads((model / "labels.json").read_text(encoding="utf-8"))
        settings = json.loads((model / "settings.json").read_text(encoding="utf-8"))
        vocab_size = settings["vocab_size"]
    except (ValueError, TypeError, KeyError) as error:
        raise ComponentError(f"model: labels.json or settings.json is damaged: {error!r}") from None
    if tuple(labels) != split.labels:
        raise ComponentError(
            f"test has the labels {', '.join(split.labels)}, but the model was trained on"
            f" {', '.join(labels)}"
        )
    if split.vocab_size != vocab_size:
        raise ComponentError(
            f"test was tokenised with a vocabulary of {split.vocab_size} words, but the model"
            f" knows {vocab_size}: prepare with the checkpoint it was trained from"
        )
    return list(labels)


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    run(evaluate_classifier)
