"""evaluate_classifier's numbers are right, its page is safe, and it refuses what does not fit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from isodag.runtime import ComponentError

np = pytest.importorskip("numpy")
Component = Callable[[str], Callable[..., dict[str, Any]]]
LABELS = ["a", "b", "c"]
TRUTH = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
PREDICTED = [0, 0, 0, 1, 1, 1, 2, 0, 0, 2]


@pytest.fixture
def report(component: Component) -> Callable[..., dict[str, Any]]:
    """evaluation.json's content for true and predicted classes."""
    component("evaluate_classifier")
    import classification_metrics

    return lambda truth, predicted, labels: classification_metrics.report(
        np.array(truth), np.array(predicted), labels
    )


def test_the_measures_are_those_worked_out_by_hand(report: Callable[..., Any]) -> None:
    found = report(TRUTH, PREDICTED, LABELS)
    measures = found["multiclass_classification_metrics"]
    assert {
        "a": {"a": 3, "b": 1, "c": 0},
        "b": {"a": 0, "b": 2, "c": 1},
        "c": {"a": 2, "b": 0, "c": 1},
    } == measures.pop("confusion_matrix")
    # by class: precision 3/5, 2/3, 1/2; recall 3/4, 2/3, 1/3; weights 0.4, 0.3, 0.3
    # the best constant classifier says `a`: precision 0.4, 0, 0; recall 1, 0, 0
    expected = {
        "accuracy": 6 / 10,
        "weighted_recall": 6 / 10,
        "weighted_precision": 0.24 + 0.2 + 0.15,
        "weighted_f0_5": 0.4 * 0.625 + 0.3 * 2 / 3 + 0.3 * 5 / 11,
        "weighted_f1": 0.4 * 2 / 3 + 0.3 * 2 / 3 + 0.3 * 0.4,
        "weighted_f2": 0.4 * 5 / 7 + 0.3 * 2 / 3 + 0.3 * 5 / 14,
        "accuracy_best_constant_classifier": 0.4,
        "weighted_recall_best_constant_classifier": 0.4,
        "weighted_precision_best_constant_classifier": 0.4 * 0.4,
        "weighted_f0_5_best_constant_classifier": 0.4 * 5 / 11,
        "weighted_f1_best_constant_classifier": 0.4 * 4 / 7,
        "weighted_f2_best_constant_classifier": 0.4 * 10 / 13,
    }
    assert {"NaN"} == {measure["standard_deviation"] for measure in measures.values()}
    assert pytest.approx(expected) == {name: x["value"] for name, x in measures.items()}
    assert pytest.approx((2 / 3 + 2 / 3 + 0.4) / 3) == found["macro_f1"]
    assert {"item_count": 10} == found["dataset"]
    assert [
        {"label": "a", "rows": 4, "predicted": 5, "precision": 0.6, "recall": 0.75},
        {"label": "b", "rows": 3, "predicted": 3, "precision": 2 / 3, "recall": 2 / 3},
        {"label": "c", "rows": 3, "predicted": 2, "precision": 0.5, "recall": 1 / 3},
    ] == [{k: v for k, v in score.items() if k != "f1"} for score in found["classes"]]
    assert pytest.approx([2 / 3, 2 / 3, 0.4]) == [score["f1"] for score in found["classes"]]


def test_a_class_without_rows_or_predictions_scores_nothing(report: Callable[..., Any]) -> None:
    found = report([0, 0, 1], [0, 0, 0], LABELS)
    assert [0.8, 0.0, 0.0] == [score["f1"] for score in found["classes"]]


def test_deviations_are_given_from_200_rows_on(report: Callable[..., Any]) -> None:
    found = report(TRUTH * 20, PREDICTED * 20, LABELS)["multiclass_classification_metrics"]
    deviations = [found[name]["standard_deviation"] for name in ("accuracy", "weighted_f1")]
    # 5 samples of 160 of 200 rows: about sqrt(0.6 * 0.4 / 160 * 0.2), give or take
    assert all(0.002 < deviation < 0.05 for deviation in deviations)
    few = report(TRUTH * 19, PREDICTED * 19, LABELS)["multiclass_classification_metrics"]
    assert "NaN" == few["accuracy"]["standard_deviation"]


HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>&amp;\'"'


