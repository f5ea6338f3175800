"""Cases for the fuzzer: a seed and a number in, the files of a case out, always the same."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import yaml
from fuzz_seeds import TOYS, Definition, seeds


@dataclass(frozen=True)
class Case:
    """What is read.

    definition  dag.yaml
    values      values.yaml, laid over it
    sets        `--set`
    component   a component `name`, its spec and its binding (b"" for none), before all others
    home        the library, a folder of the repository
    """

    definition: bytes
    values: bytes | None = None
    sets: tuple[str, ...] = ()
    name: str = "announce"
    component: bytes | None = None
    binding: bytes = b""
    home: str = TOYS


def make(seed: int, index: int) -> Case:
    """Case `index` of a run."""
    rng = Random(f"{seed}:{index}")
    return rng.choices(
        [
            _bytes,
            _tokens,
            _edited,
            _retold,
            _expression,
            _tree,
            _component,
            _values,
            _mild,
            _request,
        ],
        [2, 3, 20, 20, 15, 5, 15, 5, 10, 10],
    )[0](rng)


# --- on disk, for what was found ---------------------------------------------------------------

_FILES = {"dag.yaml": "definition", "values.yaml": "values", "component.yaml": "component",
          "sagemaker.yaml": "binding"}  # fmt: skip


def save(case: Case, folder: Path) -> None:
    """Write a case into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, field in _FILES.items():
        if data := getattr(case, field):
            (folder / file).write_bytes(data)
    if case.sets:
        (folder / "sets.json").write_text(json.dumps(case.sets) + "\n")
    if case.component is not None and case.name != "announce":
        (folder / "name.txt").write_text(case.name + "\n")
    if case.home != TOYS:
        (folder / "home.txt").write_text(case.home + "\n")


def saved(folder: Path) -> Case:
    """The case that a folder holds; its definition may be missing."""
    found: dict[str, Any] = {"definition": b""}
    for file, field in _FILES.items():
        if (folder / file).is_file():
            found[field] = (folder / file).read_bytes()
    if (folder / "sets.json").is_file():
        found["sets"] = tuple(json.loads((folder / "sets.json").read_text()))
    for field in ("name", "home"):
        if (folder / f"{field}.txt").is_file():
            found[field] = (folder / f"{field}.txt").read_text().strip()
    return Case(**found)


# --- text ----------------------------------------------------------------------------------------

TOKENS = [
    token.encode("utf-8", "surrogateescape")
    for token in (
        "${{ ", " }}", "${{ each.", "each.lr", "{", "}", "[", "]", ": ", ":", "- ", "\t", "\0", "&a ", "*a",
        "!!int ", "!x ", "'", '"', ">", "|", "|-\n", "\udcff", "\udcc3", "\u2028", "\x85", "\ufeff", "é", "日",
        "e\u0301", "\U0001f600", "#", "\n", "\r", "\r\n", "---\n", "...\n", "%", "@", "`", "? ", ",", "~",
        "null", "true", "1e999", ".inf", "-.inf", ".nan", "0x1F", "0o17", "1_000", "12:30", "yes", "and ", "or ",
        "not ", " in ", "==", "!=", "<", ">=", "(", ")", "steps.", "vars.", "parameters.", "run.id", "when: ",
        "fail: ", "after: ", "component: ", "inputs: ", "foreach: ", "secret_env: ", "Secret", "x-", "\\",
        "\\u0000", "9" * 30, "9" * 400, "[" * 9, "default: ", "type: ", "enum: ", "pattern: ", "minimum: ",
        "'^(a+)+$'", "good", "steps.make.outputs.numbers", "steps.score.outputs.accuracy", "parameters.count",
        "<<: ", "@1", "@latest", "./", "../", "AKIAIOSFODNN7EXAMPLE", "# isodag: ignore[W201] why\n", "s3://",
        "arn:aws:", "sample:reviews", "30d", "16Gi", "-1", "0", "",
    )
]  # fmt: skip


