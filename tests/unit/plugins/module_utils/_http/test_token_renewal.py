# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a token comes from, and what follows a 401: a new one, for all requests, and as often as that helps."""

from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import ApiError, AuthenticationError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.token_renewal import exchange_key
from tests import canned
from tests.canned import http
from tests.unit.plugins.module_utils._http.clients import DATE, DATE_S, KEY, LOGIN, TOKEN, connection, failure, put

# -- 401 --------------------------------------------------------------------------------------------------------------


def test_a_refused_token_is_renewed_once(make):
    client = make(
        http(status=401), http({"access_token": "a-second-token-4712"}), http({"a": 1}), api_key=KEY, access_token=TOKEN
    )
    assert client.get("a") == {"a": 1}
    assert [asked.headers["authorization"] for asked in client.asked] == [
        f"Bearer {TOKEN}",
        f"Bearer {KEY}",
        "Bearer a-second-token-4712",
    ]
    assert client.retries == 0


def test_a_new_token_that_is_refused_as_well(make):
    client = make(http(status=401), LOGIN, http(status=401), LOGIN, api_key=KEY, access_token="old")
    error = failure(client.get, "a")
    assert isinstance(error, AuthenticationError)
    assert str(error).endswith(
        "{}. A new token was refused as well: check the account's rights and the clock of the platform."
    )
    assert len(client.asked) == 3


def test_a_new_token_that_others_may_have_ended_is_renewed_again(make):
    client = make(*[http(status=401), LOGIN] * 4, http({"a": 1}), api_key=KEY, access_token="old")
    client.throttle.set_limit(2)
    assert client.get("a") == {"a": 1}
    assert len(client.asked) == 9


def test_a_request_is_sent_alone_from_its_second_renewal_on(make, monkeypatch):
    client = make(*[http(status=401), LOGIN] * 3, http({"a": 1}), api_key=KEY, access_token="old")
    client.throttle.set_limit(2)
    sent_before = []
    alone = client.throttle.alone
    monkeypatch.setattr(client.throttle, "alone", lambda: sent_before.append(len(client.asked)) or alone())
    assert client.get("a") == {"a": 1}
    # After the second refusal, and the third.
    assert sent_before == [3, 5]


def test_the_renewals_of_concurrent_requests_have_an_end(make):
    client = make(*[http(status=401), LOGIN] * 9, api_key=KEY, access_token="old")
    client.throttle.set_limit(2)
    assert "A new token was refused as well" in str(failure(client.get, "a"))
    assert len(client.asked) == 9


def test_a_refused_token_without_a_key(make):
    client = make(http(status=401), http(), retries=3)
    assert "Get a new one, or set api_key" in str(failure(client.get, "a"))
    assert len(client.asked) == 1


@pytest.mark.parametrize(("username", "words"), [("me", "as a legacy key of me (Basic)"), ("", "as a scoped key")])
def test_a_refused_key(make, username, words):
    client = make(http(status=401), http(), api_key=KEY, username=username, retries=3)
    error = failure(client.authenticate)
    assert isinstance(error, AuthenticationError)
    assert str(error).startswith("Could not get an access token (POST http://127.0.0.1:")
    assert f"/access_token): HTTP 401, the platform refused api_key, sent {words}" in str(error)
    assert error.details["status"] == 401
    assert len(client.asked) == 1


def test_a_write_that_was_done_is_not_sent_again_with_a_new_token(make):
    client = make(http(status=401), LOGIN, http({"second": 1}), api_key=KEY, access_token="old")
    assert put(client, already_applied=lambda _arrived: True) == {}
    assert len(client.asked) == 2


def test_a_write_that_was_not_done_is_sent_again_with_a_new_token(make):
    client = make(http(status=401), LOGIN, None, http({"third": 1}), api_key=KEY, access_token="old", retries=1)
    looks = []
    assert put(client, already_applied=lambda _arrived: bool(looks.append(1))) == {"third": 1}
    assert len(looks) == 2


def test_a_look_that_fails_after_a_renewal_ends_it(make):
    def fail(_arrived):
        raise ApiError("Could not read", "HTTP 404.")

    error = failure(put, make(http(status=401), LOGIN, http(), api_key=KEY, access_token="old"), already_applied=fail)
    assert isinstance(error, AuthenticationError)
    assert error.notes == ["The write was not retried: the read before the retry failed as well."]


