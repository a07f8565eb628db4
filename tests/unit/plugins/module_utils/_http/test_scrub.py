# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret is left in a text, however it is spelled there, and nothing else is taken away."""

from __future__ import annotations

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.scrub import MASK, hidden, spellings

KEY = 'canary/key+"47\\11"&end'
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiIwMTIzNDU2Nzg5In0.c2lnbmF0dXJlLW9mLWl0"


def escaped(text):
    return "".join(f"\\u{ord(char):04x}" for char in text)


def percent(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


def entities(text):
    return "".join(f"&#{ord(char)};" for char in text)


# Each is what a server does with a text that it puts into its answer.
SPELLINGS = {
    "as it is": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, slashes escaped": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON, each character escaped": escaped,
    "JSON, in capitals": lambda text: escaped(text).upper().replace("\\U", "\\u"),
    "JSON, the first character escaped": lambda text: escaped(text[0]) + json.dumps(text[1:])[1:-1],
    "URL": quote,
    "URL, slashes too": lambda text: quote(text, safe=""),
    "URL, in small letters": lambda text: percent(text).lower(),
    "URL, each byte": percent,
    "form": quote_plus,
    "HTML": html.escape,
    "HTML, by numbers": entities,
    "HTML, in hexadecimal": lambda text: "".join(f"&#x{ord(char):X};" for char in text),
    "Python": lambda text: repr(text)[1:-1],
    "bytes in Python": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
}
PACKED = {
    "hexadecimal": lambda raw: raw.hex(),
    "hexadecimal, in capitals": lambda raw: raw.hex().upper(),
    **{
        f"{encode.__name__} after {offset} bytes": lambda raw, encode=encode, offset=offset: encode(
            b"x" * offset + raw + b"y"
        ).decode()
        for encode in (base64.standard_b64encode, base64.urlsafe_b64encode)
        for offset in range(4)
    },
}


@pytest.mark.parametrize("outer", SPELLINGS)
@pytest.mark.parametrize("inner", SPELLINGS)
@pytest.mark.parametrize("secret", [KEY, JWT], ids=["key", "token"])
def test_a_secret_in_a_text_within_a_text(secret, inner, outer):
    spelled = SPELLINGS[outer](SPELLINGS[inner](secret))
    assert hidden(f"you sent {spelled}, why?", spellings(secret)) == f"you sent {MASK}, why?"


@pytest.mark.parametrize("outer", SPELLINGS)
@pytest.mark.parametrize("inner", PACKED)
@pytest.mark.parametrize("secret", [KEY, JWT, "k\u00e9y-of-nobody"], ids=["key", "token", "not ASCII"])
def test_a_secret_in_a_text_that_was_packed(secret, inner, outer):
    spelled = SPELLINGS[outer](PACKED[inner](secret.encode()))
    shown = hidden(f"you sent {spelled}, why?", spellings(secret))
    assert MASK in shown
    # The characters at either end are also those of what stands beside the secret.
    left = shown.replace("you sent ", "").replace(", why?", "").replace(MASK, "")
    assert len(left) <= 10 * 6


@pytest.mark.parametrize("secret", ["k\u00e9y-of-nobody", "100%41sure-of-it/x"])
@pytest.mark.parametrize("spelling", ["as it is", "JSON", "JSON, slashes escaped", "URL", "URL, each byte", "HTML"])
def test_a_secret_of_odd_characters(secret, spelling):
    assert hidden(f"<{SPELLINGS[spelling](secret)}>", spellings(secret)) == f"<{MASK}>"


def test_a_secret_with_a_byte_that_is_no_text():
    """As os.environ has it."""
    assert hidden("<key-of-%FF-nobody>", spellings("key-of-\udcff-nobody")) == f"<{MASK}>"


def test_a_secret_with_the_last_character():
    assert hidden("<key-of-&#x10ffff;-nobody>", spellings("key-of-\U0010ffff-nobody")) == f"<{MASK}>"


def test_an_escape_of_no_character_hides_no_more_than_the_secret_after_it():
    text = "<&#x10ffff; &#x110000; &#9999999; {}>"
    assert hidden(text.format(escaped(KEY)), spellings(KEY)) == text.format(MASK)


@pytest.mark.parametrize("offset", range(3))
def test_all_of_base64_that_depends_on_the_secret_alone(offset):
    for last in range(33, 127):
        raw = f"canary-key-4711{chr(last)}".encode()
        one, other = (
            base64.b64encode(beside * offset + raw + beside * 3).decode().rstrip("=") for beside in (b"\0", b"\xff")
        )
        # But for the last character, which may depend on what comes after it.
        same = one[next(at for at in range(4) if one[at:][:8] == other[at:][:8]) : 8 * (offset + len(raw)) // 6]
        found = max((spelling for spelling in spellings(raw.decode()) if spelling in one), key=len)
        assert found in (same, same[:-1])


@given(
    secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=16, max_size=60),
    ways=st.lists(st.sampled_from(sorted(SPELLINGS)), max_size=3),
)
def test_any_secret_within_texts_within_texts(secret, ways):
    spelled = secret
    for way in ways:
        spelled = SPELLINGS[way](spelled)
    # A character beside it may be hidden with it, and a part of the last escape may be left: less than a secret has.
    shown = hidden(f"< {spelled} >", spellings(secret)).strip("<> ")
    assert MASK in shown
    assert len(shown) < len(MASK) + 12


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", [KEY, JWT], ids=["key", "token"])
def test_a_secret_at_the_end_that_was_cut_off(secret, spelling):
    spelled = SPELLINGS[spelling](secret)
    for length in range(1, len(spelled)):
        shown = hidden(f"({spelled[:length]}", spellings(secret), is_cut=True)
        # The half of an escape says nothing.
        assert shown.startswith((f"({MASK}", "(\\", "(%", "(&")), (length, shown)
        assert len(shown) <= len(MASK) + 7, (length, shown)


@pytest.mark.parametrize(("is_cut", "shown"), [(False, "it fails at can"), (True, f"it fails at {MASK}")])
def test_an_end_that_looks_like_a_beginning(is_cut, shown):
    assert hidden("it fails at can", spellings("canary-key-4711"), is_cut) == shown
    assert hidden("it fails at canary-k", spellings("canary-key-4711"), is_cut) == f"it fails at {MASK}"
    assert hidden("canary-k canary-x", spellings("canary-key-4711"), is_cut) == "canary-k canary-x"
    assert hidden("canary-k x", spellings("canary-key-4711"), is_cut) == "canary-k x"
    assert hidden("canary-k", spellings("canary-key-4711"), is_cut) == MASK


def test_an_end_is_not_taken_for_cut_off_if_nobody_says_so():
    assert hidden("it fails at can", spellings("canary-key-4711")) == "it fails at can"


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        # Each has its first eight characters at several places, and only the second one is where it begins.
        ("abcdefghabcdefgh" + "XYZ" * 5, "abcdefgh-abcdefghabcdefghX", f"abcdefgh-{MASK}"),
        ("a" * 9 + "b" + "c" * 10, "a" * 10 + "b", f"a{MASK}"),
    ],
)
def test_where_a_secret_begins_that_is_cut_off(secret, text, shown):
    assert hidden(text, spellings(secret)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # Nobody registered them.
        (f"token {JWT}.", f"token {MASK}."),
        (f'{{"access_token": "{escaped(JWT)}"}}', f'{{"access_token": "{MASK}"}}'),
        (f"token {JWT[:30]}", f"token {MASK}"),
        (f"token {percent(JWT[:30])}", f"token {MASK}"),
        # what is none
        ("eyJ", "eyJ"),
        ("eyJ.eyJ.eyJ", "eyJ.eyJ.eyJ"),
        ("100% of 5 &amp; \\u00e9 \\ %zz &#99999999;", "100% of 5 &amp; \\u00e9 \\ %zz &#99999999;"),
        ("", ""),
    ],
)
def test_without_secrets(text, shown):
    assert hidden(text, ()) == shown


