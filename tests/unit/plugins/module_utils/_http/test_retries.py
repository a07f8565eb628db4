# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the client sends a call again, and what it looks at before that."""

from __future__ import annotations

import time

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    ConflictError,
    TransportError,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http import request as request_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http import retries as retries_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from tests.canned import http
from tests.unit.plugins.module_utils._http.clients import DATE, KEY, LOGIN, connection, failure, put

# -- tries ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_jitter(monkeypatch):
    monkeypatch.setattr(retries_module.random, "uniform", lambda low, high: high)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(make, status):
    client = make(http(status=status), None, http({"a": 1}), retries=2)
    assert client.get("a") == {"a": 1}
    assert len(client.asked) == 3
    assert client.retries == 2


@pytest.mark.parametrize("status", [400, 403, 404, 405, 422, 501, 505])
def test_what_will_not_pass_is_not_tried_again(make, status):
    client = make(http(status=status), http(), retries=2)
    assert "attempts" not in failure(client.get, "a").details
    assert client.retries == 0


def test_a_key_is_sent_again_after_a_500(make):
    client = make(http(status=500), LOGIN, http({"a": 1}), api_key=KEY, retries=1)
    assert client.get("a") == {"a": 1}


def test_a_write_is_not_sent_again_after_a_500(make):
    client = make(http(status=500), http(), retries=2)
    assert failure(put, client).may_have_arrived
    assert len(client.asked) == 1


def test_a_call_may_give_up_early(make):
    def second(error):
        return error.details["attempts"] == 2

    client = make(http(status=503), http(status=503), http(), retries=9)
    error = failure(client.get, "a", gives_up=second)
    assert (error.details["attempts"], len(client.asked)) == (2, 2)
    # A platform that says when to come back is asked then.
    client = make(http(status=503), http(status=503, Retry_After="0"), http({"a": 1}), retries=9)
    assert client.get("a", gives_up=second) == {"a": 1}


def test_lists_have_their_own_timeout(make):
    def slow(asked):
        time.sleep(0.3)
        return http({"a": 1})

    client = make(slow, slow, timeout=20, list_timeout=0.1)
    error = failure(client.get, "cases", lists=True)
    assert error.is_too_late
    assert "timeout is 0.1 s" in str(error)
    assert client.get("cases") == {"a": 1}


def test_a_connection_that_was_never_made_is_not_too_late(make):
    client = make()
    client.server.close()
    assert not failure(client.get, "cases").is_too_late


def test_waits_double_up_to_half_a_minute(make, no_jitter):
    client = make(retries=9, retry_budget=1000)
    error = failure(client.get, "a")
    assert client.waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert error.details["attempts"] == 10
    assert ": Remote end closed connection without response. Gave up after 10 attempts. " in str(error)


def test_tries_without_number(monkeypatch, no_jitter):
    """429 costs none of retries, and the longest budget is a day's."""

    def too_early(*arguments):
        raise request_module.Retry(ApiError("a", "b", status=429))

    waits = []
    with Client(connection("http://127.0.0.1:1", retries=1, retry_budget=86400), sleep=waits.append) as client:
        monkeypatch.setattr(request_module.Request, "_send", too_early)
        error = failure(client.get, "a")
    assert error.details["attempts"] > 2000
    assert waits[-1] == 30


def test_waits_are_between_half_and_whole(make):
    client = make(retries=30, retry_budget=10_000)
    failure(client.get, "a")
    shares = [wait / min(0.5 * 2**number, 30) for number, wait in enumerate(client.waits)]
    assert all(0.5 <= share <= 1 for share in shares)
    assert max(shares) - min(shares) > 0.1


def test_one_try_is_not_counted_in_words(make):
    error = failure(make(http(status=503)).get, "a")
    assert error.details["attempts"] == 1
    assert "Tried" not in str(error)


