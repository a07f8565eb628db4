# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rules decide for a case, and which of them are refused because they would not come to rest.

test_policy_properties.py has random ones.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.rules import parse_rules
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plan import DesiredState
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.policy import check_convergence, decide
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.rules import resolve_rules
from tests.unit.plugins.module_utils._api.directory import Directory

NOW = 1_700_000_000_000
MINUTE, DAY = 60_000, 86_400_000
CASE = {
    "_id": "62fceb4a48be7776c793a02a",
    "ticket_id": 67535,
    "status": "New",
    "severity": "Medium",
    "name": "Carbon Black",
    "resolution": "",
    "assignee": "",
    "assignee_name": "Unassigned",
    "tags": ["a"],
    "created_at": NOW - 30 * DAY,
    "modified_at": NOW - 30 * DAY,
}


def rules_of(*rules):
    """Rules from (match, set) or (match, set, comment)."""
    named = [
        {"name": f"rule {number}", "match": match, "set": wanted, "comment": comment[0] if comment else None}
        for number, (match, wanted, *comment) in enumerate(rules)
    ]
    return resolve_rules(parse_rules(named, NOW), Directory())


NEW, RESOLVED, REOPENED = {"status": ["New"]}, {"status": ["Resolved"]}, {"status": "In Progress"}


@pytest.mark.parametrize(
    ("case", "rules", "matched", "contributing", "payload"),
    [
        ({}, [(RESOLVED, {"severity": "Low"})], (), (), None),
        # a finding
        ({}, [(NEW, None)], (0,), (), None),
        ({}, [(NEW, None), (NEW, {"severity": "Low"})], (0, 1), (1,), {"severity": "Low"}),
        # nothing to change
        ({}, [(NEW, {"severity": "Medium"})], (0,), (), {}),
        # a later rule sees what an earlier one decided
        (
            {},
            [(NEW, {"status": "In Progress"}), ({"status": ["In Progress"]}, {"assignee": "ohtani"})],
            (0, 1),
            (0, 1),
            {"status": "In Progress", "assignee": "ohtani@example.com"},
        ),
        ({}, [(NEW, {"status": "In Progress"}), (NEW, {"severity": "Low"})], (0,), (0,), {"status": "In Progress"}),
        (
            {},
            [(NEW, {"status": "Escalated"}), ({"status": ["Escalated"]}, None)],
            (0, 1),
            (0,),
            {"status": "Escalated"},
        ),
        # the last word counts
        ({}, [(NEW, {"severity": "High"}), (NEW, {"severity": "Low"})], (0, 1), (0, 1), {"severity": "Low"}),
        # and what comes to nothing is no change
        ({}, [(NEW, {"severity": "High"}), (NEW, {"severity": "Medium"})], (0, 1), (), {}),
        (
            {},
            [(NEW, {"severity": "High"}), (NEW, {"severity": "Medium"}), (NEW, {"name": "x"})],
            (0, 1, 2),
            (2,),
            {"name": "x"},
        ),
        # tags are joined
        (
            {"tags": ["a", "z"]},
            [({}, {"tags": {"add": ["b", "c"]}}), ({}, {"tags": {"add": ["d"], "delete": ["a", "c"]}})],
            (0, 1),
            (0, 1),
            {"tags": {"add": ["b", "d"], "delete": ["a"]}},
        ),
        (
            {"tags": ["a", "x,y", ""]},
            [({}, {"tags": {"set": ["b"]}}), ({}, {"tags": {"add": ["c"]}})],
            (0, 1),
            (0, 1),
            {"tags": {"add": ["b", "c"], "delete": ["a", "x,y", ""]}},
        ),
        ({}, [({}, {"tags": {"add": ["b"]}}), ({}, {"tags": {"set": ["a"]}})], (0, 1), (), {}),
        # one person in two spellings
        (
            {"assignee": "8" * 32, "assignee_name": "ohtani"},
            [({}, {"assignee": "OHTANI"}), ({"not_assignee": ["ohtani@example.com"]}, {"severity": "Low"})],
            (0,),
            (),
            {},
        ),
        (
            {},
            [({}, {"assignee": "ohtani"}), ({"assignee": ["8" * 32]}, {"severity": "Low"})],
            (0, 1),
            (0, 1),
            {"assignee": "ohtani@example.com", "severity": "Low"},
        ),
        # a resolution goes with the final status
        (
            {},
            [(NEW, {"status": "Resolved", "resolution": "Benign"}), (RESOLVED, {"severity": "Low"})],
            (0, 1),
            (0, 1),
            {"status": "Resolved", "resolution": "Benign", "severity": "Low"},
        ),
        (
            {},
            [(NEW, {"status": "Resolved", "resolution": "Benign"}), (RESOLVED, {"status": "Cancelled"})],
            (0, 1),
            (0, 1),
            {"status": "Cancelled"},
        ),
        (
            {"status": "Resolved"},
            [(RESOLVED, {"resolution": "Benign"}), (RESOLVED, {"severity": "Low"})],
            (0, 1),
            (0, 1),
            {"status": "Resolved", "resolution": "Benign", "severity": "Low"},
        ),
        # only taken back
        (
            {"status": "Resolved"},
            [(RESOLVED, {"resolution": "Benign"}), (RESOLVED, REOPENED)],
            (0, 1),
            (1,),
            {"status": "In Progress"},
        ),
        # alerts are closed by the rule that closes the case, and by no other
        (
            {},
            [(NEW, {"status": "Resolved", "update_alerts": True})],
            (0,),
            (0,),
            {"status": "Resolved", "update_alerts": True},
        ),
        (
            {},
            [(NEW, {"status": "Resolved", "update_alerts": True}), (RESOLVED, REOPENED)],
            (0, 1),
            (0, 1),
            {"status": "In Progress"},
        ),
        (
            {"status": "Resolved"},
            [({}, {"status": "Resolved", "update_alerts": True}), (RESOLVED, {"status": "Cancelled"})],
            (0, 1),
            (1,),
            {"status": "Cancelled"},
        ),
        (
            {"status": "Resolved"},
            [
                ({}, {"status": "Resolved", "severity": "Low", "update_alerts": True}),
                (RESOLVED, {"status": "Cancelled"}),
            ],
            (0, 1),
            (0, 1),
            {"status": "Cancelled", "severity": "Low"},
        ),
    ],
)
def test_decisions(case, rules, matched, contributing, payload):
    decision = decide({**CASE, **case}, rules_of(*rules))
    assert (decision.matched, decision.contributing) == (matched, contributing)
    assert (decision.plan.payload if decision.plan else None) == payload


