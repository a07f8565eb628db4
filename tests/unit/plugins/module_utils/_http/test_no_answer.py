# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests without an answer: connections, TLS, proxies and timeouts, and what may have arrived."""

from __future__ import annotations

import contextlib
import socket
import threading
from http.client import BadStatusLine
from types import SimpleNamespace

import pytest
import urllib3
from requests import exceptions as lib

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import TransportError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http import adapter as adapter_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from tests import canned
from tests.canned import http
from tests.unit.plugins.module_utils._http.clients import API, connection, failure, put


def test_nobody_listens():
    with Client(connection("http://127.0.0.1:1")) as client:
        error = failure(client.get, "a")
    assert isinstance(error, TransportError)
    assert "no answer to plain http: " in str(error)
    assert "Connection refused. Leave http:// out: the platform speaks https." in str(error)
    assert "status" not in error.details
    assert "object at" not in str(error)


def test_a_connection_that_is_dropped_is_not_too_late(make):
    """Only for what takes too long is a smaller page of use."""
    assert not failure(make(None, retries=0).get, "cases").is_too_late


@pytest.fixture
def clock(monkeypatch):
    """What an exchange takes for the time. It stands still but for what a test adds to seconds."""
    clock = SimpleNamespace(seconds=1000.0)
    clock.monotonic = lambda: clock.seconds
    monkeypatch.setattr(adapter_module, "time", clock)
    return clock


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
    over, sent = threading.Event(), []

    def drip(asked):
        for byte in canned.drip(SLOW[what], 0.03, over):
            sent.append(byte)
            yield byte
        over.wait(30)

    client = make(drip, timeout=0.3)
    error = failure(client.get, "a")
    over.set()
    # Of some 30 seconds it is to wait a third of one.
    assert len(sent) <= len(SLOW[what]) / 2
    assert "no complete answer in time (timeout is 0.3 s): " in str(error)
    assert error.remedy == "Check that host and port are reachable from here, or raise timeout."


def test_a_time_that_passed_is_no_time_of_the_next_try(make, clock):
    def late(asked):
        for byte in b"HTTP/1.1 200 OK":
            clock.seconds += 1
            yield bytes([byte])

    client = make(late, http({"a": 1}), timeout=10.0, retries=1)
    assert client.get("a") == {"a": 1}
    assert len(client.waits) == 1


def test_one_time_for_all_that_is_sent(make):
    """Nobody reads: what the system keeps for a reader fills up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with Client(connection(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.3)) as client:
            error = failure(client.write, "PUT", "a", {"name": "x" * 2**24}, "Could not")
    assert "no complete answer in time" in str(error)


def test_one_time_for_all_addresses_of_a_name(make, monkeypatch, clock):
    """A name with many addresses that don't answer: addresses of a network for documentation, and a backlog of none."""
    tried = []

    def connect(address, timeout, *arguments, **options):
        tried.append((address[0], timeout))
        clock.seconds += timeout
        raise TimeoutError("timed out")

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{number}", 443)) for number in (1, 2, 2, 3)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: found)
    monkeypatch.setattr(urllib3.connection.connection, "create_connection", connect)
    with Client(connection("https://many.example.com", timeout=0.6)) as client:
        error = failure(client.get, "a")
    assert [address for address, _timeout in tried] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert sum(timeout for _address, timeout in tried) == pytest.approx(0.6)
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
            "the TLS connection was closed: EOF occurred. "
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
        monkeypatch.setattr(client.session.adapter, "send", fail)
        raised = failure(put, client)
    url = "https://platform.example.com/connect/api/v1/cases/1"
    assert isinstance(raised, TransportError)
    assert str(raised).replace(" Gave up after 2 attempts.", "") == f"Could not update case 1 (PUT {url}): {words}"
    assert ("Gave up after 2 attempts." in str(raised)) is again
    assert (len(waits) == 1) is again
    assert raised.may_have_arrived is may_have_arrived
    facts = {"method": "PUT", "path": API + "cases/1", "url": url, **({"attempts": 2} if again else {})}
    assert raised.details == facts


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
        monkeypatch.setattr(client.session.adapter, "send", fail)
        assert str(failure(put, client)).endswith(f"certificate verify failed: {why}. {remedy}")


@pytest.mark.parametrize(("timeout", "to_connect"), [(30.0, 10.0), (5.0, 5.0)])
def test_what_is_asked_of_the_connection(make, monkeypatch, timeout, to_connect):
    client, asked = make(http(), timeout=timeout, verify="/ca.pem"), []
    send = client.session.adapter.send
    monkeypatch.setattr(
        client.session.adapter, "send", lambda *call, **settings: asked.append(settings) or send(*call, **settings)
    )
    client.get("a")
    (settings,) = asked
    assert (settings["timeout"], settings["verify"]) == ((to_connect, timeout), "/ca.pem")


def test_an_answer_that_began_in_time_and_did_not_end(make):
    over = threading.Event()

    def slow(asked):
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"
        over.wait(30)

    # Long enough for a busy machine to begin an answer
    error = failure(make(slow, timeout=1.0).get, "a")
    over.set()
    assert "): no complete answer in time (timeout is 1 s, HTTP 200 was received): " in str(error)


def test_an_answer_that_ends_too_early_and_a_library_that_does_not_say_so(monkeypatch):
    """As urllib3 1.26 reads it."""

    def send(*arguments, **options):
        raw = SimpleNamespace(read=lambda size, decode_content: next(pieces, b""), length_remaining=97)
        return contextlib.nullcontext(SimpleNamespace(status_code=200, headers={}, raw=raw))

    pieces = iter([b"{", b"}"])
    with Client(connection("https://platform.example.com")) as client:
        monkeypatch.setattr(client.session.adapter, "send", send)
        error = failure(client.get, "a")
    assert "the answer broke off: IncompleteRead(2 bytes read, 97 more expected). Run again; if" in str(error)


def test_a_proxy_that_does_not_connect_hides_no_try_before(monkeypatch):
    errors = iter([through_proxy(ConnectionResetError("reset")), through_proxy(REFUSED)])

    def fail(*arguments, **options):
        raise next(errors)

    with Client(connection("https://platform.example.com", retries=1), sleep=lambda seconds: None) as client:
        monkeypatch.setattr(client.session.adapter, "send", fail)
        assert failure(put, client).may_have_arrived is True
