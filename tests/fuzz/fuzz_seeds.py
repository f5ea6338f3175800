"""Files to start from: every definition, component, binding and values file that the repository
holds, right or wrong, and the examples of the pages of codes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

import isodag

ROOT = Path(__file__).parents[2]
PAGES = Path(isodag.__file__).parent / "codes"

# where definitions lie, and the library that they are written for
HOMES = {
    "definitions/*.yaml": "components",
    "tests/toys/*.yaml": "tests/toys/components",
    "tests/errors/mistakes/*.yaml": "tests/toys/components",
    "tests/sagemaker/*/*.yaml": "tests/sagemaker/components",
    "tests/kfp_target/*/*.yaml": "tests/kfp_target/components",
}
RIGHT = ("definitions/*.yaml", "tests/toys/*.yaml", "tests/*/cases/*.yaml",
         "tests/planted/correct/*.yaml")  # fmt: skip
PLANTED, TOYS = "tests/planted/correct/components", "tests/toys/components"
LIBRARIES = tuple(dict.fromkeys([*HOMES.values(), PLANTED]))


@dataclass(frozen=True)
class Definition:
    """A DAG file, and the library (a folder of the repository) that it is written for."""

    data: bytes
    home: str


@dataclass(frozen=True)
class Spec:
    """A component: its name, component.yaml, sagemaker.yaml (b"" for none), and its library."""

    name: str
    data: bytes
    binding: bytes
    home: str


@dataclass(frozen=True)
class Seeds:
    """What there is to start from; `right` are those definitions that were written to be right."""

    definitions: tuple[Definition, ...]
    right: tuple[Definition, ...]
    values: tuple[bytes, ...]
    specs: tuple[Spec, ...]


@cache
def seeds() -> Seeds:
    """All of them, in order of path."""
    found = [
        Definition(path.read_bytes(), home)
        for pattern, home in HOMES.items()
        for path in sorted(ROOT.glob(pattern))
    ]
    found += [Definition(data, PLANTED) for data in _planted()]
    found += [Definition(data, TOYS) for data in _pages()]
    values = [path.read_bytes() for path in sorted(ROOT.glob("**/values/*.yaml"))]
    values += [each.data for each in found if re.search(rb"^kind: *Values", each.data, re.M)]
    definitions = [
        each
        for each in found
        if re.search(rb"^steps *:", each.data, re.M) and each.data not in values
    ]
    specs = [
        Spec(path.parent.name, path.read_bytes(), _beside(path), home)
        for home in LIBRARIES
        for path in sorted((ROOT / home).glob("*/component.yaml"))
    ]
    specs += [
        Spec("announce", path.read_bytes(), _beside(path), TOYS)
        for path in sorted(ROOT.glob("tests/errors/specs/*/component.yaml"))
    ]
    specs += [
        Spec("announce", each.data, b"", TOYS)
        for each in found
        if b"implementation:" in each.data and each not in definitions
    ]
    bytes_right = {path.read_bytes() for pattern in RIGHT for path in ROOT.glob(pattern)}
    definitions = list(dict.fromkeys(definitions))
    right = tuple(each for each in definitions if each.data in bytes_right)
    return Seeds(tuple(definitions), right, tuple(dict.fromkeys(values)), tuple(specs))


def _beside(path: Path) -> bytes:
    binding = path.with_name("sagemaker.yaml")
    return binding.read_bytes() if binding.is_file() else b""


def _planted() -> list[bytes]:
    """The planted mistakes: one change each to a correct file."""
    correct = (ROOT / PLANTED).parent
    found = [path.read_bytes() for path in sorted(correct.glob("*.yaml"))]
    for path in sorted(correct.parent.glob("mistakes/*/*.yaml")):
        told = yaml.safe_load(path.read_bytes())
        file = correct / told.get("file", "pipeline.yaml")
        if not file.is_file() or not isinstance(told.get("from"), str):
            continue
        new = re.sub("[«»]", "", str(told.get("to", "")))
        changed = file.read_text("utf-8").replace(told["from"], new, 1)
        found.append(changed.encode("utf-8", "surrogateescape"))
    return found


def _pages() -> list[bytes]:
    """The examples of the pages of codes."""
    return [
        block.encode()
        for page in sorted(PAGES.glob("*.md"))
        for block in re.findall(r"^```yaml[^\n]*\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    ]
