"""A repeated step means what its items written out as steps mean."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isodag import driver, graph, ir
from isodag.driver import Loaded
from isodag.ir_groups import flat

Load = Callable[..., Loaded]
Messages = Callable[..., list[str]]


def tasks(loaded: Loaded) -> list[ir.Node]:
    """The steps of a definition, the repeated ones written out."""
    assert loaded.pipeline is not None, loaded.diagnostics
    return list(flat(loaded.pipeline).tasks)


# --- the law ---------------------------------------------------------------------------------


class Condition(NamedTuple):
    """A `when:` as written, and what it comes to for a value: true, false, or what is left."""

    text: str
    left: Callable[[int], str]


def _truth(value: bool) -> str:
    return "true" if value else "false"


CONDITIONS = (
    Condition("good", lambda v: "good"),
    Condition("not good", lambda v: "not good"),
    Condition("each.v > 4", lambda v: _truth(v > 4)),
    Condition("not each.v <= vars.limit", lambda v: _truth(v > 4)),
    Condition("each.v in [2, 3, vars.limit]", lambda v: _truth(v in (2, 3, 4))),
    Condition("each.v not in vars.few", lambda v: _truth(v not in (2, 3))),
    Condition("good and each.v != 5", lambda v: "good" if v != 5 else "false"),
    Condition("each.v > 4 and (each.v > 6 or good)",
              lambda v: "false" if v <= 4 else "true" if v > 6 else "good"),
    Condition("not (each.v < 4 and good)", lambda v: "not good" if v < 4 else "true"),
    Condition("parameters.count > each.v", lambda v: f"parameters.count > {v}"),
    Condition("each.v < 6 and parameters.count in [1, each.v]",
              lambda v: f"parameters.count in [1, {v}]" if v < 6 else "false"),
    Condition("each.v == 4 or steps.make.outputs.total > each.v",
              lambda v: "true" if v == 4 else f"steps.make.outputs.total > {v}"),
)  # fmt: skip


class Kind(NamedTuple):
    """What a repeated step runs, with `EACH` for the loop variable."""

    component: str
    lines: tuple[str, ...]


KINDS = (
    Kind("make_numbers@1", ('inputs: {count: "EACH", shape: square}',)),
    Kind("make_numbers", ('inputs: {count: "EACH", step: "EACH"}', 'resources: {cpu: "EACH"}')),
    Kind(
        "fit_mean@1",
        (
            'inputs: {numbers: "${{ steps.make.outputs.numbers }}", shrink: 0.5}',
            'targets: {kfp: {node_selector: {size: "s-EACH"}}, sagemaker: {volume_size: "EACH"}}',
        ),
    ),
    Kind(
        "announce",
        ('inputs: {model: "${{ steps.fit.outputs.model }}", text: "EACH of EACH in ${{ run.id }}"}',
         "after: [make]"),
    ),
)  # fmt: skip


class Repeated(NamedTuple):
    """A repeated step to be."""

    name: str
    kind: Kind
    items: list[int]
    when: Condition | None

    def rolled(self) -> Iterator[str]:
        """The step as written with `foreach:`."""
        yield f"  {self.name}:"
        yield f"    foreach: {{var: v, in: {self.items}}}"
        yield from self._lines("${{ each.v }}", self.when.text if self.when else "true")

    def copies(self) -> dict[str, Iterator[str]]:
        """The steps written by hand, by name, without those that never run."""
        left = [self.when.left(value) if self.when else "true" for value in self.items]
        return {
            f"{self.name}_{at}": self._lines(str(value), left[at])
            for at, value in enumerate(self.items)
            if left[at] != "false"
        }

    def _lines(self, value: str, when: str) -> Iterator[str]:
        yield f"    component: {self.kind.component}"
        if when != "true":
            yield f"    when: {when}"
        for line in self.kind.lines:
            shown = line.replace('"EACH"', f'"{value}"' if value.startswith("$") else value)
            yield "    " + shown.replace("EACH", value)


REPEATED = st.builds(
    Repeated,
    st.just(""),
    st.sampled_from(KINDS),
    st.lists(st.integers(1, 8), min_size=1, max_size=5),
    st.none() | st.sampled_from(CONDITIONS),
)

FRAME = """\
apiVersion: isodag/v1
kind: Pipeline
name: numbers
vars: {limit: 4, few: [2, 3]}
parameters: {count: {type: Integer, default: 5}}
conditions: {good: steps.make.outputs.total > 3}
steps:
  make: {component: make_numbers, inputs: {count: "${{ parameters.count }}"}}
  fit: {component: fit_mean, inputs: {numbers: "${{ steps.make.outputs.numbers }}"}}
