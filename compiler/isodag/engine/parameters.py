"""What a run is given: texts and defaults in, typed values and artifacts out, all checked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from isodag import ir
from isodag.diagnostics import did_you_mean
from isodag.engine import repetitions, secrets
from isodag.engine.artifacts import Artifact
from isodag.engine.options import RunError, RunOptions
from isodag.engine.secrets import Secrets
from isodag.runtime.values import BadValue, admit, parse, violation
from isodag.types import SECRET, is_parameter

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://|(sample):")


@dataclass(frozen=True)
class Given:
    """Everything known before the first step.

    written     the pipeline as it was
    pipeline    with its loops over parameters written out
    parameters  typed value or Artifact by parameter name; of a Secret the reference, as text
    constants   artifacts that a DAG file names itself, by step and input name
    secrets     what the steps get in their environments
    """

    written: ir.Pipeline
    pipeline: ir.Pipeline
    parameters: Mapping[str, Any]
    constants: Mapping[tuple[str, str], Artifact]
    secrets: Secrets = field(default_factory=Secrets)


def resolve(
    pipeline: ir.Pipeline, options: RunOptions, recorded: Mapping[str, Any] | None = None
) -> Given:
    """Parse, check and find whatever the run is given.

    recorded  values of the run that is resumed, by parameter name: text for an artifact; they
              stand between `options.parameters` and the defaults
    Raises RunError with every problem: unknown or missing parameters, values that their type or
    constraints do not admit, artifacts that are not on this machine.
    """
    problems: list[str] = []
    declared = {parameter.name: parameter for parameter in pipeline.parameters}
    for name in options.parameters:
        if name not in declared:
            hint = did_you_mean(name, declared, "parameter")
            problems.append(f"there is no parameter `{name}`: {hint}")
    values: dict[str, Any] = {}
    missing: list[str] = []
    for name, parameter in declared.items():
        try:
            values[name] = _value(parameter, options, recorded or {})
        except _Missing:
            missing.append(name)
        except _Problem as problem:
            problems.append(f"parameter `{name}`: {problem}")
    if missing:
        plural = "s have" if len(missing) > 1 else " has"
        names = ", ".join(f"`{name}`" for name in missing)
        example = " ".join(f"-p {name}=…" for name in missing)
        problems.append(f"parameter{plural} no value: {names}; give {example}")
    written = pipeline
    pipeline, unfit = repetitions.known_at_once(pipeline, values)
    problems += unfit or _unknown_step(pipeline, options)
    tasks = tasks_of(pipeline)
    constants, unfit = _checked(tasks, values, options)
    problems += unfit
    found, absent = secrets.gather(tasks, values)
    problems += absent
    if problems:
        raise RunError(*problems)
    return Given(written, pipeline, values, constants, found)


def extended(given: Given, pipeline: ir.Pipeline, options: RunOptions) -> Given:
    """What is given to a run whose pipeline has got more tasks: repetitions of some it had.

    Raises RunError with a line for each value that an input of theirs does not admit.
    """
    known = {task.name for task in tasks_of(given.pipeline)}
    fresh = [task for task in tasks_of(pipeline) if task.name not in known]
    constants, problems = _checked(fresh, given.parameters, options)
    if problems:
        raise RunError(*problems, exit_code=1)
    by_step = {
        task.step: given.secrets.steps[task.name]
        for task in tasks_of(given.pipeline)
        if task.name in given.secrets.steps
    }
    texts = {task.name: by_step[task.step] for task in fresh if task.step in by_step}
    return replace(
        given,
        pipeline=pipeline,
        constants={**given.constants, **constants},
        secrets=Secrets({**given.secrets.steps, **texts}, given.secrets.withheld),
    )


def tasks_of(pipeline: ir.Pipeline) -> list[ir.Task]:
    """Every task that runs a component, those after all others too."""
    nodes = (*pipeline.tasks, *pipeline.last)
    return [node for node in nodes if isinstance(node, ir.Task)]


def _checked(
    tasks: Iterable[ir.Task], values: Mapping[str, Any], options: RunOptions
) -> tuple[dict[tuple[str, str], Artifact], list[str]]:
    """The artifacts that tasks name themselves; a line for each value that cannot be."""
    constants: dict[tuple[str, str], Artifact] = {}
    problems = []
    for task in tasks:
        for argument in task.arguments:
            try:
                _check_argument(task, argument, values, constants, options)
            except _Problem as problem:
                problems.append(f"{problem} (input `{argument.name}` of step `{task.name}`)")
    return constants, problems


class _Problem(Exception):
    """Why one value cannot be used."""


class _Missing(Exception):
    """A parameter without a value."""


def _value(parameter: ir.Parameter, options: RunOptions, recorded: Mapping[str, Any]) -> Any:
    name = parameter.name
    if parameter.type == SECRET:
        return _reference(parameter, options, recorded)
    if name in options.parameters:
        text = options.parameters[name]
        if not is_parameter(parameter.type):
            return locate(text, parameter.type, options.folder or Path.cwd(), options)
        try:
            value = parse(parameter.type, text)
        except BadValue as error:
            raise _Problem(str(error)) from None
    elif name in recorded:
        if not is_parameter(parameter.type):
            return locate(str(recorded[name]), parameter.type, Path("/"), options)
        try:
            value = admit(parameter.type, recorded[name])
        except BadValue as error:
            raise _Problem(f"{error}; the earlier run had another type") from None
    elif parameter.has_default:
        value = parameter.default
        if not is_parameter(parameter.type):
            base = options.bases.get(name, Path(parameter.span.path).parent)
            return locate(str(value), parameter.type, base, options)
    else:
        raise _Missing
    if (fault := violation(value, parameter.constraints)) is not None:
        raise _Problem(fault)
    return value


def _reference(parameter: ir.Parameter, options: RunOptions, recorded: Mapping[str, Any]) -> str:
    """Where a secret lies, as text; paths are absolute, so that a resumed run finds them."""
    name = parameter.name
    if name in options.parameters:
        text, base = options.parameters[name], options.folder or Path.cwd()
    elif name in recorded:
        text, base = str(recorded[name]), Path("/")
    elif parameter.has_default:
        text = str(parameter.default)
        base = options.bases.get(name, Path(parameter.span.path).parent)
    else:
        raise _Missing
    try:
        return str(secrets.reference(text, base))
    except secrets.NoSecret as problem:
        raise _Problem(
            f"the value {problem}" if name in options.parameters else str(problem)
        ) from None


def _check_argument(
    task: ir.Task,
    argument: ir.Argument,
    values: Mapping[str, Any],
    constants: dict[tuple[str, str], Artifact],
    options: RunOptions,
) -> None:
    """Check what one input gets, as far as it is known; a constant artifact goes to `constants`."""
    wanted = task.component.input(argument.name)
    if wanted is None:
        return
    match argument.value:
        case ir.Constant(str() as text, _) if not is_parameter(wanted.type):
            base = Path(argument.span.path).parent
            constants[task.name, argument.name] = locate(text, wanted.type, base, options)
        case ir.ParameterRef(name, _) if name in values and is_parameter(wanted.type):
            if (fault := violation(values[name], wanted.constraints)) is not None:
                raise _Problem(f"parameter `{name}`: {fault}")
        case ir.Constant(value, _) if value is not None and task.repetition is not None:
            if (fault := violation(value, wanted.constraints)) is not None:
                raise _Problem(fault)


def locate(text: str, type_name: str, base: Path, options: RunOptions) -> Artifact:
    """The artifact behind a path, `file://`, `sample:NAME`, or `hf://` for a Model.

    base  folder that a relative path starts from
    Raises RunError from the sample resolver, and a problem for what is not on this machine.
    """
    match = _SCHEME.match(text)
    scheme = (match[1] or match[2]).lower() if match else ""
    if scheme == "sample":
        path = _sample(text.partition(":")[2], options)
    elif scheme == "file":
        parts = urlsplit(text)
        if parts.netloc not in ("", "localhost"):
            raise _Problem(f"`{text}` is on another machine; write file:///path")
        path = Path(unquote(parts.path))
    elif scheme == "hf" and type_name in ("Model", "Artifact"):
        return Artifact(text)
    elif scheme:
        raise _Problem(
            f"`{text}` is not on this machine; copy it here and give its path"
            " (a path, file:///path or sample:NAME)"
        )
    elif not text:
        raise _Problem("the path is empty")
    else:
        path = base / Path(text).expanduser()
    path = Path(os.path.abspath(path))
    if not path.exists():
        raise _Problem(f"there is no file or folder `{shown(path)}`")
    if not os.access(path, os.R_OK):
        raise _Problem(f"`{shown(path)}` cannot be read: permission denied")
    return Artifact(str(path))


def _sample(name: str, options: RunOptions) -> Path:
    if options.samples is None:
        raise _Problem(f"sample:{name} cannot be resolved here; give a path")
    try:
        return options.samples(name)
    except (LookupError, OSError) as error:
        raise _Problem(f"sample:{name}: {error}") from error


def shown(path: Path) -> str:
    """A path as people read it: relative where it lies below the working folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def check_startable(pipeline: ir.Pipeline, options: RunOptions) -> None:
    """Raises RunError for steps that cannot run on a machine, and for an unknown `from_step`."""
    problems = list(dict.fromkeys(_not_runnable(pipeline)))
    if problems:
        raise RunError(*problems, exit_code=1)
    if unknown := _unknown_step(pipeline, options):
        raise RunError(*unknown)
    if options.jobs is not None and options.jobs < 1:
        raise RunError(f"{options.jobs} jobs are too few: give 1 or more")


def _unknown_step(pipeline: ir.Pipeline, options: RunOptions) -> list[str]:
    asked, nodes = options.from_step, (*pipeline.tasks, *pipeline.last)
    if asked is None or repetitions.meant(pipeline, asked):
        return []
    names = dict.fromkeys(name for node in nodes for name in (node.step, node.name))
    return [f"there is no step `{asked}`: {did_you_mean(asked, list(names), 'step')}"]


def _not_runnable(pipeline: ir.Pipeline) -> Iterator[str]:
    for task in tasks_of(pipeline):
        if task.component.container is None:
            where = f"{task.span.path}:{task.span.line}"
            yield (
                f"step `{task.step}` ({where}) cannot run here: component"
                f" `{task.component.name}` has no container, it runs only on SageMaker"
            )
