# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conditions of a rule, as users write them, on cases as the platform gives them."""

from __future__ import annotations

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.rules import parse_rules
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import Person, Tenant
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.match import MAX_NAME_LENGTH, Match, compile_name
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.query import Query
from tests.unit.plugins.module_utils._api.directory import Directory

NOW = 1_700_000_000_000  # 2023-11-14T22:13:20Z
MINUTE, DAY = 60_000, 86_400_000
EXAMPLE, CLINIC = Tenant("6" * 32, ""), Tenant("7" * 32, "")
CASE = {
    "_id": "62fceb4a48be7776c793a02a",
    "ticket_id": 67535,
    "status": "New",
    "severity": "Medium",
    "name": "Carbon Black:XDR",
    "resolution": "",
    "assignee": "8" * 32,
    "assignee_name": "ohtani",
    "tags": ["a", "b"],
    "cust_id": "6" * 32,
    "score": 30.5,
    "size": 17,
    "created_at": NOW - 7 * DAY,
    "modified_at": NOW - 30 * MINUTE,
}
# What a platform leaves out, or gives as null
ABSENT = {"_id": "1"}
NULL = dict.fromkeys(CASE, None) | {"_id": "1"}


def accepts(match, case, directory=None):
    directory = directory or Directory()
    (rule,) = parse_rules([{"name": "rule", "match": match}], NOW)
    return rule.match.resolved(directory).accepts(case)


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"status": ["New"]}, True),
        ({"status": ["Resolved", "New"]}, True),
        ({"status": "Resolved,New"}, True),
        ({"status": ["Escalated"]}, False),
        ({"not_status": ["New"]}, False),
        ({"not_status": ["Resolved", "Cancelled"]}, True),
        ({"severity": ["Critical", "Medium"]}, True),
        ({"severity": ["High"]}, False),
        ({"not_severity": ["Medium"]}, False),
        ({"not_severity": ["High", "Low"]}, True),
        ({"tags": {"any": ["z", "b"]}}, True),
        ({"tags": {"any": ["B"]}}, False),
        ({"tags": {"all": ["b", "a"]}}, True),
        ({"tags": {"all": ["a", "z"]}}, False),
        ({"tags": {"none": ["z"]}}, True),
        ({"tags": {"none": ["z", "a"]}}, False),
        ({"tags": {"any": ["a"], "all": ["b"], "none": ["c"]}}, True),
        ({"tags": {"any": ["a"], "all": ["b"], "none": ["c"]}, "status": ["Resolved"]}, False),
        # people: by whichever name
        ({"assignee": ["ohtani"]}, True),
        ({"assignee": ["OHTANI@example.com"]}, True),
        ({"assignee": ["8" * 32]}, True),
        ({"assignee": [""]}, False),
        ({"assignee": ["", "ohtani"]}, True),
        ({"not_assignee": [""]}, True),
        ({"not_assignee": ["ohtani@example.com"]}, False),
        ({"not_assignee": ["", " ohtani "]}, False),
        ({"tenant": ["Example Tenant"]}, True),
        ({"tenant": ["6" * 32]}, True),
        ({"tenant": ["7" * 32]}, False),
        ({"tenant": ["Root Tenant", "Example Tenant"]}, True),
        ({"not_tenant": ["Example Tenant"]}, False),
        ({"not_tenant": ["Root Tenant", "7" * 32]}, True),
        ({"resolution": [""]}, True),
        ({"resolution": ["Benign"]}, False),
        ({"not_resolution": [""]}, False),
        ({"not_resolution": ["Benign"]}, True),
        # bounds, which belong to the range
        ({"min_score": 30.5, "max_score": 30.5}, True),
        ({"min_score": 30.6}, False),
        ({"max_score": 30.4}, False),
        ({"min_score": 0, "max_score": 100}, True),
        ({"min_size": 17, "max_size": 17}, True),
        ({"min_size": 18}, False),
        ({"max_size": 16}, False),
        # ages, and times
        ({"older_than": "7d"}, True),
        ({"older_than": "169h"}, False),
        ({"newer_than": "1w"}, True),
        ({"newer_than": "167h"}, False),
        ({"older_than": "2023-11-08"}, True),
        ({"older_than": "2023-11-07T22:13:20Z", "newer_than": "2023-11-07T23:13:20+01:00"}, True),
        ({"older_than": "2023-11-07T22:13:19Z"}, False),
        ({"newer_than": str(NOW - 7 * DAY)}, True),
        ({"newer_than": str(NOW - 7 * DAY + 1)}, False),
        ({"modified_before": "30m"}, True),
        ({"modified_before": "31m"}, False),
        ({"modified_after": "30m"}, True),
        ({"modified_after": "29m"}, False),
        ({"modified_after": "2023-11-14T21:43:20"}, True),
        # names: a regular expression, found somewhere
        ({"name": "Black"}, True),
        ({"name": "black"}, False),
        ({"name": "(?i)black"}, True),
        ({"name": "(?x) Carbon \\s Black  # either product"}, True),
        ({"name": "^Black"}, False),
        ({"name": "^Carbon.*XDR$"}, True),
        ({"name": "^(?!Carbon)"}, False),
        # conditions are ANDed
        ({"status": ["New"], "severity": ["Medium"], "min_size": 1}, True),
        ({"status": ["New"], "severity": ["High"]}, False),
    ],
)
def test_a_case_meets_all_conditions(match, fits):
    assert accepts(match, CASE) is fits


