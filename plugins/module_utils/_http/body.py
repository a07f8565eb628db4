# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the bytes of an answer to JSON, within limits far above every answer of the platform."""

from __future__ import annotations

import json
import math
import zlib
from typing import Any, Iterable, Iterator

# Objects and lists within each other. Ansible and this collection walk through results by recursion.
MAX_DEPTH = 100
# Values in an answer. A page of 500 cases has 20,000; each takes up to 30 times the memory of its bytes.
MAX_VALUES = 1_000_000
# Longer numbers don't fit into a float, and thousands of digits take Python long.
_MAX_DIGITS = 300
_DIGITS_AS_0 = bytes.maketrans(b"123456789", b"0" * 9)
_NESTING = frozenset((dict, list))
# Known Content-Encodings that were not requested. An unknown one may be any text, even a secret.
_CODINGS = frozenset(("br", "compress", "dcb", "dcz", "deflate", "gzip", "identity", "x-compress", "x-gzip", "zstd"))
_PIECE_BYTES = 64 * 1024
# Prefixes of field names that Ansible reserves, at any depth of a result
_ANSIBLES_OWN = ("_ansible_", "__ansible_")


def decompressed(pieces: Iterable[bytes], encoding: str, most_bytes: int) -> bytes:
    """Return the first bytes of a body, decompressed if its Content-Encoding is gzip.

    most_bytes: no more of it is decompressed. Raises ValueError with what is wrong with the answer.
    """
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        is_known = _CODINGS.issuperset(name.strip() for name in encoding.split(",")) and len(encoding) <= 60
        coding = f"the Content-Encoding {encoding}, which" if is_known else "a Content-Encoding that"
        raise ValueError(f"has {coding} was not requested")
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in encoding else None
    content = bytearray()
    has_data = False
    try:
        for piece in pieces:
            has_data = True
            # At least 1, since 0 means no limit.
            content += decompressor.decompress(piece, most_bytes - len(content)) if decompressor else piece
            if len(content) >= most_bytes:
                return bytes(content[:most_bytes])
    except zlib.error:
        raise ValueError("can't be decompressed") from None
    if decompressor and has_data and (not decompressor.eof or decompressor.unused_data):
        raise ValueError("can't be decompressed")
    return bytes(content)


def loads(content: bytes) -> Any:
    """Return the value of JSON, in a form that Ansible can print. Raises ValueError with what is wrong with it.

    Half of a surrogate pair or a NaN would end the task without a result. Rare values are searched for in the bytes,
    since a function call for each number or object would take longer than all the rest.
    """
    # The contents of strings are excluded only where it matters, since that takes longer.
    if _values(content) > MAX_VALUES and sum(map(_values, _outside_strings(content))) > MAX_VALUES:
        raise ValueError("has too many values")
    has_long_number = b"0" * _MAX_DIGITS in content.translate(_DIGITS_AS_0)
    has_escapes = b"\\u" in content
    try:
        answer = json.loads(
            # RFC 8259, 8.1: JSON is in UTF-8 and no other encoding, and a byte-order mark before it may be ignored.
            content.decode("utf-8-sig", "replace"),
            parse_constant=lambda name: None,
            parse_int=_whole_number if has_long_number else None,
            parse_float=_number,
            object_hook=_escape_reserved_keys if has_escapes or b"_ansible_" in content else None,
        )
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError:
        raise ValueError("is not JSON") from None
    if type(answer) in _NESTING and _exceeds_depth(answer):
        raise ValueError("is nested too deeply")
    if has_escapes and b"\\ud" in content.lower():
        answer = json.loads(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))
    return answer


def _values(content: bytes) -> int:
    """Return an upper bound of the number of values in JSON."""
    return sum(map(content.count, (b",", b"[", b"{")))


def _outside_strings(content: bytes) -> Iterator[bytes]:
    """Yield JSON without the contents of its strings, in pieces: splitting all of it at once takes a lot of memory."""
    unescaped = content.replace(b"\\\\", b"").replace(b'\\"', b"")
    inside = False
    for start in range(0, len(unescaped), _PIECE_BYTES):
        parts = unescaped[start : start + _PIECE_BYTES].split(b'"')
        yield b"".join(parts[inside::2])
        inside ^= len(parts) % 2 == 0


def _whole_number(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MAX_DIGITS else None


def _number(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _escape_reserved_keys(record: dict[str, Any]) -> dict[str, Any]:
    """Rename fields that Ansible would drop from a result, or treat as its own."""
    if any(name.startswith(_ANSIBLES_OWN) for name in record):
        return {f"stellar{name}" if name.startswith(_ANSIBLES_OWN) else name: value for name, value in record.items()}
    return record


def _exceeds_depth(answer: Any) -> bool:
    level = [answer]
    for _depth in range(MAX_DEPTH):
        level = [
            part
            for whole in level
            for part in (whole.values() if isinstance(whole, dict) else whole)
            if type(part) in _NESTING
        ]
        if not level:
            return False
    return True
