"""`isodag schema`: what the reader takes the schema takes, and what a schema can see it refuses."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import isodag
from isodag import diagnostics, driver, editors, spec
from isodag.editors import installed
from isodag.frontend import files, nodes, schema
from isodag.library import folders_for
from isodag.source import Source

TESTS = Path(__file__).parents[1]
REPOSITORY = TESTS.parent
TARGETS = {name: target.KEYS for name, target in driver.TARGETS.items()}
FOLDERS = ("definitions", "tests/toys", "tests/sagemaker/cases", "tests/kfp_target/cases",
           "tests/planted/correct")  # fmt: skip
DEFINITIONS = {
    f"{folder}/{path.name}": path
    for folder in FOLDERS
    for path in sorted((REPOSITORY / folder).glob("*.yaml"))
}
SPECS = {
    str(path.relative_to(REPOSITORY)): path
    for pattern in ("components/*", "tests/toys/components/*", "tests/planted/correct/components/*")
    for path in sorted(REPOSITORY.glob(f"{pattern}/component.yaml"))
}
VALUES = {path.name: path for path in sorted((REPOSITORY / "definitions/values").glob("*.yaml"))}
SCHEMAS = {
    "pipeline": editors.pipeline(
        installed.components(folders_for(REPOSITORY / "definitions")), TARGETS
    ),
    "values": editors.values(TARGETS),
    "component": editors.component(),
}
LAWS = settings(max_examples=200, deadline=None, database=None)
SEEDS = st.integers(0, 10**9)


def data(path: Path | str) -> Any:
    """The plain data of a YAML file, or text."""
    source = files.load(path)[0] if isinstance(path, Path) else Source("", path)
    node, problems = nodes.parse(source)
    assert node is not None, problems
    return nodes.plain_data(node)


def wrong(schema: dict[str, Any], document: Any) -> list[str]:
    """What a schema has to say: place, colon, message."""
    found = Draft202012Validator(schema).iter_errors(document)
    return sorted(f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in found)


def library(folder: Path) -> dict[str, Any]:
    """The schema of DAG files in a folder."""
    return editors.pipeline(installed.components(folders_for(folder)), TARGETS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_says_what_it_is(name: str) -> None:
    assert [] == [key for key, held in keys(SCHEMAS[name]) if not held.get("description")]


def keys(part: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key that a schema lists, with its schema; conditions and what only narrows left out."""
    if isinstance(part, list):
        for item in part:
            yield from keys(item)
    elif isinstance(part, dict):
        closed = part.get("additionalProperties") is not None
        for name, held in part.get("properties", {}).items() if closed else ():
            if held != {} and not (
                name in ("inputPath", "inputValue", "outputPath") or "Uri" in name
            ):
                yield name, held
        for word, held in part.items():
            if word != "if":
                yield from keys(list(held.values()) if word == "properties" else held)


def test_the_keys_are_those_of_the_reader_in_its_order() -> None:
    step = SCHEMAS["pipeline"]["properties"]["steps"]["patternProperties"]["^[a-z][a-z0-9_]*$"]
    assert [key.name for key in schema.PIPELINE] == list(SCHEMAS["pipeline"]["properties"])
    assert [key.name for key in schema.STEP] == list(step["properties"])
    assert [key.name for key in schema.VALUES] == list(SCHEMAS["values"]["properties"])
    assert [key.name for key in spec.SPEC_KEYS] == list(SCHEMAS["component"]["properties"])


# --- what is right -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_definition_is_right(name: str) -> None:
    path = DEFINITIONS[name]
    assert [] == wrong(library(path.parent), data(path))


@pytest.mark.parametrize("name", VALUES)
def test_a_values_file_is_right(name: str) -> None:
    assert [] == wrong(SCHEMAS["values"], data(VALUES[name]))


@pytest.mark.parametrize("name", SPECS)
def test_a_component_spec_is_right(name: str) -> None:
    assert [] == wrong(SCHEMAS["component"], data(SPECS[name]))


def right_examples() -> Iterator[Any]:
    """The files under `## Right` of every page: schema, data."""
    toys = editors.pipeline(installed.components([TESTS / "toys" / "components"]), TARGETS)
    for page in sorted((Path(isodag.__file__).parent / "codes").glob("*.md")):
        section = re.search(r"^## Right\n(.*?)(?=^## |\Z)", page.read_text("utf-8"), re.M | re.S)
        files = re.findall(
            r"^```yaml ?(.*?)\n(.*?)^```$", section[1] if section else "", re.M | re.S
        )
        for kind, text in files:
            name = kind.rpartition("/")[2]
            found = {"component.yaml": SCHEMAS["component"], "values.yaml": SCHEMAS["values"],
                     "": toys}.get(name)  # fmt: skip
            if found is not None:
                yield pytest.param(found, text, id=f"{page.stem}-{kind or 'pipeline'}")


