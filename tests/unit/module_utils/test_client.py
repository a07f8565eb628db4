# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client, against a server in this process that says what a test lets it say."""

from __future__ import annotations

import base64
import contextlib
import gzip
import socket
import sys
import threading
import time
from http.client import BadStatusLine
from types import SimpleNamespace
from urllib.parse import quote, urlsplit

import pytest
import urllib3
from ansible.module_utils.basic import missing_required_lib
from requests import exceptions as lib

from ansible_collections.stellarcyber.xdr.plugins.module_utils import _client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    MissingLibraryError,
    StellarError,
    TransportError,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._options import Connection
from tests import canned
from tests.canned import http

TOKEN = "canary-token-4711"
KEY = "canary/key+4711"
LOGIN = http({"access_token": TOKEN})
API = "/connect/api/v1/"
DATE = "Tue, 15 Nov 1994 08:12:31 GMT"
DATE_S = 784_887_151
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxy_from_outside(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def connection(url, **options):
    given = {
        "username": "",
        "api_key": "",
        "access_token": "" if options.get("api_key") else TOKEN,
        "auth_method": "basic" if options.get("username") else "bearer",
        "tenant": "",
        "api_version": "5.0",
        "verify": True,
        "proxy": "",
        "timeout": 10.0,
        "retries": 0,
        "retry_budget": 60.0,
    }
    return Connection(base_url=url, **{**given, **options})


@pytest.fixture
def make():
    """make(answer, ..., **options) -> a client whose server gives these answers, then hangs up. It has asked, waits."""
    with contextlib.ExitStack() as stack:

        def build(*answers, on_secret=lambda secret: None, **options):
            left = iter(answers)

            def answer(asked):
                said = next(left, None)
                return said(asked) if callable(said) else said

            server = stack.enter_context(canned.serve(answer))
            waits = []
            client = stack.enter_context(Client(connection(server.url, **options), on_secret, waits.append))
            client.server, client.asked, client.waits = server, server.asked, waits
            return client

        yield build


def failure(call, *arguments, **options):
    with pytest.raises(StellarError) as caught:
        call(*arguments, **options)
    return caught.value


def put(client, **options):
    return client.write("PUT", "cases/1", {"severity": "High"}, "Could not update case 1", **options)


# -- what is sent -----------------------------------------------------------------------------------------


def test_a_read(make):
    client = make(http({"data": 1}))
    assert client.get("cases", [("limit", 5), ("tags", "a b")]) == {"data": 1}
    (asked,) = client.asked
    assert (asked.method, asked.target, asked.body) == ("GET", API + "cases?limit=5&tags=a+b", b"")
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["accept-encoding"] == "gzip"
    assert "content-type" not in asked.headers
    assert client.throttle.sent == {"reads": 1}


def test_a_write(make):
    client = make(http({"data": 1}))
    assert client.write("POST", "cases", {"name": "Ü"}, "Could not", [("id", 7)]) == {"data": 1}
    (asked,) = client.asked
    assert (asked.method, asked.target, asked.body) == ("POST", API + "cases?id=7", b'{"name": "\\u00dc"}')
    assert asked.headers["content-type"] == "application/json"
    assert client.throttle.sent == {"writes": 1}


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"username": "a@example.com"}, "Basic " + base64.b64encode(f"a@example.com:{KEY}".encode()).decode()),
        ({}, f"Bearer {KEY}"),
    ],
)
def test_a_key_is_exchanged_once(make, options, sent):
    client = make(LOGIN, http(), http(), api_key=KEY, **options)
    client.log_in()
    client.get("a")
    client.get("b")
    assert [asked.method + asked.target for asked in client.asked] == [
        f"POST{API}access_token",
        f"GET{API}a",
        f"GET{API}b",
    ]
    assert [asked.headers["authorization"] for asked in client.asked] == [sent, *[f"Bearer {TOKEN}"] * 2]
    assert client.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert client.asked[0].body == b""
    assert client.throttle.sent == {"tokens": 1, "reads": 2}


def test_one_connection_and_no_cookies(make):
    client = make(http(Set_Cookie="a=b; Path=/"), http(status=404), http())
    client.get("a")
    failure(client.get, "a")
    client.get("a")
    assert {asked.connection for asked in client.asked} == {1}
    assert not any("cookie" in asked.headers for asked in client.asked)


@pytest.mark.parametrize("token", [None, 5, "", " " * 20, "x" * 15, "x" * 20 + "\n", "é" * 20, ["a"], "x" * 16385])
def test_what_is_no_token(make, token):
    error = failure(make(http({"access_token": token}), api_key=KEY).get, "a")
    assert isinstance(error, ApiError)
    assert "HTTP 200, but the answer holds no access_token. Likely a login page" in str(error)
    assert "Could not get an access token (POST http://127.0.0.1:" in str(error)


def test_the_longest_token(make):
    client = make(http({"access_token": "x" * 16384}), http(), api_key=KEY)
    client.get("a")
    assert len(client.asked[1].headers["authorization"]) == len("Bearer ") + 16384


@pytest.mark.parametrize(
    ("exp", "date", "seconds"),
    [
        (None, DATE, 600),
        (DATE_S + 90, DATE, 90),
        (DATE_S + 90, "Tue, 15 Nov 1994 08:12:41 GMT", 80),
    ],
)
def test_a_token_lives_by_the_clock_of_the_platform(make, exp, date, seconds):
    client = make(http({"access_token": TOKEN, "exp": exp}, Date=date), api_key=KEY)
    assert client._exchange() == (TOKEN, seconds)


