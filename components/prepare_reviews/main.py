"""Raw reviews in; tokenised training, validation and test splits out.

The reviews are read twice, row by row: once to count, once to tokenise and write.  Memory does not
grow with them, but for 8 bytes a training row where classes are balanced.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from host_meeting import exchange
from host_share import Host, this_host
from isodag.runtime import ComponentError, quiet, run
from review_census import Census, Rows, check, count, examined
from review_split import SPLITS, Balance, split_of
from review_table import Columns, Review, records

BATCH = 1000  # reviews tokenised at once
PROGRESS = 100_000  # reviews between two lines on stderr
PATIENCE = 3600.0  # seconds that a host with few reviews waits for one with many
FEATURES = ("input_ids", "attention_mask", "token_type_ids")


def prepare_reviews(
    reviews: Path,
    checkpoint: Path,
    train: Path,
    validation: Path,
    test: Path,
    unlabelled: Path,
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

    reviews     file or folder of TSV, CSV, JSON Lines (plain or gzip, UTF-8) or Parquet
    checkpoint  Hugging Face folder of a BERT model: its config.json and tokenizer
    unlabelled  folder; `unlabelled.jsonl` has the rows that have a text and no label, as they are
    rejected    folder; `rejected.jsonl` has place, reason, detail and row of each row not used
    metrics     JSON object of counts

    A hash of group and seed decides the split: no group is torn apart, and a row stays in its
    split when others come or go.  Balancing takes rows from training only.

    Several hosts of a SageMaker job share the work: each writes its own rows to files that carry
    its number, every n-th row where all have all reviews, or what it was given where they are
    sharded.  They tell each other what they counted: metrics and result are the totals on each.
    """
    if validation_share + test_share >= 1:
        raise ComponentError("validation_share and test_share leave no share to train on")
    vocab_size = _check_checkpoint(checkpoint, max_length)
    columns = Columns(text_column, label_column, id_column, group_column or id_column)
    allowed = list(dict.fromkeys(str(label) for label in labels))
    balancing = Balance(seed) if balance else None
    host = this_host(reviews)
    if host.sharded:
        _check_sharded(host, balance, max_rows)

    def split(row: Review) -> str:
        return split_of(row, validation_share, test_share, seed)

    def read() -> Rows:
        found = records(reviews, columns, may_be_none=host.sharded)
        return examined(found, columns, allowed, max_rows)

    whole, own = count(read(), split, balancing, host, unlabelled, rejected)
    if host.sharded:
        whole = Census.added(exchange(vars(own), host.number, host.names, PATIENCE))
    classes = allowed or whole.ordered_classes()
    check(whole, classes, label_column, balance)

    with quiet():
        from transformers import AutoTokenizer

        from example_shards import Shards
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(checkpoint), local_files_only=True)
    except Exception as error:  # a tokenizer may be wrong in more ways than the loader names
        raise ComponentError(f"checkpoint: the tokenizer cannot be read: {error}") from error
    folders = dict(zip(SPLITS, (train, validation, test), strict=True))
    written = {name: Shards(folder, classes, shards, host) for name, folder in folders.items()}
    kept = _kept(read(), split, balancing, host)
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

    counts = {
        "rows_read": own.read,
        **{f"{name}_rows": written[name].rows for name in SPLITS},
        "balanced_away_rows": own.rows["train"].total() - written["train"].rows,
        "truncated_rows": truncated,
        "unlabelled_rows": own.unlabelled,
        "rejected_rows": own.unusable.total(),
        **{f"rejected_{reason}": count for reason, count in sorted(own.unusable.items())},
    }
    if host.hosts > 1:
        counts = _added(exchange(counts, host.number, host.names, PATIENCE))
    metrics.write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
    print(", ".join(f"{name} {count}" for name, count in counts.items()), file=sys.stderr)
    return {
        name: counts[name] for name in (*(f"{name}_rows" for name in SPLITS), "unlabelled_rows")
    }


def _kept(
    rows: Rows, split: Callable[[Review], str], balancing: Balance | None, host: Host
) -> Iterator[Review]:
    """The second reading: the reviews that this host writes."""
    if balancing:
        balancing.settle()
    for number, (_, found) in enumerate(rows):
        if not isinstance(found, Review):
            continue
        if balancing is None or split(found) != "train" or balancing.stays(found):
            if host.has(number):
                yield found


def _added(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """The sums by name, in the order of the names; a name may be missing from some."""
    total = Counter[str]()
    for found in counts:
        total.update(found)
    return dict(total)


def _check_sharded(host: Host, balance: bool, max_rows: int) -> None:
    """Raise ComponentError for what nobody can do who sees a part of the reviews only."""
    for wrong, way_out in (
        (balance, "leave balance off, or replicate them"),
        (max_rows, "leave max_rows at 0, or replicate them"),
    ):
        if wrong:
            raise ComponentError(
                f"reviews are sharded over {host.hosts} hosts, none of which sees them all:"
                f" {way_out}"
            )


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
