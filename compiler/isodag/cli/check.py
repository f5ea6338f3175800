"""`isodag check`: files in, everything that is wrong with them out."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

import click

from isodag.cli.options import colored, source_options
from isodag.cli.progress import following

if TYPE_CHECKING:
    from isodag.diagnostics import Diagnostic
    from isodag.formats import Report
    from isodag.project import File
    from isodag.source import Source


@click.command()
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
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="For people, for programs, as annotations of a GitHub workflow, as SARIF 2.1.0.",
)
@click.option("--werror", is_flag=True, help="Warnings count as errors.")
@click.option(
    "--ignore",
    "codes",
    multiple=True,
    metavar="CODE[,CODE]...",
    help="Leave out these warnings, as --ignore W201. Repeatable.",
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="auto: on a terminal, unless NO_COLOR is set; also where FORCE_COLOR is.",
)
def check(
    files: tuple[str, ...], targets: tuple[str, ...], values: tuple[str, ...],
    sets: tuple[str, ...], components: tuple[str, ...], output: str, werror: bool,
    codes: tuple[str, ...], color: str,
) -> None:  # fmt: skip
    """Find every mistake, for every target, before anything is submitted.

    A definition with a component that only SageMaker runs, and settings for SageMaker alone, is
    checked for SageMaker alone; -t says otherwise.

    FILE is a definition, a values file, a component's folder or spec, a folder of these, or - for
    standard input.  Without FILE: every definition and values file in ./definitions, and every
    component in ./components.

    A comment `# isodag: ignore[W201] reason`, at the end of a line or alone above it, keeps a
    warning quiet there; errors have to be mended.  `isodag explain CODE` says more about a
    message.  Exit status: 0 no errors, 1 errors, 2 the command is wrong.

    \b
    Examples:
      isodag check                                   the whole project
      isodag check definitions/bert_reviews.yaml -e prod
      isodag check components/train_bert --werror
      isodag check -o sarif > isodag.sarif
    """
    from isodag import diagnostics, project
    from isodag.formats import Report

    unwanted = _codes(codes)
    found = project.named(files) if files else project.whole()
    if not found:
        raise click.UsageError("there is no definition and no component here: name a FILE")
    report, sources, alone = _checked(found, targets, values, sets, components, unwanted)
    if werror:
        report = Report([replace(item, promoted=True) for item in report.shown], report.ignored,
                        report.checked)  # fmt: skip
    _write(report, sources, output, _named(found, report, alone), color)
    sys.exit(int(diagnostics.failed(report.shown)))


def _codes(given: tuple[str, ...]) -> list[str]:
    """The codes of --ignore; ends the command when one cannot be ignored."""
    from isodag import ignores

    codes = [code.strip().upper() for text in given for code in text.split(",") if code.strip()]
    for code in codes:
        if (wrong := ignores.refusal(code)) is not None:
            raise click.UsageError(f"--ignore: {wrong[0]}; {wrong[1]}")
    return codes


def _checked(
    files: list[File], targets: tuple[str, ...], values: tuple[str, ...], sets: tuple[str, ...],
    components: tuple[str, ...], unwanted: list[str],
) -> tuple[Report, dict[str, Source], Counter[str]]:  # fmt: skip
    """What is wrong with the files, the text of every file read, and how many definitions were
    checked for one target alone because no other can run what they use, by target."""
    from isodag import diagnostics, driver, ignores, library
    from isodag.formats import Report

    shelf = library.Shelf()
    alone: Counter[str] = Counter()
    found: list[Diagnostic] = []
    sources: dict[str, Source] = {}
    judged: dict[str, str] = {}
    counts = Counter({"definitions": 0, "values_files": 0, "components": 0})
    for file in following(files, "checking"):
        if file.kind == "definition":
            loaded = driver.load(file.path, values, sets, components, file.data, shelf)
            said = driver.check(loaded, targets)
            if not targets and len(only := driver.meant_for(loaded)) == 1:
                alone[only[0]] += 1
            # other values make other warnings: what a comment is good for is told without them
            if not (values or sets or diagnostics.failed(said)):
                judged[file.path] = ignores.groups(targets or driver.meant_for(loaded))
        elif file.kind == "values":
            loaded = driver.load_values(file.path, file.data)
            said = loaded.diagnostics
        else:
            loaded = driver.load_component(file.path, file.data)
            said = loaded.diagnostics
            if not diagnostics.failed(said):
                judged[file.path] = "7"
        counts["values_files" if file.kind == "values" else f"{file.kind}s"] += 1
        found += said
        sources |= loaded.sources
    sifted = ignores.sift(found, sources, judged, unwanted)
    return Report(sifted.shown, sifted.ignored, counts), sources, alone


def _write(report: Report, sources: dict[str, Source], output: str, what: str, color: str) -> None:
    """The report about `what`.

    For programs on stdout; for people the messages on stderr, and a good verdict on stdout.
    """
    from isodag import diagnostics

    if output == "text":
        painted = colored(sys.stderr, color)
        if report.shown:
            shown = diagnostics.render(report.shown, sources, color=painted)
            click.echo(shown, err=True, color=painted)
        click.echo(_verdict(report, what), err=diagnostics.failed(report.shown))
        return
    # one of three small modules, github, records or sarif
    form = import_module(f"isodag.formats.{'records' if output == 'json' else output}")
    if text := form.write(report):
        click.echo(text)
    if output == "github":
        click.echo(_verdict(report, what), err=True)


def _named(files: list[File], report: Report, alone: Counter[str]) -> str:
    """What was checked: one file by its name, more by their number."""
    if len(files) == 1:
        return files[0].path + "".join(f" (for {target} alone)" for target in alone)
    words = {"definitions": "definition", "values_files": "values file", "components": "component"}
    counts = [(count, words[name]) for name, count in report.checked.items() if count]
    named = [f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts]
    if alone:
        named[0] += f" ({', '.join(f'{n} for {target} alone' for target, n in alone.items())})"
    return ", ".join(named)


def _verdict(report: Report, what: str) -> str:
    """`12 definitions, 4 components: 1 error (2 ignored)`."""
    from isodag import diagnostics

    ignored = f" ({len(report.ignored)} ignored)" if report.ignored else ""
    return f"{what}: {diagnostics.summary(report.shown)}{ignored}"
