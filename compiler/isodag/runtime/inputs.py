"""Input artifacts: the place that a caller names in, a path on this disk out."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from isodag.runtime import archive
from isodag.runtime.errors import ComponentError, UsageError, one_line, quoted
from isodag.runtime.platforms import sagemaker
from isodag.runtime.spec import Input

MODEL_ARCHIVE = "model.tar.gz"
_HUB = re.compile(r"hf://([A-Za-z0-9][\w.-]*(?:/[\w.-]+)?)(?:@([\w./-]+))?", re.ASCII)
_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):.*", re.DOTALL)


class Scratch:
    """Temporary folders, made when asked for and removed at the end."""

    def __init__(self) -> None:
        self._folders: list[str] = []

    def folder(self) -> Path:
        """A new empty folder."""
        self._folders.append(tempfile.mkdtemp(prefix="isodag-"))
        return Path(self._folders[-1])

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)


def locate(item: Input, entry: str, text: str, scratch: Scratch) -> Path:
    """The file or folder that an input artifact is.

    entry  how messages name what the caller wrote
    text   a path; for a Model also model.tar.gz, a folder that holds just that, or
           `hf://org/name[@revision]`; `…/output.tar.gz/NAME` is a member of that archive
    Raises UsageError for a place that is not there, ComponentError for one that cannot be had.
    """
    if text.startswith("hf://"):
        return _from_hub(item, entry, text)
    path = Path(sagemaker.in_place(text))
    try:
        if not text or "\0" in text:
            raise UsageError(f"{entry}: {quoted(text)} is not a path")
        if not os.path.exists(path) and sagemaker.no_share(path):
            path.mkdir(parents=True, exist_ok=True)
        if not os.path.exists(path):
            packed = _packed_in(path)
            if packed is None:
                raise _absent(entry, text)
            member, folder = path.relative_to(packed).as_posix(), scratch.folder()
            archive.unpack(packed, folder, member)
            path = folder / member
        return _model(path, scratch) if item.type == "Model" else _plain(item, path, scratch)
    except archive.ArchiveError as error:
        raise ComponentError(f"{entry}: {error}") from None


def _absent(entry: str, text: str) -> UsageError:
    uri = _URI.fullmatch(text)
    if uri and "://" in text:
        return UsageError(f"{entry}: {quoted(text)} is a URI: give the path of a local copy")
    return UsageError(f"{entry}: there is no file or folder {quoted(text)}")


def _packed_in(path: Path) -> Path | None:
    """The output.tar.gz that a path leads into."""
    for parent in path.parents:
        if parent.name == "output.tar.gz":
            return parent if parent.is_file() else None
    return None


def _model(path: Path, scratch: Scratch) -> Path:
    packed = path / MODEL_ARCHIVE if path.is_dir() and os.listdir(path) == [MODEL_ARCHIVE] else path
    if not (packed.is_file() and packed.name.endswith((".tar.gz", ".tgz"))):
        return path
    folder = scratch.folder() / "model"
    folder.mkdir()
    archive.unpack(packed, folder)
    return folder


def _plain(item: Input, path: Path, scratch: Scratch) -> Path:
    if sagemaker.root() not in path.absolute().parents or not path.is_dir():
        return path
    if item.type == "Artifact" and (path / MODEL_ARCHIVE).is_file():
        return _model(path, scratch)  # a Model given to an Artifact input; only here is it packed
    return sagemaker.single_object(path) or path


def _from_hub(item: Input, entry: str, text: str) -> Path:
    found = _HUB.fullmatch(text)
    if found is None:
        raise UsageError(f"{entry}: {quoted(text)} is not hf://org/name or hf://org/name@revision")
    if item.type != "Model":
        raise UsageError(f"{entry}: {quoted(text)} is a model, and `{item.name}` a {item.type}")
    try:
        from huggingface_hub import snapshot_download  # heavy, and wanted only here
    except ImportError:
        raise ComponentError(
            f"{entry}: {quoted(text)} needs the package huggingface_hub: install it"
        ) from None
    try:
        return Path(snapshot_download(found[1], revision=found[2]))
    except Exception as error:  # the hub's client raises its own, requests' and OS errors
        reason = one_line(str(error).strip().partition("\n")[0])
        raise ComponentError(
            f"{entry}: cannot fetch {quoted(text)}: {type(error).__name__}: {reason}"
        ) from None
