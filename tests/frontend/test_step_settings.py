"""Settings of steps: what stands in a file, in `defaults:` and in values files, as the IR has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from isodag import driver, ir

HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: numbers\n"
VALUES = "apiVersion: isodag/v1\nkind: Values\n"
Task = Callable[..., ir.Task]


@pytest.fixture
def task(workshop: Path) -> Task:
    """The task `make` of a file, read with values files and `--set` laid over it."""

    def read(body: str, *, values: str = "", sets: tuple[str, ...] = ()) -> ir.Task:
        Path("pipeline.yaml").write_text(HEAD + body, encoding="utf-8")
        Path("over.yaml").write_text(VALUES + values, encoding="utf-8")
        loaded = driver.load("pipeline.yaml", ["over.yaml"] if values else [], sets)
        assert loaded.pipeline is not None, loaded.diagnostics
        found = loaded.pipeline.task("make")
        assert isinstance(found, ir.Task)
        return found

    return read


def variables(task: ir.Task) -> dict[str, ir.Value]:
    return {item.name: item.value for item in task.environment}


def text(value: str) -> ir.Constant:
    return ir.Constant(value, "String")


def test_a_step_has_its_own_settings_over_the_defaults(task: Task) -> None:
    made = task("""
defaults:
  environment: {LEVEL: info, REGION: here}
  tags: {team: text, stage: test}
  timeout: 2h
  resources: {cpu: 4, instances: 2}
steps:
  make:
    component: make_numbers@1
    environment: {LEVEL: debug}
    tags: {stage: live}
    timeout: 90s
    resources: {cpu: 8}
""")
    assert {"LEVEL": text("debug"), "REGION": text("here")} == variables(made)
    assert (("stage", "live"), ("team", "text")) == made.tags
    assert 90 == made.timeout
    assert ir.Resources(cpu=8, instances=2) == made.resources
    assert {"environment", "tags", "timeout", "resources"} == set(made.own)


def test_only_what_a_step_says_itself_is_its_own(task: Task) -> None:
    made = task("""
defaults: {timeout: 2h, tags: {team: text}, cache: {}, retry: {max_attempts: 2}}
steps: {make: {component: make_numbers@1, cache: {max_age: 1d}}}
""")
    assert {"cache"} == set(made.own)


def test_values_files_and_set_change_settings_key_by_key(task: Task) -> None:
    body = """
steps:
  make: {component: make_numbers@1, environment: {A: a, B: b}, tags: {x: y}, timeout: 1h}
"""
    over = "steps: {make: {environment: {B: c}, tags: {z: w}, timeout: 2h}}\n"
    made = task(body, values=over, sets=("steps.make.environment.C=1.50",))
    assert {"A": text("a"), "B": text("c"), "C": text("1.50")} == variables(made)
    assert (("x", "y"), ("z", "w")) == made.tags
    assert 7200 == made.timeout


@pytest.mark.parametrize("written", ["1.10", "007", "true", "2e-5", "~x", '"1"'])
def test_a_variable_is_the_text_that_stands_there(task: Task, written: str) -> None:
    made = task(f"steps: {{make: {{component: make_numbers@1, environment: {{A: {written}}}}}}}\n")
    assert {"A": text(written.strip('"'))} == variables(made)


def test_a_variable_may_come_from_a_run(task: Task) -> None:
    made = task("""
vars: {team: text}
parameters: {count: {type: Integer, default: 3}}
steps:
  make:
    component: make_numbers@1
    environment:
      COUNT: ${{ parameters.count }}
      RUN: ${{ vars.team }}-${{ run.pipeline }}
""")
    run = ir.Text((text("text-"), ir.RunRef("pipeline")))
    assert {"COUNT": ir.ParameterRef("count", "Integer"), "RUN": run} == variables(made)


def test_a_step_waits_for_the_output_that_a_variable_reads(workshop: Path) -> None:
    Path("pipeline.yaml").write_text(
        HEAD
        + """
steps:
  a_second:
    component: make_numbers@1
    environment: {TOTAL: "of ${{ steps.make.outputs.total }}"}
  make: {component: make_numbers@1}
"""
    )
    loaded = driver.load("pipeline.yaml")
    assert loaded.pipeline is not None, loaded.diagnostics
    assert ["make", "a_second"] == [node.name for node in loaded.pipeline.tasks]
    second = loaded.pipeline.task("a_second")
    assert ("make",) == ir.reads(second, loaded.pipeline)


def test_a_default_variable_leaves_what_a_step_or_its_component_has(workshop: Path) -> None:
    Path("tell").mkdir()
    Path("tell/component.yaml").write_text("""
name: Tell
inputs: []
outputs: []
implementation: {container: {image: "x:1", command: [sh], env: {LEVEL: quiet}}}
""")
    Path("pipeline.yaml").write_text(
        HEAD
        + """
defaults: {environment: {LEVEL: info, HUB: "https://hub.example.com", A: b}}
steps: {make: {component: ./tell, secret_env: {HUB: "secret:hub"}}}
"""
    )
    loaded = driver.load("pipeline.yaml")
    assert loaded.pipeline is not None, loaded.diagnostics
    made = loaded.pipeline.task("make")
    assert isinstance(made, ir.Task)
    assert {"A": text("b")} == variables(made)


def test_a_repeated_step_has_variables_of_its_item(workshop: Path) -> None:
    Path("pipeline.yaml").write_text(
        HEAD
        + """
steps:
  make:
    component: make_numbers@1
    foreach: {var: size, in: [1, 2]}
    environment: {SIZE: "${{ each.size }}"}
    tags: {size: "${{ each.size }}"}
"""
    )
    loaded = driver.load("pipeline.yaml")
    assert [] == [item for item in loaded.diagnostics if item.severity == "error"]


def test_a_pipeline_has_the_tags_of_its_defaults(workshop: Path) -> None:
    Path("pipeline.yaml").write_text(
        HEAD
        + """
defaults: {tags: {team: text}}
steps: {make: {component: make_numbers@1, tags: {stage: live}}}
"""
    )
    loaded = driver.load("pipeline.yaml")
    assert loaded.pipeline is not None
    assert (("team", "text"),) == loaded.pipeline.tags


def test_a_step_has_its_description(task: Task) -> None:
    made = task("steps: {make: {component: make_numbers@1, description: the numbers}}\n")
    assert "the numbers" == made.description
