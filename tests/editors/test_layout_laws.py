"""The laws of `isodag fmt`, on data written in untidy ways and on definitions cut to pieces."""

from __future__ import annotations

import dataclasses
import io
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
import ruamel.yaml
from editors_untidy import Untidy
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from isodag import driver, layout
from isodag.frontend import nodes
from isodag.layout.comments import Tokens
from isodag.runtime.values import core_scalar
from isodag.source import Source, Span

TESTS = Path(__file__).parents[1]
REPOSITORY = TESTS.parent
TARGETS = {name: target.KEYS for name, target in driver.TARGETS.items()}
DEFINITIONS = {
    path.stem: path
    for folder in (REPOSITORY / "definitions", TESTS / "toys")
    for path in sorted(folder.glob("*.yaml"))
}
OTHERS = {
    str(path.relative_to(REPOSITORY)): path
    for pattern in ("definitions/values/*.yaml", "components/*/*.yaml")
    for path in sorted(REPOSITORY.glob(pattern))
}
LAWS = settings(max_examples=150, deadline=None, database=None)
FEW = settings(max_examples=10, deadline=None, database=None)

TRAPS = (
    "a", "on", "no", "1", "1.0", "0o17", "1:30", "2026-11-22", "~", "null", "true", "${{ vars.a }}",
    "a ${{ vars.a }}: b", "it's", 'say "hi"', "back\\slash", "", " ", "#", "a #b", "a: b", "- a",
    "long " * 30, "x, y", "[a]", "{a}", "*a", "&a", "!a", "%a", "@a", "<<", "=", "y", "Ünïcode",
    "line\nbreak", "tab\tbed", "-", "--- a", "? a", "a?", ".5", "+1", "12e03", ".inf", "::", "a:",
)  # fmt: skip
WORDS = st.sampled_from(TRAPS) | st.text("ab '\"#:-{}[],&*!|>%@`?\\\u00e9", max_size=8)
SCALARS = st.one_of(
    WORDS, st.none(), st.booleans(), st.integers(-99, 99), st.sampled_from([0.5, 1e-05, 2e20])
)
DOUBTFUL = ("on", "no", "null", "true", "y", "n")
KEYS = st.sampled_from(
    ["name", "description", "component", "inputs", "when", "fail", "targets", "sagemaker", "kfp", "type",
     "default", "minimum", "x-a", "x-b", "own", "other", "on", "a b", "1"]
)  # fmt: skip
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
STEPS = st.dictionaries(
    st.sampled_from(["one", "two", "x-three"]), st.dictionaries(KEYS, DATA, max_size=5)
)
DOCUMENTS = st.fixed_dictionaries(
    {"apiVersion": st.just("isodag/v1"), "kind": st.sampled_from(["Pipeline", "Values"])},
    optional={
        "name": WORDS, "description": WORDS, "vars": DATA, "parameters": STEPS, "steps": STEPS,
        "targets": DATA, "x-free": DATA, "defaults": DATA, "unknown": DATA,
    },
)  # fmt: skip
SEEDS = st.integers(0, 10**9)


def laid(text: str) -> layout.Laid:
    return layout.lay_out(Source("dag.yaml", text), TARGETS)


def out(text: str) -> str:
    """The text laid out; it must be one that can be."""
    done = laid(text)
    assert done.text is not None, (done, text)
    return done.text


def data(text: str) -> Any:
    node, problems = nodes.parse(Source("dag.yaml", text))
    assert node is not None and not problems, (text, problems)
    return nodes.plain_data(node)


@given(DOCUMENTS, SEEDS)
@LAWS
def test_the_meaning_stays_and_every_comment_survives_once(
    document: dict[str, Any], seed: int
) -> None:
    writer = Untidy(seed)
    text = writer.document(document)
    assert layout.equal(document, data(text)), text
    made = out(text)
    assert layout.equal(document, data(made))
    assert sorted(writer.said) == sorted(comment.text for comment in Tokens(made).comments)


@given(DOCUMENTS, SEEDS)
@LAWS
def test_twice_is_once(document: dict[str, Any], seed: int) -> None:
    made = out(Untidy(seed).document(document))
    assert made == out(made)


@given(DOCUMENTS, SEEDS, SEEDS)
@LAWS
def test_indentation_and_quotes_are_all_one(document: dict[str, Any], one: int, other: int) -> None:
    texts = [Tidy(seed).document(document) for seed in (one, other)]
    assert out(texts[0]) == out(texts[1])


