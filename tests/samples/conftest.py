"""An index of two small packages on this disk, and a sample of each; pip reads it as any other."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from isodag.samples import Sample
from isodag.samples.archives import copy_from_zip, read_from_tar
from isodag.samples.download import Pin

TABLE = b"a\tb\n1\t2\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the only index pip knows; a test puts packages there or takes them out."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def pin_of(file: Path) -> Pin:
    package, _, rest = file.name.partition("-")
    version = rest.removesuffix(".tar.gz").partition("-")[0]
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return Pin(package, version, file.name, digest, len(content))


@pytest.fixture
def wheel_sample(index: Path) -> Sample:
    """A wheel of the index that holds table.tsv."""
    file = index / "rated_things-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr("rated_things/table.tsv", TABLE)
        wheel.writestr(
            "rated_things-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: rated-things\nVersion: 1.0\n",
        )
        wheel.writestr(
            "rated_things-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr("rated_things-1.0.dist-info/RECORD", "")

    def unpack(archive: Path, folder: Path) -> None:
        member = "rated_things/table.tsv"
        copy_from_zip(archive, member, len(TABLE), folder / "table.tsv")

    return Sample("things", "a small table", pin_of(file), {"table.tsv": len(TABLE)}, unpack)


@pytest.fixture
def source_sample(index: Path) -> Callable[[str], Sample]:
    """A source archive of the index that holds table.tsv and a given setup.py."""

    def make(setup: str) -> Sample:
        file = index / "rated_sources-1.0.tar.gz"
        with tarfile.open(file, "w:gz") as archive:
            for name, content in (("setup.py", setup.encode()), ("table.tsv", TABLE)):
                info = tarfile.TarInfo(f"rated_sources-1.0/{name}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))

        def unpack(archive: Path, folder: Path) -> None:
            with archive.open("rb") as opened:
                table = read_from_tar(opened, "rated_sources-1.0/table.tsv", len(TABLE))
            (folder / "table.tsv").write_bytes(table)

        return Sample("sources", "a small table", pin_of(file), {"table.tsv": len(TABLE)}, unpack)

    return make
