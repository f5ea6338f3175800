"""Tokenised reviews in, one folder of TFRecord shards and `dataset.json` out."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from host_share import Host
from review_table import Review


class Shards:
    """The shards of one split while they are written; row n goes to shard n modulo their number.

    Each row is a tf.train.Example of input_ids, attention_mask, token_type_ids (int64, max_length
    each), label (int64, the index in `labels`), review_id and text (UTF-8 bytes).
    Shards are written under another name and renamed when whole; `dataset.json` comes last.  Of
    several hosts each has shards and a dataset.json of its own, under names that no other uses.
    """

    def __init__(self, folder: Path, labels: Sequence[str], shards: int, host: Host) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.rows = folder, 0
        self.by_label, self.by_tokens = Counter[str](), Counter[int]()
        self._index = {label: index for index, label in enumerate(labels)}
        self._facts = host.file("dataset.json")
        first, of = shards * host.number, shards * host.hosts
        self._names = [f"part-{first + n:05d}-of-{of:05d}.tfrecord" for n in range(shards)]
        self._writers = [tf.io.TFRecordWriter(str(self._unfinished(name))) for name in self._names]

    def write(self, review: Review, tokens: Mapping[str, Sequence[int]]) -> None:
        """Append one review.  tokens: the three int64 features."""
        feature = {name: _integers(values) for name, values in tokens.items()}
        feature["label"] = _integers([self._index[review.label]])
        feature["review_id"] = _text(review.id)
        feature["text"] = _text(review.text)
        example = tf.train.Example(features=tf.train.Features(feature=feature))
        self._writers[self.rows % len(self._writers)].write(example.SerializeToString())
        self.rows += 1
        self.by_label[review.label] += 1
        self.by_tokens[sum(tokens["attention_mask"])] += 1

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Close the shards and write `dataset.json`: the counts, labels, shards and `facts`."""
        for writer, name in zip(self._writers, self._names, strict=True):
            writer.close()
            os.replace(self._unfinished(name), self.folder / name)
        content = {
            "rows": self.rows,
            "labels": list(self._index),
            "rows_by_label": {label: self.by_label[label] for label in self._index},
            "rows_by_tokens": dict(sorted(self.by_tokens.items())),
            "shards": self._names,
            **facts,
        }
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        unfinished = self._unfinished(self._facts)
        unfinished.write_text(text, encoding="utf-8")
        os.replace(unfinished, self.folder / self._facts)

    def _unfinished(self, name: str) -> Path:
        return self.folder / f".{name}.unfinished"


def _integers(values: Sequence[int]) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _text(value: str) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))
