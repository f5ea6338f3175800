"""Where SageMaker files the runs of a pipeline: `PipelineExperimentConfig`.

https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-experiments.html; what is left out is
named as the SDK names it (workflow/pipeline_experiment_config.py and pipeline.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isodag.targets.sagemaker import keys, references, requests
from isodag.targets.sagemaker.blocks import Block
from isodag.targets.sagemaker.context import Context
from isodag.targets.sagemaker.outputs import RUN
from isodag.targets.sagemaker.places import Places

NONE = "none"
_MEMBERS = {"name": ("ExperimentName", RUN["pipeline"]), "trial": ("TrialName", RUN["id"])}
_SHAPE = "ExperimentEntityName"  # service model


def config(context: Context) -> dict[str, Any] | None:
    """The part of the definition; None for no experiment, as there is none in every region.

    E522 where it is neither `none` nor names.
    """
    setting = context.settings.get("experiment")
    if setting is None or keys.plain(setting) == NONE:
        return None
    if not isinstance(setting.value, Mapping):
        given = keys.plain(setting)
        message = "`experiment` must be names, or none"
        help = f"write experiment: {{name: {given if isinstance(given, str) else 'NAME'}}}"
        context.report("E522", message, setting.span, help)
        return None
    block = Block(context, "experiment", setting, _MEMBERS)
    checker = requests.Checker("`experiment`", setting.span, Places(settled=context.settled))
    made = {}
    for key, (member, usual) in _MEMBERS.items():
        value = block.value(key) or references.get(usual)
        made[member] = checker.convert(value, _SHAPE, (member,))
    context.diagnostics.extend(checker.found)
    return made
