"""A component with an effect on the world."""

from pathlib import Path

from isodag.runtime import run


def announce(model: Path, note: Path, *, text: str = "done") -> None:
    """Write `text` about `model` into `note`."""
    note.write_text(f"# {text}\n\n{(model / 'mean.json').read_text()}\n")


if __name__ == "__main__":
    run(announce)
