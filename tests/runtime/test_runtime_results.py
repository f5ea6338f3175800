"""What a component returns, and how its code is found and matched with its spec."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
Write = Callable[[str, str, str], Path]

GIVE_SPEC = """
outputs:
- {name: number, type: Float}
- {name: count, type: Integer}
implementation: {container: {image: "isodag/give:1", command: [python3]}}
"""


@pytest.mark.parametrize(
    ("result", "out"),
    [
        ("{'number': 0.5, 'count': 2}", "isodag: number=0.5\nisodag: count=2\n"),
        ("{'number': 1, 'count': -2}", "isodag: number=1.0\nisodag: count=-2\n"),
        ("{'number': 1e-7, 'count': 2}", "isodag: number=1e-07\nisodag: count=2\n"),
        ("{'number': np.float32(0.5), 'count': np.int64(2)}",
         "isodag: number=0.5\nisodag: count=2\n"),
        ("{'number': np.float64(0.25), 'count': np.array(3)}",
         "isodag: number=0.25\nisodag: count=3\n"),
    ],
)  # fmt: skip
def test_numbers_are_printed(component: Write, call: Call, result: str, out: str) -> None:
    if "np" in result:
        pytest.importorskip("numpy")
    load = "import numpy as np\n" if "np" in result else ""
    component("give", GIVE_SPEC, f"{load}def give():\n    return {result}")
    assert (0, out, "") == call("give")


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ("None", "`give` did not return its output `number` and `count`"),
        ("{'number': 1.0}", "`give` did not return its output `count`"),
        ("{'number': 1.0, 'count': 1, 'cuont': 1}", "`give` returned `cuont`: did you mean `count`?"),
        ("{'number': 1.0, 'count': 1, 9: 1}",
         "`give` returned `9`: component.yaml declares no such output"),
        ("1.0", "`give` returned a value of type float: return a dict of its scalar outputs"),
        ("{'number': '1.0', 'count': 1}", "output `number`: String where Float is due"),
        ("{'number': None, 'count': 1}", "output `number`: None where Float is due"),
        ("{'number': True, 'count': 1}", "output `number`: Boolean where Float is due"),
        ("{'number': 1.0, 'count': 1.0}", "output `count`: Float where Integer is due"),
        ("{'number': {1}, 'count': 1}", "output `number`: a value of type set where Float is due"),
        ("{'number': float('nan'), 'count': 1}",
         "output `number` is nan: conditions and JSON need a finite number"),
        ("{'number': float('-inf'), 'count': 1}",
         "output `number` is -inf: conditions and JSON need a finite number"),
    ],
)  # fmt: skip
def test_a_wrong_result_is_told_with_its_output(
    component: Write, call: Call, result: str, message: str
) -> None:
    component("give", GIVE_SPEC, f"def give():\n    return {result}")
    assert (1, "", f"error: {message}\n") == call("give")


@pytest.mark.parametrize(
    ("type_name", "value", "text"),
    [
        ("Boolean", "True", "true"),
        ("String", "'é'", "é"),
        ("JsonObject", "{'b': 1, 'a': [None]}", '{"a":[null],"b":1}'),
        ("JsonArray", "[]", "[]"),
    ],
)
def test_scalars_of_other_types_are_written_but_not_printed(
    component: Write, call: Call, tmp_path: Path, type_name: str, value: str, text: str
) -> None:
    spec = f"outputs:\n- {{name: it, type: {type_name}}}"
    component("give", spec, f"def give():\n    return {{'it': {value}}}")
    assert (0, "", "") == call("give", "--it", "it")
    assert text == (tmp_path / "it").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("type_name", "value", "reason"),
    [
        ("JsonObject", "{'a': float('nan')}", "Out of range float values are not JSON compliant"),
        ("JsonObject", "{'a': {1}}", "Object of type set is not JSON serializable"),
        ("String", r"'\udcff'",
         "'utf-8' codec can't encode character '\\udcff' in position 0: surrogates not allowed"),
    ],
)  # fmt: skip
def test_what_json_cannot_carry_is_told(
    component: Write, call: Call, type_name: str, value: str, reason: str
) -> None:
    spec = f"outputs:\n- {{name: it, type: {type_name}}}"
    component("give", spec, f"def give():\n    return {{'it': {value}}}")
    ended = call("give")
    assert (1, "") == (ended.status, ended.out)
    assert ended.err.startswith(f"error: output `it` is not JSON: {reason}")


# --- the code ----------------------------------------------------------------------------------

TAKE_SPEC = """
inputs:
- {name: data, type: Dataset}
- {name: rate, type: Float, default: "1"}
outputs:
- {name: model, type: Model}
implementation: {container: {image: "isodag/take:1", command: [python3]}}
"""
MISMATCH = "but (data, model, *, rate) by its component.yaml"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def other(): pass", "{folder}/main.py holds no function `take`"),
        ("take = 3", "{folder}/main.py holds no function `take`"),
        ("def take(data, *, rate): pass", f"`take` takes (data, *, rate) in main.py, {MISMATCH}"),
        ("def take(model, data, *, rate): pass",
         f"`take` takes (model, data, *, rate) in main.py, {MISMATCH}"),
        ("def take(data, model, rate): pass",
         f"`take` takes (data, model, rate) in main.py, {MISMATCH}"),
        ("def take(*args, **kw): pass", f"`take` takes (*args, **kw) in main.py, {MISMATCH}"),
        ("import tensorflaw",
         "`take` needs the module `tensorflaw`, which is not here: install it, "
         "or use the image isodag/take:1"),
        ("def take(data, model, *, rate):\n    import tensorflaw",
         "`take` needs the module `tensorflaw`, which is not here: install it, "
         "or use the image isodag/take:1"),
        ("raise ValueError('at import')", "ValueError: at import"),
        ("def take(:", "SyntaxError: invalid syntax (main.py, line 1)"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
    ],
)  # fmt: skip
def test_code_that_does_not_fit_its_spec_is_told(
    component: Write, call: Call, points: Path, tmp_path: Path, code: str, message: str
) -> None:
    folder = component("take", TAKE_SPEC, code)
    expected = f"error: {message.replace('{folder}', str(folder))}\n"
    assert (1, "", expected) == call("take", "--data", str(points), "--model", "m")
    assert ["components", "points.txt"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_component_without_code_is_told(component: Write, call: Call) -> None:
    folder = component("take", "name: Take", "")
    (folder / "main.py").unlink()
    assert (1, "", f"error: `take` has no code: there is no {folder / 'main.py'}\n") == call("take")


def test_modules_beside_main_py_are_found(component: Write, call: Call) -> None:
    folder = component(
        "take", "outputs:\n- {name: n, type: Integer}",
        "import take_beside\ndef take():\n    return {'n': take_beside.N}",
    )  # fmt: skip
    (folder / "take_beside.py").write_text("N = 4")
    assert (0, "isodag: n=4\n", "") == call("take")


def test_worker_processes_find_the_function_again(component: Write, start: Call) -> None:
    code = """
import multiprocessing

def double(n):
    return 2 * n

def take():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return {"n": sum(pool.map(double, [1, 2]))}
"""
    component("take", "outputs:\n- {name: n, type: Integer}", code)
    assert (0, "isodag: n=6\n", "") == start("take")
