"""What is said of lists that repeated steps give, of `pick`, and of steps under `finally:`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Messages = Callable[..., list[str]]

# line 12 is the first of `more`
FRAME = """\
parameters: {{count: {{type: Integer, default: 5}}}}
conditions: {{good: steps.make.outputs.total > 3}}
steps:
  make: {{component: make_numbers, inputs: {{count: "${{{{ parameters.count }}}}"}}}}
  fit:
    component: fit_mean
    foreach: {{var: shrink, in: [0, 0.5]}}
    inputs: {{numbers: "${{{{ steps.make.outputs.numbers }}}}", shrink: "${{{{ each.shrink }}}}"}}
{more}
"""
TAKE = "take the best in a step `pick: {from: fit, lowest: loss}`, and read that"
LOSSES = "`steps.fit.outputs.loss` is a list: step `fit` is repeated and gives a Float each time"
MODELS = "`steps.fit.outputs.model` is a list: step `fit` is repeated and gives a Model each time"


def said(messages: Messages, more: str) -> list[str]:
    """Errors and W205 of FRAME with further lines."""
    return [line for line in messages(FRAME.format(more=more)) if line.startswith(("E", "W205"))]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ('  next: {component: make_numbers, inputs: {step: "${{ steps.fit.outputs.loss }}"}}',
         [f"E219 12:55 {LOSSES} ({TAKE})"]),
        ('  next: {component: announce, inputs: {model: "${{ steps.fit.outputs.model }}"}}',
         [f"E219 12:52 {MODELS} ({TAKE})"]),
        ('  next: {component: announce, inputs: {model: "${{ steps.fit.outputs.modle }}"}}',
         ["E203 12:70 step `fit` has no output `modle` (did you mean `model`?)"]),
        ("  next: {when: steps.fit.outputs.loss > 3, component: make_numbers}",
         [f"E219 12:16 {LOSSES} ({TAKE})"]),
        ("  next: {fail: 'losses ${{ steps.fit.outputs.loss }}'}",
         [f"E219 12:28 {LOSSES} ({TAKE})"]),
        ("  next: {fail: '${{ steps.fit.outputs.loss }}'}", [f"E219 12:21 {LOSSES} ({TAKE})"]),
        ('  next: {component: make_numbers, environment: {LOSS: "${{ steps.fit.outputs.loss }}"}}',
         [f"E219 12:60 {LOSSES} ({TAKE})"]),
        ("outputs: {model: '${{ steps.fit.outputs.model }}'}", [f"E219 12:23 {MODELS} ({TAKE})"]),
        ("outputs: {loss: 'is ${{ steps.fit.outputs.loss }}'}", [f"E219 12:25 {LOSSES} ({TAKE})"]),
        ("outputs: {loss: '${{ steps.fit.outputs.loss }}'}", []),
        ('  next: {component: make_numbers, resources: {cpu: "${{ steps.fit.outputs.loss }}"}}',
         ["E408 12:57 this setting is fixed at compile time and cannot read "
          "`steps.fit.outputs.loss` (use a variable: `${{ vars.NAME }}`)"]),
        ('  next: {component: make_numbers, foreach: {var: l, in: "${{ steps.fit.outputs.loss }}"},\n'
         '         inputs: {step: "${{ each.l }}"}}', []),
        ('  next: {component: fit_mean, foreach: {var: m, in: "${{ steps.fit.outputs.model }}"},\n'
         '         inputs: {numbers: "${{ steps.make.outputs.numbers }}"}}',
         [f"E219 12:58 {MODELS} ({TAKE})"]),
        ('  next: {component: make_numbers, foreach: {var: l, in: "${{ steps.next.outputs.total }}"},\n'
         '         inputs: {step: "${{ each.l }}"}}',
         ["E211 12:62 step `next` waits for itself (a step can only read steps that come before "
          "it)"]),
    ],
)  # fmt: skip
def test_a_list_goes_where_a_json_array_goes(
    messages: Messages, more: str, expected: list[str]
) -> None:
    assert expected == said(messages, more)


def test_a_step_that_runs_for_some_items_only_gives_no_list(messages: Messages) -> None:
    more = """\
  some:
    component: make_numbers
    foreach: {var: n, in: [1, 2]}
    when: each.n > 1
    inputs: {count: "${{ each.n }}"}
  best: {pick: {from: some, highest: total}}
