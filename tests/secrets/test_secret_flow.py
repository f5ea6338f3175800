"""Where a Secret may go: into `secret_env`, and nowhere else that an expression may stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from isodag import driver
from isodag.diagnostics import Diagnostic
from isodag.ir import Constant, ParameterRef, Task

TESTS = Path(__file__).parents[1]
LIBRARIES = [str(TESTS / "secrets" / "components"), str(TESTS / "toys" / "components")]
HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: numbers\n"
TOKEN = "parameters: {token: {type: Secret, description: Opens it.}"
READ = "${{ parameters.token }}"


def said(tmp_path: Path, text: str) -> list[Diagnostic]:
    path = tmp_path / "pipeline.yaml"
    path.write_text(HEAD + text)
    return driver.load(path, components=LIBRARIES).diagnostics


def lines(found: list[Diagnostic]) -> list[str]:
    return [f"{item.code} {item.span.line}:{item.span.column} {item.message}" for item in found]


STEP = "steps:\n  a: {component: tell, secret_env: {HF_TOKEN: '" + READ + "'}}\n"
ELSEWHERE = {
    "an input": "steps: {a: {component: tell, inputs: {words: '#'}}}",
    "an input of another type": "steps: {a: {component: make_numbers, inputs: {count: '#'}}}",
    "an artifact": "steps: {a: {component: fit_mean, inputs: {numbers: '#'}}}",
    "text in an input": "steps: {a: {component: tell, inputs: {words: 'say # now'}}}",
    "a message": "steps: {a: {fail: 'it is #'}}",
    "a message alone": "steps: {a: {fail: '#'}}",
    "a named condition": "conditions: {c: parameters.token == 'x'}\n" + STEP,
    "a condition of its own": "steps: {a: {component: tell, when: parameters.token != 'x'}}",
    "a truth": "steps: {a: {component: tell, when: parameters.token}}",
    "one of a list": "steps: {a: {component: tell, when: \"'x' in [parameters.token]\"}}",
    "a variable": "vars: {v: '#'}\n" + STEP,
    "a default": "x-other: 1\n" + STEP,
    "a resource": "steps: {a: {component: tell, resources: {memory: '#'}}}",
    "a retry": "steps: {a: {component: tell, retry: {max_attempts: '#'}}}",
    "defaults of all": "defaults: {cache: {max_age: '#'}}\n" + STEP,
    "a setting of a target": "targets: {sagemaker: {role: '#'}}\n" + STEP,
    "a setting that is fixed": "targets: {kfp: {namespace: '#'}}\n" + STEP,
    "a request": "steps: {a: {component: tell, targets: {sagemaker: {arguments: {Environment: {A: '#'}}}}}}",
    "a machine": "steps: {a: {component: tell, targets: {sagemaker: {instance_type: '#'}}}}",
    "an output": STEP + "outputs: {o: '#'}",
    "text in an output": STEP + "outputs: {o: 'x#'}",
}  # fmt: skip


@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_secret_is_read_nowhere_else(place: str, tmp_path: Path) -> None:
    more = f", other: {{type: String, default: '{READ}'}}" if place == "a default" else ""
    text = TOKEN + more + "}\n" + ELSEWHERE[place].replace("#", READ) + "\n"
    found = said(tmp_path, text)
    assert ["E411"] == [item.code for item in found]
    assert (
        "`parameters.token` is a Secret: only a step's `secret_env` may read it" == found[0].message
    )
    span = found[0].span
    line = (HEAD + text).splitlines()[span.line - 1]
    assert "parameters.token" == line[span.column - 1 : span.end_column - 1]
    assert (
        'write `secret_env: {TOKEN: "${{ parameters.token }}"}` in the step; its component then reads'
        " the variable `TOKEN`" == found[0].help
    )


def test_a_secret_in_secret_env_is_right_and_reaches_the_ir(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    text = TOKEN + "}\nvars: {place: other}\n"
    text += (
        "steps:\n  a: {component: tell, secret_env: {HF_TOKEN: '" + READ + "', B: env:B,"
        " A: 'secret:${{ vars.place }}'}}\noutputs: {o: '${{ steps.a.outputs.note }}'}\n"
    )
    path.write_text(HEAD + text)
    loaded = driver.load(path, components=LIBRARIES)
    assert [] == loaded.diagnostics
    assert loaded.pipeline is not None
    (task,) = loaded.pipeline.tasks
    assert isinstance(task, Task)
    assert [
        ("A", Constant("secret:other", "String")),
        ("B", Constant("env:B", "String")),
        ("HF_TOKEN", ParameterRef("token", "Secret")),
    ] == [(item.variable, item.value) for item in task.secrets]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("T: 'x" + READ + "'", "E411 6:52 `parameters.token` is a Secret, which cannot be joined into text"),
        ("T: hunter2", "E412 6:46 `T` is no reference to a secret"),
        ("T: ''", "E412 6:46 `T` is empty"),
        ("T: 'env:'", "E412 6:46 `T` has no name of an environment variable after `env:`"),
        ("T: 'env:A-B'", "E412 6:46 `T` has no name of an environment variable after `env:`"),
        ("T: 'file:'", "E412 6:46 `T` has no path after `file:`"),
        ("T: 'secret:a b'", "E412 6:46 `T` has no name of a secret after `secret:`"),
        ("T: 'arn:aws:iam::111122223333:role/x'", "E412 6:46 `T` is not the ARN of a secret in AWS Secrets Manager"),
        ("T: 'https://x'", "E412 6:46 `T` is no reference to a secret"),
        ("T: 3", "E108 6:46 `T` must be text, not a number"),
        ("T: [a]", "E108 6:46 `T` must be text, not a list"),
        ("T: null", "E108 6:46 `T` must be text, not nothing"),
        ("9T: env:A", "E412 6:43 `9T` is not a name for an environment variable"),
        ("HF-TOKEN: env:A", "E412 6:43 `HF-TOKEN` is not a name for an environment variable"),
        ("ISODAG_RUN_ID: env:A", "E412 6:43 `ISODAG_RUN_ID`: names that start with ISODAG_ are isodag's own"),
        ("T: '${{ parameters.plain }}'", "E412 6:51 `T` takes a parameter of type Secret, which `parameters.plain` is not"),
        ("T: 'env:${{ parameters.plain }}'", "E412 6:55 `T` takes a parameter of type Secret, which `parameters.plain` is not"),
        ("T: '${{ run.id }}'", "E412 6:51 `T` takes a parameter of type Secret, which `run.id` is not"),
        ("T: '${{ steps.b.outputs.total }}'", "E412 6:51 `T` takes a parameter of type Secret, which `steps.b.outputs.total` is not"),
        ("T: '${{ vars.bad }}'", "E412 5:13 `T` is no reference to a secret"),
        ("T: '${{ parameters.tokn }}'", "E202 6:62 there is no parameter `tokn`"),
    ],
)  # fmt: skip
def test_what_secret_env_takes(entry: str, expected: str, tmp_path: Path) -> None:
    text = TOKEN + ", plain: {type: String, default: env:A}}\nvars: {bad: opensesame}\n"
    text += (
        "steps: {a: {component: tell, secret_env: {"
        + entry
        + "}},\n  b: {component: make_numbers}}\n"
    )
    found = [item for item in said(tmp_path, text) if item.severity == "error"]
    assert 1 == len(found), lines(found)
    assert [expected] == lines(found)


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("{type: Secret, default: hunter2}", ["E412 the default of `token` is no reference to a secret"]),
        ("{type: Secret, default: 3}", ["E412 the default of `token` must be a reference to a secret, not an Integer"]),
        ("{type: Secret, default: [a]}", ["E412 the default of `token` must be a reference to a secret, not a JsonArray"]),
        ("{type: Secret, default: evn:A}", ["E412 the default of `token` is no reference to a secret"]),
        ("{type: Secret, enum: [a]}", ["E409 `enum` does not suit Secret"]),
        ("{type: Secret, pattern: a}", ["E409 `pattern` does not suit Secret"]),
        ("{type: secret}", ["E406 `secret` is not a type"]),
        ("{type: Secret, default: '${{ vars.place }}'}", []),
        ("{type: Secret, default: env:HF_TOKEN}", []),
        ("{type: Secret, default: 'arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:a/b-AbCdEf'}", []),
    ],
)  # fmt: skip
def test_a_parameter_of_type_secret(parameter: str, expected: list[str], tmp_path: Path) -> None:
    text = f"parameters: {{token: {parameter}}}\nvars: {{place: secret:hub}}\n" + STEP
    found = [item for item in said(tmp_path, text) if item.severity == "error"]
    assert expected == [f"{item.code} {item.message}" for item in found]


def test_a_misspelt_scheme_and_type_are_suggested(tmp_path: Path) -> None:
    text = "parameters: {token: {type: Secrt}, t: {type: Secret, default: evn:A}}\n"
    assert ["did you mean `Secret`?", "did you mean `env:`?"] == [
        item.help for item in said(tmp_path, text + "steps: {a: {component: tell}}\n")
    ]


def test_what_might_be_a_secret_is_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    text = "parameters: {token: {type: Secret, default: opensesame}}\nvars: {v: correct horse}\n"
    text += "steps: {a: {component: tell, secret_env: {A: swordfish, B: '${{ vars.v }}'}}}\n"
    path.write_text(HEAD + text)
    loaded = driver.load(path, components=LIBRARIES)
    shown = loaded.sources[str(path)].text + repr(loaded.diagnostics)
    assert [] == [word for word in ("opensesame", "correct", "horse", "swordfish") if word in shown]


def test_a_component_s_input_is_no_secret(tmp_path: Path) -> None:
    folder = tmp_path / "tell"
    folder.mkdir()
    spec = (TESTS / "secrets/components/tell/component.yaml").read_text()
    (folder / "component.yaml").write_text(spec.replace("type: String", "type: Secret"))
    found = said(tmp_path, "steps: {a: {component: ./tell}}\n")
    assert ["E701"] == [item.code for item in found]


def test_a_fail_step_has_no_secrets(tmp_path: Path) -> None:
    found = said(tmp_path, "steps: {a: {fail: no, secret_env: {A: env:A}}}\n")
    assert ["E216 a `fail` step takes no `secret_env`"] == [
        f"{item.code} {item.message}" for item in found
    ]


def test_the_key_is_suggested(tmp_path: Path) -> None:
    found = said(tmp_path, "steps: {a: {component: tell, secrets_env: {A: env:A}}}\n")
    assert [("E107", "did you mean `secret_env`?")] == [(item.code, item.help) for item in found]


def test_a_values_file_says_where_the_secret_lies(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(HEAD + TOKEN + "}\n" + STEP)
    loaded = driver.load(path, sets=["parameters.token=env:HF_TOKEN"], components=LIBRARIES)
    assert loaded.pipeline is not None, loaded.diagnostics
    assert ["env:HF_TOKEN"] == [item.default for item in loaded.pipeline.parameters]


def test_a_secret_that_no_step_reads_is_unused(tmp_path: Path) -> None:
    outputs = "outputs: {o: '${{ steps.a.outputs.note }}'}\n"
    found = said(tmp_path, TOKEN + "}\nsteps: {a: {component: tell}}\n" + outputs)
    assert ["W201"] == [item.code for item in found]
