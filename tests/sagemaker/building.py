"""Pipelines for the tests: DAG text compiled through the driver, and IR built by hand."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from isodag import driver, ir
from isodag.component import Binding, BindingStep, Component, Container, Input, Output, Placeholder
from isodag.source import Span
from isodag.targets import Emitted
from isodag.targets.sagemaker import emit
from isodag.types import is_parameter

HERE = Path(__file__).parent
LIBRARIES = (str(HERE.parent / "toys" / "components"), str(HERE / "components"))
REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
ROLE = "arn:aws:iam::111122223333:role/pipelines"

_lines = itertools.count(1)


def compile_file(path: Path) -> Emitted:
    """What the target makes of a DAG file, which must be right for the front end."""
    loaded = driver.load(path, components=LIBRARIES)
    assert loaded.pipeline is not None, loaded.diagnostics
    return driver.compile(loaded, "sagemaker")


def definition(emitted: Emitted) -> dict[str, Any]:
    """The definition that was emitted."""
    found: dict[str, Any] = json.loads(emitted.files["pipeline.json"])
    return found


# --- IR --------------------------------------------------------------------------------------


def span() -> Span:
    """A place of its own."""
    line = next(_lines)
    return Span("built.yaml", line, 1, line, 2)


def component(
    name: str, inputs: dict[str, str], outputs: dict[str, str], kind: str = "Processing"
) -> Component:
    """A component that runs as `kind`, with the command line our library has."""
    here = span()
    words: list[str | Placeholder] = []
    for port, type_name in inputs.items():
        words += [
            f"--{port}",
            Placeholder("inputValue" if is_parameter(type_name) else "inputPath", port),
        ]
    for port in outputs:
        words += [f"--{port}", Placeholder("outputPath", port)]
    command = ("python3", "-m", "isodag.runtime", name)
    binding = (
        Binding((BindingStep("", kind, {}, here),), {}, here) if kind != "Processing" else None
    )
    return Component(
        name=name, title=name, version="1.0.0", description="",
        inputs=tuple(Input(port, type_name, here) for port, type_name in inputs.items()),
        outputs=tuple(Output(port, type_name, here) for port, type_name in outputs.items()),
        container=Container(f"{REGISTRY}/all:1.0.0", command, tuple(words), {}, here),
        binding=binding, side_effects=False, folder="", digest="", span=here,
    )  # fmt: skip


def task(
    name: str, of: Component, values: dict[str, ir.Value],
    when: tuple[ir.Branch, ...] = (), after: tuple[str, ...] = (), **settings: Any,
) -> ir.Task:  # fmt: skip
    """A task; inputs without a value get a constant of their type."""
    plain: dict[str, Any] = {
        "String": "word", "Integer": 1, "Float": 0.5, "Boolean": True, "JsonObject": {},
        "JsonArray": [],
    }  # fmt: skip
    arguments = tuple(
        ir.Argument(
            port.name,
            values.get(port.name, ir.Constant(plain.get(port.type, "s3://bucket/x"), port.type)),
            port.name in values,
            span(),
        )
        for port in of.inputs
    )
    return ir.Task(name, of, arguments, when, after, span(), **settings)


def tree(value: Any) -> ir.Tree:
    """A settings block from plain data."""
    if isinstance(value, dict):
        return ir.Tree({key: tree(item) for key, item in value.items()}, span())
    if isinstance(value, list):
        return ir.Tree(tuple(tree(item) for item in value), span())
    if isinstance(value, ir.Constant | ir.ParameterRef | ir.OutputRef | ir.Text):
        return ir.Tree(value, span())
    types = {str: "String", int: "Integer", float: "Float", bool: "Boolean"}
    return ir.Tree(ir.Constant(value, types[type(value)]), span())


def pipeline(
    tasks: list[ir.Node], gates: tuple[ir.Gate, ...] = (),
    parameters: tuple[ir.Parameter, ...] = (), **settings: Any,
) -> ir.Pipeline:  # fmt: skip
    """A pipeline with everything set that it would be warned about."""
    block = {"role": ROLE, "artifact_root": "s3://bucket/runs", "instance_type": "ml.m5.xlarge"}
    return ir.Pipeline(
        name="built", description="", parameters=parameters,
        gates=tuple(sorted(gates, key=lambda gate: gate.name)), tasks=tuple(tasks), outputs=(),
        targets={"sagemaker": tree(block | settings)}, span=span(),
    )  # fmt: skip


def parameter(name: str, type_name: str) -> ir.Parameter:
    """A parameter without a default."""
    return ir.Parameter(name, type_name, span())


def gate(name: str, predicate: ir.Predicate) -> ir.Gate:
    """A named condition."""
    return ir.Gate(name, predicate, name, span())


# --- steps that stand alone ---

MAKE = component("make", {}, {"data": "Dataset"})
FIT = component("fit", {"data": "Dataset"}, {"model": "Model"}, "Training")


def alone(node: ir.Task, *parameters: ir.Parameter, **settings: Any) -> dict[str, Any]:
    """The definition of a pipeline of one step, with no machine chosen for all."""
    whole = pipeline([node], parameters=parameters, **settings)
    block = dict(whole.targets["sagemaker"].value)  # type: ignore[arg-type]
    if "instance_type" not in settings:
        del block["instance_type"]
    found = emit(replace(whole, targets={"sagemaker": ir.Tree(block, span())}))
    assert [] == [item for item in found.diagnostics if item.severity == "error"]
    return definition(found)


def request(node: ir.Task, *parameters: ir.Parameter, **settings: Any) -> dict[str, Any]:
    """The request of a step that stands alone."""
    made: dict[str, Any] = alone(node, *parameters, **settings)["Steps"][-1]["Arguments"]
    return made


def native(kind: str, arguments: dict[str, Any]) -> ir.Task:
    """A task that is one native step without a container."""
    bare = replace(component("native", {}, {}), container=None)
    step = BindingStep("", kind, arguments, span())
    return task("native", replace(bare, binding=Binding((step,), {}, span())), {})
