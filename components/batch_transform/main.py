"""A text classifier and records in; the records with their predictions out."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from isodag.runtime import ComponentError, run
from line_scoring import MAX_LINE, answers
from record_files import files, lines
from text_classifier import TextClassifier

PROGRESS = 10_000  # records between two lines on stderr


def batch_transform(
    model: Path,
    records: Path,
    predictions: Path,
    *,
    text_column: str = "review_body",
    batch_size: int = 64,
    serving_image: str = "isodag/bert:1.0.0",
) -> None:
    """Score records with a classifier that train_bert made, a batch at a time.

    records      file or folder of JSON Lines, plain or gzip
    predictions  folder; `NAME.out` for each file NAME, a line for each of its lines
                 (line_scoring.answers says what it holds), never gzip

    On SageMaker the step is a native one (sagemaker.yaml), which alone uses serving_image.
    Raises ComponentError where a file cannot be read, and where there are records and none is good.
    """
    sources = files(records, "records")
    classifier = TextClassifier(model)
    rows, errors = 0, Counter[str]()
    for name, path in sources:
        scored = predictions / f"{name}.out"
        scored.parent.mkdir(parents=True, exist_ok=True)
        with scored.open("w", encoding="ascii") as file:
            found = lines(path, name, MAX_LINE)
            for answer in answers(found, classifier.classify, text_column, batch_size):
                file.write(answer.line + "\n")
                rows += 1
                if answer.error:
                    errors[answer.error.partition(":")[0]] += 1
                if rows % PROGRESS == 0:
                    print(f"{rows} records scored", file=sys.stderr, flush=True)
    bad = errors.total()
    worst = ", ".join(f"{count} {error}" for error, count in errors.most_common(3))
    if rows and bad == rows:
        raise ComponentError(f"records: none of {rows} can be scored: {worst}")
    print(
        f"{rows - bad} records scored, {bad} bad" + (f": {worst}" if bad else ""), file=sys.stderr
    )


if __name__ == "__main__":
    run(batch_transform)
