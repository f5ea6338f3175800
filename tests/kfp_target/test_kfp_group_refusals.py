"""What KFP cannot do with loops, calls and last steps is said at its place, with a way out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from isodag import driver
from isodag.targets import kfp

HERE = Path(__file__).parent
FOLDERS = [str(HERE / "components"), str(HERE.parent / "toys" / "components")]
HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: refused\n"
REGISTRY = "targets: {kfp: {image_registry: registry.example.com}}\n"
INNER = (
    "apiVersion: isodag/v1\nkind: Pipeline\nname: inner\n"
    "parameters: {p: {type: Boolean}, q: {type: Boolean}}\n"
    "conditions: {good: parameters.p, open: parameters.q}\n"
    "steps:\n"
    "  fit: {when: good, component: fit_mean, inputs: {numbers: 's3://bucket/n'}}\n"
    "  make: {when: open, component: make_numbers}\n"
    "  score:\n"
    "    when: good and open\n"
    "    component: score_mean\n"
    "    inputs: {model: '${{ steps.fit.outputs.model }}', numbers: '${{ steps.make.outputs.numbers }}'}\n"
)

Said = list[tuple[str, str, str, str | None]]


@pytest.fixture
def said(tmp_path: Path) -> Callable[..., Said]:
    """Code, text marked, message and help of what KFP says of a definition and those it calls."""

    def compiled(text: str, **called: str) -> Said:
        for name, inner in called.items():
            (tmp_path / f"{name}.yaml").write_text(inner)
        path = tmp_path / "dag.yaml"
        path.write_text(HEAD + text)
        loaded = driver.load(path, components=FOLDERS)
        assert loaded.pipeline is not None, loaded.diagnostics
        emitted = kfp.emit(loaded.pipeline)
        wrong = any(item.severity == "error" for item in emitted.diagnostics)
        assert wrong == (not emitted.files)
        found = []
        for item in emitted.diagnostics:
            line = Path(item.span.path).read_text().splitlines()[item.span.line - 1]
            marked = line[item.span.column - 1 : item.span.end_column - 1]
            found.append((item.code, marked, item.message, item.help))
        return found

    return compiled


def test_a_list_leaves_no_condition_beside_that_of_its_reader(said: Callable[..., Said]) -> None:
    text = (
        "parameters: {p: {type: Boolean}, q: {type: Boolean}}\n"
        "conditions: {good: parameters.p, open: parameters.q}\n"
        "steps:\n"
        "  make: {when: open, component: make_numbers}\n"
        "  fit:\n"
        "    when: good\n"
        "    foreach: {var: shrink, in: [0.1, 0.2]}\n"
        "    component: fit_mean\n"
        "    inputs: {numbers: 's3://bucket/n', shrink: '${{ each.shrink }}'}\n"
        "  best: {when: good and open, after: [make], pick: {from: fit, lowest: loss}}\n"
    )
    assert [
        (
            "E602",
            "best",
            "step `best` stands behind `open` and `good` and needs step `fit`, which stands behind `good`: KFP nests conditions and cannot join them",
            "put `fit` behind `open` and `good` too, or both behind one condition",
        )
    ] == said(text + REGISTRY)


def test_what_is_wrong_in_a_pipeline_is_said_once_however_often_it_is_called(
    said: Callable[..., Said],
) -> None:
    text = (
        "parameters: {p: {type: Boolean}}\n"
        "steps:\n"
        "  one: {component: ./inner.yaml, inputs: {p: '${{ parameters.p }}', q: '${{ parameters.p }}'}}\n"
        "  two: {component: ./inner.yaml, inputs: {p: '${{ parameters.p }}', q: '${{ parameters.p }}'}}\n"
    )
    assert [
        (
            "E602",
            "${{ steps.fit.outputs.model }}",
            "step `score` stands behind `open` and `good` and needs step `fit`, which stands behind `good`: KFP nests conditions and cannot join them",
            "put `fit` behind `open` and `good` too, or both behind one condition",
        )
    ] == said(text + REGISTRY, inner=INNER)


def test_an_output_comes_from_no_call_that_may_be_skipped(said: Callable[..., Said]) -> None:
    inner = (
        "apiVersion: isodag/v1\nkind: Pipeline\nname: inner\n"
        "steps: {make: {component: make_numbers}}\n"
        "outputs: {total: '${{ steps.make.outputs.total }}'}\n"
    )
    text = (
        "parameters: {p: {type: Boolean}}\n"
        "steps: {sum: {when: parameters.p, component: ./inner.yaml}}\n"
        "outputs: {total: '${{ steps.sum.outputs.total }}'}\n"
    )
    assert [
        (
            "E603",
            "total",
            "output `total` comes from step `sum`, which runs only behind `parameters.p`: KFP has no outputs of skipped steps",
            "take the `when:` off `sum`, or the output out of `outputs:`",
        )
    ] == said(text + REGISTRY, inner=inner)


def test_names_that_sub_dags_need(said: Callable[..., Said]) -> None:
    text = (
        "parameters: {numbers: {type: Dataset}}\n"
        "steps:\n"
        "  each_make: {component: make_numbers}\n"
        "  exit_handler_1: {component: make_numbers}\n"
        "  finally_fit: {component: make_numbers}\n"
        "  sum_make: {component: make_numbers}\n"
        "  make:\n"
        "    foreach: {var: count, in: [1, 2]}\n"
        "    component: make_numbers\n"
        "    inputs: {count: '${{ each.count }}'}\n"
        "  sum: {component: ./inner.yaml}\n"
        "finally:\n"
        "  fit: {component: fit_mean, inputs: {numbers: '${{ parameters.numbers }}'}}\n"
    )
    inner = "apiVersion: isodag/v1\nkind: Pipeline\nname: inner\nsteps: {make: {component: make_numbers}}\n"
    help = "rename one of them"
    assert sorted(
        [
            ("E601", "each_make", "step `each_make` and the repetition of step `make` both need the name `each-make` on KFP", help),
            ("E601", "exit_handler_1", "step `exit_handler_1` and the sub-DAG of all steps but `finally` both need the name `exit-handler-1` on KFP", help),
            ("E601", "finally_fit", "step `finally_fit` and the sub-DAG of step `fit` both need the name `finally-fit` on KFP", help),
            ("E601", "make", "step `sum-make` and step `sum_make` both need the name `sum-make` on KFP", help),
        ]
    ) == sorted(said(text + REGISTRY, inner=inner))  # fmt: skip


def test_items_that_kfp_would_change(said: Callable[..., Said]) -> None:
    text = (
        "steps:\n"
        "  tell:\n"
        "    foreach: {var: text, in: [plain, 'run {{workflow.name}}']}\n"
        "    component: announce\n"
        "    inputs: {model: 's3://b/m', text: '${{ each.text }}'}\n"
        "  make:\n"
        "    foreach: {var: count, in: [1, 9007199254740993]}\n"
        "    component: make_numbers\n"
        "    inputs: {count: 3, step: 0.5}\n"
        "  most: {pick: {from: make, highest: total}}\n"
        "  again: {component: make_numbers, inputs: {count: '${{ steps.most.outputs.count }}'}}\n"
    )
    assert [
        ("E606", "[plain, 'run {{workflow.name}}']", "an item of `text` holds `{{workflow.name…`, which KFP would replace at run time", "take the braces apart, or read the text from a file"),
        ("E605", "[1, 9007199254740993]", "an item of `count` is 9007199254740993, which KFP cannot carry: its numbers are doubles", "pass it as a String, or stay within 9007199254740992"),
    ] == said(text + REGISTRY)  # fmt: skip


def test_items_that_are_artifacts_which_nobody_can_fetch(said: Callable[..., Said]) -> None:
    text = (
        "steps:\n"
        "  fit:\n"
        "    foreach: {var: from, in: [{uri: 's3://bucket/n'}, {uri: 'https://example.com/n'}]}\n"
        "    component: fit_mean\n"
        "    inputs: {numbers: '${{ each.from.uri }}'}\n"
    )
    assert [
        (
            "E607",
            "[{uri: 's3://bucket/n'}, {uri: 'https://example.com/n'}]",
            "input `numbers` is `https://example.com/n`, which KFP cannot fetch",
            "copy it to a bucket and name it by s3://, gs://, minio:// or oci://",
        )
    ] == said(text + REGISTRY)
