"""The local engine: an ir.Pipeline in; its steps run on this machine; a record out."""

from isodag.engine.options import RunError, RunOptions
from isodag.engine.record import Observer, RunResult, Status, StepRecord
from isodag.engine.runner import run
from isodag.engine.schedule import State

__all__ = [
    "Observer", "RunError", "RunOptions", "RunResult", "State", "Status", "StepRecord", "run",
]  # fmt: skip
