# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries and paging."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import Person, Tenant
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.query import (
    EARLIEST_MS,
    MAX_STALE_PAGES,
    Page,
    Query,
    Sorting,
    looks_capped,
    minimal_cover,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.times import DAY_MS

NOW = 1_700_000_000_000


OHTANI = Person("ohtani@example.com", "8" * 32, "ohtani@example.com", "ohtani")
CASE = {
    "_id": "1",
    "status": "New",
    "severity": "High",
    "tags": ["a", "b"],
    "assignee": "8" * 32,
    "modified_by": "9" * 32,
    "modified_by_name": "api@example.com",
    "score": 30.5,
    "size": 17,
    "created_at": 1000,
    "modified_at": 2000,
    "cust_id": "6" * 32,
}


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        (Query(), True),
        (Query(status=("Resolved", "New")), True),
        (Query(status=("new",)), False),
        (Query(severity=("Low",)), False),
        (Query(tags=("z", "b")), True),
        (Query(tags=("A",)), False),
        (Query(not_tags=("z",)), True),
        (Query(not_tags=("z", "a")), False),
        (Query(assignee=(OHTANI,)), True),
        (Query(assignee=(Person(""),)), False),
        (Query(assignee=(Person(""), OHTANI)), True),
        (Query(not_modified_by=(OHTANI,)), True),
        (Query(not_modified_by=(Person("api@example.com"),)), False),
        (Query(not_modified_by=(Person("9" * 32),)), False),
        (Query(min_score=30.5, max_score=30.5), True),
        (Query(min_score=30.6), False),
        (Query(max_score=30), False),
        (Query(min_size=17), True),
        (Query(min_size=18), False),
        (Query(created_after=1000, created_before=1000), True),
        (Query(created_after=1001), False),
        (Query(created_before=999), False),
        (Query(modified_after=2001), False),
        (Query(modified_before=2000), True),
        (Query(modified_before=1999), False),
        (Query(tenant=Tenant("6" * 32, "x")), True),
        (Query(tenant=Tenant("7" * 32, "x")), False),
    ],
)
def test_matching(query, matches):
    assert query.matches(CASE) is matches


def test_a_case_without_the_field_matches_no_range():
    assert not Query(min_score=0).matches({"_id": "1"})


@pytest.mark.parametrize("changed_by", [{}, {"modified_by": None}, {"modified_by": ""}])
def test_a_case_that_nobody_has_changed_was_changed_by_nobody(changed_by):
    case = {"_id": "1", "modified_by_name": None, **changed_by}
    assert Query(not_modified_by=(OHTANI,)).matches(case)
    assert not Query(not_modified_by=(Person(""),)).matches(case)


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        (Query(), [()]),
        (Query(tags=("a", "b")), [(("tags", "a,b"),)]),
        (Query(severity=("High",)), [(("severity", "High"),)]),
        # Only tags can have several values on every version: one listing for each combination.
        (
            Query(status=("New", "Resolved"), severity=("High",)),
            [(("status", "New"), ("severity", "High")), (("status", "Resolved"), ("severity", "High"))],
        ),
        # Which identity the platform's own filter takes is not known: matched here only.
        (Query(assignee=(OHTANI,)), [()]),
        (Query(min_size=3), [()]),
        (Query(not_modified_by=(OHTANI,)), [(("NOT~modified_by", "8" * 32),)]),
        (Query(not_modified_by=(Person("x"),)), [()]),
        (Query(not_tags=("a", "b")), [(("NOT~tags", "a,b"),)]),
        (Query(min_score=75), [(("FROM~score", 74.999),)]),
        (Query(max_score=75), [(("TO~score", 75.001),)]),
        (
            Query(modified_after=2000, modified_before=3000),
            [(("FROM~modified_at", 1999), ("TO~modified_at", 3001))],
        ),
        (Query(tenant=Tenant("6" * 32, "x")), [(("tenantid", "6" * 32),)]),
    ],
)
def test_parameters(query, filters):
    assert [part.first_page(NOW).filters for part in query.parts()] == filters


