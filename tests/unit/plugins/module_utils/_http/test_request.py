# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call: what is an answer, what each error says, and why none came."""

from __future__ import annotations

import base64
import contextlib
import gzip
import socket
import threading
import time
from http.client import BadStatusLine
from types import SimpleNamespace
from urllib.parse import quote

import pytest
import urllib3
from requests import exceptions as lib

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    AuthenticationError,
    TransportError,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http import request as request_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from tests import canned
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
        (http({}, Content_Encoding="br"), "HTTP 200, but the answer is packed as br that was not asked for."),
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
    assert "but the answer is not JSON." in str(failure(make(empty, api_key=KEY).log_in))


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
        assert "HTTP 200, but the answer is larger than 1 MiB." in str(failure(client.get, "a"))


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


def test_an_answer_to_another_call(make):
    def is_answer(answer):
        return "a" in answer

    assert put(make(http({"a": 1})), is_answer=is_answer) == {"a": 1}
    assert put(make(http({"b": 1}))) == {"b": 1}
    error = failure(put, make(http({"b": 1})), is_answer=is_answer)
    assert 'HTTP 200, but the answer is none to this call, it begins: {"b": 1}. Likely a login page' in str(error)
    assert error.may_have_arrived


# -- errors -----------------------------------------------------------------------------------------------------------


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
    shown = str(error) + repr(error.facts)
    assert "********" in shown
    for part in ("another-", "0123456789", "\\u00", "5cu0"):
        assert part not in shown


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
    assert failure(make(http(text, 400)).get, "a").facts["body"] == shown


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


# -- no answer --------------------------------------------------------------------------------------------------------


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


def test_a_proxy_that_does_not_connect_hides_no_try_before(monkeypatch):
    errors = iter([through_proxy(ConnectionResetError("reset")), through_proxy(REFUSED)])

    def fail(*arguments, **options):
        raise next(errors)

    with Client(connection("https://platform.example.com", retries=1), sleep=lambda seconds: None) as client:
        monkeypatch.setattr(client.adapter, "send", fail)
        assert failure(put, client).may_have_arrived is True
