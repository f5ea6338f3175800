"""What is said of a `foreach:` that is wrong, and of names that have to do with one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from isodag import driver

Messages = Callable[..., list[str]]

WAY_OUT = "write the list, or name what holds one: a variable, or a JsonArray"
VALUES = "an item is text, a number, true or false, or a mapping of such values"


def repeated(foreach: str, inputs: str = 'count: "${{ each.c }}"', more: str = "") -> str:
    """A definition with one repeated step; its `foreach:` stands in line 7, its inputs in line 8.

    more  further lines of the step
    """
    return (
        f"vars: {{one: 3, few: [1, 2], bad: [1, -2, 5000]}}\nsteps:\n  make:\n    foreach: {foreach}\n"
        f"    component: make_numbers@1\n    inputs: {{{inputs}}}\n{more}"
    )


@pytest.mark.parametrize(
    ("foreach", "said"),
    [
        ("{var: c, in: []}", "E218 7:27 there is nothing in the list (give 1 to 100 values)"),
        (
            f"{{var: c, in: {[*range(1, 102)]}}}",
            "E218 7:27 the list has 101 items (a step is repeated at most 100 times)",
        ),
        (
            '{var: c, in: [1, "2"]}',
            "E218 7:31 a String among Integers: the items are of one type (a number in quotes is "
            "text)",
        ),
        (
            "{var: c, in: [true, 1]}",
            "E218 7:34 an Integer among Booleans: the items are of one type",
        ),
        ("{var: c, in: [1, null]}", f"E218 7:31 nothing stands where a value is due ({VALUES})"),
        ("{var: c, in: [[1], 2]}", f"E218 7:28 a list stands where a value is due ({VALUES})"),
        (
            "{var: c, in: [1, {a: 1}]}",
            "E218 7:31 a JsonObject among Integers: the items are of one type",
        ),
        (
            '{var: c, in: "${{ vars.one }}"}',
            f"E218 7:32 `vars.one` is an Integer, not a list ({WAY_OUT})",
        ),
        (
            '{var: c, in: "[1, 2]"}',
            "E108 7:27 `in` must be a list, not text (write it without quotes: [1, 2])",
        ),
        (
            '{var: c, in: "all of ${{ vars.few }}"}',
            f"E218 7:28 `in` is text, not a list ({WAY_OUT})",
        ),
        (
            '{var: c, in: "${{ each.c }}"}',
            f"E218 7:32 `in` is read before there is an `each.c` ({WAY_OUT})",
        ),
        ('{var: c, in: "${{ vars.fw }}"}', "E204 7:37 there is no variable `fw` (did you mean "
                                           "`few`?)"),
        ("{var: c, in: {a: 1}}", "E108 7:27 `in` must be a list, not a mapping (write `- ` before each item, or [ ] around them)"),
        ("{var: c, in: 3}", "E108 7:27 `in` must be a list, not a number (write [3])"),
        ("{var: c}", "E109 7:15 `foreach` has no `in` (add `in:`  (the values, 1 to 100: a list, "
                     "or `${{ vars.NAME }}` for one; or a JsonArray that a run brings, with `type:`))"),
        ("{vra: c, in: [3]}", "E107 7:15 unknown key `vra` in `foreach` (did you mean `var`?)"),
        ("[3, 4]", "E108 7:14 `foreach` must be a mapping, not a list (write `name: value`, "
                   "without the `-`)"),
        (
            "{var: C-1, in: [3]}",
            "E214 7:20 `C-1` is not a name for a loop variable (write `c_1`: a name starts with a "
            "letter and holds a-z, 0-9 and _)",
        ),
        (
            '{var: c, in: ["${{ vars.one }}"]}',
            "E111 7:28 an expression cannot stand inside a list or mapping (make the whole value "
            "one expression, or pass the parts as inputs)",
        ),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_repeated_over_is_told_once(
    messages: Messages, foreach: str, said: str
) -> None:
    assert [said] == messages(repeated(foreach))


def test_the_type_of_a_list_that_only_a_run_knows_has_to_be_said(messages: Messages) -> None:
    body = """\
parameters:
  counts: {type: JsonArray, default: [3, 5]}
  some: {type: JsonArray}
  count: {type: Integer, default: 3}
steps:
  make:
    component: make_numbers@1
    foreach: {var: c, in: "${{ parameters.counts }}"}
    inputs: {count: "${{ each.c }}", step: "${{ parameters.count }}"}
  again:
    component: make_numbers@1
    foreach: {var: c, in: "${{ parameters.some }}"}
    inputs: {count: "${{ each.c }}"}
  once_more:
    component: make_numbers@1
    foreach: {var: c, in: "${{ parameters.count }}"}
    inputs: {count: "${{ each.c }}"}