@pytest.mark.parametrize(("found", "text"), list(right_examples()))
def test_what_a_page_calls_right_is_right(found: dict[str, Any], text: str) -> None:
    assert [] == wrong(found, data(text))


# --- whatever the reader takes ------------------------------------------------------------------

SPOILT = (
    None, True, False, 0, 1, -3, 0.5, 2e9, "", "a", "A b", "1", "30s", "16Gi", "on", "true",
    "${{ vars.group }}", "a ${{ run.id }}", "${{ parameters.reviews }}", "s3://bucket/key", [], ["a"],
    [1], {}, {"a": 1}, {"x-a": 1}, "String", "Integer", "good_enough", "prepare", "train_bert@1",
    "train_bert@9", "./here", "name", ["capacity"], {"max_wait": "3h"}, "x" * 300,
)  # fmt: skip
NAMES = (
    "x-note", "name", "type", "description", "default", "minimum", "enum", "pattern", "when", "after",
    "fail", "inputs", "component", "resources", "cpu", "retry", "on", "backoff", "cache", "targets",
    "kfp", "sagemaker", "spot", "images", "optional", "version", "annotations", "Not A Name", "foreach",
    "secret_env", "seed", "epochs", "vars", "conditions", "outputs",
)  # fmt: skip


def spoilt(document: Any, seed: int) -> Any:
    """A copy with one to three places changed: a value, a key removed or added."""
    draw = random.Random(seed)
    document = copy.deepcopy(document)
    for _ in range(draw.choice([1, 1, 2, 3])):
        places = list(walk(document))
        holder, key = draw.choice(places)
        change = draw.random()
        if change < 0.5:
            holder[key] = copy.deepcopy(draw.choice(SPOILT))
        elif change < 0.7:
            del holder[key]
        elif isinstance(holder, dict):
            other = draw.choice(places)
            holder[draw.choice(NAMES)] = copy.deepcopy(
                draw.choice([other[0][other[1]], draw.choice(SPOILT)])
            )
        if not document:
            break
    return document


