# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan that is saved and read again is the same plan, and no other content is one."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.comment import Comment
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import Person
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plan import DesiredState, TagChange, make_plan
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.saved_plan import (
    SavedCase,
    checksum,
    digest,
    entry_of,
    make_content,
    parse_cases,
)

LEAD = Person("lead", "1" * 32, "lead@example.com", "Lead")
CASE: dict[str, Any] = {
    "_id": "c1",
    "ticket_id": 7,
    "name": "Old",
    "status": "New",
    "severity": "Low",
    "assignee": "2" * 32,
    "assignee_name": "ana@example.com",
    "resolution": "",
    "tags": ["b", "a"],
    "modified_at": 5000,
}
SUMMARY = {"case_id": "c1", "ticket_id": 7, "name": "Old", "tenant": "T", "status": "New", "severity": "Low"}
ALL = DesiredState(
    status="Resolved",
    severity="High",
    name="New name",
    resolution="Benign",
    assignee=LEAD,
    tags=TagChange(replaces=("a", "c")),
    update_alerts=True,
    comments=(Comment("One", "m1"), Comment("Two")),
)


def entry(desired: DesiredState = ALL, **fields: Any) -> dict[str, Any]:
    case = {**CASE, **fields}
    return entry_of(SUMMARY, case, make_plan(case, desired), ["R"])


def saved(desired: DesiredState = ALL, **fields: Any) -> SavedCase:
    """Return the case of a plan after its way through a file."""
    text = json.dumps(make_content({"title": "T"}, [entry(desired, **fields)]))
    (case,) = parse_cases(json.loads(text))
    return case


def test_an_entry_has_all_that_is_written_and_what_it_is_for() -> None:
    assert entry() == {
        **SUMMARY,
        "rules": ["R"],
        "modified_at": 5000,
        "before": {
            "status": "New",
            "severity": "Low",
            "name": "Old",
            "resolution": "",
            "assignee": "ana@example.com",
            "tags": ["a", "b"],
            "comment": None,
        },
        "after": {
            "status": "Resolved",
            "severity": "High",
            "name": "New name",
            "resolution": "Benign",
            "assignee": "lead@example.com",
            "tags": ["a", "c"],
            "comment": "One [ansible:m1]\nTwo",
        },
        "match": {"status": "New", "severity": "Low", "assignee": "2" * 32, "name": "Old", "resolution": ""},
        "set": {
            "status": "Resolved",
            "severity": "High",
            "name": "New name",
            "resolution": "Benign",
            "assignee": "lead@example.com",
            "update_alerts": True,
            "tags": {"add": ["c"], "remove": ["b"]},
        },
        "comments": [{"text": "One", "marker": "m1"}, {"text": "Two", "marker": ""}],
    }


def test_only_what_changes_is_in_an_entry() -> None:
    only = entry(DesiredState(status="New", severity="High", tags=TagChange(add=("a",)), comments=(Comment("x"),)))
    assert only["set"] == {"severity": "High"}
    assert only["match"] == {"severity": "Low"}
    assert (only["before"], only["after"]) == (
        {"severity": "Low", "comment": None},
        {"severity": "High", "comment": "x"},
    )
    # A resolution is sent with the status, so that the status must still be the same.
    resolved = entry(DesiredState(resolution="Benign"), status="Resolved", resolution="")
    assert resolved["set"] == {"status": "Resolved", "resolution": "Benign"}
    assert resolved["match"] == {"status": "Resolved", "resolution": ""}


def test_a_plan_that_is_read_plans_the_same() -> None:
    case = saved()
    assert (case.summary, case.case_id, case.rules, case.modified_at) == (SUMMARY, "c1", ("R",), 5000)
    assert case.plan.changes == make_plan(CASE, ALL).changes
    assert case.differing(CASE) == []
    assert make_plan(CASE, case.desired).payload == make_plan(CASE, ALL).payload
    assert case.desired.comments == ALL.comments
    unassigned = saved(DesiredState(assignee=Person("")))
    assert unassigned.desired.assignee == Person("")
    assert make_plan(CASE, unassigned.desired).payload == {"assignee": ""}
    for update_alerts in (True, False):
        closed = DesiredState(status="Cancelled", update_alerts=update_alerts)
        assert saved(closed).desired == closed
    assert saved(DesiredState(status="Escalated")).desired == DesiredState(status="Escalated")


@pytest.mark.parametrize(
    ("fields", "differing"),
    [
        ({}, []),
        ({"modified_at": 9000, "size": 4, "description": "x"}, []),
        ({"status": "Escalated"}, ["status"]),
        ({"severity": "High"}, ["severity"]),
        ({"name": "Other"}, ["name"]),
        ({"resolution": "Benign"}, ["resolution"]),
        ({"assignee": ""}, ["assignee"]),
        ({"assignee": "1" * 32}, ["assignee"]),
        ({"tags": ["b", "a", "mine"]}, []),
        ({"tags": ["b"]}, []),
        ({"tags": ["a"]}, ["tags"]),
        ({"tags": ["a", "b", "c"]}, ["tags"]),
        ({"status": "Escalated", "tags": []}, ["status", "tags"]),
    ],
)
def test_what_differs_from_the_plan(fields: dict[str, Any], differing: list[str]) -> None:
    assert saved().differing({**CASE, **fields}) == differing


