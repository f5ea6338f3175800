"""A checked definition to the IR: gates in order, defaults filled in, names resolved."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isodag import driver, ir, lower
from isodag.component import Component, Output
from isodag.driver import Loaded
from isodag.frontend import nodes
from isodag.frontend.definition import read
from isodag.ir import Branch, Constant, OutputRef, ParameterRef, RunRef, Text
from isodag.scope import Scope
from isodag.settings import Cache, Resources, Retry
from isodag.source import Source, Span

TOYS = Path(__file__).parents[1] / "toys"
DEFINITIONS = sorted(TOYS.glob("*.yaml"))
NOWHERE = Span("", 1, 1, 1, 1)
Load = Callable[..., Loaded]


def without_places(value: Any) -> str:
    """The IR as text with the places left out, components by name."""
    shown = re.sub(r"Component\(name='(\w+)'.*?labels=\{.*?\}\)", r"<\1>", repr(value))
    return re.sub(r"(, )?span=Span\(.*?\)", "", shown)


def lowered(loaded: Loaded) -> ir.Pipeline:
    assert [] == [item for item in loaded.diagnostics if item.severity == "error"]
    assert loaded.pipeline is not None
    return loaded.pipeline


def paths(pipeline: ir.Pipeline) -> dict[str, str]:
    """What each step stands behind: `good, not open`."""
    return {
        node.name: ", ".join(("" if b.taken else "not ") + b.gate for b in node.when)
        for node in pipeline.tasks
    }


# --- laws ------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", DEFINITIONS, ids=lambda file: file.stem)
@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_what_the_file_holds_does_not_matter(
    workshop: Path, file: Path, seed: int
) -> None:
    text = file.read_text()
    shuffled = random.Random(seed)
    blocks = re.split(r"^(?=\w)", text, flags=re.M)
    for index, block in enumerate(blocks):
        key, newline, rest = block.partition("\n")
        entries = re.split(r"^(?=  \w)", rest, flags=re.M)
        if key in ("steps:", "parameters:", "conditions:", "outputs:", "targets:"):
            entries = [entry.rstrip("\n") + "\n" for entry in entries if entry.strip()]
            shuffled.shuffle(entries)
            blocks[index] = key + newline + "".join(entries)
    shuffled.shuffle(blocks)
    (workshop / "a.yaml").write_text(text)
    (workshop / "b.yaml").write_text("\n".join(blocks))
    assert text != "\n".join(blocks)
    first, second = (lowered(driver.load(name)) for name in ("a.yaml", "b.yaml"))
    assert without_places(first) == without_places(second)


@pytest.mark.parametrize("file", DEFINITIONS, ids=lambda file: file.stem)
def test_renaming_a_step_renames_it_and_nothing_else(workshop: Path, file: Path) -> None:
    text = file.read_text()
    (workshop / "a.yaml").write_text(text)
    before = lowered(driver.load("a.yaml"))
    for node in before.tasks:
        old, new = node.name, "zz_" + node.name
        head, mark, steps = text.partition("\nsteps:\n")
        renamed = head + mark + re.sub(rf"^  {old}:", f"  {new}:", steps, flags=re.M)
        renamed = re.sub(rf"\bsteps\.{old}\.", f"steps.{new}.", renamed)
        renamed = re.sub(rf"(after: \[.*?)\b{old}\b", rf"\g<1>{new}", renamed)
        (workshop / "b.yaml").write_text(renamed)
        after = lowered(driver.load("b.yaml"))
        back = re.sub(rf"\b(when_)?{new}\b", rf"\g<1>{old}", without_places(after))
        back = back.replace(f"steps.{new}.", f"steps.{old}.")
        assert sorted(pieces(without_places(before))) == sorted(pieces(back))


def pieces(text: str) -> list[str]:
    """The words of an IR's text, by task and gate, which come in order of name."""
    words = re.sub(r"[(),]", " ", text)
    return [" ".join(part.split()) for part in re.split(r"(?=Task|Failure|Gate|outputs=)", words)]


@pytest.mark.parametrize("file", DEFINITIONS, ids=lambda file: file.stem)
def test_reading_twice_gives_the_same(workshop: Path, file: Path) -> None:
    (workshop / "a.yaml").write_text(file.read_text())
    assert lowered(driver.load("a.yaml")) == lowered(driver.load("a.yaml"))
    assert driver.load("a.yaml").digest == driver.load("a.yaml").digest


