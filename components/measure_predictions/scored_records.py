"""What batch_transform wrote: a folder of lines in, predictions and errors one at a time out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isodag.runtime import ComponentError
from record_files import files, lines

MAX_LINE = 64 * 2**20  # bytes; an answer writes a record of 6 MiB with up to six bytes a character


@dataclass(frozen=True)
class Scored:
    """A record with its prediction.  place: `file:line`; classes: what the model chose from."""

    place: str
    record: Mapping[str, Any]
    predicted: str
    probability: float
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Failed:
    """A record that could not be scored, and why."""

    error: str


def read(predictions: Path) -> Iterator[Scored | Failed]:
    """Every answer of the folder, in the order of its files and lines.

    Raises ComponentError for a file that cannot be read and a line that is no answer.
    """
    for name, path in files(predictions, "predictions"):
        for number, line in enumerate(lines(path, name, MAX_LINE), 1):
            if line.strip():  # where SageMaker joined two files of answers there may be a blank one
                yield _answer(line, f"{name}:{number}")


def _answer(line: bytes, place: str) -> Scored | Failed:
    try:
        content = json.loads(line)
        if "prediction" not in content:
            return Failed(str(content["error"]))
        found = content["prediction"]
        return Scored(
            place, content, str(found["label"]), float(found["probability"]),
            tuple(found["probabilities"]),
        )  # fmt: skip
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ComponentError(
            f"{place}: neither a prediction nor an error, as batch_transform writes them"
        ) from None


def label(scored: Scored, column: str) -> str:
    """The true class of a record, written as prepare_reviews writes it; empty where it has none.

    Raises ComponentError where it is no text or number.
    """
    value = scored.record.get(column)
    if isinstance(value, dict | list):
        raise ComponentError(f"{scored.place}: `{column}` is neither text nor number")
    if value is None or value != value:  # NaN: some tables' word for nothing
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value).strip()
    return re.sub(r"^([-+]?[0-9]+)\.0*$", r"\1", text)