def walk(document: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document: its holder and its key or index."""
    for key in list(document) if isinstance(document, dict) else range(len(document)):
        yield document, key
        if isinstance(document[key], dict | list):
            yield from walk(document[key])


@given(st.sampled_from(sorted(DEFINITIONS)), SEEDS)
@LAWS
def test_what_the_reader_takes_the_schema_takes(name: str, seed: int) -> None:
    path = DEFINITIONS[name]
    document = spoilt(data(path), seed)
    loaded = driver.load(path, data=json.dumps(document).encode())
    if not diagnostics.failed(driver.check(loaded)):
        assert [] == wrong(LIBRARIES[path.parent], document)


LIBRARIES = {path.parent: library(path.parent) for path in DEFINITIONS.values()}


@given(st.sampled_from(sorted(VALUES)), SEEDS)
@LAWS
def test_what_the_reader_takes_of_values_the_schema_takes(
    tmp_path_factory: pytest.TempPathFactory, name: str, seed: int
) -> None:
    document = spoilt(data(VALUES[name]), seed)
    path = tmp_path_factory.getbasetemp() / "laid.yaml"
    path.write_text(json.dumps(document), encoding="utf-8")
    loaded = driver.load(REPOSITORY / "definitions/bert_reviews.yaml", [str(path)])
    if not diagnostics.failed(driver.check(loaded)):
        assert [] == wrong(SCHEMAS["values"], document)


@given(st.sampled_from(sorted(SPECS)), SEEDS)
@LAWS
def test_what_the_reader_takes_of_a_spec_the_schema_takes(name: str, seed: int) -> None:
    document = spoilt(data(SPECS[name]), seed)
    _, found = spec.read_file(SPECS[name], "it", {}, json.dumps(document).encode())
    if not diagnostics.failed(found):
        assert [] == wrong(SCHEMAS["component"], document)


# --- what is wrong ------------------------------------------------------------------------------


def edited(path: str, value: Any) -> Any:
    """The flagship with another value at a path; `None` removes the key."""
    document = data(DEFINITIONS["definitions/bert_reviews.yaml"])
    *holders, last = path.split("/")
    place = document
    for key in holders:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("step", {}, ": 'step' does not match any of the regexes: '^x-'"),
        ("kind", "Pipelin", "kind: 'Pipeline' was expected"),
        ("name", "Bert Reviews", "name: 'Bert Reviews' does not match '^[a-z][a-z0-9_-]*$'"),
        ("name", None, ": 'name' is a required property"),
        ("steps/Train", {"fail": "x"}, "steps: 'Train' does not match any of the regexes: '^[a-z][a-z0-9_]*$', '^x-'"),
        ("steps/train/componnt", "x", "steps.train: 'componnt' does not match any of the regexes: '^x-'"),
        ("steps/train/inputs/epoch", 3, "steps.train.inputs: 'epoch' does not match any of the regexes: '^x-'"),
        ("steps/train/inputs/checkpoint", None, "steps.train.inputs: 'checkpoint' is a required property"),
        ("steps/train/inputs", None, "steps.train: 'inputs' is a required property"),
        ("steps/train/inputs/epochs", "many", "steps.train.inputs.epochs: 'many' is not valid under any of the given schemas"),
        ("steps/train/inputs/epochs", 101, "steps.train.inputs.epochs: 101 is not valid under any of the given schemas"),
        ("steps/train/inputs/train", 3, "steps.train.inputs.train: 3 is not of type 'string'"),
        ("steps/register/inputs/approval", "Yes", "steps.register.inputs.approval: 'Yes' is not valid under any of the given schemas"),
        ("steps/train/component", "train_bert@latest", "steps.train.component: 'train_bert@latest' is not valid under any of the given schemas"),
        ("steps/train/resources/memory", "6 GB", "steps.train.resources.memory: '6 GB' is not valid under any of the given schemas"),
        ("steps/train/targets/sagemaker/role", "x", "steps.train.targets.sagemaker: 'role' does not match any of the regexes: '^x-'"),
        ("steps/train/targets/sagemaker/instance_count", "two", "steps.train.targets.sagemaker.instance_count: 'two' is not valid under any of the given schemas"),
        ("steps/reject/when", ["good_enough"], "steps.reject.when: ['good_enough'] is not of type 'string', 'boolean'"),
        ("steps/reject/fail", None, "steps.reject: {'when': 'not good_enough'} is not valid under any of the given schemas"),
        ("defaults/retry/on", ["weather"], "defaults.retry.on.0: 'weather' is not valid under any of the given schemas"),
        ("defaults/retry/max_attempts", 21, "defaults.retry.max_attempts: 21 is not valid under any of the given schemas"),
        ("defaults/cache/max_age", 30, "defaults.cache.max_age: 30 is not valid under any of the given schemas"),
        ("parameters/epochs/type", "Int", "parameters.epochs.type: 'Int' is not one of ['String', 'Integer'"),
        ("parameters/epochs/default", "3", "parameters.epochs.default: '3' is not valid under any of the given schemas"),
        ("parameters/epochs/pattern", "3", "parameters.epochs: False schema does not allow '3'"),
        ("conditions/in", "true", "conditions: 'in' does not match any of the regexes"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_at_its_place(path: str, value: Any, said: str) -> None:
    found = wrong(SCHEMAS["pipeline"], edited(path, value))
    assert [said] == [line[: len(said)] for line in found]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: Values\napiVersion: isodag/v1\nsteps: {train: {component: x}}",
         ["steps.train: 'component' does not match any of the regexes: '^x-'"]),
        ("kind: Values\napiVersion: isodag/v1\nvars: {a: }",
         ["vars.a: None is not of type 'string', 'number', 'boolean', 'array', 'object'"]),
    ],
)  # fmt: skip
def test_a_mistake_in_values_is_said_at_its_place(text: str, said: list[str]) -> None:
    assert said == wrong(SCHEMAS["values"], data(text))


# --- the command --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pipeline", "values"])
def test_the_schemas_beside_our_definitions_are_up_to_date(
    kind: str, golden: Callable[[Path, bytes], None]
) -> None:
    """`pytest tests/editors --accept` writes them anew."""
    golden(REPOSITORY / "definitions" / f"{kind}.schema.json", editors.document(SCHEMAS[kind]))


def test_our_definitions_name_their_schema() -> None:
    for path in (REPOSITORY / "definitions").rglob("*.yaml"):
        first = path.read_text("utf-8").splitlines()[0]
        _, sign, named = first.partition("# yaml-language-server: $schema=")
        assert sign and (path.parent / named).is_file(), path
