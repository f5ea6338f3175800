"""What the SageMaker SDK and kfp do with the planted mistakes: each is really run.

`python planted_peers.py kfp` plants every mistake that is written for kfp in its correct script,
runs each script in a process of its own, and prints a JSON object a line: `{"case": …, "found": …,
"line": …, "suggested": …, "said": …}`.  The first line is the correct script's.

The processes are forked after the tool has been imported, which takes it seconds.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import planted_cases
from planted_cases import PEERS, Written

CONTROL = "correct"
_IMPORTED = {
    "kfp": ("kfp.compiler", "kfp.dsl", "kfp.components"),
    "sagemaker": ("offline_session", "sagemaker.estimator", "sagemaker.workflow.pipeline"),
}


@dataclass(frozen=True)
class Verdict:
    """What a tool did with one mistake.

    found      `error`: it refused before anything was submitted; `warning`: it went on, but said
               something that it does not say of the correct script and that holds the wrong text;
               empty: neither
    line       the message names the line with the mistake, or the innermost of the user's lines in
               the traceback is that line, or the expression that begins there goes on to it
    suggested  the message holds the right name
    said       its last words, for people
    """

    case: str
    found: str
    line: bool = False
    suggested: bool = False
    said: str = ""


def main(tool: str) -> None:
    os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"  # that there is a version 3
    sys.path.insert(0, str(planted_cases.HERE / "peers"))
    with redirect_stderr(StringIO()), redirect_stdout(StringIO()):
        for module in _IMPORTED[tool]:
            importlib.import_module(module)
    for verdict in verdicts(tool):
        print(json.dumps(asdict(verdict)), flush=True)


def verdicts(tool: str) -> Iterator[Verdict]:
    """The verdict on the correct script, then one on each mistake written for the tool."""
    correct = PEERS[tool].read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / PEERS[tool].name
        control = _apart(path, correct)
        yield Verdict(CONTROL, "error" if control["raised"] else "", said=control["raised"])
        usual = set(control["output"].splitlines())
        for case in planted_cases.cases():
            written = case.peers.get(tool)
            if isinstance(written, Written):
                text, start, end = written.change.apply(correct)
                line = text.count("\n", 0, start) + 1
                done = _apart(path, text)
                yield _judged(case.id, written, done, line, text[start:end], usual)


def _judged(
    case: str, written: Written, done: dict[str, Any], line: int, wrong: str, usual: set[str]
) -> Verdict:
    said = done["raised"]
    found = "error" if said else ""
    if not said:
        new = [text for text in done["output"].splitlines() if text not in usual]
        told = [text for text in new if wrong.strip("\"'") in text]
        found, said = ("warning", told[0]) if told else ("", "")
    name = (
        re.compile(rf"(?<![\w.]){re.escape(written.suggests)}(?!\w)") if written.suggests else None
    )
    return Verdict(
        case,
        found,
        line=any(first <= line <= last for first, last in done["lines"])
        or bool(re.search(rf"\bline {line}\b", said)),
        suggested=bool(name and name.search(said)),
        said=said,
    )


def _apart(path: Path, text: str) -> dict[str, Any]:
    """Run a script in a forked process: `raised`, `lines` and `output`."""
    path.write_text(text, encoding="utf-8")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "w") as file:
            json.dump(_run(path), file)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        told = file.read()
    _, status = os.waitpid(child, 0)
    if status != 0:
        return {"raised": f"the process ended with status {status}", "lines": [], "output": ""}
    done: dict[str, Any] = json.loads(told)
    return done


def _run(path: Path) -> dict[str, Any]:
    output, raised, lines = StringIO(), "", []
    made = path.with_suffix(".made.yaml")
    made.unlink(missing_ok=True)
    sys.argv = [str(path), str(made)]
    with redirect_stdout(output), redirect_stderr(output):
        try:
            code = compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True)
            exec(code, {"__name__": "__main__", "__file__": str(path)})
            if not made.is_file():
                raised = "no pipeline was written"
        except BaseException as error:
            raised = _message(error)
            lines = _lines(error, str(path))
    return {"raised": raised, "lines": lines, "output": output.getvalue()}


def _message(error: BaseException) -> str:
    """The error's text, with what the interpreter adds to it (`Did you mean: …?`)."""
    shown = StringIO()
    with redirect_stderr(shown):
        sys.__excepthook__(type(error), error, error.__traceback__)
    hint = re.findall(r"Did you mean: '.*'\?", shown.getvalue())
    return " ".join([f"{type(error).__name__}: {error}", *hint[-1:]])


def _lines(error: BaseException, path: str) -> list[tuple[int, int]]:
    """First and last line of what the error points to in the user's file: the innermost frame."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return [(error.lineno or 0, error.end_lineno or error.lineno or 0)]
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == path]
    return [(own[-1].lineno or 0, own[-1].end_lineno or own[-1].lineno or 0)] if own else []


if __name__ == "__main__":
    main(sys.argv[1])