def test_tries_end_with_the_budget(make, no_jitter):
    client = make(retries=9, retry_budget=4)
    error = failure(client.get, "a")
    assert client.waits == [0.5, 1, 2]
    assert "asks to wait" not in str(error)
    assert client.throttle.is_exhausted


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("0007", 7),
        ("-7", None),
        ("7.5", None),
        ("1e9", None),
        ("soon", None),
        ("", None),
        ("\xb2", None),  # a digit that is no number
        ("Tue, 15 Nov 99999999999999999999 08:12:31 GMT", None),
        ("Tue, 15 Nov 99999 08:12:31 GMT", None),
        ("Tue, 15 Nov 1994 08:12:40 GMT", 9),
        ("Tue, 15 Nov 1994 08:12:30 GMT", 0),  # past
    ],
)
def test_retry_after(make, no_jitter, header, wait):
    client = make(http(status=503, Retry_After=header, Date=DATE), http(), retries=1)
    client.get("a")
    assert client.waits == [(wait or 0) + 0.5]


@pytest.mark.parametrize("retries", [1, 3])
@pytest.mark.parametrize("header", ["60", "61", "9" * 400, "9" * 5000])
def test_a_retry_after_beyond_the_budget_is_not_waited_for(make, retries, header):
    client = make(http(status=429, Retry_After=header), http(), retries=retries)
    error = failure(client.get, "a")
    assert f". The platform asks to wait {float(header):g} s, more than is left of retry_budget. " in str(error)
    assert error.retry_after == float(header)
    assert client.waits == []


def test_without_tries_left_nobody_asks_to_wait(make):
    assert "asks to wait" not in str(failure(make(http(status=429, Retry_After="99")).get, "a"))


@pytest.mark.parametrize(
    ("answer", "slower"),
    [
        (http(status=429), True),
        (http(status=503, Retry_After="0"), True),
        (http(status=503), False),
        (None, False),
    ],
)
def test_who_asks_for_fewer_calls(make, monkeypatch, answer, slower):
    client = make(answer, http(), retries=1)
    asked = []
    monkeypatch.setattr(client.throttle, "wait_before_retry", lambda wait, slow_down: asked.append(slow_down))
    client.get("a")
    assert asked == [slower]


@pytest.mark.parametrize(
    ("statuses", "retries", "sent"),
    [
        ([429] * 5, 1, 6),
        ([429, 503, 429], 1, 4),
        ([503, 429, 503], 1, 3),
        ([503, 503], 1, 2),
        ([429], 0, 1),
    ],
)
def test_too_early_a_try_costs_time_and_none_of_retries(make, statuses, retries, sent):
    client = make(*[http(status=status) for status in statuses], http({"a": 1}), retries=retries, retry_budget=600)
    if sent > len(statuses):
        assert client.get("a") == {"a": 1}
    else:
        assert f"HTTP {statuses[-1]}" in str(failure(client.get, "a"))
    assert len(client.asked) == sent


def test_a_try_costs_the_seconds_that_it_took(make, monkeypatch):
    client = make(http(status=503))
    began = []
    monkeypatch.setattr(client.throttle, "failed", began.append)
    before = client.throttle.now()
    failure(client.get, "a")
    assert before <= began[0] <= client.throttle.now()


def test_what_runs_before_each_try(make):
    client = make(http(status=503), None, http(), retries=2)
    seen = []
    put(client, before_attempt=lambda: seen.append(len(client.asked)))
    assert seen == [0, 1, 2]


def test_what_is_raised_before_a_try_is_instead_of_it(make):
    def refuse():
        raise ConflictError("Refused", "it is another one.")

    client = make(http())
    error = failure(put, client, before_attempt=refuse)
    assert isinstance(error, ConflictError)
    assert not error.may_have_arrived
    assert client.asked == []


# -- a write that may have arrived ------------------------------------------------------------------------------------


def test_one_try_that_may_have_arrived_is_enough(make):
    assert failure(put, make(None, http(status=404), retries=1)).may_have_arrived


