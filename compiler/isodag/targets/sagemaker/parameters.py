"""Pipeline parameters as the definition declares them.

A definition holds a name, a type, a default and, for a String, up to 16 allowed values.  Bounds
and patterns have no place in it: the manifest carries every constraint, and `isodag submit`
checks the values of a run against them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from isodag import ir
from isodag.diagnostics import Diagnostic
from isodag.runtime.values import render
from isodag.targets.sagemaker import forms, names, outputs, secrets
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.references import parameter_type
from isodag.types import SECRET, is_parameter

MOST = 200  # service model: ParameterList.max of StartPipelineExecution
MOST_VALUES = 16  # https://github.com/aws/sagemaker-python-sdk/issues/2314
LONGEST_DEFAULT = 4096  # the published JSON schema of definitions


def declare(parameter: ir.Parameter) -> dict[str, Any]:
    """One entry of `Parameters`; a default that is false, 0 or empty counts too."""
    kind = parameter_type(parameter.type)
    declared: dict[str, Any] = {"Name": names.parameter(parameter.name), "Type": kind}
    if parameter.has_default:
        default = parameter.default
        declared["DefaultValue"] = render(default) if kind == "String" else default
    values = parameter.constraints.get("enum")
    if kind == "String" and isinstance(values, list | tuple) and 0 < len(values) <= MOST_VALUES:
        declared["EnumValues"] = [render(value) for value in values]
    return declared


def added(context: Context) -> list[dict[str, Any]]:
    """The parameters that stand for settings which the file leaves open."""
    missing = [name for name, key in OPEN.items() if key not in context.settings]
    return [{"Name": name, "Type": "String"} for name in missing]


OPEN = {names.ROLE: "role", names.ARTIFACT_ROOT: "artifact_root"}


def check(context: Context) -> Iterator[Diagnostic]:
    """E509, E510, E511, E514: parameters that SageMaker cannot hold, or defaults it cannot read.

    W515: more allowed values than a definition holds.
    """
    declared = context.pipeline.parameters
    named = [
        names.Named(names.parameter(item.name), f"parameter `{item.name}`", item.span)
        for item in declared
    ]
    yield from names.check(named, names.PARAMETER_LENGTH)
    count = len(declared) + len(added(context))
    if count > MOST:
        message = f"{count} parameters, SageMaker takes at most {MOST} in a run"
        last = sorted(item.span for item in declared)[: MOST + 1]
        yield Diagnostic("E510", message, last[-1], "turn some into `vars`")
    for item in declared:
        allowed = item.constraints.get("enum") or ()
        if parameter_type(item.type) == "String" and len(allowed) > MOST_VALUES:
            message = f"`{item.name}` allows {len(allowed)} values, SageMaker holds {MOST_VALUES}"
            help = "only `isodag submit` will check it: other ways to start a run take any text"
            yield Diagnostic("W515", message, item.span, help)
        if not item.has_default or item.default is None:
            continue
        text = render(item.default)
        if len(text) > LONGEST_DEFAULT:
            message = f"the default of `{item.name}` has {len(text)} characters"
            help = f"SageMaker takes at most {LONGEST_DEFAULT}: put it into a file"
            yield Diagnostic("E510", message, item.default_span or item.span, help)
        if item.type == SECRET:
            what = f"the default of `{item.name}`"
            yield from secrets.unreadable(text, what, item.default_span or item.span)
        elif not is_parameter(item.type) and (wrong := forms.place(text)) is not None:
            told = outputs.unreadable(text, wrong, item.default_span or item.span)
            yield Diagnostic("E511", *told)
