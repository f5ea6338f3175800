"""`isodag fmt`: files in, the same files in the one layout out."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from isodag.cli.options import colored, show

if TYPE_CHECKING:
    from isodag.layout import Laid
    from isodag.source import Source


class _Done(NamedTuple):
    """A file as it is, and as it is laid out; `before` is None where it could not be read."""

    path: str
    before: bytes | None
    source: Source
    laid: Laid

    @property
    def changed(self) -> bool:
        return self.laid.text is not None and self.laid.text.encode() != self.before


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
def fmt(files: tuple[str, ...], check: bool, diff: bool) -> None:
    """Lay definitions, values files and component specs out in one way.

    Keys of isodag stand in one order; steps, parameters and inputs stay in yours.  Comments stay
    with what they belong to, and the meaning is the same.  What fits into 120 columns stays on its
    line.  A file that YAML cannot read is left as it is.

    FILE is such a file, a folder of them, or - for standard input, which is written to standard
    output.  Without FILE: those of the project.  Exit status: 0 done, 1 a file cannot be laid out,
    or would change with --check, 2 the command is wrong.

    \b
    Examples:
      isodag fmt
      isodag fmt --check --diff
      isodag fmt definitions/bert_reviews.yaml
    """
    if "-" in files:
        if len(files) > 1:
            raise click.UsageError("- stands alone: standard input is written to standard output")
        sys.exit(_filter(check, diff))
    done = [_laid(path) for path in _named(files)]
    if not done:
        raise click.UsageError(
            "there are no definitions/*.yaml and no components here: name a FILE"
        )
    failed = False
    for file in done:
        if file.laid.text is None:
            failed = _refused(file) or failed
        elif file.changed:
            if diff:
                click.echo(_difference(file), nl=False)
            if not (check or diff):
                _replace(Path(file.path), file.laid.text.encode())
            click.echo(f"{file.path}: {'would change' if check or diff else 'laid out'}", err=diff)
    changed = sum(file.changed for file in done)
    if not changed and not failed:
        click.echo(
            f"{len(done)} {'file' if len(done) == 1 else 'files'}: nothing to change", err=diff
        )
    sys.exit(1 if failed or (check and changed) else 0)


def _named(files: tuple[str, ...]) -> list[str]:
    """The files to lay out; the binding beside a component's spec is one too."""
    from isodag import project

    if not files:
        found = project.whole()
    else:
        # a file is what it is called, whatever it holds: laying it out will tell
        found = [
            file
            for name in files
            for file in (
                project.named([name]) if os.path.isdir(name) else [project.File("named", name)]
            )
        ]
    paths = []
    for file in found:
        paths.append(file.path)
        binding = Path(file.path).with_name("sagemaker.yaml")
        if file.kind == "component" and binding.is_file():
            paths.append(str(binding))
    return list(dict.fromkeys(paths))


def _laid(path: str) -> _Done:
    from isodag.frontend import files

    try:
        before = files.contents(path)
    except (OSError, ValueError):
        before = None  # reading it again says why
    return _with(path, before)


def _with(path: str, before: bytes | None) -> _Done:
    from isodag import driver, layout
    from isodag.frontend import files

    source, problems = files.load(path, before)
    if problems:
        return _Done(path, before, source, layout.Laid(None, tuple(problems)))
    targets = {name: target.KEYS for name, target in driver.TARGETS.items()}
    return _Done(path, before, source, layout.lay_out(source, targets))


def _refused(file: _Done) -> bool:
    """Say why a file stays as it is."""
    if file.laid.refusal is not None:
        message, span = file.laid.refusal
        click.echo(f"error: {span.path}:{span.line}:{span.column}: {message}", err=True)
    else:
        show(file.laid.diagnostics, {file.source.path: file.source})
    if file.before is not None:
        click.echo(f"{file.path}: left as it is", err=True)
    return True


def _difference(file: _Done) -> str:
    import difflib

    assert file.before is not None and file.laid.text is not None
    old = file.before.decode("utf-8", "replace").splitlines(keepends=True)
    new = file.laid.text.splitlines(keepends=True)
    lines = difflib.unified_diff(old, new, file.path, file.path)
    text = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
    if not colored(sys.stdout):
        return text
    hues = {"+": "green", "-": "red", "@": "cyan"}
    return "".join(click.style(s, fg=hues.get(s[0])) for s in text.splitlines(keepends=True))


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole, under a temporary name first; a link's file, with its mode."""
    import shutil
    import tempfile

    real = Path(os.path.realpath(path))
    handle, temporary = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        shutil.copymode(real, temporary)
        os.replace(temporary, real)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _filter(check: bool, diff: bool) -> int:
    """Standard input to standard output; the exit status."""
    from isodag import project

    file = _with(project.STDIN, sys.stdin.buffer.read())
    if file.laid.text is None:
        _refused(file)
        return 1
    if diff:
        click.echo(_difference(file), nl=False)
    elif not check:
        click.echo(file.laid.text.encode(), nl=False)
    return int(check and file.changed)
