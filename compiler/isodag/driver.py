"""The compiler on one page: source -> syntax -> checks -> IR -> target."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from isodag import checks, diagnostics, ir, spec
from isodag.calls import Calls, document
from isodag.diagnostics import Diagnostic
from isodag.frontend import credentials, mentions, nodes, overlay, values_file
from isodag.frontend.definition import read
from isodag.frontend.schema import Key
from isodag.inline import as_written, inlined
from isodag.library import Shelf
from isodag.lower import lower
from isodag.source import Source, Span
from isodag.targets import Emitted, kfp, sagemaker

TARGETS = {"sagemaker": sagemaker, "kfp": kfp}


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
    data: bytes | None = None,
    shelf: Shelf | None = None,
) -> Loaded:
    """Read and check a DAG file, and lower it to the IR when it is right.

    values      `-e`: names of files in `values/` beside the DAG file, or paths; later ones win
    sets        `--set`: `path=value`, over the values files
    components  library folders searched before the others
    data        the DAG file's bytes, where they are known already
    shelf       components already read, which files of one call may share
    """
    sources: dict[str, Source] = {}
    node, problems = document(path, sources, data)
    layers = [_values(path, name, sources) for name in values]
    layers += [_setting(text, sources) for text in sets]
    written = node
    for layer in layers:
        problems += layer[1]
        if node is not None and layer[0] is not None:
            node, found = overlay.lay(node, layer[0])
            problems += found
    if node is None:
        return _loaded(None, problems, sources)
    definition, found = read(node, str(path), _keys())
    problems += found
    if definition is None or any(item.code == "E104" for item in problems):  # too large to go on
        return _loaded(None, problems, sources)
    if layers:
        definition = replace(definition, written=mentions.everywhere(sources[str(path)].text))
    calls = Calls(_keys(), components, sources, shelf or Shelf())
    scope, found = calls.resolve(definition, path)
    problems += found
    told = checks.run(scope)
    if written is not None and layers and any(item.code in checks.UNREAD for item in told):
        # what the file itself reads is not unused because a layer replaced the place that reads it
        plain, _ = read(written, str(path), _keys())
        unread = checks.run(calls.resolve(plain, path)[0]) if plain is not None else []
        told = [item for item in told if item.code not in checks.UNREAD or item in unread]
    problems += told
    if diagnostics.failed(problems):
        problems = [item for item in problems if item.code not in checks.MOOT]
    pipeline = None if diagnostics.failed(problems) else inlined(lower(scope))
    digest = _digest(path, sets, sources, pipeline)
    return _loaded(pipeline, problems, sources, digest)


def _loaded(
    pipeline: ir.Pipeline | None, problems: Sequence[Diagnostic], sources: dict[str, Source],
    digest: str = "",
) -> Loaded:  # fmt: skip
    """What was found, in order, with no credential in it."""
    found, shown = credentials.hide(diagnostics.ordered(problems), sources)
    return Loaded(pipeline, found, shown, digest)


def load_values(path: str | Path, data: bytes | None = None) -> Loaded:
    """What is wrong with a values file whatever it is laid over; there is no pipeline."""
    sources: dict[str, Source] = {}
    node, problems = document(path, sources, data)
    if node is not None:
        problems += values_file.check(node, _keys())
    return _loaded(None, problems, sources)


def load_component(path: str | Path, data: bytes | None = None) -> Loaded:
    """What is wrong with a component, told by its spec and its binding; there is no pipeline."""
    sources: dict[str, Source] = {}
    path = Path(path)
    name = path.resolve().parent.name if path.name in spec.SPEC_NAMES else path.stem
    component, problems = spec.read_file(path, name, sources, data)
    if component is not None:
        problems = [*problems, *sagemaker.judge(component)]
    return _loaded(None, problems, sources)


def _keys() -> dict[str, tuple[Key, ...]]:
    """The keys of each target's own block, by target."""
    return {name: target.KEYS for name, target in TARGETS.items()}


def compile(loaded: Loaded, target: str) -> Emitted:
    """What a target makes of a loaded pipeline; only diagnostics when there is no pipeline.

    target  a name in TARGETS
    """
    if loaded.pipeline is None:
        return Emitted(diagnostics=tuple(loaded.diagnostics))
    emitted: Emitted = TARGETS[target].emit(loaded.pipeline)
    return replace(emitted, diagnostics=as_written(emitted.diagnostics, loaded.pipeline))


def meant_for(loaded: Loaded) -> tuple[str, ...]:
    """The targets that a definition is for: every one, as a rule.

    A definition with a component that has no container runs on one platform alone; where its
    `targets:` blocks (its own or a step's) name no other, it is for those that they name.
    """
    pipeline = loaded.pipeline
    tasks = [item for item in pipeline.tasks if isinstance(item, ir.Task)] if pipeline else []
    if pipeline is None or all(task.component.container is not None for task in tasks):
        return tuple(TARGETS)
    blocks = [pipeline.targets, *(task.targets for task in tasks)]
    named = {name for block in blocks for name in block}
    return tuple(name for name in TARGETS if name in named) or tuple(TARGETS)


def check(loaded: Loaded, targets: Sequence[str] = ()) -> list[Diagnostic]:
    """What the front end and the targets have to say, in order of place.

    targets  names in TARGETS; others, such as `local`, have nothing to add; none: those that the
             definition is for
    """
    targets = targets or meant_for(loaded)
    found = list(loaded.diagnostics)
    if loaded.pipeline is not None:
        for name in TARGETS:
            if name in targets:
                found += compile(loaded, name).diagnostics
    if diagnostics.failed(found):
        found = [item for item in found if item.code not in checks.MOOT]
    return diagnostics.ordered(found)


def _setting(text: str, sources: dict[str, Source]) -> tuple[nodes.Node | None, list[Diagnostic]]:
    source, node, problems = overlay.setting(text, sources)
    sources[source.path] = source
    return node, problems + (credentials.problems(node) if node is not None else [])


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
    return document(named, sources)


def _digest(
    path: str | Path, sets: Sequence[str], sources: Mapping[str, Source],
    pipeline: ir.Pipeline | None,
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
