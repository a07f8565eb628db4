# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where only a skip above 1,000 would go on, a window is split: no part of a list gets lost, and it ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model import query as query_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.query import EARLIEST_MS, Page

NOW = 1_700_000_000_000
X = EARLIEST_MS + 10_000


def of_one_ms(count, **fields):
    return [
        {"_id": str(number), "created_at": X, **{name: of(number) for name, of in fields.items()}}
        for number in range(count)
    ]


def test_one_ms_at_the_start_of_a_window_is_split_from_the_rest():
    cases = of_one_ms(10, modified_at=lambda number: X + 10 * number)
    page = Page((("status", "New"),), X, NOW, skip=1500)
    low, high, rest = page.split(cases)
    assert (rest.from_ms, rest.to_ms, rest.skip, rest.filters) == (X + 2, NOW, 0, page.filters)
    assert (low.from_ms, low.to_ms) == (high.from_ms, high.to_ms) == (X, X + 1)
    assert dict(low.filters) == {"status": "New", "TO~modified_at": X + 49}
    assert dict(high.filters) == {"status": "New", "FROM~modified_at": X + 48}
    falling = Page((), EARLIEST_MS, X, descending=True, skip=1500).split(cases)
    assert [(part.from_ms, part.to_ms) for part in falling] == [(X - 1, X)] * 2 + [(EARLIEST_MS, X - 2)]


@pytest.mark.parametrize(
    ("fields", "filters"),
    [
        ({"score": lambda number: number % 4}, {"TO~score"}),
        ({"status": lambda number: ("New", "Resolved")[number % 2]}, {"status"}),
        ({"severity": lambda number: ("High", "Odd")[number % 2]}, {"severity"}),
        # not all of them have the field, or it tells none apart
        ({"modified_at": lambda number: number or None, "score": lambda number: number % 2}, {"TO~score"}),
        ({"modified_at": lambda number: 5, "score": lambda number: number % 2}, {"TO~score"}),
        ({"modified_at": lambda number: 5, "score": lambda number: 7, "status": lambda number: "New"}, None),
    ],
)
def test_by_what_cases_of_one_ms_are_told_apart(fields, filters):
    parts = Page((), X, X + 1, skip=1500).split(of_one_ms(10, **fields))
    if filters is None:
        assert parts == []
        return
    assert set(dict(parts[0].filters)) == filters
    if filters == {"severity"}:
        assert [dict(part.filters)["severity"] for part in parts] == ["Critical", "High", "Medium", "Low", "Odd"]


def test_a_filter_that_is_ignored_tells_nothing_apart():
    cases = of_one_ms(10, modified_at=lambda number: X + 10 * number)
    page = Page((("TO~modified_at", X + 40),), X, X + 1, skip=1500)
    assert page.split(cases) == []
    assert page._replace(filters=(("FROM~modified_at", X + 39),)).split(cases) == []


def test_a_window_of_two_ms_is_split_and_its_parts_begin_afresh():
    cases = of_one_ms(10, modified_at=lambda number: X + 10 * number)
    parts = Page((), X, X + 2, skip=1500, stale=7).split(cases)
    assert [(part.from_ms, part.to_ms, part.skip, part.stale) for part in parts] == [
        *[(X, X + 1, 0, 0)] * 2,
        (X + 2, X + 2, 0, 0),
    ]


def test_cases_that_differ_in_nothing_are_not_split():
    assert Page((), X, NOW, skip=1500).split(of_one_ms(10)) == []


def test_cases_are_split_by_their_score():
    low, high = Page((), X, X + 1).split(of_one_ms(4, score=lambda number: 10 * number))
    assert dict(low.filters) == {"TO~score": 20 - 0.001}
    assert dict(high.filters) == {"FROM~score": 20 - 0.002}


@pytest.mark.parametrize("outside", [X - 2, NOW + 2])
def test_a_platform_that_ignores_times_is_not_asked_by_them_again(outside):
    moments = (X + 500, X + 100, outside, X + 900)
    cases = [{"_id": str(number), "created_at": moment} for number, moment in enumerate(moments)]
    assert Page((), X, NOW, skip=1500).split(cases) == []


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=12),
    st.none() | st.integers(0, 12),
    st.none() | st.integers(0, 12),
    st.sampled_from((1, 2)),
)
@settings(max_examples=10 * settings.default.max_examples)
def test_a_cut_is_the_first_of_those_that_leave_the_least(values, low, high, slack):
    def left(cut):
        return max(sum(v <= cut - slack for v in values), sum(v >= cut - 2 * slack for v in values))

    ignored = any((low is not None and v < low - slack) or (high is not None and v > high + slack) for v in values)
    cuts = [
        cut
        for cut in sorted(set(values))
        if (low is None or low < cut - 2 * slack) and (high is None or cut - slack < high)
    ]
    best = min(cuts, key=left, default=None)
    expected = None if ignored or best is None or left(best) == len(values) else best
    assert query_module._cut(values, low, high, slack) == expected


def test_an_unsorted_listing_is_split_in_time():
    cases = [{"_id": str(number), "created_at": X + (number * 7) % 10 * 100} for number in range(10)]
    low, high = Page((), EARLIEST_MS, NOW, skip=1500).split(cases)
    assert (low.from_ms, high.to_ms) == (EARLIEST_MS, NOW)
    assert low.to_ms == high.from_ms - 1
    assert X < high.from_ms <= X + 900


@given(st.lists(st.integers(0, 12), min_size=2, max_size=30), st.booleans())
def test_splits_lose_nothing_and_end(values, inclusive):
    """A platform that allows no skip at all, and pages of 3."""
    cases = of_one_ms(len(values), modified_at=lambda number: X + values[number])
    pending, seen, calls = [Page((), X, X + 1)], set(), 0
    while pending:
        page, calls = pending.pop(), calls + 1
        assert calls < 200
        filters = dict(page.filters)
        low, high = filters.get("FROM~modified_at", 0), filters.get("TO~modified_at", NOW)
        found = [
            case
            for case in cases
            if (low <= case["modified_at"] <= high if inclusive else low < case["modified_at"] < high)
        ]
        parts = page.split(found) if len(found) > 3 else []
        pending += parts
        if not parts:
            seen.update(case["_id"] for case in found)
    assert seen == {case["_id"] for case in cases}
