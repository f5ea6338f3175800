"""An evaluation as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import page_parts
from page_parts import Judged


def page(report: Mapping[str, Any], mistakes: Sequence[Judged]) -> str:
    """The page.

    report    what classification_metrics.report gives
    mistakes  those to show, in this order
    """
    measures = report["multiclass_classification_metrics"]
    counts = [list(row.values()) for row in measures["confusion_matrix"].values()]
    labels = list(measures["confusion_matrix"])
    accuracy, rows = measures["accuracy"]["value"], report["dataset"]["item_count"]
    low, high = page_parts.interval(accuracy, rows)
    constant = measures["accuracy_best_constant_classifier"]["value"]
    facts = {
        "accuracy": f"{100 * accuracy:.1f} %",
        "95 % interval": f"{100 * low:.1f} to {100 * high:.1f} %",
        "macro F1": f"{report['macro_f1']:.3f}",
        "test rows": f"{rows:,}",
        "always the commonest class": f"{100 * constant:.1f} %",
    }
    sections = {
        "Confusion matrix": page_parts.matrix(labels, counts),
        "Classes": _classes(report["classes"]),
        "Worst mistakes": page_parts.table(mistakes, page_parts.WORST),
    }
    return page_parts.document("Evaluation", facts, sections)


def _classes(classes: Sequence[Mapping[str, Any]]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(score["label"])}</th><td>{score["precision"]:.3f}</td>'
        f"<td>{score['recall']:.3f}</td><td>{score['f1']:.3f}</td>"
        f"<td>{score['rows']:,}</td><td>{score['predicted']:,}</td></tr>"
        for score in classes
    )
    names = ("class", "precision", "recall", "F1", "rows", "predicted")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return f"""<table><caption>Precision: share right of what was predicted. Recall: share found of
what is there.</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"""