class Tags(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_shows_hostile_text_as_text(report: Callable[..., Any]) -> None:
    import evaluation_page

    mistake = evaluation_page.Judged(0.987, HOSTILE, HOSTILE, HOSTILE, "b")
    page = evaluation_page.page(report([0, 1], [1, 1], [HOSTILE, "b"]), [mistake])
    found = Tags()
    found.feed(page)
    assert {
        "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "dl", "div", "dt",
        "dd", "table", "caption", "thead", "tbody", "tr", "th", "td", "small",
    } == found.tags  # fmt: skip
    assert {
        "lang", "charset", "name", "content", "http-equiv", "class", "scope", "style", "dir",
    } == found.attributes  # fmt: skip
    # as a label of the matrix (down, across), of the classes and of the mistake; as its id, text
    assert 6 == found.text.count(HOSTILE)
    assert "98.7 %" in found.text


def test_the_page_says_the_numbers_in_words_not_only_in_colours(report: Callable[..., Any]) -> None:
    import evaluation_page

    found = Tags()
    found.feed(evaluation_page.page(report(TRUTH, PREDICTED, LABELS), []))
    said = [text.strip() for text in found.text if text.strip()]
    # Wilson's 95 % interval of 6 in 10
    assert [
        "accuracy", "60.0 %", "95 % interval", "31.3 to 83.2 %", "macro F1", "0.578",
        "test rows", "10", "always the commonest class", "40.0 %",
    ] == said[said.index("accuracy") :][:10]  # fmt: skip
    row = said[said.index("rows") + 1 :][:8]
    assert ["a", "3", "75 %", "1", "25 %", "0", "0 %", "4"] == row
    assert ["Worst mistakes", "None."] == said[-2:]


@pytest.fixture
def evaluate(component: Component, classifier: Path, tmp_path: Path) -> Callable[..., Any]:
    """Evaluate the toy classifier; the scalars and the folder of outputs."""

    def run(test: Path, model: Path = classifier, **parameters: Any) -> tuple[Any, Path]:
        out = tmp_path / "evaluated"
        out.mkdir()
        outputs = (out / name for name in ("report", "confusion", "page"))
        return component("evaluate_classifier")(model, test, *outputs, **parameters), out

    return run


def test_outputs_agree_with_one_another(evaluate: Callable[..., Any], toy: Any) -> None:
    scalars, out = evaluate(toy.folder / "test", batch_size=7)
    found = json.loads((out / "report" / "evaluation.json").read_text())
    measures = found["multiclass_classification_metrics"]
    assert {
        "accuracy": measures["accuracy"]["value"],
        "macro_f1": found["macro_f1"],
        "rows": toy.scalars["test_rows"],
    } == scalars
    assert scalars["accuracy"] >= 0.95
    rows = [{"row": list(row.values())} for row in measures["confusion_matrix"].values()]
    specs = [{"displayName": "1"}, {"displayName": "5"}]
    matrix = {"confusionMatrix": {"annotationSpecs": specs, "rows": rows}}
    assert matrix == json.loads((out / "confusion").read_text())
    by_label = {score["label"]: score["rows"] for score in found["classes"]}
    assert toy.facts("test")["rows_by_label"] == by_label


def test_the_mistakes_shown_are_those_of_which_the_model_was_surest(
    evaluate: Callable[..., Any], prepare: Any, tmp_path: Path
) -> None:
    lines = [f"w{n},5,bad <i>{n}</i>" for n in range(20)]  # wrong stars: `bad` has 1
    lines += [f"r{n},1,bad" for n in range(20)] + [f"g{n},5,good" for n in range(20)]
    reviews = tmp_path / "r.csv"
    reviews.write_text("\n".join(["review_id,star_rating,review_body", *lines]) + "\n")
    test = prepare(reviews).folder / "test"
    scalars, out = evaluate(test, mistakes=2)
    found = Tags()
    found.feed((out / "page").read_text())
    wrong = round(scalars["rows"] * (1 - scalars["accuracy"]))
    assert wrong > 2
    shown = [text for text in found.text if text.startswith("bad <i>")]
    assert 2 == len(shown)
    shares = [text for text in found.text if text.endswith(" %") and "." in text][-2:]
    assert shares == sorted(shares, reverse=True)


def refusal(evaluate: Callable[..., Any], *places: Path) -> str:
    with pytest.raises(ComponentError) as caught:
        evaluate(*places)
    return str(caught.value)


def test_a_test_split_that_does_not_fit_is_refused(
    evaluate: Callable[..., Any], toy: Any, tmp_path: Path
) -> None:
    test = Path(shutil.copytree(toy.folder / "test", tmp_path / "test"))
    facts = json.loads((test / "dataset.json").read_text())
    (test / "dataset.json").write_text(json.dumps({**facts, "labels": ["1", "2"]}))
    expected = "test has the labels 1, 2, but the model was trained on 1, 5"
    assert expected == refusal(evaluate, test)


def test_a_vocabulary_that_does_not_fit_is_refused(
    evaluate: Callable[..., Any], toy: Any, tmp_path: Path
) -> None:
    test = Path(shutil.copytree(toy.folder / "test", tmp_path / "test"))
    facts = json.loads((test / "dataset.json").read_text())
    (test / "dataset.json").write_text(json.dumps({**facts, "vocab_size": 5}))
    expected = (
        "test was tokenised with a vocabulary of 5 words, but the model knows 17: prepare with"
        " the checkpoint it was trained from"
    )
    assert expected == refusal(evaluate, test)


def test_a_damaged_shard_is_refused(evaluate: Callable[..., Any], toy: Any, tmp_path: Path) -> None:
    test = Path(shutil.copytree(toy.folder / "test", tmp_path / "test"))
    shard = test / "part-00000-of-00001.tfrecord"
    shard.write_bytes(shard.read_bytes()[:-5])
    assert "test: a shard is damaged" == refusal(evaluate, test)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("1/saved_model.pb", None, "model: there is no 1/saved_model.pb in `{}`"),
        ("labels.json", None, "model: there is no labels.json in `{}`"),
        ("settings.json", "{}", "model: labels.json or settings.json is damaged: KeyError('vocab_size')"),
        ("1/saved_model.pb", "x", "model: the SavedModel cannot be loaded: "),
    ],
    ids=["no model", "no labels", "bad settings", "bad model"],
)  # fmt: skip
def test_a_folder_that_is_no_classifier_is_refused(
    evaluate: Callable[..., Any], classifier: Path, toy: Any, tmp_path: Path,
    name: str, content: str | None, message: str,
) -> None:  # fmt: skip
    broken = Path(shutil.copytree(classifier, tmp_path / "broken"))
    (broken / name).unlink()
    if content is not None:
        (broken / name).write_text(content)
    said = refusal(evaluate, toy.folder / "test", broken)
    assert message.format(broken) == (said[: len(message)] if message.endswith(": ") else said)
