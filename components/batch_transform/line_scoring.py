"""JSON Lines in, each line with its prediction out: the same for a file and for a request's body.

Every line gets one answer, so that the n-th answer belongs to the n-th line.  A blank line is a
record too, and a bad one: SageMaker's transform jobs split a file at every line end (`SplitType:
Line`, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformInput.html).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from text_classifier import Prediction

MAX_LINE = 6 * 2**20  # bytes; what one request of a SageMaker transform job holds by default
MAX_BATCH = 8 * 2**20  # bytes of lines held at a time, but for the last of them
MAX_SHOWN = 2_000  # characters of a bad record that its answer repeats

Classify = Callable[[Sequence[str]], Sequence[Prediction]]


@dataclass(frozen=True)
class Answer:
    """What a line gets.

    line   JSON on one line, ASCII, no line end
    error  why the record cannot be scored; empty where it was
    """

    line: str
    error: str = ""


@dataclass(frozen=True)
class _Record:
    """A record as read: what to say of it, and the text to classify or what is wrong."""

    content: Any
    text: str
    error: str = ""


def answers(
    lines: Iterable[bytes], classify: Classify, text_column: str, batch_size: int
) -> Iterator[Answer]:
    """An answer for each line, in order; `batch_size` lines are held at a time, fewer long ones.

    lines        without their ends; of one longer than MAX_LINE, its beginning is enough
    text_column  key of the text in each line's object

    A good record is its object with the key `prediction` set; a bad one is the object
    {"error": reason, "record": it, or its beginning where it is long}.
    """
    for held in _batches(lines, batch_size):
        batch = [_read(line, text_column) for line in held]
        found = iter(classify([record.text for record in batch if not record.error]))
        for record in batch:
            if record.error:
                content = {"error": record.error, "record": record.content}
                yield Answer(json.dumps(content), record.error)
            else:
                yield Answer(json.dumps({**record.content, "prediction": vars(next(found))}))


def _batches(lines: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    held = 0
    for line in lines:
        batch.append(line)
        held += len(line)
        if len(batch) == size or held >= MAX_BATCH:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _read(line: bytes, text_column: str) -> _Record:
    if len(line) > MAX_LINE:
        return _bad(line, f"longer than {MAX_LINE} bytes")
    if not line.strip():
        return _bad(line, "blank line")
    try:
        record = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse)
        json.dumps(record, allow_nan=False)  # 1e999 is read as infinity, which JSON cannot say
    except UnicodeDecodeError as error:
        return _bad(line, f"not UTF-8: byte 0x{error.object[error.start]:02x}")
    except (ValueError, RecursionError) as error:
        return _bad(line, f"not JSON: {error}")
    if not isinstance(record, dict):
        return _bad(line, "not a JSON object")
    shown = record if len(line) <= MAX_SHOWN else _shown(line)
    if text_column not in record:
        return _Record(shown, "", f"no `{text_column}`")
    text = record[text_column]
    if text is not None and not isinstance(text, str):
        return _Record(shown, "", f"`{text_column}` is not text")
    if not (text or "").strip():
        return _Record(shown, "", f"`{text_column}` is empty")
    if any("\ud800" <= character <= "\udfff" for character in text):
        return _Record(shown, "", f"`{text_column}` holds half a surrogate pair")
    return _Record(record, text)


def _bad(line: bytes, error: str) -> _Record:
    return _Record(_shown(line), "", error)


def _shown(line: bytes) -> str:
    # a character has at most four bytes
    text = line[: 4 * MAX_SHOWN + 4].decode("utf-8", "replace")
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")
