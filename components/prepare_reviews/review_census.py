"""The first reading: rows in; how many there are of what, and those that no split gets, out."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from host_share import Host
from isodag.runtime import ComponentError
from review_split import SPLITS, Balance
from review_table import Columns, Record, Review, Unusable, review

MAX_CLASSES = 1000
NO_LABEL = "no_label"  # why a row is not for training, but to be classified later

Rows = Iterator[tuple[Record, Review | Unusable]]


@dataclass
class Census:
    """Rows by what became of them.

    rows        of each class in each split
    unlabelled  rows with a text and no label
    unusable    rows by the reason
    """

    read: int = 0
    rows: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in SPLITS}
    )
    unlabelled: int = 0
    unusable: Counter[str] = field(default_factory=Counter)

    @classmethod
    def added(cls, parts: Iterable[Mapping[str, Any]]) -> Census:
        """What several hosts have found.  parts: `vars` of the census of each, as JSON has it"""
        whole = cls()
        for part in parts:
            whole.read += part["read"]
            whole.unlabelled += part["unlabelled"]
            whole.unusable.update(part["unusable"])
            for name, counts in whole.rows.items():
                counts.update(part["rows"][name])
                _check_classes(counts)
        return whole

    def classes(self) -> set[str]:
        """Every class that occurs."""
        return {label for counts in self.rows.values() for label in counts}

    def ordered_classes(self) -> list[str]:
        """By value where all are numbers, else by name."""
        try:
            return sorted(sorted(self.classes()), key=float)
        except ValueError:
            return sorted(self.classes())


def examined(rows: Iterator[Record], columns: Columns, allowed: list[str], limit: int) -> Rows:
    """Every record with its review or what is wrong with it, up to `limit` reviews (0: all).

    allowed  the classes; empty for any
    """
    usable = 0
    for record in rows:
        found = review(record, columns)
        if isinstance(found, Review) and allowed and found.label not in allowed:
            found = Unusable("unknown_label", f"`{found.label}` is not one of labels")
        yield record, found
        usable += isinstance(found, Review)
        if limit and usable == limit:
            return


def count(
    rows: Rows,
    split: Callable[[Review], str],
    balancing: Balance | None,
    host: Host,
    unlabelled: Path,
    rejected: Path,
) -> tuple[Census, Census]:
    """Of all rows that this host reads, and of those that are its own.

    unlabelled, rejected  folders, made here; the host's own rows that no split gets are written
                          there, as JSON Lines
    """
    whole, own = Census(), Census()
    for folder in (unlabelled, rejected):
        folder.mkdir(parents=True, exist_ok=True)
    with (
        (unlabelled / host.file("unlabelled.jsonl")).open("w", encoding="utf-8") as later,
        (rejected / host.file("rejected.jsonl")).open("w", encoding="utf-8") as aside,
    ):
        for number, (record, found) in enumerate(rows):
            mine = host.has(number)
            name = split(found) if isinstance(found, Review) else ""
            for census in (whole, own) if mine else (whole,):
                _add(census, found, name)
            if balancing and isinstance(found, Review) and name == "train":
                balancing.show(found)
            if not mine or isinstance(found, Review):
                continue
            if found.reason == NO_LABEL:
                later.write(json.dumps(record.values) + "\n")
            else:
                line = {"place": record.place, **vars(found), "row": record.values}
                aside.write(json.dumps(line) + "\n")
    return whole, own


def _add(census: Census, found: Review | Unusable, split: str) -> None:
    census.read += 1
    if isinstance(found, Review):
        census.rows[split][found.label] += 1
        _check_classes(census.rows[split])
    elif found.reason == NO_LABEL:
        census.unlabelled += 1
    else:
        census.unusable[found.reason] += 1


def _check_classes(counts: Counter[str]) -> None:
    if len(counts) > MAX_CLASSES:
        raise ComponentError(f"label_column has more than {MAX_CLASSES} classes")


def check(census: Census, classes: Sequence[str], label_column: str, balance: bool) -> None:
    """Raise ComponentError where no model can be trained and tested on the reviews."""
    usable = sum(counts.total() for counts in census.rows.values())
    if not census.read:
        raise ComponentError("reviews: there are no rows")
    if not usable:
        found = census.unusable + Counter({NO_LABEL: census.unlabelled})
        reasons = ", ".join(f"{count} {name}" for name, count in found.most_common())
        raise ComponentError(f"reviews: no row can be used, of {census.read}: {reasons}")
    if len(census.classes()) == 1:
        only = next(iter(census.classes()))
        raise ComponentError(f"column `{label_column}` has one class only, `{only}`")
    for name, counts in census.rows.items():
        if not counts:
            way_out = "give more reviews" if name == "train" else f"raise {name}_share"
            raise ComponentError(f"none of {usable} reviews falls into split {name}: {way_out}")
    for label in classes:
        if label not in census.rows["train"]:
            if balance:
                raise ComponentError(f"class `{label}` has no training rows to balance with")
            print(f"warning: class `{label}` has no training rows", file=sys.stderr)
