# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back of each field, what has none, and the files in which it is found.

That it restores what it says is in test_policy_properties.py.
"""

from __future__ import annotations

import json

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.rules import parse_items
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.comment import Comment
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import Person
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plan import DesiredState, TagChange, make_plan
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.undo import (
    MATCHED_FIELDS,
    edit_by_others,
    has_value,
    undo_item,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.journal import undo_file

NOW = 1_700_000_000_000
CASE = {
    "_id": "c1",
    "status": "New",
    "severity": "Medium",
    "name": "Carbon Black",
    "resolution": "",
    "description": "what was seen",
    "assignee": "9" * 32,
    "assignee_name": "api",
    "tags": ["a", "b"],
    "modified_at": NOW - 5,
}
RESOLVED = {"status": "Resolved", "resolution": "Benign"}


@pytest.mark.parametrize(
    ("case", "desired", "item", "lost"),
    [
        ({}, DesiredState(status="Escalated"), {"status": "New"}, []),
        ({}, DesiredState(severity="High"), {"severity": "Medium"}, []),
        ({}, DesiredState(name="x"), {"name": "Carbon Black"}, []),
        ({}, DesiredState(description="x"), {"description": "what was seen"}, []),
        ({}, DesiredState(assignee=Person("ohtani")), {"assignee": "9" * 32}, []),
        ({"assignee": ""}, DesiredState(assignee=Person("ohtani")), {"assignee": ""}, []),
        ({"assignee": None}, DesiredState(assignee=Person("ohtani")), {"assignee": ""}, []),
        ({}, DesiredState(assignee=Person("")), {"assignee": "9" * 32}, []),
        # only what is changed
        ({}, DesiredState(status="New", severity="High", assignee=Person("api")), {"severity": "Medium"}, []),
        # tags: only those that are moved
        ({}, DesiredState(tags=TagChange(add=("a", "c"))), {"tags": {"remove": ["c"]}}, []),
        ({}, DesiredState(tags=TagChange(remove=("b", "z"))), {"tags": {"add": ["b"]}}, []),
        ({}, DesiredState(tags=TagChange(replaces=("c", "a"))), {"tags": {"add": ["b"], "remove": ["c"]}}, []),
        # what the platform held and would not take again
        ({"tags": ["a,b", "c"]}, DesiredState(tags=TagChange(replaces=())), {"tags": {"add": ["c"]}}, ['tag "a,b"']),
        (
            {"tags": [" b", "c"]},
            DesiredState(tags=TagChange(replaces=("b",))),
            {"tags": {"add": ["c"], "remove": ["b"]}},
            ['tag " b"'],
        ),
        ({"tags": [" b", "b"]}, DesiredState(tags=TagChange(remove=("b",))), {"tags": {"add": ["b"]}}, []),
        ({"tags": [""]}, DesiredState(tags=TagChange(replaces=())), {}, ['tag ""']),
        ({"status": "Unheard of"}, DesiredState(status="New"), {}, ["status"]),
        ({"status": None}, DesiredState(status="New"), {}, ["status"]),
        ({"severity": "Severe"}, DesiredState(severity="High"), {}, ["severity"]),
        ({"name": ""}, DesiredState(name="x"), {}, ["name"]),
        # a blank one would have the whole list refused
        ({"name": " \t"}, DesiredState(name="x"), {}, ["name"]),
        ({"assignee": " "}, DesiredState(assignee=Person("ohtani")), {}, ["assignee"]),
        ({"description": None}, DesiredState(description="x"), {}, ["description"]),
        # a resolution goes with status Resolved
        ({}, DesiredState(status="Resolved", resolution="Benign"), {"status": "New"}, ["resolution"]),
        ({"status": "Resolved"}, DesiredState(resolution="Benign"), {}, ["resolution"]),
        (RESOLVED, DesiredState(resolution="True Positive"), {"resolution": "Benign"}, []),
        (RESOLVED, DesiredState(status="New"), {"status": "Resolved", "resolution": "Benign"}, []),
        (RESOLVED, DesiredState(status="Cancelled"), {"status": "Resolved", "resolution": "Benign"}, []),
        (RESOLVED, DesiredState(severity="High"), {"severity": "Medium"}, []),
        ({"status": "Resolved", "resolution": None}, DesiredState(status="New"), {"status": "Resolved"}, []),
        ({"status": "Resolved", "resolution": "Odd"}, DesiredState(resolution="Benign"), {}, ["resolution"]),
        # reopening may clear one that can't be given back
        (
            {"status": "Resolved", "resolution": "Odd"},
            DesiredState(status="New"),
            {"status": "Resolved"},
            ["resolution"],
        ),
        (
            {"status": "Cancelled", "resolution": "Benign"},
            DesiredState(status="New"),
            {"status": "Cancelled"},
            ["resolution"],
        ),
        ({"status": "Cancelled", "resolution": "Benign"}, DesiredState(status="Resolved"), {"status": "Cancelled"}, []),
        ({"status": "Cancelled", "resolution": "Benign"}, DesiredState(severity="Low"), {"severity": "Medium"}, []),
        ({"status": "Cancelled"}, DesiredState(status="New"), {"status": "Cancelled"}, []),
        ({"status": "Escalated", "resolution": "Benign"}, DesiredState(status="New"), {"status": "Escalated"}, []),
        (
            {"status": "Cancelled", "resolution": "Benign"},
            DesiredState(status="Resolved", resolution="True Positive"),
            {"status": "Cancelled"},
            ["resolution"],
        ),
        # what goes along
        ({}, DesiredState(severity="High", comments=(Comment("x"),)), {"severity": "Medium"}, ["comment"]),
        ({}, DesiredState(status="Resolved", update_alerts=True), {"status": "New"}, ["alerts"]),
        ({}, DesiredState(status="Resolved", update_alerts=False), {"status": "New"}, []),
        ({}, DesiredState(status="New"), {}, []),
    ],
)
def test_the_way_back(case, desired, item, lost):
    case = {**CASE, **case}
    plan = make_plan(case, desired)
    written = {name: plan.after.get(name, "") for name in item if name in MATCHED_FIELDS}
    if not (desired.assignee or Person("")).is_resolved:
        # The case may show another name than the one that was given.
        written.pop("assignee", None)
    guard = {"if_unmodified_since": NOW, "if_match": written} if item else {}
    assert undo_item(case, plan, NOW) == ({"case_id": "c1", **item, **guard}, lost)
    if item:
        # It is an item of the option cases, as it is and out of a file.
        (as_it_is,) = parse_items([undo_item(case, plan, NOW)[0]], "cases", NOW)
        (from_json,) = parse_items(json.loads(json.dumps([undo_item(case, plan, NOW)[0]])), "undo_file", NOW)
        assert as_it_is == from_json
        assert (as_it_is.unmodified_since, as_it_is.if_match) == (NOW, written)


def test_without_a_time_there_is_no_guard():
    item, _lost = undo_item(CASE, make_plan(CASE, DesiredState(status="Escalated")), None)
    assert item == {"case_id": "c1", "status": "New", "if_match": {"status": "Escalated"}}


@pytest.mark.parametrize(
    ("desired", "after", "item"),
    [
        # a platform that stores tags in another spelling
        (
            DesiredState(tags=TagChange(add=("Phishing", "VIP"))),
            {"tags": ["a", "b", "phishing", "VIP", "others"]},
            {"tags": {"remove": ["phishing", "VIP"]}, "if_match": {}},
        ),
        # what was there before is kept, whatever its spelling
        (
            DesiredState(tags=TagChange(add=("B",))),
            {"tags": ["a", "b"]},
            {"tags": {"remove": ["B"]}, "if_match": {}},
        ),
        # a name that the platform cut, a user that it shows by id
        (DesiredState(name="longer"), {"name": "long"}, {"name": "Carbon Black", "if_match": {"name": "long"}}),
        (
            DesiredState(assignee=Person("ohtani")),
            {"assignee": "8" * 32},
            {"assignee": "9" * 32, "if_match": {"assignee": "8" * 32}},
        ),
        (
            DesiredState(assignee=Person("ohtani", "7" * 32, "ohtani@example.com")),
            {},
            {"assignee": "9" * 32, "if_match": {"assignee": "7" * 32}},
        ),
    ],
)
def test_undo_restores_what_the_platform_stored(desired, after, item):
    plan = make_plan(CASE, desired)
    assert undo_item(CASE, plan, None, {**CASE, **after} if after else None) == ({"case_id": "c1", **item}, [])


OUR, THEIR = "soc-api@example.com", "ohtani@example.com"
WRITTEN = {"status": "Resolved", "assignee": "7" * 32}


def entry(field, to, at, user=OUR):
    return {"field": field, "to": to, "timestamp": NOW + at, "user": user}


@pytest.mark.parametrize(
    ("since", "history", "found"),
    [
        (0, [], None),
        # our own write, and what the same account did later
        (0, [entry("status", "Resolved", -1), entry("severity", "Low", 5)], None),
        # a time that is older than the write
        (-9, [entry("status", "Resolved", -1)], None),
        (None, [entry("status", "Resolved", -1)], None),
        (-9, [entry("assignee", "7" * 32, -1), entry("severity", "Low", 5)], None),
        (-9, [entry("tags", ["new"], -1), entry("severity", "Low", 5)], None),
        # others, in whatever order the history is
        (0, [entry("severity", "Low", 5, THEIR), entry("status", "Resolved", -1)], THEIR),
        (-9, [entry("severity", "Low", 5, THEIR), entry("status", "Resolved", -1)], THEIR),
        (-9, [entry("status", "Resolved", -1), entry("tags", ["x"], 5, THEIR)], THEIR),
        # the same value, by others
        (
            0,
            [entry("status", "Resolved", -1), entry("status", "New", 2, THEIR), entry("status", "Resolved", 3, THEIR)],
            THEIR,
        ),
        # before our write
        (-9, [entry("severity", "Low", -5, THEIR), entry("status", "Resolved", -1)], None),
        # alerts and scores are not edits
        (0, [entry("status", "Resolved", -1), entry("score", 70, 5, None), entry("size", 9, 6, "system")], None),
        # a write that the history does not show
        (0, [entry("severity", "Low", 5)], OUR),
        (0, [entry("tags", "new", -1), entry("severity", "Low", 5)], OUR),
        (
            0,
            [entry("status", "Resolved", -1), {"field": "status", "to": "New", "timestamp": "soon", "user": THEIR}],
            None,
        ),
    ],
)
def test_edits_by_others_after_the_write_that_is_undone(since, history, found):
    undo = DesiredState(status="New", tags=TagChange(remove=("new",), add=("old",)))
    edit = edit_by_others(undo, WRITTEN, None if since is None else NOW + since, history)
    assert (edit and edit["user"]) == found


@pytest.mark.parametrize(
    ("case", "name", "value", "has"),
    [
        ({"status": "New"}, "status", "New", True),
        ({"status": "New"}, "status", "Resolved", False),
        ({}, "resolution", "", True),
        ({"resolution": None}, "resolution", "", True),
        ({"assignee": "7" * 32, "assignee_name": "soc"}, "assignee", "7" * 32, True),
        ({"assignee": "7" * 32, "assignee_name": "soc"}, "assignee", "SOC", True),
        ({"assignee": "7" * 32}, "assignee", "", False),
        ({"assignee": ""}, "assignee", "", True),
    ],
)
def test_the_value_that_a_write_left(case, name, value, has):
    assert has_value(case, name, value) is has


FIRST = {"case_id": "c1", "status": "New", "if_unmodified_since": NOW}
SECOND = {"case_id": "c2", "tags": {"delete": ["\u2028x\u0085"]}, "if_unmodified_since": NOW}
HEADER = {"journal": 1, "collection": "stellarcyber.xdr"}


def lines(*entries):
    return "".join(json.dumps(entry) + "\n" for entry in entries)


def undoes(item):
    return {"undo": item}


@pytest.mark.parametrize(
    ("text", "items"),
    [
        # a report, however it is laid out
        (json.dumps({"report": 1, "undo": [FIRST, SECOND]}), [FIRST, SECOND]),
        (json.dumps({"report": 1, "undo": [FIRST]}, indent=4), [FIRST]),
        (json.dumps({"journal": "run.jsonl", "report": 1, "undo": [FIRST]}), [FIRST]),
        # a journal
        (lines(HEADER, undoes(FIRST)), [FIRST]),
        (lines(HEADER, undoes(FIRST), undoes(SECOND)), [FIRST, SECOND]),
        (lines(HEADER, undoes(FIRST)).replace("\n", "\r\n"), [FIRST]),
        # the last word on a case counts
        (lines(HEADER, undoes({**FIRST, "if_unmodified_since": 1}), undoes(SECOND), undoes(FIRST)), [FIRST, SECOND]),
        # nothing was written, or nothing of it can be undone
        (lines(HEADER, undoes(FIRST), undoes(SECOND), undoes({"case_id": "c1"})), [SECOND]),
        (lines(HEADER, undoes({"case_id": "c1", "if_unmodified_since": NOW}), undoes(SECOND)), [SECOND]),
        # killed while it wrote
        *((lines(HEADER, undoes(SECOND), undoes(FIRST))[:-cut], [SECOND]) for cut in (2, 9, 70)),
        (lines(HEADER, undoes(FIRST)) + "{", [FIRST]),
        (lines(HEADER, undoes(FIRST)) + "\n", [FIRST]),
    ],
)
def test_what_is_found_in_a_file(text, items):
    assert undo_file(text, "file").items == items


NEITHER = (
    "Could not read run.json: it is neither a report of the role case_hygiene nor a journal. Give the JSON report of "
    "the role case_hygiene, or the journal of the run. What a task returned as undo is for the option cases."
)


def at_line(number):
    return f"Could not read run.json: line {number} must be JSON of a report or a journal. Give the JSON report"


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        (json.dumps({"report": 1, "undo": [FIRST], "platform": "xdr.example.com"}), "xdr.example.com"),
        (json.dumps({"report": 1, "undo": [FIRST]}), ""),
        (json.dumps({"report": 1, "undo": [FIRST], "platform": None}), ""),
        (lines({**HEADER, "platform": "xdr.example.com:8443"}, undoes(FIRST)), "xdr.example.com:8443"),
        (lines(HEADER, undoes(FIRST)), ""),
    ],
)
def test_which_platform_a_file_is_of(text, platform):
    assert undo_file(text, "file").platform == platform


LOSES = {"case_id": "c2", "ticket_id": 5, "irreversible": ["comment"]}


@pytest.mark.parametrize(
    ("text", "lost", "tickets"),
    [
        (
            json.dumps({"report": 1, "undo": [FIRST], "case_results": [{"case_id": "c1", "ticket_id": 4}, LOSES]}),
            {"c2": ["comment"]},
            {"c1": 4, "c2": 5},
        ),
        # A preview has lost nothing.
        (json.dumps({"report": 1, "mode": "check", "undo": [FIRST], "case_results": [LOSES]}), {}, {"c2": 5}),
        (lines(HEADER, {"undo": FIRST, "ticket_id": 4, "irreversible": ["a", "b"]}), {"c1": ["a", "b"]}, {"c1": 4}),
        # The last word on a case counts.
        (lines(HEADER, {"undo": FIRST, "irreversible": ["a"]}, undoes(FIRST)), {}, {"c1": None}),
        # What somebody made of them
        (json.dumps({"report": 1, "undo": [FIRST], "case_results": {"a": 1}}), {}, {}),
        (json.dumps({"report": 1, "undo": [FIRST], "case_results": [7, {"irreversible": 7}]}), {}, {"None": None}),
        (lines(HEADER, {"undo": FIRST, "irreversible": [7]}), {"c1": ["7"]}, {"c1": None}),
        (lines(HEADER, {"undo": FIRST, "irreversible": "a"}), {}, {"c1": None}),
    ],
)
def test_what_a_file_can_not_restore_and_which_tickets_it_names(text, lost, tickets):
    found = undo_file(text, "file")
    assert (found.irreversible, found.tickets) == (lost, tickets)


CHECKED = "it is the report of a run in check mode, which changes nothing."
FAILED = "that run failed or was ended, and its report names no change, but its journal may."
NOTHING = "that run changed nothing."
LOST = "what that run changed can't be undone: "


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (json.dumps({"report": 1, "undo": [], "mode": "apply", "error": ""}), NOTHING),
        (json.dumps({"report": 1, "undo": [], "mode": "check", "error": "x"}), CHECKED),
        (json.dumps({"report": 1, "undo": [], "mode": "check", "case_results": [LOSES]}), CHECKED),
        (json.dumps({"report": 1, "undo": [], "mode": "apply", "error": "x"}), FAILED),
        (json.dumps({"report": 1, "undo": [], "mode": "apply", "case_results": [LOSES]}), LOST + "comment."),
        (lines(HEADER), "that run ended before its first write."),
        (lines(HEADER).strip(), "that run ended before its first write."),
        (lines(HEADER) + '{"undo": {"case_', "that run ended before its first write."),
        (lines(HEADER, undoes(FIRST), undoes({"case_id": "c1"})), NOTHING),
        (
            lines(
                HEADER,
                {"undo": {"case_id": "c1"}, "irreversible": ["resolution", "\x1b[31mname"]},
                {"undo": {"case_id": "c2"}, "irreversible": ["name"]},
            ),
            LOST + "[31mname, name, resolution.",
        ),
    ],
)
def test_a_file_of_a_run_that_holds_nothing_to_undo(text, why):
    with pytest.raises(InputError) as caught:
        undo_file(text, "run.json")
    assert str(caught.value) == (
        f"undo_file: run.json contains nothing to undo: {why} Give the report or the journal of the run to undo."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Could not read run.json: it is empty, as a journal is if the run ended before it wrote to the platform."),
        (" \n\n", "Could not read run.json: it is empty"),
        ("7", NEITHER),
        ("null", NEITHER),
        ('"undo"', NEITHER),
        ("{}", NEITHER),
        ('{"report": 1}', NEITHER),
        ('{"report": 1, "undo": null}', NEITHER),
        ('{"report": 1, "undo": {"case_id": "c1"}}', NEITHER),
        # of a task: they don't say which platform they are of, or are no file that the collection wrote
        ("[]", NEITHER),
        (json.dumps([FIRST, SECOND]), NEITHER),
        (json.dumps([FIRST], indent=2), NEITHER),
        (json.dumps({"changed": True, "platform": "xdr.example.com", "undo": [FIRST]}), NEITHER),
        (json.dumps({"journal": "run.jsonl", "undo": [FIRST]}), NEITHER),
        (json.dumps({"undo": FIRST}), NEITHER),
        ('{"changed": false, "msg": "x"}', NEITHER),
        ("PLAY [all] ***", at_line(1)),
        ("---\n- case_id: c1\n", at_line(1)),
        ("[1, 2", at_line(1)),
        ("[" * 100_000, at_line(1)),
        (json.dumps({"undo": [FIRST]}, indent=1)[:-3], at_line(1)),
        # no journal begins like that
        (lines(undoes(FIRST), undoes(SECOND)), at_line(1)),
        (json.dumps(HEADER, indent=1), at_line(1)),
        (lines([1], undoes(SECOND)), at_line(1)),
        ('{"journ', at_line(1)),
        # in the middle nothing is passed over
        (lines(HEADER) + "x\n" + lines(undoes(FIRST)), at_line(2)),
        (lines(HEADER) + "\n" + lines(undoes(FIRST)), at_line(2)),
        (lines(HEADER, undoes(FIRST), {"x": 1}, undoes(SECOND)), at_line(3)),
        (lines(HEADER, undoes({"status": "New"}), undoes(SECOND)), at_line(2)),
        (lines(HEADER, undoes([]), undoes(SECOND)), at_line(2)),
        (lines(HEADER, undoes("c1"), undoes(SECOND)), at_line(2)),
        (lines(HEADER, undoes({"case_id": []}), undoes(SECOND)), at_line(2)),
        (lines(HEADER, 7, undoes(SECOND)), at_line(2)),
        (lines(HEADER) + "[" * 100_000 + "\n" + lines(undoes(SECOND)), at_line(2)),
    ],
)
def test_a_file_that_undoes_nothing(text, message):
    with pytest.raises(InputError) as caught:
        undo_file(text, "run.json")
    assert str(caught.value).startswith(message)


def test_the_name_of_a_file_is_made_printable():
    with pytest.raises(InputError) as caught:
        undo_file("{}", "\x1b[31m.json")
    assert str(caught.value).startswith("Could not read [31m.json: ")
