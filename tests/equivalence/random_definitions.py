"""Random DAG files: text of the language, every step of which can be reached."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

TYPES = {"num": "Integer", "real": "Float", "word": "String", "flag": "Boolean"}
CONSTANTS = {
    "num": ["0", "1", "2"], "real": ["0.0", "0.5", "1.0"], "word": ["'x'", "'y'"],
    "flag": ["true", "false"],
}  # fmt: skip
_EVERY = {f"got_{kind}": kind for kind in ("data", *TYPES)}
GIVES = {
    "make": _EVERY,
    "use": _EVERY,
    "fit": {"got_num": "num", "got_real": "real"},
    "pick": {"got_data": "data"},
    "fail": {},
    "./inner.yaml": {"got_data": "data", "got_num": "num", "got_real": "real"},
}
HEAD = """\
apiVersion: isodag/v1
kind: Pipeline
name: at-random
parameters:
  num: {type: Integer, default: 1}
  real: {type: Float, default: 0.5}
  word: {type: String, default: x}
  flag: {type: Boolean, default: true}
  data: {type: Dataset, default: "s3://bucket/data"}
"""
TARGETS = """\
targets:
  sagemaker:
    role: arn:aws:iam::111122223333:role/pipelines
    artifact_root: s3://bucket/runs
    image_registry: 111122223333.dkr.ecr.us-east-1.amazonaws.com
    instance_type: ml.m5.xlarge
  kfp: {image_registry: registry.example.com/ml}