"""


def read(folder: Path, text: str) -> ir.Pipeline:
    """A definition lowered, its repeated steps written out."""
    path = folder / "dag.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = driver.load(path)
    assert loaded.pipeline is not None, loaded.diagnostics
    return flat(loaded.pipeline)


def renamed(text: str) -> str:
    """Names made by hand as those of repetitions."""
    return re.sub(r"\b((?:when_)?(?:sweep|probe|tune))_(\d)", r"\1-\2", text)


def meaning(pipeline: ir.Pipeline) -> dict[str, tuple[Any, ...]]:
    """What each task runs, with what, after what and when; nothing that depends on its place."""
    gates = {gate.name: gate.predicate for gate in pipeline.gates}
    return {
        renamed(task.name): (
            task.component.name,
            [(item.name, item.value) for item in task.arguments],
            frozenset(
                part
                for branch in ir.branches(task)
                for part in conjuncts(gates[branch.gate], branch.taken)
            ),
            sorted(map(renamed, task.after)),
            task.resources,
            repr([(name, plain(tree)) for name, tree in task.targets.items()]),
        )
        for task in pipeline.tasks
        if isinstance(task, ir.Task)
    }


def conjuncts(predicate: ir.Predicate, truth: bool) -> Iterator[ir.Predicate]:
    """What all has to be so for a predicate to be true, or to be false."""
    if isinstance(predicate, ir.Not):
        yield from conjuncts(predicate.operand, not truth)
    elif isinstance(predicate, ir.And) and truth:
        for part in predicate.operands:
            yield from conjuncts(part, True)
    else:
        yield predicate if truth else ir.Not(predicate)


def plain(tree: ir.Tree) -> Any:
    if isinstance(tree.value, dict):
        return {key: plain(item) for key, item in tree.value.items()}
    return [plain(item) for item in tree.value] if isinstance(tree.value, tuple) else tree.value


def both(found: list[Repeated]) -> tuple[str, str]:
    """A definition with the items written out as steps, and the same with `foreach:`."""
    names = ("sweep", "probe", "tune")
    steps = [step._replace(name=names[at]) for at, step in enumerate(found)]
    rolled = [line for step in steps for line in step.rolled()]
    made = {name: [*lines] for step in steps for name, lines in step.copies().items()}
    by_hand = [line for name, lines in made.items() for line in (f"  {name}:", *lines)]
    return FRAME + "\n".join(by_hand) + "\n", FRAME + "\n".join(rolled) + "\n"


@given(found=st.lists(REPEATED, min_size=1, max_size=3))
@settings(max_examples=100, deadline=None)
def test_a_repeated_step_means_what_its_items_mean_written_by_hand(
    workshop_of_session: Path, found: list[Repeated]
) -> None:
    by_hand, rolled = both(found)
    expected = meaning(read(workshop_of_session, by_hand))
    assert expected == meaning(read(workshop_of_session, rolled))


WITHOUT_CONDITION = REPEATED.filter(lambda step: step.when is None)


@pytest.mark.parametrize("target", ["sagemaker", "kfp"])
@given(found=st.lists(WITHOUT_CONDITION, min_size=1, max_size=3))
@settings(max_examples=30, deadline=None)
def test_a_repeated_step_written_out_compiles_as_if_by_hand(
    workshop_of_session: Path, target: str, found: list[Repeated]
) -> None:
    expected, actual = (
        driver.TARGETS[target].emit(read(workshop_of_session, text)) for text in both(found)
    )
    assert expected.files and actual.files
    files = {name: renamed(data.decode()) for name, data in expected.files.items()}
    assert files == {name: data.decode() for name, data in actual.files.items()}
    # a manifest is sorted by the steps' names, in which `-` and `_` do not sort alike
    shown = [json.dumps(emitted.manifest, sort_keys=True) for emitted in (expected, actual)]
    assert sorted(renamed(shown[0])) == sorted(shown[1])


# --- names and order -------------------------------------------------------------------------


def test_copies_are_numbered_and_stand_in_the_order_of_the_list(load: Load) -> None:
    body = f"""\
steps:
  z: {{component: make_numbers, foreach: {{var: n, in: {[*range(20, 8, -1)]}}},
      inputs: {{count: "${{{{ each.n }}}}"}}}}
  a: {{component: make_numbers, after: [z]}}
"""
    found = tasks(load(body))
    assert [f"z-{n}" for n in range(12)] + ["a"] == [node.name for node in found]
    assert (
        list(range(20, 8, -1))
        == [
            node.arguments[0].value.value  # type: ignore[union-attr]
            for node in found[:-1]
            if isinstance(node, ir.Task)
        ]
    )
    assert tuple(sorted(f"z-{n}" for n in range(12))) == found[-1].after


def test_an_item_without_a_chance_leaves_a_gap_in_the_numbers(load: Load) -> None:
    body = """\
