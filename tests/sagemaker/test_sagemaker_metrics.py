"""Numbers of a Training step: printed by the runtime, found by SageMaker, read by other steps."""

from __future__ import annotations

import math
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sagemaker_building import LIBRARIES, component, definition, gate, pipeline, task, tree
from sagemaker_judge import complaints
from sagemaker_service import Failed, Service

from isodag import driver, ir
from isodag.runtime.values import render
from isodag.targets.sagemaker import emit

FIT = component(
    "fit", {"data": "Dataset"},
    {"model": "Model", "loss": "Float", "rows": "Integer", "done": "Boolean", "note": "String"},
    "Training",
)  # fmt: skip
LOSS = {"Get": "Steps.a.FinalMetricDataList['loss'].Value"}


def defined(made: dict[str, Any], name: str = "a") -> dict[str, str]:
    """The metric definitions of a step: expressions by name, in their order."""
    step = next(step for step in made["Steps"] if step["Name"] == name)
    listed = step["Arguments"]["AlgorithmSpecification"].get("MetricDefinitions", [])
    assert len(listed) == len({item["Name"] for item in listed})
    return {item["Name"]: item["Regex"] for item in listed}


def fitted(settings: dict[str, Any] | None = None, **shared: Any) -> dict[str, str]:
    """The metric definitions of FIT under some settings of its own and of the pipeline."""
    block = {"targets": {"sagemaker": tree(settings)}} if settings else {}
    made = definition(emit(pipeline([task("a", FIT, {}, **block)], **shared)))
    assert [] == complaints(made)
    return defined(made)


def arguments(*listed: tuple[str, str]) -> dict[str, Any]:
    items = [{"Name": name, "Regex": regex} for name, regex in listed]
    return {"arguments": {"AlgorithmSpecification": {"MetricDefinitions": items}}}


# --- definitions -----------------------------------------------------------------------------

NUMBER = r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"
OWN = {"loss": f"isodag: loss={NUMBER}", "rows": f"isodag: rows={NUMBER}"}


def test_every_number_has_a_definition_and_nothing_else_has() -> None:
    assert OWN == fitted()


def test_metrics_stand_beside_them_or_instead() -> None:
    settings = {"metrics": {"epoch": "epoch ([0-9]+)", "loss": "final: (.*)"}}
    assert {"loss": "final: (.*)", "rows": OWN["rows"], "epoch": "epoch ([0-9]+)"} == fitted(
        settings
    )


def test_arguments_stand_beside_them_or_instead() -> None:
    settings = arguments(("epoch", "epoch ([0-9]+)"), ("loss", "final: (.*)"))
    assert {"epoch": "epoch ([0-9]+)", "loss": "final: (.*)", "rows": OWN["rows"]} == fitted(
        settings
    )
    assert {"epoch": "e=(.)", **OWN} == fitted(None, **arguments(("epoch", "e=(.)")))


def test_null_removes_them() -> None:
    removed = {"MetricDefinitions": ir.Constant(None, "String")}
    block = {"sagemaker": tree({"arguments": {"AlgorithmSpecification": removed}})}
    built = pipeline([task("a", FIT, {}, targets=block)])
    assert {} == defined(definition(emit(built)))


def wide(count: int) -> ir.Task:
    of = component("wide", {}, {f"n{n:02}": "Float" for n in range(count)}, "Training")
    return task("a", of, {})


def test_of_more_than_40_numbers_only_those_that_are_read_have_one() -> None:
    assert 40 == len(defined(definition(emit(pipeline([wide(40)])))))
    read = ir.Compare("<", ir.OutputRef("a", "n40", "Float"), ir.Constant(1.0, "Float"))
    stop = ir.Failure(
        "stop", ir.Constant("no", "String"), (ir.Branch("g", True),), (), FIT.span
    )  # fmt: skip
    made = definition(emit(pipeline([wide(41), stop], (gate("g", read),))))
    assert ["n40"] == list(defined(made))
    assert [] == complaints(made)


# --- what the runtime prints -----------------------------------------------------------------


@given(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers()))
def test_an_expression_finds_the_whole_number_as_the_runtime_spells_it(value: float) -> None:
    log = f"epoch 1 loss=7\nisodag: rows=5\nisodag: loss={render(value)}\nisodag: val_loss=9\n"
    (found,) = re.findall(OWN["loss"], log)
    assert value == type(value)(found)
    assert math.copysign(1, value) == math.copysign(1, type(value)(found))


# --- a whole run -----------------------------------------------------------------------------

