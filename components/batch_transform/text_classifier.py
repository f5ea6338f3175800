"""A model folder of train_bert in, loaded once; what it says of texts out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isodag.runtime import ComponentError, quiet

DIGITS = 6  # of a probability; those after them depend on which rows share a batch
TOKENS = ("input_ids", "attention_mask", "token_type_ids")


@dataclass(frozen=True)
class Prediction:
    """What a model says of one text.

    label          the likeliest class, the first among equals
    probability    of that class
    probabilities  by class, in the order of the model's labels, to DIGITS decimals
    """

    label: str
    probability: float
    probabilities: dict[str, float]


class TextClassifier:
    """A classifier ready to answer.

    labels      the classes, in order
    max_length  tokens of a text that it reads, with the two special ones; the rest is not seen
    """

    def __init__(self, folder: Path) -> None:
        """Load the folder; some seconds.  Raises ComponentError where it is no classifier."""
        for name in ("1/saved_model.pb", "labels.json", "settings.json"):
            if not (folder / name).is_file():
                raise ComponentError(f"model: there is no {name} in `{folder}`")
        try:
            settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
            labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
            self.labels = [str(label) for label in labels]
            self.max_length = int(settings["max_length"])
        except (ValueError, TypeError, KeyError) as error:
            raise ComponentError(
                f"model: labels.json or settings.json is damaged: {error!r}"
            ) from None
        with quiet():
            import tensorflow as tf
            from transformers import AutoTokenizer
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        except Exception as error:  # a tokenizer may be wrong in more ways than the loader names
            raise ComponentError(f"model: the tokenizer cannot be read: {error}") from error
        try:
            # kept: the signature alone does not hold the weights
            self._model: Any = tf.saved_model.load(str(folder / "1"))
            self._predict: Any = self._model.signatures["serving_default"]
        except Exception as error:  # a damaged SavedModel fails in more ways than the loader names
            raise ComponentError(f"model: the SavedModel cannot be loaded: {error}") from error
        classes = self._predict.structured_outputs["probabilities"].shape[-1]
        if classes != len(self.labels):
            raise ComponentError(
                f"model: labels.json names {len(self.labels)} classes, the SavedModel has {classes}"
            )

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """A prediction for each text; one batch, as long as its longest text."""
        if not texts:
            return []
        tokens = self._tokenizer(
            list(texts), max_length=self.max_length, truncation=True, padding="longest",
            return_token_type_ids=True, return_tensors="np",
        )  # fmt: skip
        inputs = {name: tokens[name].astype("int32") for name in TOKENS}  # (batch, tokens)
        found = self._predict(**inputs)["probabilities"].numpy()  # (batch, classes)
        return [self._prediction(row) for row in found]

    def _prediction(self, row: Any) -> Prediction:
        shares = [round(float(share), DIGITS) for share in row]
        best = int(row.argmax())
        return Prediction(
            self.labels[best], shares[best], dict(zip(self.labels, shares, strict=True))
        )
