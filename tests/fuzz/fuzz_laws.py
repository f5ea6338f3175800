"""What holds of everything that is read, whatever the bytes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from fuzz_cases import Case
from fuzz_seeds import ROOT, TOYS

from isodag import diagnostics, driver, ignores, layout, spec
from isodag.diagnostics import MOST, Diagnostic
from isodag.formats import Report, github, records, sarif
from isodag.source import Source


def judge(case: Case, folder: Path, thorough: bool = True) -> list[Diagnostic]:
    """Read a case in a folder of its own, for both targets; raises AssertionError, or whatever the
    reader should not have raised.

    thorough  look at all formats too, lay the file out, and compile a second time
    Returns what is said of the definition.
    """
    library = folder / "library"
    shutil.rmtree(library, ignore_errors=True)
    beside = folder / "components"  # for what a definition names by its path
    beside.unlink(missing_ok=True)
    beside.symlink_to(ROOT / case.home)
    (folder / "dag.yaml").write_bytes(case.definition)
    folders = [str(ROOT / case.home), str(ROOT / TOYS)]
    if case.component is not None:
        own = library / case.name
        own.mkdir(parents=True)
        (own / "component.yaml").write_bytes(case.component)
        if case.binding:
            (own / "sagemaker.yaml").write_bytes(case.binding)
        folders.insert(0, str(library))
        sources: dict[str, Source] = {}
        holds(spec.read_folder(own, sources)[1], sources)
    names = []
    if case.values is not None:
        (folder / "values.yaml").write_bytes(case.values)
        names.append(str(folder / "values.yaml"))
        alone = driver.load_values(names[0])
        holds(alone.diagnostics, alone.sources)
    loaded = driver.load(folder / "dag.yaml", names, case.sets, folders)
    holds(loaded.diagnostics, loaded.sources)
    assert (loaded.pipeline is None) == diagnostics.failed(loaded.diagnostics)
    found = driver.check(loaded)
    holds(found, loaded.sources)
    if thorough:
        for form in (github, records, sarif):
            sifted = ignores.sift(found, loaded.sources, {}, [])
            holds(sifted.shown, loaded.sources)
            form.write(Report(sifted.shown, sifted.ignored)).encode()
        layout.lay_out(Source("dag.yaml", case.definition.decode("utf-8", "replace")), KEYS)
        if loaded.pipeline is not None:
            again = driver.load(folder / "dag.yaml", names, case.sets, folders)
            for target in driver.TARGETS:
                first, second = driver.compile(loaded, target), driver.compile(again, target)
                assert first.files == second.files
    return found


KEYS = {name: target.KEYS for name, target in driver.TARGETS.items()}


def holds(found: Iterable[Diagnostic], sources: Mapping[str, Source]) -> None:
    """Every place lies in its file, nothing is told twice, all of it can be shown, and there is not
    too much of it."""
    found = list(found)
    told = [(item.code, item.span, item.message) for item in found]
    assert len(told) == len(set(told)), "something is told twice"
    assert sum(item.severity == "error" for item in found) <= MOST + 1
    for item in found:
        for span in (item.span, *(other.span for other in item.related)):
            source = sources.get(span.path)
            if source is None or (item.code == "E101" and not source.text):
                assert item.code == "E101", f"{item.code} stands in no file: {span}"
                continue
            assert 1 <= span.line <= span.end_line <= source.text.count("\n") + 1, item
            assert 1 <= span.column <= len(source.line(span.line)) + 1, item
            assert 1 <= span.end_column <= len(source.line(span.end_line)) + 1, item
            assert (span.line, span.column) <= (span.end_line, span.end_column), item
        assert item.message, item
        assert item.message.isprintable() and (item.help or "").isprintable(), item
    json.dumps(diagnostics.as_json(found)).encode()
    diagnostics.render(found, sources, color=True).encode()
