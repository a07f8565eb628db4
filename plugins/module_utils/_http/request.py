# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One API request: its attempts, and the meaning of each kind of answer."""

from __future__ import annotations

import email.utils
import json
import re
import time
from codecs import BOM_UTF8
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Sequence
from urllib.parse import urljoin, urlsplit

from .._errors import (
    ApiError,
    AuthenticationError,
    StellarError,
    TransportError,
    printable,
)
from .adapter import (
    TooLargeError,
    cause,
    deadline,
    innermost,
    is_timeout,
    may_quote_answer,
)
from .body import decompressed, loads
from .session import Session

try:
    import requests
    import urllib3
except ImportError:  # session.py says so, with the interpreter's path
    pass

API_PATH = "/connect/api/v1/"
# Of a case that does not exist, or not any more
GONE_STATUSES = (404, 410)
GONE = "The case is gone: it was deleted, or is no longer visible to this key."
# The path of a case. What belongs to a case may also be missing because the platform is too old.
_CASE = re.compile(r"cases/[^/]+\Z")
_COMMENT = re.compile(r"cases/[^/]+/comments/[^/]+\Z")
RETRY_STATUSES = (429, 502, 503, 504)
# A read or a token exchange that met a fault of the platform does no harm if it is sent again. A write that met one is
# only looked for: it may have been made, or fail each time.
READ_RETRY_STATUSES = (*RETRY_STATUSES, 500)
# A page of 500 cases is below 1 MiB; the platform never sends more than this.
MAX_BODY_BYTES = 16 * 1024 * 1024
# The part of an error's body that is read; a message shows less.
_ERROR_BODY_BYTES = 64 * 1024
_PIECE_BYTES = 64 * 1024
# A name or an address; a longer text or other characters may be a secret
_HOST = re.compile(r"(?=.{1,253}\Z)(?:(?:[a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63}|[0-9a-f:.]+)\Z")


class Retry(Exception):
    """One attempt failed, and another may succeed. error: the error to raise if no attempt is left."""

    # When the attempt started, on the throttle's clock: the wait for its slot is not the platform's time
    began: float

    def __init__(self, error: StellarError, retry_after: float | None = None) -> None:
        super().__init__()
        self.error = error
        self.retry_after = retry_after
        # True if the platform asks for fewer requests, from any thread
        self.slow_down = retry_after is not None or error.details.get("status") == 429


@dataclass(frozen=True)
class Call:
    """One API request, and the answers that it accepts.

    path: below /connect/api/v1/. what: the action, for the start of an error message. empty_ok: whether an empty answer
    is valid. already_applied: checks after a failed attempt, which may have arrived or not, whether it was applied; the
    request is retried only if it was not. It is required for requests that must not be repeated. before_attempt: called
    right before each attempt, after all waits; if it raises, the attempt is not made. accepts: whether an answer
    belongs to this request. hides_answer: whether no message may quote the answer, since it may contain a secret that
    is not registered yet. lists: whether it lists cases or alerts, which takes longer. gives_up: whether an error is
    raised rather than retried.
    """

    method: str
    path: str
    what: str
    params: Sequence[tuple[str, Any]] = ()
    body: dict[str, Any] | None = None
    empty_ok: bool = False
    already_applied: Callable[[bool], bool] | None = None
    before_attempt: Callable[[], None] | None = None
    accepts: Callable[[dict[str, Any]], bool] | None = None
    hides_answer: bool = False
    lists: bool = False
    gives_up: Callable[[StellarError], bool] = lambda error: False

    @property
    def kind(self) -> str:
        """Return the kind of request that the throttle counts: read, write or token."""
        if self.method == "GET":
            return "read"
        return "write" if self.body is not None or self.method == "DELETE" else "token"


