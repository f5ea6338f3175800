"""A component's folder to a Component: what is written, typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from isodag import ir, spec
from isodag.component import Binding, Component, Container, Input, Output, Placeholder
from isodag.driver import Loaded
from isodag.expressions import Name, Template
from isodag.source import Span

NOWHERE = Span("", 1, 1, 1, 1)
Load = Callable[..., Loaded]


def component(folder: Path) -> Component:
    """The component in a folder, without places."""
    found, problems = spec.read_folder(folder, {})
    assert [] == problems
    assert found is not None
    ports: dict[str, Any] = {
        "inputs": tuple(replace(item, span=NOWHERE) for item in found.inputs),
        "outputs": tuple(replace(item, span=NOWHERE) for item in found.outputs),
    }
    container = found.container and replace(found.container, span=NOWHERE)
    return replace(found, span=NOWHERE, container=container, **ports)


def test_a_spec_is_read_as_it_is_written(toys: Path) -> None:
    found = component(toys / "components" / "make_numbers")
    value, output = "inputValue", "outputPath"
    assert Component(
        name="make_numbers",
        title="Make numbers",
        version="1.2.0",
        description="Write a list of numbers, one a line.",
        inputs=(
            Input("count", "Integer", NOWHERE, "How many numbers.", True, 10,
                  {"minimum": 1, "maximum": 1000}),
            Input("step", "Float", NOWHERE, "Distance between neighbours.", True, 1.0),
            Input("shape", "String", NOWHERE, "What the numbers look like.", True, "line",
                  {"enum": ["line", "square"]}),
        ),
        outputs=(
            Output("numbers", "Dataset", NOWHERE, "Text, a number a line."),
            Output("total", "Float", NOWHERE, "The sum."),
        ),
        container=Container(
            "isodag/base:1.0.0",
            ("python3", "-m", "isodag.runtime", "make_numbers"),
            ("--count", Placeholder(value, "count"), "--step", Placeholder(value, "step"),
             "--shape", Placeholder(value, "shape"), "--numbers", Placeholder(output, "numbers"),
             "--total", Placeholder(output, "total")),
            {},
            NOWHERE,
        ),
        binding=None,
        side_effects=False,
        folder=str(toys / "components" / "make_numbers"),
        digest=found.digest,
        span=NOWHERE,
        annotations={"version": "1.2.0", "license": "Apache-2.0"},
        labels={"domain": "toys"},
    ) == found  # fmt: skip


def test_what_changes_the_world_says_so(toys: Path) -> None:
    changes = {path.name: component(path).side_effects for path in (toys / "components").iterdir()}
    assert {
        "announce": True,
        "make_numbers": False,
        "fit_mean": False,
        "score_mean": False,
    } == changes


BINDING = """\
steps:
  model:
    step: Model
    arguments: {PrimaryContainer: {Image: "${{ image }}", ModelDataUrl: "${{ inputs.model }}/x"}}
  transform:
    step: Transform
    arguments: {ModelName: "${{ steps.model.ModelName }}", Tags: [{Key: a, Value: 3}]}
outputs: {scores: TransformOutput.S3OutputPath}
"""
NATIVE = """\
name: Score
inputs: [{name: model, type: Model}]
outputs: [{name: scores, type: Dataset}]
"""


def test_a_binding_keeps_its_steps_their_names_and_their_plain_values(tmp_path: Path) -> None:
    (tmp_path / "component.yaml").write_text(NATIVE)
    (tmp_path / "sagemaker.yaml").write_text(BINDING)
    binding = component(tmp_path).binding
    assert isinstance(binding, Binding)
    assert [("model", "Model"), ("transform", "Transform")] == [
        (step.name, step.kind) for step in binding.steps
    ]
    assert {"scores": "TransformOutput.S3OutputPath"} == binding.outputs
    model, transform = (step.arguments for step in binding.steps)
    url = model["PrimaryContainer"]["ModelDataUrl"]
    assert isinstance(url, Template)
    assert ["inputs.model", "/x"] == [str(part) for part in url.parts]
    assert [{"Key": "a", "Value": 3}] == transform["Tags"]
    name = transform["ModelName"].whole
    assert isinstance(name, Name) and "steps.model.ModelName" == str(name)


FOREIGN = """\
name: Upload a model
inputs:
- {name: Model URI, type: String}
- {name: Number of rows, type: int, default: 3}
outputs:
- {name: Report URI, type: String}
implementation:
  container:
    image: example.com/upload:2
    command: [upload, {inputValue: Model URI}, {inputValue: Number of rows}, {outputPath: Report URI}]
"""


def test_a_foreign_component_is_used_by_its_names_as_written(load: Load, workshop: Path) -> None:
    (workshop / "upload.yaml").write_text(FOREIGN)
    body = """\
steps:
  up: {component: ./upload.yaml, inputs: {Model URI: "s3://b/m", Number of rows: 7}}
  say: {component: announce@1, inputs: {model: "s3://b/m", text: "${{ steps.up.outputs['Report URI'] }}"}}
"""
    loaded = load(body)
    assert [] == loaded.diagnostics and loaded.pipeline is not None
    up, say = loaded.pipeline.task("up"), loaded.pipeline.task("say")
    assert isinstance(up, ir.Task) and isinstance(say, ir.Task)
    assert [("Model URI", "s3://b/m"), ("Number of rows", 7)] == [
        (a.name, a.value.value) for a in up.arguments if isinstance(a.value, ir.Constant)
    ]
    assert ir.OutputRef("up", "Report URI", "String") == say.arguments[1].value


@pytest.mark.parametrize("missing", ["component.yaml", ""])
def test_a_folder_without_a_spec_is_one_message(tmp_path: Path, missing: str) -> None:
    found, problems = spec.read_folder(tmp_path / missing, {})
    assert found is None
    assert ["E101"] == [item.code for item in problems]
