# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others did to a case while it was updated: from what it shows, and from its history."""

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._case import Person
from ansible_collections.stellarcyber.xdr.plugins.module_utils._meanwhile import (
    Edit,
    named,
    replaced,
    shown,
    told,
    was_made,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._plan import Desired, TagChange, make_plan

LEAD = Person("lead@example.com", "1" * 32, "lead@example.com", "lead")
BEFORE = {
    "_id": "c1",
    "ticket_id": 7,
    "status": "New",
    "severity": "Low",
    "assignee": "",
    "assignee_name": "Unassigned",
    "tags": ["old", "b"],
    "name": "A case",
    "resolution": "",
    "modified_at": 1000,
}
WANTED = Desired(status="In Progress", tags=TagChange(add=("hit",), delete=("old",)), comment="Seen")
PLAN = make_plan(BEFORE, WANTED)
AFTER = {**BEFORE, "status": "In Progress", "tags": ["hit", "b"], "modified_at": 2000}

SHOWN = {
    "as planned": ({}, []),
    "tags in another order": ({"tags": ["b", "hit"]}, []),
    "a tag more": ({"tags": ["b", "hit", "x"]}, [("tags", ["b", "hit", "x"])]),
    "a tag of the plan is gone": ({"tags": ["b"]}, [("tags", ["b"])]),
    "another status": ({"status": "Escalated"}, [("status", "Escalated")]),
    "a field that was not planned": ({"severity": "High"}, [("severity", "High")]),
    "severity by its old name": ({"severity": None, "priority": "High"}, [("severity", "High")]),
    "somebody has it now": ({"assignee": "2" * 32, "assignee_name": "Jo"}, [("assignee", "Jo")]),
    "the same person under another name": ({"assignee_name": "nobody"}, []),
    "an answer without some fields": ({"name": None, "severity": None, "resolution": None}, []),
    "the resolution goes with the status": ({"resolution": "Benign"}, []),
    "two": ({"name": "x", "severity": "High"}, [("severity", "High"), ("name", "x")]),
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_case_shows_beside_the_plan(name):
    differs, edits = SHOWN[name]
    assert shown(BEFORE, PLAN, {**AFTER, **differs}) == [Edit(field, value, True) for field, value in edits]


def test_a_resolution_counts_if_the_status_stays():
    plan = make_plan(BEFORE, Desired(severity="High"))
    assert shown(BEFORE, plan, {**BEFORE, "severity": "High", "resolution": "Benign"}) == [
        Edit("resolution", "Benign", True)
    ]


def entry(field, to, timestamp=1500, user="jo@example.com"):
    return {"field": field, "to": to, "timestamp": timestamp, "user": user}


OURS = entry("status", "In Progress", 2000, "api@example.com")
REPLACED = {
    "nobody else": ([OURS], []),
    "an empty history": ([], []),
    "somebody in between": ([OURS, entry("status", "Escalated")], [("status", "Escalated")]),
    "oldest first": ([entry("status", "Escalated"), OURS], [("status", "Escalated")]),
    "two in between": (
        [OURS, entry("status", "Resolved", 1600), entry("status", "Escalated", 1500)],
        [("status", "Resolved")],
    ),
    "before the read": ([OURS, entry("status", "Escalated", 1000)], []),
    "after the update": ([entry("status", "Escalated", 2500), OURS], []),
    "the same as planned": ([OURS, entry("status", "In Progress")], []),
    "another field": ([OURS, entry("severity", "High")], []),
    "a tag, of which none is lost": ([OURS, entry("tags", ["old", "b", "x"])], []),
    "our own spelt in another way": (
        [entry("status", "in_progress", 2000), entry("status", "Escalated")],
        [("status", "Escalated")],
    ),
    "no time": ([OURS, entry("status", "Escalated", None)], []),
}


@pytest.mark.parametrize("name", REPLACED)
def test_what_the_update_replaced(name):
    history, edits = REPLACED[name]
    assert replaced(BEFORE, PLAN, history) == [Edit(field, value, False, "jo@example.com") for field, value in edits]


def test_nothing_is_known_of_a_case_without_a_time():
    case = {**BEFORE, "modified_at": None}
    assert replaced(case, make_plan(case, WANTED), [OURS, entry("status", "Escalated")]) == []


ASSIGNED = [entry("assignee", "lead", 2000), entry("assignee", "jo")]
UNASSIGNED = [entry("assignee", "Unassigned", 2000), entry("assignee", "jo")]


@pytest.mark.parametrize(
    ("person", "history", "found"),
    [
        (LEAD, ASSIGNED, "jo"),
        (LEAD, [entry("assignee", "1" * 32, 2000), entry("assignee", "Unassigned")], ""),
        (LEAD, [entry("assignee", "jo", 2500), *ASSIGNED[:1]], None),
        (Person(""), UNASSIGNED, "jo"),
        (Person(""), [entry("assignee", "jo", 2500), *UNASSIGNED[:1]], None),
        (Person(""), [entry("assignee", None, 2000), entry("assignee", "jo")], "jo"),
    ],
)
def test_people_are_told_apart_by_identity(person, history, found):
    case = {**BEFORE, "assignee": "3" * 32, "assignee_name": "max"}
    edits = replaced(case, make_plan(case, Desired(assignee=person)), history)
    assert [edit.value for edit in edits] == ([] if found is None else [found])


@pytest.mark.parametrize(
    ("field", "history", "made"),
    [
        ("status", [OURS], True),
        ("status", [entry("status", "Escalated", 2500), OURS], True),
        ("status", [entry("status", "Escalated")], False),
        ("status", [{**OURS, "timestamp": 1000}], False),
        ("tags", [entry("tags", ["b", "hit"])], True),
        ("tags", [entry("tags", ["b", "hit", "old"])], False),
        ("tags", [entry("tags", ["b"])], False),
        ("tags", [entry("tags", "hit")], False),
    ],
)
def test_whether_a_change_was_made(field, history, made):
    (change,) = (change for change in PLAN.changes if change.field == field)
    assert was_made(BEFORE, PLAN, change, history) is made


def test_who_it_was():
    edits = [Edit("tags", ["x"], True), Edit("name", "x", True)]
    history = [entry("tags", ["x"], 2500), entry("tags", ["y"], 2400, "api@example.com"), entry("name", "x", 900)]
    assert [edit.by for edit in named(edits, BEFORE, history)] == ["jo@example.com", None]
    assert [edit.by for edit in named(edits[:1], BEFORE, [entry("tags", ["x"], user=7)])] == [None]


def test_a_warning_tells_what_and_who_and_what_became_of_it():
    edits = [Edit("status", "Esca\x1b[31mlated", False, "jo"), Edit("tags", ["a"], True)]
    assert told(BEFORE, edits) == (
        "case c1 (ticket 7) was changed by others while it was updated: "
        'status to "Esca\\u001b[31mlated" by jo (replaced by the update); tags to ["a"] (kept).'
    )
