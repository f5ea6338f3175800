"""Archives: one named plain file comes out, and whatever else they hold does nothing."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from isodag.samples.archives import BadArchive, copy_from_zip, read_from_tar


def tar_of(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for info, content in entries:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(BadArchive) as caught:
        action()
    return str(caught.value)


def test_the_named_member_of_a_tar_comes_out() -> None:
    content = tar_of((entry("../../evil"), b"evil"), (entry("a/b"), b"wanted"))
    assert b"wanted" == read_from_tar(io.BytesIO(content), "a/b", 6)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_link_or_device_in_a_tar_is_refused(kind: bytes) -> None:
    content = tar_of((entry("a/b", kind, "/etc/passwd"), b""))
    message = refusal(lambda: read_from_tar(io.BytesIO(content), "a/b", 0))
    assert "`a/b` is not a plain file" == message


def test_a_tar_member_of_another_size_is_refused() -> None:
    content = tar_of((entry("a/b"), b"longer"))
    message = refusal(lambda: read_from_tar(io.BytesIO(content), "a/b", 3))
    assert "`a/b` has 6 bytes instead of 3" == message


def test_a_tar_without_the_member_is_refused() -> None:
    content = tar_of((entry("./a/b"), b"x"))
    assert "it has no `a/b`" == refusal(lambda: read_from_tar(io.BytesIO(content), "a/b", 1))


@pytest.mark.parametrize("length", range(0, 120, 7))
def test_a_cut_tar_is_refused(length: int) -> None:
    whole = tar_of((entry("a/b"), bytes(range(256))))
    with pytest.raises(BadArchive):
        read_from_tar(io.BytesIO(whole[:length]), "a/b", 256)


def zip_of(path: Path, name: str, content: bytes, mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../evil", b"evil")
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


def test_the_named_member_of_a_zip_comes_out(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.whl", "a/b", b"wanted", stat.S_IFREG | 0o644)
    copy_from_zip(archive, "a/b", 6, tmp_path / "out")
    assert b"wanted" == (tmp_path / "out").read_bytes()
    assert ["a.whl", "out"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.whl", "a/b", b"/etc/passwd", stat.S_IFLNK | 0o777)
    message = refusal(lambda: copy_from_zip(archive, "a/b", 11, tmp_path / "out"))
    assert "`a/b` in a.whl is not a plain file" == message
    assert not (tmp_path / "out").exists()


def test_a_zip_member_that_grows_is_stopped_at_its_size(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.whl", "a/b", b"0" * 50_000_000)
    message = refusal(lambda: copy_from_zip(archive, "a/b", 100, tmp_path / "out"))
    assert "`a/b` has more than 100 bytes" == message
    assert (tmp_path / "out").stat().st_size <= 100


def test_a_zip_member_that_is_short_is_refused(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.whl", "a/b", b"abc")
    message = refusal(lambda: copy_from_zip(archive, "a/b", 100, tmp_path / "out"))
    assert "`a/b` ends after 3 of 100 bytes" == message


def test_a_zip_without_the_member_is_refused(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.whl", "a/b", b"abc")
    message = refusal(lambda: copy_from_zip(archive, "b", 3, tmp_path / "out"))
    assert "a.whl has no `b`" == message


def test_what_is_not_a_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"<html>")
    message = refusal(lambda: copy_from_zip(tmp_path / "a.whl", "b", 3, tmp_path / "out"))
    assert "a.whl is not a readable zip: File is not a zip file" == message
