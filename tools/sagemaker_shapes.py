"""Write compiler/isodag/targets/sagemaker/shapes.json from the installed botocore.

    PYTHONPATH=compiler python tools/sagemaker_shapes.py [DESTINATION]

One line a shape, so that a new botocore shows as a small diff.  Request shapes keep what the
service checks (required, enum, pattern, min, max); shapes that only a Describe answer holds keep
types and members, which is all that a property path needs.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import botocore
from botocore.loaders import Loader

from isodag.targets.sagemaker.kinds import CREATE_PIPELINE, KINDS

DESTINATION = Path(__file__).parents[1] / "compiler/isodag/targets/sagemaker/shapes.json"

# Requests beyond a step's own: what a Fail step says, what a run is given, and the kinds of steps
# whose arguments hold several of the API's requests
FURTHER = ("FailStepMetadata", "StartPipelineExecutionRequest", "CreateActionRequest",
           "CreateArtifactRequest", "CreateContextRequest", "AddAssociationRequest",
           "CreateJobRequest")  # fmt: skip
FURTHER_ANSWERS = ("DescribeJobResponse",)
# Requests and answers of other services that steps hold, by service
OTHERS = {
    "emr": (("RunJobFlowInput", "HadoopJarStepConfig", "XmlStringMaxLen256"), ("Step",)),
    "emr-serverless": (
        ("CreateApplicationRequest", "StartJobRunRequest", "ApplicationId"),
        ("GetJobRunResponse",),
    ),
}

# Java's classes, as the service model writes them, in Python's words; only inside [ ]
_SPACES = r" \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # \p{Z}
_PRINTED = r"[^\x00-\x1f\x7f-\x9f]"  # everything but control characters, nearly
_CLASSES = {
    r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]": _PRINTED,
    r"[\p{L}\p{M}\p{Z}\p{N}\p{P}]": _PRINTED,
    r"\p{L}\p{Z}\p{N}": rf"\w{_SPACES}",
    r"\p{Alnum}": "a-zA-Z0-9",
}
_ANYTHING = (r".*(?:[ \r\n\t].*)*", r"[\S\s]*", r"[\s\S]*", "(?s).*")


def pattern(text: str) -> str | None:
    """A service-model pattern for `re.fullmatch`, or None where it says nothing or has no equal."""
    for theirs, ours in _CLASSES.items():
        text = text.replace(theirs, ours)
    text = re.sub(r"\)\$\{\d+,\d+\}$", ")", text)  # `([…]*)${1,128}`: the length is checked anyway
    if text in _ANYTHING:
        return None
    try:
        re.compile(text)
    except re.error:
        return None
    return text


def closure(shapes: dict[str, Any], roots: Iterable[str]) -> set[str]:
    """Every shape that the roots are made of, the roots included."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            shape = shapes[name]
            parts = [*shape.get("members", {}).values()]
            parts += [shape[part] for part in ("member", "key", "value") if part in shape]
            waiting += [part["shape"] for part in parts]
    return found


def compact(shape: dict[str, Any], checked: bool) -> dict[str, Any]:
    """What the compiler needs of a shape.

    Keys: t type, m members, r required, e element, k key, v value, enum, pattern, min, max.
    """
    kind = {"long": "integer", "double": "float"}.get(shape["type"], shape["type"])
    kept: dict[str, Any] = {"t": kind}
    if kind == "structure":
        members = shape.get("members", {})
        kept["m"] = {name: member["shape"] for name, member in sorted(members.items())}
        filled = {name for name, member in members.items() if member.get("idempotencyToken")}
        if required := sorted(set(shape.get("required", ())) - filled):
            kept["r"] = required
    elif kind == "list":
        kept["e"] = shape["member"]["shape"]
    elif kind == "map":
        kept["k"], kept["v"] = shape["key"]["shape"], shape["value"]["shape"]
    if not checked:
        kept.pop("r", None)
        return kept
    if "enum" in shape:
        kept["enum"] = sorted(shape["enum"])
    if "pattern" in shape and (ours := pattern(shape["pattern"])):
        kept["pattern"] = ours
    return kept | {bound: shape[bound] for bound in ("min", "max") if bound in shape}


def table() -> dict[str, Any]:
    """The whole table, by the installed botocore."""
    shapes = Loader().load_service_model("sagemaker", "service-2")["shapes"]
    asked = [CREATE_PIPELINE, *FURTHER, *(kind.request for kind in KINDS.values())]
    told = [*FURTHER_ANSWERS, *(name for kind in KINDS.values() for name in kind.describe)]
    kept = reduced(shapes, (name for name in asked if name in shapes),
                   (name for name in told if name in shapes))  # fmt: skip
    for service, (requests, answers) in OTHERS.items():
        theirs = Loader().load_service_model(service, "service-2")["shapes"]
        kept |= prefixed(reduced(theirs, requests, answers), service)
    return {"botocore": botocore.__version__, "shapes": dict(sorted(kept.items()))}


def reduced(
    shapes: dict[str, Any], asked: Iterable[str], told: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """The shapes that requests and answers are made of."""
    requests, answers = closure(shapes, asked), closure(shapes, told)
    return {name: compact(shapes[name], name in requests) for name in requests | answers}


def prefixed(shapes: dict[str, dict[str, Any]], service: str) -> dict[str, dict[str, Any]]:
    """The shapes of another service, which may have the names of SageMaker's: `emr:Step`."""
    renamed = {}
    for name, shape in shapes.items():
        parts = {part: f"{service}:{shape[part]}" for part in ("e", "k", "v") if part in shape}
        if "m" in shape:
            parts["m"] = {member: f"{service}:{of}" for member, of in shape["m"].items()}
        renamed[f"{service}:{name}"] = shape | parts
    return renamed


def render(whole: dict[str, Any]) -> str:
    """The table as JSON, one line a shape."""
    lines = [
        f"{json.dumps(name)}:{json.dumps(shape, separators=(',', ':'))}"
        for name, shape in whole["shapes"].items()
    ]
    body = ",\n".join(lines)
    return f'{{"botocore":{json.dumps(whole["botocore"])},"shapes":{{\n{body}\n}}}}\n'


if __name__ == "__main__":
    destination = Path(sys.argv[1]) if len(sys.argv) > 1 else DESTINATION
    destination.write_text(render(table()), encoding="utf-8")
    print(f"{destination}: {destination.stat().st_size} bytes", file=sys.stderr)
