"""Whatever chance makes of the files in the repository, reading ends with messages in their places.

`python tests/bench/fuzz.py` reads many more cases of the same kinds.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz_cases import make, saved
from fuzz_laws import judge

FOUND = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())
SEED, CASES, EACH = 2026, 3000, 100


@pytest.mark.parametrize("first", range(0, CASES, EACH))
def test_what_chance_makes_is_read_with_messages(first: int, tmp_path: Path) -> None:
    for number in range(first, first + EACH):
        try:
            judge(make(SEED, number), tmp_path, number % 4 == 0)
        except Exception as error:
            error.add_note(f"case {number} of seed {SEED}: tests/bench/fuzz.py --seed {SEED} "
                           f"--first {number} --cases 1 writes it down")  # fmt: skip
            raise


@pytest.mark.parametrize("folder", FOUND, ids=lambda folder: folder.name)
def test_what_once_broke_the_reader_is_read_with_messages(folder: Path, tmp_path: Path) -> None:
    judge(saved(folder), tmp_path)


def test_a_case_is_always_the_same() -> None:
    assert [make(1, number) for number in range(200)] == [make(1, number) for number in range(200)]
    assert make(1, 0) != make(2, 0)