def edited(data: bytes, rng: Random, most: int = 5) -> bytes:
    """The bytes after some edits; often one."""
    for _ in range(rng.choice([1, 1, rng.randint(1, most)])):
        data = rng.choice(_EDITS)(data, rng)
    return data


def _insert(data: bytes, rng: Random) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(TOKENS) + data[at:]


def _delete(data: bytes, rng: Random) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + data[at + rng.randint(1, 12) :]


def _replace(data: bytes, rng: Random) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(TOKENS) + data[at + 1 :]


def _byte(data: bytes, rng: Random) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.randbytes(rng.randint(1, 3)) + data[at + rng.randint(0, 3) :]


def _double(data: bytes, rng: Random) -> bytes:
    at, length = rng.randint(0, len(data)), rng.randint(1, 99)
    return data[: at + length] + data[at : at + length] + data[at + length :]


def _move_line(data: bytes, rng: Random) -> bytes:
    lines = data.split(b"\n")
    line = lines.pop(rng.randrange(len(lines)))
    if rng.random() < 0.6:
        lines.insert(rng.randint(0, len(lines)), b" " * rng.randint(0, 8) + line.strip())
    return b"\n".join(lines)


def _copy_line(data: bytes, rng: Random) -> bytes:
    """A line of another file, or of this one."""
    lines = data.split(b"\n")
    others = _any(rng).data.split(b"\n") if rng.random() < 0.5 else lines
    lines.insert(rng.randint(0, len(lines)), rng.choice(others))
    return b"\n".join(lines)


def _swap_words(data: bytes, rng: Random) -> bytes:
    words = [match.span() for match in re.finditer(rb"[\w.@-]+", data)]
    if len(words) < 2:
        return data
    (a, b), (c, d) = sorted(rng.sample(words, 2))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _other_word(data: bytes, rng: Random) -> bytes:
    words = [match.span() for match in re.finditer(rb"[\w.@-]+", data)]
    if not words:
        return data
    a, b = rng.choice(words)
    return data[:a] + rng.choice(TOKENS) + data[b:]


def _letter(data: bytes, rng: Random) -> bytes:
    """A slip inside a word."""
    places = [match.start() for match in re.finditer(rb"\w", data)]
    at = rng.choice(places) if places else 0
    return data[:at] + rng.choice([b"", b"x", b"_", b"A", data[at : at + 1] * 2]) + data[at + 1 :]


_EDITS: list[Callable[[bytes, Random], bytes]] = [
    _insert, _insert, _delete, _replace, _byte, _double, _move_line, _copy_line, _swap_words, _other_word,
    _letter,
]  # fmt: skip


def _bytes(rng: Random) -> Case:
    data = rng.randbytes(rng.randint(0, 200))
    if rng.random() < 0.5:
        data = bytes(rng.choice(b"ab:-[]{} \n\t\"'#&*!|>%@`,?~0") for _ in range(len(data)))
    return Case(data)


def _tokens(rng: Random) -> Case:
    return Case(b"".join(rng.choices(TOKENS, k=rng.randint(1, 60))))


def _any(rng: Random) -> Definition:
    return rng.choice(seeds().right if rng.random() < 0.5 else seeds().definitions)


def _edited(rng: Random) -> Case:
    start = _any(rng)
    return Case(edited(start.data, rng), home=start.home)


def _component(rng: Random) -> Case:
    """A wrong component in a definition that uses it, where there is one."""
    spec = rng.choice(seeds().specs)
    users = [each.data for each in seeds().definitions
             if each.home == spec.home and f"component: {spec.name}".encode() in each.data]  # fmt: skip
    data, binding = spec.data, spec.binding
    if rng.random() < 0.7:
        data = _told(rng, data) if rng.random() < 0.5 else edited(data, rng)
    if binding or rng.random() < 0.2:
        binding = edited(binding or b"step: Training\n", rng, 3)
    user = rng.choice(users) if users else _any(rng).data
    return Case(user, name=spec.name, component=data, binding=binding, home=spec.home)