# -- what is an answer ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (http({"a": 1}), {"a": 1}),
        (http({"a": 1}, 201), {"a": 1}),
        (http({"a": 1}, 299), {"a": 1}),
        (http(b"", 200), {}),
        (http(b" \n", 200), {}),
        (http(b"", 204), {}),
    ],
)
def test_answers_of_a_write(make, answer, result):
    assert put(make(answer)) == result


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http(b"", 200), "HTTP 200, but the answer is no JSON."),
        (http(b"<html>", 200), "HTTP 200, but the answer is no JSON, it begins: <html>."),
        (http([1], 200), "HTTP 200, but the answer is no JSON object, it begins: [1]."),
        (http(b"[" * 200 + b"]" * 200), "HTTP 200, but the answer is nested too deeply, it begins: [[["),
        (http({}, 204), "HTTP 204."),
        (http({}, 201), "HTTP 201, the platform says: {}."),
        (http({}, Content_Encoding="br"), "HTTP 200, but the answer is packed as br, which was not asked for."),
        (http({}, Content_Encoding="gzip"), "HTTP 200, but the answer can't be decompressed."),
    ],
)
def test_what_is_no_answer_to_a_read(make, answer, words):
    client = make(answer, retries=3)
    error = failure(client.get, "a")
    assert isinstance(error, ApiError)
    assert words in str(error)
    assert client.waits == []
    facts = {"method": "GET", "path": API + "a", "url": client.server.url + API + "a"}
    assert {name: error.facts[name] for name in facts} == facts
    assert f"HTTP {error.facts['status']}" in words


@pytest.mark.parametrize("empty", [http(b"", 204), http(b"")])
def test_a_write_that_may_not_be_empty(make, empty):
    assert "but the answer is no JSON." in str(failure(make(empty, api_key=KEY).log_in))


def test_a_packed_answer(make):
    assert make(http(gzip.compress(b'{"a": 1}'), Content_Encoding="gzip")).get("a") == {"a": 1}


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(("excess", "fits"), [(0, True), (1, False)])
def test_the_largest_answer(make, monkeypatch, packed, excess, fits):
    monkeypatch.setattr(_client, "MAX_BODY_BYTES", 2**20)
    body = b'{"a": 1' + b" " * (2**20 - 8 + excess) + b"}"
    client = make(http(gzip.compress(body) if packed else body, **({"Content_Encoding": "gzip"} if packed else {})))
    if fits:
        assert client.get("a") == {"a": 1}
    else:
        assert "HTTP 200, but the answer is larger than 1 MiB." in str(failure(client.get, "a"))


def test_an_answer_without_end(make, monkeypatch):
    monkeypatch.setattr(_client, "MAX_BODY_BYTES", 2**20)

    def endless(asked):
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
        while True:
            yield b"Trailer: x\r\n" * 1000

    client = make(endless)
    error = failure(put, client)
    assert "is larger than 1 MiB" in str(error)
    assert error.may_have_arrived


def test_what_comes_before_an_answer_has_an_end(make, monkeypatch):
    monkeypatch.setattr(_client, "MAX_BODY_BYTES", 2**20)

    def endless(asked):
        while True:
            yield b"HTTP/1.1 100 Continue\r\n\r\n" * 1000

    error = failure(make(endless).get, "a")
    assert "): What came before an answer is larger than 1 MiB. Likely a login page" in str(error)
    assert "status" not in error.facts


def test_an_answer_that_ends_too_early(make):
    client = make(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}", http({"a": 1}), retries=1)
    # The server keeps the connection; that it ends is told by the other end of it.
    client.server.answer = hang_up_after(client.server.answer)
    assert client.get("a") == {"a": 1}
    assert len(client.waits) == 1


def hang_up_after(answer):
    def said(asked):
        yield answer(asked)

    return said


# -- errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "remedy"),
    [
        (400, ApiError, "The platform refused the request as it is."),
        (401, AuthenticationError, "The access token expired or is wrong. Get a new one, or set api_key so that"),
        (403, ApiError, "The key may not do this: check the account's role, and that the tenant is in the key's scope"),
        (404, ApiError, "Check the id (a case's _id, not its ticket number), the tenant, and the platform's version."),
        (405, ApiError, "The platform's version may lack this call: check api_version."),
        (418, ApiError, "The platform refused the request as it is."),
        (422, ApiError, "The platform refused a value: check the options, and api_version for a platform before 5.0."),
        (429, ApiError, "The platform asks to slow down: run less at once, or raise retry_budget."),
        (499, ApiError, "The platform refused the request as it is."),
        (500, ApiError, "The platform failed; nothing here can mend it. Look at the platform's health, then run again"),
        (502, ApiError, "The platform failed; nothing here can mend it. Look at the platform's health, then run again"),
        (599, ApiError, "The platform failed; nothing here can mend it. Look at the platform's health, then run again"),
    ],
)
def test_an_error_names_call_cause_and_remedy(make, status, kind, remedy):
    client = make(http(b"why\x07", status))
    error = failure(client.get, "cases/1", what="Could not look")
    url = client.server.url + API + "cases/1"
    assert error.__class__ is kind
    assert str(error).startswith(f"Could not look (GET {url}): HTTP {status}, the platform says: why. {remedy}")
    assert error.remedy.startswith(remedy)
    facts = {"method": "GET", "path": API + "cases/1", "url": url, "status": status, "body": "why"}
    assert {name: error.facts[name] for name in facts} == facts


