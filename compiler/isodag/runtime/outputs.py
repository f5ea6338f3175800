"""Output artifacts: written to a place beside the wanted one, checked, then renamed into it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from isodag.runtime import archive
from isodag.runtime.errors import ComponentError, UsageError, quoted
from isodag.runtime.platforms import kfp, sagemaker
from isodag.runtime.spec import METADATA_TYPES, Output


@dataclass(frozen=True)
class Place:
    """Where an output artifact is made and where it goes.

    final    where the caller wants it
    work     where the function writes it; equal to `final` where nothing is renamed
    staging  the folder to remove in the end, which holds `work`
    packed   the model.tar.gz that `work` becomes
    """

    output: Output
    final: Path
    work: Path
    staging: Path | None = None
    packed: Path | None = None


def prepare(output: Output, entry: str, text: str) -> Place:
    """Make the folders that an output needs.

    entry  how messages name what the caller wrote
    Raises UsageError for a place that cannot be written or that already holds something.
    """
    if not text or "\0" in text:
        raise UsageError(f"{entry}: {quoted(text)} is not a path")
    final = Path(os.path.abspath(sagemaker.in_place(text)))
    packed = sagemaker.model_archive(final) if output.type == "Model" else None
    direct = sagemaker.root() in final.parents or os.path.ismount(final)
    try:
        if direct:
            work, staging = packed.parent / "data" if packed else final, None
        else:
            if final.is_dir() and os.listdir(final):
                raise UsageError(f"{entry}: {quoted(text)} holds something: name a new place")
            # the name stays: libraries choose a format by a file's suffix
            staging = final.with_name(f".{final.name}.{os.getpid()}.part")
            shutil.rmtree(staging, ignore_errors=True)  # a killed process of this number left it
            work = staging / final.name
        (work if output.type == "Model" else work.parent).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(entry, text, error) from None
    return Place(output, final, work, staging, packed)


def check(place: Place, component: str) -> None:
    """Raise ComponentError unless the function wrote the output as its type wants it.

    Links to files become files: artifacts travel between machines, a link's target does not.
    """
    _unlink(place.work, place.output)
    if not is_written(place):
        raise ComponentError(f"`{component}` wrote nothing to output `{place.output.name}`")
    if place.output.type in METADATA_TYPES and metadata(place.output, place.work) is None:
        shape = "names and finite numbers" if place.output.type == "Metrics" else "KFP's metadata"
        raise ComponentError(
            f"output `{place.output.name}` is {place.output.type}: one JSON file, "
            f"an object of {shape}"
        )


def is_written(place: Place) -> bool:
    """Whether there is something at the output's place."""
    return bool(os.listdir(place.work) if place.work.is_dir() else place.work.exists())


def metadata(output: Output, path: Path) -> dict[str, object] | None:
    """KFP's metadata, which an artifact of one of the metrics types holds; None for others."""
    if output.type not in METADATA_TYPES or path.is_dir():
        return None
    return kfp.read_metadata(path, output.type)


def commit(place: Place) -> None:
    """Bring an output into its final place, whole."""
    if place.packed is not None:
        archive.pack(place.work, place.packed)
        shutil.rmtree(place.work)
    elif place.staging is not None:
        _move(place.work, place.final)


def discard(place: Place) -> None:
    """Remove what only served to make the output."""
    if place.staging is not None:
        shutil.rmtree(place.staging, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a small file whole: beside its place, then renamed."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def make_parent(path: Path, entry: str) -> None:
    """Make the folder of a file that will be written, so that a bad one shows before the work."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(entry, str(path), error) from None


def _unwritable(entry: str, text: str, error: OSError) -> UsageError:
    reason = (error.strerror or str(error)).lower()
    return UsageError(f"{entry}: cannot write to {quoted(text)}: {reason}")


def _move(work: Path, final: Path) -> None:
    if final.is_dir() and not final.is_symlink():
        final.rmdir()  # it was empty at the start; if it is not now, someone else is at work
    elif work.is_dir() and os.path.lexists(final):
        final.unlink()
    try:
        os.replace(work, final)
    except OSError:  # file systems over a network rename no folders
        shutil.move(work, final)


def _unlink(work: Path, output: Output) -> None:
    _materialise(work, work, output)  # first: walking it would lead elsewhere
    for root, folders, files in os.walk(work):
        for name in (*folders, *files):
            _materialise(Path(root, name), work, output)


def _materialise(path: Path, work: Path, output: Output) -> None:
    if not path.is_symlink():
        return
    if not path.is_file():
        shown = quoted(path.relative_to(work).as_posix()) if path != work else "its place"
        target = "a folder" if path.is_dir() else "nothing"
        raise ComponentError(f"output `{output.name}` has at {shown} a link to {target}: copy it")
    target_file = path.resolve()
    path.unlink()
    shutil.copy2(target_file, path)
