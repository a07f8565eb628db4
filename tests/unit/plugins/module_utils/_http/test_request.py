# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request: what is an answer, and what each error says."""

from __future__ import annotations

import base64
import gzip
from urllib.parse import quote

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import ApiError, AuthenticationError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http import request as request_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from tests.canned import http
from tests.unit.plugins.module_utils._http.clients import API, KEY, LOGIN, TOKEN, connection, failure, put

# -- what is an answer ------------------------------------------------------------------------------------------------


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
        (http(b"", 200), "HTTP 200, but the answer is not JSON."),
        (http(b"<html>", 200), "HTTP 200, but the answer is not JSON, it begins: <html>."),
        (http([1], 200), "HTTP 200, but the answer is not a JSON object, it begins: [1]."),
        (http(b"[" * 200 + b"]" * 200), "HTTP 200, but the answer is nested too deeply, it begins: [[["),
        (http({}, 204), "HTTP 204."),
        (http({}, 201), "HTTP 201, the platform says: {}."),
        (
            http({}, Content_Encoding="br"),
            "HTTP 200, but the answer has the Content-Encoding br, which was not requested.",
        ),
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
    assert {name: error.details[name] for name in facts} == facts
    assert f"HTTP {error.details['status']}" in words


@pytest.mark.parametrize("empty", [http(b"", 204), http(b"")])
def test_a_write_that_may_not_be_empty(make, empty):
    assert "but the answer is not JSON." in str(failure(make(empty, api_key=KEY).authenticate))


def test_a_packed_answer(make):
    assert make(http(gzip.compress(b'{"a": 1}'), Content_Encoding="gzip")).get("a") == {"a": 1}


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(("excess", "fits"), [(0, True), (1, False)])
def test_the_largest_answer(make, monkeypatch, packed, excess, fits):
    monkeypatch.setattr(request_module, "MAX_BODY_BYTES", 2**20)
    body = b'{"a": 1' + b" " * (2**20 - 8 + excess) + b"}"
    client = make(http(gzip.compress(body) if packed else body, **({"Content_Encoding": "gzip"} if packed else {})))
    if fits:
        assert client.get("a") == {"a": 1}
    else:
        error = failure(client.get, "a")
        assert "HTTP 200, but the answer is larger than 1 MiB." in str(error)
        assert error.is_too_large is True


def test_an_answer_without_end(make, monkeypatch):
    monkeypatch.setattr(request_module, "MAX_BODY_BYTES", 2**20)

    def endless(asked):
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
        while True:
            yield b"Trailer: x\r\n" * 1000

    client = make(endless)
    error = failure(put, client)
    assert "is larger than 1 MiB" in str(error)
    assert error.may_have_arrived


def test_what_comes_before_an_answer_has_an_end(make, monkeypatch):
    monkeypatch.setattr(request_module, "MAX_BODY_BYTES", 2**20)

    def endless(asked):
        while True:
            yield b"HTTP/1.1 100 Continue\r\n\r\n" * 1000

    error = failure(make(endless).get, "a")
    assert "): The data before the answer is larger than 1 MiB. Likely a login page" in str(error)
    assert "status" not in error.details


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


def test_an_answer_to_another_call(make):
    def accepts(answer):
        return "a" in answer

    assert put(make(http({"a": 1})), accepts=accepts) == {"a": 1}
    assert put(make(http({"b": 1}))) == {"b": 1}
    error = failure(put, make(http({"b": 1})), accepts=accepts)
    assert 'HTTP 200, but the answer is not an answer to this request, it begins: {"b": 1}. Likely a login page' in str(
        error
    )
    assert error.may_have_arrived


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "remedy"),
    [
        (400, ApiError, "The platform refused the request as it is."),
        (401, AuthenticationError, "The access token expired or is wrong. Get a new one, or set api_key so that"),
        (
            403,
            ApiError,
            "The key has no permission for this request: check the account's role, and the tenants in the key's scope.",
        ),
        (404, ApiError, "Check the id (a case's _id, not its ticket number), the tenant, and the platform's version."),
        (405, ApiError, "The platform may not support this request: check that its version is 5.0.4 or later."),
        (418, ApiError, "The platform refused the request as it is."),
        (422, ApiError, "The platform refused a value: check the options, and that its version knows them."),
        (429, ApiError, "The platform asks to slow down: send fewer concurrent requests, or raise retry_budget."),
        (499, ApiError, "The platform refused the request as it is."),
        (500, ApiError, "The platform failed, which the task can't fix. Check the platform's health, then run again"),
        (502, ApiError, "The platform failed, which the task can't fix. Check the platform's health, then run again"),
        (599, ApiError, "The platform failed, which the task can't fix. Check the platform's health, then run again"),
    ],
)
def test_an_error_names_call_cause_and_remedy(make, status, kind, remedy):
    client = make(http(b"why\x07", status))
    error = failure(client.get, "cases/1/activities", what="Could not look")
    url = client.server.url + API + "cases/1/activities"
    assert error.__class__ is kind
    assert str(error).startswith(f"Could not look (GET {url}): HTTP {status}, the platform says: why. {remedy}")
    assert error.remedy.startswith(remedy)
    facts = {"method": "GET", "path": API + "cases/1/activities", "url": url, "status": status, "body": "why"}
    assert {name: error.details[name] for name in facts} == facts


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(
    ("method", "path", "is_gone", "names_ids"),
    [
        ("GET", "cases/1", True, True),
        ("PUT", "cases/1", True, False),
        ("POST", "cases/1/comments", True, False),
        ("PUT", "cases/1/comments/2", False, None),
        ("DELETE", "cases/1/comments/2", False, None),
        ("GET", "cases/1/scores", False, None),
        ("GET", "cases", False, None),
    ],
)
def test_a_case_that_is_gone(make, method, path, is_gone, names_ids, status):
    client = make(http(b"why", status))
    error = failure(client.get, path) if method == "GET" else failure(client.write, method, path, {}, "Could not")
    gone = (
        f"HTTP {status}, the platform says: why. The case is gone: it was deleted, or is no longer visible to this key."
    )
    assert (gone in str(error)) is is_gone
    if is_gone:
        ids = " If the task gives its id, check it (a case's _id, not its ticket number)." if names_ids else ""
        assert error.remedy == f"Check in the platform whether it was deleted or merged.{ids}"