def test_what_a_read_is_called_if_nobody_says():
    with Client(connection("http://127.0.0.1:1")) as client:
        assert str(failure(client.get, "cases/1")).startswith("Could not read cases/1 (GET http://127.0.0.1:1")


def test_an_error_without_a_body(make):
    error = failure(make(http(b"", 500)).get, "a")
    assert "): HTTP 500. The platform failed" in str(error)
    assert "body" not in error.facts


@pytest.mark.parametrize("status", [300, 301, 302, 307, 399])
def test_a_redirect_is_not_followed(make, status):
    client = make(http(status=status, Location="https://evil.example.com/\x1b[31m"), http())
    error = failure(client.get, "a")
    assert f"HTTP {status} redirects to https://evil.example.com/ [31m, and a key is not sent after" in str(error)
    assert error.remedy == "Set host to the platform's own name."
    assert (error.facts["status"], error.facts["url"]) == (status, client.server.url + API + "a")
    assert len(client.asked) == 1


@pytest.mark.parametrize("location", ["http://[", "\xff\xfe", "//", "x" * 9999])
def test_a_redirect_to_nowhere(make, location):
    assert "HTTP 302 redirects to" in str(failure(make(http(status=302, Location=location)).get, "a"))
    assert "redirects to nowhere," in str(failure(make(http(status=302)).get, "a"))


@pytest.mark.parametrize(
    "answer",
    [
        http(b"nope", 403, Content_Encoding="gzip"),
        http(b"nope", 403, Content_Encoding="zstd"),
        http(gzip.compress(b"why", mtime=0)[:-5], 403, Content_Encoding="gzip"),
        b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\nnonsense",
    ],
)
def test_a_body_that_cannot_be_read_hides_no_status(make, answer):
    assert "HTTP 403. The key may not do this" in str(failure(make(answer).get, "a"))


def test_of_the_body_of_an_error_the_beginning_is_told(make):
    assert "HTTP 403, the platform says: why..." in str(failure(make(http(b"why" + b" " * 2**20, 403)).get, "a"))


def test_the_body_of_an_error_is_not_read_to_its_end(make):
    def endless(asked):
        yield b"HTTP/1.1 403 No\r\n\r\nwhy"
        while True:
            yield b" " * 65536

    started = time.monotonic()
    assert "HTTP 403, the platform says: why..." in str(failure(make(endless).get, "a"))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("place", ["body", "location", "nonsense", "reason"])
def test_no_secret_in_a_message(make, place):
    pair = base64.b64encode(f"me:{KEY}".encode()).decode()
    # So many that a cut of the text goes through one of them, if it is made before they are hidden
    text = " ".join([KEY, quote(KEY, safe=""), KEY.replace("/", "\\/"), TOKEN, pair] * 200)
    answers = {
        "body": http(text.encode(), 400),
        "location": http(status=302, Location=text),
        "nonsense": http(text.encode()),
        "reason": f"HTTP/x.y {text}\r\n\r\n".encode(),
    }
    client = make(LOGIN, answers[place], api_key=KEY, username="me")
    error = failure(client.get, "a")
    assert "********" in str(error)
    for secret in (KEY[:8], TOKEN[:8], pair[:8]):
        assert secret not in str(error) + repr(error.facts)


@pytest.mark.parametrize(
    ("text", "shown"),
    [(b"a\x1b[31mb\r\n\xe2\x80\xae", "a [31mb"), (b"\xff", "\ufffd"), (b"x" * 400, "x" * 300 + "...")],
)
def test_text_of_the_platform_is_fit_for_a_terminal(make, text, shown):
    assert failure(make(http(text, 400)).get, "a").facts["body"] == shown


# -- tries ----------------------------------------------------------------------------------------------------


@pytest.fixture
def no_jitter(monkeypatch):
    monkeypatch.setattr(_client.random, "uniform", lambda low, high: high)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_tried_again(make, status):
    client = make(http(status=status), None, http({"a": 1}), retries=2)
    assert client.get("a") == {"a": 1}
    assert len(client.asked) == 3
    assert client.retries == 2


@pytest.mark.parametrize("status", [400, 403, 404, 405, 422, 500, 501, 505])
def test_what_will_not_pass_is_not_tried_again(make, status):
    client = make(http(status=status), http(), retries=2)
    assert "attempts" not in failure(client.get, "a").facts
    assert client.retries == 0


def test_waits_double_up_to_half_a_minute(make, no_jitter):
    client = make(retries=9, retry_budget=1000)
    error = failure(client.get, "a")
    assert client.waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert error.facts["attempts"] == 10
    assert str(error).endswith(" (tried 10 times)")


def test_tries_without_number(monkeypatch, no_jitter):
    """429 costs none of retries, and the longest budget is a day's."""

    def too_early(*arguments):
        raise _client._Retry(ApiError("a", "b", status=429))

    waits = []
    with Client(connection("http://127.0.0.1:1", retries=1, retry_budget=86400), sleep=waits.append) as client:
        monkeypatch.setattr(_client._Request, "_send", too_early)
        error = failure(client.get, "a")
    assert error.facts["attempts"] > 2000
    assert waits[-1] == 30