@pytest.mark.parametrize(
    ("rules", "comment"),
    [
        ([(NEW, {"severity": "High"}, "one")], "one"),
        ([(NEW, {"severity": "Medium"}, "one")], None),
        ([(NEW, {"severity": "High"}, "one"), (NEW, {"name": "x"}, "two")], "one\ntwo"),
        # once, whoever says it
        ([(NEW, {"severity": "High"}, "one"), (NEW, {"name": "x"}, "two"), (NEW, {"name": "y"}, "one")], "one\ntwo"),
        # only of rules of which something is left
        ([(NEW, {"severity": "Medium"}, "one"), (NEW, {"name": "x"}, "two")], "two"),
        ([(NEW, {"severity": "High"}, "one"), (NEW, {"severity": "Medium"}, "two")], None),
        ([(NEW, {"severity": "High"}, "one"), (NEW, {"severity": "Medium"}), (NEW, {"name": "x"}, "two")], "two"),
    ],
)
def test_comments(rules, comment):
    assert decide(CASE, rules_of(*rules)).plan.after.get("comment") == comment


def test_the_case_is_left_as_it_was():
    case = {**CASE, "tags": ["a"]}
    decide(case, rules_of(({}, {"tags": {"add": ["b"]}, "status": "Resolved", "severity": "Low"})))
    assert case == CASE


def test_the_diff_has_what_the_rules_manage_and_nothing_else():
    plan = decide(CASE, rules_of((NEW, {"severity": "Medium"}), (NEW, {"status": "Escalated"}))).plan
    assert plan.before == {"status": "New", "severity": "Medium"}
    assert plan.after == {"status": "Escalated", "severity": "Medium"}


@pytest.mark.parametrize("level", ["Medium", "High"])
def test_a_plan_has_the_state_that_the_rules_want_whether_or_not_it_changes_anything(level):
    assert decide(CASE, rules_of((NEW, {"severity": level}))).plan.desired == DesiredState(severity=level)


IDLE = {"modified_before": "7d"}
FRESH = {"modified_after": "1h"}


@pytest.mark.parametrize(
    ("case", "rules"),
    [
        ({}, [(NEW, {"status": "In Progress"})]),
        ({}, [({}, {"severity": "Low"})]),
        # they meet in the same run, and rest
        ({}, [(NEW, {"severity": "High"}), (NEW, {"severity": "Medium"})]),
        # what was not touched for long is touched
        ({}, [(IDLE, {"tags": {"add": ["stale"]}})]),
        # and what is not touched is not
        ({}, [(FRESH, {"severity": "High"}), ({}, {"severity": "Medium"})]),
        ({}, [(IDLE, {"severity": "High"}), ({"severity": ["High"], **FRESH}, {"severity": "High"})]),
        # what an update of more than tags moves modified_at away from
        ({}, [({"severity": ["High"], **IDLE}, {"name": "x"}), ({"severity": ["Medium"]}, {"severity": "High"})]),
        ({"modified_at": None}, [(NEW, {"status": "In Progress"})]),
        ({"status": "Resolved"}, [({**RESOLVED, "resolution": [""]}, {"resolution": "Benign"})]),
        # a person is who is meant, however spelled
        ({}, [({"not_assignee": ["OHTANI"]}, {"assignee": "ohtani@example.com"})]),
        ({}, [({"name": "^Carbon"}, {"name": "Mended"})]),
    ],
)
def test_rules_that_come_to_rest(case, rules):
    case, rules = {**CASE, **case}, rules_of(*rules)
    check_convergence(case, decide(case, rules), rules, NOW)


