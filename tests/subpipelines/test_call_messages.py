"""What is said of a pipeline used as a component that is wrong, or is called wrongly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from isodag import driver
from isodag.driver import Loaded

Messages = Callable[..., list[str]]

FITTED = """parameters:
  count: {type: Integer, minimum: 1, maximum: 100}
  shape: {type: String, default: line, enum: [line, square]}
  shrink: {type: Float, default: 0.0}
steps:
  make: {component: make_numbers@1, inputs: {count: "${{ parameters.count }}", shape: "${{ parameters.shape }}"}}
  fit: {component: fit_mean@1, inputs: {numbers: "${{ steps.make.outputs.numbers }}", shrink: "${{ parameters.shrink }}"}}
outputs:
  model: ${{ steps.fit.outputs.model }}
  loss: ${{ steps.fit.outputs.loss }}
"""
TELL = '  tell: {component: announce@1, inputs: {model: "${{ steps.fit.outputs.model }}"}}\n'


def call(inputs: str, more: str = TELL) -> dict[str, str]:
    """A definition whose step `fit` in line 5 calls fitted.yaml, and that file."""
    return {
        "dag.yaml": f"steps:\n  fit: {{component: ./fitted.yaml, inputs: {{{inputs}}}}}\n{more}",
        "fitted.yaml": FITTED,
    }


def test_a_good_call_is_no_problem(messages: Messages) -> None:
    assert [] == messages(call("count: 3"))


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (
            "",
            "E209 dag.yaml:5:20 step `fit` does not give `count` (Integer)"
            " (add `count:` under `inputs:`)",
        ),
        (
            "count: 3, shap: line",
            "E210 dag.yaml:5:54 component `fitted.yaml` has no input `shap` (did you mean `shape`?)",
        ),
        (
            "count: many",
            "E401 dag.yaml:5:51 input `count` must be of type Integer, not String",
        ),
        ("count: 101", "E403 dag.yaml:5:51 input `count`: 101 is above the maximum 100"),
        (
            "count: 3, shape: squire",
            "E403 dag.yaml:5:61 input `shape`: `squire` is none of `line`, `square`"
            " (did you mean `square`?)",
        ),
    ],
)
def test_what_a_call_gives_is_checked_like_an_input(
    messages: Messages, inputs: str, said: str
) -> None:
    assert [said] == messages(call(inputs))


def test_a_wire_of_another_type_is_told_with_both_ends(load: Callable[..., Loaded]) -> None:
    more = "  other: {component: make_numbers@1}\n" + TELL
    found = load(call('count: "${{ steps.other.outputs.total }}"', more)).diagnostics
    assert [
        (
            "`steps.other.outputs.total` is of type Float, but input `count` takes Integer",
            ["components/make_numbers/component.yaml", "fitted.yaml:5"],
        )
    ] == [
        (
            item.message,
            [
                other.span.path + (":5" if other.span == (other.span.path, 5, 3, 5, 8) else "")
                for other in item.related
            ],
        )
        for item in found
    ]


def test_an_output_that_a_pipeline_does_not_have(messages: Messages) -> None:
    files = call("count: 3", TELL.replace("outputs.model", "outputs.modl"))
    assert [
        "E203 dag.yaml:6:72 step `fit` has no output `modl` (did you mean `model`?)"
    ] == messages(files)


# --- the file itself -------------------------------------------------------------------------


def test_a_mistake_in_a_called_file_is_told_there_once(messages: Messages) -> None:
    files = {
        "dag.yaml": "steps:\n  a: {component: ./fitted.yaml}\n  b: {component: ./fitted.yaml}\n"
        + TELL.replace("steps.fit", "steps.a"),
        "fitted.yaml": FITTED.replace("outputs.numbers", "outputs.numbrs"),
    }
    assert [
        "E203 fitted.yaml:10:74 step `make` has no output `numbrs` (did you mean `numbers`?)"
    ] == messages(files)


def test_a_file_that_is_no_yaml_is_told_there(messages: Messages) -> None:
    files = call("count: 3") | {"fitted.yaml": FITTED.replace("outputs:", "outputs: [")}
    found = messages(files)
    assert ["E102"] == [line[:4] for line in found]
    assert found[0].startswith("E102 fitted.yaml:")


def test_a_missing_file_is_told_at_the_call(messages: Messages) -> None:
    assert [
        "E207 dag.yaml:5:20 there is no component at `./fitted.yaml`"
        " (name a folder with a component.yaml in it, a spec file, or a pipeline)"
    ] == messages({"dag.yaml": call("count: 3")["dag.yaml"]})


def test_a_misspelt_file_is_told_with_the_near_one(messages: Messages) -> None:
    files = call("count: 3")
    files["dag.yaml"] = files["dag.yaml"].replace("fitted", "fited")
    assert [
        "E207 dag.yaml:5:20 there is no component at `./fited.yaml` (did you mean `fitted.yaml`?)"
    ] == messages(files)


@pytest.mark.parametrize("written", ["fitted.yaml", "fitted"])
def test_a_file_named_without_a_dot_is_told_with_it(messages: Messages, written: str) -> None:
    files = call("count: 3")
    files["dag.yaml"] = files["dag.yaml"].replace("./fitted.yaml", written)
    assert [
        f"E207 dag.yaml:5:20 there is no component `{written}`"
        " (a path starts with a dot: write ./fitted.yaml)"
    ] == messages(files)


def test_a_folder_with_a_pipeline_in_it_is_told_with_its_file(messages: Messages) -> None:
    files = call("count: 3")
    files["dag.yaml"] = files["dag.yaml"].replace("./fitted.yaml", "./parts")
    files["parts/pipeline.yaml"] = FITTED
    assert [
        "E207 dag.yaml:5:20 `./parts` has no component.yaml in it"
        " (name the pipeline in it: ./parts/pipeline.yaml)"
    ] == messages(files)


def test_a_file_of_another_kind_is_told_at_the_call(messages: Messages) -> None:
    files = call("count: 3")
    files["fitted.yaml"] = "apiVersion: isodag/v1\nkind: Values\nvars: {a: 1}\n"
    assert [
        "E207 dag.yaml:5:20 `./fitted.yaml`: this is a Values, not a component"
        " (name a component, or a file with `kind: Pipeline`)"
    ] == messages(files)


# --- circles ---------------------------------------------------------------------------------

BACK = "steps:\n  fit: {component: ./dag.yaml}\n"


def test_a_pipeline_that_calls_itself(messages: Messages) -> None:
    assert [
        "E230 dag.yaml:5:20 pipeline `dag.yaml` calls itself"
        " (a pipeline cannot be a step of itself: move what both need into a file of its own)"
    ] == messages({"dag.yaml": BACK})


@pytest.mark.parametrize("first", ["a.yaml", "b.yaml", "c.yaml"])
def test_a_circle_is_told_at_the_same_place_wherever_one_begins(
    load: Callable[..., Loaded], workshop: Path, first: str
) -> None:
    circle = {"a.yaml": "b", "b.yaml": "c", "c.yaml": "a"}
    load({name: BACK.replace("dag", other) for name, other in circle.items()})
    found = driver.load(first).diagnostics
    assert [
        (
            "pipelines call each other: `a.yaml` -> `b.yaml` -> `c.yaml` -> `a.yaml`",
            "c.yaml",
            {"a.yaml", "b.yaml"},
        )
    ] == [
        (item.message, item.span.path, {other.span.path for other in item.related})
        for item in found
        if item.code == "E230"
    ]
    assert {"E230"} == {item.code for item in found}


def test_a_circle_is_found_through_a_link(load: Callable[..., Loaded], workshop: Path) -> None:
    (workshop / "link.yaml").symlink_to("dag.yaml")
    found = load({"dag.yaml": BACK.replace("dag", "link")}).diagnostics
    assert ["pipeline `dag.yaml` calls itself"] == [item.message for item in found]


def test_calls_go_20_deep(messages: Messages) -> None:
    files = {f"p{n}.yaml": f"steps:\n  s: {{component: ./p{n + 1}.yaml}}\n" for n in range(20)}
    last = "steps:\n  make: {component: make_numbers@1}\n"
    assert [] == messages(files | {"p20.yaml": last})
    files["p20.yaml"] = "steps:\n  s: {component: ./p21.yaml}\n"
    assert [
        "E231 p20.yaml:5:18 pipelines call each other more than 20 deep"
        " (write the steps of the innermost into the one that calls it)"
    ] == messages(files | {"p21.yaml": last})


def test_many_more_calls_than_any_target_takes_are_told_quickly(messages: Messages) -> None:
    twice = "steps:\n  a: {{component: ./p{0}.yaml}}\n  b: {{component: ./p{0}.yaml}}\n"
    files = {f"p{n}.yaml": twice.format(n + 1) for n in range(18)}
    files["p18.yaml"] = "steps:\n  make: {component: make_numbers@1}\n"
    assert [
        "E231 p4.yaml:6:18 calls stand for more than 10000 steps from here on"
        " (split the definition)"
    ] == messages(files)


# --- what callers may read and wait for ------------------------------------------------------

GATED = FITTED.replace("  fit: {", "  fit: {when: steps.make.outputs.total > 10, ")
GATE = "is there only when `steps.make.outputs.total > 10`"
WAY_OUT = "(write what needs it into `fitted.yaml`, or let a step that always runs give it)"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (TELL, [f"E232 dag.yaml:6:72 output `model` of `fitted.yaml` {GATE} {WAY_OUT}"]),
        (
            "outputs: {loss: '${{ steps.fit.outputs.loss }}'}\n",
            [f"E232 dag.yaml:6:40 output `loss` of `fitted.yaml` {GATE} {WAY_OUT}"],
        ),
        (
            "  end: {when: steps.fit.outputs.loss > 1, fail: too bad}\n",
            [f"E232 dag.yaml:6:33 output `loss` of `fitted.yaml` {GATE} {WAY_OUT}"],
        ),
        (
            "  end: {after: [fit], component: make_numbers@1}\n",
            [
                "E233 dag.yaml:6:17 `fit` has steps that run only when"
                " `steps.make.outputs.total > 10`"
                " (read an output of `fit`: `after` waits for all its steps)"
            ],
        ),
    ],
)
def test_nobody_waits_for_a_step_behind_a_condition_of_another_file(
    messages: Messages, more: str, said: list[str]
) -> None:
    assert said == messages(call("count: 3", more) | {"fitted.yaml": GATED})


@pytest.mark.parametrize(
    ("by", "read", "said"),
    [
        ("loss", "index", f"E232 dag.yaml:6:36 output `loss` of `fitted.yaml` {GATE} {WAY_OUT}"),
        ("total", "loss", f"E232 dag.yaml:7:38 output `loss` of `fitted.yaml` {GATE} {WAY_OUT}"),
    ],
)
def test_pick_takes_nothing_that_may_not_be_there(
    messages: Messages, by: str, read: str, said: str
) -> None:
    more = (
        f"  best: {{pick: {{from: fit, lowest: {by}}}}}\n"
        f"outputs: {{o: '${{{{ steps.best.outputs.{read} }}}}'}}\n"
    )
    files = call('count: "${{ each.n }}"', more)
    files["dag.yaml"] = files["dag.yaml"].replace("fit: {", "fit: {foreach: {var: n, in: [1, 2]}, ")
    total = GATED + "  total: ${{ steps.make.outputs.total }}\n"
    assert [said] == messages(files | {"fitted.yaml": total})


SWITCHED = FITTED.replace("  fit: {", "  fit: {when: parameters.shrink > 0.1, ")


def test_a_condition_that_a_call_decides_hides_nothing(messages: Messages) -> None:
    more = TELL + "  end: {after: [fit], component: make_numbers@1}\n"
    files = call("count: 3, shrink: 0.5", more) | {"fitted.yaml": SWITCHED}
    assert [] == messages(files)
    off = call("count: 3", more) | {"fitted.yaml": SWITCHED}
    assert [
        "E232 dag.yaml:6:72 output `model` of `fitted.yaml` is there only when"
        f" `parameters.shrink > 0.1` {WAY_OUT}"
    ] == messages(off)


def test_a_gate_around_an_inner_call_hides_its_outputs_too(messages: Messages) -> None:
    middle = (
        "conditions: {many: parameters.count > 3}\nparameters: {count: {type: Integer}}\nsteps:\n"
        '  one: {component: ./fitted.yaml, when: not many, inputs: {count: "${{ parameters.count }}"}}'
        "\noutputs: {model: '${{ steps.one.outputs.model }}'}\n"
    )
    files = call('count: "${{ parameters.count }}"')
    files["dag.yaml"] = files["dag.yaml"].replace("fitted", "middle")
    files["dag.yaml"] += "parameters: {count: {type: Integer}}\n"
    assert [
        "E232 dag.yaml:6:72 output `model` of `middle.yaml` is there only when"
        " `not (parameters.count > 3)`"
        " (write what needs it into `middle.yaml`, or let a step that always runs give it)"
    ] == messages(files | {"middle.yaml": middle})


def test_one_may_wait_for_a_pipeline_that_may_end_the_run(messages: Messages) -> None:
    more = "  end: {after: [fit], component: make_numbers@1}\n"
    fails = FITTED.replace(
        "outputs:", "  bad: {when: steps.fit.outputs.loss > 9, fail: no}\noutputs:"
    )
    assert [] == messages(call("count: 3", more) | {"fitted.yaml": fails})


# --- settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "help"),
    [
        ("resources", "{cpu: 2}", "write it in `fitted.yaml`, on the steps or under `defaults:`"),
        ("cache", "{max_age: 3d}", "write it in `fitted.yaml`, on the steps or under `defaults:`"),
        ("timeout", "3h", "write it in `fitted.yaml`, on the steps or under `defaults:`"),
        ("targets", "{kfp: {}}", "write it on the steps in `fitted.yaml`"),
        (
            "secret_env",
            "{A: env:A}",
            "give `fitted.yaml` a parameter of type Secret, and write `secret_env` on the step"
            " that reads it",
        ),
    ],
)
def test_a_call_has_no_settings(messages: Messages, key: str, value: str, help: str) -> None:
    files = call("count: 3")
    files["dag.yaml"] = files["dag.yaml"].replace("fit: {", f"fit: {{{key}: {value}, ")
    assert [f"E234 dag.yaml:5:9 a step that calls a pipeline takes no `{key}` ({help})"] == (
        messages(files)
    )


def test_a_values_file_gives_a_call_no_settings(messages: Messages) -> None:
    values = "apiVersion: isodag/v1\nkind: Values\nsteps: {fit: {resources: {cpu: 2}}}\n"
    assert [
        "E234 values/big.yaml:3:15 a step that calls a pipeline takes no `resources`"
        " (write it in `fitted.yaml`, on the steps or under `defaults:`)"
    ] == messages(call("count: 3") | {"values/big.yaml": values}, ["big"])


def test_a_default_of_the_caller_is_no_setting_of_the_call(messages: Messages) -> None:
    files = call("count: 3")
    files["dag.yaml"] = "defaults: {retry: {max_attempts: 2}, cache: {}}\n" + files["dag.yaml"]
    assert [] == messages(files)


# --- what fits where it is read --------------------------------------------------------------

READS = """parameters:
  mode: {type: String, default: fast}
  machine: {type: String, default: ml.m5.xlarge}
  rates: {type: JsonArray, default: [0.1, 0.2]}
