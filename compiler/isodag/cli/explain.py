"""`isodag explain`: the pages of the diagnostics."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import click

from isodag.cli.options import colored, output_option


@click.command()
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@output_option
def explain(codes: tuple[str, ...], output: str) -> None:
    """Say what a diagnostic means, why it matters, and how to write it right.

    Without CODE: all codes with their titles.

    \b
    Examples:
      isodag explain E301
      isodag explain | grep image
    """
    from isodag import pages

    known = set(pages.known())
    for code in codes:
        if code.upper() not in known:
            message, way_out = pages.unknown(code)
            raise click.UsageError(f"{message}; {way_out}")
    wanted = [pages.page(code.upper()) for code in codes or sorted(known)]
    if output == "json":
        rows = [{"code": page.code, "title": page.title, "page": page.text} for page in wanted]
        click.echo(json.dumps({"schema_version": 1, "codes": rows}, indent=2))
    elif codes:
        for page in wanted:
            _page(page.text)
    else:
        click.echo("\n".join(_listed()))


def _page(text: str) -> None:
    """A page as it is; on a terminal laid out and coloured."""
    if not colored(sys.stdout) or not sys.stdout.isatty():
        click.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(highlight=False)
    if console.width > 100:
        console.width = 100
    console.print(Markdown(text, code_theme="ansi_dark"))


def _listed() -> Iterator[str]:
    """Every code with its title, by what they are about; warnings after errors."""
    from isodag import pages

    for number, (digit, about) in enumerate(pages.GROUPS.items()):
        yield f"{chr(10) if number else ''}{about[:1].upper()}{about[1:]}"
        for code in pages.known():
            if code[1] == digit:
                yield f"  {code}  {pages.page(code).title.replace('`', '')}"
