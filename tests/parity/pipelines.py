"""AWS's pipelines in both words: the DAG file compiled, the SDK's record read, what is known of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from parity_differences import NOTHING, Known
from parity_meaning import Names

from isodag import driver
from isodag.diagnostics import Diagnostic

HERE = Path(__file__).parent
COMPONENTS = HERE / "components"
NAMES = sorted(path.parent.name for path in HERE.glob("*/parity.yaml"))


@dataclass(frozen=True)
class About:
    """`parity.yaml`: what a pipeline is, whose names are whose, what differs, and which warnings
    isodag has for it."""

    title: str
    source: str
    names: Names
    known: tuple[Known, ...]
    warnings: tuple[str, ...]
    shared: tuple[str, ...]


@cache
def shared() -> dict[str, dict[str, Any]]:
    """The differences that several pipelines have, by name."""
    read: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "shared.yaml").read_text("utf-8"))
    return read


@cache
def about(name: str) -> About:
    read = yaml.safe_load((HERE / name / "parity.yaml").read_text(encoding="utf-8"))
    names = tuple(read.get("shared", ()))
    listed = [shared()[key] for key in names] + read.get("differences", [])
    known = [
        Known(item["at"], _tree(item.get("isodag", NOTHING)), _tree(item.get("sdk", NOTHING)),
              item["why"])
        for item in listed
    ]  # fmt: skip
    renamed = Names(read["steps"], read["parameters"], read.get("inputs", {}))
    said = tuple(read.get("warnings", ()))
    return About(read["title"], read["source"], renamed, tuple(known), said, names)


def _tree(written: Any) -> Any:
    """What is written, lists as meanings have them."""
    if isinstance(written, list):
        return {f"[{index}]": _tree(item) for index, item in enumerate(written)}
    return {k: _tree(v) for k, v in written.items()} if isinstance(written, dict) else written


@cache
def compiled(name: str) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """The definition that isodag makes of the DAG file, and all that it says of it."""
    loaded = driver.load(HERE / name / "pipeline.yaml", components=[str(COMPONENTS)])
    emitted = driver.compile(loaded, "sagemaker")
    said = (*loaded.diagnostics, *emitted.diagnostics)
    return json.loads(emitted.files["pipeline.json"]), said


@cache
def recorded(name: str) -> dict[str, Any]:
    """What the SDK made of the script: `sagemaker` (its version) and `definition`."""
    read: dict[str, Any] = json.loads((HERE / name / "sdk.json").read_text(encoding="utf-8"))
    return read
