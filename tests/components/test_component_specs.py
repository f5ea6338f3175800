"""Every spec of the library: kfp compiles it, and its function takes what it declares.

A component without a container is a native step of SageMaker's: it has no function, and kfp, which
knows no such thing, cannot load it.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isodag.runtime.spec import Spec

LIBRARY = Path(__file__).parents[2] / "components"
PYTHON_TYPES = {
    "String": str, "Integer": int, "Float": float, "Boolean": bool,
    "JsonArray": list, "JsonObject": dict,
}  # fmt: skip


def test_a_function_takes_what_its_spec_declares(
    spec: Spec, component: Callable[[str], Callable[..., dict[str, Any]]]
) -> None:
    pytest.importorskip("numpy")
    function = component(spec.name)
    hints = typing.get_type_hints(function)
    positional = dict.fromkeys(spec.places, (Path, None))
    keywords = {
        item.name: (PYTHON_TYPES[item.type], item.default if item.has_default else None)
        for item in spec.parameters
    }
    taken: dict[bool, dict[str, Any]] = {False: {}, True: {}}
    for name, argument in inspect.signature(function).parameters.items():
        default = None if argument.default is argument.empty else argument.default
        kind = typing.get_origin(hints[name]) or hints[name]
        taken[argument.kind is argument.KEYWORD_ONLY][name] = (kind, default)
    assert list(positional.items()) == list(taken[False].items())
    assert keywords == taken[True]


def test_kfp_compiles_a_pipeline_of_the_component(spec: Spec, tmp_path: Path) -> None:
    dsl = pytest.importorskip("kfp.dsl")
    from kfp import compiler, components

    loaded = components.load_component_from_file(str(LIBRARY / spec.name / "component.yaml"))

    def pipeline() -> None:
        artifacts = {
            item.name: dsl.importer(
                artifact_uri="s3://bucket/x", artifact_class=getattr(dsl, item.type)
            ).output
            for item in spec.artifacts
        }
        wanted = {item.name: "text" for item in spec.parameters if not item.has_default}
        loaded(**artifacts, **wanted)

    pipeline.__annotations__.clear()  # kfp would take the text `None` for an output's type
    compiler.Compiler().compile(dsl.pipeline(name="one-task")(pipeline), str(tmp_path / "p.yaml"))
    assert (tmp_path / "p.yaml").is_file()


def test_a_component_without_a_container_is_a_native_step(any_spec: Spec) -> None:
    has_code = (any_spec.folder / "main.py").is_file()
    assert has_code == bool(any_spec.image)
    assert has_code or (any_spec.folder / "sagemaker.yaml").is_file()


def test_everything_in_a_spec_is_described(any_spec: Spec) -> None:
    spec = any_spec
    named = [(spec.name, spec), *((item.name, item) for item in (*spec.inputs, *spec.outputs))]
    assert [] == [name for name, item in named if not item.description.endswith(".")]


def test_modules_that_components_share_are_the_same_everywhere() -> None:
    # a component's folder is whole, so what two need lies in both
    contents: dict[str, set[bytes]] = {}
    for path in LIBRARY.glob("*/*.py"):
        if path.name != "main.py":
            contents.setdefault(path.name, set()).add(path.read_bytes())
    assert [] == [name for name, copies in contents.items() if len(copies) > 1]