"""
    late = "is known only when the pipeline runs"
    kinds = "`type: String`, Integer, Float or Boolean"
    assert [
        f"E222 11:32 what the items of `parameters.counts` are {late} (say it beside `in`: `type: "
        "Integer`)",
        f"E222 15:32 what the items of `parameters.some` are {late} (say it beside `in`: {kinds})",
        f"E218 19:32 `parameters.count` is an Integer, not a list ({WAY_OUT})",
    ] == messages(body)


@pytest.mark.parametrize(
    ("foreach", "said"),
    [
        ('{var: c, in: "${{ parameters.counts }}", type: Integer}', None),
        ('{var: c, in: "${{ parameters.counts }}", type: Float}',
         "E402 13:26 `each.c` is of type Float, but input `count` takes Integer (only Integer "
         "widens to Float, and an artifact kind to Artifact)"),
        ('{var: c, in: "${{ parameters.counts }}", type: String}',
         "E222 5:49 item 0 of the default of `parameters.counts` is an Integer, not a String "
         "(mend one of them)"),
        ('{var: c, in: "${{ parameters.counts }}", type: Intger}',
         "E222 11:61 `Intger` is no type of items (write `Integer`)"),
        ('{var: c, in: "${{ parameters.counts }}", type: JsonObject}',
         "E222 11:61 `JsonObject` is no type of items (known types: `Boolean`, `Float`, `Integer`, "
         "`String`)"),
        ('{var: c, in: "${{ parameters.counts }}", typ: Integer}',
         "E107 11:55 unknown key `typ` in `foreach` (did you mean `type`?)"),
        ('{var: c, in: "${{ parameters.counts }}", type: "${{ vars.t }}"}',
         "E111 11:61 `type` cannot hold an expression (write the value itself; a values file can "
         "replace variables and defaults)"),
        ("{var: c, in: [1, 2], type: Integer}", None),
        ("{var: c, in: [1, 2.5], type: Integer}",
         "E222 11:31 a Float among items of type Integer (write `type: Float`, or mend the item)"),
        ("{var: c, in: [{n: 1}], type: Integer}",
         "E222 11:28 a JsonObject among items of type Integer (remove `type:`, which items that "
         "are mappings do not have)"),
        ("{var: c, in: [1, 2], type: Float}",
         "E402 13:26 `each.c` is of type Float, but input `count` takes Integer (only Integer "
         "widens to Float, and an artifact kind to Artifact)"),
        ('{var: c, in: "${{ steps.score.outputs.rows }}"}', None),
        ('{var: c, in: "${{ steps.score.outputs.rows }}", type: Integer}', None),
        ('{var: c, in: "${{ steps.score.outputs.rows }}", type: String}',
         "E222 11:68 `steps.score.outputs.rows` holds Integers, not Strings (write `type: "
         "Integer`, or leave it out)"),
        ('{var: c, in: "${{ steps.score.outputs.report }}"}',
         "E219 11:32 `steps.score.outputs.report` is a list: step `score` is repeated and gives an "
         "Artifact each time (take the best in a step `pick: {from: score, highest: accuracy}`, "
         "and read that)"),
    ],
)  # fmt: skip
def test_the_type_of_the_items_is_held_against_what_they_are(
    messages: Messages, foreach: str, said: str | None
) -> None:
    body = f"""\
vars: {{t: Integer}}
parameters: {{counts: {{type: JsonArray, default: [3, 5]}}}}
steps:
  first: {{component: make_numbers@1}}
  fit: {{component: fit_mean@1, inputs: {{numbers: "${{{{ steps.first.outputs.numbers }}}}"}}}}
  make:
    component: make_numbers@1
    foreach: {foreach}
    # the item goes to an Integer
    inputs: {{count: "${{{{ each.c }}}}"}}
  score:
    component: score_mean@2
    foreach: {{var: w, in: [1, 2]}}
    inputs:
      within: ${{{{ each.w }}}}
      model: ${{{{ steps.fit.outputs.model }}}}
      numbers: ${{{{ steps.first.outputs.numbers }}}}
