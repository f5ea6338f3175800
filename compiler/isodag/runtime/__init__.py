"""What runs inside a component's container: one command line becomes one typed call.

A component imports from here, and from nowhere else in isodag: `run`, for the end of its main.py,
`ComponentError`, and `quiet`, for libraries that talk while they load.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isodag.runtime.errors import ComponentError
from isodag.runtime.noise import quiet

__all__ = ["ComponentError", "quiet", "run"]


def run(function: Callable[..., Any]) -> None:
    """Call a component's function with what the command line says, then exit the process.

    function  the one of main.py; `component.yaml` lies beside the file that defines it
    """
    from isodag.runtime import program  # light, but only a process that runs needs it

    program.leave(program.run(function))
