"""A component: what `component.yaml` (and `sagemaker.yaml` beside it) say, typed and positioned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isodag.source import Span


@dataclass(frozen=True)
class Input:
    """An input.  `default` is a typed value; meaningful only where `optional` is true."""

    name: str
    type: str
    span: Span
    description: str = ""
    optional: bool = False
    default: Any = None
    constraints: Mapping[str, Any] = field(default_factory=dict)  # JSON Schema's words


@dataclass(frozen=True)
class Output:
    """An output."""

    name: str
    type: str
    span: Span
    description: str = ""


@dataclass(frozen=True)
class Placeholder:
    """`{inputValue: x}` and its kin in a container's command line.

    kind  inputValue, inputPath, inputUri, outputPath, outputUri, executorInput (name is empty)
    """

    kind: str
    name: str = ""


@dataclass(frozen=True)
class Container:
    """How the component starts: image, command and arguments."""

    image: str
    command: tuple[str | Placeholder, ...]
    args: tuple[str | Placeholder, ...]
    env: Mapping[str, str]
    span: Span


@dataclass(frozen=True)
class BindingStep:
    """One native step of a binding.

    arguments  request fields: nested dicts and lists; leaves are plain values or `Template`; or
               one `Template` for all of them
    span       of its kind
    places     where the values in `arguments` are written, by their path
    keys       where the keys of its mappings are written, by their path
    beside     the members of the step beside its arguments, in the same form
    """

    name: str  # "" when the binding has a single, unnamed step
    kind: str  # SageMaker's step type: Training, RegisterModel, …
    arguments: Any
    span: Span
    places: Mapping[tuple[str | int, ...], Span] = field(default_factory=dict)
    keys: Mapping[tuple[str | int, ...], Span] = field(default_factory=dict)
    beside: BindingStep | None = None


@dataclass(frozen=True)
class Binding:
    """`sagemaker.yaml`: what the component is natively on SageMaker.

    outputs  property path by output name, as `Steps.<step>.<path>` continues; or text with such
             paths in `${{ }}`
    places   where each of those paths is written
    """

    steps: tuple[BindingStep, ...]
    outputs: Mapping[str, str]
    span: Span
    places: Mapping[str, Span] = field(default_factory=dict)


@dataclass(frozen=True)
class Component:
    """A component as a DAG file may use it.

    name    the folder's name, its identity; `title` is the spec's own name
    folder  where its sources lie
    digest  sha256 over the spec and every source file of the folder, hexadecimal
    """

    name: str
    title: str
    version: str
    description: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    container: Container | None
    binding: Binding | None
    side_effects: bool
    folder: str
    digest: str
    span: Span
    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def input(self, name: str) -> Input | None:
        """The input of that name."""
        return next((item for item in self.inputs if item.name == name), None)

    def output(self, name: str) -> Output | None:
        """The output of that name."""
        return next((item for item in self.outputs if item.name == name), None)
