# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random queries of random cases, read page by page from the simulator's store, held against a filter of a few lines.

What the API's documentation leaves open is drawn, too: which bounds a range includes, how large a page may be, which
filters are ignored.
"""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import urlencode

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.reader import Reader
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import QueryOptions
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import ApiError, InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.query import minimal_cover
from tests.simulator import errors, query
from tests.simulator.model import record_from, show
from tests.simulator.people import People, new_tenant, new_user
from tests.simulator.store import Store
from tests.simulator.switches import DEFAULT_PROFILE, Switches

NOW = 1_700_000_000_000
HOUR = 3_600_000
USERS = {
    "mira": new_user("mira@example.com", "mira", "a" * 32),
    "ohtani": new_user("ohtani@example.com", "ohtani", "8" * 32),
}
TENANTS = {"clinic": new_tenant("Clinic", "7" * 32), "bank": new_tenant("Bank, Ltd", "6" * 32)}
PARAMETERS = (
    *("status", "severity", "tags", "NOT~tags", "NOT~modified_by", "FROM~score", "TO~score", "tenantid"),
    *("FROM~modified_at", "TO~modified_at", "FROM~created_at", "TO~created_at", "sort", "order", "limit", "skip"),
)
# A platform that ignores one of these lists too much, and is not the one to judge.
FILTERS = tuple(name for name in PARAMETERS if "created_at" not in name)[:-4]

# Few values, so that many cases are of one millisecond, and bounds are met.
hours = st.integers(1, 4).map(lambda number: NOW - number * HOUR)
scores = st.sampled_from((0, 10, 30.5, 100))
tag_lists = st.lists(st.sampled_from(("a", "A", "b c", "é&=%")), max_size=3, unique=True)
user_ids = st.sampled_from(("", *(user["user_id"] for user in USERS.values())))
case_lists = st.lists(
    st.fixed_dictionaries(
        {
            "created_at": hours,
            "modified_at": hours,
            "status": st.sampled_from(("New", "In Progress", "Resolved")),
            "severity": st.sampled_from(("High", "Low")),
            "tags": tag_lists,
            "assignee": user_ids,
            "modified_by": user_ids.map(lambda user_id: user_id or "System"),
            "score": scores,
            "size": st.integers(1, 3),
            "cust_id": st.sampled_from(("", *(tenant["cust_id"] for tenant in TENANTS.values()))),
        }
    ),
    max_size=14,
)


def some(values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


PEOPLE = ("mira", "OHTANI@example.com", "8" * 32)
options = st.fixed_dictionaries(
    {},
    optional={
        "status": some(("New", "In Progress", "Escalated", "Resolved")),
        "severity": some(("High", "Medium", "Low")),
        "tags": some(("a", "A", "b c", "é&=%")),
        "not_tags": some(("a", "A", "b c", "é&=%")),
        "assignee": some(("", *PEOPLE)),
        "not_modified_by": some(PEOPLE),
        "min_score": scores.map(float),
        "max_score": scores.map(float),
        "min_size": st.integers(0, 3),
        **dict.fromkeys(("created_after", "created_before", "modified_after", "modified_before"), hours.map(str)),
    },
)
sortings = st.fixed_dictionaries(
    {"sort": st.sampled_from(("created_at", "modified_at", "score")), "order": st.sampled_from(("asc", "desc"))}
)
tenants = st.sampled_from(("", "Clinic", "Bank, Ltd", "7" * 32))


def drawn_switches(ignored, **more):
    return st.fixed_dictionaries(
        {
            "range_from_inclusive": st.booleans(),
            "range_to_inclusive": st.booleans(),
            "page_cap": st.integers(0, 4),
            "multi_status": st.booleans(),
            "default_window": st.sampled_from(("none", "24h")),
            "default_window_lifted_by": st.sampled_from(("any", "both")),
            "default_sort": st.sampled_from(("modified_at", "score")),
            "unassigned_name": st.sampled_from(("Unassigned", "")),
            "names_show": st.sampled_from(("name", "email")),
            "ignored_query_parameters": st.lists(st.sampled_from(ignored), max_size=3, unique=True),
            **more,
        }
    )


class Platform:
    """The simulator's store and its reading of queries, as a client that a Reader asks."""

    def __init__(self, cases, switches, tenant="", edits=()):
        self.switches = Switches(DEFAULT_PROFILE, switches)
        self.store = Store()
        self.people = People(self.store, self.switches)
        self.people.save_users(list(USERS.values()))
        self.people.save_tenants(list(TENANTS.values()))
        self.records = [record_from({"_id": f"c{number}", **case}) for number, case in enumerate(cases)]
        self.store.add(self.records)
        self.connection = SimpleNamespace(tenant=tenant)
        self.edits = list(edits)

    def get(self, path, params=(), what="", **_more):
        if path != "cases":
            return {"data": list({"users": self.people.users, "tenants": self.people.tenants}[path].values())}
        self.check(params)
        try:
            found = query.parse(urlencode(params), self.switches, None, NOW, self.people)
        except errors.ApiError as error:
            raise ApiError(what, error.message, status=error.status) from None
        records = self.store.page_records(found.where, found.params, found.order_by, found.limit, found.skip)
        answer = {
            "cases": [show(record, self.switches, self.people, False) for record in records],
            "total": self.store.total(found.where, found.params),
        }
        if self.edits:
            number, fields = self.edits.pop()
            self.store.save(self.store.get(f"c{number}") | fields)
        return {"data": answer}

    def check(self, params):
        """Every name is known and there once, every value is one, and nothing is left to a default."""
        sent = dict(params)
        assert len(sent) == len(params)
        assert set(sent) <= set(PARAMETERS)
        assert {"FROM~created_at", "TO~created_at", "sort", "order", "limit", "skip"} <= set(sent)
        assert 0 < sent["limit"] <= 500 <= 500 + sent["skip"]
        for name, value in params:
            assert type(value) in (str, int, float), name
            assert str(value).strip(), name
        assert query.pairs(urlencode(params)) == [(name, str(value)) for name, value in params]


