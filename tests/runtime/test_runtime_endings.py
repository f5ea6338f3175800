"""How a run ends: one line for whatever happened, a status, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
Write = Callable[[str, str, str], Path]

END_SPEC = "outputs:\n- {name: made, type: Dataset}"


@pytest.fixture
def end(component: Write) -> Callable[[str], None]:
    """Write the component `end`, whose function has this body."""

    def write(body: str) -> None:
        lines = "\n".join("    " + line for line in body.splitlines())
        head = "import os, signal, sys, threading\nfrom isodag.runtime import ComponentError\n"
        component("end", END_SPEC, f"{head}def end(made):\n{lines}\n")

    return write


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ComponentError('mend it')", "mend it"),
        ("raise ComponentError('two\\n  lines')", "two lines"),
        ("raise ComponentError('')", "no reason was given"),
        ("raise KeyError('column')", "KeyError: 'column'"),
        ("raise ValueError", "ValueError"),
        ("raise ValueError('a\\n\\nb\\x1b[31m')", "ValueError: a b\N{REPLACEMENT CHARACTER}[31m"),
        ("raise MemoryError", "out of memory: ask for a larger machine or a smaller batch"),
        ("raise OSError(28, 'No space left on device', '/data/x')",
         "the disk is full at /data/x: free some space or ask for a larger volume"),
        ("open('/nowhere/x')", "FileNotFoundError: [Errno 2] No such file or directory: '/nowhere/x'"),
        ("sys.exit(0)", "`end` ended by sys.exit(0)"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", "E"),
        ("def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded"),
    ],
)  # fmt: skip
def test_any_failure_is_one_line_and_status_1(
    end: Call, call: Call, tmp_path: Path, body: str, message: str
) -> None:
    end(body)
    assert (1, "", f"error: {message}\n") == call("end", "--made", "made")
    assert ["components"] == os.listdir(tmp_path)


def test_the_traceback_is_for_who_asks(
    end: Call, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    end("raise KeyError('column')")
    monkeypatch.setenv("ISODAG_DEBUG", "1")
    first, *rest = call("end", "--made", "made").err.splitlines()
    assert "error: KeyError: 'column'" == first
    assert ("Traceback (most recent call last):", "KeyError: 'column'") == (rest[0], rest[-1])


def launch(*argv: str) -> subprocess.Popen[str]:
    """Start the runtime and wait until the component says that it is at work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "isodag.runtime", *argv],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert "at work\n" == process.stdout.readline()
    return process


AT_WORK = "made.write_text('half')\nprint('at work')\n"


@pytest.mark.parametrize(
    ("number", "status", "line"),
    [
        (signal.SIGTERM, 143, "stopped by SIGTERM before the component was done"),
        (signal.SIGINT, 130, "interrupted"),
    ],
)
def test_a_signal_ends_it_cleanly_with_its_reason(
    end: Call, opt_ml: Path, tmp_path: Path, number: int, status: int, line: str
) -> None:
    (opt_ml / "processing").mkdir(parents=True)
    # a shell that runs the tests in the background has SIGINT ignored
    end("signal.signal(signal.SIGINT, signal.default_int_handler)\n" + AT_WORK + "signal.pause()")
    process = launch("end", "--made", "made")
    process.send_signal(number)
    out, err = process.communicate()
    assert (status, "", f"error: {line}\n") == (process.returncode, out, err)
    assert line == (opt_ml / "output" / "message").read_text()
    assert ["components", "opt"] == sorted(os.listdir(tmp_path))


def test_a_second_sigterm_ends_a_component_that_held_the_first(end: Call) -> None:
    end(
        "try:\n    print('at work')\n    signal.pause()\n"
        "except BaseException:\n    print('holding on')\n    threading.Event().wait()"
    )
    process = launch("end", "--made", "made")
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert "holding on\n" == process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert ("", "") == process.communicate(timeout=20)
    assert -signal.SIGTERM == process.returncode


def test_threads_that_never_end_do_not_hold_a_failed_run(end: Call) -> None:
    end(
        AT_WORK.replace("print", "threading.Thread(target=threading.Event().wait).start()\nprint")
        + "raise ComponentError('done for')"
    )
    process = launch("end", "--made", "made")
    assert ("", "error: done for\n") == process.communicate(timeout=20)
    assert 1 == process.returncode


def test_output_that_nobody_reads_is_no_noise(end: Call) -> None:
    end(AT_WORK + "sys.stdin.read()\nwhile True: print('more')")
    process = subprocess.Popen(
        [sys.executable, "-m", "isodag.runtime", "end", "--made", "made"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin and process.stdout and process.stderr
    assert "at work\n" == process.stdout.readline()
    process.stdout.close()
    process.stdin.close()
    assert "" == process.stderr.read()
    process.stderr.close()
    assert 141 == process.wait()


def test_a_reader_that_leaves_after_the_work_is_no_failure(
    end: Call, component: Write, tmp_path: Path
) -> None:
    component("give", "outputs:\n- {name: n, type: Integer}", "def give():\n    return {'n': 1}")
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "isodag.runtime", "give", "--n", "n"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (0, b"") == (done.returncode, done.stderr)
    assert "1" == (tmp_path / "n").read_text()


def test_closed_streams_are_no_failure(fit: Path) -> None:
    command = f"{sys.executable} -m isodag.runtime"
    assert 0 == subprocess.call(f"{command} fit --help >&-", shell=True)
    assert 1 == subprocess.call(f"{command} --fail no >&- 2>&-", shell=True)


def test_any_text_is_shown_whatever_the_encoding(start: Call) -> None:
    ended = start("--fail", "größer", PYTHONIOENCODING="ascii")
    assert (1, "", "error: gr\\xf6\\xdfer\n") == ended
