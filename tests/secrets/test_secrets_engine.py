"""Secrets on this machine: a careless step gets its own and no other, and nothing keeps it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isodag.engine.masking import Mask

TESTS = Path(__file__).parents[1]
SECRET = "open sesame/äöü=1"
HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: telling\n"
TOKEN = "parameters: {token: {type: Secret, description: Opens it.}}\n"
STEPS = """steps:
  with:
    component: tell
    secret_env: {HF_TOKEN: "${{ parameters.token }}"}
  without:
    component: tell
    inputs: {words: bye}
"""
OUTPUTS = """outputs:
  one: ${{ steps.with.outputs.note }}
  other: ${{ steps.without.outputs.note }}
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `isodag run` on a text in an empty folder; keyword arguments are the environment."""

    def call(text: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "dag.yaml").write_text(HEAD + OUTPUTS + text)
        folder = str(TESTS / "secrets" / "components")
        command = [
            sys.executable,
            "-m",
            "isodag",
            "run",
            "dag.yaml",
            "--components",
            folder,
            *words,
        ]
        clean = {name: text for name, text in os.environ.items() if "TOKEN" not in name}
        return subprocess.run(
            command, cwd=tmp_path, env={**clean, **environment}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    return call


def log(folder: Path, step: str) -> str:
    return (folder / ".isodag/runs/latest/steps" / step / "log.txt").read_text()


def note(folder: Path, step: str) -> str:
    return (folder / ".isodag/runs/latest/steps" / step / "outputs/note").read_text()


def kept(folder: Path) -> list[str]:
    """The files of a run in which the secret stands, whole or in half."""
    half = SECRET[: len(SECRET) // 2].encode(), SECRET[len(SECRET) // 2 :].encode()
    files = [path for path in (folder / ".isodag").rglob("*") if path.is_file()]
    assert files
    return [str(path) for path in files if any(part in path.read_bytes() for part in half)]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_only_the_step_that_names_it_gets_it_and_nothing_keeps_it(run: Run, tmp_path: Path) -> None:
    done = run(TOKEN + STEPS, "-p", "token=env:HF_TOKEN", HF_TOKEN=SECRET)
    assert 0 == done.returncode, done.stderr
    assert digest(SECRET) == note(tmp_path, "with")
    assert "" == note(tmp_path, "without")
    assert "hello *** end\n***\n['HF_TOKEN']\n" == log(tmp_path, "with")
    assert "bye  end\n\n[]\n" == log(tmp_path, "without")
    assert [] == kept(tmp_path)
    assert SECRET not in done.stdout + done.stderr
    record = json.loads((tmp_path / ".isodag/runs/latest/run.json").read_text())
    assert {"token": "env:HF_TOKEN"} == record["parameters"]


def test_a_variable_by_another_name_is_not_inherited_either(run: Run, tmp_path: Path) -> None:
    done = run(TOKEN + STEPS, "-p", "token=env:MY_TOKEN", MY_TOKEN=SECRET)
    assert 0 == done.returncode, done.stderr
    assert digest(SECRET) == note(tmp_path, "with")
    assert log(tmp_path, "with").endswith("['HF_TOKEN']\n")
    assert log(tmp_path, "without").endswith("[]\n")


def test_a_reason_has_no_secret_in_it(run: Run, tmp_path: Path) -> None:
    steps = STEPS.replace(
        "component: tell\n    secret_env",
        "component: tell\n    inputs: {words: fail}\n    secret_env",
    )
    for output in ("text", "json"):
        done = run(TOKEN + steps, "-p", "token=env:HF_TOKEN", "-o", output, HF_TOKEN=SECRET)
        assert 1 == done.returncode
        assert "the hub refuses ***" in done.stdout + done.stderr
        assert SECRET not in done.stdout + done.stderr
    assert [] == kept(tmp_path)


def test_a_file_starts_where_it_is_written_and_its_line_end_goes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(SECRET + "\n")
    literal = STEPS.replace("${{ parameters.token }}", "file:token")
    assert 0 == run(literal).returncode
    assert digest(SECRET) == note(tmp_path, "with")
    default = TOKEN.replace("description: Opens it.", "default: file:token")
    assert 0 == run(default + STEPS, "--no-cache").returncode
    assert digest(SECRET) == note(tmp_path, "with")
    (tmp_path / "token").write_text(SECRET + "\n\n")
    assert 0 == run(TOKEN + STEPS, "--no-cache", "-p", f"token=file:{tmp_path}/token").returncode
    assert digest(SECRET + "\n") == note(tmp_path, "with")
    values = tmp_path / "values" / "mine.yaml"
    values.parent.mkdir()
    values.write_text("apiVersion: isodag/v1\nkind: Values\nparameters: {token: file:here}\n")
    (values.parent / "here").write_text(SECRET)
    done = run(TOKEN + STEPS, "--no-cache", "-e", "mine")
    assert 0 == done.returncode, done.stderr
    assert digest(SECRET) == note(tmp_path, "with")


def test_a_run_goes_on_with_the_reference_and_looks_it_up_again(run: Run, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("wrong")
    failing = STEPS.replace("{words: bye}", "{words: fail}") + "    after: [with]\n"
    assert 1 == run(TOKEN + failing, "-p", "token=file:token").returncode
    (tmp_path / "token").write_text(SECRET)
    done = run(TOKEN + STEPS, "--resume", "latest", "--from", "with")
    assert 0 == done.returncode, done.stderr
    assert digest(SECRET) == note(tmp_path, "with")
    assert [] == kept(tmp_path)


def test_the_secret_is_no_part_of_the_cache_key(run: Run, tmp_path: Path) -> None:
    run(TOKEN + STEPS, "-p", "token=env:HF_TOKEN", HF_TOKEN="first")
    again = run(TOKEN + STEPS, "-p", "token=env:HF_TOKEN", "-o", "json", HF_TOKEN=SECRET)
    steps = json.loads(again.stdout)["steps"]
    assert [True, True] == [steps[name]["cached"] for name in sorted(steps)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "parameter has no value: `token`; give -p token=…"),
        (("-p", "token=open-sesame"), "parameter `token`: the value is no reference to a secret; on this machine write env:NAME or file:PATH"),
        (("-p", "token="), "parameter `token`: the value is empty; on this machine write env:NAME or file:PATH"),
        (("-p", "token=env:HF_TOKEN"), "parameter `token`: there is no environment variable `HF_TOKEN`"),
        (("-p", "token=env:EMPTY"), "parameter `token`: `env:EMPTY` is empty"),
        (("-p", "token=file:none"), "parameter `token`: `{}/none` cannot be read: no such file or directory"),
        (("-p", "token=file:."), "parameter `token`: `{}` cannot be read: is a directory"),
        (("-p", "token=file:binary"), "parameter `token`: `{}/binary` is not UTF-8 text"),
        (("-p", "token=file:nul"), "parameter `token`: `{}/nul` does not fit into an environment variable"),
        (("-p", "token=secret:hub"), "parameter `token`: the value `secret:hub` is in a store that only its target reads; on this machine write env:NAME or file:PATH"),
    ],
)  # fmt: skip
def test_what_is_not_here_ends_the_run_before_it_begins(
    run: Run, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "nul").write_bytes(b"a\0b")
    done = run(TOKEN + STEPS, *words, EMPTY="")
    assert (2, "", f"error: {said.format(tmp_path)}\n") == (
        done.returncode, done.stdout, done.stderr,
    )  # fmt: skip
    assert [] == list((tmp_path / ".isodag" / "runs").iterdir())


def test_a_reference_written_out_that_leads_nowhere(run: Run) -> None:
    done = run(STEPS.replace("${{ parameters.token }}", "env:NOBODY"))
    assert (2, "error: `HF_TOKEN` of step `with`: there is no environment variable `NOBODY`\n") == (
        done.returncode, done.stderr,
    )  # fmt: skip


# --- masking ---------------------------------------------------------------------------------

TEXT = st.text("ab\n%/ é", max_size=40)


@given(st.lists(st.text("ab\n/é", min_size=1, max_size=6), min_size=1, max_size=3), TEXT, st.data())
def test_pieces_are_masked_as_the_whole_is(
    secrets: list[str], text: str, data: st.DataObject
) -> None:
    whole = Mask(secrets)
    expected = whole.feed(text.encode()) + whole.end()
    mask, rest, found = Mask(secrets), text.encode(), b""
    while rest:
        cut = data.draw(st.integers(1, len(rest)))
        found += mask.feed(rest[:cut])
        rest = rest[cut:]
    assert expected == found + mask.end()
    for secret in secrets:
        assert secret.encode() not in expected.replace(b"***", b"\0")


@given(st.text(max_size=80).filter(lambda text: "secret" not in text))
def test_what_is_no_secret_passes(text: str) -> None:
    mask = Mask(["secret"])
    data = text.encode("utf-8", "surrogatepass")
    assert data == mask.feed(data) + mask.end()


def test_a_secret_is_known_in_json_in_urls_and_line_by_line() -> None:
    secret = 'first "line"\nsecond/line'
    mask = Mask([secret])
    text = f"{json.dumps(secret)} first%20%22line%22%0Asecond%2Fline, second/line. first"
    assert b'"***" ***, ***. first' == mask.feed(text.encode()) + mask.end()
