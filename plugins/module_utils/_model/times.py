# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ages and times: how a user writes them, and how a message shows them. Times are epoch ms."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, Sequence

from .._errors import printable
from .plain import as_number

DAY_MS = 86400000
_UNITS_MS = {"s": 1000, "m": 60000, "h": 3600000, "d": DAY_MS, "w": 7 * DAY_MS}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# The two are in the JSON Schema of policies, too.
AGE_PATTERN = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([smhdw])"
TIME_PATTERN = (
    r"([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"(?:[Tt ]([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:[.,]([0-9]{1,9}))?)?"
    r" ?(?:[Zz]|([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?)?)?"
)
_AGO, _TIME = re.compile(AGE_PATTERN), re.compile(TIME_PATTERN)
# Below, a number of ms would lie before 1973. From 1973 on, a number of seconds has at least 8 digits.
SMALLEST_MS = 10**11
LARGEST_MS = 10**14
_SMALLEST_S = 10**8
# Characters of a time with a date, nanoseconds and an offset
_LONGEST_TIME = 40

_TIMES = "ISO 8601 (2026-11-01 or 2026-11-01T08:00:00+01:00) or epoch milliseconds."
TIME_FORMS = "Give " + _TIMES
AGE_OR_TIME_FORMS = "Give an age (30m, 12h, 7d, 2w), " + _TIMES


def is_age(value: Any) -> bool:
    return _AGO.fullmatch(str(value).strip()) is not None


def parse_time(value: Any, now_ms: int, ages: bool = True) -> int:
    """Return the epoch ms of an age before now, an ISO 8601 time (UTC unless it says otherwise) or epoch ms.

    Raises ValueError that says why the value is not a valid time. ages: whether that message names ages; a caller that
    accepts none asks is_age() first.
    """
    text = str(value).strip()
    shown = printable(text, 60)
    ago = _AGO.fullmatch(text)
    if ago:
        return now_ms - int(float(ago.group(1)) * _UNITS_MS[ago.group(2)])
    number = as_number(text)
    if number is not None:
        if SMALLEST_MS <= number < LARGEST_MS and number == int(number):
            return int(number)
        raise ValueError(f"{shown} {_why_no_ms(number, ages)}")
    time = _TIME.fullmatch(text)
    try:
        if time:
            return _ms_of(time.groups())
    except ValueError:  # no such day
        pass
    raise ValueError(f"{shown!r} is not a valid time")


def _why_no_ms(number: float, ages: bool) -> str:
    if number < 0:
        return "is not a valid time"
    if number < _SMALLEST_S:
        return "has no unit (s, m, h, d or w)" if ages else "is too small for epoch milliseconds"
    if number < SMALLEST_MS:
        return "may be epoch seconds; epoch milliseconds have three digits more"
    return "is too large for epoch milliseconds" if number >= LARGEST_MS else "is not a valid time"


def _ms_of(parts: Sequence[str | None]) -> int:
    """Return the epoch ms of the groups of TIME_PATTERN. Raises ValueError if there is no such day.

    Not by fromisoformat(), which reads more with each Python.
    """
    *calendar, fraction, sign, hours, minutes = parts
    year, month, day, hour, minute, second = (int(part or 0) for part in calendar)
    microsecond = int(((fraction or "") + "000000")[:6])
    moment = datetime(year, month, day, hour, minute, second, microsecond, timezone.utc)
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    # In whole numbers: timestamp() is short of a millisecond now and then.
    return (moment - _EPOCH + (offset if sign == "-" else -offset)) // timedelta(milliseconds=1)


def platform_time(value: Any, latest: bool = False) -> int | None:
    """Return the epoch ms of a time as a platform may show it; None if it is none of these forms.

    The forms are epoch ms, epoch seconds, both also as text, and ISO 8601 with a time of day, UTC unless it says
    otherwise. Smaller numbers, such as 0 for "never", are returned as they are. latest: whether a time in whole seconds
    is the last ms of its second, and not the first.
    """
    if isinstance(value, str):
        time = _TIME.fullmatch(value.strip()) if len(value) <= _LONGEST_TIME else None
        if time and time.group(4):
            try:
                return _ms_of(time.groups()) + (999 if latest and not time.group(7) else 0)
            except ValueError:  # no such day
                return None
    number = as_number(value)
    if number is None or not -LARGEST_MS < number < LARGEST_MS:
        return None
    if _SMALLEST_S <= number < SMALLEST_MS:
        return int(number * 1000) + (999 if latest and number == int(number) else 0)
    return int(number) if number == int(number) else None


def iso_time(ms: int) -> str:
    """Return a time as ISO 8601 in UTC, in whole seconds."""
    return datetime.fromtimestamp(ms // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def since_second(modified_ms: int) -> int:
    """Return the first ms of the second of a change, if its time may be one in whole seconds: see normalise()."""
    return modified_ms - 999 if modified_ms % 1000 == 999 else modified_ms


def format_time(ms: int) -> str:
    """Return a time as text in UTC."""
    try:
        return datetime.fromtimestamp(ms / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return "no time"
