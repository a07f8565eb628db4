# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others did to a case while it was updated: from what it shows, and from its history."""

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.comment import Comment
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.concurrent_changes import (
    Edit,
    conflict_warning,
    in_history,
    overwritten_edits,
    visible_edits,
    with_authors,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import Person
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plan import DesiredState, TagChange, make_plan

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
WANTED = DesiredState(status="In Progress", tags=TagChange(add=("hit",), remove=("old",)), comments=(Comment("Seen"),))
PLAN = make_plan(BEFORE, WANTED)
AFTER = {**BEFORE, "status": "In Progress", "tags": ["hit", "b"], "modified_at": 2000}

SHOWN = {
    "as planned": ({}, []),
    "tags in another order": ({"tags": ["b", "hit"]}, []),
    "a tag more": ({"tags": ["b", "hit", "x"]}, [("tags", ["b", "hit", "x"], ("x",), ())]),
    "a tag of the plan is gone": ({"tags": ["b"]}, [("tags", ["b"], (), ("hit",))]),
    "tags come and go": ({"tags": ["y", "x", "hit"]}, [("tags", ["hit", "x", "y"], ("x", "y"), ("b",))]),
    "another status": ({"status": "Escalated"}, [("status", "Escalated")]),
    "a field that was not planned": ({"severity": "High"}, [("severity", "High")]),
    "somebody has it now": ({"assignee": "2" * 32, "assignee_name": "Jo"}, [("assignee", "Jo")]),
    "the same person under another name": ({"assignee_name": "nobody"}, []),
    "an answer without some fields": ({"name": None, "severity": None, "resolution": None}, []),
    "the resolution goes with the status": ({"resolution": "Benign"}, []),
    "two": ({"name": "x", "severity": "High"}, [("severity", "High"), ("name", "x")]),
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_case_shows_beside_the_plan(name):
    differs, edits = SHOWN[name]
    assert visible_edits(BEFORE, PLAN, {**AFTER, **differs}) == [
        Edit(field, value, True, None, *moved) for field, value, *moved in edits
    ]


def test_tags_that_an_answer_leaves_out_are_no_edit():
    without = {name: value for name, value in AFTER.items() if name != "tags"}
    assert visible_edits(AFTER, make_plan(AFTER, DesiredState()), without) == []
    assert visible_edits(without, make_plan(without, DesiredState()), AFTER) == []


def test_a_resolution_counts_if_the_status_stays():
    plan = make_plan(BEFORE, DesiredState(severity="High"))
    assert visible_edits(BEFORE, plan, {**BEFORE, "severity": "High", "resolution": "Benign"}) == [
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
    "a time that is no number": ([OURS, entry("status", "Escalated", "soon"), entry("status", "x", True)], []),
}


@pytest.mark.parametrize("name", REPLACED)
def test_what_the_update_replaced(name):
    history, edits = REPLACED[name]
    assert overwritten_edits(BEFORE, PLAN, history) == [
        Edit(field, value, False, "jo@example.com") for field, value in edits
    ]


def test_an_entry_without_a_time_is_not_later_than_any():
    case = {**BEFORE, "modified_at": -5}
    history = [OURS, entry("status", "Escalated", None), entry("status", "Resolved")]
    assert [edit.value for edit in overwritten_edits(case, make_plan(case, WANTED), history)] == ["Resolved"]


def test_nothing_is_known_of_a_case_without_a_time():
    case = {**BEFORE, "modified_at": None}
    assert overwritten_edits(case, make_plan(case, WANTED), [OURS, entry("status", "Escalated")]) == []


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
    edits = overwritten_edits(case, make_plan(case, DesiredState(assignee=person)), history)
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
        ("tags", [entry("tags", [{"name": "hit"}])], False),
        ("tags", [entry("tags", ["hit", {"name": "old"}])], False),
    ],
)
def test_whether_a_change_was_made(field, history, made):
    (change,) = (change for change in PLAN.changes if change.field == field)
    assert in_history(BEFORE, PLAN, change, history) is made


