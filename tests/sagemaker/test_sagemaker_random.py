"""Random pipelines: the judge has no complaint, and the same steps run as the IR says."""

from __future__ import annotations

import json
import operator
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sagemaker_building import component, definition, gate, parameter, pipeline, task
from sagemaker_judge import complaints, graph, walk

from isodag import ir
from isodag.targets.sagemaker import emit

SCALARS = {"n": "Integer", "x": "Float", "s": "String", "b": "Boolean"}
VALUES: dict[str, list[Any]] = {
    "Integer": [0, 1, 2], "Float": [0.0, 0.5, 1.0], "String": ["x", "y"], "Boolean": [True, False],
}  # fmt: skip
PARAMETERS = {f"p_{name}": kind for name, kind in SCALARS.items()}
MAKE = component("make", SCALARS, {"data": "Dataset", "model": "Model", **SCALARS})
USE = component(
    "use", {"data": "Dataset", "model": "Model", **SCALARS}, {"data": "Dataset", **SCALARS}
)
FIT = component(
    "fit",
    {"data": "Dataset", "x": "Float"},
    {"model": "Model", "log": "Artifact", "n": "Integer", "x": "Float"},
    "Training",
)

Draw = st.DrawFn
OPERATORS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, ">=": operator.ge}


class Builder:
    """Grows a pipeline; what a step reads always stands under its own conditions."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.tasks: list[ir.Node] = []
        self.stands: dict[str, tuple[ir.Branch, ...]] = {}  # what each task's condition implies
        self.gates: dict[str, ir.Gate] = {}

    def pick(self, options: list[Any]) -> Any:
        return self.draw(st.sampled_from(options))

    def often(self, tenths: int) -> bool:
        return self.draw(st.integers(1, 10)) <= tenths

    def value(self, type_name: str, near: list[str]) -> ir.Value:
        """A value of a type: a constant, a parameter, or an output of one of the tasks."""
        options: list[ir.Value] = [ir.Constant(v, type_name) for v in VALUES[type_name]]
        options += [ir.ParameterRef(p, k) for p, k in PARAMETERS.items() if k == type_name]
        for name in near:
            node = self.task(name)
            short = next(s for s, kind in SCALARS.items() if kind == type_name)
            if node.component.output(short) is not None:
                options.append(ir.OutputRef(name, short, type_name))
        return self.pick(options)

    def artifact(self, type_name: str, near: list[str]) -> ir.Value | None:
        found = [
            ir.OutputRef(name, output.name, output.type)
            for name in near
            for output in self.task(name).component.outputs
            if output.type == type_name
        ]
        return self.pick(found) if found else None

    def task(self, name: str) -> ir.Task:
        found = next(node for node in self.tasks if node.name == name)
        assert isinstance(found, ir.Task)
        return found

    def predicate(self, near: list[str], depth: int = 2) -> ir.Predicate:
        kind = self.pick(["compare", "truth", "in", "not", "and", "or"] if depth else ["compare"])
        if kind == "truth":
            return ir.Truth(self.value("Boolean", near))
        if kind == "in":
            options = tuple(self.value("String", near) for _ in range(2))
            return ir.Member(self.value("String", near), options)
        if kind == "not":
            return ir.Not(self.predicate(near, depth - 1))
        if kind in ("and", "or"):
            parts = (self.predicate(near, depth - 1), self.predicate(near, depth - 1))
            return ir.And(parts) if kind == "and" else ir.Or(parts)
        type_name = self.pick(list(VALUES))
        signs = ["==", "!="] if type_name in ("String", "Boolean") else ["==", "!=", "<", ">="]
        left, right = self.value(type_name, near), self.value(type_name, near)
        return ir.Compare(self.pick(signs), left, right)

    def compatible(self) -> tuple[list[str], tuple[ir.Branch, ...]]:
        """Some tasks that can all have run, and all the branches around them."""
        chosen: list[str] = []
        around: dict[ir.Branch, None] = {}
        for node in self.tasks:
            if isinstance(node, ir.Failure) or not self.often(5):
                continue
            path = self.stands[node.name]
            if any(ir.Branch(branch.gate, not branch.taken) in around for branch in path):
                continue
            chosen.append(node.name)
            around.update(dict.fromkeys(path))
        return chosen, tuple(around)

    def side(self, branch: ir.Branch) -> ir.Predicate:
        predicate = self.gates[branch.gate].predicate
        return predicate if branch.taken else ir.Not(predicate)

    def when(self, near: list[str], around: tuple[ir.Branch, ...]) -> tuple[ir.Branch, ...]:
        """Branches for a new task: those around what it reads, or one gate that implies them."""
        path = around
        if self.often(4):
            name = f"g{len(self.gates)}"
            extra = self.predicate(near)
            if around and self.often(5):
                # one condition that implies the others, without naming them
                extra = ir.And((*(self.side(branch) for branch in around), extra))
                path = ()
            self.gates[name] = gate(name, extra)
            path = (*path, ir.Branch(name, self.often(7)))
            if path[-1].taken is False and len(path) == 1 and around:
                path = (*around, *path)
        elif self.often(3) and self.gates:
            candidate = ir.Branch(self.pick(sorted(self.gates)), self.often(5))
            reads = set(ir.operands(self.gates[candidate.gate].predicate))
            names = {leaf.task for leaf in reads if isinstance(leaf, ir.OutputRef)}
            stand = {branch for name in names for branch in self.stands[name]}
            opposite = ir.Branch(candidate.gate, not candidate.taken)
            if stand <= set(path) and candidate not in path and opposite not in path:
                path = (*path, candidate)
        return path

    def grow(self) -> None:
        near, around = self.compatible()
        path = self.when(near, around)
        implied = tuple(dict.fromkeys((*around, *path)))
        name = f"t{len(self.tasks)}"
        after = tuple(item for item in near if self.often(3))
        if self.often(1):
            parts = (ir.Constant("because ", "String"), self.value("Float", near))
            self.tasks.append(ir.Failure(name, ir.Text(parts), path, after, gate("", None).span))
        else:
            of = self.pick([MAKE, USE, FIT])
            values: dict[str, ir.Value] = {}
            for port in of.inputs:
                if port.type in VALUES:
                    values[port.name] = self.value(port.type, near)
                elif (found := self.artifact(port.type, near)) is not None:
                    values[port.name] = found
            if self.often(2):
                values["s"] = ir.Text((ir.Constant("n=", "String"), self.value("Integer", near)))
            cache = ir.Cache(3600) if self.often(3) else None
            self.tasks.append(task(name, of, values, path, after, cache=cache))
        self.stands[name] = implied


@st.composite
def pipelines(draw: Draw) -> ir.Pipeline:
    builder = Builder(draw)
    for _ in range(draw(st.integers(1, 8))):
        builder.grow()
    parameters = tuple(parameter(name, kind) for name, kind in sorted(PARAMETERS.items()))
    used = {branch.gate for node in builder.tasks for branch in node.when}
    gates = tuple(found for name, found in builder.gates.items() if name in used)
    return pipeline(builder.tasks, gates, parameters)


@st.composite
def environments(draw: Draw) -> dict[str, Any]:
    """A value for every parameter and every scalar of every task."""
    names = {**PARAMETERS} | {
        f"t{index}.{short}": kind for index in range(8) for short, kind in SCALARS.items()
    }
    return {name: draw(st.sampled_from(VALUES[kind])) for name, kind in names.items()}


def known(value: ir.Value, env: dict[str, Any]) -> Any:
    match value:
        case ir.Constant(plain):
            return plain
        case ir.ParameterRef(name):
            return env[name]
        case ir.OutputRef(name, output):
            return env[f"{name}.{output}"]
    raise AssertionError(value)


def true(predicate: ir.Predicate, env: dict[str, Any]) -> bool:
    match predicate:
        case ir.Compare(op, left, right):
            a, b = known(left, env), known(right, env)
            return OPERATORS[op](a, b)
        case ir.Member(item, options):
            return known(item, env) in [known(option, env) for option in options]
        case ir.Truth(value):
            return known(value, env) is True
        case ir.Not(inner):
            return not true(inner, env)
        case ir.And(parts):
            return all(true(part, env) for part in parts)
        case ir.Or(parts):
            return any(true(part, env) for part in parts)


def runs_by_ir(built: ir.Pipeline, env: dict[str, Any]) -> set[str]:
    return {
        node.name
        for node in built.tasks
        if all(true(built.gate(branch.gate).predicate, env) is branch.taken for branch in node.when)
    }


def runs_by_definition(steps: list[dict[str, Any]], env: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for step in steps:
        if step["Type"] == "Condition":
            arguments = step["Arguments"]
            taken = all(holds(condition, env) for condition in arguments["Conditions"])
            found |= runs_by_definition(arguments["IfSteps" if taken else "ElseSteps"], env)
        else:
            found.add(step["Name"])
    return found


def holds(condition: dict[str, Any], env: dict[str, Any]) -> bool:
    def value(of: Any) -> Any:
        if not isinstance(of, dict):
            return of
        if "Get" in of:
            metric = re.fullmatch(r"Steps\.(\w+)\.FinalMetricDataList\['(\w+)'\]\.Value", of["Get"])
            return env[".".join(metric.groups()) if metric else of["Get"].partition(".")[2]]
        body = of["Std:JsonGet"]
        return env[f"{body['PropertyFile']['Get'].split('.')[1]}.{body['Path']}"]

    kind = condition["Type"]
    if kind == "Or":
        return any(holds(part, env) for part in condition["Conditions"])
    if kind == "Not":
        return not holds(condition["Condition"], env)
    if kind == "In":
        return value(condition["QueryValue"]) in [value(item) for item in condition["Values"]]
    left, right = value(condition["LeftValue"]), value(condition["RightValue"])
    if kind == "Equals":
        return bool(left == right)
    less = {"LessThan": left < right, "LessThanOrEqualTo": left <= right}
    more = {"GreaterThan": left > right, "GreaterThanOrEqualTo": left >= right}
    return bool({**less, **more}[kind])


quick = settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@quick
@given(pipelines())
def test_the_judge_has_no_complaint(built: ir.Pipeline) -> None:
    emitted = emit(built)
    if errors(emitted.diagnostics):
        return
    assert [] == complaints(definition(emitted))


@quick
@given(pipelines(), environments())
def test_the_same_steps_run(built: ir.Pipeline, env: dict[str, Any]) -> None:
    emitted = emit(built)
    if errors(emitted.diagnostics):
        return
    assert runs_by_ir(built, env) == runs_by_definition(definition(emitted)["Steps"], env)


@quick
@given(pipelines())
def test_a_step_waits_for_all_that_it_needs(built: ir.Pipeline) -> None:
    emitted = emit(built)
    if errors(emitted.diagnostics):
        return
    made = definition(emitted)
    before = graph(made)
    present = {step["Name"] for step, _ in walk(made["Steps"])}

    def upstream(name: str) -> set[str]:
        found, waiting = set(), [name]
        while waiting:
            for other in before[waiting.pop()]:
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return found

    for node in built.tasks:
        if node.name in present:
            needed = {
                value.task for value in ir.values_of(node) if isinstance(value, ir.OutputRef)
            } | set(node.after)
            assert needed <= upstream(node.name)


@quick
@given(pipelines())
def test_the_same_ir_gives_the_same_bytes(built: ir.Pipeline) -> None:
    first, second = emit(built), emit(built)
    assert first.files == second.files
    assert json.dumps(first.manifest) == json.dumps(second.manifest)
    assert first.diagnostics == second.diagnostics


def errors(diagnostics: tuple[Any, ...]) -> list[Any]:
    """Random predicates may be too large for a Condition step; nothing else may be wrong."""
    found = [item for item in diagnostics if item.severity == "error"]
    assert {"E508"} >= {item.code for item in found}, found
    return found
