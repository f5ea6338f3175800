"""Fetching: what is in the cache is whole, and what cannot be had is one clear line."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import isodag
from isodag import samples
from isodag.samples import Sample, SampleError, obtain

TABLE = b"a\tb\n1\t2\n"

PACKAGES = str(Path(isodag.__file__).parents[1])


def entries(cache: Path) -> list[str]:
    """What is in the cache, the working folders without their locks left out."""
    found = [path.relative_to(cache) for path in cache.rglob("*") if path.is_file()]
    return sorted(str(path) for path in found if path.name != "lock")


PROGRAM = """
import json, os, signal, sys
from pathlib import Path
from isodag.samples import Sample, obtain
from isodag.samples.archives import copy_from_zip
from isodag.samples.download import Pin

def unpack(archive, folder):
    copy_from_zip(archive, "rated_things/table.tsv", 8, folder / "table.tsv")
    eval(sys.argv[3])

sample = Sample("things", "", Pin(**json.loads(sys.argv[1])), {"table.tsv": 8}, unpack)
print((obtain(sample, Path(sys.argv[2]), print) / "table.tsv").read_bytes())
"""


def fetching(sample: Sample, cache: Path, then: str = "None") -> subprocess.Popen[str]:
    """Another process that fetches the wheel's sample and evaluates `then` once it is unpacked."""
    pin = json.dumps(dataclasses.asdict(sample.pin))
    command = [sys.executable, "-c", PROGRAM, pin, str(cache), then]
    env = {**os.environ, "PYTHONPATH": PACKAGES}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def refusal(sample: Sample, cache: Path) -> tuple[str, int]:
    with pytest.raises(SampleError) as caught:
        obtain(sample, cache)
    return str(caught.value), caught.value.status


def test_a_wheel_is_fetched_into_a_folder_of_its_files(
    wheel_sample: Sample, tmp_path: Path
) -> None:
    lines: list[str] = []
    folder = obtain(wheel_sample, tmp_path / "cache", lines.append)
    assert tmp_path / "cache" / "things" == folder
    assert TABLE == (folder / "table.tsv").read_bytes()
    assert ["things/table.tsv"] == entries(tmp_path / "cache")
    assert ["things: downloading rated_things 1.0 (0.0 MiB)", f"things: kept in {folder}"] == lines


