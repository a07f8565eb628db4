# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""uvicorn over TLS: a certificate made at start, a socket bound before anything else, a quick end."""

from __future__ import annotations

import asyncio
import datetime
import logging
import os
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trustme
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

KEEP_ALIVE_S = 120
NAMES = ("127.0.0.1", "localhost", "::1")


CERTIFICATES = ("good", "expired", "wrong-name")


def make_certificate(directory: Path, host: str, kind: str = "good") -> tuple[ssl.SSLContext, Path]:
    """Make a server context and the file of the CA that signed it. No private key is written to disk."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    names = ["other.example"] if kind == "wrong-name" else [*NAMES, host]
    ended = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    not_after = ended if kind == "expired" else None
    authority.issue_cert(*dict.fromkeys(names), not_after=not_after).configure_cert(context)
    directory.mkdir(parents=True, exist_ok=True)
    ca_path = directory / "ca.pem"
    ca_path.write_bytes(authority.cert_pem.bytes())
    return context, ca_path


def bind(host: str, port: int) -> socket.socket:
    # asyncio switches Nagle's delay off only for a socket that says it is TCP; without, an answer takes 40 ms
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


class _Protocol(HttpToolsProtocol):
    def on_message_begin(self) -> None:
        super().on_message_begin()
        # faults that end a connection need it
        self.scope["state"]["transport"] = self.transport


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], parent: int | None) -> None:
        super().__init__(config)
        self._ready = ready
        self._parent = parent

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again at the end; a simulator that was told to stop has succeeded
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        watch = loop.create_task(self._watch_parent())
        yield
        watch.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # idle clients do not answer the end of TLS, and waiting for them takes long
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)

    async def _watch_parent(self) -> None:
        while self._parent is not None:
            if not _is_running(self._parent):
                self.should_exit = True
                return
            await asyncio.sleep(1)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def serve(
    app: Any, listener: socket.socket, context: ssl.SSLContext, ready: Callable[[], None], parent: int | None
) -> None:
    # what goes wrong in the application is printed by the gateway; uvicorn's own lines would only repeat it
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    config = uvicorn.Config(
        app,
        http=_Protocol,
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
        server_header=False,
        date_header=False,
        ssl_context_factory=lambda _config, _default: context,
    )
    _Server(config, ready, parent).run(sockets=[listener])
