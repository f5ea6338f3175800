"""Which split a review falls into, and which training rows stay when classes are balanced."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from hashlib import blake2b

import numpy as np

from review_table import Review

SPLITS = ("train", "validation", "test")


def draw(text: str, purpose: str, seed: int) -> int:
    """A number from 0 to 2**64 - 1 that text, purpose and seed (>= 0) decide, on every machine."""
    key = f"{purpose} {seed}".encode()
    return int.from_bytes(blake2b(text.encode(), key=key, digest_size=8).digest(), "big")


def split_of(review: Review, validation_share: float, test_share: float, seed: int) -> str:
    """`train`, `validation` or `test`, the same for every review of a group.

    The test split is cut off first, so it keeps its rows when validation_share changes.
    """
    position = draw(review.group, "split", seed) / 2**64
    if position < test_share:
        return "test"
    return "validation" if position < test_share + validation_share else "train"


class Balance:
    """As many training rows of every class as the rarest class has, drawn by hash.

    Show it every row, then ask of each, in the same order, whether it stays.  It holds 8 bytes a
    row.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._draws: defaultdict[str, array[int]] = defaultdict(lambda: array("Q"))
        self._kept: Counter[str] = Counter()
        self._limit: dict[str, int] = {}
        self._size = 0

    def show(self, review: Review) -> None:
        """Take note of a training row."""
        self._draws[review.label].append(self._draw(review))

    def settle(self) -> None:
        """End of the showing: fix how many rows stay, and up to which draw."""
        self._size = min(len(draws) for draws in self._draws.values())
        for label, draws in self._draws.items():
            nth = np.partition(np.frombuffer(draws, dtype=np.uint64), self._size - 1)
            self._limit[label] = int(nth[self._size - 1])
        self._draws.clear()

    def stays(self, review: Review) -> bool:
        """Whether the row is one of those that stay."""
        # copies of a row draw the same number, so the limit alone might let too many pass
        if self._draw(review) > self._limit[review.label]:
            return False
        self._kept[review.label] += 1
        return self._kept[review.label] <= self._size

    def _draw(self, review: Review) -> int:
        return draw(f"{review.id}\0{review.text}", "balance", self._seed)
