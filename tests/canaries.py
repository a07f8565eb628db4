# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys and tokens of a simulator, searched for in all that a run leaves behind."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Iterable

from tests import evidence
from tests.simulator.process import Simulator

# Any JWT: the scoped key, and every token that the simulator issues.
JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}")

# In an output a text of JSON may be one within a text of JSON.
ESCAPED = re.compile(r"\\+u00([0-9a-f]{2})|%([0-9a-f]{2})|&#(\d{2,3});", re.IGNORECASE)


def unescaped(text: str) -> str:
    """A text with what JSON, URLs or HTML made of its characters undone."""
    return ESCAPED.sub(lambda found: chr(int(found[3] or "0") or int(found[1] or found[2], 16)), text)


def spellings(secret: str) -> set[str]:
    """A secret as it is and in other dress: Base64 at each offset in a longer text, URL-encoded, hexadecimal, JSON."""
    raw = secret.encode()
    found = {secret, raw.hex(), json.dumps(secret)[1:-1]}
    found |= {urllib.parse.quote(secret), urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)}
    for offset in range(3):
        for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * offset + raw).decode().rstrip("=")
            # The characters at either end also depend on what stands beside the secret.
            found.add(text[(0, 2, 3)[offset] : len(text) - 1])
    return found


def of(simulator: Simulator) -> list[str]:
    """What must appear nowhere: both keys, the pair that Basic sends, and each token issued since the last reset."""
    pair = base64.b64encode(f"{simulator.username}:{simulator.api_key}".encode()).decode()
    return [simulator.api_key, simulator.scoped_key, pair, *simulator.tokens()]


def assert_none(secrets: Iterable[str], *texts: str, where: str = "output") -> None:
    """Search texts for each secret in each spelling, and for any JWT. where: what the texts are, for the record."""
    secrets = list(secrets)
    wanted = {spelling for secret in secrets for spelling in spellings(secret)}
    leaked = [
        (found, text)
        for each in texts
        for text in dict.fromkeys((each, unescaped(each)))
        for found in [*(spelling for spelling in wanted if spelling in text), *JWT.findall(text)]
    ]
    searched = {"texts": len(texts), "characters": sum(map(len, texts)), "found": len(leaked)}
    evidence.record("canaries", where=where, secrets=len(secrets), spellings=len(wanted), **searched)
    for found, text in leaked:
        raise AssertionError(f"a secret is in {where}, after {text.partition(found)[0][-200:]!r}")


def assert_no_part(secrets: Iterable[str], *texts: str, length: int = 12) -> None:
    """Search texts for so many characters in a row of any secret, as of one that was cut."""
    parts = {secret[start : start + length] for secret in secrets for start in range(len(secret) - length + 1)}
    for each in texts:
        for text in dict.fromkeys((each, unescaped(each))):
            found = {text[start : start + length] for start in range(len(text) - length + 1)} & parts
            assert not found, f"{found} is in {text[:2000]!r}"