def _values(rng: Random) -> Case:
    start = _any(rng)
    case = Case(start.data, home=start.home)
    if rng.random() < 0.7:
        case = replace(case, values=edited(rng.choice(seeds().values), rng))
    path = rng.choice(["vars.group", "vars.within", "steps.train.resources.cpu", "parameters.numbers", "", "a.b",
                       "targets.sagemaker.role", "targets.kfp.pipeline_root", "steps", "vars."])  # fmt: skip
    text = b"".join(rng.choices(TOKENS, k=rng.randint(0, 4))).decode("utf-8", "surrogateescape")
    return replace(case, sets=(f"{path}{rng.choice(['=', '=', '', '=='])}{text}",))


# --- expressions ----------------------------------------------------------------------------------

NAMES = [
    "parameters.count", "parameters.mode", "parameters.publish", "parameters.nope", "good", "open", "a",
    "steps.score.outputs.accuracy", "steps.score.outputs.report", "steps.tell", "steps.make.outputs.numbers",
    "steps.fit.outputs.model", "run.id", "run.started_at", "vars.x", "vars.within", "each.lr",
    "steps.s.outputs['Model URI']", "true", "false", "null",
]  # fmt: skip
LITERALS = ["1", "-2.5", "1e3", ".5", "00", "9" * 40, "'fast'", '"slow"', "''", "'it''s'", "1e999"]


def grown(rng: Random, names: list[str], depth: int = 4) -> str:
    """An expression of the grammar, over these names and, now and then, others."""
    if depth == 0 or rng.random() < 0.25:
        return rng.choice(
            LITERALS if rng.random() < 0.3 else names if names and rng.random() < 0.9 else NAMES
        )
    parts = [grown(rng, names, depth - 1) for _ in range(rng.randint(1, 3))]
    return rng.choice([
        lambda: f" {rng.choice(['and', 'or'])} ".join(parts),
        lambda: f"not {parts[0]}",
        lambda: f"({parts[0]})",
        lambda: f"{parts[0]} {rng.choice(['==', '!=', '<', '<=', '>', '>='])} {grown(rng, names, depth - 1)}",
        lambda: f"{parts[0]} {rng.choice(['in', 'not in'])} [{', '.join(parts)}]",
        lambda: f"{parts[0]} in {rng.choice(names or NAMES)}",
    ])()  # fmt: skip


WORDS = [*NAMES, *LITERALS, "(", ")", "[", "]", ",", "and", "or", "not", "in", "not in", "==", "!=", "<", ">=",
         ".", "${{", "}}", "[1, 2]", "['fast']", "&&", "|", "-", "'", "日", "\\", "if"]  # fmt: skip


_NAME = re.compile(
    rb"\b(?:steps|parameters|vars)\.[a-z_0-9.]*[a-z_0-9]|(?<=^  )[a-z_]+(?=: [a-z(]+[ .])", re.M
)


def _mild(rng: Random) -> Case:
    """A definition that was right, with a change or two that often leave it right."""
    start = rng.choice(seeds().right)
    lines = start.data.split(b"\n")
    for _ in range(rng.randint(1, 2)):
        row = rng.randrange(len(lines))
        numbers = [
            (at, *match.span())
            for at, line in enumerate(lines)
            for match in re.finditer(rb"(?<=[ \[])\d[\d.]*\b", line)
        ]
        if numbers and rng.random() < 0.4:
            row, a, b = rng.choice(numbers)
            value = rng.choice([b"0", b"1", b"0.5", b"2e-5", b"100", b"1000000", b"7.0"])
            lines[row] = lines[row][:a] + value + lines[row][b:]
        elif rng.random() < 0.3:
            del lines[row]
        else:
            rows = [n for n, line in enumerate(lines) if re.match(rb"  \w+:$", line)]
            row = rng.choice(rows) if rows else row
            if not any(b"when:" in line for line in lines[row : row + 6]):
                lines.insert(row + 1, b"    when: " + _gate(rng, start.data).encode())
    return Case(b"\n".join(lines), home=start.home)


