"""Property files that a binding declares: JSON among a Processing step's outputs, read by name.

`members: {PropertyFiles: [{PropertyFileName: report, OutputName: metrics, FilePath: report.json}]}`
of a sagemaker.yaml, and `outputs: {accuracy: "PropertyFiles['report'].metrics.accuracy"}`.
https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-propertyfile.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from isodag.component import Component
from isodag.diagnostics import Diagnostic, did_you_mean
from isodag.targets.sagemaker.places import Places
from isodag.targets.sagemaker.shapes import Segment, parse

ANSWER = "PropertyFiles"  # how the path of an output begins that reads one
_READ = re.compile(rf"{ANSWER}\['([^']*)'\](?:\.?(.+))?", re.DOTALL)
_WITHIN = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")  # paths in the text of an output


def read(path: str) -> tuple[str, str] | None:
    """The file and the path within it that a property path names; None for any other property."""
    match = _READ.fullmatch(path)
    return (match[1], match[2] or "") if match else None


def problems(
    component: Component, step: str, body: Mapping[str, Any], places: Places
) -> Iterator[Diagnostic]:
    """E535: a property file that is not there, or of which no single value is read.

    step    which step of the binding this is
    body    the step as it will be, its `Arguments` included
    places  where its members are written; the runtime's own file is written nowhere
    """
    declared = {item.get("PropertyFileName"): item for item in _mappings(body.get(ANSWER))}
    written = [item.get("OutputName") for item in _mappings(_written(body["Arguments"]))]
    for index, item in enumerate(declared.values()):
        output, near = item.get("OutputName"), places.values.get((ANSWER, index))
        if near is not None and isinstance(output, str) and output not in written:
            name = item.get("PropertyFileName")
            message = (
                f"property file `{name}` is in output `{output}`, which the step does not write"
            )
            near = places.near((ANSWER, index, "OutputName")) or near
            names = [known for known in written if isinstance(known, str)]
            yield Diagnostic("E535", message, near, did_you_mean(output, names, "output"))
    yield from _outputs(component, step, [name for name in declared if isinstance(name, str)])


def _written(arguments: Any) -> Any:
    """The outputs of a request; None where it is not what it has to be, which is reported."""
    config = arguments.get("ProcessingOutputConfig") if isinstance(arguments, dict) else None
    return config.get("Outputs") if isinstance(config, dict) else None


def _mappings(items: Any) -> list[dict[str, Any]]:
    """The items that are what they have to be; the others are reported already."""
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _outputs(component: Component, step: str, declared: list[str]) -> Iterator[Diagnostic]:
    """What is wrong with the outputs of a component that read a property file of this step."""
    binding = component.binding
    named = [
        (output, path)
        for output, text in (binding.outputs.items() if binding is not None else ())
        for path in (_WITHIN.findall(text) or [text])
    ]
    for output, path in named:
        if (found := _file(parse(path) or (), step)) is None or binding is None:
            continue
        file, single = found
        place = binding.places.get(output, binding.span)
        declaration = component.output(output)
        if file not in declared:
            message = f"output `{output}` of {component.name} reads property file `{file}`"
            help = did_you_mean(file, declared, "property file")
            if not declared:
                help = "declare it under `members: {PropertyFiles: …}`"
            yield Diagnostic("E535", f"{message}, which is not declared", place, help)
        elif not single or (declaration and declaration.type in ("JsonObject", "JsonArray")):
            message = f"output `{output}` of {component.name} is a piece of property file `{file}`"
            help = f"name one value: {ANSWER}['{file}'].metrics.accuracy"
            yield Diagnostic("E535", f"{message}, not one value", place, help)


def _file(path: tuple[Segment, ...], step: str) -> tuple[str, bool] | None:
    """The property file that a path of the binding names, and whether it goes on into it."""
    words = [segment.value for segment in path]
    words = words[1:] if words[:1] == ["steps"] else words
    if step:
        if words[:1] != [step]:
            return None
        words = words[1:]
    if len(words) < 2 or words[0] != ANSWER:
        return None
    return str(words[1]), len(words) > 2
