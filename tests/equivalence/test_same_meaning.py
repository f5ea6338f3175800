"""One DAG, the same meaning: 1,000 random DAG files, compiled for both targets and played through.

SageMaker's conditions are evaluated by a few lines here, KFP's by a CEL library; neither knows the
compiler.  What is compared is which steps a run reaches for one outcome of every step.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from typing import Any

import kfp_backend
import kfp_judge
import pytest
from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st
from random_definitions import HEAD, TARGETS, definitions
from sagemaker_judge import complaints

from isodag import driver
from isodag.library import Shelf

HERE = Path(__file__).parent
DAG = HERE / "random.yaml"  # never on disk
COMPONENTS = HERE / "components"
SHELF = Shelf()
VALUES: dict[str, list[Any]] = {
    "num": [0, 1, 2], "real": [0.0, 0.5, 1.0], "word": ["x", "y"], "flag": [True, False],
}  # fmt: skip
# a condition that one target cannot hold, and no other error, may keep a random file from compiling
ALLOWED = {"E508", "E602"}
THOUSAND = settings(
    max_examples=1000, deadline=None, phases=set(Phase) - {Phase.explain},
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


class Outcome:
    """What every step of a run gives, by chance; each repetition of a step something else."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.parameters = {
            kind: Random(f"{seed}/{kind}").choice(options) for kind, options in VALUES.items()
        }

    def value(self, step: str, output: str) -> Any:
        """An output of a step as a target calls it."""
        kind = output.removeprefix("got_")
        if kind not in VALUES:
            return f"s3://runs/{step}/{output}"
        return Random(f"{self.seed}/{plain(step)}/{output}").choice(VALUES[kind])


def plain(step: str) -> str:
    """One name for a step's repetition: `s1-0-first` on SageMaker is `s1-first[0]` on KFP."""
    indices = re.findall(r"-(\d+)(?=-|$)", step)
    name = re.sub(r"-\d+(?=-|$)", "", step)
    return f"{name}[{','.join(indices)}]" if indices else name


def reached_on_sagemaker(steps: list[dict[str, Any]], outcome: Outcome) -> set[str]:
    """The names of the steps that an execution starts."""
    found: set[str] = set()
    for step in steps:
        arguments = step["Arguments"]
        if step["Type"] == "Condition":
            taken = all(holds(condition, outcome) for condition in arguments["Conditions"])
            side = arguments["IfSteps" if taken else "ElseSteps"]
            found |= reached_on_sagemaker(side, outcome)
        else:
            found.add(plain(step["Name"]))
    return found


def holds(condition: dict[str, Any], outcome: Outcome) -> bool:
    def value(of: Any) -> Any:
        if not isinstance(of, dict):
            return of
        if "Std:JsonGet" in of:
            body = of["Std:JsonGet"]
            return outcome.value(body["PropertyFile"]["Get"].split(".")[1], body["Path"])
        root, name, *rest = of["Get"].split(".", 2)
        if root == "Parameters":
            return outcome.parameters[name]
        metric = re.fullmatch(r"FinalMetricDataList\['(\w+)'\]\.Value", rest[0])
        assert metric is not None
        return outcome.value(name, metric[1])

    kind = condition["Type"]
    if kind == "Or":
        return any(holds(part, outcome) for part in condition["Conditions"])
    if kind == "Not":
        return not holds(condition["Condition"], outcome)
    if kind == "In":
        return value(condition["QueryValue"]) in [value(item) for item in condition["Values"]]
    left, right = value(condition["LeftValue"]), value(condition["RightValue"])
    return {
        "Equals": lambda: left == right,
        "LessThan": lambda: left < right,
        "LessThanOrEqualTo": lambda: left <= right,
        "GreaterThan": lambda: left > right,
        "GreaterThanOrEqualTo": lambda: left >= right,
    }[kind]()


def compiled(text: str) -> tuple[dict[str, Any], str, set[str]]:
    """Both targets' pipelines, and the codes of what is wrong with them."""
    loaded = driver.load(DAG, data=text.encode(), shelf=SHELF, components=[str(COMPONENTS)])
    assert loaded.pipeline is not None, (text, loaded.diagnostics)
    sagemaker, kfp = (driver.compile(loaded, target) for target in ("sagemaker", "kfp"))
    told = (*sagemaker.diagnostics, *kfp.diagnostics)
    wrong = {item.code for item in told if item.severity == "error"}
    if wrong:
        return {}, "", wrong
    definition = json.loads(sagemaker.files["pipeline.json"])
    return definition, kfp.files["pipeline.yaml"].decode(), wrong


@THOUSAND
@given(text=definitions(), seed=st.integers(0, 2**32))
def test_a_step_reached_on_one_target_is_reached_on_the_other(text: str, seed: int) -> None:
    definition, spec, wrong = compiled(text)
    assert wrong <= ALLOWED, (text, wrong)
    event(f"refused: {sorted(wrong)}" if wrong else "compiled for both")
    assume(not wrong)
    assert [] == complaints(definition)
    assert [] == kfp_judge.faults(spec)
    outcome = Outcome(seed)
    expected = reached_on_sagemaker(definition["Steps"], outcome)
    found = set(kfp_backend.play(spec, outcome.parameters, outcome.value))
    assert expected == found


GATED = """\
conditions:
  good: steps.s0.outputs.got_num >= parameters.num
steps:
  s0: {component: make}
  s1: {when: good, component: make}
  s2: {when: not good, component: make}
  s3: {foreach: {var: i, in: [1, 2]}, when: each.i > parameters.num, component: make}
"""


@pytest.mark.parametrize("change", ["IfSteps", "LessThan"])
def test_a_target_that_means_something_else_is_noticed(change: str) -> None:
    definition, spec, _ = compiled(HEAD + GATED + TARGETS)
    other = {"IfSteps": "ElseSteps", "LessThan": "GreaterThan"}
    other |= {after: before for before, after in other.items()}
    text = json.dumps(definition)
    changed = json.loads(re.sub(rf'"({change}|{other[change]})', lambda m: f'"{other[m[1]]}', text))
    assert changed != definition
    apart = 0
    for seed in range(20):
        outcome = Outcome(seed)
        found = set(kfp_backend.play(spec, outcome.parameters, outcome.value))
        assert found == reached_on_sagemaker(definition["Steps"], outcome)
        apart += found != reached_on_sagemaker(changed["Steps"], outcome)
    assert apart
