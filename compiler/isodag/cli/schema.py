"""`isodag schema`: what an editor has to know of our files, as JSON Schema."""

from __future__ import annotations

from pathlib import Path

import click

from isodag.cli.options import components_option


@click.command()
@click.argument("kind", type=click.Choice(["pipeline", "component", "values"]))
@components_option
@click.option(
    "-d", "--dest", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file.  [default: standard output]",
)  # fmt: skip
def schema(kind: str, components: tuple[str, ...], dest: Path | None) -> None:
    """Print the JSON Schema of DAG files, component specs or values files, for editors.

    That of DAG files completes the components found from the working folder, and their inputs.
    A first line `# yaml-language-server: $schema=pipeline.schema.json` tells an editor to use it.

    \b
    Examples:
      isodag schema pipeline -d definitions/pipeline.schema.json
      isodag schema component > component.schema.json
    """
    from isodag import driver, editors, output
    from isodag.editors import installed
    from isodag.library import folders_for

    targets = {name: target.KEYS for name, target in driver.TARGETS.items()}
    if kind == "pipeline":
        library = installed.components(folders_for(Path(), components))
        made = editors.pipeline(library, targets)
    else:
        made = editors.values(targets) if kind == "values" else editors.component()
    data = editors.document(made)
    if dest is None:
        click.echo(data, nl=False)
        return
    for path in output.write(dest.parent, {dest.name: data}):
        click.echo(path)
