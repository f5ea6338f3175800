"""A component spec that isodag finds no fault with is one that kfp loads and compiles.

kfp itself is asked, of specs that are a few random changes away from a good one.
"""

from __future__ import annotations

import io
import tempfile
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from isodag import spec
from isodag.diagnostics import failed

components = pytest.importorskip("kfp.components")
compiler = pytest.importorskip("kfp.compiler")

GOOD = """\
name: Count lines
description: Count the lines of a text.
metadata:
  annotations: {version: "1.0.0", stability: beta}
  labels: {domain: text}
inputs:
- {name: text, type: Dataset, description: The text.}
- {name: epochs, type: Integer, default: "3", annotations: {minimum: 1}}
- {name: rate, type: Float, default: "0.5", description: Rate.}
- {name: mode, type: String, default: fast, annotations: {enum: [fast, slow]}}
- {name: deep, type: Boolean, default: "false"}
- {name: extra, type: JsonObject, default: "{}", optional: true}
- {name: items, type: JsonArray, default: "[]"}
outputs:
- {name: model, type: Model, description: The model.}
- {name: lines, type: Integer}
implementation:
  container:
    image: example.com/count:1.0.0
    command: [count, --text, {inputPath: text}]
    args: [--epochs, {inputValue: epochs}, --rate, {inputValue: rate}, --mode, {inputValue: mode},
      --deep, {inputValue: deep}, --extra, {inputValue: extra}, --items, {inputValue: items},
      --model, {outputPath: model}, --lines, {outputPath: lines}, {executorInput: null}]
    env: {A: b}
"""
# Places of the good spec, and what may stand there: as written, in quotes or not.
PLACES = [
    "Count lines", "Count the lines of a text.", '"1.0.0"', "beta", "text", "The text.", '"3"',
    "Rate.", '"0.5"', "fast", '"false"', '"{}"', '"[]"', "Integer", "Float", "String", "Boolean",
    "JsonObject", "JsonArray", "Dataset", "Model", "epochs", "rate", "model", "lines", "inputValue",
    "inputPath", "outputPath", "executorInput", "null", "example.com/count:1.0.0", "--text", "A: b",
    "optional: true", "minimum: 1", "stability", "labels", "annotations", "default", "description",
    "inputs", "outputs", "implementation", "container", "image", "command", "args", "env", "name",
]  # fmt: skip
TEXTS = [
    "", '""', "no", "Yes", "on", "y", "~", "null", "true", "3", "3.0", "1e3", '"1e3"', "010",
    "0o17", "0x1f", "1_000", "12:30", "2024-01-01", "=", ".5", ".inf", ".nan", "'1'", "'1_0'",
    "' 7 '", "{}", "[]", "[a, b]", "{a: b}", "x-a: 1", "text", "Text", "épochs", "行", "my rate",
    "5rate", "Strng", "int", "bool", "Dict[str, int]", "List", "typing.List[str]", "Metrics",
    "google.VertexModel", "system.Model", "inputUri", "outputUri", "concat", "if", "outputMetadata",
    "optional: 'true'", "optional: false", "a b", "a" * 130, "true false", '"[1, 2]"', '"{\\"a\\": 1}"',
    '"nan"', '"TRUE"', '"off"', '"-0"', '"+5"', "<<", "!!str 5", "*a", "- a", "# a", "'",
]  # fmt: skip


def ours(text: str) -> bool:
    """Whether isodag takes the spec."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "count_lines")
        path.mkdir()
        (path / "component.yaml").write_text(text, encoding="utf-8")
        component, found = spec.read_folder(path, {})
    assert (component is None) == failed(found)
    return component is not None


def theirs(text: str) -> None:
    """Raises what kfp raises when it loads and compiles the spec."""
    quiet = redirect_stdout(io.StringIO())
    with tempfile.TemporaryDirectory() as folder, quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        component = components.load_component_from_text(text)
        compiler.Compiler().compile(component, str(Path(folder, "out.yaml")))


changes = st.lists(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(TEXTS), st.integers(0, 3)),
    min_size=1, max_size=2,
)  # fmt: skip


def changed(text: str, old: str, new: str, which: int) -> str:
    """The text with its `which`-th `old` replaced, counted around."""
    pieces = text.split(old)
    if len(pieces) < 2:
        return text
    at = 1 + which % (len(pieces) - 1)
    return old.join(pieces[:at]) + new + old.join(pieces[at:])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes)
@example([])
@example([('"3"', '"1e3"', 0)])
@example([("Rate.", "no", 0)])
@example([("beta", "1:30", 0)])
@example([("Count lines", "行", 0)])
@example([("description", "x-a: 1, description", 0)])
def test_what_isodag_takes_kfp_takes(slips: list[tuple[str, str, int]]) -> None:
    text = GOOD
    for old, new, which in slips:
        text = changed(text, old, new, which)
    if ours(text):
        theirs(text)
