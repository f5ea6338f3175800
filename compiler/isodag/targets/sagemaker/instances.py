"""Instance types: which kinds of job take them, and what they have, as
`tools/sagemaker_instances.py` wrote it down."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from isodag.diagnostics import suggest

FORM = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")  # of every instance type
_JOBS = {"P": "Processing", "T": "Training", "X": "Transform", "E": "endpoints"}
_LETTERS = {
    "ProcessingInstanceType": "P", "TrainingInstanceType": "T", "TransformInstanceType": "X",
    "ProductionVariantInstanceType": "E",
}  # fmt: skip


@dataclass(frozen=True)
class Instance:
    """One instance type.

    cpus         vCPUs
    memory       MiB
    accelerators, gpus   devices, and how many of them are GPUs
    accelerator  the model of the devices; empty for none
    disk         local disk in GB, which takes the place of the volume; 0 for none
    """

    name: str
    cpus: int
    memory: int
    accelerators: int
    gpus: int
    accelerator: str
    disk: int


@cache
def table() -> Mapping[str, Any]:
    """The table as it was written."""
    path = Path(__file__).with_name("instances.json")
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


@cache
def find(name: str) -> Instance | None:
    """The instance type of that name; None where nothing says what it has."""
    row = table()["types"].get(name)
    return None if row is None or row[0] is None else Instance(name, *row[:-1])


def least(job: str, like: str, cpus: float, memory: float, gpus: int) -> Instance | None:
    """The smallest type that has so much, of the family of another one if that has any.

    job      the step kind that it is for
    like     a type of the family
    memory   MiB
    """
    letter = next(letter for letter, name in _JOBS.items() if name == job)
    enough = [
        found
        for name, row in table()["types"].items()
        if letter in row[-1] and (found := find(name)) is not None
        if found.cpus >= cpus and found.memory >= memory and found.gpus >= gpus
    ]
    family = like.rpartition(".")[0] + "."
    near = [item for item in enough if item.name.startswith(family)]

    def size(item: Instance) -> tuple[int, int, int, str]:
        return item.accelerators, item.memory, item.cpus, item.name

    return min(near or enough, key=size, default=None)


# From the family that fits most work to the special ones; GPUs by age, which is by price
FAMILIES = ("m5", "c5", "r5", "m6i", "c6i", "r6i", "g4dn", "g5", "g6")


@cache
def smallest(job: str, cpus: float, memory: float, gpus: int, disk: float = 0) -> Instance | None:
    """The type that a step gets which says what it needs and not which machine.

    Of the families above, the smallest that has so much: first by GPUs, then by vCPUs, then by
    memory, which in each family is the order of prices, then in the order of the families.  So
    4 cores and 16 GiB get ml.m5.xlarge; 16 cores alone get ml.c5.4xlarge, not ml.m5.4xlarge: the
    same cores, and memory that nobody asked for costs.  Types with GPUs are for steps that ask
    for GPUs.  Burstable types (t*) are for none, as their speed runs out.

    memory  MiB
    disk    GB, which the local disk must have where there is one, as it replaces the volume
    """
    letter = next(letter for letter, name in _JOBS.items() if name == job)
    enough = [
        (found.accelerators, found.cpus, found.memory, FAMILIES.index(family), found)
        for name, row in table()["types"].items()
        if letter in row[-1] and (family := name.split(".")[1]) in FAMILIES
        if (found := find(name)) is not None and bool(found.accelerators) is (gpus > 0)
        if found.cpus >= cpus and found.memory >= memory and found.gpus >= gpus
        if not found.disk or found.disk >= disk
    ]
    return min(enough, key=lambda item: item[:4])[-1] if enough else None


def unknown(name: str, shape_name: str, known: tuple[str, ...]) -> tuple[str, str]:
    """What to say of an instance type that a kind of job does not list, and the way out.

    shape_name, known   the service model's list
    """
    row = table()["types"].get(name)
    if row is not None:
        jobs = [_JOBS[letter] for letter in row[-1]]
        wanted = _JOBS.get(_LETTERS.get(shape_name, ""), "this")
        took = " and ".join(filter(None, [", ".join(jobs[:-1]), jobs[-1]]))
        said = f"is `{name}`, an instance type for {took}, not for {wanted}"
    else:
        said = f"is `{name}`, an instance type that this version does not know"
    return said, _help(name, _LETTERS.get(shape_name, ""), known)


def _help(name: str, letter: str, known: tuple[str, ...]) -> str:
    if f"ml.{name}" in known:
        return f"did you mean `ml.{name}`?"
    if not FORM.fullmatch(name):
        return "write ml.FAMILY.SIZE, as ml.m5.xlarge"
    if name not in table()["types"] and (near := suggest(name, known)) is not None:
        return f"did you mean `{near}`?"
    if letter and (found := find(name)) is not None:
        as_good = least(_JOBS[letter], name, found.cpus, found.memory, found.gpus)
        if as_good is not None:
            return f"`{as_good.name}` has as much, and is for {_JOBS[letter]}"
        return f"take a type that is for {_JOBS[letter]}"
    family = name.rpartition(".")[0]
    same = sorted(item for item in known if family and item.startswith(f"{family}."))
    if same:
        return f"its family has {', '.join(f'`{item}`' for item in same[:6])}"
    return "a newer type than this version knows may still be right: then ignore this"
