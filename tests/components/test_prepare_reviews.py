"""prepare_reviews splits by hash, tokenises, balances, counts what it cannot use."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isodag.runtime import ComponentError

pytest.importorskip("numpy")
SPLITS = ("train", "validation", "test")
HEAD = "review_id\tstar_rating\treview_body\n"


def table(path: Path, rows: list[tuple[object, ...]]) -> Path:
    """A TSV of (review_id, star_rating, review_body)."""
    path.write_text(HEAD + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


def toy(rows: int) -> list[tuple[object, ...]]:
    """Reviews r0, r1, …; one of four has 1 star, the others 5."""
    return [
        (f"r{n}", *((1, "the camera is bad") if n % 4 == 0 else (5, "it works good")))
        for n in range(rows)
    ]


def ids(prepared: Any, split: str) -> list[str]:
    return [row["review_id"] for row in prepared.rows(split)]


@pytest.fixture
def split(component: Callable[[str], Any]) -> Callable[..., dict[str, list[str]]]:
    """The ids that fall into each split."""
    component("prepare_reviews")
    import review_split
    import review_table

    def of(names: list[str], *shares: float, seed: int = 0) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {name: [] for name in SPLITS}
        for name in names:
            review = review_table.Review(id=name, group=name, label="1", text="x")
            found[review_split.split_of(review, *shares, seed)].append(name)
        return found

    return of


NAMES = [f"r{n}" for n in range(30)]


def test_the_split_is_the_same_on_every_machine(split: Callable[..., Any]) -> None:
    found = split(NAMES, 0.2, 0.2)
    assert ["r3", "r4", "r7", "r15", "r16", "r27"] == found["validation"]
    assert ["r10", "r11", "r13", "r14", "r20", "r25", "r26"] == found["test"]


def test_another_seed_gives_another_split(split: Callable[..., Any]) -> None:
    assert split(NAMES, 0.2, 0.2, seed=0) != split(NAMES, 0.2, 0.2, seed=1)


def test_shares_are_kept(split: Callable[..., Any]) -> None:
    found = split([str(n) for n in range(10_000)], 0.2, 0.1)
    # three standard deviations of a binomial count
    assert [True, True] == [
        abs(len(found["validation"]) - 2000) < 120,
        abs(len(found["test"]) - 1000) < 90,
    ]


def test_a_review_keeps_its_split_when_others_come(split: Callable[..., Any]) -> None:
    few, many = split(NAMES[:10], 0.2, 0.2), split(NAMES, 0.2, 0.2)
    assert few == {name: [x for x in many[name] if x in NAMES[:10]] for name in SPLITS}


def test_the_test_split_does_not_move_with_validation_share(split: Callable[..., Any]) -> None:
    assert split(NAMES, 0.1, 0.2)["test"] == split(NAMES, 0.4, 0.2)["test"]


def test_rows_are_tokenised_with_the_checkpoints_tokenizer(prepare: Any, tmp_path: Path) -> None:
    rows = toy(40)
    rows[1] = ("r1", 5, "Good GOOD unheard, camera phone box the a")
    prepared = prepare(table(tmp_path / "r.tsv", rows))
    found = {row["review_id"]: row for split in SPLITS for row in prepared.rows(split)}
    # [CLS] good good [UNK] [UNK] camera phone [SEP], cut to 8
    expected = {
        "input_ids": [2, 5, 5, 1, 1, 14, 15, 3],
        "attention_mask": [1] * 8,
        "token_type_ids": [0] * 8,
        "label": [1],
        "review_id": "r1",
        "text": "Good GOOD unheard, camera phone box the a",
    }
    assert expected == found["r1"]
    # [CLS] the camera is bad [SEP]
    assert [2, 7, 14, 10, 6, 3, 0, 0] == found["r0"]["input_ids"]
    assert [1, 1, 1, 1, 1, 1, 0, 0] == found["r0"]["attention_mask"]
    assert 1 == prepared.metrics()["truncated_rows"]


def test_dataset_json_says_what_is_in_the_shards(prepare: Any, tmp_path: Path) -> None:
    prepared = prepare(table(tmp_path / "r.tsv", toy(40)), shards=3)
    for split in SPLITS:
        rows, facts = prepared.rows(split), prepared.facts(split)
        stars = [["1", "5"][row["label"][0]] for row in rows]
        lengths = [sum(row["attention_mask"]) for row in rows]
        expected = {
            "rows": len(rows),
            "labels": ["1", "5"],
            "rows_by_label": {"1": stars.count("1"), "5": stars.count("5")},
            "rows_by_tokens": {str(n): lengths.count(n) for n in sorted(set(lengths))},
            "shards": [f"part-0000{n}-of-00003.tfrecord" for n in range(3)],
            "max_length": 8,
            "vocab_size": 17,
            "columns": {
                "text": "review_body", "label": "star_rating",
                "id": "review_id", "group": "review_id",
            },
        }  # fmt: skip
        assert expected == facts
        files = {path.name for path in (prepared.folder / split).iterdir()}
        assert {*facts["shards"], "dataset.json"} == files


def test_the_same_reviews_and_seed_give_the_same_bytes(prepare: Any, tmp_path: Path) -> None:
    reviews = table(tmp_path / "r.tsv", toy(40))
    moved = shutil.copy(reviews, tmp_path / "other.tsv")
    first, second = prepare(reviews, "a", balance=True), prepare(Path(moved), "b", balance=True)
    assert first.scalars == second.scalars
    contents = [
        {p.relative_to(x.folder): p.read_bytes() for p in x.folder.rglob("*") if p.is_file()}
        for x in (first, second)
    ]
    assert contents[0] == contents[1]


def test_no_group_is_torn_apart(prepare: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    lines = [f"s{n},{n // 5},{1 + n % 2},good box {n}" for n in range(200)]
    path.write_text("\n".join(["sentence,review,stars,body", *lines]) + "\n")
    prepared = prepare(
        path, id_column="sentence", group_column="review", label_column="stars", text_column="body"
    )
    groups = [{int(name[1:]) // 5 for name in ids(prepared, split)} for split in SPLITS]
    assert 40 == sum(len(group) for group in groups) == len(set.union(*groups))
    assert 200 == sum(len(ids(prepared, split)) for split in SPLITS)


def test_rows_that_cannot_be_used_are_counted_and_written_aside(
    prepare: Any, tmp_path: Path
) -> None:
    path = table(tmp_path / "r.tsv", toy(40))
    with path.open("a") as file:
        file.write("r40\t5\nr41\t\tgood\nr42\t5\t\n\t5\tgood\nr44\t3\tgood\nr45\t\tbad\n")
    prepared = prepare(path, labels=["5", "1"])
    expected = {
        "rows_read": 46,
        **prepared.scalars,
        "balanced_away_rows": 0,
        "truncated_rows": 0,
        "rejected_rows": 4,
        "rejected_malformed": 1,
        "rejected_no_id": 1,
        "rejected_no_text": 1,
        "rejected_unknown_label": 1,
    }
    assert expected == prepared.metrics()
    assert [40, 2] == [
        sum(prepared.scalars[f"{name}_rows"] for name in SPLITS),
        prepared.scalars["unlabelled_rows"],
    ]
    assert [
        ("r.tsv:42", "malformed", "2 fields where the header has 3", {"review_id": "r40", "star_rating": "5"}),
        ("r.tsv:44", "no_text", "`review_body` is empty", {"review_id": "r42", "star_rating": "5", "review_body": ""}),
        ("r.tsv:45", "no_id", "`review_id` is empty", {"review_id": "", "star_rating": "5", "review_body": "good"}),
        ("r.tsv:46", "unknown_label", "`3` is not one of labels", {"review_id": "r44", "star_rating": "3", "review_body": "good"}),
    ] == [tuple(row.values()) for row in prepared.rejected()]  # fmt: skip
    assert ["5", "1"] == prepared.facts("train")["labels"]


def test_rows_with_a_text_and_no_label_are_kept_whole(prepare: Any, tmp_path: Path) -> None:
    labelled = [
        json.dumps({"review_id": f"r{n}", "star_rating": 1 + 4 * (n % 2), "review_body": "good"})
        for n in range(40)
    ]
    later = [
        {"review_id": "a", "star_rating": "", "review_body": "good", "more": {"deep": [1, None]}},
        {"review_id": "b", "star_rating": None, "review_body": "bad \u20ac"},
        {"review_body": "of no id either"},
    ]
    rest = [{"review_id": "c", "star_rating": "", "review_body": " "}]
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join([*labelled, *(json.dumps(row) for row in [*later, *rest])]) + "\n")
    prepared = prepare(path)
    assert later == prepared.unlabelled()
    assert 3 == prepared.scalars["unlabelled_rows"] == prepared.metrics()["unlabelled_rows"]
    assert ["no_text"] == [row["reason"] for row in prepared.rejected()]


def test_without_unlabelled_rows_there_is_an_empty_file(prepare: Any, tmp_path: Path) -> None:
    prepared = prepare(table(tmp_path / "r.tsv", toy(40)))
    assert "" == (prepared.folder / "unlabelled" / "unlabelled.jsonl").read_text()
    assert 0 == prepared.scalars["unlabelled_rows"]


def test_balancing_leaves_every_class_as_many_training_rows_as_the_rarest_has(
    prepare: Any, tmp_path: Path
) -> None:
    reviews = table(tmp_path / "r.tsv", toy(200))
    whole, balanced = prepare(reviews, "whole"), prepare(reviews, "balanced", balance=True)
    rarest = whole.facts("train")["rows_by_label"]["1"]
    assert {"1": rarest, "5": rarest} == balanced.facts("train")["rows_by_label"]
    assert [ids(whole, name) for name in SPLITS[1:]] == [ids(balanced, name) for name in SPLITS[1:]]
    away = whole.scalars["train_rows"] - 2 * rarest
    assert away > 0
    assert away == balanced.metrics()["balanced_away_rows"]


def test_balancing_counts_copies_of_a_row_one_by_one(prepare: Any, tmp_path: Path) -> None:
    rows = toy(100) + [(name, 5, "it works good") for name in NAMES] * 3
    balanced = prepare(table(tmp_path / "r.tsv", rows), balance=True).facts("train")
    assert 1 == len(set(balanced["rows_by_label"].values()))


def test_max_rows_stops_after_so_many_usable_rows(prepare: Any, tmp_path: Path) -> None:
    rows = [("x", "", "no label"), *toy(60)]
    prepared = prepare(table(tmp_path / "r.tsv", rows), max_rows=40)
    assert {f"r{n}" for n in range(40)} == {name for s in SPLITS for name in ids(prepared, s)}
    assert 41 == prepared.metrics()["rows_read"]


def test_labels_are_in_order_of_value_and_written_alike(prepare: Any, tmp_path: Path) -> None:
    rows = [(f"r{n}", ["10", "9", " 9.0", "10.0"][n % 4], "good") for n in range(40)]
    assert ["9", "10"] == prepare(table(tmp_path / "r.tsv", rows)).facts("train")["labels"]


def rows_of(labels: list[object]) -> list[tuple[object, ...]]:
    return [(f"r{n}", label, "good") for n, label in enumerate(labels)]


@pytest.mark.parametrize(
    ("rows", "parameters", "message"),
    [
        ([], {}, "reviews: there are no rows"),
        ([("r1", "", "good"), ("r2", "", "good"), ("r3", "5", "")], {}, "reviews: no row can be used, of 3: 2 no_label, 1 no_text"),
        (rows_of([5] * 40), {}, "column `star_rating` has one class only, `5`"),
        (toy(3), {}, "none of 3 reviews falls into split test: raise test_share"),
        (rows_of(list(range(4000))), {}, "label_column has more than 1000 classes"),
        (toy(40), {"labels": ["1", "3", "5"], "balance": True}, "class `3` has no training rows to balance with"),
        (toy(40), {"validation_share": 0.5, "test_share": 0.5}, "validation_share and test_share leave no share to train on"),
        (toy(40), {"max_length": 64}, "max_length 64 is above the checkpoint's 32 tokens"),
        (toy(40), {"label_column": "stars"}, "r.tsv: no column `stars`; the columns are `review_id`, `star_rating`, `review_body`"),
        (toy(40), {"group_column": "customer"}, "r.tsv: no column `customer`; the columns are `review_id`, `star_rating`, `review_body`"),
    ],
    ids=["none", "all rejected", "one class", "few", "many classes", "balance", "shares", "length", "label", "group"],
)  # fmt: skip
def test_reviews_that_cannot_be_split_are_refused(
    prepare: Any, tmp_path: Path, rows: list[Any], parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ComponentError) as caught:
        prepare(table(tmp_path / "r.tsv", rows), **parameters)
    assert message == str(caught.value)


def test_a_damaged_tokenizer_is_refused(
    component: Callable[[str], Any], checkpoint: Path, tmp_path: Path
) -> None:
    pytest.importorskip("transformers")
    broken = Path(shutil.copytree(checkpoint, tmp_path / "broken"))
    (broken / "tokenizer.json").write_text("{")
    reviews = table(tmp_path / "r.tsv", toy(40))
    outputs = [tmp_path / name for name in (*SPLITS, "unlabelled", "rejected", "metrics")]
    with pytest.raises(ComponentError) as caught:
        component("prepare_reviews")(reviews, broken, *outputs, max_length=8)
    assert str(caught.value).startswith("checkpoint: the tokenizer cannot be read: ")


@pytest.mark.parametrize(
    ("lost", "content", "message"),
    [
        ("config.json", None, "checkpoint: there is no config.json in `{}`"),
        ("vocab.txt", None, "checkpoint: no tokenizer.json and no vocab.txt in `{}`"),
        ("config.json", "{", "checkpoint: config.json is not a BERT model's: JSONDecodeError('Expecting property name enclosed in double quotes: line 1 column 2 (char 1)')"),
        ("config.json", '{"model_type": "bert"}', "checkpoint: config.json is not a BERT model's: KeyError('vocab_size')"),
        ("config.json", '{"model_type": "gpt2", "vocab_size": 9, "max_position_embeddings": 9}', "checkpoint: a `gpt2` model where a `bert` model is due"),
    ],
    ids=["config", "tokenizer", "not JSON", "no size", "not BERT"],
)  # fmt: skip
def test_a_checkpoint_that_is_no_bert_model_is_refused(
    component: Callable[[str], Any], checkpoint: Path, tmp_path: Path,
    lost: str, content: str | None, message: str,
) -> None:  # fmt: skip
    broken = Path(shutil.copytree(checkpoint, tmp_path / "broken"))
    (broken / lost).unlink()
    if content is not None:
        (broken / lost).write_text(content)
    reviews = table(tmp_path / "r.tsv", toy(40))
    outputs = [tmp_path / name for name in (*SPLITS, "unlabelled", "rejected", "metrics")]
    with pytest.raises(ComponentError) as caught:
        component("prepare_reviews")(reviews, broken, *outputs)
    assert message.format(broken) == str(caught.value)
    assert [] == [path for path in outputs if path.exists()]
