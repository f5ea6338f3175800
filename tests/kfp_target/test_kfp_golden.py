"""Whole pipelines as they are written to disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import kfp_judge
import pytest
from kfp import compiler, components, dsl

from isodag import driver
from isodag.targets import kfp

HERE = Path(__file__).parent
TOYS = HERE.parent / "toys"
CASES = [
    *(TOYS / name for name in ("chain.yaml", "gates.yaml")),
    *sorted((HERE / "cases").iterdir()),
    *sorted((HERE.parents[1] / "definitions").glob("*.yaml")),
    *sorted((HERE.parents[1] / "definitions" / "kfp").glob("*.yaml")),
]


MORE = sorted((HERE.parents[1] / "definitions" / "learning_rates").glob("*.yaml"))


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> tuple[str, kfp.Emitted]:
    """The name of a definition and what KFP makes of it."""
    return request.param.stem, emitted_from(request.param)


def emitted_from(path: Path) -> kfp.Emitted:
    folders = [str(HERE / "components"), str(TOYS / "components")]
    loaded = driver.load(path, components=folders)
    assert loaded.pipeline is not None, loaded.diagnostics
    return kfp.emit(loaded.pipeline)


def test_the_file_and_the_manifest_are_these(
    case: tuple[str, kfp.Emitted], golden: Callable[[Path, bytes], None]
) -> None:
    name, emitted = case
    golden(HERE / "golden" / f"{name}.yaml", emitted.files["pipeline.yaml"])
    manifest = json.dumps(emitted.manifest, indent=1, sort_keys=True)
    golden(HERE / "golden" / f"{name}.json", manifest.encode())


def test_the_judge_finds_no_fault(case: tuple[str, kfp.Emitted]) -> None:
    _, emitted = case
    assert [] == kfp_judge.faults(emitted.files["pipeline.yaml"].decode())


def test_kfp_loads_it_and_compiles_it_into_another_pipeline(
    case: tuple[str, kfp.Emitted], tmp_path: Path
) -> None:
    _, emitted = case
    loaded = components.load_component_from_text(emitted.files["pipeline.yaml"].decode())
    given = {
        name: "s3://bucket/x"
        for name, port in loaded.component_spec.inputs.items()
        if not port.optional
    }

    @dsl.pipeline(name="around")
    def around():
        loaded(**given)

    compiler.Compiler().compile(around, str(tmp_path / "around.yaml"))
    assert (tmp_path / "around.yaml").is_file()


@pytest.mark.parametrize("path", MORE, ids=lambda path: path.stem)
def test_the_judge_and_kfp_take_the_other_definitions(path: Path) -> None:
    text = emitted_from(path).files["pipeline.yaml"].decode()
    assert [] == kfp_judge.faults(text)
    components.load_component_from_text(text)
