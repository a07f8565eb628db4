# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP to the platform: connections that are kept, retries within a time budget, JSON in and out."""

from __future__ import annotations

import email.utils
import json
import random
import sys
import threading
import time
import traceback
from functools import partial
from typing import Any, Callable, Iterable
from urllib.parse import quote

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.stellarcyber.xdr.plugins.module_utils._answer import loads, unpacked
from ansible_collections.stellarcyber.xdr.plugins.module_utils._auth import (
    BearerAuth,
    TokenSource,
    basic_pair,
    key_auth,
    key_refused,
    lifetime,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    InputError,
    MissingLibraryError,
    StellarError,
    TransportError,
    printable,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._options import PROXY_USER, Connection, is_proxy
from ansible_collections.stellarcyber.xdr.plugins.module_utils._throttle import FIRST_WAIT_S, Throttle
from ansible_collections.stellarcyber.xdr.plugins.module_utils._wire import (
    Adapter,
    TooLargeError,
    cause,
    exchange,
    innermost,
    is_timeout,
    name_and_port,
    passwords,
    settings,
)

try:
    import requests
    import urllib3
except ImportError:
    requests = None  # type: ignore[assignment]
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None

API_PATH = "/connect/api/v1/"
RETRY_STATUSES = (429, 502, 503, 504)
LONGEST_WAIT_S = 30.0
# Calls that a run may have under way at once, each on a connection of its own
MAX_CONCURRENCY = 32
# A page of 500 cases is below 1 MiB; more than this is no answer of the platform.
MAX_BODY_BYTES = 16 * 1024 * 1024
# What is read of an error's body; a message shows less.
_ERROR_BODY_BYTES = 64 * 1024
_PIECE_BYTES = 64 * 1024
# Real ones have 1 to 2 thousand. Ansible hides a token wherever it stands: one like "High" would hide results.
_TOKEN_LENGTHS = range(16, 16 * 1024 + 1)


class _Retry(Exception):
    """One try failed in a way that another may mend. error: what to raise when there is no other."""

    # When the try began, on the throttle's clock: what it waited for its turn is no time of the platform's
    began: float

    def __init__(self, error: StellarError, retry_after: float | None = None) -> None:
        super().__init__()
        self.error = error
        self.retry_after = retry_after
        # True if the platform asks for fewer calls, from whatever thread
        self.slow_down = retry_after is not None or error.facts.get("status") == 429


class Client:
    """The platform's API for one run: one pool of connections, one token, one retry budget. Safe for threads."""

    def __init__(
        self,
        connection: Connection,
        on_secret: Callable[[str], Any] = lambda secret: None,
        sleep: Callable[[float], Any] = time.sleep,
    ) -> None:
        if requests is None:
            raise MissingLibraryError(
                "Could not load the Python library requests",
                missing_required_lib("requests") + ".",
                f"To install it there: {sys.executable} -m pip install requests",
                detail=(REQUESTS_IMPORT_ERROR or "").strip().rpartition("\n")[2],
            )
        self.connection = connection
        self._sleep = sleep
        self._secrets: frozenset[str] = frozenset()
        self._clock_ahead_s: float | None = None
        # Not a session, which keeps what cookies it is given, and reads what a redirect brings without a limit
        self.adapter = Adapter(pool_maxsize=MAX_CONCURRENCY)
        # One at a time is as fast, and has the copies of one answer only in memory.
        self.parsing = threading.Lock()
        if connection.verify is False:
            urllib3.disable_warnings()
        self.settings = settings(connection.base_url, connection.verify, connection.proxy)
        proxy = requests.utils.select_proxy(connection.base_url, self.settings["proxies"])
        if proxy and not is_proxy(proxy if "://" in proxy else "http://" + proxy):
            remedy = f"Correct HTTPS_PROXY or ALL_PROXY. {PROXY_USER}"
            raise InputError("The proxy of the environment", "is no proxy URL.", remedy)
        self.proxy = name_and_port(proxy or "")
        self.begin(on_secret)
        self._register_connection_secrets()
        self._tokens = TokenSource(self._exchange if connection.api_key else None, connection.access_token)

    def begin(self, on_secret: Callable[[str], Any]) -> None:
        """Begin another run on the same connections and token, with its own budget, counts and register of secrets."""
        self.throttle = Throttle(self.connection.retry_budget, self._sleep)
        self._on_secret = on_secret
        for secret in self._secrets:
            on_secret(secret)

    @property
    def retries(self) -> int:
        """The tries after the first, over all calls."""
        return self.throttle.retries

    def learn_clock(self, request: _Request, sent_at: float) -> None:
        """Take from the first answer by how much the platform's clock is ahead of the one here, at most."""
        if self._clock_ahead_s is None:
            # One second more, since a Date has no fractions.
            self._clock_ahead_s = request.platform_now() + 1 - sent_at

    def platform_ms(self) -> int:
        """Epoch ms on the platform's clock: not too early, and late by a second and the first answer's time at most."""
        return int((time.time() + (self._clock_ahead_s or 0)) * 1000)

    def log_in(self) -> None:
        """Get the token now, so that a key that is refused is one error and not that of each call."""
        with self.throttle.turn():
            self.token()

    def token(self) -> str:
        """The token for a call whose turn it is."""
        return self._tokens.token()

    def close(self) -> None:
        self.adapter.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def get(self, path: str, params: Iterable[tuple[str, Any]] = (), what: str = "") -> dict[str, Any]:
        """GET a path below /connect/api/v1/. what: the action, for an error's first words."""
        return self._call("GET", path, what or f"Could not read {path}", params=list(params))

    def write(
        self,
        method: str,
        path: str,
        body: dict[str, Any],
        what: str,
        params: Iterable[tuple[str, Any]] = (),
        is_done: Callable[[], bool] | None = None,
        before_try: Callable[[], None] | None = None,
        is_answer: Callable[[dict[str, Any]], bool] | None = None,
    ) -> dict[str, Any]:
        """PUT or POST. {} if the answer is empty.

        is_done: looks, after a try that failed, whether it arrived all the same; a next try is made only if not.
        It is needed for what must not be repeated. before_try: called right before each try, after all waits.
        is_answer: whether an answer is one to this call.
        """
        return self._call(method, path, what, list(params), body, True, is_done, before_try, is_answer)

    def _call(
        self,
        method: str,
        path: str,
        what: str,
        params: list[tuple[str, Any]] | None = None,
        body: dict[str, Any] | None = None,
        empty_ok: bool = False,
        is_done: Callable[[], bool] | None = None,
        before_try: Callable[[], None] | None = None,
        is_answer: Callable[[dict[str, Any]], bool] | None = None,
    ) -> dict[str, Any]:
        request = _Request(self, method, path, what, params, body, empty_ok, before_try, is_answer)
        try:
            return self._with_token(request, is_done)
        except StellarError as error:
            error.may_have_arrived = request.may_have_arrived
            raise

    def _with_token(self, request: _Request, is_done: Callable[[], bool] | None) -> dict[str, Any]:
        """Send a call; with a new token once more, if the platform refuses this one."""
        try:
            return self._with_retries(request, None, is_done)
        except AuthenticationError as error:
            # Without a token it is the key that was refused.
            if not request.token or not self._tokens.can_renew():
                raise
            refused_at = self._tokens.now()
            with self.throttle.turn():
                self._tokens.reject(request.token)
                self._tokens.token(refused_at)
            request.renewed = True
            if is_done is not None and _look(is_done, request, error):
                return {}
        return self._with_retries(request, None, is_done)

    def _exchange(self) -> tuple[str, float]:
        """Exchange the key for a token: (token, lifetime in s)."""
        link = self.connection
        request = _Request(self, "POST", "access_token", "Could not get an access token", None, None, False)
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            answer = self._with_retries(request, key_auth(link.auth_method, link.username, link.api_key))
        except AuthenticationError as error:
            raise key_refused(request.tried, link.auth_method, link.username, link.api_key, **error.facts) from None
        token = answer.get("access_token")
        if not isinstance(token, str) or not _is_header_value(token) or len(token) not in _TOKEN_LENGTHS:
            raise request.nonsense("holds no access_token")
        self._register_secret(token)
        return token, lifetime(token, answer.get("exp"), request.platform_now())

    def _with_retries(self, request: _Request, auth: Any, is_done: Callable[[], bool] | None = None) -> dict[str, Any]:
        tries = in_vain = 0
        backoff = FIRST_WAIT_S
        throttle, retries = self.throttle, self.connection.retries
        while True:
            try:
                return request.send(auth)
            except _Retry as failure:
                tries += 1
                # Beyond what the platform asks for, too: it may ask many clients, who must not all come back at once.
                wait = (failure.retry_after or 0.0) + backoff * random.uniform(0.5, 1.0)
                backoff = min(2 * backoff, LONGEST_WAIT_S)
                throttle.failed(failure.began)
                error = failure.error
                # A try that was only too early for the platform costs time, and none of retries.
                in_vain += error.facts.get("status") != 429
                may_retry = retries > 0 and in_vain <= retries
                last = not may_retry or not throttle.affords(wait)
                if not last:
                    throttle.retry_after(wait, slow_down=failure.slow_down)
                error.facts["attempts"] = tries
                # What was refused for good needs no look.
                is_open = request.may_have_arrived or not last
                if is_done is not None and is_open and _look(is_done, request, error):
                    return {}
                if last:
                    if tries > 1:
                        error.append(f"(tried {tries} times)")
                    if failure.retry_after and may_retry:
                        error.append(f"(it asks to wait {failure.retry_after:g} s, more than is left of retry_budget)")
                    raise error from None
            except (ApiError, TransportError) as error:
                # No other try mends it, and it may have hidden that the request was carried out.
                if is_done is not None and request.may_have_arrived and _look(is_done, request, error):
                    return {}
                raise

    def _register_connection_secrets(self) -> None:
        link = self.connection
        secrets = [link.api_key, link.access_token]
        if link.username and link.api_key:
            secrets.append(basic_pair(link.username, link.api_key))
        for proxy in self.settings["proxies"].values():
            secrets += passwords(proxy)
        for secret in secrets:
            self._register_secret(secret)

    def _register_secret(self, secret: str) -> None:
        if secret:
            # Another set, since another thread may be going through this one.
            self._secrets |= {secret}
            self._on_secret(secret)

    def scrub(self, text: Any) -> str:
        """Text of an answer or a library's exception, fit for an error message."""
        text = str(text)
        for secret in self._secrets:
            for spelling in (secret, quote(secret, safe=""), secret.replace("/", "\\/")):
                text = text.replace(spelling, "********")
        return printable(text)


class _Request:
    """One call: how to send it, and what each kind of answer means."""

    def __init__(
        self,
        client: Client,
        method: str,
        path: str,
        what: str,
        params: list[tuple[str, Any]] | None,
        body: dict[str, Any] | None,
        empty_ok: bool,
        before_try: Callable[[], None] | None = None,
        is_answer: Callable[[dict[str, Any]], bool] | None = None,
    ) -> None:
        self.client = client
        self.method = method
        self.path = API_PATH + path
        self.what = what
        self.params = params
        self.data = None if body is None else json.dumps(body).encode("utf-8")
        self.headers = {**requests.utils.default_headers(), "Accept": "application/json", "Accept-Encoding": "gzip"}
        if body is not None:
            self.headers["Content-Type"] = "application/json"
        self.empty_ok = empty_ok
        self.before_try = before_try
        self.is_answer = is_answer
        # The token that the last try was sent with
        self.token = ""
        self.renewed = False
        self.may_have_arrived = False
        self.status: int | None = None
        self.answer_headers: Any = {}

    def send(self, auth: Any) -> dict[str, Any]:
        """One try, when it is its turn. auth: None for the token.

        Raises _Retry for what may pass, another StellarError for what won't.
        """
        kind = "reads" if self.method == "GET" else "writes" if self.data is not None else "tokens"
        self.token = ""
        with self.client.throttle.call(kind):
            if self.before_try is not None:
                self.before_try()
            if auth is None:
                # Not before its turn has come: the token might have ended until then.
                self.token = self.client.token()
                auth = BearerAuth(self.token)
            began = self.client.throttle.now()
            try:
                return self._send(auth)
            except _Retry as failure:
                failure.began = began
                raise

    def _send(self, auth: Any) -> dict[str, Any]:
        link = self.client.connection
        self.status = None
        sent_at = time.time()
        url = link.base_url + self.path
        try:
            call = requests.Request(self.method, url, self.headers, data=self.data, params=self.params, auth=auth)
            with exchange(link.timeout, MAX_BODY_BYTES + _PIECE_BYTES), self.client.adapter.send(
                call.prepare(), timeout=(min(10.0, link.timeout), link.timeout), **self.client.settings
            ) as response:
                self.status, self.answer_headers = response.status_code, response.headers
                self.client.learn_clock(self, sent_at)
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
            raise _Retry(self._not_answered(error)) from None
        except (requests.exceptions.RequestException, OSError) as error:
            raise self._not_answered(error) from None
        # An answer that is no refusal of the platform's may hide that the request was carried out.
        self.may_have_arrived = self.may_have_arrived or not 300 <= self.status < 500
        if self._is_success:
            return self._json(content)
        raise self._refused(content)

    def platform_now(self) -> float:
        """Epoch seconds by the answer's Date, so that a wrong clock here does not matter."""
        return _http_date(self.answer_headers.get("Date")) or time.time()

    @property
    def _is_success(self) -> bool:
        return self.status == 200 or (self.method != "GET" and 200 <= (self.status or 0) < 300)

    def _content(self, raw: Any) -> bytes:
        try:
            content = self._read(raw, MAX_BODY_BYTES + 1)
        except ValueError as error:
            raise self.nonsense(str(error)) from None
        if len(content) > MAX_BODY_BYTES:
            raise self._too_large()
        return content

    def _error_content(self, raw: Any) -> bytes:
        """An error's body is for its message only: that it can't be read hides no status."""
        try:
            return self._read(raw, _ERROR_BODY_BYTES)
        except (ValueError, OSError, TooLargeError, urllib3.exceptions.HTTPError):
            return b""

    def _read(self, raw: Any, most_bytes: int) -> bytes:
        pieces = iter(partial(raw.read, _PIECE_BYTES, decode_content=False), b"")
        content = unpacked(pieces, self.answer_headers.get("Content-Encoding", ""), most_bytes)
        if len(content) < most_bytes and raw.length_remaining:  # urllib3 before 2.0 lets it pass
            raise urllib3.exceptions.IncompleteRead(len(content), raw.length_remaining)
        return content

    def _too_large(self) -> ApiError:
        return self.nonsense(f"is larger than {MAX_BODY_BYTES // 2**20} MiB")

    def _json(self, content: bytes) -> dict[str, Any]:
        if not content.strip() and self.empty_ok:
            return {}
        try:
            with self.client.parsing:
                answer = loads(content)
        except ValueError as error:
            raise self.nonsense(str(error), content) from None
        if not isinstance(answer, dict):
            raise self.nonsense("is no JSON object", content)
        if self.is_answer is not None and not self.is_answer(answer):
            raise self.nonsense("is none to this call", content)
        return answer

    def _facts(self, **more: Any) -> dict[str, Any]:
        return dict(
            more,
            method=self.method,
            path=self.path,
            url=self.client.connection.base_url + self.path,
            status=self.status,
        )

    @property
    def tried(self) -> str:
        return f"{self.what} ({self.method} {self.client.connection.base_url}{self.path})"

    def nonsense(self, why: str, content: bytes = b"") -> ApiError:
        """An answer that the platform's API never gives."""
        came = f"HTTP {self.status}, but the answer" if self.status else "What came before an answer"
        begins = ", it begins: " + self._excerpt(content) if content else ""
        return ApiError(
            self.tried,
            f"{came} {why}{begins}.",
            "Likely a login page, a proxy or another server answered: check host and proxy.",
            **self._facts(),
        )

    def _excerpt(self, content: bytes) -> str:
        # From more than is shown, so that no half of a secret remains at the end.
        return self.client.scrub(content[:_ERROR_BODY_BYTES].decode("utf-8", "replace"))

    def _refused(self, content: bytes) -> Exception:
        status = self.status or 0
        body = self._excerpt(content)
        facts = self._facts(body=body or None)
        happened = f"HTTP {status}, the platform says: {body}." if body else f"HTTP {status}."
        if status == 401:
            remedy = (
                "A new token was refused as well: check the account's rights and the clock of the platform."
                if self.renewed
                else "The access token expired or is wrong. Get a new one, or set api_key so that it is renewed."
            )
            return AuthenticationError(self.tried, happened, remedy, **facts)
        if 300 <= status < 400:
            target = self.client.scrub(self.answer_headers.get("Location", "nowhere"))
            why = f"HTTP {status} redirects to {target}, and a key is not sent after a redirect."
            return ApiError(self.tried, why, "Set host to the platform's own name.", **facts)
        error = ApiError(self.tried, happened, _REMEDIES.get(status, _remedy_for_class(status)), **facts)
        if status in RETRY_STATUSES:
            return _Retry(error, self._retry_after())
        return error

    def _retry_after(self) -> float | None:
        """Seconds, from a Retry-After that is a number of seconds or a date."""
        value = self.answer_headers.get("Retry-After")
        if value is None:
            return None
        if value.strip().isdecimal():
            return float(value)
        date = _http_date(value)
        return None if date is None else max(0.0, date - self.platform_now())

    def _tls_failed(self, error: Exception) -> Exception:
        text = self.client.scrub(cause(error))
        # The second is what urllib3 before 2.0 says of a name.
        if not any(words in str(error) for words in ("CERTIFICATE_VERIFY_FAILED", "doesn't match")):
            self.may_have_arrived = True
            remedy = "Check that the port speaks TLS, and what stands between this machine and the platform."
            return _Retry(TransportError(self.tried, f"TLS broke off: {text}.", remedy, **self._facts()))
        return TransportError(
            self.tried,
            f"TLS failed, so nothing was sent: {text}.",
            _remedy_for_certificate(text, self.client.connection.verify),
            **self._facts(),
        )

    def _proxy_failed(self, error: Exception) -> Exception:
        text = self.client.scrub(cause(error))
        remedy = "Check proxy, HTTPS_PROXY and NO_PROXY."
        if "failed: 407" in text:
            remedy = "Check the user name and the password in the proxy's URL (proxy or HTTPS_PROXY)."
        happened = f"the proxy {self.client.scrub(self.client.proxy)} did not connect: {text}."
        failure = TransportError(self.tried, happened, remedy, **self._facts())
        never_connected = _never_connected(error)
        if never_connected and "Tunnel connection failed: 4" in text:  # it refuses the next try as well
            return failure
        # urllib3 says of what broke off after it was sent, too, that the proxy did not connect: 1.26 of all of it, 2 of
        # some.
        self.may_have_arrived = self.may_have_arrived or not never_connected
        return _Retry(failure)

    def _not_answered(self, error: Exception) -> TransportError:
        link = self.client.connection
        if is_timeout(error):
            begun = f", and HTTP {self.status} began one" if self.status else ""
            why = f"no complete answer in time (timeout is {link.timeout:g} s{begun})"
            remedy = "Check that host and port are reachable from here, or raise timeout."
        elif self.status:
            why = f"HTTP {self.status}, but the answer broke off"
            remedy = "Run again; if it stays so, look at what stands between this machine and the platform."
        elif link.base_url.startswith("http://"):
            why, remedy = "no answer to plain http", "Leave http:// out: the platform speaks https."
        else:
            why = "no answer"
            remedy = "Check host and port, name resolution, and that a firewall or a proxy lets this machine through."
        return TransportError(self.tried, f"{why}: {self.client.scrub(cause(error))}.", remedy, **self._facts())


def _is_header_value(text: str) -> bool:
    """False for what requests would refuse, with the text in its message."""
    return text.isascii() and text.isprintable() and bool(text.strip())


def _look(is_done: Callable[[], bool], request: _Request, error: StellarError) -> bool:
    """Look whether a try arrived. Where that can't be seen, the try's own error ends the matter."""
    try:
        return is_done()
    except ConflictError:
        raise
    except StellarError:
        if request.may_have_arrived:
            error.append("Whether it was done all the same could not be seen.")
            error.facts["unclear"] = True
        else:
            error.append("It was not tried again, since the read that comes before another try failed as well.")
        raise error from None


def _never_connected(error: Exception) -> bool:
    """True if nothing was sent for sure."""
    inner = innermost(error)
    if isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(
        inner, (urllib3.exceptions.ConnectTimeoutError, urllib3.exceptions.NewConnectionError)
    ):
        return True
    # What a proxy says to CONNECT. Of this type only, since the words of others may be the platform's.
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
        return "The platform failed; nothing here can mend it. Look at the platform's health, then run again."
    return "The platform refused the request as it is."


_REMEDIES = {
    403: "The key may not do this: check the account's role, and that the tenant is in the key's scope.",
    404: "Check the id (a case's _id, not its ticket number), the tenant, and the platform's version.",
    405: "The platform's version may lack this call: check api_version.",
    422: "The platform refused a value: check the options, and api_version for a platform before 5.0.",
    429: "The platform asks to slow down: run less at once, or raise retry_budget.",
}
