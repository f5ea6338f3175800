"""Components and executors, one for all tasks that use the same: works in, names out.

kfp's own compiler writes one for every task, and large pipelines then break the API's size
limits (https://github.com/kubeflow/pipelines/issues/10968).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from isodag.targets.kfp import names
from isodag.targets.kfp.containers import Work, some


@dataclass(frozen=True)
class Shared:
    """What all tasks together need.

    components  component specs by name, sorted
    executors   executor specs by label, sorted
    pods        Kubernetes configuration by executor label, where there is any
    """

    components: Mapping[str, Any]
    executors: Mapping[str, Any]
    pods: Mapping[str, Any]
    _names: Mapping[str, str]

    def component(self, work: Work) -> str:
        """The name of the component of a work."""
        return self._names[_fingerprint(work)]


def share(works: Iterable[Work]) -> Shared:
    """One component for all works of the same base and contents.

    Several variants of one base are numbered in the order of their contents, so that the names
    of steps do not matter.
    """
    variants: dict[str, dict[str, Work]] = {}
    for work in works:
        variants.setdefault(names.kebab(work.base), {}).setdefault(_fingerprint(work), work)
    given: dict[str, str] = {}
    components, executors, pods = {}, {}, {}
    for base in sorted(variants):
        number = 1
        for fingerprint, work in sorted(variants[base].items()):
            name = base
            while number > 1 and (name := f"{base}-{number}") in variants:
                number += 1
            number += 1
            given[fingerprint] = f"comp-{name}"
            components[f"comp-{name}"] = {
                "executorLabel": f"exec-{name}",
                **some(
                    {
                        "inputDefinitions": work.contents["inputs"],
                        "outputDefinitions": work.contents["outputs"],
                    }
                ),
            }
            executors[f"exec-{name}"] = work.contents["executor"]
            if work.contents["pod"]:
                pods[f"exec-{name}"] = work.contents["pod"]
    return Shared(_sorted(components), _sorted(executors), _sorted(pods), given)


def _fingerprint(work: Work) -> str:
    return json.dumps([work.base, work.contents])


def _sorted(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(mapping.items()))