def test_the_content_is_sorted_and_its_checksum_covers_all() -> None:
    rows = [
        {**entry(), "case_id": case_id, "tenant": tenant, "ticket_id": ticket}
        for case_id, tenant, ticket in (
            ("d", "B", 1),
            ("c", "A", 9),
            ("e", "A", 10),
            ("b", "A", 10),
            ("z", "A", None),
            ("0", "A", 1),
        )
    ]
    content = make_content({"title": "T", "counts": {"read": 1}}, rows)
    assert [row["case_id"] for row in content["cases"]] == ["z", "0", "c", "b", "e", "d"]
    assert (content["plan"], content["title"]) == (1, "T")
    assert content["sha256"] == checksum(content) == checksum(dict(reversed(content.items())))
    for name in content:
        if name != "sha256":
            assert checksum({**content, name: "x"}) != content["sha256"]
    assert digest({"a": "é"}) == "1bb044a097f285c5e9b27bd49230a48ea3a2a68a07283b21f6a46009f3765014"
    assert digest(date(2026, 11, 28)) == digest("2026-11-28")
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 1, "b": ["2"]})


def broken(**changes: Any) -> dict[str, Any]:
    return {**entry(), **changes}


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        (None, "cases must be a list"),
        ({}, "cases must be a list"),
        ([entry(), entry()], "a case is in it twice"),
        ([entry(), []], "case 2: it has no case_id"),
        ([{}], "case 1: 'case_id'"),
        ([broken(case_id=5)], "case 1: it has no case_id"),
        ([broken(set={})], "case 1: it sets nothing"),
        ([broken(set=[])], "case 1: set must be a dictionary"),
        ([broken(set={"score": 1})], "case 1: set has the key score"),
        ([broken(set={"description": "x"})], "case 1: set has the key description"),
        ([broken(set={"status": "Gone"}, match={"status": "New"})], "case 1: set.status is not valid"),
        ([broken(set={"name": 5}, match={"name": "Old"})], "case 1: set.name is not valid"),
        ([broken(set={"update_alerts": "yes"}, match={})], "case 1: set.update_alerts is not valid"),
        ([broken(match={"status": "New"})], "case 1: match does not fit set"),
        ([broken(match={**entry()["match"], "status": 5})], "case 1: match does not fit set"),
        ([broken(match=None)], "case 1: match must be a dictionary"),
        ([broken(set={"tags": []}, match={})], "case 1: tags must be a dictionary"),
        ([broken(set={"tags": {"add": []}}, match={})], "case 1: 'remove'"),
        ([broken(set={"tags": {"add": [5], "remove": []}}, match={})], "case 1: add must be a list of strings"),
        ([broken(rules="R")], "case 1: rules must be a list of strings"),
        ([broken(comments=[{"text": "x"}])], "case 1: 'marker'"),
        ([broken(comments=[{"text": "x", "marker": 5}])], "case 1: a comment is not valid"),
        ([broken(comments=["x"])], "case 1: a comment is not valid"),
        ([broken(comments=None)], "case 1: 'NoneType' object is not iterable"),
        ([broken(before=[])], "case 1: before must be a dictionary"),
        ([broken(after=None)], "case 1: after must be a dictionary"),
        ([broken(after={})], "case 1: before does not fit after"),
    ],
)
def test_what_is_not_a_plan(cases: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_cases({"cases": cases})


TEXT = st.text(max_size=8).filter(lambda text: bool(text.strip()))
TAG = st.sampled_from(["a", "b", "c", "d"])
DESIRED = st.builds(
    DesiredState,
    status=st.sampled_from([None, "New", "In Progress", "Cancelled"]),
    severity=st.sampled_from([None, "Low", "High"]),
    name=st.none() | TEXT,
    assignee=st.sampled_from([None, Person(""), LEAD]),
    tags=st.none() | st.builds(TagChange, add=st.lists(TAG).map(tuple), remove=st.just(("d",))),
)


@given(DESIRED, st.lists(TAG, unique=True), TEXT)
def test_any_plan_that_is_saved_is_applied_as_it_was(desired: DesiredState, tags: list[str], name: str) -> None:
    case = {**CASE, "tags": tags, "name": name}
    plan = make_plan(case, desired)
    if not plan.changed:
        return
    read = saved(desired, tags=tags, name=name)
    assert read.differing(case) == []
    again = make_plan(case, read.desired)
    assert (again.payload, again.after.items() >= {c.field: c.after for c in plan.changes}.items()) == (
        plan.payload,
        True,
    )
    # When it was applied, nothing is left to be done.
    done = {**plan.outcome(case), "assignee_name": LEAD.email if desired.assignee == LEAD else ""}
    assert not make_plan(done, read.desired).changed
