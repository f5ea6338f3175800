"""Numbers of a Training step: SageMaker finds them in the job's log and tells the last of each.

A metric definition is a name and a regular expression whose first group is the number; what was
found stands in `FinalMetricDataList` of the job, where conditions and other steps read it:
https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html and
https://sagemaker.readthedocs.io/en/stable/amazon_sagemaker_model_building_pipeline.html#trainingstep.
A value there is a single-precision float (MetricData.Value, as real answers show): it has about
seven digits, and an Integer is exact up to 16,777,216.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from isodag import ir, picking, types
from isodag.component import Component
from isodag.diagnostics import Diagnostic
from isodag.source import Span
from isodag.targets.sagemaker import keys, names, references
from isodag.targets.sagemaker.context import Context, binding_steps, made_by, speaks_runtime
from isodag.targets.sagemaker.places import Path, Places, giver, shown
from isodag.targets.sagemaker.references import UNKNOWN, Expr

LONGEST = 500  # characters; service model: MetricRegex.max
MOST = 40  # service model: MetricDefinitionList.max
MEMBERS = ("AlgorithmSpecification", "MetricDefinitions")
# What our runtime prints (`isodag: NAME=VALUE`), with the number as SageMaker's own XGBoost
# definitions have it; without anchors, for a platform may put something before a line
_NUMBER = r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"


@dataclass(frozen=True)
class Metric:
    """A metric definition.

    span  of the expression, where a file gives it
    """

    name: str
    regex: str
    span: Span | None = None


def numeric(component: Component) -> list[str]:
    """The outputs of a component that a metric can carry."""
    return [item.name for item in component.outputs if item.type in ("Integer", "Float")]


def name(output: str) -> str:
    """The metric that carries an output: its name, but for what `['…']` cannot hold."""
    return output.replace("'", "_")


def value(step: str, output: str, type_name: str) -> Expr:
    """What another step reads: the service has a Float, whatever the output's type."""
    path = f"Steps.{step}.FinalMetricDataList['{name(output)}'].Value"
    carried = references.Reference({"Get": path}, "Float")
    return Expr((carried,), type_name)


def read(context: Context, ref: ir.OutputRef, part: str, span: Span) -> Expr:
    """The value of a scalar output of a Training step, which the job's log tells.

    E506 where it does not.
    """
    task = context.tasks[ref.task]
    assert isinstance(task, ir.Task)
    if ref.output in numeric(task.component):
        if name(ref.output) in known(context, task):
            return value(names.step(ref.task, part), ref.output, ref.type).at(span)
        message = f"`steps.{ref.task}.outputs.{ref.output}` is a number of a Training step"
        if speaks_runtime(task.component):
            message += ", whose metric definition `arguments` take away"
            help = "remove `MetricDefinitions: null`"
        else:
            message += ", and no metric definition says how its log shows it"
            example = f'{{{ref.output}: "{ref.output}=([0-9.]+)"}}'
            help = f"write it under `targets.sagemaker` of the step, as `metrics: {example}`"
    else:
        kind = types.one(ref.type)
        message = f"`steps.{ref.task}.outputs.{ref.output}` is {kind} of a Training step"
        message += ", of which SageMaker passes on only numbers"
        help = "write it as an artifact, or compute it in a component that runs as a Processing"
        help += " step, such as an evaluation"
    context.report("E506", message, span, help)
    return UNKNOWN


# --- definitions -----------------------------------------------------------------------------


def generated(context: Context, task: ir.Task) -> list[Metric]:
    """The definitions that nobody has to write, with those of `metrics:` laid over.

    Of more than 40 numbers only those that something reads have one.
    """
    found = {}
    if speaks_runtime(task.component):
        outputs = numeric(task.component)
        if len(outputs) > MOST:
            read = _read(context.pipeline)
            outputs = [output for output in outputs if (task.name, output) in read]
        for output in outputs:
            regex = f"isodag: {re.escape(output)}={_NUMBER}"
            found[name(output)] = Metric(name(output), regex)
    for metric in _own(task):
        found[metric.name] = metric
    return list(found.values())


def request(context: Context, task: ir.Task) -> dict[str, Any]:
    """The part of a Training request that defines the metrics."""
    listed = [
        {"Name": metric.name, "Regex": references.constant(metric.regex, "String", metric.span)}
        for metric in generated(context, task)
    ]
    return {MEMBERS[0]: {MEMBERS[1]: listed}} if listed else {}


