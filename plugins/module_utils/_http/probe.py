# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection to the platform that sends no request: how far it gets, how long each part takes, and the certificate.

It is made by the classes that also connect for API requests, with the same proxy and the same certificates.
"""

from __future__ import annotations

import http.client
import ssl
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .._errors import StellarError, TransportError, printable
from .adapter import TooLargeError, addresses, deadline, is_timeout
from .request import CONNECT_TIMEOUT_S, MAX_BODY_BYTES, Call, Request, Retry
from .session import Session

try:
    import requests
    import urllib3
    from urllib3.util.ssl_match_hostname import CertificateError
except ImportError:  # session.py says so, with the interpreter's path
    pass

# Names of a certificate in a message
_MAX_NAMES = 5


class Certificate(NamedTuple):
    """What a verified certificate says. not_after_s: in epoch seconds."""

    issuer: str
    names: tuple[str, ...]
    not_after_s: float


class Probe(NamedTuple):
    """How far a connection got.

    seconds: of each phase that it reached: proxy or tcp, then tls. error: why it ended in the last of them.
    tls_version, certificate: of a connection by TLS; no certificate if it was not verified.
    """

    seconds: dict[str, float]
    error: StellarError | None
    tls_version: str = ""
    certificate: Certificate | None = None


def look_up(session: Session) -> list[str]:
    """Return the addresses of the platform's name. Raises TransportError."""
    parts = urlsplit(session.connection.base_url)
    name = parts.hostname or ""
    try:
        return addresses(name, parts.port or (443 if parts.scheme == "https" else 80))
    except (OSError, UnicodeError) as error:
        raise TransportError(
            f"Could not find the address of {name}",
            f"{printable(error)}.",
            "Check the spelling of host, and the name resolution (DNS) of this machine.",
        ) from None


def probe(session: Session, checks_name: bool = True) -> Probe:
    """Connect, and close the connection. checks_name: whether the certificate must be for the platform's name."""
    phases = ("proxy" if session.proxy else "tcp", "tls")
    try:
        pool = session.adapter.pool(session.connection.base_url, **session.settings)
    except requests.exceptions.RequestException as failure:  # no library for SOCKS
        return Probe({phases[0]: 0.0}, _error_of(session, failure, is_connected=False))
    connection = pool._new_conn()
    connection.timeout = min(CONNECT_TIMEOUT_S, session.connection.timeout)
    if not checks_name:
        connection.assert_hostname = False
    goes_through_tunnel = pool.proxy is not None
    marks = [time.monotonic()]
    _mark_after(connection, "_tunnel" if goes_through_tunnel else "_new_conn", marks)
    error: StellarError | None = None
    version, certificate = "", None
    try:
        with deadline(session.connection.timeout, MAX_BODY_BYTES):
            if goes_through_tunnel:
                pool._prepare_proxy(connection)
            else:
                connection.connect()
        if hasattr(connection.sock, "getpeercert"):
            version = connection.sock.version() or ""
            certificate = _certificate(connection.sock.getpeercert())
    except (
        OSError,
        http.client.HTTPException,
        urllib3.exceptions.HTTPError,
        CertificateError,
        TooLargeError,
    ) as failure:
        error = _error_of(session, failure, is_connected=len(marks) > 1)
    finally:
        connection.close()
    marks.append(time.monotonic())
    seconds = {phase: end - start for phase, start, end in zip(phases, marks, marks[1:])}
    return Probe(seconds, error, version, certificate)


def shown_names(certificate: Certificate) -> str:
    names = [printable(name, 60) for name in certificate.names[:_MAX_NAMES]]
    more = len(certificate.names) - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def _mark_after(connection: Any, method: str, marks: list[float]) -> None:
    """Let a connection note the time when one of its methods returns."""
    plain = getattr(connection, method)

    def marking(*arguments: Any, **options: Any) -> Any:
        result = plain(*arguments, **options)
        marks.append(time.monotonic())
        return result

    setattr(connection, method, marking)


def _error_of(session: Session, failure: Exception, is_connected: bool) -> StellarError:
    """Return the error that an API request would have ended with."""
    request = Request(session, Call("GET", "", "Could not connect"))
    if isinstance(failure, TooLargeError):
        return request.too_large()
    if isinstance(failure, requests.exceptions.RequestException):
        failure = requests.exceptions.ProxyError(failure)
    # In urllib3 before 2.0 the last is a ValueError.
    elif isinstance(failure, (ssl.SSLError, urllib3.exceptions.SSLError, CertificateError)):
        failure = requests.exceptions.SSLError(failure)
    elif session.proxy and not is_connected:
        failure = requests.exceptions.ProxyError(failure)
    elif isinstance(failure, urllib3.exceptions.NewConnectionError):  # which is a timeout to urllib3
        failure = requests.exceptions.ConnectionError(failure)
    elif is_timeout(failure) or isinstance(failure, urllib3.exceptions.ConnectTimeoutError):
        failure = requests.exceptions.ConnectTimeout(failure)
    else:
        failure = requests.exceptions.ConnectionError(failure)
    error = request.no_answer(failure)
    found = error.error if isinstance(error, Retry) else error
    found.what = f"Could not connect to {session.connection.platform}"
    return found


def _certificate(content: dict[str, Any] | None) -> Certificate | None:
    """Return the facts of a certificate as ssl gives it; None for one that was not verified, which is empty."""
    if not content:
        return None
    issuer = {name: value for part in content.get("issuer", ()) for name, value in part}
    names = tuple(str(value) for _kind, value in content.get("subjectAltName", ()))
    said = issuer.get("organizationName") or issuer.get("commonName") or "a CA without a name"
    return Certificate(printable(said, 60), names, float(ssl.cert_time_to_seconds(content["notAfter"])))
