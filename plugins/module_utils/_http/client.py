# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The platform's API: calls with a token, and retries within a time budget."""

from __future__ import annotations

import random
import time
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
# Real ones have 1 to 2 thousand. Ansible hides a token wherever it stands: one like "High" would hide results.
_TOKEN_LENGTHS = range(16, 16 * 1024 + 1)
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
        """The attempts after the first, over all calls."""
        return self.throttle.retries

    @property
    def requests(self) -> dict[str, int]:
        """How many requests were sent, as results have it: read, write, and those of them that were retries."""
        sent = self.throttle.sent
        return {"read": sent["read"], "write": sent["write"], "retry": self.retries}

    def reset(self, on_secret: Callable[[str], Any]) -> None:
        """Begin another run on the same connections and token, with its own budget, counts and register of secrets."""
        self.session.reset(on_secret)

    def platform_time_ms(self) -> int:
        """Epoch ms on the platform's clock."""
        return self.session.platform_time_ms()

    def close(self) -> None:
        self.session.close()

    def authenticate(self) -> None:
        """Get the token now, so that a key that is refused is one error and not that of each call."""
        with self.throttle.slot():
            self._tokens.token()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def get(self, path: str, params: Iterable[tuple[str, Any]] = (), what: str = "") -> dict[str, Any]:
        """GET a path below /connect/api/v1/. what: the action, for an error's first words."""
        return self._send(Call("GET", path, what or f"Could not read {path}", tuple(params)))

    def write(
        self,
        method: str,
        path: str,
        body: dict[str, Any],
        what: str,
        already_applied: Callable[[], bool] | None = None,
        before_attempt: Callable[[], None] | None = None,
        accepts: Callable[[dict[str, Any]], bool] | None = None,
    ) -> dict[str, Any]:
        """PUT or POST. {} if the answer is empty. The last three are those of Call."""
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
        """Send a request; with a new token once more, if the platform refuses this one."""
        # Those that attempts were sent with
        tokens: list[str] = []

        def auth() -> BearerAuth:
            tokens.append(self._tokens.token())
            return BearerAuth(tokens[-1])

        try:
            return self._with_retries(request, auth)
        except AuthenticationError as error:
            # Without an answer to the request itself it is the key that was refused.
            if request.status is None:
                raise
            error.remedy = "The access token expired or is wrong. Get a new one, or set api_key so that it is renewed."
            if not self._tokens.can_renew():
                raise
            refused_at = self._tokens.now()
            with self.throttle.slot():
                self._tokens.reject(tokens[-1])
                self._tokens.token(refused_at)
            if _verify_arrival(request, error):
                return {}
        try:
            return self._with_retries(request, auth)
        except AuthenticationError as error:
            if request.status is not None:
                error.remedy = _NEW_TOKEN_REFUSED
            raise

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
        """Send a request until an attempt succeeds, or is seen to have been applied, or there is none left."""
        attempts = in_vain = 0
        backoff = FIRST_WAIT_S
        throttle, retries = self.throttle, self.connection.retries
        while True:
            try:
                return request.send(auth)
            except Retry as failure:
                attempts += 1
                # Beyond what the platform asks for, too: it may ask many clients, who must not all come back at once.
                wait = (failure.retry_after or 0.0) + backoff * random.uniform(0.5, 1.0)
                backoff = min(2 * backoff, LONGEST_WAIT_S)
                throttle.failed(failure.began)
                error = failure.error
                error.details["attempts"] = attempts
                # An attempt that was only too early for the platform costs time, and none of retries.
                in_vain += error.details.get("status") != 429
                may_retry = retries > 0 and in_vain <= retries
                is_last = not may_retry or not throttle.try_spend(wait)
                if not is_last:
                    throttle.retry_after(wait, slow_down=failure.slow_down)
                # What was refused for good needs no look.
                if (request.may_have_arrived or not is_last) and _verify_arrival(request, error):
                    return {}
                if is_last:
                    if attempts > 1:
                        error.notes.append(f"Tried {attempts} times.")
                    if failure.retry_after and may_retry:
                        asks = f"The platform asks to wait {failure.retry_after:g} s"
                        error.notes.append(f"{asks}, more than is left of retry_budget.")
                    raise error from None
            except (ApiError, TransportError) as error:
                # Another attempt would fail as well, and it may have hidden that the request was carried out.
                if request.may_have_arrived and _verify_arrival(request, error):
                    return {}
                raise


def _is_header_value(text: str) -> bool:
    """False for what requests would refuse, with the text in its message."""
    return text.isascii() and text.isprintable() and bool(text.strip())


def _verify_arrival(request: Request, error: StellarError) -> bool:
    """Look whether an attempt that failed arrived all the same. False where its call has no need to know.

    Where that can't be seen, the attempt's own error ends the matter.
    """
    already_applied = request.call.already_applied
    if already_applied is None:
        return False
    try:
        return already_applied()
    except ConflictError:
        raise
    except StellarError:
        if request.may_have_arrived:
            error.notes.append("Whether it was done all the same could not be seen.")
            error.details["outcome_unknown"] = True
        else:
            error.notes.append("It was not tried again, since the read that comes before another try failed as well.")
        raise error from None
