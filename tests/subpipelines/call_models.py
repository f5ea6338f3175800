"""Pipelines that call each other, made by chance: as files, and with the steps in the calls' place.

A value is `("parameter", name)`, `("output", step, output)` or `("literal", value)`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

Token = tuple[Any, ...]
When = tuple[tuple[str, bool], ...]  # named conditions, and whether they hold

COMPONENTS = {
    "make": ("make_numbers@1", {"count": "Integer", "step": "Float"}, {}),
    "fit": ("fit_mean@1", {"shrink": "Float"}, {"numbers": "numbers"}),
    "score": ("score_mean@2", {"within": "Float"}, {"model": "model", "numbers": "numbers"}),
}
GIVES = {
    "make": {"numbers": "numbers", "total": "Float"},
    "fit": {"model": "model", "loss": "Float"},
    "score": {"accuracy": "Float", "rows": "Integer"},
}
PARAMETERS = {"count": ("Integer", 4), "limit": ("Float", 0.5)}


@dataclass
class Step:
    """kind: make, fit, score, fail, or call."""

    name: str
    kind: str
    inputs: dict[str, Token]
    when: When = ()
    after: tuple[str, ...] = ()
    callee: Pipeline | None = None


@dataclass
class Pipeline:
    """conditions: by name, the two sides of a `>`."""

    name: str
    steps: list[Step] = field(default_factory=list)
    conditions: dict[str, tuple[Token, Token]] = field(default_factory=dict)
    outputs: dict[str, Token] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)  # of the outputs


def literal(type_name: str) -> st.SearchStrategy[Token]:
    numbers = st.integers(1, 9) if type_name == "Integer" else st.sampled_from([0.25, 0.5, 1.0])
    return numbers.map(lambda value: ("literal", value))


@st.composite
def pipelines(draw: st.DrawFn, name: str = "dag", depth: int = 2) -> Pipeline:
    """A pipeline of up to six steps, some of which may call others of one level less."""
    made = Pipeline(name)
    given: list[tuple[Token, str, When]] = [  # what may be read, its type, and behind what it is
        (("parameter", parameter), type_name, ())
        for parameter, (type_name, _) in PARAMETERS.items()
    ]
    callees: list[Pipeline] = []

    def value(type_name: str, when: When) -> Token:
        near = [t for t, other, w in given if other == type_name and w in ((), when)]
        options = [st.sampled_from(near)] if near else []
        if type_name in ("Integer", "Float"):
            options.append(literal(type_name))
        return draw(st.one_of(options))

    def has(type_name: str, when: When) -> bool:
        return any(other == type_name and w in ((), when) for _, other, w in given)

    for index in range(draw(st.integers(1, 6))):
        if draw(st.booleans()):
            made.conditions[f"c{index}"] = (
                draw(st.sampled_from([t for t, k, w in given if k == "Float" and not w])),
                value("Float", ()),
            )
        when: When = ()
        if made.conditions and draw(st.booleans()):
            when = ((draw(st.sampled_from(sorted(made.conditions))), draw(st.booleans())),)
        kinds = ["make"]
        kinds += ["fit"] * has("numbers", when)
        kinds += ["score"] * (has("numbers", when) and has("model", when))
        kinds += ["fail"] * bool(when) + ["call"] * (2 if depth else 0)
        kind = draw(st.sampled_from(kinds))
        waits = [s.name for s in made.steps if s.when in ((), when) and s.kind not in ("fail",)
                 and (s.callee is None or not gated(s.callee))]  # fmt: skip
        after = tuple(sorted(draw(st.sets(st.sampled_from(waits), max_size=1)))) if waits else ()
        step = Step(f"s{index}", kind, {}, when, after)
        gives: dict[str, str] = GIVES.get(kind, {})
        if kind == "call":
            step.callee = draw(st.sampled_from([None, *callees]))
            if step.callee is None:
                step.callee = draw(pipelines(f"{name}_{index}", depth - 1))
                callees.append(step.callee)
            for parameter, (type_name, _) in PARAMETERS.items():
                if draw(st.booleans()):
                    step.inputs[parameter] = value(type_name, when)
            gives = step.callee.types
        elif kind == "fail":
            step.inputs["message"] = value("Float", when)
        else:
            _, scalars, artifacts = COMPONENTS[kind]
            for port, type_name in (*scalars.items(), *artifacts.items()):
                step.inputs[port] = value(type_name, when)
        given += [(("output", step.name, out), type_name, when) for out, type_name in gives.items()]
        made.steps.append(step)
    for token, type_name, when in given:
        if token[0] == "output" and not when:
            key = f"o{len(made.outputs)}"
            made.outputs[key], made.types[key] = token, type_name
    return made


def gated(pipeline: Pipeline) -> bool:
    """Whether some step of a pipeline, at any depth, may not run; `fail` steps left aside."""
    return any(
        step.kind != "fail" and (step.when or (step.callee is not None and gated(step.callee)))
        for step in pipeline.steps
    )


# --- as files --------------------------------------------------------------------------------


def shown(token: Token) -> str:
    """A value as a name of the language."""
    if token[0] == "parameter":
        return f"parameters.{token[1]}"
    return f"steps.{token[1]}.outputs.{token[2]}"


def written(token: Token) -> Any:
    return token[1] if token[0] == "literal" else f"${{{{ {shown(token)} }}}}"


def document(pipeline: Pipeline) -> str:
    """A DAG file; YAML takes JSON.  Literals in conditions are variables."""
    constants: dict[str, Any] = {}

    def operand(token: Token) -> str:
        if token[0] != "literal":
            return shown(token)
        constants[f"v{len(constants)}"] = token[1]
        return f"vars.v{len(constants) - 1}"

    conditions = {
        name: f"{operand(left)} > {operand(right)}"
        for name, (left, right) in pipeline.conditions.items()
    }
    body = {
        "apiVersion": "isodag/v1",
        "kind": "Pipeline",
        "name": "numbers",
        "vars": constants,
        "parameters": {
            name: {"type": type_name, "default": default}
            for name, (type_name, default) in PARAMETERS.items()
        },
        "conditions": conditions,
        "steps": {step.name: _step(step) for step in pipeline.steps},
        "outputs": {name: written(token) for name, token in pipeline.outputs.items()},
    }
    return json.dumps({key: value for key, value in body.items() if value})


def _step(step: Step) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if step.when:
        body["when"] = " and ".join(name if true else f"not {name}" for name, true in step.when)
    if step.after:
        body["after"] = list(step.after)
    if step.kind == "fail":
        body["fail"] = f"was {written(step.inputs['message'])}"
        return body
    if step.callee is not None:
        body["component"] = f"./{step.callee.name}.yaml"
    else:
        body["component"] = COMPONENTS[step.kind][0]
    if step.inputs:
        body["inputs"] = {name: written(token) for name, token in step.inputs.items()}
    return body


def files(pipeline: Pipeline) -> dict[str, str]:
    """The file of a pipeline, and those of all that it calls."""
    found = {f"{pipeline.name}.yaml": document(pipeline)}
    for step in pipeline.steps:
        if step.callee is not None:
            found |= files(step.callee)
    return found


# --- with the steps in their places ----------------------------------------------------------


def expanded(pipeline: Pipeline) -> Pipeline:
    """The same without calls, written out by hand: `s1` calling `s0` is a step `s1_s0`."""
    made = Pipeline(pipeline.name)
    given = {name: ("parameter", name) for name in PARAMETERS}
    results, _ = _expand(pipeline, "", given, (), (), made)
    made.outputs = results
    return made


def _expand(
    pipeline: Pipeline, before: str, given: dict[str, Token], when: When, after: tuple[str, ...],
    made: Pipeline,
) -> tuple[dict[str, Token], tuple[str, ...]]:  # fmt: skip
    """Writes the steps into `made`; what stands for the outputs, and for waiting for all steps."""
    results: dict[tuple[str, str], Token] = {}
    everything: dict[str, tuple[str, ...]] = {}

    def outer(token: Token) -> Token:
        if token[0] == "parameter":
            return given[token[1]]
        if token[0] == "output":
            return results.get(token[1:], ("output", before + token[1], token[2]))
        return token

    for step in pipeline.steps:
        behind = when + tuple((before + name, true) for name, true in step.when)
        waits = after + tuple(n for name in step.after for n in everything[name])
        inputs = {name: outer(token) for name, token in step.inputs.items()}
        if step.callee is None:
            name = before + step.name
            made.steps.append(Step(name, step.kind, inputs, behind, tuple(dict.fromkeys(waits))))
            everything[step.name] = (name,) if step.kind != "fail" else ()
            continue
        defaults = {name: ("literal", default) for name, (_, default) in PARAMETERS.items()}
        found, ends = _expand(
            step.callee, f"{before}{step.name}_", defaults | inputs, behind, waits, made
        )
        everything[step.name] = ends or waits  # it may hold nothing that can be waited for
        results |= {(step.name, name): token for name, token in found.items()}
    for name, sides in pipeline.conditions.items():
        made.conditions[before + name] = (outer(sides[0]), outer(sides[1]))
    ends = tuple(name for names in everything.values() for name in names)
    return {name: outer(token) for name, token in pipeline.outputs.items()}, ends
