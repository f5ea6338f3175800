"""A SageMaker of one machine: runs a definition's Processing, Training, Condition and Fail steps
in processes, with a folder for S3.

Only what our containers rely on is here, as AWS documents it: a prefix mounts every key that
begins with it, a single object arrives as a file, a training job's /opt/ml/model and
/opt/ml/output/data come back as archives.  Nothing of isodag is imported.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Failed(Exception):
    """The execution failed; the message is the failure's reason."""


@dataclass
class Service:
    """One execution.

    folder      holds S3 (`s3/<bucket>/<key>`) and the machines
    components  where the containers find theirs
    values      of parameters, as StartPipelineExecution takes them: text
    """

    folder: Path
    components: str
    definition: dict[str, Any]
    values: dict[str, str] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)  # Describe answers by step
    properties: dict[tuple[str, str], Any] = field(default_factory=dict)

    # --- S3 ---

    def place(self, uri: str) -> Path:
        return self.folder / "s3" / uri.removeprefix("s3://")

    def keys(self, prefix: str) -> dict[str, Path]:
        """The objects whose key begins with a prefix, by what follows its last `/`."""
        bucket, _, key = prefix.removeprefix("s3://").partition("/")
        root = self.folder / "s3" / bucket
        found = {}
        for path in sorted(item for item in root.rglob("*") if item.is_file()):
            name = path.relative_to(root).as_posix()
            if name == key:
                found[name.rpartition("/")[2]] = path
            elif name.startswith(key):
                rest = name[len(key) :]
                assert key.endswith("/") or rest.startswith("/"), f"{key} brings {name} along"
                found[rest.lstrip("/")] = path
        return found

    def mount(self, uri: str, folder: Path) -> None:
        objects = self.keys(uri)
        assert objects, f"nothing at {uri}"
        for name, path in objects.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)

    # --- values ---

    def value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.value(item) for item in node]
        if not isinstance(node, dict):
            return node
        if set(node) == {"Std:Join"}:
            body = node["Std:Join"]
            return body["On"].join(text(self.value(item)) for item in body["Values"])
        if set(node) == {"Std:JsonGet"}:
            step = node["Std:JsonGet"]["PropertyFile"]["Get"].split(".")[1]
            return self.properties[step, node["Std:JsonGet"]["Path"]]
        if set(node) == {"Get"}:
            return self.get(node["Get"])
        return {key: self.value(item) for key, item in node.items()}

    def get(self, path: str) -> Any:
        root, _, rest = path.partition(".")
        if root == "Parameters":
            declared = {item["Name"]: item for item in self.definition["Parameters"]}[rest]
            given = self.values.get(rest)
            if given is None:
                return declared["DefaultValue"]
            kinds = {"Integer": int, "Float": float, "Boolean": lambda t: t.lower() == "true"}
            return kinds.get(declared["Type"], str)(given)
        if root == "Execution":
            return {"PipelineExecutionId": "abc123", "PipelineName": "p"}.get(rest, "2026-11-22")
        step, _, rest = rest.partition(".")
        found = self.described[step]
        for name, key in re.findall(r"(\w+)|\['([^']*)'\]", rest):
            found = found[name] if name else {named(item): item for item in found}[key]
        return found

    # --- steps ---

    def run(self) -> list[str]:
        """The names of the steps that ran, in order; raises Failed as the execution would."""
        done: list[str] = []
        self.block(self.definition["Steps"], done)
        return done

    def block(self, steps: list[dict[str, Any]], done: list[str]) -> None:
        for step in steps:
            arguments = step["Arguments"]
            assert set(step.get("DependsOn", [])) <= set(done)
            if step["Type"] == "Condition":
                taken = all(self.holds(item) for item in arguments["Conditions"])
                self.block(arguments["IfSteps" if taken else "ElseSteps"], done)
                continue
            if step["Type"] == "Fail":
                raise Failed(self.value(arguments["ErrorMessage"]))
            request = self.value(arguments)
            machine = self.folder / "machines" / step["Name"]
            run = {"Processing": self.processing, "Training": self.training}[step["Type"]]
            run(step, request, machine)
            done.append(step["Name"])

    def holds(self, condition: dict[str, Any]) -> bool:
        kind = condition["Type"]
        if kind == "Or":
            return any(self.holds(item) for item in condition["Conditions"])
        if kind == "Not":
            return not self.holds(condition["Condition"])
        if kind == "In":
            return self.value(condition["QueryValue"]) in self.value(condition["Values"])
        left, right = self.value(condition["LeftValue"]), self.value(condition["RightValue"])
        return {
            "Equals": left == right, "GreaterThan": left > right, "LessThan": left < right,
            "GreaterThanOrEqualTo": left >= right, "LessThanOrEqualTo": left <= right,
        }[kind]  # fmt: skip

    def container(self, words: list[str], machine: Path) -> str:
        """Run a container; what it prints."""
        for word in words:
            assert isinstance(word, str) and len(word) <= 256, word
        assert words[0] == "python3"
        env = {
            "ISODAG_OPT_ML": str(machine),
            "ISODAG_COMPONENTS": self.components,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        done = subprocess.run(
            [sys.executable, *words[1:]], env=env, cwd=machine, capture_output=True, text=True
        )
        if done.returncode:
            reason = machine / "output" / "failure"
            raise Failed(reason.read_text() if reason.is_file() else done.stderr)
        return done.stdout + done.stderr

    def processing(self, step: dict[str, Any], request: dict[str, Any], machine: Path) -> None:
        def local(path: str) -> Path:
            return machine / path.removeprefix("/opt/ml/")

        (machine / "config").mkdir(parents=True)
        (machine / "config" / "processingjobconfig.json").write_text(json.dumps(request))
        for entry in request.get("ProcessingInputs", []):
            self.mount(entry["S3Input"]["S3Uri"], local(entry["S3Input"]["LocalPath"]))
        outputs = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
        for entry in outputs:
            local(entry["S3Output"]["LocalPath"]).mkdir(parents=True)
        application = request["AppSpecification"]
        words = application["ContainerEntrypoint"] + application["ContainerArguments"]
        self.container(words, machine)
        for entry in outputs:
            place = self.place(entry["S3Output"]["S3Uri"])
            shutil.copytree(local(entry["S3Output"]["LocalPath"]), place)
        self.described[step["Name"]] = request
        for file in step.get("PropertyFiles", []):
            entry = {item["OutputName"]: item for item in outputs}[file["OutputName"]]
            path = self.place(entry["S3Output"]["S3Uri"]) / file["FilePath"]
            for name, value in json.loads(path.read_text()).items():
                self.properties[step["Name"], name] = value

    def training(self, step: dict[str, Any], request: dict[str, Any], machine: Path) -> None:
        config = machine / "input" / "config"
        config.mkdir(parents=True)
        parameters = request.get("HyperParameters", {})
        assert all(isinstance(value, str) for value in parameters.values()), parameters
        (config / "hyperparameters.json").write_text(json.dumps(parameters))
        for channel in request.get("InputDataConfig", []):
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            self.mount(uri, machine / "input" / "data" / channel["ChannelName"])
        for name in ("model", "output/data"):
            (machine / name).mkdir(parents=True)
        algorithm = request["AlgorithmSpecification"]
        log = self.container(algorithm["ContainerEntrypoint"], machine)
        name = f"pipelines-abc123-{step['Name']}"
        place = self.place(request["OutputDataConfig"]["S3OutputPath"]) / name / "output"
        place.mkdir(parents=True)
        for source, archive in (("model", "model.tar.gz"), ("output/data", "output.tar.gz")):
            if any((machine / source).iterdir()):
                with tarfile.open(place / archive, "w:gz") as packed:
                    packed.add(machine / source, arcname=".")
        model = f"s3://{(place / 'model.tar.gz').relative_to(self.folder / 's3')}"
        artifacts = {"S3ModelArtifacts": model}
        self.described[step["Name"]] = {
            **request, "TrainingJobName": name, "ModelArtifacts": artifacts,
            "FinalMetricDataList": measured(algorithm.get("MetricDefinitions", []), log),
        }  # fmt: skip


def named(item: dict[str, Any]) -> str:
    """What an item of a list in an answer is asked for by."""
    return str(item.get("OutputName") or item["MetricName"])


def measured(definitions: list[dict[str, str]], log: str) -> list[dict[str, Any]]:
    """The last value of each metric in a log, as a single-precision number."""
    return [
        {"MetricName": item["Name"], "Value": struct.unpack("f", struct.pack("f", float(last)))[0]}
        for item in definitions
        for last in re.findall(item["Regex"], log)[-1:]
    ]


def text(value: Any) -> str:
    """A value inside a Join; a Boolean is spelled as Python does."""
    return value if isinstance(value, str) else str(value)
