"""The table of instance types, and whether a step gets what it asks for."""

from __future__ import annotations

import gzip
import importlib.util
import json
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore
import moto
import pytest
from botocore.loaders import Loader
from sagemaker_building import REGISTRY, component, parameter, pipeline, task

from isodag import ir
from isodag.targets.sagemaker import emit, instances
from isodag.targets.sagemaker.instances import Instance

TOOL = Path(__file__).parents[2] / "tools" / "sagemaker_instances.py"
TABLE = Path(instances.__file__).with_name("instances.json")
SHAPES = Loader().load_service_model("sagemaker", "service-2")["shapes"]
MAKE = component("make", {}, {"data": "Dataset"})
FIT = component("fit", {}, {"model": "Model"}, "Training")
TRAINING = "763104351884.dkr.ecr.us-west-2.amazonaws.com/pytorch-training:2.1.0-{}-py310"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sagemaker_instances_tool", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_what_the_tool_writes(tool: ModuleType) -> None:
    written = instances.table()
    made = {"botocore": botocore.__version__, "moto": version("moto")}
    if made != {name: written[name] for name in made}:
        pytest.skip(f"instances.json is of botocore {written['botocore']}, moto {written['moto']}")
    assert TABLE.read_text() == tool.render(tool.table())


@pytest.mark.parametrize(
    ("shape", "letter"),
    [
        ("ProcessingInstanceType", "P"),
        ("TrainingInstanceType", "T"),
        ("TransformInstanceType", "X"),
    ],
)
def test_a_kind_of_job_takes_the_types_that_botocore_lists(shape: str, letter: str) -> None:
    listed = {name for name, row in instances.table()["types"].items() if letter in row[-1]}
    assert set(SHAPES[shape]["enum"]) == listed


def test_what_a_type_has_is_what_ec2_answers() -> None:
    path = Path(moto.__file__).parent / "ec2/resources/instance_types.json.gz"
    with gzip.open(path) as file:
        ec2: dict[str, Any] = json.load(file)
    found = {name: instances.find(name) for name in instances.table()["types"]}
    known = {name: item for name, item in found.items() if item is not None}
    assert {"ml.dl1.24xlarge", "ml.p6e-gb200.36xlarge"} == found.keys() - known.keys()
    for name, item in known.items():
        if (theirs := ec2.get(name.removeprefix("ml."))) is None:
            assert name.startswith(("ml.p2.", "ml.p3."))
            continue
        assert theirs["VCpuInfo"]["DefaultVCpus"] == item.cpus
        assert theirs["MemoryInfo"]["SizeInMiB"] == item.memory
        assert ("GpuInfo" in theirs) is (item.gpus > 0)
        assert bool("GpuInfo" in theirs or "NeuronInfo" in theirs) is (item.accelerators > 0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ml.m5.xlarge", Instance("ml.m5.xlarge", 4, 16384, 0, 0, "", 0)),
        ("ml.g5.12xlarge", Instance("ml.g5.12xlarge", 48, 196608, 4, 4, "A10G", 3800)),
        ("ml.p3.8xlarge", Instance("ml.p3.8xlarge", 32, 249856, 4, 4, "V100", 0)),
        ("ml.trn1.2xlarge", Instance("ml.trn1.2xlarge", 8, 32768, 1, 0, "Trainium", 474)),
        ("ml.no.such", None),
    ],
)
def test_a_type(name: str, expected: Instance | None) -> None:
    assert expected == instances.find(name)


@pytest.mark.parametrize(
    ("name", "said", "help"),
    [
        ("m5.xlarge", "is `m5.xlarge`, an instance type that this version does not know",
         "did you mean `ml.m5.xlarge`?"),
        ("ml.m5.xlrage", "is `ml.m5.xlrage`, an instance type that this version does not know",
         "did you mean `ml.m5.xlarge`?"),
        ("ml.p4d.24xlarge",
         "is `ml.p4d.24xlarge`, an instance type for Training and endpoints, not for Processing",
         "`ml.g6e.48xlarge` has as much, and is for Processing"),
        ("ml.z9.huge", "is `ml.z9.huge`, an instance type that this version does not know",
         "a newer type than this version knows may still be right: then ignore this"),
    ],
)  # fmt: skip
def test_what_is_said_of_an_unknown_type(name: str, said: str, help: str) -> None:
    known = tuple(SHAPES["ProcessingInstanceType"]["enum"])
    assert (said, help) == instances.unknown(name, "ProcessingInstanceType", known)


# --- what a step asks for --------------------------------------------------------------------


