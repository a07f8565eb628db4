# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens, headers and bodies that mean harm: a right result or a clear error, soon and in little memory."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
import zlib
from functools import lru_cache

import pytest

from tests import canned, evidence
from tests.canned import http
from tests.integration.hostile_platform import (
    ID,
    KEY,
    MIB,
)
from tests.integration.many import case
from tests.integration.playbook import ROOT

# -- tokens --------------------------------------------------------------------------------------------------------


def jwt(exp_text):
    parts = [b'{"alg":"HS256"}', b'{"exp":' + exp_text.encode() + b"}", b"signature"]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


EXPIRIES = {
    "past": "1",
    "in ms": str((int(time.time()) + 600) * 1000),
    "in microseconds": str((int(time.time()) + 600) * 10**6),
    "absent": None,
    "null": "null",
    "negative": "-5",
    "zero": "0",
    "a text": '"soon"',
    "true": "true",
    "a list": "[1]",
    "NaN": "NaN",
    "infinite": "Infinity",
    "1e308": "1e308",
    "1e999": "1e999",
    "-1e308": "-1e308",
    "400 digits": "9" * 400,
    "4000 digits": "9" * 4000,
    "nested": "[" * 2000 + "]" * 2000,
}


@pytest.mark.parametrize("where", ["beside the token", "in the token"])
@pytest.mark.parametrize("exp", EXPIRIES)
def test_any_expiry(attack, where, exp):
    text = EXPIRIES[exp]
    if where == "in the token":
        answer = http({"access_token": jwt(text or "null")})
    else:
        answer = http(
            b'{"access_token": "token-of-a-platform"' + (b"" if text is None else b', "exp": ' + text.encode()) + b"}"
        )
    result, message = attack(f"expiry {where}: {exp}", "stellar_case", {"POST access_token": answer})
    if (where, exp) == ("beside the token", "nested"):
        assert "is nested too deeply" in message
        return
    assert (result["changed"], message) == (True, "")
    assert [asked.method for asked in attack.platform.asked] == ["POST", "GET", "PUT"]


@pytest.mark.parametrize("lifetime", [0.001, 0.2, 1])
def test_tokens_that_die_at_once(attack, lifetime):
    """At most one exchange for each call, however many threads ask."""
    platform = attack.platform
    platform.cases = {record["_id"]: record for record in map(case, range(1, 41))}
    said = {"POST access_token": lambda asked: {"access_token": "token-of-a-platform", "exp": time.time() + lifetime}}
    result, message = attack(f"tokens that live {lifetime} s", "stellar_cases", said, most_requests=120, concurrency=8)
    calls = [asked for asked in platform.asked if not asked.path.endswith("access_token")]
    assert (result["counts"]["changed"], message) == (40, "")
    assert len(platform.asked) - len(calls) <= len(calls) + 1


# Among concurrent requests a good token may be refused now and then, so that four new ones are tried.
@pytest.mark.parametrize(("entry", "tokens"), [("stellar_case", 2), ("stellar_cases", 5)])
def test_a_token_that_is_always_refused(attack, entry, tokens):
    _result, message = attack("a token that is always refused", entry, {"GET cases/ID": http(status=401),
                                                                        "GET cases": http(status=401)})  # fmt: skip
    assert "A new token was refused as well" in message
    assert len(attack.platform.asked) == 2 * tokens


ODD_TOKENS = {
    "a line break": "a-token-and\r\nHost: evil.example.com",
    "unicode": "t\u00f6ken\u202e" * 5,
    "a word of the result": "High",
    "1 MiB": "x" * MIB,
    "NUL": "a-token-and-a\0b",
    "a list": ["a"],
    "a number": 1,
    "null": None,
    "empty": "",
}


@pytest.mark.parametrize("kind", ODD_TOKENS)
def test_a_token_that_is_none(attack, kind):
    said = {"POST access_token": {"access_token": ODD_TOKENS[kind]}}
    _result, message = attack(f"a token that is {kind}", "stellar_case", said)
    assert "the answer contains no access_token" in message
    assert len(attack.platform.asked) == 1


# -- headers ---------------------------------------------------------------------------------------------------------

ODD_HEADERS = {
    "Date of the year 99999999999": http(Date="Tue, 15 Nov 99999999999 08:12:31 GMT"),
    "Date of 5000 digits": http(Date="9" * 5000),
    "Date of the year 1": http(Date="Mon, 01 Jan 0001 00:00:00 +2300"),
    "101 headers": http(**{f"X{number}": "x" for number in range(101)}),
    "a header of 70,000 characters": http(X="x" * 70_000),
    "Content-Length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
    "a length of thirty digits": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n{}",
    "an endless chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 100 + b"\r\n{}",
    "a line without a colon": b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\n{}",
    "a status of thirty digits": b"HTTP/1.1 " + b"9" * 30 + b" OK\r\n\r\n{}",
    "status 000": b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
    "status 999": b"HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/9.9": b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "bytes of a picture": bytes(range(256)) * 10,
}


@pytest.mark.parametrize("kind", ODD_HEADERS)
def test_headers_that_are_odd(attack, kind):
    _result, message = attack(f"headers: {kind}", "stellar_case", {"GET cases/ID": lambda asked: ODD_HEADERS[kind]},
                              timeout=1, retries=0)  # fmt: skip
    assert message.startswith(f"Could not read case {ID}")


