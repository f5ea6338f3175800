"""What there is to check: folders and files in, each file with what it is out."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from isodag.diagnostics import suggest
from isodag.frontend import files, nodes
from isodag.source import Source
from isodag.spec import SPEC_NAMES

STDIN = "<stdin>"
KINDS = {"Pipeline": "definition", "Values": "values"}
_HEAD = re.compile(
    r"""^["']?(apiVersion|kind|implementation|steps)["']?[ \t]*:[ \t]*["']?([^\s"'#]*)""", re.M
)


@dataclass(frozen=True)
class File:
    """A file to check.

    kind  definition, values, component
    path  as messages show it
    data  its bytes; None where they could not be read, which whoever opens it will say
    """

    kind: str
    path: str
    data: bytes | None = field(default=None, repr=False)


def whole(folder: str | Path = "") -> list[File]:
    """A project's definitions and values files (`definitions/`, and those in the folder itself),
    and its components (`components/*/`)."""
    base = Path(folder)
    found = [file for file in _files(_yaml_in(base)) if file.kind != "broken"]
    found += _below(base / "definitions")
    specs = (path for name in SPEC_NAMES for path in (base / "components").glob(f"*/{name}"))
    found += [File("component", _near(path)) for path in sorted(specs)]
    return _once(found)


def named(names: Iterable[str]) -> list[File]:
    """The files that a command names: files, folders, or `-` for standard input."""
    return _once(file for name in names for file in _named(name))


def kind_of(data: bytes) -> str:
    """What a YAML file is, told by what it says: definition, values, component; `foreign` when it
    is something else, `broken` when nothing can be told."""
    text = data.decode("utf-8-sig", "replace")
    head: dict[str, str] = {}
    for key, value in _HEAD.findall(text.replace("\r", "\n")):
        head.setdefault(key, value)
    if not head:  # in { }, or of another kind
        node, _ = nodes.parse(Source("", text))
        if node is None:
            return "broken"
        for name in ("apiVersion", "kind", "implementation", "steps"):
            if isinstance(node, nodes.Mapping) and (value := node.get(name)) is not None:
                head[name] = value.text if isinstance(value, nodes.Scalar) else ""
    api = head.get("apiVersion", "")
    if "implementation" in head and "kind" not in head:
        return "component"
    if "kind" in head:
        near = suggest(head["kind"], KINDS)
        # a dot: an API group of Kubernetes; Tekton has a `kind: Pipeline` too
        if near is not None and "." not in api.partition("/")[0]:
            return KINDS[near]
    elif "steps" in head:
        return "definition"
    return "definition" if api.startswith("isodag") else "foreign"


def kind_of_file(path: Path) -> str:
    """What a file is, as `kind_of` says it; `broken` where it cannot be read."""
    data = _read(path)
    return kind_of(data) if data is not None else "broken"


def _named(name: str) -> list[File]:
    if name == "-":
        data = sys.stdin.buffer.read(files.MAX_BYTES + 1)
        kind = kind_of(data)
        return [File(kind if kind in ("values", "component") else "definition", STDIN, data)]
    path = Path(name)
    if path.is_dir():
        if specs := [path / own for own in SPEC_NAMES if (path / own).is_file()]:
            return [File("component", _near(specs[0]))]
        if (path / "definitions").is_dir() or (path / "components").is_dir():
            found = whole(path)
        else:
            found = _below(path)
        return found or [File("definition", name)]  # reading it says that it is a folder
    if path.name == "sagemaker.yaml":
        if specs := [path.with_name(own) for own in SPEC_NAMES if path.with_name(own).is_file()]:
            return [File("component", _near(specs[0]))]
    data = _read(path)
    kind = kind_of(data) if data is not None else "broken"
    if kind == "component" or (path.name in SPEC_NAMES and kind in ("foreign", "broken")):
        return [File("component", _near(path))]
    return [File("values" if kind == "values" else "definition", name, data)]


def _below(folder: Path) -> list[File]:
    """What is in a folder and those below, hidden ones left out; what nobody can read too."""
    found: list[File] = []
    for root, folders, _ in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        found += _files(_yaml_in(Path(root)))
    return [File("definition", f.path, f.data) if f.kind == "broken" else f for f in found]


def _yaml_in(folder: Path) -> list[Path]:
    names = (name for name in os.listdir(folder or ".") if not name.startswith("."))
    paths = (folder / name for name in sorted(names) if name.endswith((".yaml", ".yml")))
    return [path for path in paths if path.is_file()]


def _files(paths: Iterable[Path]) -> Iterator[File]:
    for path in paths:
        data = _read(path)
        kind = kind_of(data) if data is not None else "broken"
        if path.name in SPEC_NAMES and kind in ("foreign", "broken"):
            kind = "component"  # one without `implementation` runs on SageMaker alone
        if kind == "component":
            yield File(kind, _near(path))
        elif kind != "foreign":
            yield File(kind, str(path), data)


def _read(path: Path) -> bytes | None:
    try:
        return files.contents(path)
    except (OSError, ValueError):
        return None


def _once(files: Iterable[File]) -> list[File]:
    return list({os.path.normpath(file.path): file for file in files}.values())


def _near(path: Path) -> str:
    """A path below the working folder by its short form, as a library shows its components."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
