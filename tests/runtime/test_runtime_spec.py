"""Reading component.yaml at run time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isodag.runtime import spec, typenames
from isodag.runtime.errors import ComponentError


def test_a_spec_is_read_with_its_types_defaults_and_constraints(fit: Path) -> None:
    read = spec.read(fit)
    assert ("fit", "1.2.3", "isodag/fit:1.2.3") == (read.name, read.version, read.image)
    assert ["points", "model", "report"] == read.places
    assert (
        spec.Input("epochs", "Integer", "Passes.", True, True, 3, {"minimum": 1, "maximum": 100})
        == (read.parameters[1])
    )
    assert {
        "label": "none", "epochs": 3, "learning_rate": 2e-5, "shuffle": True, "method": "adam",
        "options": {}, "layers": [],
    } == {item.name: item.default for item in read.parameters}  # fmt: skip
    assert ["loss", "rows", "remark"] == [output.name for output in read.scalars]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *((name, name) for name in typenames.TYPES), ("str", "String"), ("Text", "String"),
        ("int", "Integer"), ("Double", "Float"), ("bool", "Boolean"), ("dict", "JsonObject"),
        ("typing.List[int]", "JsonArray"), ("Dict[str, int]", "JsonObject"),
        ("LIST", "JsonArray"), (" model ", "Model"), ("Flaot", None), ("CSV", None),
        ("system.Model", None), ("", None), ("Optional[str]", None),
    ],
)  # fmt: skip
def test_a_type_may_be_spelt_as_kfp_spells_it(written: str, meant: str | None) -> None:
    assert meant == typenames.canonical(written)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": the document is not a mapping"),
        ("- a", ": the document is not a mapping"),
        ("inputs: {a: b}", ": `inputs` is not a list"),
        ("inputs: [a]", ": an item of `inputs` is not a mapping"),
        ("inputs: [null]", ": an item of `inputs` is not a mapping"),
        ("inputs:\n- {name: Big Name, type: String}",
         ": the name `Big Name`: write lower-case letters, digits and _"),
        ("inputs:\n- {name: x, type: Flaot}",
         ": `x` has as type `Flaot`, not one of String, Integer, Float, Boolean, JsonObject, "
         "JsonArray, Artifact, Dataset, Model, Metrics, ClassificationMetrics, HTML, Markdown"),
        ("inputs:\n- {name: x, type: Float}\noutputs:\n- {name: x, type: Float}",
         ": `x` names two of its inputs and outputs"),
        ('inputs:\n- {name: x, type: Integer, default: "a"}',
         ": default of input `x`: `a` is not an Integer"),
        ('inputs:\n- {name: x, type: Model, default: "a"}',
         ": default of input `x`: an artifact has none"),
        ('inputs:\n- {name: x, type: Integer, default: "0", annotations: {minimum: 1}}',
         ": default of input `x`: 0 is below the minimum 1"),
        ("inputs:\n- {name: x, type: String, annotations: {minimum: 1}}",
         ": `minimum` of input `x` does not suit type String"),
        ("inputs:\n- {name: x, type: String, annotations: {enum: [1]}}",
         ": `enum` of input `x` does not suit type String"),
        ('inputs:\n- {name: x, type: String, annotations: {pattern: "("}}',
         ": `pattern` of input `x` does not suit type String"),
        ("a: [\n", ":2: did not find expected node content"),
    ],
)  # fmt: skip
def test_a_broken_spec_is_one_line_that_names_the_file(
    component: Callable[[str, str, str], Path], text: str, message: str
) -> None:
    folder = component("broken", text, "")
    with pytest.raises(ComponentError) as caught:
        spec.read(folder)
    assert f"{folder / 'component.yaml'}{message}" == str(caught.value)


def test_a_spec_that_is_not_text_is_told(component: Callable[[str, str, str], Path]) -> None:
    folder = component("broken", "", "")
    (folder / "component.yaml").write_bytes(b"name: \xff")
    with pytest.raises(ComponentError) as caught:
        spec.read(folder)
    assert f"{folder / 'component.yaml'}: byte 6 is not UTF-8" == str(caught.value)


def test_a_vast_spec_is_not_read(component: Callable[[str, str, str], Path]) -> None:
    folder = component("broken", "#" * (2**20 + 1), "")
    with pytest.raises(ComponentError) as caught:
        spec.read(folder)
    assert f"{folder / 'component.yaml'}: larger than 1048576 bytes" == str(caught.value)


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50
)
@given(data=st.binary(max_size=80))
def test_any_bytes_are_a_spec_or_one_line(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "component.yaml").write_bytes(data)
    try:
        spec.read(tmp_path)
    except ComponentError as error:
        assert "\n" not in str(error)
