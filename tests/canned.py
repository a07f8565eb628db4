# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server on loopback that says what a test lets it say, over plain http: bytes, not what a sane server would make."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request that came. connection: the number of the connection that it came on."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))


# What to send for a request, in pieces if it is not to be at once. None ends the connection without an answer.
Answer = bytes | Iterator[bytes] | None


class Canned:
    """url: where it listens. asked: all requests that came."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _address = self._listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection, len(self._connections)), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        # Whoever has heard enough hangs up.
        with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError):
            while True:
                request = _read(stream, number)
                if request is None:
                    return
                self.asked.append(request)
                answer = self.answer(request)
                if answer is None:
                    return
                whole = isinstance(answer, bytes)
                for piece in [answer] if isinstance(answer, bytes) else answer:
                    connection.sendall(piece)
                if not whole or b"\r\ncontent-length:" not in answer.lower():
                    return

    def close(self) -> None:
        for opened in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()


def _read(stream: Any, number: int) -> Asked | None:
    method, _blank, target = stream.readline().decode("latin-1").strip().rpartition(" ")[0].partition(" ")
    headers = {}
    while line := stream.readline().strip():
        name, _colon, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    if not method:
        return None
    return Asked(method, target, headers, stream.read(int(headers.get("content-length", 0))), number)


@contextmanager
def serve(answer: Callable[[Asked], Answer]) -> Iterator[Canned]:
    server = Canned(answer)
    try:
        yield server
    finally:
        server.close()


def http(content: Any = b"{}", status: int = 200, **headers: str) -> bytes:
    """An answer. content: bytes, or what becomes JSON. An underscore in a header's name stands for a hyphen."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status} Canned", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def drip(text: bytes, seconds: float, stop: threading.Event) -> Iterator[bytes]:
    """One byte after the other, each so long after the one before; until a test is over."""
    for byte in text:
        if stop.wait(seconds):
            return
        yield bytes([byte])
