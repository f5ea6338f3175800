"""Step settings as typed data: `16Gi` to bytes, `30d` to seconds; what is wrong is a message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from isodag.diagnostics import Diagnostic, did_you_mean
from isodag.expressions import Name, Template
from isodag.frontend import schema
from isodag.frontend.syntax import Datum, StepDef, Tree
from isodag.runtime.values import render
from isodag.scope import Scope, VarValue


@dataclass(frozen=True)
class Resources:
    """What a task asks of its machine: cores, bytes, devices.  None: not said."""

    cpu: float | None = None
    memory: int | None = None
    gpu: int | None = None
    disk: int | None = None


@dataclass(frozen=True)
class Cache:
    """Reuse of an earlier result; `max_age` in seconds, None for any age."""

    max_age: int | None = None


@dataclass(frozen=True)
class Retry:
    """`on` holds any of throttling, capacity, service, internal; interval in seconds."""

    max_attempts: int
    on: tuple[str, ...]
    interval: int
    backoff: float


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_SIZES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
          "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}  # fmt: skip


def seconds(text: str) -> int | None:
    """`90s`, `5m`, `3h`, `30d` as seconds; None when it is none of these."""
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    return int(match[1]) * _UNITS[match[2]] if match else None


def size(text: str) -> int | None:
    """`500Mi`, `16Gi`, `2G` as bytes; None when it is no size."""
    match = re.fullmatch(r"([0-9]{1,9})(Ki|Mi|Gi|Ti|k|M|G|T)?", text)
    return int(match[1]) * _SIZES[match[2] or ""] if match else None


def constant(tree: Tree, scope: Scope) -> Any:
    """The value of a leaf that must be known at compile time; None when it is not."""
    value = tree.value
    if isinstance(value, Datum):
        return value.value
    if isinstance(value, Template) and isinstance(value.whole, Name):
        found = scope.look_up(value.whole)
        return found.value if isinstance(found, VarValue) else None
    return None


def effective(step: StepDef, scope: Scope, key: str) -> Tree | None:
    """A step's own setting laid over the pipeline's default, key by key."""
    own, default = step.settings.get(key), scope.definition.defaults.get(key)
    if own is None or default is None:
        return own or default
    if isinstance(own.value, Mapping) and isinstance(default.value, Mapping):
        return Tree({**default.value, **own.value}, own.span, {**default.keys, **own.keys})
    return own


def resources(tree: Tree | None, scope: Scope) -> Resources | None:
    """`resources:` as data."""
    if tree is None:
        return None
    got = _read(tree, scope)
    cpu = got.get("cpu")
    return Resources(
        cpu=float(cpu) if cpu is not None else None,
        memory=size(str(got["memory"])) if "memory" in got else None,
        gpu=got.get("gpu"),
        disk=size(str(got["disk"])) if "disk" in got else None,
    )


def cache(tree: Tree | None, scope: Scope) -> Cache | None:
    """`cache:` as data."""
    if tree is None:
        return None
    got = _read(tree, scope)
    return Cache(seconds(str(got["max_age"])) if "max_age" in got else None)


def retry(tree: Tree | None, scope: Scope) -> Retry | None:
    """`retry:` as data; on all causes, after 30 s, unless said."""
    if tree is None:
        return None
    got = _read(tree, scope)
    return Retry(
        max_attempts=got.get("max_attempts", 1),
        on=tuple(got.get("on", schema.RETRY_CAUSES)),
        interval=seconds(str(got.get("interval", "30s"))) or 0,
        backoff=float(got.get("backoff", 2.0)),
    )


def problems(key: str, tree: Tree, scope: Scope) -> Iterator[Diagnostic]:
    """What is wrong with the values of a `resources`, `cache` or `retry` block."""
    kinds = {item.name: item.kind for item in schema.SETTING_KEYS[key]}
    for name, leaf in tree.value.items() if isinstance(tree.value, Mapping) else ():
        value = (
            [_cause(item, scope) for item in leaf.value]
            if isinstance(leaf.value, tuple)
            else constant(leaf, scope)
        )
        if value is None:
            continue
        wrong = _wrong(name, kinds.get(name, "any"), value)
        if wrong is not None:
            yield Diagnostic("E410", f"`{name}` {wrong[0]}", leaf.span, wrong[1])


def _cause(tree: Tree, scope: Scope) -> Any:
    """An item of a list, in words where it is no scalar; None when it hangs on another message."""
    if isinstance(tree.value, Template):
        return constant(tree, scope)
    found = constant(tree, scope)
    return found if found is not None else "nothing" if isinstance(tree.value, Datum) else "a list"


def _wrong(name: str, kind: str, value: Any) -> tuple[str, str | None] | None:
    if kind == "duration" and (not isinstance(value, str) or seconds(value) is None):
        return f"is `{value}`, not a duration", "write a number and s, m, h or d, as 30s or 12h"
    if kind == "size" and (not isinstance(value, str) or size(value) is None):
        return f"is `{value}`, not a size", "write a number and Mi, Gi or Ti, as 16Gi"
    if kind in ("integer", "number"):
        if type(value) not in ((int,) if kind == "integer" else (int, float)):
            return "must be a whole number" if kind == "integer" else "must be a number", None
        shown = render(value)
        if name == "max_attempts" and not 1 <= value <= 20:
            return f"is {shown}, not 1 to 20", None
        if name == "backoff" and not 1 <= value <= 100:
            return f"is {shown}, not 1 to 100", "1 keeps the pause, 2 doubles it each time"
        if (name in ("cpu", "gpu") and not 0 <= value <= 10_000) or (name == "cpu" and value == 0):
            return f"is {shown}, which no machine has", None
    if name == "on":
        if not value:
            return "names no cause", f"causes are {', '.join(schema.RETRY_CAUSES)}"
        for cause in value:
            if cause is not None and cause not in schema.RETRY_CAUSES:
                help = did_you_mean(str(cause), schema.RETRY_CAUSES, "cause")
                return f"holds `{cause}`, which is no cause", help
    return None


def _read(tree: Tree, scope: Scope) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, leaf in tree.value.items() if isinstance(tree.value, Mapping) else ():
        if isinstance(leaf.value, tuple):
            found[name] = [constant(item, scope) for item in leaf.value]
        else:
            found[name] = constant(leaf, scope)
    return {name: value for name, value in found.items() if value is not None}