outputs: {all: "${{ steps.some.outputs.total }}", best: "${{ steps.best.outputs.n }}"}"""
    no_list = "step `some` runs for some items only: there is no list of its outputs"
    help = "leave the items that are not wanted out of the list, rather than to a condition"
    assert [f"E219 17:38 {no_list} ({help})", f"E219 18:21 {no_list} ({help})"] == said(
        messages, more
    )


ANY = "\noutputs: {x: '${{ steps.best.outputs.loss }}'}"


@pytest.mark.parametrize(
    ("pick", "expected"),
    [
        ("{from: fit, lowest: loss}", []),
        ("{from: fti, lowest: loss}", ["E201 12:23 there is no step `fti` (did you mean `fit`?)"]),
        ("{from: fti}", [
            "E224 12:10 `pick` says neither `highest` nor `lowest` (add `highest: OUTPUT`)",
            "E201 12:23 there is no step `fti` (did you mean `fit`?)"]),
        ("{from: steps.fit, lowest: loss}",
         ["E201 12:23 there is no step `steps.fit` (did you mean `fit`?)"]),
        ("{from: fit, lowest: los}",
         ["E203 12:36 step `fit` has no output `los` (did you mean `loss`?)"]),
        ("{from: fit, lowest: outputs.loss}",
         ["E203 12:36 step `fit` has no output `outputs.loss` (did you mean `loss`?)"]),
        ("{from: fit, lowest: model}",
         ["E224 12:36 `model` is a Model: the best is found by a number (name a number that `fit` "
          "gives: `loss`)"]),
        ("{from: fit, lowest: loss, highest: loss}",
         ["E224 12:42 `pick` says both `highest` and `lowest` (keep one of them)"]),
        ("{from: fit}",
         ["E224 12:10 `pick` says neither `highest` nor `lowest` (add `lowest: loss`)"]),
        ("{from: fit, lowst: loss}",
         ["E107 12:28 unknown key `lowst` in `pick` (did you mean `lowest`?)"]),
        ("{form: fit, lowest: loss}",
         ["E107 12:17 unknown key `form` in `pick` (did you mean `from`?)"]),
        ("{lowest: loss}",
         ["E109 12:17 `pick` has no `from` (add `from:`  (the step with `foreach:` whose best "
          "repetition is taken))"]),
        ("fit", ["E108 12:16 `pick` must be a mapping, not text (write {from: fit, highest: NAME})"]),
        ("{from: [fit], lowest: loss}", ["E108 12:23 `from` must be text, not a list"]),
        ('{from: fit, lowest: "${{ parameters.count }}"}',
         ["E111 12:36 `lowest` cannot hold an expression (write the value itself; a values file "
          "can replace variables and defaults)"]),
        ("{from: make, highest: total}",
         ["E223 12:23 step `make` is not repeated: there is nothing to pick from (read it as it "
          "is, `${{ steps.make.outputs.NAME }}`, or repeat it)"]),
        ("{from: best, highest: total}",
         ["E223 12:23 step `best` is not repeated: there is nothing to pick from (read it as it "
          "is, `${{ steps.best.outputs.NAME }}`, or repeat it)"]),
    ],
)  # fmt: skip
def test_a_pick_that_is_wrong_is_told_once(
    messages: Messages, pick: str, expected: list[str]
) -> None:
    assert expected == said(messages, f"  best: {{pick: {pick}}}" + ANY)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("{pick: {from: fit, lowest: loss}, component: make_numbers}",
         ["E212 12:43 step `best` says both `pick` and `component` (make them two steps)"]),
        ("{fail: no, pick: {from: fit, lowest: loss}}",
         ["E212 12:20 step `best` says both `fail` and `pick` (make them two steps)"]),
        ("{pick: {from: fit, lowest: loss}, inputs: {a: 1}}",
         ["E225 12:43 a `pick` step takes no `inputs` (remove it)"]),
        ("{pick: {from: fit, lowest: loss}, foreach: {var: n, in: [1, 2]}}",
         ["E225 12:43 a `pick` step takes no `foreach` (remove it)"]),
        ("{pick: {from: fit, lowest: loss}, when: steps.make.outputs.total > 3, after: [make]}",
         []),
        ("{pck: {from: fit, lowest: loss}}",
         ["E107 12:10 unknown key `pck` in step `best` (did you mean `pick`?)"]),
        ("{select: {from: fit, lowest: loss}}",
         ["E107 12:10 unknown key `select` in step `best` (did you mean `pick`?)"]),
    ],
)  # fmt: skip
def test_a_pick_step_does_nothing_else(messages: Messages, step: str, expected: list[str]) -> None:
    assert expected == said(messages, f"  best: {step}")[: len(expected) or None]


def test_a_pick_gives_what_a_repetition_gives_its_item_and_its_number(messages: Messages) -> None:
    more = """\
  best: {pick: {from: fit, lowest: loss}}
  tell:
    component: announce
    inputs: {model: "${{ steps.best.outputs.model }}", text: "${{ steps.best.outputs.indx }}"}
  more:
    component: make_numbers
    inputs: {count: "${{ steps.best.outputs.index }}", step: "${{ steps.best.outputs.shrink }}",
             shape: "${{ steps.best.outputs.loss }}"}
