"""A SavedModel and a split in; each row with its true class and the model's probabilities out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dataset_folder import Split
from isodag.runtime import ComponentError

TOKENS = ("input_ids", "attention_mask", "token_type_ids")


@dataclass(frozen=True)
class Batch:
    """Some rows, in the order of the split's files.

    ids, texts     of the reviews
    truth          int64 (rows,), indices into the labels
    probabilities  float32 (rows, classes)
    """

    ids: list[str]
    texts: list[str]
    truth: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]


def predictions(model: Path, split: Split, size: int) -> Iterator[Batch]:
    """The split through the model, `size` rows at a time, each batch cut to its longest row.

    Raises ComponentError for a model or a shard that cannot be read.
    """
    try:
        loaded = tf.saved_model.load(str(model))
        predict: Any = loaded.signatures["serving_default"]
    except Exception as error:  # a damaged SavedModel fails in more ways than the loader names
        raise ComponentError(f"model: the SavedModel cannot be loaded: {error}") from error
    tokens = tf.io.FixedLenFeature([split.max_length], tf.int64)
    features = {
        **dict.fromkeys(TOKENS, tokens),
        "label": tf.io.FixedLenFeature([], tf.int64),
        "review_id": tf.io.FixedLenFeature([], tf.string),
        "text": tf.io.FixedLenFeature([], tf.string),
    }
    try:
        for examples in tf.data.TFRecordDataset(list(split.shards)).batch(size):
            rows = tf.io.parse_example(examples, features)
            longest = tf.reduce_max(tf.reduce_sum(rows["attention_mask"], axis=1))
            inputs = {name: tf.cast(rows[name][:, :longest], tf.int32) for name in TOKENS}
            yield Batch(
                [value.decode() for value in rows["review_id"].numpy()],
                [value.decode() for value in rows["text"].numpy()],
                rows["label"].numpy(),
                predict(**inputs)["probabilities"].numpy(),
            )
    except tf.errors.DataLossError as error:
        raise ComponentError("test: a shard is damaged") from error
