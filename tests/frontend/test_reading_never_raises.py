"""Whatever the bytes, reading ends with messages, each at a place in its file.

A benchmark runs the same with many more cases (`--hypothesis-profile`, or max_examples).
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isodag import diagnostics, driver, spec
from isodag.diagnostics import Diagnostic
from isodag.source import Source

TESTS = Path(__file__).parents[1]
TOYS = TESTS / "toys"
DEFINITIONS = [
    path.read_bytes()
    for folder in (TOYS, TESTS / "errors" / "mistakes")
    for path in sorted(folder.glob("*.yaml"))
]
SPECS = [path.read_bytes() for path in sorted(TOYS.glob("components/*/component.yaml"))]
BINDINGS = [
    b"step: Training\n",
    b"step: RegisterModel\narguments:\n  Group: ${{ inputs.text }}\n"
    b'  Uri: [{At: "${{ outputs.note }}/x"}]\noutputs: {note: ModelPackageArn}\n',
    b'steps:\n  model: {step: Model, arguments: {Url: "${{ inputs.model }}"}}\n'
    b"  use: {step: Transform, arguments: {Name: '${{ steps.model.ModelName }}', Role: '${{ role }}'}}",
]
TOKENS = [
    token.encode("utf-8", "surrogateescape")
    for token in (
        "${{ ", " }}", "{", "}", "[", "]", ": ", ":", "- ", "\t", "\0", "&a ", "*a", "!!int ", "!x ",
        "'", '"', ">", "|", "\udcff", "\udcc3", "\u2028", "\ufeff", "é", "日", "#", "\n", "\r", "\r\n",
        "---\n", "...\n", "%", "@", "`", "? ", ",", "~", "null", "true", "1e999", ".inf", ".nan",
        "0x1F", "and ", "or ", "not ", " in ", "==", "<", "(", ")", "steps.", "vars.", "parameters.",
        "run.id", "when: ", "fail: ", "after: ", "component: ", "inputs: ", "x-", "\\", "\\u0000",
        "9" * 30, "[" * 9, "default: ", "type: ", "enum: ", "pattern: ", "minimum: ", "good",
        "steps.make.outputs.numbers", "steps.score.outputs.accuracy", "parameters.count", "<<: ",
    )
]  # fmt: skip
EDITS = ("insert", "insert", "delete", "replace", "double", "drop line", "move line", "swap words")
PLACES = st.integers(0, 10_000)
SEQUENCE = st.lists(
    st.tuples(st.sampled_from(EDITS), PLACES, PLACES, st.sampled_from(TOKENS)),
    min_size=1, max_size=5,
)  # fmt: skip
FAST = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


def edited(data: bytes, edits: list[tuple[str, int, int, bytes]]) -> bytes:
    """The bytes after some edits."""
    for edit, one, two, token in edits:
        at, lines = one % (len(data) + 1), data.split(b"\n")
        row = one % len(lines)
        if edit == "insert":
            data = data[:at] + token + data[at:]
        elif edit == "delete":
            data = data[:at] + data[at + 1 + two % 12 :]
        elif edit == "replace":
            data = data[:at] + token + data[at + 1 :]
        elif edit == "double":
            data = data[:at] + data[at : at + two % 99] + data[at:]
        elif edit == "drop line":
            data = b"\n".join(lines[:row] + lines[row + 1 :])
        elif edit == "move line":
            line = lines.pop(row)
            lines.insert(two % (len(lines) + 1), b" " * (two % 7) + line.strip())
            data = b"\n".join(lines)
        else:
            words = [match.span() for match in re.finditer(rb"[\w.@-]+", data)]
            if len(words) > 1:
                (a, b), (c, d) = sorted((words[one % len(words)], words[two % len(words)]))
                if b <= c:
                    data = data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]
    return data


def holds(found: list[Diagnostic], sources: dict[str, Source]) -> None:
    """Every place lies in its file, nothing is told twice, all of it can be shown."""
    told = [(item.span, item.message) for item in found]
    assert len(told) == len(set(told))
    for item in found:
        for span in (item.span, *(other.span for other in item.related)):
            source = sources.get(span.path)
            if source is None or (item.code == "E101" and not source.text):
                assert item.code == "E101"
                continue
            assert 1 <= span.line <= span.end_line <= source.text.count("\n") + 1
            assert 1 <= span.column <= len(source.line(span.line)) + 1
            assert 1 <= span.end_column <= len(source.line(span.end_line)) + 1
            assert (span.line, span.column) <= (span.end_line, span.end_column)
        assert item.message.isprintable() and (item.help or "").isprintable()
    json.dumps(diagnostics.as_json(found)).encode()
    diagnostics.render(found, sources, color=True)


Tell = Callable[..., None]


@pytest.fixture(scope="module")
def tell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tell]:
    """Reads a definition, with values files and settings over it and a component of its own."""
    folder = tmp_path_factory.mktemp("fuzz")
    library = folder / "library" / "announce"
    library.mkdir(parents=True)

    def read(
        data: bytes = DEFINITIONS[0], component: bytes | None = None, binding: bytes | None = None,
        values: bytes | None = None, sets: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        (folder / "dag.yaml").write_bytes(data)
        if values is not None:
            (folder / "values.yaml").write_bytes(values)
        folders = [str(TOYS / "components")]
        if component is not None:
            (library / "component.yaml").write_bytes(component)
            (library / "sagemaker.yaml").unlink(missing_ok=True)
            if binding is not None:
                (library / "sagemaker.yaml").write_bytes(binding)
            folders.insert(0, str(library.parent))
            sources: dict[str, Source] = {}
            holds(spec.read_folder(library, sources)[1], sources)
        names = [str(folder / "values.yaml")] if values is not None else []
        loaded = driver.load(folder / "dag.yaml", names, sets, folders)
        holds(loaded.diagnostics, loaded.sources)
        assert (loaded.pipeline is None) == diagnostics.failed(loaded.diagnostics)

    yield read


@given(st.sampled_from(DEFINITIONS), SEQUENCE)
@FAST
def test_a_mutated_definition(
    tell: Tell, data: bytes, edits: list[tuple[str, int, int, bytes]]
) -> None:
    tell(edited(data, edits))


@given(st.sampled_from(SPECS), st.none() | st.sampled_from(BINDINGS), SEQUENCE, SEQUENCE)
@FAST
def test_a_mutated_component(
    tell: Tell, data: bytes, binding: bytes | None, edits: Any, more: Any
) -> None:
    tell(component=edited(data, edits), binding=binding and edited(binding, more[:-1]))


@given(st.binary(max_size=60) | st.lists(st.sampled_from(TOKENS), max_size=40).map(b"".join))
@FAST
def test_random_bytes_and_signs(tell: Tell, data: bytes) -> None:
    tell(data)


@given(SEQUENCE, st.text(max_size=20), st.sampled_from(["vars.within=", "steps.", "parameters.numbers=",
                                                       "targets.sagemaker.role=", ""]))  # fmt: skip
@FAST
def test_mutated_values_and_random_settings(tell: Tell, edits: Any, text: str, path: str) -> None:
    values = (
        b"apiVersion: isodag/v1\nkind: Values\nvars: {within: 2}\nparameters: {numbers: 's3://a/b'}\n"
        b"steps: {fit: {resources: {cpu: 2}}}\ntargets: {kfp: {pipeline_root: 's3://a/b'}}\n"
    )
    tell(values=edited(values, edits), sets=(path + text,))


WORDS = [
    "parameters.count", "parameters.mode", "parameters.publish", "good", "open", "a",
    "steps.score.outputs.accuracy", "steps.score.outputs.report", "steps.tell", "run.id", "vars.x",
    "1", "-2.5", "'fast'", "true", "(", ")", "[", "]", ",", "and", "or", "not", "in", "not in", "==",
    "!=", "<", ">=", ".", "${{", "}}", "[1, 2]", "['fast']",
]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=10), st.booleans())
@FAST
def test_a_random_expression(tell: Tell, words: list[str], named: bool) -> None:
    text = " ".join(words).encode()
    data = (TOYS / "gates.yaml").read_bytes()
    old = b"not good and parameters.mode != 'off'" if not named else b"parameters.publish and"
    assert old in data
    tell(data.replace(old, text, 1))


# --- definitions as data: they are always YAML, so that the rules are reached ----------------

TREES = [yaml.safe_load(path.read_bytes()) for path in sorted(TOYS.glob("*.yaml"))]
LEAVES: list[Any] = [
    None, True, 0, -1, 2.5, float("inf"), 10**30, "", "x", "good", "not good", "open or good",
    "${{ parameters.count }}", "${{ steps.make.outputs.numbers }}", "${{ vars.v }}", "${{ good }}",
    "${{ steps.score.outputs.accuracy }}", "${{ steps.fit.outputs.model }}", "a ${{ run.id }} b",
    "${{ steps.again.outputs.loss }}", "parameters.count in vars.v", "steps.fit.outputs.loss < 1",
    [1, 2], ["a", "${{ vars.v }}"], {"a": 1}, [], {}, "make", "fit", "s3://b/x", "30d", "16Gi",
    "make_numbers@1", "fit_mean", "announce", "String", "Integer", "Float", "Boolean", "JsonObject",
    "JsonArray", "Dataset", "Model", "parameters.publish == true", "^(a|b)$",
]  # fmt: skip
KEYS = [
    "when", "after", "inputs", "component", "fail", "resources", "cache", "retry", "targets", "vars",
    "parameters", "conditions", "defaults", "outputs", "sagemaker", "kfp", "type", "default",
    "minimum", "enum", "pattern", "count", "numbers", "model", "cpu", "max_age", "good", "open",
    "make", "fit", "score", "v", "role", "instance_type", "x-a", "max_attempts", "on", "<<",
]  # fmt: skip


def branches(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every collection of a tree with each of its keys or indexes."""
    if isinstance(tree, dict | list):
        for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
            yield tree, key
            yield from branches(tree[key])


