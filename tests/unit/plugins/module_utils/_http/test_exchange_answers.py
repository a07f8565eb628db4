# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answer to the exchange of a key holds a token that nobody knows yet: nothing of it is shown, whatever it is."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
import urllib3

from ansible_collections.stellarcyber.xdr.plugins.module_utils._http import request as request_module
from tests.canned import http
from tests.unit.plugins.module_utils._http.clients import API, KEY, LOGIN, TOKEN, failure, put

# As real ones are: no other text has eight of its characters in a row.
FRESH = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiIwMTIzNDU2Nzg5In0.c2lnbmF0dXJlLW9mLWl0"
ANSWER = json.dumps({"access_token": FRESH}).encode()
BOM = b"\xef\xbb\xbf"
SIZE = len(ANSWER)

SPELLINGS = {
    "as it is": FRESH,
    "JSON": "".join(f"\\u{ord(char):04x}" for char in FRESH),
    "URL": "".join(f"%{ord(char):02x}" for char in FRESH),
    "Base64": base64.b64encode(FRESH.encode()).decode(),
    "hexadecimal": FRESH.encode().hex(),
}
# Upper case as well, since a header's value may be changed to it
FORBIDDEN = {
    spelling[start : start + 8].lower() for spelling in SPELLINGS.values() for start in range(len(spelling) - 7)
}


def raw(*lines, body=b""):
    return "\r\n".join([*lines, "", ""]).encode() + body


def hung_up(answer):
    """An answer after which the server ends the connection."""

    def said(asked):
        yield answer

    return said


NOT_SHOWN = "is not shown, because it may contain a token."
SIZED = f"The answer ({SIZE} bytes) {NOT_SHOWN}"
NO_WORDS = "The data received is not shown, because it may contain a token."
LENGTH = f"Content-Length: {SIZE}"

