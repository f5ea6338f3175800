"""What one run does to the next: caches that never answer, places that are written over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sagemaker_building import component, gate, pipeline, task

from isodag import ir
from isodag.component import Binding, BindingStep, Component
from isodag.expressions import Name, Template
from isodag.targets.sagemaker import emit

CACHE = ir.Cache(86400)
MAKE = component("make", {"n": "Integer"}, {"data": "Dataset", "n": "Integer"})
READ = component("read", {"data": "Dataset", "n": "Integer"}, {"data": "Dataset"})
FIT = component("fit", {"data": "Dataset"}, {"model": "Model"}, "Training")
USE = component("use", {"model": "Model"}, {"data": "Dataset"})


def told(codes: tuple[str, ...], *tasks: ir.Node, gates: tuple[ir.Gate, ...] = ()) -> list[str]:
    found = emit(pipeline(list(tasks), gates)).diagnostics
    return [f"{item.code} {item.message} | {item.help}" for item in found if item.code in codes]


def data(step: str) -> dict[str, ir.Value]:
    return {"data": ir.OutputRef(step, "data", "Dataset")}


# --- W511 ------------------------------------------------------------------------------------


def cached(*tasks: ir.Node) -> list[str]:
    return told(("W511",), *tasks)


def test_a_chain_is_cached_from_its_start() -> None:
    make = task("a", MAKE, {}, cache=CACHE)
    assert [] == cached(make, task("b", READ, data("a"), cache=CACHE))
    assert [] == cached(replace(make, cache=None), task("b", READ, data("a")))


def test_a_cached_step_after_one_that_is_not() -> None:
    make, read = task("a", MAKE, {}), task("b", READ, data("a"), cache=CACHE)
    said = "W511 step `b` is cached, but what `a` makes is new in every run"
    assert [f"{said} | give `a` a `cache:` too"] == cached(make, read)
    # what comes after it is a consequence
    assert [f"{said} | give `a` a `cache:` too"] == cached(
        make, read, task("c", READ, data("b"), cache=CACHE)
    )
    seen = replace(make, component=replace(MAKE, side_effects=True), cache=CACHE)
    help = "`a` runs every time, and so does this step: its `cache:` is of no use"
    assert [f"{said} | {help}"] == cached(seen, read)


def test_a_model_that_is_trained_anew() -> None:
    model = {"model": ir.OutputRef("a", "model", "Model")}
    use = task("b", USE, model, cache=CACHE)
    said = "W511 step `b` is cached, but what `a` makes is new in every run"
    assert [f"{said} | give `a` a `cache:` too"] == cached(task("a", FIT, {}), use)
    assert [] == cached(task("a", FIT, {}, cache=CACHE), use)


def test_a_number_may_be_the_same_in_two_runs() -> None:
    read = task("b", READ, {"n": ir.OutputRef("a", "n", "Integer")}, cache=CACHE)
    assert [] == cached(task("a", MAKE, {}), read)


# --- E516, W512 ------------------------------------------------------------------------------


def scoring(place: Any) -> Component:
    """A component that is a Transform step, with its output in a place."""
    of = component("score", {}, {"data": "Dataset"})
    arguments = {
        "ModelName": "m",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix",
                                                            "S3Uri": "s3://bucket/x"}}},
        "TransformOutput": {"S3OutputPath": place},
    }  # fmt: skip
    step = BindingStep("", "Transform", arguments, of.span)
    return replace(of, binding=Binding((step,), {}, of.span))


FIXED = scoring("s3://bucket/scores")
OWN = scoring(Template((Name(("outputs", "data"), (MAKE.span,) * 2, MAKE.span),), MAKE.span))
EVERY_RUN = (
    "W512 what step `{}` transforms goes to `s3://bucket/scores` in every run, over the last one's"
    " | write ${{{{ outputs.NAME }}}}, which is a new place in every run"
)
CLASH = (
    "E516 what step `{}` transforms goes where what step `{}` transforms goes"
    " | give each a place of its own"
)


def written(*tasks: ir.Node, gates: tuple[ir.Gate, ...] = ()) -> list[str]:
    return told(("E516", "W512"), *tasks, gates=gates)


def test_a_place_of_its_own_in_every_run() -> None:
    assert [] == written(task("a", OWN, {}), task("b", OWN, {}), task("c", MAKE, {}))


def test_a_fixed_place_is_written_over() -> None:
    assert [EVERY_RUN.format("a")] == written(task("a", FIXED, {}))


def test_two_steps_write_to_one_place() -> None:
    assert sorted([EVERY_RUN.format("a"), CLASH.format("b", "a")]) == sorted(
        written(task("a", FIXED, {}), task("b", FIXED, {}))
    )


def test_steps_that_never_both_run_may_share_a_place() -> None:
    good = gate("good", ir.Compare("==", ir.RunRef("pipeline"), ir.Constant("x", "String")))
    yes, no = (ir.Branch("good", taken) for taken in (True, False))
    one, other = task("a", FIXED, {}, (yes,)), task("b", FIXED, {}, (no,))
    assert [EVERY_RUN.format("a"), EVERY_RUN.format("b")] == written(one, other, gates=(good,))


def test_training_writes_below_the_name_of_its_job() -> None:
    assert [] == written(task("a", FIT, {}), task("b", FIT, {}))
