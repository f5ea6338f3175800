"""The command line of one component: argv in, texts by name out; texts in, typed values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isodag.runtime import values
from isodag.runtime.errors import UsageError, did_you_mean, listed, quoted
from isodag.runtime.spec import Input, Spec, is_parameter

_OWN = ("help", "version", "executor_input")  # a spec may take the last two for itself


@dataclass(frozen=True)
class Given:
    """What a caller gave.

    texts           text by the name of an input or output
    executor_input  KFP's JSON, from `--executor-input`
    asked           "help" or "version" where that is all that is wanted
    noun            what the caller calls an entry: `flag` or `hyperparameter`
    """

    texts: Mapping[str, str]
    executor_input: str | None = None
    asked: str = ""
    noun: str = "flag"

    def entry(self, name: str) -> str:
        """How a message names an entry to the one who wrote it."""
        return f"`--{name}`" if self.noun == "flag" else f"{self.noun} `{name}`"


def split(spec: Spec, argv: Sequence[str]) -> Given:
    """The texts of a command line: `--name value` or `--name=value`, `-` and `_` being one.

    A flag always takes the next argument, whatever that starts with.  Raises UsageError.
    """
    known = spec.names
    texts: dict[str, str] = {}
    rest = iter(argv)
    for word in rest:
        if word == "-h":
            return Given(texts, asked="help")
        if not word.startswith("--") or word == "--":
            raise UsageError(f"{quoted(word)} stands alone: write --name value")
        written, equals, text = word[2:].partition("=")
        name = written.replace("-", "_")
        if name in ("help", "version") and name not in known:
            return Given(texts, asked=name)
        if name not in known and name != "executor_input":
            raise _unknown(spec, written, (*known, *_OWN), "flag")
        if name in texts:
            raise UsageError(f"`--{name}` is given twice")
        if not equals:
            following = next(rest, None)
            if following is None:
                raise UsageError(f"`--{written}` needs a value: write --{written} VALUE")
            text = following
        texts[name] = text
    executor_input = texts.pop("executor_input", None) if "executor_input" not in known else None
    return Given(texts, executor_input)


def from_hyperparameters(spec: Spec, entries: Mapping[str, str]) -> Given:
    """The texts of a training job's hyperparameters.  Raises UsageError for a foreign name."""
    known = spec.names
    texts = {}
    for written, text in entries.items():
        name = written.replace("-", "_")
        if name not in known:
            raise _unknown(spec, written, known, "hyperparameter")
        texts[name] = text
    return Given(texts, noun="hyperparameter")


def _unknown(spec: Spec, written: str, known: Iterable[str], noun: str) -> UsageError:
    dashes = "--" if noun == "flag" else ""
    near = did_you_mean(written, known)
    way_out = f"did you mean `{dashes}{near}`?" if near else "--help lists what it takes"
    return UsageError(f"`{spec.name}` has no {noun} {quoted(dashes + written)}: {way_out}")


def parameters(spec: Spec, given: Given) -> dict[str, Any]:
    """The typed value of every parameter: given or default, constraints kept.

    One that is optional without a default, and not given, is left out.  Raises UsageError.
    """
    found = {}
    for item in spec.parameters:
        text = given.texts.get(item.name)
        if text is None or _is_null(item, text):
            if item.has_default:
                found[item.name] = item.default
            continue
        try:
            value = values.parse(item.type, text)
            if reason := values.violation(value, item.constraints):
                raise values.BadValue(reason)
        except values.BadValue as error:
            raise UsageError(f"{given.entry(item.name)}: {error}") from None
        found[item.name] = value
    return found


def check_complete(spec: Spec, given: Given) -> None:
    """Raise UsageError, naming all that is missing, unless all that is required is given."""
    missing = [
        item.name for item in spec.inputs if not item.optional and item.name not in given.texts
    ]
    missing += [item.name for item in spec.products if item.name not in given.texts]
    if missing and given.noun == "flag":
        names = listed(f"--{name}" for name in missing)
        raise UsageError(f"`{spec.name}` needs {names}: --help tells what to give")
    if missing:
        raise UsageError(f"`{spec.name}` needs as {given.noun} {listed(missing)}")


def _is_null(item: Input, text: str) -> bool:
    """KFP writes the empty text for an optional input that has no value."""
    return text == "" and item.optional and item.type != "String" and is_parameter(item.type)
