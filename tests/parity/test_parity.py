"""AWS's pipelines as DAG files mean what they mean with AWS's SDK, apart from what is listed."""

from __future__ import annotations

import copy
import itertools
import json
import random
import re
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import parity_meaning as meaning
import pytest
from parity_differences import NOTHING, Known, unlisted
from parity_judge import complaints
from parity_pipelines import HERE, NAMES, about, compiled, recorded, shared
from parity_record import readable, recorded_anew

Definition = dict[str, Any]
Path_ = tuple[str | int, ...]
UNREADABLE = (KeyError, TypeError, AttributeError, ValueError, meaning.Unnamed)


def said_of(name: str, ours: Definition) -> list[str]:
    """What the comparison says of a definition of ours, beside the SDK's."""
    theirs = meaning.of(recorded(name)["definition"])
    return unlisted(meaning.of(ours, about(name).names), theirs, about(name).known)


@pytest.mark.parametrize("name", NAMES)
def test_a_dag_file_means_what_the_sdks_script_means(name: str) -> None:
    assert [] == said_of(name, compiled(name)[0])


@pytest.mark.parametrize("name", NAMES)
def test_isodag_warns_of_what_is_listed_and_of_nothing_else(name: str) -> None:
    assert list(about(name).warnings) == [item.code for item in compiled(name)[1]]


@pytest.mark.parametrize("name", NAMES)
def test_the_judge_has_no_complaint_of_the_definition(name: str) -> None:
    assert [] == complaints(compiled(name)[0])


@pytest.mark.parametrize("name", NAMES)
def test_names_are_given_one_for_one(name: str) -> None:
    names, theirs = about(name).names, meaning.of(recorded(name)["definition"])
    assert sorted(theirs["Steps"]) == sorted(names.steps.values())
    assert sorted(theirs["Parameters"]) == sorted(names.parameters.values())


def test_every_shared_difference_is_shared_by_some_pipeline() -> None:
    assert set(shared()) == {item for name in NAMES for item in about(name).shared}


# --- the comparison notices --------------------------------------------------------------------