@pytest.mark.parametrize(("descending", "order"), [((), "asc"), ((False,), "asc"), ((True,), "desc")])
def test_every_page_has_an_explicit_window_order_and_limit(descending, order):
    sent = dict(Query().first_page(NOW, *descending).parameters())
    assert sent == {
        "FROM~created_at": EARLIEST_MS - 1,
        "TO~created_at": NOW + DAY_MS + 1,
        "sort": "created_at",
        "order": order,
        "limit": 500,
        "skip": 0,
    }


@pytest.mark.parametrize(
    ("query", "exact"),
    [
        (Query(status=("New",), tags=("a",)), True),
        (Query(severity=("Low",)), False),
        (Query(tenant=Tenant("6" * 32, "x")), False),
        (Query(not_tags=("a",)), False),
        (Query(created_after=1), False),
        (Query(assignee=(OHTANI,)), False),
    ],
)
def test_the_total_is_trusted_for_documented_filters_only(query, exact):
    assert query.total_is_exact is exact


def test_the_parts_of_a_query_are_its_union():
    query = Query(status=("New", "Resolved"), severity=("High", "Low"), tags=("a",))
    cases = [
        {"_id": f"{status}{level}", "status": status, "severity": level, "tags": ["a"]}
        for status in ("New", "Resolved", "Escalated")
        for level in ("High", "Low", "Medium")
    ]
    for case in cases:
        assert sum(part.matches(case) for part in query.parts()) == query.matches(case)


TENANT = Tenant("6" * 32, "x")


@pytest.mark.parametrize(
    ("queries", "fewest"),
    [
        ([], []),
        ([Query()], [Query()]),
        ([Query(status=("New",)), Query(), Query(tags=("a",))], [Query()]),
        (
            [Query(status=("New", "Resolved")), Query(status=("New",))],
            [Query(status=("New",)), Query(status=("Resolved",))],
        ),
        (
            [Query(status=("New",), severity=("High", "Low")), Query(status=("New",))],
            [Query(status=("New",))],
        ),
        ([Query(tags=("a",)), Query(tags=("b", "a"))], [Query(tags=("b", "a"))]),
        ([Query(tags=("b", "a")), Query(tags=("a", "b"))], [Query(tags=("b", "a"))]),
        ([Query(tags=("a",)), Query(not_tags=("a",))], [Query(tags=("a",)), Query(not_tags=("a",))]),
        ([Query(not_tags=("a", "b")), Query(not_tags=("a",))], [Query(not_tags=("a",))]),
        ([Query(min_score=50), Query(min_score=40, max_score=90), Query(min_score=30)], [Query(min_score=30)]),
        ([Query(max_score=50), Query(max_score=60)], [Query(max_score=60)]),
        ([Query(created_after=5), Query(created_after=4)], [Query(created_after=4)]),
        ([Query(created_before=5), Query(created_before=4)], [Query(created_before=5)]),
        ([Query(modified_after=5), Query(modified_after=4)], [Query(modified_after=4)]),
        ([Query(modified_before=5), Query(modified_before=4)], [Query(modified_before=5)]),
        ([Query(modified_after=5), Query(modified_before=4)], [Query(modified_after=5), Query(modified_before=4)]),
        ([Query(tenant=TENANT), Query()], [Query()]),
        ([Query(tenant=TENANT, status=("New",)), Query(tenant=TENANT)], [Query(tenant=TENANT)]),
        (
            [Query(tenant=TENANT), Query(tenant=Tenant("7" * 32, "x"))],
            [Query(tenant=TENANT), Query(tenant=Tenant("7" * 32, "x"))],
        ),
        ([Query(not_modified_by=(OHTANI,)), Query()], [Query()]),
        # what no listing filters does not tell them apart, and is left out
        ([Query(assignee=(OHTANI,), min_size=3)], [Query()]),
        ([Query(status=("New",), assignee=(OHTANI,)), Query(status=("New",), min_size=3)], [Query(status=("New",))]),
    ],
)
def test_the_fewest_parts(queries, fewest):
    assert minimal_cover(queries) == fewest


