"""The command line: results on stdout, messages on stderr, statuses as documented."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DEFINITIONS = sorted((REPOSITORY / "definitions").glob("*.yaml"))
TARGET_FILES = {
    "sagemaker": ["create-pipeline.json", "manifest.json", "pipeline.json"],
    "kfp": ["manifest.json", "pipeline.yaml"],
}
Isodag = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def isodag(tmp_path: Path) -> Isodag:
    """Runs the command in an empty folder; keyword arguments are environment variables."""

    def call(
        *words: str | Path, cwd: Path = tmp_path, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "isodag", *map(str, words)]
        return subprocess.run(
            command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    return call


@pytest.fixture
def project(tmp_path: Path, toys: Path) -> Path:
    """A copy of the toys, as a user's own project."""
    return Path(shutil.copytree(toys, tmp_path / "project"))


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("target", ["sagemaker", "kfp"])
@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_the_same_source_gives_the_same_bytes_wherever_and_however_it_is_compiled(
    isodag: Isodag, tmp_path: Path, path: Path, target: str
) -> None:
    other = Path(shutil.copytree(REPOSITORY / "definitions", tmp_path / "elsewhere"))
    runs = [
        ("a", path, {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8"}),
        ("b", path, {"PYTHONHASHSEED": "77", "LC_ALL": "C", "TZ": "Asia/Tokyo"}),
        ("c", other / path.name, {}),
    ]
    made = []
    for name, source, environment in runs:
        library = REPOSITORY / "components"
        done = isodag("compile", source, "-t", target, "-d", name, "--components", library,
                      **environment)  # fmt: skip
        assert 0 == done.returncode, done.stderr
        made.append(bytes_of(tmp_path / name))
    assert TARGET_FILES[target] == sorted(made[0])
    assert made[0] == made[1]
    assert made[0] == made[2]


def test_one_folder_holds_both_targets_and_their_manifest(isodag: Isodag, project: Path) -> None:
    def compiled(target: str) -> str:
        done = isodag("compile", "chain.yaml", "-t", target, "-d", "out", cwd=project)
        return done.stdout

    assert "out/create-pipeline.json\nout/manifest.json\nout/pipeline.json\n" == (
        compiled("sagemaker")
    )
    assert "out/manifest.json\nout/pipeline.yaml\n" == compiled("kfp")
    manifest = json.loads((project / "out" / "manifest.json").read_text())
    assert ["kfp", "sagemaker"] == sorted(manifest["targets"])
    before = bytes_of(project / "out")
    compiled("sagemaker")
    assert before == bytes_of(project / "out")
    with (project / "chain.yaml").open("a") as file:
        file.write("# another source\n")
    compiled("kfp")
    manifest = json.loads((project / "out" / "manifest.json").read_text())
    assert ["kfp"] == sorted(manifest["targets"])


def test_a_wrong_definition_writes_nothing(isodag: Isodag, project: Path) -> None:
    path = project / "chain.yaml"
    path.write_text(path.read_text().replace("fit_mean@1.0", "fit_meen@1.0"))
    done = isodag("compile", "chain.yaml", "-t", "kfp", "-d", "out", cwd=project)
    assert (1, "") == (done.returncode, done.stdout)
    assert not (project / "out").exists()


def test_compile_into_a_place_that_cannot_be_written_is_one_line(
    isodag: Isodag, project: Path
) -> None:
    (project / "taken").write_text("a file")
    done = isodag("compile", "chain.yaml", "-t", "kfp", "-d", "taken/out", cwd=project)
    assert (1, "") == (done.returncode, done.stdout)
    assert "error: not a directory (taken/out)\n" == done.stderr.splitlines(keepends=True)[-1]


def test_a_run_tells_machines_what_it_did(isodag: Isodag, project: Path) -> None:
    done = isodag("run", "gates.yaml", "-p", "count=4", "-o", "json", cwd=project)
    result = json.loads(done.stdout)
    assert (0, 1, "gates") == (done.returncode, result["schema_version"], result["pipeline"])
    assert {"accuracy": 1.0, "model": result["outputs"]["model"]} == result["outputs"]
    assert "accuracy 1 >= min_accuracy 0.5 and rows 4 > 2" == result["steps"]["reject"]["reason"]


def test_a_rejecting_run_ends_with_its_numbers_and_status_1(isodag: Isodag, project: Path) -> None:
    done = isodag("run", "gates.yaml", "-p", "count=100", cwd=project)
    assert 1 == done.returncode
    assert "  reject   failed: accuracy 0.04 is below 0.5\n" in done.stdout
    assert "  publish  skipped: accuracy 0.04 < min_accuracy 0.5\n" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "gates.yaml", "-p", "cont=3"],
         "error: there is no parameter `cont`: did you mean `count`?\n"),
        (["run", "chain.yaml"],
         "error: parameter has no value: `numbers`; give -p numbers=…\n"),
        (["run", "gates.yaml", "-p", "count=0"],
         "error: parameter `count`: 0 is below the minimum 1\n"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_status_2_and_starts_nothing(
    isodag: Isodag, project: Path, words: list[str], said: str
) -> None:
    done = isodag(*words, cwd=project)
    assert (2, "") == (done.returncode, done.stdout)
    assert said in done.stderr
    assert not list(project.glob(".isodag/runs/*"))


def test_a_set_value_wins_over_the_file(isodag: Isodag, project: Path) -> None:
    done = isodag("run", "gates.yaml", "--set", "parameters.count=6", "-o", "json", cwd=project)
    assert 6 == json.loads(done.stdout)["parameters"]["count"]


def test_check_without_a_file_looks_at_the_whole_project(isodag: Isodag) -> None:
    done = isodag("check", cwd=REPOSITORY)
    files = list((REPOSITORY / "definitions").rglob("*.yaml"))
    values = [path for path in files if path.parent.name == "values"]
    alone = [path for path in files if path.parent.name == "sagemaker"]
    specs = list((REPOSITORY / "components").glob("*/component.yaml"))
    verdict = (
        f"{len(files) - len(values)} definitions ({len(alone)} for sagemaker alone),"
        f" {len(values)} values files, {len(specs)} components: 2 warnings\n"
    )
    assert (0, verdict) == (done.returncode, done.stdout)


def test_the_library_can_be_listed_and_shown(isodag: Isodag) -> None:
    listed = isodag("component", "list")
    assert 0 == listed.returncode
    specs = sorted((REPOSITORY / "components").glob("*/component.yaml"))
    names = [line.split()[0] for line in listed.stdout.splitlines()]
    assert [f"{path.parent.name}@1.0.0" for path in specs] == names
    shown = isodag("component", "show", "train_bert")
    assert 0 == shown.returncode
    assert "--learning_rate" in shown.stdout


def test_a_graph_shows_steps_and_gates(isodag: Isodag, project: Path) -> None:
    lines = isodag("graph", "gates.yaml", cwd=project).stdout.splitlines()
    assert "flowchart TD" == lines[0]
    assert '  step_fit["fit (fit_mean 1.0.0)"]' in lines
    assert "  gate_good -->|no| step_reject" in lines


def test_explain_shows_a_page_and_suggests_another(isodag: Isodag) -> None:
    assert isodag("explain", "e203").stdout.startswith("# E203: ")
    done = isodag("explain", "E2O3")
    assert (2, "") == (done.returncode, done.stdout)
    assert "there is no code `E2O3`; did you mean `E203`?" in done.stderr


def test_a_definition_is_checked_for_the_targets_that_it_has_settings_for(
    isodag: Isodag, tmp_path: Path
) -> None:
    """KFP cannot run `invoke_lambda`; a file that speaks of SageMaker alone does not ask it to."""
    head = "apiVersion: isodag/v1\nkind: Pipeline\nname: call\n"
    arn = "arn:aws:lambda:us-east-1:111122223333:function:f"
    steps = f"steps: {{call: {{component: invoke_lambda@1, inputs: {{function_arn: '{arn}'}}}}}}\n"
    role = "role: 'arn:aws:iam::111122223333:role/r', artifact_root: 's3://my-bucket/runs'"
    one = f"targets: {{sagemaker: {{{role}}}}}\n"
    both = f"targets: {{sagemaker: {{{role}}}, kfp: {{pipeline_root: 's3://my-bucket/runs'}}}}\n"
    for targets, options, code in (
        (one, [], 0), (one, ["-t", "kfp"], 1), (both, [], 1), ("", [], 1),
    ):  # fmt: skip
        (tmp_path / "call.yaml").write_text(head + steps + targets)
        done = isodag("check", "call.yaml", *options, cwd=tmp_path)
        assert (code, code) == (done.returncode, done.stderr.count("E604")), (targets, options)
