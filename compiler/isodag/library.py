"""Folders of components: a reference as a DAG file writes it in, a Component out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from isodag import spec
from isodag.component import Component
from isodag.diagnostics import Diagnostic, did_you_mean
from isodag.frontend.nodes import neighbour
from isodag.frontend.syntax import Word
from isodag.source import Source, Span

BUILT_IN = Path(__file__).parent / "components"
_REFERENCE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_./-]*?)(?:@(.*))?")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,2}")


@dataclass
class Library:
    """Components found in folders, first folder first; each is read once, when it is asked for.

    base     the folder of the DAG file, for `./` references
    folders  folders whose sub-folders are components
    """

    base: Path
    folders: tuple[Path, ...]
    sources: dict[str, Source] = field(default_factory=dict)
    _read: dict[Path, tuple[Component | None, list[Diagnostic]]] = field(default_factory=dict)

    def find(self, reference: Word) -> tuple[Component | None, list[Diagnostic]]:
        """The component that a reference names, or why there is none (E207, E208, E7xx)."""
        text = reference.text
        if text.startswith(("./", "../", "/")):
            return self._at_path(reference)
        match = _REFERENCE.fullmatch(text)
        if match is None:
            help = "write name, name@1, name@1.2 or ./folder"
            return None, [Diagnostic("E207", f"`{text}` names no component", reference.span, help)]
        name, version = match[1], match[2]
        if version is not None and not _VERSION.fullmatch(version):
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
        others = []
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
        if others:
            found = ", ".join(f"{o.version} in {Path(o.span.path).parent}" for o in others)
            message = f"there is no `{name}` {version} here"
            place = _version_of(reference, name)
            return None, [Diagnostic("E208", message, place, f"found: {found}")]
        help = did_you_mean(name, self.names(), "component")
        message = f"there is no component `{name}`"
        return None, [Diagnostic("E207", message, reference.span, help)]

    def _at_path(self, reference: Word) -> tuple[Component | None, list[Diagnostic]]:
        path = self.base / reference.text
        if os.path.isdir(path):
            path = path / "component.yaml"
        if not os.path.isfile(path):
            message = f"there is no component at `{reference.text}`"
            help = "name a folder with a component.yaml in it, or a spec file"
            if near := neighbour(self.base / reference.text):
                help = f"did you mean `{near}`?"
            return None, [Diagnostic("E207", message, reference.span, help)]
        own = path.name in spec.SPEC_NAMES
        return self._load(path, path.resolve().parent.name if own else path.stem)

    def _versions(self, name: str) -> Iterable[Component]:
        for folder in self.folders:
            path = folder / name / "component.yaml"
            if os.path.isfile(path):
                component, _ = self._load(path, name)
                if component is not None:
                    yield component

    def _load(self, path: Path, name: str) -> tuple[Component | None, list[Diagnostic]]:
        if path not in self._read:
            self._read[path] = spec.read_file(path, name, self.sources)
        return self._read[path]


def _version_of(reference: Word, name: str) -> Span:
    """Where the `@1` of a reference stands; the whole reference where it is quoted or folded."""
    span = reference.span
    if span.line != span.end_line or span.end_column - span.column != len(reference.text):
        return span
    return span._replace(column=span.column + len(name))


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


def _near(folder: Path) -> Path:
    """A folder below the working folder by its short path, as messages show it."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
