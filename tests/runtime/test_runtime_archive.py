"""Model archives: the same bytes for the same files, and nothing unpacked that should not be."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isodag.runtime import archive
from isodag.runtime.archive import ArchiveError, Limits
from isodag.runtime.errors import ComponentError

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)
TREES = st.dictionaries(
    NAMES.filter(lambda name: name not in (".", "..") and len(name.encode()) < 200),
    st.binary(max_size=2000) | st.dictionaries(st.sampled_from("abc"), st.binary(max_size=9)),
    max_size=5,
)


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder; the bytes of the files, None for folders."""
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
    }


def member(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """One entry of an archive."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content


@pytest.fixture
def packed(tmp_path: Path) -> Callable[..., Path]:
    """Write model.tar.gz from members, as they are."""

    def write(*members: tuple[tarfile.TarInfo, bytes]) -> Path:
        path = tmp_path / "model.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            for info, content in members:
                tar.addfile(info, io.BytesIO(content))
        return path

    return write


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """An empty folder to unpack to."""
    (tmp_path / "into").mkdir()
    return tmp_path / "into"


# --- packing -----------------------------------------------------------------------------------


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30
)
@given(files=TREES)
def test_what_is_packed_unpacks_to_the_same_files(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes | dict[str, bytes]]
) -> None:
    top = tmp_path_factory.mktemp("round")
    source, back = top / "source", top / "back"
    source.mkdir()
    back.mkdir()
    for name, content in files.items():
        if isinstance(content, bytes):
            (source / name).write_bytes(content)
        else:
            (source / name).mkdir()
            for inner, data in content.items():
                (source / name / inner).write_bytes(data)
    archive.pack(source, top / "model.tar.gz")
    archive.unpack(top / "model.tar.gz", back)
    assert tree(source) == tree(back)
    assert ["back", "model.tar.gz", "source"] == sorted(path.name for path in top.iterdir())


def test_equal_files_make_equal_bytes_whenever_and_by_whomever(tmp_path: Path) -> None:
    for name, order, time in (("one", "ab", 1), ("two", "ba", 10**9)):
        folder = tmp_path / name
        (folder / "1").mkdir(parents=True)
        for file in order:
            (folder / "1" / file).write_text(file)
            os.utime(folder / "1" / file, (time, time))
        archive.pack(folder, tmp_path / f"{name}.tar.gz")
    (tmp_path / "two" / "1" / "a").chmod(0o640)
    archive.pack(tmp_path / "two", tmp_path / "three.tar.gz")
    digests = {
        hashlib.sha256((tmp_path / f"{name}.tar.gz").read_bytes()).hexdigest()
        for name in ("one", "two", "three")
    }
    assert 1 == len(digests)


def test_members_are_in_order_without_times_and_owners(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "c").write_text("x")
    (folder / "a").write_text("y")
    (folder / "a").chmod(0o711)
    archive.pack(folder, tmp_path / "model.tar.gz")
    assert bytes(4) == (tmp_path / "model.tar.gz").read_bytes()[4:8]  # gzip's own time
    with tarfile.open(tmp_path / "model.tar.gz") as tar:
        found = [(m.name, m.mode, m.mtime, m.uid, m.gid, m.uname) for m in tar.getmembers()]
    assert [
        ("a", 0o755, 0, 0, 0, ""),
        ("b", 0o755, 0, 0, 0, ""),
        ("b/c", 0o644, 0, 0, 0, ""),
    ] == found


def test_members_are_in_order_of_name_level_by_level(tmp_path: Path) -> None:
    names = ["k", "c", "x", "a", "q", "b", "z", "m", "e"]
    for name in names:
        (tmp_path / "model" / name).mkdir(parents=True)
        (tmp_path / "model" / name / "leaf").write_text("x")
    archive.pack(tmp_path / "model", tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as tar:
        assert [*sorted(names), *(f"{name}/leaf" for name in sorted(names))] == tar.getnames()


def test_what_is_no_file_is_not_packed_and_nothing_stays(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    with pytest.raises(ComponentError) as caught:
        archive.pack(folder, tmp_path / "model.tar.gz")
    assert "`pipe` is neither a file nor a folder: a model holds both only" == str(caught.value)
    assert [folder] == list(tmp_path.iterdir())


# --- unpacking ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([member("../evil", b"x")], "holds `../evil`, which would leave the folder"),
        ([member("a/../../evil", b"x")], "holds `a/../../evil`, which would leave the folder"),
        ([member("/tmp/evil", b"x")], "holds `/tmp/evil`, which would leave the folder"),
        ([member("a", type=tarfile.SYMTYPE, linkname="/etc/passwd")],
         "holds `a`, a link to elsewhere"),
        ([member("a", type=tarfile.SYMTYPE, linkname="../x")], "holds `a`, a link to elsewhere"),
        ([member("a/b", type=tarfile.SYMTYPE, linkname="../../x")],
         "holds `a/b`, a link to elsewhere"),
        ([member("a/b", type=tarfile.SYMTYPE, linkname="c/../../x")],
         "holds `a/b`, a link to elsewhere"),
        ([member("a", type=tarfile.SYMTYPE, linkname="b"), member("a/x", b"x")],
         "has `a/x` go through a link"),
        ([member("a", type=tarfile.SYMTYPE, linkname="b"), member("a", b"x")],
         "has `a` go through a link"),
        ([member("a", type=tarfile.LNKTYPE, linkname="/etc/passwd")],
         "holds `a`, a link to elsewhere"),
        ([member("a", type=tarfile.LNKTYPE, linkname="later"), member("later", b"x")],
         "holds `a`, a link to elsewhere"),
        ([member("a", type=tarfile.CHRTYPE, devmajor=1, devminor=5)],
         "holds `a`, a device or a pipe"),
        ([member("a", type=tarfile.FIFOTYPE)], "holds `a`, a device or a pipe"),
        ([member("a", b"x"), member("a/b", b"x")], "is damaged, or not a tar archive"),
        ([member("d", type=tarfile.DIRTYPE), member("d", type=tarfile.SYMTYPE, linkname="x")],
         "is damaged, or not a tar archive"),
        ([member("n" * 300, b"x")], "is damaged, or not a tar archive"),
    ],
)  # fmt: skip
def test_a_member_that_would_do_harm_is_refused(
    packed: Callable[..., Path], into: Path, tmp_path: Path,
    members: list[tuple[tarfile.TarInfo, bytes]], message: str,
) -> None:  # fmt: skip
    path = packed(*members)
    with pytest.raises(ArchiveError) as caught:
        archive.unpack(path, into)
    assert f"`model.tar.gz` {message}" == str(caught.value)
    assert ["into", "model.tar.gz"] == sorted(path.name for path in tmp_path.iterdir())


def test_links_within_the_archive_are_kept(packed: Callable[..., Path], into: Path) -> None:
    path = packed(
        member("blobs/1", b"weights"),
        member("model/weights", type=tarfile.SYMTYPE, linkname="../blobs/1"),
        member("model/copy", type=tarfile.LNKTYPE, linkname="blobs/1"),
    )
    archive.unpack(path, into)
    assert b"weights" == (into / "model" / "weights").read_bytes()
    assert b"weights" == (into / "model" / "copy").read_bytes()


def test_bombs_are_capped_by_size_and_by_count(packed: Callable[..., Path], into: Path) -> None:
    path = packed(member("a", b"x" * 60), member("b", b"x" * 60))
    with pytest.raises(ArchiveError) as caught:
        archive.unpack(path, into, allowed=Limits(bytes=100))
    assert (
        "`model.tar.gz` unpacks to more than 100 bytes: set $ISODAG_UNPACK_LIMIT to allow more"
    ) == str(caught.value)
    with pytest.raises(ArchiveError) as caught:
        archive.unpack(path, into, allowed=Limits(members=1))
    assert "`model.tar.gz` holds more than 1 members" == str(caught.value)


def test_a_member_larger_than_the_disk_is_refused_before_it_is_written(
    tmp_path: Path, into: Path
) -> None:
    info = tarfile.TarInfo("a")
    info.size = 2**59
    (tmp_path / "model.tar.gz").write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT)))
    with pytest.raises(ArchiveError) as caught:
        archive.unpack(tmp_path / "model.tar.gz", into, allowed=Limits(bytes=2**60))
    assert str(caught.value).startswith(
        f"`model.tar.gz` needs 576460752303423488 bytes at {into}, "
    )
    assert {} == tree(into)


def test_the_limit_is_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Limits(64 * 2**30, 100_000) == archive.limits()
    monkeypatch.setenv("ISODAG_UNPACK_LIMIT", "5")
    assert Limits(5, 100_000) == archive.limits()
    monkeypatch.setenv("ISODAG_UNPACK_LIMIT", "5 GB")
    with pytest.raises(ArchiveError) as caught:
        archive.limits()
    assert "$ISODAG_UNPACK_LIMIT is `5 GB`: write a number of bytes" == str(caught.value)


def damaged(good: bytes) -> dict[str, bytes]:
    """What may become of an archive on its way."""
    plain = gzip.decompress(good)
    return {
        "empty": b"",
        "text": b"not an archive at all" * 100,
        "cut": good[: len(good) // 2],
        "checksum": good[:-8] + b"\0\0\0\0" + good[-4:],
        "second header": gzip.compress(plain[:1024] + b"\xff" * 512 + plain[1536:]),
        "tail": gzip.compress(plain + b"tail"),
        "huge header": gzip.compress(
            tarfile.TarInfo.create_pax_global_header({"comment": "x" * 300_000}) + plain
        ),
        "many headers": gzip.compress(
            tarfile.TarInfo.create_pax_global_header({"comment": "x"}) * 3000 + plain
        ),
    }


@pytest.mark.parametrize(
    "how",
    ["empty", "text", "cut", "checksum", "second header", "tail", "huge header", "many headers"],
)
def test_a_damaged_archive_is_told(packed: Callable[..., Path], into: Path, how: str) -> None:
    path = packed(member("a", os.urandom(400)), member("b", os.urandom(4000)))
    path.write_bytes(damaged(path.read_bytes())[how])
    with pytest.raises(ArchiveError) as caught:
        archive.unpack(path, into)
    assert "`model.tar.gz` is damaged, or not a tar archive" == str(caught.value)


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)
@given(at=st.integers(0, 2559), value=st.integers(0, 255))
def test_a_changed_byte_never_harms(
    packed: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory, at: int, value: int
) -> None:
    path = packed(
        member("dir/a", b"a" * 600),
        member("l", type=tarfile.SYMTYPE, linkname="dir/a"),
    )
    data = bytearray(gzip.decompress(path.read_bytes()))
    data[at] = value
    path.write_bytes(gzip.compress(bytes(data), 1))
    top = tmp_path_factory.mktemp("changed")
    (top / "into").mkdir()
    try:
        archive.unpack(path, top / "into")
    except ArchiveError as error:
        assert "\n" not in str(error)
    assert [top / "into"] == list(top.iterdir())


def test_a_plain_tar_is_read_too(tmp_path: Path, into: Path) -> None:
    with tarfile.open(tmp_path / "model.tar.gz", "w") as tar:
        info, content = member("./a", b"x")
        tar.addfile(tarfile.TarInfo("./"), None)
        tar.addfile(info, io.BytesIO(content))
    archive.unpack(tmp_path / "model.tar.gz", into)
    assert {"a": b"x"} == tree(into)


def test_one_member_alone(packed: Callable[..., Path], into: Path) -> None:
    path = packed(
        member("report", type=tarfile.DIRTYPE),
        member("report/a", b"x"),
        member("./notes/b", b"y"),
        member("reports", b"z"),
        member("evil", type=tarfile.FIFOTYPE),
    )
    archive.unpack(path, into, "report")
    assert {"report": None, "report/a": b"x"} == tree(into)
    archive.unpack(path, into, "notes/b")
    assert b"y" == (into / "notes" / "b").read_bytes()
    with pytest.raises(ArchiveError) as caught:
        archive.unpack(path, into, "rep")
    assert ("`model.tar.gz` holds no `rep`: it holds `report`, `notes`, `reports`, `evil`") == str(
        caught.value
    )