@pytest.mark.parametrize("case", [ABSENT, NULL])
@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"status": ["New"]}, False),
        ({"not_status": ["New"]}, True),
        ({"severity": ["Low"]}, False),
        ({"not_severity": ["Low"]}, True),
        ({"tags": {"any": ["a"]}}, False),
        ({"tags": {"all": ["a"]}}, False),
        ({"tags": {"none": ["a"]}}, True),
        ({"assignee": [""]}, True),
        ({"assignee": ["ohtani"]}, False),
        ({"not_assignee": [""]}, False),
        ({"not_assignee": ["ohtani"]}, True),
        ({"tenant": ["Example Tenant"]}, False),
        ({"not_tenant": ["Example Tenant"]}, True),
        # the root tenant has no id
        ({"tenant": ["Root Tenant"]}, True),
        ({"not_tenant": ["Root Tenant"]}, False),
        ({"resolution": [""]}, True),
        ({"not_resolution": [""]}, False),
        ({"not_resolution": ["Benign"]}, True),
        # of what is not known, nothing is supposed
        ({"min_score": 0}, False),
        ({"max_score": 100}, False),
        ({"min_size": 0}, False),
        ({"max_size": 99}, False),
        ({"older_than": "7d"}, False),
        ({"newer_than": "7d"}, False),
        ({"modified_before": "7d"}, False),
        ({"modified_after": "7d"}, False),
        ({"name": "a"}, False),
        ({"name": "^$"}, True),
    ],
)
def test_a_case_that_lacks_the_field(case, match, fits):
    assert accepts(match, case) is fits


@pytest.mark.parametrize(
    ("case", "match", "fits"),
    [
        ({"_id": "1", "tags": ["a", "a"]}, {"tags": {"all": ["a"]}}, True),
        ({"_id": "1", "score": "30"}, {"min_score": 0}, False),
        ({"_id": "1", "size": "17"}, {"max_size": 99}, False),
        # words such as System are nobody that a rule names, and still somebody
        ({"_id": "1", "assignee": "System"}, {"not_assignee": [""]}, True),
        ({"_id": "1", "assignee": "", "assignee_name": "Unassigned"}, {"assignee": [""]}, True),
        ({"_id": "1", "assignee": "8" * 32, "assignee_name": "renamed"}, {"assignee": ["ohtani"]}, True),
        ({"_id": "1", "assignee": "9" * 32, "assignee_name": "ohtani"}, {"assignee": ["ohtani"]}, False),
        ({"_id": "1", "resolution": "Benign"}, {"resolution": ["", "Benign"]}, True),
        ({"_id": "1", "resolution": "Duplicate"}, {"not_resolution": ["", "Benign"]}, True),
        ({"_id": "1", "status": "Unheard of"}, {"not_status": ["New"]}, True),
        ({"_id": "1", "name": "two\nlines"}, {"name": "^two.lines$"}, False),
        ({"_id": "1", "name": "two\nlines"}, {"name": "(?s)^two.lines$"}, True),
        ({"_id": "1", "name": "two\nlines"}, {"name": "(?m)^lines$"}, True),
    ],
)
def test_cases_of_other_kinds(case, match, fits):
    assert accepts(match, case) is fits


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"assignee": ["OHTANI"]}, True),
        ({"assignee": ["8" * 32]}, True),
        # What the platform does not show is not known.
        ({"assignee": ["ohtani@example.com"]}, False),
        ({"not_assignee": ["ohtani"]}, False),
        ({"not_assignee": [""]}, True),
    ],
)
def test_people_that_cannot_be_looked_up_are_compared_as_spelled(match, fits):
    assert accepts(match, CASE, Directory(users=())) is fits


