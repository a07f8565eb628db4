# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The session: proxies and certificates, the platform's clock, what is secret, and a library that is missing."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from types import SimpleNamespace

import pytest
import urllib3
from ansible.module_utils.basic import missing_required_lib

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import MissingLibraryError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http import request as request_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http import session as session_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.session import Session
from tests.canned import http
from tests.unit.plugins.module_utils._http.clients import DATE, DATE_S, KEY, TOKEN, connection, failure

# -- proxies and certificates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxy", "settings"),
    [
        ("", {}),
        ("http://p:1", {"http": "http://p:1", "https": "http://p:1"}),
    ],
)
def test_plain_http_takes_no_proxy_from_the_environment(monkeypatch, proxy, settings):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:2")
    with closing(Session(connection("http://127.0.0.1:1", proxy=proxy))) as session:
        assert session.settings["proxies"] == settings
        assert session.proxy == proxy[len("http://") :]


NO_PROXY_URLS = ["http://[", "http://a:secret@c:99999999", "http://:@", "http://:1", "://", "ftp://a:1", "http://a:b"]
NO_PROXY_URLS += ["http://me:p%E2%82%ACss@a:1", "http://me:p€ss@a:1", "me%E2%82%AC:secret@a:1", "http://me:\udcff@a:1"]


@pytest.mark.parametrize("url", NO_PROXY_URLS)
def test_a_proxy_of_the_environment_that_is_none(monkeypatch, url):
    monkeypatch.setenv("HTTPS_PROXY", url)
    error = failure(Session, connection("https://a.example.com"))
    assert str(error) == (
        "The proxy of the environment: is not a valid proxy URL. Correct HTTPS_PROXY or ALL_PROXY. "
        "Its user name and password may contain only Latin-1 characters."
    )


def test_what_the_option_and_the_environment_say_of_certificates(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/environment.pem")
    monkeypatch.setenv("CURL_CA_BUNDLE", "/curl.pem")
    for verify, used in ((True, "/environment.pem"), ("/option.pem", "/option.pem"), (False, False)):
        with closing(Session(connection("https://a.example.com", verify=verify))) as session:
            assert session.settings["verify"] == used


# -- the platform's clock ---------------------------------------------------------------------------------------------


def test_the_clock_is_learnt_from_the_first_answer(make):
    client = make(http(Date=DATE), http(Date="Tue, 15 Nov 2044 08:12:31 GMT"))
    assert client.session.knows_clock is False
    assert abs(client.session.platform_time_ms() - time.time() * 1000) < 2000
    client.get("a")
    assert client.session.knows_clock is True
    client.get("a")
    # a second more, and what the calls took
    assert DATE_S + 1 <= client.session.platform_time_ms() / 1000 < DATE_S + 6


@pytest.fixture
def clock(monkeypatch):
    """The clock here, which is .now."""
    clock = SimpleNamespace(now=float(DATE_S))
    for module in (session_module, request_module):
        monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: clock.now, monotonic=lambda: clock.now))
    return clock


@pytest.mark.parametrize(
    ("date", "ahead"),
    [(DATE, 1), ("Tue, 15 Nov 1994 08:12:41 GMT", 11), ("Tue, 15 Nov 1994 08:12:21 GMT", -9), ("", 1)],
)
def test_how_far_the_clock_of_the_platform_is_ahead(make, clock, date, ahead):
    client = make(http(Date=date))
    assert client.session.platform_time_ms() == DATE_S * 1000
    client.get("a")
    clock.now += 2.5
    assert client.session.platform_time_ms() == (DATE_S + 2.5 + ahead) * 1000


@pytest.mark.parametrize(
    ("date", "offset"),
    [
        (DATE, 0),
        ("Tue, 15 Nov 1994 08:12:30 GMT", 0),  # of the second that ends now
        ("Tue, 15 Nov 1994 08:12:41 GMT", 10),
        ("Tue, 15 Nov 1994 08:12:21 GMT", -9),
        ("", 0),
    ],
)
def test_how_far_the_clock_of_the_platform_is_off_for_sure(make, clock, date, offset):
    client = make(http(Date=date))
    assert client.session.now_ms() == DATE_S * 1000
    client.get("a")
    assert client.session.clock_offset_s == offset
    assert client.session.now_ms() == (DATE_S + offset) * 1000


