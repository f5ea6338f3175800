"""The wheel and the source archive, built once from a copy of the tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

REPOSITORY = Path(__file__).parents[2]

# Made by tools and runs; a checkout may have them, the packages may not.
MADE = shutil.ignore_patterns(
    ".git", ".tox", ".venv", ".isodag", ".hypothesis", ".*_cache", "__pycache__", "*.egg-info"
)  # fmt: skip
MADE_AT_THE_TOP = {"build", "dist", "out"}


def left_out(folder: str, names: list[str]) -> set[str]:
    top = MADE_AT_THE_TOP.intersection(names) if Path(folder) == REPOSITORY else set()
    return top | MADE(folder, names)


class Built(NamedTuple):
    """tree was built into `wheel`, and into `sdist`, which was built into `sdist_wheel`."""

    tree: Path
    wheel: Path
    sdist: Path
    sdist_wheel: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    base = tmp_path_factory.mktemp("packages")
    tree = base / "tree"
    shutil.copytree(REPOSITORY, tree, symlinks=True, ignore=left_out)

    def build(*options: str, out: Path) -> list[Path]:
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out)]
        done = subprocess.run([*command, *options, str(tree)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return sorted(out.iterdir())

    # by way of the source archive first, so that it finds no build folder of the other
    sdist, sdist_wheel = sorted(build(out=base / "both"), key=lambda file: file.suffix == ".whl")
    (wheel,) = build("--wheel", out=base / "direct")
    return Built(tree, wheel, sdist, sdist_wheel)
