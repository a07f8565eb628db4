# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stellar_cases: each option and each field of a rule in check mode, for real, and again; requests."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import connection_of
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.token_renewal import exchange_key
from tests.integration.many import (
    CLINIC_ID,
    COMMENT,
    EXAMPLE_TENANT_ID,
    GET,
    HISTORY,
    HIT,
    LIST,
    OHTANI_ID,
    PUT,
    SOC_LEAD_ID,
    TAKE_OVER,
    TENANTS,
    TOKEN,
    USERS,
    assert_restored,
    assert_true,
    case,
    run,
    store,
)
from tests.integration.playbook import parameters, run_playbook

DAY_MS = 86_400_000
NOW_MS = int(time.time() * 1000)
RESOLVED = {"status": "Resolved", "closed": 1}


@dataclass
class Field:
    """A field of a rule under test. hit, miss: of cases that the rule changes, and lets alone.

    more: calls beside the token, one list and one update.
    """

    match: dict[str, Any]
    hit: dict[str, Any] = field(default_factory=dict)
    miss: dict[str, Any] | None = None
    set: dict[str, Any] = field(default_factory=lambda: HIT)
    body: dict[str, Any] = field(default_factory=lambda: HIT)
    more: tuple[str, ...] = ()
    comment: str | None = None


def created(days):
    return {"created_at": NOW_MS - days * DAY_MS}


def modified(days):
    return {"modified_at": NOW_MS - days * DAY_MS}


