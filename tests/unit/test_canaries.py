# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The search for keys and tokens finds what there is: one that finds nothing would make every test of secrets pass."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from tests import canaries, evidence

KEY = 'canary /key+"4711"\\end'
RAW = KEY.encode()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """What is planted here is no evidence."""
    monkeypatch.setenv(evidence.WHOLE, "yes")
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)


@pytest.mark.parametrize(
    "planted",
    [
        KEY,
        quote(KEY),
        quote(KEY, safe=""),
        quote_plus(KEY),
        json.dumps({"key": KEY}),
        RAW.hex(),
        "".join(f"\\u{byte:04x}" for byte in RAW),
        "".join(f"\\\\u{byte:04X}" for byte in RAW),
        "".join(f"%{byte:02x}" for byte in RAW),
        "".join(f"&#{byte};" for byte in RAW),
        *[
            encode(b"x" * before + RAW + b"y" * after).decode()
            for encode in (base64.b64encode, base64.urlsafe_b64encode)
            for before in range(4)
            for after in range(4)
        ],
        # a token that nobody registered
        "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3MzAwMDAwMDB9.c2lnbmF0dXJlIQ",
    ],
)
def test_what_is_planted_is_found(planted):
    with pytest.raises(AssertionError, match="a secret is in a log, after 'some text: "):
        canaries.assert_none([KEY], "clean", f"some text: {planted}, more text", where="a log")
    (fact,) = evidence.read()
    assert (fact["where"], fact["texts"], fact["found"] > 0) == ("a log", 2, True)


def test_half_a_key_and_other_texts_are_none():
    canaries.assert_none([KEY], KEY[:-1], KEY[1:], base64.b64encode(RAW[:12]).decode(), "", "eyJ.eyJ.eyJ")
    (fact,) = evidence.read()
    assert (fact["texts"], fact["found"]) == (5, 0)


@pytest.mark.parametrize("text", [KEY[:12], f"x{KEY[5:17]}x", "".join(f"\\u{byte:04x}" for byte in RAW[:12])])
def test_a_part_of_a_secret_is_found(text):
    canaries.assert_no_part([KEY], "clean", KEY[:11], "")
    with pytest.raises(AssertionError):
        canaries.assert_no_part([KEY], "clean", text)
