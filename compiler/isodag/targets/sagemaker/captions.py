"""What the console shows of a step: `DisplayName` and `Description`."""

from __future__ import annotations

from isodag.ir import Task
from isodag.targets.sagemaker import keys
from isodag.targets.sagemaker.context import Context

# service model: StepDisplayName and StepDescription of PipelineExecutionStep; both on one line
LONGEST_NAME, LONGEST_DESCRIPTION = 256, 3072


def request(context: Context, task: Task) -> dict[str, str]:
    """The members of a step; none where nothing is said of it.

    W514 for a description that is cut, E522 for a name that is none.
    """
    made = {}
    if (name := _name(context, task)) is not None:
        made["DisplayName"] = name
    if description := " ".join(task.description.split()):
        if len(description) > LONGEST_DESCRIPTION:
            message = f"the description of step `{task.step}` has {len(description)} characters, "
            message += f"SageMaker keeps {LONGEST_DESCRIPTION}"
            context.report("W514", message, task.span, "shorten it, or read it here only")
        made["Description"] = description[:LONGEST_DESCRIPTION]
    return made


def _name(context: Context, task: Task) -> str | None:
    tree = keys.block(task.targets).get("display_name")
    given = keys.plain(tree)
    if tree is None or not isinstance(given, str):
        return None
    if "\n" in given.strip() or not 0 < len(given.strip()) <= LONGEST_NAME:
        message = f"`display_name` must be one line of 1 to {LONGEST_NAME} characters"
        context.report("E522", message, tree.span)
        return None
    return given.strip()
