# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times and ages of any kind, and text that is neither; and limits, which are as short a text."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import guard_time
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.values import time_option
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.max_changes import ChangeLimit
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.times import format_time, is_age, parse_time

NOW = 1_700_000_000_000
DAY_S = 86400
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": DAY_S, "w": 7 * DAY_S}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

units = st.sampled_from(sorted(SECONDS))
offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# A day from the ends of the calendar, which an offset may pass.
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))
blanks = st.sampled_from(["", " ", "\t", "\n "])
# Nearly times, so that what is wrong is found out late.
almost = st.text("0123456789-:T.Z+ smhdw%eE_", max_size=30)
far_too_long = (almost | st.text("0123456789")).map(lambda text: text * 500)
like_times = st.from_regex(r"\s*\d+\s*[smhdw]\s*") | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d\S*")
anything = st.text(st.characters()) | almost | far_too_long | like_times


def ms_since_epoch(moment):
    """By whole numbers."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


@contextmanager
def local_zone(name):
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


@given(moments, offsets)
def test_a_time_with_an_offset_is_that_moment(moment, offset):
    moment = moment.replace(microsecond=0, tzinfo=offset)
    assert parse_time(moment.isoformat(), NOW) == ms_since_epoch(moment)


@given(moments, st.sampled_from(["", "Z", "z", "+00:00"]))
def test_a_time_without_an_offset_is_utc(moment, suffix):
    moment = moment.replace(microsecond=0)
    assert parse_time(moment.isoformat() + suffix, NOW) == ms_since_epoch(moment.replace(tzinfo=UTC))


@given(moments, offsets)
@example(datetime(2038, 9, 7, 7, 21, 3, 265000), UTC)
def test_milliseconds_of_a_time_are_kept(moment, offset):
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=offset)
    assert parse_time(moment.isoformat(), NOW) == ms_since_epoch(moment)


@given(st.dates())
def test_a_date_is_its_midnight(date):
    assert parse_time(date.isoformat(), NOW) == ms_since_epoch(datetime(*date.timetuple()[:3], tzinfo=UTC))


@given(st.integers(10**11, 10**14 - 1), blanks)
def test_milliseconds_are_what_they_are(ms, blank):
    assert parse_time(ms, NOW) == parse_time(f"{blank}{ms}{blank}", 0) == ms


@given(st.integers(0, 999_999_999), units, blanks)
def test_an_age_is_so_many_seconds_before_now_whatever_the_calendar_does(number, unit, blank):
    age = f"{blank}{number}{blank}{unit}{blank}"
    assert is_age(age)
    assert NOW - parse_time(age, NOW) == number * SECONDS[unit] * 1000


@given(st.decimals(0, 10_000, places=3), st.decimals(0, 10_000, places=3), units)
def test_who_is_older_was_earlier(one, other, unit):
    earlier, later = (parse_time(f"{max(one, other)}{unit}", NOW), parse_time(f"{min(one, other)}{unit}", NOW))
    assert earlier <= later <= NOW


@given(moments, moments, offsets, offsets)
def test_times_keep_their_order(one, other, its_offset, other_offset):
    one, other = one.replace(tzinfo=its_offset), other.replace(tzinfo=other_offset)
    early, late = sorted((one, other))
    assert parse_time(early.isoformat(), NOW) <= parse_time(late.isoformat(), NOW)


@given(moments | st.datetimes(datetime(2026, 3, 29), datetime(2026, 3, 30)), st.integers(0, 1000), units)
def test_the_zone_of_the_machine_makes_no_difference(moment, number, unit):
    texts = moment.isoformat(), moment.date().isoformat(), f"{number}{unit}"
    seen = set()
    for zone in ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati"):
        with local_zone(zone):
            seen.add((*(parse_time(text, NOW) for text in texts), format_time(NOW + number)))
    assert len(seen) == 1


@given(st.integers(ms_since_epoch(datetime(1, 1, 1, tzinfo=UTC)), 10**14))
def test_a_time_for_people_is_that_second(ms):
    shown = datetime.strptime(format_time(ms).zfill(23), "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    assert shown == EPOCH + timedelta(seconds=ms // 1000)


@given(st.integers() | st.floats() | st.booleans() | st.integers(10**14, 10**400))
def test_any_number_is_shown_as_a_time_or_as_none(number):
    assert format_time(number).endswith("UTC") or format_time(number) == "no time"


def outcome(read, *arguments):
    """What comes of it, or why it is refused."""
    try:
        return read(*arguments)
    except InputError as error:
        return error


def is_told_well(error, option):
    """A short line that names the option and says what it takes."""
    text = str(error)
    return text.startswith((f"{option} ", f"{option}: ")) and text.isprintable() and len(text) < 500 and error.remedy


@given(anything)
def test_any_text_is_a_time_or_is_refused_with_its_option(text):
    for found in (
        outcome(guard_time, {"if_unmodified_since": text}, NOW),
        outcome(time_option, {"if_unmodified_since": text}, "if_unmodified_since", NOW),
    ):
        assert isinstance(found, int) or is_told_well(found, "if_unmodified_since")


@given(anything)
def test_any_text_is_a_limit_or_is_refused_with_its_option(text):
    found = outcome(ChangeLimit.parse, text)
    if isinstance(found, ChangeLimit):
        first, *second = text.strip().split(" or ") if " or " in text else [text.strip()]
        shown = second[0] if second else first
        if "%" in text:
            assert found.percent == Fraction(shown.rstrip("%").strip())
            assert 0 <= found.percent <= 100
        if second or "%" not in text:
            assert found.number == int(first)
            assert 0 <= found.number < 10**9
    else:
        assert is_told_well(found, "max_changes")


@given(
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.none() | st.integers(0, 10**6),
    st.none() | st.integers(0, 100),
)
def test_a_limit_lets_pass_exactly_what_it_allows(changes, read, number, percent):
    assume(number is not None or percent is not None)
    allowed = changes <= (number or 0) or changes * 100 <= (percent or 0) * read
    parts = ([] if number is None else [str(number)]) + ([] if percent is None else [f"{percent}%"])
    limit = ChangeLimit.parse(" or ".join(parts))
    if allowed:
        limit.check(changes, read)
    else:
        with pytest.raises(InputError, match="Aborted before the first write"):
            limit.check(changes, read)
