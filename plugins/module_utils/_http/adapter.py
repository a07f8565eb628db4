# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections on which a whole attempt, from connecting to the last byte, keeps to one time limit and one size limit.

A timeout of requests is for each read, so that one byte a second never exceeds it; its redirects and its decompression
read as much as the server sends. The classes here use the hooks of urllib3 for the classes of a pool and a connection.
"""

from __future__ import annotations

import base64
import http.client
import io
import re
import socket
import threading
import time
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Iterator
from urllib.parse import unquote, urlsplit

try:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.exceptions import ConnectTimeoutError, HTTPError, IncompleteRead, NewConnectionError, ReadTimeoutError
    from urllib3.util.connection import allowed_gai_family
except ImportError:  # session.py says so, with the interpreter's path
    HTTPAdapter = object  # type: ignore[assignment, misc]

# sendall() on TLS waits anew for each part of about this size.
_PIECE_BYTES = 16 * 1024

_limits = threading.local()


class TooLargeError(Exception):
    """The answer has more bytes than allowed. Not an OSError, so that no library takes it for a lost connection."""


@contextmanager
def deadline(seconds: float, most_bytes: int) -> Iterator[None]:
    """Limit the time in which this thread sends and receives in here, and the bytes of each answer.

    Raises TooLargeError, or the error of a socket whose timeout passes.
    """
    _limits.ends, _limits.most_bytes = time.monotonic() + seconds, most_bytes
    try:
        yield
    finally:
        del _limits.ends, _limits.most_bytes


def _seconds_left() -> float:
    left: float = _limits.ends - time.monotonic()
    if left <= 0:
        raise socket.timeout("timed out")
    return left


class _Reader(io.RawIOBase):
    """Reads the bytes of one answer, as they come."""

    def __init__(self, sock: Any, raw: Any) -> None:
        super().__init__()
        self._sock = sock
        self._raw = raw
        self._bytes_left = _limits.most_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(_seconds_left())
        count: int = self._raw.readinto(buffer) or 0
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise TooLargeError
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """Reads answers within a deadline(), also that of a proxy to CONNECT."""

    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp: Any = io.BufferedReader(_Reader(sock, self.fp.detach()))

    def begin(self) -> None:
        super().begin()
        # urllib3 logs headers that can't be parsed, as they are: on standard error, if logging is not set up.
        self.msg.defects.clear()
        self.msg.set_payload("")


class _Connection:
    """Connects and reads within a deadline(); a mixin for connections of urllib3."""

    response_class = _Response
    # of the other class
    sock: Any
    timeout: Any
    port: int
    _dns_host: str

    def _new_conn(self) -> Any:
        """Connect. urllib3 would give each address of a name the whole timeout."""
        if hasattr(self, "_socks_options"):  # the proxy looks the name up
            return super()._new_conn()  # type: ignore[misc]
        name, longest = self._dns_host, self.timeout
        addresses = _addresses(self, name, self.port)
        try:
            while True:
                self._dns_host = addresses.pop(0)
                self.timeout = min(longest, _seconds_left() / (len(addresses) + 1))
                try:
                    sock = super()._new_conn()  # type: ignore[misc]
                    break
                except HTTPError:
                    if not addresses:
                        raise
        finally:
            self._dns_host, self.timeout = name, longest
        # For the handshake of TLS, which keeps to it as a whole.
        sock.settimeout(_seconds_left())
        return sock

    def send(self, data: bytes) -> None:
        for start in range(0, len(data) or 1, _PIECE_BYTES):
            if self.sock is not None:
                self.sock.settimeout(_seconds_left())
            super().send(data[start : start + _PIECE_BYTES])  # type: ignore[misc]


def addresses(name: str, port: int) -> list[str]:
    """Return the addresses of a host, each once. Raises OSError or UnicodeError."""
    # Without this, IPv6 addresses would be used without IPv6, and the error of the last would hide the others'.
    found = socket.getaddrinfo(name.strip("[]"), port, allowed_gai_family(), socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _addresses(connection: Any, name: str, port: int) -> list[str]:
    try:
        return addresses(name, port)
    except (OSError, UnicodeError) as error:
        raise NewConnectionError(connection, f"Failed to resolve {name!r} ({error})") from None


@lru_cache(maxsize=None)
def _bounded(pool_class: Any) -> Any:
    """Return a class of connection pools that keeps to a deadline()."""
    plain = pool_class.ConnectionCls
    connection_class = type(plain.__name__, (_Connection, plain), {})
    return type(pool_class.__name__, (pool_class,), {"ConnectionCls": connection_class})


def _bind(manager: Any) -> Any:
    classes = manager.pool_classes_by_scheme
    if not any(issubclass(pool_class.ConnectionCls, _Connection) for pool_class in classes.values()):
        manager.pool_classes_by_scheme = {scheme: _bounded(pool_class) for scheme, pool_class in classes.items()}
    return manager


class Adapter(HTTPAdapter):
    """Sends requests within a deadline(), directly or through a proxy."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        _bind(self.poolmanager)

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        return _bind(super().proxy_manager_for(*arguments, **options))

    def pool(self, url: str, proxies: Any, verify: Any, cert: Any, **_more: Any) -> Any:
        """Return the pool of connections that send() takes for a URL with these arguments."""
        if hasattr(self, "get_connection_with_tls_context"):
            request = requests.Request("GET", url).prepare()
            pool = self.get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
        else:  # requests before 2.32
            pool = self.get_connection(url, proxies)
        self.cert_verify(pool, url, verify, cert)  # type: ignore[no-untyped-call]  # types-requests has no types of it
        return pool


