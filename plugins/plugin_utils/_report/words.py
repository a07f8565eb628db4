# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers, times and long texts of a report, in words."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

NONE = "(none)"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def text_of(value: Any) -> str:
    """Return a text as it is, and other values as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, as in 1 case and 2 cases."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def short(text: str, length: int) -> str:
    """Return a text of this length at most."""
    return text if len(text) <= length else text[: length - 1] + "…"


def read_time(value: Any) -> datetime | None:
    """Read a time of the report (ISO 8601) or of a case (milliseconds since 1970)."""
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(value.replace("Z", "+00:00"))
            return time.astimezone(timezone.utc) if time.tzinfo else time.replace(tzinfo=timezone.utc)
        if value and isinstance(value, (int, float)):
            return EPOCH + timedelta(milliseconds=value)
    except (OverflowError, ValueError):
        pass
    return None


def moment(value: Any) -> str:
    """Return a time for readers. Other values stay unchanged."""
    time = read_time(value)
    return f"{time.isoformat(' ', 'minutes')[:16]} UTC" if time else text_of(value)


def iso(value: Any) -> str:
    """Return a time for programs (ISO 8601, UTC), or ''."""
    time = read_time(value)
    return f"{time.isoformat(timespec='seconds')[:19]}Z" if time else ""