# what came: (the answer, what the message says of it)
ANSWERS = {
    # 200, and what is wrong with it
    "trailing comma": (
        http(ANSWER.replace(b"}", b",}")),
        f"HTTP 200, but the answer is not JSON. The answer ({SIZE + 1} b",
    ),
    "list around it": (
        http(b"[" + ANSWER + b"]"),
        f"HTTP 200, but the answer is not a JSON object. The answer ({SIZE + 2} ",
    ),
    "text after it": (http(ANSWER + b"!"), "HTTP 200, but the answer is not JSON."),
    "UTF-16": (http(ANSWER.decode().encode("utf-16")), "HTTP 200, but the answer is not JSON."),
    "two marks": (http(BOM * 2 + ANSWER), "HTTP 200, but the answer is not JSON."),
    "the token alone": (http(FRESH.encode()), "HTTP 200, but the answer is not JSON."),
    "a text in JSON": (http(FRESH), "HTTP 200, but the answer is not a JSON object."),
    "a login page": (http(f"<html>{FRESH}".encode()), "HTTP 200, but the answer is not JSON."),
    "another name": (
        http({"token": FRESH}),
        "HTTP 200, but the answer contains no access_token. The answer (82 bytes) is",
    ),
    "a list of tokens": (http({"access_token": [FRESH]}), "HTTP 200, but the answer contains no access_token."),
    "a line break in it": (http({"access_token": FRESH + "\n"}), "HTTP 200, but the answer contains no access_token."),
    "too deep": (http(b"[" * 200 + ANSWER + b"]" * 200), "HTTP 200, but the answer is nested too deeply."),
    "status 201": (http([FRESH], 201), "HTTP 201, but the answer is not a JSON object."),
    "gzip of a list": (
        http(gzip.compress(b"[" + ANSWER + b"]", mtime=0), Content_Encoding="gzip"),
        f"HTTP 200, but the answer is not a JSON object. The answer ({SIZE + 2} bytes) {NOT_SHOWN}",
    ),
    "no gzip": (http(ANSWER, Content_Encoding="gzip"), f"the answer can't be decompressed. The answer {NOT_SHOWN}"),
    "another way to pack": (
        http(ANSWER, Content_Encoding="br"),
        "the answer has the Content-Encoding br, which was not requested.",
    ),
    "the token as way to pack": (http(b"{}", Content_Encoding=FRESH), "has a Content-Encoding that was not requested."),
    "a part of it as way to pack": (
        http(b"{}", Content_Encoding=FRESH[:20]),
        "has a Content-Encoding that was not requested.",
    ),
    "too large": (
        http(ANSWER + b" " * 2**20),
        f"HTTP 200, but the answer is larger than 1 MiB. The answer {NOT_SHOWN}",
    ),
    # errors
    **{
        f"status {status}": (http(ANSWER, status), f"): HTTP {status}. {SIZED}")
        for status in (400, 403, 404, 405, 418, 422, 429, 500, 502, 503, 504, 599)
    },
    "status 401": (http(ANSWER, 401), "HTTP 401, the platform refused api_key, sent as a scoped key (Bearer)."),
    "status 204": (http(ANSWER, 204), "HTTP 204, but the answer is not JSON."),
    "a large error": (http(ANSWER + b" " * 2**17, 500), f"): HTTP 500. The answer {NOT_SHOWN}"),
    "an error in gzip": (http(gzip.compress(ANSWER, mtime=0), 500, Content_Encoding="gzip"), f"HTTP 500. {SIZED}"),
    "Retry-After": (http(b"", 503, Retry_After=FRESH), "): HTTP 503."),
    "the reason of a status": (raw(f"HTTP/1.1 500 {FRESH}", "Content-Length: 0"), "): HTTP 500."),
    # redirects
    **{
        f"redirect to {location}": (
            http(ANSWER, 302, Location=location.replace("TOKEN", FRESH)),
            f"HTTP 302 redirects to {shown}, and a key is not sent after a redirect.",
        )
        for location, shown in {
            "https://evil.example.com:444/TOKEN/x": "https://evil.example.com:444",
            "https://evil.example.com/?t=TOKEN": "https://evil.example.com",
            "https://evil.example.com/#TOKEN": "https://evil.example.com",
            "https://TOKEN@evil.example.com/": "https://evil.example.com",
            "https://me:TOKEN@evil.example.com/": "https://evil.example.com",
            "https://[2001:db8::1]:8443/TOKEN": "https://[2001:db8::1]:8443",
            "//other.example.com/TOKEN": "http://other.example.com",
            "https://TOKEN/": "an address that may contain a token",
            "https://evil.example.com:TOKEN/": "an address that may contain a token",
            "TOKEN://evil.example.com/": "an address that may contain a token",
            "data:text/plain,TOKEN": "an address that may contain a token",
            "http://[TOKEN": "an address that may contain a token",
            "\\\\TOKEN": "http://127.0.0.1:PORT",
            "TOKEN": "http://127.0.0.1:PORT",
            "/TOKEN?TOKEN": "http://127.0.0.1:PORT",
            "": "nowhere",
        }.items()
    },
    # what is no HTTP, of which the libraries quote a part
    "no first line": (raw(FRESH), f": BadStatusLine. {NO_WORDS}"),
    "another protocol": (raw(f"SSH-2.0-{FRESH}"), f": BadStatusLine. {NO_WORDS}"),
    "another version": (raw(f"HTTP/{FRESH} 200 OK"), f": UnknownProtocol. {NO_WORDS}"),
    "an unknown version": (raw(f"HTTP/9.{FRESH} 200 OK"), f": UnknownProtocol. {NO_WORDS}"),
    "a status that is none": (raw(f"HTTP/1.1 {FRESH} OK"), f": BadStatusLine. {NO_WORDS}"),
    "a line as a status": (raw(json.dumps({"access_token": FRESH})), f": BadStatusLine. {NO_WORDS}"),
    "a length that is none": (
        hung_up(raw("HTTP/1.1 200 OK", f"Content-Length: {FRESH}, 2", body=b"[" + ANSWER + b"]")),
        "HTTP 200, but the answer is not a JSON object.",
    ),
    "a chunk's size": (
        hung_up(raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=FRESH.encode() + b"\r\n")),
        "HTTP 200, but the answer broke off: IncompleteRead(0 bytes read).",
    ),
    "a chunk's size, of an error": (
        hung_up(raw("HTTP/1.1 501 No", "Transfer-Encoding: chunked", body=FRESH.encode() + b"\r\n")),
        "): HTTP 501. The platform failed",
    ),
    "a body that broke off": (
        hung_up(raw("HTTP/1.1 200 OK", "Content-Length: 999", body=ANSWER)),
        f"HTTP 200, but the answer broke off: IncompleteRead({SIZE} bytes read, {999 - SIZE} more expected).",
    ),
    "a chunk that broke off": (
        hung_up(raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"fff\r\n" + ANSWER)),
        "HTTP 200, but the answer broke off: IncompleteRead(0 bytes read).",
    ),
    "nothing": (None, "no answer to plain http: Remote end closed connection without response."),
    # headers
    "a header without a colon": (
        hung_up(raw("HTTP/1.1 200 OK", FRESH, f"Content-Length: {FRESH}")),
        "HTTP 200, but the answer is not JSON.",
    ),
    "headers with the token": (http(b"<html>", X_Token=FRESH, Date=FRESH, Set_Cookie=f"t={FRESH}"), "is not JSON."),
}