def is_meant(spellings, user_id):
    """Whether one of the spellings means the user of an id, who may be nobody."""
    user = next((user for user in USERS.values() if user["user_id"] == user_id), None)
    names = {user["user_id"], user["email"], user["name"]} if user else {user_id}
    return any(spelling.lower() in names for spelling in spellings)


def meets(record, asked, tenant):
    def within(name, low, high):
        return float(asked.get(low, "-inf")) <= record[name] <= float(asked.get(high, "inf"))

    owner = TENANTS["clinic" if tenant in ("Clinic", "7" * 32) else "bank"]["cust_id"]
    return (
        record["status"] in asked.get("status", [record["status"]])
        and record["severity"] in asked.get("severity", [record["severity"]])
        and ("tags" not in asked or bool(set(asked["tags"]) & set(record["tags"])))
        and not set(asked.get("not_tags", ())) & set(record["tags"])
        and is_meant(asked.get("assignee", [record["assignee"]]), record["assignee"])
        and not is_meant(asked.get("not_modified_by", []), record["modified_by"])
        and within("score", "min_score", "max_score")
        and within("size", "min_size", "")
        and within("created_at", "created_after", "created_before")
        and within("modified_at", "modified_after", "modified_before")
        and (not tenant or record["cust_id"] == owner)
    )


def read(params):
    try:
        return QueryOptions(params, NOW)
    except InputError:
        assume(False)  # bounds that leave no room


def expected(platform, asked):
    return {record["_id"] for record in platform.records if meets(record, asked, platform.connection.tenant)}


@given(case_lists, options, sortings, tenants, drawn_switches(FILTERS))
def test_a_query_finds_each_case_that_meets_it_once_and_in_order(cases, asked, sorting, tenant, switches):
    platform = Platform(cases, switches, tenant)
    reading, reader = read({**asked, **sorting}), Reader(platform, NOW)
    found, is_cut = reader.find(reading.match(reader.directory), reading.sorting)
    wanted = [record for record in platform.records if record["_id"] in expected(platform, asked)]
    wanted.sort(key=lambda record: (record[sorting["sort"]], record["_id"]), reverse=sorting["order"] == "desc")
    assert [case["_id"] for case in found] == [record["_id"] for record in wanted]
    assert not is_cut


