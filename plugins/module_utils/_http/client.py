# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The platform's API: calls with a token, retries within a time budget, secrets that appear nowhere."""

from __future__ import annotations

import random
import sys
import threading
import time
import traceback
from typing import Any, Callable, Iterable

from ansible.module_utils.basic import missing_required_lib

from .._errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    InputError,
    MissingLibraryError,
    StellarError,
    TransportError,
    printable,
)
from .adapter import Adapter, name_and_port, passwords, settings
from .auth import (
    TokenSource,
    basic_pair,
    key_auth,
    key_refused,
    lifetime,
)
from .connection import PROXY_USER, Connection, is_proxy
from .request import Request, Retry
from .scrub import hidden, spellings
from .throttle import FIRST_WAIT_S, Throttle

try:
    import requests
    import urllib3
except ImportError:
    requests = None  # type: ignore[assignment]
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None

LONGEST_WAIT_S = 30.0
# Calls that a run may have under way at once, each on a connection of its own
MAX_CONCURRENCY = 32
# Real ones have 1 to 2 thousand. Ansible hides a token wherever it stands: one like "High" would hide results.
_TOKEN_LENGTHS = range(16, 16 * 1024 + 1)


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
        self._spellings: frozenset[str] = frozenset()
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

    def learn_clock(self, request: Request, sent_at: float) -> None:
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
        request = Request(self, method, path, what, params, body, empty_ok, before_try, is_answer)
        try:
            return self._with_token(request, is_done)
        except StellarError as error:
            error.may_have_arrived = request.may_have_arrived
            raise

    def _with_token(self, request: Request, is_done: Callable[[], bool] | None) -> dict[str, Any]:
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
        request = Request(
            self, "POST", "access_token", "Could not get an access token", None, None, False, hides_answer=True
        )
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            answer = self._with_retries(request, key_auth(link.auth_method, link.username, link.api_key))
        except AuthenticationError as error:
            raise key_refused(request.tried, link.auth_method, link.username, link.api_key, **error.facts) from None
        token = answer.get("access_token")
        if not isinstance(token, str) or not _is_header_value(token) or len(token) not in _TOKEN_LENGTHS:
            raise request.unexpected_answer("holds no access_token")
        self._register_secret(token)
        return token, lifetime(token, answer.get("exp"), request.platform_now())

    def _with_retries(self, request: Request, auth: Any, is_done: Callable[[], bool] | None = None) -> dict[str, Any]:
        tries = in_vain = 0
        backoff = FIRST_WAIT_S
        throttle, retries = self.throttle, self.connection.retries
        while True:
            try:
                return request.send(auth)
            except Retry as failure:
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
            # Other sets, since another thread may be going through these.
            self._secrets |= {secret}
            self._spellings |= spellings(secret)
            self._on_secret(secret)

    def scrub(self, text: Any, is_cut: bool = False) -> str:
        """Text of an answer or a library's exception, fit for an error message. is_cut: whether its end is missing."""
        return printable(hidden(str(text), self._spellings, is_cut))


def _is_header_value(text: str) -> bool:
    """False for what requests would refuse, with the text in its message."""
    return text.isascii() and text.isprintable() and bool(text.strip())


def _look(is_done: Callable[[], bool], request: Request, error: StellarError) -> bool:
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
