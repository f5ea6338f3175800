"""Starting a step: a command with its folders in, something that ends with a status out.

A launcher is a small contract, so that steps may run as containers or in environments of their
own; `ProcessLauncher` starts one process of this machine per step.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from isodag.component import Container
from isodag.engine.masking import Masked
from isodag.ir import Resources

_PACKAGE_PARENT = Path(__file__).resolve().parents[2]
_PYTHONS = ("python3", "python")
_LAST_WORDS = 5.0  # seconds that the end of a masked log is waited for


class CannotStart(Exception):
    """A step that could not be started; one line."""


@dataclass(frozen=True)
class Job:
    """One step to start.

    container  of the component: its image, for launchers that have images
    argv       the command with real paths
    env        variables beyond those of this process
    secrets    further variables, which hold secrets: they must not get into the log
    withheld   variables of this process that the step does not inherit
    folder     empty working folder of the step's own
    log        file that standard output and error are appended to
    reads      paths that the step reads
    writes     folder that the step writes to
    """

    step: str
    container: Container
    argv: tuple[str, ...]
    env: Mapping[str, str]
    folder: Path
    log: Path
    reads: tuple[Path, ...]
    writes: Path
    resources: Resources | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    withheld: frozenset[str] = frozenset()


class Started(Protocol):
    """A step that was started.  When it may have ended, this process gets SIGCHLD."""

    def status(self) -> int | None:
        """Exit status, below 0 the signal that ended it; None while it runs."""

    def stop(self, *, kill: bool = False) -> None:
        """Ask it, and all it started, to end; or end it."""


class Launcher(Protocol):
    """Starts steps."""

    def start(self, job: Job) -> Started:
        """Start a step and return at once.  Raises CannotStart, or OSError for a full disk."""

    def close(self) -> None:
        """All steps have ended."""


class ProcessLauncher:
    """One process per step, each the leader of a session of its own.

    A guard, a tiny shell that reads the sessions' numbers from a pipe, kills them all when this
    process dies in whatever way (the pipe then ends).  Unlike PR_SET_PDEATHSIG that reaches a
    step's own children too, needs no code between fork and exec, and works beyond Linux.  A step
    starts as a shell that waits for one line and then becomes the step: the line comes once the
    guard knows, and if it never comes the shell ends.  So there is no moment without a guard.
    """

    def __init__(self) -> None:
        self._guard = _Guard()

    def start(self, job: Job) -> Started:
        """Start the process; its output goes to the log, and only by way of this process where
        secrets have to be masked in it."""
        argv = list(job.argv)
        if argv and argv[0] in _PYTHONS:
            argv[0] = sys.executable
        env = environment({**job.env, **job.secrets}, job.withheld)
        _check_program(argv, job, env)
        with _output(job) as (output, masked):
            try:
                process = subprocess.Popen(
                    ["/bin/sh", "-c", _WAIT, "sh", *argv], stdin=subprocess.PIPE, stdout=output,
                    stderr=subprocess.STDOUT, cwd=job.folder, env=env, start_new_session=True,
                )  # fmt: skip
            except (OSError, ValueError) as error:
                raise CannotStart(f"cannot start the command: {error}") from error
        self._guard.watch(process.pid)
        assert process.stdin is not None
        with suppress(OSError), process.stdin as stdin:  # it may have been killed already
            stdin.write(b"\n")
        return _Session(process, self._guard, masked)

    def close(self) -> None:
        """End the guard."""
        self._guard.close()


def _check_program(argv: list[str], job: Job, env: Mapping[str, str]) -> None:
    """Raise CannotStart unless the command's program is on this machine."""
    if not argv:
        raise CannotStart("the component has no command")
    name = os.path.join(job.folder, argv[0]) if "/" in argv[0] else argv[0]
    if shutil.which(name, path=env.get("PATH")) is None:
        if "/" in name and os.path.exists(name):
            raise CannotStart(f"cannot start: `{argv[0]}` is not executable")
        raise CannotStart(
            f"cannot start: there is no program `{argv[0]}` on this machine"
            f" (it may be in the component's image, {job.container.image})"
        )


@contextmanager
def _output(job: Job) -> Iterator[tuple[int, Masked | None]]:
    """What a step's output goes to while it is started: its log, or a pipe that is masked."""
    log = job.log.open("ab")
    if not job.secrets:
        with log:
            yield log.fileno(), None
        return
    masked = Masked(log, job.secrets.values())
    try:
        yield masked.writer, masked
    finally:
        masked.close_writer()


def environment(extra: Mapping[str, str], withheld: frozenset[str] = frozenset()) -> dict[str, str]:
    """This process's variables but for `withheld`, and `extra`; `isodag.runtime` can be imported.

    The folder of the package goes on PYTHONPATH unless it is where packages are installed: there
    it would only put every other package before the standard library.
    """
    inherited = {name: text for name, text in os.environ.items() if name not in withheld}
    env = {**inherited, **extra}
    installed = {Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib")}
    if _PACKAGE_PARENT not in installed:
        rest = env.get("PYTHONPATH")
        env["PYTHONPATH"] = f"{_PACKAGE_PARENT}{os.pathsep}{rest}" if rest else str(_PACKAGE_PARENT)
    return env


class _Session:
    """A process and all that it starts."""

    def __init__(
        self, process: subprocess.Popen[bytes], guard: _Guard, masked: Masked | None
    ) -> None:
        self._process = process
        self._guard = guard
        self._masked = masked
        self._over = False

    def status(self) -> int | None:
        status = self._process.poll()
        if status is not None and not self._over:
            self._over = True
            self._signal(signal.SIGKILL)  # what it left behind, as the end of a container would
            self._guard.release(self._process.pid)
            if self._masked is not None:
                self._masked.finish(_LAST_WORDS)
        return status

    def stop(self, *, kill: bool = False) -> None:
        if not self._over:
            self._signal(signal.SIGKILL if kill else signal.SIGTERM)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


_WAIT = 'read -r go && exec "$@" < /dev/null'
_GUARD = """
trap '' INT HUP TERM
alive=' '
while read -r what group; do
  case $what in
    watch) alive="$alive$group " ;;
    release) alive="${alive%% $group *} ${alive#* $group }" ;;
  esac
done
for group in $alive; do kill -s KILL -- "-$group" 2>/dev/null; done
"""


class _Guard:
    """Kills the sessions that are left when this process is no more; started with the first one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def watch(self, group: int) -> None:
        if self._process is None:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD], text=True, stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
                start_new_session=True,
            )  # fmt: skip
        self._tell(f"watch {group}")

    def release(self, group: int) -> None:
        self._tell(f"release {group}")

    def close(self) -> None:
        if self._process is not None:
            with suppress(OSError):
                self._pipe().close()
            self._process.wait()

    def _tell(self, line: str) -> None:
        with suppress(OSError):  # someone killed the guard; the run goes on without
            self._pipe().write(line + "\n")
            self._pipe().flush()

    def _pipe(self) -> IO[str]:
        assert self._process is not None and self._process.stdin is not None
        return self._process.stdin
