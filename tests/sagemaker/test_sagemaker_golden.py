"""Whole DAG files: the definition as it was read and found good, and what must hold of it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import moto
import pytest
from sagemaker_building import HERE, compile_file, definition
from sagemaker_judge import complaints, graph, walk

from isodag.targets.sagemaker import kinds

TOYS = HERE.parent / "toys"
READ = [*sorted((HERE / "cases").glob("*.yaml")), *sorted(TOYS.glob("*.yaml"))]
DEFINITIONS = HERE.parents[1] / "definitions"
KINDS = sorted((DEFINITIONS / "sagemaker").glob("*.yaml"))
BOTH = [*sorted(DEFINITIONS.glob("*.yaml")), *sorted((DEFINITIONS / "kfp").glob("*.yaml"))]
FILES = [*READ, *BOTH, *KINDS]


def name_of(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


Golden = Callable[[Path, bytes], None]


@pytest.mark.parametrize("path", [*READ, *KINDS], ids=name_of)
def test_the_definition_is_the_one_that_was_read(path: Path, golden: Golden) -> None:
    name = name_of(path)
    emitted = compile_file(path)
    golden(HERE / "golden" / f"{name}.json", emitted.files["pipeline.json"])
    text = json.dumps(emitted.manifest, indent=1, ensure_ascii=False) + "\n"
    golden(HERE / "golden" / f"{name}.manifest.json", text.encode())


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_the_judge_has_no_complaint_of_a_file(path: Path) -> None:
    assert [] == complaints(definition(compile_file(path)))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_the_order_of_the_file_does_not_matter(path: Path, tmp_path: Path) -> None:
    expected = compile_file(path)
    shuffled = tmp_path / path.name
    shuffled.write_text(reordered(path.read_text(), random.Random(7)))
    assert shuffled.read_text() != path.read_text()
    found = compile_file(shuffled)
    assert expected.files == found.files
    assert expected.manifest == found.manifest


def reordered(text: str, draw: random.Random) -> str:
    """A DAG file with the entries of its blocks, and the blocks, in another order."""
    blocks = []
    for block in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE):
        head, *entries = re.split(r"^(?=  [a-z_]+:)", block, flags=re.MULTILINE)
        draw.shuffle(entries)
        blocks.append(head + "".join(entries))
    draw.shuffle(blocks)
    return "".join(block if block.endswith("\n") else block + "\n" for block in blocks)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_moto_takes_the_request(path: Path) -> None:
    request = json.loads(compile_file(path).files["create-pipeline.json"])
    with moto.mock_aws():
        client = boto3.client(
            "sagemaker", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        request.setdefault("RoleArn", "arn:aws:iam::111122223333:role/given-on-the-command-line")
        client.create_pipeline(**request)
        found = client.describe_pipeline(PipelineName=request["PipelineName"])
    assert definition(compile_file(path)) == json.loads(found["PipelineDefinition"])


def test_renaming_a_step_renames_it_and_nothing_else(tmp_path: Path) -> None:
    text = (TOYS / "gates.yaml").read_text()
    renamed = re.sub(r"\bscore\b", "zz_score", text)
    path = tmp_path / "gates.yaml"
    path.write_text(renamed)
    before = compile_file(TOYS / "gates.yaml")
    after = compile_file(path).files["pipeline.json"].decode().replace("zz_score", "score")
    assert by_name(definition(before)) == by_name(json.loads(after))


def by_name(made: dict[str, Any]) -> dict[str, Any]:
    """The steps by name, each without its branches, and what each waits for."""
    steps = {}
    for step, path in walk(made["Steps"]):
        body = json.loads(json.dumps(step))
        if step["Type"] == "Condition":
            del body["Arguments"]["IfSteps"], body["Arguments"]["ElseSteps"]
        steps[step["Name"]] = (body, path)
    return {**made, "Steps": steps, "graph": graph(made)}


def test_every_kind_of_step_has_an_example() -> None:
    made = {
        step["Type"] for path in FILES for step, _ in walk(definition(compile_file(path))["Steps"])
    }
    assert set() == set(kinds.KINDS) - made
