# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and tokens (vendor docs 5.2 and 5.5, "Configuring API Authentication")."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from .errors import ApiError
from .people import ORGANISATION
from .sample import SCOPED_USER_ID, USERS

if TYPE_CHECKING:
    from .world import World

KEY_LIFETIME_S = 36_500 * 24 * 3600
ALGORITHM = "HS256"


@dataclass(frozen=True)
class Caller:
    user_id: str
    # tenants that a scoped key may see; None = all
    scope: frozenset[str] | None
    token_id: str = ""


class Auth:
    def __init__(self, world: World, username: str, api_key: str = "") -> None:
        self._world = world
        self._secret = secrets.token_hex(32)
        self.username = username
        self.api_key = api_key or secrets.token_urlsafe(64)
        self.scoped_key = self._make_scoped_key()
        # token id -> (user, is it scoped, end on the simulator's clock): the `exp` that is told may be another
        self._tokens: dict[str, tuple[str, bool, float]] = {}
        # every token since the start or the last reset, for tests that look whether one leaked
        self.issued: list[str] = []

    def _make_scoped_key(self) -> str:
        now = int(self._world.clock.now())
        api_key = {
            "key_id": secrets.token_hex(3),
            "user_id": SCOPED_USER_ID,
            "org_id": ORGANISATION,
            "exp": now + KEY_LIFETIME_S,
        }
        return jwt.encode({"api_key": api_key, "iat": now}, self._secret, ALGORITHM)

    def forget_tokens(self) -> None:
        self._tokens.clear()
        self.issued.clear()

    def exchange(self, authorization: str) -> dict[str, Any]:
        """Return the answer of /access_token."""
        scheme, _space, credentials = authorization.partition(" ")
        if scheme == "Basic" and self._is_legacy_pair(credentials):
            return self._new_token(USERS[0]["user_id"], scoped=False)
        if scheme == "Bearer" and self._world.switches.scoped_keys and _same(credentials, self.scoped_key):
            return self._new_token(SCOPED_USER_ID, scoped=True)
        raise ApiError(401, "Unauthorized")

    def _is_legacy_pair(self, credentials: str) -> bool:
        try:
            pair = base64.b64decode(credentials, validate=True).decode()
        except (binascii.Error, ValueError):
            return False
        username, _colon, key = pair.partition(":")
        # A client in use adds a third field, and is said to work (RAJA).
        keys = [key, key.rpartition(":")[0]] if self._world.switches.basic_third_field else [key]
        return self._world.people.same(self.username, username) and any(_same(key, self.api_key) for key in keys)

    def _new_token(self, user_id: str, scoped: bool) -> dict[str, Any]:
        switches, now = self._world.switches, self._world.clock.now()
        end = now + switches.token_lifetime_s
        self._tokens = {token_id: token for token_id, token in self._tokens.items() if token[2] > now}
        token_id = secrets.token_hex(8)
        self._tokens[token_id] = (user_id, scoped, end)
        user = self._world.people.users.get(user_id, {})
        claims = {
            "jti": token_id,
            "iat": int(now),
            "name": user.get("name", ""),
            "email": user.get("email", ""),
            "priv_profile_id": user.get("priv_profile_id", ""),
            "org_id": ORGANISATION,
        }
        told = {"seconds": int(end), "ms": int(end * 1000), "past": int(now) - 3600}.get(switches.token_exp)
        exp = {} if told is None else {"exp": told}
        self.issued.append(jwt.encode(claims | exp, self._secret, ALGORITHM))
        return {"access_token": self.issued[-1], **exp}

    def caller(self, authorization: str) -> Caller:
        """Return who makes a call, or refuse with 401."""
        scheme, _space, credentials = authorization.partition(" ")
        if scheme == "Basic" and self._world.switches.basic_everywhere and self._is_legacy_pair(credentials):
            return Caller(USERS[0]["user_id"], None)
        if scheme == "Bearer":
            token_id = self.token_id(credentials)
            user_id, scoped, end = self._tokens.get(token_id, ("", False, 0.0))
            if end > self._world.clock.now():
                scope = frozenset(self._world.switches.scoped_tenants) if scoped else None
                return Caller(user_id, scope, token_id)
        raise ApiError(401, "Unauthorized")

    def token_id(self, token: str) -> str:
        try:
            # the end of a token is on the simulator's clock, which PyJWT does not know
            claims = jwt.decode(token, self._secret, [ALGORITHM], options={"verify_exp": False, "verify_iat": False})
        except jwt.InvalidTokenError:
            return ""
        return str(claims.get("jti", ""))

    def expire(self, authorization: str) -> None:
        self._tokens.pop(self.token_id(authorization.partition(" ")[2]), None)


def _same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())
