"""A BERT checkpoint and tokenised splits in; a fine-tuned classifier out."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

from dataset_folder import Split, read_split
from isodag.runtime import ComponentError, quiet, run
from training_hosts import this_host

TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"
)  # fmt: skip


def train_bert(
    train: Path,
    validation: Path,
    checkpoint: Path,
    model: Path,
    metrics: Path,
    *,
    epochs: int = 3,
    learning_rate: float = 5e-5,
    batch_size: int = 32,
    validation_batch_size: int = 64,
    steps_per_epoch: int = 0,
    validation_steps: int = 0,
    freeze_encoder: bool = False,
    dropout: float = 0.1,
    seed: int = 0,
) -> dict[str, float]:
    """Fine-tune a BERT checkpoint with a new classification layer, and keep its best epoch.

    train, validation  folders that prepare_reviews wrote
    checkpoint         Hugging Face folder of a BERT model, weights in model.safetensors
    model              folder: `1/`, a SavedModel (bert_training.export says what it takes); the
                       checkpoint's config.json and tokenizer; labels.json, the list of classes in
                       the order of the scores; settings.json, how it was trained, with the curves
    metrics            JSON object of numbers: best_epoch and, for each epoch, loss and accuracy

    The same inputs and seed give the same weights on the same machine.

    Several hosts of a SageMaker job share the rows of every batch, so that they do together what
    one host does with the same batch_size; dropout alone draws otherwise.  The first writes.
    """
    host = this_host()
    rows, held_out = read_split(train, "train"), read_split(validation, "validation")
    _check(rows, held_out, checkpoint)
    with quiet():
        import bert_model
        import bert_training
        from host_team import Team
    settings = bert_training.Settings(
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_size,
        validation_batch_size=validation_batch_size,
        steps_per_epoch=steps_per_epoch,
        validation_steps=validation_steps,
        freeze_encoder=freeze_encoder,
        dropout=dropout,
        seed=seed,
    )
    if not host.alone:
        host.meet({**asdict(settings), "train": _facts(rows), "validation": _facts(held_out)})
    team = Team(host)
    bert_model.set_seed(seed)
    classifier = bert_model.build(
        checkpoint, len(rows.labels), freeze_encoder=freeze_encoder, dropout=dropout
    )
    history = bert_training.fit(classifier, rows, held_out, settings, team)
    if host.first:
        bert_model.export(classifier, model / "1")
        for name in ("config.json", *TOKENIZER_FILES):
            if (checkpoint / name).is_file():
                shutil.copyfile(checkpoint / name, model / name)
        _write_json(model / "labels.json", rows.labels)
        hosts = {} if host.alone else {"hosts": len(host.names)}
        said = {**asdict(settings), "max_length": rows.max_length, "vocab_size": rows.vocab_size}
        _write_json(model / "settings.json", {**said, **hosts, **asdict(history)})
        numbers = {
            f"{name}_epoch_{epoch}": value
            for name, values in sorted(history.curves.items())
            for epoch, value in enumerate(values, 1)
        }
        _write_json(metrics, {"best_epoch": history.best_epoch, **numbers})
    accuracy = history.curves["validation_accuracy"][history.best_epoch - 1]
    return {"validation_accuracy": accuracy, "best_epoch": history.best_epoch}


def _check(rows: Split, held_out: Split, checkpoint: Path) -> None:
    """Raise ComponentError where splits and checkpoint do not go together."""
    if rows.labels != held_out.labels:
        raise ComponentError("train and validation have other labels: prepare them together")
    for name in ("config.json", "model.safetensors"):
        if not (checkpoint / name).is_file():
            raise ComponentError(f"checkpoint: there is no {name} in `{checkpoint}`")
    if not any((checkpoint / name).is_file() for name in ("tokenizer.json", "vocab.txt")):
        raise ComponentError(f"checkpoint: no tokenizer.json and no vocab.txt in `{checkpoint}`")
    try:
        config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
        kind, vocab_size = config["model_type"], config["vocab_size"]
        longest = int(config["max_position_embeddings"])
    except (ValueError, TypeError, KeyError) as error:
        raise ComponentError(f"checkpoint: config.json is not a BERT model's: {error!r}") from None
    if kind != "bert":
        raise ComponentError(f"checkpoint: a `{kind}` model where a `bert` model is due")
    for name, split in (("train", rows), ("validation", held_out)):
        if split.vocab_size != vocab_size:
            raise ComponentError(
                f"{name} was tokenised with a vocabulary of {split.vocab_size} words, but the"
                f" checkpoint knows {vocab_size}: prepare with this checkpoint"
            )
        if split.max_length > longest:
            raise ComponentError(
                f"{name} has rows of {split.max_length} tokens, but the checkpoint takes {longest}"
            )


def _facts(split: Split) -> dict[str, object]:
    """What is the same of a split wherever it lies."""
    return {**vars(split), "shards": [Path(shard).name for shard in split.shards]}


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run(train_bert)
