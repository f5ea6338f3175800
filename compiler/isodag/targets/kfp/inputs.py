"""What each input of a KFP task gets: a step's argument in, feeds and placeholders out.

A text joined from several values is written out in the container's arguments, each value an input
of its own: inside a constant the backend replaces placeholders only now and then
(https://github.com/kubeflow/pipelines/issues/11035, https://github.com/kubeflow/pipelines/issues/13977).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace

from isodag import types
from isodag.component import Input
from isodag.diagnostics import Diagnostic
from isodag.ir import (
    Argument,
    Collected,
    Constant,
    EachRef,
    OutputRef,
    ParameterRef,
    RunRef,
    Task,
    Text,
    Value,
)
from isodag.runtime import values
from isodag.source import Span
from isodag.targets.images import Images
from isodag.targets.kfp import constants, names
from isodag.targets.kfp.values import Source, source

# What the launcher downloads:
# https://github.com/kubeflow/pipelines/blob/master/backend/src/v2/component/launcher_v2.go
SCHEMES = ("s3://", "gs://", "minio://", "oci://")
_SELF_SERVICE = "hf://"  # fetched by the component's own runtime, from the URI as it is
_LONGEST = 40  # part of a task's name that is taken from a URI


@dataclass(frozen=True)
class Import:
    """A task that makes an artifact of a URI, where its readers' values enter.

    name  the task's name
    uri   a parameter, or a constant String, or a loop's item: in the loop then
    type  of the artifact
    span  where it is first asked for
    """

    name: str
    uri: ParameterRef | Constant | EachRef
    type: str
    span: Span = field(compare=False)


@dataclass(frozen=True)
class Feed:
    """One input of a KFP task: its name in the component, its type and where it comes from."""

    key: str
    type: str
    source: Source | Import

    @property
    def artifact(self) -> bool:
        """Whether it is an artifact or a list of such, not a parameter."""
        made = isinstance(self.source, Import | OutputRef | Collected)
        return made and not types.is_parameter(self.type)


class Inputs:
    """The inputs of one task, gathered argument by argument.

    feeds     in the order asked for
    problems  what KFP cannot carry or fetch (E605, E606, E607) is appended here
    """

    def __init__(self, pipeline_name: str, problems: list[Diagnostic]) -> None:
        self._pipeline_name = pipeline_name
        self._problems = problems
        self.feeds: list[Feed] = []

    def argument(self, argument: Argument, port: Input) -> str | None:
        """Feeds an input; what stands for it in a command line, None where it has no value."""
        if isinstance(argument.value, Constant) and argument.value.value is None:
            return None
        what = f"input `{argument.name}`"
        if types.is_parameter(port.type):
            return self.parameter(port.name, argument.value, port.type, what, argument.span)
        return self._artifact(port, argument.value, what, argument.span)

    def parameter(self, name: str, value: Value, wanted: str, what: str, span: Span) -> str:
        """Feeds an input parameter; what stands for its value."""
        key = names.port(name)
        if not isinstance(value, Text):
            known = self._known(value, what, span)
            # a constant has the input's type; a wire keeps its own, so that both its ends agree
            type_name = wanted if isinstance(known, Constant) else known.type
            return self._read(Feed(key, type_name, known))
        text, number = "", 0
        for part in value.parts:
            known = self._known(part, what, span)
            if isinstance(known, Constant):
                text += values.render(known.value)
            else:
                number += 1
                text += self._read(Feed(f"{key}-{number}", known.type, known))
        return text

    def artifacts(self, key: str, value: Collected) -> None:
        """Feeds a list of artifacts, for which nothing stands in a command line."""
        self.feeds.append(Feed(key, value.type, value))

    def _read(self, feed: Feed) -> str:
        self.feeds.append(feed)
        return f"{{{{$.inputs.parameters['{feed.key}']}}}}"

    def _known(self, value: Value, what: str, span: Span) -> Source:
        """A value, where a fact of the run that is known at compile time is a constant."""
        known = source(value)
        if isinstance(known, RunRef) and known.field == "pipeline":
            return Constant(self._pipeline_name, "String")
        if isinstance(known, Constant):
            self._report(constants.unfit(known.value, what, span))
        return known

    def _artifact(self, port: Input, value: Value, what: str, span: Span) -> str:
        key = names.port(port.name)
        made: Import | OutputRef
        if isinstance(value, OutputRef):
            made = value
        elif isinstance(value, ParameterRef):
            made = Import(names.importer(value.name), value, value.type, span)
        elif isinstance(value, EachRef):
            name = names.importer_of_item(value.group, value.field, port.type)
            made = Import(name, value, port.type, span)
        else:
            assert isinstance(value, Constant), "an artifact is no joined text"
            uri = values.render(value.value)
            if uri.startswith(_SELF_SERVICE):
                self._report(constants.unfit(uri, what, span))
                return uri
            self._report(unfetchable(uri, what, span))
            made = Import(_name(uri, port.type), Constant(uri, "String"), port.type, span)
        self.feeds.append(Feed(key, made.type, made))
        return f"{{{{$.inputs.artifacts['{key}'].path}}}}"

    def _report(self, problem: Diagnostic | None) -> None:
        self._problems.extend([problem] if problem else [])


def unfetchable(uri: str, what: str, span: Span) -> Diagnostic | None:
    """E607 where no KFP backend fetches an artifact from a URI; E606 for its text."""
    if uri.startswith(SCHEMES) and re.match(r"[a-z0-9]+://[^/\s]", uri):
        return constants.unfit(uri, what, span)
    message = f"{what} is `{uri}`, which KFP cannot fetch"
    help = f"copy it to a bucket and name it by {', '.join(SCHEMES[:-1])} or {SCHEMES[-1]}"
    return Diagnostic("E607", message, span, help)


def _name(uri: str, type_name: str) -> str:
    """The task that imports a constant URI, the same wherever it is used; `--` keeps it ours."""
    digest = hashlib.sha256(f"{type_name} {uri}".encode("utf-8", "replace")).hexdigest()[:8]
    tail = names.kebab(uri.rstrip("/").rpartition("/")[2])[:_LONGEST].strip("-")
    return "--".join(part for part in ("import", tail, digest) if part)


# --- inputs that are images ------------------------------------------------------------------


def image_inputs(step: Task) -> list[str]:
    """The references that a step gives to inputs with `annotations: {format: image}`."""
    return [
        argument.value.value
        for argument in step.arguments
        if _is_image(argument, step.component.input(argument.name))
        and isinstance(argument.value, Constant)
    ]


def resolved(argument: Argument, port: Input, images: Images) -> Argument:
    """An argument; one that is an image's reference resolved as a component's own image is."""
    if not _is_image(argument, port) or not isinstance(argument.value, Constant):
        return argument
    value = Constant(images.resolve(argument.value.value), argument.value.type)
    return replace(argument, value=value)


def _is_image(argument: Argument, port: Input | None) -> bool:
    value = argument.value.value if isinstance(argument.value, Constant) else None
    marked = port is not None and port.constraints.get("format") == "image"
    return marked and isinstance(value, str) and bool(value)