@pytest.mark.parametrize(
    ("secrets", "text", "shown"),
    [
        (["aaaa-zzzz-bbbb", "zzzz"], "<aaaa-zzzz-bbbb> <zzzz>", f"<{MASK}> <{MASK}>"),
        (["abcdefgh", "efghijkl"], "<abcdefghijkl>", f"<{MASK}>"),
        (["abcdefgh"], "<abcdefghabcdefgh>", f"<{MASK}>"),
        (["abcdefgh"], "abcdefgh, abcdefgh", f"{MASK}, {MASK}"),
        (["abcdefgh"], "abcdefgh, abcdefgh, abcdefgh", f"{MASK}, {MASK}, {MASK}"),
        (["abcdefgh", "ijklmnop"], "abcdefgh then ijklmnop", f"{MASK} then {MASK}"),
        # A short one is hidden as it is, and not wherever one of its other spellings may stand by chance.
        (["p@s"], "<p@s> <cEBz> <704073>", f"<{MASK}> <cEBz> <704073>"),
        (["p@ss"], "<70407373>", f"<{MASK}>"),
        (["%41"], "ABC %41", f"ABC {MASK}"),
        ([""], "abc", "abc"),
    ],
)
def test_which_secrets(secrets, text, shown):
    assert hidden(text, {spelling for secret in secrets for spelling in spellings(secret)}) == shown


@pytest.mark.parametrize(
    "text", ["x" * 65536, "\\u0065" * 11000, "%25" * 21000, "\\" * 65536, "&" * 65536, "eyJ" * 21000]
)
def test_a_text_that_is_made_to_take_long(text):
    started = time.process_time()
    hidden(text, spellings("x" * 2000) | spellings("eyJ" * 500) | spellings(KEY), is_cut=True)
    assert time.process_time() - started < 2
