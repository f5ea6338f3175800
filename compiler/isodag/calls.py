"""Pipelines used as components: a file that a step names in, what it is to its caller out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from isodag import checks, diagnostics
from isodag.called import called
from isodag.checks.wiring import arrows
from isodag.component import Component
from isodag.diagnostics import Diagnostic, Related
from isodag.frontend import credentials, files, nodes
from isodag.frontend.definition import read
from isodag.frontend.schema import Key
from isodag.frontend.syntax import Definition, Word
from isodag.inline import inlined
from isodag.library import Library, Shelf, folders_for
from isodag.lower import lower
from isodag.scope import Scope
from isodag.source import Source

MAX_DEPTH = 20  # calls within calls
_SHOWN = 5  # places of a circle that are told beside the first

_Found = tuple[Component | None, list[Diagnostic]]


@dataclass(frozen=True)
class _Open:
    """A file that is being read.

    real  its path without links, which tells one file from another
    word  where the file that calls it names it; None for the outermost
    """

    shown: str
    real: str
    word: Word | None


@dataclass
class Calls:
    """The pipelines called by one definition, and by those that it calls; each is read once.

    keys     the keys of each target's own block, by target
    extra    library folders searched before the others
    sources  gets the text of every file read, by the path shown
    """

    keys: Mapping[str, tuple[Key, ...]]
    extra: Sequence[str]
    sources: dict[str, Source]
    shelf: Shelf
    _known: dict[str, _Found] = field(default_factory=dict)
    _open: list[_Open] = field(default_factory=list)

    def resolve(
        self, definition: Definition, path: str | Path, word: Word | None = None
    ) -> tuple[Scope, list[Diagnostic]]:
        """The definition in a file with its steps' components.

        word  where the file is called
        A reference used twice is reported at each.
        """
        base = Path(path).parent
        library = Library(base, folders_for(base, self.extra), self.sources, self.shelf, self._call)
        components: dict[str, Component | None] = {}
        problems: list[Diagnostic] = []
        self._open.append(_Open(str(path), os.path.realpath(path), word))
        for step in definition.steps:
            components[step.name.text] = None
            if step.component is not None:
                components[step.name.text], found = library.find(step.component)
                problems += found
        self._open.pop()
        run_time = {
            target: frozenset(key.name for key in keys if key.run_time)
            for target, keys in self.keys.items()
        }
        return Scope(definition, components, run_time), problems

    def _call(self, path: Path, word: Word) -> _Found:
        """The pipeline in a file that a step names, or what is wrong with it."""
        real = os.path.realpath(path)
        if any(item.real == real for item in self._open):
            return None, [_circle(self._open, _Open(str(path), real, word))]
        if len(self._open) > MAX_DEPTH:
            message = f"pipelines call each other more than {MAX_DEPTH} deep"
            help = "write the steps of the innermost into the one that calls it"
            return None, [Diagnostic("E231", message, word.span, help)]
        if real not in self._known:
            self._known[real] = self._read(path, word)
        return self._known[real]

    def _read(self, path: Path, word: Word) -> _Found:
        node, problems = document(path, self.sources)
        if node is None:
            return None, problems
        definition, found = read(node, str(path), self.keys)
        problems += found
        if definition is None or any(item.code == "E104" for item in problems):
            return None, problems  # too large to go on
        scope, found = self.resolve(definition, path, word)
        problems += found + checks.run(scope)
        if diagnostics.failed(problems):
            return None, [item for item in problems if item.code not in checks.MOOT]
        return called(inlined(lower(scope)), self.sources[str(path)]), problems


def document(
    path: str | Path, sources: dict[str, Source], data: bytes | None = None
) -> tuple[nodes.Node | None, list[Diagnostic]]:
    """The document in a file; None where it cannot be read.

    data  its bytes, where they are known already
    """
    source, problems = files.load(path, data)
    sources[source.path] = source
    node = None
    if not problems:
        node, problems = nodes.parse(source)
    return node, problems + (credentials.problems(node) if node is not None else [])


def _circle(above: Sequence[_Open], last: _Open) -> Diagnostic:
    """E230, at the same place whichever of the files is checked: where the first one is named."""
    start = next(i for i, item in enumerate(above) if item.real == last.real)
    circle = [*above[start + 1 :], last]  # each with where it is named by the one before it
    names = {item.real: item.shown for item in above[start:]}
    least = min(range(len(circle)), key=lambda i: names[circle[i].real])
    circle = [*circle[least + 1 :], *circle[: least + 1]]
    shown = [names[item.real] for item in circle]
    word, *others = [item.word for item in circle[-1:] + circle[:-1] if item.word is not None]
    message = f"pipeline `{shown[-1]}` calls itself"
    if len(circle) > 1:
        message = "pipelines call each other: " + arrows([shown[-1], *shown])
    related = tuple(Related("by way of this call", other.span) for other in others)
    help = "a pipeline cannot be a step of itself: move what both need into a file of its own"
    return Diagnostic("E230", message, word.span, help, related[:_SHOWN])
