"""The library's functions, and a BERT checkpoint and reviews small enough to train in seconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from isodag.runtime import function
from isodag.runtime.spec import Spec, read

LIBRARY = Path(__file__).parents[2] / "components"
ALL = sorted(path.parent.name for path in LIBRARY.glob("*/component.yaml"))
COMPONENTS = [name for name in ALL if read(LIBRARY / name).image]  # those that run in a container
OUTPUTS = ("train", "validation", "test", "unlabelled", "rejected", "metrics")
SHORT = {"max_length": 8, "validation_share": 0.25, "test_share": 0.25}
WORDS = ("good", "bad", "the", "a", "it", "is", "was", "works", "breaks", "camera", "phone", "box")


@dataclass(frozen=True)
class Prepared:
    """What prepare_reviews made: the places of its outputs, and its scalars."""

    folder: Path
    scalars: dict[str, int]

    def facts(self, split: str) -> Any:
        """The content of a split's dataset.json."""
        return json.loads((self.folder / split / "dataset.json").read_text())

    def metrics(self) -> Any:
        """The content of the metrics."""
        return json.loads((self.folder / "metrics").read_text())

    def rejected(self) -> list[Any]:
        """The rows of rejected.jsonl."""
        text = (self.folder / "rejected" / "rejected.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def unlabelled(self) -> list[Any]:
        """The rows of unlabelled.jsonl."""
        text = (self.folder / "unlabelled" / "unlabelled.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def rows(self, split: str) -> list[dict[str, Any]]:
        """The rows of a split: numbers as lists, texts decoded."""
        import tensorflow as tf

        found = []
        for shard in sorted(str(path) for path in (self.folder / split).glob("*.tfrecord")):
            for record in tf.data.TFRecordDataset(shard).as_numpy_iterator():
                features = tf.train.Example.FromString(record).features.feature
                found.append({name: _value(feature) for name, feature in features.items()})
        return found


def _value(feature: Any) -> Any:
    if feature.HasField("bytes_list"):
        return feature.bytes_list.value[0].decode()
    return list(feature.int64_list.value)


Prepare = Callable[..., Prepared]


@pytest.fixture(scope="session")
def toy(
    component: Callable[[str], Callable[..., dict[str, Any]]],
    checkpoint: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Prepared:
    """Splits of 300 reviews whose class one word tells: 1 has `bad` in it, 5 has `good`."""
    pytest.importorskip("tensorflow")
    folder = tmp_path_factory.mktemp("toy")
    lines = ["review_id,star_rating,review_body"]
    for n in range(300):
        stars, word = ((1, "bad"), (5, "good"))[n % 2]
        fillers = [WORDS[2 + (n * 7 + k) % 10] for k in range(1 + n % 5)]
        lines.append(f"r{n},{stars},{' '.join([*fillers[:2], word, *fillers[2:]])}")
    reviews = folder / "reviews.csv"
    reviews.write_text("\n".join(lines) + "\n")
    outputs = (folder / name for name in OUTPUTS)
    return Prepared(folder, component("prepare_reviews")(reviews, checkpoint, *outputs, **SHORT))


@pytest.fixture(scope="session")
def classifier(
    component: Callable[[str], Callable[..., dict[str, Any]]],
    checkpoint: Path,
    toy: Prepared,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The folder of a model that knows the toy task."""
    pytest.importorskip("keras_hub")
    folder = tmp_path_factory.mktemp("classifier")
    (folder / "model").mkdir()
    component("train_bert")(
        toy.folder / "train", toy.folder / "validation", checkpoint,
        folder / "model", folder / "metrics", epochs=1, learning_rate=0.01, batch_size=16,
    )  # fmt: skip
    return folder / "model"


@pytest.fixture
def prepare(
    component: Callable[[str], Callable[..., dict[str, Any]]], checkpoint: Path, tmp_path: Path
) -> Prepare:
    """Run prepare_reviews on a file or folder; short texts, quarters to validation and test."""
    pytest.importorskip("tensorflow")

    def run(reviews: Path, out: str = "out", **parameters: Any) -> Prepared:
        folder = tmp_path / out
        folder.mkdir()
        outputs = (folder / name for name in OUTPUTS)
        scalars = component("prepare_reviews")(
            reviews, checkpoint, *outputs, **{**SHORT, **parameters}
        )
        return Prepared(folder, scalars)

    return run


@pytest.fixture(params=COMPONENTS)
def spec(request: pytest.FixtureRequest) -> Spec:
    """The spec of each component that runs in a container, in turn."""
    return read(LIBRARY / request.param)


@pytest.fixture(params=ALL)
def any_spec(request: pytest.FixtureRequest) -> Spec:
    """The spec of each component in turn."""
    return read(LIBRARY / request.param)


@pytest.fixture(scope="session")
def component() -> Callable[[str], Callable[..., dict[str, Any]]]:
    """A component's function, loaded as the runtime loads it."""
    return cache(lambda name: function.load(read(LIBRARY / name)))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face folder: BERT of one layer, 16 wide, random weights, a vocabulary of WORDS."""
    numpy = pytest.importorskip("safetensors.numpy")
    folder = tmp_path_factory.mktemp("checkpoint")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    config = {
        "model_type": "bert", "vocab_size": len(vocabulary), "hidden_size": 16,
        "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32,
        "max_position_embeddings": 32, "type_vocab_size": 2,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": True})
    )
    numpy.save_file(_weights(len(vocabulary), 16, 32, 32), folder / "model.safetensors")
    return folder


def _weights(words: int, width: int, inner: int, positions: int) -> dict[str, Any]:
    import numpy as np

    draw = np.random.default_rng(0)

    def dense(name: str, out: int, into: int) -> dict[str, Any]:
        weight = draw.normal(0, 0.1, (out, into)).astype("float32")
        return {f"{name}.weight": weight, f"{name}.bias": np.zeros(out, "float32")}

    def norm(name: str) -> dict[str, Any]:
        ones, zeros = np.ones(width, "float32"), np.zeros(width, "float32")
        return {f"{name}.weight": ones, f"{name}.bias": zeros}

    def table(name: str, rows: int) -> dict[str, Any]:
        weight = draw.normal(0, 0.1, (rows, width)).astype("float32")
        return {f"embeddings.{name}_embeddings.weight": weight}

    layer = "encoder.layer.0"
    return {
        **table("word", words),
        **table("position", positions),
        **table("token_type", 2),
        **norm("embeddings.LayerNorm"),
        **dense(f"{layer}.attention.self.query", width, width),
        **dense(f"{layer}.attention.self.key", width, width),
        **dense(f"{layer}.attention.self.value", width, width),
        **dense(f"{layer}.attention.output.dense", width, width),
        **norm(f"{layer}.attention.output.LayerNorm"),
        **dense(f"{layer}.intermediate.dense", inner, width),
        **dense(f"{layer}.output.dense", width, inner),
        **norm(f"{layer}.output.LayerNorm"),
        **dense("pooler.dense", width, width),
    }
