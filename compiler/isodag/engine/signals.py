"""Waiting without polling: a child's end and the user's signals wake the engine up."""

from __future__ import annotations

import selectors
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """A stop signal came during `Signals.interruptible`."""


class Signals:
    """The signals of one run; made and used in the main thread.

    Handlers write the signal's number to a socket pair (`signal.set_wakeup_fd`), so a signal that
    comes at any moment is seen by the next `wait`.  A stop signal that was ignored before (nohup,
    a background job of a script) stays ignored.
    """

    def __init__(self) -> None:
        self._stops = 0
        self._heeded = 0
        self._raising = False

    def __enter__(self) -> Signals:
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)
        self._sender.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._receiver, selectors.EVENT_READ)
        self._wakeup = signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)
        self._before = {signal.SIGCHLD: signal.signal(signal.SIGCHLD, _nothing)}
        for number in _STOPS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._selector.close()
        self._receiver.close()
        self._sender.close()

    @property
    def stops(self) -> int:
        """How many stop signals came so far, or since `anew`."""
        return self._stops - self._heeded

    def anew(self) -> int:
        """Count from here on; how many had come."""
        came = self.stops
        self._heeded += came
        return came

    def wait(self, seconds: float | None) -> None:
        """Sleep until a signal comes or the time is over; None waits for a signal only."""
        if self._selector.select(seconds):
            try:
                while self._receiver.recv(4096):
                    pass
            except BlockingIOError:
                pass

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """A long piece of work with nothing to undo: a stop signal raises Interrupted in it."""
        self._raising = True
        try:
            if self.stops:
                raise Interrupted
            yield
        finally:
            self._raising = False

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stops += 1
        if self._raising:
            raise Interrupted


def _nothing(number: int, frame: FrameType | None) -> None:
    """SIGCHLD's handler: only a handler makes the signal reach the wake-up socket."""
