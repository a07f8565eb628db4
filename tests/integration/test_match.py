# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conditions of a rule in stellar_case_info and in the lookup: they find what the rule matches."""

from __future__ import annotations

import random

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO, LOOKUP
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.match import MATCH
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case_info, run_lookup
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases
from tests.integration.many import CLINIC_ID, LIST, OHTANI_ID, TENANTS, TOKEN, USERS, case
from tests.integration.playbook import calls, parameters

NAME = "stellarcyber.xdr.stellar_cases"
SEEDS = range(60)


def some(chance, *values):
    return chance.sample(values, chance.randint(1, min(2, len(values))))


CONDITIONS = {
    "status": lambda chance: some(chance, "New", "In Progress", "Resolved", "Cancelled"),
    "not_status": lambda chance: some(chance, "New", "Resolved"),
    "severity": lambda chance: some(chance, "Critical", "High", "Medium"),
    "not_severity": lambda chance: some(chance, "Critical", "Low"),
    "tags": lambda chance: {chance.choice(("any", "all", "none")): some(chance, "October-event", "phishing", "vip")},
    "assignee": lambda chance: some(chance, "", "soc-lead@example.com", OHTANI_ID),
    "not_assignee": lambda chance: some(chance, "", "ohtani"),
    "tenant": lambda chance: some(chance, "Example Clinic", "Example Tenant", CLINIC_ID),
    "not_tenant": lambda chance: some(chance, "Example Clinic"),
    "resolution": lambda chance: some(chance, "", "Benign", "True Positive"),
    "not_resolution": lambda chance: some(chance, "", "Benign"),
    "min_score": lambda chance: chance.choice((10, 50)),
    "max_score": lambda chance: chance.choice((60, 90.5)),
    "min_size": lambda chance: chance.choice((2, 5)),
    "max_size": lambda chance: chance.choice((6, 20)),
    "older_than": lambda chance: chance.choice(("2d", "12h", "2026-01-01")),
    "newer_than": lambda chance: chance.choice(("30d", "9w", "2022-08-17")),
    "modified_before": lambda chance: chance.choice(("1d", "1h")),
    "modified_after": lambda chance: chance.choice(("60d", "2022-08-17")),
    "name": lambda chance: chance.choice(("(?i)MALWARE|login", "a", "^[A-M]")),
}


def drawn(seed):
    """Conditions that can be met together."""
    chance = random.Random(seed)
    while True:
        names = chance.sample(sorted(CONDITIONS), chance.randint(0, 3))
        match = {name: CONDITIONS[name](chance) for name in names}
        if all(match.get(name) is None or match.get(f"not_{name}") is None for name in match):
            return match


@pytest.fixture
def run(sim):
    """run("info" | "lookup" | "rule", match, **options) -> (result, calls)"""

    def run_one(by, match, **options):
        sim.clear_requests()
        if by == "rule":
            rule = {"name": "It", "match": match}
            result = run_cases(parameters(CASES, sim, rules=[rule], **options), True, lambda secret: None)
        elif by == "info":
            result = run_case_info(parameters(CASE_INFO, sim, match=match, **options), False, lambda secret: None)
        else:
            result = run_lookup(parameters(LOOKUP, sim, match=match, **options))
        return result, calls(sim.requests())

    return run_one


@pytest.mark.parametrize("seed", SEEDS)
def test_a_query_finds_what_a_rule_matches(run, seed):
    match = drawn(seed)
    rule, of_rule = run("rule", match)
    wanted = {finding["case_id"] for finding in rule["findings"]}
    info, of_info = run("info", match)
    assert {found["_id"] for found in info["cases"]} == wanted
    lookup, of_lookup = run("lookup", match, result="ids")
    assert set(lookup["found"]) == wanted
    assert run("info", match, count_only=True)[0]["count"] == len(wanted)
    assert run("lookup", match, result="count")[0]["found"] == [len(wanted)]
    # An order and a limit cut the same cases. One more at most than the limit is read of a listing that has no more.
    ordered, _calls = run("info", match, sort="score", order="desc", limit=3)
    scores = sorted((found["score"] for found in info["cases"]), reverse=True)
    assert [found["score"] for found in ordered["cases"]] == scores[:3]
    assert ordered["truncated"] == (len(wanted) > 3)
    assert of_info == of_lookup
    assert sorted(of_info) == sorted(of_rule)


def test_the_draws_are_of_every_kind(sim):
    # Those by the history are in test_held.py.
    by_history = {"status_for", "assigned_for"}
    assert {name for seed in SEEDS for name in drawn(seed)} == set(CONDITIONS) == set(MATCH) - by_history
    rules = [{"name": str(seed), "match": drawn(seed)} for seed in SEEDS]
    found = run_cases(parameters(CASES, sim, rules=rules), True, lambda secret: None)["rules"]
    assert sum(0 < rule["matched"] < len(sim.cases()) for rule in found) > len(SEEDS) / 3