def test_waits_are_between_half_and_whole(make):
    client = make(retries=30, retry_budget=10_000)
    failure(client.get, "a")
    shares = [wait / min(0.5 * 2**number, 30) for number, wait in enumerate(client.waits)]
    assert all(0.5 <= share <= 1 for share in shares)
    assert max(shares) - min(shares) > 0.1


def test_one_try_is_not_counted_in_words(make):
    error = failure(make(http(status=503)).get, "a")
    assert error.facts["attempts"] == 1
    assert "tried" not in str(error)


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
    assert str(error).endswith(f"(it asks to wait {float(header):g} s, more than is left of retry_budget)")
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
    monkeypatch.setattr(client.throttle, "retry_after", lambda wait, slow_down: asked.append(slow_down))
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
    put(client, before_try=lambda: seen.append(len(client.asked)))
    assert seen == [0, 1, 2]


def test_what_is_raised_before_a_try_is_instead_of_it(make):
    def refuse():
        raise ConflictError("Refused", "it is another one.")

    client = make(http())
    error = failure(put, client, before_try=refuse)
    assert isinstance(error, ConflictError)
    assert not error.may_have_arrived
    assert client.asked == []


# -- a write that may have arrived ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "may_have"),
    [
        (None, True),
        (b"nonsense\r\n", True),
        (http(b"<html>"), True),
        (http(b"x", Content_Encoding="gzip"), True),
        (http(status=300), False),
        (http(status=400), False),
        (http(status=404), False),
        (http(status=429), False),
        (http(status=499), False),
        (http(status=500), True),
        (http(status=503), True),
    ],
)
def test_what_may_have_arrived(make, answer, may_have):
    assert failure(put, make(answer)).may_have_arrived is may_have


def test_a_proxy_that_does_not_connect_hides_no_try_before(monkeypatch):
    errors = iter([through_proxy(ConnectionResetError("reset")), through_proxy(REFUSED)])

    def fail(*arguments, **options):
        raise next(errors)

    with Client(connection("https://platform.example.com", retries=1), sleep=lambda seconds: None) as client:
        monkeypatch.setattr(client.adapter, "send", fail)
        assert failure(put, client).may_have_arrived is True


def test_one_try_that_may_have_arrived_is_enough(make):
    assert failure(put, make(None, http(status=404), retries=1)).may_have_arrived


@pytest.mark.parametrize("answer", [None, http(status=429), http(status=503)])
def test_no_next_try_of_what_is_seen_to_be_done(make, answer):
    client = make(answer, http({"second": 1}), retries=3)
    assert put(client, is_done=lambda: True) == {}
    assert len(client.asked) == 1
    assert len(client.waits) == 1  # the look comes after the wait


def test_a_look_after_each_try(make):
    client = make(retries=2)
    looks = []
    error = failure(put, client, is_done=lambda: looks.append(len(client.asked)))
    assert looks == [1, 2, 3]
    assert error.facts["attempts"] == 3


def test_the_look_after_the_last_try_may_find_it_done(make):
    looks = iter([False, True])
    client = make(retries=1)
    assert put(client, is_done=lambda: next(looks)) == {}
    assert len(client.asked) == 2


@pytest.mark.parametrize(
    ("answer", "looked"),
    [(http(status=500), True), (http(b"<html>"), True), (http(status=404), False), (http(status=302), False)],
)
def test_a_look_after_what_no_other_try_mends(make, answer, looked):
    looks = []
    error = failure(put, make(answer), is_done=lambda: bool(looks.append(1)))
    assert looks == [1] * looked
    assert "attempts" not in error.facts
    if looked:
        assert put(make(answer), is_done=lambda: True) == {}


@pytest.mark.parametrize("answer", [http(status=500), http(b"<html>")])
def test_a_look_that_fails_after_what_no_other_try_mends(make, answer):
    def fail():
        raise TransportError("Could not read", "no answer.")

    error = failure(put, make(answer), is_done=fail)
    assert isinstance(error, ApiError)
    assert str(error).endswith("Whether it was done all the same could not be seen.")


def test_an_answer_to_another_call(make):
    def is_answer(answer):
        return "a" in answer

    assert put(make(http({"a": 1})), is_answer=is_answer) == {"a": 1}
    assert put(make(http({"b": 1}))) == {"b": 1}
    error = failure(put, make(http({"b": 1})), is_answer=is_answer)
    assert 'HTTP 200, but the answer is none to this call, it begins: {"b": 1}. Likely a login page' in str(error)
    assert error.may_have_arrived


def test_a_look_that_fails_ends_it(make):
    def fail():
        raise TransportError("Could not read", "no answer.")

    client = make(http(status=503), http(), retries=3)
    error = failure(put, client, is_done=fail)
    assert "HTTP 503" in str(error)
    assert str(error).endswith("Whether it was done all the same could not be seen.")
    assert error.facts["unclear"] is True
    assert len(client.asked) == 1


@pytest.mark.parametrize("options", [{"retries": 3}, {"api_key": KEY, "access_token": "old"}])
def test_a_look_that_fails_after_what_did_not_arrive(make, options):
    def fail():
        raise TransportError("Could not read", "no answer.")

    client = make(http(b"why", 401 if "api_key" in options else 429), LOGIN, http(), **options)
    error = failure(put, client, is_done=fail)
    assert "the platform says: why." in str(error)
    assert str(error).endswith("It was not tried again, since the read that comes before another try failed as well.")
    assert "unclear" not in error.facts


def test_a_look_that_finds_another_case_says_so(make):
    def conflict():
        raise ConflictError("Refused", "somebody changed it.")

    assert isinstance(failure(put, make(http(status=503), retries=3), is_done=conflict), ConflictError)


