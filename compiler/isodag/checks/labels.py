"""E413, E415, E416: environment variables and tags, which have names of the user's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from isodag import settings
from isodag.diagnostics import Diagnostic, Related
from isodag.expressions import Template
from isodag.frontend.syntax import StepDef, Tree
from isodag.runtime import references
from isodag.scope import Scope, StepOutput, names_in

_OURS = "ISODAG_"
_THEIRS = "aws:"  # https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html


def bad_variable(scope: Scope) -> Iterator[Diagnostic]:
    """E413: a variable of `environment` has a name or a value that it cannot have"""
    for step, tree in _blocks("environment", scope):
        for name, leaf in _entries(tree).items():
            if (wrong := unfit(name)) is not None:
                yield Diagnostic("E413", wrong[0], tree.keys[name], wrong[1])
            if step is None and isinstance(leaf.value, Template):
                yield from _of_a_step(name, leaf.value, scope)


def unfit(name: str) -> tuple[str, str] | None:
    """Why a name is none for an environment variable, and the way out.

    https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html
    """
    if not references.VARIABLE.fullmatch(name):
        help = "a name holds letters, digits and _, and no digit first"
        fixed = "".join(c if c.isascii() and c.isalnum() else "_" for c in name).strip("_")
        if references.VARIABLE.fullmatch(fixed):
            help = f"write `{fixed}`: {help}"
        return f"`{name}` is not a name for an environment variable", help
    if name.startswith(_OURS):
        return f"`{name}`: names that start with {_OURS} are isodag's own", "choose another name"
    return None


def _of_a_step(name: str, value: Template, scope: Scope) -> Iterator[Diagnostic]:
    """What all steps have cannot wait for one of them."""
    for read in names_in(value):
        if isinstance(scope.look_up(read), StepOutput):
            message = f"`{name}` in `defaults:` reads an output of a step, which has it too"
            help = "give the variable to the steps that come after it"
            yield Diagnostic("E413", message, read.span, help)
            return


def twice(scope: Scope) -> Iterator[Diagnostic]:
    """E416: a step sets an environment variable that is set already"""
    for step in scope.definition.steps:
        tree = step.settings.get("environment")
        secrets = {entry.name.text: entry.name.span for entry in step.secrets}
        component = scope.component(step)
        container = component.container if component is not None else None
        for name in _entries(tree) if tree is not None else ():
            assert tree is not None
            if name in secrets:
                message = f"`{name}` is a variable of `secret_env` too"
                related = (Related("the secret stands here", secrets[name]),)
                help = "remove one of them"
                yield Diagnostic("E416", message, tree.keys[name], help, related)
            elif component is not None and container is not None and name in container.env:
                message = f"`{name}` is a variable of {component.name} itself"
                said = f"{component.name} sets it to `{container.env[name]}`"
                related = (Related(said, container.span),)
                help = "choose another name, or make it an input of the component"
                yield Diagnostic("E416", message, tree.keys[name], help, related)


def bad_tag(scope: Scope) -> Iterator[Diagnostic]:
    """E415: a tag has no key, one of AWS's own, or a value that is not text"""
    for _, tree in _blocks("tags", scope):
        for key, leaf in _entries(tree).items():
            if not key.strip():
                yield Diagnostic("E415", "a tag has no key", tree.keys[key], "write KEY: text")
            elif key.lower().startswith(_THEIRS):
                message = f"`{key}`: keys that start with {_THEIRS} are AWS's own"
                yield Diagnostic("E415", message, tree.keys[key], "choose another key")
            value = settings.constant(leaf, scope)
            if isinstance(value, dict | list):
                noun = "a list" if isinstance(value, list) else "a mapping"
                message = f"tag `{key}` must be text, not {noun}"
                yield Diagnostic("E415", message, leaf.span, "write one word of it")


def _blocks(key: str, scope: Scope) -> Iterator[tuple[StepDef | None, Tree]]:
    """A setting in `defaults:` (None) and on each step."""
    if (tree := scope.definition.defaults.get(key)) is not None:
        yield None, tree
    for step in scope.definition.steps:
        if (tree := step.settings.get(key)) is not None:
            yield step, tree


def _entries(tree: Tree) -> Mapping[str, Tree]:
    return tree.value if isinstance(tree.value, Mapping) else {}
