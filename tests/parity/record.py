"""What the SageMaker SDK makes of every `sdk.py`: the `sdk.json` beside it, compared or written.

`tox run -e parity` says which records the SDK would write otherwise, and ends with 1 then; `tox run
-e parity -- --accept [NAME …]` writes them: then read `git diff`.  No account and no network.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from importlib import metadata
from io import StringIO
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def main(words: list[str]) -> int:
    names = [word for word in words if word != "--accept"]
    if unknown := set(names) - {folder.name for folder in folders()}:
        print(f"error: there is no {', '.join(sorted(unknown))} in {HERE}", file=sys.stderr)
        return 2
    status = 0
    for folder in folders():
        if names and folder.name not in names:
            continue
        path, made = folder / "sdk.json", written(recorded_anew(folder))
        said = "as it is"
        if not path.is_file() or made != path.read_text(encoding="utf-8"):
            if "--accept" in words:
                path.write_text(made, encoding="utf-8")
                said = "written"
            else:
                status, said = 1, "the SDK says otherwise"
        print(f"{folder.name}/sdk.json: {said}", file=sys.stderr)
    return status


def folders() -> list[Path]:
    """One folder for each pipeline."""
    return sorted(path.parent for path in HERE.glob("*/sdk.py"))


def recorded_anew(folder: Path) -> dict[str, Any]:
    """The definition that the SDK makes, and which SDK that is."""
    sys.path.insert(0, str(HERE.parent / "planted" / "peers"))  # offline_session
    os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"  # that there is a version 3
    try:
        with redirect_stderr(StringIO()), redirect_stdout(StringIO()):
            pipeline = runpy.run_path(str(folder / "sdk.py"))["pipeline"]
            definition = json.loads(pipeline.definition())
    finally:
        sys.path.pop(0)
    return {"sagemaker": metadata.version("sagemaker"), "definition": definition}


def written(record: dict[str, Any]) -> str:
    """The text of a record: a member a line, so that differences show."""
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def readable(pipelines: Mapping[str, tuple[Any, dict[str, Any]]]) -> str:
    """The page of differences.

    pipelines  by name what its parity.yaml says (`About`), and the SDK's definition
    """
    lines = [
        "# What differs",
        "",
        "Made from the `parity.yaml` of each pipeline by `pytest tests/parity --accept`. A path has the",
        "SDK's names in it; `*` is any one word; an empty cell: nothing stands there.",
    ]
    for name, (about, definition) in pipelines.items():
        kinds = [step["Type"] for step in _steps(definition["Steps"])]
        listed = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
        lines += ["", f"## {about.title}", "", f"[{name}/]({name}/): {listed}.", ""]
        lines += ["| where | isodag | SDK | why |", "| --- | --- | --- | --- |"]
        for item in about.known:
            ours, theirs = _cell(item.ours), _cell(item.theirs)
            lines.append(f"| `{item.at}` | {ours} | {theirs} | {item.why} |")
    return "\n".join(lines) + "\n"


def _steps(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in steps:
        yield step
        for side in ("IfSteps", "ElseSteps"):
            if step["Type"] == "Condition":
                yield from _steps(step["Arguments"][side])


def _cell(value: Any) -> str:
    """A value in a table, lists as lists."""
    if value == "(nothing)":
        return ""
    return f"`{json.dumps(_listed(value), ensure_ascii=False)}`"


def _listed(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value and all(key.startswith("[") for key in value):
            return [_listed(item) for item in value.values()]
        return {key: _listed(item) for key, item in value.items()}
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