# -- 401 ----------------------------------------------------------------------------------------------------------


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


def test_a_refused_token_without_a_key(make):
    client = make(http(status=401), http(), retries=3)
    assert "Get a new one, or set api_key" in str(failure(client.get, "a"))
    assert len(client.asked) == 1


@pytest.mark.parametrize(("username", "words"), [("me", "as a legacy key of me (Basic)"), ("", "as a scoped key")])
def test_a_refused_key(make, username, words):
    client = make(http(status=401), http(), api_key=KEY, username=username, retries=3)
    error = failure(client.log_in)
    assert isinstance(error, AuthenticationError)
    assert f"HTTP 401, the platform refused api_key, sent {words}" in str(error)
    assert error.facts["status"] == 401
    assert len(client.asked) == 1


def test_a_write_that_was_done_is_not_sent_again_with_a_new_token(make):
    client = make(http(status=401), LOGIN, http({"second": 1}), api_key=KEY, access_token="old")
    assert put(client, is_done=lambda: True) == {}
    assert len(client.asked) == 2


def test_a_write_that_was_not_done_is_sent_again_with_a_new_token(make):
    client = make(http(status=401), LOGIN, None, http({"third": 1}), api_key=KEY, access_token="old", retries=1)
    looks = []
    assert put(client, is_done=lambda: bool(looks.append(1))) == {"third": 1}
    assert len(looks) == 2


# -- no answer ----------------------------------------------------------------------------------------------------


def test_nobody_listens():
    with Client(connection("http://127.0.0.1:1")) as client:
        error = failure(client.get, "a")
    assert isinstance(error, TransportError)
    assert "no answer to plain http: " in str(error)
    assert "Connection refused. Leave http:// out: the platform speaks https." in str(error)
    assert "status" not in error.facts
    assert "object at" not in str(error)


# Whether it is tried again, and may have arrived
YES, NO, UNSENT = (True, True), (False, False), (True, False)

SLOW = {
    "nothing": b"",
    "the first line": b"HTTP/1.1 200 OK" + b"K" * 1000,
    "headers": b"HTTP/1.1 200 OK\r\n" + b"X-Header: 1\r\n" * 80,
    "a body": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b" " * 1000,
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 200,
    "answers that announce others": b"HTTP/1.1 100 Continue\r\n\r\n" * 40,
}


@pytest.mark.parametrize("what", SLOW)
def test_one_time_for_all_of_an_answer(make, what):
    """Each byte comes in time, all of them do not."""
    over = threading.Event()

    def drip(asked):
        yield from canned.drip(SLOW[what], 0.03, over)
        over.wait(10)

    client = make(drip, timeout=0.3)
    started = time.monotonic()
    error = failure(client.get, "a")
    assert time.monotonic() - started < 3
    over.set()
    assert "no complete answer in time (timeout is 0.3 s): " in str(error)
    assert error.remedy == "Check that host and port are reachable from here, or raise timeout."


def test_a_time_that_passed_is_no_time_of_the_next_try(make):
    over = threading.Event()

    def late(asked):
        over.wait(10)
        return None

    client = make(late, http({"a": 1}), timeout=0.3, retries=1)
    assert client.get("a") == {"a": 1}
    over.set()


def test_one_time_for_all_that_is_sent(make):
    """Nobody reads: what the system keeps for a reader fills up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with Client(connection(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.3)) as client:
            started = time.monotonic()
            error = failure(client.write, "PUT", "a", {"name": "x" * 2**24}, "Could not")
    assert "no complete answer in time" in str(error)
    assert time.monotonic() - started < 3


def test_one_time_for_all_addresses_of_a_name(make, monkeypatch):
    """A name with many addresses that don't answer: addresses of a network for documentation, and a backlog of none."""
    tried = []

    def connect(address, timeout, *arguments, **options):
        tried.append((address[0], timeout))
        time.sleep(timeout)
        raise TimeoutError("timed out")

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{number}", 443)) for number in (1, 2, 2, 3)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: found)
    monkeypatch.setattr(urllib3.connection.connection, "create_connection", connect)
    with Client(connection("https://many.example.com", timeout=0.6)) as client:
        error = failure(client.get, "a")
    assert [address for address, _timeout in tried] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert sum(timeout for _address, timeout in tried) <= 0.6
    assert "no complete answer in time" in str(error)


@pytest.mark.parametrize(("has_ipv6", "family"), [(True, socket.AF_UNSPEC), (False, socket.AF_INET)])
def test_addresses_that_this_machine_can_reach(monkeypatch, has_ipv6, family):
    def resolve(name, port, family=0, type=0):
        asked.append((name, port, family, type))
        raise OSError("no such name")

    asked = []
    monkeypatch.setattr(urllib3.util.connection, "HAS_IPV6", has_ipv6)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with Client(connection("https://many.example.com")) as client:
        assert "Failed to resolve 'many.example.com' (no such name)" in str(failure(client.get, "a"))
    assert asked == [("many.example.com", 443, family, socket.SOCK_STREAM)]


CA = "If the platform has a certificate of a private CA, set ca_path to that CA's file."
OUT_OF_DATE = "Renew the platform's certificate, or correct the clock of this machine."
NAME = "It is for another name: set host to the name in the certificate."
REACH = "Check host and port, name resolution, and that a firewall or a proxy lets this machine through."
PROXY = "Check proxy, HTTPS_PROXY and NO_PROXY."
THE_PROXY = "the proxy proxy.example.com:3128"
REFUSED = urllib3.exceptions.NewConnectionError(urllib3.connection.HTTPSConnection("a"), "Refused")


