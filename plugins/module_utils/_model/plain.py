# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as YAML, Jinja and Ansible hand them over, in Python's own types."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Callable

# The numbers of YAML 1.2 (10.3.2), which editors read, but for infinity and NaN
_HEX, _OCTAL = re.compile(r"0x[0-9a-fA-F]+"), re.compile(r"0o[0-7]+")
_WHOLE = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
# int() rejects thousands of digits, and no option needs hundreds.
_LONGEST_NUMBER = 100


def untagged(text: str) -> str:
    """Return a text as a str and no subclass of it: str(text) may be of the subclass again."""
    return str.__str__(text)


def plain(value: Any, text: Callable[[str], str] = untagged) -> Any:
    """Return a value in dicts, lists, str, int, float, bool and None only.

    Ansible hands out subclasses that carry tags or are filled on demand, and YAML makes dates of texts: these are
    returned as ISO 8601. Keys become texts. text: is applied to each text, and to each key.
    """
    # Python's own types are most of all, and the general checks below are slow.
    kind = type(value)
    if kind is str:
        return text(value)
    if kind is dict:
        return {text(str(key)): plain(item, text) for key, item in value.items()}
    if kind is list:
        return [plain(item, text) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {text(str(key)): plain(item, text) for key, item in value.items()}
    if isinstance(value, Sequence) and not _is_text(value):
        return [plain(item, text) for item in value]
    if isinstance(value, date):
        return text(value.isoformat())
    return text(value if isinstance(value, str) else str(value))


def _is_text(value: Any) -> bool:
    # What ansible-core 2.18 makes of !vault is a sequence, and no str.
    return isinstance(value, (str, bytes)) or hasattr(value, "casefold")


def as_number(value: Any) -> int | float | None:
    """Return the number that a text spells as YAML 1.2 does, or that a number is. None for all else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        found: int | float = plain(value)
        return found
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return None
    text = untagged(value).strip()
    for pattern, base in ((_WHOLE, 10), (_HEX, 16), (_OCTAL, 8)):
        if pattern.fullmatch(text):
            return int(text, base)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if abs(number) != float("inf") else None
    return None


def as_whole(value: Any) -> int | None:
    """Return as_number() if that is a whole one, such as 3 or 3.0."""
    number = as_number(value)
    if isinstance(number, float):
        return int(number) if number.is_integer() else None
    return number
