"""`isodag graph`: a DAG file drawn."""

from __future__ import annotations

import click

from isodag.cli.options import load, source_options


@click.command()
@click.argument("file")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["mermaid", "dot"]),
    default="mermaid",
    show_default=True,
    help="Mermaid for Markdown pages, dot for Graphviz.",
)
@source_options
def graph(
    file: str, form: str, values: tuple[str, ...], sets: tuple[str, ...],
    components: tuple[str, ...],
) -> None:  # fmt: skip
    """Draw a DAG file: its steps, what flows between them, and the gates.

    \b
    Examples:
      isodag graph definitions/bert_reviews.yaml > graph.mmd
      isodag graph definitions/bert_reviews.yaml -f dot | dot -Tsvg > graph.svg
    """
    from isodag import graph as picture

    loaded = load(file, values, sets, components)
    assert loaded.pipeline is not None
    click.echo(picture.draw(loaded.pipeline, form), nl=False)