def test_a_source_archive_is_fetched_and_nothing_of_it_runs(
    source_sample: Callable[[str], Sample], tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    sample = source_sample(f"open({str(ran)!r}, 'w').close()\nraise SystemExit(1)\n")
    folder = obtain(sample, tmp_path / "cache")
    assert TABLE == (folder / "table.tsv").read_bytes()
    assert not ran.exists()


def test_a_fetched_sample_needs_no_index(wheel_sample: Sample, index: Path, tmp_path: Path) -> None:
    first = obtain(wheel_sample, tmp_path)
    (index / wheel_sample.pin.file).unlink()
    assert first == obtain(wheel_sample, tmp_path)
    assert first == samples.fetched(wheel_sample, tmp_path)


def test_looking_for_a_sample_writes_nothing(wheel_sample: Sample, tmp_path: Path) -> None:
    assert samples.fetched(wheel_sample, tmp_path / "cache") is None
    assert not (tmp_path / "cache").exists()


def test_other_bytes_than_the_pinned_ones_are_refused(wheel_sample: Sample, tmp_path: Path) -> None:
    pin = dataclasses.replace(wheel_sample.pin, sha256="0" * 64)
    message, status = refusal(dataclasses.replace(wheel_sample, pin=pin), tmp_path)
    assert (
        "cannot fetch sample `things`: rated_things-1.0-py3-none-any.whl from the package index is"
        " not the pinned file (its sha256 is not 000000000000…); nothing was opened or kept"
    ) == message
    assert 3 == status
    assert not (tmp_path / "things").exists()


def test_a_package_that_the_index_lacks_is_named(
    wheel_sample: Sample, index: Path, tmp_path: Path
) -> None:
    (index / wheel_sample.pin.file).unlink()
    assert refusal(wheel_sample, tmp_path) == (
        "cannot fetch sample `things`: the package index that pip is set to has no"
        " rated_things==1.0",
        3,
    )


def test_no_network_is_said_in_one_line(
    wheel_sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/")  # nothing listens there
    monkeypatch.setenv("PIP_RETRIES", "0")
    assert refusal(wheel_sample, tmp_path) == (
        "cannot fetch sample `things`: the package index did not answer when asked for"
        " rated_things==1.0",
        3,
    )


def test_a_python_without_pip_is_told_how_to_get_it(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    packages = tmp_path / "packages"  # isodag alone: beside an installed one there may be pip
    packages.mkdir()
    (packages / "isodag").symlink_to(Path(isodag.__file__).parent)
    python = bare / "bin" / "python"
    program = (
        "from isodag import samples\n"
        "try:\n"
        "    samples.fetch('reviews')\n"
        "except samples.SampleError as error:\n"
        "    print(error.status, error)\n"
    )
    env = {"PYTHONPATH": str(packages), "ISODAG_SAMPLES": str(tmp_path / "cache")}
    done = subprocess.run([python, "-c", program], env=env, capture_output=True, text=True)
    assert (
        f"1 cannot fetch sample `reviews`: {python} has no pip: run `python3 -m ensurepip` first\n"
    ) == done.stdout


def test_a_broken_off_download_is_not_taken_for_whole(wheel_sample: Sample, tmp_path: Path) -> None:
    work = tmp_path / ".work" / "things"
    work.mkdir(parents=True)
    (work / wheel_sample.pin.file).write_bytes(b"PK half of it")
    folder = obtain(wheel_sample, tmp_path)
    assert TABLE == (folder / "table.tsv").read_bytes()


def test_a_verified_download_is_used_again_after_a_failed_unpack(
    wheel_sample: Sample, index: Path, tmp_path: Path
) -> None:
    larger = dataclasses.replace(wheel_sample, files={"table.tsv": 10_000})
    assert refusal(larger, tmp_path) == (
        "cannot unpack sample `things`: its files do not have the pinned sizes",
        1,
    )
    assert not (tmp_path / "things").exists()
    (index / wheel_sample.pin.file).unlink()
    assert TABLE == (obtain(wheel_sample, tmp_path) / "table.tsv").read_bytes()


@pytest.mark.parametrize("damage", ["cut", "missing", "a file", "a link"])
def test_a_damaged_sample_is_fetched_again(
    wheel_sample: Sample, tmp_path: Path, damage: str
) -> None:
    cache, elsewhere = tmp_path / "cache", tmp_path / "elsewhere"
    folder = obtain(wheel_sample, cache)
    (folder / "table.tsv").unlink()
    if damage == "cut":
        (folder / "table.tsv").write_bytes(TABLE[:3])
    elif damage == "a file":
        folder.rmdir()
        folder.write_bytes(TABLE)
    elif damage == "a link":
        folder.rename(elsewhere)
        folder.symlink_to(elsewhere)
        (elsewhere / "kept").write_bytes(b"somebody's")
    assert TABLE == (obtain(wheel_sample, cache) / "table.tsv").read_bytes()
    assert ["things/table.tsv"] == entries(cache)
    assert damage != "a link" or b"somebody's" == (elsewhere / "kept").read_bytes()


def test_a_fetch_killed_while_it_unpacks_leaves_nothing_under_the_name(
    wheel_sample: Sample, index: Path, tmp_path: Path
) -> None:
    killed = fetching(wheel_sample, tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")
    killed.communicate()
    assert -signal.SIGKILL == killed.returncode
    assert (tmp_path / ".work" / "things" / "half" / "table.tsv").is_file()
    assert samples.fetched(wheel_sample, tmp_path) is None
    (index / wheel_sample.pin.file).unlink()  # it goes on from the verified download
    assert TABLE == (obtain(wheel_sample, tmp_path) / "table.tsv").read_bytes()
    assert ["things/table.tsv"] == entries(tmp_path)


def test_of_processes_that_fetch_at_once_one_downloads(
    wheel_sample: Sample, tmp_path: Path
) -> None:
    processes = [fetching(wheel_sample, tmp_path / "cache") for _ in range(4)]
    lines = "".join(process.communicate()[0] for process in processes).splitlines()
    assert [0, 0, 0, 0] == [process.returncode for process in processes]
    assert 1 == lines.count("things: downloading rated_things 1.0 (0.0 MiB)")
    assert 4 == lines.count(repr(TABLE))
    assert ["things/table.tsv"] == entries(tmp_path / "cache")


def test_a_disk_without_room_is_told_before_the_download(
    wheel_sample: Sample, tmp_path: Path
) -> None:
    huge = dataclasses.replace(wheel_sample, files={"table.tsv": 1 << 60})
    message, status = refusal(huge, tmp_path)
    free = message.partition("has ")[2].partition(" MiB")[0]
    assert (
        f"cannot fetch sample `things`: it needs {1 << 40} MiB and {tmp_path} has {free} MiB free;"
        " set ISODAG_SAMPLES to another folder"
    ) == message
    assert 1 == status
    assert [] == entries(tmp_path)[1:]  # the index's wheel


def test_a_disk_that_refuses_leaves_nothing_under_the_name(
    wheel_sample: Sample, tmp_path: Path
) -> None:
    def refuse(archive: Path, folder: Path) -> None:
        with (folder / "table.tsv").open("wb") as table, open("/dev/full", "wb", 0) as full:
            table.write(TABLE[:3])
            full.write(TABLE)

    message, _ = refusal(dataclasses.replace(wheel_sample, unpack=refuse), tmp_path)
    assert (
        f"cannot keep sample `things` in {tmp_path}: No space left on device;"
        " set ISODAG_SAMPLES to another folder"
    ) == message
    assert samples.fetched(wheel_sample, tmp_path) is None


def test_a_cache_that_is_a_file_is_told(wheel_sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"")
    assert refusal(wheel_sample, tmp_path / "cache") == (
        f"cannot keep sample `things` in {tmp_path / 'cache'}: Not a directory;"
        " set ISODAG_SAMPLES to another folder",
        1,
    )


def test_an_unknown_sample_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SampleError) as caught:
        samples.fetch("review")
    assert ("there is no sample `review`; the samples are `reviews`, `minilm`", 2) == (
        str(caught.value),
        caught.value.status,
    )


def test_the_cache_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("ISODAG_SAMPLES", raising=False)
    assert Path("/home/ann/.cache/isodag/samples") == samples.cache_folder()
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert Path("/home/ann/.cache/isodag/samples") == samples.cache_folder()
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/ann")
    assert Path("/var/ann/isodag/samples") == samples.cache_folder()
    monkeypatch.setenv("ISODAG_SAMPLES", "~/samples")
    assert Path("/home/ann/samples") == samples.cache_folder()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ISODAG_SAMPLES", "here")
    assert tmp_path / "here" == samples.cache_folder()


def test_a_relative_cache_gives_an_absolute_folder(
    source_sample: Callable[[str], Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert tmp_path / "cache" / "sources" == obtain(source_sample("1 / 0"), Path("cache"))
