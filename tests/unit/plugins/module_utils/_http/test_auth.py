# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens: how long they live, when they are renewed, and how a key is sent."""

from __future__ import annotations

import base64
import json
import threading

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import ApiError, StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.auth import (
    BearerAuth,
    TokenSource,
    basic_pair,
    key_auth,
    key_refused,
    lifetime,
    user_of_key,
)

NOW = 1_700_000_000


def jwt(**claims):
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{payload}.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("token", "exp", "seconds"),
    [
        ("opaque", NOW + 600, 600),
        ("opaque", NOW + 90.5, 90.5),
        ("opaque", (NOW + 300) * 1000, 300),  # ms by mistake
        ("opaque", 10**11, 10**11 - NOW),
        (jwt(exp=NOW + 300), None, 300),
        (jwt(exp=NOW + 300), NOW + 600, 600),
        # whatever the length of the claims leaves of base64's padding
        *[(jwt(exp=NOW + 300, sub="x" * length), None, 300) for length in range(4)],
        # the shortest life is a life
        ("opaque", NOW + 0.5, 0.5),
        # no exp that makes sense
        ("opaque", None, None),
        (jwt(name="x"), None, None),
        ("a.%%%.c", None, None),
        ("a.bnVsbA.c", None, None),
        ("opaque", NOW, None),
        ("opaque", NOW - 1, None),
        ("opaque", 0, None),
        ("opaque", "soon", None),
        ("opaque", True, None),
        ("opaque", 10**11 + 1, None),
        ("opaque", 10**400, None),
        ("opaque", -(10**400), None),
        ("a." + base64.urlsafe_b64encode(b"[" * 100_000).decode() + ".c", None, None),
    ],
)
def test_lifetime(token, exp, seconds):
    assert lifetime(token, exp, NOW) == seconds


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def source():
    """A source whose tokens are t1, t2, ..., and its clock."""
    clock, issued = Clock(), []

    def exchange():
        issued.append(f"t{len(issued) + 1}")
        return issued[-1], 600.0

    return TokenSource(exchange, clock=clock), clock


@pytest.mark.parametrize(("moment", "token"), [(0, "t1"), (569, "t1"), (570, "t2"), (600, "t2"), (9999, "t2")])
def test_renewed_half_a_minute_before_the_end(source, moment, token):
    tokens, clock = source
    assert tokens.token() == "t1"
    clock.now = moment
    assert tokens.token() == token


def test_a_short_lived_token_is_not_renewed_at_once():
    clock = Clock()
    tokens = TokenSource(iter([("t1", 10.0), ("t2", 10.0)]).__next__, clock=clock)
    assert [tokens.token(), tokens.token()] == ["t1", "t1"]
    clock.now = 8
    assert tokens.token() == "t2"


def test_a_token_of_unknown_lifetime_has_the_documented_ten_minutes():
    clock = Clock()
    tokens = TokenSource(iter([("t1", None), ("t2", 300.0)]).__next__, clock=clock)
    assert (tokens.token(), tokens.lifetime_s) == ("t1", None)
    clock.now = 569
    assert tokens.token() == "t1"
    clock.now = 570
    assert (tokens.token(), tokens.lifetime_s) == ("t2", 300.0)


def test_a_refused_token_is_replaced_once_however_many_say_so(source):
    tokens, _calls = source
    first = tokens.token()
    tokens.reject(first)
    assert tokens.token() == "t2"
    tokens.reject(first)  # a slower worker, with the old one
    assert tokens.token() == "t2"


def test_a_token_is_renewed_on_request(source):
    tokens, _calls = source
    assert [tokens.token(), tokens.renew(), tokens.token(), tokens.renew(), tokens.token()] == [
        "t1",
        600,
        "t2",
        600,
        "t3",
    ]
    assert TokenSource(None, "given").renew() is None


def test_many_threads_share_one_exchange(source):
    tokens, _calls = source
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(tokens.token())) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["t1"] * 8


