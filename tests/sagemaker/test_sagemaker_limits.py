"""Every limit of every member that a request can hold is checked, at that member's path.

The limits are read from botocore here, not from the compiler's own table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from isodag.source import Span
from isodag.targets.sagemaker.kinds import KINDS
from isodag.targets.sagemaker.places import Path, shown
from isodag.targets.sagemaker.requests import Checker
from isodag.targets.sagemaker.shapes import shape

SERVICE = ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")
HERE = Span("built.yaml", 1, 1, 1, 2)
TEXT = ("E504", "E511", "E518", "E519")  # roles, places and images have codes of their own


class Case(NamedTuple):
    """A value in one place of a request, and the codes of which one must be said there."""

    path: Path
    value: Any
    codes: tuple[str, ...]


def places(shape: Shape, path: Path = (), seen: frozenset[str] = frozenset()) -> Iterator[
    tuple[Path, Shape]
]:  # fmt: skip
    """Every place of a request with its shape; a shape inside itself only once."""
    yield path, shape
    if shape.name in seen:
        return
    seen |= {shape.name}
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from places(member, (*path, name), seen)
    elif shape.type_name == "list":
        yield from places(shape.member, (*path, 0), seen)
    elif shape.type_name == "map":
        yield from places(shape.value, (*path, "key"), seen)


def number(shape: Shape) -> bool:
    return shape.type_name in ("integer", "long", "float", "double")


def wrong(path: Path, shape: Shape) -> Iterator[Case]:
    """Values that the service model does not admit in a place."""
    limits = shape.metadata
    least, most = limits.get("min"), limits.get("max")
    kind = shape.type_name
    if kind == "string" and limits.get("enum"):
        yield Case(path, "no such value", ("E504",))
        if shape.name.endswith("InstanceType"):
            yield Case(path, "ml.new.large", ("W503",))
    elif kind == "string":
        if most is not None:
            yield Case(path, "x" * (most + 1), TEXT)
        if least:
            yield Case(path, "x" * (least - 1), TEXT)
        if (text := mismatch(limits.get("pattern"))) is not None:
            yield Case(path, text, TEXT)
    elif number(shape):
        yield from [Case(path, most + 1, ("E504",))] if most is not None else []
        yield from [Case(path, least - 1, ("E504",))] if least is not None else []
    elif kind == "list":
        yield from [Case(path, [{}] * (most + 1), ("E504",))] if most is not None else []
        yield from [Case(path, [{}] * (least - 1), ("E504",))] if least else []
    elif kind == "map":
        many = {f"k{n}": {} for n in range((most or 0) + 1)}
        yield from [Case(path, many, ("E504",))] if most is not None else []
        yield from [Case(path, {}, ("E504",))] if least else []
    elif kind == "structure":
        yield Case((*path, "NoSuchMember"), 1, ("E501",))
        for name in shape.required_members:
            if not shape.members[name].metadata.get("idempotencyToken"):
                yield Case((*path, name), ABSENT, ("E502",))
    if kind in TYPES:
        yield Case(path, TYPES[kind], ("E503",))


ABSENT = object()
TYPES: dict[str, Any] = {
    "string": ["a list"], "integer": "3", "long": "3", "float": "0.5", "double": "0.5",
    "boolean": "true", "list": {"a": "mapping"}, "map": ["a list"], "structure": "text",
    "timestamp": ["a list"],
}  # fmt: skip


def mismatch(pattern: str | None) -> str | None:
    """A text that a pattern does not match; None where Python cannot tell, or all texts do."""
    if pattern is None or r"\p" in pattern or r"\u" in pattern:
        return None
    texts = ("a\nb", "a b;", "\x00", "")
    return next((text for text in texts if not re.fullmatch(pattern, text)), None)


def built(path: Path, value: Any) -> Any:
    """A request that holds nothing but a value in its place."""
    for part in reversed(path):
        if isinstance(part, int):
            value = [value]
        else:
            value = {} if value is ABSENT else {part: value}
    return value


# kinds whose arguments are a request of SageMaker itself
REQUESTS = [name for name, kind in KINDS.items() if kind.request in SERVICE.shape_names]


def codes_at(kind: str, path: Path, value: Any) -> set[str]:
    """The codes of what is said of a place."""
    checker = Checker("it", HERE)
    checker.structure(built(path, value), shape(KINDS[kind].request), ())
    return {item.code for item in checker.found if f"`{shown(path)}`" in item.message}


def cases(kind: str) -> list[Case]:
    root = SERVICE.shape_for(KINDS[kind].request)
    found = [case for path, shape in places(root) if path for case in wrong(path, shape)]
    return found + [case for case in wrong((), root) if case.codes != ("E503",)]


@pytest.mark.parametrize("kind", REQUESTS)
def test_every_limit_of_every_member_is_checked_at_its_path(kind: str) -> None:
    every = cases(kind)
    assert len(every) > 10
    missed = [case for case in every if not codes_at(kind, case.path, case.value) & {*case.codes}]
    assert [] == missed


@pytest.mark.parametrize("kind", REQUESTS)
def test_what_is_just_within_a_limit_is_admitted(kind: str) -> None:
    """Numbers and sizes; a place for text has a form too."""
    inside: list[tuple[Path, Any]] = []
    for path, here in places(SERVICE.shape_for(KINDS[kind].request)):
        limits = [here.metadata[bound] for bound in ("min", "max") if bound in here.metadata]
        if number(here) and here.name != "TrainingInstanceCount":  # 0 of them run nothing
            inside += [(path, limit) for limit in limits]
        elif here.type_name == "list":
            inside += [(path, [{}] * limit) for limit in limits]
        elif here.type_name == "map":
            inside += [(path, {f"k{n}": {} for n in range(limit)}) for limit in limits]
    said = [(path, codes_at(kind, path, value)) for path, value in inside]
    assert [] == [(path, codes) for path, codes in said if codes & {"E504"}]


@pytest.mark.parametrize("kind", REQUESTS)
def test_every_allowed_value_is_admitted(kind: str) -> None:
    found = [
        (path, value)
        for path, shape in places(SERVICE.shape_for(KINDS[kind].request))
        for value in shape.metadata.get("enum", ())
        if shape.type_name == "string" and codes_at(kind, path, value)
    ]
    assert [] == found


def test_a_message_names_the_member_the_value_and_the_limit() -> None:
    def said(kind: str, path: Path, value: Any) -> list[str]:
        checker = Checker("step `a`", HERE)
        top = shape(KINDS[kind].request)
        missing_ok = tuple(top.required)
        checker.structure(built(path, value), top, (), missing_ok)
        at = f"`{shown(path)}`"
        return [f"{item.message} | {item.help}" for item in checker.found if at in item.message]

    count = ("ProcessingResources", "ClusterConfig", "InstanceCount")
    assert [
        "step `a`: `ProcessingResources.ClusterConfig.InstanceCount` is 101, more than 100 | None"
    ] == said("Processing", count, 101)
    assert [
        "step `a`: `InputDataConfig[0].InputMode` is `file`, none of `FastFile`, `File`, `Pipe`"
        " | did you mean `File`?"
    ] == said("Training", ("InputDataConfig", 0, "InputMode"), "file")
    assert [
        "step `a`: `VpcConfig.Subnets[0]` is `sg-1`, which does not begin with `subnet-`"
        " | that is the form of a SecurityGroupId"
    ] == said("Training", ("VpcConfig", "Subnets", 0), "sg-1")
    assert [
        "step `a`: `ModelName` has 64 characters, more than 63 | None",
    ] == said("Transform", ("ModelName",), "x" * 64)
    assert ["step `a`: `EnableNetworkIsolation` takes Boolean, not String | write true"] == said(
        "Training", ("EnableNetworkIsolation",), "yes"
    )