# --- gates -----------------------------------------------------------------------------------


def test_steps_stand_behind_gates_the_outermost_first(load: Load) -> None:
    pipeline = lowered(load((TOYS / "gates.yaml").read_text(), head=""))
    assert {
        "make": "", "fit": "", "score": "",
        "tell": "good", "publish": "good, open", "again": "not good, when_again",
        "reject": "not good",
    } == paths(pipeline)  # fmt: skip
    assert ["good", "open", "when_again"] == [gate.name for gate in pipeline.gates]
    assert "parameters.mode != 'off'" == pipeline.gate("when_again").text


GATED = """\
parameters:
  a: {type: Boolean, default: true}
  b: {type: Boolean, default: true}
  n: {type: Integer, default: 3}
conditions:
  first: parameters.a
  second: parameters.b
  inner: steps.score.outputs.accuracy > 0.5
steps:
  make: {component: make_numbers@1}
  fit:
    WHEN_FIT
    component: fit_mean@1
    inputs: {numbers: "${{ steps.make.outputs.numbers }}"}
  score:
    WHEN_SCORE
    component: score_mean@2
    inputs: {model: "${{ steps.fit.outputs.model }}", numbers: "${{ steps.make.outputs.numbers }}"}
  tell:
    WHEN_TELL
    component: announce@1
    inputs: {model: "${{ steps.fit.outputs.model }}"}
"""


@pytest.mark.parametrize(
    ("fit", "score", "tell", "stand"),
    [
        ("", "", "", ("", "", "")),
        ("first", "first", "first", ("first", "first", "first")),
        ("second", "first and second", "second and first",
         ("second", "second, first", "second, first")),
        ("first", "first", "first and inner", ("first", "first", "first, inner")),
        ("", "second", "second and inner", ("", "second", "second, inner")),
        ("", "second", "inner and second and first", ("", "second", "second, first, inner")),
        ("", "", "not inner", ("", "", "not inner")),
        ("", "", "not (not inner)", ("", "", "inner")),
        # a condition of its own, shared by those whose condition says the same
        ("parameters.n > 2", "parameters.n > 2", "2 < parameters.n",
         ("when_fit", "when_fit", "when_fit")),
        ("parameters.n > 2", "parameters.n > 5", "parameters.n > 2",
         ("when_fit", "when_fit, when_score", "when_fit")),
        ("first or second", "first", "second", ("when_fit", "when_fit, first", "when_fit, second")),
        # a condition by name and by what it says
        ("first", "parameters.a", "first", ("first", "first", "first")),
        ("", "", "inner and parameters.n > 1", ("", "", "inner, when_tell")),
        ("", "", "true", ("", "", "when_tell")),
    ],
)  # fmt: skip
def test_what_a_step_stands_behind(
    load: Load, fit: str, score: str, tell: str, stand: tuple[str, str, str]
) -> None:
    body = GATED
    for name, text in (("FIT", fit), ("SCORE", score), ("TELL", tell)):
        body = body.replace(f"WHEN_{name}", f"when: {text}" if text else "x-when: none")
    found = paths(lowered(load(body)))
    assert stand == (found["fit"], found["score"], found["tell"])


def test_a_step_s_own_gate_takes_no_one_s_name(load: Load) -> None:
    body = """\
parameters: {n: {type: Integer, default: 3}}
conditions: {when_make: parameters.n > 1, when_make_: parameters.n > 2}
steps:
  make: {when: parameters.n > 3, component: make_numbers@1}
  make_: {when: parameters.n > 4, component: make_numbers@1}
  make__: {when: when_make and when_make_, component: make_numbers@1}
"""
    pipeline = lowered(load(body))
    stands = {node.name: [pipeline.gate(b.gate).text for b in node.when] for node in pipeline.tasks}
    assert {
        "make": ["parameters.n > 3"],
        "make_": ["parameters.n > 4"],
        "make__": ["parameters.n > 1", "parameters.n > 2"],
    } == stands


