"""A component's sagemaker.yaml is judged by itself, before a definition uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sagemaker_building import HERE

from isodag import driver

WRONG = HERE / "problems" / "components"
RIGHT = sorted(
    folder
    for library in (HERE / "components", HERE.parents[1] / "components", HERE.parent / "toys/components")
    for folder in library.iterdir()
    if (folder / "component.yaml").is_file() and folder.name != "train_two"
)  # fmt: skip


def said(folder: Path) -> list[str]:
    found = driver.load_component(folder / "component.yaml").diagnostics
    return [
        f"{item.code} {Path(item.span.path).name}:{item.span.line}:{item.span.column} {item.message}"
        for item in found
    ]


@pytest.mark.parametrize("folder", RIGHT, ids=lambda folder: folder.name)
def test_a_component_that_is_right_gets_no_message(folder: Path) -> None:
    assert [] == said(folder)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "half",
            ["E502 sagemaker.yaml:1:7 component `half`: `TransformInput` is missing,"
             " CreateTransformJobRequest requires it"],
        ),
        (
            "bad_type",
            ["E521 sagemaker.yaml:4:16 output `arn` of bad_type is a String, `ModelPackageVersion`"
             " is an Integer"],
        ),
        (
            "odd_kind",
            ["E512 sagemaker.yaml:1:7 odd_kind is a `Trainig` step, which no binding can be"],
        ),
        (
            "odd_property",
            ["E505 sagemaker.yaml:3:16 a RegisterModel step has no property `ModelPackageARN`"],
        ),
        (
            "bad_steps",
            ["E505 sagemaker.yaml:8:34 a Model step has no property `Modelname`",
             "E505 sagemaker.yaml:12:16 output `arn` of bad_steps names no step:"
             " `transfrm.TransformOutput.S3OutputPath`"],
        ),
        (
            "fixed_place",
            ["W512 sagemaker.yaml:5:35 what step `fixed_place` transforms goes to"
             " `s3://bucket/scores` in every run, over the last one's"],
        ),
        (
            "bad_input",
            ["E503 component.yaml:4:17 component `bad_input`: `MaxPayloadInMB` takes Integer, not"
             " String"],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_binding_is_said_of_the_component(
    name: str, expected: list[str]
) -> None:
    assert expected == said(WRONG / name)
