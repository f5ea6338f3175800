"""Names as KFP spells them: one function for each kind.

Steps, parameters and gates are identifiers (`[a-z][a-z0-9_]*`); a KFP name built from one never
holds `--`, so that names with `--` are ours alone.
"""

from __future__ import annotations

import functools
import re

from isodag.ir import Branch

LOOP = "loop-item"  # backend/src/v2/driver/common/common.go: IsLoopArgument


@functools.lru_cache(4096)
def kebab(text: str) -> str:
    """Lower case, runs of anything else than letters and digits as one dash (kfp/dsl/utils.py)."""
    return re.sub("[^0-9a-z]+", "-", text.lower()).strip("-")


def task(step: str) -> str:
    """The task of a step."""
    return kebab(step)


def importer(parameter: str) -> str:
    """The task that makes an artifact of a parameter's URI."""
    return f"import-{kebab(parameter)}"


def importer_of_item(group: str, field: str, type_name: str) -> str:
    """The task that makes an artifact of a type of the URI that a loop's item is, or has in a
    field."""
    parts = (f"import-{kebab(group)}", "item", kebab(field), kebab(type_name))
    return "--".join(part for part in parts if part)


def branch(side: Branch) -> str:
    """The task of the sub-DAG behind one side of a gate."""
    return f"{'if' if side.taken else 'unless'}-{kebab(side.gate)}"


def group(name: str, *, repeated: bool) -> str:
    """The task of a group's sub-DAG: a pipeline used as a component, or what is repeated."""
    return f"each-{kebab(name)}" if repeated else kebab(name)


def handler(number: int) -> str:
    """The task of the sub-DAG whose end a last step waits for, as kfp's own compiler names it."""
    return f"exit-handler-{number}"


def ending(step: str) -> str:
    """The task of the sub-DAG that a last step and its imports stand in."""
    return f"finally-{kebab(step)}"


@functools.lru_cache(4096)
def port(name: str) -> str:
    """An input or output of a component (kfp/dsl/utils.py: sanitize_input_name)."""
    return re.sub("[^_0-9a-z]+", "_", name.lower()).strip("_")


def channel(source: str, output: str = "") -> str:
    """The input through which a value enters a sub-DAG, or the output through which it leaves
    one, as kfp's own compiler names it; but never as the backend names loop items."""
    name = source + (f"-{output}" if output else "")
    return f"pipelinechannel--{name}" + ("-value" if name.endswith(LOOP) else "")


def loop_item(group: str) -> str:
    """The input of a repeated sub-DAG that holds its item.

    A backend knows by the name that there is one value for each repetition
    (backend/src/v2/driver/resolver/parameters.go: resolveParameterComponentInputParameter).
    """
    return f"pipelinechannel--{kebab(group)}--{LOOP}"


def item(group: str, field: str) -> str:
    """The input through which an item, or a field of one, enters a sub-DAG further in.

    Not as a loop's item: within another loop a backend would look for that one's repetition.
    """
    return f"pipelinechannel--{kebab(group)}--item" + (f"-{field}" if field else "")


def pipeline(name: str) -> str:
    """The pipeline's name: `[a-z0-9]([-a-z0-9]*[a-z0-9])?`."""
    return kebab(name)
