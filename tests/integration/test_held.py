# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""status_for and assigned_for: no history is read without need, and none that can't be read makes a case match."""

from __future__ import annotations

import random
import time

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO, LOOKUP
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import connection_of
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import ApiError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.token_renewal import exchange_key
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case_info, run_lookup
from tests.integration.many import HISTORY, LIST, OHTANI_ID, PUT, TOKEN, case, run, store
from tests.integration.playbook import calls, parameters

HOUR_MS = 3_600_000
STARTED = {"status": ["In Progress"], "status_for": "4h"}
SLOW = {"name": "Slow", "match": STARTED, "set": {"severity": "High"}}
FOUND = {"name": "Slow", "match": STARTED}


def change(hours, to, field="status", before="New"):
    """An entry of so many hours ago."""
    at = int(time.time() * 1000) - hours * HOUR_MS
    return {"timestamp": at, "action": "update", "field": field, "from": before, "to": to, "user": "mira@example.com"}


def started(number, hours, **fields):
    return case(number, status="In Progress", activities=[change(hours, "In Progress")], **fields)


def ident(number):
    return f"{number:024x}"


@pytest.fixture
def queue(sim):
    """Two cases that are In Progress for long, one that is not, and others that are not candidates."""
    others = [case(number) for number in range(10, 30)]
    sim.reset(seed=[started(1, 5), started(2, 90), started(3, 3), *others])
    return sim


def test_rules_read_the_histories_of_the_candidates_only(queue):
    check = run(queue, check_mode=True, rules=[SLOW])
    assert check.counted == {TOKEN: 1, LIST: 1, HISTORY: 3}
    assert check.result["requests"]["read"] == 4
    assert check.outcomes == {ident(1): "changed", ident(2): "changed"}
    real = run(queue, rules=[SLOW], recheck_after=1000)
    assert real.counted == {TOKEN: 1, LIST: 1, HISTORY: 3, PUT: 2}
    assert real.outcomes == check.outcomes
    again = run(queue, rules=[SLOW])
    assert (again.result["changed"], again.counted) == (False, {TOKEN: 1, LIST: 1, HISTORY: 3})


def test_a_history_is_read_once_for_all_rules(queue):
    more = [{"name": f"{hours}", "match": {**STARTED, "status_for": f"{hours}h"}} for hours in (1, 6, 80, 100)]
    done = run(queue, rules=[SLOW, *more])
    assert done.counted[HISTORY] == 3
    assert [rule["matched"] for rule in done.result["rules"]] == [2, 3, 1, 1, 0]


def test_no_history_is_read_where_a_rule_before_changed_the_status(queue):
    first = {"name": "First", "match": {"status": ["In Progress"]}, "set": {"status": "Escalated"}}
    rules = [first, {"name": "Then", "match": {"status": ["Escalated"], "status_for": "1m"}}]
    done = run(queue, check_mode=True, rules=rules)
    assert done.counted == {TOKEN: 1, LIST: 2}
    assert [rule["matched"] for rule in done.result["rules"]] == [3, 0]


def test_none_is_read_for_a_policy_without_such_a_condition(queue):
    assert HISTORY not in run(queue, rules=[{"name": "All", "match": {}}]).counted


def test_assigned_for(sim):
    def assigned(number, hours, name="ohtani@example.com"):
        return case(number, assignee=OHTANI_ID, activities=[change(hours, name, "assignee", "Unassigned")])

    sim.reset(seed=[assigned(1, 30), assigned(2, 2), case(3)])
    sim.switch(names_show="email")
    done = run(sim, rules=[{"name": "Rests", "match": {"assigned_for": "1d"}}])
    assert [found["case_id"] for found in done.result["findings"]] == [ident(1)]
    assert done.counted == {TOKEN: 1, LIST: 1, HISTORY: 2}


@pytest.mark.parametrize("count", [False, True])
def test_a_query_reads_as_few(queue, count):
    queue.clear_requests()
    result = run_case_info(parameters(CASE_INFO, queue, match=STARTED, count_only=count), False, lambda secret: None)
    assert result["count"] == 2
    made = calls(queue.requests())
    assert (made.count(LIST), made.count(HISTORY)) == (1, 3)
    assert result["requests"]["read"] == len(made) - 1
    queue.clear_requests()
    found = run_lookup(parameters(LOOKUP, queue, match=STARTED, result="count" if count else "ids"))["found"]
    assert found == ([2] if count else [ident(1), ident(2)])
    assert calls(queue.requests()) == made


