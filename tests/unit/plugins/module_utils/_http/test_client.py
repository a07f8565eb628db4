# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client, against a server in this process that says what a test lets it say."""

from __future__ import annotations

import base64
import threading
from urllib.parse import urlsplit

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from tests import canned
from tests.canned import http
from tests.unit.plugins.module_utils._http.clients import API, KEY, LOGIN, TOKEN, connection, failure

# -- what is sent -----------------------------------------------------------------------------------------------------


def test_a_read(make):
    client = make(http({"data": 1}))
    assert client.get("cases", [("limit", 5), ("tags", "a b")]) == {"data": 1}
    (asked,) = client.asked
    assert (asked.method, asked.target, asked.body) == ("GET", API + "cases?limit=5&tags=a+b", b"")
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["accept-encoding"] == "gzip"
    assert "content-type" not in asked.headers
    assert client.throttle.sent == {"read": 1}


def test_a_write(make):
    client = make(http({"data": 1}))
    assert client.write("POST", "cases", {"name": "Ü"}, "Could not") == {"data": 1}
    (asked,) = client.asked
    assert (asked.method, asked.target, asked.body) == ("POST", API + "cases", b'{"name": "\\u00dc"}')
    assert asked.headers["content-type"] == "application/json"
    assert client.throttle.sent == {"write": 1}


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"username": "a@example.com"}, "Basic " + base64.b64encode(f"a@example.com:{KEY}".encode()).decode()),
        ({}, f"Bearer {KEY}"),
    ],
)
def test_a_key_is_exchanged_once(make, options, sent):
    client = make(LOGIN, http(), http(), api_key=KEY, **options)
    client.authenticate()
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
    assert client.throttle.sent == {"token": 1, "read": 2}


def test_a_key_is_exchanged_anew(make):
    client = make(LOGIN, LOGIN, http(), api_key=KEY)
    assert [client.new_token(), client.new_token()] == [600, 600]
    client.get("a")
    assert client.throttle.sent == {"token": 2, "read": 1}
    assert make().new_token() is None


def test_one_connection_and_no_cookies(make):
    client = make(http(Set_Cookie="a=b; Path=/"), http(status=404), http())
    client.get("a")
    failure(client.get, "a")
    client.get("a")
    assert {asked.connection for asked in client.asked} == {1}
    assert not any("cookie" in asked.headers for asked in client.asked)


# -- proxies ----------------------------------------------------------------------------------------------------------


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


def test_a_proxy_of_the_environment_without_a_scheme(monkeypatch):
    with refusing_proxy(407) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http://", ""))
        with Client(connection("https://a.example.com")) as client:
            assert "failed: 407" in str(failure(client.get, "a"))
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http://", "me:secret@"))
        registered = []
        with Client(connection("https://a.example.com"), registered.append) as client:
            assert "secret" not in str(failure(client.get, "a"))
        assert client.session.proxy == urlsplit(proxy.url).netloc
    assert "secret" in registered


# -- secrets, runs, threads --------------------------------------------------------------------------------------------


def test_every_secret_is_registered(make):
    registered = []
    client = make(LOGIN, api_key=KEY, username="me", access_token="given", on_secret=registered.append)
    pair = base64.b64encode(f"me:{KEY}".encode()).decode()
    assert registered == [KEY, "given", pair]
    client._tokens.reject("given")
    client.authenticate()
    assert registered[3:] == [TOKEN]
    again = []
    client.reset(again.append)
    assert set(again) == set(registered)


def test_another_run_has_a_budget_and_counts_of_its_own(make):
    client = make(None, http(), retries=1, retry_budget=0.6)
    client.get("a")
    assert client.retries == 1
    client.reset(lambda secret: None)
    assert client.retries == 0
    assert client.throttle.sent == {}
    assert not client.throttle.is_exhausted


def test_a_client_that_is_closed_hangs_up(make):
    client = make(http())
    client.get("a")
    closed = []
    client.session.adapter.close = lambda: closed.append(1)
    with client as same:
        assert same is client
    assert closed == [1]


def test_many_threads(make):
    client = make(*[http({"a": 1})] * 64)
    barrier = threading.Barrier(16)
    client.throttle.set_limit(16)
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