"""
    found = messages(body)
    assert ([said] if said else []) == [line for line in found if not line.startswith("W20")]


def test_the_repetitions_of_all_steps_together_have_a_limit(messages: Messages) -> None:
    steps = "".join(
        f"  s{n}: {{component: make_numbers@1, foreach: {{var: c, in: '${{{{ vars.many }}}}'}}}}\n"
        for n in range(102)
    )
    body = f"vars: {{many: {[*range(100)]}}}\nsteps:\n{steps}"
    assert [
        "E218 106:59 repeated steps stand for more than 10000 steps from here on (split the "
        "definition)"
    ] == messages(body)


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (
            "[{n: 3, s: 1}, {n: 4, S: 1}, {n: 5, s: 1}]",
            ["E218 7:49 only this item has a field `S` (did you mean `s`?)"],
        ),
        (
            "[{n: 3, s: 1}, {n: 4}, {n: 5, s: 1}]",
            ["E218 7:42 this item has no `s`, which others have (add `s:`)"],
        ),
        (
            "[{n: 3, s: 1}, {n: 4, s: x}]",
            ["E218 7:52 a String among Integers: the values of `s` are of one type (a number in "
             "quotes is text)"],
        ),
        ("[{n: 3, s: [1]}]", [f"E218 7:38 a list stands where a value is due ({VALUES})"]),
        ("[{n: 3, s: 1, t: 2}]", []),
    ],
)  # fmt: skip
def test_items_that_are_mappings_have_the_same_fields(
    messages: Messages, items: str, said: list[str]
) -> None:
    inputs = 'count: "${{ each.c.n }}", step: "${{ each.c.s }}"'
    found = messages(repeated(f"{{var: c, in: {items}}}", inputs))
    assert said == [line for line in found if not line.startswith("W202")]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ('count: "${{ each.d }}"', "E217 9:31 there is no loop variable `d` (known loop variables:"
                                   " `count_of`)"),
        ('count: "${{ each.count_off }}"', "E217 9:31 there is no loop variable `count_off` (did "
                                           "you mean `count_of`?)"),
        ('count: "${{ count_of }}"', "E205 9:26 there is no name `count_of` (did you mean "
                                     "`each.count_of`?)"),
        ('count: "${{ eech.count_of }}"', "E206 9:26 names do not start with `eech` (did you mean "
                                          "`each`?)"),
        ('count: "${{ item.count_of }}"', "E206 9:26 names do not start with `item` (did you mean "
                                          "`each`?)"),
        ('count: "${{ each }}"', "E205 9:26 there is no name `each` (say what of them: "
                                 "`each.NAME`)"),
        ('count: "${{ each.count_of.x }}"', "E206 9:40 nothing can be taken out of "
                                            "`each.count_of` (end the name before `x`)"),
    ],
)  # fmt: skip
def test_a_loop_variable_that_is_not_there(messages: Messages, inputs: str, said: str) -> None:
    assert [said] == messages(repeated("{var: count_of, in: [1, 2]}", inputs))


def test_a_field_that_no_item_has(messages: Messages) -> None:
    body = repeated("{var: c, in: [{count: 1}, {count: 2}]}", 'count: "${{ each.c.cuont }}"')
    assert ["E217 9:33 loop variable `c` has no field `cuont` (did you mean `count`?)"] == messages(
        body
    )


def test_a_loop_variable_belongs_to_its_own_step(messages: Messages) -> None:
    body = """\
conditions: {big: each.c > 1}
defaults: {resources: {cpu: "${{ each.c }}"}}
steps:
  make:
    component: make_numbers@1
    foreach: {var: c, in: [1, 2]}
    inputs: {count: "${{ each.c }}"}
  stop:
    when: big
    fail: after ${{ each.c }}
outputs: {count: "${{ each.c }}"}
"""
    outside = "`each.c` stands outside a step: there is no loop variable"
    assert [
        f"E217 4:19 {outside} (write the condition in the step, under `when:`)",
        f"E217 5:34 {outside} (write it in a step with `foreach:`)",
        "E217 13:21 step `stop` is not repeated: there is no `each.c` (repeat it: `foreach: {var: "
        "c, in: [a, b]}`)",
        f"E217 14:23 {outside} (write it in a step with `foreach:`)",
    ] == messages(body)


def test_lists_of_lists_have_no_type_to_say(workshop: Path, messages: Messages) -> None:
    totals = """\
apiVersion: isodag/v1
kind: Pipeline
name: totals
parameters: {counts: {type: JsonArray, default: [3, 4]}}
steps:
  make:
    component: make_numbers@1
    foreach: {var: c, in: "${{ parameters.counts }}", type: Integer}
    inputs: {count: "${{ each.c }}"}
outputs: {totals: "${{ steps.make.outputs.total }}"}
"""
    (workshop / "totals.yaml").write_text(totals, encoding="utf-8")
    body = """\
steps:
  many:
    component: ./totals.yaml
    foreach: {var: n, in: [1, 2]}
  each_list:
    component: ./totals.yaml
    foreach: {var: some, in: "${{ steps.many.outputs.totals }}", type: Float}
"""
    assert [
        "E222 10:72 `steps.many.outputs.totals` holds JsonArrays, not Floats (leave `type:` out)"
    ] == [line for line in messages(body) if line.startswith("E")]


def test_a_list_of_its_own_repetitions_is_told_once(workshop: Path, messages: Messages) -> None:
    body = """\
steps:
  make:
    component: make_numbers@1
    foreach: {var: c, in: "${{ steps.make.outputs.total }}", type: Integer}
    inputs: {count: "${{ each.c }}"}
