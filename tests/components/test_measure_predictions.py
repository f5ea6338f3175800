"""measure_predictions counts what was right, what failed and what nobody knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from isodag.runtime import ComponentError

Component = Callable[[str], Callable[..., Any]]


def scored(label: str, share: float = 0.5, **record: Any) -> str:
    """A line as batch_transform writes it, of a model that knows the classes 1 and 5."""
    shares = {"1": 1 - share, "5": share} if label == "5" else {"1": share, "5": 1 - share}
    prediction = {"label": label, "probability": share, "probabilities": shares}
    return json.dumps({**record, "prediction": prediction})


def failed(error: str) -> str:
    return json.dumps({"error": error, "record": "?"})


class Page(HTMLParser):
    """The texts of a page, and its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())


@pytest.fixture
def measure(component: Component, tmp_path: Path) -> Callable[..., tuple[Any, Page]]:
    """Measure lines, which are in one file or several; the scalars and the page."""

    def run(*files: list[str], **parameters: Any) -> tuple[Any, Page]:
        folder = tmp_path / "predictions"
        folder.mkdir()
        for number, lines in enumerate(files):
            text = "".join(line + "\n" for line in lines)
            (folder / f"part-{number}.jsonl.out").write_text(text)
        page = tmp_path / "page.html"
        found = component("measure_predictions")(
            folder, page, **{"label_column": "stars", "text_column": "text", **parameters}
        )
        return found, Page(page.read_text())

    return run


def test_what_was_right_is_counted_and_told(
    measure: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    found, page = measure(
        [scored("5", stars=5), scored("5", stars="5.0"), failed("blank line")],
        [scored("1", stars=" 5"), scored("1", stars=1.0), scored("5", stars=None), scored("1")],
        [scored("5", stars=""), failed("not JSON: at 3"), failed("not JSON: at 9"), ""],
    )
    assert {"accuracy": 0.75, "rows": 4, "failed": 3} == found
    assert "0.750 of 4 rows right; 3 failed, 3 without `stars`\n" == capfd.readouterr().err
    start = page.texts.index("accuracy")
    # Wilson's 95 % interval of 3 in 4
    assert [
        "accuracy", "75.0 %", "95 % interval", "30.1 to 95.4 %", "rows compared", "4",
        "not scored", "3", "without a label", "3", "always the commonest class", "75.0 %",
    ] == page.texts[start : start + 12]  # fmt: skip
    matrix = page.texts.index("true \\ predicted")
    assert [
        "1", "5", "rows", "1", "1", "100 %", "0", "0 %", "1", "5", "1", "33 %", "2", "67 %", "3",
    ] == page.texts[matrix + 1 : matrix + 16]  # fmt: skip
    errors = page.texts.index("Records that were not scored")
    assert ["error", "records", "not JSON", "2", "blank line", "1"] == page.texts[errors + 1 :][:6]


def test_a_class_that_the_model_does_not_know_is_never_right(
    measure: Callable[..., Any],
) -> None:
    found, page = measure([scored("5", stars=3), scored("5", stars=5)])
    assert {"accuracy": 0.5, "rows": 2, "failed": 0} == found
    matrix = page.texts.index("true \\ predicted")
    assert ["1", "5", "3", "rows"] == page.texts[matrix + 1 : matrix + 5]


def test_the_worst_mistakes_come_first_and_say_where_they_are(
    measure: Callable[..., Any],
) -> None:
    lines = [scored("5", share, stars=1, text=f"text {share}") for share in (0.6, 0.9, 0.7, 0.9)]
    _, page = measure([scored("5", 0.99, stars=5), *lines], mistakes=3)
    assert [
        "1", "5", "90.0 %", "part-0.jsonl.out:3", "text 0.9",
        "1", "5", "90.0 %", "part-0.jsonl.out:5", "text 0.9",
        "1", "5", "70.0 %", "part-0.jsonl.out:4", "text 0.7",
    ] == page.texts[-15:]  # fmt: skip


def test_the_first_predictions_are_shown_right_or_wrong(measure: Callable[..., Any]) -> None:
    lines = [scored("5", stars=1 + 4 * (n % 2), text=f"text {n}") for n in range(12)]
    _, page = measure([scored("5", text="nobody knows"), *lines])
    start = page.texts.index("The first 10 of 12.")
    names = ["true", "predicted", "confidence", "id", "text"]
    assert ["Predictions", "The first 10 of 12.", *names] == page.texts[start - 1 : start + 6]
    first = ["1", "5", "50.0 %", "part-0.jsonl.out:2", "text 0"]
    second = ["5", "5", "50.0 %", "part-0.jsonl.out:3", "text 1"]
    assert [*first, *second] == page.texts[start + 6 : start + 16]
    assert 1 == page.texts.count("text 9")  # it is right; the one before it is a mistake as well
    assert 2 == page.texts.count("text 8")


def test_hostile_text_is_shown_as_text(measure: Callable[..., Any]) -> None:
    hostile = "<script>alert('x')</script>"
    _, page = measure([scored("5", stars=hostile, text=hostile), failed(hostile)])
    assert "script" not in page.tags
    # among the predictions, across and down the matrix, as an error, as a mistake: class and text
    assert 7 == page.texts.count(hostile)


def test_without_mistakes_and_errors_the_page_says_so(measure: Callable[..., Any]) -> None:
    _, page = measure([scored("5", stars=5)])
    assert ["Records that were not scored", "None.", "Worst mistakes", "None."] == page.texts[-4:]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "predictions: no row to compare: 0 failed, 0 without `stars`"),
        ([scored("5"), failed("x")], "predictions: no row to compare: 1 failed, 1 without `stars`"),
        (["{}"], "part-0.jsonl.out:1: neither a prediction nor an error, as batch_transform writes them"),
        ([scored("5", stars=5), "x"], "part-0.jsonl.out:2: neither a prediction nor an error, as batch_transform writes them"),
        (['{"prediction": "5"}'], "part-0.jsonl.out:1: neither a prediction nor an error, as batch_transform writes them"),
        ([scored("5", stars=[5])], "part-0.jsonl.out:1: `stars` is neither text nor number"),
        ([scored("5", stars=f"s{n}") for n in range(1000)], "label_column has more than 1000 classes"),
    ],
    ids=["nothing", "no labels", "empty object", "not JSON", "flat", "list", "many classes"],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused(
    measure: Callable[..., Any], lines: list[str], message: str
) -> None:
    with pytest.raises(ComponentError) as caught:
        measure(lines)
    assert message == str(caught.value)


def test_it_needs_no_tensorflow_and_no_numpy() -> None:
    import subprocess
    import sys

    folder = Path(__file__).parents[2] / "components" / "measure_predictions"
    program = "import sys, main; print([n for n in ('tensorflow', 'numpy') if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True,
        env={"PYTHONPATH": ":".join([path for path in sys.path if path] + ["."])},
    )  # fmt: skip
    assert "[]\n" == done.stdout