READ = """\
apiVersion: isodag/v1
kind: Pipeline
name: read
parameters:
  rows: {type: Dataset}
  enough: {type: Float, default: 2.5}
conditions:
  high: steps.fit.outputs.mean >= parameters.enough
  few: steps.fit.outputs.count == 3 and not high
steps:
  fit: {component: average, inputs: {rows: "${{ parameters.rows }}"}}
  make: {component: make_rows, inputs: {count: "${{ steps.fit.outputs.count }}", ratio: "${{ steps.fit.outputs.mean }}", shuffle: false, options: {}, columns: [], label: x}}
  stop: {when: few, fail: "the mean is only ${{ steps.fit.outputs.mean }}"}
outputs: {mean: "${{ steps.fit.outputs.mean }}"}
targets:
  sagemaker: {role: "arn:aws:iam::111122223333:role/r", artifact_root: "s3://bucket/runs", image_registry: 111122223333.dkr.ecr.us-east-1.amazonaws.com, instance_type: ml.m5.xlarge}
"""


def compiled(tmp_path: Path) -> Any:
    path = tmp_path / "read.yaml"
    path.write_text(READ)
    loaded = driver.load(path, components=LIBRARIES)
    assert loaded.pipeline is not None, loaded.diagnostics
    emitted = driver.compile(loaded, "sagemaker")
    assert () == emitted.diagnostics
    return emitted


def execution(tmp_path: Path, rows: str) -> Service:
    given_rows = tmp_path / "s3" / "bucket" / "rows.txt"
    given_rows.parent.mkdir(parents=True)
    given_rows.write_text(rows)
    values = {"rows": "s3://bucket/rows.txt"}
    made = definition(compiled(tmp_path))
    assert [] == complaints(made)
    return Service(tmp_path, os.pathsep.join(LIBRARIES), made, values)


def test_what_a_training_job_prints_reaches_conditions_and_other_steps(tmp_path: Path) -> None:
    assert sorted(["fit", "make"]) == sorted(execution(tmp_path, "3\n3\n3\n").run())
    written = (tmp_path / "s3/bucket/runs/read/abc123/make/report/data/asked.json").read_text()
    assert '"ratio": 3.0' in written


def test_and_messages(tmp_path: Path) -> None:
    with pytest.raises(Failed) as raised:
        execution(tmp_path, "1\n0.5\n0\n").run()
    assert "the mean is only 0.5" == str(raised.value)


def test_the_manifest_says_where_an_output_is(tmp_path: Path) -> None:
    wanted = {"Get": "Steps.fit.FinalMetricDataList['mean'].Value"}
    outputs = compiled(tmp_path).manifest["outputs"]
    assert {"mean": {"type": "Float", "value": wanted}} == outputs


def test_a_foreign_image_says_how_its_log_shows_a_number() -> None:
    foreign = foreigner(FIT)
    block = {"sagemaker": tree({"metrics": {"loss": "loss: ([0-9.]+)"}})}
    use = component("use", {"x": "Float"}, {})
    read = task("b", use, {"x": ir.OutputRef("a", "loss", "Float")})
    made = definition(emit(pipeline([task("a", foreign, {}, targets=block), read])))
    assert {"loss": "loss: ([0-9.]+)"} == defined(made)
    assert {"Std:Join": {"On": "", "Values": [LOSS]}} in (
        made["Steps"][1]["Arguments"]["AppSpecification"]["ContainerArguments"]
    )
    assert [] == complaints(made)


# --- how an Integer is spelled -----------------------------------------------------------------


def warned(of: Any, value: ir.Value, port: str) -> list[str]:
    read = task("b", of, {port: value})
    found = emit(pipeline([task("a", FIT, {}), read])).diagnostics
    return [item.message for item in found if item.code == "W525"]


def test_an_integer_may_come_back_as_a_float_where_nobody_reads_it_as_one() -> None:
    rows = ir.OutputRef("a", "rows", "Integer")
    said = ["`steps.a.outputs.rows` is of a Training step: as text SageMaker may write 3.0 for 3"]
    use = component("use", {"n": "Integer", "s": "String", "l": "JsonArray"}, {})
    assert [] == warned(use, rows, "n")
    assert said == warned(use, ir.Text((ir.Constant("n=", "String"), rows)), "s")
    assert said == warned(use, ir.Listing((rows,), "JsonArray"), "l")
    foreign = foreigner(component("far", {"n": "Integer"}, {}))
    assert said == warned(foreign, rows, "n")
    loss = ir.OutputRef("a", "loss", "Float")
    assert [] == warned(use, ir.Text((ir.Constant("n=", "String"), loss)), "s")


def foreigner(of: Any) -> Any:
    """The same component with an image that does not start by our runtime."""
    return replace(of, container=replace(of.container, command=("/opt/fit",)))