@pytest.mark.parametrize(
    ("case", "rules", "message", "named"),
    [
        (
            {},
            [
                ({"status": ["In Progress"]}, {"status": "New", "severity": "High"}, "a comment is no change"),
                ({**NEW, "severity": ["Medium"]}, {"status": "In Progress"}),
            ],
            "The rules 'rule 1' and 'rule 0': would change case 62fceb4a48be7776c793a02a (ticket 67535) once more in "
            "the next run: status from 'In Progress' to 'New'; severity from 'Medium' to 'High'. Change their "
            "order, or let them match less, so that the policy does not change what it leaves behind.",
            [1, 0],
        ),
        # by the time that the update itself sets
        (
            {"tags": ["stale"]},
            [(FRESH, {"tags": {"add": ["stale"]}}), (IDLE, {"tags": {"delete": ["stale"]}})],
            "The rules 'rule 1' and 'rule 0': would change case 62fceb4a48be7776c793a02a (ticket 67535) once more in "
            "the next run: tags from [] to ['stale']. Change",
            [1, 0],
        ),
        # it goes on, if not for ever
        (
            {},
            [
                ({"status": ["Escalated"]}, {"severity": "Low"}),
                ({"status": ["In Progress"]}, {"status": "Escalated"}),
                (NEW, {"status": "In Progress"}),
                # a rule that found its state has no part in it
                ({}, {"name": "Carbon Black"}),
            ],
            "The rules 'rule 2' and 'rule 1': ",
            [2, 1],
        ),
        # a rule that another one took back is named as well
        (
            {},
            [({}, {"severity": "High", "name": "x"}), (IDLE, {"severity": "Medium"})],
            "The rules 'rule 0' and 'rule 1': ",
            [0, 1],
        ),
        # if an update of tags alone leaves modified_at as it was
        (
            {"tags": ["b"]},
            [
                ({"tags": {"any": ["a"]}, **IDLE}, {"tags": {"delete": ["a"]}}),
                ({"tags": {"any": ["b"]}}, {"tags": {"set": ["a"]}}),
            ],
            "The rules 'rule 1' and 'rule 0': ",
            [1, 0],
        ),
        # if the platform dates a case that had no date
        (
            {"modified_at": None},
            [
                ({"severity": ["High"], **FRESH}, {"severity": "Low"}),
                ({"severity": ["Medium"]}, {"severity": "High"}),
            ],
            "The rules 'rule 1' and 'rule 0': ",
            [1, 0],
        ),
        # if it does not
        (
            {"modified_at": None},
            [
                ({"tags": {"any": ["b"]}}, {"severity": "Low"}),
                (FRESH, {"severity": "High"}),
                ({"severity": ["Medium"]}, {"severity": "High", "tags": {"add": ["b"]}}),
            ],
            "The rules 'rule 2' and 'rule 0': ",
            [2, 0],
        ),
        # if reopening clears the resolution
        (
            {"status": "Resolved", "resolution": "Benign"},
            [
                ({"status": ["In Progress"], "resolution": [""]}, {"severity": "Low"}),
                (RESOLVED, REOPENED),
            ],
            "The rules 'rule 1' and 'rule 0': ",
            [1, 0],
        ),
        # if it does not
        (
            {"status": "Resolved", "resolution": "Benign"},
            [
                ({"status": ["In Progress"], "resolution": ["Benign"]}, {"severity": "Low"}),
                (RESOLVED, REOPENED),
            ],
            "The rules 'rule 1' and 'rule 0': ",
            [1, 0],
        ),
    ],
)
def test_rules_that_do_not_come_to_rest(case, rules, message, named):
    case, rules = {**CASE, **case}, rules_of(*rules)
    with pytest.raises(InputError) as caught:
        check_convergence(case, decide(case, rules), rules, NOW)
    assert str(caught.value).startswith(message)
    assert caught.value.details == {"rules": [f"rule {number}" for number in named], "case_id": CASE["_id"]}


def test_the_name_of_a_rule_is_cut_in_a_message_and_whole_in_the_facts():
    rules = rules_of((NEW, REOPENED), ({"status": ["In Progress"]}, {"status": "New"}))
    rules = [replace(rules[0], name="x" * 101), replace(rules[1], name="y" * 100)]
    decision = decide(CASE, rules[:1])
    with pytest.raises(InputError) as caught:
        check_convergence(CASE, decision, rules, NOW)
    assert str(caught.value).startswith(f"The rules '{'x' * 100}...' and '{'y' * 100}': would change ")
    assert caught.value.details["rules"] == ["x" * 101, "y" * 100]