def settings(base_url: str, verify: bool | str, proxy: str) -> dict[str, Any]:
    """Return the arguments of an adapter's send(): proxies and CA files by the options, else by the environment."""
    with requests.Session() as session:
        # Plain http goes to loopback only: a proxy from the environment would read the key.
        session.trust_env = not base_url.startswith("http://")
        proxies = {"http": proxy, "https": proxy} if proxy else {}
        return dict(session.merge_environment_settings(base_url, proxies, True, verify, None))


def passwords(proxy: str) -> list[str]:
    """Return the password of a proxy's URL: as written there, decoded, and as Basic sends it."""
    try:
        parts = urlsplit(proxy if "://" in proxy else "http://" + proxy)
    except ValueError:
        return []
    if not parts.password:
        return []
    password = unquote(parts.password)
    pair = f"{unquote(parts.username or '')}:{password}".encode("latin-1", "replace")
    return [parts.password, password, base64.b64encode(pair).decode()]


def name_and_port(proxy: str) -> str:
    """Return the host and port of a proxy's URL: a message must not show its user name and password."""
    return urlsplit(proxy if "://" in proxy else "http://" + proxy).netloc.rpartition("@")[2]


def is_timeout(error: BaseException) -> bool:
    kinds = (requests.exceptions.Timeout, ReadTimeoutError, socket.timeout)
    return isinstance(error, kinds) or isinstance(innermost(error), kinds)


def cause(error: BaseException) -> str:
    """Return why a request failed, without the library's text about its own retries, which are not used."""
    inner = innermost(error)
    last = inner.args[-1] if isinstance(inner, HTTPError) and inner.args else inner
    # For an answer that broke off, it is a number of bytes.
    words = str(inner if isinstance(last, int) else last)
    # The library's words begin with the connection as Python shows it.
    return re.sub(r"^\S*HTTPS?Connection.*?: (?=[A-Z])", "", words).rstrip(".")


def may_quote_answer(error: BaseException) -> bool:
    """Return False only if the text of a library's error is surely its own or the system's.

    A status line or a header that is not valid is quoted in it.
    """
    inner = innermost(error)
    if type(inner) in (http.client.IncompleteRead, IncompleteRead):  # of numbers only
        return False
    return not isinstance(inner, (OSError, ConnectTimeoutError, NewConnectionError, ReadTimeoutError))


def innermost(error: BaseException) -> BaseException:
    """Return the innermost error, which the libraries wrapped."""
    while True:
        reason = getattr(error, "reason", None)
        nested = [part for part in (reason, *error.args) if isinstance(part, BaseException)]
        if not nested:
            return error
        error = nested[0] if nested[0] is reason else nested[-1]
