"""What the `dataset.json` of a folder of tokenised rows says; of several hosts, all of theirs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from isodag.runtime import ComponentError

_OF_HOST = re.compile(r"dataset-[0-9]{5,}-of-([0-9]{5,})\.json")


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
    parts = [_read(folder, file, name) for file in _files(folder, name)]
    first, rows_by_tokens = parts[0], Counter[int]()
    for part in parts:
        rows_by_tokens.update(part.rows_by_tokens)
        for fact in ("labels", "max_length", "vocab_size"):
            if getattr(part, fact) != getattr(first, fact):
                raise ComponentError(f"{name}: the hosts that prepared it have other {fact}")
    split = Split(
        shards=tuple(shard for part in parts for shard in part.shards),
        rows=sum(part.rows for part in parts),
        rows_by_tokens=rows_by_tokens,
        labels=first.labels,
        max_length=first.max_length,
        vocab_size=first.vocab_size,
    )
    for shard in split.shards:
        if not Path(shard).is_file():
            raise ComponentError(f"{name}: shard `{Path(shard).name}` is missing")
    if not split.rows:
        raise ComponentError(f"{name}: there are no rows")
    return split


def _files(folder: Path, name: str) -> list[str]:
    """dataset.json, or the one that each of several hosts wrote."""
    there = {path.name for path in folder.glob("dataset*.json")}
    hosts = {int(found[1]) for file in there if (found := _OF_HOST.fullmatch(file))}
    if not hosts:
        return ["dataset.json"]
    if len(hosts) > 1 or "dataset.json" in there:
        raise ComponentError(
            f"{name}: several runs wrote to `{folder}`: {', '.join(sorted(there))}"
        )
    of = hosts.pop()
    wanted = [f"dataset-{number:05d}-of-{of:05d}.json" for number in range(of)]
    if missing := [file for file in wanted if file not in there]:
        raise ComponentError(f"{name}: there is no {missing[0]} in `{folder}`")
    return wanted


def _read(folder: Path, file: str, name: str) -> Split:
    """What one file says."""
    try:
        facts = json.loads((folder / file).read_text(encoding="utf-8"))
        return Split(
            shards=tuple(str(folder / shard) for shard in facts["shards"]),
            rows=int(facts["rows"]),
            rows_by_tokens={int(n): int(rows) for n, rows in facts["rows_by_tokens"].items()},
            labels=tuple(facts["labels"]),
            max_length=int(facts["max_length"]),
            vocab_size=int(facts["vocab_size"]),
        )
    except (FileNotFoundError, NotADirectoryError):
        raise ComponentError(f"{name}: there is no {file} in `{folder}`") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ComponentError(f"{name}: {file} cannot be read: {error!r}") from None
