# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Masking of secrets in a text of the platform, in whatever encoding it repeats them."""

from __future__ import annotations

import base64
import re
from typing import Iterable, Sequence

MASK = "********"

# The escapes of JSON and Python, URLs, and HTML. In nested texts backslashes are doubled.
_ESCAPE = re.compile(
    r"\\+u([0-9a-f]{4})|\\+x([0-9a-f]{2})|%([0-9a-f]{2})|&#x([0-9a-f]{1,6});"
    r"|&#([0-9]{1,7});|&(amp|lt|gt|quot|apos);|\\+([/\"'\\])",
    re.IGNORECASE,
)
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
# The half of an escape, or of a character in UTF-8, at the end of a text that was cut
_HALF = re.compile(r"(?:\\+(?:u[0-9a-f]{0,3}|x[0-9a-f]?)?|%[0-9a-f]?|&[#0-9a-z]{0,8}|\ufffd)\Z", re.IGNORECASE)
# Texts within texts: a server that escapes what another one had escaped
_LEVELS = 5
# A token or scoped key, or its beginning: one that was never registered, as of another account, is a secret too.
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)*")
# A shorter spelling of a secret would mask unrelated text.
_SHORTEST = 8


def spellings(secret: str) -> frozenset[str]:
    """Return the texts to search for, besides escaped characters: a secret as it is, in Base64 and in hexadecimal."""
    raw = secret.encode("utf-8", "surrogateescape")
    # A byte of it may be escaped by itself, as in URLs.
    found = {raw.decode("latin-1"), raw.hex(), raw.hex().upper()}
    text = secret
    for _level in range(_LEVELS):
        text, _at = _unescaped(text, range(len(text)))
        found.add(text)
    for offset in range(3):
        for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
            packed = encode(b"\0" * offset + raw).decode().rstrip("=")
            # The characters at either end also depend on the text around the secret.
            found.add(packed[(0, 2, 3)[offset] : len(packed) - 1])
    return frozenset({secret, *(spelling for spelling in found if len(spelling) >= _SHORTEST)} - {""})


def hidden(text: str, wanted: Iterable[str], is_cut: bool = False) -> str:
    """Return a text with its secrets masked. wanted: their spellings(). is_cut: whether its end was cut off."""
    spans: list[tuple[int, int]] = []
    wanted = list(wanted)
    # If an answer broke off by itself, its last characters look like those of a secret only by chance.
    shortest = 1 if is_cut else _SHORTEST
    level, at = text, range(len(text) + 1)  # type: tuple[str, Sequence[int]]
    for _level in range(_LEVELS):
        level = _HALF.sub("", level)
        for spelling in wanted:
            start = level.find(spelling)
            while start >= 0:
                spans.append((at[start], at[start + len(spelling)]))
                start = level.find(spelling, start + len(spelling))
            begins = _begins(level, spelling, shortest)
            if begins >= 0:
                spans.append((at[begins], len(text)))
        spans += [(at[found.start()], at[found.end()]) for found in _JWT.finditer(level)]
        before = level
        level, at = _unescaped(level, at)
        if level == before:
            break
    return _masked(text, spans)


def _begins(text: str, secret: str, shortest: int) -> int:
    """Return the start of a secret that continues beyond the end of a text; -1 if there is none."""
    start = text.find(secret[:shortest], max(0, len(text) - len(secret)))
    while start >= 0 and not secret.startswith(text[start:]):
        start = text.find(secret[:shortest], start + 1)
    return start


def _unescaped(text: str, at: Sequence[int]) -> tuple[str, Sequence[int]]:
    """Return a text with its escapes decoded. at: the position of each character in the original text."""
    pieces: list[str] = []
    places: list[int] = []
    end = 0
    for found in _ESCAPE.finditer(text):
        start = found.start()
        pieces += (text[end:start], _character(found))
        places += (*at[end:start], at[start])
        end = found.end()
    return "".join([*pieces, text[end:]]), [*places, *at[end:]]


def _character(escape: re.Match[str]) -> str:
    four, two, percent, hexadecimal, decimal, entity, itself = escape.groups()
    if itself:
        return itself
    if entity:
        return _ENTITIES[entity.lower()]
    code = int(decimal) if decimal else int(four or two or percent or hexadecimal, 16)
    return chr(code) if code <= 0x10FFFF else "?"


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        # Else the rest of a secret that contains another would be shown.
        if start > end or not pieces:
            pieces += (text[end:start], MASK)
        end = max(end, stop)
    return "".join([*pieces, text[end:]])