def test_a_name_is_searched_up_to_a_length_that_bounds_the_time():
    assert accepts({"name": "end$"}, {"_id": "1", "name": "x" * (MAX_NAME_LENGTH - 3) + "end"})
    assert not accepts({"name": "end"}, {"_id": "1", "name": "x" * (MAX_NAME_LENGTH - 2) + "end"})


@pytest.mark.parametrize("pattern", ["(", "[", "*", "a{2,1}", "(?P<n>a)(?P<n>b)", "(?z)", "\\", "(" * 5000])
def test_what_is_no_regular_expression(pattern):
    with pytest.raises(ValueError, match=r"."):
        compile_name(pattern)


def test_only_names_are_looked_up():
    people = (Person(""), Person("8" * 32), Person("ohtani"))
    match = Match(Query(assignee=people), not_assignee=(Person("OHTANI"),), tenants=(Tenant("6" * 32, ""),))
    assert match.unresolved == ["ohtani", "OHTANI"]
    directory = Directory()
    resolved = match.resolved(directory)
    assert directory.asked == ["ohtani", "OHTANI"]
    assert [one.user_id for one in resolved.query.assignee] == ["", "", "8" * 32]
    assert resolved.not_assignee[0].email == "ohtani@example.com"


@pytest.mark.parametrize(
    ("match", "in_the_listing"),
    [
        (Match(tenants=(EXAMPLE,)), EXAMPLE),
        (Match(tenants=(Tenant("", "Example Tenant"),)), Tenant("6" * 32, "Example Tenant")),
        (Match(tenants=(EXAMPLE, CLINIC)), None),
        (Match(not_tenants=(EXAMPLE,)), None),
    ],
)
def test_one_tenant_is_a_filter_of_the_listing(match, in_the_listing):
    assert match.resolved(Directory()).query.tenant == in_the_listing


def test_the_tenant_of_the_connection_is_a_filter_before_that_of_a_rule():
    resolved = Match(tenants=(EXAMPLE,)).resolved(Directory(tenant=CLINIC))
    assert (resolved.query.tenant, resolved.tenants) == (CLINIC, (EXAMPLE,))


def test_a_listing_does_all_that_a_query_asks_only_without_further_conditions():
    query = Query(status=("New",))
    assert Match(query).is_filtered
    assert Match(query).total_is_exact
    assert not Match(query, max_size=3).is_filtered
    assert not Match(query, max_size=3).total_is_exact


@pytest.mark.parametrize(
    ("match", "needs"),
    [
        (Match(), set()),
        (Match(not_status=("New",), not_severity=("Low",)), {"status", "severity"}),
        (Match(all_tags=("a",), max_size=3), {"tags", "size"}),
        (Match(query=Query(min_score=3), name=compile_name("a")), {"score", "name"}),
    ],
)
def test_what_a_match_needs_of_a_case(match, needs):
    assert match.needs == needs


def test_the_tenant_of_the_connection_and_that_of_the_rule_both_count():
    match = Match(Query(tenant=CLINIC), tenants=(EXAMPLE,))
    assert not match.accepts(CASE)
    assert not match.accepts({**CASE, "cust_id": CLINIC.cust_id})
