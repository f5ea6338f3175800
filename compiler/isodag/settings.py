"""Step settings as typed data: `16Gi` to bytes, `30d` to seconds; what is wrong is a message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from isodag.diagnostics import Diagnostic, did_you_mean
from isodag.expressions import Expression, Name, Template
from isodag.frontend import remedies, schema
from isodag.frontend.syntax import Datum, StepDef, Tree
from isodag.runtime.values import render
from isodag.scope import Scope, VarValue


@dataclass(frozen=True)
class Resources:
    """What a task asks of each of its machines: cores, bytes, devices; and how many machines.

    None: not said.
    """

    cpu: float | None = None
    memory: int | None = None
    gpu: int | None = None
    disk: int | None = None
    instances: int | None = None


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
DURATION = r"([0-9]{1,9})([smhd])"
SIZE = r"([0-9]{1,9})(Ki|Mi|Gi|Ti|k|M|G|T)?"


def seconds(text: str) -> int | None:
    """`90s`, `5m`, `3h`, `30d` as seconds; None when it is none of these."""
    match = re.fullmatch(DURATION, text)
    return int(match[1]) * _UNITS[match[2]] if match else None


def size(text: str) -> int | None:
    """`500Mi`, `16Gi`, `2G` as bytes; None when it is no size."""
    match = re.fullmatch(SIZE, text)
    return int(match[1]) * _SIZES[match[2] or ""] if match else None


def constant(tree: Tree, scope: Scope) -> Any:
    """The value of a leaf that must be known at compile time; None when it is not."""
    value = tree.value
    if isinstance(value, Datum):
        return value.value
    parts = value.parts if isinstance(value, Template) else ()
    known = [_known(part, scope) for part in parts]
    if len(known) > 1 and not any(isinstance(item, dict | list | None) for item in known):
        return "".join(map(render, known))
    return known[0] if len(known) == 1 else None


def _known(part: str | Expression, scope: Scope) -> Any:
    found = scope.look_up(part) if isinstance(part, Name) else None
    return part if isinstance(part, str) else found.value if isinstance(found, VarValue) else None


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
        instances=got.get("instances"),
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


def timeout(tree: Tree | None, scope: Scope) -> int | None:
    """`timeout:` in seconds."""
    return None if tree is None else seconds(str(constant(tree, scope)))


def tags(tree: Tree | None, scope: Scope) -> tuple[tuple[str, str], ...]:
    """`tags:` sorted by key."""
    if tree is None:
        return ()
    return tuple(sorted((key, render(value)) for key, value in _read(tree, scope).items()))


def problems(key: str, tree: Tree, scope: Scope) -> Iterator[Diagnostic]:
    """What is wrong with the values of a setting; `environment` and `tags` have their own rules."""
    if key == "timeout":
        yield from _timeout(tree, scope)
        return
    known = {item.name: item for item in schema.SETTING_KEYS.get(key, ())}
    for name, leaf in tree.value.items() if isinstance(tree.value, Mapping) else ():
        if name not in known:
            continue
        if isinstance(leaf.value, tuple):
            yield from _causes(name, leaf, leaf.value, scope)
        elif isinstance(value := constant(leaf, scope), list) and known[name].kind == "sequence":
            listed = tuple(Tree(Datum(item, leaf.span), leaf.span) for item in value)
            yield from _causes(name, leaf, listed, scope)
        elif value is not None:
            wrong = _wrong(known[name], value)
            if wrong is not None:
                yield Diagnostic("E410", f"`{name}` {wrong[0]}", leaf.span, wrong[1])


def _timeout(tree: Tree, scope: Scope) -> Iterator[Diagnostic]:
    value = constant(tree, scope)
    if value is None:
        return
    if (wrong := _wrong(schema.Key("timeout", "duration", ""), value)) is not None:
        yield Diagnostic("E410", f"`timeout` {wrong[0]}", tree.span, wrong[1])
    elif seconds(value) == 0:
        message = f"`timeout` is {value}, in which no step gets done"
        yield Diagnostic("E410", message, tree.span, "write a longer time, or remove it")


def _causes(name: str, tree: Tree, items: tuple[Tree, ...], scope: Scope) -> Iterator[Diagnostic]:
    known = schema.RETRY_CAUSES
    if not items:
        help = f"causes are {', '.join(known)}"
        yield Diagnostic("E410", f"`{name}` names no cause", tree.span, help)
    for item in items:
        cause = _cause(item, scope)
        if cause is not None and cause not in known:
            message = f"`{name}` holds `{cause}`, which is no cause"
            help = did_you_mean(str(cause), known, "cause")
            yield Diagnostic("E410", message, item.span, help)


def _cause(tree: Tree, scope: Scope) -> Any:
    """An item of a list, in words where it is no scalar; None when it hangs on another message."""
    if isinstance(tree.value, Template):
        return constant(tree, scope)
    found = constant(tree, scope)
    return found if found is not None else "nothing" if isinstance(tree.value, Datum) else "a list"


def _wrong(key: schema.Key, value: Any) -> tuple[str, str | None] | None:
    name, kind = key.name, key.kind
    if kind == "duration" and (not isinstance(value, str) or seconds(value) is None):
        return f"is `{value}`, not a duration", remedies.duration(str(value))
    if kind == "size" and (not isinstance(value, str) or size(value) is None):
        return f"is `{value}`, not a size", remedies.size(str(value))
    if kind == "size" and (size(value) or 0) < 2**20:
        plain = value.isdigit() and len(value) < 7
        way_out = f"write {value}Gi or {value}Mi" if plain else "write it in Mi or Gi"
        return f"is {value}, less than a megabyte", way_out
    if kind in ("integer", "number"):
        if type(value) not in ((int,) if kind == "integer" else (int, float)):
            return "must be a whole number" if kind == "integer" else "must be a number", None
        shown = render(value)
        least, most = key.minimum, key.maximum
        within = (least is None or value >= least) and (most is None or value <= most)
        if name in ("cpu", "gpu") and (not within or (name == "cpu" and value == 0)):
            return f"is {shown}, which no machine has", None
        if not within:
            help = "1 keeps the pause, 2 doubles it each time" if name == "backoff" else None
            return f"is {shown}, not {least:g} to {most:g}", help
    return None


def _read(tree: Tree, scope: Scope) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, leaf in tree.value.items() if isinstance(tree.value, Mapping) else ():
        if isinstance(leaf.value, tuple):
            found[name] = [constant(item, scope) for item in leaf.value]
        else:
            found[name] = constant(leaf, scope)
    return {name: value for name, value in found.items() if value is not None}