@given(case_lists, options, sortings, tenants, drawn_switches(FILTERS), st.integers(1, 5))
def test_a_limit_cuts_at_the_end_and_says_so(cases, asked, sorting, tenant, switches, limit):
    platform = Platform(cases, switches, tenant)
    reading, reader = read({**asked, **sorting, "limit": limit}), Reader(platform, NOW)
    found, is_cut = reader.find(reading.match(reader.directory), reading.sorting, reading.limit)
    ids, wanted = {case["_id"] for case in found}, expected(platform, asked)
    assert len(ids) == len(found) == min(limit, len(wanted))
    assert ids <= wanted
    assert is_cut == (len(wanted) > limit)
    values = [case[sorting["sort"]] for case in found]
    all_values = sorted(record[sorting["sort"]] for record in platform.records if record["_id"] in wanted)
    assert values == (all_values[::-1] if sorting["order"] == "desc" else all_values)[:limit]


@given(case_lists, options, tenants, drawn_switches(FILTERS))
def test_a_count_counts_what_would_be_found(cases, asked, tenant, switches):
    platform = Platform(cases, switches, tenant)
    reading, reader = read(asked), Reader(platform, NOW)
    assert reader.count(reading.match(reader.directory)).number == len(expected(platform, asked))


@given(
    case_lists,
    options,
    sortings,
    drawn_switches(
        PARAMETERS,
        skip_ceiling=st.sampled_from((0, 500, 502)),
        skip_ceiling_answer=st.sampled_from(("reject", "empty")),
    ),
)
def test_a_platform_that_cannot_be_paged_gives_all_or_an_error(cases, asked, sorting, switches):
    platform = Platform(cases, switches)
    reading, reader = read({**asked, **sorting}), Reader(platform, NOW)
    try:
        found, _is_cut = reader.find(reading.match(reader.directory), reading.sorting)
    except ApiError:
        return
    ids = [case["_id"] for case in found]
    assert len(set(ids)) == len(ids)
    assert set(ids) == expected(platform, asked)


edits = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.fixed_dictionaries(
            {}, optional={"status": st.sampled_from(("New", "Resolved")), "modified_at": hours, "tags": tag_lists}
        ),
    ),
    max_size=8,
)


@given(case_lists, options, drawn_switches(FILTERS), edits)
def test_what_nobody_touches_is_found_while_other_cases_change(cases, asked, switches, edits):
    edits = [(number, fields) for number, fields in edits if number < len(cases)]
    platform = Platform(cases, switches, edits=edits)
    reading, reader = read(asked), Reader(platform, NOW)
    try:
        found, _is_cut = reader.find(reading.match(reader.directory), reading.sorting)
    except ApiError as error:
        is_about_changes = "changing just now" in error.remedy
        assert is_about_changes
        return
    ids = [case["_id"] for case in found]
    touched = {f"c{number}" for number, _fields in edits}
    assert len(set(ids)) == len(ids)
    assert set(ids) - touched == expected(platform, asked) - touched


@settings(max_examples=settings.default.max_examples // 2)
@given(case_lists, st.lists(options, min_size=1, max_size=3), drawn_switches(FILTERS))
def test_one_listing_for_several_queries_has_all_of_each(cases, several, switches):
    platform = Platform(cases, switches)
    reader = Reader(platform, NOW)
    queries = [read(asked).match(reader.directory).query for asked in several]
    listed = [case for case, _read_at in reader.listed(minimal_cover(queries), read({}).sorting)]
    assert len({case["_id"] for case in listed}) == len(listed)
    assert [case["created_at"] for case in listed] == sorted(case["created_at"] for case in listed)
    for asked, asks in zip(several, queries, strict=True):
        assert {case["_id"] for case in listed if asks.matches(case)} == expected(platform, asked)