steps:
  some:
    component: make_numbers
    foreach: {var: n, in: [1, 2, 3]}
    when: each.n != 2
    inputs: {count: "${{ each.n }}"}
  last: {component: make_numbers, after: [some]}
"""
    assert ["some-0", "some-2", "last"] == [node.name for node in tasks(load(body))]


def test_a_variable_of_a_values_file_gives_the_list(workshop: Path, load: Load) -> None:
    values = "apiVersion: isodag/v1\nkind: Values\nvars: {counts: [7]}\n"
    (workshop / "other.yaml").write_text(values)
    body = """\
vars: {counts: [1, 2, 3]}
steps:
  make:
    component: make_numbers
    foreach: {var: n, in: "${{ vars.counts }}"}
    inputs: {count: "${{ each.n }}"}
"""
    assert ["make-0", "make-1", "make-2"] == [node.name for node in tasks(load(body))]
    assert ["make-0"] == [node.name for node in tasks(load(body, ["other.yaml"]))]


def test_an_integer_beside_floats_is_a_float(load: Load) -> None:
    body = """\
steps:
  make:
    component: make_numbers
    foreach: {var: s, in: [1, 2.5]}
    inputs: {step: "${{ each.s }}"}
"""
    arguments = [node.arguments[1] for node in tasks(load(body)) if isinstance(node, ir.Task)]
    assert [(1.0, float), (2.5, float)] == [
        (one.value.value, type(one.value.value))  # type: ignore[union-attr]
        for one in arguments
    ]


def test_a_mapping_gives_several_inputs_at_once(load: Load) -> None:
    body = """\
steps:
  make:
    component: make_numbers
    foreach: {var: one, in: [{n: 3, shape: line}, {shape: square, n: 4}]}
    when: each.one.n > 1
    inputs: {count: "${{ each.one.n }}", shape: "${{ each.one.shape }}"}
"""
    assert [[3, "line"], [4, "square"]] == [
        [one.value.value for one in node.arguments if one.written]  # type: ignore[union-attr]
        for node in tasks(load(body))
        if isinstance(node, ir.Task)
    ]


def test_an_item_may_give_a_setting_or_a_part_of_one(load: Load) -> None:
    body = """\
vars: {unit: Gi}
steps:
  make:
    component: make_numbers
    foreach: {var: n, in: [1, 2]}
    resources: {cpu: "${{ each.n }}", memory: "${{ each.n }}${{ vars.unit }}"}
"""
    assert [(1.0, 2**30), (2.0, 2**31)] == [
        (node.resources.cpu, node.resources.memory)
        for node in tasks(load(body))
        if isinstance(node, ir.Task) and node.resources is not None
    ]


# --- conditions ------------------------------------------------------------------------------

GATED = """\
parameters: {{least: {{type: Float, default: 1.0}}}}
conditions: {{good: parameters.least > 1}}
steps:
  make:
    component: make_numbers
    foreach: {{var: n, in: [1, 2, 3]}}
    when: {when}
    inputs: {{count: "${{{{ each.n }}}}"}}
  last: {{component: make_numbers, after: [make]{more}}}
  other: {{component: make_numbers, when: good}}
"""


def test_copies_share_the_condition_that_no_item_changes(load: Load) -> None:
    body = GATED.format(when="parameters.least > 2", more=", when: parameters.least > 2")
    loaded = load(body)
    behind = {node.name: node.when for node in tasks(loaded)}
    shared = (ir.Branch("when_make", True),)
    assert {"make-0": shared, "make-1": shared, "make-2": shared, "last": shared,
            "other": (ir.Branch("good", True),)} == behind  # fmt: skip


@pytest.mark.parametrize(
    ("when", "more", "said"),
    [
        ("each.n > 1", "", None),
        ("each.n > 1 and good", ", when: good", None),
        ("each.n > 1 and parameters.least > each.n", ", when: parameters.least > 3", None),
        ("each.n > 5 and good", "", None),
        (
            "each.n > 1 and good",
            "",
            "E301 12:43 step `last` waits for `make`, which runs only when `each.n > 1 and good` "
            "(add in step `last`: `when: good`)",
        ),
        (
            "each.n > 1 and parameters.least > each.n",
            ", when: parameters.least > 2",
            "E301 12:43 step `last` waits for `make`, which runs only when `each.n > 1 and "
            "parameters.least > each.n` (write in step `last`: `when: parameters.least > 2 and "
            "parameters.least > 3 and parameters.least > 2`)",
        ),
    ],
)
def test_what_comes_after_stands_behind_what_is_left_of_the_conditions(
    messages: Messages, when: str, more: str, said: str | None
) -> None:
    found = messages(GATED.format(when=when, more=more))
    assert ([said] if said else []) == [line for line in found if line.startswith("E")]


def test_a_repeated_step_stands_behind_what_it_waits_for(messages: Messages) -> None:
    body = """\
