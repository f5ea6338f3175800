"""Fine-tuning: a classifier and tokenised splits in; its best epoch's weights and the curves out.

One loop for one host and for several.  Each reads the same batches in the same order and takes its
rows of them; the gradients of all are added up, so that a batch changes the weights as it does on
one host, but for rounding and for which entries dropout draws.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dataset_folder import Split
from host_team import Team
from isodag.runtime import ComponentError
from row_batches import batches

PROGRESS = 10.0  # seconds between two progress lines

Inputs = dict[str, tf.Tensor]


@dataclass(frozen=True)
class Settings:
    """How to train; component.yaml says what each means and where it ends."""

    epochs: int
    learning_rate: float
    batch_size: int
    validation_batch_size: int
    steps_per_epoch: int
    validation_steps: int
    freeze_encoder: bool
    dropout: float
    seed: int


@dataclass(frozen=True)
class History:
    """What a training did.

    best_epoch  the epoch whose weights were kept, from 1
    curves      one number an epoch: train_loss, train_accuracy (while learning, with dropout),
                validation_loss, validation_accuracy
    """

    best_epoch: int
    curves: dict[str, list[float]]


class Mean:
    """Loss and accuracy over the batches added so far, in float32."""

    def __init__(self) -> None:
        self.loss = self.right = self.rows = np.float32(0)

    def add(self, loss: tf.Tensor, right: tf.Tensor, rows: int) -> None:
        """Take a batch: its mean loss, how many of its rows are right."""
        self.loss += loss.numpy() * np.float32(rows)
        self.right += right.numpy()
        self.rows += np.float32(rows)

    def shown(self) -> tuple[float, float]:
        """Loss and accuracy."""
        return float(self.loss / self.rows), float(self.right / self.rows)


def fit(
    model: keras.Model, train: Split, validation: Split, settings: Settings, team: Team
) -> History:
    """Train `model` in place; it is left with the weights of its best epoch.

    Best is the highest validation accuracy, the first among equals.  Raises ComponentError when
    the loss stops being a number, a shard cannot be read or another host goes away.
    """
    rows = batches(train, settings.batch_size, limit=settings.steps_per_epoch, seed=settings.seed)
    held_out = batches(validation, settings.validation_batch_size, limit=settings.validation_steps)
    learn, judge, total = _steps(model, settings.learning_rate, team, rows.element_spec)
    _draw_apart(model, team)
    progress = Progress(settings.epochs, len(rows))
    curves: dict[str, list[float]] = {
        f"{split}_{name}": [] for split in ("train", "validation") for name in ("loss", "accuracy")
    }
    weights: list[np.ndarray] = []
    best_epoch = 0
    try:
        for epoch in range(1, settings.epochs + 1):
            learned, judged = Mean(), Mean()
            for step, (inputs, labels) in enumerate(rows, 1):
                learned.add(*learn(inputs, labels), len(labels))
                progress.step(epoch, step, *learned.shown())
            iter(rows)  # passes over one order, as keras.Model.fit does: the same seed, its weights
            for inputs, labels in held_out:
                judged.add(*judge(inputs, labels), len(labels))
            judged.loss, judged.right = total([judged.loss, judged.right]).numpy()
            numbers = (*learned.shown(), *judged.shown())
            for values, number in zip(curves.values(), numbers, strict=True):
                values.append(number)
            if not weights or numbers[-1] > curves["validation_accuracy"][best_epoch - 1]:
                best_epoch, weights = epoch, model.get_weights()
            progress.epoch(epoch, *numbers)
    except tf.errors.DataLossError as error:
        raise ComponentError("train or validation: a shard is damaged") from error
    except tf.errors.OpError as error:
        if reason := team.lost(error):
            raise ComponentError(reason) from error
        raise
    model.set_weights(weights)
    return History(best_epoch, curves)


def _steps(
    model: keras.Model, learning_rate: float, team: Team, batch: Any
) -> tuple[Any, Any, Any]:
    """Three functions: one changes the weights by a batch, one only judges it, one adds up.

    batch  the tf.TypeSpec of (inputs, labels)

    `learn` gives a batch's mean loss and how many of its rows are right; `judge` gives this host's
    part of the two, of which `total` gives the sum over all hosts.
    """
    optimizer = keras.optimizers.Adam(learning_rate, clipnorm=1.0)
    optimizer.build(model.trainable_variables)

    def part(inputs: Inputs, labels: tf.Tensor, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        size = tf.cast(tf.shape(labels)[0], tf.float32)  # of the whole batch
        own, labels = {name: team.own(x) for name, x in inputs.items()}, team.own(labels)
        scores = model(own, training=training)  # (rows, classes)
        losses = keras.losses.sparse_categorical_crossentropy(labels, scores, from_logits=True)
        right = tf.equal(tf.argmax(scores, axis=-1, output_type=tf.int32), labels)
        return tf.reduce_sum(losses) / size, tf.reduce_sum(tf.cast(right, tf.float32))

    @tf.function(input_signature=batch)
    def learn(inputs: Inputs, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            loss, right = part(inputs, labels, training=True)
        gradients = tape.gradient(loss, model.trainable_weights)
        loss, right, *gradients = team.total([loss, right, *gradients])
        optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
        return loss, right

    @tf.function(input_signature=batch)
    def judge(inputs: Inputs, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return part(inputs, labels, training=False)

    @tf.function(input_signature=[tf.TensorSpec([2], tf.float32)])
    def total(numbers: tf.Tensor) -> tf.Tensor:
        return team.total([numbers])[0]

    return learn, judge, total


def _draw_apart(model: keras.Model, team: Team) -> None:
    """Let dropout draw otherwise on each host: else the n-th rows of all would lose the same."""
    for variable in model.non_trainable_variables:
        if variable.dtype == "uint32":  # a generator's state: its seed, and how often it drew
            variable.assign_add([team.host.number, 0])


class Progress:
    """Lines on stderr: where the training is, how fast, and how long to its end."""

    def __init__(self, epochs: int, steps: int) -> None:
        """steps: of one epoch"""
        self._epochs, self._steps = epochs, steps
        self._begun = self._said = self._first = time.monotonic()

    def step(self, epoch: int, step: int, loss: float, accuracy: float) -> None:
        """After a step; numbers from 1.  Raises ComponentError where the loss is no number."""
        if not math.isfinite(loss):
            where = f"epoch {epoch}, step {step}"
            raise ComponentError(f"the loss is no number at {where}: lower learning_rate")
        now = time.monotonic()
        done = (epoch - 1) * self._steps + step
        if done == 1:
            self._first = now  # the first step is slow: it compiles the training graph
        elif now - self._said >= PROGRESS:
            self._said = now
            speed = (done - 1) / (now - self._first)  # validation counts as time spent
            left = (self._epochs * self._steps - done) / speed
            _say(
                f"epoch {epoch}/{self._epochs}  step {step}/{self._steps}"
                f"  loss {loss:.3f}  accuracy {accuracy:.3f}"
                f"  {speed:.2f} steps/s  {left // 60:.0f}:{left % 60:02.0f} left"
            )

    def epoch(self, epoch: int, loss: float, accuracy: float, *validation: float) -> None:
        """After an epoch and its validation, loss then accuracy."""
        took = time.monotonic() - self._begun
        _say(
            f"epoch {epoch}/{self._epochs} done after {took:.0f} s"
            f"  loss {loss:.3f}  accuracy {accuracy:.3f}"
            f"  validation loss {validation[0]:.3f}  accuracy {validation[1]:.3f}"
        )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
