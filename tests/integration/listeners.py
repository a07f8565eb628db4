# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers on sockets, and certificates of authorities, for the tests of the network."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from dataclasses import dataclass

import pytest
import trustme


class Listener:
    """Whoever connects talks to talk(socket), which may keep what it hears in heard."""

    def __init__(self, talk):
        self.heard = []
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            self._talk(self, connection)

    def close(self):
        self._listener.close()


@pytest.fixture
def listen():
    listeners = []

    def begin(talk):
        listeners.append(Listener(talk))
        return listeners[-1]

    yield begin
    for listener in listeners:
        listener.close()


@dataclass(frozen=True)
class Authority:
    ca: trustme.CA
    path: str

    def context(self, *names, **details):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names, **details).configure_cert(context)
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    ca = trustme.CA()
    ca.cert_pem.write_to_path(path)
    return Authority(ca, str(path))


def tls(context):
    """Hears what a client says once it is content with the certificate."""

    def talk(listener, connection):
        with context.wrap_socket(connection, server_side=True) as wrapped:
            listener.heard.append(wrapped.recv(65536))

    return talk
