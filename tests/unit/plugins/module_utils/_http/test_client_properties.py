# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a server answers, an object comes out of the client, or an error of the collection; and in time."""

from __future__ import annotations

import gzip
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.connection import Connection
from tests import canned

TIMEOUT_S = 2.0
KEY = "canary-key"

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)
header_text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60)
odd_dates = st.builds(
    "{}, {} Nov {} {}:12:31 {}".format,
    st.sampled_from(["Tue", "Xyz", ""]),
    st.integers(-1, 99),
    st.integers(-1, 10**20),
    st.integers(-1, 99),
    st.sampled_from(["GMT", "-0000", "+9999", "-99999999999999999999", ""]),
)
headers = st.dictionaries(
    st.sampled_from(
        ["Date", "Retry-After", "Location", "Content-Encoding", "Content-Type", "Set-Cookie", "Transfer-Encoding", "X"]
    ),
    header_text | odd_dates | st.integers(-(10**30), 10**30).map(str) | st.sampled_from(["gzip", "chunked", "br"]),
    max_size=4,
)
statuses = st.sampled_from([200, 201, 204, 301, 302, 304, 400, 401, 403, 404, 407, 429, 500, 503, 599, 999])


@pytest.fixture(scope="module")
def platform():
    with canned.serve(lambda asked: None) as server:
        yield server


def ask(platform, answer):
    """What a read, a write and an exchange make of an answer."""
    platform.answer = lambda asked: iter([answer])
    connection = Connection(
        base_url=platform.url,
        username="",
        api_key=KEY,
        access_token="token",
        auth_method="bearer",
        tenant="",
        verify=True,
        proxy="",
        timeout=TIMEOUT_S,
        retries=1,
        retry_budget=TIMEOUT_S,
    )
    calls = (
        lambda client: client.get("cases"),
        lambda client: client.write("PUT", "cases/1", {"severity": "High"}, "Could not update"),
        lambda client: client._tokens.reject("token") or client.authenticate() or {},
    )
    for call in calls:
        with Client(connection, sleep=lambda seconds: None) as client:
            message = ""
            try:
                result = call(client)
            except StellarError as error:
                result, message = error.to_result(), str(error)
            assert isinstance(result, dict)
            assert not {unicodedata.category(char) for char in message} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
            said = json.dumps(result, ensure_ascii=False, allow_nan=False)
            said.encode("utf-8")
            assert KEY not in said
            assert abs(client.platform_time_ms()) < 10**15


def http(status, headers, body):
    lines = [f"HTTP/1.1 {status} Fuzzed", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@given(st.binary(max_size=300))
def test_any_bytes_instead_of_an_answer(platform, answer):
    ask(platform, answer)


@given(st.binary(max_size=300))
def test_any_bytes_after_the_first_line(platform, answer):
    ask(platform, b"HTTP/1.1 200 OK\r\n" + answer)


@given(statuses, headers, st.binary(max_size=300))
def test_any_status_headers_and_body(platform, status, headers, body):
    ask(platform, http(status, headers, body))


@given(any_json, st.booleans())
def test_any_json(platform, answer, packed):
    body = json.dumps(answer).encode()
    ask(platform, http(200, {"Content-Encoding": "gzip"} if packed else {}, gzip.compress(body) if packed else body))


@given(any_json, any_json)
def test_any_token(platform, token, expiry):
    ask(platform, http(200, {}, json.dumps({"access_token": token, "exp": expiry}).encode()))


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_damage_to_a_packed_answer(platform, noise, place):
    packed = gzip.compress(json.dumps({"data": {"cases": list(range(100))}}).encode())
    ask(platform, http(200, {"Content-Encoding": "gzip"}, packed[:place] + noise + packed[place + len(noise) :]))
