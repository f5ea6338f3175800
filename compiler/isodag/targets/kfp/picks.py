"""`pick` on KFP: a container that gets whole lists, and gives what the best repetition gave.

A list of artifacts has no placeholder of its own: `.path` and `.uri` are those of its first
(backend/src/v2/component/launcher_v2.go: getPlaceholders).  So the container reads all it needs in
the executor input, and finds an artifact where the launcher puts it (LocalPathForURI there).

Known of the open-source backends, from reading them; nothing was run on a cluster:
- They collect since 2025 (https://github.com/kubeflow/pipelines/pull/11725); earlier ones refuse
  the pipeline.  Vertex collects too.
- The newest sort lists by repetition (backend/src/v2/driver/resolver); whether earlier ones always
  give them in that order is not known.
- Some of them take the list of a loop with one item for its item, and refuse it as no list
  (backend/src/v2/driver/resolver/parameters.go: findParameterByProducerKeyInList).
"""

from __future__ import annotations

from isodag import picking, types
from isodag.component import Output
from isodag.diagnostics import Diagnostic
from isodag.ir import EachRef, Pick, Pipeline
from isodag.targets.images import Images
from isodag.targets.kfp import names, values
from isodag.targets.kfp.containers import Work, contents
from isodag.targets.kfp.inputs import Inputs
from isodag.targets.kfp.keys import Pod


def pick(
    step: Pick, pipeline: Pipeline, images: Images, pod: Pod, problems: list[Diagnostic]
) -> Work:
    """The work of a `pick` step: its inputs are called as `isodag.runtime.picking` reads them."""
    inputs = Inputs(pipeline.name, problems)
    groups = {group.name: group for group in pipeline.groups}
    inputs.parameter(picking.BY, step.by, "JsonArray", "what `pick` goes by", step.span)
    outputs: list[Output] = []
    for name, collected in step.takes:
        kind, key = collected.item.type, picking.listed(name)
        outputs.append(Output(name, kind, step.span))
        if types.is_parameter(kind):
            given = values.picked(collected, groups)
            before = len(problems)
            inputs.parameter(key, given, "JsonArray", f"`{name}` of each repetition", step.span)
            if isinstance(collected.item, EachRef):
                del problems[before:]  # limits.items tells of the list
        else:
            inputs.artifacts(names.port(key), collected)
    if picking.INDEX not in dict(step.takes):
        outputs.append(Output(picking.INDEX, "Integer", step.span))
    best = "highest" if step.highest else "lowest"
    executor = {
        "image": images.resolve(picking.IMAGE),
        "command": list(picking.COMMAND),
        "args": [best, "--by", picking.BY, "--executor-input", "{{$}}"],
    }
    made = contents(inputs.feeds, outputs, {"container": executor}, pod)
    return Work("pick", tuple(inputs.feeds), made)
