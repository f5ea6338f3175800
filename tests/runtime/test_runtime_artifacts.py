"""Input and output artifacts on any platform: what may be named, what the function finds."""

from __future__ import annotations

import io
import os
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
Write = Callable[[str, str, str], Path]

# tells what it was given: kind and content
LOOK_SPEC = """
inputs:
- {name: thing, type: %s, optional: true}
outputs:
- {name: what, type: String}
"""
LOOK_CODE = """
def look(thing):
    if thing is None:
        return {"what": "nothing"}
    if thing.is_file():
        return {"what": "file: " + thing.read_text()}
    names = sorted(p.relative_to(thing).as_posix() for p in thing.rglob("*") if p.is_file())
    return {"what": "folder: " + " ".join(names)}
"""
MAKE_SPEC = """
outputs:
- {name: made, type: %s}
"""


@pytest.fixture
def look(component: Write, call: Call, tmp_path: Path) -> Callable[[str, str], str]:
    """What a component sees where an artifact of a type is at a place."""

    def see(type_name: str, text: str) -> str:
        component("look", LOOK_SPEC % type_name, LOOK_CODE)
        ended = call("look", "--thing", text, "--what", str(tmp_path / "what"))
        seen = (tmp_path / "what").read_text() if ended.status == 0 else ended.err
        return f"{ended.status}: {seen}"

    return see


@pytest.fixture
def make(component: Write, call: Call) -> Callable[..., Any]:
    """Run a component `make` with one output `made`, its body given."""

    def build(type_name: str, body: str, *argv: str) -> Any:
        body = "\n".join("    " + line for line in body.splitlines())
        imports = "import os, json\nfrom pathlib import Path\n"
        component("make", MAKE_SPEC % type_name, f"{imports}def make(made):\n{body}\n")
        return call("make", "--made", *argv or ["made"])

    return build


def tar(path: Path, **files: str) -> None:
    """Write an archive of small files; `__` in a name stands for `/`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))


# --- inputs ------------------------------------------------------------------------------------


def test_files_and_folders_arrive_as_they_are(look: Call, tmp_path: Path) -> None:
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "sub" / "a").write_text("x")
    assert "0: folder: sub/a" == look("Dataset", "data")


def test_a_missing_optional_artifact_is_none(component: Write, call: Call, tmp_path: Path) -> None:
    component("look", LOOK_SPEC % "Model", LOOK_CODE)
    assert 0 == call("look", "--what", "what").status
    assert "nothing" == (tmp_path / "what").read_text()


@pytest.mark.parametrize("place", ["model.tar.gz", "folder", "mine.tgz"])
def test_a_model_is_unpacked_wherever_its_archive_lies(
    look: Call, tmp_path: Path, place: str
) -> None:
    path = tmp_path / place
    tar(path / "model.tar.gz" if place == "folder" else path, **{"1__weights": "w", "labels": "l"})
    assert "0: folder: 1/weights labels" == look("Model", place)


def test_only_a_model_is_unpacked(look: Call, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    tar(tmp_path / "data" / "model.tar.gz", a="x")
    assert "0: folder: model.tar.gz" == look("Artifact", "data")


def test_a_model_folder_with_more_than_an_archive_is_a_folder(look: Call, tmp_path: Path) -> None:
    tar(tmp_path / "model" / "model.tar.gz", a="x")
    (tmp_path / "model" / "b").write_text("y")
    assert "0: folder: b model.tar.gz" == look("Model", "model")


def test_a_member_of_output_tar_gz_is_named_like_a_path(look: Call, tmp_path: Path) -> None:
    tar(tmp_path / "in" / "output.tar.gz", report__a="x", log="y")
    assert "0: folder: a" == look("Dataset", "in/output.tar.gz/report")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("in/output.tar.gz/log", "0: file: y"),
        ("in/output.tar.gz/none",
         "1: error: `--thing`: `output.tar.gz` holds no `none`: it holds `report`, `log`\n"),
        ("in/output.tar.gz/../x",
         "1: error: `--thing`: `output.tar.gz` holds no `../x`: it holds `report`, `log`\n"),
        ("no/output.tar.gz/log",
         "2: error: `--thing`: there is no file or folder `no/output.tar.gz/log`\n"),
        ("", "2: error: `--thing`: `` is not a path\n"),
    ],
)  # fmt: skip
def test_members_and_what_is_none(look: Call, tmp_path: Path, place: str, message: str) -> None:
    tar(tmp_path / "in" / "output.tar.gz", report__a="x", log="y")
    assert message == look("Dataset", place)


def test_a_model_that_would_leave_its_folder_ends_the_run(look: Call, tmp_path: Path) -> None:
    tar(tmp_path / "model.tar.gz", **{"..__evil": "x"})
    assert (
        "1: error: `--thing`: `model.tar.gz` holds `../evil`, which would leave the folder\n"
    ) == look("Model", "model.tar.gz")


def test_unpacked_models_are_removed_at_the_end(
    look: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    tar(tmp_path / "model.tar.gz", a="x")
    assert "0: folder: a" == look("Model", "model.tar.gz")
    assert [] == list((tmp_path / "tmp").iterdir())


# --- the hub -----------------------------------------------------------------------------------

HUB = """
import pathlib
def snapshot_download(repo, revision=None):
    if repo == "org/gone":
        raise OSError("no network\\nsecond line")
    folder = pathlib.Path("snapshot")
    folder.mkdir()
    (folder / f"{repo.replace('/', '-')}@{revision}").write_text("x")
    return str(folder)
