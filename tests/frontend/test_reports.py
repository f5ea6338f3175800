"""What a broken file is told: everything in one run, nothing twice, nothing that only follows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from isodag import diagnostics
from isodag.cli import main
from isodag.diagnostics import Diagnostic, did_you_mean, ordered, suggest
from isodag.source import Source, Span

Messages = Callable[..., list[str]]
HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: numbers\n"


def test_everything_that_is_wrong_is_told_in_one_run(messages: Messages) -> None:
    body = """\
descripton: of numbers
vars: {half: 0.5}
parameters:
  count: {type: Integer, default: many}
  shape: {type: Strin}
conditions:
  large: steps.make.outputs.totl > 3
  odd: large > 2
steps:
  make:
    component: make_numbers@7
    inputs: {cuont: "${{ parameters.cont }}"}
  fit:
    component: fit_mean@1
    inputs: {numbers: "${{ steps.made.outputs.numbers }}", shrink: 7}
    resources: {memory: 16GB}
  make_two: {component: make_numbers@1, inputs: {count: "${{ vars.half }}", shap: line}}
  tell:
    when: lage
    component: announce@1
    after: [tell]
  stop: {fail: "${{ steps.fit.outputs.model }}", when: 1 < 2 < 3}
outputs: {loss: "${{ steps.fit.outputs.los }}"}
"""
    assert [
        "E107 4:1 unknown key `descripton` in a pipeline",
        "E401 7:35 the default of `count` must be of type Integer, not String",
        "E406 8:17 `Strin` is not a type",
        "E404 11:8 `large` is a condition, not a value",
        "E208 14:28 there is no `make_numbers` 7 here",
        "E202 15:37 there is no parameter `cont`",
        "E201 18:34 there is no step `made`",
        "E403 18:68 input `shrink`: 7 is above the maximum 1",
        "E410 19:25 `memory` is `16GB`, not a size",
        "E401 20:62 input `count` must be of type Integer, not Float",
        "E210 20:77 component `make_numbers` has no input `shap`",
        "E205 22:11 there is no condition `lage`",
        "E209 23:16 step `tell` does not give `model` (Model)",
        "E211 24:13 step `tell` waits for itself",
        "E407 25:21 `steps.fit.outputs.model` is of type Model and cannot be joined into text",
        "E305 25:62 comparisons cannot be chained",
        "E203 26:40 step `fit` has no output `los`",
    ] == messages(body)


READERS = """\
  fit: {component: fit_mean@1, inputs: {numbers: "${{ steps.make.outputs.nmbers }}"}}
  stop:
    when: steps.make.outputs.total > 'x'
    fail: ${{ steps.make.outputs.model }} of ${{ steps.make.outputs.a.b }}
