"""Scored records that have labels by now in; how many were right, in numbers and on a page, out."""

from __future__ import annotations

import heapq
import sys
from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import Path

import page_parts
from isodag.runtime import ComponentError, run
from page_parts import MAX_TEXT, Judged
from scored_records import Failed, Scored, label, read

MAX_CLASSES = 1000
MAX_ERRORS = 20  # kinds of error that the page lists
EXAMPLES = 10  # predictions that the page shows, right or wrong


def measure_predictions(
    predictions: Path,
    page: Path,
    *,
    label_column: str = "star_rating",
    text_column: str = "review_body",
    mistakes: int = 20,
) -> dict[str, float]:
    """Compare predictions with labels that the model did not see.

    predictions  folder that batch_transform wrote
    page         HTML

    Raises ComponentError where no record has both a prediction and a label.
    """
    pairs, errors = Counter[tuple[str, str]](), Counter[str]()
    classes: dict[str, None] = {}  # the model's first, in its order
    worst: list[tuple[float, int, Judged]] = []  # a heap, the least of them first
    examples: list[Judged] = []
    unlabelled = 0
    for number, answer in enumerate(read(predictions)):
        if isinstance(answer, Failed):
            errors[answer.error.partition(":")[0]] += 1
            continue
        truth = label(answer, label_column)
        if not truth:
            unlabelled += 1
            continue
        classes.update(dict.fromkeys((*answer.classes, truth)))
        if len(classes) > MAX_CLASSES:
            raise ComponentError(f"label_column has more than {MAX_CLASSES} classes")
        pairs[truth, answer.predicted] += 1
        if len(examples) < EXAMPLES:
            examples.append(_judged(answer, truth, text_column))
        if truth != answer.predicted:
            found = _judged(answer, truth, text_column)
            heapq.heappush(worst, (found.confidence, -number, found))
            if len(worst) > mistakes:
                heapq.heappop(worst)
    rows, failed = pairs.total(), errors.total()
    rest = f"{failed} failed, {unlabelled} without `{label_column}`"
    if not rows:
        raise ComponentError(f"predictions: no row to compare: {rest}")
    accuracy = sum(count for (truth, said), count in pairs.items() if truth == said) / rows

    counts = [[pairs[truth, said] for said in classes] for truth in classes]
    constant = max(map(sum, counts)) / rows
    low, high = page_parts.interval(accuracy, rows)
    facts = {
        "accuracy": f"{100 * accuracy:.1f} %",
        "95 % interval": f"{100 * low:.1f} to {100 * high:.1f} %",
        "rows compared": f"{rows:,}",
        "not scored": f"{failed:,}",
        "without a label": f"{unlabelled:,}",
        "always the commonest class": f"{100 * constant:.1f} %",
    }
    shown = [row for _, _, row in sorted(worst, reverse=True)]
    sections = {
        "Predictions": page_parts.table(examples, f"The first {len(examples)} of {rows:,}."),
        "Confusion matrix": page_parts.matrix(list(classes), counts),
        "Records that were not scored": _errors(errors.most_common(MAX_ERRORS)),
        "Worst mistakes": page_parts.table(shown, page_parts.WORST),
    }
    page.write_text(page_parts.document("Predictions", facts, sections), encoding="utf-8")
    print(f"{accuracy:.3f} of {rows} rows right; {rest}", file=sys.stderr)
    return {"accuracy": accuracy, "rows": rows, "failed": failed}


def _judged(scored: Scored, truth: str, text_column: str) -> Judged:
    text = str(scored.record.get(text_column, ""))[: MAX_TEXT + 1]  # what the page would cut off
    return Judged(scored.probability, scored.place, text, truth, scored.predicted)


def _errors(counts: Sequence[tuple[str, int]]) -> str:
    if not counts:
        return "<p>None.</p>"
    rows = "".join(
        f'<tr><th scope="row">{escape(error)}</th><td>{count:,}</td></tr>'
        for error, count in counts
    )
    return f"""<table><thead><tr><th scope="col">error</th><th scope="col">records</th></tr></thead>
<tbody>{rows}</tbody></table>"""


if __name__ == "__main__":
    run(measure_predictions)