def _gate(rng: Random, data: bytes) -> str:
    """A condition over the named conditions of a file."""
    block = re.search(rb"^conditions:\n((?:  .*\n)+)", data, re.M)
    names = re.findall(r"^  (\w+):", block[1].decode(), re.M) if block else []
    parts = [
        rng.choice(["", "not "]) + rng.choice(names) for _ in range(rng.randint(1, 4)) if names
    ]
    return rng.choice([" and ", " or "]).join(parts) or "true"


def _expression(rng: Random) -> Case:
    """An expression in the place of another, or in a condition, a message or an input."""
    start = _any(rng)
    data = start.data
    text = " ".join(rng.choices(WORDS, k=rng.randint(1, 10)))
    if rng.random() < 0.8:
        text = grown(rng, [name.decode() for name in _NAME.findall(data)], rng.randint(0, 4))
    places = [match.span(1) for match in re.finditer(rb"\$\{\{ *([^}\n]*?) *\}\}", data)]
    places += [match.span(1) for match in re.finditer(rb"(?:when|fail): *([^\n,}]+)", data)]
    places += [
        match.span(1) for match in re.finditer(rb"^conditions:\n  \w+: *([^\n]+)", data, re.M)
    ]
    if not places:
        return Case(edited(data, rng), home=start.home)
    a, b = rng.choice(places)
    quoted = text if rng.random() < 0.5 else json.dumps(text)
    return Case(data[:a] + quoted.encode() + data[b:], home=start.home)


# --- data ------------------------------------------------------------------------------------------

LEAVES: list[Any] = [
    None, True, 0, -1, 2.5, float("inf"), float("nan"), 10**30, 10**400, "", "x", " ", "good", "not good",
    "open or good", "${{ parameters.count }}", "${{ steps.make.outputs.numbers }}", "${{ vars.v }}", "${{ good }}",
    "${{ steps.score.outputs.accuracy }}", "${{ steps.fit.outputs.model }}", "a ${{ run.id }} b", "${{ each.lr }}",
    "${{ steps.again.outputs.loss }}", "parameters.count in vars.v", "steps.fit.outputs.loss < 1",
    [1, 2], ["a", "${{ vars.v }}"], {"a": 1}, [], {}, [[]], [None], {"var": "lr", "in": [1, 2]}, "make", "fit",
    "s3://b/x", "30d", "16Gi", "make_numbers@1", "fit_mean", "announce", "./components/fit_mean", "String",
    "Integer", "Float", "Boolean", "JsonObject", "JsonArray", "Dataset", "Model", "Secret",
    "parameters.publish == true", "^(a|b)$", "^(a+)+$", "\ud800", "\x07", "a\nb", "é" * 300,
]  # fmt: skip
KEYS = [
    "when", "after", "inputs", "component", "fail", "foreach", "secret_env", "resources", "cache", "retry",
    "targets", "vars", "parameters", "conditions", "defaults", "outputs", "sagemaker", "kfp", "type", "default",
    "minimum", "maximum", "enum", "pattern", "format", "count", "numbers", "model", "cpu", "gpu", "memory",
    "max_age", "good", "open", "make", "fit", "score", "v", "role", "instance_type", "arguments", "x-a",
    "max_attempts", "on", "var", "in", "<<", "name", "annotations", "implementation", "container", "command",
    "args", "image", "steps", "step", "apiVersion", "kind",
]  # fmt: skip


