"""The planted mistakes, table and totals: who finds what.  Run by `tox run -e planted`.

Exit status: 0 when isodag finds all, each at its line and with what was meant; 1 when not; 2 when
a correct pipeline is refused, so that nothing can be said.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import planted_cases
import planted_isodag
from planted_cases import CORRECT, PEERS, Case, Written
from rich import box
from rich.console import Console
from rich.table import Table

import isodag

AT_ONCE = 2
TOOLS = ("isodag", *PEERS)


class NoControl(Exception):
    """A tool refuses the correct pipeline; the message says what it said."""


def main() -> int:
    cases = planted_cases.cases()
    say(
        f"{len(cases)} mistakes, {sum(1 for case in cases if case.peers)} of them in other words too"
    )
    try:
        results = measured(cases)
    except NoControl as error:
        say(f"error: {error}")
        return 2
    console = Console(width=100, highlight=False)
    console.print(table(cases, results))
    console.print(totals(cases, results))
    missed = [case.id for case in cases if not whole(case, results["isodag"][case.id])]
    if missed:
        say(f"isodag misses {len(missed)}: {', '.join(missed)}")
    return 1 if missed else 0


Result = dict[str, Any]
"""A verdict of a tool: `found`, `line`, `suggested`."""


def measured(cases: Sequence[Case]) -> dict[str, dict[str, Result]]:
    """Verdicts by tool and case.  Raises NoControl."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        peers = {tool: pool.submit(peer, tool) for tool in PEERS}
        results = {tool: future.result() for tool, future in peers.items()}
        with tempfile.TemporaryDirectory() as folder:
            found = check(CORRECT, ("pipeline.yaml", "--components", planted_isodag.COMPONENTS))
            if found:
                raise NoControl(f"isodag on the correct pipeline: {found[0]['message']}")

            def one(case: Case) -> Result:
                planted = case.plant(Path(folder) / case.area / case.name)
                said = check(Path(folder) / case.area / case.name, planted_isodag.arguments(case))
                return vars(planted_isodag.judged(case, planted, said))

            verdicts = progress("isodag", len(cases), pool.map(one, cases))
            results["isodag"] = {verdict["case"]: verdict for verdict in verdicts}
    return results


def check(folder: Path, arguments: Iterable[str]) -> list[Result]:
    """The diagnostics of one `isodag check … -o json`, a process of its own."""
    command = [sys.executable, "-m", "isodag", "check", *arguments, "-o", "json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    try:
        said: list[Result] = json.loads(done.stdout)["diagnostics"]
    except ValueError as error:
        raise NoControl(f"{' '.join(command)}: {done.stderr}") from error
    return said


def peer(tool: str) -> dict[str, Result]:
    """Verdicts of a peer by case, from a process that imports it once."""
    planned = sum(isinstance(case.peers.get(tool), Written) for case in planted_cases.cases())
    command = [sys.executable, planted_cases.HERE / "planted_peers.py", tool]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None and run.stderr is not None
        read = (json.loads(line) for line in run.stdout)
        verdicts = list(progress(tool, planned + 1, read))
        errors = run.stderr.read()
    if run.returncode != 0:
        raise NoControl(f"{tool} cannot be run: {errors}")
    control, *others = verdicts
    if control["found"]:
        raise NoControl(f"{tool} on its correct pipeline: {control['said']}")
    return {verdict["case"]: verdict for verdict in others}


def progress(tool: str, number: int, results: Iterable[Result]) -> Iterator[Result]:
    """The same results; now and then it is told on stderr."""
    for done, result in enumerate(results, 1):
        if done % (number // 4 or 1) == 0 or done == number:
            say(f"{tool}: {done} of {number}")
        yield result


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# --- what is shown ---------------------------------------------------------------------------


def whole(case: Case, result: Result) -> bool:
    """Whether a mistake is found, at its line, with the suggestion where one is due."""
    return bool(result["found"] and result["line"] and (result["suggested"] or not case.suggests))


def table(cases: Sequence[Case], results: dict[str, dict[str, Result]]) -> Table:
    """A row for each mistake."""
    shown = Table("mistake", "", *TOOLS, box=box.SIMPLE_HEAD)
    area = ""
    for case in cases:
        if case.area != area:
            area = case.area
            shown.add_section()
            shown.add_row(f"[bold]{area}[/bold]")
        cells = [cell(case, tool, results[tool].get(case.id)) for tool in TOOLS]
        shown.add_row(f"  {case.name}", case.table, *cells)
    return shown


def cell(case: Case, tool: str, result: Result | None) -> str:
    """What a tool did with a mistake, in words."""
    if result is None:
        return "cannot be written" if isinstance(case.peers.get(tool), str) else ""
    if not result["found"]:
        return "[red]missed[/red]"
    words = ["line"] if result["line"] else ["found"]
    if result["suggested"]:
        words.append("name")
    warned = result["found"] == "warning" or (tool == "isodag" and case.codes[0].startswith("W"))
    return " + ".join(words) + (" (warning)" if warned else "")


def totals(cases: Sequence[Case], results: dict[str, dict[str, Result]]) -> Table:
    """Totals of every tool, and of isodag on the mistakes that each peer was given too."""
    names = ("planted", "found", "right line", "name suggested", "cannot be written")
    shown = Table("", *names, box=box.SIMPLE_HEAD)
    by_id = {case.id: case for case in cases}
    for tool in TOOLS:
        without = sum(isinstance(case.peers.get(tool), str) for case in cases)
        row = (*counts(by_id, results[tool], tool), str(without or ""))
        shown.add_row(f"{tool} {version(tool)}", *row)
    for tool in PEERS:
        same = {name: results["isodag"][name] for name in results[tool]}
        shown.add_row(f"isodag, on those of {tool}", *counts(by_id, same, "isodag"))
    return shown


def version(tool: str) -> str:
    return isodag.__version__ if tool == "isodag" else metadata.version(tool)


def counts(by_id: dict[str, Case], results: dict[str, Result], tool: str) -> list[str]:
    """Planted, found, at the right line, with the name suggested."""
    written = {
        name: by_id[name] if tool == "isodag" else by_id[name].peers[tool] for name in results
    }
    misspelt = [name for name, item in written.items() if getattr(item, "suggests", "")]
    return [
        str(len(results)),
        str(sum(bool(result["found"]) for result in results.values())),
        str(sum(bool(result["found"] and result["line"]) for result in results.values())),
        f"{sum(bool(results[name]['suggested']) for name in misspelt)} of {len(misspelt)}",
    ]


if __name__ == "__main__":
    sys.exit(main())