def optional(strategy):
    return st.none() | strategy


def some(values):
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


PEOPLE = (OHTANI, Person("m@example.com"))
SMALL = st.integers(min_value=1, max_value=4)
# Times after EARLIEST_MS, and a score that is a fraction: bounds are sent a little wider than asked.
MOMENTS = SMALL.map(lambda number: EARLIEST_MS + 10 * number)
QUERIES = st.builds(
    Query,
    status=some(("New", "Resolved")),
    severity=some(("High", "Low")),
    tags=some(("a", "b")),
    not_tags=some(("b", "c")),
    assignee=some(PEOPLE),
    # Of two none is sent, so that their listing has more than one that leaves out the first; and more than is found.
    not_modified_by=st.sampled_from(((), *((person,) for person in PEOPLE))),
    min_score=optional(SMALL),
    max_score=optional(SMALL),
    min_size=optional(SMALL),
    created_after=optional(MOMENTS),
    created_before=optional(MOMENTS),
    modified_after=optional(MOMENTS),
    modified_before=optional(MOMENTS),
    tenant=optional(st.sampled_from((TENANT, Tenant("7" * 32, "y")))),
)
LISTED = st.fixed_dictionaries(
    {
        "status": st.sampled_from(("New", "Resolved", "Cancelled")),
        "severity": st.sampled_from(("High", "Low", "Medium")),
        "tags": st.lists(st.sampled_from("abc"), max_size=2),
        "assignee": st.sampled_from(("", "8" * 32)),
        "modified_by": st.sampled_from(("8" * 32, "9" * 32)),
        "modified_by_name": st.sampled_from(("m@example.com", "x")),
        "score": SMALL | st.none(),
        "size": SMALL,
        "created_at": MOMENTS,
        "modified_at": MOMENTS | st.none(),
        "cust_id": st.sampled_from(("6" * 32, "7" * 32)),
    }
)


def lets_through(page, case):
    """Whether a listing with these parameters has the case, as the contract has them; bounds are not included."""
    sent = dict(page.parameters())

    def between(field):
        low, high, value = sent.get(f"FROM~{field}"), sent.get(f"TO~{field}"), case[field]
        if low is None and high is None:
            return True
        return value is not None and (low is None or low < value) and (high is None or value < high)

    def given(name):
        return set(sent[name].split(",")) if name in sent else None

    return (
        all(given(name) is None or case[name] in given(name) for name in ("status", "severity"))
        and (given("tags") is None or given("tags") & set(case["tags"]))
        and not (given("NOT~tags") or set()) & set(case["tags"])
        and case["modified_by"] not in (given("NOT~modified_by") or ())
        and all(between(field) for field in ("score", "created_at", "modified_at"))
        and sent.get("tenantid", case["cust_id"]) == case["cust_id"]
    )


@given(st.lists(QUERIES, min_size=1, max_size=4), st.lists(LISTED, min_size=5, max_size=15))
def test_the_fewest_parts_list_all_that_a_query_finds_and_all_that_its_own_parts_would_list(queries, cases):
    fewest = [part.first_page(NOW) for part in minimal_cover(queries)]
    all_parts = [part.first_page(NOW) for query in queries for part in query.parts()]
    assert len(fewest) <= len(all_parts)

    def listed_by(page):
        return [number for number, case in enumerate(cases) if lets_through(page, case)]

    for page in all_parts:
        assert any(set(listed_by(page)) <= set(listed_by(other)) for other in fewest)
    union = {number for page in fewest for number in listed_by(page)}
    assert union == {number for page in all_parts for number in listed_by(page)}
    assert union >= {number for number, case in enumerate(cases) if any(query.matches(case) for query in queries)}


