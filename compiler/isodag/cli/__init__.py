"""The command line.  Results go to stdout; progress and messages to stderr.

One module a command or family of commands, each listed in COMMANDS.  They import the compiler in
their functions: `isodag --help` must not wait for it.
"""

from __future__ import annotations

import io
import os
import sys

import click

from isodag import __version__
from isodag.cli import check, compile, component, explain, fmt, graph, run, sample, schema

EPILOG = """\b
Exit status: 0 done, 1 the definition is wrong or the run failed, 2 the command is wrong,
3 credentials or network, 130 interrupted.  `isodag COMMAND --help` says more.
"""

COMMANDS = (
    check.check,
    compile.compile_command,
    run.run,
    graph.graph,
    sample.sample,
    fmt.fmt,
    schema.schema,
    explain.explain,
    component.component,
)


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


for command in COMMANDS:
    main.add_command(command)


def entry() -> None:
    """Run the command line; an error of ours is one line, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may know fewer letters than a file
            stream.reconfigure(errors="backslashreplace")
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
