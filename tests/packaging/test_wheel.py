"""What is built and installed is the whole package with its library."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

import isodag

REPOSITORY = Path(__file__).parents[2]
COMPONENTS = sorted(path.parent.name for path in REPOSITORY.glob("components/*/component.yaml"))


def package_files(tree: Path) -> dict[str, bytes]:
    """Path in a wheel -> bytes of every file of the package, the library in its place."""
    found = {}
    for parent, folders, files in os.walk(tree / "compiler" / "isodag", followlinks=True):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in files:
            file = Path(parent, name)
            found[str(file.relative_to(tree / "compiler"))] = file.read_bytes()
    return found


def wheel_files(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name
        }


def test_the_wheel_holds_every_file_of_the_package_and_no_other(built: Any) -> None:
    expected = package_files(built.tree)
    assert f"isodag/components/{COMPONENTS[0]}/component.yaml" in expected
    assert sorted(expected) == sorted(wheel_files(built.wheel))
    assert expected == wheel_files(built.wheel)


def test_the_wheel_is_the_same_by_way_of_the_source_archive(built: Any) -> None:
    assert built.wheel.name == built.sdist_wheel.name
    assert wheel_files(built.wheel) == wheel_files(built.sdist_wheel)


def test_the_source_archive_holds_what_the_tests_need(built: Any) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = ["LICENSE", "README.md", "CONTRIBUTING.md", "tox.ini", "pyproject.toml", "setup.cfg"]
    for folder in ("components", "definitions", "tests"):
        for file in (built.tree / folder).rglob("*"):
            if file.is_file():
                wanted.append(str(file.relative_to(built.tree)))
    assert set() == set(wanted) - names


def test_the_metadata_asks_for_three_packages_and_offers_the_extras(built: Any) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
    requires = metadata.get_all("Requires-Dist", [])
    core = {line.partition(">")[0] for line in requires if "extra ==" not in line}
    assert {"PyYAML", "click", "rich"} == core
    assert {
        "aws", "bert", "catalog", "docker", "kfp", "registry", "sagemaker", "test",
    } == set(metadata.get_all("Provides-Extra", []))  # fmt: skip
    assert (">=3.11", isodag.__version__) == (metadata["Requires-Python"], metadata["Version"])


@pytest.fixture(scope="module")
def installed(built: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the wheel is installed in."""
    target = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*command, "--target", str(target), str(built.wheel)], check=True)
    return target


def run_installed(installed: Path, folder: Path, *command: str) -> tuple[int, str]:
    """Exit status and both streams of a command that has the installed wheel first on its path."""
    env = {**os.environ, "PYTHONPATH": str(installed)}
    env.pop("ISODAG_COMPONENTS", None)
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_installed_wheel_finds_its_components_from_any_folder(
    installed: Path, tmp_path: Path, component: str
) -> None:
    command = [sys.executable, "-m", "isodag.runtime", component, "--help"]
    status, text = run_installed(installed, tmp_path, *command)
    assert 0 == status, text
    assert component in text


def test_the_installed_command_starts(installed: Path, tmp_path: Path) -> None:
    status, text = run_installed(
        installed, tmp_path, str(installed / "bin" / "isodag"), "--version"
    )
    assert 0 == status, text
    assert isodag.__version__ in text


def test_tox_tests_the_installed_wheel() -> None:
    """Under tox, isodag is imported from site-packages; elsewhere from wherever one likes."""
    place = Path(isodag.__file__)
    assert os.environ.get("ISODAG_TEST_INSTALLED") != "1" or "site-packages" in place.parts, place