def test_a_key_that_is_refused_after_a_renewal_is_told_as_the_key(make):
    short_lived = http({"access_token": "a-second-token-4712", "exp": DATE_S + 1e-6}, Date=DATE)
    client = make(http(status=401), short_lived, http(status=401), api_key=KEY, access_token="old")
    error = failure(client.get, "a")
    assert "the platform refused api_key" in str(error)
    assert error.remedy.startswith("Check that the key was not revoked")
    assert len(client.asked) == 3


def test_a_refusal_that_comes_before_a_try_renews_nothing(make):
    def refuse():
        if client.asked:
            raise AuthenticationError("Could not read", "HTTP 401.", "As it says.")

    client = make(None, LOGIN, http(), api_key=KEY, access_token="old", retries=1)
    assert str(failure(put, client, before_attempt=refuse)) == "Could not read: HTTP 401. As it says."
    assert len(client.asked) == 1


# -- the exchange -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, 5, "", " " * 20, "x" * 15, "x" * 20 + "\n", "é" * 20, ["a"], "x" * 16385])
def test_what_is_no_token(make, token):
    error = failure(make(http({"access_token": token}), api_key=KEY).get, "a")
    assert isinstance(error, ApiError)
    assert "HTTP 200, but the answer contains no access_token. The answer (" in str(error)
    assert "Could not get an access token (POST http://127.0.0.1:" in str(error)


def test_the_longest_token(make):
    client = make(http({"access_token": "x" * 16384}), http(), api_key=KEY)
    client.get("a")
    assert len(client.asked[1].headers["authorization"]) == len("Bearer ") + 16384


@pytest.mark.parametrize(
    ("exp", "date", "seconds"),
    [
        (None, DATE, None),
        (DATE_S + 90, DATE, 90),
        (DATE_S + 90, "Tue, 15 Nov 1994 08:12:41 GMT", 80),
    ],
)
def test_a_token_lives_by_the_clock_of_the_platform(make, exp, date, seconds):
    client = make(http({"access_token": TOKEN, "exp": exp}, Date=date), api_key=KEY)
    assert exchange_key(client.session) == (TOKEN, seconds)


# -- tokens and turns -------------------------------------------------------------------------------------------------


def test_an_exchange_needs_no_turn_of_its_own_when_each_is_taken_by_a_call_that_waits_for_it():
    """Each of two guarded writes has a turn and reads first, with a token that both must wait for."""
    both_have_a_turn = threading.Barrier(2)
    tokens = []

    def answer(asked):
        if asked.path.endswith("access_token"):
            tokens.append(asked)
            return http({"access_token": f"token{len(tokens)}" * 9, "exp": 4102444800})
        return http({"data": {}})

    with canned.serve(answer) as server, Client(connection(server.url, api_key="k" * 20)) as client:
        client.throttle.set_limit(2)

        def write():
            def read_again():
                both_have_a_turn.wait(10)
                client.get("again")

            client.write("PUT", "a", {"a": 1}, "Could not", before_attempt=read_again)

        threads = [threading.Thread(target=write, daemon=True) for _number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in threads)
    assert len(tokens) == 1


def test_calls_whose_token_was_refused_share_an_exchange_that_fails():
    exchanges = []
    all_refused = threading.Barrier(8)

    def answer(asked):
        if not asked.path.endswith("access_token"):
            all_refused.wait(10)
            return http({}, 401)
        exchanges.append(asked)
        if len(exchanges) == 1:
            return http({"access_token": "t" * 40})
        time.sleep(0.3)
        return http({}, 503)

    with canned.serve(answer) as server, Client(connection(server.url, api_key="k" * 20, retries=0)) as client:
        client.throttle.set_limit(8)
        client.authenticate()
        threads = [threading.Thread(target=failure, args=(client.get, "a")) for _number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(exchanges) == 2


def test_a_key_that_is_refused_is_exchanged_once(make):
    client = make(http({}, 401), http({}, 401), api_key="k" * 20)
    assert "the platform refused api_key" in str(failure(client.get, "a"))
    assert len(client.asked) == 1