RETRY_AFTER = ["-1", "1e999", "9" * 5000, "\xb2", "Tue, 15 Nov 99999999999 08:12:31 GMT"]


@pytest.mark.parametrize("value", RETRY_AFTER)
def test_a_mad_retry_after(attack, value):
    said = {"GET cases/ID": http(status=429, Retry_After=value)}
    _result, message = attack(f"Retry-After: {value[:30]}", "stellar_case", said, retry_budget=0.6)
    assert "HTTP 429" in message


def test_a_redirect_with_the_key_and_colours(attack):
    said = {
        "GET cases/ID": http(
            status=302, Location=f"https://evil.example.com/{KEY}&t=token-of-a-platform\x1b[31m/?t={KEY}"
        )
    }
    _result, message = attack("a redirect with the key and colours", "stellar_case", said)
    assert "redirects to https://evil.example.com/********&t=******** [31m/, and a key" in message


# -- memory ----------------------------------------------------------------------------------------------------------

# Runs in a process of its own, so that what it takes is what the client takes.
ASK = """
import json, sys, threading
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.connection import Connection

def peak_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

url, calls = sys.argv[1], int(sys.argv[2])
connection = Connection(base_url=url, username="", api_key="", access_token="token", auth_method="bearer", tenant="",
                  verify=True, proxy="", timeout=60.0, retries=0, retry_budget=0.0)
messages = []

def ask():
    try:
        client.get("cases")
        messages.append("")
    except StellarError as error:
        messages.append(str(error))

with Client(connection) as client:
    client.throttle.set_limit(calls)
    before = peak_kib()
    threads = [threading.Thread(target=ask) for number in range(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(json.dumps({"mib": (peak_kib() - before) / 1024, "messages": messages}))
"""


def repeated(text, times=1):
    """A text so many times, in gzip, without all of it in memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    at_once = min(times, MIB)
    return b"".join([*(packer.compress(text * at_once) for _number in range(times // at_once)), packer.flush()])


@lru_cache
def blanks():
    return repeated(b" ", 256 * MIB)


def endless(start, piece):
    def answer(asked):
        yield start
        while True:
            yield piece

    return answer


def packed(body):
    return http(body if body.startswith(b"\x1f\x8b") else repeated(body, 1), Content_Encoding="gzip")


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
# calls at once, answer, MiB, words of the error
BOMBS = {
    "256 MiB of blanks in gzip": (1, lambda: packed(blanks()), 80, "is larger than 16 MiB"),
    "8 at once": (8, lambda: packed(blanks()), 450, "is larger than 16 MiB"),
    "16 MiB of empty lists": (1, lambda: packed(b"[" + b"[]," * (5 * MIB) + b"0]"), 80, "has too many values"),
    "a million objects": (1, lambda: packed(b"[" + b"{}," * 499_000 + b"0]"), 120, "is not a JSON object"),
    "16 MiB of brackets": (1, lambda: packed(b"[" * (15 * MIB)), 80, "has too many values"),
    "one character of four bytes": (
        1,
        lambda: packed(b'["' + "\U0001f600".encode() + b"x" * (15 * MIB) + b'"]'),
        220,
        "is not a JSON object",
    ),
    "an error with 256 MiB in gzip": (1, lambda: http(blanks(), 500, Content_Encoding="gzip"), 30, "HTTP 500"),
    "a redirect with 256 MiB in gzip": (
        1,
        lambda: http(blanks(), 302, Content_Encoding="gzip", Location="/x"),
        30,
        "HTTP 302 redirects to /x",
    ),
    "a body without end": (1, lambda: endless(b"HTTP/1.1 200 OK\r\n\r\n", b" " * MIB), 80, "is larger than 16 MiB"),
    "an error without end": (1, lambda: endless(b"HTTP/1.1 500 No\r\n\r\n", b" " * MIB), 30, "HTTP 500"),
    "a line without end": (1, lambda: endless(b"HTTP/1.1 200 ", b"x" * MIB), 30, "no answer"),
    "headers without end": (1, lambda: endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * MIB), 30, "no answer"),
    "announcements without end": (1, lambda: endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 9999), 30, "larger"),
    "the size of a chunk without end": (1, lambda: endless(CHUNKED, b"0" * MIB), 30, "chunk size"),
    "trailers without end": (1, lambda: endless(CHUNKED + b"0\r\n", b"X: y\r\n" * 9999), 30, "is larger than 16"),
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("kind", BOMBS)
def test_memory(kind):
    calls, make, most_mib, words = BOMBS[kind]
    answer = make()
    with canned.serve(answer if callable(answer) else lambda asked: answer) as server:
        started = time.monotonic()
        process = subprocess.run(
            [sys.executable, "-c", ASK, server.url, str(calls)],
            cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        seconds = time.monotonic() - started
    assert process.returncode == 0, process.stderr
    said = json.loads(process.stdout)
    assert len(said["messages"]) == calls
    assert all(words in message for message in said["messages"]), said
    assert said["mib"] < most_mib
    evidence.record(
        "hostile server",
        case=f"memory: {kind}",
        outcome="refused",
        seconds=round(seconds, 2),
        peak_mib=round(said["mib"], 1),
    )
