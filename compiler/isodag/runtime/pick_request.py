"""What `--pick` is asked for: its arguments in, or KFP's executor input; lists and places out.

`isodag.runtime.picking` says how both are written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from isodag.runtime import values
from isodag.runtime.errors import UsageError, quoted
from isodag.runtime.platforms import kfp
from isodag.runtime.typenames import TYPES
from isodag.runtime.values import PARAMETER_TYPES, BadValue

_USAGE = "write --pick highest|lowest --by LIST, then --scalar, --artifact and --index"
_FLAGS = ("--by", "--scalar", "--artifact", "--index", "--executor-input")


@dataclass(frozen=True)
class Scalar:
    """A scalar output: what to take it from, one value for each repetition, and its file.

    values  None for the number of the repetition itself
    """

    name: str
    values: Sequence[Any] | None
    file: str


@dataclass(frozen=True)
class Made:
    """An artifact output: the places of the repetitions' artifacts, and where the best one goes."""

    name: str
    type: str
    items: Sequence[str]
    place: str


@dataclass(frozen=True)
class Asked:
    """What one call asks for.

    by     what decides, for each repetition
    reply  KFP's `outputs`, where they came in an executor input
    metadata  of the artifacts of each repetition, by output, on KFP
    """

    highest: bool
    by: Sequence[Any]
    scalars: tuple[Scalar, ...] = ()
    artifacts: tuple[Made, ...] = ()
    reply: Mapping[str, Any] | None = None
    metadata: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def read(argv: Sequence[str]) -> Asked:
    """What the arguments after `--pick` ask for.  Raises UsageError."""
    if not argv or argv[0] not in ("highest", "lowest"):
        raise UsageError(f"`--pick` is followed by highest or lowest: {_USAGE}")
    highest = argv[0] == "highest"
    given = list(_flags(argv[1:]))
    single = {flag: words[0] for flag, words in given if flag in ("--by", "--executor-input")}
    if "--by" not in single:
        raise UsageError(f"`--pick` needs --by: {_USAGE}")
    if "--executor-input" in single:
        return _of_kfp(highest, single["--by"], single["--executor-input"])
    scalars, artifacts = [], []
    for flag, words in given:
        if flag == "--index":
            scalars.append(Scalar("index", None, words[0]))
        elif flag == "--scalar":
            name, kind, text, file = words
            scalars.append(Scalar(name, _typed(name, kind, text), file))
        elif flag == "--artifact":
            name, kind, place, *items = words
            if kind not in TYPES or kind in PARAMETER_TYPES:
                raise UsageError(f"`--artifact {name}`: {quoted(kind)} is no type of artifacts")
            artifacts.append(Made(name, kind, items, place))
    by = _list("--by", single["--by"])
    return Asked(highest, by, tuple(scalars), tuple(artifacts))


def _flags(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each flag with the words up to the next one."""
    counts = {"--scalar": (4, 4), "--artifact": (3, len(words))}
    at = 0
    while at < len(words):
        flag = words[at]
        if flag not in _FLAGS:
            raise UsageError(f"`--pick` does not know {quoted(flag)}: {_USAGE}")
        end = at + 1
        least, most = counts.get(flag, (1, 1))
        while end < len(words) and end - at - 1 < most and words[end] not in _FLAGS:
            end += 1
        if end - at - 1 < least:
            raise UsageError(f"`{flag}` has {end - at - 1} words behind it, {least} are due")
        yield flag, list(words[at + 1 : end])
        at = end


def _list(what: str, text: str) -> list[Any]:
    """A JSON list; NaN is allowed in it, as no JSON has it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise UsageError(f"`{what}`: {quoted(text)} is not a list in JSON")
    return found


def _typed(name: str, kind: str, text: str) -> list[Any]:
    """The values of a scalar output, each as its type holds it."""
    if kind not in PARAMETER_TYPES:
        raise UsageError(f"`--scalar {name}`: {quoted(kind)} is no type of values")
    if kind == "Boolean":
        text = text.lower()  # SageMaker writes True
    found = _list(f"--scalar {name}", text)
    try:
        return [_held(kind, value) for value in found]
    except BadValue as error:
        raise UsageError(f"`--scalar {name}`: {error}") from None


def _held(kind: str, value: Any) -> Any:
    if kind != "String" and isinstance(value, str):
        return values.parse(kind, value)
    if kind == "Integer" and isinstance(value, float) and value.is_integer():
        return int(value)  # KFP's numbers are floats
    if kind == "Float" and isinstance(value, float):
        return value  # NaN, which only decides nothing
    return values.admit(kind, value)


def _of_kfp(highest: bool, key: str, text: str) -> Asked:
    """What an executor input asks for: an output's list is called `<output>_list`, or like it."""
    reply, given = kfp.outputs_of(text), kfp.inputs_of(text)
    by = given.parameters.get(key)
    if not isinstance(by, list):
        raise UsageError(f"`--by`: the executor input has no list {quoted(key)} among its inputs")
    scalars, artifacts, metadata = [], [], {}
    for name, file in kfp.files_of(reply).items():
        found = given.parameters.get(f"{name}_list", given.parameters.get(name))
        if isinstance(found, list):
            found = [_whole(value) for value in found]
        elif name != "index":
            raise UsageError(f"the executor input has no list for output {quoted(name)}")
        scalars.append(Scalar(name, found, file))
    for name, entry in kfp.places_of(reply).items():
        listed = given.artifacts.get(f"{name}_list", given.artifacts.get(name))
        if listed is None:
            raise UsageError(f"the executor input has no artifacts for output {quoted(name)}")
        items = [kfp.local_path(item) for item in listed]
        artifacts.append(Made(name, kfp.type_of(entry), items, kfp.local_path(entry)))
        metadata[name] = [kfp.metadata_of(item) for item in listed]
    return Asked(highest, by, tuple(scalars), tuple(artifacts), reply, metadata)


def _whole(value: Any) -> Any:
    """KFP carries each number as a float, and reads no `3.0` where an Integer is due."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