@pytest.mark.parametrize(
    ("to", "made"), [(["b"], True), ([], True), (None, True), ([{"name": "old"}], False), ("old, b", False)]
)
def test_a_history_that_cannot_be_read_is_no_proof_that_a_tag_was_deleted(to, made):
    plan = make_plan(BEFORE, DesiredState(tags=TagChange(remove=("old",))))
    assert in_history(BEFORE, plan, plan.changes[0], [entry("tags", to)]) is made


def by_of(edit, *history):
    (found,) = with_authors([edit], BEFORE, PLAN, history)
    assert (found.field, found.value, found.kept) == (edit.field, edit.value, edit.kept)
    return found.by


ESCALATED = Edit("status", "Escalated", True)
WHO = {
    "the last": (Edit("name", "y", True), [entry("name", "y"), entry("name", "x", 1400, "max")], "jo@example.com"),
    "before the read": (Edit("name", "x", True), [entry("name", "x", 900)], None),
    "no name": (Edit("name", "x", True), [entry("name", "x", user=7)], None),
    "beside our own": (ESCALATED, [OURS, entry("status", "Escalated", 2500)], "jo@example.com"),
    "only our own": (ESCALATED, [OURS], None),
}


@pytest.mark.parametrize("name", WHO)
def test_who_it_was(name):
    edit, history, by = WHO[name]
    assert by_of(edit, *history) == by


def moved(before, after, timestamp, user="jo@example.com"):
    return {**entry("tags", after, timestamp, user), "from": before}


OURS_TAGS = moved(["old", "b", "x"], ["b", "x", "hit"], 2000, "api@example.com")
ADDED, REMOVED = Edit("tags", ["b", "hit", "x"], True, None, ("x",)), Edit("tags", ["b"], True, None, (), ("hit",))
BOTH = Edit("tags", ["hit", "x"], True, None, ("x",), ("b",))
MOVERS = {
    "before our update": (ADDED, [OURS_TAGS, moved(["old", "b"], ["old", "b", "x"], 1500)], "jo@example.com"),
    "after our update": (
        ADDED,
        [moved(["b", "hit"], ["b", "hit", "x"], 2500), moved(["old", "b"], ["b", "hit"], 2000, "api@example.com")],
        "jo@example.com",
    ),
    "one of ours is gone": (
        REMOVED,
        [moved(["b", "hit"], ["b"], 2500), moved(["old", "b"], ["b", "hit"], 2000, "api@example.com")],
        "jo@example.com",
    ),
    "two people": (
        BOTH,
        [moved(["b", "x", "hit"], ["x", "hit"], 2500, "max"), OURS_TAGS, moved(["old", "b"], ["old", "b", "x"], 1500)],
        "jo@example.com, max",
    ),
    "added, removed, and added by another": (
        ADDED,
        [moved([], ["x"], 1700, "max"), moved(["x"], [], 1600), moved([], ["x"], 1500)],
        "max",
    ),
    "a history that has no former tags": (
        ADDED,
        [entry("tags", ["b", "x", "hit"], 2000, "api@example.com"), entry("tags", ["old", "b", "x"])],
        "jo@example.com",
    ),
    "a history without it": (ADDED, [moved(["old", "b"], ["b", "hit"], 2000, "api@example.com")], None),
    "tags of another form": (ADDED, [moved("b", "x", 2000)], None),
    "objects, in which a tag is not missed": (REMOVED, [moved(["b", "hit"], [{"name": "hit"}], 1500)], None),
}


@pytest.mark.parametrize("name", MOVERS)
def test_who_moved_tags(name):
    edit, history, by = MOVERS[name]
    assert by_of(edit, *history) == by


def test_a_warning_tells_what_and_who_and_what_became_of_it():
    edits = [Edit("status", "Esca\x1b[31mlated", False, "jo"), Edit("tags", ["a"], True)]
    edits += [Edit("tags", ["b", "c"], True, "max", ("b", "c"), ("d\x1b",)), Edit("tags", [], True, None, (), ("e",))]
    assert conflict_warning(BEFORE, edits) == (
        "case c1 (ticket 7) was changed by others while it was updated: "
        'status to "Esca\\u001b[31mlated" by jo (replaced by the update); tags to ["a"] (kept); '
        'tags: "b", "c" added and "d\\u001b" removed by max (kept); tags: "e" removed (kept).'
    )
