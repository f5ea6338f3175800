"""Where components are looked for, and which version is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from isodag import spec
from isodag.component import Component
from isodag.diagnostics import Diagnostic
from isodag.frontend.syntax import Word
from isodag.library import Library, folders_for, satisfies
from isodag.source import Span

HERE = Span("dag.yaml", 1, 1, 1, 1)
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Writes a component: folder, version, further text of the spec."""
    monkeypatch.chdir(tmp_path)

    def write(path: str, version: str = "1.0.0", file: str = "component.yaml") -> Path:
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(
            f'name: {folder.name}\nmetadata: {{annotations: {{version: "{version}"}}}}\n'
            "implementation: {container: {image: i, command: [c]}}\n"
        )
        return folder

    return write


def found(library: Library, reference: str) -> tuple[str, str] | list[str]:
    """Folder and version of a component, or what is wrong."""
    component, problems = library.find(Word(reference, HERE))
    if component is None:
        return [f"{item.code} {item.message}" for item in problems]
    return Path(component.folder).relative_to(Path.cwd()).as_posix(), component.version


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("1.2.3", "1", True), ("1.2.3", "1.2", True), ("1.2.3", "1.2.3", True),
        ("1.2.3", "2", False), ("1.2.3", "1.3", False), ("1.2.3", "1.2.4", False),
        ("11.2.3", "1", False), ("1.20.3", "1.2", False), ("1.2.3-rc.1", "1.2.3", True),
    ],
)  # fmt: skip
def test_a_version_is_within_another(version: str, wanted: str, fits: bool) -> None:
    assert fits == satisfies(version, wanted)


def test_the_first_folder_whose_version_fits_wins(make: Make) -> None:
    make("a/one", "2.0.0")
    make("b/one", "1.5.0")
    make("b/two", "1.0.0")
    library = Library(Path(), (Path("a"), Path("b"), Path("missing")))
    assert ("a/one", "2.0.0") == found(library, "one")
    assert ("a/one", "2.0.0") == found(library, "one@2")
    assert ("b/one", "1.5.0") == found(library, "one@1")
    assert ("b/one", "1.5.0") == found(library, "one@1.5")
    assert ("b/two", "1.0.0") == found(library, "two@1.0.0")
    assert ["one", "two"] == library.names()


def test_what_cannot_be_had_says_why(make: Make) -> None:
    make("a/prepare", "2.0.0")
    make("a/broken", "one")
    library = Library(Path(), (Path("a"),))
    for reference, said in {
        "prepar": ["E207 there is no component `prepar`"],
        "prepare@1": ["E208 there is no `prepare` 1 here"],
        "prepare@latest": ["E208 `@latest` is not a version"],
        "prepare@": ["E208 `@` is not a version"],
        "prepare@1.2.3.4": ["E208 `@1.2.3.4` is not a version"],
        "prepare@1 ": ["E208 `@1 ` is not a version"],
        "": ["E207 `` names no component"],
        "a b": ["E207 `a b` names no component"],
        "a/prepare": ["E207 there is no component `a/prepare`"],
        "../a": ["E207 there is no component at `../a`"],
        "./a": ["E207 `./a` has no component.yaml in it"],
        "./none.yaml": ["E207 there is no component at `./none.yaml`"],
        "x" * 300: [f"E207 there is no component `{'x' * 300}`"],
        "./" + "x" * 5000: ["E207 there is no component at `./" + "x" * 970],
        "./a\0b": ["E207 there is no component at `./a\ufffdb`"],
        "broken": ["E708 version `one` is not MAJOR.MINOR.PATCH"],
    }.items():
        told = found(library, reference)
        assert said == [str(line)[:1000] for line in told] or told[0].startswith(said[0])


def test_a_folder_or_a_file_is_named_from_the_definition_s_own_folder(make: Make) -> None:
    make("project/mine", "1.0.0")
    make("project/files", "3.0.0", "my_tool.yaml")
    library = Library(Path("project"), ())
    assert ("project/mine", "1.0.0") == found(library, "./mine")
    assert ("project/mine", "1.0.0") == found(library, "./mine/component.yaml")
    assert ("project/files", "3.0.0") == found(library, "./files/my_tool.yaml")
    assert ("project/mine", "1.0.0") == found(library, "../project/mine")


def test_a_component_is_called_as_its_folder_or_its_file(make: Make) -> None:
    make("mine")
    make("files", file="my_tool.yaml")
    library = Library(Path(), (Path(),))
    references = ("mine", "./mine", "./mine/component.yaml", "./files/my_tool.yaml")
    components = [library.find(Word(reference, HERE))[0] for reference in references]
    assert ["mine", "mine", "mine", "my_tool"] == [c.name for c in components if c is not None]


def test_folders_are_searched_in_this_order(make: Make) -> None:
    make("components/one")
    make("project/components/two")
    make("extra/three")
    built_in = folders_for(Path("/"))[-1]
    assert (Path("components"), built_in) == folders_for(Path("project").parent)
    assert (Path("project/components"), built_in) == folders_for(Path("project/definitions/deep"))
    found = folders_for(Path("project"), ["extra", "project/components"])
    assert (Path("extra"), Path("project/components"), built_in) == found


def test_a_component_is_read_once(make: Make) -> None:
    make("a/one")
    library = Library(Path(), (Path("a"),))
    first, _ = library.find(Word("one", HERE))
    (Path("a") / "one" / "component.yaml").write_text("broken: [")
    assert first is library.find(Word("one@1", HERE))[0]


# --- digests ---------------------------------------------------------------------------------


def digest(folder: Path) -> str:
    component, problems = spec.read_folder(folder, {})
    assert component is not None, problems
    return component.digest


def test_a_digest_follows_every_source_file_and_nothing_else(make: Make) -> None:
    folder = make("one")
    seen = [digest(folder)]
    for name, text in (("main.py", "a"), ("main.py", "b"), ("deep/er.py", "b"), ("er.py", "b")):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        seen.append(digest(folder))
    assert len(seen) == len(set(seen))
    for name in ("__pycache__/main.pyc", ".git/x", "main.py~", ".DS_Store"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
        assert seen[-1] == digest(folder)


def test_a_digest_is_that_of_the_files_not_of_their_place(make: Make) -> None:
    assert digest(make("here/one")) == digest(make("there/one"))


def test_what_is_no_file_is_passed_over(make: Make) -> None:
    folder = make("one")
    before = digest(folder)
    (folder / "gone").symlink_to("nowhere")
    (folder / "loop").symlink_to(".")
    assert before == digest(folder)


def test_a_single_spec_file_stands_for_itself(make: Make) -> None:
    folder = make("one", file="tool.yaml")

    def read() -> Component | None:
        component, problems = spec.read_file(folder / "tool.yaml", "tool", {})
        assert problems == list[Diagnostic]()
        return component

    before = read()
    (folder / "other.py").write_text("x")
    assert before is not None and before == read()
