"""The two samples themselves: the pinned bytes, and what is said of them."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from isodag import samples
from isodag.samples import minilm, reviews
from isodag.samples.archives import BadArchive
from isodag.samples.reviews import stars_table

HEADER = "review_id\tsentence_id\tproduct\tstar_rating\tlater_star_rating\treview_body\n"


@pytest.mark.network
def test_the_reviews_are_the_same_bytes_wherever_they_are_fetched(tmp_path: Path) -> None:
    folder = samples.fetch("reviews", tmp_path)
    table = (folder / "reviews.tsv").read_bytes()
    assert (
        "2159f86adfdbcaeb77482c48135e723c4b781989e907577ba3cd0ba7b5f74cc1"
        == hashlib.sha256(table).hexdigest()
    )
    rows = list(csv.DictReader(table.decode().splitlines(), dialect="excel-tab", quoting=3))
    assert 3708 == len(rows) == len({row["sentence_id"] for row in rows})
    assert {"1": 346, "2": 819, "3": 842, "4": 749, "5": 952} == Counter(
        row["star_rating"] + row["later_star_rating"] for row in rows
    )
    later = [row for row in rows if not row["star_rating"]]
    assert {"1": 8, "2": 35, "3": 42, "4": 52, "5": 48} == Counter(
        row["later_star_rating"] for row in later
    )
    # whole reviews: none has sentences to train on beside sentences to be predicted
    assert 13 == len({row["review_id"] for row in later})
    assert 287 == len({row["review_id"] for row in rows if row["star_rating"]})
    assert 300 == len({row["review_id"] for row in rows})
    assert all(row["sentence_id"].startswith(row["review_id"] + "_") for row in rows)
    reviews = {(row["review_id"], row["product"]) for row in rows}
    assert {
        "Apex AD2600 DVD player": 98,
        "Canon PowerShot G3 camera": 39,
        "Nikon Coolpix 4300 camera": 33,
        "Nokia 6610 phone": 40,
        "Creative Nomad Jukebox Zen Xtra player": 90,
    } == Counter(product for _, product in reviews)
    source = (folder / "_SOURCE.txt").read_text("utf-8")
    assert "They are NOT the stars that the customers gave." in source
    assert "do not commit or publish them" in source


@pytest.mark.network
def test_the_model_is_the_pinned_weights_with_their_tokenizer() -> None:
    folder = samples.fetch("minilm")  # 80 MiB: from the user's cache if it is there
    weights = (folder / "model.safetensors").read_bytes()
    assert (
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
        == hashlib.sha256(weights).hexdigest()
    )
    config = json.loads((folder / "config.json").read_bytes())
    assert ("bert", 6, 384) == (
        config["model_type"],
        config["num_hidden_layers"],
        config["hidden_size"],
    )
    assert config["vocab_size"] == len((folder / "vocab.txt").read_text("utf-8").splitlines())
    assert "Apache-2.0" in (folder / "_SOURCE.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("mean", "stars"),
    [
        ("-4", 1),
        ("-1.85", 1),
        ("-1.8", 2),
        ("-0.65", 2),
        ("-0.6", 3),
        ("0", 3),
        ("0.55", 3),
        ("0.6", 4),
        ("1.75", 4),
        ("1.8", 5),
        ("4", 5),
    ],
)
def test_a_mean_on_a_cut_goes_up(mean: str, stars: int) -> None:
    table = f"7_1\t{mean}\tit is.\r\n".encode()
    expected = f"{HEADER}7\t7_1\tApex AD2600 DVD player\t{stars}\t\tit is.\n"
    assert expected == stars_table(table).decode()


def test_of_some_reviews_the_rating_comes_later() -> None:
    table = b"".join(f"{review}_1\t4\tgood\r\n".encode() for review in range(1, 300))
    rows = [line.split("\t") for line in stars_table(table).decode().splitlines()[1:]]
    assert {("5", ""), ("", "5")} == {(row[3], row[4]) for row in rows}
    assert 14 == sum(row[3] == "" for row in rows)


def test_quotes_and_blanks_stay_as_they_are() -> None:
    table = b'35_9\t0.1\t " check out "!\r\n'
    expected = f'{HEADER}35\t35_9\tApex AD2600 DVD player\t3\t\t " check out "!\n'
    assert expected == stars_table(table).decode()


@pytest.mark.parametrize(
    "line", [b"1_2\t0.5", b"1_2\t0.5\ta\tb", b"x_2\t0\ta", b"1_2\tgood\ta", b"310_1\t0\ta", b""]
)
def test_a_line_that_cannot_be_read_is_named(line: bytes) -> None:
    with pytest.raises(BadArchive) as caught:
        stars_table(b"1_1\t0\tfine\r\n" + line + b"\r\n")
    assert "line 2 of the table of reviews cannot be read" == str(caught.value)


def test_the_pins_are_said_where_the_sample_is_used() -> None:
    """_SOURCE.txt names the package, its version and the digest that are in fact fetched."""
    texts = (reviews.SOURCE, minilm.SOURCE)
    for sample, text in zip(samples.SAMPLES, texts, strict=True):
        assert sample.pin.sha256 in text
        assert f"{sample.pin.package} {sample.pin.version}" in text
