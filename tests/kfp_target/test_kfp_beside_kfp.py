"""What is emitted means what kfp's own compiler makes of the same pipeline.

Annotations stay objects here (no `from __future__`): kfp reads them.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import kfp_backend
import kfp_graphs
import kfp_judge
from kfp import compiler, dsl
from kfp_graphs import SPAN
from kfp_steps import COUNT, SAY, TAG, each, emitted, loop, train

from isodag.ir import (
    Branch,
    Compare,
    Constant,
    EachRef,
    Gate,
    Group,
    OutputRef,
    ParameterRef,
    Within,
)
from isodag.targets import kfp


@dsl.container_component
def train_(rate: float, tag: str, model: dsl.Output[dsl.Model], loss: dsl.OutputPath(float)):
    return dsl.ContainerSpec(
        image="isodag/base:1.0.0",
        command=["python3", "-m", "isodag.runtime", "train"],
        args=["--rate", rate, "--tag", tag, "--model", model.path, "--loss", loss],
    )


@dsl.container_component
def say_(words: str):
    return dsl.ContainerSpec(
        image="isodag/base:1.0.0",
        command=["python3", "-m", "isodag.runtime", "say"],
        args=["--words", words],
    )


@dsl.container_component
def count_(numbers: list):
    return dsl.ContainerSpec(
        image="isodag/base:1.0.0",
        command=["python3", "-m", "isodag.runtime", "count"],
        args=["--numbers", numbers],
    )


@dsl.pipeline(name="inner")
def inner(rate: float, tag: str) -> float:
    first = train_(rate=rate, tag=tag)
    return train_(rate=first.outputs["loss"], tag="again").outputs["loss"]


@dsl.pipeline(name="graph")
def theirs(tag: str, rates: list[float]):
    with dsl.ExitHandler(say_(words=tag)):
        with dsl.ParallelFor([0.5, 0.25], parallelism=2) as rate:
            fit = train_(rate=rate, tag=tag)
            with dsl.If(fit.outputs["loss"] > rate):
                say_(words="high")
        count_(numbers=dsl.Collected(fit.outputs["loss"]))
        called = inner(rate=0.125, tag=tag)
        train_(rate=called.output, tag="after")
        with dsl.ParallelFor(rates) as outer:
            one = train_(rate=outer, tag=tag)
            with dsl.ParallelFor([1.5, 2.5]):
                train_(rate=one.outputs["loss"], tag="nested")


def ours() -> kfp.Emitted:
    rate, high = (
        EachRef("fit", "", "Float"),
        Compare(">", OutputRef("fit", "loss", "Float"), EachRef("fit", "", "Float")),
    )
    nested = (Within("again"), Within("again-more"))
    return emitted(
        [
            train("fit", rate, Within("fit")),
            kfp_graphs.task("tell", SAY, {"words": Constant("high", "String")}, when=(Within("fit"), Branch("high", True))),
            kfp_graphs.task("count", COUNT, {"numbers": each("fit", "loss", "Float")}),
            train("call-one", Constant(0.125, "Float"), Within("call")),
            train("call-two", OutputRef("call-one", "loss", "Float"), Within("call"), tag=Constant("again", "String")),
            train("after", OutputRef("call-two", "loss", "Float"), tag=Constant("after", "String")),
            train("again-one", EachRef("again", "", "Float"), Within("again")),
            train("again-more", OutputRef("again-one", "loss", "Float"), *nested, tag=Constant("nested", "String")),
        ],
        gates=(Gate("high", high, "high", SPAN),),
        groups=(
            loop("again", ParameterRef("rates", "JsonArray"), "Float"),
            loop("again-more", (1.5, 2.5), "Float"),
            Group("call", None, SPAN),
            loop("fit", (0.5, 0.25), "Float"),
        ),
        last=(kfp_graphs.task("bye", SAY, {"words": TAG}),),
    )  # fmt: skip


def test_it_does_what_the_same_pipeline_of_kfp_does(tmp_path: Path) -> None:
    compiler.Compiler().compile(theirs, str(tmp_path / "theirs.yaml"))
    text = (tmp_path / "theirs.yaml").read_text()
    parameters = {"tag": "x", "rates": [0.5, 2.0, 4.0], "data": "s3://b/d"}

    def made(name: str, output: str) -> Any:
        repetition = sum(map(int, re.findall("[0-9]+", name.partition("[")[2])))
        return 0.375 + repetition if output == "loss" else f"s3://runs/{output}"

    expected, _ = kfp_backend.played(text, parameters, made)
    actual, _ = kfp_backend.played(ours().files["pipeline.yaml"].decode(), parameters, made)

    assert Counter(map(tuple, expected.values())) == Counter(map(tuple, actual.values()))
    assert 17 == len(actual)


def test_the_judge_finds_no_fault_in_what_kfp_compiles(tmp_path: Path) -> None:
    compiler.Compiler().compile(theirs, str(tmp_path / "theirs.yaml"))
    assert [] == kfp_judge.faults((tmp_path / "theirs.yaml").read_text())