def test_what_a_read_is_called_if_nobody_says():
    with Client(connection("http://127.0.0.1:1")) as client:
        assert str(failure(client.get, "cases/1")).startswith("Could not read cases/1 (GET http://127.0.0.1:1")


def test_an_error_without_a_body(make):
    error = failure(make(http(b"", 500)).get, "a")
    assert "): HTTP 500. The platform failed" in str(error)
    assert "body" not in error.details


@pytest.mark.parametrize("status", [300, 301, 302, 307, 399])
def test_a_redirect_is_not_followed(make, status):
    client = make(http(status=status, Location="https://evil.example.com/\x1b[31m"), http())
    error = failure(client.get, "a")
    assert f"a): HTTP {status} redirects to https://evil.example.com/ [31m, and a key is not sent after" in str(error)
    assert error.remedy == "Set host to the platform's own name."
    assert (error.details["status"], error.details["url"]) == (status, client.server.url + API + "a")
    assert len(client.asked) == 1


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://other.example.com:8443/a/b", "https://other.example.com:8443/a/b"),
        ("https://other.example.com/login?ticket=ST-1", "https://other.example.com/login"),
        ("https://other.example.com/login#ticket=ST-1", "https://other.example.com/login"),
        ("https://me:ST-1@other.example.com/login?x#y", "https://other.example.com/login"),
        ("//me@other.example.com?x", "//other.example.com"),
        ("https:\\\\me@other.example.com", "https:\\\\other.example.com"),
        ("/login?ticket=ST-1", "/login"),
        ("/me@home", "/me@home"),
        ("https://other.example.com/me@home", "https://other.example.com/me@home"),
        ("?ticket=ST-1", API + "a"),
        ("#ticket", API + "a"),
        ("", "nowhere"),
        (f"https://other.example.com/{TOKEN}/x", "https://other.example.com/********/x"),
        (f"https://{TOKEN}.example.com/", "https://********.example.com/"),
        (f"https://other.example.com/{TOKEN[:-1]}", "https://other.example.com/********"),
        ("https://other.example.com/eyJhbGciOiJIUzI1NiJ9.e30.c2ln/x", "https://other.example.com/********/x"),
    ],
)
def test_of_the_target_of_a_redirect_what_may_hold_a_secret_is_left_out(make, location, shown):
    error = failure(make(http(status=302, Location=location)).get, "a")
    assert f"HTTP 302 redirects to {shown}, and a key is not sent after a redirect." in str(error)


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
    assert "HTTP 403. The key has no permission for this request" in str(failure(make(answer).get, "a"))


def test_of_the_body_of_an_error_the_beginning_is_told(make):
    assert "HTTP 403, the platform says: why..." in str(failure(make(http(b"why" + b" " * 2**20, 403)).get, "a"))


def test_the_body_of_an_error_is_not_read_to_its_end(make):
    def endless(asked):
        yield b"HTTP/1.1 403 No\r\n\r\nwhy"
        while True:
            yield b" " * 65536

    assert "HTTP 403, the platform says: why..." in str(failure(make(endless).get, "a"))


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
        assert secret not in str(error) + repr(error.details)


def escaped(text):
    return "".join(f"\\u{ord(char):04x}" for char in text)


@pytest.mark.parametrize("spell", [str, quote, escaped, lambda text: escaped(escaped(text))])
@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize("size", [100, 3000, 16_000])
def test_a_secret_where_the_beginning_that_is_read_ends(make, spell, status, size):
    """What is hidden takes less room, so that the end of what was read is shown."""
    secret = ("another-" + "0123456789/" * 1500)[:size]
    text = " ".join([spell(secret)] * (70_000 // size + 2))
    error = failure(make(http(text.encode(), status), access_token=secret).get, "a")
    shown = str(error) + repr(error.details)
    assert "********" in shown
    for part in ("another-", "0123456789", "\\u00", "5cu0"):
        assert part not in shown


def test_the_first_characters_of_a_secret_where_the_beginning_that_is_read_ends(make):
    secret = "another-" * 8191
    client = make(http(f"{secret} {secret}".encode(), 403), access_token=secret)
    assert "the platform says: ******** ********. " in str(failure(client.get, "a"))


@pytest.mark.parametrize("length", [8, 12, len(TOKEN) - 1])
@pytest.mark.parametrize("status", [200, 403])
def test_the_first_part_of_a_secret_at_the_end_of_an_answer(make, status, length):
    error = failure(make(http(b"you sent " + TOKEN[:length].encode(), status)).get, "a")
    assert "you sent ********." in str(error)


@pytest.mark.parametrize(
    ("text", "shown"),
    [(b"a\x1b[31mb\r\n\xe2\x80\xae", "a [31mb"), (b"\xff", "\ufffd"), (b"x" * 400, "x" * 300 + "...")],
)
def test_text_of_the_platform_is_fit_for_a_terminal(make, text, shown):
    assert failure(make(http(text, 400)).get, "a").details["body"] == shown


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
