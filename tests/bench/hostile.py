"""Time and memory of `isodag check` on files made to break a reader; run by hand.

    python tests/bench/hostile.py [--size 1000000] [WORD]...      only the cases with these words

Prints one line a case: its name, seconds, CPU seconds and peak MiB of the process, its status, and
what is out of bounds (2 s of CPU, which a busy machine stretches least; 300 MiB; ended by a signal;
a traceback).  Exits 1 when something is.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "fuzz"))

import fuzz_hostile  # noqa: E402 - after the path to it

TOYS = HERE.parent / "toys" / "components"
SECONDS, MEBIBYTES, TOO_LONG = 2.0, 300.0, 60.0


def main() -> int:
    """Measure the cases asked for; 1 when one is out of bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="bytes of a file")
    parser.add_argument("words", nargs="*", help="part of the names of the cases to run")
    arguments = parser.parse_args()
    worst = 0
    print(f"{'case':50} {'s':>6} {'CPU s':>6} {'MiB':>5}  status")
    for kind, name in fuzz_hostile.cases():
        title = f"{kind}: {name}"
        if arguments.words and not any(word in title for word in arguments.words):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            given = fuzz_hostile.lay_out(Path(scratch), kind, name, arguments.size)
            worst |= line(title, Path(scratch), given)
    return worst


def line(title: str, folder: Path, given: list[str | bytes]) -> int:
    """Run one case and print its line; 1 when it is out of bounds."""
    command = [sys.executable, "-m", "isodag", "check", *given, "--components", str(TOYS)]
    with open(folder / "said", "w+b") as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        timer = start + TOO_LONG
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            if time.perf_counter() > timer:
                process.kill()
                ended = os.wait4(process.pid, 0)
                break
            time.sleep(0.005)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(ended[1])
        mebibytes = ended[2].ru_maxrss / 1024
        busy = ended[2].ru_utime + ended[2].ru_stime
        said.seek(0)
        text = said.read()
    wrong = [
        word
        for word, is_so in (
            ("SLOW", busy > SECONDS),
            ("LARGE", mebibytes > MEBIBYTES),
            ("STATUS", process.returncode not in (0, 1, 2)),
            ("TRACEBACK", b"Traceback" in text),
            ("LOUD", len(text) > 1_000_000),
            ("SILENT", process.returncode == 1 and b"error[" not in text),
        )
        if is_so
    ]
    figures = f"{seconds:6.2f} {busy:6.2f} {mebibytes:5.0f}  {process.returncode}"
    print(f"{title:50} {figures}  {' '.join(wrong)}", flush=True)
    if "SILENT" in wrong or "TRACEBACK" in wrong:
        print("    " + text.decode("utf-8", "replace").strip().splitlines()[-1][:200])
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