outputs: {other: "${{ steps.best.outputs.shrinks }}"}"""
    assert [
        "E203 15:86 step `best` has no output `indx` (did you mean `index`?)",
        "E402 19:26 `steps.best.outputs.loss` is of type Float, but input `shape` takes String "
        "(only Integer widens to Float, and an artifact kind to Artifact)",
        "E203 20:42 step `best` has no output `shrinks` (did you mean `shrink`?)",
    ] == said(messages, more)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("", "add in step `best`: `when: good`"),
        (", when: parameters.count > 2", "write in step `best`: `when: good and parameters.count "
                                         "> 2`"),
        (", when: good and parameters.count > 2", None),
        (", when: not good", "`fit` never runs when `not good`: read a step that does, or change "
                             "one of the conditions"),
    ],
)  # fmt: skip
def test_a_pick_stands_behind_what_its_source_stands_behind(
    messages: Messages, when: str, expected: str | None
) -> None:
    more = f"    when: good\n  best: {{pick: {{from: fit, lowest: loss}}{when}}}"
    told = "E301 13:36 step `best` waits for `fit`, which runs only when `good` "
    found = [line for line in said(messages, more) if line.startswith("E")]
    assert ([f"{told}({expected})"] if expected else []) == found


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("{pipeline: ./other.yaml}",
         "E107 12:10 unknown key `pipeline` in step `more` (did you mean `component`?)"),
        ("{component: make_numbers, else: fit}",
         "E107 12:35 unknown key `else` in step `more` (write `when: not CONDITION`)"),
    ],
)  # fmt: skip
def test_what_others_call_it_is_told_once(messages: Messages, step: str, told: str) -> None:
    assert [told] == [line for line in said(messages, f"  more: {step}") if line[0] == "E"]


def test_what_a_step_of_two_kinds_gives_is_not_known(messages: Messages) -> None:
    step = "  best: {pick: {from: fit, lowest: loss}, component: make_numbers}"
    assert ["E212 12:43 step `best` says both `pick` and `component` (make them two steps)"] == [
        line for line in said(messages, step + ANY) if line.startswith("E")
    ]


def test_nothing_reads_a_pick(messages: Messages) -> None:
    assert [
        "W205 12:3 nothing reads an output of step `best` (remove it, or read one, as ${{ "
        "steps.best.outputs.model }})"
    ] == said(messages, "  best: {pick: {from: fit, lowest: loss}}\n")


# --- finally ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ('{component: make_numbers, inputs: {count: "${{ parameters.count }}"}}', []),
        ("{component: make_numbers, when: good}",
         ["E226 13:35 a step under `finally` takes no `when` (it runs however the others ended: "
          "let its component decide)"]),
        ("{component: make_numbers, after: [make]}",
         ["E226 13:35 a step under `finally` takes no `after` (steps under `finally:` run when "
          "all others have ended, in no order)"]),
        ("{component: make_numbers, foreach: {var: n, in: [1, 2]}}",
         ["E226 13:35 a step under `finally` takes no `foreach` (write a step for each item)"]),
        ("{fail: it is over}",
         ["E226 13:10 a step under `finally` takes no `fail` (the run has ended: it fails when a "
          "step fails, or one under `finally:` does)"]),
        ("{pick: {from: fit, lowest: loss}}",
         ["E226 13:10 a step under `finally` takes no `pick` (pick under `steps:`)"]),
        ("{}", ["E212 13:3 step `tidy` says neither `component` nor `fail` nor `pick` (add "
                "`component: NAME@1`)"]),
        ("{component: make_numbers, input: {count: 3}}",
         ["E107 13:35 unknown key `input` in step `tidy` (did you mean `inputs`?)"]),
        ('{component: make_numbers, inputs: {step: "${{ steps.make.outputs.total }}"}}',
         ["E227 13:55 step `tidy` runs even when `make` did not: it cannot read "
          "`steps.make.outputs.total` (let it read parameters, variables or facts of the run, as "
          "`${{ run.id }}`)"]),
        ('{component: fit_mean, inputs: {numbers: "${{ steps.fit.outputs.model }}"}}',
         ["E227 13:54 step `tidy` runs even when `fit` did not: it cannot read "
          "`steps.fit.outputs.model` (let it read parameters, variables or facts of the run, as "
          "`${{ run.id }}`)"]),
        ("{component: fit_mean}",
         ["E209 13:21 step `tidy` does not give `numbers` (Dataset) (add `numbers:` under "
          "`inputs:`)"]),
    ],
)  # fmt: skip
def test_a_step_that_runs_last_waits_for_nothing(
    messages: Messages, step: str, expected: list[str]
) -> None:
    assert expected == said(messages, f"finally:\n  tidy: {step}")


def test_nothing_waits_for_a_step_that_runs_last(messages: Messages) -> None:
    more = """\
  next:
    component: fit_mean
    inputs: {numbers: "${{ steps.tidy.outputs.numbers }}"}
    after: [tidy]