"""


@pytest.mark.parametrize(
    ("make", "said"),
    [
        ("{component: nobody@1, inputs: {a: 1}}", "E207 5:21 there is no component `nobody`"),
        ("{component: make_numbers@9, inputs: {a: 1}}", "E208 5:33 there is no `make_numbers` 9 here"),
        ("{component: ./gone}", "E207 5:21 there is no component at `./gone`"),
        ("{component: 3}", "E108 5:21 `component` must be text, not a number"),
        ("{component: '${{ vars.x }}'}", "E111 5:21 `component` cannot hold an expression"),
        ("{componet: make_numbers@1}", "E107 5:10 unknown key `componet` in step `make`"),
        ("make_numbers@1", "E108 5:9 step `make` must be a mapping, not text"),
        ("", "E108 5:8 step `make` must be a mapping, not nothing"),
    ],
)  # fmt: skip
def test_a_component_that_cannot_be_had_is_told_once_and_causes_nothing(
    messages: Messages, make: str, said: str
) -> None:
    assert [said] == messages(f"steps:\n  make: {make}\n{READERS}")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        # a misspelt key is not also missing, nor is what would have stood under it
        ("parameter: {n: {type: Integer}}\nsteps: {a: {component: make_numbers@1, "
         "inputs: {count: '${{ parameters.n }}'}}}",
         ["E107 4:1 unknown key `parameter` in a pipeline"]),
        ("var: {n: 3}\nsteps: {a: {component: make_numbers@1, "
         "inputs: {count: '${{ vars.n }}'}}}",
         ["E107 4:1 unknown key `var` in a pipeline"]),
        ("condition: {c: true}\nsteps: {a: {when: c, component: make_numbers@1}}",
         ["E107 4:1 unknown key `condition` in a pipeline"]),
        ("stpes: {a: {component: make_numbers@1}}",
         ["E107 4:1 unknown key `stpes` in a pipeline"]),
        ("steps: {a: {component: fit_mean@1, input: {numbers: s3://b/n}}}",
         ["E107 4:36 unknown key `input` in step `a`"]),
        ("steps: {a: {component: fit_mean@1, inputs: [numbers]}}",
         ["E108 4:44 `inputs` must be a mapping, not a list"]),
        ("steps: {a: {component: fit_mean@1, inputs: {numbrs: s3://b/n}}}",
         ["E210 4:45 component `fit_mean` has no input `numbrs`"]),
        ("x-a: &a {component: fit_mean@1}\nsteps: {a: {<<: *a}}",
         ["E107 5:13 unknown key `<<` in step `a`"]),
        # what cannot be read is no value of a wrong type, either
        ("steps: {a: {component: make_numbers@1, inputs: {count: '${{ 1 + }}'}}}",
         ["E110 4:63 `+` has no meaning in an expression"]),
        ("steps: {a: {component: make_numbers@1, inputs: {count: '${{ x'}}}",
         ["E110 4:57 `${{` is not closed"]),
        ("steps: {a: {component: make_numbers@1, inputs: {shape: ['${{ vars.x }}']}}}",
         ["E111 4:57 an expression cannot stand inside a list or mapping"]),
        ("vars: {x: '${{ vars. }}'}\nsteps: {a: {component: make_numbers@1, "
         "inputs: {count: '${{ vars.x }}'}}}",
         ["E110 4:21 a name is missing after `.`"]),
        ("vars: {x: }\nsteps: {a: {component: make_numbers@1, "
         "inputs: {count: '${{ vars.x }}'}}}",
         ["E108 4:11 variable `x` has no value"]),
        ("vars: {x: '${{ parameters.y }}'}\nsteps: {a: {component: make_numbers@1, "
         "inputs: {count: '${{ vars.x }}'}}}",
         ["E202 4:27 there is no parameter `y`"]),
        ("conditions: {c: a b}\nsteps: {a: {when: c, component: make_numbers@1}, "
         "b: {after: [a], fail: x}}",
         ["E110 4:19 `b` is not expected here"]),
        ("conditions: {a: b, b: a}\nsteps: {s: {when: a and b == 1, component: make_numbers@1}}",
         ["E306 4:17 conditions are defined by each other: `a` -> `b` -> `a`"]),
        ("conditions: {a: not a}\nsteps: {s: {when: a, component: make_numbers@1}, "
         "t: {fail: x, after: [s]}}",
         ["E306 4:21 condition `a` is defined by itself"]),
        ("steps: {a: {component: make_numbers@1, retry: {max_attempts: x}, cache: 3}}",
         ["E108 4:62 `max_attempts` must be a whole number, not text",
          "E108 4:73 `cache` must be a mapping, not a number"]),
        ("steps: {a: {component: make_numbers@1, after: a}}",
         ["E108 4:47 `after` must be a list, not text"]),
        ("parameters: {p: 3}\nsteps: {a: {when: parameters.p, component: make_numbers@1, "
         "inputs: {count: '${{ parameters.p }}'}}}",
         ["E108 4:17 parameter `p` must be a mapping, not a number"]),
        ("parameters: {p: {type: }}\nsteps: {a: {component: make_numbers@1, "
         "inputs: {count: '${{ parameters.p }}'}}}",
         ["E108 4:24 `type` must be text, not nothing"]),
        ("parameters: {p: {type: ''}}\nsteps: {a: {component: make_numbers@1, "
         "inputs: {count: '${{ parameters.p }}'}}}",
         ["E406 4:24 `` is not a type"]),
        ("steps: {a: {component: ''}}", ["E207 4:24 `` names no component"]),
        ("steps: {a: {component: make_numbers@1, fail: x}, "
         "b: {component: fit_mean@1, inputs: {numbers: '${{ steps.a.outputs.numbers }}'}}}",
         ["E212 4:40 step `a` says both `component` and `fail`"]),
        ("parameters: {d: {type: Dataset}}\nsteps: {a: {component: fit_mean@1, "
         "inputs: {numbers: 'x ${{ parameters.d }}'}}}",
         ["E407 5:61 `parameters.d` is of type Dataset and cannot be joined into text"]),
        ("parameters: {p: {type: JsonObject, default: {a: [.inf]}}}\nsteps: {a: {fail: x}}",
         ["E401 4:45 the default of `p`: JSON has no infinity, and nothing that is not a number"]),
        ("steps: {a: {component: make_numbers@1, when: steps.a.outputs.total > 1}}",
         ["E211 4:46 step `a` waits for itself"]),
    ],
)  # fmt: skip
def test_one_mistake_is_one_message(messages: Messages, body: str, said: list[str]) -> None:
    assert said == messages(body)


def test_warnings_of_what_is_unused_wait_until_there_are_no_errors(messages: Messages) -> None:
    body = """\
