"""The keys of a DAG file: one table that the reader checks against and editors are told.

Targets declare the keys of their own `targets:` blocks with the same `Key`.  The order of a table
is that in which editors offer its keys and `fmt` lays them out.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """One key of a mapping.

    kind      string, integer, number, boolean, duration (`30s`, `5m`, `3h`, `30d`),
              size (`16Gi`, `500Mi`), mapping, sequence, any
    scope     where the key may stand: pipeline, step, or both
    run_time  whether `${{ parameters.x }}` may give the value; vars always may
    enum      the only values, or the only items of a sequence
    fixed     the value is read as it is written: not even a variable may give it
    minimum, maximum  bounds of a number, inclusive
    """

    name: str
    kind: str
    doc: str
    scope: str = "both"
    run_time: bool = False
    required: bool = False
    enum: tuple[str, ...] = ()
    fixed: bool = False
    minimum: float | None = None
    maximum: float | None = None


API_VERSION = "isodag/v1"

PIPELINE = (
    Key("apiVersion", "string", f"Always `{API_VERSION}`.", required=True, fixed=True),
    Key("kind", "string", "Always `Pipeline`.", required=True, fixed=True),
    Key("name", "string", "The pipeline's name on every target.", required=True, fixed=True),
    Key("description", "string", "What the pipeline does."),
    Key("vars", "mapping", "Values fixed at compile time; a values file may replace them."),
    Key("parameters", "mapping", "Values given to each run."),
    Key("conditions", "mapping", "Named conditions, for `when:`."),
    Key("defaults", "mapping", "Settings of every step that supports them."),
    Key("steps", "mapping", "The steps, by name.", required=True),
    Key("finally", "mapping", "Steps that run when all others have ended, however they did."),
    Key("outputs", "mapping", "Results of the whole pipeline."),
    Key("targets", "mapping", "What only one target needs to know."),
)
VALUES = (
    Key("apiVersion", "string", f"Always `{API_VERSION}`.", required=True, fixed=True),
    Key("kind", "string", "Always `Values`.", required=True, fixed=True),
    Key("vars", "mapping", "Other values for the pipeline's vars."),
    Key("parameters", "mapping", "Other defaults for the pipeline's parameters."),
    Key("steps", "mapping", "Other settings for steps; never the graph."),
    Key("finally", "mapping", "Other settings for the steps under `finally:`."),
    Key("targets", "mapping", "Other settings for targets."),
)
CONSTRAINTS = (
    Key("minimum", "number", "The least value, inclusive.", fixed=True),
    Key("maximum", "number", "The greatest value, inclusive.", fixed=True),
    Key("enum", "sequence", "The only values allowed.", fixed=True),
    Key("pattern", "string", "A regular expression that the text must match.", fixed=True),
)
PARAMETER = (
    Key("type", "string", "One of String, Integer, Float, Boolean, JsonObject, JsonArray, Secret, "
        "or the type of an artifact.", required=True, fixed=True),
    Key("default", "any", "The value when a run gives none."),
    *CONSTRAINTS,
    Key("description", "string", "What the parameter means."),
)  # fmt: skip
SETTINGS = (
    Key("resources", "mapping", "What a step asks of its machines: cpu, memory, gpu, disk, "
        "instances."),
    Key("environment", "mapping", "Environment variables of a step: text by name."),
    Key("timeout", "duration", "How long a step may run at most, as 3h."),
    Key("cache", "mapping", "Reuse of earlier results: max_age."),
    Key("retry", "mapping", "Another try after a failure: max_attempts, on, interval, backoff."),
    Key("tags", "mapping", "Labels of what a step makes on its target: text by key."),
)  # fmt: skip
STEP = (
    Key("description", "string", "What the step is for."),
    Key("when", "any", "The condition under which the step runs."),
    Key("foreach", "mapping", "Repeats the step: once for each value of a list."),
    Key("after", "sequence", "Steps that must be done first.", fixed=True),
    Key("component", "string", "The component: name, name@1, name@1.2, ./folder, or another "
        "pipeline: ./file.yaml.", fixed=True),
    Key("fail", "string", "Ends the run as failed, with this message."),
    Key("pick", "mapping", "Takes the best repetition of a step with `foreach:`."),
    Key("inputs", "mapping", "What each input of the component gets."),
    Key("secret_env", "mapping", "Environment variables that hold secrets: by name, each a "
        "parameter of type Secret, or a reference such as secret:NAME."),
    *SETTINGS,
    Key("targets", "mapping", "What only one target needs to know."),
)  # fmt: skip
NOT_LAST = ("when", "after", "foreach", "fail", "pick")  # no keys of a step under `finally:`
STEP_VALUES = (*SETTINGS, Key("targets", "mapping", "Other settings for targets."))
FOREACH = (
    Key("var", "string", "The loop variable: `${{ each.NAME }}` reads it.", required=True,
        fixed=True),
    Key("in", "any", "The values, 1 to 100: a list, or `${{ vars.NAME }}` for one; or a "
        "JsonArray that a run brings, with `type:`.", required=True),
    Key("type", "string", "Of each value: String, Integer, Float or Boolean.", fixed=True),
)  # fmt: skip
PICK = (
    Key("from", "string", "The step with `foreach:` whose best repetition is taken.",
        required=True, fixed=True),
    Key("highest", "string", "Its output, a number, that is greatest in the best.", fixed=True),
    Key("lowest", "string", "Its output, a number, that is least in the best.", fixed=True),
)  # fmt: skip
RESOURCES = (
    Key("cpu", "number", "Cores.", minimum=0, maximum=10_000),
    Key("memory", "size", "Memory, as 16Gi or 500Mi."),
    Key("gpu", "integer", "Devices.", minimum=0, maximum=10_000),
    Key("disk", "size", "Disk, as 30Gi."),
    Key("instances", "integer", "Machines; 1 when not said.", minimum=1, maximum=10_000),
)
CACHE = (Key("max_age", "duration", "How old a reused result may be, as 30d or 12h."),)
RETRY_CAUSES = ("throttling", "capacity", "service", "internal")
RETRY = (
    Key("max_attempts", "integer", "Tries in all, the first included, 1 to 20.",
        minimum=1, maximum=20),
    Key("on", "sequence", "Causes worth another try: throttling, capacity, service, internal.",
        enum=RETRY_CAUSES),
    Key("interval", "duration", "Pause before the second try, as 30s."),
    Key("backoff", "number", "Factor by which the pause grows.", minimum=1, maximum=100),
)  # fmt: skip
SETTING_KEYS = {"resources": RESOURCES, "cache": CACHE, "retry": RETRY}
TEXTS = ("environment", "tags")  # settings that hold text by the user's own names