def through_proxy(error):
    """As requests raises what urllib3 says of a proxy."""
    wrapped = urllib3.exceptions.ProxyError("Cannot connect to proxy.", error)
    return lib.ProxyError(urllib3.exceptions.MaxRetryError(None, "/", wrapped))


@pytest.mark.parametrize(
    ("error", "words", "again", "may_have_arrived"),
    [
        (
            lib.SSLError("host 'a' doesn't match 'b'"),
            f"TLS failed, so nothing was sent: host 'a' doesn't match 'b'. {NAME}",
            *NO,
        ),
        (
            lib.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] no"),
            f"TLS failed, so nothing was sent: [SSL: CERTIFICATE_VERIFY_FAILED] no. {CA}",
            *NO,
        ),
        (
            lib.SSLError("EOF occurred"),
            "TLS broke off: EOF occurred. "
            "Check that the port speaks TLS, and what stands between this machine and the platform.",
            *YES,
        ),
        (lib.ConnectionError("reset"), f"no answer: reset. {REACH}", *YES),
        (lib.ConnectionError(), f"no answer: . {REACH}", *YES),
        (
            lib.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/", OSError("reset"))),
            f"no answer: reset. {REACH}",
            *YES,
        ),
        (
            lib.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/", REFUSED)),
            f"no answer: Refused. {REACH}",
            *UNSENT,
        ),
        (REFUSED, f"no answer: Refused. {REACH}", *UNSENT),
        (
            lib.ConnectTimeout("late"),
            "no complete answer in time (timeout is 10 s): late. "
            "Check that host and port are reachable from here, or raise timeout.",
            *UNSENT,
        ),
        (lib.ProxyError("gone"), f"{THE_PROXY} did not connect: gone. {PROXY}", *YES),
        (
            lib.ProxyError(OSError("Tunnel connection failed: 407 Who?")),
            f"{THE_PROXY} did not connect: Tunnel connection failed: 407 Who?. "
            "Check the user name and the password in the proxy's URL (proxy or HTTPS_PROXY).",
            *NO,
        ),
        (
            lib.ProxyError(OSError("Tunnel connection failed: 403 No")),
            f"{THE_PROXY} did not connect: Tunnel connection failed: 403 No. {PROXY}",
            *NO,
        ),
        (
            lib.ProxyError(OSError("Tunnel connection failed: 502 Gone")),
            f"{THE_PROXY} did not connect: Tunnel connection failed: 502 Gone. {PROXY}",
            *UNSENT,
        ),
        (through_proxy(REFUSED), f"{THE_PROXY} did not connect: Refused. {PROXY}", *UNSENT),
        (
            through_proxy(urllib3.exceptions.ConnectTimeoutError(None, "late")),
            f"{THE_PROXY} did not connect: late. {PROXY}",
            *UNSENT,
        ),
        (
            through_proxy(OSError("Tunnel connection failed: 403 No")),
            f"{THE_PROXY} did not connect: Tunnel connection failed: 403 No. {PROXY}",
            *NO,
        ),
        (through_proxy(ConnectionResetError("reset")), f"{THE_PROXY} did not connect: reset. {PROXY}", *YES),
        (through_proxy(OSError("reset")), f"{THE_PROXY} did not connect: reset. {PROXY}", *YES),
        # a first line of an answer that came after all was sent
        (
            through_proxy(BadStatusLine("Tunnel connection failed: 403 No")),
            f"{THE_PROXY} did not connect: Tunnel connection failed: 403 No. {PROXY}",
            *YES,
        ),
        (lib.InvalidSchema("Missing dependencies"), f"no answer: Missing dependencies. {REACH}", *NO),
        (OSError("Could not find a CA bundle"), f"no answer: Could not find a CA bundle. {REACH}", *NO),
        (urllib3.exceptions.ProtocolError("broken", OSError("reset")), f"no answer: reset. {REACH}", *YES),
    ],
)
def test_why_no_answer_came(monkeypatch, error, words, again, may_have_arrived):
    def fail(*arguments, **options):
        raise error

    waits = []
    link = connection("https://platform.example.com", retries=1, proxy="http://me:password@proxy.example.com:3128/")
    with Client(link, sleep=waits.append) as client:
        monkeypatch.setattr(client.adapter, "send", fail)
        raised = failure(put, client)
    url = "https://platform.example.com/connect/api/v1/cases/1"
    assert isinstance(raised, TransportError)
    assert str(raised) == f"Could not update case 1 (PUT {url}): {words}" + (" (tried 2 times)" if again else "")
    assert (len(waits) == 1) is again
    assert raised.may_have_arrived is may_have_arrived
    facts = {"method": "PUT", "path": API + "cases/1", "url": url, **({"attempts": 2} if again else {})}
    assert raised.facts == facts


WRONG_NAME = "IP address mismatch, certificate is not valid for '127.0.0.1'"


