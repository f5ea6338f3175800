"""Speed and memory of whole processes; run by hand, or by `tox run -e bench`.

Prints one line a figure: what, the best and the median of several runs, the peak memory of the
process, and the bound that the project promises.  It fails nothing: a noisy machine is no bug.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOYS = ROOT / "tests" / "toys" / "components"
ISODAG = [sys.executable, "-m", "isodag"]


def main() -> None:
    """Measure everything and print the table."""
    # as where it is installed: no source is compiled anew at each start
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print(f"{'what':44} {'best s':>7} {'median':>7} {'MiB':>5}   promise")
    flagship = str(ROOT / "definitions" / "bert_reviews.yaml")
    with tempfile.TemporaryDirectory() as scratch:
        out = ["-d", f"{scratch}/out"]
        row("isodag --help", [*ISODAG, "--help"], "0.15 s")
        for target in ("sagemaker", "kfp"):
            command = [*ISODAG, "compile", flagship, "-t", target, *out]
            row(f"compile the flagship for {target}", command, "0.3 s, 60 MiB")
        row("check the flagship", [*ISODAG, "check", flagship], "0.3 s")
        for steps in (100, 1000, 2000):
            path = Path(scratch, f"steps_{steps}.yaml")
            path.write_text("\n".join(pipeline(steps)))
            for target in ("sagemaker", "kfp"):
                command = [*ISODAG, "compile", str(path), "-t", target, *out]
                promise = "2 s" if steps == 1000 else "linear"
                row(f"compile {steps} steps for {target}",
                    [*command, "--components", str(TOYS)], promise, 3)  # fmt: skip
            command = [*ISODAG, "check", str(path), "--components", str(TOYS)]
            row(f"check {steps} steps for both", command, "2 s" if steps == 1000 else "linear", 3)
        many = [str(path) for path in definitions(Path(scratch))]
        row("check 500 definitions in one call", [*ISODAG, "check", *many], "20 s", 3)
        engine(Path(scratch))


def row(what: str, command: list[str], promise: str, times: int = 7) -> None:
    """Run a command some times and print its line."""
    runs = [measured(command) for _ in range(times)]
    seconds = [run[0] for run in runs]
    memory = max(run[1] for run in runs)
    best, middle = min(seconds), statistics.median(seconds)
    print(f"{what:44} {best:7.3f} {middle:7.3f} {memory:5.0f}   {promise}", flush=True)


def measured(command: list[str], folder: Path | None = None) -> tuple[float, float]:
    """Wall seconds and peak MiB of a process and nothing else."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"failed with {process.returncode}: {' '.join(command)}")
    return seconds, usage.ru_maxrss / 1024


def definitions(scratch: Path) -> Iterator[Path]:
    """500 DAG files, each the flagship with a name and a threshold of its own, and its library."""
    text = (ROOT / "definitions" / "bert_reviews.yaml").read_text("utf-8")
    (scratch / "components").symlink_to(ROOT / "components", target_is_directory=True)
    for index in range(500):
        path = scratch / f"definition_{index}.yaml"
        changed = text.replace("name: bert-reviews", f"name: bert-reviews-{index}", 1)
        changed = changed.replace(">= parameters.min_accuracy", f">= 0.{500 + index}", 1)
        path.write_text(changed, "utf-8")
        yield path


def pipeline(steps: int) -> Iterator[str]:
    """A DAG file of a chain of training and scoring steps."""
    yield "apiVersion: isodag/v1\nkind: Pipeline\nname: bench\nparameters:"
    yield "  limit: {type: Float, default: 0.5}\nsteps:\n  make:\n    component: make_numbers@1"
    before = "make"
    for index in range((steps - 1) // 2):
        yield f"""  fit_{index}:
    component: fit_mean@1
    inputs: {{numbers: "${{{{ steps.make.outputs.numbers }}}}", shrink: {index / 10_000}}}
    after: [{before}]
  score_{index}:
    component: score_mean@2
    inputs:
      model: ${{{{ steps.fit_{index}.outputs.model }}}}
      numbers: ${{{{ steps.make.outputs.numbers }}}}
      within: ${{{{ parameters.limit }}}}"""
        before = f"score_{index}"


def engine(scratch: Path) -> None:
    """What the engine adds to each step, on top of the process that it starts."""
    count = 20
    path = scratch / "chain.yaml"
    path.write_text("\n".join(pipeline(count)))
    (scratch / "numbers").write_text("1\n2\n3\n")
    run = [*ISODAG, "run", str(path), "--components", str(TOYS), "-j", "1"]
    os.environ["ISODAG_COMPONENTS"] = str(TOYS)
    step = [sys.executable, "-m", "isodag.runtime", "fit_mean", "--numbers", "numbers", "--model"]
    process = min(measured([*step, f"model_{index}"], scratch)[0] for index in range(5))
    whole = measured(run, scratch)[0]
    again = measured(run, scratch)[0]
    each = (whole - again) / (count + 1)
    print(
        f"{'a step of the engine, -j 1':44} {each:7.3f}   of which the bare process {process:.3f}"
    )
    print(f"{'the same run again, from the cache':44} {again:7.3f}")


if __name__ == "__main__":
    main()
