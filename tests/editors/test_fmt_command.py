"""`isodag fmt` and `isodag schema` as commands: files, links, modes, standard input, status."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from isodag.cli import main

REPOSITORY = Path(__file__).parents[2]
UNTIDY = "name: x\napiVersion: isodag/v1\nkind: Pipeline\nsteps: {a: {fail: 'no'}}\n"
TIDY = 'apiVersion: isodag/v1\nkind: Pipeline\nname: x\nsteps: {a: {fail: "no"}}\n'
SPEC = "name: c\n\nimplementation:\n  container: {image: i, command: [c]}\n"
DIFF = """\
--- dag.yaml
+++ dag.yaml
@@ -1,4 +1,4 @@
-name: x
 apiVersion: isodag/v1
 kind: Pipeline
-steps: {a: {fail: 'no'}}
+name: x
+steps: {a: {fail: "no"}}
"""
Isodag = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Isodag:
    """Runs a command in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def run(*words: str, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(main, list(words), input=stdin)

    return run


def test_a_file_is_laid_out_once(command: Isodag) -> None:
    path = Path("dag.yaml")
    path.write_text(UNTIDY)
    first = command("fmt", "dag.yaml")
    assert (0, "dag.yaml: laid out\n", TIDY) == (first.exit_code, first.output, path.read_text())
    os.utime(path, ns=(1, 1))
    again = command("fmt", "dag.yaml")
    assert (0, "1 file: nothing to change\n") == (again.exit_code, again.output)
    assert 1 == path.stat().st_mtime_ns
    assert ["dag.yaml"] == os.listdir()


def test_check_and_diff_write_nothing(command: Isodag) -> None:
    Path("dag.yaml").write_text(UNTIDY)
    checked = command("fmt", "--check", "dag.yaml")
    assert (1, "dag.yaml: would change\n") == (checked.exit_code, checked.output)
    shown = command("fmt", "--diff", "dag.yaml")
    assert (0, DIFF, "dag.yaml: would change\n") == (shown.exit_code, shown.stdout, shown.stderr)
    both = command("fmt", "--check", "--diff", "dag.yaml")
    assert (1, DIFF) == (both.exit_code, both.stdout)
    assert UNTIDY == Path("dag.yaml").read_text()


def test_without_a_file_it_is_the_whole_project(command: Isodag) -> None:
    files = {
        "definitions/dag.yaml": UNTIDY,
        "definitions/values/prod.yaml": "kind: Values\napiVersion: isodag/v1\n",
        "definitions/pipeline.schema.json": "{}",
        "components/c/component.yaml": SPEC.replace("\n\n", "\n"),
        "components/c/sagemaker.yaml": "{step: Training}\n",
    }
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    done = command("fmt")
    expected = [f"{name}: laid out" for name in files if name.endswith(".yaml")]
    assert (0, expected) == (done.exit_code, done.output.splitlines())
    assert [TIDY, "apiVersion: isodag/v1\nkind: Values\n", "{}", SPEC, "step: Training\n"] == [
        Path(name).read_text() for name in files
    ]


def test_where_there_is_no_project_it_says_so(command: Isodag) -> None:
    done = command("fmt")
    message = "Error: there are no definitions/*.yaml and no components here: name a FILE"
    assert (2, message) == (done.exit_code, done.output.splitlines()[-1])


def test_standard_input_goes_to_standard_output(command: Isodag) -> None:
    done = command("fmt", "-", stdin=UNTIDY.encode())
    assert (0, TIDY, "") == (done.exit_code, done.stdout, done.stderr)
    assert 1 == command("fmt", "--check", "-", stdin=UNTIDY.encode()).exit_code
    assert 0 == command("fmt", "--check", "-", stdin=TIDY.encode()).exit_code
    wrong = command("fmt", "-", stdin=b"a: 1\n")
    message = "error: <stdin>:1:1: this is no definition, values file or component\n"
    assert (1, "", f"{message}<stdin>: left as it is\n") == (
        wrong.exit_code, wrong.stdout, wrong.stderr,
    )  # fmt: skip


def test_standard_input_stands_alone(command: Isodag) -> None:
    done = command("fmt", "-", "dag.yaml")
    message = "Error: - stands alone: standard input is written to standard output"
    assert (2, message) == (done.exit_code, done.output.splitlines()[-1])


@pytest.mark.parametrize(
    "data",
    [b"\tkind: Pipeline\n", b"a: 1\r\na: 2\r\n", b"\xff", b"", b"a: [", b"kind: Deployment\n"],
)
def test_what_cannot_be_read_stays_as_it_is(command: Isodag, data: bytes) -> None:
    Path("dag.yaml").write_bytes(data)
    Path("good.yaml").write_text(UNTIDY)
    done = command("fmt", "dag.yaml", "good.yaml")
    assert (1, data, TIDY) == (
        done.exit_code, Path("dag.yaml").read_bytes(), Path("good.yaml").read_text(),
    )  # fmt: skip
    assert "dag.yaml: left as it is" == done.stderr.splitlines()[-1]


def test_a_file_that_is_not_there_is_told(command: Isodag) -> None:
    Path("dag.yaml").write_text(TIDY)
    done = command("fmt", "dog.yaml")
    expected = (
        "error[E101]: there is no file `dog.yaml`\n --> dog.yaml:1:1\n  = help: did you mean `dag.yaml`?\n\n"
        "1 error\n"
    )
    assert (1, expected) == (done.exit_code, done.stderr)


def test_line_ends_and_the_mark_at_the_start_are_the_plain_ones(command: Isodag) -> None:
    Path("dag.yaml").write_bytes(b"\xef\xbb\xbf" + TIDY.replace("\n", "\r\n").encode())
    assert 0 == command("fmt", "dag.yaml").exit_code
    assert TIDY.encode() == Path("dag.yaml").read_bytes()


def test_the_mode_stays_and_a_link_stays_a_link(command: Isodag) -> None:
    Path("real").mkdir()
    real = Path("real/dag.yaml")
    real.write_text(UNTIDY)
    real.chmod(0o640)
    Path("dag.yaml").symlink_to(real)
    assert 0 == command("fmt", "dag.yaml").exit_code
    assert Path("dag.yaml").is_symlink()
    assert (TIDY, 0o640) == (real.read_text(), real.stat().st_mode & 0o777)
    assert ["dag.yaml"] == os.listdir("real")


def test_our_own_files_are_laid_out(command: Isodag, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    done = command("fmt", "--check")
    assert 0 == done.exit_code, done.output


# --- isodag schema -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pipeline", "component", "values"])
def test_a_schema_is_printed_or_written_the_same_each_time(command: Isodag, kind: str) -> None:
    printed = command("schema", kind)
    assert f"isodag {kind}" == json.loads(printed.stdout)["title"]
    written = command("schema", kind, "-d", "new/it.json")
    assert (0, "new/it.json\n") == (written.exit_code, written.output)
    assert printed.stdout.encode() == Path("new/it.json").read_bytes()
    assert ["it.json"] == os.listdir("new")


def test_the_schema_knows_the_components_of_a_folder(command: Isodag) -> None:
    toys = str(REPOSITORY / "tests" / "toys" / "components")
    assert "make_numbers@1" not in command("schema", "pipeline").stdout
    assert "make_numbers@1" in command("schema", "pipeline", "--components", toys).stdout