def branches(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every collection of a tree with each of its keys or indexes."""
    if isinstance(tree, dict | list):
        for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
            yield tree, key
            yield from branches(tree[key])


def _retold(rng: Random) -> Case:
    start = _any(rng)
    return Case(_told(rng, start.data), home=start.home)


def _told(rng: Random, data: bytes) -> bytes:
    """A file as data, changed, and written again: it is always YAML, so that rules are reached."""
    try:
        tree = yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError):
        return edited(data, rng)
    for _ in range(rng.choice([1, 1, rng.randint(1, 4)])):
        places = list(branches(tree))
        if not places:
            break
        (parent, key), (other, place) = rng.choice(places), rng.choice(places)
        leaf, name = copy.deepcopy(rng.choice(LEAVES)), rng.choice(KEYS)
        change = rng.choice(["put", "put", "drop", "rename", "add", "copy", "swap"])
        if change == "drop":
            del parent[key]
        elif change == "rename" and isinstance(parent, dict):
            parent[name] = parent.pop(key)
        elif change == "add":
            parent.append(leaf) if isinstance(parent, list) else parent.update({name: leaf})
        elif change == "copy":
            parent[key] = copy.deepcopy(other[place])
        elif change == "swap":
            parent[key], other[place] = copy.deepcopy(other[place]), copy.deepcopy(parent[key])
        else:
            parent[key] = leaf
    return _dumped(tree, rng)


def _dumped(tree: Any, rng: Random) -> bytes:
    flow = rng.choice([None, False, True])
    text = yaml.safe_dump(tree, sort_keys=False, width=rng.choice([40, 1000]), default_flow_style=flow,
                          allow_unicode=rng.random() < 0.5)  # fmt: skip
    return text.encode("utf-8", "surrogatepass")


REQUESTS = [
    "ProcessingOutputConfig.Outputs.S3Output.S3Uri", "ProcessingResources.ClusterConfig.InstanceType",
    "NetworkConfig.VpcConfig.Subnets", "Environment.A", "AppSpecification.ContainerArguments",
    "AppSpecification.ImageUri", "StoppingCondition.MaxRuntimeInSeconds", "HyperParameters.a", "Tags.Key",
    "InputDataConfig.DataSource.S3DataSource.S3Uri", "OutputDataConfig.S3OutputPath", "ExperimentConfig",
    "ResourceConfig.InstanceCount", "TransformOutput.S3OutputPath", "ModelMetrics.ModelQuality.Statistics.S3Uri",
    "InferenceSpecification.Containers.Image", "ProcessingInputs.S3Input.LocalPath", "RoleArn",
    "AlgorithmSpecification.MetricDefinitions.Name", "PrimaryContainer.ModelDataUrl", "CustomerMetadataProperties",
]  # fmt: skip


def _request(rng: Random) -> Case:
    """A definition that was right, with something odd in the request of a step or of all."""
    start = rng.choice(seeds().right)
    tree = yaml.load(start.data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    part = rng.choice(list(tree["steps"].values())) if rng.random() < 0.7 else tree
    path = rng.choice(REQUESTS).split(".")
    value: Any = copy.deepcopy(rng.choice(LEAVES))
    for name in reversed(path[: rng.randint(1, len(path))]):
        value = {name: [value] if rng.random() < 0.2 else value}
    blocks = part.setdefault("targets", {})
    if isinstance(blocks, dict) and isinstance(blocks.setdefault("sagemaker", {}), dict):
        blocks["sagemaker"]["arguments"] = value
    return Case(_dumped(tree, rng), home=start.home)


def _tree(rng: Random) -> Case:
    """Any tree under the keys of the language."""

    def any_tree(depth: int) -> Any:
        if depth == 0 or rng.random() < 0.4:
            return copy.deepcopy(rng.choice(LEAVES))
        if rng.random() < 0.3:
            return [any_tree(depth - 1) for _ in range(rng.randint(0, 3))]
        return {rng.choice(KEYS): any_tree(depth - 1) for _ in range(rng.randint(0, 5))}

    tree: dict[str, Any] = {"apiVersion": "isodag/v1", "kind": "Pipeline", "name": "x"}
    for key in ("vars", "parameters", "conditions", "defaults", "steps", "outputs", "targets"):
        if rng.random() < 0.6:
            tree[key] = {rng.choice(KEYS): any_tree(3) for _ in range(rng.randint(0, 4))}
    return Case(_dumped(tree, rng))
