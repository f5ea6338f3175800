"""A conversation with yaml-language-server over its standard input and output.

https://microsoft.github.io/language-server-protocol/: a header with the length, then JSON-RPC.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple


def installed() -> str | None:
    """The server's program: $YAML_LANGUAGE_SERVER, or the one on the path."""
    return os.environ.get("YAML_LANGUAGE_SERVER") or shutil.which("yaml-language-server")


class Completion(NamedTuple):
    label: str
    about: str


class Server:
    """A running server; documents are opened by their text and never saved."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process, self._folder = process, folder
        self._last = 0
        self._documents = 0
        self._request("initialize", {
            "processId": os.getpid(), "rootUri": folder.as_uri(),
            "capabilities": {"textDocument": {"completion": {"completionItem": {}}}},
        })  # fmt: skip
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": {"yaml": _SETTINGS}})

    def diagnostics(self, text: str) -> list[tuple[int, str]]:
        """What is wrong with a document: (line from 1, message), by line."""
        uri = self._open(text)
        while True:
            message = self._read()
            if message.get("method") == "textDocument/publishDiagnostics":
                if message["params"]["uri"] == uri:
                    found = message["params"]["diagnostics"]
                    return sorted((d["range"]["start"]["line"] + 1, d["message"]) for d in found)

    def completions(self, text: str) -> list[Completion]:
        """What is offered where `‸` stands in a document."""
        found = self._ask("textDocument/completion", text)
        items = found["items"] if isinstance(found, dict) else found or []
        return [Completion(item["label"], _text(item.get("documentation"))) for item in items]

    def hover(self, text: str) -> str:
        """What is shown over the word where `‸` stands."""
        found = self._ask("textDocument/hover", text)
        return _text(found["contents"]) if found else ""

    def _ask(self, method: str, text: str) -> Any:
        before, _, after = text.partition("‸")
        place = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        uri = self._open(before + after)
        return self._request(method, {"textDocument": {"uri": uri}, "position": place})

    def _open(self, text: str) -> str:
        self._documents += 1
        uri = (self._folder / f"document_{self._documents}.yaml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def _request(self, method: str, params: Any) -> Any:
        self._last += 1
        self._send({"id": self._last, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == self._last and "method" not in message:
                assert "error" not in message, message["error"]
                return message["result"]

    def _tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        """The next message; what the server asks of its client is answered on the way."""
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert length, "the server has ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if "id" in message and "method" in message:
            asked = message["params"].get("items") if message.get("params") else None
            answer = [_SETTINGS if item.get("section") == "yaml" else {} for item in asked or []]
            self._send({"id": message["id"], "result": answer if asked is not None else None})
        return message


_SETTINGS = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}


def _text(held: Any) -> str:
    return held["value"] if isinstance(held, dict) else held or ""


@contextmanager
def running(program: str, folder: Path) -> Iterator[Server]:
    """A server for the documents of a folder, ended at the end."""
    process = subprocess.Popen(
        [program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield Server(process, folder)
    finally:
        process.kill()
        process.wait()