vars: {v: 1}
parameters: {p: {type: Integer}}
conditions: {c: parameters.q > 1}
steps: {a: {component: make_numbers@1}}
"""
    assert ["E202 6:28 there is no parameter `q`"] == messages(body)
    assert [
        "W202 4:8 nothing reads variable `v`",
        "W203 6:14 no step stands behind condition `c`",
    ] == messages(body.replace(".q", ".p"))


def test_of_very_many_errors_the_first_are_told(messages: Messages) -> None:
    steps = "".join(f"  s{n:04}: {{component: nobody}}\n" for n in range(600))
    said = messages(f"steps:\n{steps}")
    assert diagnostics.MOST + 1 == len(said)
    assert "E207 504:22 there is no component `nobody`" == said[-2]
    assert "E114 505:22 there are more than 500 errors" == said[-1]


# --- how it is shown -------------------------------------------------------------------------


def shown(text: str, start: int, end: int, **more: Any) -> str:
    source = Source("f.yaml", text)
    found = Diagnostic("E107", "m", source.span(start, end), **more)
    return diagnostics.render([found], {"f.yaml": source})


def test_carets_stand_under_the_span_past_tabs_and_wide_letters() -> None:
    assert "error[E107]: m\n --> f.yaml:1:4\n  |\n1 | \té x\n  | \t  ^\n" == shown("\té x", 3, 4)
    assert "error[E107]: m\n --> f.yaml:1:4\n  |\n1 | 日本 語x\n  |      ^^^\n" == shown(
        "日本 語x", 3, 5
    )


def test_a_span_over_lines_is_marked_to_the_end_of_its_first() -> None:
    assert "error[E107]: m\n --> f.yaml:1:3\n  |\n1 | a: [\n  |   ^^\n" == shown("a: [\n  b]", 2, 9)


def test_a_long_line_is_cut_around_the_span() -> None:
    text = "a" * 500 + " here " + "b" * 500
    lines = shown(text, 501, 505).splitlines()
    assert "1 | …" + "a" * 59 + " here " + "b" * 115 + "…" == lines[3]
    assert "  |  " + " " * 60 + "^^^^" == lines[4]


def test_control_characters_of_a_file_never_reach_the_terminal() -> None:
    source = Source("f.yaml", "a: \x1b[31m")
    found = Diagnostic("E107", "`\x1b[31m\n\t`", source.span(0, 1), "write \x07")
    text = diagnostics.render([found], {"f.yaml": source})
    assert (
        "error[E107]: `\ufffd[31m  `\n --> f.yaml:1:1\n  |\n1 | a: \ufffd[31m\n  | ^\n"
        "  = help: write \ufffd\n"
    ) == text


def test_color_marks_what_is_told() -> None:
    source = Source("f.yaml", "a")
    text = diagnostics.render([Diagnostic("W201", "m", source.span(0, 1))], {"f.yaml": source},
                              color=True)  # fmt: skip
    assert "\033[1;33mwarning[W201]\033[0m: \033[1mm\033[0m" == text.splitlines()[0]


def test_problems_are_told_in_order_of_place_and_nothing_twice() -> None:
    def at(line: int, code: str = "E107", path: str = "f") -> Diagnostic:
        return Diagnostic(code, "m", Span(path, line, 1, line, 2))

    given = [at(3), at(1), at(2, "W201"), at(2), at(1), at(1, path="a")]
    assert [at(1, path="a"), at(1), at(2), at(2, "W201"), at(3)] == ordered(given)


@pytest.mark.parametrize(
    ("name", "known", "near"),
    [
        ("trian", ["train", "test"], "train"), ("Train", ["train"], "train"),
        ("min-accuracy", ["min_accuracy"], "min_accuracy"), ("di", ["id", "pipeline"], "id"),
        ("epoch", ["epochs", "seed"], "epochs"), ("xyz", ["train"], None), ("a", [], None),
        ("x" * 2000, ["x"], None),
        ("step_0731", [f"step_{n:04}" for n in range(2000)], "step_0731"),
        ("stpe_0731", [f"step_{n:04}" for n in range(2000)], "step_0731"),
    ],
)  # fmt: skip
def test_the_nearest_name_is_suggested(name: str, known: list[str], near: str | None) -> None:
    assert near == suggest(name, known)


def test_without_a_near_name_all_are_listed() -> None:
    assert "known steps: `a`, `b`" == did_you_mean("xyz", ["b", "a"], "step")
    assert "there is no step here" == did_you_mean("xyz", [], "step")
    many = [f"{letter}{letter}" for letter in "abcdefghijklmnop"]
    listed = ", ".join(f"`{name}`" for name in many[:12])
    assert f"known steps: {listed}, …" == did_you_mean("xyz", many, "step")


# --- the command -----------------------------------------------------------------------------


def check(*words: str) -> Result:
    return CliRunner().invoke(main, ["check", *words])


def test_check_tells_machines_everything_with_these_keys(workshop: Path) -> None:
    (workshop / "dag.yaml").write_text(
        HEAD + "steps:\n  make: {component: make_numbers@1}\n"
        "  fit: {component: fit_mean@1, inputs: {numbers: '${{ steps.make.outputs.nmbers }}'}}\n"
    )
    done = check("dag.yaml", "-o", "json")
    assert (1, "") == (done.exit_code, done.stderr)
    assert {
        "schema_version": 1,
        "ignored": [],
        "summary": {
            "errors": 1,
            "warnings": 0,
            "ignored": 0,
            "definitions": 1,
            "values_files": 0,
            "components": 0,
        },
        "diagnostics": [
            {
                "code": "E203",
                "severity": "error",
                "file": "dag.yaml",
                "line": 6,
                "column": 74,
                "end_line": 6,
                "end_column": 80,
                "message": "step `make` has no output `nmbers`",
                "help": "did you mean `numbers`?",
                "related": [
                    {
                        "message": "make_numbers 1.2.0 declares `numbers`",
                        "file": "components/make_numbers/component.yaml",
                        "line": 11,
                        "column": 10,
                        "end_line": 11,
                        "end_column": 17,
                    }
                ],
            }
        ],
    } == json.loads(done.stdout)


GOOD = HEAD + "steps: {make: {component: make_numbers@1}}\n"
BAD = HEAD + "steps: {make: {component: make_number@1}}\n"


@pytest.mark.parametrize(
    ("files", "words", "status"),
    [
        ({"good.yaml": GOOD}, ["good.yaml"], 0),
        ({"good.yaml": GOOD}, ["good.yaml", "-o", "json"], 0),
        ({"good.yaml": GOOD, "bad.yaml": BAD}, ["good.yaml", "bad.yaml"], 1),
        ({}, ["gone.yaml"], 1),
        ({"good.yaml": GOOD}, ["good.yaml", "--set", "x"], 1),
        ({"good.yaml": GOOD}, ["good.yaml", "-e", "gone"], 1),
        ({"definitions/good.yaml": GOOD}, [], 0),
        ({"definitions/good.yaml": GOOD, "definitions/bad.yaml": BAD}, [], 1),
        ({"good.yaml": GOOD}, ["good.yaml", "--nothing"], 2),
        ({"good.yaml": GOOD}, ["good.yaml", "-o", "xml"], 2),
        ({"good.yaml": GOOD}, ["good.yaml", "--components", "gone"], 2),
    ],
)
def test_the_status_says_whether_the_file_or_the_command_is_wrong(
    workshop: Path, files: dict[str, str], words: list[str], status: int
) -> None:
    for name, text in files.items():
        (workshop / name).parent.mkdir(exist_ok=True)
        (workshop / name).write_text(text)
    assert status == check(*words).exit_code


def test_messages_go_to_stderr_and_the_verdict_to_stdout(workshop: Path) -> None:
    (workshop / "bad.yaml").write_text(BAD)
    done = check("bad.yaml")
    assert "" == done.stdout
    assert (
        "error[E207]: there is no component `make_number`\n --> bad.yaml:4:27\n  |\n"
        "4 | steps: {make: {component: make_number@1}}\n  |                           ^^^^^^^^^^^^^\n"
        "  = help: did you mean `make_numbers`?\n\nbad.yaml: 1 error\n"
    ) == done.stderr