FIELDS = {
    "match.status": Field({"status": ["New", "Escalated"]}, {"status": "Escalated"}, RESOLVED, more=(LIST,)),
    "match.not_status": Field({"not_status": ["New", "Resolved"]}, {"status": "In Progress"}, RESOLVED),
    "match.severity": Field({"severity": ["Low"]}, {"severity": "Low"}, {"severity": "High"}),
    "match.not_severity": Field({"not_severity": ["Low", "High"]}, {"severity": "Medium"}, {"severity": "High"}),
    "match.tags.any": Field({"tags": {"any": ["a", "b"]}}, {"tags": ["b"]}, {"tags": ["c"]}),
    "match.tags.all": Field({"tags": {"all": ["a", "b"]}}, {"tags": ["b", "a", "c"]}, {"tags": ["a"]}),
    "match.tags.none": Field({"tags": {"none": ["a", "b"]}}, {"tags": []}, {"tags": ["c", "b"]}),
    "match.assignee by e-mail": Field(
        {"assignee": ["soc-lead@example.com"]}, {"assignee": SOC_LEAD_ID}, {"assignee": OHTANI_ID}, more=(USERS,)
    ),
    "match.assignee by user name": Field(
        {"assignee": ["Ohtani"]}, {"assignee": OHTANI_ID}, {"assignee": ""}, more=(USERS,)
    ),
    "match.assignee by id": Field({"assignee": [SOC_LEAD_ID]}, {"assignee": SOC_LEAD_ID}, {"assignee": ""}),
    "match.assignee nobody": Field({"assignee": [""]}, {"assignee": ""}, {"assignee": OHTANI_ID}),
    "match.not_assignee": Field(
        {"not_assignee": ["", "ohtani@example.com"]}, {"assignee": SOC_LEAD_ID}, {"assignee": ""}, more=(USERS,)
    ),
    "match.tenant by name": Field({"tenant": ["Example Clinic"]}, {"cust_id": CLINIC_ID}, {}, more=(TENANTS,)),
    "match.tenant by id": Field({"tenant": [CLINIC_ID]}, {"cust_id": CLINIC_ID}, {}),
    "match.not_tenant": Field({"not_tenant": ["Example Tenant"]}, {"cust_id": CLINIC_ID}, {}, more=(TENANTS,)),
    "match.resolution": Field({"resolution": ["Benign"]}, {**RESOLVED, "resolution": "Benign"}, RESOLVED),
    "match.resolution none": Field({"resolution": [""]}, RESOLVED, {**RESOLVED, "resolution": "Benign"}),
    "match.not_resolution": Field({"not_resolution": [""]}, {**RESOLVED, "resolution": "Benign"}, RESOLVED),
    "match.min_score": Field({"min_score": 50}, {"score": 50}, {"score": 49.9}),
    "match.max_score": Field({"max_score": 50}, {"score": 50}, {"score": 50.1}),
    "match.min_size": Field({"min_size": 7}, {"size": 7}, {"size": 6}),
    "match.max_size": Field({"max_size": 7}, {"size": 7}, {"size": 8}),
    "match.older_than": Field({"older_than": "7d"}, created(8), created(6)),
    "match.newer_than": Field({"newer_than": "7d"}, created(6), created(8)),
    "match.older_than a time": Field({"older_than": str(NOW_MS - 7 * DAY_MS)}, created(8), created(6)),
    "match.modified_before": Field({"modified_before": "7d"}, modified(8), modified(6)),
    "match.modified_after": Field({"modified_after": "7d"}, modified(6), modified(8)),
    "match.name": Field({"name": "(?i)NOISE"}, {"name": "some noise"}, {"name": "silence"}),
    "set.status": Field({}, {}, None, {"status": "Escalated"}, {"status": "Escalated"}),
    "set.severity": Field({}, {}, None, {"severity": "Critical"}, {"severity": "Critical"}),
    "set.assignee by e-mail": Field(
        {}, {}, None, {"assignee": "SOC-Lead@example.com"}, {"assignee": "soc-lead@example.com"}, (USERS,)
    ),
    "set.assignee by id": Field(
        {}, {}, None, {"assignee": SOC_LEAD_ID}, {"assignee": "soc-lead@example.com"}, (USERS,)
    ),
    "set.assignee nobody": Field({}, {"assignee": OHTANI_ID}, None, {"assignee": ""}, {"assignee": ""}),
    "set.tags.add": Field({}, {"tags": ["b"]}, None, {"tags": {"add": ["a", "b"]}}, {"tags": {"add": ["a"]}}),
    "set.tags.remove": Field({}, {"tags": ["b"]}, None, {"tags": {"delete": ["b", "z"]}}, {"tags": {"delete": ["b"]}}),
    "set.tags.set": Field(
        {}, {"tags": ["b", "c"]}, None, {"tags": {"set": ["a", "b"]}}, {"tags": {"add": ["a"], "delete": ["c"]}}
    ),
    "set.name": Field({}, {}, None, {"name": "Renamed"}, {"name": "Renamed"}),
    "set.resolution": Field(
        {"status": ["Resolved"]},
        RESOLVED,
        {"status": "Cancelled"},
        {"resolution": "Benign"},
        {"status": "Resolved", "resolution": "Benign"},
    ),
    "set.status and resolution": Field(
        {},
        {},
        None,
        {"status": "Resolved", "resolution": "Benign"},
        {"status": "Resolved", "resolution": "Benign"},
    ),
    "set.update_alerts": Field(
        {},
        {},
        None,
        {"status": "Resolved", "update_alerts": True},
        {"status": "Resolved", "update_alerts": True},
    ),
    "comment": Field({}, {}, None, {"severity": "High"}, {"severity": "High"}, comment="Seen"),
}
NUMBERS = {name: 2 * number for number, name in enumerate(FIELDS)}


def cases_of(name):
    """The case that the rule of a field changes, and maybe one that it lets alone."""
    number, under_test = NUMBERS[name], FIELDS[name]
    found = [case(number, **_named(number, under_test.hit))]
    if under_test.miss is not None:
        found.append(case(number + 1, **_named(number, under_test.miss)))
    return found


def _named(number, fields):
    return {**fields, "name": f"{number:03} {fields.get('name', 'A case')}"}


def rule_of(name):
    """A rule for the cases of a field alone."""
    number, under_test = NUMBERS[name], FIELDS[name]
    pattern = f"^{number:03} .*" + under_test.match.get("name", "").replace("(?i)", "")
    rule = {"name": name, "match": {**under_test.match, "name": "(?i)" + pattern}, "set": dict(under_test.set)}
    if "name" in rule["set"]:
        rule["set"]["name"] = f"{number:03} Renamed"
    if under_test.comment:
        rule["comment"] = under_test.comment
    return rule


def body_of(name):
    body = FIELDS[name].body
    return {**body, "name": f"{NUMBERS[name]:03} Renamed"} if "name" in body else body


