"""Who may import whom: every module of isodag only what stands to its left in ORDER."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import isodag

PACKAGE = Path(isodag.__file__).parent
REPOSITORY = Path(__file__).parents[1]

# Left to right; names in one set do not import each other.  A module `name_part.py` counts as
# `name`, a package as one.  A new module has to be given its place here.
ORDER: tuple[set[str], ...] = (
    {"runtime"},
    {"source"},
    {"diagnostics"},
    {"pages"},
    {"types"},
    {"expressions"},
    {"frontend"},
    {"ignores"},
    {"formats"},
    {"component"},
    {"picking"},
    {"spec"},
    {"project"},
    {"library"},
    {"scope"},
    {"unroll"},
    {"gates"},
    {"settings"},
    {"ir"},
    {"called"},
    {"inline"},
    {"checks"},
    {"lower", "graph"},
    {"calls"},
    {"targets"},
    {"driver"},
    {"output"},
    {"editors"},
    {"layout"},
    {"samples"},
    {"engine", "remote", "catalog", "interop"},
    {"cli"},
    {"__main__"},
)
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}

# What else than the standard library each may import; nobody who is not named may anything.
THIRD_PARTY = {
    "runtime": {"yaml", "huggingface_hub", "boto3", "botocore"},
    "frontend": {"yaml"},
    "spec": {"yaml"},
    "targets": {"yaml"},
    "engine": {"rich", "docker", "yaml"},
    "remote": {"boto3", "botocore", "kfp", "kfp_server_api", "rich", "yaml"},
    "catalog": {"jinja2", "yaml"},
    "interop": {"kfp", "sagemaker", "yaml"},
    "output": {"rich"},
    "layout": {"yaml"},
    "cli": {"click", "rich", "yaml"},
}
LAZY = {"huggingface_hub", "rich", "docker", "boto3", "botocore", "kfp", "sagemaker", "jinja2"}
"""Imported in functions only: they are extras, or slow."""

HEAVY = {"boto3", "botocore", "kfp", "sagemaker", "tensorflow", "jinja2", "rich", "google"}
"""Never loaded by a compilation."""


class Import(NamedTuple):
    place: str
    module: str
    lazy: bool


def imports_of(file: Path, package: str) -> Iterator[Import]:
    """Every import statement of a file, those in functions too, with the full module name.

    package  dotted name of the package that the file is in, for relative imports
    """
    tree = ast.parse(file.read_bytes())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    inner = {
        id(node) for top in ast.walk(tree) if isinstance(top, functions) for node in ast.walk(top)
    }
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package.split(".")[: -node.level + 1 or None] if node.level else []
            origin = ".".join([*start, *filter(None, [node.module])])
            # `from isodag import ir` imports isodag.ir
            names = [
                f"{origin}.{alias.name}" if origin == "isodag" else origin for alias in node.names
            ]
        for name in names:
            yield Import(f"{file.name}:{node.lineno}", name, id(node) in inner)


def modules() -> Iterator[tuple[str, Path, str]]:
    """(unit of ORDER, file, its package) of every module of isodag; the library is not one."""
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).parts
        if parts[0] == "components" or parts == ("__init__.py",):
            continue
        yield unit_of(parts[0].removesuffix(".py")), file, ".".join(("isodag", *parts[:-1]))


def unit_of(name: str) -> str:
    return name if name in RANK else name.partition("_")[0]


def test_every_module_has_a_place_in_the_order() -> None:
    assert set() == {unit for unit, _, _ in modules()} - set(RANK)


def test_a_module_imports_only_what_stands_to_its_left() -> None:
    wrong = [
        f"{found.place}: {unit} imports {found.module}"
        for unit, file, package in modules()
        for found in imports_of(file, package)
        if found.module.startswith("isodag.") and found.module != "isodag.__version__"
        if (other := unit_of(found.module.split(".")[1])) != unit
        if RANK.get(other, 0) >= RANK.get(unit, len(ORDER))
    ]
    assert [] == wrong


def test_one_target_does_not_import_another() -> None:
    wrong = [
        f"{found.place}: {package} imports {found.module}"
        for unit, file, package in modules()
        for found in imports_of(file, package)
        if unit == "targets" and len(package.split(".")) > 2
        if found.module.startswith("isodag.targets.")
        if found.module.split(".")[2:3] != package.split(".")[2:3]
        if (PACKAGE / "targets" / found.module.split(".")[2]).is_dir()
    ]
    assert [] == wrong


def test_a_module_imports_only_the_packages_it_may() -> None:
    known = set(sys.stdlib_module_names) | {"isodag"}
    wrong = [
        f"{found.place}: {unit} imports {found.module}"
        for unit, file, package in modules()
        for found in imports_of(file, package)
        if (top := found.module.split(".")[0]) not in known | THIRD_PARTY.get(unit, set())
        or (top in LAZY and not found.lazy)
    ]
    assert [] == wrong


def test_a_component_imports_only_the_runtime_of_isodag() -> None:
    wrong = [
        f"{file.parent.name}/{found.place} imports {found.module}"
        for file in sorted((REPOSITORY / "components").rglob("*.py"))
        for found in imports_of(file, file.parent.name)
        if found.module.split(".")[0] == "isodag" and found.module != "isodag.runtime"
    ]
    assert [] == wrong


def loaded_by(program: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded when `program` is done."""
    program += "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stderr)
    return set(done.stdout.split())


@pytest.mark.parametrize("target", ["sagemaker", "kfp"])
def test_compiling_loads_no_heavy_package(target: str) -> None:
    definition = str(REPOSITORY / "tests" / "toys" / "chain.yaml")
    program = (
        "from isodag import driver\n"
        f"loaded = driver.load({definition!r})\n"
        f"assert driver.compile(loaded, {target!r}).files, loaded.diagnostics\n"
    )
    assert set() == loaded_by(program) & HEAVY


def test_the_command_line_loads_no_heavy_package() -> None:
    assert set() == loaded_by("import isodag.cli") & (HEAVY | {"yaml"})


def test_the_runtime_loads_nothing_else_of_isodag() -> None:
    program = "import isodag.runtime, isodag.runtime.__main__, sys\n"
    program += "names = [n for n in sys.modules if n.startswith('isodag.')]\n"
    program += "assert all(n.startswith('isodag.runtime') for n in names), names"
    assert set() == loaded_by(program) & HEAVY