def assert_nothing_of_it(*texts):
    for text in texts:
        assert not [part for part in FORBIDDEN if part in text.lower()], text


@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("kind", ANSWERS)
def test_nothing_of_an_answer_is_shown(make, monkeypatch, caplog, capfd, kind, retries):
    monkeypatch.setattr(request_module, "MAX_BODY_BYTES", 2**20)
    answer, words = ANSWERS[kind]
    client = make(*[answer] * 30, api_key=KEY, retries=retries)
    port = client.server.url.rpartition(":")[2]
    for ask in (client.authenticate, lambda: client.get("cases"), lambda: put(client)):
        error = failure(ask)
        assert_nothing_of_it(str(error), repr(error.to_result()), repr(error.__dict__))
        assert "body" not in error.details
        assert error.details["path"] == API + "access_token"
        assert words.replace("PORT", port) in str(error)
    assert_nothing_of_it(caplog.text, *capfd.readouterr())


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 500, 503])
def test_a_token_in_another_spelling(make, status, spelling):
    error = failure(make(http(f"<{SPELLINGS[spelling]}>".encode(), status), api_key=KEY).authenticate)
    assert_nothing_of_it(str(error), repr(error.to_result()))
    assert f"HTTP {status}" in str(error)


def test_an_answer_to_a_renewal_is_not_shown(make):
    client = make(LOGIN, http(status=401), http([FRESH]), api_key=KEY)
    error = failure(client.get, "cases")
    assert f"is not a JSON object. The answer ({len(FRESH) + 4} bytes) {NOT_SHOWN}" in str(error)
    assert_nothing_of_it(str(error), repr(error.to_result()))


@pytest.mark.parametrize("content", [b"", b" "])
def test_of_an_answer_without_content_there_is_nothing_to_hide(make, content):
    message = str(failure(make(http(content), api_key=KEY).authenticate))
    assert "but the answer is not JSON." in message
    assert ("is not shown" in message) is bool(content)
    assert ("is not JSON. Likely" in message) is (not content)


@pytest.mark.parametrize("packed", [False, True])
def test_a_mark_before_json_is_read(make, packed):
    def marked(content):
        body = BOM + json.dumps(content).encode()
        return http(gzip.compress(body, mtime=0), Content_Encoding="gzip") if packed else http(body)

    registered = []
    answers = [marked(content) for content in ({"access_token": TOKEN}, {"a": 1}, {"b": "\ufeff"})]
    client = make(*answers, http(BOM), http(BOM + b"\r\n"), api_key=KEY, on_secret=registered.append)
    assert client.get("cases") == {"a": 1}
    assert put(client) == {"b": "\ufeff"}
    assert [put(client), put(client)] == [{}, {}]
    assert TOKEN in registered


def test_headers_that_cannot_be_parsed_are_in_no_log(make, caplog, capfd):
    """As of any call: urllib3 writes them to its log, which is standard error where nobody has set one up."""
    lines = ("HTTP/1.1 200 OK", "Content-Length: 8", f"nonsense {FRESH}", "X: y")
    assert make(raw(*lines, body=b'{"a": 1}')).get("a") == {"a": 1}
    assert caplog.records == []
    assert "".join(capfd.readouterr()) == ""


def test_what_the_system_says_is_shown(make):
    client = make(api_key=KEY)
    client.server.close()
    assert "Connection refused" in str(failure(client.authenticate))


@pytest.mark.parametrize(
    ("error", "quotes"),
    [
        (ConnectionResetError(104, "Connection reset by peer"), False),
        (urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError("reset")), False),
        (urllib3.exceptions.IncompleteRead(2, 97), False),
        (urllib3.exceptions.ReadTimeoutError(None, "/", "Read timed out."), False),
        (urllib3.exceptions.ConnectTimeoutError(None, "late"), False),
        (urllib3.exceptions.HTTPError("words"), True),
        (urllib3.exceptions.InvalidHeader("Content-Length contained multiple unmatching values (x)"), True),
        (urllib3.exceptions.ProtocolError("Connection broken: words"), True),
        (ValueError("words"), True),
    ],
)
def test_whose_words_may_be_those_of_an_answer(error, quotes):
    assert request_module.may_quote_answer(error) is quotes