# -- by real playbooks ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(simulator, tmp_path_factory):
    """One policy with a rule for each field: in check mode, for real, again."""
    simulator.reset(seed=[record for name in FIELDS for record in cases_of(name)])
    rules = [rule_of(name) for name in FIELDS]
    tasks = [
        {"stellarcyber.xdr.stellar_cases": {"rules": rules}, "check_mode": check_mode, "diff": True}
        for check_mode in (True, False, False)
    ]
    run = run_playbook(simulator, tmp_path_factory.mktemp("fields"), tasks)
    assert run.returncode == 0, run.output
    return run.tasks


def one_of(task, case_id):
    found = [item for item in task.result["case_results"] if item["case_id"] == case_id]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_in_check_mode_for_real_and_again(runs, name):
    check, real, again = runs
    hit, *misses = cases_of(name)
    planned, done = one_of(check, hit["_id"]), one_of(real, hit["_id"])
    assert planned == done
    assert done["outcome"] == "changed"
    assert done["rules"] == [name]
    assert done["tenant"] == ("Example Clinic" if hit["cust_id"] == CLINIC_ID else "Example Tenant")
    assert {name: done[name] for name in ("ticket_id", "name", "status", "severity")} == {
        name: hit[name] for name in ("ticket_id", "name", "status", "severity")
    }
    puts = [entry for entry in real.requests if entry["method"] == "PUT" and entry["path"].endswith(hit["_id"])]
    bodies = [json.loads(entry["body"]) for entry in puts]
    assert bodies == [body_of(name)]
    repeated = one_of(again, hit["_id"])
    assert repeated is None or (repeated["outcome"], repeated["changes"]) == ("ok", [])
    for miss in misses:
        assert one_of(real, miss["_id"]) is None
    for task in (check, real):
        rule = next(rule for rule in task.result["rules"] if rule["name"] == name)
        assert (rule["matched"], rule["changed"], rule["finding"]) == (1, 1, False)


def test_the_whole_policy_costs_one_list_and_one_update_a_case(runs):
    check, real, again = runs
    number = len(FIELDS)
    reading = sorted([TOKEN, USERS, TENANTS, LIST])
    assert sorted(check.calls) == reading
    assert sorted(real.calls) == sorted([*reading, *[PUT] * number, GET, COMMENT, GET])
    assert sorted(again.calls) == reading
    assert (check.result["changed"], real.result["changed"], again.result["changed"]) == (True, True, False)
    assert check.result["diff"] == real.result["diff"]
    assert len(real.result["diff"]) == number
    assert again.result["diff"] == []
    assert check.result["case_results"] == real.result["case_results"]
    assert check.result["undo"] == []
    # All but the resolution, which no option makes empty again
    assert len(real.result["undo"]) == number - 1
    assert real.result["counts"]["changed"] == check.result["counts"]["changed"] == number
    assert (real.result["requests"]["read"], real.result["requests"]["write"]) == (number_of_reads(real), number + 1)
    assert (real.result["requests"]["recheck"], real.result["requests"]["retry"]) == (1, 0)


def number_of_reads(task):
    return sum(call.startswith("GET") for call in task.calls)


@pytest.fixture(scope="module")
def options(simulator, tmp_path_factory):
    """Each option of the module in one play: name -> task."""
    directory = tmp_path_factory.mktemp("options")
    simulator.reset(seed=[case(number) for number in range(8)])
    named = [
        {"case_id": case(5)["_id"], "severity": "High", "if_unmodified_since": str(case(5)["modified_at"])},
        {"ticket_id": case(3)["ticket_id"], "status": "Escalated", "tags": {"set": ["a"]}, "comment": "By number"},
        {"case_id": case(1)["_id"], "severity": "Medium"},
        {"case_id": case(2)["_id"], "status": "Resolved", "resolution": "Benign", "assignee": "ohtani"},
    ]
    rules = [
        {"name": "Find", "description": "To look at", "match": {"status": ["New"]}},
        {"name": "Raise", "match": {"severity": ["Medium"]}, "set": {"severity": "High"}, "comment": "Raised"},
    ]
    wanted = {
        "cases": {"cases": named},
        "rules": {
            "rules": rules,
            "max_changes": "100%",
            "concurrency": 3,
            "on_error": "stop",
            "time_budget": 60,
            "recheck_after": 0,
            "journal": str(directory / "journal.jsonl"),
        },
        "undo by a journal": {"undo_file": str(directory / "journal.jsonl"), "concurrency": 32},
        "undo by the list": {"cases": "{{ results.undo }}"},
    }
    tasks = []
    for name, arguments in wanted.items():
        for mode in ("check", "real", "again"):
            if (name, mode) == ("rules", "again"):
                # A journal of an earlier run is not overwritten.
                arguments = {option: value for option, value in arguments.items() if option != "journal"}
            tasks.append(
                {
                    "name": f"{name}: {mode}",
                    "stellarcyber.xdr.stellar_cases": arguments,
                    "check_mode": mode == "check",
                    "diff": True,
                    **({"register": "results"} if (name, mode) == ("cases", "real") else {}),
                }
            )
    run = run_playbook(simulator, directory, tasks)
    assert run.returncode == 0, run.output
    return {task.name: task for task in run.tasks}


