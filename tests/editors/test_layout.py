"""What `isodag fmt` makes of this and that: before and after, in full."""

from __future__ import annotations

import pytest

from isodag import driver, layout
from isodag.source import Source

TARGETS = {name: target.KEYS for name, target in driver.TARGETS.items()}
HEAD = "apiVersion: isodag/v1\nkind: Pipeline\nname: x\n"


def laid(text: str) -> layout.Laid:
    return layout.lay_out(Source("dag.yaml", text), TARGETS)


CASES = {
    "keys of isodag in order": (
        "name: x\nkind: Pipeline\nsteps:\n  b: {inputs: {z: 1, a: 2}, component: c@1, when: ok}\n  a: {fail: no}\n"
        "apiVersion: isodag/v1\n",
        HEAD + "\nsteps:\n  b: {when: ok, component: c@1, inputs: {z: 1, a: 2}}\n  a: {fail: no}\n",
    ),
    "comments go with their keys": (
        "# yaml-language-server: $schema=pipeline.schema.json\n# What it is.\n\n# the name\nname: x # short\n"
        "kind: Pipeline\napiVersion: isodag/v1\nsteps:\n  a:\n    # one\n    inputs: # two\n      # three\n      x: 1\n"
        "      # four\n    # five\n    component: c@1 # six\n  # seven\n# eight\n",
        "# yaml-language-server: $schema=pipeline.schema.json\n# What it is.\n\napiVersion: isodag/v1\nkind: Pipeline\n"
        "# the name\nname: x # short\n\nsteps:\n  a:\n    # five\n    component: c@1 # six\n    # one\n    inputs: # two\n"
        "      # three\n      x: 1\n      # four\n  # seven\n# eight\n",
    ),
    "free keys go with the key that follows": (
        HEAD + "targets: {kfp: *k}\nx-late: 1\nsteps: {a: {fail: no}}\n".replace("*k", "{}") + "x-last: 2\n",
        HEAD + "x-late: 1\nsteps: {a: {fail: no}}\ntargets: {kfp: {}}\nx-last: 2\n",
    ),
    "an alias stays behind its anchor": (
        HEAD + "targets: &t {kfp: {}}\nsteps: {a: {targets: *t}}\n",
        HEAD + "targets: &t {kfp: {}}\nsteps: {a: {targets: *t}}\n",
    ),
    "indentation": (
        HEAD + "steps:\n      a:\n            after:\n                - b\n                -   c\n            fail: no\n",
        HEAD + "\nsteps:\n  a:\n    after:\n    - b\n    - c\n    fail: no\n",
    ),
    "blocks apart, one empty line at most": (
        "\n\n" + HEAD + "vars:\n\n\n  a: 1\n\n\n  b: 2\n\noutputs: {a: b}\nsteps:\n  a: {fail: no}\n\n\n",
        HEAD + "\nvars:\n  a: 1\n\n  b: 2\n\nsteps:\n  a: {fail: no}\n\noutputs: {a: b}\n",
    ),
    "quotes where they are needed": (
        HEAD + """\
vars:
  a: "text"
  b: 'it''s'
  c: "on"
  d: '1:30'
  e: "1.0.0"
  f: "${{ vars.a }}"
  g: {h: "${{ vars.a }}", i: 'a, b', "j": "k"}
  l: "a: b"
  m: 'say "a: b"'
  n: on
  o: ""
  p: "tab\\tbed"
""",
        HEAD + """
vars:
  a: text
  b: it's
  c: "on"
  d: "1:30"
  e: "1.0.0"
  f: ${{ vars.a }}
  g: {h: "${{ vars.a }}", i: "a, b", j: k}
  l: "a: b"
  m: 'say "a: b"'
  n: on
  o: ""
  p: "tab\\tbed"
""",
    ),
    "what does not fit into a line becomes a block": (
        HEAD + "parameters:\n  a: {type: String, description: " + 9 * "more words " + "to say}\n"
        "  b: {type: String,\n    default: x}\n  c: {type: String, # why\n    default: [1,\n      2]}\n",
        HEAD + "\nparameters:\n  a:\n    type: String\n    description: " + 9 * "more words " + "to say\n"
        "  b: {type: String, default: x}\n  c:\n    type: String # why\n    default: [1, 2]\n",
    ),
    "but not from beside a comment on ignoring": (
        HEAD + "parameters:\n  a: {type: String, description: " + 9 * "more words " + "to say} # isodag: ignore[W201] it is so\n",
        HEAD + "\nparameters:\n  a: {type: String, description: " + 9 * "more words " + "to say} # isodag: ignore[W201] it is so\n",
    ),
    "texts of several lines": (
        HEAD + "description: one\n           two\n\n           three\nvars:\n  a: |   # code\n       x\n         y\n\n  b: >-\n   z\n"
        "  c: |2\n      w\n  d: 'one\n      two'\n",
        HEAD + "description: one\n  two\n\n  three\n\nvars:\n  a: | # code\n    x\n      y\n\n  b: >-\n    z\n"
        "  c: |2\n      w\n  d: 'one\n    two'\n",
    ),
    "lists in lists, and what stands above a dash": (
        HEAD + "vars:\n  a:\n  -\n    # why\n    b: 1\n    c: 2\n  - - 1\n    - 2\n  - # none\n  - &x\n    d: 1\n  - *x\n  # end\n",
        HEAD + "\nvars:\n  a:\n  # why\n  - b: 1\n    c: 2\n  - - 1\n    - 2\n  - # none\n  - &x\n    d: 1\n  - *x\n  # end\n",
    ),
    "a component spec": (
        "implementation:\n    container:\n        command: [python3]\n        image: i\noutputs:\n  - type: Model\n    name: m\nname: c\n",
        "name: c\n\noutputs:\n- type: Model\n  name: m\n\nimplementation:\n  container:\n    image: i\n    command: [python3]\n"
        .replace("- type: Model\n  name: m", "- name: m\n  type: Model"),
    ),
    "a binding": (
        "outputs: {a: B}\narguments:\n  X: 1\nstep: Training\n",
        "step: Training\n\narguments:\n  X: 1\n\noutputs: {a: B}\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_file_is_laid_out(name: str) -> None:
    before, after = CASES[name]
    assert after == laid(before).text
    assert after == laid(after).text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\n", "1:1 this is no definition, values file or component"),
        ("- a\n", "1:1 this is no definition, values file or component"),
        ("kind: Deployment\napiVersion: apps/v1\n", "1:1 this is no definition, values file or component"),
        (HEAD + "? vars\n: {}\n", "4:1 a key after `?`: write `key: value`"),
        (HEAD + "vars: {&a b: 1}\n", "4:8 a key is an alias, or has an anchor or a tag"),
        (HEAD + "? \n: 1\n", "4:1 a key after `?`: write `key: value`"),
        (HEAD + "vars: {a\n  b}\n", "4:8 a key is empty, or longer than a line"),
        (HEAD + "vars:\n  a: |+\n    b\n\n", "5:6 `+` keeps the empty lines after this text: write it in quotes"),
        ("%YAML 1.2\n---\n" + HEAD, "1:1 a directive: isodag reads YAML 1.2 without it"),
        (HEAD + 'vars: {a: "b\u2028c"}\n', "4:13 a line ends in a character that is not a line feed"),
    ],
)  # fmt: skip
def test_what_cannot_be_laid_out_without_a_loss_is_refused(text: str, said: str) -> None:
    found = laid(text)
    assert found.text is None and found.refusal is not None
    message, span = found.refusal
    assert said == f"{span.line}:{span.column} {message}"


def test_what_yaml_cannot_read_is_told_by_its_code() -> None:
    found = laid(HEAD + "vars: {a: 1, a: 2}\n")
    assert (None, ["E103"]) == (found.text, [item.code for item in found.diagnostics])