class Request:
    """The attempts of one API request: sends each, and interprets its answer."""

    # Of the answer to the last attempt; None while there is none
    status: int | None
    answer_headers: Any
    # Of the answer, in bytes, decompressed; None while it is not known
    size: int | None

    def __init__(self, session: Session, call: Call) -> None:
        self.session = session
        self.call = call
        self.path = API_PATH + call.path
        self.data = None if call.body is None else json.dumps(call.body).encode("utf-8")
        self.headers = {**requests.utils.default_headers(), "Accept": "application/json", "Accept-Encoding": "gzip"}
        if call.body is not None:
            self.headers["Content-Type"] = "application/json"
        self.may_have_arrived = False

    def send(self, auth: Callable[[], Any]) -> dict[str, Any]:
        """Make one attempt, when there is a slot for it. auth: gives the auth object of requests, called in that slot.

        Raises Retry for a temporary failure, and another StellarError for a permanent one.
        """
        self.status = self.size = None
        with self.session.throttle.attempt(self.call.kind):
            if self.call.before_attempt is not None:
                self.call.before_attempt()
            auth_object = auth()
            began = self.session.throttle.now()
            try:
                return self._send(auth_object)
            except Retry as failure:
                failure.began = began
                raise

    def _send(self, auth: Any) -> dict[str, Any]:
        call, timeout = self.call, self.timeout
        sent_at = time.time()
        try:
            request = requests.Request(
                call.method, self.url, self.headers, data=self.data, params=call.params, auth=auth
            ).prepare()
            with deadline(timeout, MAX_BODY_BYTES + _PIECE_BYTES), self.session.adapter.send(
                request, timeout=(min(10.0, timeout), timeout), **self.session.settings
            ) as response:
                self.status, self.answer_headers = response.status_code, response.headers
                self.session.measure_clock_skew(self.platform_now(), sent_at)
                content = self._content(response.raw) if self._is_success else self._error_content(response.raw)
        except TooLargeError:
            self.may_have_arrived = True
            raise self._too_large() from None
        except StellarError:
            self.may_have_arrived = True
            raise
        except requests.exceptions.SSLError as error:
            raise self._tls_failed(error) from None
        except requests.exceptions.ProxyError as error:
            raise self._proxy_failed(error) from None
        except (
            requests.exceptions.ConnectionError,
            requests.exceptions.Timeout,
            urllib3.exceptions.HTTPError,  # while the body is read
        ) as error:
            self.may_have_arrived = self.may_have_arrived or not _never_connected(error)
            raise Retry(self._not_answered(error)) from None
        except (requests.exceptions.RequestException, OSError) as error:
            raise self._not_answered(error) from None
        # Only a refusal by the platform proves that the request was not applied.
        self.may_have_arrived = self.may_have_arrived or not 300 <= self.status < 500
        if self._is_success:
            return self._json(content)
        raise self._refused(content)

    @property
    def timeout(self) -> float:
        """Return the seconds for one attempt."""
        connection = self.session.connection
        return connection.list_timeout if self.call.lists else connection.timeout

    @property
    def url(self) -> str:
        """Return the URL without its query."""
        return self.session.connection.base_url + self.path

    def platform_now(self) -> float:
        """Return epoch seconds by the answer's Date, so that a wrong local clock has no effect."""
        return _http_date(self.answer_headers.get("Date")) or time.time()

    @property
    def _is_success(self) -> bool:
        return self.status == 200 or (self.call.method != "GET" and 200 <= (self.status or 0) < 300)

    def _content(self, raw: Any) -> bytes:
        try:
            content = self._read(raw, MAX_BODY_BYTES + 1)
        except ValueError as error:
            raise self.unexpected_answer(str(error)) from None
        if len(content) > MAX_BODY_BYTES:
            raise self._too_large()
        return content

    def _error_content(self, raw: Any) -> bytes:
        """Return an error's body, b"" if it can't be read: it is for the message only, and the status matters more."""
        try:
            return self._read(raw, _ERROR_BODY_BYTES)
        except (ValueError, OSError, TooLargeError, urllib3.exceptions.HTTPError):
            return b""

    def _read(self, raw: Any, most_bytes: int) -> bytes:
        pieces = iter(partial(raw.read, _PIECE_BYTES, decode_content=False), b"")
        content = decompressed(pieces, self.answer_headers.get("Content-Encoding", ""), most_bytes)
        if len(content) < most_bytes and raw.length_remaining:  # urllib3 before 2.0 lets it pass
            raise urllib3.exceptions.IncompleteRead(len(content), raw.length_remaining)
        self.size = len(content) if len(content) < most_bytes else None
        return content

    def _too_large(self) -> ApiError:
        error = self.unexpected_answer(f"is larger than {MAX_BODY_BYTES // 2**20} MiB")
        error.is_too_large = True
        return error

    def _json(self, content: bytes) -> dict[str, Any]:
        if content.strip() in (b"", BOM_UTF8) and self.call.empty_ok:
            return {}
        try:
            with self.session.parsing:
                answer = loads(content)
        except ValueError as error:
            raise self.unexpected_answer(str(error), content) from None
        if not isinstance(answer, dict):
            raise self.unexpected_answer("is not a JSON object", content)
        if self.call.accepts is not None and not self.call.accepts(answer):
            raise self.unexpected_answer("is not an answer to this request", content)
        return answer

    def _details(self, **more: Any) -> dict[str, Any]:
        return dict(more, method=self.call.method, path=self.path, url=self.url, status=self.status)

    @property
    def action(self) -> str:
        return f"{self.call.what} ({self.call.method} {self.url})"

    def unexpected_answer(self, why: str, content: bytes = b"") -> ApiError:
        """Return the error for an answer that the platform's API never gives."""
        came = f"HTTP {self.status}, but the answer" if self.status else "The data before the answer"
        shown = "."
        if self.call.hides_answer:
            shown += self._not_shown()
        elif content:
            shown = f", it begins: {self._excerpt(content)}."
        return ApiError(
            self.action,
            f"{came} {why}{shown}",
            "Likely a login page, a proxy or another server answered: check host and proxy.",
            **self._details(),
        )

    def _not_shown(self) -> str:
        size = "" if self.size is None else f" ({self.size} bytes)"
        return "" if self.size == 0 else f" The answer{size} is not shown, because it may contain a token."

    def _excerpt(self, content: bytes) -> str:
        # From more than is shown, so that enough is left after masking.
        text = content[:_ERROR_BODY_BYTES].decode("utf-8", "replace")
        return self.session.scrub(text, is_cut=len(content) >= _ERROR_BODY_BYTES)

    def _refused(self, content: bytes) -> Exception:
        status = self.status or 0
        body = "" if self.call.hides_answer else self._excerpt(content)
        details = self._details(body=body or None)
        happened = f"HTTP {status}, the platform says: {body}." if body else f"HTTP {status}."
        if self.call.hides_answer and content:
            happened += self._not_shown()
        if status == 401:
            return AuthenticationError(self.action, happened, **details)
        if 300 <= status < 400:
            why = f"HTTP {status} redirects to {self._redirect_target()}, and a key is not sent after a redirect."
            return ApiError(self.action, why, "Set host to the platform's own name.", **details)
        remedy = _REMEDIES.get(status, _remedy_for_class(status))
        names_case = self.call.kind == "write" and not _COMMENT.match(self.call.path)
        if status in GONE_STATUSES and (names_case or _CASE.match(self.call.path)):
            happened += f" {GONE}"
            remedy = "Check in the platform whether it was deleted or merged."
            # A case that is written was read before, so that its id is right.
            if self.call.kind == "read":
                remedy += " If the task gives its id, check it (a case's _id, not its ticket number)."
        error = ApiError(self.action, happened, remedy, **details)
        if status in (RETRY_STATUSES if self.call.kind == "write" else READ_RETRY_STATUSES):
            return Retry(error, self._retry_after())
        return error

    def _redirect_target(self) -> str:
        """Return the target of a redirect, without the parts of an address that may contain a secret."""
        location = self.answer_headers.get("Location")
        if not location:
            return "nowhere"
        if self.call.hides_answer:
            return self._origin(location) or "an address that may contain a token"
        # Without urlsplit(), since a location that is not a URL has to be shown as well.
        place = re.split("[?#]", location)[0]
        return self.session.scrub(re.sub(r"^([^/\\]*[/\\]{2,})[^/\\]*@", r"\1", place) or self.path)

    def _origin(self, location: str) -> str:
        """Return scheme, host and port of a redirect's target; "" if they are not valid or look like a secret."""
        try:
            target = urlsplit(urljoin(self.session.connection.base_url, location))
            port = "" if target.port is None else f":{target.port}"
        except ValueError:
            return ""
        name = target.hostname or ""
        place = target.netloc.rpartition("@")[2]
        if target.scheme not in ("http", "https") or not _HOST.match(name) or self.session.scrub(place) != place:
            return ""
        return f"{target.scheme}://{f'[{name}]' if ':' in name else name}{port}"

    def _retry_after(self) -> float | None:
        """Return the seconds of a Retry-After, which is a number of seconds or a date."""
        value = self.answer_headers.get("Retry-After")
        if value is None:
            return None
        if value.strip().isdecimal():
            return float(value)
        date = _http_date(value)
        return None if date is None else max(0.0, date - self.platform_now())

    def _tls_failed(self, error: Exception) -> Exception:
        text = self.session.scrub(cause(error))
        # The second is what urllib3 before 2.0 says of a name.
        if not any(words in str(error) for words in ("CERTIFICATE_VERIFY_FAILED", "doesn't match")):
            self.may_have_arrived = True
            remedy = "Check that the port speaks TLS, and what stands between this machine and the platform."
            return Retry(
                TransportError(self.action, f"the TLS connection was closed: {text}.", remedy, **self._details())
            )
        return TransportError(
            self.action,
            f"TLS failed, so nothing was sent: {text}.",
            _remedy_for_certificate(text, self.session.connection.verify),
            **self._details(),
        )

    def _proxy_failed(self, error: Exception) -> Exception:
        text = self._cause(error)
        remedy = "Check proxy, HTTPS_PROXY and NO_PROXY."
        if "failed: 407" in text:
            remedy = "Check the user name and the password in the proxy's URL (proxy or HTTPS_PROXY)."
        happened = f"the proxy {self.session.scrub(self.session.proxy)} did not connect: {text}."
        failure = TransportError(self.action, happened, remedy, **self._details())
        never_connected = _never_connected(error)
        if never_connected and "Tunnel connection failed: 4" in text:  # it refuses the next attempt as well
            return failure
        # urllib3 also reports a proxy that did not connect if a request broke off after it was sent: 1.26 always, 2
        # sometimes.
        self.may_have_arrived = self.may_have_arrived or not never_connected
        return Retry(failure)

    def _not_answered(self, error: Exception) -> TransportError:
        connection = self.session.connection
        if is_timeout(error):
            received = f", HTTP {self.status} was received" if self.status else ""
            why = f"no complete answer in time (timeout is {self.timeout:g} s{received})"
            remedy = "Check that host and port are reachable from here, or raise timeout."
        elif self.status:
            why = f"HTTP {self.status}, but the answer broke off"
            remedy = "Run again; if it stays so, look at what stands between this machine and the platform."
        elif connection.base_url.startswith("http://"):
            why, remedy = "no answer to plain http", "Leave http:// out: the platform speaks https."
        else:
            why = "no answer"
            remedy = "Check host and port, name resolution, and that a firewall or a proxy lets this machine through."
        failure = TransportError(self.action, f"{why}: {self._cause(error)}.", remedy, **self._details())
        failure.is_too_late = is_timeout(error) and not _never_connected(error)
        return failure

    def _cause(self, error: Exception) -> str:
        if self.call.hides_answer and may_quote_answer(error):
            return f"{type(innermost(error)).__name__}. The data received is not shown, because it may contain a token"
        return self.session.scrub(cause(error))