def completed(before: Mapping[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """A Training request with the generated metrics beside those that `arguments` list.

    before, after  as generated, and with `arguments` laid over: there a list replaces the other
    """
    made, given = _at(before), _at(after)
    if given is made or not isinstance(made, list) or not isinstance(given, list):
        return after
    taken = {references.known(item.get("Name")) for item in given if isinstance(item, Mapping)}
    whole = [*given, *(item for item in made if item["Name"] not in taken)]
    return after | {MEMBERS[0]: after[MEMBERS[0]] | {MEMBERS[1]: whole}}


def known(context: Context, task: ir.Task) -> set[str]:
    """The names of the metrics that a Training step defines."""
    step = made_by(task.component)
    found = {metric.name for metric in generated(context, task)}
    if step is not None:
        found |= {str(item.get("Name")) for item in _at(step.arguments) or () if _plain(item)}
    for block in (context.settings, keys.block(task.targets)):
        listed = block.get("arguments")
        for member in MEMBERS:
            listed = keys.mapping(listed).get(member) if listed is not None else None
        if listed is None:
            continue
        if isinstance(listed.value, tuple):
            found |= {str(keys.plain(keys.mapping(item).get("Name"))) for item in listed.value}
        else:
            found.clear()  # null removes them
    return found


def _plain(item: Any) -> bool:
    return isinstance(item, Mapping)


def _own(task: ir.Task) -> Iterator[Metric]:
    """The entries of `metrics:`."""
    tree = keys.block(task.targets).get("metrics")
    for key, entry in keys.mapping(tree).items() if tree is not None else ():
        regex = keys.plain(entry)
        if isinstance(regex, str):
            yield Metric(name(key), regex, entry.span)


def _at(tree: Mapping[str, Any]) -> Any:
    inner = tree.get(MEMBERS[0])
    return inner.get(MEMBERS[1]) if isinstance(inner, Mapping) else None


def _read(pipeline: ir.Pipeline) -> set[tuple[str, str]]:
    """Every output that something reads, with its task."""
    values = [value for node in pipeline.tasks for value in ir.values_of(node)]
    for gate in pipeline.gates:
        values += [leaf for item in ir.operands(gate.predicate) for leaf in ir.leaves(item)]
    for output in pipeline.outputs:
        values += ir.leaves(output.value)
    return {(item.task, item.output) for item in values if isinstance(item, ir.OutputRef)}


# --- problems --------------------------------------------------------------------------------


def problems(task: ir.Task) -> Iterator[Diagnostic]:
    """E513, E530: `metrics` on a step that has none, or an expression that finds no number."""
    tree = keys.block(task.targets).get("metrics")
    if tree is None:
        return
    kinds = [step.kind for step in binding_steps(task.component)]
    if "Training" not in kinds:
        message = f"{types.one(kinds[0])} step has no `metrics`"
        yield Diagnostic("E513", message, tree.span, "remove the line")
        return
    for key, entry in keys.mapping(tree).items():
        if (wrong := _wrong(key, keys.plain(entry))) is not None:
            yield Diagnostic("E530", f"`metrics.{key}` {wrong[0]}", entry.span, wrong[1])


def written(
    task: ir.Task, kind: str, arguments: Mapping[str, Any], places: Places
) -> Iterator[Diagnostic]:
    """E530: a metric definition of a request whose expression finds no number.

    Those of `metrics:` are told there.
    """
    above: list[tuple[Path, Any]] = [((), arguments)] if kind == "Training" else []
    if kind == "Tuning":
        above.append((("TrainingJobDefinition",), arguments.get("TrainingJobDefinition")))
        several = arguments.get("TrainingJobDefinitions")
        for index, item in enumerate(several if isinstance(several, list) else ()):
            above.append((("TrainingJobDefinitions", index), item))
    told = {metric.regex for metric in _own(task)}
    for path, tree in above:
        listed = _at(tree) if isinstance(tree, Mapping) else None
        for index, item in enumerate(listed if isinstance(listed, list) else ()):
            key, regex = (item.get("Name"), item.get("Regex")) if _plain(item) else (None, None)
            if not isinstance(key, str) or not isinstance(regex, str) or regex in told:
                continue
            if (wrong := _wrong(key, regex)) is not None:
                where = (*path, *MEMBERS, index, "Regex")
                near = giver(task, regex) or places.near(where) or task.span
                message = f"step `{task.step}`: `{shown(where)}` {wrong[0]}"
                yield Diagnostic("E530", message, near, wrong[1])


def _wrong(key: str, regex: Any) -> tuple[str, str] | None:
    """What keeps an expression from finding a number, and the way out."""
    example = f'write it as "{key}=([0-9.]+)"'
    if not isinstance(regex, str):
        return "is not a regular expression", example
    if len(regex) > LONGEST:
        return None  # told where the request is checked
    try:
        groups = re.compile(regex).groups
    except (re.error, OverflowError, RecursionError) as error:
        return f"is not a regular expression: {error}", example
    if not groups:
        return "does not say where the number is", f"put it in round brackets, as {example[12:]}"
    return None


def spelling(context: Context) -> Iterator[Diagnostic]:
    """W525: an Integer of a Training step stands where SageMaker writes it as a Float, and nobody
    reads it back."""
    for node in context.pipeline.tasks:
        for given, where in _texts(node):
            for leaf in ir.leaves(given):
                if not isinstance(leaf, ir.OutputRef) or leaf.type != "Integer":
                    continue
                maker = context.tasks[leaf.task]
                if isinstance(maker, ir.Task) and carried(maker.component, leaf.output):
                    message = f"`steps.{leaf.task}.outputs.{leaf.output}` is of a Training step: "
                    message += "as text SageMaker may write 3.0 for 3"
                    help = "compute it in a component that runs as a Processing step"
                    yield Diagnostic("W525", message, leaf.span or where, help)


def carried(component: Component, output: str) -> bool:
    """Whether an output is a number that a metric of a Training step carries."""
    maker = made_by(component)
    bound = component.binding is not None and output in component.binding.outputs
    return maker is not None and maker.kind == "Training" and not bound


def _texts(node: ir.Node) -> Iterator[tuple[ir.Value, Span]]:
    """What a component is given as text that our runtime does not read back as a number.

    The message of a failure is read by people.
    """
    if isinstance(node, ir.Task):
        container = node.component.container
        if container is not None and container.command == picking.COMMAND:
            return  # it compares numbers
        foreign = container is not None and not speaks_runtime(node.component)
        for argument in node.arguments:
            if foreign or isinstance(argument.value, ir.Text | ir.Listing):
                yield argument.value, argument.span
        for variable in node.environment:
            yield variable.value, variable.place
