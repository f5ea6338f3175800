"""Environment variables, told."""

import os

from isodag.runtime import run


def surroundings(*, only: str = "") -> dict[str, dict[str, str]]:
    """The variables whose names begin in a way."""
    return {"seen": {name: text for name, text in os.environ.items() if name.startswith(only)}}


if __name__ == "__main__":
    run(surroundings)
