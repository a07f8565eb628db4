# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token (JWT): how a key is sent for it, when it expires, and the one that all requests of a run share.

What follows a 401 is in token_renewal.py.

Vendor docs 5.2: POST /access_token takes a legacy key as Basic (user and key); from 5.5 a scoped
key as Bearer, without a user name. The returned JWT is valid for ten minutes.
"""

from __future__ import annotations

import base64
import copy
import json
import math
import threading
import time
from typing import Any, Callable

from .._errors import AuthenticationError, StellarError

try:
    from requests.auth import AuthBase, HTTPBasicAuth
except ImportError:  # session.py says so, with the interpreter's path
    AuthBase = HTTPBasicAuth = object  # type: ignore[assignment, misc]

DEFAULT_LIFETIME_S = 600.0
RENEWAL_MARGIN_S = 30.0


class BearerAuth(AuthBase):
    """An auth object, not a header: where requests gets none, it may take what a .netrc has for the host."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = "Bearer " + self._secret
        return request


def key_auth(auth_method: str, username: str, api_key: str) -> Any:
    """Return the auth object of the exchange. As bytes, since requests would encode a str as Latin-1."""
    if auth_method == "basic":
        return HTTPBasicAuth(username.encode(), api_key.encode())
    return BearerAuth(api_key)


def basic_pair(username: str, api_key: str) -> str:
    """Return the credentials that HTTPBasicAuth puts into the header: as secret as the key."""
    return base64.b64encode((f"{username}:{api_key}").encode()).decode()


def key_refused(action: str, auth_method: str, username: str, api_key: str, **details: Any) -> AuthenticationError:
    """Return the error for a 401 to the exchange, with the remedy for this kind of key."""
    if auth_method == "basic":
        sent = f"as a legacy key of {username} (Basic)"
        if claims(api_key):
            remedy = "It looks like a scoped key: leave username out, or set auth_method to bearer."
        else:
            remedy = (
                "Check username (the account's e-mail; SSO accounts can't use the API) and that the key was not "
                "revoked. If it is a scoped key (5.5 and later), leave username out or set auth_method to bearer."
            )
    else:
        sent = "as a scoped key (Bearer)"
        remedy = (
            "Check that the key was not revoked and that the platform is 5.5 or later. "
            "If it is a legacy key, set username to the account's e-mail."
        )
    why = f"HTTP 401, the platform refused api_key, sent {sent}."
    return AuthenticationError(action, why, remedy, **details)


def claims(token: str) -> dict[str, Any]:
    """Return a JWT's payload, unverified; {} for a token that is not a JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        # A JWT leaves the padding out; too much of it is harmless.
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def user_of_key(api_key: str) -> str:
    """Return the id of the user whom a scoped key names itself (vendor's client 2024, sample key), '' without one."""
    named = claims(api_key).get("api_key")
    user_id = named.get("user_id") if isinstance(named, dict) else None
    return user_id if isinstance(user_id, str) else ""


def lifetime(token: str, exp: Any, now: float) -> float | None:
    """Return for how many seconds a new token is valid; None if exp is absent or not valid.

    exp: from the answer beside the token (vendor library 2025: epoch seconds); else the JWT's own.
    now: epoch seconds on the platform's clock.
    """
    if exp is None:
        exp = claims(token).get("exp")
    if isinstance(exp, bool) or not isinstance(exp, (int, float)):
        return None
    try:
        seconds = (exp / 1000.0 if exp > 1e11 else float(exp)) - now
    except OverflowError:
        return None
    return seconds if seconds > 0 else None


class TokenSource:
    """One token for a whole process, renewed shortly before it expires. Safe for threads.

    exchange: returns (token, lifetime in seconds, None if that is not known); None when there is no key to exchange.
    access_token: a token that exists already. It is used until the platform refuses it. lifetime_s: of the last token,
    as the platform tells it.
    """

    def __init__(
        self,
        exchange: Callable[[], tuple[str, float | None]] | None,
        access_token: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exchange = exchange
        self._clock = clock
        self._token = access_token
        self._renew_at = math.inf
        self.lifetime_s: float | None = None
        self._failed: tuple[float, StellarError] | None = None
        self._lock = threading.Lock()

    def now(self) -> float:
        return self._clock()

    def token(self, asked_at: float | None = None) -> str:
        """Return the token. asked_at: since when the caller needs it, by now(), if that was before the call.

        The caller has a slot of the throttle: the exchange needs one, and callers with a slot may wait for it.
        """
        if asked_at is None:
            asked_at = self.now()
        with self._lock:
            if self._exchange and (not self._token or self._clock() >= self._renew_at):
                # A failed exchange may have taken all its attempts: threads that waited for it do not repeat it.
                if self._failed and self._failed[0] > asked_at:
                    raise copy.copy(self._failed[1])
                self._fetch(self._exchange)
            return self._token

    def can_renew(self) -> bool:
        return self._exchange is not None

    def reject(self, token: str) -> None:
        """Drop a token that the platform refused: the next token() fetches another, unless there is one already."""
        with self._lock:
            if self._token == token:
                self._token = ""

    def renew(self) -> float | None:
        """Exchange the key for a new token, and return for how many seconds that is valid; None without a key."""
        with self._lock:
            return self._fetch(self._exchange) if self._exchange else None

    def _fetch(self, exchange: Callable[[], tuple[str, float | None]]) -> float:
        started = self._clock()
        try:
            self._token, self.lifetime_s = exchange()
        except StellarError as error:
            # A copy, since callers add notes about their own request.
            self._failed = self._clock(), copy.copy(error)
            raise
        # Else the documented ten minutes: a token that expires earlier is renewed on the 401.
        seconds = DEFAULT_LIFETIME_S if self.lifetime_s is None else self.lifetime_s
        self._renew_at = started + seconds - min(RENEWAL_MARGIN_S, seconds / 5)
        return seconds
