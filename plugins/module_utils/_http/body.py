# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the bytes of an answer to JSON, within limits that no answer of the platform meets.

Pure: imports nothing that does I/O and nothing of Ansible.
"""

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
# Ways to pack that nobody asked for. A name that is none of them may be any text, a secret for one.
_PACKINGS = frozenset(("br", "compress", "dcb", "dcz", "deflate", "gzip", "identity", "x-compress", "x-gzip", "zstd"))
_PIECE_BYTES = 64 * 1024
# How names of fields begin that Ansible keeps for itself, at any depth of a result
_ANSIBLES_OWN = ("_ansible_", "__ansible_")


def decompressed(pieces: Iterable[bytes], encoding: str, most_bytes: int) -> bytes:
    """A body of a Content-Encoding, which is gzip or none. No more of it is decompressed than so many bytes.

    Raises ValueError, which says what is wrong with the answer.
    """
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        is_known = _PACKINGS.issuperset(name.strip() for name in encoding.split(",")) and len(encoding) <= 60
        raise ValueError(f"is packed {'as ' + encoding if is_known else 'in a way'} that was not asked for")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in encoding else None
    content = bytearray()
    came = False
    try:
        for piece in pieces:
            came = True
            # At least 1, since 0 stands for no limit.
            content += unpacker.decompress(piece, most_bytes - len(content)) if unpacker else piece
            if len(content) >= most_bytes:
                return bytes(content[:most_bytes])
    except zlib.error:
        raise ValueError("can't be decompressed") from None
    if unpacker and came and (not unpacker.eof or unpacker.unused_data):
        raise ValueError("can't be decompressed")
    return bytes(content)


def loads(content: bytes) -> Any:
    """JSON that Ansible can print, and Python calculate with. Raises ValueError, which says what is wrong with it.

    A half of a surrogate pair or a NaN would end the task without a result. What is rare is looked for in the bytes,
    since a function for each number or object takes longer than all of the rest.
    """
    # What stands in strings is left out where it matters only, as that takes longer.
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
    """How many values JSON holds, at most."""
    return sum(map(content.count, (b",", b"[", b"{")))


def _outside_strings(content: bytes) -> Iterator[bytes]:
    """What of JSON stands in no string. In pieces, since to split all of it at once takes a lot of memory."""
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
    """Give fields that Ansible would drop from a result, or take for its own, a name that means nothing to it."""
    if any(name.startswith(_ANSIBLES_OWN) for name in record):
        return {f"stellar{name}" if name.startswith(_ANSIBLES_OWN) else name: held for name, held in record.items()}
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