def test_a_limit_ends_the_reading(queue):
    queue.clear_requests()
    given = parameters(CASE_INFO, queue, match=STARTED, limit=1)
    result = run_case_info(given, False, lambda secret: None)
    assert ([found["_id"] for found in result["cases"]], result["truncated"]) == ([ident(1)], True)
    assert calls(queue.requests()).count(HISTORY) == 2


def test_a_count_of_several_pages_reads_each_history_once(sim):
    sim.reset(seed=[started(number, 5) for number in range(40)])
    sim.switch(page_cap=15)
    result = run_case_info(parameters(CASE_INFO, sim, match=STARTED, count_only=True), False, lambda secret: None)
    assert result["count"] == 40
    assert calls(sim.requests()).count(HISTORY) == 40


def test_by_a_clock_that_is_far_off_each_history_is_read_once(queue):
    queue.switch(clock_offset_s=7200)
    with Client(connection_of(parameters(CASES, queue, rules=[FOUND]))) as client:
        token, _lifetime = exchange_key(client.session)
    done = run(queue, rules=[FOUND], access_token=token, api_key=None, username=None)
    # By the platform's clock all of them are 2 h older.
    assert [found["case_id"] for found in done.result["findings"]] == [ident(1), ident(2), ident(3)]
    assert (done.counted[LIST], done.counted[HISTORY]) == (2, 3)


@pytest.mark.parametrize("seed", range(8))
def test_a_query_finds_what_a_rule_matches_and_leaves_the_same_undecided(sim, seed):
    chance = random.Random(seed)
    statuses = ("New", "In Progress", "Escalated")

    def drawn(number):
        entries = [
            change(chance.randint(1, 60), chance.choice(statuses), before=chance.choice(statuses))
            for _entry in range(chance.randint(0, 3))
        ]
        owned = [change(chance.randint(1, 60), "ohtani@example.com", "assignee", "")] * chance.randint(0, 1)
        assignee = chance.choice(("", OHTANI_ID))
        return case(number, status=chance.choice(statuses), assignee=assignee, activities=entries + owned)

    sim.reset(seed=[drawn(number) for number in range(40)])
    sim.switch(names_show="email")
    match = chance.choice(({"status_for": "20h"}, {"assigned_for": "20h"}, {"status_for": "9h", "assigned_for": "1d"}))
    rule = run(sim, rules=[{"name": "It", "match": match}])
    info = run_case_info(parameters(CASE_INFO, sim, match=match), False, lambda secret: None)
    assert {found["_id"] for found in info["cases"]} == {found["case_id"] for found in rule.result["findings"]} != set()
    undecided = {case_id for case_id, outcome in rule.outcomes.items() if outcome == "failed"}
    assert {one["case_id"] for one in info["unusable"]} == undecided != set()
    lookup = run_lookup(parameters(LOOKUP, sim, match=match, result="ids"))
    assert set(lookup["found"]) == {found["_id"] for found in info["cases"]}


# -- what can't be decided ------------------------------------------------------------------------------------


def test_without_permission_no_candidate_matches_and_the_run_fails(queue):
    queue.fault("status", status=403, path="/cases/*/activities", times=0)
    before = store(queue)
    raise_low = {"name": "Other", "match": {"status": ["New"]}, "set": {"severity": "Low"}}
    done = run(queue, rules=[SLOW, raise_low], concurrency=1)
    assert done.failed
    assert done.result["msg"].startswith("Could not update all cases: of 23 cases 3 failed, ")
    assert done.counts["failed"] == 3
    assert done.counts["changed"] == 20
    # The first answer is enough.
    assert done.counted[HISTORY] == 1
    for number in (1, 2, 3):
        failed = done.of(ident(number))
        words = f"Could not apply the rules to case {ident(number)} (ticket {900000 + number}): Could not read the "
        assert failed["reason"].startswith(f"{words}activities of case {ident(number)}")
        assert "HTTP 403" in failed["reason"]
        assert failed["error"]["type"] == "ApiError"
        assert store(queue)[ident(number)] == before[ident(number)]


