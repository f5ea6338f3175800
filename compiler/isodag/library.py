"""Folders of components: a reference as a DAG file writes it in, a Component out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from isodag import project, spec
from isodag.component import Component
from isodag.diagnostics import Diagnostic, Related, did_you_mean, suggest
from isodag.frontend.files import neighbour
from isodag.frontend.syntax import Word
from isodag.source import Source, Span

BUILT_IN = Path(__file__).parent / "components"
_REFERENCE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_./-]*?)(?:@(.*))?")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,2}")


_Read = tuple[Component | None, list[Diagnostic], dict[str, Source]]


@dataclass
class Shelf:
    """The components read so far, by spec and name: several DAG files may share one shelf.

    What changes on disk after it was read is not noticed.
    """

    _read: dict[tuple[Path, str], _Read] = field(default_factory=dict)

    def take(self, path: Path, name: str) -> _Read:
        """The component in a spec file as `spec.read_file` gives it, and the text of its files."""
        if (path, name) not in self._read:
            sources: dict[str, Source] = {}
            self._read[path, name] = (*spec.read_file(path, name, sources), sources)
        return self._read[path, name]


@dataclass
class Library:
    """Components found in folders, first folder first; each is read once, when it is asked for.

    base     the folder of the DAG file, for `./` references
    folders  folders whose sub-folders are components
    sources  gets the text of the files read, for the messages
    call     gives the component that a pipeline's file is, named so; None: there are none
    """

    base: Path
    folders: tuple[Path, ...]
    sources: dict[str, Source] = field(default_factory=dict)
    shelf: Shelf = field(default_factory=Shelf)
    call: Callable[[Path, Word], tuple[Component | None, list[Diagnostic]]] | None = None

    def find(self, reference: Word) -> tuple[Component | None, list[Diagnostic]]:
        """The component that a reference names, or why there is none (E207, E208, E7xx)."""
        text = reference.text
        if text.startswith(("./", "../", "/")):
            return self._at_path(reference)
        match = _REFERENCE.fullmatch(text)
        if match is None:
            help = self._spelt(text) or "write name, name@1, name@1.2 or ./folder"
            return None, [Diagnostic("E207", f"`{text}` names no component", reference.span, help)]
        name, version = match[1], match[2]
        if version is not None and not _VERSION.fullmatch(version):
            if not any(self._versions(name)):
                return self._by_name(reference, name, None)
            known = [component.version for component in self._versions(name)]
            help = f"name a version, as {name}@{known[0].partition('.')[0] if known else '1'}"
            message = f"`@{version}` is not a version"
            return None, [Diagnostic("E208", message, _version_of(reference, name), help)]
        return self._by_name(reference, name, version)

    def names(self) -> list[str]:
        """The name of every component in the folders, sorted."""
        found = set()
        for folder in self.folders:
            if folder.is_dir():
                found |= {path.parent.name for path in folder.glob("*/component.yaml")}
        return sorted(found)

    def _by_name(
        self, reference: Word, name: str, version: str | None
    ) -> tuple[Component | None, list[Diagnostic]]:
        others, told = [], []
        for folder in self.folders:
            path = folder / name / "component.yaml"
            if "/" in name or not os.path.isfile(path):
                continue
            component, problems = self._load(path, name)
            if component is None:
                return None, problems
            if version is None or satisfies(component.version, version):
                return component, problems
            others.append(component)
            told += problems  # a version that is misspelt is the reason
        if others:
            found = ", ".join(f"{o.version} in {Path(o.span.path).parent}" for o in others)
            message = f"there is no `{name}` {version} here"
            place = _version_of(reference, name)
            return None, [Diagnostic("E208", message, place, f"found: {found}"), *told]
        help = did_you_mean(name, self.names(), "component")
        bare = next(
            (folder / name for folder in self.folders if os.path.isdir(folder / name)), None
        )
        if bare is not None and "/" not in name:
            message = f"`{bare}` has no component.yaml in it"
            return None, [Diagnostic("E207", message, reference.span, _inside(bare, name))]
        if (file := self._file(name)) is not None:
            help = f"a path starts with a dot: write ./{file}"
        message = f"there is no component `{name}`"
        return None, [Diagnostic("E207", message, reference.span, help)]

    def _file(self, name: str) -> str | None:
        """The path that a name without a dot before it stands for, if there is such a file."""
        if "/" in name or name.endswith((".yaml", ".yml")):
            return name if os.path.exists(self.base / name) else None
        return f"{name}.yaml" if os.path.isfile(self.base / f"{name}.yaml") else None

    def _spelt(self, text: str) -> str | None:
        """The help for a reference written as other tools write one, `name:1` or `Its title`."""
        if len(text) > 200:
            return None
        parts = re.fullmatch(r"([\w -]+?)\s*(?:[:@=~^<>]+\s*v?([0-9][0-9.]*))?", text)
        near = suggest(re.sub(r"\s+", "_", parts[1]), self.names()) if parts else None
        if parts is None or near is None:
            return None
        version = f"@{parts[2]}" if parts[2] and _VERSION.fullmatch(parts[2]) else ""
        return f"did you mean `{near}{version}`?"

    def _at_path(self, reference: Word) -> tuple[Component | None, list[Diagnostic]]:
        path = _plain(self.base / reference.text)
        if os.path.isdir(path):
            path = path / "component.yaml"
        if not os.path.isfile(path):
            message = f"there is no component at `{reference.text}`"
            help = "name a folder with a component.yaml in it, a spec file, or a pipeline"
            bare = reference.text.rpartition("@")[0]
            if path.name == "component.yaml" and os.path.isdir(path.parent):
                message = f"`{reference.text}` has no component.yaml in it"
                help = _inside(path.parent, reference.text) or help
            elif bare and os.path.exists(self.base / bare):
                help = f"a path takes no version: write {bare}"
            elif near := neighbour(self.base / reference.text):
                # a file's ending alone makes no two names alike
                near_too = suggest(Path(reference.text).stem, [near.stem])
                help = f"did you mean `{near}`?" if near_too else help
            return None, [Diagnostic("E207", message, reference.span, help)]
        own = path.name in spec.SPEC_NAMES
        kind = "component" if own or self.call is None else project.kind_of_file(path)
        if kind == "definition" and self.call is not None:
            return self.call(path, reference)
        component, problems = self._load(path, path.resolve().parent.name if own else path.stem)
        if [item.code for item in problems] == ["E112"]:  # the file may be right: the call is not
            message = f"`{reference.text}`: {problems[0].message}"
            related = (Related("it says so here", problems[0].span),)
            help = "name a component, or a file with `kind: Pipeline`"
            return None, [Diagnostic("E207", message, reference.span, help, related)]
        return component, problems

    def _versions(self, name: str) -> Iterable[Component]:
        for folder in self.folders:
            path = folder / name / "component.yaml"
            if os.path.isfile(path):
                component, _ = self._load(path, name)
                if component is not None:
                    yield component

    def _load(self, path: Path, name: str) -> tuple[Component | None, list[Diagnostic]]:
        component, problems, sources = self.shelf.take(path, name)
        self.sources |= sources
        return component, problems


def _inside(folder: Path, text: str) -> str | None:
    """The help where a folder holds a spec of another name, or components in folders of theirs."""
    try:
        names = sorted(item.name for item in folder.iterdir())[:1000]
    except OSError:
        return None
    if "pipeline.yaml" in names:
        return f"name the pipeline in it: {text.rstrip('/')}/pipeline.yaml"
    specs = [name for name in names if name in spec.SPEC_NAMES or suggest(name, ["component.yaml"])]
    inner = [name for name in names if os.path.isfile(folder / name / "component.yaml")]
    if specs:
        return f"found `{specs[0]}`: rename it to component.yaml"
    return f"name one in it, as {text.rstrip('/')}/{inner[0]}" if inner else None


def _version_of(reference: Word, name: str) -> Span:
    """Where the `@1` of a reference stands; the whole reference where it is quoted or folded."""
    span = reference.span
    quotes = span.end_column - span.column - len(reference.text)
    if span.line != span.end_line or quotes not in (0, 2):
        return span
    start, end = span.column + quotes // 2 + len(name), span.end_column - quotes // 2
    return span._replace(column=start, end_column=end) if start < end else span


def satisfies(version: str, wanted: str) -> bool:
    """Whether `1.2.3` is within `1`, `1.2` or `1.2.3`."""
    parts = wanted.split(".")
    return version.split("-")[0].split(".")[: len(parts)] == parts


def folders_for(base: Path, extra: Iterable[str] = ()) -> tuple[Path, ...]:
    """Where components are looked for: `extra`, the nearest `components/` upwards, the built-in."""
    found = [Path(folder) for folder in extra]
    for folder in (base.absolute(), *base.absolute().parents):
        if (folder / "components").is_dir():
            found.append(folder / "components")
            break
    return tuple(dict.fromkeys(_near(folder) for folder in [*found, BUILT_IN]))


def _plain(path: Path) -> Path:
    """A path without `..` where that is the same file: one file must not have two names."""
    plain = Path(os.path.normpath(path))
    try:
        return _near(plain) if os.path.samefile(path, plain) else path
    except (OSError, ValueError):  # no such file; no path at all
        return path


def _near(folder: Path) -> Path:
    """A folder below the working folder by its short path, as messages show it."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
