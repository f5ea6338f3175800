"""What is right gets no message: cases in which a rule once spoke without cause."""

from __future__ import annotations

from pathlib import Path

import pytest

from isodag import driver

HEAD = """\
apiVersion: isodag/v1
kind: Pipeline
name: right
defaults: {cache: {}}
"""
TAIL = """\
targets:
  sagemaker:
    role: arn:aws:iam::111122223333:role/pipelines
    artifact_root: s3://my-bucket/runs
    image_registry: 111122223333.dkr.ecr.us-east-1.amazonaws.com
    instance_type: ml.m5.xlarge
  kfp: {image_registry: registry.example.com/ml}
"""


def said(middle: str) -> list[str]:
    Path("right.yaml").write_text(HEAD + middle + TAIL, encoding="utf-8")
    loaded = driver.load("right.yaml")
    return [f"{item.code} {item.message}" for item in driver.check(loaded, ("sagemaker", "kfp"))]


@pytest.mark.usefixtures("workshop")
def test_a_component_that_is_never_cached_may_read_facts_about_the_run() -> None:
    assert [] == said("""\
steps:
  tell: {component: announce, inputs: {model: "s3://my-bucket/m.tar.gz", text: "run ${{ run.id }}"}}
""")


@pytest.mark.usefixtures("workshop")
def test_a_cached_step_may_read_the_name_of_the_pipeline() -> None:
    Path("name_it").mkdir()
    Path("name_it/component.yaml").write_text(
        """\
name: Name it
inputs: [{name: text, type: String}]
outputs: [{name: page, type: Markdown}]
implementation:
  container:
    image: isodag/base:1.0.0
    command: [python3, -m, isodag.runtime, name_it]
    args: [--text, {inputValue: text}, --page, {outputPath: page}]
""",
        encoding="utf-8",
    )
    step = """\
steps:
  it: {component: ./name_it, inputs: {text: "%s"}}
"""
    assert [] == said(step % "of ${{ run.pipeline }}")
    late = "W204 `run.id` changes with every run, so step `it` is never cached"
    assert [late] == said(step % "of ${{ run.pipeline }} ${{ run.id }}")
