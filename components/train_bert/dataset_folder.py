"""What `dataset.json` says of a folder of tokenised rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from isodag.runtime import ComponentError


@dataclass(frozen=True)
class Split:
    """One split, as prepare_reviews wrote it.

    rows_by_tokens  number of rows by their number of tokens, padding not counted
    shards  TFRecord files of tf.train.Example: input_ids, attention_mask, token_type_ids (int64,
            max_length each), label (int64, an index in labels), review_id and text (bytes)
    """

    shards: tuple[str, ...]
    rows: int
    rows_by_tokens: Mapping[int, int]
    labels: tuple[str, ...]
    max_length: int
    vocab_size: int


def read_split(folder: Path, name: str) -> Split:
    """The split in `folder`.  Raises ComponentError, naming the input `name`, where it is none."""
    try:
        facts = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        split = Split(
            shards=tuple(str(folder / shard) for shard in facts["shards"]),
            rows=int(facts["rows"]),
            rows_by_tokens={int(n): int(rows) for n, rows in facts["rows_by_tokens"].items()},
            labels=tuple(facts["labels"]),
            max_length=int(facts["max_length"]),
            vocab_size=int(facts["vocab_size"]),
        )
    except (FileNotFoundError, NotADirectoryError):
        raise ComponentError(f"{name}: there is no dataset.json in `{folder}`") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ComponentError(f"{name}: dataset.json cannot be read: {error!r}") from None
    for shard in split.shards:
        if not Path(shard).is_file():
            raise ComponentError(f"{name}: shard `{Path(shard).name}` is missing")
    if not split.rows:
        raise ComponentError(f"{name}: there are no rows")
    return split