"""


@pytest.mark.parametrize(
    ("type_name", "place", "message"),
    [
        ("Model", "hf://org/name", "0: folder: org-name@None"),
        ("Model", "hf://org/name@v1.0", "0: folder: org-name@v1.0"),
        ("Model", "hf://org/gone",
         "1: error: `--thing`: cannot fetch `hf://org/gone`: OSError: no network\n"),
        ("Model", "hf://a/b/c",
         "2: error: `--thing`: `hf://a/b/c` is not hf://org/name or hf://org/name@revision\n"),
        ("Dataset", "hf://org/name",
         "2: error: `--thing`: `hf://org/name` is a model, and `thing` a Dataset\n"),
    ],
)  # fmt: skip
def test_models_come_from_the_hub(
    look: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    type_name: str, place: str, message: str,
) -> None:  # fmt: skip
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "huggingface_hub.py").write_text(HUB)
    monkeypatch.delitem(sys.modules, "huggingface_hub", raising=False)
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert message == look(type_name, place)


def test_the_hub_needs_its_package(look: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert (
        "1: error: `--thing`: `hf://org/name` needs the package huggingface_hub: install it\n"
    ) == look("Model", "hf://org/name")


# --- outputs -----------------------------------------------------------------------------------


def test_an_output_keeps_its_name_while_it_is_written(make: Call, tmp_path: Path) -> None:
    assert (0, "", "") == make("Dataset", "made.write_text(made.name)", "deep/rows.csv.gz")
    assert "rows.csv.gz" == (tmp_path / "deep" / "rows.csv.gz").read_text()
    assert ["rows.csv.gz"] == os.listdir(tmp_path / "deep")


@pytest.mark.parametrize(
    ("type_name", "body"),
    [
        ("Dataset", "pass"),
        ("Dataset", "made.mkdir()"),
        ("Model", "pass"),
        ("Model", "made.rmdir()"),
    ],
)
def test_an_output_that_was_not_written_is_an_error(
    make: Call, tmp_path: Path, type_name: str, body: str
) -> None:
    assert (1, "", "error: `make` wrote nothing to output `made`\n") == make(type_name, body)
    assert ["components"] == os.listdir(tmp_path)


def test_a_failure_leaves_no_output(make: Call, tmp_path: Path) -> None:
    body = "made.write_text('half')\nraise ValueError('no more')"
    assert (1, "", "error: ValueError: no more\n") == make("Dataset", body)
    assert ["components"] == os.listdir(tmp_path)


def test_an_old_file_is_replaced_by_file_or_folder(make: Call, tmp_path: Path) -> None:
    (tmp_path / "made").write_text("old")
    body = "made.mkdir()\n(made / 'a').write_text('new')"
    assert (0, "", "") == make("Dataset", body)
    assert "new" == (tmp_path / "made" / "a").read_text()


def test_an_old_file_survives_a_failure(make: Call, tmp_path: Path) -> None:
    (tmp_path / "made").write_text("old")
    assert 1 == make("Dataset", "made.write_text('new')\nraise ValueError").status
    assert "old" == (tmp_path / "made").read_text()


def test_an_empty_folder_may_be_written_to(make: Call, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    assert (0, "", "") == make("Model", "(made / 'a').write_text('x')")
    assert "x" == (tmp_path / "made" / "a").read_text()


def test_a_file_may_take_the_place_of_an_empty_folder(make: Call, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    assert (0, "", "") == make("Dataset", "made.write_text('x')")
    assert "x" == (tmp_path / "made").read_text()


def test_what_a_killed_run_left_is_not_mixed_in(make: Call, tmp_path: Path) -> None:
    left = tmp_path / f".made.{os.getpid()}.part" / "made"
    left.mkdir(parents=True)
    (left / "old").write_text("x")
    assert (0, "", "") == make("Model", "(made / 'new').write_text('x')")
    assert ["new"] == os.listdir(tmp_path / "made")
    assert ["components", "made"] == sorted(os.listdir(tmp_path))


def test_links_to_files_become_files(make: Call, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("weights")
    body = f"(made / 'weights').symlink_to({str(tmp_path / 'cache')!r})"
    assert (0, "", "") == make("Model", body)
    assert not (tmp_path / "made" / "weights").is_symlink()
    assert "weights" == (tmp_path / "made" / "weights").read_text()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("(made / 'a').symlink_to('/nowhere')", "has at `a` a link to nothing"),
        ("(made / 'a').symlink_to('/tmp')", "has at `a` a link to a folder"),
        ("made.rmdir()\nmade.symlink_to('/tmp')", "has at its place a link to a folder"),
    ],
)
def test_other_links_are_refused(make: Call, tmp_path: Path, body: str, message: str) -> None:
    assert (1, "", f"error: output `made` {message}: copy it\n") == make("Model", body)
    assert ["components"] == os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("type_name", "written", "message"),
    [
        ("Metrics", '{"a": 1, "b": 0.5}', None),
        ("Metrics", '{"a": true}', "an object of names and finite numbers"),
        ("Metrics", '{"a": NaN}', "an object of names and finite numbers"),
        ("Metrics", "[1]", "an object of names and finite numbers"),
        ("Metrics", "no", "an object of names and finite numbers"),
        ("ClassificationMetrics", '{"confusionMatrix": {}}', None),
        ("ClassificationMetrics", "[]", "an object of KFP's metadata"),
    ],
)
def test_metrics_are_kfp_metadata_on_every_platform(
    make: Call, type_name: str, written: str, message: str | None
) -> None:
    line = f"error: output `made` is {type_name}: one JSON file, {message}\n"
    expected = (1, "", line) if message else (0, "", "")
    assert expected == make(type_name, f"made.write_text({written!r})")


def test_a_full_disk_is_told_plainly(make: Call, tmp_path: Path) -> None:
    body = "with open('/dev/full', 'w') as file:\n    file.write('x')"
    assert (
        1, "", "error: the disk is full: free some space or ask for a larger volume\n",
    ) == make("Dataset", body)  # fmt: skip


def test_an_output_needs_a_path(make: Call) -> None:
    assert (2, "", "error: `--made`: `` is not a path\n") == make("Dataset", "pass", "")
