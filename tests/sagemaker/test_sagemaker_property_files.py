"""Property files of scripts that know nothing of isodag: declared in a binding, read by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sagemaker_building import compile_file, definition
from sagemaker_judge import complaints

COMPONENT = """\
name: Measure
metadata: {annotations: {version: "1.0.0"}}
inputs: [{name: rows, type: Dataset}]
outputs:
- {name: report, type: Artifact}
- {name: accuracy, type: Float}
- {name: count, type: Integer}
- {name: page, type: String}
"""
CONTAINER = """\
implementation:
  container:
    image: 111122223333.dkr.ecr.us-east-1.amazonaws.com/measure:1.0.0
    command: [python3, -m, isodag.runtime, measure]
    args: [--rows, {inputPath: rows}, --report, {outputPath: report}, --accuracy, {outputPath: accuracy},
           --count, {outputPath: count}, --page, {outputPath: page}]
"""
ARGUMENTS = """\
arguments:
  AppSpecification: {ImageUri: 111122223333.dkr.ecr.us-east-1.amazonaws.com/measure:1.0.0}
  RoleArn: ${{ role }}
  ProcessingInputs:
  - InputName: rows
    S3Input: {S3Uri: "${{ inputs.rows }}", LocalPath: /opt/ml/processing/rows, S3DataType: S3Prefix, S3InputMode: File}
  ProcessingOutputConfig:
    Outputs:
    - OutputName: report
      S3Output: {S3Uri: "${{ outputs.report }}", LocalPath: /opt/ml/processing/report, S3UploadMode: EndOfJob}
"""
MEMBERS = """\
members:
  PropertyFiles: [{PropertyFileName: figures, OutputName: report, FilePath: figures.json}]
"""
OUTPUTS = """\
outputs:
  accuracy: PropertyFiles['figures'].metrics[0].accuracy
  count: PropertyFiles['figures']['number of rows']
  page: ${{ ProcessingOutputConfig.Outputs['report'].S3Output.S3Uri }}/${{ PropertyFiles['figures'].page }}
"""
PIPELINE = """\
apiVersion: isodag/v1
kind: Pipeline
name: figures
conditions:
  good: steps.measure.outputs.accuracy > 0.5 and steps.measure.outputs.count >= 10
steps:
  measure: {component: ./measure, inputs: {rows: "s3://bucket/rows"}}
  stop: {when: not good, fail: "see ${{ steps.measure.outputs.page }}"}
targets:
  sagemaker: {role: "arn:aws:iam::111122223333:role/pipelines", artifact_root: "s3://bucket/runs", instance_type: ml.m5.xlarge}
"""
FILE = {"PropertyFileName": "figures", "OutputName": "report", "FilePath": "figures.json"}


def made(folder: Path, component: str, binding: str) -> dict[str, Any]:
    """The definition of the pipeline with a component of that binding."""
    (folder / "measure").mkdir()
    (folder / "measure" / "component.yaml").write_text(component)
    (folder / "measure" / "sagemaker.yaml").write_text(binding)
    (folder / "pipeline.yaml").write_text(PIPELINE)
    emitted = compile_file(folder / "pipeline.yaml")
    assert [] == [item.message for item in emitted.diagnostics]
    found = definition(emitted)
    assert [] == complaints(found)
    return found


def inside(path: str) -> dict[str, Any]:
    """A value in the property file."""
    return {
        "Std:JsonGet": {
            "PropertyFile": {"Get": "Steps.measure.PropertyFiles.figures"},
            "Path": path,
        }
    }


def test_a_value_in_a_property_file_is_read_where_its_binding_says(tmp_path: Path) -> None:
    found = made(tmp_path, COMPONENT, f"step: Processing\n{ARGUMENTS}{MEMBERS}{OUTPUTS}")
    measure, good = found["Steps"]
    assert [FILE] == measure["PropertyFiles"]
    conditions = [
        {"Type": "GreaterThan", "LeftValue": inside("metrics[0].accuracy"), "RightValue": 0.5},
        {
            "Type": "GreaterThanOrEqualTo",
            "LeftValue": inside("['number of rows']"),
            "RightValue": 10,
        },
    ]
    assert conditions == good["Arguments"]["Conditions"]


def test_text_may_hold_a_value_of_a_property_file(tmp_path: Path) -> None:
    found = made(tmp_path, COMPONENT, f"step: Processing\n{ARGUMENTS}{MEMBERS}{OUTPUTS}")
    (stop,) = found["Steps"][1]["Arguments"]["ElseSteps"]
    report = {"Get": "Steps.measure.ProcessingOutputConfig.Outputs['report'].S3Output.S3Uri"}
    message = {"Std:Join": {"On": "", "Values": ["see ", report, "/", inside("page")]}}
    assert message == stop["Arguments"]["ErrorMessage"]


def test_a_component_of_our_runtime_has_its_own_file_beside_those_declared(tmp_path: Path) -> None:
    binding = (
        f"step: Processing\n{MEMBERS}outputs: {{accuracy: \"PropertyFiles['figures'].accuracy\"}}\n"
    )
    found = made(tmp_path, COMPONENT + CONTAINER, binding)
    measure, good = found["Steps"]
    values = {"PropertyFileName": "values", "OutputName": "values", "FilePath": "values.json"}
    assert [FILE, values] == measure["PropertyFiles"]
    read = [item["LeftValue"]["Std:JsonGet"] for item in good["Arguments"]["Conditions"]]
    assert [
        {"PropertyFile": {"Get": "Steps.measure.PropertyFiles.figures"}, "Path": "accuracy"},
        {"PropertyFile": {"Get": "Steps.measure.PropertyFiles.values"}, "Path": "count"},
    ] == read
