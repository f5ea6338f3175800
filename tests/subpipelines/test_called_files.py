"""The files of called pipelines: read once, shown in messages, and a part of what is compiled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from isodag import diagnostics, driver
from isodag.cli import main
from isodag.driver import Loaded

HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: numbers\n"
FIT = """parameters: {numbers: {type: Dataset, default: numbers.txt}, shrink: {type: Float, default: 0.25}}
steps:
  fit: {component: fit_mean@1, inputs: {numbers: "${{ parameters.numbers }}", shrink: "${{ parameters.shrink }}"}}
outputs: {model: "${{ steps.fit.outputs.model }}", loss: "${{ steps.fit.outputs.loss }}"}
"""
DAG = """steps:
  one: {component: ./parts/fit.yaml}
  two: {component: ./parts/fit.yaml}
outputs: {one: "${{ steps.one.outputs.loss }}", two: "${{ steps.two.outputs.loss }}"}
"""
FILES = {"dag.yaml": DAG, "parts/fit.yaml": FIT}
Load = Callable[..., Loaded]


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_a_message_shows_the_line_of_the_called_file(load: Load) -> None:
    files = FILES | {"parts/fit.yaml": FIT.replace("outputs.loss", "outputs.los")}
    loaded = load(files)
    assert (
        "error[E203]: step `fit` has no output `los`\n"
        " --> parts/fit.yaml:7:81\n"
        "  |\n"
        '7 | outputs: {model: "${{ steps.fit.outputs.model }}", loss: "${{ steps.fit.outputs.los }}"}\n'
        "  |                                                                                 ^^^\n"
        "  = note: fit_mean 1.0.0 declares `loss` (components/fit_mean/component.yaml:10:10)\n"
        "  = help: did you mean `loss`?\n"
    ) == diagnostics.render(loaded.diagnostics, loaded.sources)


def test_a_folder_is_checked_with_each_message_once(load: Load, workshop: Path) -> None:
    load({f"definitions/{name}": text for name, text in FILES.items()})
    broken = (HEAD + FIT).replace("fit_mean@1", "fit_mean@9")
    (workshop / "definitions/parts/fit.yaml").write_text(broken)
    done = run("check", "definitions", "-o", "json")
    assert [("E208", "definitions/parts/fit.yaml")] == [
        (item["code"], item["file"]) for item in json.loads(done.output)["diagnostics"]
    ]
    assert 1 == done.exit_code


def test_sarif_names_the_called_file(load: Load) -> None:
    load(FILES | {"parts/fit.yaml": FIT.replace("fit_mean@1", "fit_mean@9")})
    (result,) = json.loads(run("check", "dag.yaml", "-o", "sarif").output)["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert ("E208", "parts/fit.yaml") == (result["ruleId"], place["uri"])


def test_a_comment_in_the_called_file_keeps_a_warning_quiet(load: Load) -> None:
    unused = FIT.replace("parameters: {", "parameters: {more: {type: Float, default: 1.0}, ")
    loud = load(FILES | {"parts/fit.yaml": unused}).diagnostics
    assert [("W201", "parts/fit.yaml")] == [(item.code, item.span.path) for item in loud]
    comment = "# isodag: ignore[W201] callers of old give it\n"
    load(FILES | {"parts/fit.yaml": comment + unused})
    done = run("check", "-t", "local", "dag.yaml")
    assert "dag.yaml: no problems (1 ignored)\n" == done.output


def test_the_digest_is_of_the_called_files_too(load: Load) -> None:
    first = load(FILES)
    assert first.digest == load(FILES).digest
    assert first.digest != load(FILES | {"parts/fit.yaml": FIT.replace("0.25", "0.5")}).digest


def test_a_values_file_changes_the_outermost_file_only(load: Load) -> None:
    values = "apiVersion: isodag/v1\nkind: Values\nparameters: {shrink: 0.75}\n"
    found = load(FILES | {"values/much.yaml": values}, ["much"]).diagnostics
    assert [("E215", "the pipeline has no parameter `shrink`")] == [
        (item.code, item.message) for item in found
    ]


def test_a_parameter_of_the_caller_does_not_reach_the_called_one_by_name(load: Load) -> None:
    dag = "parameters: {shrink: {type: Float, default: 0.75}}\n" + DAG.replace(
        "one: {component: ./parts/fit.yaml}",
        'one: {component: ./parts/fit.yaml, inputs: {shrink: "${{ parameters.shrink }}"}}',
    )
    values = "apiVersion: isodag/v1\nkind: Values\nparameters: {shrink: 1.0}\n"
    loaded = load(FILES | {"dag.yaml": dag, "values/much.yaml": values}, ["much"])
    assert loaded.pipeline is not None, loaded.diagnostics
    shrinks = {
        task.name: task.arguments[1].value  # type: ignore[union-attr]
        for task in loaded.pipeline.tasks
    }
    assert "ParameterRef(name='shrink', type='Float')" == repr(shrinks["one-fit"])
    assert "Constant(value=0.25, type='Float')" == repr(shrinks["two-fit"])


def test_each_file_finds_the_components_nearest_to_it(
    load: Load, workshop: Path, toys: Path
) -> None:
    own = workshop / "parts" / "components" / "fit_mean"
    own.mkdir(parents=True)
    spec = (toys / "components" / "fit_mean" / "component.yaml").read_text()
    (own / "component.yaml").write_text(spec.replace('"1.0.0"', '"1.7.0"'))
    loaded = load(FILES)
    assert loaded.pipeline is not None, loaded.diagnostics
    assert {"1.7.0"} == {task.component.version for task in loaded.pipeline.tasks}  # type: ignore[union-attr]


def test_a_definition_from_standard_input_calls_files_of_the_working_folder(load: Load) -> None:
    load(FILES)
    done = CliRunner().invoke(main, ["check", "-t", "local", "-"], input=HEAD + DAG)
    assert "<stdin>: no problems\n" == done.output


def test_components_are_listed_without_pipelines(load: Load) -> None:
    load(FILES)
    assert "parts" not in run("component", "list").output


# --- places ----------------------------------------------------------------------------------


def test_a_path_starts_from_the_file_that_it_is_written_in(load: Load, workshop: Path) -> None:
    dag = DAG.replace(
        "two: {component: ./parts/fit.yaml}",
        "two: {component: ./parts/fit.yaml, inputs: {numbers: ./mine.txt}}",
    )
    load(FILES | {"dag.yaml": dag})
    (workshop / "parts" / "numbers.txt").write_text("1\n1\n")
    (workshop / "mine.txt").write_text("1\n3\n")
    done = run("run", "dag.yaml", "-o", "json")
    assert 0 == done.exit_code, done.output
    outputs = json.loads(done.stdout)["outputs"]
    assert {"one": 0.0625, "two": 1.25} == outputs


@pytest.mark.parametrize(
    ("given", "place"),
    [("", "parts/fit.yaml:4:48"), (", inputs: {numbers: ./mine.txt}", "dag.yaml:5:56")],
)
@pytest.mark.parametrize("target", ["sagemaker", "kfp"])
def test_a_local_path_is_told_where_it_stands(
    load: Load, target: str, given: str, place: str
) -> None:
    dag = "steps:\n  one: {component: ./parts/fit.yaml" + given + "}\n"
    found = driver.compile(load(FILES | {"dag.yaml": dag}), target).diagnostics
    assert [place] == [
        f"{item.span.path}:{item.span.line}:{item.span.column}"
        for item in found
        if item.severity == "error"
    ]


def test_a_secret_in_a_file_is_sought_beside_the_file_that_says_so(
    load: Load, workshop: Path
) -> None:
    inner = (
        "parameters: {token: {type: Secret, default: 'file:own.txt'}}\nsteps:\n"
        '  make: {component: make_numbers@1, secret_env: {TOKEN: "${{ parameters.token }}"}}\n'
    )
    dag = (
        "steps:\n  one: {component: ./parts/make.yaml}\n"
        "  two: {component: ./parts/make.yaml, inputs: {token: 'file:mine.txt'}}\n"
    )
    load({"dag.yaml": dag, "parts/make.yaml": inner})
    done = run("run", "dag.yaml")
    assert 2 == done.exit_code
    lines = [line for line in done.output.splitlines() if "own.txt" in line or "mine.txt" in line]
    for folder, name in (("parts/", "own.txt"), ("", "mine.txt")):
        assert any(f"`{workshop / (folder + name)}`" in line for line in lines), lines
    (workshop / "parts" / "own.txt").write_text("a")
    (workshop / "mine.txt").write_text("b")
    assert 0 == run("run", "dag.yaml").exit_code
