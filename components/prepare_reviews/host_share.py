"""Which rows are this machine's, where several prepare the same reviews: SageMaker's files read.

The hosts of a processing job agree on splits without a word: each draws them by the same hash, so
that it is enough to know which rows are whose.
https://docs.aws.amazon.com/sagemaker/latest/dg/byoc-metadata.html (…/byoc-input-and-output.html)
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from isodag.runtime import ComponentError

OPT_ML = "/opt/ml"


@dataclass(frozen=True)
class Host:
    """This machine among those that share the work.

    number   from 0 to hosts - 1
    names    of all hosts, in an order that they agree on
    sharded  whether each host was given other reviews (ShardedByS3Key); else all have all of them
    """

    number: int = 0
    names: tuple[str, ...] = ("localhost",)
    sharded: bool = False

    @property
    def hosts(self) -> int:
        """How many share the work."""
        return len(self.names)

    def has(self, row: int) -> bool:
        """Whether a row that this host reads is also its to write.  row: from 0"""
        return self.sharded or row % self.hosts == self.number

    def file(self, name: str) -> str:
        """`dataset.json`, or `dataset-00001-of-00002.json` where each host writes one.

        All hosts upload to the same place, so equal names would overwrite each other.
        """
        path = PurePosixPath(name)
        part = f"-{self.number:05d}-of-{self.hosts:05d}" if self.hosts > 1 else ""
        return f"{path.stem}{part}{path.suffix}"


def this_host(reviews: Path) -> Host:
    """What a processing job says of this machine; one host alone, anywhere else.

    reviews  the input whose distribution counts
    `$ISODAG_OPT_ML` stands for /opt/ml where it is set.  Raises ComponentError for a file of
    SageMaker's that is not what it should be.
    """
    config = Path(os.environ.get("ISODAG_OPT_ML") or OPT_ML) / "config"
    resources = _json(config / "resourceconfig.json")
    if resources is None:
        return Host()
    try:
        names = tuple(sorted(resources["hosts"]))
        number = names.index(resources["current_host"])
    except (TypeError, KeyError, ValueError):
        raise ComponentError(
            f"{config / 'resourceconfig.json'} does not name hosts and current_host"
        ) from None
    job = _json(config / "processingjobconfig.json")
    return Host(number, names, len(names) > 1 and _sharded(job, reviews))


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise ComponentError(f"{path} cannot be read: {error}") from None


def _sharded(job: Any, reviews: Path) -> bool:
    """Whether the input that holds the reviews is dealt out to the hosts by S3 key."""
    try:
        for entry in job["ProcessingInputs"]:
            mounted = Path(_moved(entry["S3Input"]["LocalPath"]))
            if mounted == reviews.absolute() or mounted in reviews.absolute().parents:
                return bool(entry["S3Input"].get("S3DataDistributionType") == "ShardedByS3Key")
    except (TypeError, KeyError):
        pass  # no such file, or inputs that are not from S3
    return False


def _moved(path: str) -> str:
    moved = os.environ.get("ISODAG_OPT_ML")
    return moved + path.removeprefix(OPT_ML) if moved and path.startswith(OPT_ML) else path
