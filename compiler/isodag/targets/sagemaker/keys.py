"""The keys of a `targets.sagemaker` block, and how a step's block is read over the pipeline's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from isodag.frontend.schema import Key
from isodag.ir import Constant, Tree

KEYS = (
    Key("role", "string", "ARN of the role that the pipeline and its jobs run as.",
        scope="pipeline", run_time=True),
    Key("artifact_root", "string", "Where outputs go: s3://bucket/prefix.",
        scope="pipeline", run_time=True),
    Key("image_registry", "string", "Registry put before images that name none.",
        scope="pipeline"),
    Key("images", "mapping", "Other images, by the name or whole reference that a component gives.",
        scope="pipeline"),
    Key("parallelism", "integer", "How many steps may run at once.", scope="pipeline"),
    Key("instance_type", "string", "Machine, as ml.m5.xlarge.", run_time=True),
    Key("instance_count", "integer", "Machines for a step; 1 when not said.", run_time=True),
    Key("volume_size", "integer", "Disk of each machine in GB; 30 when not said."),
    Key("spot", "mapping", "Spot machines for Training: {max_wait: 3h}, waiting included."),
    Key("arguments", "mapping", "Further members of the step's request (VPC, KMS, tags, …); "
        "mappings merge, lists replace, null removes.", run_time=True),
)  # fmt: skip

NAME = "sagemaker"

_DURATION = re.compile(r"(\d{1,9})\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def block(targets: Mapping[str, Tree]) -> Mapping[str, Tree]:
    """The entries of a `targets.sagemaker` block; nothing where there is none."""
    tree = targets.get(NAME)
    return mapping(tree) if tree is not None else {}


def mapping(tree: Tree) -> Mapping[str, Tree]:
    """The entries of a mapping; nothing where it is something else."""
    return tree.value if isinstance(tree.value, Mapping) else {}


def plain(tree: Tree | None) -> object:
    """The plain value of a piece that is a constant; None otherwise."""
    return tree.value.value if tree is not None and isinstance(tree.value, Constant) else None


def seconds(tree: Tree | None) -> int | None:
    """A duration (`90s`, `5m`, `3h`, `30d`, or whole seconds) in seconds; None where it is none."""
    value = plain(tree)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    return int(match[1]) * _SECONDS[match[2]] if match else None