def _never_connected(error: Exception) -> bool:
    """Return True if it is certain that nothing was sent."""
    inner = innermost(error)
    if isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(
        inner, (urllib3.exceptions.ConnectTimeoutError, urllib3.exceptions.NewConnectionError)
    ):
        return True
    # The answer of a proxy to CONNECT. Of this type only, since the text of others may be the platform's.
    return inner.__class__ is OSError and str(inner).startswith("Tunnel connection failed")


def _http_date(value: str | None) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(value or "").timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _remedy_for_certificate(text: str, verify: bool | str) -> str:
    if "mismatch" in text or "doesn't match" in text:  # the second in urllib3 before 2.0
        return "It is for another name: set host to the name in the certificate."
    if "expired" in text or "not yet valid" in text:
        return "Renew the platform's certificate, or correct the clock of this machine."
    if isinstance(verify, str):
        return f"It is not signed by a CA of ca_path ({printable(verify)}): set ca_path to the file of its CA."
    return "If the platform has a certificate of a private CA, set ca_path to that CA's file."


def _remedy_for_class(status: int) -> str:
    if status >= 500:
        return "The platform failed, which the task can't fix. Check the platform's health, then run again."
    return "The platform refused the request as it is."


_REMEDIES = {
    403: "The key has no permission for this request: check the account's role, and the tenants in the key's scope.",
    404: "Check the id (a case's _id, not its ticket number), the tenant, and the platform's version.",
    405: "The platform may not support this request: check that its version is 5.0.4 or later.",
    422: "The platform refused a value: check the options, and that its version knows them.",
    429: "The platform asks to slow down: send fewer concurrent requests, or raise retry_budget.",
}
