"""The files of the repository, whatever they are about."""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

# spelt in pieces, or this file would name them
REGISTRIES = ["pypi" + ".org", "python" + "hosted", "/opt/" + "pypi", "/opt/" + "wheels"]
OUTSIDE = ["../" + "shared", "/work/" + "scratch", "/work/" + "main"]


def files() -> Iterator[Path]:
    """Every file that is or would be committed; all files where there is no git."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        paths = [path for path in REPOSITORY.rglob("*") if not made(path)]
    else:
        paths = [REPOSITORY / os.fsdecode(name) for name in listed.split(b"\0") if name]
    return (path for path in paths if path.is_file() and not path.is_symlink())


def made(path: Path) -> bool:
    """Whether tools or runs made the file: theirs are hidden folders and a few known ones."""
    parts = path.relative_to(REPOSITORY).parts
    hidden = any(part.startswith(".") and part not in (".ci", ".gitignore") for part in parts)
    return hidden or "__pycache__" in parts or parts[0] in ("build", "dist", "out")


def naming(words: list[str]) -> list[str]:
    """`file: word` for each file that has one of the words in it."""
    return sorted(
        f"{path.relative_to(REPOSITORY)}: {word}"
        for path in files()
        for word in words
        if word.encode() in path.read_bytes()
    )


def test_no_file_names_a_package_registry() -> None:
    assert [] == naming(REGISTRIES)


def test_only_the_ci_script_names_what_is_outside() -> None:
    assert [".ci/run: " + OUTSIDE[0]] == naming(OUTSIDE)


def test_the_library_is_linked_into_the_package() -> None:
    assert "../../components" == os.readlink(REPOSITORY / "compiler" / "isodag" / "components")


def test_every_exact_version_has_its_reason_above_it() -> None:
    for name in ("setup.cfg", "tox.ini"):
        lines = [line.strip() for line in (REPOSITORY / name).read_text("utf-8").splitlines()]
        for number, line in enumerate(lines):
            if "==" in line and not line.startswith("#"):
                above = lines[number - 1]
                assert above.startswith("#") or lines[number - 2].startswith("#"), f"{name}: {line}"


def test_every_tool_leaves_out_the_linked_library() -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]
    assert ["compiler/isodag/components"] == settings["ruff"]["extend-exclude"]
    assert "^compiler/isodag/components/" == settings["mypy"]["exclude"]
    assert ["tests"] == settings["pytest"]["ini_options"]["testpaths"]


@pytest.mark.parametrize("environment", ["tests", "lint", "types", "demo", "bench"])
def test_tox_has_the_environment_and_says_what_it_is(environment: str) -> None:
    tox = ConfigParser(interpolation=None)
    tox.read(REPOSITORY / "tox.ini", "utf-8")
    assert tox[f"testenv:{environment}"]["description"]