PARAMETERS = {"a": (False, True), "b": (False, True), "n": (0, 1, 2, 3)}
ATOMS = ("parameters.a", "parameters.b", "parameters.n > 1", "parameters.n in [0, 3]", "ga", "gn")
NAMED = {"ga": "parameters.a and not parameters.b", "gn": "ga or parameters.n == 2"}


@st.composite
def gated_steps(draw: st.DrawFn) -> dict[str, tuple[str, list[str]]]:
    """Steps with a condition and the steps they come after; each condition says theirs too."""
    made: dict[str, tuple[str, list[str]]] = {}
    for index in range(draw(st.integers(1, 6))):
        after = draw(st.lists(st.sampled_from(sorted(made)), max_size=2)) if made else []
        parts = draw(st.lists(st.sampled_from(ATOMS), max_size=2))
        parts = [f"not {part}" if draw(st.booleans()) else part for part in parts]
        own = draw(st.sampled_from([" and ", " or "])).join(f"({part})" for part in parts)
        whole = [f"({text})" for text in (own, *(made[name][0] for name in after)) if text]
        made[f"s{index}"] = (" and ".join(whole), after)
    return made


@given(gated_steps())
@settings(deadline=None)
def test_the_branches_say_just_what_the_condition_says(
    made: dict[str, tuple[str, list[str]]],
) -> None:
    body = "apiVersion: isodag/v1\nkind: Pipeline\nname: x\nparameters:\n"
    body += "  a: {type: Boolean}\n  b: {type: Boolean}\n  n: {type: Integer}\nconditions:\n"
    body += "".join(f"  {name}: {text}\n" for name, text in NAMED.items()) + "steps:\n"
    for name, (when, after) in made.items():
        body += f"  {name}:\n    component: x\n    after: [{', '.join(after)}]\n"
        body += f"    when: {when}\n" if when else ""
    node, _ = nodes.parse(Source("f", body))
    assert node is not None
    definition, problems = read(node, "f", {})
    assert [] == problems and definition is not None
    empty = Component(
        "x", "x", "1.0.0", "", (), (Output("o", "Float", NOWHERE),), None, None, False, "", "",
        NOWHERE,
    )  # fmt: skip
    pipeline = lower.lower(Scope(definition, dict.fromkeys(made, empty)))
    for row in product(*PARAMETERS.values()):
        values = dict(zip(PARAMETERS, row, strict=True))
        for task in pipeline.tasks:
            wanted = bool(eval_text(made[task.name][0] or "True", values))
            assert wanted == all(branch_holds(branch, pipeline, values) for branch in task.when)


def eval_text(text: str, values: dict[str, Any]) -> Any:
    """A condition's worth: its spelling is Python's too."""
    for name in reversed(NAMED):
        text = re.sub(rf"\b{name}\b", f"({NAMED[name]})", text)
    return eval(text.replace("parameters.", ""), {}, values)


def branch_holds(branch: Branch, pipeline: ir.Pipeline, values: dict[str, Any]) -> bool:
    return worth(pipeline.gate(branch.gate).predicate, values) is branch.taken


def worth(predicate: ir.Predicate, values: dict[str, Any]) -> bool:
    def value(found: ir.Value) -> Any:
        assert isinstance(found, Constant | ParameterRef)
        return found.value if isinstance(found, Constant) else values[found.name]

    match predicate:
        case ir.And(parts):
            return all(worth(part, values) for part in parts)
        case ir.Or(parts):
            return any(worth(part, values) for part in parts)
        case ir.Not(operand):
            return not worth(operand, values)
        case ir.Truth(found):
            return bool(value(found))
        case ir.Member(item, options):
            return value(item) in [value(option) for option in options]
        case ir.Compare(">", left, right):
            return bool(value(left) > value(right))
        case ir.Compare("==", left, right):
            return bool(value(left) == value(right))
    raise AssertionError(predicate)


# --- values ----------------------------------------------------------------------------------


