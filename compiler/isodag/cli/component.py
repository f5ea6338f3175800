"""`isodag component`: what there is to wire."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from isodag.cli.options import components_option, output_option


@click.group()
def component() -> None:
    """Look at the components that a DAG file can use."""


@component.command("list")
@components_option
@output_option
def component_list(components: tuple[str, ...], output: str) -> None:
    """List the components found from the working folder, with what they do."""
    from isodag.frontend.syntax import Word
    from isodag.library import Library, folders_for
    from isodag.source import Span

    library = Library(Path(), folders_for(Path(), components))
    here = Span("", 1, 1, 1, 1)
    found = [library.find(Word(name, here))[0] for name in library.names()]
    listed = [item for item in found if item is not None]
    if output == "json":
        rows = [
            {"name": c.name, "version": c.version, "description": c.description,
             "folder": c.folder} for c in listed
        ]  # fmt: skip
        click.echo(json.dumps({"schema_version": 1, "components": rows}, indent=2))
        return
    width = max((len(f"{c.name}@{c.version}") for c in listed), default=0)
    for item in listed:
        click.echo(f"{f'{item.name}@{item.version}':{width}}  {item.description.split('. ')[0]}")


@component.command("show")
@click.argument("name")
def component_show(name: str) -> None:
    """Show a component's inputs and outputs, and how it is called by hand."""
    from isodag.runtime import program

    sys.exit(program.main([name, "--help"]))
