"""The tables of the service model: made by a tool, small, and what botocore says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import botocore
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from isodag.targets.sagemaker import shapes
from isodag.targets.sagemaker.further import FURTHER
from isodag.targets.sagemaker.kinds import KINDS, find
from isodag.targets.sagemaker.shapes import NoProperty, Property, find_property, segments

TOOL = Path(__file__).parents[2] / "tools" / "sagemaker_shapes.py"
TABLE = Path(shapes.__file__).with_name("shapes.json")
SPACES = r" \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
SERVICE = ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sagemaker_shapes_tool", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_what_the_tool_writes(tool: ModuleType) -> None:
    if botocore.__version__ != shapes.version():
        pytest.skip(f"shapes.json is of botocore {shapes.version()}, not {botocore.__version__}")
    assert TABLE.read_text() == tool.render(tool.table())


def test_the_tables_stay_small() -> None:
    assert TABLE.stat().st_size < 300_000


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_names_members_that_the_model_has(name: str) -> None:
    kind = KINDS[name]
    members = shapes.shape(kind.request).members
    wanted = [kind.named, *kind.refused, *kind.optional]
    assert set() == {member for member in wanted if member} - members.keys()
    place = kind.request
    for member in kind.machine:
        place = shapes.shape(place).members[member]
    assert not kind.machine or "InstanceType" in shapes.shape(place).members


@pytest.mark.parametrize(
    ("theirs", "ours", "good", "bad"),
    [
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", rf"[\w{SPACES}_.:/=+\-@]*", "Größe\u00a01", "a\nb"),
        (r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,128}", rf"([\w{SPACES}_.:\/=+\-@]*)", "a b", "a;b"),
        (r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*", r"[^\x00-\x1f\x7f-\x9f]*", "It's 5 €!", "a\tb"),
        (".*", ".*", "a b", "a\nb"),
        (r"arn:[\p{Alnum}\-]+:x", r"arn:[a-zA-Z0-9\-]+:x", "arn:aws-cn:x", "arn:aws_cn:x"),
    ],
)
def test_patterns_are_translated(
    tool: ModuleType, theirs: str, ours: str, good: str, bad: str
) -> None:
    assert ours == tool.pattern(theirs)
    assert re.fullmatch(ours, good) and not re.fullmatch(ours, bad)


@pytest.mark.parametrize("theirs", [r"[\S\s]*", r".*(?:[ \r\n\t].*)*", r"[\p{Cn}]*"])
def test_patterns_that_say_nothing_or_have_no_equal_are_dropped(
    tool: ModuleType, theirs: str
) -> None:
    assert tool.pattern(theirs) is None


# --- property paths --------------------------------------------------------------------------


def every_path(
    shape: Shape, path: tuple[str | int, ...] = (), depth: int = 4
) -> list[tuple[str | int, ...]]:
    """The paths of a Describe answer, to a depth."""
    if depth == 0 or shape.type_name not in ("structure", "list", "map"):
        return [path]
    if shape.type_name == "structure":
        return [
            found
            for name, member in shape.members.items()
            for found in every_path(member, (*path, name), depth - 1)
        ]
    inner = shape.member if shape.type_name == "list" else shape.value
    keys: tuple[str | int, ...] = ("key",)
    if shape.type_name == "list":
        members = inner.members if inner.type_name == "structure" else {}
        named = any(name.endswith("Name") or name == "Key" for name in members)
        keys = (0, "0", "item") if named else (0, "0")
    return [found for key in keys for found in every_path(inner, (*path, key), depth - 1)]


@pytest.mark.parametrize("name", ["Processing", "Training", "Transform", "Model", "RegisterModel"])
def test_every_path_of_a_describe_answer_is_found(name: str) -> None:
    root = SERVICE.shape_for(KINDS[name].describe[0])
    paths = every_path(root)
    assert len(paths) > 10
    for path in paths:
        assert isinstance(find_property(KINDS[name], path), Property), path


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        (
            "Processing",
            "ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri",
            Property("ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri", "String"),
        ),
        (
            "Training",
            "FinalMetricDataList['loss'].Value",
            Property("FinalMetricDataList['loss'].Value", "Float"),
        ),
        (
            "Tuning",
            "TrainingJobSummaries[0].TrainingJobName",
            Property("TrainingJobSummaries[0].TrainingJobName", "String"),
        ),
        ("Transform", "Environment.KEY", Property("Environment['KEY']", "String")),
        ("RegisterModel", "ModelPackageVersion", Property("ModelPackageVersion", "Integer")),
        ("Model", "PrimaryContainer", Property("PrimaryContainer", "")),
        (
            "Training",
            "ModelArtifacts.S3",
            NoProperty("S3", ("S3ModelArtifacts",)),
        ),
        ("Training", "TrainingJobName.x", NoProperty("x", ())),
        ("Transform", "Environment[0]", NoProperty("0", ())),
        ("Training", "SecondaryStatusTransitions['x']", NoProperty("x", ())),
        ("Training", "HyperParameters['a'].b", NoProperty("b", ())),
        ("Training", "ModelArtifacts[0]", NoProperty("0", ("S3ModelArtifacts",))),
        ("Fail_like", "", None),
    ],
)
def test_a_property_path(kind: str, path: str, expected: Property | NoProperty | None) -> None:
    if expected is None:
        assert segments(path) is None
        return
    parts = segments(path)
    assert parts is not None
    assert expected == find_property(KINDS[kind], parts)


@pytest.mark.parametrize("text", ["", "a b", "A[", "A['x]", "['", "A..B!"])
def test_what_is_no_path(text: str) -> None:
    assert segments(text) is None


# --- shapes of our own -----------------------------------------------------------------------


@pytest.mark.parametrize("name", FURTHER)
def test_every_part_of_a_shape_of_our_own_is_a_shape(name: str) -> None:
    found = shapes.shape(name)
    parts = [*found.members.values(), found.element, found.key]
    assert [part for part in parts if part] == [shapes.shape(part).name for part in parts if part]
    assert set() == set(found.required) - found.members.keys()


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        ("Lambda", "OutputParameters['o']", Property("OutputParameters['o']", "*")),
        ("Lambda", "Outputs['o']", NoProperty("Outputs", ("OutputParameters",))),
        ("Tuning", "TrainingJobSummaries[0].TrainingJobName",
         Property("TrainingJobSummaries[0].TrainingJobName", "String")),
        ("EMR", "Config.Args[5]", Property("Config.Args[5]", "String")),
        ("EMR", "ClusterId", Property("ClusterId", "String")),
        ("Lineage", "ArtifactArns['a']", Property("ArtifactArns['a']", "String")),
        ("Cleanup", "Resources", NoProperty("Resources", ())),
        ("Athena", "Rows[0].of['a b']", Property("Rows[0].of['a b']", "*")),
    ],
)  # fmt: skip
def test_a_property_of_a_kind_with_shapes_of_its_own(
    kind: str, path: str, expected: Property | NoProperty
) -> None:
    assert expected == find_property(find(kind), segments(path) or ())
