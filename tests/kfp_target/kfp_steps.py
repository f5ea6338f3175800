"""Steps for examples of loops, calls, picks and last steps, and what they are emitted as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kfp_graphs
import kfp_judge
import yaml
from kfp import components
from kfp_graphs import SPAN

from isodag.ir import Collected, Group, Loop, Node, OutputRef, Parameter, ParameterRef, Value
from isodag.targets import kfp

TRAIN = kfp_graphs.component(
    "train", {"rate": "Float", "tag": "String"}, {"model": "Model", "loss": "Float"}
)
SAY = kfp_graphs.component("say", {"words": "String"}, {})
COUNT = kfp_graphs.component("count", {"numbers": "JsonArray"}, {})
READ = kfp_graphs.component("read", {"data": "Dataset"}, {})
TAG = ParameterRef("tag", "String")
PARAMETERS = (Parameter("data", "Dataset", SPAN), Parameter("rates", "JsonArray", SPAN), Parameter("tag", "String", SPAN))  # fmt: skip


def loop(name: str, items: Any, kind: str) -> Group:
    return Group(name, Loop("item", items, kind, SPAN), SPAN)


def each(group: str, output: str, kind: str, task: str = "") -> Collected:
    listed = "JsonArray" if kind in kfp_graphs.SCALARS else f"list of {kind}"
    return Collected(group, OutputRef(task or group, output, kind), listed)


def emitted(nodes: Sequence[Node], **more: Any) -> kfp.Emitted:
    graph = kfp_graphs.pipeline(nodes, **{"parameters": PARAMETERS, **more})
    found = kfp.emit(graph)
    assert [] == [item for item in found.diagnostics if item.severity == "error"]
    text = found.files["pipeline.yaml"].decode()
    assert [] == kfp_judge.faults(text)
    components.load_component_from_text(text)
    return found


def spec(found: kfp.Emitted) -> Any:
    return next(yaml.safe_load_all(found.files["pipeline.yaml"]))


def train(name: str, rate: Value, *when: Any, tag: Value = TAG) -> Node:
    return kfp_graphs.task(name, TRAIN, {"rate": rate, "tag": tag}, when=when)