"""


@dataclass(frozen=True)
class Step:
    """A step written so far.

    when     the conditions that must hold for it, each a conjunct as written; outermost first
    lists    it is repeated, and its outputs are lists
    """

    name: str
    component: str
    when: tuple[str, ...]
    lists: bool = False


@dataclass
class Writer:
    """Writes one DAG file."""

    draw: st.DrawFn
    steps: list[Step] = field(default_factory=list)
    conditions: dict[str, str] = field(default_factory=dict)
    stands: dict[str, tuple[str, ...]] = field(default_factory=dict)  # what a conjunct needs
    lines: list[str] = field(default_factory=list)

    def pick(self, options: list[str]) -> str:
        return self.draw(st.sampled_from(options))

    def often(self, tenths: int) -> bool:
        return self.draw(st.integers(1, 10)) <= tenths

    def number(self, most: int) -> int:
        return self.draw(st.integers(0, most))

    # --- values ---

    def near(self) -> tuple[list[Step], tuple[str, ...]]:
        """Steps that may be read together, and the conditions that they stand under."""
        chosen: list[Step] = []
        when: tuple[str, ...] = ()
        for step in self.steps:
            longer, shorter = sorted((when, step.when), key=len, reverse=True)
            if self.often(5) and longer[: len(shorter)] == shorter:
                chosen.append(step)
                when = longer
        return chosen, when

    def outputs(self, near: list[Step], kind: str) -> list[str]:
        return [
            f"steps.{step.name}.outputs.{output}"
            for step in near
            if not step.lists
            for output, gives in GIVES[step.component].items()
            if gives == kind
        ]

    def names(self, near: list[Step], kind: str) -> list[str]:
        return [*self.outputs(near, kind), f"parameters.{kind}"]

    def expression(self, near: list[Step], depth: int = 2) -> str:
        form = self.pick(["compare", "in", "truth", "not", "and", "or"] if depth else ["compare"])
        if form == "in":
            return f"{self.pick(self.names(near, 'word'))} in ['x', {self.pick(CONSTANTS['word'])}]"
        if form == "truth":
            return self.pick(self.names(near, "flag"))
        if form == "not":
            return f"not ({self.expression(near, depth - 1)})"
        if form in ("and", "or"):
            left, right = self.expression(near, depth - 1), self.expression(near, depth - 1)
            return f"({left}) {form} ({right})"
        kind = self.pick(["num", "real", "real", "word", "flag"])
        signs = ["==", "!="] if kind in ("word", "flag") else ["==", "!=", "<", "<=", ">", ">="]
        right = self.pick([*CONSTANTS[kind], *self.names(near, kind)])
        return f"{self.pick(self.names(near, kind))} {self.pick(signs)} {right}"

    # --- conditions ---

    def condition(self, near: list[Step], when: tuple[str, ...]) -> tuple[str, ...]:
        """The conditions of a new step: those of what it reads, and perhaps one more."""
        if self.often(3):
            name = f"c{len(self.conditions)}"
            self.conditions[name] = self.expression(near)
            self.stands[name] = when
            return (*when, name if self.often(7) else f"not {name}")
        if self.often(3):
            known = [name for name, needs in self.stands.items() if when[: len(needs)] == needs]
            free = [name for name in known if not {name, f"not {name}"} & set(when)]
            if free:
                return (*when, self.pick([*free, *(f"not {name}" for name in free)]))
        if self.often(2):
            return (*when, f"({self.expression(near, 1)})")
        return when

    # --- steps ---

    def step(self) -> None:
        near, around = self.near()
        near = [step for step in near if step.component != "fail"]
        name = f"s{len(self.steps)}"
        when = self.condition(near, around)
        said = [f"when: {' and '.join(when)}"] if when else []
        after = [
            s.name for s in near if self.often(2) and s.component not in ("./inner.yaml", "fail")
        ]
        if after:
            said.append(f"after: [{', '.join(after)}]")
        if self.often(1) and when:
            shown = self.pick(self.names(near, "word"))
            self.lines += [f"  {name}:", *(f"    {line}" for line in said)]
            self.lines.append(f"    fail: because of ${{{{ {shown} }}}}")
            self.steps.append(Step(name, "fail", when))
            return
        repeated = [step for step in near if step.lists]
        if repeated and self.often(5):
            source = self.pick(repeated)
            way = f"{self.pick(['highest', 'lowest'])}: got_{self.pick(['num', 'real'])}"
            said.append(f"pick: {{from: {source.name}, {way}}}")
            self.lines += [f"  {name}:", *(f"    {line}" for line in said)]
            self.steps.append(Step(name, "pick" if source.component != "fit" else "fail", when))
            return
        component = self.pick(["make", "use", "use", "fit", "./inner.yaml"])
        repeats = self.often(2)
        inputs = {}
        if component in ("use", "fit"):
            inputs["data"] = self.pick(self.names(near, "data"))
        for kind in ("num",) if component == "./inner.yaml" else TYPES:
            if self.often(5):
                inputs[kind] = self.pick(self.names(near, kind))
        if repeats:
            said.append("foreach: {var: i, in: [1, 2, 3]}")
            inputs["num"] = "each.i"
            if self.often(5) and component != "./inner.yaml":
                own = f"each.i > {self.pick(self.names(near, 'num'))}"
                said[:1] = [f"when: {' and '.join((*when, f'({own})'))}"] if when else [
                    f"when: {own}", *said[:1]
                ]  # fmt: skip
        said.append(f"component: {component}")
        given = ", ".join(f'{key}: "${{{{ {value} }}}}"' for key, value in sorted(inputs.items()))
        said += [f"inputs: {{{given}}}"] if given else []
        self.lines += [f"  {name}:", *(f"    {line}" for line in said)]
        gated = any("each.i" in line for line in said if line.startswith("when"))
        self.steps.append(Step(name, "fail" if gated else component, when, repeats and not gated))

    def text(self) -> str:
        for _ in range(1 + self.number(7)):
            self.step()
        conditions = [f"  {name}: {text}" for name, text in self.conditions.items()]
        outputs = [
            f'  {step.name}: "${{{{ steps.{step.name}.outputs.got_real }}}}"'
            for step in self.steps
            if not step.when and not step.lists and step.component not in ("fail", "pick")
        ]
        parts = [HEAD]
        for title, lines in (
            ("conditions", conditions), ("steps", self.lines), ("outputs", outputs),
        ):  # fmt: skip
            if lines:
                parts += [f"{title}:\n", *(f"{line}\n" for line in lines)]
        return "".join([*parts, TARGETS])


@st.composite
def definitions(draw: st.DrawFn) -> str:
    """The text of a DAG file."""
    return Writer(draw).text()
