"""train_bert learns, keeps its best epoch, and does the same again for the same seed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from isodag.runtime import ComponentError

pytest.importorskip("keras_hub")
Component = Callable[[str], Callable[..., dict[str, Any]]]
SETTINGS: dict[str, Any] = {"epochs": 3, "learning_rate": 0.01, "batch_size": 16, "seed": 1}


@dataclass(frozen=True)
class Trained:
    """What one training made."""

    model: Path
    metrics: dict[str, float]
    scalars: dict[str, float]

    def weights(self) -> str:
        """The digest of the saved weights."""
        data = self.model / "1" / "variables" / "variables.data-00000-of-00001"
        return sha256(data.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def train(
    component: Component, checkpoint: Path, toy: Any, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Trained]:
    """Train on the toy splits."""

    def run(**parameters: Any) -> Trained:
        folder = tmp_path_factory.mktemp("train")
        model, metrics = folder / "model", folder / "metrics"
        model.mkdir()
        splits = toy.folder / "train", toy.folder / "validation"
        scalars = component("train_bert")(
            *splits, checkpoint, model, metrics, **{**SETTINGS, **parameters}
        )
        return Trained(model, json.loads(metrics.read_text()), scalars)

    return run


@pytest.fixture(scope="module")
def trained(train: Callable[..., Trained]) -> Trained:
    """One training with SETTINGS."""
    return train()


def test_it_learns_a_task_that_one_word_decides(trained: Trained) -> None:
    assert trained.scalars["validation_accuracy"] >= 0.95


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    train: Callable[..., Trained], trained: Trained
) -> None:
    again, other = train(), train(seed=2)
    assert (trained.weights(), trained.metrics) == (again.weights(), again.metrics)
    assert trained.weights() != other.weights()


def test_the_model_kept_is_the_best_epochs(
    train: Callable[..., Trained], trained: Trained, component: Component, toy: Any, tmp_path: Path
) -> None:
    by_epoch = [trained.metrics[f"validation_accuracy_epoch_{epoch}"] for epoch in (1, 2, 3)]
    best = by_epoch.index(max(by_epoch)) + 1
    expected = {"validation_accuracy": max(by_epoch), "best_epoch": best}
    assert expected == trained.scalars
    # a training that ends with that epoch ends with those weights; later ones were dropped
    assert best < 3
    assert train(epochs=best).weights() == trained.weights()
    # what was saved has the accuracy that was reported
    outputs = [tmp_path / name for name in ("report", "confusion", "page")]
    found = component("evaluate_classifier")(trained.model, toy.folder / "validation", *outputs)
    assert pytest.approx(max(by_epoch), abs=1e-6) == found["accuracy"]


def test_the_model_folder_is_whole(trained: Trained, checkpoint: Path, toy: Any) -> None:
    files = {path.name for path in trained.model.iterdir()}
    assert {
        "1", "config.json", "vocab.txt", "tokenizer_config.json", "labels.json", "settings.json",
    } == files  # fmt: skip
    assert ["1", "5"] == json.loads((trained.model / "labels.json").read_text())
    settings = json.loads((trained.model / "settings.json").read_text())
    expected = {
        "epochs": 3, "learning_rate": 0.01, "batch_size": 16, "validation_batch_size": 64,
        "steps_per_epoch": 0, "validation_steps": 0, "freeze_encoder": False, "dropout": 0.1,
        "seed": 1, "max_length": 8, "vocab_size": 17, "best_epoch": trained.scalars["best_epoch"],
    }  # fmt: skip
    curves = settings.pop("curves")
    assert expected == settings
    assert {"best_epoch": settings["best_epoch"]} | {
        f"{name}_epoch_{n}": value
        for name, values in curves.items()
        for n, value in enumerate(values, 1)
    } == trained.metrics


def test_the_saved_model_serves_probabilities_whatever_the_padding(trained: Trained) -> None:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(trained.model / "1"))
    serve = loaded.signatures["serving_default"]

    def ask(ids: list[int], mask: list[int]) -> Any:
        tokens, real = tf.constant([ids]), tf.constant([mask])
        answer = serve(input_ids=tokens, attention_mask=real, token_type_ids=0 * tokens)
        return answer["probabilities"].numpy()[0]

    short, long = ask([2, 5, 3], [1, 1, 1]), ask([2, 5, 3, 0, 0, 0], [1, 1, 1, 0, 0, 0])
    assert pytest.approx(1.0, abs=1e-5) == short.sum()
    assert pytest.approx(short, abs=1e-5) == long
    assert 1 == short.argmax()  # `good` is 5 stars


def test_a_frozen_encoder_keeps_the_checkpoints_weights(
    train: Callable[..., Trained], checkpoint: Path
) -> None:
    import tensorflow as tf
    from safetensors.numpy import load_file

    frozen = train(freeze_encoder=True, epochs=1, steps_per_epoch=2, validation_steps=1)
    words = load_file(checkpoint / "model.safetensors")["embeddings.word_embeddings.weight"]
    reader = tf.train.load_checkpoint(str(frozen.model / "1" / "variables" / "variables"))
    saved = [reader.get_tensor(name) for name in reader.get_variable_to_shape_map()]
    assert any(value.shape == words.shape and (value == words).all() for value in saved)


def copied(toy: Any, tmp_path: Path) -> dict[str, Path]:
    """The toy splits, to be spoilt."""
    splits = ("train", "validation")
    return {s: Path(shutil.copytree(toy.folder / s, tmp_path / s)) for s in splits}


def change(path: Path, **facts: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


def refusal(component: Component, splits: dict[str, Path], checkpoint: Path, out: Path) -> str:
    """What training says instead of training."""
    (out / "model").mkdir()
    with pytest.raises(ComponentError) as caught:
        component("train_bert")(
            splits["train"], splits["validation"], checkpoint, out / "model", out / "metrics"
        )
    assert [] == list((out / "model").iterdir())
    return str(caught.value)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"labels": ["1", "4"]}, "train and validation have other labels: prepare them together"),
        ({"vocab_size": 30522}, "validation was tokenised with a vocabulary of 30522 words, but the checkpoint knows 17: prepare with this checkpoint"),
        ({"max_length": 64}, "validation has rows of 64 tokens, but the checkpoint takes 32"),
        ({"rows": 0}, "validation: there are no rows"),
        ({"shards": ["gone.tfrecord"]}, "validation: shard `gone.tfrecord` is missing"),
        ({"rows": "many"}, """validation: dataset.json cannot be read: ValueError("invalid literal for int() with base 10: 'many'")"""),
    ],
    ids=["labels", "vocabulary", "length", "no rows", "shard", "damaged"],
)  # fmt: skip
def test_splits_that_do_not_fit_are_refused(
    component: Component, checkpoint: Path, toy: Any, tmp_path: Path,
    facts: dict[str, Any], message: str,
) -> None:  # fmt: skip
    splits = copied(toy, tmp_path)
    change(splits["validation"] / "dataset.json", **facts)
    assert message == refusal(component, splits, checkpoint, tmp_path)


def test_a_folder_that_is_no_split_is_refused(
    component: Component, checkpoint: Path, toy: Any, tmp_path: Path
) -> None:
    splits = {**copied(toy, tmp_path), "train": tmp_path}
    expected = f"train: there is no dataset.json in `{tmp_path}`"
    assert expected == refusal(component, splits, checkpoint, tmp_path)


def test_a_damaged_shard_is_refused(
    component: Component, checkpoint: Path, toy: Any, tmp_path: Path
) -> None:
    splits = copied(toy, tmp_path)
    shard = splits["train"] / "part-00000-of-00001.tfrecord"
    shard.write_bytes(shard.read_bytes()[:-5])
    expected = "train or validation: a shard is damaged"
    assert expected == refusal(component, splits, checkpoint, tmp_path)


def test_a_checkpoint_without_weights_is_refused(
    component: Component, checkpoint: Path, toy: Any, tmp_path: Path
) -> None:
    bare = Path(shutil.copytree(checkpoint, tmp_path / "bare"))
    (bare / "model.safetensors").unlink()
    expected = f"checkpoint: there is no model.safetensors in `{bare}`"
    assert expected == refusal(component, copied(toy, tmp_path), bare, tmp_path)


def test_a_damaged_checkpoint_is_refused(
    component: Component, checkpoint: Path, toy: Any, tmp_path: Path
) -> None:
    broken = Path(shutil.copytree(checkpoint, tmp_path / "broken"))
    (broken / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    said = refusal(component, copied(toy, tmp_path), broken, tmp_path)
    assert said.startswith("checkpoint: the weights cannot be read: ")


def test_a_loss_that_is_no_number_ends_the_training(
    component: Component, checkpoint: Path, toy: Any, tmp_path: Path
) -> None:
    from safetensors.numpy import load_file, save_file

    broken = Path(shutil.copytree(checkpoint, tmp_path / "broken"))
    weights = load_file(broken / "model.safetensors")
    weights["embeddings.LayerNorm.bias"][:] = float("nan")
    save_file(weights, broken / "model.safetensors")
    expected = "the loss is no number at epoch 1, step 1: lower learning_rate"
    assert expected == refusal(component, copied(toy, tmp_path), broken, tmp_path)
