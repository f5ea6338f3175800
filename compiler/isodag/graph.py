"""A pipeline as a picture: IR in, Mermaid or Graphviz text out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from isodag import ir


@dataclass(frozen=True)
class _Edge:
    start: str
    end: str
    label: str = ""
    dashed: bool = False


def draw(pipeline: ir.Pipeline, form: str = "mermaid") -> str:
    """The steps, the gates between them and what flows, as text; a repeated step is one box.

    form  `mermaid` (https://mermaid.js.org, shown by GitHub and GitLab) or `dot` (Graphviz)
    """
    return _mermaid(pipeline) if form == "mermaid" else _dot(pipeline)


def _edges(pipeline: ir.Pipeline) -> list[_Edge]:
    """Data from producer to reader; a gate's operands to the gate; a gate to what it lets run."""
    edges: dict[_Edge, None] = {}
    gates = {gate.name: gate for gate in pipeline.gates}
    steps = {node.name: node.step for node in pipeline.tasks}
    for gate in pipeline.gates:
        for task in sorted(_producers(ir.operands(gate.predicate))):
            edges[_Edge(task, f"gate:{gate.name}", dashed=True)] = None
    for node in pipeline.tasks:
        producers = _producers(ir.values_of(node))
        for task in sorted(producers):
            edges[_Edge(steps[task], node.step)] = None
        for task in sorted(set(node.after) - producers):
            edges[_Edge(steps[task], node.step, "after", True)] = None
        for outer, inner in zip(node.when, node.when[1:], strict=False):
            label = "yes" if outer.taken else "no"
            edges[_Edge(f"gate:{outer.gate}", f"gate:{inner.gate}", label)] = None
        if node.when:
            last = node.when[-1]
            label = "yes" if last.taken else "no"
            edges[_Edge(f"gate:{gates[last.gate].name}", node.step, label)] = None
    return list(edges)


def _labels(pipeline: ir.Pipeline) -> dict[str, str]:
    """What to write on the box of each step; nothing on one that ends the run."""
    count = Counter(node.step for node in pipeline.tasks)
    labels = {}
    for node in pipeline.tasks:
        said = ""
        if isinstance(node, ir.Task):
            times = f", {count[node.step]} times" if count[node.step] > 1 else ""
            said = f"{node.step} ({node.component.name} {node.component.version}){times}"
        labels[node.step] = said
    return labels


def _producers(values: Iterator[ir.Value]) -> set[str]:
    leaves = (leaf for value in values for leaf in ir.leaves(value))
    return {leaf.task for leaf in leaves if isinstance(leaf, ir.OutputRef)}


def _mermaid(pipeline: ir.Pipeline) -> str:
    def name(text: str) -> str:
        return "gate_" + text[5:] if text.startswith("gate:") else "step_" + text

    def quoted(text: str) -> str:
        escapes = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;"}
        return '"' + "".join(escapes.get(sign, sign) for sign in text) + '"'

    lines = ["flowchart TD"]
    for step, said in _labels(pipeline).items():
        if said:
            lines.append(f"  {name(step)}[{quoted(said)}]")
        else:
            lines.append(f"  {name(step)}[[{quoted(step)}]]:::fail")
    for gate in pipeline.gates:
        lines.append(f"  {name('gate:' + gate.name)}{{{{{quoted(gate.text)}}}}}")
    for edge in _edges(pipeline):
        arrow = "-.->" if edge.dashed else "-->"
        label = f"|{edge.label}|" if edge.label else ""
        lines.append(f"  {name(edge.start)} {arrow}{label} {name(edge.end)}")
    lines.append("  classDef fail stroke:#c00,color:#c00")
    return "\n".join(lines) + "\n"


def _dot(pipeline: ir.Pipeline) -> str:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    lines = [f"digraph {quoted(pipeline.name)} {{", '  node [shape=box, fontname="sans-serif"];']
    for step, said in _labels(pipeline).items():
        if said:
            lines.append(f"  {quoted(step)} [label={quoted(said)}];")
        else:
            lines.append(f"  {quoted(step)} [shape=octagon, color=red];")
    for gate in pipeline.gates:
        shape = f"[shape=diamond, label={quoted(gate.text)}]"
        lines.append(f"  {quoted('gate:' + gate.name)} {shape};")
    for edge in _edges(pipeline):
        style = ", style=dashed" if edge.dashed else ""
        lines.append(
            f"  {quoted(edge.start)} -> {quoted(edge.end)} [label={quoted(edge.label)}{style}];"
        )
    return "\n".join([*lines, "}"]) + "\n"
