"""batch_transform answers every line, in order, with what the model says or why it says nothing."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isodag.runtime import ComponentError

pytest.importorskip("numpy")
Component = Callable[[str], Callable[..., Any]]
TEXTS = ["it is good", "was bad", "good", "bad box", "a phone"]


def record(text: str, **more: Any) -> str:
    return json.dumps({"review_body": text, **more})


def answers(folder: Path, name: str) -> list[Any]:
    return [json.loads(line) for line in (folder / f"{name}.out").read_text().splitlines()]


@pytest.fixture
def transform(component: Component, classifier: Path, tmp_path: Path) -> Callable[..., Path]:
    """Score a file or folder with the toy classifier; the folder of predictions."""

    def run(records: Path, out: str = "out", model: Path = classifier, **parameters: Any) -> Path:
        (tmp_path / out).mkdir()
        component("batch_transform")(model, records, tmp_path / out, **parameters)
        return tmp_path / out

    return run


def test_each_record_comes_back_with_its_prediction(
    transform: Callable[..., Path], tmp_path: Path
) -> None:
    records = tmp_path / "rows.jsonl"
    records.write_text("\n".join(record(text, id=n) for n, text in enumerate(TEXTS)))
    found = answers(transform(records), "rows.jsonl")
    assert [{"review_body": text, "id": n} for n, text in enumerate(TEXTS)] == [
        {name: value for name, value in row.items() if name != "prediction"} for row in found
    ]
    assert ["5", "1", "5", "1"] == [row["prediction"]["label"] for row in found[:4]]
    for row in found:
        prediction = row["prediction"]
        assert ["label", "probability", "probabilities"] == list(prediction)
        assert ["1", "5"] == list(prediction["probabilities"])
        assert prediction["probability"] == max(prediction["probabilities"].values())
        assert prediction["probability"] == prediction["probabilities"][prediction["label"]]
        assert pytest.approx(1, abs=2e-6) == sum(prediction["probabilities"].values())


def test_it_says_what_the_evaluation_says(
    transform: Callable[..., Path], component: Component, classifier: Path, toy: Any,
    tmp_path: Path,
) -> None:  # fmt: skip
    test = toy.rows("test")
    records = tmp_path / "test.jsonl"
    records.write_text("".join(record(row["text"], star=row["label"][0]) + "\n" for row in test))
    found = answers(transform(records), "test.jsonl")
    right = sum(["1", "5"][row["star"]] == row["prediction"]["label"] for row in found)
    outputs = [tmp_path / name for name in ("report", "confusion", "page")]
    scalars = component("evaluate_classifier")(classifier, toy.folder / "test", *outputs)
    assert pytest.approx(scalars["accuracy"]) == right / len(test)


def test_batches_change_nothing_but_speed(transform: Callable[..., Path], tmp_path: Path) -> None:
    records = tmp_path / "rows.jsonl"
    texts = [" ".join(["good"] * (1 + n % 9)) for n in range(50)]
    records.write_text("".join(record(text) + "\n" for text in texts))
    whole = (transform(records, "a") / "rows.jsonl.out").read_bytes()
    assert whole == (transform(records, "b") / "rows.jsonl.out").read_bytes()
    one = [json.loads(line) for line in whole.splitlines()]
    for expected, found in zip(
        one, answers(transform(records, "c", batch_size=1), "rows.jsonl"), strict=True
    ):
        assert expected["prediction"]["label"] == found["prediction"]["label"]
        shares = pytest.approx(expected["prediction"]["probabilities"], abs=5e-6)
        assert shares == found["prediction"]["probabilities"]


def test_every_file_of_a_folder_has_its_answers_under_its_name(
    transform: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "rows"
    (folder / "deep").mkdir(parents=True)
    (folder / "b.jsonl").write_text(record("good") + "\r\n" + record("bad") + "\r\n")
    (folder / "deep" / "a.jsonl.gz").write_bytes(gzip.compress((record("bad") + "\n").encode()))
    (folder / "empty.jsonl").touch()
    (folder / "_SUCCESS").touch()
    (folder / ".hidden").write_text("no")
    out = transform(folder)
    files = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert {"b.jsonl.out", "deep/a.jsonl.gz.out", "empty.jsonl.out"} == files
    labels = [row["prediction"]["label"] for row in answers(out, "b.jsonl")]
    assert ["5", "1"] == labels
    assert ["1"] == [row["prediction"]["label"] for row in answers(out / "deep", "a.jsonl.gz")]
    assert [] == answers(out, "empty.jsonl")


def test_a_bad_record_is_answered_at_its_place(
    transform: Callable[..., Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    long = json.dumps({"more": "x" * 3000})
    lines = [
        record("good").encode(), b"{", b"", b"[1]", b'{"text": "good"}', b'{"review_body": 5}',
        b'{"review_body": null, "id": 1}', record(" ").encode(), b'{"review_body": "caf\xe9"}',
        b'{"review_body": "\\ud83d"}', b'{"review_body": "x", "n": NaN}', long.encode(),
        b"\xef\xbb\xbf" + record("bad").encode(),
    ]  # fmt: skip
    records = tmp_path / "rows.jsonl"
    records.write_bytes(b"\n".join(lines) + b"\n")
    found = answers(transform(records), "rows.jsonl")
    assert ["5", "1"] == [row["prediction"]["label"] for row in (found[0], found[-1])]
    assert [
        ("not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)", "{"),
        ("blank line", ""),
        ("not a JSON object", "[1]"),
        ("no `review_body`", {"text": "good"}),
        ("`review_body` is not text", {"review_body": 5}),
        ("`review_body` is empty", {"review_body": None, "id": 1}),
        ("`review_body` is empty", {"review_body": " "}),
        ("not UTF-8: byte 0xe9", '{"review_body": "caf\N{REPLACEMENT CHARACTER}"}'),
        ("`review_body` holds half a surrogate pair", {"review_body": "\ud83d"}),
        ("not JSON: NaN is no JSON value", '{"review_body": "x", "n": NaN}'),
        ("no `review_body`", long[:1999] + "…"),
    ] == [(row["error"], row["record"]) for row in found[1:-1]]  # fmt: skip
    assert {"error", "record"} == set(found[1])
    expected = (
        "2 records scored, 11 bad: 2 not JSON, 2 no `review_body`, 2 `review_body` is empty\n"
    )
    assert expected == capfd.readouterr().err


def test_the_text_may_have_another_key(transform: Callable[..., Path], tmp_path: Path) -> None:
    records = tmp_path / "rows.jsonl"
    records.write_text('{"body": "good"}\n')
    found = answers(transform(records, text_column="body"), "rows.jsonl")
    assert "5" == found[0]["prediction"]["label"]


def refusal(transform: Callable[..., Path], *args: Any, **parameters: Any) -> str:
    with pytest.raises(ComponentError) as caught:
        transform(*args, **parameters)
    return str(caught.value)


def test_records_of_which_none_is_good_are_refused(
    transform: Callable[..., Path], tmp_path: Path
) -> None:
    records = tmp_path / "rows.jsonl"
    records.write_text("{\n[\n\n")
    expected = "records: none of 3 can be scored: 2 not JSON, 1 blank line"
    assert expected == refusal(transform, records)


def test_no_records_at_all_are_no_failure(
    transform: Callable[..., Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    records = tmp_path / "rows.jsonl"
    records.touch()
    assert b"" == (transform(records) / "rows.jsonl.out").read_bytes()
    assert "0 records scored, 0 bad\n" == capfd.readouterr().err


def test_a_file_that_cannot_be_read_is_named(
    transform: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    assert f"records: there are no files in the folder `{folder}`" == refusal(
        transform, folder, "a"
    )
    missing = tmp_path / "no.jsonl"
    expected = f"records: there is no file or folder `{missing}`"
    assert expected == refusal(transform, missing, "b")
    (folder / "a.gz").write_bytes(gzip.compress(record("good").encode() * 9)[:-9])
    said = refusal(transform, folder, "c")
    assert said.startswith("a.gz: broken gzip after line 0: Compressed file ended"), said


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("1/saved_model.pb", None, "model: there is no 1/saved_model.pb in `{}`"),
        ("settings.json", "{}", "model: labels.json or settings.json is damaged: KeyError('max_length')"),
        ("labels.json", '["1"]', "model: labels.json names 1 classes, the SavedModel has 2"),
        ("1/saved_model.pb", "x", "model: the SavedModel cannot be loaded: "),
        ("config.json", "{", "model: the tokenizer cannot be read: "),
    ],
    ids=["no model", "settings", "labels", "bad model", "tokenizer"],
)  # fmt: skip
def test_a_folder_that_is_no_classifier_is_refused(
    transform: Callable[..., Path], classifier: Path, tmp_path: Path,
    name: str, content: str | None, message: str,
) -> None:  # fmt: skip
    broken = Path(shutil.copytree(classifier, tmp_path / "broken"))
    (broken / name).unlink()
    if content is not None:
        (broken / name).write_text(content)
    records = tmp_path / "rows.jsonl"
    records.write_text(record("good"))
    said = refusal(transform, records, model=broken)
    assert message.format(broken) == (said[: len(message)] if message.endswith(": ") else said)


# --- lines, without a model ------------------------------------------------------------------


@pytest.fixture(scope="session")
def scoring(component: Component) -> Any:
    """The module line_scoring, and classify functions that need no model."""
    component("batch_transform")
    return sys.modules["line_scoring"]


def echo(seen: list[int]) -> Callable[[Sequence[str]], Any]:
    """Says of each text the text itself; `seen` gets the sizes of the batches."""
    from text_classifier import Prediction

    def classify(texts: Sequence[str]) -> Any:
        seen.append(len(texts))
        return [Prediction(text, 1.0, {text: 1.0}) for text in texts]

    return classify


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
LINES = st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")) | JSON_VALUES.map(
    lambda value: json.dumps(value).encode()
)
GOOD = st.text(min_size=1).filter(lambda text: text.strip()).map(
    lambda text: json.dumps({"text": text}).encode()
)  # fmt: skip


@settings(deadline=None)
@given(lines=st.lists(LINES | GOOD), batch_size=st.integers(1, 5))
def test_every_line_has_one_answer_that_is_json_on_one_line(
    scoring: Any, lines: list[bytes], batch_size: int
) -> None:
    found = list(scoring.answers(lines, echo([]), "text", batch_size))
    assert len(lines) == len(found)
    for line, answer in zip(lines, found, strict=True):
        assert 1 == len(answer.line.splitlines()) and answer.line.isascii()
        said = json.loads(answer.line, parse_constant=pytest.fail)
        if answer.error:
            assert {"error": answer.error, "record": said["record"]} == said
        else:
            assert json.loads(line)["text"] == said["prediction"]["label"]


def test_no_more_than_a_batch_is_held(scoring: Any) -> None:
    taken = 0

    def lines() -> Any:
        nonlocal taken
        for n in range(1000):
            taken += 1
            yield b"{" if n % 2 else b'{"text": "x"}'

    seen: list[int] = []
    found = scoring.answers(lines(), echo(seen), "text", 10)
    next(found)
    assert [10, [5]] == [taken, seen]
    assert 999 == len(list(found))
    assert [5] * 100 == seen


def test_of_long_lines_fewer_are_held(scoring: Any) -> None:
    third = scoring.MAX_BATCH // 3
    long, short = (json.dumps({"text": "x" * n}).encode() for n in (third, 1))
    seen: list[int] = []
    list(scoring.answers([short, *[long] * 7, short], echo(seen), "text", 100))
    assert [4, 3, 2] == seen


def test_an_older_prediction_gives_way(scoring: Any) -> None:
    line = b'{"text": "x", "prediction": "old"}'
    answer = next(iter(scoring.answers([line], echo([]), "text", 1)))
    expected = {"label": "x", "probability": 1.0, "probabilities": {"x": 1.0}}
    assert expected == json.loads(answer.line)["prediction"]


def test_a_line_without_end_is_a_bad_record_and_not_held(
    scoring: Any, component: Component, tmp_path: Path
) -> None:
    files = sys.modules["record_files"]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"a\n" + b"x" * 1000 + b"\nb\n" + b"y" * 11)
    assert [b"a", b"x" * 11, b"b", b"y" * 11] == list(files.lines(path, "rows.jsonl", 10))
    longest = scoring.MAX_LINE
    too_long = json.dumps({"text": "x" * longest}).encode()[: longest + 1]
    answer = next(iter(scoring.answers([too_long], echo([]), "text", 1)))
    assert f"longer than {longest} bytes" == answer.error
    assert 2000 == len(json.loads(answer.line)["record"])
