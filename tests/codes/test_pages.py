"""Every code has a page, and what the page shows is true: its examples run here."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import isodag
from isodag import checks, diagnostics, driver, ignores, spec
from isodag.diagnostics import Diagnostic
from isodag.source import Source

PACKAGE = Path(isodag.__file__).parent
PAGES = {path.stem: path for path in sorted((PACKAGE / "codes").glob("*.md"))}
GOLDEN = Path(__file__).parents[1] / "errors" / "golden"

HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: numbers\n"
STEPS = "steps: {make: {component: make_numbers@1}}\n"

# What no reader of a page wants to see whole: the definition that is wrong, and the right one.
TOO_LONG = {
    "E114": (
        HEAD + STEPS + "parameters:\n" + "".join(f"  p{n}: {{}}\n" for n in range(501)),
        HEAD + STEPS,
    ),
    "E510": (
        HEAD + STEPS + "parameters: {p: {type: String, default: " + 4097 * "x" + "}}\n",
        HEAD + STEPS + "parameters: {p: {type: String, default: " + 4096 * "x" + "}}\n",
    ),
    "W508": (
        HEAD
        + "steps:\n"
        + "".join(f"  s{n}: {{component: make_numbers@1}}\n" for n in range(1100)),
        HEAD + STEPS,
    ),
    "W603": (
        HEAD + STEPS + "description: " + 270_000 * "x" + "\n",
        HEAD + STEPS + "description: " + 250_000 * "x" + "\n",
    ),
    "W514": (
        HEAD + STEPS + "description: " + 3073 * "x" + "\n",
        HEAD + STEPS + "description: " + 3072 * "x" + "\n",
    ),
    "W516": (
        HEAD + "steps:\n" + "".join(f"  s{n}: {{component: make_numbers}}\n" for n in range(51)),
        HEAD + "steps:\n" + "".join(f"  s{n}: {{component: make_numbers}}\n" for n in range(50)),
    ),
}
TARGETS = {"5": ("sagemaker",), "6": ("kfp",)}
"""The targets that a code is about, by its group; both unless said."""
NOT_SAGEMAKER = ("E226", "E227", "E228", "E229", "E309")  # `finally:`, lists of a run


class File(NamedTuple):
    """A fenced block: its info string's words after `yaml` or `text`, and its text."""

    kind: str
    text: str


class Told(NamedTuple):
    found: list[Diagnostic]
    sources: dict[str, Source]

    def codes(self, severity: str) -> set[str]:
        return {item.code for item in self.found if item.severity == severity}


def example(code: str, title: str) -> list[File]:
    """The files of a page's section `## Wrong` or `## Right`."""
    if code in TOO_LONG:
        return [File("", TOO_LONG[code][title == "Right"])]
    section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text_of(code), re.M | re.S)
    assert section is not None, f"{code}.md has no `## {title}`"
    blocks = re.findall(r"^```(?:yaml|text) ?(.*?)\n(.*?)^```$", section[1], re.M | re.S)
    return [File(kind, text) for kind, text in blocks]


def text_of(code: str) -> str:
    return PAGES[code].read_text(encoding="utf-8")


def told(code: str, title: str) -> Told:
    """What is said of an example.

    A file of kind `component.yaml` or `sagemaker.yaml` makes a component to be read alone, and one
    with a folder before it a component for the definition; `values.yaml` is laid over the
    definition, and so is each line of kind `--set`; in a file of kind `escaped`, `\\xNN` is a byte.
    """
    values: list[str] = []
    sets: list[str] = []
    definition = component = None
    for kind, text in example(code, title):
        if kind == "--set":
            sets += text.splitlines()
        elif "/" in kind:
            Path(kind).parent.mkdir(exist_ok=True)
            Path(kind).write_text(text, encoding="utf-8")
        elif kind in ("component.yaml", "sagemaker.yaml"):
            component = Path("count_lines")
            component.mkdir(exist_ok=True)
            (component / kind).write_text(text, encoding="utf-8")
        elif kind == "values.yaml":
            Path(kind).write_text(text, encoding="utf-8")
            values.append(kind)
        else:
            definition = Path("pipeline.yaml")
            data = text.encode()
            if kind == "escaped":
                byte = re.compile(rb"\\x([0-9a-f]{2})")
                data = byte.sub(lambda match: bytes.fromhex(match[1].decode()), data)
            definition.write_bytes(data)
    if component is not None:
        sources: dict[str, Source] = {}
        return Told(spec.read_folder(component, sources)[1], sources)
    assert definition is not None
    loaded = driver.load(definition, values, sets)
    targets = ("kfp",) if code in NOT_SAGEMAKER else TARGETS.get(code[1], tuple(driver.TARGETS))
    judged = {str(definition): ignores.groups(targets)}
    found = ignores.sift(driver.check(loaded, targets), loaded.sources, judged)
    return Told(found.shown, loaded.sources)


def emitted() -> set[str]:
    """Every code that stands as a text in the sources."""
    files = [file for file in PACKAGE.rglob("*.py") if "components" not in file.parts]
    return {
        code for file in files for code in re.findall(r'"([EW][1-9]\d\d)"', file.read_text("utf-8"))
    }


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert sorted(emitted()) == sorted(PAGES)


@pytest.mark.parametrize("code", PAGES)
def test_a_page_starts_with_its_code_and_title_and_says_something(code: str) -> None:
    title, blank, first, *_ = text_of(code).splitlines()
    assert re.fullmatch(rf"# {code}: .*[^.]", title)
    assert blank == "" and first


@pytest.mark.parametrize("rule", checks.RULES, ids=lambda rule: rule.__name__)
def test_a_rule_is_called_what_its_page_is_called(rule: checks.Rule) -> None:
    said = " ".join((inspect.getdoc(rule) or "").split())
    code = said.partition(":")[0]
    title = text_of(code).splitlines()[0]
    assert title.replace("`", "") == f"# {said.removesuffix('.')}".replace("`", "")


@pytest.mark.parametrize("code", PAGES)
@pytest.mark.usefixtures("workshop")
def test_the_wrong_example_gives_the_code_and_no_other_error(
    code: str, golden: Callable[[Path, bytes], None]
) -> None:
    said = told(code, "Wrong")
    if code.startswith("W"):
        assert set() == said.codes("error")
        assert code in said.codes("warning")
    else:
        assert {code} == said.codes("error") - ({"E109"} if code == "E114" else set())
    shown = [item for item in said.found if item.code == code]
    golden(GOLDEN / f"{code}.txt", diagnostics.render(shown, said.sources).encode())


@pytest.mark.parametrize("code", PAGES)
@pytest.mark.usefixtures("workshop")
def test_the_right_example_gives_no_error_nor_the_code(code: str) -> None:
    said = told(code, "Right")
    assert set() == said.codes("error")
    assert code not in said.codes("warning")
