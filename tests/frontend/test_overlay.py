"""Values files and `--set`: what they may change, and what they may not touch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from isodag import driver, ir
from isodag.driver import Loaded
from isodag.ir import Constant
from isodag.settings import Resources

DEFINITION = """\
apiVersion: isodag/v1
kind: Pipeline
name: numbers
vars: {name: ann, tags: [a, b]}
parameters:
  count: {type: Integer, default: 5, maximum: 100}
defaults:
  resources: {cpu: 2, memory: 4Gi}
steps:
  make:
    component: make_numbers@1
    inputs: {count: "${{ parameters.count }}"}
    resources: {cpu: 4, disk: 1Gi}
  tell:
    component: announce@1
    after: [make]
    inputs: {model: "s3://b/m", text: "for ${{ vars.name }}"}
targets:
  sagemaker: {role: "arn:aws:iam::111122223333:role/a", artifact_root: "s3://a/b"}
"""
VALUES = "apiVersion: isodag/v1\nkind: Values\n"
Laid = Callable[..., Loaded]


@pytest.fixture
def laid(workshop: Path) -> Laid:
    """The definition with values files (given without their head) and settings laid over it."""
    (workshop / "values").mkdir()
    (workshop / "dag.yaml").write_text(DEFINITION)

    def load(*values: str, sets: Sequence[str] = (), head: str = VALUES) -> Loaded:
        names = [f"v{index}" for index in range(len(values))]
        for name, text in zip(names, values, strict=True):
            (workshop / "values" / f"{name}.yaml").write_text(head + text)
        return driver.load("dag.yaml", names, sets)

    return load


def facts(loaded: Loaded) -> dict[str, Any]:
    """What the values can change."""
    assert [] == loaded.diagnostics and loaded.pipeline is not None
    pipeline = loaded.pipeline
    make, tell = pipeline.task("make"), pipeline.task("tell")
    assert isinstance(make, ir.Task) and isinstance(tell, ir.Task)
    role = pipeline.targets["sagemaker"].value["role"].value  # type: ignore[index,call-overload]
    return {
        "count": pipeline.parameters[0].default,
        "text": tell.arguments[1].value.value,  # type: ignore[union-attr]
        "resources": make.resources,
        "role": role.value,
    }


BASE = {
    "count": 5,
    "text": "for ann",
    "resources": Resources(4.0, 4 * 2**30, None, 2**30),
    "role": "arn:aws:iam::111122223333:role/a",
}


def without_warnings(loaded: Loaded) -> Loaded:
    """`tags` is read by nothing, which is not the matter here."""
    kept = [item for item in loaded.diagnostics if item.code != "W202"]
    return Loaded(loaded.pipeline, kept, loaded.sources, loaded.digest)


@pytest.mark.parametrize(
    ("values", "changed"),
    [
        ([""], {}),
        (["vars: {name: bob}"], {"text": "for bob"}),
        (["parameters: {count: 7}"], {"count": 7}),
        (["parameters: {count: 7}", "parameters: {count: 8}"], {"count": 8}),
        (["steps: {make: {resources: {cpu: 16}}}"],
         {"resources": Resources(16.0, 4 * 2**30, None, 2**30)}),
        (["steps: {make: {resources: {gpu: 1, disk: 2Gi}}}"],
         {"resources": Resources(4.0, 4 * 2**30, 1, 2 * 2**30)}),
        (['targets: {sagemaker: {role: "arn:aws:iam::444455556666:role/b"}}'],
         {"role": "arn:aws:iam::444455556666:role/b"}),
        (["x-note: free\nvars: {x-note: free}"], {}),
    ],
)  # fmt: skip
def test_a_values_file_changes_values(
    laid: Laid, values: list[str], changed: dict[str, Any]
) -> None:
    assert {**BASE, **changed} == facts(without_warnings(laid(*values)))


@pytest.mark.parametrize(
    ("sets", "changed"),
    [
        (["vars.name=bob"], {"text": "for bob"}),
        (["vars.name="], {"text": "for "}),
        (["vars.name=a=b"], {"text": "for a=b"}),
        (["vars.name='7'"], {"text": "for 7"}),
        (["vars.name=7"], {"text": "for 7"}),
        (["parameters.count=7"], {"count": 7}),
        (["parameters.count=7", "parameters.count=8"], {"count": 8}),
        (["steps.make.resources.cpu=1"], {"resources": Resources(1.0, 4 * 2**30, None, 2**30)}),
        (["steps.make.resources={cpu: 1, gpu: 2}"],
         {"resources": Resources(1.0, 4 * 2**30, 2, 2**30)}),
        (["targets.sagemaker.role=arn:aws:iam::444455556666:role/b"],
         {"role": "arn:aws:iam::444455556666:role/b"}),
    ],
)  # fmt: skip
def test_a_setting_is_read_as_yaml(laid: Laid, sets: list[str], changed: dict[str, Any]) -> None:
    assert {**BASE, **changed} == facts(without_warnings(laid(sets=sets)))


def test_a_setting_wins_over_a_values_file(laid: Laid) -> None:
    loaded = laid("parameters: {count: 7}", sets=["parameters.count=9"])
    assert 9 == facts(without_warnings(loaded))["count"]


def test_a_target_can_be_added(laid: Laid) -> None:
    loaded = laid("targets: {kfp: {image_registry: registry.example.com}}")
    assert loaded.pipeline is not None
    registry = loaded.pipeline.targets["kfp"].value["image_registry"].value  # type: ignore[index,call-overload]
    assert Constant("registry.example.com", "String") == registry


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("vars: {nam: x}", "E215 values/v0.yaml:3:8 the pipeline has no variable `nam`"),
        ("parameters: {cuont: 1}", "E215 values/v0.yaml:3:14 the pipeline has no parameter `cuont`"),
        ("steps: {mak: {}}", "E215 values/v0.yaml:3:9 the pipeline has no step `mak`"),
        ("steps: {make: {component: other}}",
         "E220 values/v0.yaml:3:16 a values file cannot say `component`: only the definition does"),
        ("steps: {make: {inputs: {count: 1}}}",
         "E220 values/v0.yaml:3:16 a values file cannot say `inputs`: only the definition does"),
        ("steps: {make: {when: true}}",
         "E220 values/v0.yaml:3:16 a values file cannot say `when`: only the definition does"),
        ("steps: {make: 3}",
         "E108 values/v0.yaml:3:15 a values file's step `make` must be a mapping, not a number"),
        ("steps: {make: {resources: {cores: 3}}}",
         "E107 values/v0.yaml:3:28 unknown key `cores` in `resources`"),
        ("name: other", "E220 values/v0.yaml:3:1 a values file cannot say `name`: only the definition does"),
        ("conditions: {a: true}", "E220 values/v0.yaml:3:1 a values file cannot say `conditions`: only the definition does"),
        ("vars: [a]", "E108 values/v0.yaml:3:7 `vars` must be a mapping, not a list"),
        ("vars: {name: }", "E108 values/v0.yaml:3:14 variable `name` has no value"),
        ("parameters: {count: many}",
         "E401 values/v0.yaml:3:21 the default of `count` must be of type Integer, not String"),
        ("parameters: {count: 500}",
         "E403 values/v0.yaml:3:21 the default of `count`: 500 is above the maximum 100"),
        ("targets: {sagemakr: {}}", "E107 values/v0.yaml:3:11 unknown key `sagemakr` in `targets`"),
        ("vars: {name: a, name: b}", "E103 values/v0.yaml:3:17 key `name` stands twice"),
        ("vars: {name: [}", "E102 values/v0.yaml:3:15 a value is missing here"),
    ],
)  # fmt: skip
def test_what_a_values_file_may_not_touch_is_told_in_it(
    laid: Laid, values: str, message: str
) -> None:
    loaded = laid(values)
    assert loaded.pipeline is None
    assert [message] == [
        f"{i.code} {i.span.path}:{i.span.line}:{i.span.column} {i.message}"
        for i in loaded.diagnostics
    ]


def test_a_pipeline_is_no_values_file(laid: Laid) -> None:
    loaded = laid("", head=DEFINITION)
    (found,) = loaded.diagnostics
    assert ("E112", "`kind` is `Pipeline`, not `Values`") == (found.code, found.message)


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("count=7", "E113 `--set count=7` is not path=value", 1),
        ("parameters.count", "E113 `--set parameters.count` is not path=value", 1),
        ("=7", "E113 `--set =7` is not path=value", 1),
        ("a..b=7", "E113 `--set a..b=7` is not path=value", 1),
        ("", "E113 `--set ` is not path=value", 1),
        ("parameters.cuont=7", "E215 the pipeline has no parameter `cuont`", 12),
        ("steps.make.component=x", "E220 a values file cannot say `component`: only the definition does", 12),
        ("parameters.count=many",
         "E401 the default of `count` must be of type Integer, not String", 18),
        ("vars.name=[a", "E102 `[` is not closed", 11),
        ("vars.name=\udcff", "E102 half a character stands here", 11),
        ("vars.name=a\0b", "E102 character U+0000 is not allowed in YAML", 12),
        ("vars." + "a." * 5000 + "b=1",
         "E113 `--set vars." + "a." * 488 + "…", 1),
        ("nme.x=1", "E107 unknown key `nme` in a values file", 1),
    ],
    ids=lambda value: str(value)[:24].encode("ascii", "replace").decode(),
)  # fmt: skip
def test_a_wrong_setting_is_shown_as_it_was_given(
    laid: Laid, text: str, message: str, column: int
) -> None:
    (found,) = laid(sets=[text]).diagnostics
    assert (message[:60], column) == (f"{found.code} {found.message}"[:60], found.span.column)


def test_a_values_file_that_is_not_there_is_told_with_those_that_are(laid: Laid) -> None:
    laid("", "")
    loaded = driver.load("dag.yaml", ["v7", "other/v.yaml", "x" * 300])
    assert [
        ("there is no values file `other/v.yaml`", "there is no values file here"),
        ("there is no values file `values/v7.yaml`", "known values files: `v0`, `v1`"),
        (f"there is no values file `values/{'x' * 300}.yaml`", "known values files: `v0`, `v1`"),
    ] == [(item.message, item.help) for item in loaded.diagnostics]


def test_every_layer_s_problems_are_told_in_one_run(laid: Laid) -> None:
    loaded = laid("vars: {nam: x}", "steps: {mak: {}}", sets=["parameters.cuont=1", "x"])
    assert ["E113", "E215", "E215", "E215"] == sorted(item.code for item in loaded.diagnostics)