@given(
    st.sampled_from(TREES),
    st.lists(
        st.tuples(
            st.sampled_from(["put", "put", "drop", "rename", "add", "copy"]),
            PLACES, PLACES, st.sampled_from(LEAVES), st.sampled_from(KEYS),
        ),
        min_size=1, max_size=4,
    ),
)  # fmt: skip
@FAST
def test_a_definition_with_other_data_in_it(tell: Tell, tree: Any, changes: Any) -> None:
    tree = copy.deepcopy(tree)
    for change, one, two, leaf, name in changes:
        places = list(branches(tree))
        if not places:
            break
        (parent, key), (other, place) = places[one % len(places)], places[two % len(places)]
        if change == "drop":
            del parent[key]
        elif change == "rename" and isinstance(parent, dict):
            parent[name] = parent.pop(key)
        elif change == "add" and isinstance(parent, dict):
            parent[name] = copy.deepcopy(leaf)
        elif change == "copy":
            parent[key] = copy.deepcopy(other[place])
        else:
            parent[key] = copy.deepcopy(leaf)
    tell(yaml.safe_dump(tree, sort_keys=False, width=1000).encode())


# --- cases that were found, or that are known to break readers -------------------------------

HEAD = b"apiVersion: isodag/v1\nkind: Pipeline\nname: x\n"
HOSTILE = {
    "alias bomb": b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (98 + n, 98 + n, b", ".join([b"*%c" % (97 + n)] * 9)) for n in range(12)
    ),
    "deep aliases": b"a0: &a0 [x]\n" + b"".join(
        b"a%d: &a%d [*a%d]\n" % (n + 1, n + 1, n) for n in range(3000)
    ),
    "200,000 brackets": b"[" * 200_000,
    "200,000 braces": b"{" * 200_000,
    "100,000 dashes": b"- " * 100_000,
    "a line of a megabyte": HEAD + b"description: " + b"x" * 10**6,
    "a key of a megabyte": b"? " + b"k" * 10**6,
    "10**5 digits": HEAD + b"vars: {x: " + b"9" * 10**5 + b"}\nsteps: {a: {fail: x}}",
    "10**4 digits in an expression": HEAD + b"steps: {a: {fail: x, when: parameters.x > "
    + b"9" * 9000 + b"}}",
    "many brackets in an expression": HEAD + b"steps: {a: {fail: x, when: '" + b"(" * 9000 + b"'}}",
    "many nots": HEAD + b"steps: {a: {fail: x, when: " + b"not " * 2400 + b"a}}",
    "many expressions": HEAD + b"steps: {a: {fail: '" + b"${{ vars.a }}" * 30_000 + b"'}}",
    "open expressions": HEAD + b"steps: {a: {fail: '" + b"${{ " * 200_000 + b"'}}",
    "blanks after a condition": HEAD + b"steps: {a: {fail: x, when: '${{ a }} b" + b" " * 10**6
    + b"c'}}",
    "conditions that double": HEAD + b"parameters: {p: {type: Boolean}}\nconditions:\n"
    b"  c0: parameters.p\n" + b"".join(b"  c%d: c%d and c%d\n" % (n + 1, n, n) for n in range(300))
    + b"steps: {a: {fail: x, when: c300}}",
    "a chain of conditions": HEAD + b"parameters: {p: {type: Boolean}}\nconditions:\n"
    b"  c0: parameters.p\n" + b"".join(b"  c%d: not c%d\n" % (n + 1, n) for n in range(3000))
    + b"steps: {a: {fail: x, when: c3000}}",
    "conditions of each other": HEAD + b"conditions: {a: b and b or b, b: a and a or a}\n"
    b"steps: {s: {fail: x, when: a}}",
    "a ring of steps": HEAD + b"steps:\n" + b"".join(
        b"  s%d: {fail: x, after: [s%d]}\n" % (n, (n + 1) % 3000) for n in range(3000)
    ),
    "a chain of steps": HEAD + b"steps:\n  s0: {fail: x}\n" + b"".join(
        b"  s%d: {fail: x, after: [s%d]}\n" % (n + 1, n) for n in range(3000)
    ),
    "many misspelt names": HEAD + b"steps:\n" + b"".join(
        b"  s%d: {fail: x, after: [t%dx]}\n" % (n, n) for n in range(5000)
    ),
    "many unknown keys": b"".join(b"k%d: 1\n" % n for n in range(50_000)),
    "many equal keys": HEAD + b"a: 1\n" * 50_000,
    "too many steps": HEAD + b"steps:\n" + b"".join(b"  s%d: {fail: x}\n" % n for n in range(10_001)),
    "NUL": HEAD + b"steps: {a: {fail: \0}}",
    "NUL in a reference": HEAD + b'steps: {a: {component: "./a\\0b"}}',
    "a long reference": HEAD + b"steps: {a: {component: ./" + b"x" * 9000 + b"}}",
    "half a surrogate pair": HEAD + b'steps: {a: {fail: "\\ud800"}}',
    "a byte order mark inside": HEAD + "steps: {a: {fail: x\ufeffy}}".encode(),
    "UTF-16": (HEAD + b"steps: {a: {fail: x}}").decode().encode("utf-16"),
    "an empty type": HEAD + b"parameters: {p: {type: '', default: 3}}\nsteps: {a: {fail: x}}",
    "an empty component": HEAD + b"steps: {a: {component: ''}}",
    "a list of lists to look in": HEAD + b"vars: {v: [[1], {a: 2}, null]}\nparameters: "
    b"{p: {type: String}}\nsteps: {a: {fail: x, when: parameters.p in vars.v}}",
    "huge numbers to look in": HEAD + b"vars: {v: [" + b"9" * 3000 + b", 1]}\nparameters: "
    b"{p: {type: Integer}}\nsteps: {a: {fail: x, when: parameters.p in vars.v}}",
    "not a number as a limit": HEAD + b"parameters: {p: {type: Float, default: 1, minimum: .nan}}\n"
    b"steps: {a: {fail: x}}",
    "infinity inside JSON": HEAD + b"vars: {v: {a: .inf}}\nsteps: {a: {fail: '${{ vars.v }}'}}",
    "a file of tabs": b"\t" * 10_000,
    "a file of quotes": b"'" * 10_001,
    "a file of colons": b": " * 100_000,
    "a file of anchors": b"&a " * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file(tell: Tell, data: bytes) -> None:
    tell(data)
