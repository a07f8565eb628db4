# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Since when a case has had its status and its assignee, by its history; and where that does not tell."""

from __future__ import annotations

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.match import parse_match
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.rules import parse_rules
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.held import (
    Held,
    HistoryNeeded,
    Undecided,
    held_since,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.policy import check_convergence, decide
from tests.unit.plugins.module_utils._model.test_match import CASE, DAY, MINUTE, NOW

CREATED = CASE["created_at"]
HOUR = 60 * MINUTE
OPEN = {**CASE, "status": "In Progress"}


def change(at, to, before="New", field="status", **more):
    return {"timestamp": at, "action": "update", "field": field, "from": before, "to": to, "user": "x", **more}


def assigned(at, to, before="Unassigned"):
    return change(at, to, before, "assignee")


COMMENT = {"timestamp": NOW, "action": "add", "field": "comment", "from": "", "to": "New", "user": "x"}
STARTED = change(NOW - 5 * HOUR, "In Progress")


@pytest.mark.parametrize(
    ("case", "name", "history", "since"),
    [
        # never changed: as it was created
        (CASE, "status", [], CREATED),
        (CASE, "status", [COMMENT], CREATED),
        (OPEN, "status", [STARTED], NOW - 5 * HOUR),
        (OPEN, "status", [COMMENT, STARTED], NOW - 5 * HOUR),
        # in any order, the last change
        (OPEN, "status", [change(NOW - HOUR, "In Progress", "Escalated"), STARTED], NOW - HOUR),
        (OPEN, "status", [STARTED, change(NOW - HOUR, "In Progress", "Escalated")], NOW - HOUR),
        (CASE, "status", [change(NOW - HOUR, "New", "Resolved"), STARTED], NOW - HOUR),
        # two of one moment
        (OPEN, "status", [STARTED, change(NOW - 5 * HOUR, "New", "Resolved")], NOW - 5 * HOUR),
        # what sets the value that was there
        (OPEN, "status", [change(NOW - HOUR, "In Progress", "In Progress"), STARTED], NOW - 5 * HOUR),
        # without the value before
        (OPEN, "status", [{"timestamp": 1_699_990_000_000, "field": "status", "to": "In Progress"}], 1_699_990_000_000),
        # other forms of a time: in whole seconds, the last ms of its second
        (OPEN, "status", [change(1_699_990_000, "In Progress")], 1_699_990_000_999),
        (OPEN, "status", [change("2023-11-14T20:00:00Z", "In Progress")], 1_699_992_000_999),
        # people, by whichever name
        (CASE, "assignee", [assigned(NOW - HOUR, "ohtani")], NOW - HOUR),
        (CASE, "assignee", [assigned(NOW - HOUR, "OHTANI")], NOW - HOUR),
        (CASE, "assignee", [assigned(NOW - HOUR, "8" * 32)], NOW - HOUR),
        (CASE, "assignee", [assigned(NOW - HOUR, "ohtani"), assigned(NOW - 2 * HOUR, "mira")], NOW - HOUR),
    ],
)
def test_since_when(case, name, history, since):
    assert held_since(case, name, history) == since


@pytest.mark.parametrize(
    ("case", "name", "history", "why"),
    [
        (OPEN, "status", [], "its history has no change of the status"),
        (CASE, "assignee", [STARTED], "its history has no change of the assignee"),
        ({**CASE, "created_at": None}, "status", [], "its history has no change of the status"),
        (
            OPEN,
            "status",
            [STARTED, change(NOW - HOUR, "Resolved", "In Progress")],
            'its history ends with the status "Resolved", and it has "In Progress"',
        ),
        (OPEN, "status", [{"timestamp": NOW - HOUR, "field": "status"}], 'ends with the status null, and it has "In'),
        (OPEN, "status", [STARTED, change(None, "Resolved")], "a change of the status without a valid time"),
        (OPEN, "status", [change("yesterday", "In Progress")], "a change of the status without a valid time"),
        (OPEN, "status", [change(NOW, ["In Progress"])], 'ends with the status ["In Progress"]'),
        (CASE, "assignee", [assigned(NOW, "Unassigned", "ohtani")], 'ends with the assignee "", and it has "ohtani"'),
        (CASE, "assignee", [assigned(NOW, "ohtani@example.com")], 'with the assignee "ohtani@example.com", and it has'),
        (CASE, "assignee", [assigned(NOW, 5)], "ends with the assignee 5"),
    ],
)
def test_a_history_that_does_not_tell(case, name, history, why):
    with pytest.raises(Undecided) as caught:
        held_since(case, name, history)
    assert why in str(caught.value)


def test_hostile_text_of_a_history_is_shown_as_text():
    with pytest.raises(Undecided) as caught:
        held_since(OPEN, "status", [change(NOW, "\x1b[2J\n{{ 1 }}")])
    assert str(caught.value).isprintable()


def accepts(match, case, history=None):
    held = Held(case, NOW)
    held.history = history
    return parse_match(match, NOW).accepts(case, held)


@pytest.mark.parametrize(
    ("match", "history", "fits"),
    [
        ({"status_for": "5h"}, [STARTED], True),
        ({"status_for": "301m"}, [STARTED], False),
        ({"assigned_for": "1h"}, [assigned(NOW - HOUR, "ohtani")], True),
        ({"assigned_for": "2h"}, [assigned(NOW - HOUR, "ohtani")], False),
        ({"assigned_for": "1h", "status_for": "5h"}, [STARTED, assigned(NOW - HOUR, "ohtani")], True),
        ({"assigned_for": "1h", "status_for": "6h"}, [STARTED, assigned(NOW - HOUR, "ohtani")], False),
    ],
)
def test_conditions(match, history, fits):
    assert accepts(match, OPEN, history) is fits


@pytest.mark.parametrize(
    ("match", "case"),
    [
        ({"status_for": "4h", "status": ["New"]}, OPEN),
        ({"status_for": "4h", "name": "xyz"}, OPEN),
        ({"status_for": "4h", "tags": {"all": ["z"]}}, OPEN),
        ({"assigned_for": "4h"}, {**OPEN, "assignee": ""}),
    ],
)
def test_no_history_is_needed_where_another_condition_decides(match, case):
    assert not accepts(match, case)


def test_it_is_needed_where_all_others_are_met():
    for held in (None, Held(OPEN, NOW)):
        with pytest.raises(HistoryNeeded):
            parse_match({"status_for": "4h", "status": ["In Progress"]}, NOW).accepts(OPEN, held)


@pytest.mark.parametrize(
    ("match", "message"),
    [
        ({"status_for": "2023-11-01"}, 'match.status_for must be an age; got "2023-11-01". Give 30m, 12h, 7d or 2w.'),
        ({"assigned_for": "4"}, 'match.assigned_for must be an age; got "4". Give 30m, 12h, 7d or 2w.'),
        (
            {"assigned_for": "4h", "assignee": [""]},
            "match.assignee and match.assigned_for can never match together. Correct one of them.",
        ),
    ],
)
def test_refused(match, message):
    with pytest.raises(InputError) as caught:
        parse_match(match, NOW)
    assert str(caught.value) == message


def rules(*given):
    return parse_rules([{"name": str(number), **rule} for number, rule in enumerate(given)], NOW)


def test_what_a_rule_before_it_changed_was_changed_now():
    held = Held(OPEN, NOW)
    policy = rules({"match": {}, "set": {"status": "Escalated"}}, {"match": {"status_for": "1m"}})
    # and no history is needed for that
    assert decide(OPEN, policy, held).matched == (0,)


def test_it_is_of_the_case_as_it_is_if_the_rule_before_it_changed_another_field():
    held = Held(OPEN, NOW)
    policy = rules({"match": {}, "set": {"severity": "Low"}}, {"match": {"status_for": "5h"}})
    with pytest.raises(HistoryNeeded):
        decide(OPEN, policy, held)
    held.history = [STARTED]
    assert decide(OPEN, policy, held).matched == (0, 1)


def test_a_rule_that_sets_the_status_comes_to_rest():
    held = Held(OPEN, NOW)
    held.history = [STARTED]
    policy = rules({"match": {"status_for": "4h", "not_status": ["Escalated"]}, "set": {"status": "Escalated"}})
    decision = decide(OPEN, policy, held)
    assert decision.plan.payload == {"status": "Escalated"}
    check_convergence(OPEN, decision, policy, NOW, held)


def test_the_starting_day_of_a_case_that_was_never_touched():
    assert accepts({"status_for": "7d", "newer_than": "7d"}, CASE, [])
    assert CREATED == NOW - 7 * DAY