@pytest.mark.parametrize(
    ("why", "verify", "remedy"),
    [
        (WRONG_NAME, True, NAME),
        (WRONG_NAME, "/ca.pem", NAME),
        ("certificate has expired", "/ca.pem", OUT_OF_DATE),
        ("certificate is not yet valid", True, OUT_OF_DATE),
        ("unable to get local issuer certificate", True, CA),
        (
            "unable to get local issuer certificate",
            "/c\x1b.pem",
            "It is not signed by a CA of ca_path (/c .pem): set ca_path to the file of its CA.",
        ),
    ],
)
def test_what_mends_a_certificate_that_is_refused(monkeypatch, why, verify, remedy):
    def fail(*arguments, **options):
        raise lib.SSLError(f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {why}")

    with Client(connection("https://platform.example.com", verify=verify)) as client:
        monkeypatch.setattr(client.adapter, "send", fail)
        assert str(failure(put, client)).endswith(f"certificate verify failed: {why}. {remedy}")


@pytest.mark.parametrize(("timeout", "to_connect"), [(30.0, 10.0), (5.0, 5.0)])
def test_what_is_asked_of_the_connection(make, monkeypatch, timeout, to_connect):
    client, asked = make(http(), timeout=timeout, verify="/ca.pem"), []
    send = client.adapter.send
    monkeypatch.setattr(
        client.adapter, "send", lambda *call, **settings: asked.append(settings) or send(*call, **settings)
    )
    client.get("a")
    (settings,) = asked
    assert (settings["timeout"], settings["verify"]) == ((to_connect, timeout), "/ca.pem")


def test_an_answer_that_began_in_time_and_did_not_end(make):
    def slow(asked):
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"
        time.sleep(1)

    error = failure(make(slow, timeout=0.2).get, "a")
    assert "): no complete answer in time (timeout is 0.2 s, and HTTP 200 began one): " in str(error)


def test_an_answer_that_ends_too_early_and_a_library_that_does_not_say_so(monkeypatch):
    """As urllib3 1.26 reads it."""

    def send(*arguments, **options):
        raw = SimpleNamespace(read=lambda size, decode_content: next(pieces, b""), length_remaining=97)
        return contextlib.nullcontext(SimpleNamespace(status_code=200, headers={}, raw=raw))

    pieces = iter([b"{", b"}"])
    with Client(connection("https://platform.example.com")) as client:
        monkeypatch.setattr(client.adapter, "send", send)
        error = failure(client.get, "a")
    assert "the answer broke off: IncompleteRead(2 bytes read, 97 more expected). Run again; if" in str(error)


# -- proxies ------------------------------------------------------------------------------------------------------


def refusing_proxy(status):
    return canned.serve(lambda asked: http(status=status))


@pytest.mark.parametrize("setting", ["option", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize(("status", "tries"), [(407, 1), (403, 1), (502, 2)])
def test_what_a_proxy_refuses(monkeypatch, setting, status, tries):
    with refusing_proxy(status) as proxy:
        url = proxy.url.replace("://", "://me:pass%20word@")
        options = {"proxy": url} if setting == "option" else {}
        if not options:
            monkeypatch.setenv(setting, url)
        registered, waits = [], []
        with Client(
            connection("https://a.example.com", retries=1, **options), registered.append, waits.append
        ) as client:
            error = failure(client.get, "a")
    assert [asked.method + asked.target for asked in proxy.asked] == ["CONNECTa.example.com:443"] * tries
    assert "proxy-authorization" in proxy.asked[0].headers
    place = urlsplit(proxy.url).netloc
    assert f"the proxy {place} did not connect: Tunnel connection failed: {status} Canned" in str(error)
    assert {"pass%20word", "pass word"} <= set(registered)


@pytest.mark.parametrize(
    ("proxy", "settings"),
    [
        ("", {}),
        ("http://p:1", {"http": "http://p:1", "https": "http://p:1"}),
    ],
)
def test_plain_http_takes_no_proxy_from_the_environment(monkeypatch, proxy, settings):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:2")
    with Client(connection("http://127.0.0.1:1", proxy=proxy)) as client:
        assert client.settings["proxies"] == settings
        assert client.proxy == proxy[len("http://") :]


NO_PROXY_URLS = ["http://[", "http://a:secret@c:99999999", "http://:@", "http://:1", "://", "ftp://a:1", "http://a:b"]
NO_PROXY_URLS += ["http://me:p%E2%82%ACss@a:1", "http://me:p€ss@a:1", "me%E2%82%AC:secret@a:1", "http://me:\udcff@a:1"]


@pytest.mark.parametrize("url", NO_PROXY_URLS)
def test_a_proxy_of_the_environment_that_is_none(monkeypatch, url):
    monkeypatch.setenv("HTTPS_PROXY", url)
    error = failure(Client, connection("https://a.example.com"))
    assert str(error) == (
        "The proxy of the environment: is no proxy URL. Correct HTTPS_PROXY or ALL_PROXY. "
        "User name and password in it may have characters of Latin-1 only."
    )


def test_a_proxy_of_the_environment_without_a_scheme(monkeypatch):
    with refusing_proxy(407) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http://", ""))
        with Client(connection("https://a.example.com")) as client:
            assert "failed: 407" in str(failure(client.get, "a"))
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http://", "me:secret@"))
        registered = []
        with Client(connection("https://a.example.com"), registered.append) as client:
            assert "secret" not in str(failure(client.get, "a"))
        assert client.proxy == urlsplit(proxy.url).netloc
    assert "secret" in registered


def test_what_the_option_and_the_environment_say_of_certificates(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/environment.pem")
    monkeypatch.setenv("CURL_CA_BUNDLE", "/curl.pem")
    for verify, used in ((True, "/environment.pem"), ("/option.pem", "/option.pem"), (False, False)):
        with Client(connection("https://a.example.com", verify=verify)) as client:
            assert client.settings["verify"] == used


# -- tokens and turns ---------------------------------------------------------------------------------------------


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
        client.throttle.allow(2)

        def write():
            def read_again():
                both_have_a_turn.wait(10)
                client.get("again")

            client.write("PUT", "a", {"a": 1}, "Could not", before_try=read_again)

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
        client.throttle.allow(8)
        client.log_in()
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


# -- the platform's clock -----------------------------------------------------------------------------------------


def test_the_clock_is_learnt_from_the_first_answer(make):
    client = make(http(Date=DATE), http(Date="Tue, 15 Nov 2044 08:12:31 GMT"))
    assert abs(client.platform_ms() - time.time() * 1000) < 2000
    client.get("a")
    client.get("a")
    # a second more, and what the calls took
    assert DATE_S + 1 <= client.platform_ms() / 1000 < DATE_S + 6


@pytest.fixture
def clock(monkeypatch):
    """The clock here, which is .now."""
    clock = SimpleNamespace(now=float(DATE_S))
    monkeypatch.setattr(_client, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


@pytest.mark.parametrize(
    ("date", "ahead"),
    [(DATE, 1), ("Tue, 15 Nov 1994 08:12:41 GMT", 11), ("Tue, 15 Nov 1994 08:12:21 GMT", -9), ("", 1)],
)
def test_how_far_the_clock_of_the_platform_is_ahead(make, clock, date, ahead):
    client = make(http(Date=date))
    assert client.platform_ms() == DATE_S * 1000
    client.get("a")
    clock.now += 2.5
    assert client.platform_ms() == (DATE_S + 2.5 + ahead) * 1000


@pytest.mark.parametrize("date", ["", "yesterday", "Tue, 15 Nov 99999999999 08:12:31 GMT", "\xb2", "9" * 5000])
def test_a_date_that_is_none_is_that_of_here(make, date):
    client = make(http(Date=date))
    client.get("a")
    assert 0 <= client.platform_ms() / 1000 - time.time() < 5


# -- secrets, runs, libraries ---------------------------------------------------------------------------------------


def test_every_secret_is_registered(make):
    registered = []
    client = make(LOGIN, api_key=KEY, username="me", access_token="given", on_secret=registered.append)
    pair = base64.b64encode(f"me:{KEY}".encode()).decode()
    assert registered == [KEY, "given", pair]
    client._tokens.reject("given")
    client.log_in()
    assert registered[3:] == [TOKEN]
    again = []
    client.begin(again.append)
    assert set(again) == set(registered)


@pytest.mark.parametrize(
    ("options", "secrets"),
    [
        ({}, {TOKEN}),
        ({"username": "me"}, {TOKEN}),
        ({"api_key": KEY}, {KEY}),
        ({"proxy": "http://me:p%40ss@127.0.0.1:1"}, {TOKEN, "p%40ss", "p@ss"}),
    ],
)
def test_what_is_secret_is_hidden_in_texts(options, secrets):
    registered = []
    with Client(connection("https://a.example.com", **options), registered.append) as client:
        assert set(registered) == secrets
        for secret in secrets:
            assert client.scrub(f"<{secret}>") == "<********>"


@pytest.mark.parametrize("spelling", ["a/b+c", "a%2Fb%2Bc", "a\\/b+c"])
def test_a_secret_is_hidden_as_a_url_and_as_json_spell_it(spelling):
    with Client(connection("https://a.example.com", access_token="a/b+c")) as client:
        assert client.scrub(f"<{spelling}>") == "<********>"


def test_another_run_has_a_budget_and_counts_of_its_own(make):
    client = make(None, http(), retries=1, retry_budget=0.6)
    client.get("a")
    assert client.retries == 1
    client.begin(lambda secret: None)
    assert client.retries == 0
    assert client.throttle.sent == {}
    assert not client.throttle.is_exhausted


def test_a_client_that_is_closed_hangs_up(make):
    client = make(http())
    client.get("a")
    closed = []
    client.adapter.close = lambda: closed.append(1)
    with client as same:
        assert same is client
    assert closed == [1]


def test_without_requests(monkeypatch):
    monkeypatch.setattr(_client, "requests", None)
    monkeypatch.setattr(_client, "REQUESTS_IMPORT_ERROR", "Traceback\n\nImportError: none\n", raising=False)
    with pytest.raises(MissingLibraryError) as caught:
        Client(connection("https://a.example.com"))
    assert str(caught.value) == (
        f"Could not load the Python library requests: {missing_required_lib('requests')}. "
        f"To install it there: {sys.executable} -m pip install requests"
    )
    assert caught.value.facts == {"detail": "ImportError: none"}


def test_no_warnings_of_unverified_requests(monkeypatch):
    told = []
    monkeypatch.setattr(urllib3, "disable_warnings", lambda: told.append(1))
    for verify in (True, "/ca.pem"):
        Client(connection("https://a.example.com", verify=verify)).close()
    assert told == []
    Client(connection("https://a.example.com", verify=False)).close()
    assert told == [1]


def test_many_threads(make):
    client = make(*[http({"a": 1})] * 64)
    barrier = threading.Barrier(16)
    client.throttle.allow(16)
    results = []

    def work():
        barrier.wait()
        results.extend(client.get("a") for _number in range(4))

    threads = [threading.Thread(target=work) for _number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [{"a": 1}] * 64
