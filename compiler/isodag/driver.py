"""The compiler on one page: source -> syntax -> checks -> IR -> target."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from isodag import checks, diagnostics, ir
from isodag.component import Component
from isodag.diagnostics import Diagnostic
from isodag.frontend import nodes, overlay
from isodag.frontend.definition import read
from isodag.frontend.syntax import Definition
from isodag.library import Library, folders_for
from isodag.lower import lower
from isodag.scope import Scope
from isodag.source import Source, Span
from isodag.targets import Emitted, kfp, sagemaker

TARGETS = {"kfp": kfp, "sagemaker": sagemaker}


@dataclass(frozen=True)
class Loaded:
    """A DAG file as far as it could be understood.

    pipeline     the IR; None when a diagnostic is an error
    diagnostics  everything found before any target was asked, in order of place
    sources      the text of every file read, by the path shown
    digest       sha256 over the DAG file, the values laid over it and the components used
    """

    pipeline: ir.Pipeline | None
    diagnostics: list[Diagnostic]
    sources: dict[str, Source]
    digest: str = ""


def load(
    path: str | Path,
    values: Sequence[str] = (),
    sets: Sequence[str] = (),
    components: Sequence[str] = (),
) -> Loaded:
    """Read and check a DAG file, and lower it to the IR when it is right.

    values      `-e`: names of files in `values/` beside the DAG file, or paths; later ones win
    sets        `--set`: `path=value`, over the values files
    components  library folders searched before the others
    """
    sources: dict[str, Source] = {}
    node, problems = _document(path, sources)
    layers = [_values(path, name, sources) for name in values]
    layers += [_setting(text, sources) for text in sets]
    for layer in layers:
        problems += layer[1]
        if node is not None and layer[0] is not None:
            node, found = overlay.lay(node, layer[0])
            problems += found
    if node is None:
        return Loaded(None, diagnostics.ordered(problems), sources)
    keys = {name: target.KEYS for name, target in TARGETS.items()}
    definition, found = read(node, str(path), keys)
    problems += found
    if definition is None:
        return Loaded(None, diagnostics.ordered(problems), sources)
    base = Path(path).parent
    library = Library(base, folders_for(base, components), sources)
    scope, found = _resolve(definition, library)
    problems += found
    problems += checks.run(scope)
    if diagnostics.failed(problems):
        problems = [item for item in problems if item.code not in checks.MOOT]
    pipeline = None if diagnostics.failed(problems) else lower(scope)
    digest = _digest(path, values, sets, sources, pipeline)
    return Loaded(pipeline, diagnostics.ordered(problems), sources, digest)


def compile(loaded: Loaded, target: str) -> Emitted:
    """What a target makes of a loaded pipeline; only diagnostics when there is no pipeline.

    target  a name in TARGETS
    """
    if loaded.pipeline is None:
        return Emitted(diagnostics=tuple(loaded.diagnostics))
    emitted: Emitted = TARGETS[target].emit(loaded.pipeline)
    return emitted


def check(loaded: Loaded, targets: Sequence[str] = tuple(TARGETS)) -> list[Diagnostic]:
    """What the front end and the targets have to say, in order of place.

    targets  names in TARGETS; others, such as `local`, have nothing to add
    """
    found = list(loaded.diagnostics)
    if loaded.pipeline is not None:
        for name in TARGETS:
            if name in targets:
                found += compile(loaded, name).diagnostics
    return diagnostics.ordered(found)


def _document(
    path: str | Path, sources: dict[str, Source]
) -> tuple[nodes.Node | None, list[Diagnostic]]:
    source, problems = nodes.load(path)
    sources[source.path] = source
    return (None, problems) if problems else nodes.parse(source)


def _setting(text: str, sources: dict[str, Source]) -> tuple[nodes.Node | None, list[Diagnostic]]:
    source, node, problems = overlay.setting(text)
    sources[source.path] = source
    return node, problems


def _values(
    path: str | Path, name: str, sources: dict[str, Source]
) -> tuple[nodes.Node | None, list[Diagnostic]]:
    named = Path(name)
    if named.suffix not in (".yaml", ".yml"):
        named = Path(path).parent / "values" / f"{name}.yaml"
    if not os.path.isfile(named):
        known = sorted(file.stem for file in named.parent.glob("*.yaml"))
        help = diagnostics.did_you_mean(named.stem, known, "values file")
        message = f"there is no values file `{named}`"
        return None, [Diagnostic("E101", message, Span(str(named), 1, 1, 1, 1), help)]
    return _document(named, sources)


def _resolve(definition: Definition, library: Library) -> tuple[Scope, list[Diagnostic]]:
    """The definition with its steps' components; a reference used twice is reported at each."""
    components: dict[str, Component | None] = {}
    problems: list[Diagnostic] = []
    for step in definition.steps:
        if step.component is None:
            components[step.name.text] = None
            continue
        components[step.name.text], found = library.find(step.component)
        problems += found
    run_time = {
        name: frozenset(key.name for key in target.KEYS if key.run_time)
        for name, target in TARGETS.items()
    }
    return Scope(definition, components, run_time), problems


def _digest(
    path: str | Path, values: Sequence[str], sets: Sequence[str],
    sources: Mapping[str, Source], pipeline: ir.Pipeline | None,
) -> str:  # fmt: skip
    total = hashlib.sha256()
    for name in (str(path), *(name for name in sources if name != str(path))):
        source = sources[name]
        # paths differ by machine; the components' own digests stand for their files
        if not name.endswith(("component.yaml", "sagemaker.yaml")):
            total.update(hashlib.sha256(source.text.encode("utf-8", "replace")).digest())
    total.update("\0".join(sets).encode("utf-8", "replace"))
    tasks = pipeline.tasks if pipeline is not None else ()
    digests = {task.component.digest for task in tasks if isinstance(task, ir.Task)}
    total.update("\0".join(sorted(digests)).encode())
    return total.hexdigest()
