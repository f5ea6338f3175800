"""No text of a credential gets into anything that is said about the file that holds it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import fakes
import pytest
from hypothesis import HealthCheck, given, settings

from isodag import diagnostics, driver, spec
from isodag.frontend import credentials
from isodag.source import Source

TESTS = Path(__file__).parents[1]
HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: numbers\n"
MAKE = "steps:\n  make: {component: make_numbers@1}\n"
BESIDE = "inputs: {}, secret_env: {}"

PLACES: dict[str, str] = {
    "a description": HEAD + "description: reads with # every day\n" + MAKE,
    "a variable": HEAD + "vars:\n  v: '#'\n" + MAKE,
    "deep in a list": HEAD + "vars: {v: [[{a: ['x #']}]]}\n" + MAKE,
    "an unknown key": HEAD + "#: 1\n" + MAKE,
    "a free key": HEAD + "x-notes: {#: {b: '#'}}\n" + MAKE,
    "the pipeline's name": HEAD.replace("numbers", "#") + MAKE,
    "the version of the format": HEAD.replace("isodag/v1", "#") + MAKE,
    "a parameter's name": HEAD + "parameters: {#: {type: String}}\n" + MAKE,
    "a parameter's type": HEAD + "parameters: {p: {type: #}}\n" + MAKE,
    "a default of the wrong type": HEAD + "parameters: {p: {type: Integer, default: #}}\n" + MAKE,
    "a default outside its enum": HEAD + "parameters: {p: {type: String, default: #, enum: [a]}}\n" + MAKE,
    "an enum": HEAD + "parameters: {p: {type: String, default: a, enum: [#]}}\n" + MAKE,
    "a pattern": HEAD + "parameters: {p: {type: String, default: a, pattern: '#'}}\n" + MAKE,
    "a condition": HEAD + "conditions: {c: vars.v == '#'}\n" + MAKE,
    "a name in a condition": HEAD + "conditions: {c: \"vars['#'] == 1\"}\n" + MAKE,
    "a broken condition": HEAD + "conditions: {c: (#}\n" + MAKE,
    "a component": HEAD + "steps: {make: {component: '#'}}\n",
    "a version of a component": HEAD + "steps: {make: {component: 'make_numbers@#'}}\n",
    "an input": HEAD + "steps: {make: {component: make_numbers, inputs: {shape: '#'}}}\n",
    "an input's name": HEAD + "steps: {make: {component: make_numbers, inputs: {#: 1}}}\n",
    "a step's name": HEAD + "steps: {#: {component: make_numbers}}\n",
    "a step that is awaited": HEAD + "steps: {make: {component: make_numbers, after: ['#']}}\n",
    "a message": HEAD + "steps: {stop: {fail: 'no # there'}}\n",
    "an expression": HEAD + "steps: {stop: {fail: \"${{ vars['#'] }}\"}}\n",
    "a setting": HEAD + "steps: {make: {component: make_numbers, resources: {memory: '#'}}}\n",
    "a cause": HEAD + "steps: {make: {component: make_numbers, retry: {max_attempts: 2, on: ['#']}}}\n",
    "a target": HEAD + MAKE + "targets: {'#': {}}\n",
    "a target's setting": HEAD + MAKE + "targets: {sagemaker: {role: '#'}, kfp: {pipeline_root: '#'}}\n",
    "a secret": HEAD + "steps: {make: {component: make_numbers, secret_env: {T: '#'}}}\n",
    "a variable of secret_env": HEAD + "steps: {make: {component: make_numbers, secret_env: {'#': env:A}}}\n",
    "a default of a Secret": HEAD + "parameters: {p: {type: Secret, default: '#'}}\n" + MAKE,
    "an output's name": HEAD + MAKE + "outputs: {#: 1}\n",
    "an alias": HEAD + "vars: {v: *# }\n" + MAKE,
    "an anchor": HEAD + "vars: {v: &# 1, w: 2}\n" + MAKE,
    "a tag": HEAD + "vars: {v: !# 1}\n" + MAKE,
    "a key twice": HEAD + "vars: {#: 1, #: 2}\n" + MAKE,
    "a comment beside a mistake": HEAD + "nope: 1  # with #\n" + MAKE,
    "a broken file": HEAD + "vars: {v: '#'\n  x\n y: [\n",
    "a line that tabs break": HEAD + "vars:\n\tv: '#'\n",
    "the whole file": "'#'\n",
}  # fmt: skip


def outputs(path: Path, **more: list[str]) -> Iterator[str]:
    """Everything that is said of a file, in every form."""
    loaded = driver.load(path, components=[str(TESTS / "toys" / "components")], **more)
    found = driver.check(loaded)
    yield diagnostics.render(found, loaded.sources)
    yield diagnostics.render(found, loaded.sources, color=True)
    yield json.dumps(diagnostics.as_json(found))
    yield repr(found)
    yield from (source.text for source in loaded.sources.values())


def shows(said: str, credential: str) -> bool:
    """Whether more than its public beginning is shown, however it is spelt or cut."""
    plain = "".join(c for c in said.lower() if c.isalnum())
    secret = "".join(c for c in credential.lower() if c.isalnum())
    return any(secret[at : at + 12] in plain for at in range(max(1, len(secret) - 11)))


@pytest.mark.parametrize("place", PLACES)
@settings(
    max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(token=fakes.TOKENS)
def test_no_message_line_or_record_shows_it(
    place: str, token: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(
        PLACES[place]
        .replace(" # with", " @ with")
        .replace("#", token[1])
        .replace("@ with", "# with")
    )
    for said in outputs(path):
        assert not shows(said, token[1])


UNSEEN = {
    "an alias", "an anchor", "a tag", "a comment beside a mistake", "a broken file",
    "a line that tabs break",
}  # fmt: skip
"""Where there is no value to point at; what is said there must not show it all the same."""


@pytest.mark.parametrize("place", sorted(PLACES.keys() - UNSEEN))
def test_it_is_reported_wherever_it_stands(place: str, tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(PLACES[place].replace("#", fakes.HF))
    loaded = driver.load(path, components=[str(TESTS / "toys" / "components")])
    text = path.read_text().splitlines()
    said = [item for item in loaded.diagnostics if item.code == "E115"]
    expected = 1 if place == "a key twice" else PLACES[place].count("#")  # E103 tells of the second
    assert expected == len(said)
    for item in said:
        assert "a Hugging Face token stands here" == item.message
        line = text[item.span.line - 1]
        assert fakes.HF == line[item.span.column - 1 : item.span.end_column - 1]
    assert loaded.pipeline is None


@pytest.mark.parametrize(
    "text",
    [
        "vars: {secret_access_key: #}", "vars: {aws: {SecretAccessKey: '#'}}",
        "x-env: [{name: AWS_SECRET_ACCESS_KEY, value: #}]",
        "parameters: {aws_secret_access_key: {type: String, default: #}}",
        "vars: {argv: [--secret-access-key, #]}", "description: 'aws_secret_access_key=# there'",
    ],
)  # fmt: skip
def test_an_aws_secret_key_is_known_by_what_it_is_called(text: str, tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(HEAD + text.replace("#", fakes.AWS_SECRET) + "\n" + MAKE)
    found = driver.load(path, components=[str(TESTS / "toys" / "components")]).diagnostics
    assert ["an AWS secret access key stands here"] == [
        item.message for item in found if item.code == "E115"
    ]
    assert not any(shows(said, fakes.AWS_SECRET) for said in outputs(path))


def test_forty_letters_that_nothing_calls_a_secret_are_none(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(HEAD + f"vars: {{commit: {40 * 'a'}, key: {fakes.AWS_SECRET}}}\n" + MAKE)
    found = driver.load(path, components=[str(TESTS / "toys" / "components")]).diagnostics
    assert {"W202"} == {item.code for item in found}


def test_a_private_key_is_hidden_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    block = "".join(f"    {line}\n" for line in fakes.pem())
    path.write_text(HEAD + "vars:\n  key: |\n" + block + "  other: 1\n" + MAKE)
    loaded = driver.load(path, components=[str(TESTS / "toys" / "components")])
    assert ["a private key stands here"] == [
        item.message for item in loaded.diagnostics if item.code == "E115"
    ]
    shown = loaded.sources[str(path)].text.splitlines()
    assert ["  key: |", *("    " + "*" * len(line) for line in fakes.pem()), "  other: 1"] == shown[
        4:12
    ]


def test_an_escape_hides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    escaped = f"\\x{ord(fakes.HF[0]):02x}" + fakes.HF[1:]
    path.write_text(HEAD + f'parameters: {{p: {{type: "{escaped}"}}}}\n' + MAKE)
    found = driver.load(path, components=[str(TESTS / "toys" / "components")]).diagnostics
    assert {"a Hugging Face token stands here", "`***` is not a type"} == {
        item.message for item in found
    }
    assert not any(shows(said, fakes.HF) for said in outputs(path))


def test_columns_stay_what_they_are() -> None:
    text = f"a: {fakes.HF}, é: [{fakes.HF}]\nb: c\n"
    _, sources = credentials.hide([], {"f": Source("f", text)})
    stars = "*" * len(fakes.HF)
    assert f"a: {stars}, é: [{stars}]\nb: c\n" == sources["f"].text


def test_hiding_twice_is_hiding_once(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(HEAD + f"vars: {{v: {fakes.HF}}}\n" + MAKE)
    loaded = driver.load(path, components=[str(TESTS / "toys" / "components")])
    again = credentials.hide(loaded.diagnostics, loaded.sources)
    assert (loaded.diagnostics, loaded.sources) == again


# --- other files -----------------------------------------------------------------------------


def test_values_files_and_settings_of_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(HEAD + "vars: {v: a}\n" + MAKE)
    values = tmp_path / "prod.yaml"
    values.write_text(f"apiVersion: isodag/v1\nkind: Values\nvars: {{v: {fakes.HF}}}\n")
    given = {
        "values": [str(values)],
        "sets": [f"vars.v={fakes.HF}", f"vars.{fakes.HF}=1", fakes.HF],
    }
    loaded = driver.load(path, components=[str(TESTS / "toys" / "components")], **given)
    assert {str(values), "--set vars.v", "--set vars.***"} == {
        item.span.path for item in loaded.diagnostics if item.code == "E115"
    }
    said = list(outputs(path, **given))
    assert not any(shows(text, fakes.HF) for text in said[:3])


@pytest.mark.parametrize("name", ["component.yaml", "sagemaker.yaml"])
def test_component_specs(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "tell"
    folder.mkdir()
    files = {
        "component.yaml": (TESTS / "secrets/components/tell/component.yaml").read_text(),
        "sagemaker.yaml": "step: Processing\n",
    }
    files[name] += f"x-{fakes.HF}: 1\n" if name == "sagemaker.yaml" else f"version: {fakes.HF}\n"
    for file, text in files.items():
        (folder / file).write_text(text)
    sources: dict[str, Source] = {}
    component, found = spec.read_folder(folder, sources)
    assert component is None
    assert "E115" in {item.code for item in found}
    path = tmp_path / "pipeline.yaml"
    path.write_text(HEAD + "steps: {a: {component: ./tell}, b: {component: ./tell}}\n")
    loaded = driver.load(path)
    assert 1 == sum(item.code == "E115" for item in loaded.diagnostics)
    assert not any(shows(said, fakes.HF) for said in outputs(path))


# --- the command line ------------------------------------------------------------------------

Isodag = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def isodag(tmp_path: Path) -> Isodag:
    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "isodag", *words]
        return subprocess.run(
            command, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=False
        )

    return call


@pytest.mark.parametrize(
    "command",
    [
        ("check", "pipeline.yaml"), ("check", "pipeline.yaml", "-o", "json"),
        ("check", "pipeline.yaml", "-o", "github"), ("check", "pipeline.yaml", "-o", "sarif"),
        ("check",), ("check", "-o", "json"), ("compile", "pipeline.yaml", "-t", "kfp"),
        ("run", "pipeline.yaml"), ("graph", "pipeline.yaml"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_command_shows_it(isodag: Isodag, tmp_path: Path, command: tuple[str, ...]) -> None:
    folder = tmp_path / "components" / "tell"
    folder.mkdir(parents=True)
    text = (TESTS / "secrets/components/tell/component.yaml").read_text()
    (folder / "component.yaml").write_text(text.replace("Printed before.", fakes.HF))
    (tmp_path / "definitions").mkdir()
    dag = HEAD + f"vars: {{v: {fakes.HF}}}\nsteps: {{a: {{component: tell}}}}\n"
    for place in ("pipeline.yaml", "definitions/numbers.yaml"):
        (tmp_path / place).write_text(dag)
    done = isodag(*command)
    assert 1 == done.returncode, done.stderr
    assert "E115" in done.stdout + done.stderr
    assert not shows(done.stdout + done.stderr, fakes.HF)
    assert {"components", "definitions", "pipeline.yaml"} == {
        path.name for path in tmp_path.iterdir()
    }
