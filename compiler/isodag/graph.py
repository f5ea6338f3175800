"""A pipeline as a picture: IR in, Mermaid or Graphviz text out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from isodag import ir
from isodag.runtime.values import render

_LAST = "last:steps"  # the key of the frame around what comes last: no step is called so
_TEXT_CAP = 60


@dataclass(frozen=True)
class _Box:
    """What is drawn: a step, a gate, or a group with boxes in it.

    key     names it: `step:train`, `gate:good`, `group:sweep`
    parts   of a group
    """

    key: str
    kind: Literal["step", "pick", "fail", "gate", "group"]
    label: str
    parts: tuple[_Box, ...] = ()


@dataclass(frozen=True)
class _Edge:
    """An arrow between two boxes, by their keys."""

    start: str
    end: str
    label: str = ""
    dashed: bool = False


def draw(pipeline: ir.Pipeline, form: str = "mermaid") -> str:
    """The steps, the gates between them and what flows, as text; a group is a frame around its
    steps, and a loop's says what it goes over.

    form  `mermaid` (https://mermaid.js.org, shown by GitHub and GitLab) or `dot` (Graphviz)
    """
    return _mermaid(pipeline) if form == "mermaid" else _dot(pipeline)


# --- boxes -----------------------------------------------------------------------------------


def _boxes(pipeline: ir.Pipeline) -> tuple[_Box, ...]:
    """The boxes that stand in no other."""
    gates = {gate.name: gate for gate in pipeline.gates}
    within: dict[str, tuple[str, ...]] = {}  # the groups around each gate
    for node in pipeline.tasks:
        around: tuple[str, ...] = ()
        for place in node.when:
            if isinstance(place, ir.Within):
                around += (place.group,)
            else:
                within[place.gate] = _common(within.get(place.gate, around), around)
    places = [(_groups(node), _step(node)) for node in pipeline.tasks]
    places += [
        (within.get(name, ()), _Box(f"gate:{name}", "gate", gate.text))
        for name, gate in gates.items()
    ]
    boxes = _nested(places, (), pipeline)
    if pipeline.last:
        steps = tuple(_step(task) for task in pipeline.last)
        label = "finally, when all others have ended"
        boxes += (_Box(_LAST, "group", label, steps),)
    return boxes


def _nested(
    places: list[tuple[tuple[str, ...], _Box]], around: tuple[str, ...], pipeline: ir.Pipeline
) -> tuple[_Box, ...]:
    """The boxes that stand right within some groups, in order, each other group once.

    places  a box and the groups around it
    """
    found: dict[str, _Box] = {}
    depth = len(around)
    for groups, box in places:
        if groups[:depth] != around:
            continue
        if len(groups) == depth:
            found[box.key] = box
        elif (key := f"group:{groups[depth]}") not in found:
            name = groups[depth]
            parts = _nested(places, (*around, name), pipeline)
            found[key] = _Box(key, "group", _group_label(pipeline.group(name)), parts)
    return tuple(found.values())


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    pairs = zip(one, other, strict=False)
    return tuple(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _groups(node: ir.Node) -> tuple[str, ...]:
    return tuple(place.group for place in node.when if isinstance(place, ir.Within))


def _step(node: ir.Node) -> _Box:
    key = f"step:{node.name}"
    if isinstance(node, ir.Failure):
        return _Box(key, "fail", node.name)
    if isinstance(node, ir.Pick):
        item = node.by.item
        name = f" {item.output}" if isinstance(item, ir.OutputRef) else ""
        best = "highest" if node.highest else "lowest"
        return _Box(key, "pick", f"{node.name} (pick of {node.by.group}: {best}{name})")
    return _Box(key, "step", f"{node.name} ({node.component.name} {node.component.version})")


def _group_label(group: ir.Group) -> str:
    if group.loop is None:
        return group.name
    return f"{group.name}: for each {group.loop.var} in {_list(group.loop)}"


def _list(loop: ir.Loop) -> str:
    """The list of a loop as one would say it."""
    match loop.items:
        case tuple(items) if any(isinstance(item, dict) for item in items):
            return f"{len(items)} items"
        case tuple(items):
            text = f"[{', '.join(render(item) for item in items)}]"
            return text if len(text) <= _TEXT_CAP else f"{len(items)} items"
        case ir.ParameterRef(name):
            return f"parameters.{name}"
        case ir.OutputRef(task, output) | ir.Collected(_, ir.OutputRef(task, output)):
            return f"steps.{task}.outputs.{output}"
    return "a list"


# --- edges -----------------------------------------------------------------------------------


def _edges(pipeline: ir.Pipeline) -> list[_Edge]:
    """Data from producer to reader; a gate's operands to the gate; a gate to what it lets run."""
    edges: dict[_Edge, None] = {}
    for gate in pipeline.gates:
        for task in sorted(_producers(ir.operands(gate.predicate))):
            edges[_Edge(f"step:{task}", f"gate:{gate.name}", dashed=True)] = None
    for group in pipeline.groups:
        if group.loop is not None and not isinstance(group.loop.items, tuple):
            for task in sorted(_producers([group.loop.items])):
                edges[_Edge(f"step:{task}", f"group:{group.name}")] = None
    for node in pipeline.tasks:
        own = f"step:{node.name}"
        producers = _producers(ir.values_of(node))
        for task in sorted(producers):
            edges[_Edge(f"step:{task}", own)] = None
        for task in sorted(set(node.after) - producers):
            edges[_Edge(f"step:{task}", own, "after", True)] = None
        for edge in _ways(node, own):
            edges[edge] = None
    return list(edges)


def _ways(node: ir.Node, own: str) -> Iterator[_Edge]:
    """From each gate in front of a step to what stands next behind it: a gate, a group, it."""
    branch: ir.Branch | None = None
    for place in (*node.when, None):
        if isinstance(place, ir.Within):
            key = f"group:{place.group}"
        else:
            key = own if place is None else f"gate:{place.gate}"
        if branch is not None:
            yield _Edge(f"gate:{branch.gate}", key, "yes" if branch.taken else "no")
        branch = place if isinstance(place, ir.Branch) else None


def _producers(values: Iterable[ir.Value]) -> set[str]:
    leaves = (leaf for value in values for leaf in ir.leaves(value))
    return {leaf.task for leaf in leaves if isinstance(leaf, ir.OutputRef)}


# --- Mermaid ---------------------------------------------------------------------------------

_SHAPES = {"step": "[{}]", "pick": "[/{}\\]", "fail": "[[{}]]:::fail", "gate": "{{{{{}}}}}"}


def _mermaid(pipeline: ir.Pipeline) -> str:
    def name(key: str) -> str:
        return key.replace(":", "_").replace("-", "__")

    def quoted(text: str) -> str:
        escapes = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;"}
        return '"' + "".join(escapes.get(sign, sign) for sign in text) + '"'

    def written(box: _Box, indent: str) -> Iterator[str]:
        if box.kind != "group":
            yield indent + name(box.key) + _SHAPES[box.kind].format(quoted(box.label))
            return
        yield f"{indent}subgraph {name(box.key)}[{quoted(box.label)}]"
        for part in box.parts:
            yield from written(part, indent + "  ")
        yield f"{indent}end"

    lines = ["flowchart TD"]
    for box in _boxes(pipeline):
        lines += written(box, "  ")
    for edge in _edges(pipeline):
        arrow = "-.->" if edge.dashed else "-->"
        label = f"|{edge.label}|" if edge.label else ""
        lines.append(f"  {name(edge.start)} {arrow}{label} {name(edge.end)}")
    lines.append("  classDef fail stroke:#c00,color:#c00")
    return "\n".join(lines) + "\n"


# --- Graphviz --------------------------------------------------------------------------------

_LOOKS = {
    "step": "label={}", "pick": "shape=invtrapezium, label={}",
    "fail": "shape=octagon, color=red, label={}", "gate": "shape=diamond, label={}",
}  # fmt: skip


def _dot(pipeline: ir.Pipeline) -> str:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    boxes, edges = _boxes(pipeline), _edges(pipeline)
    first: dict[str, str] = {}  # a box in each group: dot draws arrows between boxes alone

    def written(box: _Box, indent: str) -> Iterator[str]:
        if box.kind != "group":
            yield f"{indent}{quoted(box.key)} [{_LOOKS[box.kind].format(quoted(box.label))}];"
            return
        yield f"{indent}subgraph {quoted('cluster_' + box.key)} {{"
        yield f"{indent}  label={quoted(box.label)}; style=rounded;"
        for part in box.parts:
            yield from written(part, indent + "  ")
        yield f"{indent}}}"
        first[box.key] = first.get(box.parts[0].key, box.parts[0].key)

    lines = [f"digraph {quoted(pipeline.name)} {{", '  node [shape=box, fontname="sans-serif"];']
    lines += ["  compound=true;"] * any(box.kind == "group" for box in boxes)
    for box in boxes:
        lines += written(box, "  ")
    for edge in edges:
        end = first.get(edge.end, edge.end)
        said = [f"label={quoted(edge.label)}"] + ["style=dashed"] * edge.dashed
        said += [f"lhead={quoted('cluster_' + edge.end)}"] * (end != edge.end)
        lines.append(f"  {quoted(edge.start)} -> {quoted(end)} [{', '.join(said)}];")
    return "\n".join([*lines, "}"]) + "\n"