def said(
    of: Any = FIT, machine: Any = "ml.m5.xlarge", image: str = "", parameters: tuple[Any, ...] = (),
    block: dict[str, Any] | None = None, **resources: Any,
) -> list[str]:  # fmt: skip
    """The warnings about a step's machine: codes, messages and help."""
    asked = ir.Resources(**resources) if resources else None
    settings: dict[str, Any] = {"images": {of.container.image: image}} if image else {}
    step = task("a", of, {}, resources=asked)
    built = pipeline(
        [step], parameters=parameters, instance_type=machine, **settings, **block or {}
    )
    return [
        f"{item.code} {item.message} | {item.help}"
        for item in emit(built).diagnostics
        if item.code in ("W509", "W510", "W517")
    ]


def test_a_machine_that_has_enough() -> None:
    gib = 2**30
    assert [] == said(cpu=4.0, memory=16 * gib, disk=30 * gib)
    assert [] == said(disk=500 * gib)  # which is the volume's size
    assert [] == said(machine="ml.g5.xlarge", gpu=1, disk=200 * gib)
    assert [] == said(machine="ml.no.such", gpu=8)
    assert [] == said(machine=ir.ParameterRef("m", "String"), parameters=(parameter("m", "String"),),
                      gpu=8)  # fmt: skip


def test_a_machine_that_has_less() -> None:
    assert [
        "W510 step `a` asks for 1 GPU, `ml.m5.xlarge` has no GPU | take `ml.g4dn.xlarge`, or ask"
        " for less"
    ] == said(gpu=1)
    assert [
        "W510 step `a` asks for 4.5 cores, 16.5 GiB of memory and 31 GiB of disk, `ml.m5.xlarge`"
        " has 4, 16 GiB and 30 GB | take `ml.m5.2xlarge`, or ask for less"
    ] == said(block={"volume_size": 30}, cpu=4.5, memory=33 * 2**29, disk=31 * 2**30)
    assert [
        "W510 step `a` asks for 31 GiB of disk, `ml.m5.xlarge` has 30 GB"
        " | set `volume_size: 31`, or ask for less"
    ] == said(block={"volume_size": 30}, disk=31 * 2**30)
    assert [
        "W510 step `a` asks for 2 GPUs, `ml.trn1.2xlarge` has Trainium, no GPU"
        " | take `ml.g7.12xlarge`, or ask for less"
    ] == said(machine="ml.trn1.2xlarge", gpu=2)


def test_a_machine_that_a_parameter_names_by_default() -> None:
    chosen = replace(parameter("m", "String"), has_default=True, default="ml.c5.large")
    message = "step `a` asks for 4 cores, `ml.c5.large` has 2"
    found = said(machine=ir.ParameterRef("m", "String"), parameters=(chosen,), cpu=4.0)
    assert [f"W510 {message} | take `ml.c5.xlarge`, or ask for less"] == found


def test_an_image_for_other_machines() -> None:
    cpu, gpu = TRAINING.format("cpu"), TRAINING.format("cu121")
    help = "take the image that is built for GPUs, or a machine without"
    other = "take a machine with GPUs, or the image that is built for CPUs"
    assert [
        f"W509 step `a` runs on `ml.g5.xlarge`, which has GPUs, but its image `{cpu}` is for CPUs"
        f" | {help}"
    ] == said(machine="ml.g5.xlarge", image=cpu)
    assert [
        f"W509 step `a` has the image `{gpu}` for GPUs, but `ml.m5.xlarge` has none | {other}"
    ] == said(image=gpu)
    assert [
        "W510 step `a` asks for 1 GPU, `ml.m5.xlarge` has no GPU"
        " | take `ml.g4dn.xlarge`, or ask for less"
    ] == said(image=gpu, gpu=1)  # one mistake: the machine
    assert [] == said(image=cpu)
    assert [] == said(machine="ml.g5.xlarge", image=gpu)


@pytest.mark.parametrize(
    "name",
    [f"{REGISTRY}/cpuinfo:1.0.0", f"{REGISTRY}/gpu-or-cpu:1.0.0", f"{REGISTRY}/train:1.0.0",
     f"{REGISTRY}/occupancy:1.0.0", "gpu.example.com/train:1.0.0", "cpu.example.com/train:1.0.0"],
)  # fmt: skip
@pytest.mark.parametrize("machine", ["ml.m5.xlarge", "ml.g5.xlarge"])
def test_an_image_whose_name_does_not_say(name: str, machine: str) -> None:
    assert [] == said(machine=machine, image=name)


def test_a_volume_in_the_place_of_which_comes_a_local_disk() -> None:
    found = [
        "W517 the volume has 251 GB, the local disk of `ml.g5.xlarge` 250"
        " | the local disk takes the place of the volume: ask for no more than it has"
    ]
    assert found == said(MAKE, "ml.g5.xlarge", block={"volume_size": 251})
    assert [] == said(MAKE, "ml.g5.xlarge", block={"volume_size": 250})
    assert [] == said(MAKE, "ml.m5.xlarge", block={"volume_size": 1000})
