"""What commands share: options, a pipeline loaded or the end of the command, messages shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

if TYPE_CHECKING:
    from isodag.diagnostics import Diagnostic
    from isodag.driver import Loaded
    from isodag.source import Source

F = TypeVar("F", bound=Callable[..., Any])


components_option = click.option(
    "--components", "components", multiple=True, metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help="A folder of components, searched before the others. Repeatable.",
)  # fmt: skip


def source_options(command: F) -> F:
    """The options that say which values are laid over a DAG file, and where components are."""
    for option in (
        components_option,
        click.option(
            "--set", "sets", multiple=True, metavar="PATH=VALUE",
            help="One value, as --set targets.sagemaker.role=arn:…. Repeatable.",
        ),
        click.option(
            "-e", "--values", "values", multiple=True, metavar="NAME",
            help="A values file: values/NAME.yaml beside the DAG file, or a path. Repeatable.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


output_option = click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How results are written.",
)  # fmt: skip


def colored(stream: TextIO, choice: str = "auto") -> bool:
    """Whether messages are coloured: https://no-color.org and https://force-color.org.

    choice  auto, always or never, as an option says
    """
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def show(found: Iterable[Diagnostic], sources: dict[str, Source]) -> None:
    """Write on stderr what was found; what the files say is to be ignored is left out."""
    from isodag import diagnostics, ignores

    shown = ignores.sift(found, sources).shown
    if shown:
        color = colored(sys.stderr)
        click.echo(diagnostics.render(shown, sources, color=color), err=True, color=color)
        if diagnostics.failed(shown):
            click.echo(diagnostics.summary(shown), err=True)


def load(
    file: str, values: tuple[str, ...], sets: tuple[str, ...], components: tuple[str, ...]
) -> Loaded:
    """The pipeline of a file; ends the command with the messages when it is wrong."""
    from isodag import driver

    loaded = driver.load(file, values, sets, components)
    if loaded.pipeline is None:
        show(loaded.diagnostics, loaded.sources)
        sys.exit(1)
    return loaded
