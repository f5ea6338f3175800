"""Raw reviews in; tokenised training, validation and test splits out.

The reviews are read twice, row by row: once to count, once to tokenise and write.  Memory does not
grow with them, but for 8 bytes a training row where classes are balanced.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from isodag.runtime import ComponentError, quiet, run
from review_split import SPLITS, Balance, split_of
from review_table import Columns, Record, Review, Unusable, records, review

BATCH = 1000  # reviews tokenised at once
PROGRESS = 100_000  # reviews between two lines on stderr
MAX_CLASSES = 1000
FEATURES = ("input_ids", "attention_mask", "token_type_ids")


def prepare_reviews(
    reviews: Path,
    checkpoint: Path,
    train: Path,
    validation: Path,
    test: Path,
    rejected: Path,
    metrics: Path,
    *,
    text_column: str = "review_body",
    label_column: str = "star_rating",
    id_column: str = "review_id",
    group_column: str = "",
    labels: list[str] = [],  # noqa: B006 - read only; the value of the spec's default, `[]`
    max_length: int = 128,
    validation_share: float = 0.1,
    test_share: float = 0.1,
    balance: bool = False,
    max_rows: int = 0,
    shards: int = 1,
    seed: int = 0,
) -> dict[str, int]:
    """Split reviews into training, validation and test, and tokenise them for BERT.

    reviews     file or folder of TSV, CSV or JSON Lines, plain or gzip, UTF-8
    checkpoint  Hugging Face folder of a BERT model: its config.json and tokenizer
    rejected    folder; `rejected.jsonl` has place, reason, detail and row of each row not used
    metrics     JSON object of counts

    A hash of group and seed decides the split: no group is torn apart, and a row stays in its
    split when others come or go.  Balancing takes rows from training only.
    """
    if validation_share + test_share >= 1:
        raise ComponentError("validation_share and test_share leave no share to train on")
    vocab_size = _check_checkpoint(checkpoint, max_length)
    columns = Columns(text_column, label_column, id_column, group_column or id_column)
    allowed = list(dict.fromkeys(str(label) for label in labels))
    balancing = Balance(seed) if balance else None

    def split(row: Review) -> str:
        return split_of(row, validation_share, test_share, seed)

    def read() -> _Rows:
        return _examined(records(reviews, columns), columns, allowed, max_rows)

    census = _count(read(), split, balancing, rejected)
    classes = allowed or _in_order(census.classes())
    _check(census, classes, label_column, balance)

    with quiet():
        from transformers import AutoTokenizer

        from example_shards import Shards
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(checkpoint), local_files_only=True)
    except Exception as error:  # a tokenizer may be wrong in more ways than the loader names
        raise ComponentError(f"checkpoint: the tokenizer cannot be read: {error}") from error
    folders = dict(zip(SPLITS, (train, validation, test), strict=True))
    written = {name: Shards(folder, classes, shards) for name, folder in folders.items()}
    kept = _kept(read(), split, balancing)
    done = truncated = 0
    while batch := list(islice(kept, BATCH)):
        tokens = tokenizer(
            [row.text for row in batch],
            max_length=max_length, truncation=True, padding="max_length",
            return_token_type_ids=True,
        )  # fmt: skip
        truncated += sum(bool(encoding.overflowing) for encoding in tokens.encodings)
        for index, row in enumerate(batch):
            written[split(row)].write(row, {name: tokens[name][index] for name in FEATURES})
        done += len(batch)
        if done % PROGRESS == 0:
            print(f"{done} reviews tokenised", file=sys.stderr, flush=True)
    for shard in written.values():
        shard.finish({"max_length": max_length, "vocab_size": vocab_size, "columns": vars(columns)})

    rows = {f"{name}_rows": written[name].rows for name in SPLITS}
    counts = {
        "rows_read": census.read,
        **rows,
        "balanced_away_rows": census.rows["train"].total() - written["train"].rows,
        "truncated_rows": truncated,
        "rejected_rows": census.unusable.total(),
        **{f"rejected_{reason}": count for reason, count in sorted(census.unusable.items())},
    }
    metrics.write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
    print(", ".join(f"{name} {count}" for name, count in counts.items()), file=sys.stderr)
    return rows


_Rows = Iterator[tuple[Record, Review | Unusable]]


@dataclass
class _Census:
    """What the first reading found: rows read, rows of each class in each split, rows unusable."""

    read: int = 0
    rows: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in SPLITS}
    )
    unusable: Counter[str] = field(default_factory=Counter)

    def classes(self) -> set[str]:
        return {label for counts in self.rows.values() for label in counts}


def _examined(rows: Iterator[Record], columns: Columns, allowed: list[str], limit: int) -> _Rows:
    """Every record with its review or what is wrong with it, up to `limit` reviews (0: all)."""
    usable = 0
    for record in rows:
        found = review(record, columns)
        if isinstance(found, Review) and allowed and found.label not in allowed:
            found = Unusable("unknown_label", f"`{found.label}` is not one of labels")
        yield record, found
        usable += isinstance(found, Review)
        if limit and usable == limit:
            return


def _count(
    rows: _Rows, split: Callable[[Review], str], balancing: Balance | None, rejected: Path
) -> _Census:
    """The first reading.  Writes what is unusable aside."""
    census = _Census()
    rejected.mkdir(parents=True, exist_ok=True)
    with (rejected / "rejected.jsonl").open("w", encoding="utf-8") as aside:
        for record, found in rows:
            census.read += 1
            if isinstance(found, Unusable):
                census.unusable[found.reason] += 1
                line = {"place": record.place, **vars(found), "row": record.values}
                aside.write(json.dumps(line) + "\n")
                continue
            name = split(found)
            census.rows[name][found.label] += 1
            if len(census.rows[name]) > MAX_CLASSES:
                raise ComponentError(f"label_column has more than {MAX_CLASSES} classes")
            if balancing and name == "train":
                balancing.show(found)
    return census


def _kept(
    rows: _Rows, split: Callable[[Review], str], balancing: Balance | None
) -> Iterator[Review]:
    """The second reading: the reviews that are written."""
    if balancing:
        balancing.settle()
    for _, found in rows:
        if isinstance(found, Review):
            if balancing is None or split(found) != "train" or balancing.stays(found):
                yield found


def _in_order(classes: set[str]) -> list[str]:
    """By value where all are numbers, else by name."""
    try:
        return sorted(sorted(classes), key=float)
    except ValueError:
        return sorted(classes)


def _check(census: _Census, classes: Sequence[str], label_column: str, balance: bool) -> None:
    """Raise ComponentError where no model can be trained and tested on the reviews."""
    usable = sum(counts.total() for counts in census.rows.values())
    if not census.read:
        raise ComponentError("reviews: there are no rows")
    if not usable:
        reasons = ", ".join(f"{count} {name}" for name, count in census.unusable.most_common())
        raise ComponentError(f"reviews: no row can be used, of {census.read}: {reasons}")
    if len(census.classes()) == 1:
        only = next(iter(census.classes()))
        raise ComponentError(f"column `{label_column}` has one class only, `{only}`")
    for name, counts in census.rows.items():
        if not counts:
            way_out = "give more reviews" if name == "train" else f"raise {name}_share"
            raise ComponentError(f"none of {usable} reviews falls into split {name}: {way_out}")
    for label in classes:
        if label not in census.rows["train"]:
            if balance:
                raise ComponentError(f"class `{label}` has no training rows to balance with")
            print(f"warning: class `{label}` has no training rows", file=sys.stderr)


def _check_checkpoint(checkpoint: Path, max_length: int) -> int:
    """The checkpoint's vocabulary size.  Raises ComponentError where it is no BERT model."""
    config = checkpoint / "config.json"
    tokenizers = [checkpoint / name for name in ("tokenizer.json", "vocab.txt")]
    if not config.is_file():
        raise ComponentError(f"checkpoint: there is no config.json in `{checkpoint}`")
    if not any(path.is_file() for path in tokenizers):
        raise ComponentError(f"checkpoint: no tokenizer.json and no vocab.txt in `{checkpoint}`")
    try:
        facts: Mapping[str, Any] = json.loads(config.read_text(encoding="utf-8"))
        kind, vocab_size = facts["model_type"], int(facts["vocab_size"])
        longest = int(facts["max_position_embeddings"])
    except (ValueError, TypeError, KeyError) as error:
        raise ComponentError(f"checkpoint: config.json is not a BERT model's: {error!r}") from None
    if kind != "bert":
        raise ComponentError(f"checkpoint: a `{kind}` model where a `bert` model is due")
    if max_length > longest:
        raise ComponentError(f"max_length {max_length} is above the checkpoint's {longest} tokens")
    return vocab_size


if __name__ == "__main__":
    run(prepare_reviews)
