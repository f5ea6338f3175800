"""What a user asks of a run, and how a run says that it cannot begin."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


class RunError(Exception):
    """A run that cannot begin; nothing was started.

    problems   one clear line each; `str()` joins them with line ends
    exit_code  2 when the command is wrong (parameters, names of steps and runs), 1 when the
               definition or this machine is
    """

    def __init__(self, *problems: str, exit_code: int = 2) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
        self.exit_code = exit_code


@dataclass(frozen=True)
class RunOptions:
    """How to run.

    parameters  texts by parameter name, as `-p name=value` gave them
    bases       folder that the relative path of an artifact parameter's default starts from, where
                that is not the folder of the DAG file (a values file elsewhere set the default)
    folder      where the relative paths of `parameters` start; None for the working folder
    store       where runs and cache live; made when it is not there
    jobs        steps at once, 1 or more; None for as many as there are cores
    use_cache   False runs every step again; its results are kept for later runs all the same
    from_step   this step and all that depend on it run again even when cached
    resume      id of the run to go on with, or `latest`
    samples     the local path behind `sample:NAME`; raises RunError, LookupError or OSError
    again       the command that goes on with an interrupted run; `{run}` is its id
    grace       seconds between asking steps to stop and killing them
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    bases: Mapping[str, Path] = field(default_factory=dict)
    folder: Path | None = None
    store: Path = Path(".isodag")
    jobs: int | None = None
    use_cache: bool = True
    from_step: str | None = None
    resume: str | None = None
    samples: Callable[[str], Path] | None = None
    again: str = "isodag run FILE --resume {run}"
    grace: float = 10.0


@dataclass(frozen=True)
class Machine:
    """What steps may use at once: steps, cores, bytes of memory."""

    jobs: int
    cpu: float
    memory: int


def this_machine(jobs: int | None) -> Machine:
    """The machine at hand: cores that this process may use, and physical memory."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(jobs or cores, float(cores), memory)