def test_an_exchange_that_fails_fails_for_all_who_wait_for_it_and_for_nobody_after():
    waits, errors, tries = threading.Event(), [], []

    class ClockThatShowsWhoAsks(Clock):
        def __call__(self):
            if threading.current_thread() is second:
                waits.set()
            return super().__call__()

    def exchange():
        tries.append(clock.now)
        if len(tries) == 1:
            second.start()
            assert waits.wait(10)
            clock.now = 9.0
            raise StellarError("No token", "HTTP 503.")
        return "new", 600.0

    def ask():
        with pytest.raises(StellarError) as caught:
            tokens.token()
        errors.append(caught.value)

    clock, second = ClockThatShowsWhoAsks(), threading.Thread(target=ask)
    tokens = TokenSource(exchange, clock=clock)
    ask()
    second.join(10)
    assert [str(error) for error in errors] == ["No token: HTTP 503."] * 2
    assert errors[0] is not errors[1], "each gets words of its own added"
    assert tries == [0.0]
    assert tokens.token() == "new"
    assert tries == [0.0, 9.0]


def test_what_is_added_to_a_failure_for_one_call_is_not_told_of_another():
    def exchange():
        # The others ask while it lasts.
        source._clock = lambda: 1.0
        raise ApiError("Could not get an access token", "HTTP 503.")

    source = TokenSource(exchange, clock=lambda: 0.0)
    with pytest.raises(ApiError) as first:
        source.token()
    first.value.result = {"changed": True}
    first.value.notes.append("It is there.")
    with pytest.raises(ApiError) as second:
        source.token(asked_at=0.5)
    assert str(second.value) == "Could not get an access token: HTTP 503."
    assert second.value.result == {}


def test_a_given_token_is_used_until_it_is_refused():
    tokens = TokenSource(lambda: ("new", 600.0), access_token="given")
    assert tokens.token() == "given"
    tokens.reject("given")
    assert tokens.token() == "new"


def test_without_a_key_nothing_renews_a_token():
    tokens = TokenSource(None, access_token="given")
    assert (tokens.token(), tokens.can_renew()) == ("given", False)
    tokens.reject("given")
    assert tokens.token() == ""


class Request:
    def __init__(self):
        self.headers = {}


@pytest.mark.parametrize(
    ("method", "header"),
    [
        ("basic", "Basic " + base64.b64encode("jürgen@example.com:key".encode()).decode()),
        ("bearer", "Bearer key"),
    ],
)
def test_how_a_key_is_sent(method, header):
    assert key_auth(method, "jürgen@example.com", "key")(Request()).headers["Authorization"] == header


def test_the_pair_that_must_stay_secret_is_the_one_that_is_sent():
    sent = key_auth("basic", "a@example.com", "key")(Request()).headers["Authorization"]
    assert sent == "Basic " + basic_pair("a@example.com", "key")


def test_a_secret_is_not_in_the_repr_of_its_holder():
    assert "canary" not in repr(BearerAuth("canary"))


@pytest.mark.parametrize(
    ("method", "key", "sent", "remedy"),
    [
        (
            "basic",
            "opaque",
            "as a legacy key of a@example.com (Basic)",
            "Check username (the account's e-mail; SSO accounts can't use the API) and that the key was not revoked. "
            "If it is a scoped key (5.5 and later), leave username out or set auth_method to bearer.",
        ),
        (
            "basic",
            jwt(api_key={"key_id": "1"}),
            "as a legacy key of a@example.com (Basic)",
            "It looks like a scoped key: leave username out, or set auth_method to bearer.",
        ),
        (
            "bearer",
            "opaque",
            "as a scoped key (Bearer)",
            "Check that the key was not revoked and that the platform is 5.5 or later. "
            "If it is a legacy key, set username to the account's e-mail.",
        ),
    ],
)
def test_a_refused_key_says_what_to_try(method, key, sent, remedy):
    error = key_refused("Could not get an access token", method, "a@example.com", key, status=401, body=None)
    assert str(error) == (
        f"Could not get an access token: HTTP 401, the platform refused api_key, sent {sent}. {remedy}"
    )
    assert (error.remedy, error.details) == (remedy, {"status": 401})
    assert key not in str(error)


USER = "826ef6979788454297c85cbba4a51c08"


@pytest.mark.parametrize(
    ("key", "user"),
    [
        (jwt(api_key={"user_id": USER, "key_id": "abcdef"}), USER),
        (jwt(api_key={"user_id": 5}), ""),
        (jwt(api_key={}), ""),
        (jwt(api_key=USER), ""),
        (jwt(user_id=USER), ""),
        ("a-legacy-key", ""),
        ("", ""),
    ],
)
def test_a_scoped_key_names_its_user(key, user):
    assert user_of_key(key) == user