def test_a_window_that_ends_before_it_begins_is_not_sent():
    page = Query(created_before=-1).first_page(NOW)
    assert (page.from_ms, page.to_ms) == (EARLIEST_MS, EARLIEST_MS)


class Platform:
    """A listing as the contract has it, with the unknowns as switches."""

    def __init__(self, moments, inclusive=True, cap=500, tells_total=True):
        self.cases = [{"_id": str(number), "created_at": moment} for number, moment in enumerate(moments)]
        self.inclusive, self.cap, self.tells_total = inclusive, cap, tells_total
        self.calls = 0

    def answer(self, page):
        self.calls += 1
        sent = dict(page.parameters())
        low, high = sent["FROM~created_at"], sent["TO~created_at"]
        found = [
            case
            for case in self.cases
            if (low <= case["created_at"] <= high if self.inclusive else low < case["created_at"] < high)
        ]
        found.sort(key=lambda case: (case["created_at"], case["_id"]), reverse=sent["order"] == "desc")
        size = min(sent["limit"], self.cap)
        return found[sent["skip"] : sent["skip"] + size], len(found) if self.tells_total else None


def read_all(platform, page):
    seen = []
    while page is not None:
        assert platform.calls < 500, "paging does not end"
        cases, total = platform.answer(page)
        fresh = [case for case in cases if case["_id"] not in seen]
        seen += [case["_id"] for case in fresh]
        page = page.next_page(cases, len(fresh), total)
    return seen


