"""Hosts that start at different times in; a word of each, known to all, out.

Plain sockets, so that a host that never comes is waited for in bounded time, and named.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from isodag.runtime import ComponentError

PORT = 2222  # of every host, unless its name says another: `name:port`
PAUSE = 0.2  # seconds between two calls to a host that is not there yet
WORD = 10.0  # seconds for one who was reached to say a line
LONGEST = 64 * 2**20  # bytes of a line


def address(name: str) -> str:
    """`name:port` of a host."""
    return name if ":" in name else f"{name}:{PORT}"


def exchange(word: Any, number: int, names: Sequence[str], patience: float) -> list[Any]:
    """What every host has to say, in the order of `names`; the same list on each.

    word      this host's, a JSON value
    number    this host's place in `names`
    patience  seconds until all have come

    All call the first host, which answers when it has heard all; its port is free again then.
    Raises ComponentError, on every host that is reached, naming one that did not come.
    """
    deadline = time.monotonic() + patience
    if number == 0:
        answer = _receive(word, names, deadline, patience)
    else:
        answer = _call({"number": number, "word": word}, names[0], deadline, patience)
    if wrong := answer.get("wrong"):
        raise ComponentError(str(wrong))
    return list(answer["words"])


def _receive(word: Any, names: Sequence[str], deadline: float, patience: float) -> dict[str, Any]:
    """The first host's part: what it answers to all."""
    port = int(address(names[0]).rpartition(":")[2])
    words, calls = {0: word}, dict[int, socket.socket]()
    with ExitStack() as stack:
        try:
            door = stack.enter_context(socket.create_server(("", port)))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            return {"wrong": f"port {port}, at which the hosts meet, cannot be used: {reason}"}
        while len(words) < len(names) and (left := deadline - time.monotonic()) > 0:
            door.settimeout(left)
            try:
                call = stack.enter_context(door.accept()[0])
                said = _heard(call, WORD)
                if (caller := said["number"]) in range(1, len(names)):
                    words[caller], calls[caller] = said["word"], call
            except (OSError, ValueError, TypeError, KeyError):
                continue  # nobody came, or somebody else than a host
        missing = [name for n, name in enumerate(names) if n not in words]
        answer: dict[str, Any] = {"words": [words.get(n) for n in range(len(names))]}
        if missing:
            wrong = f"host `{missing[0]}` did not come within {patience:.0f} s: see its log"
            answer = {"wrong": wrong}
        for call in calls.values():
            try:
                _say(call, answer)
                call.recv(1)  # until the other side has hung up: this one's port stays free
            except OSError:
                pass  # it is gone, and the job ends with it
    return answer


def _call(said: Mapping[str, Any], name: str, deadline: float, patience: float) -> dict[str, Any]:
    """The part of every other host: what the first one answers."""
    host, _, port = address(name).rpartition(":")
    while (left := deadline - time.monotonic()) > 0:
        try:
            with socket.create_connection((host, int(port)), timeout=min(left, WORD)) as call:
                _say(call, said)
                answer = _heard(call, max(0.0, deadline - time.monotonic()) + WORD)
                return dict(answer)
        except (OSError, ValueError, TypeError):
            time.sleep(PAUSE)  # not there yet, or its name is not known yet
    return {"wrong": f"host `{name}` did not answer within {patience:.0f} s: see its log"}


def _say(call: socket.socket, line: Mapping[str, Any]) -> None:
    call.sendall(json.dumps(line).encode() + b"\n")


def _heard(call: socket.socket, patience: float) -> Any:
    """The line that the other side says."""
    call.settimeout(patience)
    with call.makefile("rb") as lines:
        return json.loads(lines.readline(LONGEST))
