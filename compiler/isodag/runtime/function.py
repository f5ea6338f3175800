"""A component's function: found, matched against the spec, its result checked."""

from __future__ import annotations

import importlib.util
import inspect
import json
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from isodag.runtime import values
from isodag.runtime.errors import ComponentError, did_you_mean, listed, quoted
from isodag.runtime.spec import Output, Spec

Function = Callable[..., Any]


def load(spec: Spec) -> Function:
    """The function of a component's main.py, which is named like the folder.

    The folder comes first on sys.path and the module is called `main`, so that a worker process
    can import it again.  Raises ComponentError, and whatever main.py itself raises.
    """
    path = spec.folder.resolve() / "main.py"
    if not path.is_file():
        raise ComponentError(f"`{spec.name}` has no code: there is no {path}")
    sys.path.insert(0, str(path.parent))
    plan = importlib.util.spec_from_file_location("main", path)
    if plan is None or plan.loader is None:
        raise ComponentError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(plan)
    sys.modules["main"] = module
    try:
        plan.loader.exec_module(module)
    except ModuleNotFoundError as error:
        raise _module_missing(spec, error) from error
    function = getattr(module, spec.name, None)
    if not callable(function):
        raise ComponentError(f"{path} holds no function `{spec.name}`")
    checked: Function = function
    return checked


def _module_missing(spec: Spec, error: ModuleNotFoundError) -> Exception:
    """The error to raise: components import what is heavy only when they are called."""
    if error.name is None:
        return error
    image = f", or use the image {spec.image}" if spec.image else ""
    return ComponentError(
        f"`{spec.name}` needs the module `{error.name}`, which is not here: install it{image}"
    )


def signature(function: Function) -> tuple[list[str], list[str]]:
    """The names of a function's positional arguments in order, and of its keyword-only ones."""
    positional, keywords = [], []
    for name, argument in inspect.signature(function).parameters.items():
        if argument.kind is argument.KEYWORD_ONLY:
            keywords.append(name)
        elif argument.kind in (argument.POSITIONAL_ONLY, argument.POSITIONAL_OR_KEYWORD):
            positional.append(name)
        else:
            positional.append(str(argument))
    return positional, keywords


def check_signature(spec: Spec, function: Function) -> None:
    """Raise ComponentError unless the function takes what the spec declares, by the same names:
    artifact inputs then artifact outputs, in the spec's order; parameters by keyword only."""
    positional, keywords = signature(function)
    wanted, named = spec.places, [item.name for item in spec.parameters]
    if positional != wanted or sorted(keywords) != sorted(named):
        takes, says = _written(positional, keywords), _written(wanted, named)
        raise ComponentError(
            f"`{spec.name}` takes {takes} in main.py, but {says} by its component.yaml"
        )


def _written(positional: list[str], keywords: list[str]) -> str:
    return f"({', '.join([*positional, *(['*'] if keywords else []), *keywords])})"


def call(
    spec: Spec, function: Function, paths: Mapping[str, Path | None], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Call the function; its scalar outputs by name, each of its type.

    paths  of artifact inputs and outputs; None for an optional input that is not given
    Raises ComponentError for a result that the spec does not admit, and what the function raises.
    """
    try:
        result = function(*[paths[name] for name in spec.places], **parameters)
    except SystemExit as error:
        raise ComponentError(f"`{spec.name}` ended by sys.exit({error.code!r})") from error
    except ModuleNotFoundError as error:
        raise _module_missing(spec, error) from error
    return scalars(spec, result)


def scalars(spec: Spec, result: object) -> dict[str, Any]:
    """What a function returned, as the spec's scalar outputs: all of them, no others, typed."""
    if result is None:
        result = {}
    if not isinstance(result, Mapping):
        raise ComponentError(
            f"`{spec.name}` returned {_kind(result)}: return a dict of its scalar outputs"
        )
    declared = [output.name for output in spec.scalars]
    for name in result:
        if name not in declared:
            near = did_you_mean(str(name), declared)
            way_out = (
                f"did you mean `{near}`?" if near else "component.yaml declares no such output"
            )
            raise ComponentError(f"`{spec.name}` returned {quoted(str(name))}: {way_out}")
    missing = [name for name in declared if name not in result]
    if missing:
        raise ComponentError(f"`{spec.name}` did not return its output {listed(missing)}")
    return {output.name: _typed(output, result[output.name]) for output in spec.scalars}


def _typed(output: Output, value: Any) -> Any:
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()  # a NumPy scalar or a tensor of one number
    if isinstance(value, float) and not math.isfinite(value):
        raise ComponentError(
            f"output `{output.name}` is {value}: conditions and JSON need a finite number"
        )
    try:
        if type(value) not in (str, int, float, bool, dict, list):
            raise values.BadValue(f"{_kind(value)} where {output.type} is due")
        value = values.admit(output.type, value)
        values.render(value).encode()
        json.dumps(value, allow_nan=False)
    except values.BadValue as error:
        raise ComponentError(f"output `{output.name}`: {error}") from None
    except (TypeError, ValueError, RecursionError) as error:
        # NaN inside, keys or values that JSON does not know, half a surrogate pair
        raise ComponentError(f"output `{output.name}` is not JSON: {error}") from None
    return value


def _kind(value: object) -> str:
    if value is None:
        return "None"
    return f"a value of type {type(value).__name__}"
