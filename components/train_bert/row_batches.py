"""A tokenised split in, batches of rows of about the same length out."""

from __future__ import annotations

import bisect
import math
from collections import Counter

import tensorflow as tf

from dataset_folder import Split

SHUFFLE_ROWS = 50_000  # rows held for shuffling, about 0.6 kB each at 64 tokens
LENGTHS = (17, 25, 33, 49, 65, 97, 129, 193, 257, 385)  # tokens; a batch keeps between two of them


def batches(split: Split, size: int, *, limit: int, seed: int | None = None) -> tf.data.Dataset:
    """Batches of (inputs, label): inputs are int32 (batch, tokens), label is int32 (batch,).

    Rows of about the same length share a batch, which is as long as its longest row.
    limit  batches at most, 0 for all
    seed   of the shuffling, in another order each time through; None: in the order of the files
    """
    fixed = tf.io.FixedLenFeature([split.max_length], tf.int64)
    features = {
        "input_ids": fixed, "attention_mask": fixed, "token_type_ids": fixed,
        "label": tf.io.FixedLenFeature([], tf.int64),
    }  # fmt: skip

    def parse(example: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        row = tf.io.parse_single_example(example, features)
        tokens = tf.reduce_sum(row["attention_mask"])
        names = {
            "token_ids": "input_ids",
            "padding_mask": "attention_mask",
            "segment_ids": "token_type_ids",
        }
        inputs = {ours: tf.cast(row[name][:tokens], tf.int32) for ours, name in names.items()}
        return inputs, tf.cast(row["label"], tf.int32)

    def length(inputs: dict[str, tf.Tensor], label: tf.Tensor) -> tf.Tensor:
        return tf.shape(inputs["token_ids"])[0]

    rows = tf.data.TFRecordDataset(list(split.shards))
    if seed is not None:
        rows = rows.shuffle(min(split.rows, SHUFFLE_ROWS), seed=seed)
    rows = rows.map(parse, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    sizes = [size] * (len(LENGTHS) + 1)
    found = rows.bucket_by_sequence_length(length, LENGTHS, sizes)  # padded with zeros
    count = _count_batches(split, size)
    count = min(count, limit or count)
    return found.take(count).apply(tf.data.experimental.assert_cardinality(count)).prefetch(2)


def _count_batches(split: Split, size: int) -> int:
    rows = Counter[int]()
    for tokens, count in split.rows_by_tokens.items():
        rows[bisect.bisect_right(LENGTHS, tokens)] += count
    return sum(math.ceil(count / size) for count in rows.values())