@pytest.mark.parametrize("name", ["cases", "rules", "undo by a journal", "undo by the list"])
def test_each_option_in_check_mode_for_real_and_again(options, name):
    check, real, again = (options[f"{name}: {mode}"] for mode in ("check", "real", "again"))
    assert (check.result["changed"], real.result["changed"], again.result["changed"]) == (True, True, False)
    assert check.result["diff"] == real.result["diff"]
    assert check.result["case_results"] == real.result["case_results"]
    assert check.result["counts"] == real.result["counts"]
    assert check.writes == again.writes == []
    assert real.calls.count(PUT) == real.result["counts"]["changed"] > 0
    assert again.result["counts"]["changed"] == 0
    assert again.result["undo"] == []


def test_a_list_of_cases_costs_a_read_and_an_update_each(options):
    check, real, again = (options[f"cases: {mode}"] for mode in ("check", "real", "again"))
    reading = [GET] * 3 + [LIST, TOKEN, USERS]
    assert sorted(again.calls) == sorted(reading)
    # The list of tickets may lag behind the writes: a case that gets a comment is read by its id before it is planned.
    reading.append(GET)
    assert sorted(check.calls) == sorted(reading)
    # The case that is guarded is read again, and its history after the update; the other one after its comment.
    assert sorted(real.calls) == sorted([*reading, GET, HISTORY, GET, COMMENT, *[PUT] * 3])
    assert real.result["requests"]["recheck"] == 1
    outcomes = [(item["ticket_id"], item["outcome"]) for item in real.result["case_results"]]
    assert outcomes == [(900_005, "changed"), (900_003, "changed"), (900_002, "changed")]
    assert real.result["counts"]["ok"] == 1
    assert real.result["case_results"][1]["irreversible"] == ["comment"]
    assert real.result["case_results"][2]["irreversible"] == ["resolution"]
    assert [item["before_header"] for item in real.result["diff"]] == ["case 900005", "case 900003", "case 900002"]
    assert real.result["rules"] == real.result["findings"] == []


def test_rules_with_all_options(options):
    real = options["rules: real"]
    # Of the eight cases, one is resolved, one is escalated, and two are of another severity already.
    assert real.result["counts"] == {"read": 8, "changed": 7, "ok": 0, "failed": 0, "skipped": 0, "findings": 6}
    assert real.result["requests"]["recheck"] == 7
    # One list for a status, one for a severity
    assert sorted(real.calls) == sorted([TOKEN, LIST, LIST, *[GET, PUT, HISTORY, COMMENT, GET] * 7])
    rules = [(rule["name"], rule["matched"], rule["changed"], rule["finding"]) for rule in real.result["rules"]]
    assert rules == [("Find", 6, 0, True), ("Raise", 7, 7, False)]
    assert real.result["rules"][0]["description"] == "To look at"
    finding = real.result["findings"][0]
    assert finding == {
        "rule": "Find",
        "case_id": case(0)["_id"],
        "ticket_id": 900_000,
        "name": "Case 0",
        "tenant": "Example Tenant",
        "status": "New",
        "severity": "Medium",
        "assignee": "",
        "created_at": case(0)["created_at"],
        "modified_at": case(0)["modified_at"],
    }


