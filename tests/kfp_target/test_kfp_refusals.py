"""What KFP cannot do is said at its place, with a way out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import kfp_graphs
import pytest

from isodag import driver
from isodag.diagnostics import Diagnostic
from isodag.ir import Branch, Constant, Gate, OutputRef, ParameterRef, RunRef, Text, Truth
from isodag.source import Source
from isodag.targets import kfp

HERE = Path(__file__).parent
FOLDERS = [str(HERE / "components"), str(HERE.parent / "toys" / "components")]
HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: refused\n"
REGISTRY = "targets: {kfp: {image_registry: registry.example.com}}\n"

Said = list[tuple[str, str, str, str | None]]


@pytest.fixture
def said(tmp_path: Path) -> Callable[[str], Said]:
    """Code, text marked, message and help of what KFP says of a definition."""

    def compiled(text: str) -> Said:
        path = tmp_path / "dag.yaml"
        path.write_text(HEAD + text)
        loaded = driver.load(path, components=FOLDERS)
        assert loaded.pipeline is not None, loaded.diagnostics
        emitted = kfp.emit(loaded.pipeline)
        wrong = any(item.severity == "error" for item in emitted.diagnostics)
        assert wrong == (not emitted.files)
        source = loaded.sources[str(path)]
        return [
            (item.code, marked(source, item), item.message, item.help)
            for item in emitted.diagnostics
        ]

    return compiled


def marked(source: Source, item: Diagnostic) -> str:
    line = source.line(item.span.line)
    return line[item.span.column - 1 : item.span.end_column - 1]


FIT = "  fit: {component: fit_mean, inputs: {numbers: 's3://bucket/n'}}\n"
SCORE = "{component: score_mean, inputs: {model: '${{ steps.fit.outputs.model }}', numbers: 's3://bucket/n'}"


def test_names_that_fold_into_one(said: Callable[[str], Said]) -> None:
    twice = FIT + FIT.replace("fit:", "fit_:") + FIT.replace("fit:", "fit_driver:")
    assert [
        ("E601", "fit_", "step `fit_` and step `fit` both need the name `fit` on KFP", "rename one of them"),
        ("E601", "fit_driver", "step `fit_driver` and step `fit` both need the name `fit-driver` on KFP", "rename one of them"),
    ] == said("steps:\n" + twice + REGISTRY)  # fmt: skip


def test_names_that_kfp_makes_itself(said: Callable[[str], Said]) -> None:
    text = (
        "parameters: {n: {type: Dataset}, p: {type: Boolean}}\n"
        "conditions: {good: parameters.p}\n"
        "steps:\n"
        "  import_n: {component: make_numbers}\n"
        "  if_good: {component: make_numbers}\n"
        "  loop_item_1: {component: make_numbers}\n"
        "  fit: {when: good, component: fit_mean, inputs: {numbers: '${{ parameters.n }}'}}\n"
    )
    assert [
        ("E601", "import_n", "step `import_n` and the import of `n` both need the name `import-n` on KFP", "rename one of them"),
        ("E601", "if_good", "step `if_good` and condition `good` both need the name `if-good` on KFP", "rename one of them"),
        ("E601", "loop_item_1", "step `loop_item_1` has the name `loop-item-1`, which KFP keeps for loops", "rename it"),
    ] == said(text + REGISTRY)  # fmt: skip


def test_conditions_and_imports_that_fold_into_one(said: Callable[[str], Said]) -> None:
    text = (
        "parameters: {n: {type: Dataset}, n_: {type: Dataset}, p: {type: Boolean}}\n"
        "conditions: {good: parameters.p, good_: not parameters.p}\n"
        "steps:\n"
        "  one: {when: good, component: fit_mean, inputs: {numbers: '${{ parameters.n }}'}}\n"
        "  two: {when: good_, component: fit_mean, inputs: {numbers: '${{ parameters.n_ }}'}}\n"
    )
    help = "rename one of them"
    assert [
        ("E601", "not parameters.p", "condition `good_` and condition `good` both need the name `if-good` on KFP", help),
        ("E601", "${{ parameters.n_ }}", "the import of `n_` and the import of `n` both need the name `import-n` on KFP", help),
    ] == said(text + REGISTRY)  # fmt: skip


def test_two_conditions_do_not_join(said: Callable[[str], Said]) -> None:
    text = (
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
    assert [
        (
            "E602",
            "${{ steps.fit.outputs.model }}",
            "step `score` stands behind `open` and `good` and needs step `fit`, which stands behind `good`: KFP nests conditions and cannot join them",
            "put `fit` behind `open` and `good` too, or both behind one condition",
        )
    ] == said(text + REGISTRY)  # fmt: skip


def test_an_output_of_the_pipeline_may_not_be_skipped(said: Callable[[str], Said]) -> None:
    text = (
        "parameters: {p: {type: Boolean}}\n"
        "steps:\n"
        "  fit: {when: parameters.p, component: fit_mean, inputs: {numbers: 's3://bucket/n'}}\n"
        "outputs:\n"
        "  loss: ${{ steps.fit.outputs.loss }}\n"
    )
    assert [
        (
            "E603",
            "loss",
            "output `loss` comes from step `fit`, which runs only behind `parameters.p`: KFP has no outputs of skipped steps",
            "take the `when:` off `fit`, or the output out of `outputs:`",
        )
    ] == said(text + REGISTRY)  # fmt: skip


def test_a_component_without_a_container(said: Callable[[str], Said]) -> None:
    text = "steps:\n" + FIT + (
        "  register: {component: register_only, inputs: {model: '${{ steps.fit.outputs.model }}'}}\n"
    )  # fmt: skip
    assert [
        (
            "E604",
            "register",
            "`register_only` has no container: it runs only on SageMaker",
            "on KFP use another component, or add implementation.container to this one",
        )
    ] == said(text + REGISTRY)


def test_whole_numbers_beyond_what_a_double_holds(said: Callable[[str], Said]) -> None:
    text = (
        "parameters: {big: {type: Integer, default: 9007199254740993}, json: {type: JsonArray, default: [{a: -9007199254740993}]}}\n"
        "conditions: {more: parameters.big > 9007199254740993}\n"
        "steps:\n"
        "  make: {when: more, component: make_numbers}\n"
    )
    help = "pass it as a String, or stay within 9007199254740992"
    assert [
        ("E605", "9007199254740993", "the default of `big` is 9007199254740993, which KFP cannot carry: its numbers are doubles", help),
        ("E605", "[{a: -9007199254740993}]", "the default of `json` is -9007199254740993, which KFP cannot carry: its numbers are doubles", help),
        ("E605", "parameters.big > 9007199254740993", "condition `parameters.big > 9007199254740993` is 9007199254740993, which KFP cannot carry: its numbers are doubles", help),
    ] == said(text + REGISTRY)  # fmt: skip


def test_the_greatest_number_that_a_double_holds_is_taken(said: Callable[[str], Said]) -> None:
    text = "parameters: {big: {type: Integer, default: 9007199254740992}}\nsteps:\n" + FIT
    assert [] == said(text + REGISTRY)


def test_text_that_kfp_or_argo_would_replace(said: Callable[[str], Said]) -> None:
    text = (
        "steps:\n"
        "  make: {component: make_numbers}\n"
        "  tell: {component: announce, inputs: {model: 's3://bucket/m', text: 'at {{workflow.name}}'}}\n"
        "  more: {component: announce, inputs: {model: 's3://bucket/m', text: 'is {{$.x}} ${{ run.id }}'}}\n"
        "  fine: {component: announce, inputs: {model: 's3://bucket/m', text: 'dear {{name}}'}}\n"
    )
    help = "take the braces apart, or read the text from a file"
    assert [
        ("E606", "'at {{workflow.name}}'", "input `text` holds `{{workflow.name…`, which KFP would replace at run time", help),
        ("E606", "is {{$.x}} ${{ run.id }}", "input `text` holds `{{$.x…`, which KFP would replace at run time", help),
    ] == said(text + REGISTRY)  # fmt: skip


def test_artifacts_that_lie_where_kfp_does_not_reach(said: Callable[[str], Said]) -> None:
    text = (
        "parameters: {n: {type: Dataset, default: 'sample:reviews'}}\n"
        "steps:\n"
        "  fit: {component: fit_mean, inputs: {numbers: '${{ parameters.n }}'}}\n"
        "  again: {component: fit_mean, inputs: {numbers: ./numbers.txt}}\n"
    )
    help = "copy it to a bucket and name it by s3://, gs://, minio:// or oci://"
    assert [
        ("E607", "'sample:reviews'", "the default of `n` is `sample:reviews`, which KFP cannot fetch", help),
        ("E607", "./numbers.txt", "input `numbers` is `./numbers.txt`, which KFP cannot fetch", help),
    ] == said(text + REGISTRY)  # fmt: skip


def test_settings_of_the_wrong_shape(said: Callable[[str], Said]) -> None:
    text = (
        "steps:\n" + FIT + "targets:\n"
        "  kfp:\n"
        "    image_registry: registry.example.com\n"
        "    pipeline_root: /runs\n"
        "    tolerations: [{colour: red}, {}]\n"
        "    node_selector: {disk: [ssd]}\n"
    )
    assert [
        ("E608", "/runs", "`/runs` is no place for outputs", "write s3://bucket/path, gs://bucket/path or minio://bucket/path"),
        ("E608", "colour", "a toleration has no `colour`", "known keys: `effect`, `key`, `operator`, `seconds`, `value`"),
        ("E608", "{}", "a toleration is empty", "it has key, operator, value, effect, seconds"),
        ("E608", "[ssd]", "`node_selector.disk` must be text known at compile time", "write it out"),
    ] == said(text)  # fmt: skip


def test_images_without_a_registry_are_warned_of_once_each(said: Callable[[str], Said]) -> None:
    text = "parameters: {p: {type: Boolean}}\nsteps:\n" + FIT + FIT.replace("fit:", "refit:") + (
        "  stop: {when: parameters.p, fail: no}\n"
        "  deploy: {component: deploy, inputs: {model: 's3://bucket/m'}}\n"
        "targets: {kfp: {images: {isodag/deploy: 'example.com/deploy:1'}}}\n"
    )  # fmt: skip
    help = "set targets.kfp.image_registry, or name it in targets.kfp.images"
    assert [
        ("W601", "fit", "image `isodag/base:1.0.0` is emitted as written, without a registry", help),
        ("W601", "deploy", "image `isodag/serve:1.0.0` is emitted as written, without a registry", help),
    ] == said(text)  # fmt: skip


def test_operating_settings_that_kfp_lacks_are_warned_of_once_each(
    said: Callable[[str], Said],
) -> None:
    text = (
        "defaults: {cache: {max_age: 30d}, retry: {max_attempts: 3, on: [capacity], backoff: 1.5}, resources: {disk: 30Gi}}\n"
        "steps:\n" + FIT + FIT.replace("fit:", "refit:")
    )
    help = "a setting of this step and of 1 more"
    assert [
        ("W602", "fit", "`cache.max_age` is not kept on KFP: results are reused at any age", help),
        ("W602", "fit", "`resources.disk` is not kept on KFP: a pod has its node's disk", help),
        ("W602", "fit", "`retry.backoff` is rounded up on KFP: Argo takes whole factors", help),
        ("W602", "fit", "`retry.on` is not kept on KFP: every failure is tried again", help),
    ] == said(text + REGISTRY)


def test_nothing_is_said_of_settings_that_do_nothing(said: Callable[[str], Said]) -> None:
    text = (
        "steps:\n"
        "  tell: {component: announce, inputs: {model: 's3://b/m'}, retry: {max_attempts: 1, on: [capacity]}}\n"
    )
    assert [] == said(text + REGISTRY)


# --- graphs that no definition lowers to -----------------------------------------------------


def test_a_condition_that_reads_behind_another_condition() -> None:
    used = kfp_graphs.COMPONENTS[2]
    inputs = {
        "model": Constant("s3://b/m", "Model"),
        "data": Constant("s3://b/d", "Artifact"),
        "options": Constant({}, "JsonObject"),
    }
    behind = (Branch("g", True),)
    graph = kfp_graphs.pipeline(
        [
            kfp_graphs.task("score", used, inputs, when=behind),
            kfp_graphs.task("other", used, inputs, when=(Branch("h", True),)),
        ],
        gates=(
            Gate("g", Truth(ParameterRef("off", "Boolean")), "off", kfp_graphs.SPAN),
            Gate("h", Truth(OutputRef("score", "good", "Boolean")), "good", kfp_graphs.SPAN),
        ),
        parameters=kfp_graphs.PARAMETERS,
    )
    errors = [item for item in kfp.emit(graph).diagnostics if item.severity == "error"]
    assert [
        (
            "E602",
            "step `other` stands behind `h` and needs step `score`, which stands behind `g`: "
            "KFP nests conditions and cannot join them",
            "put `score` behind no condition too, or both behind one condition",
        )
    ] == [(item.code, item.message, item.help) for item in errors]


def test_texts_are_written_out_in_the_arguments() -> None:
    used = kfp_graphs.COMPONENTS[0]
    text = Text(
        (Constant("in ", "String"), RunRef("id"), Constant(" of ", "String"), RunRef("pipeline"))
    )
    graph = kfp_graphs.pipeline(
        [kfp_graphs.task("one", used, {"count": Constant(1, "Integer"), "name": text})]
    )
    written = kfp.emit(graph).files["pipeline.yaml"].decode()
    assert "\"in {{$.inputs.parameters['name-1']}} of graph\"" in written
