"""Write compiler/isodag/targets/sagemaker/instances.json from the installed botocore and moto.

    PYTHONPATH=compiler python tools/sagemaker_instances.py [DESTINATION]

botocore knows which instance types each kind of job takes; moto ships what EC2 itself answers to
DescribeInstanceTypes.  One line a type:
[vCPUs, memory in MiB, accelerators, GPUs among them, name of the accelerator, local disk in GB,
kinds of job], null where nothing says a figure.
"""

from __future__ import annotations

import gzip
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import botocore
import moto
from botocore.loaders import Loader

DESTINATION = Path(__file__).parents[1] / "compiler/isodag/targets/sagemaker/instances.json"
SPECIFICATIONS = Path(moto.__file__).parent / "ec2/resources/instance_types.json.gz"

KINDS = {  # letter by the service-model shape that lists the types
    "ProcessingInstanceType": "P",
    "TrainingInstanceType": "T",
    "TransformInstanceType": "X",
    "ProductionVariantInstanceType": "E",
}
# Retired on EC2 and so not in its answers.
# https://aws.amazon.com/blogs/aws/new-p2-instance-type-for-amazon-ec2-up-to-16-gpus/
# https://aws.amazon.com/blogs/aws/new-amazon-ec2-instances-with-up-to-8-nvidia-tesla-v100-gpus-p3/
RETIRED = {
    "p2.xlarge": [4, 61 * 1024, 1, 1, "K80", 0],
    "p2.8xlarge": [32, 488 * 1024, 8, 8, "K80", 0],
    "p2.16xlarge": [64, 732 * 1024, 16, 16, "K80", 0],
    "p3.2xlarge": [8, 61 * 1024, 1, 1, "V100", 0],
    "p3.8xlarge": [32, 244 * 1024, 4, 4, "V100", 0],
    "p3.16xlarge": [64, 488 * 1024, 8, 8, "V100", 0],
}
NOTHING = [None, None, None, None, None, None]


def figures(name: str, specifications: dict[str, Any]) -> list[Any]:
    """The figures of an EC2 type, without the kinds."""
    found = specifications.get(name)
    if found is None:
        return RETIRED.get(name, NOTHING)
    gpus = found.get("GpuInfo", {}).get("Gpus", [])
    others = found.get("NeuronInfo", {}).get("NeuronDevices", [])
    # a part of a GPU counts as one: that is what the container sees
    count = sum(max(gpu["Count"], gpu.get("LogicalGpuCount", 0)) for gpu in gpus)
    devices = count + sum(device["Count"] for device in others)
    named = [device["Name"] for device in [*gpus, *others]]
    return [
        found["VCpuInfo"]["DefaultVCpus"],
        found["MemoryInfo"]["SizeInMiB"],
        devices,
        count,
        named[0] if named else "",
        found.get("InstanceStorageInfo", {}).get("TotalSizeInGB", 0),
    ]


def table() -> dict[str, Any]:
    """The whole table, by the installed botocore and moto."""
    shapes = Loader().load_service_model("sagemaker", "service-2")["shapes"]
    with gzip.open(SPECIFICATIONS) as file:
        specifications = json.load(file)
    kinds: dict[str, str] = {}
    for shape, letter in KINDS.items():
        for name in shapes[shape]["enum"]:
            kinds[name] = kinds.get(name, "") + letter
    return {
        "botocore": botocore.__version__,
        "moto": version("moto"),
        "types": {
            name: [*figures(name.removeprefix("ml."), specifications), kinds[name]]
            for name in sorted(kinds)
        },
    }


def render(whole: dict[str, Any]) -> str:
    """The table as JSON, one line a type."""
    lines = [
        f"{json.dumps(name)}:{json.dumps(row, separators=(',', ':'))}"
        for name, row in whole["types"].items()
    ]
    head = f'"botocore":{json.dumps(whole["botocore"])},"moto":{json.dumps(whole["moto"])}'
    body = ",\n".join(lines)
    return f'{{{head},"types":{{\n{body}\n}}}}\n'


if __name__ == "__main__":
    destination = Path(sys.argv[1]) if len(sys.argv) > 1 else DESTINATION
    destination.write_text(render(table()), encoding="utf-8")
    print(f"{destination}: {destination.stat().st_size} bytes", file=sys.stderr)