@given(
    st.lists(st.integers(min_value=EARLIEST_MS, max_value=EARLIEST_MS + 6), max_size=40),
    st.integers(min_value=1, max_value=7),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_paging_loses_nothing_and_ends(moments, cap, inclusive, tells_total, descending):
    """Many cases of one ms, bounds included or not, a server that cuts pages."""
    platform = Platform(moments, inclusive, cap, tells_total)
    page = Page((), EARLIEST_MS, NOW, descending, size=cap)
    seen = read_all(platform, page)
    assert sorted(seen) == sorted(case["_id"] for case in platform.cases)


EARLY, LATE = {"_id": "1", "created_at": EARLIEST_MS + 3}, {"_id": "2", "created_at": EARLIEST_MS + 9}


@pytest.mark.parametrize(
    ("cases", "ascending", "descending"),
    [
        ([], True, True),
        ([EARLY, LATE], True, False),
        ([LATE, EARLY], False, True),
        ([EARLY, EARLY], True, True),
        ([EARLY, LATE, EARLY], False, False),
        ([{"_id": "3"}], False, False),
        ([EARLY, {"_id": "3", "created_at": None}], False, False),
    ],
)
def test_whether_a_page_is_sorted(cases, ascending, descending):
    page = Page((), EARLIEST_MS, NOW)
    assert page.is_sorted(cases) is ascending
    assert page._replace(descending=True).is_sorted(cases) is descending


@pytest.mark.parametrize(
    ("descending", "cases", "following"),
    [
        # the window moves on
        (False, [EARLY, LATE], {"from_ms": EARLIEST_MS + 9, "skip": 0}),
        (True, [LATE, EARLY], {"to_ms": EARLIEST_MS + 3, "skip": 0}),
        # it can't, so that only an offset goes on
        (False, [LATE, EARLY], {"skip": 9}),
        (False, [EARLY, {"_id": "3"}], {"skip": 9}),
        (False, [{"_id": "4", "created_at": EARLIEST_MS}], {"skip": 8}),
        (True, [{"_id": "4", "created_at": NOW}], {"skip": 8}),
    ],
)
@pytest.mark.parametrize(("new", "stale"), [(0, 5), (1, 0)])
def test_the_page_that_follows(descending, cases, following, new, stale):
    page = Page((("status", "New"),), EARLIEST_MS, NOW, descending, skip=7, size=100, stale=4)
    assert page.next_page(cases, new, None) == page._replace(**following, stale=stale, size=400)


@pytest.mark.parametrize(
    ("total", "ends"), [(None, False), (10, False), (9, True), (8, False), (2, False), (0, False), (-1, False)]
)
def test_a_total_ends_a_listing_where_it_agrees_with_what_was_read(total, ends):
    assert (Page((), EARLIEST_MS, NOW, skip=7).next_page([EARLY, LATE], 2, total) is None) is ends


@pytest.mark.parametrize(
    ("size", "records", "total", "ends"),
    [
        # a full page, whatever the total says
        (500, 500, 500, False),
        (500, 500, 0, False),
        (20, 20, 20, False),
        # as full as a platform's own limit may allow
        (500, 100, 100, False),
        (500, 50, 50, False),
        (500, 99, 99, True),
        (500, 101, 101, True),
        # more than was asked for: the platform ignores the limit
        (20, 60, 60, True),
        (20, 60, 61, False),
        (20, 0, 5, True),
        (20, 0, None, True),
    ],
)
def test_a_full_page_is_never_the_last(size, records, total, ends):
    assert Page((), EARLIEST_MS, NOW, size=size).is_last(records, total) is ends


def test_a_later_page_that_is_full_by_a_lower_limit_is_the_last_if_the_total_says_so():
    assert Page((), EARLIEST_MS, NOW, skip=1).is_last(50, 51)
    assert not Page((), EARLIEST_MS, NOW, skip=0).is_last(50, 50)


def test_a_page_of_records_that_are_no_cases_is_not_the_end():
    assert Page((), EARLIEST_MS, NOW).next_page([], 0, None, 3).skip == 3


@pytest.mark.parametrize(("size", "sizes"), [(2, [8, 32, 128, 500, 500]), (500, [500])])
def test_pages_grow(size, sizes):
    page = Page((), EARLIEST_MS, NOW, size=size)
    for expected in sizes:
        page = page.next_page([EARLY], 1, None)
        assert page.size == expected


def test_a_falling_listing_goes_on_after_the_whole_second_of_a_time_without_ms():
    page, moment = Page((), EARLIEST_MS, NOW, descending=True), EARLIEST_MS + 5000
    assert page.next_page([{"_id": "1", "created_at": moment}], 1, None).to_ms == moment + 999
    again = page._replace(to_ms=moment + 999)
    assert again.next_page([{"_id": "1", "created_at": moment}], 0, None).skip == 1


def test_an_empty_page_ends_a_listing():
    assert Page((), EARLIEST_MS, NOW).next_page([], 0, 10) is None


@pytest.mark.parametrize(
    ("query", "needs", "is_filtered"),
    [
        (Query(), set(), True),
        (Query(status=("New",), severity=("High",), tags=("a",)), {"status", "severity", "tags"}, True),
        (Query(not_tags=("a",), min_score=1), {"tags", "score"}, True),
        (Query(max_score=1, created_after=1), {"score", "created_at"}, True),
        (Query(created_before=1, modified_before=1, tenant=TENANT), {"created_at", "modified_at"}, True),
        (Query(modified_after=1, min_size=0), {"modified_at", "size"}, False),
        (Query(assignee=(OHTANI,)), set(), False),
        (Query(not_modified_by=(OHTANI,)), set(), False),
    ],
)
def test_what_a_query_needs_of_a_case(query, needs, is_filtered):
    assert (query.needs, query.is_filtered) == (needs, is_filtered)


@pytest.mark.parametrize(
    ("total", "is_capped"),
    [(0, False), (999, False), (1000, True), (1001, False), (5000, False), (10_000, True), (30_000, True)],
)
def test_totals_at_which_a_platform_may_stop_counting(total, is_capped):
    assert looks_capped(total) is is_capped


@pytest.mark.parametrize(("stale", "ends"), [(MAX_STALE_PAGES - 1, False), (MAX_STALE_PAGES, True)])
def test_a_platform_that_repeats_itself_is_given_up_in_the_end(stale, ends):
    page = Page((), EARLIEST_MS, NOW, stale=stale)
    assert (page.next_page([EARLY], 0, None) is None) is ends
    assert page.next_page([EARLY], 1, None) is not None


@pytest.mark.parametrize(("count", "calls"), [(0, 1), (1, 1), (499, 1), (500, 2), (501, 2), (100, 2), (10_000, 21)])
def test_pages_needed(count, calls):
    platform = Platform([EARLIEST_MS + number for number in range(count)])
    assert len(read_all(platform, Query().first_page(NOW))) == count
    assert platform.calls == calls


def test_a_page_that_repeats_for_ever_ends():
    page, cases = Page((), EARLIEST_MS, NOW), [{"_id": "1", "created_at": EARLIEST_MS + 5}]
    for calls in range(100):
        page = page.next_page(cases, 0 if calls else 1, 10**9)
        if page is None:
            break
    assert page is None


@pytest.mark.parametrize(("descending", "ids"), [(False, "dcab"), (True, "bacd")])
def test_sorting_is_stable_by_id(descending, ids):
    cases = [{"_id": "b", "score": 1}, {"_id": "a", "score": 1}, {"_id": "c", "score": 0.5}, {"_id": "d"}]
    assert "".join(case["_id"] for case in Sorting("score", descending).sorted(cases)) == ids


# -- by the time of change -----------------------------------------------------------------------------------------


def changed(*times):
    return [{"_id": str(number), "created_at": NOW, "modified_at": time} for number, time in enumerate(times)]


def test_a_page_of_changes_has_both_windows():
    query = Query(status=("New",), created_after=NOW - DAY_MS, modified_after=NOW - 500)
    assert dict(query.first_page(NOW, by="modified_at").parameters()) == {
        "status": "New",
        "FROM~created_at": NOW - DAY_MS - 1,
        "TO~created_at": NOW + DAY_MS + 1,
        "FROM~modified_at": NOW - 501,
        "sort": "modified_at",
        "order": "asc",
        "limit": 500,
        "skip": 0,
    }
    assert dict(Query().first_page(NOW, True, "modified_at").parameters())["FROM~modified_at"] == EARLIEST_MS - 1


@pytest.mark.parametrize(
    ("times", "following"),
    [
        ((NOW + 5, NOW + 7), {"from_ms": NOW + 7, "skip": 0}),
        # in whole seconds, as normalise() makes them: other cases of that second have an earlier time
        ((NOW + 5, NOW + 999), {"skip": 2}),
        ((NOW + 5, NOW + 1999), {"from_ms": NOW + 1000, "skip": 0}),
        ((NOW, NOW), {"skip": 2}),
        ((NOW + 7, NOW + 5), {"skip": 2}),
        ((NOW + 7, None), {"skip": 2}),
    ],
)
def test_the_page_of_changes_that_follows(times, following):
    page = Query(modified_after=NOW).first_page(NOW, by="modified_at")
    assert page.next_page(changed(*times), 2, None) == page._replace(**following)


def test_the_changes_of_one_time_are_listed_by_creation():
    query = Query(status=("New",), created_after=NOW - DAY_MS, modified_after=NOW)
    page = query.first_page(NOW, by="modified_at")._replace(skip=1500)
    of_one, later = page.split(changed(NOW, NOW))
    assert dict(of_one.parameters()) == {
        "status": "New",
        "FROM~modified_at": NOW - 1,
        "TO~modified_at": NOW + 2,
        "FROM~created_at": NOW - DAY_MS - 1,
        "TO~created_at": NOW + DAY_MS + 1,
        "sort": "created_at",
        "order": "asc",
        "limit": 500,
        "skip": 0,
    }
    assert later == page._replace(skip=0, from_ms=NOW + 2)
    for cases in ([], changed(NOW + 5, NOW), changed(None)):
        assert page.split(cases) == []
    assert page._replace(descending=True).split(changed(NOW, NOW)) == []
