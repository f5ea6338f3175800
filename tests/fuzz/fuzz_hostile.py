"""Files made to break a reader: what is written where, by name.

`tests/fuzz/test_hostile_files.py` reads a small form of each, `tests/bench/hostile.py` a megabyte of
each in a process of its own, and measures it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count, takewhile
from pathlib import Path

HEAD = b"apiVersion: isodag/v1\nkind: Pipeline\nname: x\n"
STEPS = b"steps: {a: {fail: x}}\n"
VALUES = b"apiVersion: isodag/v1\nkind: Values\n"
SPEC = b"name: x\ninputs:\n- {name: a, type: String, default: b}\n"
CONTAINER = b"implementation:\n  container: {image: x, command: [x], args: [{inputValue: a}]}\n"
USER = HEAD + b"steps: {a: {component: ./part}}\n"

Make = Callable[[int], bytes]  # about so many bytes of it


def filled(size: int, row: Callable[[int], bytes], head: bytes = b"", tail: bytes = b"") -> bytes:
    """Rows 0, 1, 2, … until there are `size` bytes of them, between a head and a tail."""
    rows, total = [], 0
    for index in count():
        rows.append(row(index))
        total += len(rows[-1])
        if total >= size:
            return head + b"".join(rows) + tail
    raise AssertionError


def times(text: bytes, size: int) -> bytes:
    """A text again and again, `size` bytes at most."""
    return text * (size // len(text))


def _aliases(size: int) -> bytes:
    rows = (
        b"%s: &%s [%s]\n" % (name, name, b", ".join([b"*" + before] * 9))
        for before, name in zip(_letters(), list(_letters())[1:], strict=False)
    )
    bomb = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(rows)
    return bomb + filled(size - len(bomb), lambda n: b"k%d: *z\n" % n)


def _letters() -> Iterator[bytes]:
    return (bytes([letter]) for letter in range(ord("a"), ord("z") + 1))


def _gated(size: int) -> bytes:
    head = (
        HEAD + b"parameters: {p: {type: Boolean, default: true}}\nconditions: {c: parameters.p}\n"
    )
    return filled(size, lambda n: b"  s%d: {when: c, component: make_numbers@1, inputs: {count: 3}}\n" % n,
                  head + b"steps:\n")  # fmt: skip


def _gated_chain(size: int) -> bytes:
    def row(n: int) -> bytes:
        before = b"make" if n == 0 else b"s%d" % (n - 1)
        return (
            b'  s%d: {component: fit_mean@1, when: c, after: [%s], inputs: {numbers: "${{ steps.make.outputs.numbers }}"}}\n'
            % (n, before)
        )

    head = (
        HEAD + b"parameters: {p: {type: Boolean, default: true}}\nconditions: {c: parameters.p}\n"
    )
    return filled(size, row, head + b"steps:\n  make: {component: make_numbers@1}\n")


DEFINITIONS: dict[str, Make] = {
    # --- bytes ---
    "tabs": lambda size: times(b"\t", size),
    "NUL": lambda size: times(b"\0", size),
    "blanks": lambda size: times(b" ", size),
    "line ends": lambda size: times(b"\n", size),
    "carriage returns": lambda size: times(b"\r", size),
    "UTF-16": lambda size: (HEAD + STEPS + times(b"# x\n", size // 2)).decode().encode("utf-16"),
    "UTF-16 without BOM": lambda size: (HEAD + times(b"# x\n", size // 2)).decode().encode("utf-16le"),
    "UTF-32": lambda size: (HEAD + times(b"# x\n", size // 4)).decode().encode("utf-32"),
    "bytes 0xff": lambda size: times(b"\xff", size),
    "half characters": lambda size: HEAD + times(b"\xe6\x97", size),
    "byte order marks": lambda size: times("\ufeff".encode(), size),
    "line separators": lambda size: HEAD + b"description: '" + times("\u2028".encode(), size) + b"'",
    "control characters": lambda size: HEAD + b'description: "' + times(b"\\u0007", size) + b'"',
    "wide characters": lambda size: HEAD + b"steps: {a: {fail: x, when: " + times("日".encode(), size),
    "combining characters": lambda size: HEAD + b"steps: {" + times("e\u0301".encode(), size),
    "quotes": lambda size: times(b"'", size) + b"'",
    "backslashes": lambda size: b'a: "' + times(b"\\", size),
    "hashes": lambda size: times(b"#", size),
    "comments": lambda size: HEAD + STEPS + times(b"# c\n", size),
    "percents": lambda size: times(b"%\n", size),
    "directives": lambda size: times(b"%TAG !a! tag:a\n", size) + b"--- x",
    # --- structure ---
    "[": lambda size: times(b"[", size),
    "{": lambda size: times(b"{", size),
    "[ ]": lambda size: times(b"[", size // 2) + times(b"]", size // 2),
    "[{": lambda size: times(b"[{", size),
    "- ": lambda size: times(b"- ", size),
    "-": lambda size: times(b"-\n", size),
    "? ": lambda size: times(b"? ", size),
    "? -": lambda size: times(b"? - ", size),
    "{a: ": lambda size: times(b"{a: ", size),
    ": ": lambda size: times(b": ", size),
    ", ": lambda size: b"[" + times(b",", size) + b"]",
    "[[], ": lambda size: b"[" + times(b"[],", size) + b"]",
    "a deeper line each": lambda size: b"".join(b" " * n + b"a:\n" for n in range(int((2 * size) ** 0.5))),
    "&": lambda size: times(b"&a ", size),
    "anchors": lambda size: filled(size, lambda n: b"k%d: &a%d x\n" % (n, n), HEAD),
    "one anchor": lambda size: filled(size, lambda n: b"k%d: &a x\n" % n, HEAD),
    "aliases of nothing": lambda size: times(b"*a\n", size),
    "alias bomb": _aliases,
    "aliases of aliases": lambda size: filled(
        size, lambda n: b"a%d: &a%d [*a%d]\n" % (n + 1, n + 1, n), b"a0: &a0 [x]\n"
    ),
    "an alias of itself": lambda size: b"a: &a [" + times(b"*a, ", size) + b"]",
    "merge keys": lambda size: filled(size, lambda n: b"k%d: {<<: *m}\n" % n, HEAD + b"m: &m {x: y}\n"),
    "merge keys in one mapping": lambda size: b"m: &m {x: y}\na:\n" + times(b"  <<: *m\n", size),
    "documents": lambda size: times(b"--- a\n", size),
    "tags": lambda size: times(b"!a ", size),
    "a long tag": lambda size: b"a: !" + times(b"t", size) + b" x",
    "a list of texts": lambda size: HEAD + b"vars: {v: [" + times(b"a,", size) + b"]}\n" + STEPS,
    "a list of nothing": lambda size: HEAD + b"vars: {v: [" + times(b"~,", size) + b"]}\n" + STEPS,
    "keys of one character": lambda size: filled(size, lambda n: bytes([97 + n % 26]) + b": 1\n"),
    "unknown keys": lambda size: filled(size, lambda n: b"k%d: 1\n" % n, HEAD),
    "empty keys": lambda size: HEAD + times(b"? \n: x\n", size),
    "keys that are lists": lambda size: HEAD + b"vars: {" + times(b"[a]: 1, ", size) + b"}",
    # --- scalars ---
    "a text": lambda size: times(b"x", size),
    "a description": lambda size: HEAD + b"description: " + times(b"x", size) + b"\n" + STEPS,
    "a folded description": lambda size: HEAD + b"description: >\n" + times(b"  x\n", size) + STEPS,
    "a literal message": lambda size: HEAD + b"steps:\n  a:\n    fail: |\n" + times(b"      x\n", size),
    "a block of expressions": lambda size: HEAD + b"steps:\n  a:\n    fail: >-\n"
    + times(b"      ${{ vars.a }}\n", size),
    "a key": lambda size: b"? " + times(b"k", size),
    "a name": lambda size: HEAD + b"steps:\n  ? " + times(b"n", size) + b"\n  : {fail: x}\n",
    "a bad name": lambda size: HEAD + b"steps:\n  ? " + times(b"N-", size) + b"\n  : {fail: x}\n",
    "a pipeline's name": lambda size: b"apiVersion: isodag/v1\nkind: Pipeline\nname: " + times(b"A-", size)
    + b"\n" + STEPS,
    "a component's name": lambda size: HEAD + b"steps: {a: {component: " + times(b"c", size) + b"}}",
    "blanks in a component's name": lambda size: HEAD + b"steps: {a: {component: 'a" + times(b" ", size) + b"!'}}",
    "a component's path": lambda size: HEAD + b"steps: {a: {component: ./" + times(b"c/", size) + b"}}",
    "a version": lambda size: HEAD + b"steps: {a: {component: make_numbers@" + times(b"1.", size) + b"}}",
    "a type": lambda size: HEAD + b"parameters: {p: {type: " + times(b"T", size) + b"}}\n" + STEPS,
    "digits": lambda size: HEAD + b"vars: {x: " + times(b"9", size) + b"}\n" + STEPS,
    "digits as a default": lambda size: HEAD + b"parameters: {p: {type: Integer, default: "
    + times(b"9", size) + b"}}\nsteps: {a: {fail: '${{ parameters.p }}'}}",
    "octal digits": lambda size: HEAD + b"vars: {x: 0o" + times(b"7", size) + b"}\n" + STEPS,
    "numbers of 4,000 digits": lambda size: filled(
        size, lambda n: b"%d, " % n + b"9" * 3990 + b",", HEAD + b"vars: {v: [", b"1]}\n" + STEPS
    ),
    "limits of 4,000 digits": lambda size: filled(
        size, lambda n: b"  p%d: {type: Float, minimum: %s}\n" % (n, b"9" * 4000), HEAD + b"parameters:\n"
    ) + STEPS,
    "an exponent": lambda size: HEAD + b"vars: {x: 1e" + times(b"9", size) + b"}\n" + STEPS,
    "a default of 1e999999": lambda size: filled(
        size, lambda n: b"  p%d: {type: Float, default: 1e999999}\n" % n, HEAD + b"parameters:\n", STEPS
    ),
    "a default of 1e300 as Integer": lambda size: filled(
        size, lambda n: b"  p%d: {type: Integer, default: 1e300}\n" % n, HEAD + b"parameters:\n", STEPS
    ),
    "a deep default": lambda size: HEAD + b"parameters: {p: {type: JsonArray, default: "
    + times(b"[", size // 2) + times(b"]", size // 2) + b"}}\n" + STEPS,
    "a deep default as text": lambda size: HEAD + b"parameters: {p: {type: JsonArray, default: '"
    + times(b"[", size // 2) + times(b"]", size // 2) + b"'}}\n" + STEPS,
    "a wide default": lambda size: HEAD + b"parameters: {p: {type: JsonObject, default: {"
    + filled(size, lambda n: b"k%d: 1, " % n) + b"}}}\nsteps: {a: {fail: x}}",
    # --- expressions ---
    "expressions": lambda size: HEAD + b"steps: {a: {fail: '" + times(b"${{ a.b }}", size) + b"'}}",
    "expressions, one a step": lambda size: filled(
        size, lambda n: b"  s%d: {fail: '${{ a.b }}'}\n" % n, HEAD + b"steps:\n"
    ),
    "open expressions": lambda size: HEAD + b"steps: {a: {fail: '" + times(b"${{ ", size) + b"'}}",
    "open expressions, no quotes": lambda size: HEAD + b"steps: {a: {fail: " + times(b"${{ ", size),
    "expressions, no quotes": lambda size: HEAD + b"steps: {a: {fail: " + times(b"${{ a }} ", size) + b"}}",
    "quotes in an expression": lambda size: HEAD + b'steps: {a: {fail: "${{ ' + times(b"'", size) + b'"}}',
    "( in an expression": lambda size: HEAD + b"steps: {a: {fail: x, when: '" + times(b"(", size) + b"'}}",
    "( in a short expression": lambda size: HEAD + b"steps: {a: {fail: x, when: '" + b"(" * 9999 + b"'}}",
    "or in an expression": lambda size: HEAD + b"steps: {a: {fail: x, when: a" + times(b" or a", size) + b"}}",
    "or in short expressions": lambda size: filled(
        size, lambda n: b"  s%d: {fail: x, when: p%s}\n" % (n, b" or parameters.p" * 600), HEAD
        + b"parameters: {p: {type: Boolean}}\nsteps:\n"
    ),
    "comparisons in short expressions": lambda size: filled(
        size,
        lambda n: b"  s%d: {fail: x, when: %s}\n"
        % (n, b" and ".join(b"parameters.p != %d" % (n + m) for m in range(400))),
        HEAD + b"parameters: {p: {type: Integer}}\nsteps:\n",
    ),
    "not in an expression": lambda size: HEAD + b"steps: {a: {fail: x, when: " + times(b"not ", size) + b"a}}",
    "not in short expressions": lambda size: filled(
        size, lambda n: b"  s%d: {fail: x, when: %sa}\n" % (n, b"not " * 2400), HEAD + b"steps:\n"
    ),
    "a long list in an expression": lambda size: filled(
        size, lambda n: b"  s%d: {fail: x, when: 'parameters.p in [%s1]'}\n" % (n, b"1," * 4900), HEAD
        + b"parameters: {p: {type: Integer}}\nsteps:\n"
    ),
    "a long number in an expression": lambda size: filled(
        size, lambda n: b"  s%d: {fail: x, when: parameters.p > %s}\n" % (n, b"9" * 9000), HEAD + b"steps:\n"
    ),
    "a long name in an expression": lambda size: filled(
        size, lambda n: b"  s%d: {fail: x, when: %sx}\n" % (n, b"a." * 4900), HEAD + b"steps:\n"
    ),
    "blanks in an expression": lambda size: HEAD + b"steps: {a: {fail: x, when: '${{ a }} b" + times(b" ", size)
    + b"c'}}",
    "blanks in short conditions, half wrapped": lambda size: filled(
        size, lambda n: b"  c%d: '${{ a }}%sb'\n" % (n, b" " * 9900), HEAD + b"conditions:\n", STEPS
    ),
    "digits in short conditions": lambda size: filled(
        size, lambda n: b"  c%d: a < %sx\n" % (n, b"1" * 9900), HEAD + b"conditions:\n", STEPS
    ),
    "a condition half wrapped": lambda size: HEAD + b"steps: {a: {fail: x, when: 'a ${{ "
    + times(b"b }} ${{ ", size) + b"'}}",
    # --- many things ---
    "steps": lambda size: filled(size, lambda n: b"  s%d: {fail: x}\n" % n, HEAD + b"steps:\n"),
    "gated steps": _gated,
    "a chain of gated steps": _gated_chain,
    "a chain of steps": lambda size: filled(
        size, lambda n: b"  s%d: {fail: x, after: [s%d]}\n" % (n + 1, n), HEAD + b"steps:\n  s0: {fail: x}\n"
    ),
    "a ring of steps": lambda size: filled(
        size, lambda n: b"  s%d: {fail: x, after: [s%d]}\n" % (n + 1, n),
        HEAD + b"steps:\n  s0: {fail: x, after: [s%d]}\n" % min(9000, size // 40),
    ),
    "steps after all before": lambda size: b"".join(
        [HEAD, b"steps:\n", *(
            b"  s%d: {fail: x, after: [%s]}\n" % (n, b",".join(b"s%d" % m for m in range(n)))
            for n in takewhile(lambda n: n * n * 2.5 < size, count())
        )]
    ),
    "conditions that double": lambda size: filled(
        size, lambda n: b"  c%d: c%d and c%d\n" % (n + 1, n, n),
        HEAD + b"parameters: {p: {type: Boolean}}\nconditions:\n  c0: parameters.p\n",
        b"steps: {a: {fail: x, when: c300}}",
    ),
    "a chain of conditions": lambda size: filled(
        size, lambda n: b"  c%d: not c%d\n" % (n + 1, n),
        HEAD + b"parameters: {p: {type: Boolean}}\nconditions:\n  c0: parameters.p\n",
        b"steps: {a: {fail: x, when: c300}}",
    ),
    "conditions of each other": lambda size: filled(
        size, lambda n: b"  c%d: c%d or c%d\n" % (n, n + 1, n + 2), HEAD + b"conditions:\n", STEPS
    ),
    "gates in gates": lambda size: filled(
        size, lambda n: b"  s%d: {fail: x, when: %s}\n" % (n, b" and ".join(b"c%d" % m for m in range(50))),
        HEAD + b"parameters: {p: {type: Integer}}\nconditions:\n"
        + b"".join(b"  c%d: parameters.p > %d\n" % (m, m) for m in range(50)) + b"steps:\n",
    ),
    "misspelt steps": lambda size: filled(
        size, lambda n: b"  s%d: {fail: x, after: [t%dx]}\n" % (n, n), HEAD + b"steps:\n"
    ),
    "misspelt parameters": lambda size: filled(
        size, lambda n: b"  parameter_number_%d: {type: String}\n" % n, HEAD + b"parameters:\n",
        b"steps:\n" + b"".join(b"  s%d: {fail: '${{ parameters.parameter_mumber_%d }}'}\n" % (n, n)
                               for n in range(size // 100)),
    ),
    "misspelt variables": lambda size: filled(
        size // 2, lambda n: b"  variable_number_%d: 1\n" % n, HEAD + b"vars:\n",
        b"steps:\n" + b"".join(b"  s%d: {fail: '${{ vars.variable_mumber_%d }}'}\n" % (n, n)
                               for n in range(min(2000, size // 100))),
    ),
    "names without a likeness": lambda size: filled(
        size // 2, lambda n: b"  %s%d: {fail: x}\n" % (b"ab" * 40, n), HEAD + b"steps:\n",
        b"".join(b"  t%d: {fail: x, after: [%s%d]}\n" % (n, b"ba" * 40, n) for n in range(size // 240)),
    ),
    "parameters with a pattern": lambda size: filled(
        size, lambda n: b"  p%d: {type: String, default: x%d, pattern: '^[a-z]+%d(-[a-z0-9]+)*$'}\n" % (n, n, n),
        HEAD + b"parameters:\n", STEPS,
    ),
    "parameters with a hungry pattern": lambda size: filled(
        size, lambda n: b"  p%d: {type: String, default: %s, pattern: '^(a+)+$'}\n" % (n, b"a" * 40 + b"b"),
        HEAD + b"parameters:\n", STEPS,
    ),
    "a hungry pattern and a long text": lambda size: HEAD + b"parameters: {p: {type: String, pattern: '^(a|aa)+$',"
    b" default: " + times(b"a", size) + b"b}}\n" + STEPS,
    "a pattern of much backtracking": lambda size: HEAD + b"parameters: {p: {type: String, pattern: "
    b"'a*a*a*a*b', default: " + times(b"a", size) + b"}}\n" + STEPS,
    "a long pattern": lambda size: HEAD + b"parameters: {p: {type: String, pattern: '" + times(b"(a|b)?", size)
    + b"', default: a}}\n" + STEPS,
    "a deep pattern": lambda size: HEAD + b"parameters: {p: {type: String, pattern: '"
    + times(b"(", size // 2) + times(b")", size // 2) + b"', default: a}}\n" + STEPS,
    "a pattern of huge counts": lambda size: HEAD + b"parameters: {p: {type: String, pattern: "
    b"'((a{1,9999}){1,9999}){1,9999}$', default: " + times(b"a", size) + b"b}}\n" + STEPS,
    "long enums": lambda size: HEAD + b"parameters:\n" + b"".join(
        b"  p%d: {type: String, default: zz, enum: [%s]}\n" % (n, b",".join(b"a%d" % m for m in range(n, n + 300)))
        for n in range(size // 1500)
    ) + STEPS,
    "parameters": lambda size: filled(
        size, lambda n: b"  p%d: {type: String}\n" % n, HEAD + b"parameters:\n", STEPS
    ),
    "variables": lambda size: filled(
        size, lambda n: b"  v%d: 1\n" % n, HEAD + b"vars:\n", b"steps: {a: {fail: '${{ vars.v }}'}}"
    ),
    "unknown inputs": lambda size: HEAD + b"steps: {a: {component: make_numbers@1, inputs: {"
    + filled(size, lambda n: b"i%d: 1, " % n) + b"}}}",
    "unknown components": lambda size: filled(
        size, lambda n: b"  s%d: {component: make_numbres%d}\n" % (n, n), HEAD + b"steps:\n"
    ),
    "unknown component files": lambda size: filled(
        size, lambda n: b"  s%d: {component: ./prat%d}\n" % (n, n), HEAD + b"steps:\n"
    ),
    "outputs": lambda size: filled(
        size, lambda n: b"  o%d: ${{ steps.a.outputs.x }}\n" % n, HEAD + STEPS + b"outputs:\n"
    ),
    "a loop of many values": lambda size: HEAD + b"steps:\n  a: {component: make_numbers@1, foreach: {var: v, in: ["
    + filled(size, lambda n: b"%d," % n) + b"]}, inputs: {count: '${{ each.v }}'}}\n",
    "many loops of a variable": lambda size: filled(
        size,
        lambda n: b"  s%d: {component: make_numbers@1, foreach: {var: v, in: '${{ vars.v }}'}, inputs: {count: "
        b"'${{ each.v }}'}}\n" % n,
        HEAD + b"vars: {v: [" + b"1, " * 900 + b"2]}\nsteps:\n",
    ),
    "comments that ignore": lambda size: HEAD + STEPS + times(b"# isodag: ignore[W201, W202] a reason\n", size),
    "wrong comments that ignore": lambda size: HEAD + STEPS + times(b"# isodag: ignore[E1, W, , x\n", size),
    "secrets": lambda size: HEAD + b"parameters: {p: {type: Secret}}\nsteps: {a: {component: make_numbers@1, "
    b"secret_env: {" + filled(size, lambda n: b"A%d: '${{ parameters.p }}', " % n) + b"}}}\n",
    "credentials": lambda size: filled(
        size, lambda n: b"  v%d: AKIA%016d\n" % (n, n), HEAD + b"vars:\n", STEPS
    ),
    "settings of a target": lambda size: HEAD + STEPS + b"targets:\n  sagemaker:\n    arguments:\n"
    + filled(size, lambda n: b"      K%d: {a: [1, 2]}\n" % n),
    "tags of a target": lambda size: HEAD + b"steps: {a: {component: make_numbers@1}}\ntargets: "
    b"{sagemaker: {role: 'arn:aws:iam::111122223333:role/x', artifact_root: 's3://bucket/x', arguments: {Tags: ["
    + filled(size, lambda n: b"{Key: k%d, Value: v}, " % n) + b"]}}}",
}  # fmt: skip

SPECS: dict[str, Make] = {
    "inputs": lambda size: filled(
        size, lambda n: b"- {name: i%d, type: String, default: a}\n" % n, SPEC, CONTAINER
    ),
    "equal inputs": lambda size: filled(
        size, lambda n: b"- {name: i, type: String, default: a}\n", SPEC, CONTAINER
    ),
    "inputs with a pattern": lambda size: filled(
        size, lambda n: b"- {name: i%d, type: String, default: x, annotations: {pattern: '^(a+)+$'}}\n" % n, SPEC,
        CONTAINER,
    ),
    "a hungry pattern": lambda size: SPEC + b"- {name: b, type: String, annotations: {pattern: '^(.*)*x$'}, "
    b"default: " + times(b"a", size) + b"}\n" + CONTAINER,
    "arguments": lambda size: SPEC + b"implementation:\n  container:\n    image: x\n    command: [x]\n    args:\n"
    + times(b"    - {inputValue: a}\n", size),
    "unknown placeholders": lambda size: SPEC + b"implementation:\n  container:\n    image: x\n    command: [x]\n"
    b"    args:\n" + times(b"    - {inputValue: b}\n", size),
    "open expressions of another tool": lambda size: SPEC + b"implementation:\n  container:\n    image: x\n"
    b"    command: [sh, -c, '" + times(b"{{ $", size) + b"']\n",
    "deep arguments": lambda size: SPEC + b"implementation:\n  container:\n    image: x\n    command: "
    + times(b"[", size // 2) + times(b"]", size // 2),
    "annotations": lambda size: filled(
        size, lambda n: b"    a%d: x\n" % n, b"metadata:\n  annotations:\n", SPEC + CONTAINER
    ),
    "a deep default": lambda size: SPEC + b"- {name: b, type: JsonArray, default: '" + times(b"[", size // 2)
    + times(b"]", size // 2) + b"'}\n" + CONTAINER,
    "a default of digits": lambda size: SPEC + b"- {name: b, type: Integer, default: '" + times(b"9", size)
    + b"'}\n" + CONTAINER,
    "a default of 1e999999": lambda size: filled(
        size, lambda n: b"- {name: i%d, type: Integer, default: '1e999999'}\n" % n, SPEC, CONTAINER
    ),
    "[": lambda size: times(b"[", size),
    "NUL": lambda size: times(b"\0", size),
    "alias bomb": _aliases,
    "UTF-16": lambda size: (SPEC + CONTAINER + times(b"# x\n", size // 2)).decode().encode("utf-16"),
    "a text": lambda size: times(b"x", size),
    "a name": lambda size: b"name: " + times(b"n", size) + b"\n" + CONTAINER,
    "types": lambda size: filled(
        size, lambda n: b"- {name: i%d, type: Strin%d}\n" % (n, n), SPEC, CONTAINER
    ),
}  # fmt: skip

BINDINGS: dict[str, Make] = {
    "[": lambda size: times(b"[", size),
    "steps": lambda size: filled(size, lambda n: b"  s%d: {step: Model}\n" % n, b"steps:\n"),
    "arguments": lambda size: filled(
        size, lambda n: b"  A%d: ${{ inputs.a }}\n" % n, b"step: RegisterModel\narguments:\n"
    ),
    "unknown names": lambda size: filled(
        size, lambda n: b"  A%d: ${{ inputs.b%d }}\n" % (n, n), b"step: RegisterModel\narguments:\n"
    ),
    "unknown outputs": lambda size: filled(
        size, lambda n: b"  a%d: ModelPackageArn\n" % n, b"step: RegisterModel\noutputs:\n"
    ),
    "expressions": lambda size: b"step: RegisterModel\narguments: {A: '" + times(b"${{ a.b }}", size) + b"'}",
    "alias bomb": _aliases,
    "a text": lambda size: times(b"x", size),
}  # fmt: skip

VALUES_FILES: dict[str, Make] = {
    "[": lambda size: times(b"[", size),
    "alias bomb": _aliases,
    "unknown variables": lambda size: filled(size, lambda n: b"  v%d: 1\n" % n, VALUES + b"vars:\n"),
    "unknown steps": lambda size: filled(
        size, lambda n: b"  b%d: {resources: {cpu: 1}}\n" % n, VALUES + b"steps:\n"
    ),
    "settings": lambda size: VALUES + b"targets: {sagemaker: {arguments: {"
    + filled(size, lambda n: b"K%d: {a: [1, 2]}, " % n) + b"}}}",
    "a text": lambda size: times(b"x", size),
}  # fmt: skip

# an argument of a command holds 128 KiB at most (Linux, MAX_ARG_STRLEN)
SETTINGS: dict[str, Make] = {
    "[": lambda size: b"vars.a=" + times(b"[", size),
    "dots": lambda size: times(b"a.", size) + b"a=1",
    "no sign": lambda size: times(b"a", size),
    "a text": lambda size: b"vars.a=" + times(b"x", size),
    "an alias bomb": lambda size: b"vars.a={" + _aliases(size).replace(b"\n", b", ") + b"}",
    "no characters": lambda size: b"vars.a=" + times(b"\xff", size),
    "lines": lambda size: b"vars.a=" + times(b"x\n", size),
    "tabs": lambda size: b"vars.a=" + times(b"\t", size),
}  # fmt: skip


def _folder(path: Path) -> None:
    path.mkdir()


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def _link_to_nothing(path: Path) -> None:
    path.symlink_to(path.with_name("nothing"))


def _unreadable(path: Path) -> None:
    path.write_bytes(HEAD + STEPS)
    path.chmod(0)


def _device(name: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(name)


def _sparse(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(10 * 2**30)


PATHS: dict[str, Callable[[Path], object]] = {
    "a folder": _folder,
    "a named pipe": os.mkfifo,
    "a link to itself": _link_to_itself,
    "a link to nothing": _link_to_nothing,
    "/dev/zero": _device("/dev/zero"),
    "/dev/null": _device("/dev/null"),
    "a terminal": _device("/dev/tty"),
    "a file of 10 GiB": _sparse,
    "an unreadable file": _unreadable,
    "nothing": lambda path: None,
}

KINDS = ("definition", "component", "binding", "values", "setting", "path")


def cases() -> Iterator[tuple[str, str]]:
    """Kind and name of every case; a path is tried in the place of each kind of file."""
    tables = (DEFINITIONS, SPECS, BINDINGS, VALUES_FILES, SETTINGS)
    for kind, table in zip(KINDS, tables, strict=False):
        yield from ((kind, name) for name in table)
    for place in PLACES:
        yield from ((f"path {place}", name) for name in PATHS)


PLACES = {
    "definition": "dag.yaml",
    "component": "part/component.yaml",
    "binding": "part/sagemaker.yaml",
    "values": "values/v.yaml",
}


def lay_out(folder: Path, kind: str, name: str, size: int) -> list[str | bytes]:
    """Write a case into an empty folder; the arguments of `isodag check` that read it there."""
    (folder / "part").mkdir()
    (folder / "values").mkdir()
    table = {"definition": DEFINITIONS, "component": SPECS, "binding": BINDINGS,
             "values": VALUES_FILES, "setting": SETTINGS}  # fmt: skip
    (folder / "dag.yaml").write_bytes(USER)
    (folder / "part" / "component.yaml").write_bytes(SPEC + CONTAINER)
    place = folder / PLACES.get(kind.removeprefix("path "), "dag.yaml")
    arguments: list[str | bytes] = ["dag.yaml"]
    if kind.startswith("path "):
        place.unlink(missing_ok=True)
        PATHS[name](place)
    elif kind == "setting":
        arguments += ["--set", SETTINGS[name](min(size, 60_000))]
    else:
        place.write_bytes(table[kind][name](size))
    if kind.endswith("values"):
        arguments += ["-e", "v"]
    return arguments
