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
    Key("instance_type", "string", "Machine, as ml.m5.xlarge; by `resources` when not said.",
        run_time=True),
    Key("instance_count", "integer", "Machines for a step; `resources.instances` or 1 when not "
        "said.", run_time=True),
    Key("volume_size", "integer", "Disk of each machine in GB; `resources.disk` or 30 when not "
        "said."),
    Key("spot", "mapping", "Spot machines for Training: {max_wait: 3h}, waiting included; and "
        "checkpoints, auto or s3://….", run_time=True),
    Key("inputs", "mapping", "How inputs reach the machines: by input, {distribution: replicated "
        "or sharded, mode: file, fast_file or pipe, data: prefix or manifest}.", scope="step"),
    Key("network", "mapping", "Network of the jobs: {vpc: {security_groups, subnets}, isolation, "
        "encrypt}.", run_time=True),
    Key("kms_key", "string", "Key that encrypts volumes and outputs: an id, an ARN or an alias.",
        run_time=True),
    Key("experiment", "any", "Where runs are filed: {name, trial}; or none.", scope="pipeline",
        run_time=True),
    Key("display_name", "string", "The step's name on the console.", scope="step"),
    Key("foreach", "string", "`native`: a repeated step is a ForEach step also where its "
        "list is known now, and would be written out.", scope="step", enum=("native",)),
    Key("metrics", "mapping", "Numbers that a Training step's log shows: a regular expression by "
        "name, the number in round brackets.", scope="step"),
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
