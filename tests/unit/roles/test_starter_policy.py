# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The starter policy is safe on any case: it touches tags only, and comes to rest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.rules import parse_rules
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.policy import check_convergence, decide
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.policy_file import read_policy
from tests.tools.policy_schema import ROOT

POLICY = read_policy(str(ROOT / "roles/case_hygiene/files/starter_policy.yml"))
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = 1_700_000_000_000
RULES = parse_rules(POLICY["rules"], NOW)
OWNER = "826ef6979788454297c85cbba4a51c08"


def words(rule: dict[str, Any]) -> list[str]:
    """All tags that a rule speaks of."""
    lists = [*rule["match"].get("tags", {}).values(), *rule.get("set", {}).get("tags", {}).values()]
    return [tag for tags in lists for tag in tags]


TAGS = sorted({tag for rule in POLICY["rules"] for tag in words(rule)} | {"vip", "Needs-Owner", "{{ 1 + 1 }}"})
AGES = st.sampled_from(
    [
        age + off
        for age in (30 * MINUTE, 4 * HOUR, 5 * DAY, 7 * DAY, 30 * DAY, 999 * DAY)
        for off in (-MINUTE, 0, MINUTE)
    ]
)
NAMES = st.sampled_from(["Test case", "[DEMO] phishing", "Testament of a host", "", "a test"]) | st.text(max_size=20)
CASES = st.fixed_dictionaries(
    {
        "_id": st.just("62fceb4a48be7776c793a02a"),
        "ticket_id": st.just(67535),
        "name": NAMES,
        "status": st.sampled_from(["New", "In Progress", "Escalated", "Resolved", "Cancelled", "Merged", ""]),
        "assignee": st.sampled_from(["", OWNER]),
        "tags": st.lists(st.sampled_from(TAGS), max_size=6, unique=True) | st.none(),
        "created_at": AGES.map(lambda age: NOW - age),
        "modified_at": AGES.map(lambda age: NOW - age) | st.none(),
    },
    optional={
        "severity": st.sampled_from(["Critical", "High", "Medium", "Low", "Severe"]),
        "resolution": st.sampled_from(["", "Benign", "True Positive"]) | st.none(),
    },
)


@given(CASES)
def test_it_changes_tags_only_and_comes_to_rest(case: dict[str, Any]) -> None:
    decision = decide(case, RULES)
    check_convergence(case, decision, RULES, NOW)
    if decision.plan is not None:
        assert set(decision.plan.payload) <= {"tags"}
        after = decision.plan.outcome(case)
        # As time goes by, other rules may begin to match, but none that takes back what this run did.
        later = decide(after, parse_rules(POLICY["rules"], NOW + 1))
        assert later.plan is None or not later.plan.changed


def case(**fields: Any) -> dict[str, Any]:
    common = {"_id": "1", "ticket_id": 1, "name": "DNS Tunneling", "status": "New", "severity": "Medium"}
    times = {"created_at": NOW - DAY, "modified_at": NOW - DAY}
    return {**common, "assignee": OWNER, "tags": [], "resolution": "", **times, **fields}


@pytest.mark.parametrize(
    ("fields", "rule", "tags"),
    [
        ({"severity": "Critical", "assignee": ""}, "Critical cases have an owner within 30 minutes", ["needs-owner"]),
        ({"severity": "Critical", "assignee": "", "created_at": NOW - 20 * MINUTE}, None, []),
        ({"severity": "High", "assignee": ""}, "High cases have an owner within 4 hours", ["needs-owner"]),
        ({"severity": "High", "assignee": "", "created_at": NOW - 3 * HOUR}, None, []),
        ({"assignee": ""}, None, []),
        ({"tags": ["needs-owner", "vip"]}, "Cases with an owner don't ask for one", ["vip"]),
        ({"status": "Escalated", "assignee": ""}, "Escalated cases have an owner", []),
        ({"created_at": NOW - 8 * DAY}, "Nothing stays New for a week", []),
        ({"status": "In Progress", "modified_at": NOW - 6 * DAY}, "Work in progress moves within 5 days", []),
        ({"status": "Resolved"}, "Resolved cases have a resolution", []),
        ({"status": "Resolved", "created_at": NOW - 31 * DAY}, None, []),
        ({"status": "Resolved", "resolution": "Benign"}, None, []),
        ({"status": "Cancelled", "tags": ["needs info", "vip"]}, "Closed cases ask for nothing", ["vip"]),
        ({"tags": ["phising", "vip"]}, "The tag phishing has one spelling", ["phishing", "vip"]),
        ({"name": "[TEST] please ignore"}, "Test cases are closed", []),
        ({"name": "Testament of the host"}, None, []),
    ],
)
def test_each_rule_finds_what_it_says(fields: dict[str, Any], rule: str | None, tags: list[str]) -> None:
    given = case(**fields)
    decision = decide(given, RULES)
    assert [RULES[number].name for number in decision.matched] == ([] if rule is None else [rule])
    assert sorted(decision.plan.outcome(given)["tags"] if decision.plan else given["tags"]) == tags


def test_each_rule_says_why() -> None:
    assert all(len(rule["description"]) > 30 for rule in POLICY["rules"])