def test_hostile_text_stays_text(sim, play):
    """In a play that hands the results on, as people do."""
    hostile = "{{ lookup('pipe', 'touch PWNED') }}{% raw %}{# !unsafe <b>\u202e\x07\U0001f600 caf\u00e9"
    sim.reset(seed=[case(0, name=hostile, tags=[hostile.replace("\x07", "")]), case(1, name="', \"\\ \u2028")])
    before = store(sim)
    rules = [
        {"name": "{{ '{{' }} 1 }}", "match": {"name": "[{',]"}, "set": {"name": "Plain", "tags": {"set": ["plain"]}}},
        {"name": "Find", "match": {}},
    ]
    run = play(
        [
            {"stellarcyber.xdr.stellar_cases": {"rules": rules}, "register": "done", "diff": True},
            {"ansible.builtin.debug": {"msg": "{{ done.case_results[0].name }}"}},
            {
                "ansible.builtin.copy": {
                    "content": "{{ {'report': 1, 'platform': done.platform, 'undo': done.undo} | to_json }}",
                    "dest": "{{ playbook_dir }}/undo.json",
                    "mode": "0600",
                }
            },
            {"stellarcyber.xdr.stellar_cases": {"undo_file": "{{ playbook_dir }}/undo.json"}, "diff": True},
        ],
    )
    assert run.returncode == 0, run.output
    assert run[0].result["case_results"][0]["name"] == run[0].result["findings"][0]["name"] == hostile
    assert run[1].result["msg"] == hostile
    assert run[3].result["counts"]["changed"] == 2
    after = store(sim)
    assert [record["name"] for record in after.values()] == [record["name"] for record in before.values()]
    # A tag with a control character can't be given, which the result said; Ansible removes the character from results.
    told = run[0].result["case_results"][0]["irreversible"]
    assert told == [f'tag "{hostile}"'.replace("\a", "")]


def test_a_failed_task_shows_all_results_and_goes_by_its_exit_code(sim, play):
    sim.reset(seed=[case(number) for number in range(3)])
    sim.fault("status", status=422, method="PUT", path="/cases/*1")
    run = play([{"stellarcyber.xdr.stellar_cases": {"rules": [{"name": "a", "match": {}, "set": HIT}]}}])
    assert run.returncode == 2
    result = run[0].result
    assert [item["outcome"] for item in result["case_results"]] == ["changed", "failed", "changed"]
    assert run[0].kind == "failed"
    assert result["changed"] is True
    assert result["error"]["type"] == "IncompleteError"
    assert "of 3 cases 1 failed" in result["msg"]
    assert "HTTP 422" in result["msg"]
    assert len(result["undo"]) == 2


# -- requests -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIELDS)
def test_the_calls_of_each_field(sim, name):
    sim.reset(seed=cases_of(name))
    rules = [rule_of(name)]
    reading = dict(Counter([TOKEN, LIST, *FIELDS[name].more]))
    check, real, again = run(sim, True, rules=rules), run(sim, rules=rules), run(sim, rules=rules)
    posting = {COMMENT: 1, GET: 2} if FIELDS[name].comment else {}
    assert check.counted == again.counted == reading
    assert real.counted == {**reading, PUT: 1, **posting}
    assert check.result["case_results"] == real.result["case_results"]
    assert check.result["diff"] == real.result["diff"]
    assert again.result["changed"] is False


@pytest.mark.parametrize("workers", [1, 8, 32])
@pytest.mark.parametrize("way", ["rules", "cases"])
def test_calls_are_the_fewest_at_any_concurrency(sim, workers, way):
    records = [case(number) for number in range(40)]
    sim.reset(seed=records)
    before = store(sim)
    items = [{"case_id": record["_id"], "status": "In Progress", **HIT} for record in reversed(records)]
    options = {"rules": TAKE_OVER} if way == "rules" else {"cases": items}
    reading = {TOKEN: 1, **({LIST: 1} if way == "rules" else {GET: 40})}
    check = run(sim, True, concurrency=workers, **options)
    real = run(sim, concurrency=workers, **options)
    assert check.counted == reading
    assert real.counted == {**reading, PUT: 40}
    assert len({entry["connection"] for entry in real.requests}) <= workers
    order = [record["_id"] for record in records]
    assert [item["case_id"] for item in real.result["case_results"]] == (order if way == "rules" else order[::-1])
    assert check.result["case_results"] == real.result["case_results"]
    assert_true(real, before, store(sim))

    undone = run(sim, cases=real.result["undo"], concurrency=workers)
    # Each item is guarded, so that each case is read twice, and its history after that.
    assert undone.counted == {TOKEN: 1, GET: 80, PUT: 40, HISTORY: 40}
    assert undone.result["requests"]["recheck"] == 40
    assert_restored(before, store(sim))


