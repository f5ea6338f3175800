"""A DAG under construction: its tasks, inputs and outputs in, a ComponentSpec out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isodag.targets.kfp import values
from isodag.targets.kfp.containers import definition, some


@dataclass
class DagTask:
    """A task under construction."""

    component: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    after: set[str] = field(default_factory=set)
    parameters: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Any] = field(default_factory=dict)

    def spec(self, name: str) -> dict[str, Any]:
        """The PipelineTaskSpec."""
        inputs = some(
            {
                "parameters": dict(sorted(self.parameters.items())),
                "artifacts": dict(sorted(self.artifacts.items())),
            }
        )
        return {
            "taskInfo": {"name": name},
            "componentRef": {"name": self.component},
            **some({"dependentTasks": sorted(self.after), "inputs": inputs}),
            **self.settings,
        }


@dataclass(frozen=True)
class DagOutput:
    """An output of a DAG: its type, and the subtask's output that it is."""

    type: str
    subtask: str
    key: str

    def selector(self) -> dict[str, Any]:
        """A DagOutputParameterSpec or a DagOutputArtifactSpec."""
        if values.is_artifact(self.type):
            held = {"producerSubtask": self.subtask, "outputArtifactKey": self.key}
            return {"artifactSelectors": [held]}
        held = {"producerSubtask": self.subtask, "outputParameterKey": self.key}
        return {"valueFromParameter": held}


@dataclass
class Dag:
    """A DAG under construction; `inputs` holds the type by channel."""

    tasks: dict[str, DagTask] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, DagOutput] = field(default_factory=dict)

    def spec(self) -> dict[str, Any]:
        """The component."""
        made: dict[str, dict[str, Any]] = {"parameters": {}, "artifacts": {}}
        for key, output in sorted(self.outputs.items()):
            kind = "artifacts" if values.is_artifact(output.type) else "parameters"
            made[kind][key] = output.selector()
        tasks = {name: task.spec(name) for name, task in sorted(self.tasks.items())}
        return {
            "dag": {**some({"outputs": some(made)}), "tasks": tasks},
            **some(
                {
                    "inputDefinitions": _definition(self.inputs),
                    "outputDefinitions": _definition(
                        {key: output.type for key, output in self.outputs.items()}
                    ),
                }
            ),
        }


def _definition(types: Mapping[str, str]) -> dict[str, Any]:
    return definition((key, name, values.is_artifact(name)) for key, name in sorted(types.items()))
