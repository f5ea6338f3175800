"""Reads many cases that chance has made, in a process that may crash or hang; run by hand.

    python tests/bench/fuzz.py [--cases 200000] [--seed 1] [--first 0] [--processes 1]

Case `n` of a seed is always the same.  For each hold the laws of tests/fuzz/fuzz_laws.py.  A case
that breaks one, crashes the interpreter or takes more than --limit seconds is written to a folder
of its own in --keep, to be mended and then kept in tests/fuzz/cases/.  Exits 1 when there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import selectors
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

FUZZ = Path(__file__).parents[1] / "fuzz"
sys.path.insert(0, str(FUZZ))

import fuzz_cases  # noqa: E402 - after the path to it
import fuzz_laws  # noqa: E402

MEMORY = 2 * 2**30  # bytes of address space; a reader that wants more has gone wild


def main() -> int:
    """Run the cases, or be one of the processes that do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for one case")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("out/fuzz"), help="a folder for findings")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        return work(given.seed, range(given.first, given.first + given.cases))
    start = time.perf_counter()
    each = -(-given.cases // given.processes)
    last = given.first + given.cases
    runs = [Run(given, first, min(first + each, last)) for first in range(given.first, last, each)]
    told = start
    while any(run.going for run in runs):
        for run in runs:
            run.step()
        if time.perf_counter() - told > 60:
            told = time.perf_counter()
            done = sum(run.done for run in runs)
            print(
                f"{done} cases, {done / (told - start):.0f} a second", file=sys.stderr, flush=True
            )
    seconds = time.perf_counter() - start
    codes: Counter[str] = sum((run.codes for run in runs), Counter())
    found = sum(run.found for run in runs)
    clean = codes.pop("", 0)
    print(f"{given.cases} cases of seed {given.seed} in {seconds:.0f} s, {given.cases / seconds:.0f} a second;"
          f" {len(codes)} codes told, {clean} cases without an error; {found} findings")  # fmt: skip
    return 1 if found else 0


def work(seed: int, numbers: range) -> int:
    """Run cases; a line before each, and one after it that says what came of it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory(dir=_memory()) as scratch:
        for number in numbers:
            print(number, flush=True)
            try:
                said = fuzz_laws.judge(
                    fuzz_cases.make(seed, number), Path(scratch), number % 4 == 0
                )
                codes = sorted({item.code for item in said})
                codes += [] if any(code.startswith("E") for code in codes) else [""]
                print(json.dumps(codes), flush=True)
            except Exception as error:  # whatever it is, it is a finding
                place = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{Path(place.filename).name}:{place.lineno}"
                print(
                    json.dumps(f"{type(error).__name__} at {where}: {str(error)[:300]}"), flush=True
                )
    return 0


def _memory() -> str | None:
    """A folder in memory, where there is one: most of the work is writing small files."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Run:
    """A stretch of cases in a process, which is started anew behind a case that ended it."""

    def __init__(self, given: argparse.Namespace, first: int, end: int) -> None:
        self.given, self.next, self.end = given, first, end
        self.done = self.found = 0
        self.late = -1
        self.codes: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.going = True
        self.start()

    def start(self) -> None:
        command = [sys.executable, __file__, "--worker", "--seed", str(self.given.seed)]
        command += ["--first", str(self.next), "--cases", str(self.end - self.next)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0)
        assert self.process.stdout is not None
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.rest = b""
        self.since = time.perf_counter()

    def step(self) -> None:
        """Take what the process has to say, or notice that it says nothing any more."""
        if not self.going:
            return
        if not self.selector.select(timeout=1.0):
            if time.perf_counter() - self.since > self.given.limit:
                self.process.kill()
                self.process.wait()
                if self.late == self.next:
                    self.ended(f"more than {self.given.limit:g} seconds")
                else:  # it may be the machine that stood still: once more
                    self.late = self.next
                    self.start()
            return
        assert self.process.stdout is not None
        data = os.read(self.process.stdout.fileno(), 1 << 16)
        self.since = time.perf_counter()
        if not data:
            code = self.process.wait()
            if self.next < self.end:
                self.ended(f"the interpreter ended with {code}")
            else:
                self.going = False
            return
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            said = json.loads(line)
            if isinstance(said, int):
                continue
            if isinstance(said, str):
                self.keep(said)
            else:
                self.codes.update(said)
            self.next += 1
            self.done += 1

    def ended(self, why: str) -> None:
        self.process.wait()
        self.keep(why)
        self.next += 1
        self.done += 1
        self.going = self.next < self.end
        if self.going:
            self.start()

    def keep(self, why: str) -> None:
        """Write a finding to its folder; of many of one kind the first three."""
        self.found += 1
        kind = why.partition(":")[0] + why.partition(":")[2][:5]
        self.kinds[kind] += 1
        print(f"case {self.next}: {why}", flush=True)
        if self.kinds[kind] <= 3:
            folder = self.given.keep / f"{self.given.seed}-{self.next}"
            fuzz_cases.save(fuzz_cases.make(self.given.seed, self.next), folder)
            (folder / "why.txt").write_text(why + "\n")


if __name__ == "__main__":
    sys.exit(main())
