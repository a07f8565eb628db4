# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times of options and of messages."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.times import (
    DAY_MS,
    LARGEST_MS,
    SMALLEST_MS,
    format_time,
    parse_time,
    platform_time,
    since_second,
)

NOW = 1_700_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (str(10**11), 10**11),
        (str(10**14 - 1), 10**14 - 1),
        ("30m", NOW - 30 * 60_000),
        ("12h", NOW - 12 * 3_600_000),
        ("7d", NOW - 7 * DAY_MS),
        ("1.5 d", NOW - 3 * DAY_MS // 2),
        ("2w", NOW - 14 * DAY_MS),
        ("0s", NOW),
        (1660835991789, 1660835991789),
        (" 1660835991789 ", 1660835991789),
        ("2023-11-14", 1699920000000),
        ("2023-11-14T22:13:20Z", NOW),
        ("2023-11-14T22:13:20z", NOW),
        ("2023-11-14T22:13:20.000500Z", NOW),
        ("2023-11-14 22:13:20", NOW),
        ("2023-11-14T23:13:20+01:00", NOW),
        ("2023-11-14T23:13:20+0100", NOW),
        ("2023-11-14t23:13:20,0004+01", NOW),
        ("2023-11-14T17:43:20-04:30", NOW),
        ("2023-11-14 22:13", NOW - 20_000),
        # what YAML makes of them
        (date(2023, 11, 14), 1699920000000),
        (datetime(2023, 11, 14, 22, 13, 20), NOW),
        (datetime(2023, 11, 14, 23, 13, 20, tzinfo=timezone(timedelta(hours=1))), NOW),
        (1660835991789.0, 1660835991789),
        ("1660835991789.0", 1660835991789),
        ("+1.660835991789e12", 1660835991789),
    ],
)
def test_times(text, expected):
    assert parse_time(text, NOW) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "7",
        "7x",
        "-7d",
        "1660835991",
        "1" * 30,
        "2023-13-01",
        "7d 2h",
        "now",
        # What some Pythons read, and others don't
        "20261101",
        "20261101T080000",
        "2026-W45-1",
        "2026-11-01x08:00",
        "2026-11-01T08",
        "2026-11-01T24:00",
        "2026-02-30",
        "0000-01-01",
        "1660835991789.5",
        "-1660835991789",
        "1_660_835_991_789",
        "\u0661d",
        "9" * 11,
        "1" + "0" * 14,
    ],
)
def test_no_times(text):
    with pytest.raises(ValueError, match=r"is not a valid time|has no unit|may be epoch seconds|is too large"):
        parse_time(text, NOW)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("now", "'now' is not a valid time"),
        ("x" * 61, f"'{'x' * 60}...' is not a valid time"),
        ("0", "0 has no unit (s, m, h, d or w)"),
        ("30", "30 has no unit (s, m, h, d or w)"),
        (1.5, "1.5 has no unit (s, m, h, d or w)"),
        ("99999999", "99999999 has no unit (s, m, h, d or w)"),
        ("100000000", "100000000 may be epoch seconds; epoch milliseconds have three digits more"),
        ("1660835991", "1660835991 may be epoch seconds; epoch milliseconds have three digits more"),
        (1660835991.5, "1660835991.5 may be epoch seconds; epoch milliseconds have three digits more"),
        (str(10**11 - 1), "99999999999 may be epoch seconds; epoch milliseconds have three digits more"),
        (str(10**14), "100000000000000 is too large for epoch milliseconds"),
        (1660835991789.5, "1660835991789.5 is not a valid time"),
        ("-7", "-7 is not a valid time"),
        ("9" * 5000, f"'{'9' * 60}...' is not a valid time"),
    ],
)
def test_why_it_is_no_time(text, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_time(text, NOW)


def test_a_time_that_is_no_age_has_no_unit():
    with pytest.raises(ValueError, match=r"^30 is too small for epoch milliseconds$"):
        parse_time("30", NOW, ages=False)


@given(st.integers(min_value=10**11, max_value=10**14 - 1))
def test_milliseconds_are_taken_as_they_are(moment):
    assert parse_time(str(moment), NOW) == moment


@pytest.mark.parametrize(("ms", "text"), [(NOW, "2023-11-14 22:13:20 UTC"), (10**30, "no time")])
def test_times_for_people(ms, text):
    assert format_time(ms) == text


MS = 1_660_835_991_789
SECOND = 1_660_835_991_000
# As a platform shows a time; in ms; in ms as the last one that it may mean
SHOWN = [
    (MS, MS, MS),
    (str(MS), MS, MS),
    (SECOND // 1000, SECOND, SECOND + 999),
    (f" {SECOND // 1000} ", SECOND, SECOND + 999),
    (1_660_835_991.5, SECOND + 500, SECOND + 500),
    ("2022-08-18T15:19:51Z", SECOND, SECOND + 999),
    ("2022-08-18T17:19:51+02:00", SECOND, SECOND + 999),
    ("2022-08-18 15:19:51.789", MS, MS),
    (" 2022-08-18T15:19:51.789Z ", MS, MS),
    ("2022-08-18T15:19:51.789000000Z" + 10 * " ", MS, MS),
    ("2022-08-18T15:19:51.789000000Z" + 11 * " ", None, None),
    ("2022-08-18", None, None),
    ("2022-02-30T15:19:51Z", None, None),
    (10**8 - 1, 10**8 - 1, 10**8 - 1),
    (10**8, 10**11, 10**11 + 999),
    (SMALLEST_MS - 1, (SMALLEST_MS - 1) * 1000, (SMALLEST_MS - 1) * 1000 + 999),
    (SMALLEST_MS, SMALLEST_MS, SMALLEST_MS),
    (LARGEST_MS - 1, LARGEST_MS - 1, LARGEST_MS - 1),
    (LARGEST_MS, None, None),
    (1 - LARGEST_MS, 1 - LARGEST_MS, 1 - LARGEST_MS),
    (-LARGEST_MS, None, None),
    (0, 0, 0),
    ("0", 0, 0),
    (0.5, None, None),
    (MS + 0.5, None, None),
    ("", None, None),
    ("yesterday", None, None),
    (True, None, None),
    (None, None, None),
    ({}, None, None),
]


@pytest.mark.parametrize(("shown", "ms", "latest"), SHOWN)
def test_a_time_in_each_form_in_which_a_platform_may_show_it(shown, ms, latest):
    assert platform_time(shown) == ms
    assert platform_time(shown, latest=True) == latest


def test_the_second_of_a_change_whose_time_may_be_one_in_whole_seconds():
    assert [since_second(ms) for ms in (1999, 1998, 2000, 999)] == [1000, 1998, 2000, 0]
