"""Files made to break a reader end in a few messages, each at a place in its file.

`python tests/bench/hostile.py` measures a megabyte of each.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fuzz_cases import Case
from fuzz_hostile import DEFINITIONS, HEAD, cases, lay_out
from fuzz_laws import holds, judge
from fuzz_seeds import ROOT, TOYS

import isodag
from isodag import diagnostics, driver
from isodag.frontend import files, nodes
from isodag.source import Source

SIZE = 60_000  # bytes: enough for what grows with the square to be seen, and quick


@pytest.mark.parametrize(("kind", "name"), list(cases()), ids=lambda word: word)
def test_a_hostile_file_ends_in_messages(
    kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [os.fsdecode(word) for word in lay_out(tmp_path, kind, name, SIZE)]
    monkeypatch.chdir(tmp_path)
    given = dict(zip(arguments[1::2], arguments[2::2], strict=True))
    values = [given["-e"]] if "-e" in given else []
    sets = [given["--set"]] if "--set" in given else []
    loaded = driver.load(arguments[0], values, sets, [str(ROOT / TOYS)])
    found = driver.check(loaded)
    holds(found, loaded.sources)
    assert (loaded.pipeline is None) == diagnostics.failed(loaded.diagnostics)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_what_is_kept_of_a_file_is_bounded(name: str) -> None:
    text = DEFINITIONS[name](SIZE).decode("utf-8", "replace")
    node, problems = nodes.parse(Source("dag.yaml", text))
    assert len(problems) <= diagnostics.MOST + 1
    assert node is None or nodes.size(node) <= nodes.MAX_NODES


def limited() -> None:
    """In the child: hang guards, far above what is promised (2 s, 300 MiB)."""
    resource.setrlimit(resource.RLIMIT_AS, (600 * 2**20, 600 * 2**20))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("definition", "["), ("definition", "{a: "), ("definition", "? "), ("definition", "alias bomb"),
        ("definition", "a list of texts"), ("definition", "parameters with a hungry pattern"),
        ("definition", "expressions"), ("definition", "gates in gates"), ("component", "alias bomb"),
        ("path definition", "a named pipe"), ("path binding", "/dev/zero"), ("setting", "["),
    ],
    ids=lambda word: word,
)  # fmt: skip
def test_a_megabyte_of_it_crashes_no_interpreter(kind: str, name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "isodag", "check", *lay_out(tmp_path, kind, name, 10**6)]
    path = os.pathsep.join(
        [str(Path(isodag.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    )
    done = subprocess.run(
        [*command, "--components", str(ROOT / TOYS)], cwd=tmp_path, env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.DEVNULL, capture_output=True, timeout=300, preexec_fn=limited,
    )  # fmt: skip
    assert 1 == done.returncode
    assert b"error[E" in done.stderr
    assert b"Traceback" not in done.stderr


# --- small ones ------------------------------------------------------------------------------

SMALL: dict[str, bytes] = {
    "conditions of each other": HEAD + b"conditions: {a: b and b or b, b: a and a or a}\n"
    b"steps: {s: {fail: x, when: a}}",
    "NUL": HEAD + b"steps: {a: {fail: \0}}",
    "NUL in a reference": HEAD + b'steps: {a: {component: "./a\\0b"}}',
    "half a surrogate pair": HEAD + b'steps: {a: {fail: "\\ud800"}}',
    "a byte order mark inside": HEAD + "steps: {a: {fail: x\ufeffy}}".encode(),
    "an empty type": HEAD + b"parameters: {p: {type: '', default: 3}}\nsteps: {a: {fail: x}}",
    "an empty component": HEAD + b"steps: {a: {component: ''}}",
    "a list of lists to look in": HEAD + b"vars: {v: [[1], {a: 2}, null]}\nparameters: "
    b"{p: {type: String}}\nsteps: {a: {fail: x, when: parameters.p in vars.v}}",
    "huge numbers to look in": HEAD + b"vars: {v: [" + b"9" * 3000 + b", 1]}\nparameters: "
    b"{p: {type: Integer}}\nsteps: {a: {fail: x, when: parameters.p in vars.v}}",
    "not a number as a limit": HEAD + b"parameters: {p: {type: Float, default: 1, minimum: .nan}}\n"
    b"steps: {a: {fail: x}}",
    "infinity inside JSON": HEAD + b"vars: {v: {a: .inf}}\nsteps: {a: {fail: '${{ vars.v }}'}}",
}  # fmt: skip


@pytest.mark.parametrize("data", SMALL.values(), ids=SMALL)
def test_a_small_hostile_file_ends_in_messages(data: bytes, tmp_path: Path) -> None:
    judge(Case(data), tmp_path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "error[E101]: `dag.yaml` cannot be read: it is a pipe or a device, not a file"),
        (Path.mkdir, "error[E101]: `dag.yaml` is a folder"),
        (lambda path: path.symlink_to("dag.yaml"),
         "error[E101]: `dag.yaml` cannot be read: too many levels of symbolic links"),
        (lambda path: path.symlink_to("/dev/zero"),
         "error[E101]: `dag.yaml` cannot be read: it is a pipe or a device, not a file"),
        (lambda path: path.write_bytes(b"#" * (files.MAX_BYTES + 1)),
         "error[E101]: `dag.yaml` is larger than 4 MiB"),
    ],
    ids=["a named pipe", "a folder", "a link to itself", "a device", "a large file"],
)  # fmt: skip
def test_what_is_no_file_to_read_is_told(
    make: Callable[[Path], object], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path("dag.yaml"))
    loaded = driver.load("dag.yaml")
    shown = diagnostics.render(loaded.diagnostics, loaded.sources)
    assert said == shown.splitlines()[0]
