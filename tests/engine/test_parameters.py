"""What a run is given: one clear line for each mistake, before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from isodag import ir
from isodag.engine import RunError, run
from isodag.engine.artifacts import Artifact
from isodag.engine.parameters import resolve

FLOAT = ("Float", 0.5, {"minimum": 0, "maximum": 1})


def problems(kit: Any, pipeline: ir.Pipeline, **options: Any) -> tuple[str, ...]:
    with pytest.raises(RunError) as raised:
        run(pipeline, kit.options(**options))
    assert 2 == raised.value.exit_code
    assert not list(kit.folder.glob("store/runs/*")), "a run was begun"
    return raised.value.problems


def test_texts_are_parsed_by_type(kit: Any) -> None:
    pipeline = kit.pipeline(
        parameters={
            "rate": ("Float",), "count": ("Integer",), "on": ("Boolean",), "name": ("String",),
            "list": ("JsonArray",), "kept": ("Integer", 7),
        }
    )  # fmt: skip
    given = {"rate": "2e-5", "count": "3", "on": "true", "name": "3", "list": "[1]"}

    found = resolve(pipeline, kit.options(parameters=given))

    expected = {"rate": 2e-5, "count": 3, "on": True, "name": "3", "list": [1], "kept": 7}
    assert expected == found.parameters


def test_parameters_without_a_value_are_named_together(kit: Any) -> None:
    pipeline = kit.pipeline(parameters={"a": ("Float",), "b": ("Dataset",), "c": FLOAT})

    expected = ("parameters have no value: `a`, `b`; give -p a=… -p b=…",)
    assert expected == problems(kit, pipeline)


def test_all_mistakes_are_told_at_once(kit: Any) -> None:
    pipeline = kit.pipeline(
        parameters={"min_accuracy": FLOAT, "epochs": ("Integer", 1), "rows": ("Dataset",)}
    )
    given = {"min_acuracy": "0.9", "min_accuracy": "1.5", "epochs": "three", "rows": "none.csv"}

    expected = (
        "there is no parameter `min_acuracy`: did you mean `min_accuracy`?",
        "parameter `epochs`: `three` is not an Integer",
        "parameter `min_accuracy`: 1.5 is above the maximum 1",
        f"parameter `rows`: there is no file or folder `{kit.folder}/none.csv`",
    )
    assert expected == problems(kit, pipeline, parameters=given)


def test_a_value_that_an_input_does_not_admit_is_refused_before_the_first_step(kit: Any) -> None:
    step = kit.step("train", inputs={"epochs": ir.ParameterRef("epochs", "Integer")})
    wanted = step.component.inputs[0]
    object.__setattr__(wanted, "constraints", {"maximum": 100})
    pipeline = kit.pipeline(step, parameters={"epochs": ("Integer", 1000)})

    expected = (
        "parameter `epochs`: 1000 is above the maximum 100 (input `epochs` of step `train`)",
    )
    assert expected == problems(kit, pipeline)


@pytest.mark.parametrize("text", ["s3://bucket/rows", "gs://bucket/rows", "https://x.org/a.csv"])
def test_places_elsewhere_are_refused(kit: Any, text: str) -> None:
    pipeline = kit.pipeline(parameters={"rows": ("Dataset",)})

    expected = (
        f"parameter `rows`: `{text}` is not on this machine; copy it here and give its path"
        " (a path, file:///path or sample:NAME)",
    )
    assert expected == problems(kit, pipeline, parameters={"rows": text})


def test_paths_start_where_they_were_written(kit: Any) -> None:
    for folder in ("work", "values"):
        (kit.folder / folder).mkdir()
        (kit.folder / folder / "rows.csv").touch()
    (kit.folder / "rows.csv").touch()
    constant = kit.step("read", inputs={"rows": ir.Constant("rows.csv", "Dataset")})
    argument = constant.arguments[0]
    object.__setattr__(argument, "span", argument.span._replace(path=f"{kit.folder}/dag.yaml"))
    pipeline = kit.pipeline(
        constant,
        parameters={
            "given": ("Dataset",), "default": ("Dataset", "rows.csv"),
            "values": ("Dataset", "rows.csv"), "uri": ("Dataset", f"file://{kit.folder}/rows.csv"),
            "sample": ("Dataset", "sample:rows"), "hub": ("Model", "hf://org/bert@main"),
        },
    )  # fmt: skip

    def sample(name: str) -> Path:
        return kit.folder / "values" / f"{name}.csv"

    found = resolve(
        pipeline,
        kit.options(
            parameters={"given": "rows.csv"},
            folder=kit.folder / "work",
            bases={"values": kit.folder / "values"},
            samples=sample,
        ),
    )

    expected = {
        "given": Artifact(f"{kit.folder}/work/rows.csv"),
        "default": Artifact(f"{kit.folder}/rows.csv"),
        "values": Artifact(f"{kit.folder}/values/rows.csv"),
        "uri": Artifact(f"{kit.folder}/rows.csv"),
        "sample": Artifact(f"{kit.folder}/values/rows.csv"),
        "hub": Artifact("hf://org/bert@main"),
    }
    assert expected == found.parameters
    assert {("read", "rows"): Artifact(f"{kit.folder}/rows.csv")} == found.constants


def test_a_sample_that_cannot_be_had_says_why(kit: Any) -> None:
    def sample(name: str) -> Path:
        raise LookupError("fetch it first: isodag sample")

    pipeline = kit.pipeline(parameters={"rows": ("Dataset", "sample:rows")})

    expected = ("parameter `rows`: sample:rows: fetch it first: isodag sample",)
    assert expected == problems(kit, pipeline, samples=sample)


def test_a_step_to_start_from_must_be_there(kit: Any) -> None:
    pipeline = kit.pipeline(kit.step("prepare"), kit.step("train"))

    expected = ("there is no step `trian`: did you mean `train`?",)
    assert expected == problems(kit, pipeline, from_step="trian")


def test_a_component_without_a_container_cannot_run_here(kit: Any) -> None:
    step = kit.step("host")
    object.__setattr__(step.component, "container", None)

    with pytest.raises(RunError) as raised:
        run(kit.pipeline(step), kit.options())

    message = "step `host` (dag.yaml:3) cannot run here: component `toy_host` has no container"
    assert ((f"{message}, it runs only on SageMaker",), 1) == (
        raised.value.problems,
        raised.value.exit_code,
    )
