"""Kubeflow Pipelines: the IR in, `pipeline.yaml` (PipelineSpec 2.1.0) out.

The style is the one that every v2 backend and Vertex read: every input given at its task, plain
arguments, conditions in CEL on sub-DAGs, shared components.  Source of the format:
https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from isodag import types
from isodag.diagnostics import Diagnostic, did_you_mean, failed, ordered
from isodag.ir import EachRef, Failure, Node, ParameterRef, Pipeline, Task
from isodag.source import Span
from isodag.targets import Emitted
from isodag.targets.images import repository
from isodag.targets.kfp import (
    constants,
    containers,
    document,
    keys,
    limits,
    picks,
    secrets,
    yaml_text,
)
from isodag.targets.kfp.collisions import collisions
from isodag.targets.kfp.containers import Work
from isodag.targets.kfp.inputs import Import, image_inputs, unfetchable
from isodag.targets.kfp.keys import KEYS, Pod, Settings
from isodag.targets.kfp.nest import Nest
from isodag.targets.kfp.operating import Operating
from isodag.targets.kfp.places import Places
from isodag.targets.kfp.sharing import share

__all__ = ["KEYS", "emit"]

FILE = "pipeline.yaml"


def emit(pipeline: Pipeline) -> Emitted:
    """The KFP pipeline of an IR, what the manifest should say, and what KFP cannot do.

    Diagnostics are E601 to E613 and W601 to W605; there are no files when one is an error.
    """
    problems: list[Diagnostic] = []
    settings = keys.settings(pipeline, problems)
    places = Places(pipeline)
    works = _works(pipeline, settings, places, problems)
    imports = _imports(works.values())
    problems += collisions(
        pipeline,
        places,
        [(f"the import of `{_shown(item)}`", item.name, item.span) for item in imports],
    )
    problems += limits.joins(pipeline)
    problems += limits.gated_outputs(pipeline)
    problems += limits.items(pipeline)
    problems += limits.uris(pipeline)
    problems += _unfit(pipeline)
    problems += secrets.problems(pipeline)
    images = _images(pipeline, settings, problems)
    operating = Operating(pipeline)
    problems += operating.missing()
    if failed(problems):
        return Emitted(diagnostics=tuple(ordered(problems)))
    nest = Nest(pipeline, places)
    imported = {item: containers.importer(item) for item in imports}
    shared = share([*imported.values(), *works.values()])
    for node in sorted((*pipeline.tasks, *pipeline.last), key=lambda node: node.name):
        work = works[node.name]
        for item in _imports([work]):
            nest.add_import(item, shared.component(imported[item]), imported[item], node.name)
        nest.add(node, shared.component(work), work, operating.settings(node))
    text = yaml_text.dump(*document.documents(pipeline, settings, nest, shared)).encode()
    problems += limits.size(pipeline, len(text))
    return Emitted(
        files={FILE: text},
        manifest=document.manifest(pipeline, settings, images, places),
        diagnostics=tuple(ordered(problems)),
    )


# --- parts -----------------------------------------------------------------------------------


def _works(
    pipeline: Pipeline, settings: Settings, places: Places, problems: list[Diagnostic]
) -> dict[str, Work]:
    """What each step needs, by step; a step that KFP cannot run is left out."""
    works: dict[str, Work] = {}
    for node in (*pipeline.tasks, *pipeline.last):
        work: Work | None
        if isinstance(node, Task):
            pod = _pod(pipeline, node, places, problems)
            work = containers.task(node, pipeline, settings.images, pod, problems)
        elif isinstance(node, Failure):
            pod = keys.pod(pipeline, None, problems)
            work = containers.failure(node, pipeline, settings.images, pod, problems)
        else:
            pod = keys.pod(pipeline, None, problems)
            work = picks.pick(node, pipeline, settings.images, pod, problems)
        if work is not None:
            works[node.name] = work
    return works


def _pod(pipeline: Pipeline, task: Task, places: Places, problems: list[Diagnostic]) -> Pod:
    pod = keys.pod(pipeline, task, problems)
    if not task.secrets:
        return pod
    found = secrets.environment(task, nested=bool(places.route(task.name)))
    return replace(pod, config={**pod.config, "secretAsEnv": found})


def _imports(works: Iterable[Work]) -> list[Import]:
    """Every import that a task asks for, once, by name, at the first place that asks."""
    sources = [feed.source for work in works for feed in work.feeds]
    asked = sorted(
        (source for source in sources if isinstance(source, Import)),
        key=lambda item: (item.name, item.span),
    )
    return list(dict.fromkeys(asked))


def _shown(item: Import) -> str:
    if isinstance(item.uri, EachRef):
        return f"each.{item.uri.field or item.uri.group}"
    return item.uri.name if isinstance(item.uri, ParameterRef) else str(item.uri.value)


def _unfit(pipeline: Pipeline) -> Iterable[Diagnostic]:
    """What KFP would not carry as written, outside the steps' own inputs."""
    for parameter in pipeline.parameters:
        if parameter.has_default and parameter.type != types.SECRET:
            what = f"the default of `{parameter.name}`"
            check = constants.unfit if types.is_parameter(parameter.type) else unfetchable
            place = parameter.default_span or parameter.span
            if problem := check(parameter.default, what, place):
                yield problem
    for gate in pipeline.gates:
        for value in limits.constants_of(gate.predicate):
            if problem := constants.unfit(value, f"condition `{gate.text}`", gate.span):
                yield problem


def _images(pipeline: Pipeline, settings: Settings, problems: list[Diagnostic]) -> dict[str, str]:
    """Every image by the reference written, and a warning (W601) for each that stays so."""
    places: dict[str, Span] = {}
    for node in sorted((*pipeline.tasks, *pipeline.last), key=lambda node: node.span):
        for reference in _references(node):
            places.setdefault(reference, node.span)
    for reference, span in places.items():
        if settings.images.as_written(reference):
            problems.append(
                Diagnostic(
                    "W601",
                    f"image `{reference}` is emitted as written, without a registry",
                    span,
                    "set targets.kfp.image_registry, or name it in targets.kfp.images",
                )
            )
    problems += _overrides(pipeline, places)
    return {name: settings.images.resolve(name) for name in sorted(places)}


def _overrides(pipeline: Pipeline, references: Iterable[str]) -> Iterable[Diagnostic]:
    """W604: an entry of `images` that stands for no image of the pipeline."""
    block = pipeline.targets.get(keys.NAME)
    tree = block.value.get("images") if block and isinstance(block.value, Mapping) else None
    if tree is None or not isinstance(tree.value, Mapping):
        return
    used = {name for item in references for name in (item, repository(item))}
    for name in tree.value:
        place = tree.keys.get(name, tree.span)
        if name not in used and place.path == pipeline.span.path:  # values files are shared
            message = f"no component of the pipeline has image `{name}`"
            help = did_you_mean(name, sorted({repository(item) for item in used}), "image")
            yield Diagnostic("W604", message, place, help)


def _references(node: Node) -> list[str]:
    if not isinstance(node, Task):
        return [containers.FAIL_IMAGE]
    own = [node.component.container.image] if node.component.container else []
    return [*own, *image_inputs(node)]