def pieces(node: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every piece of a definition with its path, the outer ones first."""
    yield path, node
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from pieces(value, (*path, key))


def changed(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
    return "x"


def holder(definition: Definition, path: Path_) -> Any:
    """What holds the piece at a path."""
    node: Any = definition
    for key in path[:-1]:
        node = node[key]
    return node


def says_something(definition: Definition, path: Path_, value: Any) -> bool:
    """Whether a piece is part of what a definition means: no place to write to, nothing empty, not
    what stands between the parts of a text of one part."""
    if path[-1:] == ("On",) and len(holder(definition, path)["Values"]) == 1:
        return False
    words = [word for word in path if isinstance(word, str)]
    places = any(pair in meaning.PLACES for pair in itertools.pairwise(words))
    return bool(path) and path[0] != "Metadata" and not places and value not in (None, {}, [])


def noticed(name: str, ours: Definition) -> bool:
    try:
        return said_of(name, ours) != []
    except UNREADABLE:
        return True


@pytest.mark.parametrize("name", NAMES)
def test_no_value_changes_unnoticed(name: str) -> None:
    ours, _ = compiled(name)
    unnoticed = []
    for path, value in pieces(ours):
        if isinstance(value, dict | list) or not says_something(ours, path, value):
            continue
        other = copy.deepcopy(ours)
        holder(other, path)[path[-1]] = changed(value)
        if not noticed(name, other):
            unnoticed.append(path)
    assert [] == unnoticed


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_out_unnoticed(name: str) -> None:
    ours, _ = compiled(name)
    unnoticed = []
    for path, value in pieces(ours):
        if not says_something(ours, path, value):
            continue
        other = copy.deepcopy(ours)
        del holder(other, path)[path[-1]]
        if not noticed(name, other):
            unnoticed.append(path)
    assert [] == unnoticed


def swap_sides(ours: Definition) -> None:
    arguments = step(ours, "good")["Arguments"]
    arguments["IfSteps"], arguments["ElseSteps"] = arguments["ElseSteps"], arguments["IfSteps"]


def step(definition: Definition, name: str) -> Any:
    return next(item for item in definition["Steps"] if item["Name"] == name)


def parameters_of(ours: Definition) -> Any:
    return step(ours, "train")["Arguments"]["HyperParameters"]


CHANGES: dict[str, tuple[str, Callable[[Definition], object], list[str]]] = {
    "an edge is dropped": (
        "caching",
        lambda ours: step(ours, "transform").pop("DependsOn"),
        ["Steps/Transform/waits for: isodag ['Create-CreateModel'],"
         " SDK ['Create-CreateModel', 'Prepare']"],
    ),
    "a hyperparameter is another": (
        "abalone",
        lambda ours: parameters_of(ours).update(eta="0.3"),
        ["Steps/AbaloneTrain/Arguments/HyperParameters/eta: isodag '0.3', SDK '0.2'"],
    ),
    "a condition's sides are swapped": (
        "abalone",
        swap_sides,
        [
            "Steps/AbaloneCreateModel-CreateModel/stands in: isodag ['AbaloneMSECond', 'ElseSteps'],"
            " SDK ['AbaloneMSECond', 'IfSteps']",
            "Steps/AbaloneMSEFail/stands in: isodag ['AbaloneMSECond', 'IfSteps'],"
            " SDK ['AbaloneMSECond', 'ElseSteps']",
            "Steps/AbaloneRegisterModel-RegisterModel/stands in:"
            " isodag ['AbaloneMSECond', 'ElseSteps'], SDK ['AbaloneMSECond', 'IfSteps']",
            "Steps/AbaloneTransform/stands in: isodag ['AbaloneMSECond', 'ElseSteps'],"
            " SDK ['AbaloneMSECond', 'IfSteps']",
        ],
    ),
    "a cache is dropped": (
        "caching",
        lambda ours: step(ours, "prepare").pop("CacheConfig"),
        ["Steps/Prepare/CacheConfig/Enabled: isodag '(nothing)', SDK True",
         "Steps/Prepare/CacheConfig/ExpireAfter: isodag '(nothing)', SDK 'P30D'"],
    ),
    "a number is not made text": (
        "bert_lab",
        lambda ours: parameters_of(ours).update(epochs={"Get": "Parameters.epochs"}),
        ["Steps/Train/Arguments/HyperParameters/epochs/Get: isodag 'Parameters.Epochs',"
         " SDK '(nothing)'",
         "Steps/Train/Arguments/HyperParameters/epochs/text: isodag '(nothing)',"
         " SDK '${Parameters.Epochs}'"],
    ),
    "a listed difference is gone": (
        "caching",
        lambda ours: parameters_of(ours).pop("rows"),
        ["listed, but not there: Steps/Train/Arguments/HyperParameters/rows"],
    ),
    "a listed difference is another one": (
        "caching",
        lambda ours: parameters_of(ours).update(rows="/opt"),
        ["listed, but not there: Steps/Train/Arguments/HyperParameters/rows",
         "Steps/Train/Arguments/HyperParameters/rows: isodag '/opt', SDK '(nothing)'"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_the_comparison_says_what_differs(what: str) -> None:
    name, change, expected = CHANGES[what]
    ours = copy.deepcopy(compiled(name)[0])
    change(ours)
    assert expected == said_of(name, ours)


NAMED = {"Name", "InputName", "OutputName", "ChannelName"}


def shuffled(node: Any, draw: random.Random) -> Any:
    """The same with members, and items that have names, in another order."""
    if isinstance(node, dict):
        keys = draw.sample(list(node), len(node))
        return {key: shuffled(node[key], draw) for key in keys}
    if isinstance(node, list):
        items = [shuffled(item, draw) for item in node]
        if all(isinstance(item, dict) and NAMED & set(item) for item in items):
            draw.shuffle(items)
        return items
    return node


@pytest.mark.parametrize("name", NAMES)
def test_order_has_no_meaning(name: str) -> None:
    theirs = recorded(name)["definition"]
    for seed in range(20):
        other = shuffled(theirs, random.Random(seed))
        assert json.dumps(theirs) != json.dumps(other)
        assert meaning.of(theirs) == meaning.of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            ["s3://b/", {"Get": "Parameters.p"}, "/x"],
            ["s3://b", "/", {"Get": "Parameters.p"}, "/x"],
        ),
        ([{"Std:Join": {"On": "/", "Values": ["s3:/", "b", "x"]}}, "/y"], ["s3://b/x/y"]),
        ([{"Get": "Parameters.p"}], ["", {"Get": "Parameters.p"}]),
    ],
)
def test_how_text_is_cut_has_no_meaning(one: list[Any], other: list[Any]) -> None:
    def read(values: list[Any]) -> Any:
        text = {"Std:Join": {"On": "", "Values": values}}
        fail = {"Name": "f", "Type": "Fail", "Arguments": {"ErrorMessage": text}}
        parameters = [{"Name": "p", "Type": "Integer"}]
        return meaning.of({
            "Version": "2020-12-01", "Parameters": parameters, "PipelineExperimentConfig": None,
            "Steps": [fail],
        })  # fmt: skip

    assert read(one) == read(other)


def test_a_difference_is_covered_only_where_both_sides_are_as_listed() -> None:
    known = [Known("a/*/c", 1, 2, "")]
    assert [] == unlisted({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}}}, known)
    assert ["listed, but not there: a/*/c", "a/b/c: isodag 2, SDK 1"] == unlisted(
        {"a": {"b": {"c": 2}}}, {"a": {"b": {"c": 1}}}, known
    )
    half = {"a": {"b": {"c": 1}, "d": {"c": 1}}}, {"a": {"b": {"c": 2}, "d": {"c": NOTHING}}}
    assert ["a/d/c: isodag 1, SDK '(nothing)'"] == unlisted(*half, known)


# --- records and what people read --------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_record_is_by_the_version_that_the_extra_names(name: str) -> None:
    setup = (HERE.parents[1] / "setup.cfg").read_text(encoding="utf-8")
    wanted = re.search(r"sagemaker==(\S+)", setup)
    assert wanted is not None
    assert wanted[1] == recorded(name)["sagemaker"]


@pytest.mark.parametrize("name", NAMES)
def test_the_record_is_what_the_sdk_says(name: str) -> None:
    version = recorded(name)["sagemaker"]
    if not any(item.version == version for item in metadata.distributions(name="sagemaker")):
        pytest.skip(f"sagemaker {version} is not installed")
    assert recorded(name) == recorded_anew(HERE / name)


def test_the_page_of_differences_is_up_to_date(golden: Callable[[Path, bytes], None]) -> None:
    abouts = {name: (about(name), recorded(name)["definition"]) for name in NAMES}
    golden(HERE / "differences.md", readable(abouts).encode())
