"""Numbers to play with."""

from pathlib import Path

from isodag.runtime import run


def make_numbers(
    numbers: Path, *, count: int = 10, step: float = 1.0, shape: str = "line"
) -> dict[str, float]:
    """Write `count` numbers, one a line, and give their sum."""
    power = 2 if shape == "square" else 1
    made = [(index * step) ** power for index in range(count)]
    numbers.write_text("".join(f"{number!r}\n" for number in made))
    return {"total": float(sum(made))}


if __name__ == "__main__":
    run(make_numbers)