def test_the_history_of_one_case_that_is_gone(queue):
    queue.fault("status", status=404, path=f"/cases/{ident(2)}/activities", times=0)
    done = run(queue, rules=[SLOW])
    assert done.failed
    assert {case_id: done.outcomes[case_id] for case_id in (ident(1), ident(2))} == {
        ident(1): "changed",
        ident(2): "failed",
    }
    assert done.counted[HISTORY] == 3


@pytest.mark.parametrize(
    ("activities", "why"),
    [
        ([], "its history has no change of the status."),
        ([change(5, "Resolved")], 'its history ends with the status "Resolved", and it has "In Progress".'),
    ],
)
def test_a_history_that_does_not_tell(sim, activities, why):
    sim.reset(seed=[started(1, 5), {**started(2, 5), "activities": activities}])
    done = run(sim, rules=[FOUND])
    assert done.failed
    assert [found["case_id"] for found in done.result["findings"]] == [ident(1)]
    assert f"Could not apply the rules to case {ident(2)} (ticket 900002): {why}" in done.of(ident(2))["reason"]
    info = run_case_info(parameters(CASE_INFO, sim, match=STARTED), False, lambda secret: None)
    assert [found["_id"] for found in info["cases"]] == [ident(1)]
    assert [one["case_id"] for one in info["unusable"]] == [ident(2)]
    assert info["warnings"] == [info["unusable"][0]["msg"]]
    assert f"Could not apply match to case {ident(2)} (ticket 900002): {why}" in info["warnings"][0]


def test_a_query_that_could_decide_no_case_fails(queue):
    queue.fault("status", status=403, path="/cases/*/activities", times=0)
    queue.clear_requests()
    for read in (
        lambda: run_case_info(parameters(CASE_INFO, queue, match=STARTED), False, lambda secret: None),
        lambda: run_lookup(parameters(LOOKUP, queue, match=STARTED, result="count")),
    ):
        with pytest.raises(ApiError, match=r"Could not apply match to case .* HTTP 403"):
            read()
    assert calls(queue.requests()).count(HISTORY) == 2


def test_the_time_of_a_run_bounds_the_histories(queue):
    queue.fault("latency", path="/cases/*/activities", times=0, ms=1200)
    done = run(queue, rules=[SLOW], time_budget=1, concurrency=1)
    assert done.failed
    assert done.result["msg"].startswith("Could not read all cases: the time_budget of the task is used up.")
    assert done.counted[HISTORY] == 1
    assert PUT not in done.counted


def test_a_platform_that_is_gone_while_histories_are_read_is_named(queue):
    queue.fault("stall", path="/cases/*/activities", times=0)
    done = run(queue, rules=[SLOW], timeout=1, retry_budget=1, concurrency=1)
    message, error = done.result["msg"], done.result["error"]
    assert message.startswith("Could not read all cases: the platform is unavailable, and retry_budget is used up.")
    assert "Nothing was written." in message
    assert "no complete answer in time" in message
    assert message.endswith(error["remedy"])
    assert (error["type"], error["method"]) == ("IncompleteError", "GET")
    assert error["path"].endswith("/activities")
    assert PUT not in done.counted


def test_in_playbooks(queue, play):
    name = "stellarcyber.xdr.stellar_cases"
    run = play(
        [
            {"stellarcyber.xdr.stellar_case_info": {"match": STARTED}},
            {
                "ansible.builtin.debug": {"msg": "{{ query('" + name + "', match=conditions, result='ids') }}"},
                "vars": {"conditions": STARTED},
            },
            {name: {"rules": [SLOW]}, "check_mode": True},
            {name: {"rules": [SLOW]}},
            {name: {"rules": [SLOW]}},
        ]
    )
    assert run.returncode == 0, run.output
    info, lookup, check, real, again = run.tasks
    wanted = [ident(1), ident(2)]
    assert [found["_id"] for found in info.result["cases"]] == lookup.result["msg"] == wanted
    assert [item["case_id"] for item in check.result["case_results"]] == wanted
    assert check.result["case_results"] == real.result["case_results"]
    assert (real.result["changed"], again.result["changed"]) == (True, False)
    for task in (info, lookup, check, again):
        assert sorted(task.calls) == sorted([TOKEN, LIST, *[HISTORY] * 3])
