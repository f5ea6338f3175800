"""Which machine this is of those that train one model, from SageMaker's files.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from host_meeting import address, exchange
from isodag.runtime import ComponentError

OPT_ML = "/opt/ml"
PATIENCE = 900.0  # seconds until all hosts are there: each has an image and its data to fetch


@dataclass(frozen=True)
class Host:
    """This machine among those that train together.

    number  from 0 to len(names) - 1; host 0 writes the model
    names   of all hosts, in an order that they agree on
    """

    number: int = 0
    names: tuple[str, ...] = ("localhost",)

    @property
    def first(self) -> bool:
        """Whether this is the host that writes what all have made."""
        return self.number == 0

    @property
    def alone(self) -> bool:
        """Whether no other host trains along."""
        return len(self.names) == 1

    def tf_config(self) -> str:
        """The value of TF_CONFIG: https://www.tensorflow.org/guide/distributed_training"""
        task = {"type": "worker", "index": self.number}
        return json.dumps({"cluster": {"worker": [*map(address, self.names)]}, "task": task})

    def meet(self, work: Mapping[str, Any], patience: float = PATIENCE) -> None:
        """Return when every host is there.

        work  what has to be the same on all of them, as JSON knows it

        TensorFlow alone would wait an hour for one that never comes, and not say for which.
        Raises ComponentError for one that does not come or has other work before it.
        """
        mine = sha256(json.dumps(work, sort_keys=True).encode()).hexdigest()
        found = exchange(mine, self.number, self.names, patience)
        for name, theirs in zip(self.names, found, strict=True):
            if theirs != found[0]:
                raise ComponentError(
                    f"host `{name}` was given other data or parameters than `{self.names[0]}`"
                )


def this_host() -> Host:
    """What a training job says of this machine; one host alone, anywhere else.

    `$ISODAG_OPT_ML` stands for /opt/ml where it is set.  Raises ComponentError for a file of
    SageMaker's that is not what it should be, and for a channel that is dealt out to the hosts.
    """
    config = Path(os.environ.get("ISODAG_OPT_ML") or OPT_ML) / "input" / "config"
    resources = _json(config / "resourceconfig.json")
    if resources is None:
        return Host()
    try:
        names = tuple(sorted(resources["hosts"]))
        host = Host(names.index(resources["current_host"]), names)
    except (TypeError, KeyError, ValueError):
        raise ComponentError(
            f"{config / 'resourceconfig.json'} does not name hosts and current_host"
        ) from None
    channels = _json(config / "inputdataconfig.json")
    for name, facts in channels.items() if isinstance(channels, dict) else ():
        sharded = isinstance(facts, dict) and facts.get("S3DistributionType") == "ShardedByS3Key"
        if sharded and not host.alone:
            raise ComponentError(
                f"{name} is sharded over {len(names)} hosts, each of which needs all of it:"
                " replicate it"
            )
    return host


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise ComponentError(f"{path} cannot be read: {error}") from None
