"""`isodag compile`: a DAG file in, a platform's files out."""

from __future__ import annotations

import sys

import click

from isodag.cli.options import load, show, source_options


@click.command("compile")
@click.argument("file")
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    required=True,
    type=click.Choice(["sagemaker", "kfp"]),
    help="The platform. Repeatable.",
)
@click.option(
    "-d",
    "--dest",
    default="build",
    show_default=True,
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="The folder that gets the files.",
)
@source_options
def compile_command(
    file: str, targets: tuple[str, ...], dest: str, values: tuple[str, ...],
    sets: tuple[str, ...], components: tuple[str, ...],
) -> None:  # fmt: skip
    """Turn a DAG file into a pipeline of SageMaker or Kubeflow, offline.

    Writes DIR/pipeline.json and DIR/create-pipeline.json (sagemaker) or DIR/pipeline.yaml (kfp),
    and DIR/manifest.json.  The same source gives the same bytes.

    \b
    Examples:
      isodag compile definitions/bert_reviews.yaml -t sagemaker -d out
      aws sagemaker create-pipeline --cli-input-json file://out/create-pipeline.json
    """
    from isodag import diagnostics, driver, output

    loaded = load(file, values, sets, components)
    found = list(loaded.diagnostics)
    made = {target: driver.compile(loaded, target) for target in targets}
    for emitted in made.values():
        found += emitted.diagnostics
    show(found, loaded.sources)
    if diagnostics.failed(found):
        sys.exit(1)
    for target, emitted in made.items():
        manifest = output.manifest(dest, loaded, target, emitted)
        for path in output.write(dest, {**emitted.files, output.MANIFEST: manifest}):
            click.echo(path)
