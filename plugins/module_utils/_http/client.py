# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The platform's API as get() and write().

Each sends one request: token_renewal.py gives it a token, and retries.py repeats it within the retry budget.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Callable, Iterable

from .._errors import StellarError
from .auth import TokenSource
from .connection import Connection
from .request import Call, Request
from .session import Session
from .throttle import Throttle
from .token_renewal import exchange_key, send_with_token


class Client:
    """The platform's API for one run: one session, one token, one retry budget. Safe for threads."""

    def __init__(
        self,
        connection: Connection,
        on_secret: Callable[[str], Any] = lambda secret: None,
        sleep: Callable[[float], Any] = time.sleep,
    ) -> None:
        self.session = Session(connection, on_secret, sleep)
        exchange = partial(exchange_key, self.session) if connection.api_key else None
        self._tokens = TokenSource(exchange, connection.access_token)

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

    def new_token(self) -> float | None:
        """Exchange the key anew, and return for how many seconds the token is valid; None if there is no key."""
        with self.throttle.slot():
            return self._tokens.renew()

    @property
    def token_lifetime_s(self) -> float | None:
        """Return for how many seconds the last token was valid, as the platform tells; None if it does not."""
        return self._tokens.lifetime_s

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
        body: dict[str, Any] | None,
        what: str,
        already_applied: Callable[[bool], bool] | None = None,
        before_attempt: Callable[[], None] | None = None,
        accepts: Callable[[dict[str, Any]], bool] | None = None,
    ) -> dict[str, Any]:
        """Send a PUT, POST or DELETE, and return {} for an empty answer. The last three arguments are those of Call."""
        call = Call(
            method,
            path,
            what,
            body=body,
            empty_ok=True,
            already_applied=already_applied,
            before_attempt=before_attempt,
            accepts=accepts,
        )
        return self._send(call)

    def _send(self, call: Call) -> dict[str, Any]:
        request = Request(self.session, call)
        try:
            return send_with_token(request, self._tokens)
        except StellarError as error:
            error.may_have_arrived = request.may_have_arrived
            raise
