# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Renewal of the token: a request that the platform answers with a 401 is sent again with a new token."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from .._errors import AuthenticationError
from .auth import BearerAuth, TokenSource, key_auth, key_refused, lifetime
from .request import Call, Request
from .retries import send_with_retries, verify_arrival
from .session import Session

# Real ones have 1000 to 2000 characters. Ansible masks a token everywhere: one like "High" would mask results.
_TOKEN_LENGTHS = range(16, 16 * 1024 + 1)
# By one of several concurrent requests: the first beside the others, then alone, where a token that another one ended
# and a refusal now and then may still come in a row.
_MAX_RENEWALS = 4
_TOKEN_REFUSED = "The access token expired or is wrong. Get a new one, or set api_key so that it is renewed."
_NEW_TOKEN_REFUSED = "A new token was refused as well: check the account's rights and the clock of the platform."


def send_with_token(request: Request, tokens: TokenSource) -> dict[str, Any]:
    """Send a request; if the platform refuses the token, send it again with a new one, fetched once for all.

    A new token that is refused as well ends it, unless others may have ended that one: some platforms refuse
    good tokens now and then. Then it is sent alone.
    """
    throttle = request.session.throttle
    # The tokens of the attempts
    used: list[str] = []

    def auth() -> BearerAuth:
        used.append(tokens.token())
        return BearerAuth(used[-1])

    may_renew = 1 if throttle.slots == 1 else _MAX_RENEWALS
    with ExitStack() as until_end:
        while True:
            try:
                return send_with_retries(request, auth)
            except AuthenticationError as error:
                # Without an answer to the request itself it is the key that was refused.
                if request.status is None:
                    raise
                error.remedy = _TOKEN_REFUSED if may_renew else _NEW_TOKEN_REFUSED
                if not may_renew or not tokens.can_renew():
                    raise
                refused_at = tokens.now()
                tokens.reject(used[-1])
                if may_renew < _MAX_RENEWALS:
                    until_end.enter_context(throttle.alone())
                may_renew -= 1
                with throttle.slot():
                    tokens.token(refused_at)
                if verify_arrival(request, error):
                    return {}


def exchange_key(session: Session) -> tuple[str, float | None]:
    """Exchange the key for a token: (token, lifetime in s, None if the platform does not tell it)."""
    connection = session.connection
    key = connection.auth_method, connection.username, connection.api_key
    request = Request(session, Call("POST", "access_token", "Could not get an access token", hides_answer=True))
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        answer = send_with_retries(request, lambda: key_auth(*key))
    except AuthenticationError as error:
        raise key_refused(request.action, *key, **error.details) from None
    token = answer.get("access_token")
    if not isinstance(token, str) or not _is_header_value(token) or len(token) not in _TOKEN_LENGTHS:
        raise request.unexpected_answer("contains no access_token")
    session.register_token(token)
    return token, lifetime(token, answer.get("exp"), request.platform_now())


def _is_header_value(text: str) -> bool:
    """Return False for a text that the library requests would refuse, quoting it in its message."""
    return text.isascii() and text.isprintable() and bool(text.strip())
