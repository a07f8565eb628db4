# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The platform's API: requests with a token, and retries within a time budget."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from typing import Any, Callable, Iterable

from .._errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    StellarError,
    TransportError,
)
from .auth import BearerAuth, TokenSource, key_auth, key_refused, lifetime
from .connection import Connection
from .request import Call, Request, Retry
from .session import Session
from .throttle import FIRST_WAIT_S, Throttle

LONGEST_WAIT_S = 30.0
# Real ones have 1000 to 2000 characters. Ansible masks a token everywhere: one like "High" would mask results.
_TOKEN_LENGTHS = range(16, 16 * 1024 + 1)
# By one of several concurrent requests: the first beside the others, then alone, where a token that another one ended
# and a refusal now and then may still come in a row.
_MAX_RENEWALS = 4
_TOKEN_REFUSED = "The access token expired or is wrong. Get a new one, or set api_key so that it is renewed."
_NEW_TOKEN_REFUSED = "A new token was refused as well: check the account's rights and the clock of the platform."


class Client:
    """The platform's API for one run: one session, one token, one retry budget. Safe for threads."""

    def __init__(
        self,
        connection: Connection,
        on_secret: Callable[[str], Any] = lambda secret: None,
        sleep: Callable[[float], Any] = time.sleep,
    ) -> None:
        self.session = Session(connection, on_secret, sleep)
        self._tokens = TokenSource(self._exchange if connection.api_key else None, connection.access_token)

    @property
    def connection(self) -> Connection:
        return self.session.connection

    @property
    def throttle(self) -> Throttle:
        return self.session.throttle

    @property
    def retries(self) -> int:
        """Return the number of retries of all API requests."""
        return self.throttle.retries

    @property
    def requests(self) -> dict[str, int]:
        """Return the numbers of requests sent, as results show them: read, write, and the retries among them."""
        sent = self.throttle.sent
        return {"read": sent["read"], "write": sent["write"], "retry": self.retries}

    def reset(self, on_secret: Callable[[str], Any]) -> None:
        """Start another run on the same connections and token, with its own budget, counts and register of secrets."""
        self.session.reset(on_secret)

    def platform_time_ms(self) -> int:
        """Return epoch ms on the platform's clock."""
        return self.session.platform_time_ms()

    def close(self) -> None:
        self.session.close()

    def authenticate(self) -> None:
        """Get the token now, so that a refused key is one error and not an error of each request."""
        with self.throttle.slot():
            self._tokens.token()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def get(self, path: str, params: Iterable[tuple[str, Any]] = (), what: str = "", **more: Any) -> dict[str, Any]:
        """GET a path below /connect/api/v1/. what: the action, for the start of an error message. more: of Call."""
        return self._send(Call("GET", path, what or f"Could not read {path}", tuple(params), **more))

    def write(
        self,
        method: str,
        path: str,
        body: dict[str, Any],
        what: str,
        already_applied: Callable[[bool], bool] | None = None,
        before_attempt: Callable[[], None] | None = None,
        accepts: Callable[[dict[str, Any]], bool] | None = None,
    ) -> dict[str, Any]:
        """Send a PUT or POST, and return {} if the answer is empty. The last three arguments are those of Call."""
        call = Call(method, path, what, (), body, True, already_applied, before_attempt, accepts)
        return self._send(call)

    def _send(self, call: Call) -> dict[str, Any]:
        request = Request(self.session, call)
        try:
            return self._with_token(request)
        except StellarError as error:
            error.may_have_arrived = request.may_have_arrived
            raise

    def _with_token(self, request: Request) -> dict[str, Any]:
        """Send a request; if the platform refuses the token, send it again with a new one, fetched once for all.

        A new token that is refused as well ends it, unless others may have ended that one: some platforms refuse
        good tokens now and then. Then it is sent alone.
        """
        # The tokens of the attempts
        tokens: list[str] = []

        def auth() -> BearerAuth:
            tokens.append(self._tokens.token())
            return BearerAuth(tokens[-1])

        may_renew = 1 if self.throttle.slots == 1 else _MAX_RENEWALS
        with ExitStack() as until_end:
            while True:
                try:
                    return self._with_retries(request, auth)
                except AuthenticationError as error:
                    # Without an answer to the request itself it is the key that was refused.
                    if request.status is None:
                        raise
                    error.remedy = _TOKEN_REFUSED if may_renew else _NEW_TOKEN_REFUSED
                    if not may_renew or not self._tokens.can_renew():
                        raise
                    refused_at = self._tokens.now()
                    self._tokens.reject(tokens[-1])
                    if may_renew < _MAX_RENEWALS and self.throttle.slots > 1:
                        until_end.enter_context(self.throttle.alone())
                    may_renew -= 1
                    with self.throttle.slot():
                        self._tokens.token(refused_at)
                    if _verify_arrival(request, error):
                        return {}

    def _exchange(self) -> tuple[str, float]:
        """Exchange the key for a token: (token, lifetime in s)."""
        key = self.connection.auth_method, self.connection.username, self.connection.api_key
        request = Request(
            self.session, Call("POST", "access_token", "Could not get an access token", hides_answer=True)
        )
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            answer = self._with_retries(request, lambda: key_auth(*key))
        except AuthenticationError as error:
            raise key_refused(request.action, *key, **error.details) from None
        token = answer.get("access_token")
        if not isinstance(token, str) or not _is_header_value(token) or len(token) not in _TOKEN_LENGTHS:
            raise request.unexpected_answer("holds no access_token")
        self.session.register_secret(token)
        return token, lifetime(token, answer.get("exp"), request.platform_now())

    def _with_retries(self, request: Request, auth: Callable[[], Any]) -> dict[str, Any]:
        """Send a request until an attempt succeeds, is verified as applied, or no attempt is left."""
        attempts = failures = 0
        backoff = FIRST_WAIT_S
        throttle, retries = self.throttle, self.connection.retries
        while True:
            try:
                return request.send(auth)
            except Retry as failure:
                attempts += 1
                # Also added to the Retry-After of the platform, since many clients may get the same one.
                wait = (failure.retry_after or 0.0) + backoff * random.uniform(0.5, 1.0)
                backoff = min(2 * backoff, LONGEST_WAIT_S)
                throttle.failed(failure.began)
                error = failure.error
                error.details["attempts"] = attempts
                # An attempt that was only too early (429) costs time, and none of retries.
                failures += error.details.get("status") != 429
                may_retry = retries > 0 and failures <= retries
                # A platform that says when to come back can give the same answer then.
                if may_retry and failure.retry_after is None and request.call.gives_up(error):
                    raise error from None
                is_last = not may_retry or not throttle.try_spend(wait)
                if not is_last:
                    throttle.retry_after(wait, slow_down=failure.slow_down)
                # An attempt that was refused for good needs no check.
                if (request.may_have_arrived or not is_last) and _verify_arrival(request, error):
                    return {}
                if is_last:
                    if attempts > 1:
                        error.notes.append(f"Gave up after {attempts} attempts.")
                    if failure.retry_after and may_retry:
                        asks = f"The platform asks to wait {failure.retry_after:g} s"
                        error.notes.append(f"{asks}, more than is left of retry_budget.")
                    raise error from None
            except (ApiError, TransportError) as error:
                # Another attempt would fail as well, and this one may have been applied.
                if request.may_have_arrived and _verify_arrival(request, error):
                    return {}
                raise


def _is_header_value(text: str) -> bool:
    """Return False for a text that the library requests would refuse, quoting it in its message."""
    return text.isascii() and text.isprintable() and bool(text.strip())


def _verify_arrival(request: Request, error: StellarError) -> bool:
    """Return whether a failed attempt was applied. False for a call without already_applied.

    If the check fails, raise the attempt's own error.
    """
    already_applied = request.call.already_applied
    if already_applied is None:
        return False
    try:
        return already_applied(request.may_have_arrived)
    except ConflictError:
        raise
    except StellarError:
        if request.may_have_arrived:
            error.notes.append("It is unknown whether the write was made: the read that verifies it failed as well.")
            error.details["outcome_unknown"] = True
        else:
            error.notes.append("The write was not retried: the read before the retry failed as well.")
        raise error from None
