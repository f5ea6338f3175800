"""`--pick`: of the repetitions of a step, the outputs of the best; the first of equals.

    python3 -m isodag.runtime --pick highest|lowest --by LIST
        [--scalar NAME TYPE LIST FILE]…  [--artifact NAME TYPE PLACE [PATH]…]…  [--index FILE]

LIST is a JSON list with a value for each repetition, in order; `--by` the numbers that decide.  A
scalar's value goes to FILE as any component's does.  Of an artifact the PATHs are those of the
repetitions, in order, and the best one's content goes to PLACE.  `--index` takes the number of the
repetition, from 0.  On KFP the same comes in the executor input:

    python3 -m isodag.runtime --pick highest|lowest --by KEY --executor-input '{{$}}'

KEY is the input parameter that holds the list that decides.  An output `o` is taken from the
input parameter or artifact list `o_list`, or `o` where there is no such; the output `index` is the
number of the repetition where there is no list for it.

NaN never wins.  Content is shared with the repetition's own where the disk can do that (hard
links) and else copied; a Model that is an archive stays one.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isodag.runtime import inputs, outputs, pick_request, values
from isodag.runtime.errors import ComponentError, UsageError, quoted
from isodag.runtime.pick_request import Asked, Made
from isodag.runtime.platforms import kfp, sagemaker
from isodag.runtime.spec import Input, Output


def pick(argv: Sequence[str]) -> dict[str, Any]:
    """Do what the arguments after `--pick` say; the numeric scalars by name.

    Raises UsageError, and ComponentError where no repetition can be picked.
    """
    asked = pick_request.read(argv)
    best = winner(asked.by, highest=asked.highest)
    print(f"picked repetition {best} of {len(asked.by)}: {_shown(asked.by[best])}", flush=True)
    _check_lengths(asked)
    scalars = {
        item.name: best if item.values is None else item.values[best] for item in asked.scalars
    }
    for item in asked.scalars:
        outputs.make_parent(Path(sagemaker.in_place(item.file)), f"output `{item.name}`")
    if asked.reply is not None:
        outputs.make_parent(Path(asked.reply["outputFile"]), "`--executor-input`")
    for made in asked.artifacts:
        _bring(made, best)
    for item in asked.scalars:
        file = Path(sagemaker.in_place(item.file))
        outputs.write_text(file, values.render(scalars[item.name]))
    sagemaker.write_values(scalars)
    if asked.reply is not None:
        told = {name: found[best] for name, found in asked.metadata.items()}
        text = kfp.executor_output(asked.reply, told)
        outputs.write_text(Path(asked.reply["outputFile"]), text)
    return {name: value for name, value in scalars.items() if type(value) in (int, float)}


def winner(by: Sequence[Any], *, highest: bool) -> int:
    """The place of the greatest number, or the least: the first of equals, never a NaN.

    Raises ComponentError where there is none.
    """
    if not by:
        raise ComponentError("there is nothing to pick from: the step was repeated for no item")
    numbers = [_number(value) for value in by]
    known = [index for index, number in enumerate(numbers) if not math.isnan(number)]
    if not known:
        raise ComponentError(f"none of the {len(by)} repetitions can be picked: all gave NaN")
    sign = 1 if highest else -1
    return max(known, key=lambda index: (sign * numbers[index], -index))


def _number(value: Any) -> float:
    """A value that decides; KFP writes a NaN as null or text."""
    if value is None:
        return math.nan
    try:
        if not isinstance(value, bool | dict | list):
            return float(value)
    except (ValueError, OverflowError):
        pass
    raise UsageError(f"`--by` holds {_shown(value)}, which is no number")


def _shown(value: Any) -> str:
    return quoted(value if isinstance(value, str) else json.dumps(value))


def _check_lengths(asked: Asked) -> None:
    lists = [(item.name, item.values) for item in asked.scalars if item.values is not None]
    for name, found in [*lists, *((made.name, made.items) for made in asked.artifacts)]:
        if len(found) != len(asked.by):
            raise UsageError(
                f"`{name}` has {len(found)} items, and `--by` has {len(asked.by)}:"
                " there must be one for each repetition"
            )


# --- artifacts -------------------------------------------------------------------------------


def _bring(made: Made, best: int) -> None:
    """Bring the best one's artifact to its place, whole."""
    output = Output(made.name, made.type)
    place = outputs.prepare(output, f"output `{made.name}`", made.place)
    text, entry = made.items[best], f"`{made.name}` of repetition {best}"
    try:
        with inputs.Scratch() as scratch:
            found = _found(made, entry, text, scratch)
            packed = _archive(found) if place.packed is not None else None
            if packed is not None and place.packed is not None:
                _same(packed, place.packed)
                shutil.rmtree(place.work)
                return
            if place.work.is_dir():
                place.work.rmdir()
            _same(found, place.work)
            outputs.commit(place)
    finally:
        outputs.discard(place)


def _found(made: Made, entry: str, text: str, scratch: inputs.Scratch) -> Path:
    """The artifact itself; a Model as it lies there, packed or not."""
    path = Path(sagemaker.in_place(text))
    if made.type == "Model" and path.exists():
        return path
    return inputs.locate(Input(made.name, made.type), entry, text, scratch)


def _archive(path: Path) -> Path | None:
    """The archive that a Model on SageMaker is."""
    if path.is_dir():
        path = path / inputs.MODEL_ARCHIVE
    return path if path.is_file() and path.name.endswith((".tar.gz", ".tgz")) else None


def _same(source: Path, place: Path) -> None:
    """The same content at another place."""
    if source.is_dir():
        shutil.copytree(source, place, copy_function=_same_file)
    elif source.is_file():
        _same_file(str(source), str(place))
    else:
        raise ComponentError(f"there is nothing at {quoted(str(source))}")


def _same_file(source: str, place: str) -> str:
    """A file's content shared by a link where that can be, else copied with its times."""
    try:
        os.link(os.path.realpath(source), place)
    except OSError:  # another disk, or one without links
        shutil.copy2(source, place)
    return place