"""
    own = "E211 7:32 step `make` waits for itself (a step can only read steps that come before it)"
    assert [own] == [line for line in messages(body) if line.startswith("E")]


def test_names_that_two_steps_share_by_an_alias_belong_to_each(messages: Messages) -> None:
    body = """\
steps:
  one:
    component: make_numbers@1
    foreach: {var: c, in: [1, 2]}
    inputs: &same {count: "${{ each.c }}"}
  two:
    component: make_numbers@1
    foreach: {var: c, in: [3, -4]}
    inputs: *same
  three:
    component: make_numbers@1
    inputs: *same
"""
    assert [
        "E217 8:32 step `three` is not repeated: there is no `each.c` (repeat it: `foreach: {var: "
        "c, in: [a, b]}`)",
        "E403 11:31 input `count`: -4 is below the minimum 1",
    ] == messages(body)


@pytest.mark.parametrize(
    ("items", "inputs", "said"),
    [
        ("[1, 0, 5, -3]", 'count: "${{ each.c }}"', [
            "E403 7:31 input `count`: 0 is below the minimum 1",
            "E403 7:37 input `count`: -3 is below the minimum 1",
        ]),
        ("[line, sqare]", 'shape: "${{ each.c }}"', [
            "E403 7:34 input `shape`: `sqare` is none of `line`, `square` (did you mean "
            "`square`?)",
        ]),
        ("[3, 4]", 'shape: "${{ each.c }}"', [
            'E401 7:28 input `shape` must be of type String, not Integer (quote it: "3")',
            'E401 7:31 input `shape` must be of type String, not Integer (quote it: "4")',
        ]),
        ("[line, qare]", 'shape: "s${{ each.c }}"', [
            "E403 9:22 input `shape`: `sline` is none of `line`, `square` (did you mean `line`?)",
            "E403 9:22 input `shape`: `sqare` is none of `line`, `square` (did you mean "
            "`square`?)",
        ]),
        ("[1, 2.5]", 'step: "${{ each.c }}"', []),
        ('"${{ vars.bad }}"', 'count: "${{ each.c }}"', [
            "E403 4:38 input `count`: -2 is below the minimum 1",
            "E403 4:42 input `count`: 5000 is above the maximum 1000",
        ]),
    ],
)  # fmt: skip
def test_every_item_is_held_against_the_input_it_goes_to(
    messages: Messages, items: str, inputs: str, said: list[str]
) -> None:
    found = messages(repeated(f"{{var: c, in: {items}}}", inputs))
    assert said == [line for line in found if not line.startswith("W202")]


def test_a_setting_that_an_item_makes_wrong_is_told_at_the_item(messages: Messages) -> None:
    more = '    resources: {cpu: "${{ each.c }}"}\n'
    assert ["E410 7:31 `cpu` is -2, which no machine has"] == messages(
        repeated("{var: c, in: [1, -2]}", "step: 1", more)
    )


def test_a_fail_step_cannot_be_repeated(messages: Messages) -> None:
    body = "steps:\n  stop: {fail: 'no ${{ each.c }}', foreach: {var: c, in: [1, 2]}}\n"
    assert ["E216 5:36 a `fail` step takes no `foreach` (remove it)"] == messages(body)


def test_a_step_cannot_come_after_its_own_repetitions(messages: Messages) -> None:
    assert [
        "E211 10:13 step `make` waits for itself (a step can only read steps that come before it)"
    ] == messages(repeated("{var: c, in: [1, 2]}", more="    after: [make]\n"))


def test_the_graph_is_not_overridable(workshop: Path, messages: Messages) -> None:
    values = "apiVersion: isodag/v1\nkind: Values\nsteps: {make: {foreach: {var: c, in: [9]}}}\n"
    (workshop / "other.yaml").write_text(values)
    found = messages(repeated("{var: c, in: [1, 2]}"), ["other.yaml"])
    assert [
        "E220 3:16 a values file cannot say `foreach`: only the definition does (let the "
        "definition read `${{ vars.NAME }}` there, and give `vars:` here)"
    ] == [line for line in found if line.startswith("E")]


def test_a_wrong_item_of_a_values_file_is_told_there(workshop: Path) -> None:
    values = "apiVersion: isodag/v1\nkind: Values\nvars: {few: [1, 0]}\n"
    (workshop / "other.yaml").write_text(values)
    head = "apiVersion: isodag/v1\nkind: Pipeline\nname: numbers\n"
    (workshop / "dag.yaml").write_text(head + repeated('{var: c, in: "${{ vars.few }}"}'))
    found = driver.load("dag.yaml", ["other.yaml"]).diagnostics
    assert [("E403", ("other.yaml", 3, 17))] == [
        (item.code, item.span[:3]) for item in found if item.severity == "error"
    ]