steps:
  make:
    when: parameters.mode == 'fast'
    component: make_numbers@1
    targets: {sagemaker: {instance_type: "${{ parameters.machine }}"}}
  fit:
    foreach: {var: rate, in: "${{ parameters.rates }}", type: Float}
    component: make_numbers@1
    inputs: {step: "${{ each.rate }}"}
"""
GIVE = "(give it a parameter, a variable or the value itself)"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("mode: slow", []),
        ('mode: "${{ steps.other.outputs.kind }}"', None),
        (
            'mode: "${{ run.id }}"',
            [
                "E235 dag.yaml:7:55 a condition of `reads.yaml` reads `mode`:"
                f" it cannot be a fact about the run {GIVE}"
            ],
        ),
        (
            'mode: "a ${{ parameters.word }}"',
            [
                "E235 dag.yaml:7:51 a condition of `reads.yaml` reads `mode`:"
                f" it cannot be joined text {GIVE}"
            ],
        ),
        ('mode: "a ${{ vars.word }}"', []),
        ('machine: "ml.${{ parameters.word }}"', []),
        (
            'machine: "${{ run.id }}"',
            [
                "E235 dag.yaml:7:58 a setting in `reads.yaml` reads `machine`:"
                f" it cannot be a fact about the run {GIVE}"
            ],
        ),
        ("rates: [1, 2.5]", []),
        (
            "rates: [1, fast]",
            [
                "E235 dag.yaml:7:51 `reads.yaml` repeats a step for items of type Float:"
                " String where Float is due"
            ],
        ),
        (
            "rates: []",
            ["E235 dag.yaml:7:51 `reads.yaml` repeats a step for each of 0 values (give 1 to 100)"],
        ),
    ],
)
def test_a_call_gives_what_can_stand_where_it_is_read(
    messages: Messages, given: str, said: list[str] | None
) -> None:
    outer = (
        "parameters: {word: {type: String, default: big}}\nvars: {word: small}\nsteps:\n"
        f"  made: {{component: ./reads.yaml, inputs: {{{given}}}}}\n"
        '  used: {component: make_numbers@1, inputs: {shape: "${{ parameters.word }}"}}\n'
        '  also: {component: make_numbers@1, inputs: {shape: "${{ vars.word }}"}}\n'
    )
    if said is not None:
        found = messages({"dag.yaml": outer, "reads.yaml": READS})
        assert said == [line for line in found if not line.startswith(("E403", "W"))]


# --- secrets ---------------------------------------------------------------------------------

SECRET = (
    "parameters: {token: {type: Secret}}\nsteps:\n"
    '  make: {component: make_numbers@1, secret_env: {TOKEN: "${{ parameters.token }}"}}\n'
)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('"${{ parameters.token }}"', []),
        ("env:TOKEN", []),
        (
            '"${{ parameters.word }}"',
            [
                "E412 dag.yaml:8:55 `token` takes a parameter of type Secret, which"
                " `parameters.word` is not"
                " (give the parameter `type: Secret`; its value is then a reference)"
            ],
        ),
        (
            '"${{ parameters.token }}!"',
            [
                "E411 dag.yaml:8:55 `parameters.token` is a Secret, which cannot be joined into"
                " text (give all of it: `${{ parameters.token }}`)"
            ],
        ),
        (
            "12",
            [
                "E412 dag.yaml:8:50 `token` must be a reference to a secret, not an Integer"
                " (write env:NAME, file:PATH, secret:NAME or the ARN of a secret in AWS Secrets Manager)"
            ],
        ),
    ],
)
def test_a_secret_is_passed_on_as_a_reference(
    messages: Messages, given: str, said: list[str]
) -> None:
    outer = (
        "parameters:\n  token: {type: Secret}\n  word: {type: String, default: line}\nsteps:\n"
        f"  made: {{component: ./made.yaml, inputs: {{token: {given}}}}}\n"
        '  used: {component: make_numbers@1, secret_env: {A: "${{ parameters.token }}"},'
        ' inputs: {shape: "${{ parameters.word }}"}}\n'
        "outputs: {total: '${{ steps.used.outputs.total }}'}\n"
    )
    assert said == messages({"dag.yaml": outer, "made.yaml": SECRET})


def test_a_secret_does_not_go_into_a_parameter_of_another_type(messages: Messages) -> None:
    outer = (
        "parameters: {token: {type: Secret}}\nsteps:\n"
        '  fit: {component: ./fitted.yaml, inputs: {count: 3, shape: "${{ parameters.token }}"}}\n'
        + TELL
    )
    assert [
        "E411 dag.yaml:6:66 `parameters.token` is a Secret: only a step's `secret_env` may read it"
        ' (write `secret_env: {TOKEN: "${{ parameters.token }}"}` in the step; its component then'
        " reads the variable `TOKEN`)"
    ] == messages({"dag.yaml": outer, "fitted.yaml": FITTED})


# --- finally ---------------------------------------------------------------------------------


def test_a_finally_step_calls_no_pipeline(messages: Messages) -> None:
    files = call(
        "count: 3", TELL + "finally:\n  log: {component: ./fitted.yaml, inputs: {count: 1}}\n"
    )
    assert [
        "E236 dag.yaml:8:20 a `finally` step runs one component, and `fitted.yaml` is a pipeline"
        " (write its steps here)"
    ] == messages(files)


# --- warnings --------------------------------------------------------------------------------


def test_a_call_that_nobody_reads_is_told_like_a_step(messages: Messages) -> None:
    more = "  other: {component: make_numbers@1}\noutputs: {total: '${{ steps.other.outputs.total }}'}\n"
    assert [
        "W205 dag.yaml:5:3 nothing reads an output of step `fit`"
        " (remove it, or read one, as ${{ steps.fit.outputs.loss }})"
    ] == messages(call("count: 3", more))


def test_a_call_that_does_something_need_not_be_read(messages: Messages) -> None:
    more = "  other: {component: make_numbers@1}\noutputs: {total: '${{ steps.other.outputs.total }}'}\n"
    acts = FITTED.replace("outputs:\n", TELL + "outputs:\n")
    assert [] == messages(call("count: 3", more) | {"fitted.yaml": acts})