parameters: {least: {type: Float, default: 1.0}}
steps:
  make: {component: make_numbers, when: parameters.least > 2}
  fit:
    component: fit_mean
    foreach: {var: s, in: [0.1, 0.2, 0.3]}
    when: each.s > 0.1
    inputs: {numbers: "${{ steps.make.outputs.numbers }}", shrink: "${{ each.s }}"}
"""
    said = "E301 11:28 step `fit` waits for `make`, which runs only when `parameters.least > 2` "
    help = "(write in step `fit`: `when: parameters.least > 2 and each.s > 0.1`)"
    assert [said + help] == messages(body)
    right = body.replace("when: each.s", "when: parameters.least > 2 and each.s")
    assert [] == messages(right)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("each.n < 9", "W301 11:11 this condition is true for every item (remove it)"),
        ("each.n > 9", "W301 11:11 this condition is false for every item (the step never runs)"),
        ("each.n > 2", None),
        ("each.n > vars.most", None),
    ],
)
def test_a_condition_that_the_list_decides_is_told(
    messages: Messages, when: str, said: str | None
) -> None:
    found = messages("vars: {most: 9}\n" + GATED.format(when=when, more=""))
    assert ([said] if said else []) == [line for line in found if line.startswith("W301")]


# --- targets ---------------------------------------------------------------------------------


def said_by(loaded: Loaded, target: str) -> list[str]:
    """What a target says, without what is open in every definition of these tests."""
    found = driver.compile(loaded, target).diagnostics
    return [
        f"{item.code} {item.span.line}:{item.span.column} {item.message}"
        for item in found
        if item.code not in ("W501", "W504", "W507", "W601")
    ]


def test_a_target_tells_of_a_repeated_step_once(load: Load) -> None:
    long = "a" + 62 * "b"
    body = f"""\
steps:
  {long}: {{component: make_numbers, foreach: {{var: n, in: [3, 4]}}, cache: {{max_age: 30d}}}}
  loop_item: {{component: make_numbers, foreach: {{var: n, in: [3, 4]}}}}
"""
    loaded = load(body)
    assert [
        f"E509 5:3 the name of step `{long}` has 65 characters: `{long}-0`"
    ] == said_by(loaded, "sagemaker")  # fmt: skip
    kept = "W602 5:3 `cache.max_age` is not kept on KFP: results are reused at any age"
    reserved = "step `loop_item` has the name `loop-item`, which KFP keeps for loops"
    assert [kept, f"E601 6:3 {reserved}"] == said_by(loaded, "kfp")


def test_a_step_may_have_a_name_like_that_of_a_repetition(load: Load) -> None:
    body = """\
steps:
  make_1: {component: make_numbers}
  make: {component: make_numbers, foreach: {var: n, in: [3, 4]}}
"""
    loaded = load(body)
    assert ["make-0", "make-1", "make_1"] == [node.name for node in tasks(loaded)]
    assert [] == said_by(loaded, "kfp")
    assert [] == said_by(loaded, "sagemaker")


def test_a_picture_has_one_box_for_a_repeated_step(load: Load) -> None:
    body = """\
parameters: {least: {type: Float, default: 1.0}}
conditions: {good: steps.make.outputs.total > parameters.least}
steps:
  make: {component: make_numbers}
  fit:
    component: fit_mean
    foreach: {var: s, in: [0.1, 0.2]}
    when: good
    inputs: {numbers: "${{ steps.make.outputs.numbers }}", shrink: "${{ each.s }}"}
  last: {component: make_numbers, when: good, after: [fit]}
"""
    loaded = load(body)
    assert loaded.pipeline is not None
    expected = """\
flowchart TD
  step_make["make (make_numbers 1.2.0)"]
  subgraph group_fit["fit: for each s in [0.1, 0.2]"]
    step_fit["fit (fit_mean 1.0.0)"]
  end
  step_last["last (make_numbers 1.2.0)"]
  gate_good{{"steps.make.outputs.total #gt; parameters.least"}}
  step_make -.-> gate_good
  step_make --> step_fit
  gate_good -->|yes| group_fit
  step_fit -.->|after| step_last
  gate_good -->|yes| step_last
  classDef fail stroke:#c00,color:#c00
"""
    assert expected == graph.draw(loaded.pipeline)
