"""`isodag run`: a DAG file run on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isodag.cli.options import load, output_option, show, source_options
from isodag.cli.sample import fetch

if TYPE_CHECKING:
    from isodag.driver import Loaded


@click.command()
@click.argument("file")
@click.option(
    "-p",
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="The value of a pipeline parameter; paths start at the working folder. Repeatable.",
)
@source_options
@output_option
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Steps at once.  [default: one a core]",
)
@click.option("--no-cache", is_flag=True, help="Run every step, also those with a known result.")
@click.option(
    "--from", "from_step", metavar="STEP", help="Run this step and all that depend on it again."
)
@click.option("--resume", metavar="RUN", help="Go on with this run: its id, or `latest`.")
@click.option(
    "--store",
    default=".isodag",
    show_default=True,
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Where runs and the cache live.",
)
def run(
    file: str, params: tuple[str, ...], values: tuple[str, ...], sets: tuple[str, ...],
    components: tuple[str, ...], output: str, jobs: int | None, no_cache: bool,
    from_step: str | None, resume: str | None, store: str,
) -> None:  # fmt: skip
    """Run a DAG file on this machine, one process a step.

    A step whose component, parameters and input contents are as in an earlier run answers from
    the cache.  Ctrl-C stops the steps, runs those under `finally:` (a second one stops these too),
    and leaves a run that --resume goes on with.

    \b
    Examples:
      isodag run definitions/bert_reviews.yaml -e sample
      isodag run definitions/bert_reviews.yaml -e sample -p epochs=2 -p min_accuracy=0.6
      isodag run definitions/bert_reviews.yaml -p reviews=my/reviews.csv -p checkpoint=my/bert
    """
    from isodag import engine
    from isodag.engine import report

    loaded = load(file, values, sets, components)
    show(loaded.diagnostics, loaded.sources)
    assert loaded.pipeline is not None
    options = engine.RunOptions(
        parameters=dict(_pair(text) for text in params),
        bases=_bases(loaded),
        store=Path(store),
        jobs=jobs,
        use_cache=not no_cache,
        from_step=from_step,
        resume=resume,
        samples=fetch,
        again=f"{_command_line()} --resume {{run}}",
    )
    try:
        result = engine.run(loaded.pipeline, options, report.observer(sys.stderr))
    except engine.RunError as error:
        for problem in error.problems:
            click.echo(f"error: {problem}", err=True)
        sys.exit(error.exit_code)
    if output == "json":
        click.echo(json.dumps(report.as_json(result), indent=2, ensure_ascii=False))
    else:
        click.echo("", err=True)
        click.echo(report.summary(result))
    sys.exit(result.exit_code)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise click.UsageError(f"-p {text} is not NAME=VALUE")
    return name, value


def _bases(loaded: Loaded) -> dict[str, Path]:
    """Where the relative path of a parameter's default starts: the file that holds the default."""
    assert loaded.pipeline is not None
    return {
        parameter.name: Path()
        if parameter.default_span.path.startswith("--set ")
        else Path(parameter.default_span.path).parent
        for parameter in loaded.pipeline.parameters
        if parameter.default_span is not None
    }


def _command_line() -> str:
    """This command as it could be typed again, without an earlier --resume."""
    import shlex

    words = ["isodag", *sys.argv[1:]]
    if "--resume" in words:
        at = words.index("--resume")
        del words[at : at + 2]
    return shlex.join(word for word in words if not word.startswith("--resume="))