@pytest.mark.parametrize("check_mode", [True, False])
def test_results_have_what_matters_and_counts_have_all(sim, check_mode):
    sim.reset(seed=[case(number, tags=["hit"], status="In Progress") for number in range(9)] + [case(9)])
    done = run(sim, check_mode, rules=[{**TAKE_OVER[0], "match": {}}], return_compliant=False)
    assert done.counts == {"read": 10, "changed": 1, "ok": 9}
    assert list(done.outcomes.values()) == ["changed"]
    everything = run(sim, True, rules=[{**TAKE_OVER[0], "match": {}}])
    assert len(everything.outcomes) == 10


@pytest.mark.parametrize(
    ("most", "shown", "last"),
    [
        (0, 0, "3 more cases are not shown, since max_diff is 0. case_results has all of them.\n"),
        (2, 2, "1 more case is not shown, since max_diff is 2. case_results has all of them.\n"),
        (3, 3, None),
        (100, 3, None),
    ],
)
def test_the_diff_has_so_many_cases_and_the_number_of_the_others(sim, most, shown, last):
    sim.reset(seed=[case(number) for number in range(3)])
    check = run(sim, True, rules=TAKE_OVER, max_diff=most)
    real = run(sim, rules=TAKE_OVER, max_diff=most)
    assert check.result["diff"] == real.result["diff"]
    assert [entry["after"]["status"] for entry in check.result["diff"] if "after" in entry] == ["In Progress"] * shown
    assert [entry["prepared"] for entry in check.result["diff"] if "prepared" in entry] == ([last] if last else [])


def test_ansible_shows_the_number_of_the_others(sim, play):
    sim.reset(seed=[case(number) for number in range(3)])
    run = play([{"stellarcyber.xdr.stellar_cases": {"rules": TAKE_OVER, "max_diff": 1}}], "--diff", "--check")
    assert run.returncode == 0, run.output
    assert run.output.count("+++ after: case ") == 1
    assert "2 more cases are not shown, since max_diff is 1. case_results has all of them." in run.output


def test_32_at_once_are_faster_than_one(sim):
    sim.reset(seed=[case(number) for number in range(64)])
    sim.latency(200)
    begin = time.monotonic()
    done = run(sim, rules=TAKE_OVER, concurrency=32)
    assert time.monotonic() - begin < 64 * 0.2
    assert 16 < len({entry["connection"] for entry in done.requests}) <= 32


OVERLAPPING = {
    "one within the other": ([{"status": ["New"]}, {"status": ["New"], "min_score": 50}, {"status": ["New"]}], 1),
    "one in everything": ([{"status": ["New"]}, {}, {"tags": {"any": ["old"]}}], 1),
    "two statuses": ([{"status": ["New", "In Progress"]}, {"status": ["New"], "severity": ["Low"]}], 2),
    "across": ([{"status": ["New"]}, {"tags": {"any": ["old"]}}], 2),
}


@pytest.mark.parametrize("name", OVERLAPPING)
def test_rules_that_overlap_are_listed_once(sim, name):
    matches, lists = OVERLAPPING[name]
    sim.reset(seed=[case(number, score=number * 10) for number in range(10)])
    rules = [
        {"name": f"Rule {number}", "match": match, "set": {"tags": {"add": [f"rule {number}"]}}}
        for number, match in enumerate(matches)
    ]
    done = run(sim, rules=rules)
    assert done.counted == {TOKEN: 1, LIST: lists, PUT: 10}
    assert done.counts == {"read": 10, "changed": 10}
    assert len(done.outcomes) == 10


def test_a_later_rule_sees_what_an_earlier_one_decided_and_one_update_brings_both(sim):
    sim.reset(seed=[case(0)])
    rules = [
        {"name": "One", "match": {"status": ["New"]}, "set": {"status": "In Progress"}, "comment": "One"},
        {"name": "Two", "match": {"status": ["In Progress"]}, "set": {"severity": "High"}, "comment": "Two"},
        {"name": "Gone", "match": {"status": ["New"], "severity": ["High"]}},
    ]
    done = run(sim, rules=rules)
    assert done.counted == {TOKEN: 1, LIST: 2, PUT: 1, COMMENT: 1, GET: 2}
    assert done.bodies == [{"status": "In Progress", "severity": "High"}]
    assert done.result["case_results"][0]["rules"] == ["One", "Two"]
    assert done.result["findings"] == []
    assert sim.case(case(0)["_id"])["comments"][0]["comment"] == "One\nTwo"


