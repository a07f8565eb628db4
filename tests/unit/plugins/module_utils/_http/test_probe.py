# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a connection gets. TLS and proxies are in tests/integration/test_stellar_ping.py."""

from __future__ import annotations

import socket

import pytest
import requests

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import TransportError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.adapter import Adapter
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.probe import (
    Certificate,
    _certificate,
    look_up,
    probe,
    shown_names,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.session import Session
from tests import canned
from tests.unit.plugins.module_utils._http.clients import connection

ISSUER = ((("countryName", "XX"),), (("organizationName", "Example CA"),), (("commonName", "Root 1"),))
NAMES = (("DNS", "a.example.com"), ("IP Address", "127.0.0.1"))
CONTENT = {"issuer": ISSUER, "subjectAltName": NAMES, "notAfter": "Nov 15 08:12:31 2094 GMT"}
NOT_AFTER_S = 3_940_647_151.0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CONTENT, Certificate("Example CA", ("a.example.com", "127.0.0.1"), NOT_AFTER_S)),
        ({**CONTENT, "issuer": ISSUER[2:]}, Certificate("Root 1", ("a.example.com", "127.0.0.1"), NOT_AFTER_S)),
        ({"notAfter": CONTENT["notAfter"]}, Certificate("a CA without a name", (), NOT_AFTER_S)),
        (
            {**CONTENT, "issuer": ((("commonName", "red\x1b[31m\u202e"),),)},
            Certificate("red [31m", ("a.example.com", "127.0.0.1"), NOT_AFTER_S),
        ),
        ({}, None),
        (None, None),
    ],
)
def test_what_a_certificate_says(content, expected):
    assert _certificate(content) == expected


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ((), ""),
        (("a",), "a"),
        (tuple("abcde"), "a, b, c, d, e"),
        (tuple("abcdefg"), "a, b, c, d, e and 2 more"),
        (("a\x1bb",), "a b"),
    ],
)
def test_names_of_a_certificate_in_a_message(names, shown):
    assert shown_names(Certificate("CA", names, 0.0)) == shown


def session(url, **options):
    return Session(connection(url, **options))


def test_a_connection_that_is_made_sends_nothing():
    with canned.serve(lambda asked: None) as server:
        found = probe(session(server.url))
    assert (found.error, found.tls_version, found.certificate) == (None, "", None)
    assert list(found.seconds) == ["tcp", "tls"]
    assert all(0 <= seconds < 5 for seconds in found.seconds.values())
    assert server.asked == []


def test_a_connection_that_is_refused_ends_in_its_first_phase():
    found = probe(session("https://127.0.0.1:1"))
    assert list(found.seconds) == ["tcp"]
    assert isinstance(found.error, TransportError)
    assert str(found.error).startswith("Could not connect to 127.0.0.1:1: no answer: ")
    found = probe(session("https://127.0.0.1:2", proxy="http://user:canary-4711@127.0.0.1:1"))
    assert list(found.seconds) == ["proxy"]
    assert "the proxy 127.0.0.1:1 did not connect" in str(found.error)
    assert "canary-4711" not in str(found.error)


def test_a_proxy_that_no_library_speaks_to(monkeypatch):
    def refuse(*_arguments, **_options):
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr(Adapter, "pool", refuse)
    found = probe(session("https://127.0.0.1:2", proxy="socks5://127.0.0.1:1"))
    assert list(found.seconds) == ["proxy"]
    assert "the proxy 127.0.0.1:1 did not connect: Missing dependencies for SOCKS support." in str(found.error)


def test_a_handshake_that_never_ends_is_ended():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        found = probe(session(f"https://127.0.0.1:{deaf.getsockname()[1]}", timeout=1.0))
    assert list(found.seconds) == ["tcp", "tls"]
    assert "no complete answer in time" in str(found.error)
    assert found.seconds["tls"] < 5


def test_names_are_looked_up():
    assert "127.0.0.1" in look_up(session("https://localhost"))
    assert look_up(session("https://127.0.0.1:8443")) == ["127.0.0.1"]
    with pytest.raises(TransportError, match=r"Could not find the address of no-such-host\.invalid: .*Check the spell"):
        look_up(session("https://no-such-host.invalid"))
    with pytest.raises(TransportError, match="Could not find the address of"):
        look_up(session(f"https://{'x' * 64}.example"))
