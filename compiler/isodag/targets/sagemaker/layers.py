"""`arguments` of a DAG file: the pipeline's and the step's, laid over a request in turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from isodag import ir
from isodag.diagnostics import Diagnostic, did_you_mean
from isodag.targets.sagemaker import keys, outputs
from isodag.targets.sagemaker.context import Context, binding_steps
from isodag.targets.sagemaker.kinds import Kind, find
from isodag.targets.sagemaker.places import Path, Places
from isodag.targets.sagemaker.shapes import shape


def merge(under: Any, over: Any) -> Any:
    """`over` laid on `under`: mappings merge, anything else replaces, None removes."""
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    merged = dict(under)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key, {}), value)
    return merged


def arguments(context: Context, task: ir.Task, kind: Kind) -> list[ir.Tree]:
    """The pipeline's `arguments`, then the step's.

    What is meant for several requests goes to those that have such a member.
    """
    members = shape(kind.request).members
    several = len(binding_steps(task.component)) > 1
    layers = []
    for block in (context.settings, keys.block(task.targets)):
        tree = block.get("arguments")
        if tree is None or not isinstance(tree.value, Mapping):
            continue
        if several or block is context.settings:
            kept = {name: piece for name, piece in tree.value.items() if name in members}
            tree = replace(tree, value=kept)
        layers.append(tree)
    return layers


def unused(block: Mapping[str, ir.Tree], kinds: Iterable[str], whose: str) -> Iterator[Diagnostic]:
    """E501: a member of `arguments` that none of the steps it is for has.

    kinds  the step kinds that the block is for
    """
    tree = block.get("arguments")
    if tree is None:
        return
    members = {member for kind in kinds for member in shape(find(kind).request).members}
    for name in keys.mapping(tree):
        if name not in members:
            message = f"{whose} has `{name}` in its request"
            span = tree.keys.get(name, tree.span)
            yield Diagnostic("E501", message, span, did_you_mean(name, members, "member"))


def read(context: Context, tree: ir.Tree, path: Path, places: Places) -> Any:
    """A piece of `arguments` with its values read; `places` is told where it is written."""
    places.values[path] = tree.span
    if isinstance(tree.value, Mapping):
        places.keys.update({(*path, name): span for name, span in tree.keys.items()})
        return {
            name: read(context, item, (*path, name), places) for name, item in tree.value.items()
        }
    if isinstance(tree.value, tuple):
        return [
            read(context, item, (*path, index), places) for index, item in enumerate(tree.value)
        ]
    if isinstance(tree.value, ir.Constant) and tree.value.value is None:
        return None
    return outputs.expr(context, tree.value, tree.span)
