"""One component's run on one page: command line or job files in, exit status out.

Statuses: 0 done; 1 the component failed; 2 the command line is wrong; 130 interrupted;
141 nobody reads what the component prints; 143 stopped by SIGTERM.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from isodag import __version__
from isodag.runtime import arguments, discovery, spec
from isodag.runtime.arguments import Given
from isodag.runtime.errors import ComponentError, UsageError, did_you_mean, one_line, quoted
from isodag.runtime.platforms import sagemaker
from isodag.runtime.references import CARRIER
from isodag.runtime.spec import Spec
from isodag.runtime.values import render

_COMMAND = "python3 -m isodag.runtime"


class Terminated(BaseException):
    """SIGTERM arrived."""


def main(argv: Sequence[str]) -> int:
    """Run `python3 -m isodag.runtime` with these arguments; the exit status."""
    return _guarded(lambda: _command(argv))


def run(function: Callable[..., Any]) -> int:
    """Run the component that defines a function, with this process's arguments."""
    prepare_streams()
    return _guarded(lambda: _own(function, sys.argv[1:]))


def prepare_streams() -> None:
    """Show every line at once, and any text whatever the terminal's encoding."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace", line_buffering=True)


def leave(status: int) -> NoReturn:
    """End the process; after a failure, without waiting for threads that may never end."""
    threading = sys.modules.get("threading")  # not loaded: no threads
    if status and threading and any(_outlasts(thread) for thread in threading.enumerate()):
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
        os._exit(status)
    sys.exit(status)


def _outlasts(thread: Any) -> bool:
    return not thread.daemon and thread is not sys.modules["threading"].main_thread()


# --- commands --------------------------------------------------------------------------------


def _command(argv: Sequence[str]) -> None:
    first = argv[0] if argv else "--help"
    if first in ("--help", "-h"):
        from isodag.runtime import manual  # only who asks for help pays for it

        _show(manual.contents(discovery.available(), manual.width()))
    elif first == "--version":
        _show(f"isodag {__version__}\n")
    elif first.partition("=")[0] == "--fail":
        _fail(argv)
    elif first == "--pick":
        from isodag.runtime import picking  # only who picks pays for it

        _show(_printed(picking.pick(argv[1:])))
    elif first.startswith("-"):
        near = did_you_mean(first, ("--help", "--version", "--fail", "--pick"))
        way_out = f"did you mean `{near}`?" if near else "a component's name comes first"
        raise UsageError(f"unknown flag {quoted(first)}: {way_out}")
    else:
        found = discovery.find(first)
        component = spec.read(found.folder)
        _perform(component, argv[1:], None, f"{_COMMAND} {first}", found.by)


def _own(function: Callable[..., Any], argv: Sequence[str]) -> None:
    import inspect

    file = Path(inspect.getfile(inspect.unwrap(function))).resolve()
    _perform(spec.read(file.parent), argv, function, f"python3 {file.name}", "")


def _fail(argv: Sequence[str]) -> NoReturn:
    message = [*argv[0].split("=", 1)[1:], *argv[1:]]
    if len(message) != 1:
        raise UsageError("`--fail` takes one message: write --fail MESSAGE")
    raise ComponentError(message[0])


def _perform(
    component: Spec,
    argv: Sequence[str],
    function: Callable[..., Any] | None,
    program: str,
    found_by: str,
) -> None:
    given = _given(component, argv)
    if given.asked == "help":
        from isodag.runtime import manual

        _show(manual.page(component, program, found_by, manual.width()))
    elif given.asked == "version":
        _show(f"{component.name} {component.version}\n")
    else:
        values = arguments.parameters(component, given)
        arguments.check_complete(component, given)
        if any(name.startswith(CARRIER) for name in os.environ):
            from isodag.runtime.platforms import secretsmanager  # for steps with secrets alone

            secretsmanager.fetch()
        from isodag.runtime import execution  # its imports cost more than all before

        _show(_printed(execution.execute(component, given, values, function)))


def _printed(scalars: Mapping[str, Any]) -> str:
    return "".join(f"isodag: {name}={render(value)}\n" for name, value in scalars.items())


def _given(component: Spec, argv: Sequence[str]) -> Given:
    """What the caller gave: flags, or where there are none, a training job's files."""
    if argv or not sagemaker.is_training():
        return arguments.split(component, argv)
    given = arguments.from_hyperparameters(component, sagemaker.hyperparameters())
    places = sagemaker.training_places(component, given.texts)
    return Given({**given.texts, **places}, noun=given.noun)


# --- ends ------------------------------------------------------------------------------------


def _guarded(action: Callable[[], None]) -> int:
    """The exit status of an action, whatever it raises; its reason as one line on stderr."""
    previous = _on_sigterm(_terminate)
    try:
        action()
        return 0
    except BrokenPipeError:
        _silence()
        return 128 + signal.SIGPIPE
    except Terminated:
        return _failed(128 + signal.SIGTERM, "stopped by SIGTERM before the component was done")
    except KeyboardInterrupt:
        return _failed(128 + signal.SIGINT, "interrupted")
    except UsageError as error:
        return _failed(2, str(error))
    except ComponentError as error:
        return _failed(1, str(error), error)
    except BaseException as error:  # the last frame of a container: no other way out is of use
        return _failed(1, _reason(error), error)
    finally:
        _on_sigterm(previous)


def _failed(status: int, reason: str, error: BaseException | None = None) -> int:
    line = one_line(reason) or "no reason was given"
    sagemaker.report_failure(line)
    try:
        print(f"error: {line}", file=sys.stderr, flush=True)
        if error is not None and os.environ.get("ISODAG_DEBUG") == "1":
            import traceback

            traceback.print_exception(error)
    except OSError:
        pass  # nobody reads stderr
    return status


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        place = f" at {error.filename}" if error.filename else ""
        return f"the disk is full{place}: free some space or ask for a larger volume"
    if isinstance(error, MemoryError):
        return "out of memory: ask for a larger machine or a smaller batch"
    try:
        said = str(error).strip()
    except Exception:  # an exception whose own __str__ fails
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _show(text: str) -> None:
    """Print; what was asked is done by then, so a reader that has gone is no failure."""
    try:
        if sys.stdout is not None:
            sys.stdout.write(text)
            sys.stdout.flush()
    except BrokenPipeError:
        _silence()


def _silence() -> None:
    """Let the interpreter's last flush of stdout go nowhere."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        pass


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second one ends it at once
    raise Terminated


def _on_sigterm(handler: Any) -> Any:
    """Set the handler; the one before, or None outside the main thread."""
    try:
        return signal.signal(signal.SIGTERM, handler or signal.SIG_DFL)
    except ValueError:
        return None