class Tidy(Untidy):
    """Untidy in the small only: what an author decides is the same.  That is the order, `{ }` or
    not, and the quotes around what some reader takes for something else."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, comments=False)
        self.loose = 0.0
        self.decisions = random.Random(0)

    def shuffled(self, data: dict[str, Any]) -> list[tuple[str, Any]]:
        return list(data.items())

    def blocky(self, value: str) -> bool:
        return False

    def scalar(self, value: Any, flow: bool, key: bool = False) -> str:
        if isinstance(value, str) and (value in DOUBTFUL or not re.match("[a-zÜ]", value)):
            return json.dumps(value, ensure_ascii=False)
        text = super().scalar(value, flow, key)
        return text if "\n" not in text else json.dumps(value, ensure_ascii=False)

    def value(self, head: str, value: Any, indent: int) -> list[str]:
        if isinstance(value, dict | list) and value and self.decisions.random() < 0.3:
            return self.flow(f"{head} ", value, indent)
        return self._block(head, value, indent)

    def _block(self, head: str, value: Any, indent: int) -> list[str]:
        chance, self.chance = self.chance, lambda share: False  # type: ignore[method-assign]
        lines = super().value(head, value, indent)
        self.chance = chance  # type: ignore[method-assign]
        return lines


@given(DOCUMENTS, SEEDS)
@LAWS
def test_another_reader_of_yaml_1_2_reads_the_same(document: dict[str, Any], seed: int) -> None:
    made = out(Untidy(seed).document(document))
    read = YAML(pure=True).compose(io.StringIO(made))
    assert layout.equal(document, plain(read)), made


def plain(node: Any) -> Any:
    """What ruamel.yaml read as plain data, in YAML 1.2's core schema."""
    if isinstance(node, ruamel.yaml.MappingNode):
        return {key.value: plain(value) for key, value in node.value}
    if isinstance(node, ruamel.yaml.SequenceNode):
        return [plain(item) for item in node.value]
    return node.value if node.style else core_scalar(node.value)


@pytest.mark.parametrize("name", DEFINITIONS)
@given(SEEDS)
@FEW
def test_a_definition_compiles_to_the_same(name: str, seed: int) -> None:
    path = DEFINITIONS[name]
    text = Untidy(seed).document(data(path.read_text(encoding="utf-8")))
    once, again = (driver.load(path, data=text.encode()) for text in (text, out(text)))
    assert placeless(once.pipeline) == placeless(again.pipeline)
    assert once.pipeline is not None
    for target in driver.TARGETS:
        assert driver.compile(once, target).files == driver.compile(again, target).files


def placeless(found: Any) -> Any:
    """An IR without its places."""
    if isinstance(found, Span):
        return None
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        fields = dataclasses.fields(found)
        return type(found), [placeless(getattr(found, field.name)) for field in fields]
    if isinstance(found, dict):
        return {key: placeless(value) for key, value in found.items() if key != "digest"}
    return [placeless(item) for item in found] if isinstance(found, list | tuple) else found


@pytest.mark.parametrize("name", OTHERS)
@given(SEEDS)
@FEW
def test_other_files_keep_their_meaning_and_have_one_layout(name: str, seed: int) -> None:
    document = data(OTHERS[name].read_text(encoding="utf-8"))
    made = out(Untidy(seed).document(document))
    assert layout.equal(document, data(made))
    assert made == out(made)


CUTS = st.lists(
    st.tuples(
        st.integers(0, 10_000), st.integers(0, 30),
        st.sampled_from(["", "\n", "# c\n", " ", "  ", "- ", "&a ", "*a", "{", "}", "[", "]", ": ", "'", '"', "|", ">-",
                         "|+\n", "? ", "\t", ",", "!!str ", "---\n", "...\n", "%YAML 1.1\n", "\u2028", "\x85", "é", "x-a: 1\n"]),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@given(st.sampled_from([*DEFINITIONS.values(), *OTHERS.values()]), CUTS)
@LAWS
def test_whatever_the_text_it_is_laid_out_for_good_or_left(
    path: Path, cuts: list[tuple[int, int, str]]
) -> None:
    text = path.read_text(encoding="utf-8")
    for at, length, put in cuts:
        at %= len(text) + 1
        text = text[:at] + put + text[at + length :]
    done = laid(text)
    if done.text is None:
        assert done.diagnostics or done.refusal
        assert done.refusal is None or "bug" not in done.refusal[0], text
    else:
        assert done.text == out(done.text)