def test_every_input_has_its_argument(load: Load) -> None:
    body = """\
vars: {step: 2, names: [line]}
parameters: {count: {type: Integer, default: 5}}
steps:
  make:
    component: make_numbers@1
    inputs: {step: "${{ vars.step }}", count: "${{ parameters.count }}"}
  fit: {component: fit_mean@1, inputs: {numbers: "${{ steps.make.outputs.numbers }}"}}
"""
    pipeline = lowered(load(body))
    assert {
        "make": [
            ("count", ParameterRef("count", "Integer"), True),
            ("step", Constant(2.0, "Float"), True),
            ("shape", Constant("line", "String"), False),
        ],
        "fit": [
            ("numbers", OutputRef("make", "numbers", "Dataset"), True),
            ("shrink", Constant(0.0, "Float"), False),
        ],
    } == {
        task.name: [(a.name, a.value, a.written) for a in task.arguments]
        for task in pipeline.tasks
        if isinstance(task, ir.Task)
    }


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("plain", Constant("plain", "String")),
        ("${{ vars.name }}", Constant("ann", "String")),
        ("for ${{ vars.name }}: ${{ vars.half }}", Constant("for ann: 0.5", "String")),
        ("${{ vars.name }}${{ vars.sure }}", Constant("anntrue", "String")),
        ("${{ run.id }}", RunRef("id")),
        ("${{ parameters.text }}", ParameterRef("text", "String")),
        (
            "a ${{ vars.name }} b ${{ parameters.text }}${{ vars.half }} c",
            Text((
                Constant("a ann b ", "String"), ParameterRef("text", "String"),
                Constant("0.5 c", "String"),
            )),
        ),
        ("${{ parameters.text }}${{ run.id }}", Text((ParameterRef("text", "String"), RunRef("id")))),
    ],
)  # fmt: skip
def test_text_is_joined_as_far_as_it_is_known(load: Load, written: str, value: ir.Value) -> None:
    body = f"""\
vars: {{name: ann, half: 0.5, sure: true}}
parameters: {{text: {{type: String, default: x}}}}
steps:
  tell:
    component: announce@1
    inputs: {{model: "s3://b/m", text: "{written}"}}
"""
    task = lowered(load(body)).task("tell")
    assert isinstance(task, ir.Task)
    assert value == task.arguments[1].value


def test_a_place_joined_from_variables_is_a_constant_of_the_input_s_type(load: Load) -> None:
    body = """\
vars: {bucket: my-bucket}
steps:
  fit: {component: fit_mean@1, inputs: {numbers: "s3://${{ vars.bucket }}/n.txt"}}
"""
    task = lowered(load(body)).task("fit")
    assert isinstance(task, ir.Task)
    assert Constant("s3://my-bucket/n.txt", "Dataset") == task.arguments[0].value


def test_settings_are_laid_over_the_defaults_key_by_key(load: Load) -> None:
    body = """\
vars: {cores: 8}
defaults:
  resources: {cpu: 2, memory: 16Gi}
  cache: {max_age: 30d}
  retry: {max_attempts: 3, on: [capacity], interval: 1m}
steps:
  make:
    component: make_numbers@1
    resources: {cpu: "${{ vars.cores }}", disk: 500Mi}
    retry: {max_attempts: 5}
  plain: {component: make_numbers@1, cache: {}}
"""
    pipeline = lowered(load(body))
    make, plain = pipeline.task("make"), pipeline.task("plain")
    assert isinstance(make, ir.Task) and isinstance(plain, ir.Task)
    assert Resources(8.0, 16 * 2**30, None, 500 * 2**20) == make.resources
    assert Retry(5, ("capacity",), 60, 2.0) == make.retry
    assert Cache(30 * 86400) == make.cache
    assert (Resources(2.0, 16 * 2**30), Cache(30 * 86400)) == (plain.resources, plain.cache)
    assert Retry(3, ("capacity",), 60, 2.0) == plain.retry


def test_without_settings_there_are_none(load: Load) -> None:
    task = lowered(load("steps: {make: {component: make_numbers@1}}")).task("make")
    assert isinstance(task, ir.Task)
    assert (None, None, None) == (task.resources, task.cache, task.retry)


def test_a_list_variable_can_be_looked_in(load: Load) -> None:
    body = """\
vars: {modes: [fast, slow]}
parameters: {mode: {type: String, default: fast}}
steps:
  make: {when: parameters.mode not in vars.modes, component: make_numbers@1}
"""
    predicate = lowered(load(body)).gate("when_make").predicate
    options = (Constant("fast", "String"), Constant("slow", "String"))
    assert ir.Not(ir.Member(ParameterRef("mode", "String"), options)) == predicate
