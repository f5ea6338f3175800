"""`isodag graph`: frames around loops and pipelines within pipelines, what is picked, what is last."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from isodag import graph, ir
from isodag.ir import Branch, Collected, Compare, Constant, EachRef, OutputRef

LOSS = Collected("sweep-fit", OutputRef("sweep-fit", "o", "Float"), "JsonArray")


def sweep(graphs: Any) -> ir.Pipeline:
    """A pipeline for each of two kinds; in it a loop over what a step brings, and a pick."""
    made: ir.Pipeline = graphs.pipeline(
        graphs.task("make", outputs={"n": "Integer"}),
        graphs.task("sweep-list", {"kind": EachRef("sweep", "", "String")}, {"o": "JsonArray"},
                    within=[Branch("big", True), "sweep"]),
        graphs.task("sweep-fit", {"x": EachRef("sweep-fit", "", "Float")},
                    within=[Branch("big", True), "sweep", "sweep-fit", Branch("when-fit", False)]),
        graphs.pick("sweep-best", LOSS, {}, within=[Branch("big", True), "sweep"], highest=False),
        graphs.task("plain-a", within=["plain"]),
        graphs.task("one", after=["make"], within=["one"]),
        groups=[
            graphs.loop("sweep", ("a", "b"), "String", "kind"),
            graphs.loop("sweep-fit", OutputRef("sweep-list", "o", "JsonArray"), var="rate"),
            graphs.call("plain"),
            graphs.loop("one", tuple(range(99))),
        ],
        gates={
            "big": Compare(">", OutputRef("make", "n", "Integer"), Constant(1, "Integer")),
            "when-fit": ir.Truth(Constant(True, "Boolean")),
        },
    )  # fmt: skip
    return replace(made, last=(graphs.task("tidy"),))


MERMAID = r"""flowchart TD
  step_make["make (toy 1.0.0)"]
  subgraph group_sweep["sweep: for each kind in [a, b]"]
    step_sweep__list["sweep-list (toy 1.0.0)"]
    subgraph group_sweep__fit["sweep-fit: for each rate in steps.sweep-list.outputs.o"]
      step_sweep__fit["sweep-fit (toy 1.0.0)"]
      gate_when__fit{{"when-fit"}}
    end
    step_sweep__best[/"sweep-best (pick of sweep-fit: lowest o)"\]
  end
  subgraph group_plain["plain"]
    step_plain__a["plain-a (toy 1.0.0)"]
  end
  subgraph group_one["one: for each x in 99 items"]
    step_one["one (toy 1.0.0)"]
  end
  gate_big{{"big"}}
  subgraph last_steps["finally, when all others have ended"]
    step_tidy["tidy (toy 1.0.0)"]
  end
  step_make -.-> gate_big
  step_sweep__list --> group_sweep__fit
  gate_big -->|yes| group_sweep
  gate_when__fit -->|no| step_sweep__fit
  step_sweep__fit --> step_sweep__best
  step_make -.->|after| step_one
  classDef fail stroke:#c00,color:#c00
"""


def test_groups_are_frames_in_mermaid(graphs: Any) -> None:
    assert MERMAID == graph.draw(sweep(graphs))


DOT = r"""digraph "toy" {
  node [shape=box, fontname="sans-serif"];
  compound=true;
  "step:make" [label="make (toy 1.0.0)"];
  subgraph "cluster_group:sweep" {
    label="sweep: for each kind in [a, b]"; style=rounded;
    "step:sweep-list" [label="sweep-list (toy 1.0.0)"];
    subgraph "cluster_group:sweep-fit" {
      label="sweep-fit: for each rate in steps.sweep-list.outputs.o"; style=rounded;
      "step:sweep-fit" [label="sweep-fit (toy 1.0.0)"];
      "gate:when-fit" [shape=diamond, label="when-fit"];
    }
    "step:sweep-best" [shape=invtrapezium, label="sweep-best (pick of sweep-fit: lowest o)"];
  }
  subgraph "cluster_group:plain" {
    label="plain"; style=rounded;
    "step:plain-a" [label="plain-a (toy 1.0.0)"];
  }
  subgraph "cluster_group:one" {
    label="one: for each x in 99 items"; style=rounded;
    "step:one" [label="one (toy 1.0.0)"];
  }
  "gate:big" [shape=diamond, label="big"];
  subgraph "cluster_last:steps" {
    label="finally, when all others have ended"; style=rounded;
    "step:tidy" [label="tidy (toy 1.0.0)"];
  }
  "step:make" -> "gate:big" [label="", style=dashed];
  "step:sweep-list" -> "step:sweep-fit" [label="", lhead="cluster_group:sweep-fit"];
  "gate:big" -> "step:sweep-list" [label="yes", lhead="cluster_group:sweep"];
  "gate:when-fit" -> "step:sweep-fit" [label="no"];
  "step:sweep-fit" -> "step:sweep-best" [label=""];
  "step:make" -> "step:one" [label="after", style=dashed];
}
"""


def test_groups_are_clusters_in_dot(graphs: Any) -> None:
    assert DOT == graph.draw(sweep(graphs), "dot")


@pytest.mark.parametrize("form", ["mermaid", "dot"])
def test_a_repeated_step_may_be_called_anything(graphs: Any, form: str) -> None:
    """A step `steps`, `last` or `finally` shares no name with the frame around what is last."""
    names = ["last", "finally", "steps"]
    drawn = graphs.pipeline(
        *(graphs.task(name, within=[name]) for name in names),
        groups=[graphs.loop(name, (1,)) for name in names],
    )
    lines = graph.draw(replace(drawn, last=(graphs.task("tidy"),)), form).splitlines()
    opened = [line.split("[")[0].split("{")[0] for line in lines if "subgraph" in line]
    assert (4, 4) == (len(opened), len(set(opened)))
