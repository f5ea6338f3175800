"""A component's call with everything around it: places, function, results.  Nothing is left
half-written: what the function made is checked first and brought into place then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from isodag.runtime import function as functions
from isodag.runtime import inputs, outputs
from isodag.runtime.arguments import Given
from isodag.runtime.errors import UsageError, quoted
from isodag.runtime.outputs import Place
from isodag.runtime.platforms import kfp, sagemaker
from isodag.runtime.spec import Spec
from isodag.runtime.values import render


def execute(
    spec: Spec,
    given: Given,
    parameters: Mapping[str, Any],
    function: Callable[..., Any] | None,
) -> dict[str, Any]:
    """Run the component; its numeric scalar outputs by name, but on the first host alone.

    function  what to call; None to load main.py, which happens only after every input and output
              was found fit
    Raises UsageError, ComponentError, and whatever the component raises.
    """
    reply = kfp.outputs_of(given.executor_input) if given.executor_input is not None else None
    if reply is not None:
        outputs.make_parent(Path(reply["outputFile"]), "`--executor-input`")
    files = {
        item.name: _file(given, item.name) for item in spec.scalars if item.name in given.texts
    }
    places: list[Place] = []
    with inputs.Scratch() as scratch:
        try:
            paths: dict[str, Path | None] = {
                item.name: inputs.locate(
                    item, given.entry(item.name), given.texts[item.name], scratch
                )
                if item.name in given.texts
                else None
                for item in spec.artifacts
            }
            for output in spec.products:
                place = outputs.prepare(output, given.entry(output.name), given.texts[output.name])
                places.append(place)
                paths[output.name] = place.work
            _check_distinct(given, places, files)
            if function is None:
                function = functions.load(spec)
            functions.check_signature(spec, function)
            scalars = functions.call(spec, function, paths, parameters)
            made = places
            if sagemaker.follows():
                made = [place for place in places if outputs.is_written(place)]
            for place in made:
                outputs.check(place, spec.name)
            metadata = {p.output.name: outputs.metadata(p.output, p.work) or {} for p in made}
            for place in made:
                outputs.commit(place)
        finally:
            for place in places:
                outputs.discard(place)
    for name, file in files.items():
        outputs.write_text(file, render(scalars[name]))
    sagemaker.write_values(scalars)
    if reply is not None:
        outputs.write_text(Path(reply["outputFile"]), kfp.executor_output(reply, metadata))
    if sagemaker.follows():
        return {}  # what is printed becomes the job's metrics, of which the last one counts
    return {name: value for name, value in scalars.items() if type(value) in (int, float)}


def _file(given: Given, name: str) -> Path:
    text = given.texts[name]
    path = Path(sagemaker.in_place(text))
    if not text or "\0" in text or path.is_dir():
        raise UsageError(f"{given.entry(name)}: {quoted(text)} is not a file to write")
    outputs.make_parent(path, given.entry(name))
    return path


def _check_distinct(given: Given, places: list[Place], files: Mapping[str, Path]) -> None:
    seen: dict[Path, str] = {}
    written = [(place.output.name, place.final) for place in places] + list(files.items())
    for name, path in written:
        if path.absolute() in seen:
            first = seen[path.absolute()]
            raise UsageError(f"{given.entry(name)} and {given.entry(first)} are one place: {path}")
        seen[path.absolute()] = name
