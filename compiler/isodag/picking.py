"""The component that takes the best repetition: `pick` as any target or the engine runs it.

It is made of nothing but ordinary inputs, outputs and placeholders; `isodag.runtime.picking` does
the work in its container.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from isodag.component import Component, Container, Input, Output, Placeholder
from isodag.source import Span
from isodag.types import is_parameter

IMAGE = "isodag/base:1.0.0"  # holds the runtime and nothing else
COMMAND = ("python3", "-m", "isodag.runtime", "--pick")
BY = "by"
INDEX = "index"


def is_pick(component: Component) -> bool:
    """Whether a component is one that was made here."""
    return component.container is not None and component.container.command == COMMAND


def listed(name: str) -> str:
    """The input that holds the values of an output, one for each repetition.

    Like `item`'s, such a name meets no output's: those have no `-`.
    """
    return f"{name}-list"


def item(name: str, index: int) -> str:
    """The input that is the artifact of one repetition."""
    return f"{name}-{index}"


def component(
    takes: Sequence[tuple[str, str]], *, count: int, highest: bool, span: Span
) -> Component:
    """A component that gives the outputs of the best of `count` repetitions.

    takes  name and type of each output; `index`, an Integer, comes along unless one is called so
    Its inputs: BY, a JsonArray of numbers; for a scalar output a JsonArray called `listed(name)`;
    for an artifact `count` inputs of its type called `item(name, i)`.
    """
    outputs = list(takes)
    if INDEX not in dict(takes):
        outputs.append((INDEX, "Integer"))
    inputs = [(BY, "JsonArray")]
    for name, type_name in takes:
        if is_parameter(type_name):
            inputs.append((listed(name), "JsonArray"))
        else:
            inputs += [(item(name, index), type_name) for index in range(count)]
    args = tuple(_args(takes, count, highest))
    said = repr((IMAGE, COMMAND, args, inputs, outputs))
    return Component(
        name="pick",
        title="Pick the best repetition",
        version="1.0.0",
        description="",
        inputs=tuple(Input(name, kind, span) for name, kind in inputs),
        outputs=tuple(Output(name, kind, span) for name, kind in outputs),
        container=Container(IMAGE, COMMAND, args, {}, span),
        binding=None,
        side_effects=False,
        folder="",
        digest=hashlib.sha256(said.encode()).hexdigest(),
        span=span,
    )


def _args(
    takes: Sequence[tuple[str, str]], count: int, highest: bool
) -> Iterator[str | Placeholder]:
    """The arguments, as `isodag.runtime.picking` reads them."""
    yield from ("highest" if highest else "lowest", "--by", Placeholder("inputValue", BY))
    for name, kind in takes:
        if is_parameter(kind):
            yield from ("--scalar", name, kind)
            yield from (Placeholder("inputValue", listed(name)), Placeholder("outputPath", name))
        else:
            yield from ("--artifact", name, kind, Placeholder("outputPath", name))
            yield from (Placeholder("inputPath", item(name, index)) for index in range(count))
    if INDEX not in dict(takes):
        yield from ("--index", Placeholder("outputPath", INDEX))