def test_pages_of_500(sim):
    """Some of the 1,200 are changed, and each is listed once."""
    sim.reset(seed=[case(number, severity="Low" if number % 40 == 0 else "High") for number in range(1200)])
    rules = [{"name": "Raise", "match": {"name": "^Case ", "severity": ["Low", "High"]}, "set": {"severity": "High"}}]
    done = run(sim, rules=rules)
    pages = [entry for entry in done.requests if entry["path"].endswith("/cases")]
    assert {("limit", "500")} <= {tuple(pair) for entry in pages for pair in entry["query"]}
    assert len(pages) == done.counted[LIST] == 4
    assert done.counted[PUT] == 30
    assert done.counts == {"read": 1200, "changed": 30, "ok": 1170}
    assert list(done.outcomes) == [case(number)["_id"] for number in range(1200)]


def test_a_status_that_an_analyst_moves_between_pages(sim):
    """One that was listed leaves the listing, one that was not listed yet does, and one enters it."""
    records = [case(number, status="Escalated" if number == 5 else "New") for number in range(1200)]
    sim.reset(seed=records)
    left, leaves, enters = (records[number]["_id"] for number in (3, 1100, 5))
    after = {"method": "GET", "path": "/cases", "nth": 1}
    for case_id, status in ((left, "Resolved"), (leaves, "Resolved"), (enters, "New")):
        sim.edit(case_id, {"status": status}, user="ohtani@example.com", after=after)
    rules = [{"name": "Take over", "match": {"status": ["New"], "name": "[03]$"}, "set": {"status": "In Progress"}}]
    before = store(sim)
    done = run(sim, rules=rules, recheck_after=0)
    assert done.failed is False
    assert len(done.outcomes) == len(done.result["case_results"])
    assert done.outcomes[left] == "skipped"
    assert "ohtani changed it" in done.of(left)["reason"]
    assert leaves not in done.outcomes
    assert sim.case(left)["status"] == sim.case(leaves)["status"] == "Resolved"
    assert done.counts["changed"] == sum(record["name"][-1] in "03" for record in records) - 2
    assert done.result["requests"]["recheck"] == done.counts["changed"] + 1
    after = store(sim)
    after.update({case_id: before[case_id] for case_id in (left, leaves, enters)})
    assert_true(done, before, after)


# -- the rest -------------------------------------------------------------------------------------------------


def test_the_tenant_of_the_connection_limits_rules_and_cases(sim):
    sim.reset(seed=[case(0), case(1, cust_id=CLINIC_ID)])
    rules = [{"name": "All", "match": {}, "set": HIT}]
    done = run(sim, rules=rules, tenant="Example Clinic")
    assert list(done.outcomes) == [case(1)["_id"]]
    assert done.counted == {TOKEN: 1, TENANTS: 1, LIST: 1, PUT: 1}
    items = [{"case_id": case(number)["_id"], "severity": "Low"} for number in range(2)]
    done = run(sim, cases=items, tenant=EXAMPLE_TENANT_ID)
    assert done.failed
    assert list(done.outcomes.values()) == ["changed", "failed"]
    assert "belongs to tenant Example Clinic" in done.result["case_results"][1]["reason"]


def test_users_that_cannot_be_read_are_compared_by_name_with_a_warning(sim):
    sim.reset(seed=[case(0, assignee=OHTANI_ID), case(1)])
    sim.switch(users_status=403)
    rules = [{"name": "His", "match": {"assignee": ["ohtani"]}, "set": HIT}]
    done = run(sim, rules=rules)
    assert list(done.outcomes) == [case(0)["_id"]]
    assert "ohtani can't be looked up" in done.result["warnings"][0]


def test_an_access_token_alone_is_enough(sim):
    sim.reset(seed=[case(0)])
    with Client(connection_of(parameters(CASES, sim, rules=TAKE_OVER))) as client:
        token = exchange_key(client.session)[0]
    done = run(sim, rules=TAKE_OVER, access_token=token, username=None, api_key=None)
    assert done.counted == {LIST: 1, PUT: 1}