@pytest.mark.parametrize("date", ["", "yesterday", "Tue, 15 Nov 99999999999 08:12:31 GMT", "\xb2", "9" * 5000])
def test_a_date_that_is_none_is_that_of_here(make, date):
    client = make(http(Date=date))
    client.get("a")
    assert 0 <= client.session.platform_time_ms() / 1000 - time.time() < 5


# -- secrets and libraries --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "secrets"),
    [
        ({}, {TOKEN}),
        ({"username": "me"}, {TOKEN}),
        ({"api_key": KEY}, {KEY}),
        ({"proxy": "http://me:p%40ss@127.0.0.1:1"}, {TOKEN, "p%40ss", "p@ss", "bWU6cEBzcw=="}),
    ],
)
def test_what_is_secret_is_hidden_in_texts(options, secrets):
    registered = []
    with closing(Session(connection("https://a.example.com", **options), registered.append)) as session:
        assert set(registered) == secrets
        for secret in secrets:
            assert session.scrub(f"<{secret}>") == "<********>"


def test_a_secret_within_another_shows_nothing_of_it():
    options = {"proxy": "http://me:zzzz@127.0.0.1:1", "access_token": "aaaa-zzzz-bbbb"}
    with closing(Session(connection("https://a.example.com", **options))) as session:
        assert session.scrub("<aaaa-zzzz-bbbb> <zzzz>") == "<********> <********>"


@pytest.mark.parametrize(("is_cut", "shown"), [(True, "you sent ********"), (False, f"you sent {TOKEN[:4]}")])
def test_the_first_characters_of_a_secret_are_hidden_where_a_text_was_cut(is_cut, shown):
    with closing(Session(connection("https://a.example.com"))) as session:
        assert session.scrub(f"you sent {TOKEN[:4]}", is_cut) == shown


@pytest.mark.parametrize("spelling", ["a/b+c", "a%2Fb%2Bc", "a\\/b+c"])
def test_a_secret_is_hidden_as_a_url_and_as_json_spell_it(spelling):
    with closing(Session(connection("https://a.example.com", access_token="a/b+c"))) as session:
        assert session.scrub(f"<{spelling}>") == "<********>"


def test_without_requests(monkeypatch):
    monkeypatch.setattr(session_module, "requests", None)
    monkeypatch.setattr(session_module, "REQUESTS_IMPORT_ERROR", "Traceback\n\nImportError: none\n", raising=False)
    with pytest.raises(MissingLibraryError) as caught:
        Session(connection("https://a.example.com"))
    assert str(caught.value) == (
        f"Could not load the Python library requests: {missing_required_lib('requests')}. "
        f"To install it there: {sys.executable} -m pip install requests"
    )
    assert caught.value.details == {"detail": "ImportError: none"}


def test_no_warnings_of_unverified_requests(monkeypatch):
    told = []
    monkeypatch.setattr(urllib3, "disable_warnings", lambda: told.append(1))
    for verify in (True, "/ca.pem"):
        Session(connection("https://a.example.com", verify=verify)).close()
    assert told == []
    Session(connection("https://a.example.com", verify=False)).close()
    assert told == [1]


def test_the_clock_of_the_platform_by_its_last_answer(monkeypatch):
    ticks = [100.0]
    monkeypatch.setattr(session_module.time, "monotonic", lambda: ticks[0])
    monkeypatch.setattr(session_module.time, "time", lambda: 5000.0)
    with closing(Session(connection("https://a.example.com"))) as session:
        assert session.latest_clock_ms() == 5_000_000
        for platform_s, expected in ((1000.0, 1_002_500), (400.0, 402_500)):
            session.measure_clock_skew(platform_s, 5000.0)
            ticks[0] += 2.5
            assert session.latest_clock_ms() == expected


def test_the_tokens_of_hours_ago_are_forgotten():
    told = []
    with closing(Session(connection("https://a.example.com", api_key=KEY), told.append)) as session:
        tokens = [f"token-number-{number:04}" for number in range(100)]
        for token in tokens:
            session.register_token(token)
        kept = [token for token in (KEY, *tokens) if token not in session.scrub(f"a {token} b")]
        assert kept == [KEY, *tokens[-session_module.KEPT_TOKENS - 1 :]]
        assert told == [KEY, *tokens]
