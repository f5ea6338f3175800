"""Which machines a step gets by its `resources`, and what somebody chose instead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sagemaker_building import FIT, MAKE, parameter, pipeline, request, span, task, tree

from isodag import ir
from isodag.component import Binding, BindingStep
from isodag.settings import Resources
from isodag.targets.sagemaker import emit, instances

GI = 2**30
LAWS = settings(deadline=None)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Resources(cpu=4, memory=16 * GI), "ml.m5.xlarge"),
        (Resources(cpu=4), "ml.c5.xlarge"),
        (Resources(cpu=16), "ml.c5.4xlarge"),
        (Resources(cpu=0.5), "ml.m5.large"),
        (Resources(memory=16 * GI), "ml.r5.large"),
        (Resources(cpu=8, memory=32 * GI), "ml.m5.2xlarge"),
        (Resources(cpu=8, memory=33 * GI), "ml.r5.2xlarge"),
        (Resources(cpu=97), "ml.c6i.32xlarge"),
        (Resources(gpu=1), "ml.g4dn.xlarge"),
        (Resources(gpu=1, memory=17 * GI), "ml.g4dn.2xlarge"),
        (Resources(gpu=1, disk=126 * GI), "ml.g5.xlarge"),
        (Resources(gpu=8), "ml.g5.48xlarge"),
    ],
)
def test_the_smallest_machine_that_fits(asked: Resources, expected: str) -> None:
    made = request(task("a", MAKE, {}, resources=asked))
    assert expected == made["ProcessingResources"]["ClusterConfig"]["InstanceType"]


AMOUNTS = st.tuples(
    st.sampled_from(["Processing", "Training", "Transform"]),
    st.integers(0, 130), st.integers(0, 1100 * 1024), st.integers(0, 8), st.integers(0, 1000),
)  # fmt: skip


def size(item: instances.Instance) -> tuple[int, int, int]:
    return item.accelerators, item.cpus, item.memory


@LAWS
@given(AMOUNTS)
def test_the_machine_that_is_chosen_fits_and_no_smaller_one_does(
    amounts: tuple[str, int, int, int, int],
) -> None:
    job, cpus, memory, gpus, disk = amounts
    letter = {"Processing": "P", "Training": "T", "Transform": "X"}[job]
    fitting = []
    for name, row in instances.table()["types"].items():
        item = instances.find(name)
        if item is None or letter not in row[-1] or name.split(".")[1] not in instances.FAMILIES:
            continue
        enough = item.cpus >= cpus and item.memory >= memory and item.gpus >= gpus
        if enough and (item.accelerators > 0) == (gpus > 0) and not 0 < item.disk < disk:
            fitting.append(item)
    found = instances.smallest(job, cpus, memory, gpus, disk)
    if found is None:
        assert [] == fitting
    else:
        assert found in fitting
        assert size(found) == min(map(size, fitting))


@LAWS
@given(AMOUNTS, st.integers(0, 64), st.integers(0, 100_000))
def test_who_asks_for_more_gets_no_smaller_machine(
    amounts: tuple[str, int, int, int, int], cpus: int, memory: int
) -> None:
    job, less, little, gpus, disk = amounts
    small = instances.smallest(job, less, little, gpus, disk)
    large = instances.smallest(job, less + cpus, little + memory, gpus, disk)
    assert large is None or (small is not None and size(small) <= size(large))


def test_no_machine_is_chosen_whose_speed_runs_out() -> None:
    assert [] == [name for name in instances.FAMILIES if name.startswith("t")]


SMALL = Resources(cpu=2)


@pytest.mark.parametrize(
    ("own", "shared"),
    [
        ({"instance_type": "ml.m4.xlarge"}, {}),
        ({}, {"instance_type": "ml.m4.xlarge"}),
        ({"arguments": {"ResourceConfig": {"InstanceType": "ml.m4.xlarge"}}}, {}),
        ({}, {"arguments": {"ResourceConfig": {"InstanceType": "ml.m4.xlarge"}}}),
    ],
)
def test_a_machine_that_somebody_chose_stays(own: dict[str, Any], shared: dict[str, Any]) -> None:
    node = task("a", FIT, {}, resources=SMALL, targets={"sagemaker": tree(own)})
    assert "ml.m4.xlarge" == request(node, **shared)["ResourceConfig"]["InstanceType"]


def test_a_machine_that_a_binding_chose_stays() -> None:
    step = BindingStep("", "Training", {"ResourceConfig": {"InstanceType": "ml.m4.xlarge"}}, span())
    fit = replace(FIT, binding=Binding((step,), {}, span()))
    made = request(task("a", fit, {}, resources=SMALL))
    assert "ml.m4.xlarge" == made["ResourceConfig"]["InstanceType"]


def test_a_machine_that_a_run_chooses_stays() -> None:
    own = tree({"instance_type": ir.ParameterRef("machine", "String")})
    node = task("a", FIT, {}, resources=SMALL, targets={"sagemaker": own})
    made = request(node, parameter("machine", "String"))
    assert {"Get": "Parameters.machine"} == made["ResourceConfig"]["InstanceType"]


def test_nobody_is_told_of_a_machine_that_resources_chose() -> None:
    def codes(asked: Resources | None) -> list[str]:
        whole = pipeline([task("a", MAKE, {}, resources=asked)])
        block = dict(whole.targets["sagemaker"].value)  # type: ignore[arg-type]
        del block["instance_type"]
        found = emit(replace(whole, targets={"sagemaker": ir.Tree(block, span())}))
        return [item.code for item in found.diagnostics]

    assert [] == codes(Resources(cpu=4))
    assert ["W507"] == codes(None)
    assert ["W507"] == codes(Resources(disk=40 * GI, instances=2, gpu=0))


def test_disk_and_instances_are_the_volume_and_the_count() -> None:
    made = request(task("a", FIT, {}, resources=Resources(cpu=4, disk=100 * GI + 1, instances=3)))
    machine = {"InstanceType": "ml.c5.xlarge", "InstanceCount": 3, "VolumeSizeInGB": 101}
    assert machine == made["ResourceConfig"]


def test_the_keys_of_the_target_win_over_resources() -> None:
    own = tree({"volume_size": 50, "instance_count": ir.ParameterRef("hosts", "Integer")})
    asked = Resources(cpu=4, disk=40 * GI, instances=3)
    node = task("a", FIT, {}, resources=asked, targets={"sagemaker": own})
    made = request(node, parameter("hosts", "Integer"))["ResourceConfig"]
    assert ({"Get": "Parameters.hosts"}, 50) == (made["InstanceCount"], made["VolumeSizeInGB"])


def test_a_local_disk_takes_the_place_of_the_volume() -> None:
    asked = Resources(gpu=1)  # ml.g4dn.xlarge has 125 GB
    fit = request(task("a", FIT, {}, resources=asked), kms_key="alias/k")["ResourceConfig"]
    assert {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1} == fit
    make = request(task("a", MAKE, {}, resources=asked), kms_key="alias/k")
    expected = {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}
    assert expected == make["ProcessingResources"]["ClusterConfig"]  # required there
    own = tree({"volume_size": 90})
    kept = request(task("a", FIT, {}, resources=asked, targets={"sagemaker": own}))
    assert 90 == kept["ResourceConfig"]["VolumeSizeInGB"]


def test_a_machine_that_a_run_may_change_keeps_its_volume() -> None:
    default = replace(parameter("m", "String"), has_default=True, default="ml.g5.xlarge")
    own = {"sagemaker": tree({"instance_type": ir.ParameterRef("m", "String")})}
    made = request(task("a", FIT, {}, targets=own), default, kms_key="alias/k")["ResourceConfig"]
    assert (30, "alias/k") == (made["VolumeSizeInGB"], made["VolumeKmsKeyId"])