@pytest.mark.parametrize("answer", [None, http(status=429), http(status=503)])
def test_no_next_try_of_what_is_seen_to_be_done(make, answer):
    client = make(answer, http({"second": 1}), retries=3)
    assert put(client, already_applied=lambda _arrived: True) == {}
    assert len(client.asked) == 1
    assert len(client.waits) == 1  # the look comes after the wait


@pytest.mark.parametrize(("answer", "arrived"), [(None, True), (http(status=429), False)])
def test_a_look_knows_whether_the_try_may_have_arrived(make, answer, arrived):
    told = []
    put(make(answer, http(), retries=1), already_applied=told.append)
    assert told == [arrived]


def test_a_look_after_each_try(make):
    client = make(retries=2)
    looks = []
    error = failure(put, client, already_applied=lambda _arrived: looks.append(len(client.asked)))
    assert looks == [1, 2, 3]
    assert error.details["attempts"] == 3


def test_the_look_after_the_last_try_may_find_it_done(make):
    looks = iter([False, True])
    client = make(retries=1)
    assert put(client, already_applied=lambda _arrived: next(looks)) == {}
    assert len(client.asked) == 2


@pytest.mark.parametrize(
    ("answer", "looked"),
    [(http(status=500), True), (http(b"<html>"), True), (http(status=404), False), (http(status=302), False)],
)
def test_a_look_after_what_no_other_try_mends(make, answer, looked):
    looks = []
    error = failure(put, make(answer), already_applied=lambda _arrived: bool(looks.append(1)))
    assert looks == [1] * looked
    assert "attempts" not in error.details
    if looked:
        assert put(make(answer), already_applied=lambda _arrived: True) == {}


@pytest.mark.parametrize("answer", [http(status=500), http(b"<html>")])
def test_a_look_that_fails_after_what_no_other_try_mends(make, answer):
    def fail(_arrived):
        raise TransportError("Could not read", "no answer.")

    error = failure(put, make(answer), already_applied=fail)
    assert isinstance(error, ApiError)
    assert error.notes == ["It is unknown whether the write was made: the read that verifies it failed as well."]


def test_a_look_that_finds_no_case_says_that_it_is_gone(make):
    client = make(http(status=503), http(status=404), retries=3)
    error = failure(put, client, already_applied=lambda _arrived: bool(client.get("cases/a")))
    assert error.notes[-1] == "The case is gone: it was deleted, or is no longer visible to this key."
    assert error.details["outcome_unknown"] is True


def test_a_look_at_a_part_that_the_platform_lacks_says_nothing_of_the_case(make):
    client = make(http(status=503), http(status=404), retries=3)
    error = failure(put, client, already_applied=lambda _arrived: bool(client.get("cases/a/comments")))
    assert not any("The case is gone" in note for note in error.notes)


def test_a_look_that_fails_ends_it(make):
    def fail(_arrived):
        raise TransportError("Could not read", "no answer.")

    client = make(http(status=503), http(), retries=3)
    error = failure(put, client, already_applied=fail)
    assert "HTTP 503" in str(error)
    assert error.notes == ["It is unknown whether the write was made: the read that verifies it failed as well."]
    assert error.details["outcome_unknown"] is True
    assert len(client.asked) == 1


@pytest.mark.parametrize("options", [{"retries": 3}, {"api_key": KEY, "access_token": "old"}])
def test_a_look_that_fails_after_what_did_not_arrive(make, options):
    def fail(_arrived):
        raise TransportError("Could not read", "no answer.")

    client = make(http(b"why", 401 if "api_key" in options else 429), LOGIN, http(), **options)
    error = failure(put, client, already_applied=fail)
    assert "the platform says: why." in str(error)
    assert error.notes == ["The write was not retried: the read before the retry failed as well."]
    assert "outcome_unknown" not in error.details


def test_a_look_that_finds_another_case_says_so(make):
    def conflict(_arrived):
        raise ConflictError("Refused", "somebody changed it.")

    assert isinstance(failure(put, make(http(status=503), retries=3), already_applied=conflict), ConflictError)
