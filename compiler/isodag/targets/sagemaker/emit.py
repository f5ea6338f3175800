"""The SageMaker target on one page: an IR pipeline in, its files, manifest and problems out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from isodag import ir, ir_groups
from isodag.diagnostics import failed, ordered
from isodag.source import Span
from isodag.targets import Emitted
from isodag.targets.images import Images
from isodag.targets.sagemaker import (
    caching,
    conditions,
    create,
    experiment,
    gates,
    keys,
    layout,
    loops,
    manifest,
    names,
    outputs,
    overwriting,
    parameters,
    references,
    steps,
    whole,
)
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.references import Expr

VERSION = "2020-12-01"


def emit(pipeline: ir.Pipeline) -> Emitted:
    """The definition, the request that creates the pipeline, and the manifest.

    Files: pipeline.json, and create-pipeline.json for
    `aws sagemaker create-pipeline --cli-input-json file://create-pipeline.json` where the
    definition is short enough to stand in a request.
    """
    pipeline = ir_groups.flat(pipeline, keep=loops.asked(pipeline))
    if unfit := list(loops.unfit(pipeline)):
        return Emitted({}, {}, tuple(ordered(unfit)))
    context = _context(pipeline)
    tasks = [node for node in pipeline.tasks if not isinstance(node, ir.Pick)]
    made = {node.name: _steps(context, node) for node in tasks}
    decided, lowered = _conditions(context)
    top, dropped = gates.arrange(pipeline, _paths(context), decided)
    forks = layout.fork_names(top)
    heads = loops.heads(context)
    definition: dict[str, Any] = {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": [
            *(parameters.declare(parameter) for parameter in pipeline.parameters),
            *parameters.added(context),
        ],
        "PipelineExperimentConfig": experiment.config(context),
        "Steps": layout.write(top, forks, lowered, layout.finished(context, made, dropped, heads)),
    }
    submitted = json.dumps(definition, ensure_ascii=False, separators=(",", ":"))
    request = create.request(context, submitted)
    about = manifest.render(context, submitted, made, dropped)
    named = layout.named(context, made, top, forks)
    context.diagnostics.extend(whole.problems(context, decided, named, submitted))
    context.diagnostics.extend(caching.problems(context, made))
    context.diagnostics.extend(overwriting.problems(context, made))
    problems = tuple(whole.once(context, ordered(context.diagnostics)))
    if failed(problems):
        return Emitted({}, {}, problems)
    files = {"pipeline.json": _pretty(definition)}
    if len(submitted) <= whole.LONGEST:
        files["create-pipeline.json"] = _pretty(request)
    return Emitted(files, about, problems)


def _context(pipeline: ir.Pipeline) -> Context:
    """The pipeline's own settings, read."""
    settings = keys.block(pipeline.targets)
    overrides = keys.mapping(settings["images"]) if "images" in settings else {}
    context = Context(
        pipeline=pipeline,
        name=names.pipeline(pipeline.name),
        role=references.parameter(names.ROLE, "String"),
        root=references.parameter(names.ARTIFACT_ROOT, "String"),
        images=Images(
            str(keys.plain(settings.get("image_registry")) or ""),
            {name: str(keys.plain(tree) or name) for name, tree in overrides.items()},
        ),
        settings=settings,
        tasks={node.name: node for node in pipeline.tasks},
        parameters={parameter.name: parameter for parameter in pipeline.parameters},
        turns=loops.turns(pipeline),
    )
    role, root = _setting(context, "role"), _setting(context, "artifact_root")
    return replace(
        context,
        role=role or context.role,
        root=root or context.root,
        settled=frozenset(made.span for made in (role, root) if made and made.span),
    )


def _setting(context: Context, key: str) -> Expr | None:
    tree = context.settings.get(key)
    if tree is None or isinstance(tree.value, tuple | Mapping):
        return None
    return outputs.expr(context, tree.value, tree.span)


def _steps(context: Context, node: ir.Task | ir.Failure) -> list[steps.Step]:
    if isinstance(node, ir.Failure):
        return [steps.of_failure(context, node)]
    return steps.of_task(context, node)


def _conditions(context: Context) -> tuple[dict[str, bool], dict[str, list[dict[str, Any]]]]:
    """Gates whose truth is known now, and the `Conditions` of the others.

    E508 where a gate becomes more clauses than a Condition step should hold.
    """
    decided: dict[str, bool] = {}
    lowered: dict[str, list[dict[str, Any]]] = {}
    for gate in context.pipeline.gates:

        def read(value: ir.Value, span: Span = gate.span) -> Expr:
            return outputs.expr(context, value, span)

        try:
            found = conditions.lower(gate.predicate, read)
        except conditions.TooMany as many:
            message = f"condition `{gate.name}` becomes {many.count} clauses on SageMaker"
            help = f"at most {conditions.MAX_CLAUSES}: compute a part of it in a component"
            context.report("E508", message, gate.span, help)
            found = []
        if isinstance(found, bool):
            decided[gate.name] = found
        else:
            lowered[gate.name] = found
    return decided, lowered


def _paths(context: Context) -> dict[str, ir.Path]:
    """The branches around each task.

    E508 where a step stands behind more conditions than we nest.
    """
    paths = gates.paths(context.pipeline)
    for name, path in paths.items():
        if len(path) > gates.MAX_NESTING:
            message = f"step `{context.tasks[name].step}` stands behind {len(path)} conditions"
            help = f"at most {gates.MAX_NESTING}: join some of them with `and`"
            context.report("E508", message, context.tasks[name].span, help)
            paths[name] = ()
    return paths


def _pretty(value: Any) -> bytes:
    """JSON with a line for each member, so that differences show."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
