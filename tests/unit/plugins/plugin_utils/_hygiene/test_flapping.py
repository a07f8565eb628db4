# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes that the last run made, and that this one plans again."""

from __future__ import annotations

import json

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.flapping import (
    MOST_HISTORIES,
    find_flapping,
    read_last,
)

STATUS = {"field": "status", "before": "New", "after": "In Progress"}
TAGS = {"field": "tags", "before": ["a"], "after": ["a", "seen"]}
RULES = [
    {"name": "First", "set": {"status": "In Progress"}},
    {"name": "Second", "set": {"tags": {}}},
    {"name": "Third"},
]


def row(*changes, number=1, **more):
    facts = {"case_id": f"c{number}", "ticket_id": number, "outcome": "changed", "rules": ["First", "Second"]}
    return {**facts, "changes": list(changes), **more}


def run(*rows, **more):
    return {"platform": "p", "scope": "all tenants", "check_mode": True, "case_results": list(rows), **more}


def last(*rows, **more):
    return {**run(*rows), "mode": "apply", **more}


def entry(field, before, after, user, at):
    return {"field": field, "from": before, "to": after, "user": user, "timestamp": at}


def found(last_report, this, **activities):
    asked = []

    def histories(case_ids):
        asked.append(list(case_ids))
        return activities

    rows = find_flapping(last_report, this, RULES, histories)
    assert bool(asked) is bool(rows)
    return rows


def test_the_same_change_again_flaps():
    activities = [
        entry("status", "In Progress", "New", "insync@example.com", 3),
        entry("status", "New", "In Progress", "us@example.com", 2),
        entry("severity", "Low", "High", "else@example.com", 4),
    ]
    assert found(last(row(STATUS)), run(row(STATUS)), c1=activities) == [
        {"rule": "First", "case_id": "c1", "ticket_id": 1, "field": "status", "by": "insync@example.com"}
    ]


def test_the_own_change_of_an_apply_is_not_that_of_others():
    activities = [
        entry("assignee", "Me", "Unassigned", "insync@example.com", 3),
        entry("assignee", "Unassigned", "Spelt otherwise", "us@example.com", 4),
    ]
    change = {"field": "assignee", "before": "", "after": "me@example.com"}
    (flap,) = found(last(row(change)), run(row(change), check_mode=False), c1=activities)
    assert (flap["by"], flap["rule"]) == ("insync@example.com", "Second")


def test_of_tags_one_that_is_moved_again_is_enough():
    again = {"field": "tags", "before": ["b"], "after": ["b", "seen"]}
    activities = [
        entry("tags", ["a", "seen"], ["a"], "insync\u202e\x1b[31m", 3),
        entry("tags", ["a"], ["b"], "another", 4),
    ]
    (flap,) = found(last(row(TAGS)), run(row(again)), c1=activities)
    assert (flap["rule"], flap["by"]) == ("Second", "insync  [31m")


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("change", "values"),
    [(STATUS, ("New", "In Progress")), (TAGS, (["a"], ["a", "seen"]))],
)
def test_an_undo_by_who_made_the_change_is_not_that_of_others(change, values, check):
    field, (old, new) = change["field"], values
    activities = [
        entry(field, old, new, "us@example.com", 2),
        entry(field, new, old, "us@example.com", 3),
        *([] if check else [entry(field, old, new, "us@example.com", 4)]),
    ]
    given = last(row(change)), run(row(change), check_mode=check)
    assert find_flapping(*given, RULES, lambda ids: {"c1": activities}) == []
    activities[1]["user"] = "insync@example.com"
    assert [flap["by"] for flap in find_flapping(*given, RULES, lambda ids: {"c1": activities})] == [
        "insync@example.com"
    ]


@pytest.mark.parametrize(
    ("last_report", "this"),
    [
        ({}, run(row(STATUS))),
        (last(row(STATUS), mode="check"), run(row(STATUS))),
        (last(row(STATUS), platform="another"), run(row(STATUS))),
        (last(row(STATUS), scope="tenant A"), run(row(STATUS))),
        (last(row(STATUS)), run(row(STATUS), platform="")),
        (last(row(STATUS)), run(row(STATUS, number=2))),
        (last(row(STATUS)), run(row(TAGS))),
        (last(row(STATUS)), run(row({**STATUS, "after": "Escalated"}))),
        (last(row(STATUS)), run(row(STATUS, rules=["Third"]))),
        (last(row(STATUS, outcome="skipped")), run(row(STATUS))),
        (last(row({"field": "comment", "before": None, "after": "x"})), run(row({"field": "comment", "after": "x"}))),
        (last(row(TAGS)), run(row({"field": "tags", "before": ["seen"], "after": []}))),
        (last(row(TAGS, case_id=["c1"])), run(row(TAGS))),
        (last(row({**TAGS, "before": 5, "after": 7})), run(row(TAGS))),
        (last(row(TAGS, changes=5)), run(row(TAGS))),
        (last(row(TAGS, rules=5)), run(row(TAGS))),
        (last(case_results={"a": 1}), run(row(TAGS))),
        (last(), run()),
        (last(row(STATUS)), {}),
    ],
)
def test_what_does_not_flap_is_not_looked_up(last_report, this):
    assert found(last_report, this) == []


@pytest.mark.parametrize("activities", [None, [], "x", [5, {"field": "status"}], [entry("status", "a", "New", 5, 1)]])
def test_who_it_was_may_be_unknown(activities):
    (flap,) = found(last(row(STATUS)), run(row(STATUS)), c1=activities)
    assert flap["by"] is None


def test_histories_are_read_of_so_many_cases_only():
    rows = [row(STATUS, TAGS, number=number) for number in range(MOST_HISTORIES + 5)]
    asked = []
    flaps = find_flapping(last(*rows), run(*rows), RULES, lambda case_ids: asked.extend(case_ids) or {})
    assert len(flaps) == 2 * len(rows)
    assert asked == [f"c{number}" for number in range(MOST_HISTORIES)]


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "\x00", "[" * 100_000])
def test_a_last_report_that_is_none(tmp_path, text):
    path = tmp_path / "hygiene.json"
    assert read_last(str(path)) == {}
    path.write_text(text)
    assert read_last(str(path)) == {}
    path.write_text(json.dumps({"mode": "apply"}))
    assert read_last(str(path)) == {"mode": "apply"}
