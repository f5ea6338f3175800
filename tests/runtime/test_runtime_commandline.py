"""The command line: what is accepted, and what is said about the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isodag.runtime import arguments, spec

Call = Callable[..., Any]
# what argv can hold: anything but NUL, and bytes that are not UTF-8 as half surrogate pairs
TEXT = st.text(st.characters(exclude_characters="\0") | st.just("\udcff"), max_size=20)


def seen(model: Path) -> Any:
    """What the function was given."""
    return json.loads((model / "seen.json").read_text())


def test_a_call_takes_defaults_and_prints_its_numbers(
    fit: Path, points: Path, start: Call, tmp_path: Path
) -> None:
    ended = start("fit", "--points", "points.txt", "--model", "out/model", "--report", "out/report")
    assert (0, "isodag: loss=2.0\nisodag: rows=3\n", "") == ended
    assert {
        "label": "none", "epochs": 3, "learning_rate": 2e-5, "shuffle": True, "method": "adam",
        "options": {}, "layers": [],
    } == seen(tmp_path / "out" / "model")  # fmt: skip
    assert ["model", "report"] == sorted(path.name for path in (tmp_path / "out").iterdir())


def test_both_spellings_of_flags_and_values_that_start_with_dashes(
    fit: Path, points: Path, call: Call, tmp_path: Path
) -> None:
    ended = call(
        "fit", "--points=points.txt", "--model=m", "--report", "r", "--learning-rate", "1e-3",
        "--label", "--epochs", "--epochs=7", "--shuffle", "False", "--options", '{"a": -1}',
        "--layers=[1]", "--method", "sgd",
    )  # fmt: skip
    assert (0, "") == (ended.status, ended.err)
    assert {
        "label": "--epochs", "epochs": 7, "learning_rate": 1e-3, "shuffle": False,
        "method": "sgd", "options": {"a": -1}, "layers": [1],
    } == seen(tmp_path / "m")  # fmt: skip


def test_scalars_are_written_where_the_command_line_says(
    fit: Path, points: Path, call: Call, tmp_path: Path
) -> None:
    ended = call(
        "fit", "--points", "points.txt", "--model", "m", "--report", "r",
        "--loss", "deep/down/loss", "--remark", "deep/remark",
    )  # fmt: skip
    assert (0, "") == (ended.status, ended.err)
    assert "2.0" == (tmp_path / "deep" / "down" / "loss").read_text()
    assert "done" == (tmp_path / "deep" / "remark").read_text()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--epohcs", "3"], "`fit` has no flag `--epohcs`: did you mean `--epochs`?"),
        (["--learnin-rate", "3"], "`fit` has no flag `--learnin-rate`: did you mean `--learning_rate`?"),
        (["--zzzzz", "3"], "`fit` has no flag `--zzzzz`: --help lists what it takes"),
        (["points.txt"], "`points.txt` stands alone: write --name value"),
        (["--points"], "`--points` needs a value: write --points VALUE"),
        (["--epochs", "1", "--epochs=2"], "`--epochs` is given twice"),
        (["--epochs", "three"], "`--epochs`: `three` is not an Integer"),
        (["--epochs", "-3"], "`--epochs`: -3 is below the minimum 1"),
        (["--epochs", "101"], "`--epochs`: 101 is above the maximum 100"),
        (["--learning_rate", "nan"], "`--learning_rate`: `nan` is not a finite Float"),
        (["--method", "ada"], "`--method`: `ada` is none of `adam`, `sgd`"),
        (["--options", "__import__('os')"],
         "`--options`: `__import__('os')` is not a JsonObject in JSON"),
        ([], "`fit` needs `--points`, `--model` and `--report`: --help tells what to give"),
        (["--points", "nowhere", "--model", "m", "--report", "r"],
         "`--points`: there is no file or folder `nowhere`"),
        (["--points", "s3://b/points.txt", "--model", "m", "--report", "r"],
         "`--points`: `s3://b/points.txt` is a URI: give the path of a local copy"),
        (["--points", "points.txt", "--model", "same", "--report", "./same"],
         "`--report` and `--model` are one place: {tmp}/same"),
        (["--points", "points.txt", "--model", "components", "--report", "r"],
         "`--model`: `components` holds something: name a new place"),
        (["--points", "points.txt", "--model", "points.txt/m", "--report", "r"],
         "`--model`: cannot write to `points.txt/m`: not a directory"),
        (["--points", "points.txt", "--model", "m", "--report", "r", "--loss", "components"],
         "`--loss`: `components` is not a file to write"),
    ],
)  # fmt: skip
def test_a_usage_error_is_one_line_and_status_2(
    fit: Path, points: Path, call: Call, tmp_path: Path, argv: list[str], message: str
) -> None:
    assert (2, "", f"error: {message.replace('{tmp}', str(tmp_path))}\n") == call("fit", *argv)
    assert ["components", "points.txt"] == sorted(path.name for path in tmp_path.iterdir())


def test_an_unknown_component_names_its_neighbour_or_where_was_looked(
    fit: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (2, "", "error: no component `fti`: did you mean `fit`?\n") == call("fti")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("ISODAG_COMPONENTS", "elsewhere")
    ended = call("zzzzzzz")
    assert (2, "") == (ended.status, ended.out)
    assert ended.err.startswith("error: no component `zzzzzzz`: looked in elsewhere, components, /")


@pytest.mark.parametrize("name", ["../components/fit", ".", "..", "/", "", "components"])
def test_a_component_is_a_name_never_a_path(fit: Path, call: Call, name: str) -> None:
    ended = call(name, "--version")
    assert (2, "") == (ended.status, ended.out)
    assert ended.err.startswith(f"error: no component `{name}`: ")


def test_components_of_the_environment_come_first(
    fit: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine" / "fit"
    mine.mkdir(parents=True)
    (mine / "component.yaml").write_text('metadata: {annotations: {version: "9.0.0"}}')
    assert "fit 1.2.3\n" == call("fit", "--version").out
    monkeypatch.setenv("ISODAG_COMPONENTS", f"nowhere:{tmp_path / 'mine'}")
    assert "fit 9.0.0\n" == call("fit", "--version").out


def test_flags_of_the_program_itself(call: Call) -> None:
    assert (2, "", "error: unknown flag `--hlep`: did you mean `--help`?\n") == call("--hlep")
    assert (2, "", "error: unknown flag `-x`: a component's name comes first\n") == call("-x")
    assert (1, "", "error: accuracy is low\n") == call("--fail", "accuracy is\n low")
    assert (1, "", "error: --help\n") == call("--fail=--help")
    assert (2, "", "error: `--fail` takes one message: write --fail MESSAGE\n") == call("--fail")


def test_main_py_runs_by_itself(fit: Path, points: Path, start: Call, tmp_path: Path) -> None:
    import subprocess
    import sys

    argv = [sys.executable, str(fit / "main.py"), "--points", "points.txt", "--model", "m"]
    done = subprocess.run([*argv, "--report", "r"], capture_output=True, text=True, check=False)
    assert (0, "isodag: loss=2.0\nisodag: rows=3\n", "") == (
        done.returncode, done.stdout, done.stderr,
    )  # fmt: skip
    wrong = subprocess.run([*argv, "--epochs=0"], capture_output=True, text=True, check=False)
    assert (2, "error: `--epochs`: 0 is below the minimum 1\n") == (wrong.returncode, wrong.stderr)


def test_a_parameter_may_be_called_version(
    component: Callable[[str, str, str], Path], call: Call
) -> None:
    spec_text = "inputs:\n- {name: version, type: String}\noutputs:\n- {name: n, type: Integer}"
    component("tag", spec_text, "def tag(*, version):\n    return {'n': len(version)}")
    assert (0, "isodag: n=2\n", "") == call("tag", "--version", "12")


def test_an_optional_parameter_without_default_is_left_to_the_function(
    component: Callable[[str, str, str], Path], call: Call
) -> None:
    text = (
        "inputs:\n- {name: n, type: Integer, optional: true}\noutputs:\n- {name: m, type: Integer}"
    )
    component("echo", text, "def echo(*, n=7):\n    return {'m': n}")
    assert (0, "isodag: m=7\n", "") == call("echo")
    assert (0, "isodag: m=7\n", "") == call("echo", "--n", "")  # KFP's null
    assert (0, "isodag: m=1\n", "") == call("echo", "--n", "1")


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100
)
@given(texts=st.fixed_dictionaries({}, optional={"label": TEXT, "points": TEXT, "remark": TEXT}))
def test_whatever_text_is_given_arrives(fit: Path, texts: dict[str, str]) -> None:
    read = spec.read(fit)
    apart = [word for name, text in texts.items() for word in (f"--{name}", text)]
    joined = [f"--{name}={text}" for name, text in texts.items()]
    assert texts == arguments.split(read, apart).texts == arguments.split(read, joined).texts


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)
@given(
    argv=st.lists(
        TEXT | st.sampled_from(["--epochs", "--label=x", "--options", "--points", "components"]),
        max_size=5,
    ),
    name=st.sampled_from(["fit", "fit", "fit", "--fail", ""]) | TEXT,
)
def test_whatever_argv_holds_there_is_no_traceback(
    fit: Path, call: Call, argv: list[str], name: str
) -> None:
    ended = call(name, *argv)
    assert ended.status in (0, 1, 2)
    assert ended.err.count("\n") == (0 if ended.status == 0 else 1)
    assert ended.status == 0 or ended.err.startswith("error: ")