def test_users_and_tenants_are_looked_up_as_for_a_rule(run):
    match = {"assignee": ["", "soc-lead@example.com"], "tenant": ["Example Clinic"]}
    _result, made = run("info", match)
    assert sorted(made) == sorted([TOKEN, USERS, TENANTS, LIST])


def test_in_playbooks(sim, play):
    sim.reset(
        seed=[
            case(1, tags=["phishing", "vip"]),
            case(2, tags=["phishing", "vip"], status="Resolved", resolution="Benign"),
            case(3, tags=["phishing", "vip"], size=30),
            case(4, tags=["phishing"]),
        ]
    )
    match = {"tags": {"all": ["phishing", "vip"]}, "not_resolution": ["Benign"], "max_size": 20}
    run = play(
        [
            {"stellarcyber.xdr.stellar_case_info": {"match": match}},
            {"stellarcyber.xdr.stellar_case_info": {"match": match, "count_only": True}},
            {
                "ansible.builtin.debug": {"msg": "{{ query('" + NAME + "', match=conditions, result='ids') }}"},
                "vars": {"conditions": match},
            },
            {NAME: {"rules": [{"name": "It", "match": match}]}},
        ]
    )
    assert run.returncode == 0, run.output
    wanted = [f"{1:024x}"]
    info, count, lookup, rules = run.tasks
    assert [found["_id"] for found in info.result["cases"]] == wanted
    assert (count.result["count"], count.result["counted_by"]) == (1, "reading")
    assert lookup.result["msg"] == [finding["case_id"] for finding in rules.result["findings"]] == wanted
    assert info.calls == count.calls == lookup.calls == rules.calls == [TOKEN, LIST]


@pytest.mark.parametrize(
    "match",
    [
        {"stauts": ["New"]},
        {"status": ["Open"]},
        {"status": []},
        {"status": None},
        {"tags": {"some": ["a"]}},
        {"tags": {}},
        {"tags": ["a"]},
        {"older_than": "30"},
        {"older_than": "7d", "newer_than": "1d"},
        {"min_size": 6, "max_size": 5},
        {"status": ["New"], "not_status": ["New"]},
        {"name": "("},
        {"assignee": ["nobody@example.com"]},
        {"tenant": ["Exmaple Clinic"]},
    ],
    ids=str,
)
def test_the_same_messages_as_of_a_rule(sim, play, match):
    sim.clear_requests()
    expression = "{{ query('" + NAME + "', match=conditions) }}"
    run = play(
        [
            {NAME: {"rules": [{"name": "It", "match": match}]}, "ignore_errors": True},
            {"stellarcyber.xdr.stellar_case_info": {"match": match}, "ignore_errors": True},
            {"ansible.builtin.debug": {"msg": expression}, "vars": {"conditions": match}, "ignore_errors": True},
        ]
    )
    rules, info, lookup = (task.result["msg"] for task in run.tasks)
    message = rules.split("Rule 1 'It': ", 1)[1]
    assert message in info
    assert message in lookup
    assert LIST not in calls(sim.requests())


@pytest.mark.parametrize("other", [{"status": ["New"]}, {"tags": ["a"]}, {"max_score": 5}, {"case_id": ["0" * 24]}])
def test_it_is_in_place_of_the_filters(play, other):
    run = play([{"stellarcyber.xdr.stellar_case_info": {"match": {}, **other}, "ignore_errors": True}])
    assert "match" in run[0].result["msg"]
    assert "are mutually exclusive. Give one of them." in run[0].result["msg"]
    assert run[0].calls == []


def test_null_is_no_match_for_all_cases(play):
    tasks = [
        {"stellarcyber.xdr.stellar_case_info": {"match": None}, "ignore_errors": True},
        {"ansible.builtin.debug": {"msg": "{{ query('" + NAME + "', match=none) }}"}, "ignore_errors": True},
    ]
    for task in play(tasks).tasks:
        assert "match has no value." in task.result["msg"]
        assert task.calls == []


SLOW = {"name": "(a+)+$"}


@pytest.mark.parametrize("by", ["info", "lookup"])
def test_a_name_that_keeps_a_regular_expression_busy(sim, run, by):
    sim.reset(seed=[case(1, name="a" * 40 + "!"), case(2, name="aaa")])
    result, _calls = run(by, SLOW)
    found = result["cases"] if by == "info" else result["found"]
    assert [one["_id"] for one in found] == [f"{2:024x}"]
    assert result["warnings"][-1].startswith(f"Could not apply match to case {1:024x} (ticket 900001): a regular")
    if by == "info":
        assert result["unusable"] == [{"case_id": f"{1:024x}", "msg": result["warnings"][-1]}]
        assert run(by, SLOW, count_only=True)[0]["unusable"] == result["unusable"]


@pytest.mark.parametrize("by", ["info", "lookup"])
def test_no_case_found_is_not_said_if_one_could_not_be_decided(sim, run, by):
    sim.reset(seed=[case(1, name="a" * 40 + "!")])
    with pytest.raises(StellarError, match="Could not apply match to case") as caught:
        run(by, SLOW)
    assert isinstance(caught.value, InputError)
