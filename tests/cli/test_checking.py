"""`isodag check`: which files it takes for what, what it says of them, and its status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Isodag = Callable[..., Result]

HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: numbers\n"
STEPS = "steps:\n  make: {component: make_numbers@1}\n"
GOOD = HEAD + STEPS + 'outputs: {numbers: "${{ steps.make.outputs.numbers }}"}\n'
BAD = GOOD.replace("make_numbers@1", "make_number@1")
UNUSED = GOOD + "vars: {spare: 1}\n"
VALUES = "apiVersion: isodag/v1\nkind: Values\nparameters: {count: 3}\n"
SPEC = "name: Count\nimplementation:\n  container: {image: 'i:1', command: [python3, -m, x]}\n"
BAD_SPEC = SPEC + "inputs:\n- {nam: x}\n"
E207 = """\
error[E207]: there is no component `make_number`
 --> {}:5:21
  |
5 |   make: {{component: make_number@1}}
  |                     ^^^^^^^^^^^^^
  = help: did you mean `make_numbers`?

"""


def lay(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def said(done: Result) -> dict[str, object]:
    """The summary of a JSON report without its zeros."""
    summary = json.loads(done.stdout)["summary"]
    return {name: count for name, count in summary.items() if count}


def places(done: Result) -> list[str]:
    """`code file:line` of each diagnostic."""
    found = json.loads(done.stdout)["diagnostics"]
    return [f"{item['code']} {item['file']}:{item['line']}" for item in found]


# --- which files -----------------------------------------------------------------------------


def test_without_a_file_the_whole_project_is_checked(workshop: Path, command: Isodag) -> None:
    (workshop / "components").unlink()
    lay(
        workshop,
        {
            "definitions/good.yaml": GOOD,
            "definitions/deep/er/bad.yml": BAD,
            "definitions/values/prod.yaml": VALUES + "step: {}\n",
            "components/make_numbers/component.yaml": SPEC.replace(
                "x]}", "x], args: [--numbers, {outputPath: numbers}]}"
            )
            + "outputs: [{name: numbers, type: Dataset}]\n"
            + "metadata: {annotations: {version: 1.0.0}}\n",
            "components/wrong/component.yaml": BAD_SPEC,
            "components/notes/README.md": "no component",
            "alone.yaml": UNUSED,
        },
    )
    done = command("check", "-t", "local", "-o", "json")
    assert (1, "") == (done.exit_code, done.stderr)
    assert {
        "W202 alone.yaml:7",
        "E107 components/wrong/component.yaml:5",
        "E207 definitions/deep/er/bad.yml:5",
        "E107 definitions/values/prod.yaml:4",
    } <= set(places(done))
    counts = said(done)
    assert (3, 1, 2) == (counts["definitions"], counts["values_files"], counts["components"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("compose.yaml", "services: {web: {image: x}}\n"),
        ("pod.yaml", "apiVersion: v1\nkind: Pod\n"),
        ("tekton.yaml", "apiVersion: tekton.dev/v1\nkind: Pipeline\n"),
        ("kfp.yaml", "components: {}\ndeploymentSpec: {}\npipelineInfo: {name: x}\n"),
        (".hidden.yaml", BAD),
        (".venv/bad.yaml", BAD),
        ("notes.txt", BAD),
    ],
)
def test_what_is_not_ours_is_passed_over(
    workshop: Path, command: Isodag, name: str, text: str
) -> None:
    lay(workshop, {"definitions/good.yaml": GOOD, f"definitions/{name}": text})
    done = command("check", "definitions", "-t", "local")
    assert (0, "definitions/good.yaml: no problems\n") == (done.exit_code, done.output)


@pytest.mark.parametrize(
    ("text", "checked"),
    [
        (GOOD, "definitions"),
        ("{apiVersion: isodag/v1, kind: Pipeline}", "definitions"),
        ('"kind": Pipeline\n', "definitions"),
        ("kind: Pipelin\napiVersion: isodag/v1\n", "definitions"),
        ("apiVersion: isodag/v1\nname: x\n", "definitions"),
        ("steps: {}\n", "definitions"),
        ("", "definitions"),
        ("kind: [", "definitions"),
        ("a: 1", "definitions"),
        (VALUES, "values_files"),
        ("{kind: Values}", "values_files"),
        ("kind: 'Value'\n", "values_files"),
        (VALUES.replace("\n", "\r\n"), "values_files"),
        ("\ufeff" + VALUES, "values_files"),
        (SPEC, "components"),
        ("{implementation: {}}", "components"),
    ],
)
@pytest.mark.parametrize("way", ["file", "stdin"])
def test_a_file_is_told_by_what_it_says_not_by_its_name(
    workshop: Path, command: Isodag, text: str, checked: str, way: str
) -> None:
    (workshop / "some.txt").write_bytes(text.encode())
    if way == "file":
        done = command("check", "some.txt", "-o", "json")
    else:
        done = command("check", "-", "-o", "json", stdin=text.encode())
    assert 1 == said(done)[checked]


def test_a_folder_with_a_project_in_it_is_that_project(workshop: Path, command: Isodag) -> None:
    lay(workshop, {"ml/definitions/bad.yaml": BAD, "ml/components/x/component.yaml": BAD_SPEC})
    done = command("check", "ml", "-o", "json")
    assert "E207 ml/definitions/bad.yaml:5" in places(done)
    assert "E107 ml/components/x/component.yaml:5" in places(done)


@pytest.mark.parametrize("name", ["", "/component.yaml", "/sagemaker.yaml"])
def test_a_component_is_named_by_its_folder_or_a_file_of_it(
    workshop: Path, command: Isodag, name: str
) -> None:
    lay(workshop, {"x/component.yaml": BAD_SPEC, "x/sagemaker.yaml": "step: Training\n"})
    done = command("check", f"x{name}", "-o", "json")
    assert 1 == said(done)["components"]
    assert "E107 x/component.yaml:5" in places(done)


def test_a_file_named_twice_is_checked_once(workshop: Path, command: Isodag) -> None:
    lay(workshop, {"d/bad.yaml": BAD})
    done = command("check", "d/bad.yaml", "./d/bad.yaml", "d", "-o", "json", "-t", "local")
    assert {"errors": 1, "definitions": 1} == said(done)


def test_a_broken_component_is_told_once_however_many_use_it(
    workshop: Path, command: Isodag
) -> None:
    (workshop / "components").unlink()
    use = HEAD + "steps: {{a: {{component: {}}}, b: {{component: {}}}}}\n"
    lay(
        workshop,
        {
            "components/wrong/component.yaml": BAD_SPEC,
            "definitions/one.yaml": use.format("wrong", "wrong@1"),
            "definitions/two.yaml": use.format("../components/wrong", "wrong"),
        },
    )
    alone = command("check", "components/wrong", "-o", "json")
    for words in ([], [str(workshop)], ["definitions", "components"]):
        done = command("check", *words, "-t", "local", "-o", "json")
        assert places(alone) == places(done)


# --- what cannot be read -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gone.yaml", "E101 gone.yaml:1"),
        ("empty", "E101 empty:1"),
        ("binary.yaml", "E101 binary.yaml:1"),
        ("no\0name", "E101 no\0name:1"),
    ],
)
def test_what_cannot_be_read_is_a_diagnostic(
    workshop: Path, command: Isodag, name: str, told: str
) -> None:
    (workshop / "empty").mkdir()
    (workshop / "binary.yaml").write_bytes(b"\x7fELF\x02\xff\xfe\0\0")
    done = command("check", name, "-o", "json")
    assert (1, "") == (done.exit_code, done.stderr)
    assert [told] == places(done)


def test_a_binary_file_on_standard_input_is_a_diagnostic(command: Isodag) -> None:
    done = command("check", "-", stdin=b"\xff\xfe\0")
    assert 1 == done.exit_code
    assert done.stderr.startswith("error[E101]: byte 0xff is not UTF-8\n --> <stdin>:1:1\n")


def test_where_there_is_nothing_to_check_the_command_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Isodag
) -> None:
    (tmp_path / "bare").mkdir()
    monkeypatch.chdir(tmp_path / "bare")
    done = command("check")
    assert (2, "") == (done.exit_code, done.stdout)
    assert "Error: there is no definition and no component here: name a FILE\n" in done.stderr


# --- values files ------------------------------------------------------------------------------


def test_a_values_file_is_checked_by_itself(workshop: Path, command: Isodag) -> None:
    text = (
        "apiVersion: isodag/v1\nkind: Values\nvar: {a: 1}\nparameters: {any: 3}\n"
        "steps:\n  whichever:\n    component: x@1\n    resources: {cpus: 2}\n"
        "    targets: {kfp: {node_selectr: {}}}\ntargets: {sagemaker: {rol: x}}\n"
        'vars: {b: "${{ parameters. }}"}\n'
    )
    lay(workshop, {"v.yaml": text})
    done = command("check", "v.yaml", "-o", "json")
    assert [
        "E107 v.yaml:3", "E220 v.yaml:7", "E107 v.yaml:8", "E107 v.yaml:9", "E107 v.yaml:10",
        "E110 v.yaml:11",
    ] == places(done)  # fmt: skip


def test_the_values_files_of_the_repository_are_right(command: Isodag) -> None:
    folder = Path(__file__).parents[2] / "definitions" / "values"
    done = command("check", str(folder))
    assert (0, "3 values files: no problems\n") == (done.exit_code, done.output)


# --- what is said ------------------------------------------------------------------------------


def test_messages_end_with_one_line_about_all_of_it(workshop: Path, command: Isodag) -> None:
    lay(workshop, {"a.yaml": BAD, "b.yaml": GOOD, "v.yaml": VALUES})
    done = command("check", "a.yaml", "b.yaml", "v.yaml", "components/make_numbers", "-t", "local")
    assert (1, "") == (done.exit_code, done.stdout)
    last = "2 definitions, 1 values file, 1 component: 1 error\n"
    assert E207.format("a.yaml") + last == done.stderr


def test_one_file_alone_is_named_in_the_verdict(workshop: Path, command: Isodag) -> None:
    lay(workshop, {"a.yaml": GOOD})
    assert "a.yaml: no problems\n" == command("check", "a.yaml", "-t", "local").stdout
    done = command("check", "-", "-t", "local", stdin=BAD.encode())
    assert E207.format("<stdin>") + "<stdin>: 1 error\n" == done.stderr


def test_standard_input_finds_its_components_from_the_working_folder(command: Isodag) -> None:
    done = command("check", "-", "-t", "local", stdin=GOOD.encode())
    assert (0, "<stdin>: no problems\n") == (done.exit_code, done.output)


def test_werror_makes_errors_of_warnings(workshop: Path, command: Isodag) -> None:
    lay(workshop, {"a.yaml": UNUSED})
    words = ("check", "a.yaml", "-t", "local")
    assert (0, "a.yaml: 1 warning\n") == ((done := command(*words)).exit_code, done.stdout)
    assert done.stderr.startswith("warning[W202]: ")
    done = command(*words, "--werror")
    assert (1, "") == (done.exit_code, done.stdout)
    assert done.stderr.startswith("error[W202]: ")
    assert done.stderr.endswith("\na.yaml: 1 error\n")
    done = command(*words, "--werror", "-o", "json")
    assert {"errors": 1, "definitions": 1} == said(done)


@pytest.mark.parametrize("given", [["W202"], ["w202"], ["W201,W202"], ["W201", "W202"]])
def test_warnings_of_a_code_can_be_left_out(
    workshop: Path, command: Isodag, given: list[str]
) -> None:
    lay(workshop, {"a.yaml": UNUSED})
    options = [word for code in given for word in ("--ignore", code)]
    done = command("check", "a.yaml", "-t", "local", "--werror", *options)
    assert (0, "a.yaml: no problems (1 ignored)\n") == (done.exit_code, done.output)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            "E203",
            "--ignore: `E203` is an error: only warnings can be ignored; see isodag explain E203",
        ),
        ("W2O2", "--ignore: there is no code `W2O2`; did you mean `W202`?"),
        ("W201,nonsense", "--ignore: there is no code `NONSENSE`; `isodag explain` lists them"),
    ],
)
def test_what_cannot_be_left_out_makes_the_command_wrong(
    command: Isodag, given: str, told: str
) -> None:
    done = command("check", "a.yaml", "--ignore", given)
    assert (2, "") == (done.exit_code, done.stdout)
    assert f"Error: {told}\n" in done.stderr


RED = "\033[1;31merror[E207]\033[0m: "
PLAIN = "error[E207]: "


@pytest.mark.parametrize(
    ("words", "environment", "start"),
    [
        ([], {}, PLAIN),
        ([], {"NO_COLOR": "1"}, PLAIN),
        ([], {"FORCE_COLOR": "1"}, RED),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, PLAIN),
        (["--color", "always"], {"NO_COLOR": "1"}, RED),
        (["--color", "never"], {"FORCE_COLOR": "1"}, PLAIN),
        (["--color", "auto"], {}, PLAIN),
    ],
)
def test_colour_is_for_terminals_and_for_who_asks(
    workshop: Path, command: Isodag, monkeypatch: pytest.MonkeyPatch,
    words: list[str], environment: dict[str, str], start: str,
) -> None:  # fmt: skip
    lay(workshop, {"a.yaml": BAD})
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert start == command("check", "a.yaml", *words).stderr[: len(start)]


def test_the_first_errors_of_every_file_are_shown(workshop: Path, command: Isodag) -> None:
    many = HEAD + STEPS + "parameters:\n" + "".join(f"  p{n}: {{}}\n" for n in range(501))
    lay(workshop, {"a.yaml": many, "b.yaml": BAD})
    told = places(command("check", "a.yaml", "b.yaml", "-o", "json", "-t", "local"))
    assert ["E114 a.yaml:507", "E207 b.yaml:5"] == told[500:]