finally:
  tidy: {component: make_numbers}
  make: {component: make_numbers}"""
    alone = "step `tidy` runs when all others have ended: nothing"
    help = "move the step under `steps:`, or do not wait for it"
    assert [
        f"E228 14:34 {alone} can read it ({help})",
        f"E228 15:13 {alone} comes after ({help})",
        "E229 18:3 there is a step `make` already, under `steps:` (choose another name)",
    ] == said(messages, more)


# --- slips -----------------------------------------------------------------------------------

RIGHT = """\
vars: {few: [0, 0.5]}
parameters: {counts: {type: JsonArray, default: [3, 5]}}
steps:
  make: {component: make_numbers}
  fit:
    component: fit_mean
    foreach: {var: shrink, in: "${{ vars.few }}", type: Float}
    inputs: {numbers: "${{ steps.make.outputs.numbers }}", shrink: "${{ each.shrink }}"}
  best: {pick: {from: fit, lowest: loss}}
  again:
    component: make_numbers
    foreach: {var: loss, in: "${{ steps.fit.outputs.loss }}"}
    inputs: {step: "${{ each.loss }}"}
  more:
    component: make_numbers
    foreach: {var: count, in: "${{ parameters.counts }}", type: Integer}
    when: each.count > 3
    inputs: {count: "${{ each.count }}"}
  counted:
    component: make_numbers
    foreach: {var: count, in: "${{ parameters.counts }}", type: Integer}
    inputs: {count: "${{ each.count }}"}
  most: {pick: {from: counted, highest: total}}
outputs:
  shrink: ${{ steps.best.outputs.shrink }}
  count: ${{ steps.most.outputs.count }}
"""


def test_nothing_is_said_of_what_is_right(messages: Messages) -> None:
    assert [] == messages(RIGHT)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("vars: {few", "vasr: {few", "E107 4:1 unknown key `vasr` in a pipeline (did you mean `vars`?)"),
        ("{few:", "{fwe:", "E204 10:42 there is no variable `few` (did you mean `fwe`?)"),
        ("foreach: {var: shrink", "foerach: {var: shrink",
         "E107 10:5 unknown key `foerach` in step `fit` (did you mean `foreach`?)"),
        ("{var: shrink", "{vra: shrink",
         "E107 10:15 unknown key `vra` in `foreach` (did you mean `var`?)"),
        ("type: Float", "tpye: Float",
         "E107 10:51 unknown key `tpye` in `foreach` (did you mean `type`?)"),
        ("type: Float", "type: Flaot", "E222 10:57 `Flaot` is no type of items (write `Float`)"),
        ("type: Float", "type: Integer",
         "E222 4:17 a Float among items of type Integer (write `type: Float`, or mend the item)"),
        ("vars.few", "vars.fwe", "E204 10:42 there is no variable `fwe` (did you mean `few`?)"),
        ("${{ steps.fit.outputs.loss }}", "${{ steps.fit.outputs.los }}",
         "E203 15:53 step `fit` has no output `los` (did you mean `loss`?)"),
        ("${{ steps.fit.outputs.loss }}", "${{ steps.fti.outputs.loss }}",
         "E201 15:41 there is no step `fti` (did you mean `fit`?)"),
        ("from: fit", "from: fti", "E201 12:23 there is no step `fti` (did you mean `fit`?)"),
        ("lowest: loss", "lowset: loss",
         "E107 12:28 unknown key `lowset` in `pick` (did you mean `lowest`?)"),
        ("best.outputs.shrink", "best.outputs.shrnk",
         "E203 28:34 step `best` has no output `shrnk` (did you mean `shrink`?)"),
        ("most: {pick: {from: counted", "most: {pick: {from: more",
         "E219 26:38 step `more` runs for some items only: there is no list of its outputs (leave "
         "the items that are not wanted out of the list, rather than to a condition)"),
        ("most: {pick", "most: {after: [more], pick",
         "E309 26:18 step `most` waits for `more`, which runs only for some items of a list that a "
         "run brings (leave the items that are not wanted out of the list, rather than to a "
         "condition)"),
        ("${{ each.count }}\"}\n  counted", "${{ each.count.x }}\"}\n  counted",
         "E206 21:37 nothing can be taken out of `each.count` (end the name before `x`)"),
        ("when: each.count > 3", "resources: {cpu: \"${{ each.count }}\"}",
         "E408 20:27 this setting is fixed at compile time and cannot read `each.count` (write the "
         "list that the step is repeated for, or hold it in a variable)"),
    ],
)  # fmt: skip
def test_one_slip_is_told_once(messages: Messages, old: str, new: str, expected: str) -> None:
    assert old in RIGHT
    assert [expected] == messages(RIGHT.replace(old, new, 1))
